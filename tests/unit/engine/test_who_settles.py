"""Whoever was seen to become covered between two readings waits from the later one; nobody else waits for anything."""

from __future__ import annotations

from datetime import timedelta

import pytest

from migrate.model.plan import Severity
from migrate.model.reasons import Why
from migrate.model.run import Ending
from migrate.model.users import MfaState
from tests.unit.decide.records import object_id
from tests.unit.engine.world import PEOPLE, World

DAY = 24 * 3600
BEN = object_id("ben")


def settling_world(**limit: int) -> World:
    """Return a world whose folder has seen ben excluded, and in which he is excluded no more."""
    world = World(policy_settle_seconds=DAY, **limit)
    world.tenant.excluded = {BEN}
    world.see(world.tenant.evidence(), world.tenant.now)  # an export
    world.tenant.now += timedelta(hours=1)
    world.tenant.excluded = set()
    return world


def test_who_left_an_excluded_group_waits_a_day_from_the_reading_that_saw_it_and_the_others_do_not() -> None:
    world = settling_world()
    world.see(world.tenant.evidence(), world.tenant.now)  # another export, and the plan is made from it
    seen_at = world.tenant.now
    world.plan, world.steps = world.planned()
    world.tenant.now += timedelta(hours=2)
    result = world.apply()
    assert result.ending is Ending.WAITING
    assert result.waiting_until == seen_at + timedelta(days=1)
    assert result.outcomes["confirmed"] == len(PEOPLE) - 1
    assert world.tenant.states[BEN] is MfaState.ENFORCED
    left = [entry for entry in world.journal.entries() if entry.reason.why is Why.SETTLING]
    assert [entry.object_id for entry in left] == [BEN]
    world.tenant.now = seen_at + timedelta(days=1, minutes=-20)
    assert world.apply().ending is Ending.WAITING
    world.tenant.now = seen_at + timedelta(days=1)
    assert world.apply().ending is Ending.DONE
    assert world.tenant.states[BEN] is MfaState.DISABLED


def test_one_answer_whose_clock_is_ahead_ends_no_wait() -> None:
    world = settling_world(plan_max_age_seconds=3 * DAY)
    world.see(world.tenant.evidence(), world.tenant.now)
    world.plan, world.steps = world.planned()
    world.tenant.now += timedelta(hours=30)
    world.tenant.clock_ahead = timedelta(hours=29)
    assert world.apply().ending is Ending.WAITING
    assert world.tenant.states[BEN] is MfaState.ENFORCED
    world.tenant.clock_ahead = timedelta(0)
    assert world.apply().ending is Ending.DONE


def test_a_policy_that_says_no_date_settles_from_the_plans_export_on() -> None:
    world = World(policy_settle_seconds=DAY, plan_max_age_seconds=3 * DAY)
    for policy in world.tenant.policies.values():
        assert policy["state"] == "enabled"
        policy.pop("createdDateTime", None)
        policy.pop("modifiedDateTime", None)
    world.plan, world.steps = world.planned()
    assert world.apply().ending is Ending.WAITING
    assert world.tenant.writes == []
    world.tenant.now += timedelta(days=1)
    assert world.apply().ending is Ending.DONE


def test_the_plan_says_how_many_have_to_settle_who_and_until_when() -> None:
    world = settling_world()
    world.see(world.tenant.evidence(), world.tenant.now)
    until = world.tenant.now + timedelta(days=1)
    (note,) = (note for note in world.planned()[0].notes if note.code == "settling")
    assert note.severity is Severity.WARNING
    assert "1 user of the plan" in note.sentence
    assert world.tenant.profiles[BEN].user_principal_name in note.sentence
    assert f"{until:%Y-%m-%d %H:%M} UTC" in note.sentence
    world.tenant.now = until
    assert not [note for note in world.planned()[0].notes if note.code == "settling"]


def test_what_only_a_wave_saw_counts_from_the_wave_on() -> None:
    world = settling_world()
    world.plan, world.steps = world.planned()  # from an export of another folder
    result = world.apply()
    assert result.waiting_until == world.tenant.now + timedelta(days=1)
    later = result.waiting_until
    world.tenant.now += timedelta(hours=3)
    assert world.apply().waiting_until == later, "the wait does not begin again with each run"


def test_export_plan_and_apply_of_one_morning_wait_for_nothing() -> None:
    world = World(policy_settle_seconds=DAY)
    for _ in range(2):
        world.see(world.tenant.evidence(), world.tenant.now)
        world.tenant.now += timedelta(minutes=5)
    assert world.apply().ending is Ending.DONE


def test_a_change_among_other_people_makes_nobody_wait() -> None:
    world = World(policy_settle_seconds=DAY)
    world.tenant.excluded = {object_id("somebody else")}
    world.see(world.tenant.evidence(), world.tenant.now)
    world.tenant.excluded = {object_id("a third person")}
    assert world.apply().ending is Ending.DONE


def test_a_reason_given_by_name_skips_the_wait() -> None:
    world = settling_world()
    world.plan, world.steps = world.planned()
    assert world.apply(skip_settle="tested by hand").ending is Ending.DONE


def test_whoever_is_restored_never_waits() -> None:
    world = World(policy_settle_seconds=DAY)
    world.apply_to_the_end()
    world.tenant.excluded = {BEN}
    world.see(world.tenant.evidence(), world.tenant.now)
    world.tenant.excluded = set()
    result = world.roll_back()
    assert result is not None
    assert result.ending is Ending.DONE
    assert world.tenant.states == world.before


@pytest.mark.parametrize("stay", [False, True])
def test_with_wait_the_command_stays_until_everybody_has_settled(stay: bool) -> None:
    world = settling_world()
    world.plan, world.steps = world.planned()
    assert world.apply(stay=stay).ending is (Ending.DONE if stay else Ending.WAITING)
