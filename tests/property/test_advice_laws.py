"""The laws of advice: what it names becomes so, nobody ever loses coverage, and no small set beats its best."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from migrate.decide.advice.candidates import Bans, candidates_of
from migrate.decide.advice.search import LARGEST
from migrate.decide.advice.taking import evidence_after, rules_after
from migrate.decide.planner import Planner
from migrate.decide.policy_steps import prepare
from migrate.model.advice import Number, Remedy
from migrate.model.plan import PlanAction
from migrate.model.rules import Rules
from migrate.model.users import UserRecord
from tests.property.advised_tenants import (
    HEADER,
    RULES,
    TENANT,
    advised,
    after,
    coverages,
    people,
    tenant_of,
    tenants_with_holes,
    to_migrate,
)
from tests.property.test_coverage_laws import LESS

RAW = dict[str, Any]
USERS = tuple[UserRecord, ...]
IN_SHORT = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
AT_LENGTH = settings(max_examples=3_000, deadline=None, suppress_health_check=list(HealthCheck))
MOST_CANDIDATES = 8


@IN_SHORT
@given(raws=tenants_with_holes(), users=people(), decided=RULES)
def test_taken_advice_makes_exactly_the_people_covered_that_it_named(
    raws: list[RAW], users: USERS, decided: Rules
) -> None:
    adviser, advice = advised(raws, users, decided)
    before = planned(raws, users, decided, ())
    assert advice.uncovered == advice.waiting - len(before)
    remedies = {proposal.number: proposal.remedy for proposal in advice.proposals}
    for steps, effect in [
        *(((proposal.number,), proposal.effect) for proposal in advice.proposals),
        *((way.steps, way.effect) for way in advice.ways),
    ]:
        named = {user.profile.id for user in users if Number.COVERED in adviser.behind(user, steps)}
        assert planned(raws, users, decided, [remedies[step] for step in steps]) - before == named
        assert effect.number(Number.COVERED) == len(named)


def planned(raws: list[RAW], users: USERS, decided: Rules, remedies: Any) -> set[str]:
    """Return whom a plan disables that is made after these steps: the real planner says so."""
    planner = Planner(HEADER, evidence_after(tenant_of(raws), remedies), rules_after(decided, remedies))
    return {row.user_id for row in planner.rows(users) if row.action is PlanAction.DISABLE}


@IN_SHORT
@given(raws=tenants_with_holes(), users=people(), decided=RULES)
def test_no_advice_makes_anybody_less_covered(raws: list[RAW], users: USERS, decided: Rules) -> None:
    _, advice = advised(raws, users, decided)
    before = coverages(after(raws, decided, ()), decided, users)
    remedies = {proposal.number: proposal.remedy for proposal in advice.proposals}
    for steps in [*((number,) for number in remedies), *(way.steps for way in advice.ways)]:
        then = coverages(after(raws, decided, [remedies[step] for step in steps]), decided, users)
        for user_id, coverage in before.items():
            assert (coverage.verdict, then[user_id].verdict) not in LESS


def assert_nothing_is_better(raws: list[RAW], users: USERS, decided: Rules) -> None:
    """Compare the best set with every set of up to three steps that may be proposed."""
    proof = prepare(TENANT, tenant_of(raws), decided).evidence
    bans = Bans(proof, decided, frozenset())
    allowed = [one for one in candidates_of(TENANT, proof, decided) if bans.why_never(one) is None]
    assume(0 < len(allowed) <= MOST_CANDIDATES)
    adviser, advice = advised(raws, users, decided)
    before = to_migrate(proof, decided, users)
    best: tuple[int, tuple[int, ...], int] | None = None
    for size in range(1, LARGEST + 1):
        for chosen in combinations(allowed, size):
            covered = len(to_migrate(after(raws, decided, chosen), decided, users) - before)
            if covered:
                rank = (-covered, cost(adviser, chosen, users), size)
                best = rank if best is None else min(best, rank)
    assert advice.exact_up_to == LARGEST
    small = [way for way in advice.ways if len(way.steps) <= LARGEST]
    assert (min(map(rank_of, small)) if small else None) == best
    for way in advice.ways:
        # A larger one stands there only where it covers more than every small one does.
        assert len(way.steps) <= LARGEST or best is None or rank_of(way)[0] < best[0]
    assert [rank_of(way) for way in advice.ways] == sorted(rank_of(way) for way in advice.ways)


def rank_of(way: Any) -> tuple[int, tuple[int, ...], int]:
    return -way.effect.number(Number.COVERED), way.effect.cost, len(way.steps)


def cost(adviser: Any, chosen: tuple[Remedy, ...], users: USERS) -> tuple[int, ...]:
    """Return the cost of any steps, person by person."""
    numbers = [adviser.numbers_under(user, chosen) for user in users]
    return (
        sum(any(number.may_be_blocked for number in found) for found in numbers),
        sum(any(number.is_blocked for number in found) for found in numbers),
        sum(Number.NOT_CAPABLE in found for found in numbers),
        sum(any(number.is_newly_required for number in found) for found in numbers),
    )


@IN_SHORT
@given(raws=tenants_with_holes(most=3), users=people(), decided=RULES)
def test_the_best_set_is_as_good_as_the_best_of_all_sets(raws: list[RAW], users: USERS, decided: Rules) -> None:
    assert_nothing_is_better(raws, users, decided)


@pytest.mark.long
@AT_LENGTH
@given(raws=tenants_with_holes(most=4), users=people(), decided=RULES)
def test_the_best_set_is_as_good_as_the_best_of_all_sets_at_length(
    raws: list[RAW], users: USERS, decided: Rules
) -> None:
    assert_nothing_is_better(raws, users, decided)
