"""Run several reads at once, and run what blocks beside the loop, so that neither outlives its caller."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterable
from functools import partial
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


async def apart(work: Callable[[], T]) -> T:
    """Return the result of `work`, run in a thread that Ctrl-C need not wait for.

    asyncio's own threads are waited for at the end of the loop, however long they take: a sign-in that waits for a
    person would keep the program for a quarter of an hour.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except BaseException as problem:  # noqa: BLE001 - it is raised where the result is awaited
            _tell(loop, partial(_settle, done, problem=problem))
        else:
            _tell(loop, partial(_settle, done, result=result))

    threading.Thread(target=run, name="mfa-migrate-sign-in", daemon=True).start()
    return await done


def _tell(loop: asyncio.AbstractEventLoop, message: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(message)


def _settle(done: asyncio.Future[Any], *, result: object = None, problem: BaseException | None = None) -> None:
    """Deliver how it went, unless nobody waits for it any more."""
    if done.done():
        return
    if problem is not None:
        done.set_exception(problem)
    else:
        done.set_result(result)
