"""After an interruption: read every user whose intent has no outcome, and write down what became of it."""

from __future__ import annotations

from migrate.engine.ports import Journal, Progress, Tenant
from migrate.model.journal import Draft, JournalEntry, Operation, Outcome, TargetType
from migrate.model.reasons import Parts, Why, reason_of
from migrate.model.replies import StateReading
from migrate.model.users import MfaState

CHUNK = 500


async def recover_users(tenant: Tenant, journal: Journal, progress: Progress) -> int:
    """Settle all intents in doubt, of every run; return how many there were.

    Each outcome belongs to the run whose intent it settles: to the present run it would look as if that run had
    dealt with the user, and a rollback would leave out the very people whom the crash left in doubt.
    """
    doubtful = list(journal.in_doubt())
    for start in range(0, len(doubtful), CHUNK):
        chunk = doubtful[start : start + CHUNK]
        readings = await tenant.read_mfa_states([entry.object_id for entry in chunk])
        by_user = {reading.user_id: reading for reading in readings}
        journal.append([_settled(entry, by_user[entry.object_id]) for entry in chunk])
    if doubtful:
        progress.note(f"{len(doubtful)} changes were in doubt after an interruption; each was read and settled")
    return len(doubtful)


def _settled(intent: JournalEntry, reading: StateReading) -> Draft:
    asked = MfaState(intent.requested)
    if reading.mfa_state is None:
        outcome, reason = Outcome.FAILED, reason_of(Why.UNREADABLE_SINCE, str(reading.problem))
    elif asked.is_found_as(reading.mfa_state) and (asked == reading.mfa_state or intent.before != reading.mfa_state):
        outcome, reason = Outcome.RECOVERED, reason_of(Why.FOUND_AFTER_INTERRUPTION)
    elif intent.before == reading.mfa_state:
        outcome, reason = Outcome.FAILED, reason_of(Why.NOT_SEEN)
    else:
        outcome, reason = Outcome.SKIPPED, reason_of(Why.DRIFT_SINCE, parts=Parts(found=reading.mfa_state))
    return Draft(
        operation=Operation.SET_MFA_STATE,
        target_type=TargetType.USER,
        outcome=outcome,
        object_id=intent.object_id,
        user_principal_name=intent.user_principal_name,
        before=intent.before,
        requested=intent.requested,
        observed=str(reading.mfa_state or ""),
        reason=reason,
        attempt=intent.attempt,
        request_id=reading.request_id,
        client_request_id=intent.client_request_id,
        server_date=reading.server_date,
        plan_digest=intent.plan_digest,
    )
