"""Why work stands still for a while: a kind with its facts. `str()` makes the sentence, and nothing looks into that.

Two waits are the same when their values are; what is told or kept once in a row is decided by them.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import assert_never

from migrate.model.instants import iso_utc
from migrate.model.reasons import Parts, Reason, Why, reason_of
from migrate.model.record import Record
from migrate.model.words import counted


class WaitKind(Enum):
    """What is waited for. The value is the code in the journal. No `StrEnum`: it is never compared with a text."""

    # Graph
    THROTTLED = "Throttled"
    PACED = "Paced"
    """We send no faster than Graph's documented limit."""
    TRYING_AGAIN = "TryingAgain"
    """A read failed in a way that says nothing about the next one."""
    BUSY = "Busy"
    """Changes got no clear answer."""
    ANSWERS_AGREE = "AnswersAgree"
    NOT_FOUND = "NotFound"
    """Something was not found, which counts only when it is so again."""
    CREATION_SHOWS = "CreationShows"
    POLICY_SHOWS = "PolicyShows"
    USERS_SHOW = "UsersShow"

    # The run
    PAUSED = "Paused"
    REPORT_ONLY = "ReportOnly"
    POLICY_SETTLES = "PolicySettles"
    USERS_SETTLE = "UsersSettle"
    ALL_SETTLE = "AllSettle"
    """What this folder has seen of memberships is lost, so anybody may have become covered lately."""
    WAVE_BEGINS = "WaveBegins"
    WAVE_HOURS = "WaveHours"
    """The operator lets the wave begin in some hours of a day only."""
    WAVE_DISTANCE = "WaveDistance"


class Waiting(Record, frozen=True, kw_only=True):
    """One wait."""

    kind: WaitKind
    name: str = ""
    """Of the bucket, the policy, the wave or whatever it is about; for a read: what it was doing."""
    number: int = 0
    """Of people or changes that wait; of a wave; of answers that have to agree."""
    until: datetime | None = None
    """The server's time at which it ends, where that is known."""
    said: str = ""
    """Words from outside: what went wrong, or when the operator wants a wave to begin."""

    @property
    def what(self) -> str:
        """Return the sentence without the moment at which it ends."""
        match self.kind:
            case WaitKind.THROTTLED:
                return f"throttled by Graph ({self.name})"
            case WaitKind.PACED:
                return f"keeping below Graph's limit ({self.name})"
            case WaitKind.TRYING_AGAIN:
                return f"{self.said} while {self.name}; trying again"
            case WaitKind.BUSY:
                return "busy, or no clear answer"
            case WaitKind.ANSWERS_AGREE:
                return f"Graph has to say the same of the policy {self.name} {self.number} times in a row"
            case WaitKind.NOT_FOUND:
                return f"{self.name} was not found; read again before that counts"
            case WaitKind.CREATION_SHOWS:
                return f"looking whether the policy {self.name!r} was created after all"
            case WaitKind.POLICY_SHOWS:
                return f"the accepted change of the policy {self.name!r} cannot be read back yet"
            case WaitKind.USERS_SHOW:
                return f"{counted(self.number, 'accepted change')} cannot be read back yet"
            case WaitKind.PAUSED:
                return "paused by the file `pause` in the working folder"
            case WaitKind.REPORT_ONLY:
                return f"policy {self.name!r} stays report-only"
            case WaitKind.POLICY_SETTLES:
                return f"policy {self.name!r} was changed and has to settle"
            case WaitKind.USERS_SETTLE:
                settling = counted(self.number, "user")
                return f"{settling} became covered lately, as this folder has seen, and {_have(self.number)} to settle"
            case WaitKind.ALL_SETTLE:
                return "readings.json is gone or an older copy, so all that coverage rests on has to settle"
            case WaitKind.WAVE_BEGINS:
                return f"wave {self.number} ({self.name}) begins at {self.said} at the earliest"
            case WaitKind.WAVE_HOURS:
                return f"wave {self.number} ({self.name}) begins between {self.said} only"
            case WaitKind.WAVE_DISTANCE:
                return f"wave {self.number} ({self.name}) keeps its distance to the wave before"
            case _:
                assert_never(self.kind)

    def __str__(self) -> str:
        resent = f"; {counted(self.number, 'change')} {_are(self.number)} read and sent again then"
        match self.kind:
            case WaitKind.BUSY:
                return f"{self.what}{resent}"
            case WaitKind.THROTTLED:
                until = "" if self.until is None else f" until {self.until:%H:%M:%S} UTC"
                return f"{self.what}{until}{resent if self.number else ''}"
            case _:
                return self.what if self.until is None else f"{self.what} until {self.until:%Y-%m-%d %H:%M} UTC"

    @property
    def reason(self) -> Reason:
        """Return what the journal keeps of it."""
        until = "" if self.until is None else iso_utc(self.until)
        parts = Parts(wait=self.kind.value, name=self.name, number=self.number, until=until)
        return reason_of(Why.WAITING, str(self), parts)

    def is_like(self, other: Waiting | None) -> bool:
        """Tell whether it goes on as the same wait, though how many wait may differ."""
        return other is not None and (self.kind, self.name, self.until, self.said) == (
            other.kind,
            other.name,
            other.until,
            other.said,
        )


def _have(number: int) -> str:
    return "has" if number == 1 else "have"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
