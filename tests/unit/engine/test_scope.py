"""Whom our policy is for changes as all else does: interrupted, edited, undone, and never under anybody's feet."""

from __future__ import annotations

import copy
from datetime import timedelta

import msgspec
import pytest

from migrate.decide.as_now import evidence_as_now
from migrate.decide.coverage.judge import Judge
from migrate.decide.now import now_of
from migrate.decide.policy_bodies import says_the_same
from migrate.engine.history import begun_plans, bodies_written, past_of
from migrate.errors import Blocked, Guarded, LimitReached
from migrate.model.instants import iso_utc
from migrate.model.journal import Operation, Outcome
from migrate.model.policy_scope import SetPolicyScope, users_of
from migrate.model.run import Ending
from migrate.model.steps import CreatePolicy, SetPolicyState
from migrate.model.users import MfaState
from tests.unit.decide.records import object_id, profile
from tests.unit.engine.memory import PILOT, Crash
from tests.unit.engine.world import PEOPLE, World

IN_PILOT = ("ada", "ben")


def piloted(*, applied: bool = True, **limit: int) -> World:
    """Return a world whose first run was for the pilot group, and where the configuration says all by now."""
    world = World(create=True, **limit)
    world.tenant.pilot = {object_id(name) for name in IN_PILOT}
    world.scope = object_id(PILOT)
    world.plan, world.steps = world.planned()
    if applied:
        world.apply_to_the_end()
    world.scope = None
    world.plan, world.steps = world.planned()
    return world


def users(world: World) -> dict[str, list[str]]:
    (raw,) = world.tenant.policies.values()
    return dict(raw["conditions"]["users"])


def off(world: World) -> set[str]:
    return {name for name in PEOPLE if world.tenant.states.get(object_id(name)) is MfaState.DISABLED}


def test_the_next_plan_widens_our_policy_and_the_rest_follow_after_the_wait() -> None:
    world = piloted()
    assert off(world) == set(IN_PILOT)
    (step,) = world.plan.policy_steps
    assert isinstance(step, SetPolicyScope)
    assert [note.code for note in world.plan.notes if note.code.startswith("scope")] == ["scope-widens"]
    world.tenant.now += timedelta(hours=20)
    first = world.apply()
    assert first.ending is Ending.WAITING
    assert "settle" in str(first.waiting)
    assert users(world)["includeUsers"] == ["All"]
    assert off(world) == set(IN_PILOT), "nobody is disabled before the wider policy has settled"
    world.apply_to_the_end()
    assert off(world) == set(PEOPLE)
    assert len(world.tenant.policies) == 1


def test_a_report_only_policy_that_is_widened_waits_anew() -> None:
    world = piloted(applied=False)
    world.scope = object_id(PILOT)
    world.plan, world.steps = world.planned()
    assert world.apply(until="report-only").ending is Ending.STOPPED_HERE
    world.tenant.now += timedelta(days=6)
    world.scope = None
    world.plan, world.steps = world.planned()
    assert [type(step) for step in world.plan.policy_steps] == [SetPolicyScope, SetPolicyState]
    assert world.apply().ending is Ending.WAITING
    world.tenant.now += timedelta(days=2)
    assert world.apply().ending is Ending.WAITING, "seven days since it was created, two since it is for everybody"
    world.apply_to_the_end()
    assert off(world) == set(PEOPLE)


def test_the_limits_are_asked_when_a_policy_is_widened() -> None:
    world = piloted()
    world.tenant.states[object_id("zoe")] = MfaState.DISABLED
    world.tenant.profiles[object_id("zoe")] = profile("zoe")
    world._limits = msgspec.structs.replace(world._limits, max_newly_required=0)
    world.plan, world.steps = world.planned()
    (impact,) = world.plan.impacts
    assert impact.widens
    assert impact.numbers["newlyRequired"] == 1
    with pytest.raises(Blocked, match="Widening"):
        world.apply()
    unsaid = msgspec.structs.replace(world.plan, impacts=(), notes=())
    with pytest.raises(LimitReached, match="does not say whom"):
        world.run(unsaid, world.steps)
    assert users(world)["includeUsers"] == []


