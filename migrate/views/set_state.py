"""What `set-state` prints: for each user before, asked and found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, assert_never

from migrate.errors import ExitCode, MfaMigrateError
from migrate.model.journal import JournalEntry, Outcome
from migrate.model.reasons import Reason, Why, reason_of
from migrate.model.set_state import RefusedRequest, ResolvedRequest, StateRequest
from migrate.model.snapshot import Organization
from migrate.model.users import MfaState
from migrate.model.words import first_names
from migrate.views.ending import error_of
from migrate.views.events import ResultCode, ResultEvent, ResultOutcome, SummaryEvent
from migrate.views.screen import Answer, styled
from migrate.views.tables import table

COLUMNS = ("ObjectId", "UserPrincipalName", "Before", "Requested", "Found", "Outcome", "Code", "Message", "Note")
PROMOTED = "Found enforced: Microsoft promotes an enabled user who has a method registered."
WHAT_TO_DO = "Close the gap, or switch off all the same with --accept-uncovered REASON."
"""What one can do about a user who is not switched off for want of proof."""

_OUTCOMES = {
    Outcome.CONFIRMED: ResultOutcome.CONFIRMED,
    Outcome.UNCONFIRMED: ResultOutcome.UNCONFIRMED,
    Outcome.RECOVERED: ResultOutcome.RECOVERED,
    Outcome.SKIPPED: ResultOutcome.SKIPPED,
    Outcome.FAILED: ResultOutcome.FAILED,
}


class Decision(Protocol):
    """What a rehearsal decided for one user: to send, or to leave with a reason."""

    @property
    def found(self) -> str: ...
    @property
    def reason(self) -> Reason:
        """Why it is left; `NO_REASON` when it is to be sent."""
        ...


def refused_result(refused: RefusedRequest, asked: MfaState) -> ResultEvent:
    """Return the result of a request that was not sent."""
    profile = refused.profile
    return ResultEvent(
        index=refused.request.index,
        object_id=profile.id if profile else refused.request.object_id or None,
        user_principal_name=profile.user_principal_name if profile else refused.request.user_principal_name or None,
        before=refused.before,
        requested=asked,
        found=refused.before,
        outcome=ResultOutcome.SKIPPED if profile else ResultOutcome.FAILED,
        code=ResultCode(refused.code.value),
        message=refused.message,
        note="",
        request_id="",
    )


def stateless_result(request: StateRequest) -> ResultEvent:
    """Return the result of a request whose row gives no state, although the list was to give it."""
    return ResultEvent(
        index=request.index,
        object_id=request.object_id or None,
        user_principal_name=request.user_principal_name or None,
        before=None,
        requested=None,
        found=None,
        outcome=ResultOutcome.SKIPPED,
        code=ResultCode.BAD_INPUT,
        message="The row holds no per-user MFA state.",
        note="",
        request_id="",
    )


def unread_result(index: int, reason: str) -> ResultEvent:
    """Return the result of a row that names nobody who could be made out."""
    return ResultEvent(
        index=index,
        object_id=None,
        user_principal_name=None,
        before=None,
        requested=None,
        found=None,
        outcome=ResultOutcome.SKIPPED,
        code=ResultCode.BAD_INPUT,
        message=reason,
        note="",
        request_id="",
    )


def result_of(
    resolved: ResolvedRequest, asked: MfaState, entry: JournalEntry | Decision | None, note: str
) -> ResultEvent:
    """Return the result of a request: from its journal entry, or from what a rehearsal decided."""
    outcome, reason, found, request_id = ResultOutcome.FAILED, reason_of(Why.INTERRUPTED), "", ""
    if isinstance(entry, JournalEntry):
        outcome, reason = _OUTCOMES.get(entry.outcome, ResultOutcome.UNCONFIRMED), entry.reason
        found, request_id = entry.observed, entry.request_id
    elif entry is not None:
        reason, found = entry.reason, entry.found
        outcome = ResultOutcome.PLANNED if reason.why is Why.NONE else ResultOutcome.SKIPPED
    if reason.why is Why.NOTHING_TO_DO:
        outcome = ResultOutcome.UNCHANGED
    error = outcome.is_error
    sent = outcome in (ResultOutcome.CONFIRMED, ResultOutcome.RECOVERED)
    promoted = PROMOTED if sent and asked is MfaState.ENABLED and found == MfaState.ENFORCED else ""
    message = str(reason)
    if reason.why is Why.NOT_COVERED:
        # Here nothing was planned on a proof, so nothing has changed since.
        message = f"not proven covered by Conditional Access: {reason.words}. {WHAT_TO_DO}"
    return ResultEvent(
        index=resolved.request.index,
        object_id=resolved.profile.id,
        user_principal_name=resolved.profile.user_principal_name,
        before=resolved.before,
        requested=asked,
        found=MfaState(found) if found else None,
        outcome=outcome,
        code=code_for(reason.why) if error else ResultCode.NONE,
        message=message if error else "",
        note=" ".join(filter(None, [promoted, "" if outcome is ResultOutcome.UNCHANGED else note])),
        request_id=request_id,
    )


def code_for(why: Why) -> ResultCode:
    """Return the code of a request that did not end as asked."""
    match why:
        case Why.NOT_COVERED:
            return ResultCode.NOT_COVERED
        case Why.EMERGENCY_ACCESS | Why.EXCLUDED_SINCE:
            return ResultCode.EMERGENCY_ACCESS
        case Why.DRIFT | Why.DRIFT_SINCE | Why.ACCEPTED_DRIFT | Why.SET_BY_SOMEBODY | Why.EDITED_BY_SOMEBODY:
            return ResultCode.DRIFT
        case Why.UNREADABLE | Why.UNREADABLE_SINCE | Why.USER_NOT_SHOWN | Why.STATE_REFUSED | Why.NO_ITEM:
            return ResultCode.UNREADABLE
        case Why.NOT_UNDERSTOOD | Why.UNKNOWN_STATE | Why.NEVER_READ | Why.NAMELESS | Why.NOT_PROVEN:
            return ResultCode.UNREADABLE
        case Why.TWO_USERS:
            return ResultCode.AMBIGUOUS
        case Why.GONE | Why.NOT_FOUND | Why.NOT_THERE | Why.NO_SUCH_USER | Why.USER_UNKNOWN:
            return ResultCode.NOT_FOUND
        case Why.SIGN_IN_REFUSED:
            return ResultCode.AUTHENTICATION
        case Why.PERMISSION_REFUSED:
            return ResultCode.PERMISSION_DENIED
        case Why.THROTTLED:
            return ResultCode.THROTTLED
        case Why.REFUSED | Why.READS_DIFFERENTLY:
            return ResultCode.REFUSED
        case Why.UNCONFIRMED | Why.UNCONFIRMED_UNREADABLE | Why.NO_ANSWER | Why.NOT_SEEN:
            return ResultCode.UNCONFIRMED
        case (
            Why.NONE
            | Why.OTHER
            | Why.ERROR
            | Why.INTERRUPTED
            | Why.SETTLING
            | Why.BEGUN
            | Why.LINKED
            | Why.KEEPING_STEPS
            | Why.VERIFIED
            | Why.WAVE_SHOWN
            | Why.SEEN_TO_CHANGE
            | Why.THROUGH
            | Why.ROLLED_BACK
            | Why.APPROVED
            | Why.WAITING
            | Why.STOPPED
            | Why.WAIT_INTERRUPTED
            | Why.PLANNED
            | Why.NOTHING_TO_DO
            | Why.PROMOTED
            | Why.FOUND_AFTER_DOUBT
            | Why.FOUND_AFTER_INTERRUPTION
            | Why.FORMER_POLICY
            | Why.FOUND_BY_MARKER
            | Why.EXISTS_ALREADY
            | Why.ALREADY_SO
            | Why.FOUND_AS_ASKED
            | Why.ALSO_CHANGED
        ):
            return ResultCode.OTHER
        case _:
            assert_never(why)


def results_of(
    answers: Sequence[ResolvedRequest | RefusedRequest],
    asked: MfaState,
    entries: Mapping[str, JournalEntry | Decision],
    notes: Mapping[str, str],
) -> Iterator[ResultEvent]:
    """Yield a result for each request; `entries` and `notes` are by user id."""
    for answer in answers:
        if isinstance(answer, RefusedRequest):
            yield refused_result(answer, asked)
        else:
            user_id = answer.profile.id
            yield result_of(answer, asked, entries.get(user_id), notes.get(user_id, ""))


def set_state_question(organization: Organization, states: Mapping[str, int]) -> Iterator[str]:
    """Yield what `set-state` will do, for the person who is asked; `states` counts the users for each."""
    yield f"Tenant:   {organization.display_name} ({organization.default_domain}, {organization.tenant_id})"
    for state, users in sorted(states.items()):
        yield f"Users:    {users} to {state}"
    yield "Those who are so already are left alone. The way back is shown at the end."


def set_state_summary(
    results: Sequence[ResultEvent], head: tuple[int, str] | None, code: ExitCode, problem: MfaMigrateError | None
) -> SummaryEvent:
    """Return the last event of the machine face; `head` is the journal's, None where nothing was written."""
    return SummaryEvent(
        kind="setState",
        exit_code=int(code),
        counts=dict(Counter(result.outcome.value for result in results)),
        journal_entries=head[0] if head else None,
        journal_hash=head[1] if head else None,
        error=error_of(problem) if problem is not None else None,
    )


