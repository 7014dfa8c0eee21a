"""The server's time, from the Date headers of its answers and a clock of ours that counts while the machine sleeps."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from migrate.graph.pace import Clock

_WHOLE_SECOND = timedelta(seconds=1)
"""A Date header leaves the rest of its second out."""
_BELIEVED_AFTER = 3
"""So many answers in a row have to say the same before a wait counts as over by it."""


class ServerClock:
    """Goes on from the last Date that told something new.

    A Date was made at some moment between sending and receiving. Where the time that is known already lies within
    that, it stays: an answer that trickled for a minute, or that came after a later one, moves nothing.

    A Date that jumps is `now` at once, so that what was read before counts as too old. But one answer whose clock is
    wrong must not end a wait: how late it is at least, and at most, is what the last answers agree on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._date: datetime | None = None
        self._noted_at = 0.0
        self._last: deque[tuple[datetime, float]] = deque(maxlen=_BELIEVED_AFTER)
        """What the last answers said, each with our own clock then."""

    def note(self, date: datetime, *, sent_at: float) -> None:
        """Take in the Date of an answer that has just come; its request was sent at `sent_at`, on our clock."""
        now = self._clock.monotonic()
        if self._date is not None:
            latest = date + _WHOLE_SECOND + timedelta(seconds=now - sent_at)
            if date <= self.now() <= latest:
                self._last.append((self._date, self._noted_at))
                return
        self._date, self._noted_at = date, now
        self._last.append((date, now))

    def now(self) -> datetime:
        """Return the server's time (UTC)."""
        if self._date is None:
            raise RuntimeError("the server's time was asked for before anything was read")
        return self._date + timedelta(seconds=self._clock.monotonic() - self._noted_at)

    def at_least(self) -> datetime:
        """Return the earliest that it may be (UTC): for whatever must not end too early."""
        return min((self.now(), *self._told()))

    def at_most(self) -> datetime:
        """Return the latest that it may be (UTC): for whatever must not last too long."""
        return max((self.now(), *self._told()))

    def _told(self) -> list[datetime]:
        now = self._clock.monotonic()
        return [date + timedelta(seconds=now - noted_at) for date, noted_at in self._last]
