"""`set-state`: the documented Set-MfaState, with the traps removed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from migrate import __version__
from migrate.commands.call import Call
from migrate.commands.confirm import confirm
from migrate.commands.options import verb
from migrate.commands.wiring import (
    PAUSE_FILE,
    ROLLBACK_CSV,
    ROLLBACK_JSON,
    FolderRollbackFiles,
    dialect_of,
    interruptible,
    monotonic,
    new_id,
    open_journal,
    open_tenant,
    owner_line,
    workspace_of,
)
from migrate.config import OutputFormat, duration
from migrate.errors import ConfigProblem, ExitCode, MfaMigrateError, UsageProblem
from migrate.exchange.spellings import translated as powershell_spellings
from migrate.model.instants import iso_utc
from migrate.model.journal import JournalEntry, Operation
from migrate.model.set_state import RefusedRequest, ResolvedRequest, StateRequest
from migrate.model.users import MfaState, UserProfile
from migrate.store.folder import Workspace
from migrate.views.events import EndingError, ResultEvent, SummaryEvent, line_of
from migrate.views.set_state import refused_result, result_of, set_state_answer

if TYPE_CHECKING:
    from migrate.decide.guards import Leave, Send
    from migrate.graph.tenant import GraphTenant
    from migrate.model.plan import PlanHeader, SetMfaState
    from migrate.model.snapshot import Organization
    from migrate.store.journal import JournalDb

__all__ = ["powershell_spellings", "set_state"]


@verb
def set_state(
    call: Call,
    state: Annotated[str, typer.Option("--state", metavar="STATE", help="Disabled, Enabled or Enforced.")],
    object_id: Annotated[
        list[str] | None, typer.Option("--object-id", metavar="ID", help="Object id; may be repeated.")
    ] = None,
    user_principal_name: Annotated[
        list[str] | None, typer.Option("--user-principal-name", metavar="UPN", help="May be repeated.")
    ] = None,
    input_: Annotated[
        str | None, typer.Option("--input", metavar="FILE|-", help="A list of users; - reads NDJSON or CSV from stdin.")
    ] = None,
    what_if: Annotated[
        bool, typer.Option("--what-if", "--dry-run", help="Do all reads and guards, send nothing.")
    ] = False,
    ask: Annotated[bool, typer.Option("--confirm", help="Ask before anything is sent.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask, also with --input FILE.")] = False,
    accept_uncovered: Annotated[
        str | None,
        typer.Option("--accept-uncovered", metavar="REASON", help="Switch off users who are not proven covered."),
    ] = None,
    allow_unregistered: Annotated[
        bool, typer.Option("--allow-unregistered", help="Enforce users who have no MFA method registered.")
    ] = False,
) -> ExitCode:
    """Set the state of named users, as Set-MfaState did.

    PowerShell's spellings are understood. Reads each user before and after: what counts is the state that is found.
    Disabling asks the same question as apply: is the user provably covered? Enforcing asks whether a method is
    registered. Authentication methods are not touched. `mfa-migrate rollback` undoes it.

    \b
    Examples:
        mfa-migrate set-state --user-principal-name ada@contoso.example --state Enforced
        mfa-migrate set-state -UserPrincipalName ada@contoso.example -State Disabled -WhatIf
        mfa-migrate set-state --input users.csv --state Disabled
    """
    asked = _state(state)
    call = _with_events(call) if call.settings.output is OutputFormat.NDJSON else call
    work = _Work(
        call, workspace_of(call), asked, what_if=what_if, accept_uncovered=accept_uncovered, allow=allow_unregistered
    )
    try:
        requests = _requests(object_id or [], user_principal_name or [], input_)
        must_ask = (ask or (input_ not in (None, "-"))) and not yes and not what_if
        with work.workspace.lock(owner_line("set-state")):
            work.workspace.replaceable([ROLLBACK_CSV, ROLLBACK_JSON])
            call.run(work.carry_out(requests, must_ask=must_ask))
    except MfaMigrateError as problem:
        if call.settings.output is OutputFormat.NDJSON:
            error = EndingError(
                code=type(problem).__name__, what=problem.what, unchanged=problem.unchanged, hint=problem.hint
            )
            work.send_summary(int(problem.exit_code), error)
        raise
    code = ExitCode.FINDINGS if any(result.outcome.is_error for result in work.results) else ExitCode.OK
    if work.interrupted:
        code = ExitCode.INTERRUPTED
    work.answer(code)
    return code


def _state(text: str) -> MfaState:
    try:
        return MfaState.from_text(text)
    except MfaMigrateError as problem:
        raise UsageProblem(problem.what, hint="Use --state Disabled, Enabled or Enforced.") from None


def _with_events(call: Call) -> Call:
    from migrate.views.event_screen import EventScreen
    from migrate.views.screen import Screen

    shown = {name: getattr(call.screen, name) for name in Screen.__dataclass_fields__ if not name.startswith("_")}
    return replace(call, screen=EventScreen(**shown))


def _requests(object_ids: Sequence[str], names: Sequence[str], source: str | None) -> list[StateRequest]:
    """Return the requests; one id and one name belong to the same user, and must agree."""
    if source is not None:
        if object_ids or names:
            raise UsageProblem("--input cannot go together with --object-id or --user-principal-name.")
        from migrate.exchange.state_requests import requests_from

        found = list(requests_from(source))
    elif len(object_ids) == 1 and len(names) == 1:
        found = [_request(0, object_ids[0], names[0])]
    else:
        found = [_request(index, object_id, "") for index, object_id in enumerate(object_ids)]
        found += [_request(len(found) + index, "", name) for index, name in enumerate(names)]
    if not found:
        raise UsageProblem(
            "No user is named.", hint="Give --object-id, --user-principal-name or --input FILE; see --help."
        )
    return found


def _request(index: int, object_id: str, name: str) -> StateRequest:
    return StateRequest(
        index=index,
        object_id=object_id.strip().lower(),
        user_principal_name=name.strip(),
        recorded_state=None,
        plan_digest="",
    )


class _Work:
    """One call of set-state."""

    def __init__(
        self,
        call: Call,
        workspace: Workspace,
        asked: MfaState,
        *,
        what_if: bool,
        accept_uncovered: str | None,
        allow: bool,
    ) -> None:
        self.call, self.workspace, self._asked = call, workspace, asked
        self._what_if, self._accept, self._allow = what_if, accept_uncovered, allow
        self.results: list[ResultEvent] = []
        self.interrupted = False
        self._head: tuple[int, str] | None = None

    async def carry_out(self, requests: Sequence[StateRequest], *, must_ask: bool) -> None:
        """Resolve, guard, ask, run, and keep the results in the order of the requests."""
        from migrate.decide.set_state import is_restore
        from migrate.engine.state_requests import resolve

        async with open_tenant(self.call) as tenant:
            actor = await tenant.read_actor()
            organization = await tenant.read_organization()
            with closing(open_journal(self.workspace, actor=actor.name, tenant_id=organization.tenant_id)) as journal:
                recorded, digests = self._former_states(journal)
                answers = await resolve(tenant, requests)
                restores = {
                    answer.profile.id
                    for answer in answers
                    if isinstance(answer, ResolvedRequest) and is_restore(answer, self._asked, recorded, digests)
                }
                answers = await self._guarded(tenant, answers, restores)
                resolved = {a.profile.id: a for a in answers if isinstance(a, ResolvedRequest)}
                plan, steps = await self._plan(tenant, organization, list(resolved.values()), restores)
                if must_ask:
                    self._confirm(plan, len(steps))
                notes = await self._notes(tenant, list(resolved.values()))
                run = self._rehearse if self._what_if else self._run
                entries = await run(tenant, journal, plan, steps) if steps else {}
                self._head = None if self._what_if else journal.head
                self._keep(answers, entries, notes)

    def _former_states(self, journal: JournalDb) -> tuple[dict[str, MfaState], set[str]]:
        """Return former states by user id from the journal, and the plan digests of this tenant's rollback file."""
        from migrate.engine.rollback_record import forward_plans
        from migrate.exchange.documents import rollback_header

        digests = {digest for digest, _ in forward_plans(journal)}
        recorded = {touched.user_id: touched.before for touched in journal.touched(sorted(digests))}
        path = self.workspace.path / ROLLBACK_JSON
        if path.is_file():
            digests |= set(rollback_header(path).plan_digests)
        return recorded, digests

    async def _guarded(
        self, tenant: GraphTenant, answers: list[ResolvedRequest | RefusedRequest], restores: set[str]
    ) -> list[ResolvedRequest | RefusedRequest]:
        """Refuse to enforce users who never registered; a restore is never refused."""
        from migrate.decide.set_state import refusal_for

        if self._asked is not MfaState.ENFORCED or self._allow:
            return answers
        new = [a for a in answers if isinstance(a, ResolvedRequest) and a.profile.id not in restores]
        registrations = await tenant.read_registrations(list({a.profile.id for a in new}))
        refusals = {a.profile.id: refusal_for(a, self._asked, registrations[a.profile.id]) for a in new}
        return [(refusals.get(a.profile.id) or a) if isinstance(a, ResolvedRequest) else a for a in answers]

    async def _plan(
        self, tenant: GraphTenant, organization: Organization, resolved: list[ResolvedRequest], restores: set[str]
    ) -> tuple[PlanHeader, tuple[SetMfaState, ...]]:
        from migrate.decide.set_state import plan_for

        config = self.call.settings.config
        return plan_for(
            resolved,
            self._asked,
            organization,
            restores=restores,
            accept_uncovered=self._accept or "",
            emergency_access=await self._emergency_access(tenant),
            cloud=self.call.settings.cloud.value,
            endpoint=self.call.settings.endpoint,
            created_at=iso_utc(tenant.server_now()),
            tool_version=__version__,
            readback_timeout_seconds=int(
                duration(config.limits.readback_timeout, "limits.readback_timeout").total_seconds()
            ),
            apps_that_matter=tuple(sorted(config.coverage.apps)) or None,
        )

    async def _emergency_access(self, tenant: GraphTenant) -> tuple[str, ...]:
        access = self.call.settings.config.emergency_access
        if access is None or not access.accounts or self._asked is not MfaState.DISABLED:
            return ()
        profiles = await tenant.read_profiles(list(access.accounts))
        for name, profile in profiles.items():
            if isinstance(profile, str):
                raise ConfigProblem(f"emergency_access.accounts: {name}: {profile}", hint="Check the spelling.")
        return tuple(profile.id for profile in profiles.values() if isinstance(profile, UserProfile))

    def _confirm(self, plan: PlanHeader, users: int) -> None:
        lines = [
            f"Tenant:   {plan.tenant_name} ({plan.tenant_domain}, {plan.tenant_id})",
            f"Users:    {users} are set to {self._asked}; those who are so already are left alone",
            "Way back: mfa-migrate rollback",
        ]
        confirm(self.call, lines, plan.tenant_domain, alternative="--yes")

    async def _notes(self, tenant: GraphTenant, resolved: list[ResolvedRequest]) -> dict[str, str]:
        """Return the documented warning for users who are enabled or enforced beside Conditional Access."""
        from migrate.decide.coverage.judge import Judge
        from migrate.decide.set_state import covered_note

        if self._asked is MfaState.DISABLED or not resolved:
            return {}
        apps = frozenset(self.call.settings.config.coverage.apps) or None
        judge = Judge(await tenant.read_evidence(), apps_that_matter=apps)
        notes = {each.profile.id: covered_note(judge.coverage_of(each.profile)) for each in resolved}
        for note, users in Counter(filter(None, notes.values())).items():
            self.call.screen.warn(f"{users} {'user' if users == 1 else 'users'}: {note}")
        return notes

    async def _run(
        self, tenant: GraphTenant, journal: JournalDb, plan: PlanHeader, steps: tuple[SetMfaState, ...]
    ) -> dict[str, JournalEntry]:
        from migrate.engine.applier import Applier, ApplyOptions
        from migrate.model.run import Ending

        journal.for_run(plan.digest)
        with interruptible(self.call) as stop:
            result = await Applier(
                plan=plan,
                steps=lambda: iter(steps),
                tenant=tenant,
                journal=journal,
                rollback_files=FolderRollbackFiles(self.workspace, dialect_of(self.call.settings)),
                progress=self.call.screen,
                options=ApplyOptions(
                    max_failures="100%", tool_version=__version__, cloud=plan.cloud, endpoint=plan.endpoint
                ),
                stop=stop,
                paused=(self.workspace.path / PAUSE_FILE).exists,
                sleep=asyncio.sleep,
                monotonic=monotonic,
                new_id=new_id,
            ).run()
        self.interrupted = result.ending is Ending.INTERRUPTED
        entries = journal.entries(plan_digest=plan.digest, operation=Operation.SET_MFA_STATE)
        return {entry.object_id: entry for entry in entries}

    async def _rehearse(
        self, tenant: GraphTenant, journal: JournalDb, plan: PlanHeader, steps: tuple[SetMfaState, ...]
    ) -> dict[str, Send | Leave]:
        """Do all reads and guards; the journal is not written."""
        from migrate.engine.proof import Proof
        from migrate.engine.user_steps import UserSteps

        users = UserSteps(
            tenant=tenant,
            journal=journal,
            proof=Proof(tenant, plan, monotonic=monotonic),
            progress=self.call.screen,
            sleep=asyncio.sleep,
            new_id=new_id,
            readback_timeout=0,
            emergency_access=frozenset(plan.emergency_access),
        )
        return {step.user_id: decision for step, decision in await users.rehearse(steps)}

    def _keep(
        self,
        answers: Sequence[ResolvedRequest | RefusedRequest],
        entries: Mapping[str, JournalEntry | Send | Leave],
        notes: Mapping[str, str],
    ) -> None:
        for answer in answers:
            if isinstance(answer, RefusedRequest):
                self.results.append(refused_result(answer, self._asked))
            else:
                entry, note = entries.get(answer.profile.id), notes.get(answer.profile.id, "")
                self.results.append(result_of(answer, self._asked, entry, note))

    def answer(self, code: ExitCode) -> None:
        """Write the results: as events, or in the format that was asked for."""
        if self.call.settings.output is OutputFormat.NDJSON:
            self.call.screen.write_bytes(line_of(result) for result in self.results)
            self.send_summary(int(code), None)
        else:
            self.call.answer(set_state_answer(self.results, self._asked, self.call.settings.endpoint))

    def send_summary(self, code: int, error: EndingError | None) -> None:
        """Write the last event of the machine face."""
        counts = Counter(result.outcome.value for result in self.results)
        summary = SummaryEvent(
            kind="setState",
            exit_code=code,
            counts=dict(counts),
            journal_entries=self._head[0] if self._head else None,
            journal_hash=self._head[1] if self._head else None,
            error=error,
        )
        self.call.screen.write_bytes([line_of(summary)])
