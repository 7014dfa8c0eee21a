"""What the journal tells: which runs were begun, whom and what they touched, and what there is to put back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import assert_never

import msgspec

from migrate.decide.own_policies import MARKER_PREFIX
from migrate.decide.policy_steps import OwnPast
from migrate.engine.ports import Journal
from migrate.errors import Guarded
from migrate.model.journal import DONE, FINAL, JournalEntry, LastWrite, Operation, Outcome, Touched
from migrate.model.plan import PlanHeader, PlanKind
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.reasons import Why
from migrate.model.record import JsonObject, sha256_of
from migrate.model.run import PolicyOutcome, RunStanding
from migrate.model.steps import CreatePolicy, DeletePolicy, PolicyStep, SetPolicyState
from migrate.model.users import MfaState

SWITCHES_OFF = "disable"
"""The count of a rollback plan that says how many users it switches off: only one that undoes a rollback does."""
OPERATIONS: dict[type[PolicyStep], Operation] = {
    CreatePolicy: Operation.CREATE_POLICY,
    SetPolicyState: Operation.SET_POLICY_STATE,
    SetPolicyScope: Operation.SET_POLICY_SCOPE,
    DeletePolicy: Operation.DELETE_POLICY,
}
CHANGES = (Operation.SET_POLICY_STATE, Operation.SET_POLICY_SCOPE)
"""Operations that change a policy and leave it there."""

Begun = tuple[str, PlanHeader]
"""A plan that was begun, after its digest."""


# Runs


def begun_plans(journal: Journal) -> list[Begun]:
    """Return every plan that was begun under this journal, oldest first, with its digest."""
    return [
        (entry.plan_digest, journal.document_as(entry.requested, PlanHeader))
        for entry in journal.entries(operation=Operation.OPEN_RUN, outcomes=[Outcome.OPENED])
    ]


def migrations(journal: Journal) -> list[Begun]:
    """Return the migrations that were begun under this journal, oldest first, with their digests."""
    return [(digest, plan) for digest, plan in begun_plans(journal) if plan.kind is PlanKind.MIGRATE]


def latest_migration(journal: Journal | None) -> PlanHeader | None:
    """Return the plan of the migration that was begun last, if there was any."""
    return next((plan for _, plan in reversed(migrations(journal))), None) if journal is not None else None


def forward_plans(journal: Journal) -> list[Begun]:
    """Return the plans that were begun under this journal, oldest first, with their digests.

    Rollbacks are left out, unless they undo a rollback and so switch people off again.
    """
    return [
        (digest, plan)
        for digest, plan in begun_plans(journal)
        if plan.kind is not PlanKind.ROLLBACK or plan.counts.get(SWITCHES_OFF)
    ]


def plans_in_force(journal: Journal) -> list[Begun]:
    """Return the forward plans that no rollback has put back as a whole, oldest first, with their digests.

    When all of them are back, the last one: to roll back twice is to look once more.
    """
    undone = plans_rolled_back(journal)
    plans = forward_plans(journal)
    return [entry for entry in plans if entry[0] not in undone] or plans[-1:]


def steps_kept(journal: Journal, plan_digest: str) -> str:
    """Return the SHA-256 of the user steps that the journal keeps of a run; empty where it keeps none."""
    opened = journal.entries(plan_digest=plan_digest, operation=Operation.OPEN_RUN)
    return next((entry.reason.parts.steps for entry in opened if entry.reason.parts.steps), "")


def last_seen_change(journal: Journal, since: str) -> str:
    """Return when a run last noted a change in the readings.json that began at `since`; empty where none did."""
    kept = journal.entries(operation=Operation.SEEN)
    return max((entry.observed for entry in kept if entry.before == since), default="")


OF_POLICIES = (
    Operation.CREATE_POLICY,
    Operation.SET_POLICY_STATE,
    Operation.SET_POLICY_SCOPE,
    Operation.DELETE_POLICY,
)
"""What a run does to policies."""


def has_changed_since(
    journal: Journal, moment: str, operations: Sequence[Operation] = (Operation.SET_MFA_STATE,)
) -> bool:
    """Tell whether the run that was begun last did one of these after a moment (ISO 8601, UTC)."""
    for digest, _ in begun_plans(journal)[-1:]:
        last = journal.last_of(digest)
        if last is not None and last.time_utc > moment:
            done = (journal.entries(plan_digest=digest, operation=one, outcomes=DONE) for one in operations)
            return any(entry.time_utc > moment for entries in done for entry in entries)
    return False


def plans_rolled_back(journal: Journal) -> set[str]:
    """Return the digests of the plans that a rollback has put back as a whole."""
    closed = journal.entries(operation=Operation.CLOSE_RUN, outcomes=[Outcome.CLOSED])
    return {entry.plan_digest for entry in closed if entry.reason.why is Why.ROLLED_BACK}


def refuse_over_open_run(journal: Journal) -> None:
    """Raise Guarded when a migration is begun and not closed: its waits and waves belong to its plan."""
    closed = {entry.plan_digest for entry in journal.entries(operation=Operation.CLOSE_RUN)}
    for digest, _ in migrations(journal)[-1:]:
        if digest not in closed:
            raise Guarded(
                f"The run of plan {digest[:12]} is begun and not finished.",
                unchanged="The plan stays as it is.",
                hint="Go on with `mfa-migrate apply`, put it back with `mfa-migrate rollback`, or replace the plan "
                "with `mfa-migrate plan --supersede`.",
            )


def standing_of(journal: Journal, planned: Callable[[], PlanHeader | None], *, paused: bool) -> RunStanding | None:
    """Return where the latest migration stands; None when none was begun.

    Args:
        journal: What was done.
        planned: Returns the plan that lies in the folder now, if any; asked only where a migration was begun.
        paused: Whether the pause file is there.
    """
    plans = migrations(journal)
    if not plans:
        return None
    digest, plan = plans[-1]
    # Counted where they lie: there may be a million of them.
    outcomes = journal.outcome_counts(digest)
    last = journal.last_of(digest)
    waiting = last if last is not None and last.operation is Operation.WAIT else None
    # What another run did to a user since, a rollback say, counts for what the user is now.
    in_effect = journal.in_effect(digest)
    done = in_effect.get(MfaState.DISABLED, 0)
    latest = planned() or plan
    return RunStanding(
        plan_digest=digest,
        migrated=done,
        planned=plan.users_to_change,
        next_plan=None if latest.digest in dict(plans) else latest.digest,
        held_back=latest.users_held_back,
        held_by=latest.held_by,
        impacts=plan.impacts,
        put_back=sum(in_effect.values()) - done,
        next_wave=plan.wave_after(sum(outcomes.get(outcome, 0) for outcome in FINAL)),
        outcomes=dict(sorted((outcome.value, people) for outcome, people in outcomes.items())),
        waiting_for=None if waiting is None else waiting.reason,
        waiting_since="" if waiting is None else waiting.server_date or waiting.time_utc,
        closed=any(journal.entries(plan_digest=digest, operation=Operation.CLOSE_RUN)),
        paused=paused,
    )


# Users


def latest_entries(journal: Journal, plan_digest: str | None = None) -> dict[str, JournalEntry]:
    """Return the latest entry for every user whom any run, or this one, meant to change."""
    entries = journal.entries(plan_digest=plan_digest, operation=Operation.SET_MFA_STATE)
    return {entry.object_id: entry for entry in entries}


def last_writes(journal: Journal) -> dict[str, LastWrite]:
    """Return what the latest entry says of every user whom any run meant to change; equal ones are one record."""
    shared: dict[LastWrite, LastWrite] = {}
    found: dict[str, LastWrite] = {}
    for entry in journal.entries(operation=Operation.SET_MFA_STATE):
        last = LastWrite(before=entry.before, requested=entry.requested, observed=entry.observed, outcome=entry.outcome)
        found[entry.object_id] = shared.setdefault(last, last)
    return found


def disabled_by(journal: Journal, plan_digest: str) -> dict[str, str]:
    """Return by id the names of the users whom a run disabled and nothing has set to something else since."""
    run, now = latest_entries(journal, plan_digest), latest_entries(journal)
    return {
        user_id: entry.user_principal_name
        for user_id, entry in run.items()
        if entry.outcome in DONE and now[user_id].requested == MfaState.DISABLED
    }


def former_states(journal: Journal) -> dict[str, MfaState]:
    """Return by user id the state before the latest change that a forward plan made."""
    digests = [digest for digest, _ in forward_plans(journal)]
    return {touched.user_id: touched.before for touched in journal.touched(digests)}


def net_touched(journal: Journal, digests: Sequence[str]) -> Iterator[Touched]:
    """Yield every user with an intent in these runs, by wave and id: from the state before the first to the last asked.

    Runs that follow upon each other count as one change: whoever was switched off by one and set again by the next
    goes back to what was before both. Where somebody else changed the user in between, only the later run counts.
    """
    if len(digests) == 1:
        yield from journal.touched(digests)
        return
    users: dict[str, Touched] = {}
    for digest in digests:
        for touched in journal.touched([digest]):
            earlier = users.get(touched.user_id)
            if earlier is not None and earlier.requested.is_found_as(touched.before):
                touched = msgspec.structs.replace(touched, before=earlier.before)
            users[touched.user_id] = touched
    yield from sorted(users.values(), key=lambda user: (user.wave, user.user_id))


# Policies


def policy_steps_begun(journal: Journal, plans: Sequence[Begun]) -> list[PolicyStep]:
    """Return the policy steps of these runs for which anything was journalled, in order, each once."""
    begun: list[PolicyStep] = []
    for digest, plan in plans:
        for step in plan.policy_steps:
            if step not in begun and is_policy_step_begun(step, journal, digest):
                begun.append(step)
    return begun


def policy_steps_done(journal: Journal) -> list[PolicyStep]:
    """Return the policy steps of all runs that have their final outcome, oldest first."""
    return [
        step
        for digest, plan in begun_plans(journal)
        for step in plan.policy_steps
        if is_policy_step_settled(step, journal, digest)
    ]


def policies_touched(journal: Journal, digests: Sequence[str]) -> list[JournalEntry]:
    """Return the intents for policies in these runs, in order."""
    found = [
        entry
        for digest in digests
        for operation in OPERATIONS.values()
        for entry in journal.entries(plan_digest=digest, operation=operation, outcomes=[Outcome.INTENT])
    ]
    return sorted(found, key=lambda entry: entry.sequence)


def former_policies(journal: Journal, touched: Iterable[JournalEntry]) -> dict[str, JsonObject]:
    """Return by id each policy that was changed as it was before the first of these intents."""
    former: dict[str, JsonObject] = {}
    for entry in touched:
        if entry.operation in CHANGES and entry.reason.why is Why.FORMER_POLICY:
            raw = journal.document(entry.reason.parts.document)
            former.setdefault(entry.object_id, msgspec.json.decode(raw))
    return former


def policies_created(journal: Journal) -> set[str]:
    """Return the ids of the policies that any run created."""
    made = journal.entries(operation=Operation.CREATE_POLICY, outcomes=DONE)
    return {entry.object_id for entry in made}


def bodies_written(journal: Journal) -> dict[str, JsonObject]:
    """Return by its marker the last body that any run wrote of each policy of ours that it did not delete."""
    found: dict[str, JsonObject] = {}
    for digest, plan in begun_plans(journal):
        for step in plan.policy_steps:
            if isinstance(step, SetPolicyState) or not _is_written(step, journal, digest):
                continue
            match step:
                case CreatePolicy():
                    found[step.key] = step.body
                case SetPolicyScope():
                    found[step.key] = step.after
                case DeletePolicy():
                    found.pop(step.key, None)
                case _:
                    assert_never(step)
    return found


def _is_written(step: PolicyStep, journal: Journal, digest: str) -> bool:
    return is_policy_step_settled(step, journal, digest) and is_policy_step_begun(step, journal, digest)


def past_of(journal: Journal) -> OwnPast:
    """Return what a new plan has to know of what was done before."""
    latest = latest_entries(journal).values()
    off = (entry for entry in latest if entry.outcome is not Outcome.SKIPPED and entry.requested == MfaState.DISABLED)
    return OwnPast(written=bodies_written(journal), disabled=frozenset(entry.object_id for entry in off))


def is_creation_sent(step: CreatePolicy, journal: Journal) -> bool:
    """Tell whether any run sent the creation of this policy."""
    sent = journal.entries(operation=Operation.CREATE_POLICY, outcomes=[Outcome.INTENT])
    return any(entry.object_id == step.key for entry in sent)


def is_policy_step_settled(step: PolicyStep, journal: Journal, plan_digest: str) -> bool:
    """Tell whether a policy step has its final outcome in a run."""
    entries = _entries_of(step, journal, plan_digest)
    return bool(entries) and entries[-1].outcome in FINAL


def is_policy_step_begun(step: PolicyStep, journal: Journal, plan_digest: str) -> bool:
    """Tell whether a run sent a step, or found its work done after an interruption: rollback covers both."""
    return any(entry.outcome in DONE | {Outcome.INTENT} for entry in _entries_of(step, journal, plan_digest))


def is_policy_step_in_doubt(step: PolicyStep, journal: Journal) -> bool:
    """Tell whether a run sent this step, in this process or an earlier one, and nothing clear came of it."""
    last = next(reversed(_entries_of(step, journal)), None)
    if last is None or (isinstance(step, SetPolicyState) and last.requested != step.after):
        return False
    return last.outcome is Outcome.INTENT or (last.outcome is Outcome.FAILED and last.reason.why is Why.NO_ANSWER)


def policy_outcomes(journal: Journal, plan: PlanHeader) -> tuple[PolicyOutcome, ...]:
    """Return what became of the policy steps of a run, in order; those that it has not come to are left out."""
    outcomes = []
    for step in plan.policy_steps:
        entries = _entries_of(step, journal, plan.digest)
        if entries:
            last = entries[-1]
            at = last.server_date or last.time_utc
            outcomes.append(PolicyOutcome(step=step, outcome=last.outcome, reason=last.reason, at=at))
    return tuple(outcomes)


def _entries_of(step: PolicyStep, journal: Journal, plan_digest: str | None = None) -> list[JournalEntry]:
    """Return the entries of a step in order, of one run or of all.

    A step names an existing policy by its id and a created one by its marker; once Graph has given the latter an
    id, its entries name that, so there the name of the policy counts.
    """
    by_name = step.key.startswith(MARKER_PREFIX)
    # One rollback may change whom a policy is for several times: what was asked for tells which step it was.
    asked = document_ref(step.after) if isinstance(step, SetPolicyScope) else None
    return [
        entry
        for entry in journal.entries(plan_digest=plan_digest, operation=OPERATIONS[type(step)])
        if (entry.object_id == step.key or (by_name and entry.user_principal_name == step.display_name))
        and asked in (None, entry.requested)
    ]


def document_ref(value: object) -> str:
    """Return what the journal calls a document that it keeps whole."""
    return f"sha256:{sha256_of(value)}"
