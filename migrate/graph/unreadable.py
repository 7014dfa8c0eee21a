"""What could not be read of one object: which problems concern it alone, and how each is kept, in words.

A lost connection, a sign-in that ended and throttling are none of them: they end the whole reading.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from migrate.errors import GraphRefused, IncompleteRead, PermissionMissing

T = TypeVar("T")

UNREADABLE = (GraphRefused, PermissionMissing, IncompleteRead)
"""What concerns one object."""


async def or_problem(reading: Awaitable[T]) -> tuple[T | None, str | None]:
    """Return what was read, or in words why it could not be."""
    try:
        return await reading, None
    except UNREADABLE as problem:
        return None, in_full(problem)


def in_full(problem: GraphRefused | PermissionMissing | IncompleteRead) -> str:
    """Return what happened and what to do about it."""
    return f"{problem.what} {problem.hint}".strip()
