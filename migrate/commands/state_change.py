"""Set users to one state, for `set-state`: the guards of a new request, then a plan through the same applier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrate import __version__
from migrate.commands.call import Call, dialect_of
from migrate.commands.wiring import interruptible, monotonic, new_id, sleep
from migrate.config import duration
from migrate.errors import BadInput, ConfigProblem
from migrate.model.instants import iso_utc
from migrate.model.journal import JournalEntry, Operation
from migrate.model.reasons import Reason
from migrate.model.set_state import RefusedRequest, ResolvedRequest
from migrate.model.users import MfaState, Registration, UserProfile
from migrate.model.words import counted
from migrate.store.files import sha256_of_file
from migrate.store.folder import PAUSE_FILE, Workspace
from migrate.store.rollback_files import FolderRollbackFiles, rollback_files_of
from migrate.views.events import ResultEvent
from migrate.views.set_state import refused_result, result_of

if TYPE_CHECKING:
    from migrate.decide.guards import Leave, Send
    from migrate.decide.set_state import FormerStates
    from migrate.engine.run_parts import RunParts
    from migrate.engine.wait_log import WaitLog
    from migrate.graph.tenant import GraphTenant
    from migrate.model.plan import PlanHeader, SetMfaState
    from migrate.model.snapshot import Organization
    from migrate.store.journal import JournalDb


@dataclass(frozen=True, kw_only=True)
class How:
    """What the operator said about all users of a call."""

    what_if: bool
    accept_uncovered: str
    """The reason for switching off users without proof, or empty."""
    allow_unregistered: bool


class StateChange:
    """Sets users to one state: guards, plan, run or rehearsal, results."""

    def __init__(
        self,
        call: Call,
        asked: MfaState,
        how: How,
        *,
        workspace: Workspace,
        tenant: GraphTenant,
        organization: Organization,
        journal: JournalDb,
        waits: WaitLog,
    ) -> None:
        self.call, self._asked, self._how = call, asked, how
        self.workspace, self._tenant, self._organization, self._journal = workspace, tenant, organization, journal
        self._waits = waits
        self.interrupted = False
        self.run_digest = ""
        """The run that `rollback --run` undoes; empty where nobody was changed."""

    async def carry_out(self, answers: Sequence[ResolvedRequest | RefusedRequest]) -> list[ResultEvent]:
        """Guard and run; return a result for each request, in no particular order."""
        from migrate.decide.set_state import is_restore

        former = self._former_states()
        restores = {
            answer.profile.id
            for answer in answers
            if isinstance(answer, ResolvedRequest) and is_restore(answer, self._asked, former)
        }
        answers = await self._guarded(answers, restores)
        resolved = {a.profile.id: a for a in answers if isinstance(a, ResolvedRequest)}
        plan, steps = await self._plan(list(resolved.values()), restores)
        notes = await self._notes([each for each in resolved.values() if each.before is not self._asked])
        run = self._rehearse if self._how.what_if else self._run
        entries = await run(plan, steps) if steps else {}
        results = [
            refused_result(answer, self._asked)
            if isinstance(answer, RefusedRequest)
            else result_of(answer, self._asked, entries.get(answer.profile.id), notes.get(answer.profile.id, ""))
            for answer in answers
        ]
        if any(result.outcome.may_have_changed for result in results):
            self.run_digest = plan.digest
        return results

    def _former_states(self) -> FormerStates:
        """Return what the journal and the rollback file recorded; a file that was edited counts for nothing."""
        from migrate.decide.set_state import FormerStates
        from migrate.engine.history import forward_plans
        from migrate.exchange.documents import rollback_header, rollback_rows

        digests = [digest for digest, _ in forward_plans(self._journal)]
        recorded = {touched.user_id: touched.before for touched in self._journal.touched(digests)}
        rows: dict[str, tuple[MfaState, str]] = {}
        for csv, beside in rollback_files_of(self.workspace):
            try:
                header = rollback_header(beside)
            except BadInput as problem:
                self.call.screen.warn(f"{problem.what} What it records is not known, so its users have no exemption.")
                continue
            if header.tenant_id == self._organization.tenant_id and header.fits(sha256_of_file(csv)):
                for row in rollback_rows(csv):
                    rows.setdefault(row.user_id, (row.previous_state, row.plan_digest))
        return FormerStates(journal=recorded, file=rows)

    async def _guarded(
        self, answers: Sequence[ResolvedRequest | RefusedRequest], restores: set[str]
    ) -> list[ResolvedRequest | RefusedRequest]:
        """Refuse to enforce users who never registered; a restore is never refused."""
        from migrate.decide.set_state import refusal_for

        if self._asked is not MfaState.ENFORCED or self._how.allow_unregistered:
            return list(answers)
        new = [a for a in answers if isinstance(a, ResolvedRequest) and a.profile.id not in restores]
        registrations: dict[str, Registration | None] = {}
        # Without P1 there is no report, and so nobody of whom it is known that a method is registered.
        if any(sku.allows_conditional_access for sku in await self._tenant.read_skus()):
            registrations = await self._tenant.read_registrations(list({a.profile.id for a in new}))
        refusals = {a.profile.id: refusal_for(a, self._asked, registrations.get(a.profile.id)) for a in new}
        return [(refusals.get(a.profile.id) or a) if isinstance(a, ResolvedRequest) else a for a in answers]

    async def _plan(
        self, resolved: list[ResolvedRequest], restores: set[str]
    ) -> tuple[PlanHeader, tuple[SetMfaState, ...]]:
        from migrate.decide.set_state import plan_for

        config = self.call.settings.config
        return plan_for(
            resolved,
            self._asked,
            self._organization,
            restores=restores,
            accept_uncovered=self._how.accept_uncovered,
            emergency_access=await self._emergency_access(),
            cloud=self.call.settings.cloud.value,
            endpoint=self.call.settings.endpoint,
            created_at=iso_utc(self._tenant.server_now()),
            tool_version=__version__,
            readback_timeout_seconds=int(
                duration(config.limits.readback_timeout, "limits.readback_timeout").total_seconds()
            ),
            apps_that_matter=tuple(sorted(config.coverage.apps)) or None,
            made_from=self._journal.head[1],
        )

    async def _emergency_access(self) -> tuple[str, ...]:
        access = self.call.settings.config.emergency_access
        if access is None or not access.accounts or self._asked is not MfaState.DISABLED:
            return ()
        profiles = await self._tenant.read_profiles(list(access.accounts))
        for name, profile in profiles.items():
            if isinstance(profile, Reason):
                raise ConfigProblem(f"emergency_access.accounts: {name}: {profile}", hint="Check the spelling.")
        return tuple(profile.id for profile in profiles.values() if isinstance(profile, UserProfile))

    async def _notes(self, resolved: list[ResolvedRequest]) -> dict[str, str]:
        """Return the documented warning for users who are enabled or enforced beside Conditional Access."""
        from migrate.decide.coverage.judge import Judge
        from migrate.decide.set_state import covered_note

        if self._asked is MfaState.DISABLED or not resolved:
            return {}
        apps = frozenset(self.call.settings.config.coverage.apps) or None
        judge = Judge(await self._tenant.read_evidence(), apps_that_matter=apps)
        notes = {each.profile.id: covered_note(judge.coverage_of(each.profile)) for each in resolved}
        for note, users in Counter(filter(None, notes.values())).items():
            self.call.screen.warn(f"{counted(users, 'user')}: {note}")
        return notes

    async def _run(self, plan: PlanHeader, steps: tuple[SetMfaState, ...]) -> dict[str, JournalEntry]:
        from migrate.engine.applier import Applier
        from migrate.model.run import Ending

        self._journal.for_run(plan.digest)
        self._waits.keep_in(self._journal, server_date=lambda: iso_utc(self._tenant.server_now()))
        with interruptible(self.call) as stop:
            result = await Applier(self._parts(plan, steps, stop)).run()
        self.interrupted = result.ending is Ending.INTERRUPTED
        entries = self._journal.entries(plan_digest=plan.digest, operation=Operation.SET_MFA_STATE)
        return {entry.object_id: entry for entry in entries}

    async def _rehearse(self, plan: PlanHeader, steps: tuple[SetMfaState, ...]) -> dict[str, Send | Leave]:
        """Do all reads and guards; the journal is not written."""
        from migrate.engine.proof import Proof
        from migrate.engine.user_steps import UserSteps

        parts = self._parts(plan, steps, lambda: False)
        users = UserSteps(parts, Proof(parts))
        return {step.user_id: decision for step, decision in await users.rehearse(steps)}

    def _parts(self, plan: PlanHeader, steps: tuple[SetMfaState, ...], stop: Callable[[], bool]) -> RunParts:
        from migrate.engine.run_parts import ApplyOptions, RunParts

        return RunParts(
            plan=plan,
            steps=lambda: iter(steps),
            tenant=self._tenant,
            journal=self._journal,
            rollback_files=FolderRollbackFiles(self.workspace, dialect_of(self.call.settings)),
            progress=self._waits,
            options=ApplyOptions(
                max_failures="100%", tool_version=__version__, cloud=plan.cloud, endpoint=plan.endpoint
            ),
            stop=stop,
            paused=(self.workspace.path / PAUSE_FILE).exists,
            sleep=sleep,
            monotonic=monotonic,
            new_id=new_id,
        )
