"""Keep the way back on disk: rollback.csv and rollback.json, written again before each wave and each policy step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from migrate.engine.policy_steps import FORMER_POLICY, is_policy_step_begun
from migrate.engine.ports import Journal, RollbackFiles
from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.journal import JournalEntry, Operation, Outcome, TargetType
from migrate.model.plan import CreatePolicy, PlanHeader, PlanKind, PolicyStep, SetMfaState, SetPolicyState
from migrate.model.record import JsonObject
from migrate.model.rollback import ROLLBACK_FORMAT, ROLLBACK_KIND, CreatedPolicy, RollbackHeader, RollbackRow
from migrate.model.users import MfaState


class RollbackRecord:
    """Writes what a rollback needs: the users of the waves so far with the state read before the write."""

    def __init__(self, plan: PlanHeader, journal: Journal, files: RollbackFiles, *, tool_version: str) -> None:
        self._plan, self._journal, self._files, self._tool_version = plan, journal, files, tool_version

    def write(
        self,
        policies: Sequence[ConditionalAccessPolicy],
        *,
        created_at: str,
        wave: Iterator[SetMfaState] | None = None,
        found: Mapping[str, str] | None = None,
    ) -> None:
        """Replace both files.

        Args:
            policies: All policies as they are now.
            created_at: The server's time (ISO 8601).
            wave: The steps of the wave that is about to begin.
            found: The state just read of each user of that wave who will be written, by id.
        """
        plans = forward_plans(self._journal)
        digests = list(dict.fromkeys([*(digest for digest, _ in plans), self._plan.digest]))
        steps = [step for _, plan in plans for step in plan.policy_steps] or list(self._plan.policy_steps)
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
        )
        self._files.write(header, self._rows(digests, wave, found or {}))

    def _rows(
        self, digests: Sequence[str], wave: Iterator[SetMfaState] | None, found: Mapping[str, str]
    ) -> Iterator[RollbackRow]:
        for touched in self._journal.touched(digests):
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
        for step in wave or ():
            if step.user_id in found:
                yield RollbackRow(
                    user_id=step.user_id,
                    user_principal_name=step.user_principal_name,
                    previous_state=MfaState(found[step.user_id]),
                    target_state=step.after,
                    wave=step.wave,
                    tenant_id=self._plan.tenant_id,
                    plan_digest=self._plan.digest,
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
        return {policy.id: policy.raw for policy in policies if policy.id in keys and policy.id not in done}


def begun_plans(journal: Journal) -> list[tuple[str, PlanHeader]]:
    """Return every plan that was begun under this journal, oldest first, with its digest."""
    return [
        (entry.plan_digest, msgspec.json.decode(journal.document(entry.requested), type=PlanHeader))
        for entry in journal.entries(operation=Operation.OPEN_RUN, outcomes=[Outcome.OPENED])
    ]


def forward_plans(journal: Journal) -> list[tuple[str, PlanHeader]]:
    """Return the plans that were begun under this journal, rollbacks left out, oldest first, with their digests."""
    return [(digest, plan) for digest, plan in begun_plans(journal) if plan.kind is not PlanKind.ROLLBACK]


def migrations(journal: Journal) -> list[tuple[str, PlanHeader]]:
    """Return the migrations that were begun under this journal, oldest first, with their digests."""
    return [(digest, plan) for digest, plan in begun_plans(journal) if plan.kind is PlanKind.MIGRATE]


def policy_steps_begun(journal: Journal, plans: Sequence[tuple[str, PlanHeader]]) -> list[PolicyStep]:
    """Return the policy steps of these runs for which anything was journalled, in order, each once."""
    begun: list[PolicyStep] = []
    for digest, plan in plans:
        entries = [e for e in journal.entries(plan_digest=digest) if e.target_type is TargetType.POLICY]
        for step in plan.policy_steps:
            if step not in begun and is_policy_step_begun(step, entries):
                begun.append(step)
    return begun


def policies_touched(journal: Journal, digests: Sequence[str]) -> list[JournalEntry]:
    """Return the intents for policies in these runs, in order."""
    wanted = {Operation.CREATE_POLICY, Operation.SET_POLICY_STATE, Operation.DELETE_POLICY}
    return [
        entry
        for digest in digests
        for entry in journal.entries(plan_digest=digest, outcomes=[Outcome.INTENT])
        if entry.operation in wanted
    ]


def _id_of(key: str, policies: Sequence[ConditionalAccessPolicy]) -> str:
    return next((policy.id for policy in policies if key in (policy.description or "")), "")
