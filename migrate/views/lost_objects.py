"""Say what policies name and what was not read whole, wherever a verdict that rests on it is shown."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.model.lost_objects import LostObject
from migrate.views.screen import Screen


def say_lost_objects(screen: Screen, lost: Iterable[LostObject]) -> None:
    """Warn of each such object, with what to do about it."""
    for one in lost:
        screen.warn(one.sentence)
