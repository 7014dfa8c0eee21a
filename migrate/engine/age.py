"""How old is what was read: by a clock that counts on while this machine sleeps, checked against two others.

A clock that jumps, forwards or backwards, makes everything too old, and it is read again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Freshness:
    """How old what a change rests on may be when its request leaves. Arguments of the engine, no options."""

    evidence_seconds: float = 300.0
    """Policies, groups and roles, from the beginning of their reading (design rule 6)."""
    reading_seconds: float = 60.0
    """A user's own state and profile, likewise."""
    jump_seconds: float = 5.0
    """So much more or less on one clock than on another is a jump."""

    @property
    def just_read_seconds(self) -> float:
        """Return the age up to which evidence is not read once more for the next wave: of 300 seconds, 60."""
        return self.evidence_seconds / 5


USUAL = Freshness()


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment by each of the three clocks."""

    steady: float
    machine: float
    server: datetime


class Ages:
    """Dates readings at their beginning and tells how long ago that is."""

    def __init__(
        self,
        *,
        steady: Callable[[], float],
        machine: Callable[[], float],
        server: Callable[[], datetime],
        jump_seconds: float,
    ) -> None:
        """Wire the clocks.

        Args:
            steady: Seconds that never go back, those asleep counted where the machine can do that.
            machine: Seconds since 1970 by this machine's clock; where `steady` misses a sleep, this one shows it.
            server: The server's time; it shows a sleep that both miss once the next answer is there.
            jump_seconds: So far may they be apart.
        """
        self._steady, self._machine, self._server = steady, machine, server
        self._jump = jump_seconds

    def now(self) -> Moment:
        """Return this moment: the beginning of what is read next."""
        return Moment(steady=self._steady(), machine=self._machine(), server=self._server())

    def since(self, moment: Moment) -> float:
        """Return the seconds since a moment; infinity when the clocks do not agree about them."""
        now = self.now()
        seconds = now.steady - moment.steady
        by_machine = now.machine - moment.machine
        by_server = (now.server - moment.server).total_seconds()
        if seconds < 0 or max(abs(by_machine - seconds), abs(by_server - seconds)) > self._jump:
            return math.inf
        return seconds
