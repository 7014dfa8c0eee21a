"""Keep the way back on disk: rollback.csv and rollback.json, written again before each wave and each policy step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from migrate.decide.own_policies import is_named_by
from migrate.engine.history import (
    CHANGES,
    begun_plans,
    former_policies,
    is_policy_step_begun,
    is_policy_step_settled,
    plans_in_force,
    policies_touched,
)
from migrate.engine.run_parts import RunParts
from migrate.engine.way_back import rollback_rows, still_owed
from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.journal import JournalEntry
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.record import JsonObject
from migrate.model.rollback import ROLLBACK_FORMAT, ROLLBACK_KIND, CreatedPolicy, RollbackHeader, RollbackRow
from migrate.model.steps import CreatePolicy, PolicyStep, SetPolicyState
from migrate.model.users import MfaState


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
            former_policies=former_policies(self._journal, touched) | self._about_to_change(steps, policies, touched),
            policies_created=tuple(
                CreatedPolicy(key=step.key, id=_id_of(step.key, policies), body=step.body)
                for step in steps
                if isinstance(step, CreatePolicy)
            ),
            policies_switched=tuple(step for step in steps if isinstance(step, SetPolicyState)),
            policies_rescoped=tuple(step for step in steps if isinstance(step, SetPolicyScope)),
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
        # A user of the coming wave is written below, from the state just read.
        known = set(found)
        for row in rollback_rows(self._journal, digests, self._plan.tenant_id):
            if row.user_id not in known:
                known.add(row.user_id)
                yield row
        # Whoever was about to be written when the process died, with an intent that was lost, is still owed a row.
        yield from still_owed(
            (row for row in self._files.kept_rows() if row.user_id not in known), self._journal, digests
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

    @staticmethod
    def _about_to_change(
        steps: Sequence[object], policies: Sequence[ConditionalAccessPolicy], touched: Sequence[JournalEntry]
    ) -> dict[str, JsonObject]:
        done = {entry.object_id for entry in touched if entry.operation in CHANGES}
        keys = [step.key for step in steps if isinstance(step, SetPolicyState | SetPolicyScope)]
        return {
            policy.id: policy.raw
            for policy in policies
            if policy.id not in done and any(is_named_by(key, policy) for key in keys)
        }


def _id_of(key: str, policies: Sequence[ConditionalAccessPolicy]) -> str:
    return next((policy.id for policy in policies if key in (policy.description or "")), "")