def _why_lines(results: Sequence[ResultEvent]) -> Iterator[str]:
    """Yield what is to be said of people, each sentence once with the first of whom it is true."""
    said: dict[str, list[str]] = {}
    for one in results:
        if sentence := one.message or one.note:
            said.setdefault(sentence, []).append(one.user_principal_name or one.object_id or "?")
    for sentence, names in said.items():
        yield f"{first_names(names, len(names))}: {sentence}"


def set_state_answer(
    results: Sequence[ResultEvent],
    asked: MfaState | None,
    endpoint: str | None,
    *,
    runs: Sequence[str],
    ways_back: Sequence[str],
) -> Answer:
    """Return the answer of a call of set-state.

    `runs` are the digests of the runs that may have changed somebody, one for each state; `ways_back` say how to
    undo them.
    """
    counts = dict(sorted(Counter(result.outcome.value for result in results).items()))

    def rows() -> Iterator[tuple[str, ...]]:
        for r in results:
            yield (
                r.object_id or "",
                r.user_principal_name or "",
                r.before or "",
                r.requested or "",
                r.found or "",
                r.outcome,
                r.code,
                r.message,
                r.note,
            )

    def lines() -> Iterator[Any]:
        yield table(
            ["User", "Before", "Asked", "Found", "Outcome"],
            (
                (
                    r.user_principal_name or r.object_id or "?",
                    r.before or "",
                    r.requested or "",
                    r.found or "",
                    r.outcome,
                )
                for r in results
            ),
        )
        yield from _why_lines(results)
        yield styled(", ".join(f"{count} {name}" for name, count in counts.items()), "bold")
        if ResultOutcome.PLANNED in counts:
            yield "Nothing was sent: this was a rehearsal."
        yield from ways_back

    return Answer(
        kind="setState",
        document={
            "endpoint": endpoint,
            "requested": asked,
            "results": list(results),
            "counts": counts,
            "runs": list(runs),
        },
        columns=COLUMNS,
        rows=rows,
        lines=lines,
    )
