"""The names of waves, which plan.json keeps, and how the configuration has a wave.

The names that we give are a closed set, so that they can be said in other languages; an operator's stay as they are.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

from migrate.model.record import Record


class WaveKind(StrEnum):
    """What sorts people into a wave."""

    CANARY = "canary"
    """Those whom the configuration names, or a few by a stable hash."""
    SHARE = "to"
    """The rest, as far as a share of it."""
    NOT_CAPABLE = "not MFA capable yet"
    """Those who are not known to be MFA capable, last of all."""
    NEVER_REGISTERED = "never registered"
    """The last wave in plans of older versions."""
    BACK = "back"
    """Those of one wave, in a plan that puts back."""
    SET_STATE = "set-state"
    """Those whom one `set-state` names."""


class WaveName(Record, frozen=True, kw_only=True):
    """A wave's name taken apart."""

    kind: WaveKind
    share: str | None = None
    """The number before the percent sign, of a share; None for the others."""

    def __str__(self) -> str:
        """Return the name as plan.json has it."""
        return self.kind.value if self.share is None else f"{self.kind} {self.share}%"


def share_wave(share: float) -> WaveName:
    """Return the name of the wave that goes as far as this share of the rest, in percent."""
    return WaveName(kind=WaveKind.SHARE, share=f"{share:g}")


def wave_name_of(text: str) -> WaveName | None:
    """Return what a name in plan.json means; None for one that this version does not give."""
    share = re.fullmatch(r"to (\d+(?:\.\d+)?(?:e[+-]\d+)?)%", text)
    if share is not None:
        return WaveName(kind=WaveKind.SHARE, share=share[1])
    plain = {kind.value for kind in WaveKind if kind is not WaveKind.SHARE}
    return WaveName(kind=WaveKind(text)) if text in plain else None


class WaveRule(Record, frozen=True, kw_only=True):
    """One wave as the configuration has it, its people looked up."""

    name: str
    people: frozenset[str] | None
    """Ids of those whom it names; None where it is a share of the rest."""
    share: float | None = None
    """How far it goes, in percent of those whom no wave names."""
    whatever: bool = False
    """It takes also those of its people who are not MFA capable yet, as a canary does."""
    is_last: bool = False
    """It is for those who are not MFA capable yet."""
    not_before: str = ""
    """ISO 8601 with its offset; empty when any time will do."""
    hours: str = ""
    """Between which hours it may begin; empty when any will do."""
    says: str = ""
    """What the configuration says of it, so that two can be compared."""


class Hours(Record, frozen=True, kw_only=True):
    """A stretch of each day, at a fixed offset from UTC. One that ends before it begins goes over midnight."""

    begins: int
    ends: int
    """Minutes since midnight."""
    offset: int
    """Minutes east of UTC."""

    def next_opening(self, now: datetime) -> datetime | None:
        """Return when the stretch begins next; None when it is open at this moment."""
        there = now.astimezone(timezone(timedelta(minutes=self.offset)))
        minute = there.hour * 60 + there.minute
        if self.begins <= self.ends:
            is_open = self.begins <= minute < self.ends
        else:
            is_open = minute >= self.begins or minute < self.ends
        if is_open:
            return None
        opening = there.replace(hour=self.begins // 60, minute=self.begins % 60, second=0, microsecond=0)
        return (opening if opening > there else opening + timedelta(days=1)).astimezone(UTC)


def hours_of(text: str) -> Hours | None:
    """Return what `08:00-16:00+01:00` means; None for anything else, and for hours that leave no time."""
    found = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)(Z|[+-]\d\d:\d\d)", text.strip())
    if found is None:
        return None
    first_hour, first_minute, last_hour, last_minute = map(int, found.groups()[:4])
    zone = found[5]
    offset = 0 if zone == "Z" else (int(zone[1:3]) * 60 + int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    if max(first_hour, last_hour) > 24 or max(first_minute, last_minute) > 59 or abs(offset) > 14 * 60:
        return None
    begins, ends = first_hour * 60 + first_minute, last_hour * 60 + last_minute
    if begins == ends or begins >= 24 * 60 or ends > 24 * 60:
        return None
    return Hours(begins=begins, ends=ends, offset=offset)
