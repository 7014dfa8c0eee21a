"""A policy goes back only when nobody whom this tool switched off rests on it, whichever way that is asked."""

from __future__ import annotations

import msgspec
import pytest

from migrate.engine.history import begun_plans, net_touched, plans_in_force
from migrate.errors import Guarded, StalePlan
from migrate.model.journal import Outcome
from migrate.model.run import Ending
from migrate.model.users import MfaState
from tests.unit.decide.records import object_id
from tests.unit.engine.memory import Crash
from tests.unit.engine.world import PEOPLE, World


def states_of(world: World) -> list[str]:
    return [raw["state"] for raw in world.tenant.policies.values()]


def two_runs() -> tuple[World, str]:
    """Return a world in which a first run made the policy for ada and a second one rests on it with ben."""
    world = World(create=True, states={"ada": MfaState.ENFORCED, "ben": MfaState.DISABLED})
    world.apply_to_the_end()
    first = world.plan.digest
    world.tenant.set_state(object_id("ben"), MfaState.ENFORCED)
    world.plan, world.steps = world.planned()
    world.apply_to_the_end()
    return world, first


def test_undoing_the_run_that_made_the_policy_keeps_it_while_users_of_another_run_rest_on_it() -> None:
    world, first = two_runs()
    assert [step.user_principal_name for step in world.steps] == ["ben@contoso.example"]
    result = world.roll_back(run=first)
    assert result is not None
    assert world.tenant.states[object_id("ada")] is MfaState.ENFORCED
    assert states_of(world) == ["enabled"]
    assert len(result.policies_kept) == 2
    assert "users whose per-user MFA this tool disabled rest on it (ben@contoso.example)" in result.policies_kept[0].why
    assert result.exit_code == 1


@pytest.mark.parametrize("what", ["state", "profile"])
def test_whoever_of_another_run_cannot_be_read_may_rest_on_the_policy(what: str) -> None:
    world, first = two_runs()
    if what == "state":
        world.tenant.unreadable = {object_id("ben")}
    else:
        del world.tenant.profiles[object_id("ben")]
    result = world.roll_back(run=first)
    assert result is not None
    assert "rest on it" in result.policies_kept[0].why
    assert states_of(world) == ["enabled"]


def test_whoever_of_the_rollback_cannot_be_read_is_not_restored() -> None:
    world = World(create=True)
    world.apply_to_the_end()
    world.tenant.unreadable = {object_id("ben")}
    result = world.roll_back()
    assert result is not None
    assert "1 users are not restored (ben@contoso.example)" in result.policies_kept[0].why
    assert states_of(world) == ["enabled"]


def test_a_user_whose_restore_did_not_take_effect_keeps_the_policies_where_they_are() -> None:
    world = World(create=True)
    world.apply_to_the_end()
    world.tenant.fates = ["ignored"]
    result = world.roll_back()
    assert result is not None
    assert "1 users are not restored" in result.policies_kept[0].why
    assert states_of(world) == ["enabled"]
    again = world.roll_back()
    assert again is not None
    assert again.policies_kept == []
    assert states_of(world) == []
    assert world.tenant.states == world.before


def test_a_failed_restore_of_an_earlier_rollback_still_counts_when_only_the_policies_are_undone() -> None:
    world = World(create=True, states={"ada": MfaState.ENFORCED, "ben": MfaState.DISABLED})
    world.apply_to_the_end()
    first = world.plan.digest
    world.tenant.fates = ["ignored"]
    world.roll_back(wave=1)  # ada stays off, although a rollback was the last to touch her
    world.tenant.fates = ["ignored"]
    result = world.roll_back(run=first)
    assert result is not None
    assert result.policies_kept
    assert states_of(world) == ["enabled"]


def test_a_user_who_was_deleted_meanwhile_keeps_no_policy_from_going_back() -> None:
    world = World(create=True)
    world.apply_to_the_end()
    gone = object_id("ben")
    del world.tenant.states[gone], world.tenant.profiles[gone]
    result = world.roll_back()
    assert result is not None
    assert result.policies_kept == []
    assert states_of(world) == []


def test_part_of_a_wave_leaves_the_policies_alone() -> None:
    world = World(create=True)
    world.apply_to_the_end()
    result = world.roll_back(wave=2)
    assert result is not None
    assert states_of(world) == ["enabled"]
    assert {world.tenant.states[step.user_id] for step in world.steps if step.wave == 2} == {MfaState.ENFORCED}
    assert {world.tenant.states[step.user_id] for step in world.steps if step.wave != 2} == {MfaState.DISABLED}


def test_who_loses_the_policies_is_told_with_whom_per_user_mfa_asks_again() -> None:
    world = World(create=True)
    world.apply_to_the_end()
    world.roll_back()
    told = world.said.notes[-1]
    assert told.startswith("6 people lose the requirement of MFA, or part of it, when the policies go back: ada, ben,")
    assert ", ... All of them: `mfa-migrate coverage" in told
    assert told.endswith(" Per-user MFA requires it again of all of them.")


