"""`set-state`: the documented Set-MfaState, with the traps removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from migrate import __version__
from migrate.commands.call import Call, screen_for
from migrate.commands.completing import offers
from migrate.commands.confirm import confirm
from migrate.commands.exact_people import people_meant, refuse_other_people, who_is_meant
from migrate.commands.inputs import InputEncoding, SheetName, StateColumn, TrustDisabled, VisibleOnly, asked_of
from migrate.commands.options import verb
from migrate.commands.wiring import open_journal, rollback_command, workspace_of
from migrate.config import OutputFormat, limits_of
from migrate.errors import ExitCode, MfaMigrateError, UsageProblem
from migrate.model.journal import JournalEntry
from migrate.model.permissions import Writes
from migrate.model.run import Ending
from migrate.model.set_state import Consent, RefusalCode, RefusedRequest, ResolvedRequest, StateRequest
from migrate.model.users import MfaState
from migrate.model.words import counted
from migrate.settings import Settings
from migrate.store.books import ROLLBACK_CSV, ROLLBACK_JSON
from migrate.store.rollback_files import recorded_states
from migrate.views.events import ResultEvent, line_of
from migrate.views.set_state import (
    Decision,
    results_of,
    set_state_answer,
    set_state_question,
    set_state_summary,
    stateless_result,
    unread_result,
)

if TYPE_CHECKING:
    from migrate.commands.run import AtWork
    from migrate.decide.naming import Person
    from migrate.engine.state_change import Ground
    from migrate.exchange.reading import Asked
    from migrate.exchange.state_requests import ListedRequests
    from migrate.model.snapshot import Organization
    from migrate.store.journal import JournalDb


FROM_FILE = "FromFile"
"""What --state says when each row of the list brings its own."""


@verb
def set_state(
    call: Call,
    state: Annotated[
        str,
        typer.Option(
            "--state",
            metavar="STATE",
            autocompletion=offers(("Disabled", "Enabled", "Enforced", "FromFile")),
            help="Disabled, Enabled, Enforced, or FromFile with --input.",
        ),
    ],
    object_id: Annotated[
        list[str] | None, typer.Option("--object-id", metavar="ID", help="Object id; may be repeated.")
    ] = None,
    user_principal_name: Annotated[
        list[str] | None, typer.Option("--user-principal-name", metavar="UPN", help="May be repeated.")
    ] = None,
    user: Annotated[
        list[str] | None,
        typer.Option("--user", metavar="USER", help="Id, user name, or exact and unique name; may be repeated."),
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
    max_users: Annotated[
        int | None,
        typer.Option("--max-users", metavar="N", help="With --accept-uncovered: at most so many users.", min=0),
    ] = None,
    allow_unregistered: Annotated[
        bool, typer.Option("--allow-unregistered", help="Enforce users who have no MFA method registered.")
    ] = False,
    state_column: StateColumn = None,
    input_encoding: InputEncoding = None,
    sheet: SheetName = None,
    visible_only: VisibleOnly = False,
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
        mfa-migrate set-state --user 'Ada Berg' --state Enabled
        mfa-migrate set-state -UserPrincipalName ada@contoso.example -State Disabled -WhatIf
        mfa-migrate set-state --input users.csv --state Disabled
        mfa-migrate set-state --input old-export.clixml --state FromFile --what-if
    """
    from migrate.commands.run import at_work
    from migrate.exchange.state_requests import requests_named

    asked = None if state.casefold() == FROM_FILE.casefold() else _state(state)
    if asked is None and input_ is None:
        raise UsageProblem("--state FromFile goes with --input.", hint="Add --input FILE, or name a state.")
    if input_ is None and (state_column or input_encoding or sheet or trust_disabled or visible_only):
        raise UsageProblem(
            "--state-column, --input-encoding, --sheet, --visible-only and --trust-disabled are about --input."
        )
    _refuse_contradictions(ask=ask, yes=yes, accept_uncovered=accept_uncovered)
    call = _with_events(call) if call.settings.output is OutputFormat.NDJSON else call
    must_ask = (ask or (input_ not in (None, "-"))) and not yes and not what_if
    consent = Consent(
        accept_uncovered=accept_uncovered or "", max_users=max_users, allow_unregistered=allow_unregistered
    )
    _say_what_is_idle(call, asked, consent)
    done = _Done(tell=_teller(call))
    try:
        keys, named = people_meant(call, user or [], workspace_of(call))
        how = _How(what_if=what_if, must_ask=must_ask, consent=consent, named=named)
        said = asked_of(input_encoding, state_column, sheet, trust_disabled, visible_only)
        one_by_one = requests_named(object_id or [], user_principal_name or [], keys)
        listed = _listed(call, one_by_one, input_, said, states=asked is None)
        files, writes = [ROLLBACK_CSV, ROLLBACK_JSON], Writes(states=not what_if)
        at_work(call, "set-state", lambda at: _carried_out(at, asked, listed, how, done), writes=writes, replaces=files)
    except MfaMigrateError as problem:
        if call.settings.output is OutputFormat.NDJSON:
            summary = set_state_summary(done.results, done.head, problem.exit_code, problem)
            call.screen.write_bytes([line_of(summary)])
            problem.in_answer = True
        raise
    code = ExitCode.FINDINGS if any(result.outcome.is_error for result in done.results) else ExitCode.OK
    if done.interrupted:
        code = ExitCode.INTERRUPTED
    _answer(call, asked, done, code)
    return code


