"""A run acts on the users that the journal keeps since it was opened, whatever the plan's file says later."""

from __future__ import annotations

import msgspec
import pytest

from migrate.engine.history import begun_plans, steps_kept
from migrate.errors import FolderDamaged
from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.model.reasons import Parts, Why, reason_of
from migrate.model.steps import SetMfaState
from migrate.model.users import MfaState
from tests.unit.decide.records import object_id
from tests.unit.engine.world import EMERGENCY, World


def opened_by_an_older_version(world: World) -> None:
    world.journal.run = world.plan.digest
    opening = Draft(
        operation=Operation.OPEN_RUN,
        target_type=TargetType.RUN,
        outcome=Outcome.OPENED,
        requested=world.journal.put_document(world.plan),
        reason=reason_of(Why.BEGUN, parts=Parts(kind=world.plan.kind)),
    )
    world.journal.append([opening])


def with_another(world: World) -> tuple[SetMfaState, ...]:
    """Return the steps with one more, as somebody may write it into plan.csv."""
    one = msgspec.structs.replace(
        world.steps[-1], user_id=object_id(EMERGENCY), user_principal_name=f"{EMERGENCY}@contoso.example"
    )
    return (*world.steps[1:], one)


def switched_off(world: World) -> set[str]:
    return {user for user, state in world.tenant.states.items() if state is MfaState.DISABLED}


@pytest.mark.parametrize("older", [False, True])
def test_a_run_that_was_opened_keeps_its_users(older: bool) -> None:
    world = World()
    if older:
        opened_by_an_older_version(world)
        assert not steps_kept(world.journal, world.plan.digest)
    world.apply(until="wave:1")
    planned = {step.user_id for step in world.steps}
    world.run(world.plan, with_another(world))
    assert switched_off(world) == planned
    assert steps_kept(world.journal, world.plan.digest)
    assert [digest for digest, _ in begun_plans(world.journal)] == [world.plan.digest]
    kept = [entry.reason.why for entry in world.journal.entries(operation=Operation.OPEN_RUN)]
    assert kept == ([Why.BEGUN, Why.KEEPING_STEPS] if older else [Why.BEGUN])


def test_steps_that_are_not_those_of_the_entry_end_the_run() -> None:
    world = World()
    world.apply(until="wave:1")
    off = switched_off(world)
    world.journal.kept_steps[world.plan.digest] = list(with_another(world))
    with pytest.raises(FolderDamaged):
        world.apply()
    assert switched_off(world) == off
