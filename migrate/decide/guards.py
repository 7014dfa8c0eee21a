"""The guards that stand before a step: what a reading allows, whether a plan still fits, who depends on a policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import assert_never

from migrate.decide.coverage.judge import Judge
from migrate.decide.impact import beyond_limits
from migrate.decide.own_policies import is_named_by
from migrate.decide.policy_bodies import says_the_same
from migrate.decide.policy_steps import evidence_after, takes_effect_at_once
from migrate.errors import Blocked, LimitReached, StalePlan
from migrate.model.amounts import count_or_percent
from migrate.model.coverage import Assumption, Coverage, Verdict
from migrate.model.evidence import (
    ConditionalAccessPolicy,
    Evidence,
    PolicyState,
    evidence_digest,
)
from migrate.model.impact import AcceptedPerson, PolicyImpact
from migrate.model.journal import Outcome
from migrate.model.plan import AcceptedGap, PlanHeader, PlanKind
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.reasons import NO_REASON, Parts, Reason, Why, reason_of
from migrate.model.record import Record
from migrate.model.replies import StateReading
from migrate.model.snapshot import Organization
from migrate.model.steps import CreatePolicy, DeletePolicy, PolicyStep, SetMfaState, SetPolicyState
from migrate.model.users import MfaState, UserProfile
from migrate.model.words import counted


class Send(Record, frozen=True, kw_only=True):
    """The step may be sent; `found` is what was read right before."""

    found: str
    reason: Reason = NO_REASON
    rests_on: tuple[str, ...] = ()
    """Ids of the policies that the user's proof rests on; empty where no proof is needed."""


class Leave(Record, frozen=True, kw_only=True):
    """The step must not be sent."""

    outcome: Outcome
    found: str
    reason: Reason
    until: datetime | None = None
    """When the step may be sent after all, where that is only a matter of time."""

    @property
    def why(self) -> Why:
        """Return what kind of reason it is; whose proof failed counts against max_failures."""
        return self.reason.why


def decision_for(step: SetMfaState, reading: StateReading, *, overwrite_drift: bool = False) -> Send | Leave:
    """Decide from the state read right before the write whether a step is sent (promise 4).

    An enabled user found enforced has registered meanwhile: a promotion, not drift, and nothing to do, unless the
    step is there to take the user from enforced to enabled. Everything else that differs from the plan is drift and
    left alone.
    """
    if reading.mfa_state is None and reading.is_gone:
        return Leave(outcome=Outcome.SKIPPED, found="", reason=reason_of(Why.GONE, f": {reading.problem}"))
    if reading.mfa_state is None:
        return Leave(outcome=Outcome.FAILED, found="", reason=reason_of(Why.UNREADABLE, str(reading.problem)))
    found = reading.mfa_state
    if found is step.after or (step.after.is_found_as(found) and found is not step.before):
        return Leave(
            outcome=Outcome.SKIPPED, found=found, reason=reason_of(Why.NOTHING_TO_DO, parts=Parts(found=found))
        )
    if step.before.is_found_as(found) or overwrite_drift:
        return Send(found=found)
    drift = reason_of(Why.DRIFT, parts=Parts(before=step.before, found=found))
    return Leave(outcome=Outcome.SKIPPED, found=found, reason=drift)


def refuse_foreign(plan: PlanHeader, organization: Organization, *, cloud: str, endpoint: str | None) -> None:
    """Raise StalePlan unless the plan was made for this tenant, cloud and endpoint."""
    for what, planned, here in (
        ("tenant", plan.tenant_id, organization.tenant_id),
        ("cloud", plan.cloud, cloud),
        ("endpoint", plan.endpoint or "Microsoft Graph", endpoint or "Microsoft Graph"),
    ):
        if planned != here:
            raise StalePlan(
                f"The plan was made for {what} {planned}; this is {here}.",
                hint="Sign in to the right tenant, or run `mfa-migrate export` and `mfa-migrate plan` here.",
            )