def test_whom_the_rollback_does_not_put_back_to_per_user_mfa_is_not_said_to_be_asked_by_it() -> None:
    world = World(create=True, states={"ada": MfaState.ENFORCED, "ben": MfaState.DISABLED})
    world.apply_to_the_end()
    world.roll_back()
    assert world.said.notes[-1] == (
        "2 people lose the requirement of MFA, or part of it, when the policies go back: ada, ben. Per-user MFA "
        "requires it again of 1 of them."
    )


def test_a_rollback_of_a_rollback_puts_the_policy_back_before_anybody_is_switched_off() -> None:
    world = World(create=True)
    world.apply_to_the_end()
    world.roll_back()
    assert states_of(world) == []
    rollback = begun_plans(world.journal)[-1][0]
    order: list[str] = []
    world.tenant.before_write = lambda _: order.append(states_of(world)[0])
    result = world.roll_back(run=rollback)
    assert result is not None
    assert result.ending is Ending.DONE
    assert set(order) == {"enabled"}
    assert {world.tenant.states[step.user_id] for step in world.steps} == {MfaState.DISABLED}
    assert {row.user_id for row in world.files.rows} == {step.user_id for step in world.steps}
    world.roll_back()
    assert world.tenant.states == world.before
    assert states_of(world) == []


def test_a_plan_that_was_rolled_back_as_a_whole_is_not_applied_again() -> None:
    world = World()
    world.apply(until="wave:1")
    world.roll_back()
    with pytest.raises(StalePlan, match="rolled back as a whole"):
        world.apply()
    assert world.tenant.states == world.before


def test_one_wave_put_back_stays_back_when_the_run_goes_on() -> None:
    world = World()
    world.apply(until="wave:1")
    world.roll_back(wave=1)
    world.apply_to_the_end()
    assert world.tenant.states[object_id("ada")] is MfaState.ENFORCED
    assert {world.tenant.states[object_id(name)] for name in PEOPLE if name != "ada"} == {MfaState.DISABLED}


def test_whom_a_crash_left_in_doubt_the_next_run_settles_although_it_is_another_one_and_does_not_visit_them() -> None:
    world = World()
    world.apply(until="wave:1")
    breaker = world.tenant.breaker

    def die_once_it_is_written(_: object) -> None:
        breaker.dies_at = breaker.calls + 1

    world.tenant.before_write = die_once_it_is_written
    with pytest.raises(Crash):
        world.apply(until="wave:2")
    world.tenant.before_write, breaker.dies_at = lambda _: None, None
    doubtful = {entry.object_id for entry in world.journal.in_doubt()}
    assert doubtful
    former = world.plan.digest
    world.roll_back(wave=1)
    assert not list(world.journal.in_doubt())
    assert {world.journal.latest_user_outcomes(former)[user] for user in doubtful} == {Outcome.RECOVERED}
    # They are off and a new plan leaves them out; the way back of the former one still knows them.
    world.plan, world.steps = world.planned()
    assert not doubtful & {step.user_id for step in world.steps}
    world.apply_to_the_end()
    assert doubtful <= {row.user_id for row in world.files.rows}


def test_what_somebody_else_had_done_before_us_is_not_undone_by_us() -> None:
    world = World(create=True)
    world.apply(until="report-only")
    (policy_id,) = world.tenant.policies
    world.tenant.policies[policy_id]["state"] = "enabled"  # an administrator was faster
    world.apply_to_the_end()
    assert world.files.header is not None
    assert world.files.header.policies_switched == ()
    assert [made.id for made in world.files.header.policies_created] == [policy_id]


def test_two_runs_over_one_user_go_back_to_the_state_before_the_first_unless_somebody_came_between() -> None:
    world = World(states={"ada": MfaState.ENFORCED, "ben": MfaState.ENFORCED})
    world.apply_to_the_end()
    digest = world.plan.digest
    entry, wave = next((e, w) for e, w in world.journal.kept if e.outcome is Outcome.INTENT)
    for name, before in (("ada", "disabled"), ("ben", "enabled")):
        replaced = msgspec.structs.replace(
            entry, object_id=object_id(name), before=before, requested="enforced", plan_digest="second"
        )
        world.journal.kept.append((replaced, wave))
    net = {user.user_id: (user.before, user.requested) for user in net_touched(world.journal, [digest, "second"])}
    assert net[object_id("ada")] == (MfaState.ENFORCED, MfaState.ENFORCED)
    assert net[object_id("ben")] == (MfaState.ENABLED, MfaState.ENFORCED)
    assert [found for found, _ in plans_in_force(world.journal)] == [digest]


def test_copies_of_our_policy_are_told_apart_by_the_journal_and_refused_where_it_does_not_know() -> None:
    world = World(create=True)
    world.apply(until="report-only")
    (policy_id,) = world.tenant.policies
    copy = {**world.tenant.policies[policy_id], "id": object_id("a copy"), "displayName": "A copy"}
    world.tenant.policies[copy["id"]] = copy
    world.apply_to_the_end()
    assert world.tenant.policies[policy_id]["state"] == "enabled"
    assert copy["state"] == "enabledForReportingButNotEnforced"
    world.journal.kept = [
        (entry, wave) for entry, wave in world.journal.kept if entry.operation.value != "CreatePolicy"
    ]
    with pytest.raises(Guarded, match="2 policies carry the marker"):
        world.roll_back()
