"""How fast to send: one pacer for each of Graph's throttling buckets, and the clock they run on.

Rates and costs are Microsoft's documented ones (Graph docs, service-specific throttling limits); the read rate is
adapted because the documented bucket for per-user MFA states is a guess.
"""

from __future__ import annotations

import asyncio
import math
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from migrate.model.waits import Waiting, WaitKind


def steady_seconds() -> float:
    """Return seconds that never go back and count on while this machine sleeps.

    Python's monotonic clock stands still meanwhile on Linux and macOS, so that what was read before eight hours of
    sleep would be as good as new (clock_gettime(2): CLOCK_BOOTTIME; on macOS CLOCK_MONOTONIC counts sleep).
    """
    return time.monotonic() if _COUNTS_SLEEP is None else time.clock_gettime(_COUNTS_SLEEP)


_COUNTS_SLEEP: int | None = getattr(
    time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None) if sys.platform == "darwin" else None
)
"""None on Windows, whose monotonic clock counts sleep."""


class Clock(Protocol):
    """Time and sleep; a test passes its own."""

    def monotonic(self) -> float:
        """Return seconds that never go back, those asleep counted."""
        ...

    def utc_now(self) -> datetime:
        """Return this machine's time, with its zone."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def monotonic(self) -> float:
        """Return seconds that never go back, those asleep counted."""
        return steady_seconds()

    def utc_now(self) -> datetime:
        """Return this machine's time, with its zone."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Bucket(StrEnum):
    """What is throttled together."""

    READS = "reads"
    WRITES = "writes"
    REPORTS = "reports"
    CONDITIONAL_ACCESS = "Conditional Access"


LOOK_SECONDS = 0.25
"""How soon whoever waits for a turn notices that it is not wanted any more."""
SLOW_SECONDS = 5.0
"""A longer wait for one's turn is told: after throttling, and for several rows of the registration report."""
READ_RATES = ((49, 350.0), (500, 500.0))
"""Resource units a second for tenants of up to so many users (S, M); larger ones have the next."""
LARGE_READ_RATE = 800.0
READ_BURST = 40.0
WRITE_RATE = 20.0
"""3,000 writes in 150 seconds for one application in one tenant."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How a pacer behaves."""

    rate: float
    """Cost units a second at the start."""
    burst: float
    """Cost units that may go at once after a pause, beside the first request."""
    floor: float
    """The rate is never cut below this."""
    ceiling: float
    """The rate never grows above this; equal to `rate` for a bucket that must not probe."""
    growth: float
    """Added to the rate for each clean second that is fully used, as a share of the rate at the start."""
    cut: float
    """The rate is multiplied by this once for each episode of throttling."""
    backoff: float
    """First hold, in seconds, where a 429 has no Retry-After; doubled for each in a row."""
    longest_backoff: float = 120.0
    spacing: float = 0.0
    """Seconds between any two requests at least, also inside a burst."""


def limits_for(bucket: Bucket) -> Limits:
    """Return the documented limits of a bucket, with how far we trust them."""
    match bucket:
        case Bucket.READS:
            return Limits(
                rate=LARGE_READ_RATE * 0.98,
                burst=READ_BURST,
                floor=10.0,
                ceiling=LARGE_READ_RATE * 4,
                growth=0.005,
                cut=0.85,
                backoff=2.0,
            )
        case Bucket.WRITES:
            # A throttled write may have been applied, so its rate is never probed upwards, and any 150 seconds hold
            # fewer than 3,000 writes even with the burst in them. After a cut it comes back slowly: each miss leaves
            # twenty users to be read before anything is sent again.
            rate = WRITE_RATE * 0.985
            return Limits(rate=rate, burst=20.0, floor=1.0, ceiling=rate, growth=0.001, cut=0.8, backoff=10.0)
        case Bucket.REPORTS:
            # 5 requests in 10 seconds, whatever 10 seconds are looked at.
            return Limits(rate=0.49, burst=0.0, floor=0.05, ceiling=0.49, growth=0.002, cut=0.7, backoff=10.0)
        case Bucket.CONDITIONAL_ACCESS:
            # One request a second is what all applications of the tenant have together, hence half of it in the long
            # run; a burst lets the few reads of an export through at not much less. Two that leave a second apart may
            # arrive closer together: with 1.2 seconds one in a thousand was refused.
            return Limits(rate=0.5, burst=6.0, floor=0.05, ceiling=0.5, growth=0.002, cut=0.7, backoff=2.0, spacing=1.5)


class HoldTooLong(Exception):
    """Graph asks for a longer wait than the caller has time for."""

    def __init__(self, until: float) -> None:
        super().__init__(f"held until {until}")
        self.until = until
        """The end of the hold, on the monotonic clock."""


class NotWanted(Exception):
    """Whoever waited for a turn does not want it any more; nothing of it was taken."""


