"""Whom a policy newly blocks is counted again at its step, with the log and the policies as they are by then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from migrate.decide.replay.blocking import SignInLog
from migrate.errors import LimitReached
from migrate.model.impact import AcceptedPerson
from migrate.model.run import Ending
from tests.unit.decide.records import object_id
from tests.unit.decide.test_replay import seen
from tests.unit.engine.memory import PILOT
from tests.unit.engine.test_scope import off, piloted, users
from tests.unit.engine.world import PEOPLE, World

SERVICE_ACCOUNT = SignInLog((), [seen(name="cleo", protocol="ropc"), seen(name="ben")])
"""A program that hands over a password, and a person who can answer."""


def in_report_only(world: World) -> World:
    """Return the world with our policy created, and report-only for long enough."""
    assert world.apply(until="report-only").ending is Ending.STOPPED_HERE
    world.tenant.now += timedelta(days=8)
    return world


def state(world: World) -> str:
    (raw,) = world.tenant.policies.values()
    return str(raw["state"])


def refused(world: World, **options: Any) -> str:
    """Return why the run was refused; nothing is switched on or off."""
    before = world.tenant.evidence()
    with pytest.raises(LimitReached) as stopped:
        world.apply(**options)
    assert world.tenant.evidence() == before
    assert not off(world)
    return str(stopped.value)


NUMBERS = "1 person would be blocked (for example cleo@contoso.example)"


def test_a_log_that_was_read_after_the_plan_stops_the_step_with_the_numbers() -> None:
    world = in_report_only(World(create=True))
    assert not world.plan.impacts[0].log_was_read
    world.log = SERVICE_ACCOUNT
    said = refused(world)
    assert NUMBERS in said
    assert "raise limits.max_newly_blocked from 0" in said
    assert state(world) == "enabledForReportingButNotEnforced"
    world.log = None
    world.apply_to_the_end()
    assert off(world) == set(PEOPLE), "it was the log alone that stopped it"


def test_the_creation_and_the_rehearsal_are_stopped_too() -> None:
    world = World(create=True)
    world.log = SERVICE_ACCOUNT
    assert NUMBERS in refused(world)
    assert not world.tenant.policies, "not even created"
    world.log = None
    in_report_only(world)
    world.log = SERVICE_ACCOUNT
    kept = len(world.journal.kept)
    assert NUMBERS in refused(world, what_if=True)
    assert len(world.journal.kept) == kept


def test_whoever_comes_under_the_policy_after_the_plan_is_counted_at_the_step() -> None:
    world = World(create=True)
    world.log, world.scope = SERVICE_ACCOUNT, object_id(PILOT)
    world.tenant.pilot = {object_id("ada"), object_id("ben")}
    world.plan, world.steps = world.planned()
    assert not world.plan.blockers
    in_report_only(world)
    world.tenant.pilot.add(object_id("cleo"))
    assert NUMBERS in refused(world)
    world.tenant.pilot.remove(object_id("cleo"))
    world.apply_to_the_end()
    assert state(world) == "enabled"


def test_a_policy_that_somebody_widens_after_the_plan_is_counted_as_it_is_then() -> None:
    world = World(create=True)
    world.log, world.scope = SERVICE_ACCOUNT, object_id(PILOT)
    world.tenant.pilot = {object_id("ada")}
    world.plan, world.steps = world.planned()
    in_report_only(world)
    (raw,) = world.tenant.policies.values()
    raw["conditions"]["users"]["includeUsers"] = ["All"]
    assert NUMBERS in refused(world)


def test_raising_every_other_limit_does_not_let_the_step_pass() -> None:
    wide = {"max_newly_required": 99, "max_not_mfa_capable": 99, "max_users": "100%"}
    world = in_report_only(World(create=True, **wide))
    world.log = SERVICE_ACCOUNT
    assert NUMBERS in refused(world)
    raised = in_report_only(World(create=True, max_newly_blocked=1, max_newly_required=100))
    raised.log = SERVICE_ACCOUNT
    raised.apply_to_the_end()
    assert state(raised) == "enabled"
    assert any("1 newly blocked" in note for note in raised.said.notes)


def test_the_step_that_widens_an_enabled_policy_is_stopped_by_what_the_log_shows_by_then() -> None:
    world = piloted()
    assert not world.plan.blockers
    world.log = SERVICE_ACCOUNT
    with pytest.raises(LimitReached, match=r"Widening .* 1 person would be blocked \(for example cleo@"):
        world.apply()
    assert users(world)["includeUsers"] == []
    assert off(world) == {"ada", "ben"}


def accepting(expires: str) -> World:
    """Return a world in report-only whose plan accepts the service account until a day."""
    world = World(create=True)
    cleo = AcceptedPerson(user_id=object_id("cleo"), user_principal_name="cleo", reason="a scanner", expires=expires)
    world.plan = msgspec.structs.replace(world.plan, accepted_caught=(cleo,))
    in_report_only(world)
    world.log = SERVICE_ACCOUNT
    return world


def test_an_acceptance_counts_at_the_step_until_the_day_it_expires() -> None:
    assert NUMBERS in refused(accepting("2026-11-25"))
    world = accepting("2027-11-25")
    world.apply_to_the_end()
    assert state(world) == "enabled"
    assert "cleo" in off(world)
