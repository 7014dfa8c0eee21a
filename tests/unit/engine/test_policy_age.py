"""A policy's write asks for the age of what it rests on as it leaves; whom it catches is counted again before it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from migrate.decide.templates import TEMPLATE_NAME
from migrate.engine.age import Freshness
from migrate.errors import ExitCode, Guarded, LimitReached, TooSlow
from migrate.model.evidence import PolicyState
from migrate.model.journal import Operation, Outcome
from migrate.model.run import Ending
from migrate.model.users import MfaState, Registration
from tests.unit.decide.records import REGISTERED, object_id, profile, sku
from tests.unit.engine.test_age import once
from tests.unit.engine.world import EMERGENCY, World

LIMIT = Freshness().evidence_seconds
SKIPS = {"skip_report_only": "test", "skip_settle": "test"}


def own(world: World) -> dict[str, Any]:
    """Return the policy that the plan creates."""
    (found,) = (raw for raw in world.tenant.policies.values() if raw["displayName"] == TEMPLATE_NAME)
    return found


def world_with_its_policy(**limit: Any) -> World:
    """Return a tenant in which the plan's policy was created and waits, report-only."""
    world = World(create=True, **limit)
    assert world.run(world.plan, world.steps, until="report-only", **SKIPS).ending is Ending.STOPPED_HERE
    assert own(world)["state"] == PolicyState.REPORT_ONLY
    return world


def switch_on(world: World) -> Ending:
    """Go on until the policy is on."""
    return world.run(world.plan, world.steps, until="policies-on", **SKIPS).ending


def intents(world: World, operation: Operation) -> int:
    return len(list(world.journal.entries(operation=operation, outcomes=[Outcome.INTENT])))


def nobody_is_excluded(world: World) -> None:
    """Somebody else takes the emergency access accounts out of the exclusions."""
    own(world)["conditions"]["users"]["excludeUsers"] = []


@pytest.mark.parametrize("witness", ["stopped", "slept", "the server alone", "set back"])
def test_a_policy_is_not_switched_on_by_a_look_from_before_a_freeze_or_a_jump_of_a_clock(witness: str) -> None:
    world = world_with_its_policy()

    def wait() -> None:
        hours = timedelta(hours=8)
        world.tenant.now += hours
        world.slept = 0.0 if witness == "stopped" else hours.total_seconds()
        world.clock_set = {"the server alone": -1.0, "set back": -2.0}.get(witness, 0.0) * hours.total_seconds()
        nobody_is_excluded(world)

    world.tenant.before_policy_leaves = once(wait)
    with pytest.raises(Guarded, match="emergency access"):
        switch_on(world)
    assert own(world)["state"] == PolicyState.REPORT_ONLY
    assert intents(world, Operation.SET_POLICY_STATE) == 0, "an intent was written that never left"


def test_where_nothing_changed_meanwhile_it_is_looked_at_again_and_sent_once() -> None:
    world = world_with_its_policy()
    world.tenant.before_policy_leaves = once(lambda: later(world, LIMIT + 1))
    assert switch_on(world) is Ending.STOPPED_HERE
    assert own(world)["state"] == PolicyState.ENABLED
    assert intents(world, Operation.SET_POLICY_STATE) == 1


def test_a_policy_is_not_created_twice_when_somebody_made_it_during_a_freeze() -> None:
    world = World(create=True)
    made = dict(world.plan.policy_steps[0].body)

    def wait() -> None:
        later(world, LIMIT + 1)
        world.tenant.policies[object_id("theirs")] = {**made, "id": object_id("theirs")}

    world.tenant.before_policy_leaves = once(wait)
    world.run(world.plan, world.steps, until="report-only", **SKIPS)
    assert len(world.tenant.policies) == 1
    assert intents(world, Operation.CREATE_POLICY) == 0


def later(world: World, seconds: float) -> None:
    world.tenant.now += timedelta(seconds=seconds)


def migrated() -> World:
    world = World(create=True)
    assert world.run(world.plan, world.steps, **SKIPS).ending is Ending.DONE
    return world


@pytest.mark.parametrize("state", ["enabled", "enabledForReportingButNotEnforced"])
def test_a_policy_is_neither_lowered_nor_deleted_by_a_proof_from_before_a_freeze(state: str) -> None:
    """The first write of the way back sets the policy to report-only, the second deletes it."""
    world = migrated()

    def wait() -> None:
        if own(world)["state"] == state and not waited:
            waited.append(state)
            later(world, LIMIT + 1)
            world.tenant.states[object_id("ada")] = MfaState.DISABLED

    waited: list[str] = []
    world.tenant.before_policy_leaves = wait
    result = world.roll_back()
    assert result is not None
    assert own(world)["state"] == state
    assert "1 users are not restored" in " ".join(kept.why for kept in result.policies_kept)


