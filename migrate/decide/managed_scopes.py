"""Whether Microsoft changed a policy of its own since the plan, where the proof of somebody who is off rests on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from migrate.decide.policy_bodies import said_by
from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.findings import Finding, FindingCode
from migrate.model.managed import is_managed
from migrate.model.record import JsonObject
from migrate.model.words import counted


def managed_findings(
    planned: Evidence, now: Evidence, planned_on: frozenset[str], resting: Mapping[str, int]
) -> Iterator[Finding]:
    """Yield a finding for each Microsoft-managed policy whose scope or state is not what it was for the plan.

    Args:
        planned: The evidence that the plan was made from.
        now: The evidence of today.
        planned_on: Ids of the policies that the plan's proofs rest on.
        resting: By policy id, how many users who were switched off rest on it today.
    """
    present = {policy.id.lower(): policy for policy in now.policies}
    for before in planned.policies:
        policy_id = before.id.lower()
        rests = resting.get(policy_id, 0)
        if not is_managed(before) or not (rests or policy_id in planned_on):
            continue
        changes = _changes(before, present.get(policy_id))
        if changes:
            yield Finding(
                code=FindingCode.MANAGED_SCOPE_CHANGED,
                subject=before.display_name,
                subject_id=before.id,
                sentence="This policy of Microsoft's is not what it was when the plan was made, and proofs rest on it; "
                f"today that of {counted(rests, 'user')} who {'is' if rests == 1 else 'are'} off.",
                evidence="; ".join(changes),
            )


def _changes(before: ConditionalAccessPolicy, now: ConditionalAccessPolicy | None) -> list[str]:
    """Return in words what differs in the state and in whom, what and where a policy is for."""
    if now is None:
        return ["it does not exist any more"]
    found = [] if before.policy_state is now.policy_state else [f"state: {before.policy_state} -> {now.policy_state}"]
    then, today = (said_by({"conditions": policy.raw.get("conditions")}) for policy in (before, now))
    return found + list(_differences(then.get("conditions") or {}, today.get("conditions") or {}, "conditions"))


def _differences(then: JsonObject, today: JsonObject, path: str) -> Iterator[str]:
    for name in sorted(then.keys() | today.keys()):
        before, now = then.get(name), today.get(name)
        if before == now:
            continue
        if isinstance(before or now, dict):
            yield from _differences(before or {}, now or {}, f"{path}.{name}")
        elif isinstance(before or now, list):
            gone, come = _without(before or [], now or []), _without(now or [], before or [])
            yield f"{path}.{name}: {gone} fewer, {come} more"
        else:
            yield f"{path}.{name}: {before} -> {now}"


def _without(these: list[Any], those: list[Any]) -> int:
    return sum(one not in those for one in these)