def _refuse_contradictions(*, ask: bool, yes: bool, accept_uncovered: str | None) -> None:
    if ask and yes:
        raise UsageProblem("--confirm and --yes contradict each other.", hint="Use one of them.")
    if accept_uncovered is not None and not accept_uncovered.strip():
        raise UsageProblem("--accept-uncovered needs a reason.", hint="It stands in the audit; say why in a few words.")


def _say_what_is_idle(call: Call, asked: MfaState | None, consent: Consent) -> None:
    if asked not in (None, MfaState.DISABLED) and consent.accept_uncovered:
        call.screen.warn("--accept-uncovered concerns users whose per-user MFA is disabled; it changes nothing here")
    if asked not in (None, MfaState.ENFORCED) and consent.allow_unregistered:
        call.screen.warn("--allow-unregistered concerns users who are enforced; it changes nothing here")


def _state(text: str) -> MfaState:
    try:
        return MfaState.from_text(text)
    except MfaMigrateError as problem:
        raise UsageProblem(problem.what, hint="Use Disabled, Enabled or Enforced, or FromFile with --input.") from None


def _with_events(call: Call) -> Call:
    from migrate.views.event_screen import EventScreen

    return replace(call, screen=screen_for(call.settings, EventScreen))


def _teller(call: Call) -> Callable[[ResultEvent], None]:
    """Return what is told each result as soon as it is known: the events of the machine face; a table comes whole."""
    from migrate.views.event_screen import EventScreen

    screen = call.screen
    return screen.send if isinstance(screen, EventScreen) else lambda _: None


def _listed(
    call: Call, one_by_one: list[StateRequest], source: str | None, said: Asked, *, states: bool
) -> ListedRequests:
    from migrate.exchange.state_requests import ListedRequests, requests_from

    if source is None:
        listed = ListedRequests(one_by_one, [], ())
    elif one_by_one:
        raise UsageProblem(
            "--input cannot go together with --user, --object-id or --user-principal-name.",
            hint="Add the users to the list, or run set-state twice.",
        )
    else:
        listed = requests_from(source, said, states=states)
        for note in listed.notes:
            call.screen.warn(note)
    if not listed.requests:
        raise UsageProblem(
            "No user is named.", hint="Give --user, --object-id, --user-principal-name or --input FILE; see --help."
        )
    return listed


def _told_what_is_unseen(answer: ResolvedRequest | RefusedRequest) -> ResolvedRequest | RefusedRequest:
    """Add to a refusal what cannot be seen in a name that was not found."""
    from migrate.exchange.invisible import invisible_in

    if not isinstance(answer, RefusedRequest) or answer.code is not RefusalCode.NOT_FOUND:
        return answer
    said = invisible_in(answer.request.user_principal_name)
    return msgspec.structs.replace(answer, message=f"{answer.message}. {said}") if said else answer


@dataclass(frozen=True, kw_only=True)
class _How:
    """What the operator said about a whole call."""

    what_if: bool
    must_ask: bool
    consent: Consent
    named: Mapping[str, Person]
    """Those who were given by a name that the export alone knows."""


@dataclass(kw_only=True)
class _Done:
    """What has become of a call so far: an error in mid-run leaves the rest."""

    tell: Callable[[ResultEvent], None]
    results: list[ResultEvent] = field(default_factory=list)
    """Each was told when it was added."""
    runs: list[str] = field(default_factory=list)
    """Digests of what `rollback --run` undoes: one for each state to which somebody was changed."""
    interrupted: bool = False
    head: tuple[int, str] | None = None


async def _carried_out(at: AtWork, asked: MfaState | None, listed: ListedRequests, how: _How, done: _Done) -> None:
    """Ask, resolve, then guard and run for each state; each result is told when it is known, and all are sorted."""
    from migrate.decide.set_state import refuse_too_many_uncovered, without_contradictions
    from migrate.engine.state_requests import resolve

    organization = await at.tenant.read_organization()
    requests = listed.requests
    await refuse_other_people(at.tenant, how.named)
    if how.must_ask:
        states = Counter(asked or request.listed_state or "no state, left alone" for request in requests)
        question = [*set_state_question(organization, states), *who_is_meant(how.named)]
        confirm(at.call, question, organization.default_domain, alternative="--yes")
    # To disable somebody is for books that agree; to put somebody back never is.
    disables = any((asked or request.listed_state) is MfaState.DISABLED for request in requests)
    with open_journal(
        at.workspace, actor=at.actor.name, tenant_id=organization.tenant_id, even_behind=not disables
    ) as journal:
        answers = await resolve(at.tenant, [r for r in requests if asked or r.listed_state])
        answers = without_contradictions([_told_what_is_unseen(answer) for answer in answers], asked)
        refuse_too_many_uncovered(answers, asked, how.consent)
        for state in MfaState:
            chosen = [answer for answer in answers if (asked or answer.request.listed_state) is state]
            if done.interrupted:
                _add(done, results_of(chosen, state, {}, {}))
            elif chosen:
                await _set(at, journal, organization, state, chosen, how, done)
        done.head = None if how.what_if else journal.head
    if asked is None:
        _add(done, [stateless_result(r) for r in requests if r.listed_state is None])
    _add(done, [unread_result(index, reason) for index, reason in listed.unread])
    done.results.sort(key=lambda result: result.index or 0)