def test_a_proof_that_always_takes_longer_than_the_limit_leaves_the_policy_and_says_how_long_it_takes() -> None:
    world = migrated()
    read = world.tenant.read_evidence

    async def slow(**how: Any) -> Any:
        later(world, LIMIT * 2)
        return await read(**how)

    world.tenant.read_evidence = slow  # type: ignore[method-assign]
    with pytest.raises(TooSlow, match="600 seconds") as stopped:
        world.roll_back()
    assert stopped.value.exit_code is ExitCode.REMOTE
    assert own(world)["state"] == PolicyState.ENABLED
    assert MfaState.DISABLED not in world.tenant.states.values(), "users are put back all the same"


def test_a_look_that_is_too_old_each_time_ends_the_run() -> None:
    world = world_with_its_policy()
    world.tenant.before_policy_leaves = lambda: later(world, LIMIT + 1)
    with pytest.raises(TooSlow, match="6 times running"):
        switch_on(world)
    assert own(world)["state"] == PolicyState.REPORT_ONLY


def test_after_an_interrupt_no_policy_leaves_that_was_waiting_for_its_turn() -> None:
    world = world_with_its_policy()
    world.tenant.before_policy_leaves = lambda: setattr(world, "stops_after", 0)
    assert switch_on(world) is Ending.INTERRUPTED
    assert own(world)["state"] == PolicyState.REPORT_ONLY
    assert intents(world, Operation.SET_POLICY_STATE) == 0


# --- whom it catches, counted at the step


def newcomers(world: World, number: int) -> None:
    """Let people join the tenant after the plan was made."""
    for place in range(number):
        user = profile(f"new{place}")
        world.tenant.profiles[user.id] = user
        world.tenant.states[user.id] = MfaState.DISABLED


def test_people_who_came_after_the_plan_count_at_the_step_that_switches_its_policy_on() -> None:
    world = world_with_its_policy(max_newly_required=3)
    newcomers(world, 4)
    with pytest.raises(LimitReached, match="4 people would be newly required"):
        switch_on(world)
    assert own(world)["state"] == PolicyState.REPORT_ONLY
    world.tenant.states[object_id("new0")] = MfaState.ENFORCED
    assert switch_on(world) is Ending.STOPPED_HERE
    assert own(world)["state"] == PolicyState.ENABLED
    assert any("3 newly required" in note for note in world.said.notes)


def test_people_are_counted_at_the_step_that_creates_a_policy_too() -> None:
    world = World(create=True, max_newly_required=3)
    newcomers(world, 4)
    with pytest.raises(LimitReached, match="4 people"):
        world.run(world.plan, world.steps, until="report-only", **SKIPS)
    assert not world.tenant.policies


def test_a_rehearsal_counts_them_as_well() -> None:
    world = world_with_its_policy(max_newly_required=3)
    newcomers(world, 4)
    with pytest.raises(LimitReached, match="4 people"):
        world.run(world.plan, world.steps, what_if=True, **SKIPS)


def test_whose_methods_the_tenant_does_not_allow_any_more_counts_as_not_capable_at_the_step() -> None:
    world = world_with_its_policy()
    world.tenant.skus = (sku(),)
    barred = Registration(
        is_mfa_registered=True,
        is_mfa_capable=False,
        methods_registered=("mobilePhone",),
        last_updated_date_time="2026-11-24T00:00:00Z",
    )

    async def report() -> AsyncIterator[tuple[str, Registration]]:
        for user_id in world.tenant.profiles:
            yield user_id, barred if user_id == object_id("ben") else REGISTERED

    world.tenant.iter_registrations = report  # type: ignore[method-assign]
    with pytest.raises(LimitReached, match="not MFA capable"):
        switch_on(world)
    assert own(world)["state"] == PolicyState.REPORT_ONLY


def test_a_policy_that_is_edited_after_it_was_counted_is_counted_again() -> None:
    world = world_with_its_policy(max_newly_required=3)
    read, looks = world.tenant.list_policies, 0

    async def list_policies() -> Any:
        """Somebody widens the policy once it was counted: the looks after that find it so."""
        nonlocal looks
        if any("Counted again" in note for note in world.said.notes[noted:]) and not looks:
            looks = 1
            own(world)["description"] = f"{own(world)['description']} Edited."
            newcomers(world, 4)
        return await read()

    noted = len(world.said.notes)
    world.tenant.list_policies = list_policies  # type: ignore[method-assign]
    with pytest.raises(LimitReached, match="4 people"):
        switch_on(world)
    assert own(world)["state"] == PolicyState.REPORT_ONLY


def test_emergency_access_is_looked_up_again_for_the_step() -> None:
    world = world_with_its_policy()
    nobody_is_excluded(world)
    with pytest.raises(Guarded):
        switch_on(world)
    assert object_id(EMERGENCY) in world.tenant.profiles
    assert own(world)["state"] == PolicyState.REPORT_ONLY
