"""Several reads at once, and what blocks beside the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from migrate.graph.together import all_of, apart


def test_results_come_in_the_order_of_the_work_and_no_more_run_together_than_allowed() -> None:
    running, most = 0, 0

    async def one(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001 * (number % 3))
        running -= 1
        return number

    assert asyncio.run(all_of((one(n) for n in range(50)), at_once=7)) == list(range(50))
    assert most == 7
    assert asyncio.run(all_of((one(n) for n in range(0)), at_once=7)) == []


def test_the_first_failure_stops_the_rest_and_is_raised_as_it_is() -> None:
    ended: list[str] = []
    made = 0

    async def one(number: int) -> None:
        try:
            if number == 2:
                raise ValueError("two")
            await asyncio.sleep(10)
        finally:
            ended.append(f"{number}")

    def work() -> Iterator[Any]:
        nonlocal made
        for number in range(1000):
            made += 1
            yield one(number)

    with pytest.raises(ValueError, match="two"):
        asyncio.run(all_of(work(), at_once=3))
    assert sorted(ended) == ["0", "1", "2"]
    assert made <= 4, "work that never began was never made"


def test_what_blocks_does_not_block_the_loop_and_its_failure_comes_back() -> None:
    ticked = threading.Event()

    async def run() -> tuple[int, bool]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                if ticks == 5:
                    ticked.set()
                await asyncio.sleep(0.005)

        ticking = asyncio.create_task(tick())
        name = await apart(lambda: (ticked.wait(30), threading.current_thread().daemon)[1])
        ticking.cancel()
        with pytest.raises(ValueError, match="no"):
            await apart(lambda: int("no"))
        return ticks, name

    ticks, is_daemon = asyncio.run(run())
    assert ticks >= 5
    assert is_daemon


def test_a_cancelled_sign_in_is_not_waited_for() -> None:
    release, ended = threading.Event(), threading.Event()

    def sign_in() -> None:
        release.wait(30)
        ended.set()

    async def run() -> None:
        waiting = asyncio.create_task(apart(sign_in))
        await asyncio.sleep(0.02)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(run())
    assert not ended.is_set(), "the loop ended only after the sign-in"
    release.set()
    assert ended.wait(30)
