"""Read-after-write lag: reads see the value from before a write until its time has come."""

from collections.abc import Iterable
from typing import Any

from migrate.sandbox.clock import SandboxClock

ABSENT: Any = object()
"""Stands for a thing that was not there."""


class Lag:
    """Remember former values for as long as they are still seen."""

    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._former: dict[object, tuple[float, Any]] = {}

    def remember(self, key: object, former: Any, seconds: float) -> None:
        """Let reads of a key show its former value for some seconds; an older former value stays the one seen."""
        if seconds <= 0:
            return
        until, seen = self._former.get(key, (0.0, former))
        self._former[key] = (self._clock.now() + seconds, seen if until > self._clock.now() else former)

    def seen(self, key: object, current: Any) -> Any:
        """Return what a read sees: the former value while it lasts, else the current one."""
        if not self._former:
            return current
        found = self._former.get(key)
        if found is None:
            return current
        if found[0] <= self._clock.now():
            del self._former[key]
            return current
        return found[1]

    def seen_all(self, kind: str, current: dict[str, Any]) -> Iterable[tuple[str, Any]]:
        """Yield what a list sees of things kept under (kind, id), leaving out what is not there yet."""
        ids = list(current)
        ids += [key[1] for key in self._former if isinstance(key, tuple) and key[0] == kind and key[1] not in current]
        for each in ids:
            value = self.seen((kind, each), current.get(each, ABSENT))
            if value is not ABSENT:
                yield each, value
