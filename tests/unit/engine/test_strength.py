"""Which strength our policy asks for changes by a step of its own: interrupted, edited, undone, waited for."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from migrate.decide.as_now import evidence_as_now
from migrate.decide.coverage.judge import Judge
from migrate.decide.now import now_of
from migrate.decide.policy_bodies import body_of
from migrate.errors import Blocked, Guarded
from migrate.model.instants import iso_utc
from migrate.model.policy_scope import SetPolicyScope, change_of, strength_of
from migrate.model.run import Ending
from migrate.model.users import MfaState
from tests.unit.decide.records import object_id, policy_of, profile
from tests.unit.engine.memory import Crash
from tests.unit.engine.world import PEOPLE, World

MFA, KEYS = object_id("strength: any two"), object_id("strength: keys")
BOTH = ["password,microsoftAuthenticatorPush", "password,sms", "password,voice", "fido2"]


def strength(id_: str, *combinations: str, satisfied: str = "mfa") -> dict[str, Any]:
    return {
        "id": id_,
        "displayName": "Any two" if id_ == MFA else "Keys only",
        "requirementsSatisfied": satisfied,
        "allowedCombinations": list(combinations),
    }


def migrated(**limit: int) -> World:
    """Return a world in which everybody but two was migrated to our policy, which asks for MFA."""
    world = World(create=True, **limit)
    world.tenant.strengths = {MFA: strength(MFA, *BOTH), KEYS: strength(KEYS, "fido2")}
    world.plan, world.steps = world.planned()
    world.apply_to_the_end()
    for name in ("eve", "finn"):
        world.tenant.states[object_id(name)] = MfaState.ENFORCED
    return world


def changed(to: str | None, world: World | None = None) -> World:
    world = world or migrated()
    world.strength = to
    world.plan, world.steps = world.planned()
    return world


def grant(world: World) -> dict[str, Any]:
    (raw,) = world.tenant.policies.values()
    return dict(raw["grantControls"])


def off(world: World) -> set[str]:
    return {name for name in PEOPLE if world.tenant.states.get(object_id(name)) is MfaState.DISABLED}


def test_another_strength_is_a_step_with_a_wait_and_a_way_back() -> None:
    world = changed(MFA)
    (step,) = world.plan.policy_steps
    assert isinstance(step, SetPolicyScope)
    assert (step.asks_otherwise, step.reaches_more, step.reaches_fewer) == (True, False, False)
    assert (step.widens, step.weakens) == (True, True)
    assert (step.reverse().widens, step.reverse().weakens) == (False, True)
    assert step.reverse().reverse().after == step.after
    assert {note.code for note in world.plan.notes} >= {"strength-changes", "strength-waits"}
    world.tenant.now += timedelta(hours=20)
    first = world.apply()
    assert first.ending is Ending.WAITING
    assert grant(world)["authenticationStrength"] == {"id": MFA}
    assert grant(world)["builtInControls"] == []
    assert off(world) == {"ada", "ben", "cleo", "dora"}, "nobody is disabled before the policy has settled again"
    world.apply_to_the_end()
    assert off(world) == set(PEOPLE)
    assert world.planned()[0].policy_steps == ()
    world.roll_back(run=world.plan.digest)
    assert grant(world)["authenticationStrength"] is None
    assert grant(world)["builtInControls"] == ["mfa"]


def test_going_from_a_strength_to_mfa_weakens_and_is_done_where_nobody_loses_mfa() -> None:
    world = changed(MFA)
    world.apply_to_the_end()
    world = changed(None, world)
    (step,) = world.plan.policy_steps
    assert isinstance(step, SetPolicyScope)
    assert (step.widens, step.weakens) == (False, True)
    assert world.plan.blockers == ()
    world.apply_to_the_end()
    assert strength_of({"grantControls": grant(world)}) is None
    assert all(world.is_covered(object_id(name)) for name in off(world))


def test_a_strength_that_is_no_mfa_is_a_blocker_while_somebody_rests_on_the_policy() -> None:
    world = migrated()
    world.tenant.strengths[KEYS] = strength(KEYS, "password", satisfied="none")
    world = changed(KEYS, world)
    assert "narrowing-uncovers" in [note.code for note in world.plan.blockers]
    with pytest.raises(Blocked):
        world.apply()
    assert grant(world)["builtInControls"] == ["mfa"]


def test_people_who_cannot_meet_the_strength_are_held_against_their_limit() -> None:
    world = changed(KEYS)
    (impact,) = world.plan.impacts
    assert impact.numbers["notMfaCapable"] == len(PEOPLE)
    assert "not-mfa-capable" in [note.code for note in world.plan.blockers]


def test_what_somebody_else_made_it_ask_for_stays() -> None:
    world = changed(MFA)
    world.apply_to_the_end()
    (raw,) = world.tenant.policies.values()
    for by_hand in (
        {"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": KEYS}},
        {"operator": "AND", "builtInControls": ["mfa", "compliantDevice"], "authenticationStrength": None},
    ):
        raw["grantControls"] = by_hand
        for wanted in (None, MFA):
            assert changed(wanted, world).plan.policy_steps == ()


def test_the_whole_grant_is_sent_so_that_nothing_stays_by_merging() -> None:
    (step,) = changed(MFA).plan.policy_steps
    assert isinstance(step, SetPolicyScope)
    assert change_of(step)["grantControls"]["authenticationStrength"] == {"id": MFA}
    back = change_of(step.reverse())["grantControls"]
    assert (back["authenticationStrength"], back["builtInControls"]) == (None, ["mfa"])
    assert "grantControls" not in change_of(SetPolicyScope(**{**_fields(step), "after": step.before}))


def _fields(step: SetPolicyScope) -> dict[str, Any]:
    return {name: getattr(step, name) for name in step.__struct_fields__}


def test_a_run_that_dies_anywhere_in_the_change_is_resumed_to_the_same_end_and_goes_back() -> None:
    begun = changed(MFA)
    whole, first = copy.deepcopy(begun), begun.tenant.breaker.calls + 1
    before = dict(begun.tenant.states)
    whole.apply_to_the_end()
    deaths = 0
    for number in range(first, whole.tenant.breaker.calls + 1, 2):
        world = copy.deepcopy(begun)
        world.tenant.breaker.dies_at = number
        with pytest.raises(Crash):
            world.apply_to_the_end()
        deaths += 1
        assert all(world.is_covered(object_id(name)) for name in off(world))
        world.tenant.breaker.dies_at = None
        world.apply_to_the_end()
        assert world.tenant.states == whole.tenant.states
        assert grant(world) == grant(whole)
        world.roll_back(run=world.plan.digest)
        assert world.tenant.states == before
        assert grant(world)["builtInControls"] == ["mfa"]
    assert deaths > 10


def test_a_change_that_somebody_undid_by_hand_is_planned_once_more() -> None:
    world = changed(MFA)
    world.apply_to_the_end()
    (raw,) = world.tenant.policies.values()
    raw["grantControls"] = {"operator": "OR", "builtInControls": ["mfa"], "authenticationStrength": None}
    (step,) = changed(MFA, world).plan.policy_steps
    assert isinstance(step, SetPolicyScope)
    assert step.before == body_of(policy_of(raw))


def test_an_answer_of_now_knows_which_strength_is_asked_for() -> None:
    world = changed(MFA)
    exported, taken = world.tenant.evidence(), iso_utc(world.tenant.now)
    world.tenant.now += timedelta(minutes=5)
    world.apply(until="policies-on")
    now = evidence_as_now(exported, now_of(world.journal.entries(), taken, world.journal.document))
    (policy,) = now.policies
    assert strength_of(policy.raw) == MFA
    assert Judge(now).coverage_of(profile("ada")).is_proven()


def test_a_policy_that_somebody_edited_between_plan_and_change_is_left_alone() -> None:
    world = changed(MFA)
    (raw,) = world.tenant.policies.values()
    raw["sessionControls"] = {"persistentBrowser": {"isEnabled": True, "mode": "never"}}
    before, planned = copy.deepcopy(raw), world.plan.policy_steps
    # The evidence has changed too; whoever begins such a run all the same is stopped at the step.
    world.plan, world.steps = world.planned()
    edited = msgspec.structs.replace(world.plan, policy_steps=planned)
    with pytest.raises(Guarded, match="somebody edited it"):
        world.run(edited, world.steps)
    assert world.tenant.policies[raw["id"]] == before
