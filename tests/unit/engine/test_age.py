"""Age counts where it matters: a process that was stopped, a machine that slept, evidence that took too long."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.engine.age import Ages, Freshness
from migrate.errors import Guarded, MfaMigrateError, TooSlow
from migrate.model.evidence import Evidence
from migrate.model.journal import Outcome
from migrate.model.replies import WriteRequest
from migrate.model.run import Ending
from migrate.model.users import MfaState
from tests.unit.engine.world import PEOPLE, World

LIMIT = Freshness().evidence_seconds
HOURS = 3600.0


def switch_off_policies(world: World) -> None:
    """Somebody else switches every policy off."""
    for raw in world.tenant.policies.values():
        raw["state"] = "disabled"


def off(world: World) -> list[str]:
    return [user for user, state in world.tenant.states.items() if state is MfaState.DISABLED]


def once(act):  # type: ignore[no-untyped-def]
    """Return a function that does something the first time only, whatever it is called with."""
    done = False

    def acting(*_: object) -> None:
        nonlocal done
        if not done:
            done = True
            act()

    return acting


def test_what_waited_in_the_pacer_while_the_process_was_stopped_is_not_sent() -> None:
    world = World()

    def stopped() -> None:
        world.tenant.now += timedelta(seconds=312)
        switch_off_policies(world)

    world.tenant.before_leaving = once(stopped)
    with pytest.raises(Guarded):  # the wave is looked back upon, and its policy is not in force any more
        world.apply_to_the_end()
    assert off(world) == []
    assert not list(world.journal.entries(outcomes=[Outcome.INTENT])), "an intent was written that never left"


@pytest.mark.parametrize("witness", ["the machine's clock", "the server"])
def test_hours_that_the_steady_clock_slept_through_count(witness: str) -> None:
    world = World()

    def slept() -> None:
        world.tenant.now += timedelta(hours=8)
        world.slept = 8 * HOURS
        if witness == "the server":
            world.clock_set = -8 * HOURS
        switch_off_policies(world)

    world.tenant.before_leaving = once(slept)
    with pytest.raises(Guarded):  # the wave is looked back upon, and its policy is not in force any more
        world.apply_to_the_end()
    assert off(world) == []


def test_evidence_is_as_old_as_the_beginning_of_its_reading() -> None:
    world = World()
    read = world.tenant.read_evidence
    slow = True

    async def reading(**asked) -> Evidence:  # type: ignore[no-untyped-def]
        nonlocal slow
        evidence = await read(**asked)
        if slow:
            slow = False
            # A group is held back by throttling, and meanwhile the policy is gone.
            world.tenant.now += timedelta(seconds=590)
            switch_off_policies(world)
        return evidence

    world.tenant.read_evidence = reading  # type: ignore[method-assign]
    with pytest.raises(MfaMigrateError):  # the evidence has changed since the export
        world.apply()
    assert off(world) == []


def test_after_an_interrupt_nothing_leaves_that_was_waiting_for_its_turn() -> None:
    world = World()

    def interrupt() -> None:
        world.stops_after = 0

    world.tenant.before_leaving = once(interrupt)
    assert world.apply().ending is Ending.INTERRUPTED
    assert world.tenant.writes == []
    assert not list(world.journal.entries(outcomes=[Outcome.INTENT]))
    world.stops_after = None
    assert world.apply_to_the_end().outcomes == {"confirmed": len(PEOPLE)}


def test_evidence_that_always_takes_ten_minutes_ends_the_run_with_exit_4_and_says_so() -> None:
    world = World()
    read = world.tenant.read_evidence

    async def reading(**asked) -> Evidence:  # type: ignore[no-untyped-def]
        world.tenant.now += timedelta(seconds=600)
        return await read(**asked)

    world.tenant.read_evidence = reading  # type: ignore[method-assign]
    with pytest.raises(TooSlow, match="takes 600 seconds here, and a proof must not be older than 300") as told:
        world.apply()
    assert told.value.exit_code == 4
    assert told.value.unchanged == "Nothing was changed."
    assert world.tenant.writes == []


def test_states_that_are_too_old_each_time_end_the_run_with_exit_4() -> None:
    world = World()

    def wait() -> None:
        world.tenant.now += timedelta(seconds=61)

    world.tenant.before_leaving = wait
    with pytest.raises(TooSlow, match="older than 60 seconds each time"):
        world.apply()
    assert world.tenant.writes == []


def test_clocks_that_never_agree_end_the_run_by_their_own_name() -> None:
    world = World()
    read = world.tenant.read_evidence

    async def reading(**asked) -> Evidence:  # type: ignore[no-untyped-def]
        world.clock_set += HOURS
        return await read(**asked)

    world.tenant.read_evidence = reading  # type: ignore[method-assign]
    with pytest.raises(TooSlow, match="did not agree on how old the proof is"):
        world.apply()
    assert world.tenant.writes == []


@pytest.mark.parametrize("seconds", [-HOURS, HOURS, -8 * HOURS, 8 * HOURS])
def test_a_clock_that_is_set_is_a_reason_to_read_again_and_none_to_stop(seconds: float) -> None:
    world = World()
    read, readings = world.tenant.read_mfa_states, 0

    async def reading(user_ids):  # type: ignore[no-untyped-def]
        nonlocal readings
        readings += 1
        return await read(user_ids)

    undisturbed = World()
    undisturbed.tenant.read_mfa_states, theirs = reading, undisturbed.tenant.read_mfa_states  # type: ignore[method-assign]
    read = theirs
    undisturbed.apply_to_the_end()
    usual, readings, read = readings, 0, world.tenant.read_mfa_states
    world.tenant.read_mfa_states = reading  # type: ignore[method-assign]

    def set_clock() -> None:
        world.clock_set = seconds

    world.tenant.before_leaving = once(set_clock)
    assert world.apply_to_the_end().outcomes == {"confirmed": len(PEOPLE)}
    assert readings > usual


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150, deadline=None)
@given(
    call=st.integers(1, 60),
    seconds=st.floats(0, 10 * HOURS),
    unnoticed=st.booleans(),
    clock_set=st.sampled_from([0.0, -HOURS, HOURS]),
)
def test_whenever_and_however_long_a_run_is_frozen_nobody_is_switched_off_on_proofs_older_than_the_limit(
    call: int, seconds: float, unnoticed: bool, clock_set: float
) -> None:
    world = World()
    gone_at: list[datetime] = []

    def freeze() -> None:
        gone_at.append(world.tenant.now)
        switch_off_policies(world)
        world.tenant.now += timedelta(seconds=seconds)
        world.slept += seconds if unnoticed else 0.0
        world.clock_set = clock_set

    def before_write(request: WriteRequest) -> None:
        if gone_at:
            late = (world.tenant.now - gone_at[0]).total_seconds()
            assert late <= LIMIT, f"switched off {late:.0f} seconds after the last policy was"

    passed = world.tenant.breaker.passed

    def frozen_at_a_call() -> None:
        passed()
        if world.tenant.breaker.calls == call:
            freeze()

    world.tenant.breaker.passed = frozen_at_a_call  # type: ignore[method-assign]
    world.tenant.before_write = before_write
    try:
        world.apply_to_the_end()
    except MfaMigrateError:
        assert gone_at
    if seconds > LIMIT and gone_at:
        sent = {entry.object_id for entry in world.journal.entries(outcomes=[Outcome.CONFIRMED])}
        assert sent == set(off(world))


def test_the_age_of_something_is_what_all_clocks_agree_on() -> None:
    steady = machine = 0.0
    server = datetime(2026, 11, 28, tzinfo=UTC)
    ages = Ages(steady=lambda: steady, machine=lambda: machine, server=lambda: server, jump_seconds=5.0)
    then = ages.now()
    steady, machine, server = 100.0, 103.0, server + timedelta(seconds=98)
    assert ages.since(then) == 100.0
    machine += 3.0
    assert ages.since(then) == math.inf
    machine = 100.0
    server -= timedelta(seconds=10)
    assert ages.since(then) == math.inf
    steady, machine, server = -1.0, -1.0, datetime(2026, 11, 28, tzinfo=UTC)
    assert ages.since(then) == math.inf
