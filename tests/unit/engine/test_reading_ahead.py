"""What is read while something is written: the next wave, and the evidence before it is too old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from migrate.engine.age import Freshness
from migrate.engine.proof import Proof
from migrate.engine.run_parts import ApplyOptions, RunParts
from migrate.errors import IncompleteRead, PermissionMissing
from migrate.model.evidence import Evidence
from migrate.model.replies import WriteRequest
from migrate.model.users import MfaState
from tests.unit.decide.records import evidence, header, object_id
from tests.unit.engine.memory import START, Breaker, MemoryFiles, MemoryJournal, Said
from tests.unit.engine.world import PEOPLE, World

MAX_AGE_SECONDS = Freshness().evidence_seconds
JUST_READ_SECONDS = Freshness().just_read_seconds
EARLY_SECONDS = 200.0


class Readings:
    """A tenant that is read as slowly, and as badly, as a test wants; and the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.begun = self.renewed = 0
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.problem: PermissionMissing | None = None
        self.said = Said()

    def server_now(self) -> datetime:
        return START + timedelta(seconds=self.now)

    def server_at_least(self) -> datetime:
        return self.server_now()

    def server_at_most(self) -> datetime:
        return self.server_now()

    async def renew_evidence(self, evidence: Evidence) -> Evidence:
        self.renewed += 1
        return evidence

    async def read_evidence(
        self, *, groups: Sequence[str] = (), roles: Sequence[str] = (), paths: bool = False
    ) -> Evidence:
        self.begun += 1
        await self.go_on.wait()
        if self.problem is not None:
            raise self.problem
        return evidence()

    def proof(self) -> Proof:
        async def sleep(seconds: float) -> None:
            self.now += seconds

        parts = RunParts(
            plan=header(),
            steps=lambda: iter(()),
            tenant=self,  # type: ignore[arg-type]
            journal=MemoryJournal(breaker := Breaker()),
            rollback_files=MemoryFiles(breaker),
            progress=self.said,
            options=ApplyOptions(),
            stop=lambda: False,
            paused=lambda: False,
            sleep=sleep,
            monotonic=lambda: self.now,
            machine_time=lambda: self.now,
            new_id=str,
        )
        return Proof(parts)


async def _soon(is_so: Callable[[], bool]) -> None:
    for _ in range(100):
        if is_so():
            return
        await asyncio.sleep(0)
    raise AssertionError("it does not come")


def test_evidence_is_read_again_in_the_background_before_it_is_too_old() -> None:
    async def story() -> None:
        tenant = Readings()
        proof = tenant.proof()
        first = await proof.evidence()
        tenant.now = EARLY_SECONDS
        assert await proof.evidence() is first
        assert tenant.begun == 1
        tenant.go_on.clear()
        tenant.now = EARLY_SECONDS + 1
        for _ in range(3):
            assert await proof.evidence() is first  # nobody waits
            await asyncio.sleep(0)
        assert tenant.begun == 2
        tenant.go_on.set()
        await _soon(lambda: proof._known.evidence is not first)
        tenant.now += MAX_AGE_SECONDS
        assert await proof.evidence() is not first
        assert tenant.begun == 2
        await proof.close()

    asyncio.run(story())


def test_evidence_that_is_too_old_is_waited_for_and_read_once_for_all_who_wait() -> None:
    async def story() -> None:
        tenant = Readings()
        proof = tenant.proof()
        first = await proof.evidence()
        tenant.now = MAX_AGE_SECONDS + 1
        second, third = await asyncio.gather(proof.evidence(), proof.evidence())
        assert second is third is not first
        assert tenant.begun == 2

    asyncio.run(story())


def test_what_cannot_be_read_in_the_background_is_raised_only_once_the_evidence_is_too_old() -> None:
    async def story() -> None:
        tenant = Readings()
        proof = tenant.proof()
        await proof.evidence()
        tenant.problem = PermissionMissing("The role lapsed.", hint="Activate it.")
        tenant.now = EARLY_SECONDS + 1
        for _ in range(3):
            await proof.evidence()
            await asyncio.sleep(0)
        assert tenant.begun == 2
        tenant.now = MAX_AGE_SECONDS + 1
        with pytest.raises(PermissionMissing):
            await proof.evidence()

    asyncio.run(story())


def test_a_changed_policy_ends_what_is_read_in_the_background() -> None:
    async def story() -> None:
        tenant = Readings()
        proof = tenant.proof()
        await proof.evidence()
        tenant.now = EARLY_SECONDS + 1
        tenant.go_on.clear()
        await proof.evidence()
        await _soon(lambda: tenant.begun == 2)
        proof.forget()
        tenant.go_on.set()
        await proof.evidence()
        assert tenant.begun == 3

    asyncio.run(story())


def test_a_wave_begins_with_evidence_of_this_minute() -> None:
    async def story() -> None:
        tenant = Readings()
        proof = tenant.proof()
        await proof.renew()
        tenant.now = JUST_READ_SECONDS
        await proof.renew()
        assert tenant.begun == 1
        tenant.now += 1
        await proof.renew()
        assert tenant.begun == 2

    asyncio.run(story())


