"""The sandbox's own clock: real time plus what a test has advanced it by."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate

_LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
"""Beyond it dates could not be written any more."""


class SandboxClock:
    """Tell the time that every timestamp, lag and limit of the sandbox follows."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self.advanced = 0.0
        """Seconds that the clock is ahead of its source."""

    def now(self) -> float:
        """Return seconds since 1970, UTC."""
        return self._source() + self.advanced

    def advance(self, seconds: float) -> None:
        """Move the clock forward.

        Raises ValueError for backwards, as logs could then lie, and for a time that has no date.
        """
        if not 0 <= seconds <= _LATEST - self.now():
            raise ValueError("The sandbox clock only moves forward, and not beyond the year 9000.")
        self.advanced += seconds

    def iso(self, at: float | None = None) -> str:
        """Return a Graph timestamp: now, or a given time."""
        return iso(self.now() if at is None else at)

    def http_date(self) -> str:
        """Return the value of the Date header."""
        return formatdate(self.now(), usegmt=True)


def iso(at: float) -> str:
    """Write a time as Graph does, to the second."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str) -> float:
    """Read a Graph timestamp. Raises ValueError for anything else."""
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
