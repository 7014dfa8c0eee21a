"""The laws of a run: whatever is done in whatever order, nobody is left unprotected and everybody can go back."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from migrate.decide.planner import Planner
from migrate.engine.history import begun_plans, plans_rolled_back
from migrate.errors import MfaMigrateError
from migrate.model.journal import Operation, Outcome
from migrate.model.record import JsonObject
from migrate.model.replies import WriteRequest
from migrate.model.run import Ending, RunResult
from migrate.model.users import MfaState
from tests.unit.decide import records
from tests.unit.decide.records import object_id
from tests.unit.engine.memory import PILOT, Crash
from tests.unit.engine.world import EMERGENCY, EVERYBODY, PEOPLE, World

STATES = st.fixed_dictionaries({name: st.sampled_from(MfaState) for name in PEOPLE})
FATES = st.lists(st.sampled_from(["fine", "lost", "dropped", "refused", "conflict", "ignored"]), max_size=12)
SOME = st.sets(st.sampled_from(PEOPLE), max_size=3)
PATIENT = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)


def guarded(world: World) -> World:
    """Let the tenant itself watch the promises at every write."""

    def before_write(request: WriteRequest) -> None:
        assert request.user_id != object_id(EMERGENCY), "an emergency access account was written"
        intents = [e for e in world.journal.entries(outcomes=[Outcome.INTENT]) if e.object_id == request.user_id]
        assert intents, "a write went out before its intent was kept"
        assert intents[-1].requested == request.mfa_state
        if request.mfa_state is MfaState.DISABLED:
            assert world.is_covered(request.user_id), "somebody was switched off who is not covered"
        found = world.tenant.states[request.user_id]
        assert MfaState(intents[-1].before).is_found_as(found), "a state was overwritten that nobody had read"
        step = world.running[request.user_id]
        # Found as asked, nothing is overwritten: sent all the same after a change that could not be read back.
        assert step.before.is_found_as(found) or step.after.is_found_as(found), "drift was overwritten"

    def before_weakening(policy_id: str) -> None:
        nobody_loses({key: raw for key, raw in world.tenant.policies.items() if key != policy_id})

    def before_rescoping(policy_id: str, body: JsonObject) -> None:
        nobody_loses({**world.tenant.policies, policy_id: {**world.tenant.policies[policy_id], **body}})

    def nobody_loses(rest: dict[str, JsonObject]) -> None:
        with_it = dict(world.tenant.policies)
        depending = [user for user in off_by_us(world) if world.is_covered(user)]
        world.tenant.policies = rest
        try:
            uncovered = [user for user in depending if not world.is_covered(user)]
        finally:
            world.tenant.policies = with_it
        assert not uncovered, "a policy was weakened on which somebody rests whom we switched off"

    world.tenant.before_write, world.tenant.before_weakening = before_write, before_weakening
    world.tenant.before_rescoping = before_rescoping
    return world


def off_by_us(world: World) -> list[str]:
    """Return the users whom a run of ours asked to switch off, and who are."""
    asked = world.journal.entries(operation=Operation.SET_MFA_STATE, outcomes=[Outcome.INTENT])
    ours = {entry.object_id for entry in asked if entry.requested == MfaState.DISABLED}
    return sorted(user for user in ours if world.tenant.states[user] is MfaState.DISABLED)


def world_of(create: bool, states: dict[str, MfaState], excluded: set[str], unregistered: set[str]) -> World:
    world = World(create=create, states=states)
    world.tenant.excluded = {object_id(name) for name in excluded}
    world.tenant.registered -= {object_id(name) for name in unregistered}
    world.plan, world.steps = world.planned()
    return guarded(world)


def end_of(world: World) -> tuple[dict[str, MfaState], list[tuple[str, str]]]:
    policies = sorted((raw["displayName"], raw["state"]) for raw in world.tenant.policies.values())
    return dict(world.tenant.states), policies


def counted(world: World) -> dict[str, str]:
    """Return what became of each user of the plan; recovered and confirmed are both done."""
    outcomes = world.journal.latest_user_outcomes(world.plan.digest)
    return {user: "done" if o in (Outcome.CONFIRMED, Outcome.RECOVERED) else o.value for user, o in outcomes.items()}


worlds = st.builds(world_of, st.booleans(), STATES, SOME, SOME)


@PATIENT
@given(worlds)
def test_rollback_after_apply_restores_everybody_up_to_promotion(world: World) -> None:
    policies = end_of(world)[1]
    assert world.apply_to_the_end().ending is Ending.DONE
    off = off_by_us(world)
    assert {step.user_id for step in world.steps} == set(off)
    result = world.roll_back()
    assert result is None or result.ending is Ending.DONE
    for user, before in world.before.items():
        assert before.is_found_as(world.tenant.states[user])
    assert end_of(world)[1] == policies


@PATIENT
@given(worlds)
def test_applying_twice_is_applying_once(world: World) -> None:
    world.apply_to_the_end()
    once, writes = end_of(world), len(world.tenant.writes)
    assert world.apply_to_the_end().ending is Ending.DONE
    assert end_of(world) == once
    assert len(world.tenant.writes) == writes


@PATIENT
@given(worlds, FATES)
def test_whatever_answers_come_a_second_run_reaches_the_same_end(world: World, fates: list[str]) -> None:
    clean = world_of(world.create, {n: world.before[object_id(n)] for n in PEOPLE}, set(), set())
    clean.tenant.excluded, clean.tenant.registered = set(world.tenant.excluded), set(world.tenant.registered)
    clean.plan, clean.steps = clean.planned()
    clean.apply_to_the_end()
    world.tenant.fates = list(fates)
    world.apply_to_the_end()
    for user, state in world.tenant.states.items():
        outcome = counted(world).get(user)
        assert (outcome == "done") == (state is MfaState.DISABLED and world.before[user] is not MfaState.DISABLED)
    world.tenant.fates = []
    world.apply_to_the_end()
    assert end_of(world) == end_of(clean)
    assert counted(world) == counted(clean)


@pytest.mark.parametrize("create", [False, True])
def test_a_crash_at_any_call_and_a_resume_is_as_if_it_had_never_crashed(create: bool) -> None:
    undisturbed = guarded(World(create=create))
    undisturbed.apply_to_the_end()
    calls = undisturbed.tenant.breaker.calls
    for call in range(1, calls + 1):
        world = guarded(World(create=create))
        world.tenant.breaker.dies_at = call
        with pytest.raises(Crash):
            world.apply_to_the_end()
        world.apply_to_the_end()
        assert end_of(world) == end_of(undisturbed), f"died at call {call}"
        assert counted(world) == counted(undisturbed)
        assert not list(world.journal.in_doubt())


@pytest.mark.parametrize("create", [False, True])
def test_a_crash_at_any_call_of_a_rollback_and_another_rollback_restores_everybody(create: bool) -> None:
    undisturbed = guarded(World(create=create))
    undisturbed.apply_to_the_end()
    applied = undisturbed.tenant.breaker.calls
    undisturbed.roll_back()
    for call in range(applied + 1, undisturbed.tenant.breaker.calls + 1):
        world = guarded(World(create=create))
        world.apply_to_the_end()
        world.tenant.breaker.dies_at = call
        with pytest.raises(Crash):
            world.roll_back()
        world.roll_back()
        assert end_of(world) == end_of(undisturbed), f"died at call {call}"


@pytest.mark.parametrize("create", [False, True])
def test_a_crash_in_apply_and_a_rollback_restores_everybody(create: bool) -> None:
    undisturbed = guarded(World(create=create))
    undisturbed.apply_to_the_end()
    for call in range(1, undisturbed.tenant.breaker.calls + 1):
        world = guarded(World(create=create))
        policies = end_of(world)[1]
        world.tenant.breaker.dies_at = call
        with pytest.raises(Crash):
            world.apply_to_the_end()
        world.roll_back()
        # Also where nothing seems to have happened: reads may lag behind a write that nobody answered.
        sent = dict(world.tenant.writes)
        for intent in world.journal.entries(operation=Operation.SET_MFA_STATE, outcomes=[Outcome.INTENT]):
            assert sent.get(intent.object_id) == world.before[intent.object_id], f"died at call {call}"
        assert world.tenant.states == world.before, f"died at call {call}"
        assert end_of(world)[1] == policies, f"died at call {call}"


@given(STATES, st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_the_users(states: dict[str, MfaState], chance: random.Random) -> None:
    users = [records.user(name, state) for name, state in states.items()]
    shuffled = list(users)
    chance.shuffle(shuffled)

    def planned(people: list[object]) -> tuple[object, set[object]]:
        planner = Planner(records.snapshot(len(people)), records.evidence(records.policy()), records.rules())
        rows = set(planner.rows(people))  # type: ignore[arg-type]
        return planner.header("", tool_version="0"), rows

    assert planned(list(users)) == planned(list(shuffled))


class Runs(RuleBasedStateMachine):
    """Apply, crash, resume, pause, interrupt, drift and rollback in any order keep the promises."""

    world: World

    @initialize(create=st.booleans(), states=STATES, unregistered=SOME)
    def begin(self, create: bool, states: dict[str, MfaState], unregistered: set[str]) -> None:
        self.world = world_of(create, states, set(), unregistered)
        self.touched_by_others: set[str] = set()

    def attempt(self, what: str, dies_at: int | None, stops_after: int | None, **options: object) -> RunResult | None:
        world = self.world
        breaker = world.tenant.breaker
        breaker.dies_at = None if dies_at is None else breaker.calls + dies_at
        world.stops_after = stops_after
        try:
            return world.apply(**options) if what == "apply" else world.roll_back(**options)  # type: ignore[arg-type]
        except (Crash, MfaMigrateError):
            return None
        finally:
            breaker.dies_at = world.stops_after = None

    def plan_again_if_rolled_back(self) -> None:
        if self.world.plan.digest in plans_rolled_back(self.world.journal):
            self.world.plan, self.world.steps = self.world.planned()

    @rule()
    def apply(self) -> None:
        self.plan_again_if_rolled_back()
        self.attempt("apply", None, None)

    @rule(until=st.sampled_from(["policies-on", "wave:1", "wave:2"]))
    def apply_a_part(self, until: str) -> None:
        self.plan_again_if_rolled_back()
        self.attempt("apply", None, None, until=until)

    @rule(stops_after=st.integers(0, 8), paused=st.booleans())
    def apply_until_interrupted_or_paused(self, stops_after: int, paused: bool) -> None:
        self.world.paused = paused
        self.attempt("apply", None, stops_after)
        self.world.paused = False

    @rule(dies_at=st.integers(1, 70))
    def apply_and_die(self, dies_at: int) -> None:
        self.plan_again_if_rolled_back()
        self.attempt("apply", dies_at, None)

    @rule(dies_at=st.none() | st.integers(1, 40), wave=st.none() | st.sampled_from([1, 2, 3]))
    def roll_back(self, dies_at: int | None, wave: int | None) -> None:
        self.attempt("roll back", dies_at, None, wave=wave)

    @precondition(lambda self: list(begun_plans(self.world.journal)))
    @rule(number=st.integers(0, 20), dies_at=st.none() | st.integers(1, 60))
    def undo_a_run(self, number: int, dies_at: int | None) -> None:
        runs = begun_plans(self.world.journal)
        self.attempt("roll back", dies_at, None, run=runs[number % len(runs)][0])

    @rule(
        days=st.sampled_from([0.0, 1.0, 8.0]),
        fates=st.just([]) | FATES,
        drifting=st.none() | st.tuples(st.sampled_from(PEOPLE), st.sampled_from(MfaState)),
        excluded=SOME,
        then=st.sampled_from(["apply", "roll back", "plan again"]),
    )
    def meanwhile(
        self,
        days: float,
        fates: list[str],
        drifting: tuple[str, MfaState] | None,
        excluded: set[str],
        then: str,
    ) -> None:
        """Time passes, answers get lost, somebody changes a user or the excluded group; then it goes on."""
        world = self.world
        world.tenant.now += timedelta(days=days)
        world.tenant.fates = list(fates)
        if drifting is not None and world.tenant.states[object_id(drifting[0])] is not drifting[1]:
            self.touched_by_others.add(object_id(drifting[0]))
            world.tenant.states[object_id(drifting[0])] = drifting[1]
        world.tenant.excluded = {object_id(name) for name in excluded}
        if then == "plan again":
            world.plan, world.steps = world.planned()
        else:
            self.attempt(then, None, None)

    @precondition(lambda self: self.world.create)
    @rule(narrow=st.booleans(), pilot=SOME, dies_at=st.none() | st.integers(1, 40))
    def be_for_others(self, narrow: bool, pilot: set[str], dies_at: int | None) -> None:
        """The configuration says that the policy is for a group, or for everybody again, and a new plan is applied."""
        world = self.world
        world.scope = object_id(PILOT) if narrow else None
        world.tenant.pilot = {object_id(name) for name in pilot}
        world.plan, world.steps = world.planned()
        self.attempt("apply", dies_at, None)

    @invariant()
    def no_policy_exists_twice(self) -> None:
        names = [raw["displayName"] for raw in self.world.tenant.policies.values()]
        assert len(names) == len(set(names))
        assert self.world.create or names == [EVERYBODY]

    @invariant()
    def everybody_who_is_off_can_go_back(self) -> None:
        world = self.world
        known = {entry.object_id for entry in world.journal.entries(outcomes=[Outcome.INTENT])}
        off = {user for user, state in world.tenant.states.items() if state is MfaState.DISABLED}
        lost = {user for user in off if world.before[user] is not MfaState.DISABLED} - self.touched_by_others - known
        assert not lost, "somebody is off of whom nothing is on record"

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        world.paused, world.tenant.fates, world.tenant.excluded = False, [], set()
        for _ in range(3):
            self.attempt("roll back", None, None)
        for user, before in world.before.items():
            if user not in self.touched_by_others:
                found = world.tenant.states[user]
                assert before.is_found_as(found) or before is MfaState.DISABLED, (user, before, found)


TestRuns = Runs.TestCase
TestRuns.settings = settings(
    max_examples=200, stateful_step_count=16, suppress_health_check=[HealthCheck.too_slow], deadline=None
)
