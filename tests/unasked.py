"""Arguments of a write that nothing holds back, for tests that ask what Graph makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict


class _Unasked(TypedDict):
    may_leave: Callable[[], bool]
    is_wanted: Callable[[], bool]


def yes() -> bool:
    """Agree."""
    return True


UNASKED: _Unasked = {"may_leave": yes, "is_wanted": yes}
