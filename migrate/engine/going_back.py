"""Whether the policies of a rollback may go back: only when nobody whom we switched off depends on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from itertools import islice

from migrate.decide.coverage.judge import Judge
from migrate.decide.guards import accepted_on, dependents
from migrate.decide.policy_steps import with_policies
from migrate.engine.ports import Journal, Progress, Tenant
from migrate.engine.rollback_record import forward_plans
from migrate.model.evidence import Evidence
from migrate.model.plan import PlanHeader, PolicyStep, SetMfaState, weakens
from migrate.model.replies import StateReading
from migrate.model.users import MfaState, UserProfile

CHUNK = 500
SAMPLE = 5


async def policies_may_go_back(
    plan: PlanHeader,
    steps: Callable[[], Iterator[SetMfaState]],
    policy_steps: Sequence[PolicyStep],
    *,
    tenant: Tenant,
    journal: Journal,
    progress: Progress,
) -> str:
    """Return why the policies must stay as they are; empty when they may go back (design rule 7).

    Every user of the plan is read back, and then everybody else whom this workspace ever switched off. How many
    other people lose the requirement is said before anything is sent.
    """
    not_restored = [
        step.user_principal_name
        async for step, reading in _read_back(tenant, steps())
        if reading.mfa_state is None or not step.after.is_found_as(reading.mfa_state)
    ]
    if not_restored:
        return f"{len(not_restored)} users are not restored ({', '.join(not_restored[:SAMPLE])})"
    if not any(weakens(step) for step in policy_steps):
        return ""
    evidence = await tenant.read_evidence()
    without = _without(evidence, policy_steps)
    apps = None if plan.apps_that_matter is None else frozenset(plan.apps_that_matter)
    before, after = Judge(evidence, apps_that_matter=apps), Judge(without, apps_that_matter=apps)
    accepted = accepted_on(plan.accepted_gaps, tenant.server_now())
    depending = await _depending(tenant, journal, before, after, accepted)
    if depending:
        return f"{len(depending)} users whom this tool switched off rest on it ({', '.join(depending[:SAMPLE])})"
    losing = 0
    async for profile in tenant.iter_users():
        losing += any(True for _ in dependents([profile], before, after, frozenset()))
    progress.note(f"{losing} people lose the requirement of MFA when the policies go back.")
    return ""


async def _depending(
    tenant: Tenant, journal: Journal, before: Judge, after: Judge, accepted: frozenset[str]
) -> list[str]:
    """Return the users whom any run switched off, who still are, and who need the policies."""
    digests = [digest for digest, _ in forward_plans(journal)]
    touched = (user for user in journal.touched(digests) if user.requested is MfaState.DISABLED)
    found: list[str] = []
    while chunk := list(islice(touched, CHUNK)):
        readings = await tenant.read_mfa_states([user.user_id for user in chunk])
        # A user who cannot be read might be off: "could not read" is not "is restored".
        off = [r.user_id for r in readings if r.mfa_state in (MfaState.DISABLED, None) and r.status != 404]
        profiles = await tenant.read_profiles(off)
        known = [profile for profile in profiles.values() if isinstance(profile, UserProfile)]
        found += [profile.user_principal_name for profile in dependents(known, before, after, accepted)]
        found += [user_id for user_id, profile in profiles.items() if isinstance(profile, str)]
    return found


async def _read_back(tenant: Tenant, steps: Iterator[SetMfaState]) -> AsyncIterator[tuple[SetMfaState, StateReading]]:
    while chunk := list(islice(steps, CHUNK)):
        for step, reading in zip(chunk, await tenant.read_mfa_states([step.user_id for step in chunk]), strict=True):
            yield step, reading


def _without(evidence: Evidence, steps: Sequence[PolicyStep]) -> Evidence:
    keys = [step.key for step in steps if weakens(step)]
    return with_policies(
        evidence,
        tuple(
            policy
            for policy in evidence.policies
            if not any(key == policy.id or key in (policy.description or "") for key in keys)
        ),
    )
