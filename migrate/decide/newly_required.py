"""Names whom the policies of a plan newly require MFA of, and whom they block; the plan keeps numbers and a few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.decide.capability import Capabilities
from migrate.decide.coverage.judge import Judge
from migrate.decide.impact import ImpactTally, Standings
from migrate.decide.own_policies import is_named_by
from migrate.decide.policy_steps import evidence_after, takes_effect_at_once
from migrate.decide.replay.blocking import SignInLog
from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.impact import Caught, NewlyBlocked, NewlyRequired
from migrate.model.plan import PlanHeader
from migrate.model.snapshot import SubscribedSku
from migrate.model.steps import PolicyStep, SetPolicyState
from migrate.model.tenant_settings import UNANSWERED
from migrate.model.users import AnyUser, UserProfile

NEWLY = (Caught.NEWLY_REQUIRED, Caught.GUEST)
"""Neither enabled policies nor per-user MFA require MFA of these today."""


def newly_required(
    plan: PlanHeader, evidence: Evidence, skus: Iterable[SubscribedSku], users: Iterable[AnyUser]
) -> Iterator[NewlyRequired]:
    """Yield whom each policy that the plan switches on or widens newly requires, in the order of the users.

    Args:
        plan: The plan.
        evidence: What it was made from.
        skus: The subscriptions; they tell which accounts are rooms.
        users: Everybody whom it was made from.
    """
    for policy, profile, ways in _caught(plan, evidence, skus, users, None):
        if any(way in NEWLY for way in ways):
            yield NewlyRequired(
                user_id=profile.id,
                user_principal_name=profile.user_principal_name,
                policy=policy,
                is_guest=Caught.GUEST in ways,
                is_not_capable=Caught.NOT_CAPABLE in ways,
            )


def newly_blocked(
    plan: PlanHeader,
    evidence: Evidence,
    skus: Iterable[SubscribedSku],
    users: Iterable[AnyUser],
    log: SignInLog | None,
) -> Iterator[NewlyBlocked]:
    """Yield whom each of these policies newly blocks, as far as that is known; `log` is what was read of sign-ins."""
    for policy, profile, ways in _caught(plan, evidence, skus, users, log):
        if Caught.NEWLY_BLOCKED in ways:
            yield NewlyBlocked(
                user_id=profile.id,
                user_principal_name=profile.user_principal_name,
                policy=policy,
                in_log=Caught.BLOCKED_IN_LOG in ways,
            )


def _caught(
    plan: PlanHeader,
    evidence: Evidence,
    skus: Iterable[SubscribedSku],
    users: Iterable[AnyUser],
    log: SignInLog | None,
) -> Iterator[tuple[str, UserProfile, list[Caught]]]:
    """Yield policy, person and the ways in which the one catches the other."""
    after = evidence_after(evidence, plan.policy_steps)
    apps = None if plan.apps_that_matter is None else frozenset(plan.apps_that_matter)
    baseline = plan.baseline_scopes or UNANSWERED
    today, then = (Judge(each, apps_that_matter=apps, baseline=baseline) for each in (evidence, after))
    standings = Standings(
        today=today,
        now=Capabilities(evidence, today),
        then=Capabilities(after, then),
        evidence=evidence,
        skus=skus,
    )
    accepted = {person.user_id: person for person in plan.accepted_caught}
    found: list[tuple[Caught, UserProfile]] = []
    tallies = [
        (policy, ImpactTally(policy, after, accepted, told=lambda caught, profile: found.append((caught, profile))))
        for policy in _taking_effect(plan.policy_steps, after)
    ]
    for _, tally in tallies:
        tally.know_log(log, evidence)
    for user in users:
        standing = standings.of(user)
        for policy, tally in tallies:
            found.clear()
            tally.count(standing)
            if found:
                yield policy.display_name, user.profile, [caught for caught, _ in found]


def _taking_effect(steps: Iterable[PolicyStep], after: Evidence) -> Iterator[ConditionalAccessPolicy]:
    for step in steps:
        if takes_effect_at_once(step) or (isinstance(step, SetPolicyState) and step.switches_on):
            yield from (policy for policy in after.policies if is_named_by(step.key, policy))
