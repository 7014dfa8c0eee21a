"""People who are off although no book says so: a wave of them ends apply, and a rollback names every one."""

from __future__ import annotations

import pytest

from migrate.errors import Guarded
from migrate.model.journal import Operation, Outcome
from migrate.model.users import MfaState
from tests.unit.decide.records import object_id
from tests.unit.engine.world import PEOPLE, World

SOMEBODY = [object_id(name) for name in PEOPLE if name != "ada"]


def switched_off_elsewhere(world: World, *users: str) -> None:
    for user in users:
        world.tenant.states[user] = MfaState.DISABLED


def intents(world: World) -> set[str]:
    changes = world.journal.entries(operation=Operation.SET_MFA_STATE, outcomes=[Outcome.INTENT])
    return {entry.object_id for entry in changes}


def test_a_wave_of_people_who_are_off_already_ends_apply_before_anything_is_sent_for_it() -> None:
    world = World(max_failures="1")
    switched_off_elsewhere(world, *SOMEBODY)
    with pytest.raises(Guarded, match="the folder may be an older copy") as caught:
        world.apply_to_the_end()
    assert "rollback --overwrite-drift" in caught.value.hint
    assert intents(world) == {object_id("ada")}, "the canary was as planned"
    # Nobody was written off as done: the newer folder, or a rollback, finds everything as it is.
    assert not set(SOMEBODY) & world.journal.latest_user_outcomes(world.plan.digest).keys()


def test_as_many_as_may_fail_may_have_been_switched_off_by_somebody_else() -> None:
    world = World(max_failures="1")
    switched_off_elsewhere(world, SOMEBODY[0])
    world.apply_to_the_end()
    assert intents(world) == {object_id(name) for name in PEOPLE} - {SOMEBODY[0]}


def test_whom_the_books_know_does_not_count() -> None:
    world = World(max_failures="0")
    world.apply_to_the_end()
    # The journal is gone, and the rollback files are there.
    world.journal.kept.clear()
    assert world.apply_to_the_end().is_through
    assert not intents(world)


@pytest.mark.parametrize("create", [False, True])
def test_a_rollback_names_who_is_off_besides_and_leaves_the_policy_that_they_rest_on(create: bool) -> None:
    world = World(create=create)
    policies = {key: dict(raw) for key, raw in world.tenant.policies.items()}
    world.apply_to_the_end()
    ours = world.tenant.policies.keys() - policies.keys()
    world.others = world.steps
    kept = list(world.journal.kept)
    one = next(step for step in world.steps if step.user_id == SOMEBODY[0])
    # An older copy of the journal, which does not know of that user.
    world.journal.kept[:] = [pair for pair in kept if pair[0].object_id != one.user_id]
    result = world.roll_back(names_others=True)
    assert result is not None
    assert result.unaccounted == [one.user_principal_name]
    assert result.exit_code == 1
    assert {user for user, state in world.tenant.states.items() if state is MfaState.DISABLED} == {one.user_id}
    assert ours <= world.tenant.policies.keys(), "the policy stays under whoever rests on it"
    assert bool(result.policies_kept) == create
    world.tenant.states[one.user_id] = one.before
    again = world.roll_back(names_others=True)
    assert again is not None
    assert (again.unaccounted, again.exit_code) == ([], 0)
    assert not ours & world.tenant.policies.keys()
    assert world.tenant.states == world.before