def refuse_stale(plan: PlanHeader, evidence: Evidence, now: datetime) -> None:
    """Raise StalePlan when a plan that was never begun is too old or rests on evidence that changed."""
    age = now - datetime.fromisoformat(plan.snapshot_taken_at)
    if age > timedelta(seconds=plan.limits.plan_max_age_seconds):
        raise StalePlan(
            f"The plan rests on an export that is {_hours(age)} old; the limit is "
            f"{_hours(timedelta(seconds=plan.limits.plan_max_age_seconds))}.",
            hint="Run `mfa-migrate export` and `mfa-migrate plan` again, or raise limits.plan_max_age.",
        )
    if plan.evidence_digest != evidence_digest(before_own_scope(plan.policy_steps, evidence)):
        raise StalePlan(
            "Conditional Access policies, named locations, authentication strengths or security defaults have "
            "changed since the export.",
            hint="Run `mfa-migrate export` and `mfa-migrate plan` again and look at the difference.",
        )


def before_own_scope(steps: Iterable[PolicyStep], evidence: Evidence) -> Evidence:
    """Return the evidence as if these steps had not yet changed whom a policy is for.

    A plan that was replaced in the middle of its run finds done what it did itself; whatever else differs stays.
    """
    back = [step.reverse() for step in steps if isinstance(step, SetPolicyScope)]
    done = [step for step in back if any(_is_as_after(step.reverse(), policy) for policy in evidence.policies)]
    return evidence_after(evidence, done)


def _is_as_after(step: SetPolicyScope, policy: ConditionalAccessPolicy) -> bool:
    return is_named_by(step.key, policy) and says_the_same(step.after, policy)


def refuse_blocked(plan: PlanHeader) -> None:
    """Raise Blocked when the plan lists blockers."""
    if plan.blockers:
        sentences = " ".join(f"[{note.code}] {note.sentence}" for note in plan.blockers)
        raise Blocked(
            f"The plan has {counted(len(plan.blockers), 'blocker')}: {sentences}",
            hint="Remove what blocks, then run `mfa-migrate export` and `mfa-migrate plan` again.",
        )


def refuse_newly_required(plan: PlanHeader) -> None:
    """Raise LimitReached when a policy that is switched on would catch more people than allowed by now."""
    for prompted in plan.newly_prompted:
        if prompted.outside_plan > plan.limits.max_newly_required:
            outside = counted(prompted.outside_plan, "person", "people")
            raise LimitReached(
                f"Switching on {prompted.policy!r} would newly require MFA of {outside} outside the plan; "
                f"max_newly_required allows {plan.limits.max_newly_required}.",
                hint="Raise max_newly_required under [limits], or narrow the policy; `mfa-migrate plan` again.",
            )
    for impact in plan.impacts:
        refuse_impact(impact, plan)


def refuse_too_many(plan: PlanHeader, *, this: int, max_users: str | None) -> None:
    """Raise LimitReached when more users would be disabled than allowed.

    Both limits hold: `max_users` from the command line counts what this command may do, `this` many users who are
    still to do; the one that the plan took from the configuration counts the whole plan.
    """
    if max_users is not None and this > (limit := count_or_percent(max_users, plan.total_users, "--max-users")):
        raise LimitReached(
            f"This command may disable {counted(this, 'user')}; --max-users {_with_base(max_users, limit, plan)}.",
            hint="Raise --max-users, or go less far: --until wave:1 or --wave N.",
        )
    whole, named = plan.users_to_change, plan.limits.max_users
    if named is not None and whole > (limit := count_or_percent(named, plan.total_users, "limits.max_users")):
        raise LimitReached(
            f"The plan disables {counted(whole, 'user')}; max_users = {_with_base(named, limit, plan)}.",
            hint="Raise max_users under [limits], or narrow the plan, and run `mfa-migrate plan` again.",
        )