class Pacer:
    """A cost-weighted pacer (GCRA) whose rate adapts and that stands still while Graph throttles.

    Additive increase, multiplicative decrease once per episode: a 429 that arrives while the pacer already stands
    still belongs to the same episode and only prolongs the hold.
    """

    def __init__(
        self,
        name: str,
        limits: Limits,
        *,
        clock: Clock,
        on_wait: Callable[[Waiting, float], None],
        unit_random: Callable[[], float] = random.random,
        paced: bool = True,
    ) -> None:
        self.name = name
        self.rate = limits.rate
        self._limits = limits
        self._clock = clock
        self._on_wait = on_wait
        self._random = unit_random
        self._paced = paced
        self._turn = asyncio.Lock()
        self._next = 0.0
        self._spaced_until = 0.0
        self._hold_until = 0.0
        self._one_at = -math.inf
        """When Graph's bucket, empty before, held enough for one request."""
        self._told_until = 0.0
        self._grown_at = clock.monotonic()
        self._spent = 0.0
        self._in_a_row = 0

    @property
    def hold_until(self) -> float:
        """Return the moment, on the monotonic clock, before which nothing is sent."""
        return self._hold_until

    def resize(self, rate: float) -> None:
        """Start again from another documented rate, once the size of the tenant is known."""
        self.rate = min(rate, self._limits.ceiling)

    async def acquire(
        self, cost: float, *, deadline: float = math.inf, is_wanted: Callable[[], bool] | None = None
    ) -> None:
        """Wait until `cost` units may be sent; raise `HoldTooLong` when Graph's hold outlasts `deadline`.

        Raises `NotWanted` soon after `is_wanted` has begun to say no; None stands for always.
        """
        # First come, first served; without turns, all waiters would wake for each slot and all but one in vain.
        async with self._turn:
            while True:
                if is_wanted is not None and not is_wanted():
                    raise NotWanted
                if (pause := self._pause(cost, deadline)) <= 0:
                    return
                await self._sleep(pause, is_wanted)

    async def _sleep(self, seconds: float, is_wanted: Callable[[], bool] | None) -> None:
        if is_wanted is None:
            await self._clock.sleep(seconds)
            return
        until = self._clock.monotonic() + seconds
        while is_wanted() and (left := until - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(left, LOOK_SECONDS))

    def _pause(self, cost: float, deadline: float) -> float:
        """Take `cost` units and return 0, or return the seconds until it is worth asking again."""
        now = self._clock.monotonic()
        if self._hold_until > max(now, deadline):
            raise HoldTooLong(self._hold_until)
        if self._paced:
            self._grow(now)
        if self._hold_until > now:
            self._tell(now)
            return self._hold_until - now
        if self._paced:
            whole_at = self._one_at + (cost - 1) / self.rate
            pause = max(self._next - self._limits.burst / self.rate, self._spaced_until, whole_at) - now
            if pause >= SLOW_SECONDS:
                self._on_wait(Waiting(kind=WaitKind.PACED, name=self.name), pause)
            if pause > 0:
                return pause
        self._next = max(self._next, now) + cost / self.rate
        self._one_at += cost / self.rate
        self._spaced_until = now + self._limits.spacing
        self._spent += cost
        return 0.0

    def throttled(self, retry_after: float | None) -> None:
        """Stand still: for `retry_after` seconds, or for an exponential time with jitter when Graph names none."""
        now = self._clock.monotonic()
        new_episode = now >= self._hold_until
        if new_episode:
            self._in_a_row += 1
            self.rate = max(self._limits.floor, self.rate * self._limits.cut)
        names_time = retry_after is not None
        if retry_after is None:
            longest = min(self._limits.longest_backoff, self._limits.backoff * 2 ** (self._in_a_row - 1))
            retry_after = longest * (0.5 + self._random() / 2) if new_episode else 0.0
        self._hold_until = max(self._hold_until, now + retry_after)
        self._grown_at = self._hold_until
        self._spent = 0.0
        # Retry-After is about a single request; a batch has to wait for more of them to come in.
        self._one_at = max(self._one_at, self._hold_until if names_time else now)

    def succeeded(self) -> None:
        """Note that a request went through: the next throttling is a new story."""
        if self._clock.monotonic() >= self._hold_until:
            self._in_a_row = 0

    def _grow(self, now: float) -> None:
        """Raise the rate a little for every second that was used and stayed clean."""
        clean = now - self._grown_at
        if clean < 1.0:
            return
        # An idle pacer has proven nothing about the limit.
        if self._spent >= 0.5 * self.rate * clean:
            self.rate = min(self._limits.ceiling, self.rate + self._limits.growth * self._limits.rate * clean)
        self._grown_at = now
        self._spent = 0.0

    def _tell(self, now: float) -> None:
        if self._hold_until <= self._told_until:
            return
        self._told_until = self._hold_until
        seconds = self._hold_until - now
        until = self._clock.utc_now() + timedelta(seconds=seconds)
        self._on_wait(Waiting(kind=WaitKind.THROTTLED, name=self.name, until=until), seconds)


class Pacers:
    """The pacers of one tenant, one for each bucket."""

    def __init__(
        self,
        *,
        clock: Clock,
        on_wait: Callable[[Waiting, float], None],
        paced: bool = True,
        unit_random: Callable[[], float] = random.random,
    ) -> None:
        self._pacers = {
            bucket: Pacer(
                bucket.value, limits_for(bucket), clock=clock, on_wait=on_wait, unit_random=unit_random, paced=paced
            )
            for bucket in Bucket
        }

    def __getitem__(self, bucket: Bucket) -> Pacer:
        """Return the pacer of a bucket."""
        return self._pacers[bucket]

    def know_size(self, users: int) -> None:
        """Set the read rate to the documented one of a tenant with so many users."""
        documented = next((rate for most, rate in READ_RATES if users <= most), LARGE_READ_RATE)
        self._pacers[Bucket.READS].resize(documented * 0.98)
