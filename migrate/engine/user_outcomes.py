"""What one write of a user's state came to: its intent, its outcome, and whether it is sent again, for the journal."""

from __future__ import annotations

from dataclasses import dataclass

from migrate.decide.guards import Leave
from migrate.engine.proof import Judged
from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.model.reasons import (
    NO_REASON,
    Parts,
    Reason,
    Why,
    given_up,
    held_first,
    more_said,
    reason_of,
    refusal_reason,
)
from migrate.model.replies import StateReading, WriteFate, WriteReply, WriteRequest
from migrate.model.steps import SetMfaState
from migrate.model.users import MfaState

MAX_ATTEMPTS = 5
"""How often one write is sent at most; each time only after reading that it was not applied."""
NOT_SENT = frozenset({WriteFate.HELD, WriteFate.STALE})
_ONCE_MORE = frozenset({401, 409})
"""A no to this very moment: the token ran out, or somebody else was writing. Sent once more after reading."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A step that may be sent, with what was read right before."""

    step: SetMfaState
    found: str
    judged: Judged | None
    """What its proof rests on; None where it needs none."""
    is_tried: bool = False
    """Whether an intent is in the journal that has no outcome yet."""


def settled(item: Pending, reply: WriteReply, reading: StateReading, attempt: int) -> Draft | None:
    """Return the outcome of a write, or None when it has to be sent again."""
    if reply.fate in NOT_SENT:
        return None
    step = item.step
    observed = str(reading.mfa_state or "")
    # What already passed for a promotion before the write proves nothing about a write that was not accepted.
    unmoved = observed == item.found != step.after
    if is_as_asked(step, reading) and (reply.fate is WriteFate.ACCEPTED or not unmoved):
        promoted = reason_of(Why.PROMOTED, parts=Parts(found=observed))
        note = NO_REASON if observed == step.after else promoted
        return outcome_of(item, reply, observed, Outcome.CONFIRMED, note, attempt)
    if reading.mfa_state is None:
        reason = more_said(_said(reply), f"; could not be read back: {reading.problem}")
        if reply.fate is WriteFate.ACCEPTED:
            reason = reason_of(Why.UNCONFIRMED_UNREADABLE, str(reading.problem), Parts(status=reply.status))
        outcome = Outcome.FAILED if reply.fate is WriteFate.REFUSED else Outcome.UNCONFIRMED
        return outcome_of(item, reply, observed, outcome, reason, attempt)
    if not MfaState(item.found).is_found_as(reading.mfa_state):
        reason = more_said(_said(reply), f"; then found {observed}, neither what it was nor what was asked")
        if reply.fate is WriteFate.ACCEPTED:
            reason = reason_of(Why.ACCEPTED_DRIFT, parts=Parts(status=reply.status, found=observed))
        return outcome_of(item, reply, observed, Outcome.FAILED, reason, attempt)
    match reply.fate:
        case WriteFate.ACCEPTED:
            return outcome_of(item, reply, observed, Outcome.UNCONFIRMED, reason_of(Why.UNCONFIRMED), attempt)
        case WriteFate.REFUSED if reply.status not in _ONCE_MORE or attempt > 1:
            return outcome_of(item, reply, observed, Outcome.FAILED, _said(reply), attempt)
        case _ if attempt >= MAX_ATTEMPTS:
            reason = given_up(_said(reply), attempt)
            return outcome_of(item, reply, observed, Outcome.FAILED, reason, attempt)
        case _:
            return None


def is_as_asked(step: SetMfaState, reading: StateReading) -> bool:
    """Say whether somebody was read in the state that the step asks for."""
    return reading.mfa_state is not None and step.after.is_found_as(reading.mfa_state)


def _said(reply: WriteReply) -> Reason:
    # The message begins with the code where Graph gave one.
    return refusal_reason(reply.status, reply.message)


def not_resent(reply: WriteReply, reason: Reason) -> Reason:
    """Return why a step is not sent again: what Graph said first, unless it is that the proof failed."""
    if reply.fate is WriteFate.STALE:
        return reason
    held = reply.fate is WriteFate.HELD
    if reason.why is Why.NOT_COVERED:
        return more_said(reason, f" ({reply.message if held else _said(reply)})")
    return held_first(reason) if held else more_said(_said(reply), f"; {reason}")


def left_alone(step: SetMfaState, decision: Leave) -> Draft:
    """Return the entry about a step that is not sent."""
    return Draft(
        operation=Operation.SET_MFA_STATE,
        target_type=TargetType.USER,
        outcome=decision.outcome,
        object_id=step.user_id,
        user_principal_name=step.user_principal_name,
        before=decision.found,
        requested=step.after,
        observed=decision.found,
        reason=decision.reason,
        wave=step.wave,
    )


def intent(item: Pending, request: WriteRequest, attempt: int) -> Draft:
    """Return the entry that stands in the journal before a request is sent."""
    return Draft(
        operation=Operation.SET_MFA_STATE,
        target_type=TargetType.USER,
        outcome=Outcome.INTENT,
        object_id=item.step.user_id,
        user_principal_name=item.step.user_principal_name,
        before=item.found,
        requested=item.step.after,
        reason=reason_of(Why.PLANNED, item.step.because) if item.step.because else NO_REASON,
        attempt=attempt,
        client_request_id=request.client_request_id,
        wave=item.step.wave,
    )


def outcome_of(
    item: Pending, reply: WriteReply, observed: str, outcome: Outcome, reason: Reason, attempt: int
) -> Draft:
    """Return the entry about what a request that was sent came to."""
    return Draft(
        operation=Operation.SET_MFA_STATE,
        target_type=TargetType.USER,
        outcome=outcome,
        object_id=item.step.user_id,
        user_principal_name=item.step.user_principal_name,
        before=item.found,
        requested=item.step.after,
        observed=observed,
        reason=reason,
        attempt=attempt,
        request_id=reply.request_id,
        client_request_id=reply.client_request_id,
        server_date=reply.server_date,
        wave=item.step.wave,
    )