def test_a_policy_that_somebody_edited_since_the_plan_is_not_touched() -> None:
    world = piloted()
    (raw,) = world.tenant.policies.values()
    raw["conditions"]["users"]["excludeUsers"].append(object_id("cleo"))
    raw["sessionControls"] = {"persistentBrowser": {"isEnabled": True, "mode": "never"}}
    before = dict(raw)
    # The evidence has changed too; whoever begins such a run all the same is stopped at the step.
    fresh = world.plan
    world.plan, world.steps = world.planned()
    edited = msgspec.structs.replace(world.plan, policy_steps=fresh.policy_steps)
    with pytest.raises(Guarded, match="somebody edited it"):
        world.run(edited, world.steps)
    assert world.tenant.policies[raw["id"]] == before


def test_a_policy_that_somebody_switched_on_is_not_widened_at_once() -> None:
    world = piloted(applied=False)
    world.scope = object_id(PILOT)
    world.plan, world.steps = world.planned()
    world.apply(until="report-only")
    world.scope = None
    world.plan, world.steps = world.planned()
    world.apply(what_if=True)
    world.run(msgspec.structs.replace(world.plan, policy_steps=()), ())  # the run is open from here on
    (raw,) = world.tenant.policies.values()
    raw["state"] = "enabled"
    world.plan, world.steps = world.planned()
    (step,) = world.plan.policy_steps
    assert isinstance(step, SetPolicyScope)
    planned = msgspec.structs.replace(step, policy_state="enabledForReportingButNotEnforced")
    with pytest.raises(Guarded, match="is enabled, not"):
        world.run(msgspec.structs.replace(world.plan, policy_steps=(planned,)), world.steps)
    assert users(world)["includeGroups"] == [object_id(PILOT)]


def test_narrowing_is_a_blocker_while_somebody_rests_on_it_and_refused_at_the_step_too() -> None:
    world = piloted()
    world.apply_to_the_end()
    world.scope = object_id(PILOT)
    world.plan, world.steps = world.planned()
    (step,) = world.plan.policy_steps
    assert isinstance(step, SetPolicyScope)
    assert step.weakens
    assert "narrowing-uncovers" in {note.code for note in world.plan.blockers}
    with pytest.raises(Blocked, match="narrowing"):
        world.apply()
    unaware = msgspec.structs.replace(world.plan, notes=())
    with pytest.raises(Guarded, match=r"whose per-user MFA this tool disabled rest on it \(.*cleo"):
        world.run(unaware, world.steps)
    assert users(world)["includeUsers"] == ["All"]


def test_narrowing_is_done_where_nobody_rests_on_it() -> None:
    world = World(create=True, states={"ada": MfaState.ENFORCED, "ben": MfaState.DISABLED})
    world.tenant.pilot = {object_id("ada")}
    world.apply_to_the_end()
    world.scope = object_id(PILOT)
    world.plan, world.steps = world.planned()
    assert not world.plan.blockers
    world.apply_to_the_end()
    assert users(world)["includeGroups"] == [object_id(PILOT)]
    assert off(world) | {"ben"} == {"ada", "ben"}


def test_rolling_everything_back_deletes_the_policy_as_it_was_written_last() -> None:
    world = piloted()
    world.apply_to_the_end()
    result = world.roll_back()
    assert result is not None
    assert result.policies_kept == []
    assert world.tenant.policies == {}
    assert world.tenant.states == world.before
    assert bodies_written(world.journal) == {}


def test_undoing_the_widening_alone_gives_the_policy_back_to_the_pilot() -> None:
    world = piloted()
    world.apply_to_the_end()
    result = world.roll_back(run=world.plan.digest)
    assert result is not None
    assert result.policies_kept == []
    assert users(world)["includeGroups"] == [object_id(PILOT)]
    assert off(world) == set(IN_PILOT)
    # The pilot's run can be put back after that, and the widening done once more.
    world.plan, world.steps = world.planned()
    world.apply_to_the_end()
    assert off(world) == set(PEOPLE)


def test_undoing_the_first_run_alone_keeps_the_policy_while_others_rest_on_it() -> None:
    world = piloted()
    first = begun_plans(world.journal)[0][0]
    world.apply_to_the_end()
    result = world.roll_back(run=first)
    assert result is not None
    assert len(result.policies_kept) == 2
    assert users(world)["includeUsers"] == ["All"]


