"""Set users to one state, for `set-state`: the guards of a new request, then a plan like any other."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from migrate.decide.coverage.judge import Judge
from migrate.decide.guards import Leave, Send
from migrate.decide.reverser import TenantFacts
from migrate.decide.set_state import FormerStates, covered_note, is_restore, plan_for, refusal_for
from migrate.engine.ports import Tenant
from migrate.engine.proof import Proof
from migrate.engine.run_parts import RunParts
from migrate.engine.user_steps import UserSteps
from migrate.errors import ConfigProblem
from migrate.model.instants import iso_utc
from migrate.model.plan import PlanHeader
from migrate.model.reasons import Reason
from migrate.model.set_state import Consent, RefusedRequest, ResolvedRequest
from migrate.model.steps import SetMfaState
from migrate.model.tenant_settings import BaselineScopes, answer_on
from migrate.model.users import MfaState, Registration, UserProfile


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What a change of state is judged by, besides the tenant as it is."""

    here: TenantFacts
    consent: Consent
    accounts: Sequence[str]
    """Names or ids of the emergency access accounts, as configured."""
    apps_that_matter: Sequence[str]
    """Empty for all."""
    baseline_scopes: BaselineScopes | None
    """The operator's answer, as configured."""
    readback_timeout_seconds: int
    tool_version: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is asked for, after the guards: a plan for those who may be set, an answer for everybody."""

    answers: Sequence[ResolvedRequest | RefusedRequest]
    plan: PlanHeader
    steps: tuple[SetMfaState, ...]
    notes: dict[str, str]
    """By user id: the documented warning for somebody enabled or enforced beside Conditional Access, or empty."""


async def change_for(
    answers: Sequence[ResolvedRequest | RefusedRequest],
    asked: MfaState,
    ground: Ground,
    former: FormerStates,
    *,
    tenant: Tenant,
    made_from: str,
) -> Change:
    """Guard the requests for one state and plan those that may be sent; `made_from` is the journal's last hash."""
    resolved = [answer for answer in answers if isinstance(answer, ResolvedRequest)]
    restores = {each.profile.id for each in resolved if is_restore(each, asked, former)}
    answers = await _guarded(answers, asked, ground, restores, tenant)
    users = {answer.profile.id: answer for answer in answers if isinstance(answer, ResolvedRequest)}
    plan, steps = plan_for(
        list(users.values()),
        asked,
        ground.here,
        restores=restores,
        accept_uncovered=ground.consent.accept_uncovered,
        emergency_access=await _emergency_access(asked, ground, tenant),
        created_at=iso_utc(tenant.server_now()),
        tool_version=ground.tool_version,
        readback_timeout_seconds=ground.readback_timeout_seconds,
        apps_that_matter=tuple(sorted(ground.apps_that_matter)) or None,
        baseline_scopes=ground.baseline_scopes,
        made_from=made_from,
        decided_by=(await tenant.read_actor()).name if ground.consent.accept_uncovered else "",
    )
    moved = [each for each in users.values() if each.before is not asked]
    notes = await _notes(moved, ground, tenant) if moved and asked is not MfaState.DISABLED else {}
    return Change(answers=answers, plan=plan, steps=steps, notes=notes)


async def decisions_of(parts: RunParts) -> dict[str, Send | Leave]:
    """Do all reads and guards of a plan's users and return by id what would be done; nothing is written."""
    rehearsed = await UserSteps(parts, Proof(parts)).rehearse(list(parts.steps()))
    return {step.user_id: decision for step, decision in rehearsed}


async def _guarded(
    answers: Sequence[ResolvedRequest | RefusedRequest],
    asked: MfaState,
    ground: Ground,
    restores: AbstractSet[str],
    tenant: Tenant,
) -> Sequence[ResolvedRequest | RefusedRequest]:
    """Refuse to enforce users who never registered; a restore is never refused."""
    if asked is not MfaState.ENFORCED or ground.consent.allow_unregistered:
        return answers
    new = [a for a in answers if isinstance(a, ResolvedRequest) and a.profile.id not in restores]
    registrations: dict[str, Registration | None] = {}
    # Without P1 there is no report, and so nobody of whom it is known that a method is registered.
    if any(sku.allows_conditional_access for sku in await tenant.read_skus()):
        registrations = await tenant.read_registrations(list({a.profile.id for a in new}))
    refusals = {a.profile.id: refusal_for(a, asked, registrations.get(a.profile.id)) for a in new}
    return [(refusals.get(a.profile.id) or a) if isinstance(a, ResolvedRequest) else a for a in answers]


async def _emergency_access(asked: MfaState, ground: Ground, tenant: Tenant) -> tuple[str, ...]:
    if not ground.accounts or asked is not MfaState.DISABLED:
        return ()
    profiles = await tenant.read_profiles(list(ground.accounts))
    for name, profile in profiles.items():
        if isinstance(profile, Reason):
            raise ConfigProblem(f"emergency_access.accounts: {name}: {profile}", hint="Check the spelling.")
    return tuple(profile.id for profile in profiles.values() if isinstance(profile, UserProfile))


async def _notes(resolved: Sequence[ResolvedRequest], ground: Ground, tenant: Tenant) -> dict[str, str]:
    judge = Judge(
        await tenant.read_evidence(),
        apps_that_matter=frozenset(ground.apps_that_matter) or None,
        baseline=answer_on(ground.baseline_scopes, tenant.server_now().date()),
    )
    return {each.profile.id: covered_note(judge.coverage_of(each.profile)) for each in resolved}