def _add(done: _Done, results: Iterable[ResultEvent]) -> None:
    """Take in results and tell them."""
    for result in results:
        done.results.append(result)
        done.tell(result)


async def _set(
    at: AtWork,
    journal: JournalDb,
    organization: Organization,
    asked: MfaState,
    answers: Sequence[ResolvedRequest | RefusedRequest],
    how: _How,
    done: _Done,
) -> None:
    """Guard, plan, and run or rehearse for one state."""
    from migrate.commands.run import carried_out, rehearsed
    from migrate.decide.set_state import FormerStates
    from migrate.engine.history import former_states, latest_entries
    from migrate.engine.run_parts import ApplyOptions
    from migrate.engine.state_change import change_for

    recorded = recorded_states(at.workspace, organization.tenant_id, warn=at.call.screen.warn)
    change = await change_for(
        answers,
        asked,
        _ground(at.call.settings, organization, how.consent),
        FormerStates(journal=former_states(journal), file=recorded),
        tenant=at.tenant,
        made_from=journal.head[1],
    )
    for note, users in Counter(filter(None, change.notes.values())).items():
        at.call.screen.warn(f"{counted(users, 'user')}: {note}")
    plan = change.plan
    before, waiting = len(done.results), _by_user(change.answers)
    _add(done, results_of([a for a in change.answers if isinstance(a, RefusedRequest)], asked, {}, {}))

    def told(news: Sequence[JournalEntry]) -> None:
        for entry in news:
            known = waiting.pop(entry.object_id, [])
            _add(done, results_of(known, asked, {entry.object_id: entry}, change.notes))

    entries: Mapping[str, JournalEntry | Decision] = {}
    options = ApplyOptions(max_failures="100%", tool_version=__version__, cloud=plan.cloud, endpoint=plan.endpoint)
    if change.steps and how.what_if:
        entries = await rehearsed(at, journal, plan, lambda: iter(change.steps), options)
    elif change.steps:
        result = await carried_out(at, journal, plan, lambda: iter(change.steps), options, told)
        done.interrupted = result.ending is Ending.INTERRUPTED
        entries = latest_entries(journal, plan.digest)
    _add(done, results_of([answer for same in waiting.values() for answer in same], asked, entries, change.notes))
    mine = done.results[before:]
    done.runs += [plan.digest] if any(result.outcome.may_have_changed for result in mine) else []


def _by_user(answers: Sequence[ResolvedRequest | RefusedRequest]) -> dict[str, list[ResolvedRequest]]:
    """Return the requests that may be sent by user; a list may name one user twice."""
    found: dict[str, list[ResolvedRequest]] = {}
    for answer in answers:
        if isinstance(answer, ResolvedRequest):
            found.setdefault(answer.profile.id, []).append(answer)
    return found


def _ground(settings: Settings, organization: Organization, consent: Consent) -> Ground:
    from migrate.decide.reverser import facts_at
    from migrate.engine.state_change import Ground

    access = settings.config.emergency_access
    return Ground(
        here=facts_at(organization, cloud=settings.cloud.value, endpoint=settings.endpoint),
        consent=consent,
        accounts=access.accounts if access is not None else (),
        apps_that_matter=settings.config.coverage.apps,
        baseline_scopes=settings.config.tenant_settings.answer,
        readback_timeout_seconds=limits_of(settings.config).readback_timeout_seconds,
        tool_version=__version__,
    )


def _answer(call: Call, asked: MfaState | None, done: _Done, code: ExitCode) -> None:
    """Write the results: as events, or in the format that was asked for."""
    settings = call.settings
    # Not a bare `rollback`: that would also put back what was migrated before.
    rollback = rollback_command(settings)
    ways_back = [f"Way back: {rollback} --run {digest[:12]}" for digest in done.runs]
    if settings.output is OutputFormat.NDJSON:
        for way_back in ways_back:
            call.screen.say(way_back)
        call.screen.write_bytes([line_of(set_state_summary(done.results, done.head, code, None))])
    else:
        call.answer(set_state_answer(done.results, asked, settings.endpoint, runs=done.runs, ways_back=ways_back))
