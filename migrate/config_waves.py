"""`[waves]` in mfa-migrate.toml: who is migrated together, in which order, and when each wave may begin."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from migrate.model.named import id_or_name
from migrate.model.record import Record
from migrate.model.waves import hours_of

USUAL_SHARES = (10.0, 50.0, 100.0)
Trouble = tuple[list[str], str]
"""The keys and what is wrong with their value."""


class WaveStart(Record, frozen=True, kw_only=True, rename=None):
    """One `[[waves.start]]`: a wave that must not begin before a moment."""

    wave: int
    """Its number, as `plan` prints it."""
    not_before: datetime
    """With its offset, such as 2026-12-07T08:00:00+01:00."""


class WaveEntry(Record, frozen=True, kw_only=True, rename=None):
    """One `[[waves.wave]]`, in the order in which they are migrated.

    It takes one of users, group, file, percent and not_capable.
    """

    name: str | None = None
    users: tuple[str, ...] = ()
    """User principal names or object ids: a canary. There may be several."""
    group: str | None = None
    """Object id or exact name."""
    file: str | None = None
    """A list of users in any format, beside mfa-migrate.toml or by its whole path."""
    percent: float | None = None
    """As far as this share of all whom no wave names, by a stable hash."""
    not_capable: bool = False
    """Those who are not MFA capable yet: always the last wave, wherever the entry stands."""
    not_before: datetime | None = None
    hours: str | None = None
    """Between which hours it may begin, with their offset: 08:00-16:00+01:00."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return by what it says who is in it."""
        given = {"users": bool(self.users), "group": self.group, "file": self.file, "percent": self.percent}
        given["not_capable"] = self.not_capable
        return tuple(name for name, value in given.items() if value not in (None, False))


class WaveConfig(Record, frozen=True, kw_only=True, rename=None):
    """`[waves]`."""

    canary: tuple[str, ...] = ()
    """User principal names or object ids of the first wave."""
    percentages: tuple[float, ...] = USUAL_SHARES
    """Cumulative shares of the rest, by a stable hash; the last one is 100."""
    wave: tuple[WaveEntry, ...] = ()
    """The waves one by one, instead of canary and percentages."""
    minimum_wait: str = "0s"
    """How long the last change of a wave must be ago before the next wave begins."""
    start: tuple[WaveStart, ...] = ()
    gate: bool = False
    """Whether the sign-in log must speak for each wave before the next one begins."""

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups that it names, by id or name."""
        return tuple(dict.fromkeys(id_or_name(one.group) for one in self.wave if one.group))


def wave_troubles(waves: WaveConfig) -> Iterator[Trouble]:
    """Yield what has the right type and makes no sense."""
    shares = waves.percentages
    if not shares or list(shares) != sorted(set(shares)) or shares[0] <= 0 or shares[-1] != 100:
        yield ["waves", "percentages"], "waves.percentages must rise and end with 100, such as [10, 50, 100]."
    for start in waves.start:
        if start.not_before.tzinfo is None:
            yield (
                ["waves", "start", "not_before"],
                "waves.start.not_before needs its offset from UTC, such as 2026-12-07T08:00:00+01:00.",
            )
        if not 1 <= start.wave <= len(shares) + 2:
            yield (
                ["waves", "start", "wave"],
                f"waves.start.wave = {start.wave}: the waves have the numbers 1 to {len(shares) + 2}.",
            )
    if waves.wave and (waves.canary or waves.start or tuple(shares) != USUAL_SHARES):
        yield (
            ["waves", "wave"],
            "[[waves.wave]] takes the place of canary, percentages and start: all of it stands in the entries.",
        )
    yield from _entry_troubles(waves)


def _entry_troubles(waves: WaveConfig) -> Iterator[Trouble]:
    reached = 0.0
    names: set[str] = set()
    for one in waves.wave:
        if len(one.kinds) != 1:
            yield (
                ["waves", "wave", one.kinds[1] if one.kinds else "name"],
                ("waves.wave takes exactly one of users, group, file, percent and not_capable."),
            )
        if one.group is not None and not one.group.strip():
            yield ["waves", "wave", "group"], "waves.wave.group must be the id or the exact name of a group."
        if one.percent is not None:
            if not reached < one.percent <= 100:
                yield (
                    ["waves", "wave", "percent"],
                    "waves.wave.percent is how far it goes, so it rises from wave to wave and ends at 100.",
                )
            reached = one.percent
        if one.not_before is not None and one.not_before.tzinfo is None:
            yield (
                ["waves", "wave", "not_before"],
                "waves.wave.not_before needs its offset from UTC, such as 2026-12-07T08:00:00+01:00.",
            )
        if one.hours is not None and hours_of(one.hours) is None:
            yield (
                ["waves", "wave", "hours"],
                f"waves.wave.hours must be hours with their offset, such as 08:00-16:00+01:00, not {one.hours!r}.",
            )
        if one.name is not None and one.name.casefold() in names:
            yield ["waves", "wave", "name"], f"two waves are called {one.name!r}."
        names.add((one.name or "").casefold() or str(len(names)))