def test_the_first_run_alone_deletes_the_policy_as_the_second_left_it() -> None:
    world = piloted()
    first, second = begun_plans(world.journal)[0][0], world.plan.digest
    world.apply(until="policies-on")  # widened, and nobody else disabled
    assert second != first
    result = world.roll_back(run=first)
    assert result is not None
    assert result.policies_kept == []
    assert world.tenant.policies == {}, "it says what this folder wrote last, so nobody edited it"


def test_a_rollback_of_a_rollback_widens_again_before_anybody_is_disabled() -> None:
    world = piloted()
    world.apply_to_the_end()
    world.roll_back(run=world.plan.digest)
    rollback = begun_plans(world.journal)[-1][0]
    order: list[list[str]] = []
    world.tenant.before_write = lambda _: order.append(users(world)["includeUsers"])
    world.roll_back(run=rollback)
    assert order
    assert all(seen == ["All"] for seen in order)
    assert off(world) == set(PEOPLE)


def test_a_change_whose_answer_was_lost_is_sent_again_and_not_twice() -> None:
    world = piloted()
    world.tenant.unclear_changes = 1
    world.apply_to_the_end()
    outcomes = [entry.outcome for entry in world.journal.entries(operation=Operation.SET_POLICY_SCOPE)]
    assert outcomes == [Outcome.INTENT, Outcome.FAILED, Outcome.INTENT, Outcome.CONFIRMED]
    assert off(world) == set(PEOPLE)


def test_a_run_that_dies_anywhere_in_the_widening_is_resumed_to_the_same_end() -> None:
    begun = piloted()
    whole, first = copy.deepcopy(begun), begun.tenant.breaker.calls + 1
    whole.apply_to_the_end()
    deaths = 0
    for number in range(first, whole.tenant.breaker.calls + 1, 3):
        world = copy.deepcopy(begun)
        world.tenant.breaker.dies_at = number
        with pytest.raises(Crash):
            world.apply_to_the_end()
        deaths += 1
        for name in off(world):
            assert world.is_covered(object_id(name))
        world.tenant.breaker.dies_at = None
        world.apply_to_the_end()
        assert world.tenant.states == whole.tenant.states
        assert users(world) == users(whole)
        # Whatever died, the way back leads to where the folder began.
        world.roll_back()
        assert world.tenant.states == world.before
        assert world.tenant.policies == {}
    assert deaths > 15


def test_a_rollback_that_dies_anywhere_is_resumed_to_the_same_end() -> None:
    applied = piloted()
    applied.apply_to_the_end()
    for number in range(1, 200, 2):
        world = copy.deepcopy(applied)
        world.tenant.breaker.dies_at = world.tenant.breaker.calls + number
        try:
            world.roll_back(run=world.plan.digest)
        except Crash:
            world.tenant.breaker.dies_at = None
            for name in off(world):
                assert world.is_covered(object_id(name))
            world.roll_back(run=world.plan.digest)
        else:
            assert number > 10
            return
        assert off(world) == set(IN_PILOT)
        assert users(world)["includeGroups"] == [object_id(PILOT)]


def test_the_rollback_files_hold_the_change_and_the_policy_as_it_was() -> None:
    world = piloted()
    world.apply_to_the_end()
    header = world.files.header
    assert header is not None
    (step,) = header.policies_rescoped
    assert users_of(step.before)["includeGroups"] == [object_id(PILOT)]
    assert [made.key for made in header.policies_created] == [step.key]
    assert list(header.former_policies) == list(world.tenant.policies)


def test_an_answer_of_now_knows_whom_the_policy_is_for() -> None:
    world = piloted()
    exported, taken = world.tenant.evidence(), iso_utc(world.tenant.now)
    world.tenant.now += timedelta(minutes=5)
    world.apply(until="policies-on")
    now = now_of(world.journal.entries(), taken, world.journal.document)
    (policy,) = evidence_as_now(exported, now).policies
    (raw,) = world.tenant.policies.values()
    assert says_the_same(raw, policy)
    assert Judge(evidence_as_now(exported, now)).coverage_of(profile("cleo")).is_proven()


def test_what_was_done_before_is_known_to_the_next_plan() -> None:
    world = piloted()
    past = past_of(world.journal)
    assert past.disabled == {object_id(name) for name in IN_PILOT}
    (body,) = past.written.values()
    assert users_of(body)["includeGroups"] == [object_id(PILOT)]
    (create,) = (step for step in begun_plans(world.journal)[0][1].policy_steps if isinstance(step, CreatePolicy))
    assert list(past.written) == [create.key]
