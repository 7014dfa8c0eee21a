"""A configuration that changed since its plan: what only holds back more is obeyed, anything else is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.decide.configuration import differences, made_with, tightening
from migrate.model.made_with import ConfigDifference, ConfigPart
from migrate.model.plan import AcceptedGap, ExcludedUser, Limits, PlanHeader
from migrate.model.policy_exclusions import ExcludedBy, PolicyExclusion
from migrate.model.report_only import ExitLimits
from migrate.model.rules import Rules
from migrate.model.templates import Template, Wish
from migrate.model.tenant_settings import BaselineScopes, BaselineSetting
from migrate.model.wave_gate import GateLimits
from migrate.model.waves import WaveRule
from tests.unit.decide.records import header, limits, object_id, rules

ADA, BOB = object_id("ada"), object_id("bob")
ENFORCED = BaselineScopes(setting=BaselineSetting.ENFORCED, said_by="Ada", said_on="2026-11-20")


def gap(tag: str = "location:trusted", expires: str = "2026-12-31") -> AcceptedGap:
    return AcceptedGap(tag=tag, reason="offices", expires=expires)


def planned(then: Rules, excluded: frozenset[str] = frozenset()) -> PlanHeader:
    """Return the plan that these rules make, as far as the configuration goes."""
    return header(
        emergency_access=then.emergency_access,
        accepted_gaps=then.accepted_gaps,
        apps_that_matter=None if then.apps_that_matter is None else tuple(sorted(then.apps_that_matter)),
        baseline_scopes=then.baseline if then.baseline.is_answer else None,
        limits=then.limits,
        made_with=made_with(then, excluded),
    )


def found(
    then: Rules, now: Rules, was: frozenset[str] = frozenset(), is_: frozenset[str] = frozenset()
) -> list[ConfigDifference]:
    plan = planned(then, was)
    assert plan.made_with is not None
    return differences(plan, plan.made_with, now, made_with(now, is_))


def limited(**others: Any) -> Rules:
    return rules(limits=msgspec.structs.replace(limits(), **others))


def gated(**numbers: Any) -> Rules:
    return limited(wave_gate=GateLimits(**numbers))


def test_the_same_configuration_differs_in_nothing() -> None:
    assert found(rules(), rules()) == []


LEFT_OUT = PolicyExclusion(by=ExcludedBy.USER, id=BOB, name="bob", reason="no person", expires="2027-06-30")
CASES: list[tuple[ConfigPart, Rules, Rules, bool]] = [
    (ConfigPart.EMERGENCY_ACCESS, rules(emergency_access=(ADA,)), rules(emergency_access=(ADA, BOB)), True),
    (ConfigPart.EMERGENCY_ACCESS, rules(emergency_access=(ADA, BOB)), rules(emergency_access=(ADA,)), False),
    (ConfigPart.ACCEPT_PARTIAL, rules(accepted_gaps=(gap(),)), rules(), True),
    (ConfigPart.ACCEPT_PARTIAL, rules(), rules(accepted_gaps=(gap(),)), False),
    (ConfigPart.ACCEPT_PARTIAL, rules(accepted_gaps=(gap(),)), rules(accepted_gaps=(gap(expires="2026-12-01"),)), True),
    (
        ConfigPart.ACCEPT_PARTIAL,
        rules(accepted_gaps=(gap(),)),
        rules(accepted_gaps=(gap(expires="2027-12-01"),)),
        False,
    ),
    (ConfigPart.APPS, rules(apps_that_matter=frozenset("a")), rules(apps_that_matter=frozenset("ab")), True),
    (ConfigPart.APPS, rules(apps_that_matter=frozenset("a")), rules(), True),
    (ConfigPart.APPS, rules(), rules(apps_that_matter=frozenset("a")), False),
    (ConfigPart.APPS, rules(apps_that_matter=frozenset("a")), rules(apps_that_matter=frozenset("b")), False),
    (ConfigPart.BASELINE_SCOPES, rules(baseline=ENFORCED), rules(), True),
    (ConfigPart.BASELINE_SCOPES, rules(), rules(baseline=ENFORCED), False),
    (ConfigPart.GUESTS, rules(), rules(guests=False), False),
    (ConfigPart.MODE, rules(), rules(create=True), False),
    (ConfigPart.SCOPE, rules(), rules(scope_group=BOB), False),
    (ConfigPart.SWITCH_ON, rules(), rules(switch_on=("p",)), False),
    (ConfigPart.WAVES, rules(), rules(waves=(WaveRule(name="a", people=frozenset(), says="users"),)), False),
    (ConfigPart.STRENGTH, rules(), rules(strength="s"), False),
    (ConfigPart.TEMPLATE, rules(), rules(wishes=(Wish(template=Template.LEGACY_AUTHENTICATION),)), False),
    (ConfigPart.POLICY_EXCLUDE, rules(), rules(policy_exclusions=(LEFT_OUT,)), False),
    (ConfigPart.DIRECTORY_SYNC, rules(), rules(sync_by_account=True), False),
    (ConfigPart.CANARY, rules(canary=frozenset([ADA])), rules(canary=frozenset([BOB])), False),
    (ConfigPart.WAVE_START, rules(), rules(not_before=((2, "2026-12-01T06:00:00+00:00"),)), False),
    (ConfigPart.PERCENTAGES, rules(), rules(percentages=(50, 100)), False),
    (ConfigPart.MAX_USERS, limited(max_users="50%"), limited(max_users="10"), True),
    (ConfigPart.MAX_USERS, limited(max_users=None), limited(max_users="10"), True),
    (ConfigPart.MAX_USERS, limited(max_users="10"), limited(max_users="50%"), False),
    (ConfigPart.MAX_USERS, limited(max_users="10"), limited(max_users=None), False),
    (ConfigPart.MAX_NEWLY_REQUIRED, limited(max_newly_required=5), limited(max_newly_required=4), True),
    (ConfigPart.MAX_NEWLY_REQUIRED, limited(max_newly_required=5), limited(max_newly_required=6), False),
    (ConfigPart.MAX_NOT_MFA_CAPABLE, limited(max_not_mfa_capable=5), limited(max_not_mfa_capable=4), True),
    (ConfigPart.MAX_NOT_MFA_CAPABLE, limited(max_not_mfa_capable=5), limited(max_not_mfa_capable=6), False),
    (ConfigPart.MAX_NEWLY_BLOCKED, limited(max_newly_blocked=5), limited(max_newly_blocked=4), True),
    (ConfigPart.MAX_NEWLY_BLOCKED, limited(max_newly_blocked=5), limited(max_newly_blocked=6), False),
    (ConfigPart.MAX_FAILURES, limited(max_failures="10%"), limited(max_failures="1"), True),
    (ConfigPart.MAX_FAILURES, limited(max_failures="1"), limited(max_failures="10%"), False),
    (ConfigPart.PLAN_MAX_AGE, limited(plan_max_age_seconds=60), limited(plan_max_age_seconds=30), True),
    (ConfigPart.PLAN_MAX_AGE, limited(plan_max_age_seconds=60), limited(plan_max_age_seconds=90), False),
    (ConfigPart.REPORT_ONLY, limited(report_only_seconds=60), limited(report_only_seconds=90), True),
    (ConfigPart.REPORT_ONLY, limited(report_only_seconds=60), limited(report_only_seconds=0), False),
    (ConfigPart.SETTLE, limited(policy_settle_seconds=60), limited(policy_settle_seconds=90), True),
    (ConfigPart.SETTLE, limited(policy_settle_seconds=60), limited(policy_settle_seconds=0), False),
    (ConfigPart.WAVE_WAIT, limited(wave_wait_seconds=0), limited(wave_wait_seconds=90), True),
    (ConfigPart.WAVE_WAIT, limited(wave_wait_seconds=90), limited(wave_wait_seconds=0), False),
    (ConfigPart.EXIT_RULE, limited(), limited(exit_rule=ExitLimits(days=9, unknown_share=0.0)), True),
    (ConfigPart.EXIT_RULE, limited(exit_rule=ExitLimits(most_failures=1)), limited(), True),
    (ConfigPart.EXIT_RULE, limited(), limited(exit_rule=ExitLimits(seen_share=0.7)), False),
    (ConfigPart.EXIT_RULE, limited(), limited(exit_rule=ExitLimits(days=9, most_not_capable=1)), False),
    (ConfigPart.GATE, limited(), limited(wave_gate=GateLimits()), True),
    (ConfigPart.GATE, limited(), limited(wave_gate=GateLimits(seen_again=0.1)), True),
    (ConfigPart.GATE, limited(wave_gate=GateLimits()), limited(), False),
    (ConfigPart.WAVE_GATE, gated(), gated(working_days=2), True),
    (ConfigPart.WAVE_GATE, gated(), gated(days_before=20, seen_again=0.9, more_failures=0.0), True),
    (ConfigPart.WAVE_GATE, gated(), gated(token_minutes=30), True),
    (ConfigPart.WAVE_GATE, gated(), gated(seen_again=0.5), False),
    (ConfigPart.WAVE_GATE, gated(), gated(working_days=2, more_failures=0.03), False),
    (ConfigPart.WAVE_GATE, gated(), gated(token_minutes=120), False),
    (ConfigPart.WAVE_GATE, gated(), gated(days_before=7), False),
]


@pytest.mark.parametrize(("part", "then", "now", "tightens"), CASES)
def test_each_change_is_named_and_only_what_holds_back_more_tightens(
    part: ConfigPart, then: Rules, now: Rules, tightens: bool
) -> None:
    (difference,) = found(then, now)
    assert (difference.part, difference.tightens) == (part, tightens)
    assert difference.then != difference.now


def test_every_part_is_tried_above_or_below() -> None:
    assert {part for part, *_ in CASES} | {ConfigPart.EXCLUDE} == set(ConfigPart)


def test_an_exclusion_that_was_added_tightens_one_that_is_gone_does_not_and_one_that_ended_is_no_edit() -> None:
    ada, both = frozenset([ADA]), frozenset([ADA, BOB])
    assert [each.tightens for each in found(rules(), rules(), ada, both)] == [True]
    assert [each.tightens for each in found(rules(), rules(), both, ada)] == [False]
    # Its day has come, so the rules do not hold it any more; in the file it still stands.
    assert found(rules(exclusions={ADA: ExcludedUser(user_id=ADA, reason="until then")}), rules(), ada, ada) == []


STRICTER = st.builds(
    Limits,
    max_users=st.none() | st.integers(0, 60).map(str) | st.integers(0, 100).map("{}%".format),
    max_newly_required=st.integers(0, 9),
    max_failures=st.integers(0, 60).map(str) | st.integers(0, 100).map("{}%".format),
    report_only_seconds=st.integers(0, 9),
    policy_settle_seconds=st.integers(0, 9),
    plan_max_age_seconds=st.integers(0, 9),
    readback_timeout_seconds=st.integers(0, 9),
    wave_wait_seconds=st.integers(0, 9),
    exit_rule=st.none() | st.builds(ExitLimits, days=st.integers(6, 8), success_share=st.sampled_from([0.8, 0.9, 1.0])),
    wave_gate=st.none() | st.builds(GateLimits, working_days=st.integers(0, 2), token_minutes=st.integers(59, 61)),
)


@given(then=STRICTER, now=STRICTER)
def test_whatever_is_obeyed_the_limits_of_a_run_are_never_looser_than_those_of_its_plan(
    then: Limits, now: Limits
) -> None:
    plan = planned(rules(limits=then))
    assert plan.made_with is not None
    held = tightening(plan, plan.made_with, rules(limits=now))
    looser = [each.part for each in found(rules(limits=then), rules(limits=held.limits)) if not each.tightens]
    assert looser == []
    if then.wave_gate is not None:
        assert held.limits.wave_gate is not None
    assert held.limits.readback_timeout_seconds == then.readback_timeout_seconds


def test_who_was_added_is_held_back_and_nothing_is_accepted_that_was_not() -> None:
    plan = planned(rules(emergency_access=(ADA,), accepted_gaps=(gap(), gap("app:x")), baseline=ENFORCED))
    assert plan.made_with is not None
    now = rules(
        emergency_access=(ADA, BOB),
        exclusions={object_id("eve"): ExcludedUser(user_id=object_id("eve"), reason="on leave")},
        accepted_gaps=(gap(expires="2026-12-01"),),
    )
    held = tightening(plan, plan.made_with, now)
    assert held.people == {BOB, object_id("eve")}
    assert held.accepted_gaps == (gap(expires="2026-12-01"),)
    assert held.answer_withdrawn
