"""One pacer: when it lets go, when it stands still, and what it learns from being throttled."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from migrate.graph.pace import LOOK_SECONDS, Bucket, HoldTooLong, Limits, NotWanted, Pacer, Pacers, limits_for
from migrate.model.waits import Waiting

LIMITS = Limits(rate=10.0, burst=5.0, floor=1.0, ceiling=20.0, growth=0.01, cut=0.5, backoff=2.0)


class Clock:
    def __init__(self) -> None:
        self.now = 50.0

    def monotonic(self) -> float:
        return self.now

    def utc_now(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    async def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class Waits(list[tuple[str, float]]):
    def __call__(self, waiting: Waiting, seconds: float) -> None:
        self.append((str(waiting), seconds))


def pacer(limits: Limits = LIMITS, **options: Any) -> tuple[Pacer, Clock, Waits]:
    clock, waits = Clock(), Waits()
    made = Pacer("reads", limits, clock=clock, on_wait=waits, unit_random=lambda: 1.0, **options)
    return made, clock, waits


def sent_at(made: Pacer, clock: Clock, costs: list[float]) -> list[float]:
    async def run() -> list[float]:
        times = []
        for cost in costs:
            await made.acquire(cost)
            times.append(round(clock.now - 50.0, 6))
        return times

    return asyncio.run(run())


def test_the_burst_goes_at_once_and_the_rest_at_the_rate_of_its_cost() -> None:
    made, clock, waits = pacer(replace(LIMITS, growth=0.0))
    assert sent_at(made, clock, [5, 5, 1, 10, 1]) == [0, 0, 0.5, 0.6, 1.6]
    assert waits == []


def test_nothing_goes_while_graph_throttles_and_the_wait_is_told_once() -> None:
    made, clock, waits = pacer()
    made.throttled(7.5)
    assert sent_at(made, clock, [1, 1])[0] == 7.5
    assert len(waits) == 1
    until = datetime.fromtimestamp(57.5, UTC)
    assert waits[0] == (f"throttled by Graph (reads) until {until:%H:%M:%S} UTC", 7.5)


def test_after_a_named_wait_the_bucket_holds_one_request_and_fills_from_there_without_a_burst() -> None:
    made, clock, _ = pacer(replace(LIMITS, growth=0.0))
    made.throttled(7.5)  # from now on 5 a second
    assert sent_at(made, clock, [5, 5, 1]) == [8.3, 9.3, 9.5]


def test_after_a_wait_of_our_own_choosing_the_bucket_has_filled_meanwhile() -> None:
    made, clock, _ = pacer(replace(LIMITS, growth=0.0))
    made.throttled(None)
    assert sent_at(made, clock, [5, 1])[0] == 2.0


def test_a_turn_that_takes_long_to_come_is_told_and_the_usual_pace_is_not() -> None:
    made, clock, waits = pacer(replace(LIMITS, growth=0.0))
    sent_at(made, clock, [40, 1])
    assert waits == []
    sent_at(made, clock, [60, 1])
    assert [(reason, round(seconds, 6)) for reason, seconds in waits] == [("keeping below Graph's limit (reads)", 6.0)]


def test_what_a_batch_waits_for_beyond_the_hold_is_told_too() -> None:
    made, clock, waits = pacer(replace(LIMITS, growth=0.0))
    made.throttled(7.5)  # from now on 5 a second
    assert sent_at(made, clock, [41]) == [15.5]
    assert [seconds for _, seconds in waits] == [7.5, 8.0]


def test_one_episode_cuts_the_rate_once_however_many_answers_it_has() -> None:
    made, clock, _ = pacer()
    for wait in (3.0, 1.0, 5.0, None):
        made.throttled(wait)
    assert made.rate == 5.0
    assert made.hold_until == 55.0
    clock.now = 56.0
    made.throttled(1.0)
    assert made.rate == 2.5
    for _ in range(5):
        clock.now += 10
        made.throttled(1.0)
    assert made.rate == LIMITS.floor


def test_without_retry_after_the_wait_doubles_until_something_goes_through() -> None:
    made, clock, _ = pacer()
    waits = []
    for _ in range(8):
        made.throttled(None)
        waits.append(made.hold_until - clock.now)
        clock.now = made.hold_until
    assert waits == [2, 4, 8, 16, 32, 64, 120, 120]
    made.succeeded()
    made.throttled(None)
    assert made.hold_until - clock.now == 2


def test_jitter_takes_up_to_half_of_the_wait() -> None:
    clock = Clock()
    made = Pacer("x", LIMITS, clock=clock, on_wait=Waits(), unit_random=lambda: 0.0)
    made.throttled(None)
    assert made.hold_until - clock.now == 1.0


def test_a_late_answer_from_before_the_hold_does_not_end_the_episode() -> None:
    made, clock, _ = pacer()
    made.throttled(None)
    made.succeeded()
    clock.now = made.hold_until
    made.throttled(None)
    assert made.hold_until - clock.now == 4


def test_the_rate_grows_only_while_it_is_used_and_not_above_its_ceiling() -> None:
    made, clock, _ = pacer()
    sent_at(made, clock, [10] * 20)
    grown = made.rate
    assert 10.0 < grown < 13.0
    clock.now += 1000
    sent_at(made, clock, [1])
    assert made.rate == pytest.approx(grown, abs=0.2), "an idle hour proves nothing about the limit"
    sent_at(made, clock, [20] * 5000)
    assert made.rate == 20.0


def test_a_hold_beyond_the_deadline_is_not_waited_for() -> None:
    made, clock, waits = pacer()
    made.throttled(100.0)
    with pytest.raises(HoldTooLong) as caught:
        asyncio.run(made.acquire(1, deadline=60.0))
    assert caught.value.until == 150.0
    assert clock.now == 50.0
    assert waits == []


def test_without_pacing_only_a_hold_makes_anybody_wait() -> None:
    made, clock, _ = pacer(paced=False)
    assert sent_at(made, clock, [1000.0] * 5) == [0, 0, 0, 0, 0]
    made.throttled(3.0)
    assert sent_at(made, clock, [1000.0])[0] == 3.0


@pytest.mark.parametrize(
    ("bucket", "cost", "seconds", "allowed"),
    [
        (Bucket.READS, 20, 10, 8000),
        (Bucket.WRITES, 20, 150, 3000),
        (Bucket.REPORTS, 1, 10, 5),
        (Bucket.CONDITIONAL_ACCESS, 1, 1, 1),
    ],
)
def test_at_the_start_no_window_holds_more_than_microsoft_documents(
    bucket: Bucket, cost: float, seconds: float, allowed: float
) -> None:
    # Reads are probed upwards on purpose; here it is about the rate that they begin with.
    made, clock, _ = pacer(replace(limits_for(bucket), growth=0.0))
    times = sent_at(made, clock, [cost] * int(3 * allowed / cost + 20))
    assert times[-1] > 2 * seconds
    for number, start in enumerate(times):
        within = sum(1 for time in times[number:] if time - start < seconds)
        assert within * cost <= allowed


def test_the_read_rate_follows_the_size_of_the_tenant() -> None:
    pacers = Pacers(clock=Clock(), on_wait=Waits())
    rates = {}
    for users in (10, 50, 51, 500, 501, 100_000):
        pacers.know_size(users)
        rates[users] = round(pacers[Bucket.READS].rate)
    assert rates == {10: 343, 50: 490, 51: 490, 500: 490, 501: 784, 100_000: 784}


@pytest.mark.parametrize("held", [False, True], ids=["for the rate", "for the end of throttling"])
def test_whoever_waits_and_is_not_wanted_any_more_goes_at_once_and_takes_nothing(held: bool) -> None:
    made, clock, _ = pacer(replace(LIMITS, growth=0.0))

    async def run() -> None:
        await made.acquire(50)
        if held:
            made.throttled(60)
        # Six of them wait in line; each learns of it when its turn comes, without waiting for anything.
        results = await asyncio.gather(
            *(made.acquire(20, is_wanted=lambda: clock.now < 51) for _ in range(6)), return_exceptions=True
        )
        assert [type(result) for result in results] == [NotWanted] * 6
        assert clock.now <= 51 + LOOK_SECONDS
        await made.acquire(1)

    asyncio.run(run())
    # What was not wanted was not taken: the next one waits for those before it only.
    assert clock.now <= (110.0 if held else 55.0) + 1