def refuse_beyond_limits(plan: PlanHeader, step: PolicyStep) -> None:
    """Raise LimitReached when a step of a migration creates or switches on a policy that catches more than allowed.

    A plan says whom each policy catches that it switches on; one that does not say it is no ground to switch it on.
    """
    if plan.kind is not PlanKind.MIGRATE or not _switches_on(step):
        return
    impact = next((one for one in plan.impacts if one.key == step.key), None)
    if impact is None:
        if any(one.policy == step.display_name for one in plan.newly_prompted):
            return  # counted, and held against its limit, by an older version
        raise LimitReached(
            f"The plan does not say whom {step.display_name!r} would catch.",
            hint="Run `mfa-migrate plan` again.",
        )
    refuse_impact(impact, plan)


def refuse_impact(impact: PolicyImpact, plan: PlanHeader) -> None:
    """Raise LimitReached when a policy catches more people than the plan's limits allow."""
    beyond = list(beyond_limits(impact, plan.limits))
    if beyond:
        raise LimitReached(" ".join(note.sentence for note in beyond), hint="Then run `mfa-migrate plan` again.")


def is_counted_again(plan: PlanHeader, step: PolicyStep) -> bool:
    """Tell whether it is counted anew, at the step, whom its policy catches: where the plan counted it itself."""
    creates_or_enables = isinstance(step, CreatePolicy) or _switches_on(step)
    return plan.kind is PlanKind.MIGRATE and creates_or_enables and any(one.key == step.key for one in plan.impacts)


def accepted_people(plan: PlanHeader, now: datetime) -> dict[str, AcceptedPerson]:
    """Return by id the people whom the operator accepts by name as caught, and still does."""
    today = now.date().isoformat()
    return {person.user_id: person for person in plan.accepted_caught if today < person.expires}


def _switches_on(step: PolicyStep) -> bool:
    match step:
        case CreatePolicy():
            return step.body.get("state") not in (PolicyState.REPORT_ONLY.value, PolicyState.DISABLED.value)
        case SetPolicyState():
            return step.switches_on
        case SetPolicyScope():
            return takes_effect_at_once(step)
        case DeletePolicy():
            return False
        case _:
            assert_never(step)


def _with_base(named: str, limit: int, plan: PlanHeader) -> str:
    share = f" of the {counted(plan.total_users, 'user')} of the tenant, which" if "%" in named else ""
    return f"{named}{share} allows {limit}"


def accepted_on(gaps: Iterable[AcceptedGap], now: datetime) -> frozenset[str]:
    """Return the tags of the accepted gaps that have not expired."""
    return frozenset(gap.tag for gap in gaps if now.date().isoformat() < gap.expires)


def needs_proof(step: SetMfaState) -> bool:
    """Tell whether coverage must be proven before a step: whenever per-user MFA goes off, whoever planned it.

    The one exception is named in the step itself, with the operator's reason, and stands in plan and audit.
    """
    return step.after is MfaState.DISABLED and not step.uncovered_accepted


def dependents(
    profiles: Iterable[UserProfile], before: Judge, after: Judge, accepted: frozenset[str]
) -> Iterator[UserProfile]:
    """Yield the users of whom less is covered without a policy, and what is left is no proof (design rule 7).

    Whether the proof holds now does not matter: who is off for a gap whose acceptance has expired, or by a plan that
    is not at hand, must not lose the rest.
    """
    for profile in profiles:
        now, left = before.coverage_of(profile), after.coverage_of(profile)
        if now.verdict is not Verdict.UNCOVERED and not left.is_proven(accepted) and _open(now) != _open(left):
            yield profile


def _open(coverage: Coverage) -> tuple[Verdict, frozenset[str], tuple[Assumption, ...]]:
    return coverage.verdict, frozenset(gap.tag for gap in coverage.gaps), coverage.assumes


def _hours(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"
