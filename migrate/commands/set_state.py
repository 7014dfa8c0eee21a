"""`set-state`: the documented Set-MfaState, with the traps removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from migrate.commands.call import Call, screen_for
from migrate.commands.confirm import confirm
from migrate.commands.inputs import InputEncoding, SheetName, StateColumn, TrustDisabled, asked_of
from migrate.commands.options import verb
from migrate.commands.state_change import How, StateChange
from migrate.commands.wiring import command_for, open_journal, open_tenant, owner_line, workspace_of
from migrate.config import OutputFormat
from migrate.errors import ExitCode, MfaMigrateError, UsageProblem
from migrate.model.set_state import RefusalCode, RefusedRequest, ResolvedRequest, StateRequest
from migrate.model.users import MfaState
from migrate.store.folder import Workspace
from migrate.store.rollback_files import ROLLBACK_CSV, ROLLBACK_JSON
from migrate.views.events import EndingError, ResultEvent, SummaryEvent, line_of
from migrate.views.set_state import set_state_answer, stateless_result, unsent_results

if TYPE_CHECKING:
    from migrate.exchange.reading import Asked
    from migrate.model.snapshot import Organization


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
    registered. Authentication methods are not touched. `mfa-migrate rollback --run` undoes it;
    the digest is shown at the end.

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
    if input_ is None and (state_column or input_encoding or sheet or trust_disabled):
        raise UsageProblem("--state-column, --input-encoding, --sheet and --trust-disabled are about --input.")
    if ask and yes:
        raise UsageProblem("--confirm and --yes contradict each other.", hint="Use one of them.")
    if accept_uncovered is not None and not accept_uncovered.strip():
        raise UsageProblem("--accept-uncovered needs a reason.", hint="It stands in the audit; say why in a few words.")
    if asked is not None and asked is not MfaState.DISABLED and accept_uncovered:
        call.screen.warn("--accept-uncovered concerns users who are switched off; it changes nothing here")
    if asked is not None and asked is not MfaState.ENFORCED and allow_unregistered:
        call.screen.warn("--allow-unregistered concerns users who are enforced; it changes nothing here")
    call = _with_events(call) if call.settings.output is OutputFormat.NDJSON else call
    how = How(what_if=what_if, accept_uncovered=accept_uncovered or "", allow_unregistered=allow_unregistered)
    work = _Work(call, workspace_of(call), asked, how)
    try:
        said = asked_of(input_encoding, state_column, sheet, trust_disabled)
        requests = _requests(call, object_id or [], user_principal_name or [], input_, said, states=asked is None)
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

    return replace(call, screen=screen_for(call.settings, EventScreen))


def _requests(
    call: Call, object_ids: Sequence[str], names: Sequence[str], source: str | None, said: Asked, *, states: bool
) -> list[StateRequest]:
    from migrate.exchange.state_requests import requests_from, requests_named

    if source is None:
        requests = requests_named(object_ids, names)
    elif object_ids or names:
        raise UsageProblem(
            "--input cannot go together with --object-id or --user-principal-name.",
            hint="Add the users to the list, or run set-state twice.",
        )
    else:
        requests, notes = requests_from(source, said, states=states)
        for note in notes:
            call.screen.warn(note)
    if not requests:
        raise UsageProblem(
            "No user is named.", hint="Give --object-id, --user-principal-name or --input FILE; see --help."
        )
    return requests


def _told_what_is_unseen(answer: ResolvedRequest | RefusedRequest) -> ResolvedRequest | RefusedRequest:
    """Add to a refusal what cannot be seen in a name that was not found."""
    from migrate.exchange.invisible import invisible_in

    if not isinstance(answer, RefusedRequest) or answer.code is not RefusalCode.NOT_FOUND:
        return answer
    said = invisible_in(answer.request.user_principal_name)
    return msgspec.structs.replace(answer, message=f"{answer.message}. {said}") if said else answer


class _Work:
    """One call of set-state."""

    def __init__(self, call: Call, workspace: Workspace, asked: MfaState | None, how: How) -> None:
        self.call, self.workspace, self._asked, self._how = call, workspace, asked, how
        self.results: list[ResultEvent] = []
        self.interrupted = False
        self.head: tuple[int, str] | None = None
        self.runs: list[str] = []

    async def carry_out(self, requests: Sequence[StateRequest], *, must_ask: bool) -> None:
        """Ask, resolve, then guard and run for each state; the results come in the order of the requests."""
        from migrate.decide.set_state import without_contradictions
        from migrate.engine.state_requests import resolve
        from migrate.engine.wait_log import WaitLog

        waits = WaitLog(self.call.screen)
        async with open_tenant(self.call, on_wait=waits.waiting) as tenant:
            actor = await tenant.read_actor()
            organization = await tenant.read_organization()
            if must_ask:
                self._confirm(organization, requests)
            with closing(open_journal(self.workspace, actor=actor.name, tenant_id=organization.tenant_id)) as journal:
                answers = await resolve(tenant, [r for r in requests if self._asked or r.listed_state])
                answers = without_contradictions([_told_what_is_unseen(answer) for answer in answers], self._asked)
                for asked in MfaState:
                    chosen = [answer for answer in answers if (self._asked or answer.request.listed_state) is asked]
                    if self.interrupted:
                        self.results += unsent_results(chosen, asked)
                    elif chosen:
                        change = StateChange(
                            self.call,
                            asked,
                            self._how,
                            workspace=self.workspace,
                            tenant=tenant,
                            organization=organization,
                            journal=journal,
                            waits=waits,
                        )
                        self.results += await change.carry_out(chosen)
                        self.interrupted = change.interrupted
                        self.runs += filter(None, [change.run_digest])
                self.head = None if self._how.what_if else journal.head
        if self._asked is None:
            self.results += [stateless_result(r) for r in requests if r.listed_state is None]
        self.results.sort(key=lambda result: result.index or 0)

    def _confirm(self, organization: Organization, requests: Sequence[StateRequest]) -> None:
        states = Counter(self._asked or request.listed_state or "no state, left alone" for request in requests)
        lines = [
            f"Tenant:   {organization.display_name} ({organization.default_domain}, {organization.tenant_id})",
            *(f"Users:    {users} to {state}" for state, users in sorted(states.items())),
            "Those who are so already are left alone. The way back is shown at the end.",
        ]
        confirm(self.call, lines, organization.default_domain, alternative="--yes")

    def answer(self, code: ExitCode) -> None:
        """Write the results: as events, or in the format that was asked for."""
        settings = self.call.settings
        # Not a bare `rollback`: that would also put back what was migrated before.
        rollback = command_for(settings, "rollback", Path.cwd())
        ways_back = [f"Way back: {rollback} --run {digest[:12]}" for digest in self.runs]
        if settings.output is OutputFormat.NDJSON:
            self.call.screen.write_bytes(line_of(result) for result in self.results)
            for way_back in ways_back:
                self.call.screen.say(way_back)
            self.send_summary(int(code), None)
        else:
            self.call.answer(
                set_state_answer(self.results, self._asked, settings.endpoint, runs=self.runs, ways_back=ways_back)
            )

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
