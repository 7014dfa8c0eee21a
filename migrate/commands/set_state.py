"""`set-state`: the documented Set-MfaState, with the traps removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from migrate import __version__
from migrate.commands.call import Call
from migrate.commands.confirm import confirm
from migrate.commands.inputs import InputEncoding, SheetName, StateColumn, TrustDisabled, asked_of
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
    sleep,
    workspace_of,
)
from migrate.config import OutputFormat, duration
from migrate.errors import ConfigProblem, ExitCode, MfaMigrateError, UsageProblem
from migrate.exchange.spellings import translated as powershell_spellings
from migrate.model.instants import iso_utc
from migrate.model.journal import JournalEntry, Operation
from migrate.model.set_state import RefusedRequest, ResolvedRequest, StateRequest
from migrate.model.users import MfaState, Registration, UserProfile
from migrate.store.files import sha256_of_file
from migrate.store.folder import Workspace
from migrate.views.events import EndingError, ResultEvent, SummaryEvent, line_of
from migrate.views.set_state import refused_result, result_of, set_state_answer, stateless_result

if TYPE_CHECKING:
    from migrate.decide.guards import Leave, Send
    from migrate.decide.set_state import FormerStates
    from migrate.exchange.reading import Asked
    from migrate.graph.tenant import GraphTenant
    from migrate.model.plan import PlanHeader, SetMfaState
    from migrate.model.snapshot import Organization
    from migrate.store.journal import JournalDb

__all__ = ["powershell_spellings", "set_state"]

FROM_FILE = "FromFile"
"""What --state says when each row of the list brings its own."""


@verb
def set_state(
    call: Call,
    state: Annotated[
        str,
        typer.Option("--state", metavar="STATE", help="Disabled, Enabled, Enforced, or FromFile with --input."),
    ],
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
    state_column: StateColumn = None,
    input_encoding: InputEncoding = None,
    sheet: SheetName = None,
    trust_disabled: TrustDisabled = False,
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
        mfa-migrate set-state --input old-export.clixml --state FromFile --what-if
    """
    asked = None if state.casefold() == FROM_FILE.casefold() else _state(state)
    if asked is None and input_ is None:
        raise UsageProblem("--state FromFile goes with --input.", hint="Add --input FILE, or name a state.")
    call = _with_events(call) if call.settings.output is OutputFormat.NDJSON else call
    work = _Work(
        call, workspace_of(call), asked, what_if=what_if, accept_uncovered=accept_uncovered, allow=allow_unregistered
    )
    try:
        how = asked_of(input_encoding, state_column, sheet, trust_disabled)
        requests = _requests(object_id or [], user_principal_name or [], input_, how, states=asked is None)
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
        raise UsageProblem(problem.what, hint="Use Disabled, Enabled or Enforced, or FromFile with --input.") from None


def _with_events(call: Call) -> Call:
    from migrate.views.event_screen import EventScreen
    from migrate.views.screen import Screen

    shown = {name: getattr(call.screen, name) for name in Screen.__dataclass_fields__ if not name.startswith("_")}
    return replace(call, screen=EventScreen(**shown))


def _requests(
    object_ids: Sequence[str], names: Sequence[str], source: str | None, how: Asked, *, states: bool
) -> list[StateRequest]:
    """Return the requests; one id and one name belong to the same user, and must agree."""
    if source is not None:
        if object_ids or names:
            raise UsageProblem("--input cannot go together with --object-id or --user-principal-name.")
        from migrate.exchange.state_requests import requests_from

        found = list(requests_from(source, how, states=states))
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
        asked: MfaState | None,
        *,
        what_if: bool,
        accept_uncovered: str | None,
        allow: bool,
    ) -> None:
        self.call, self.workspace, self._asked = call, workspace, asked
        self.what_if, self.accept_uncovered, self.allow_unregistered = what_if, accept_uncovered, allow
        self.results: list[ResultEvent] = []
        self.interrupted = False
        self.head: tuple[int, str] | None = None

    async def carry_out(self, requests: Sequence[StateRequest], *, must_ask: bool) -> None:
        """Ask, then resolve, guard and run for each state; the results come in the order of the requests."""
        async with open_tenant(self.call) as tenant:
            actor = await tenant.read_actor()
            organization = await tenant.read_organization()
            if must_ask:
                self._confirm(organization, requests)
            with closing(open_journal(self.workspace, actor=actor.name, tenant_id=organization.tenant_id)) as journal:
                for asked in MfaState:
                    chosen = [request for request in requests if (self._asked or request.listed_state) is asked]
                    if chosen and not self.interrupted:
                        await _OneState(self, asked, tenant, organization, journal).carry_out(chosen)
                self.head = None if self.what_if else journal.head
        if self._asked is None:
            self.results += [stateless_result(r) for r in requests if r.listed_state is None]
        self.results.sort(key=lambda result: result.index or 0)

    def _confirm(self, organization: Organization, requests: Sequence[StateRequest]) -> None:
        states = Counter(self._asked or request.listed_state or "no state, left alone" for request in requests)
        lines = [
            f"Tenant:   {organization.display_name} ({organization.default_domain}, {organization.tenant_id})",
            *(f"Users:    {users} to {state}" for state, users in sorted(states.items())),
            "Those who are so already are left alone. Way back: mfa-migrate rollback",
        ]
        confirm(self.call, lines, organization.default_domain, alternative="--yes")

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
            journal_entries=self.head[0] if self.head else None,
            journal_hash=self.head[1] if self.head else None,
            error=error,
        )
        self.call.screen.write_bytes([line_of(summary)])


