"""The one rule for "not found": an object counts as gone only when readings that lie apart in time agree on it.

A replica of the directory that lags answers 404 about a group that exists, and an exclusion that is taken for empty
would switch people off whom somebody else excluded.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from migrate.graph.channel import Channel
from migrate.graph.refusals import NotFound
from migrate.model.waits import Waiting, WaitKind

T = TypeVar("T")

AGREEING = 3
"""So many readings have to say that an object is not there."""
APART_SECONDS = 10.0
"""So long lie between two of them."""


class Absences:
    """Remembers, for one run, which objects were found to be gone: the rule is gone through once for each."""

    def __init__(self, channel: Channel, *, apart: float) -> None:
        self._channel = channel
        self._apart = apart
        self._gone: set[str] = set()

    async def told(self, what: str, read: Callable[[], Awaitable[T]]) -> T:
        """Return what `read` returns; raise `NotFound` only once the rule says that the object is gone.

        Args:
            what: Names the object for whoever waits, and for the memory of this run: `group 1234…`.
            read: Reads it; raises `NotFound` when Graph answers 404.
        """
        for said in range(1, AGREEING + 1):
            try:
                found = await read()
            except NotFound:
                if what in self._gone or said == AGREEING:
                    self._gone.add(what)
                    raise
                await self._pause(what)
            else:
                self._gone.discard(what)
                return found
        raise AssertionError("the last reading returns or raises")

    async def listed(self, what: str, missing: Callable[[T], frozenset[str]], read: Callable[[], Awaitable[T]]) -> T:
        """Return a list that names every object it has to, or lacks the same ones in so many readings.

        Args:
            what: Names the list: `named locations`.
            missing: Returns the ids that policies name and the list lacks.
            read: Reads the list.
        """
        found = await read()
        lacks = missing(found)
        for _ in range(AGREEING - 1):
            if not self._new_among(what, lacks):
                break
            await self._pause(what)
            found = await read()
            # One reading that shows it is enough; the others came from a replica that lags.
            lacks = missing(found)
        self._gone.update(f"{what} {id_}" for id_ in lacks)
        return found

    def _new_among(self, what: str, ids: frozenset[str]) -> bool:
        return any(f"{what} {id_}" not in self._gone for id_ in ids)

    async def _pause(self, what: str) -> None:
        await self._channel.persistence.pause(Waiting(kind=WaitKind.NOT_FOUND, name=what), self._apart)
