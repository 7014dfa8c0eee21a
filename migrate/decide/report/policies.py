"""Lay the policies of a migration side by side: before, as planned, and now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from migrate.model.evidence import Evidence
from migrate.model.impact import PolicyImpact
from migrate.model.now import Now, PolicyNow
from migrate.model.plan import PlanHeader
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.report import PolicyFacts, PolicyRole
from migrate.model.steps import CreatePolicy, DeletePolicy, SetPolicyState


def policies_of(plan: PlanHeader | None, evidence: Evidence, now: Now) -> tuple[PolicyFacts, ...]:
    """Return the policies that a plan touches, in its order, and then those that proofs rest on.

    Args:
        plan: The plan; policies that were changed without one in the folder come all the same.
        evidence: As exported.
        now: What this tool did since.
    """
    return tuple(_policies(plan, evidence, now))


def _policies(plan: PlanHeader | None, evidence: Evidence, now: Now) -> Iterator[PolicyFacts]:
    told = set()
    for key, (name, role, before, planned) in _touched(plan).items():
        done = _done(now, key, name)
        told.add(done.id if done is not None else key)
        exported = _exported(evidence, key)
        impact = next((one for one in plan.impacts if one.key == key), None) if plan is not None else None
        yield _fact(key, name, role, before, planned, exported, done, impact)
    for key, done in now.policies.items():
        if key not in told:
            told.add(key)
            role = PolicyRole.CREATED if done.body is not None else PolicyRole.SWITCHED
            yield _fact(key, done.display_name, role, done.before, "", _exported(evidence, key), done, None)
    for key in () if plan is None else plan.rests_on:
        found = next((one for one in evidence.policies if one.id.casefold() == key.casefold()), None)
        if key not in told and found is not None:
            state = _exported(evidence, key)
            yield _fact(key, found.display_name, PolicyRole.RESTS_ON, state, "", state, None, None)


def _touched(plan: PlanHeader | None) -> dict[str, tuple[str, PolicyRole, str, str]]:
    """Return what a plan does to each policy, its steps taken together: name, role, state before, state planned."""
    found: dict[str, tuple[str, PolicyRole, str, str]] = {}
    for step in () if plan is None else plan.policy_steps:
        known = found.get(step.key)
        match step:
            case CreatePolicy():
                found[step.key] = (step.display_name, PolicyRole.CREATED, "", str(step.body.get("state", "")))
            case SetPolicyState():
                role, before = (PolicyRole.SWITCHED, step.before.value) if known is None else (known[1], known[2])
                found[step.key] = (step.display_name, role, before, step.after.value)
            case SetPolicyScope():
                state = step.policy_state.value
                found.setdefault(step.key, (step.display_name, PolicyRole.RESCOPED, state, state))
            case DeletePolicy():
                found[step.key] = (step.display_name, PolicyRole.CREATED, "", "")
            case _:
                assert_never(step)
    return found


def _done(now: Now, key: str, name: str) -> PolicyNow | None:
    """Return what was done to a policy; one that was created has got an id since it was planned."""
    known = now.policies.get(key)
    return known or next((one for one in now.policies.values() if one.display_name == name), None)


def _exported(evidence: Evidence, key: str) -> str:
    found = next((one for one in evidence.policies if one.id.casefold() == key.casefold()), None)
    return "" if found is None or found.policy_state is None else found.policy_state.value


def _fact(
    key: str,
    name: str,
    role: PolicyRole,
    before: str,
    planned: str,
    exported: str,
    done: PolicyNow | None,
    impact: PolicyImpact | None,
) -> PolicyFacts:
    state = exported
    if done is not None and done.since:
        state = "" if done.policy_state is None or done.deleted else done.policy_state.value
    return PolicyFacts(
        key=key,
        name=name,
        role=role,
        before=before,
        planned=planned,
        now=state,
        since="" if done is None else done.since,
        deleted=done is not None and done.deleted,
        in_doubt=done is not None and done.doubt is not None,
        impact=impact,
    )
