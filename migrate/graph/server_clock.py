"""The server's time, from the Date headers of its answers and a clock of ours that counts while the machine sleeps."""

from __future__ import annotations

from datetime import datetime, timedelta

from migrate.graph.pace import Clock

_WHOLE_SECOND = timedelta(seconds=1)
"""A Date header leaves the rest of its second out."""


class ServerClock:
    """Goes on from the last Date that told something new.

    A Date was made at some moment between sending and receiving. Where the time that is known already lies within
    that, it stays: an answer that trickled for a minute, or that came after a later one, moves nothing.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._date: datetime | None = None
        self._noted_at = 0.0

    def note(self, date: datetime, *, sent_at: float) -> None:
        """Take in the Date of an answer that has just come; its request was sent at `sent_at`, on our clock."""
        if self._date is not None:
            latest = date + _WHOLE_SECOND + timedelta(seconds=self._clock.monotonic() - sent_at)
            if date <= self.now() <= latest:
                return
        self._date, self._noted_at = date, self._clock.monotonic()

    def now(self) -> datetime:
        """Return the server's time (UTC)."""
        if self._date is None:
            raise RuntimeError("the server's time was asked for before anything was read")
        return self._date + timedelta(seconds=self._clock.monotonic() - self._noted_at)
