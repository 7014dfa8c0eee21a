"""Run several reads at once; the first failure stops the others and is raised as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def all_of(work: Iterable[Coroutine[Any, Any, T]], *, at_once: int) -> list[T]:
    """Return the results in the order of `work`, of which at most `at_once` run together.

    Give `work` as a generator: each coroutine is then made when its turn comes, however many there are.
    """
    results: dict[int, T] = {}
    numbered = enumerate(work)

    async def worker() -> None:
        for number, one in numbered:
            results[number] = await one

    tasks = [asyncio.create_task(worker()) for _ in range(at_once)]
    try:
        await asyncio.gather(*tasks)
    finally:
        # Nothing goes on behind the back of a failure.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return [results[number] for number in range(len(results))]
