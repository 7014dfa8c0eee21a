"""Count things in words: one user, two users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

FIRST = 3
"""How many names stand for a longer list."""


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return `1 user`, `2 users`; `plural` where an s is not enough."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def lasting(seconds: int) -> str:
    """Return a length of time in its largest whole unit: `7 days`, `24 hours`, `90 seconds`."""
    for unit, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds and seconds % unit == 0:
            return counted(seconds // unit, noun)
    return counted(seconds, "second")


def first_names(names: Sequence[str], total: int) -> str:
    """Return the first few of these names, with `...` where there are more people than that; empty for nobody."""
    shown = ", ".join(name.partition("@")[0] for name in names[:FIRST])
    return f"{shown}, ..." if shown and total > min(len(names), FIRST) else shown


def some_of(items: Sequence[T], most: int, shown: Callable[[T], str] = str) -> str:
    """Return the first few of these in words, and how many more there are: `ada, ben and 3 more`."""
    rest = len(items) - most
    said = ", ".join(map(shown, items[:most]))
    return f"{said} and {rest} more" if rest > 0 else said
