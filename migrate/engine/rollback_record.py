"""Keep the way back on disk: rollback.csv and rollback.json, written again before each wave and each policy step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from migrate.decide.policy_steps import is_named_by
from migrate.engine.policy_steps import FORMER_POLICY, is_policy_step_begun, is_policy_step_settled
from migrate.engine.ports import Journal
from migrate.engine.run_parts import RunParts
from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.journal import JournalEntry, Operation, Outcome, Touched
from migrate.model.plan import CreatePolicy, PlanHeader, PlanKind, PolicyStep, SetPolicyState
from migrate.model.record import JsonObject
from migrate.model.rollback import ROLLBACK_FORMAT, ROLLBACK_KIND, CreatedPolicy, RollbackHeader, RollbackRow
from migrate.model.users import MfaState

SWITCHES_OFF = "disable"
"""The count of a rollback plan that says how many users it switches off: only one that undoes a rollback does."""
ROLLED_BACK = "rolled back"
"""How the reason begins with which a rollback closes the runs that it put back as a whole."""


class RollbackRecord:
    """Writes what a rollback needs: the users of the waves so far with the state read before the write."""

    def __init__(self, parts: RunParts) -> None:
        self._plan, self._digest, self._steps = parts.plan, parts.plan.digest, parts.steps
        self._journal, self._files = parts.journal, parts.rollback_files
        self._tool_version = parts.options.tool_version

    def write(
        self,
        policies: Sequence[ConditionalAccessPolicy],
        *,
        created_at: str,
        wave: int = 0,
        found: Mapping[str, str] | None = None,
    ) -> None:
        """Replace both files.

        Args:
            policies: All policies as they are now.
            created_at: The server's time (ISO 8601).
            wave: The wave that is about to begin.
            found: The state just read of each user of that wave who will be written, by id.
        """
        plans = plans_in_force(self._journal)
        digests = list(dict.fromkeys([*(digest for digest, _ in plans), self._digest]))
        steps = [step for digest, plan in plans for step in plan.policy_steps if not self._is_not_ours(step, digest)]
        touched = policies_touched(self._journal, digests)
        count, last_hash = self._journal.head
        header = RollbackHeader(
            format=ROLLBACK_FORMAT,
            kind=ROLLBACK_KIND,
            tool_version=self._tool_version,
            created_at=created_at,
            tenant_id=self._plan.tenant_id,
            tenant_name=self._plan.tenant_name,
            tenant_domain=self._plan.tenant_domain,
            cloud=self._plan.cloud,
            endpoint=self._plan.endpoint,
            plan_digests=tuple(digests),
            former_policies=self._former(touched) | self._about_to_change(steps, policies, touched),
            policies_created=tuple(
                CreatedPolicy(key=step.key, id=_id_of(step.key, policies), body=step.body)
                for step in steps
                if isinstance(step, CreatePolicy)
            ),
            policies_switched=tuple(step for step in steps if isinstance(step, SetPolicyState)),
            csv_sha256="",
            journal_entries=count,
            journal_hash=last_hash,
            may_be_off=self._may_be_off(digests, found or {}),
        )
        self._files.write(header, self._rows(digests, wave, found or {}))

    def _may_be_off(self, digests: Sequence[str], found: Mapping[str, str]) -> tuple[str, ...]:
        """Return the users who have no row and may get off before the files are written again, or are for others."""
        planned = [step.user_id for step in self._steps() if step.after is MfaState.DISABLED]
        elsewhere = [user_id for _, plan in begun_plans(self._journal) for user_id in plan.may_be_off]
        rows = {touched.user_id for touched in self._journal.touched(digests)}.union(found)
        return tuple(user_id for user_id in dict.fromkeys([*planned, *elsewhere]) if user_id not in rows)

    def _is_not_ours(self, step: PolicyStep, digest: str) -> bool:
        """Tell whether a step is settled although the run never sent it: somebody else had done its work before."""
        settled = is_policy_step_settled(step, self._journal, digest)
        return settled and not is_policy_step_begun(step, self._journal, digest)

    def _rows(self, digests: Sequence[str], wave: int, found: Mapping[str, str]) -> Iterator[RollbackRow]:
        for touched in net_touched(self._journal, digests):
            # A user of the coming wave is written below, from the state just read.
            if touched.user_id not in found:
                yield RollbackRow(
                    user_id=touched.user_id,
                    user_principal_name=touched.user_principal_name,
                    previous_state=touched.before,
                    target_state=touched.requested,
                    wave=touched.wave,
                    tenant_id=self._plan.tenant_id,
                    plan_digest=touched.plan_digest,
                )
        for step in self._steps() if found else ():
            if step.wave == wave and step.user_id in found:
                yield RollbackRow(
                    user_id=step.user_id,
                    user_principal_name=step.user_principal_name,
                    previous_state=MfaState(found[step.user_id]),
                    target_state=step.after,
                    wave=step.wave,
                    tenant_id=self._plan.tenant_id,
                    plan_digest=self._digest,
                )

    def _former(self, touched: Sequence[JournalEntry]) -> dict[str, JsonObject]:
        """Return each policy as it was before the first step that touched it."""
        former: dict[str, JsonObject] = {}
        for entry in touched:
            if entry.operation is Operation.SET_POLICY_STATE and entry.reason.startswith(FORMER_POLICY):
                raw = self._journal.document(entry.reason.removeprefix(FORMER_POLICY))
                former.setdefault(entry.object_id, msgspec.json.decode(raw))
        return former

    @staticmethod
    def _about_to_change(
        steps: Sequence[object], policies: Sequence[ConditionalAccessPolicy], touched: Sequence[JournalEntry]
    ) -> dict[str, JsonObject]:
        done = {entry.object_id for entry in touched if entry.operation is Operation.SET_POLICY_STATE}
        keys = [step.key for step in steps if isinstance(step, SetPolicyState)]
        return {
            policy.id: policy.raw
            for policy in policies
            if policy.id not in done and any(is_named_by(key, policy) for key in keys)
        }


def begun_plans(journal: Journal) -> list[tuple[str, PlanHeader]]:
    """Return every plan that was begun under this journal, oldest first, with its digest."""
    return [
        (entry.plan_digest, msgspec.json.decode(journal.document(entry.requested), type=PlanHeader))
        for entry in journal.entries(operation=Operation.OPEN_RUN, outcomes=[Outcome.OPENED])
    ]


def forward_plans(journal: Journal) -> list[tuple[str, PlanHeader]]:
    """Return the plans that were begun under this journal, oldest first, with their digests.

    Rollbacks are left out, unless they undo a rollback and so switch people off again.
    """
    return [
        (digest, plan)
        for digest, plan in begun_plans(journal)
        if plan.kind is not PlanKind.ROLLBACK or plan.counts.get(SWITCHES_OFF)
    ]


def plans_in_force(journal: Journal) -> list[tuple[str, PlanHeader]]:
    """Return the forward plans that no rollback has put back as a whole, oldest first, with their digests.

    When all of them are back, the last one: to roll back twice is to look once more.
    """
    undone = plans_rolled_back(journal)
    plans = forward_plans(journal)
    return [entry for entry in plans if entry[0] not in undone] or plans[-1:]


def plans_rolled_back(journal: Journal) -> set[str]:
    """Return the digests of the plans that a rollback has put back as a whole."""
    closed = journal.entries(operation=Operation.CLOSE_RUN, outcomes=[Outcome.CLOSED])
    return {entry.plan_digest for entry in closed if entry.reason.startswith(ROLLED_BACK)}


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


def migrations(journal: Journal) -> list[tuple[str, PlanHeader]]:
    """Return the migrations that were begun under this journal, oldest first, with their digests."""
    return [(digest, plan) for digest, plan in begun_plans(journal) if plan.kind is PlanKind.MIGRATE]


def policy_steps_begun(journal: Journal, plans: Sequence[tuple[str, PlanHeader]]) -> list[PolicyStep]:
    """Return the policy steps of these runs for which anything was journalled, in order, each once."""
    begun: list[PolicyStep] = []
    for digest, plan in plans:
        for step in plan.policy_steps:
            if step not in begun and is_policy_step_begun(step, journal, digest):
                begun.append(step)
    return begun


def policies_touched(journal: Journal, digests: Sequence[str]) -> list[JournalEntry]:
    """Return the intents for policies in these runs, in order."""
    found = [
        entry
        for digest in digests
        for operation in (Operation.CREATE_POLICY, Operation.SET_POLICY_STATE, Operation.DELETE_POLICY)
        for entry in journal.entries(plan_digest=digest, operation=operation, outcomes=[Outcome.INTENT])
    ]
    return sorted(found, key=lambda entry: entry.sequence)


def _id_of(key: str, policies: Sequence[ConditionalAccessPolicy]) -> str:
    return next((policy.id for policy in policies if key in (policy.description or "")), "")