class _OneState:
    """The part of a call that asks for one state."""

    def __init__(
        self, work: _Work, asked: MfaState, tenant: GraphTenant, organization: Organization, journal: JournalDb
    ) -> None:
        self._work, self._asked, self._tenant, self._journal = work, asked, tenant, journal
        self._organization, self.call, self.workspace = organization, work.call, work.workspace

    async def carry_out(self, requests: Sequence[StateRequest]) -> None:
        """Resolve, guard and run; the results go to the call."""
        from migrate.decide.set_state import is_restore
        from migrate.engine.state_requests import resolve

        former = self._former_states()
        answers = await resolve(self._tenant, requests)
        restores = {
            answer.profile.id
            for answer in answers
            if isinstance(answer, ResolvedRequest) and is_restore(answer, self._asked, former)
        }
        answers = await self._guarded(answers, restores)
        resolved = {a.profile.id: a for a in answers if isinstance(a, ResolvedRequest)}
        plan, steps = await self._plan(list(resolved.values()), restores)
        notes = await self._notes(list(resolved.values()))
        run = self._rehearse if self._work.what_if else self._run
        entries = await run(plan, steps) if steps else {}
        for answer in answers:
            if isinstance(answer, RefusedRequest):
                self._work.results.append(refused_result(answer, self._asked))
            else:
                entry, note = entries.get(answer.profile.id), notes.get(answer.profile.id, "")
                self._work.results.append(result_of(answer, self._asked, entry, note))

    def _former_states(self) -> FormerStates:
        """Return what the journal and the rollback file recorded; a file that was edited counts for nothing."""
        from migrate.decide.set_state import FormerStates
        from migrate.engine.rollback_record import forward_plans
        from migrate.exchange.documents import rollback_header, rollback_rows

        digests = [digest for digest, _ in forward_plans(self._journal)]
        recorded = {touched.user_id: touched.before for touched in self._journal.touched(digests)}
        csv, beside = self.workspace.path / ROLLBACK_CSV, self.workspace.path / ROLLBACK_JSON
        rows: dict[str, tuple[MfaState, str]] = {}
        if csv.is_file() and beside.is_file():
            header = rollback_header(beside)
            if header.tenant_id == self._organization.tenant_id and header.fits(sha256_of_file(csv)):
                rows = {row.user_id: (row.previous_state, row.plan_digest) for row in rollback_rows(csv)}
        return FormerStates(journal=recorded, file=rows)

    async def _guarded(
        self, answers: list[ResolvedRequest | RefusedRequest], restores: set[str]
    ) -> list[ResolvedRequest | RefusedRequest]:
        """Refuse to enforce users who never registered; a restore is never refused."""
        from migrate.decide.set_state import refusal_for

        if self._asked is not MfaState.ENFORCED or self._work.allow_unregistered:
            return answers
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
            accept_uncovered=self._work.accept_uncovered or "",
            emergency_access=await self._emergency_access(),
            cloud=self.call.settings.cloud.value,
            endpoint=self.call.settings.endpoint,
            created_at=iso_utc(self._tenant.server_now()),
            tool_version=__version__,
            readback_timeout_seconds=int(
                duration(config.limits.readback_timeout, "limits.readback_timeout").total_seconds()
            ),
            apps_that_matter=tuple(sorted(config.coverage.apps)) or None,
        )

    async def _emergency_access(self) -> tuple[str, ...]:
        access = self.call.settings.config.emergency_access
        if access is None or not access.accounts or self._asked is not MfaState.DISABLED:
            return ()
        profiles = await self._tenant.read_profiles(list(access.accounts))
        for name, profile in profiles.items():
            if isinstance(profile, str):
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
            self.call.screen.warn(f"{users} {'user' if users == 1 else 'users'}: {note}")
        return notes

    async def _run(self, plan: PlanHeader, steps: tuple[SetMfaState, ...]) -> dict[str, JournalEntry]:
        from migrate.engine.applier import Applier, ApplyOptions
        from migrate.model.run import Ending

        self._journal.for_run(plan.digest)
        with interruptible(self.call) as stop:
            result = await Applier(
                plan=plan,
                steps=lambda: iter(steps),
                tenant=self._tenant,
                journal=self._journal,
                rollback_files=FolderRollbackFiles(self.workspace, dialect_of(self.call.settings)),
                progress=self.call.screen,
                options=ApplyOptions(
                    max_failures="100%", tool_version=__version__, cloud=plan.cloud, endpoint=plan.endpoint
                ),
                stop=stop,
                paused=(self.workspace.path / PAUSE_FILE).exists,
                sleep=sleep,
                monotonic=monotonic,
                new_id=new_id,
            ).run()
        self._work.interrupted = result.ending is Ending.INTERRUPTED
        entries = self._journal.entries(plan_digest=plan.digest, operation=Operation.SET_MFA_STATE)
        return {entry.object_id: entry for entry in entries}

    async def _rehearse(self, plan: PlanHeader, steps: tuple[SetMfaState, ...]) -> dict[str, Send | Leave]:
        """Do all reads and guards; the journal is not written."""
        from migrate.engine.proof import Proof
        from migrate.engine.user_steps import UserSteps

        users = UserSteps(
            tenant=self._tenant,
            journal=self._journal,
            proof=Proof(self._tenant, plan, monotonic=monotonic),
            progress=self.call.screen,
            sleep=sleep,
            new_id=new_id,
            readback_timeout=0,
            emergency_access=frozenset(plan.emergency_access),
        )
        return {step.user_id: decision for step, decision in await users.rehearse(steps)}
