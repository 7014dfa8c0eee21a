"""Who of a run is still to do: what the question counts, what a rehearsal says, and what the waves go by."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from migrate.engine.ports import Journal
from migrate.model.journal import DONE, FINAL, Operation, Outcome
from migrate.model.reasons import Why
from migrate.model.steps import SetMfaState
from migrate.model.users import MfaState
from migrate.model.who_is_left import BackInPart, WhoIsLeft
from migrate.model.words import FIRST

_ASKED_AGAIN = frozenset({Why.NOT_COVERED, Why.SETTLING})


def still_open(journal: Journal, plan_digest: str) -> Callable[[str], bool]:
    """Return what tells of a user id whether a run, as it stands now, has no final outcome for it yet.

    Whoever was skipped as not covered, or as not settled, is asked about again: evidence that could not be read, or a
    policy that somebody has mended since, must not hold them back for good. Whoever has a final outcome keeps it for
    as long as the run goes on: those still open only become fewer.
    """
    return _open_by(journal.latest_user_outcomes(plan_digest), journal, plan_digest)


def _open_by(outcomes: Mapping[str, Outcome], journal: Journal, plan_digest: str) -> Callable[[str], bool]:
    skipped = journal.entries(plan_digest=plan_digest, operation=Operation.SET_MFA_STATE, outcomes=[Outcome.SKIPPED])
    uncovered = {entry.object_id for entry in skipped if entry.reason.why in _ASKED_AGAIN}

    def is_open(user_id: str) -> bool:
        outcome = outcomes.get(user_id)
        return outcome not in FINAL or (outcome is Outcome.SKIPPED and user_id in uncovered)

    return is_open


def who_is_left(journal: Journal, plan_digest: str, steps: Iterable[SetMfaState], waves: Container[int]) -> WhoIsLeft:
    """Return how the users of these waves stand in a run, and the first of those who are still to do.

    To do is exactly who `still_open` finds open, so nobody is sent who is not counted.
    """
    outcomes = journal.latest_user_outcomes(plan_digest)
    is_open = _open_by(outcomes, journal, plan_digest)
    back = put_back(journal, plan_digest)
    to_do = done = stays = left = 0
    first: list[str] = []
    for step in steps:
        if step.wave not in waves:
            continue
        if is_open(step.user_id):
            to_do += 1
            if len(first) < FIRST:
                first.append(step.user_principal_name)
        elif step.user_id in back:
            stays += 1
        elif outcomes.get(step.user_id) in DONE:
            done += 1
        else:
            left += 1
    return WhoIsLeft(to_do=to_do, first=tuple(first), done=done, put_back=stays, left=left)


def back_in_part(journal: Journal, rollback: str, migration: str) -> BackInPart:
    """Return what a migration does next with those whom a rollback put back, both given by their digests."""
    is_open = still_open(journal, migration)
    outcomes = journal.latest_user_outcomes(rollback)
    back = [user_id for user_id, outcome in outcomes.items() if outcome in DONE]
    again = sum(map(is_open, back))
    return BackInPart(stay=len(back) - again, tried_again=again)


def put_back(journal: Journal, plan_digest: str) -> frozenset[str]:
    """Return the ids of the users whom a run disabled and a later one set to something else, both read back."""
    # Counted where they lie first: there may be a million of them, and mostly nobody is put back.
    if not set(journal.in_effect(plan_digest)) - {MfaState.DISABLED.value}:
        return frozenset()
    last: dict[str, str] = {}
    of_run: set[str] = set()
    for entry in journal.entries(operation=Operation.SET_MFA_STATE, outcomes=DONE):
        last[entry.object_id] = entry.requested
        if entry.plan_digest == plan_digest:
            of_run.add(entry.object_id)
    return frozenset(user_id for user_id in of_run if last[user_id] != MfaState.DISABLED)