def test_evidence_for_the_coming_wave_is_read_in_the_background_once_and_only_when_older_than_a_minute() -> None:
    async def story() -> None:
        tenant = Readings()
        proof = tenant.proof()
        first = await proof.evidence()
        proof.renew_soon()
        tenant.now = JUST_READ_SECONDS + 1
        proof.renew_soon()
        proof.renew_soon()
        assert await proof.evidence() is first, "nobody waits"
        await _soon(lambda: proof._known.evidence is not first)
        assert tenant.begun == 2
        tenant.now += EARLY_SECONDS + 1
        await proof.evidence()  # the background is free for the next one
        await _soon(lambda: tenant.begun == 3)
        await proof.close()

    asyncio.run(story())


def test_a_wave_that_was_read_ahead_begins_with_evidence_of_this_minute() -> None:
    world = World(states={"ada": MfaState.ENFORCED, "ben": MfaState.ENFORCED})
    ages: list[float] = []
    read_at = 0.0
    read = world.tenant.read_evidence

    async def reading(**asked):  # type: ignore[no-untyped-def]
        nonlocal read_at
        read_at = world.tenant.now.timestamp()
        return await read(**asked)

    def write_slowly(_: WriteRequest) -> None:
        ages.append(world.tenant.now.timestamp() - read_at)
        world.tenant.now += timedelta(seconds=JUST_READ_SECONDS + 1)

    world.tenant.read_evidence, world.tenant.before_write = reading, write_slowly  # type: ignore[method-assign]
    world.apply_to_the_end()
    assert len({step.wave for step in world.steps}) == 2
    assert len(ages) == 2
    assert max(ages) <= JUST_READ_SECONDS


def reads_and_writes(world: World) -> list[tuple[str, set[str]]]:
    """Note from now on, in order, whose states are read and whose are written."""
    order: list[tuple[str, set[str]]] = []
    read, write = world.tenant.read_mfa_states, world.tenant.write_mfa_states

    async def reading(user_ids):  # type: ignore[no-untyped-def]
        order.append(("read", set(user_ids)))
        return await read(user_ids)

    async def writing(requests, **asked):  # type: ignore[no-untyped-def]
        await asyncio.sleep(0)
        order.append(("write", {request.user_id for request in requests}))
        return await write(requests, **asked)

    world.tenant.read_mfa_states, world.tenant.write_mfa_states = reading, writing  # type: ignore[method-assign]
    return order


def second_wave_read_before_the_first_write(world: World, order: list[tuple[str, set[str]]]) -> bool:
    second = {step.user_id for step in world.steps if step.wave == 2}
    before = order[: next(number for number, (what, _) in enumerate(order) if what == "write")]
    assert second
    return any(users & second for _, users in before)


def test_the_next_wave_is_read_while_one_is_written_and_every_user_again_right_before_the_write() -> None:
    world = World()
    order = reads_and_writes(world)
    world.apply_to_the_end()
    assert second_wave_read_before_the_first_write(world, order)
    for number, (what, users) in enumerate(order):
        if what == "write":
            assert ("read", users) in order[:number]
    assert [users for what, users in order].count({object_id("ada")}) >= 3  # rehearsed, right before, read back


@pytest.mark.parametrize("stop", [{"until": "wave:1"}, {"only_wave": 1}])
def test_nothing_is_read_ahead_of_a_stop(stop: dict[str, object]) -> None:
    world = World()
    order = reads_and_writes(world)
    world.apply(**stop)
    assert not any(users - {object_id("ada")} for _, users in order)


def test_nothing_is_read_ahead_of_a_wait_between_waves() -> None:
    world = World(wave_wait_seconds=3600)
    order = reads_and_writes(world)
    world.apply()
    assert not any(users - {object_id("ada")} for _, users in order)


def test_what_was_read_ahead_is_dropped_when_the_wave_stops() -> None:
    world = World(max_failures="0")
    world.tenant.fates = ["refused"]
    order = reads_and_writes(world)
    world.apply()
    assert second_wave_read_before_the_first_write(world, order)
    assert all(state is MfaState.ENFORCED for state in world.tenant.states.values())
    world.tenant.excluded = {object_id("ben")}  # uncovered since
    order.clear()
    result = world.apply(stay=True)
    assert world.tenant.states[object_id("ben")] is MfaState.ENFORCED
    assert result.outcomes["skipped"] == 1


def test_a_reading_ahead_that_fails_is_done_again_when_the_wave_begins() -> None:
    world = World()
    second = {step.user_id for step in world.steps if step.wave == 2}
    read, failed = world.tenant.read_mfa_states, False

    async def reading(user_ids):  # type: ignore[no-untyped-def]
        nonlocal failed
        if not failed and second & set(user_ids):
            failed = True
            raise IncompleteRead("The connection failed.", hint="Try again.")
        return await read(user_ids)

    world.tenant.read_mfa_states = reading  # type: ignore[method-assign]
    assert world.apply_to_the_end().outcomes == {"confirmed": len(PEOPLE)}
    assert failed


def test_whoever_changed_after_the_reading_ahead_is_left_alone() -> None:
    world = World()
    ben = object_id("ben")
    world.tenant.before_write = lambda _: world.tenant.states.__setitem__(ben, MfaState.ENABLED)
    world.apply_to_the_end()
    assert world.tenant.states[ben] is MfaState.ENABLED
