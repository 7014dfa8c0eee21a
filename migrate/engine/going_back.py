"""Whether the policies of a rollback may go back: only when nobody whom we switched off depends on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice

from migrate.decide.coverage.judge import Judge
from migrate.decide.guards import accepted_on, dependents
from migrate.decide.policy_steps import is_named_by, with_policies
from migrate.engine.history import begun_plans
from migrate.engine.ports import Tenant
from migrate.engine.run_parts import RunParts
from migrate.model.evidence import Evidence
from migrate.model.plan import PolicyStep, SetMfaState, weakens
from migrate.model.reasons import Reason
from migrate.model.replies import StateReading
from migrate.model.users import MfaState, UserProfile

CHUNK = 500
SAMPLE = 5
GONE = 404
"""Whoever was deleted meanwhile needs no protection and cannot be restored."""


async def policies_may_go_back(parts: RunParts, policy_steps: Sequence[PolicyStep]) -> str:
    """Return why the policies must stay as they are; empty when they may go back (design rule 7).

    Every user of the plan is read back, and then everybody else whom this workspace ever switched off. How many
    other people lose the requirement is said before anything is sent.
    """
    plan, tenant = parts.plan, parts.tenant
    not_restored = [
        step.user_principal_name
        async for step, reading in _read_back(tenant, parts.steps())
        if reading.status != GONE and (reading.mfa_state is None or not step.after.is_found_as(reading.mfa_state))
    ]
    if not_restored:
        return f"{len(not_restored)} users are not restored ({', '.join(not_restored[:SAMPLE])})"
    if not any(weakens(step) for step in policy_steps):
        return ""
    evidence = await tenant.read_evidence()
    without = _without(evidence, policy_steps)
    apps = parts.apps_that_matter
    before = Judge(evidence, apps_that_matter=apps, baseline=parts.baseline)
    after = Judge(without, apps_that_matter=apps, baseline=parts.baseline)
    accepted = accepted_on(plan.accepted_gaps, tenant.server_now())
    depending = await _depending(parts, before, after, accepted)
    if depending:
        return f"{len(depending)} users whom this tool switched off rest on it ({', '.join(depending[:SAMPLE])})"
    losing = 0
    async for profile in tenant.iter_users():
        losing += any(True for _ in dependents([profile], before, after, frozenset()))
    parts.progress.note(f"{losing} people lose the requirement of MFA, or part of it, when the policies go back.")
    return ""


async def _depending(parts: RunParts, before: Judge, after: Judge, accepted: frozenset[str]) -> list[str]:
    """Return the users whom any run switched off, who still are, and who need the policies.

    Asked of every run by itself, rollbacks too: one that failed to restore somebody was the last to touch them, and
    one that undid a rollback switched people off.
    """
    tenant, plans = parts.tenant, begun_plans(parts.journal)
    switched_off = {
        user.user_id: None
        for digest, _ in plans
        for user in parts.journal.touched([digest])
        if user.requested is MfaState.DISABLED
    }
    elsewhere = dict.fromkeys(
        user_id for header in (parts.plan, *(begun for _, begun in plans)) for user_id in header.may_be_off
    )
    suspects = iter(switched_off | elsewhere)
    found: list[str] = []
    while chunk := list(islice(suspects, CHUNK)):
        readings = await tenant.read_mfa_states(chunk)
        # A user who cannot be read might be off: "could not read" is not "is restored".
        off = [r.user_id for r in readings if r.mfa_state in (MfaState.DISABLED, None) and r.status != GONE]
        profiles = await tenant.read_profiles(off)
        known = [profile for profile in profiles.values() if isinstance(profile, UserProfile)]
        found += [profile.user_principal_name for profile in dependents(known, before, after, accepted)]
        found += [user_id for user_id, profile in profiles.items() if isinstance(profile, Reason)]
    return found


async def _read_back(tenant: Tenant, steps: Iterator[SetMfaState]) -> AsyncIterator[tuple[SetMfaState, StateReading]]:
    while chunk := list(islice(steps, CHUNK)):
        for step, reading in zip(chunk, await tenant.read_mfa_states([step.user_id for step in chunk]), strict=True):
            yield step, reading


def _without(evidence: Evidence, steps: Sequence[PolicyStep]) -> Evidence:
    keys = [step.key for step in steps if weakens(step)]
    return with_policies(
        evidence,
        tuple(policy for policy in evidence.policies if not any(is_named_by(key, policy) for key in keys)),
    )
