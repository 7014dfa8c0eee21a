"""Dates of tables that people bring: ISO 8601 as it is, others only where the whole file shows how they are meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime

from migrate.errors import BadInput


def unchanged(text: str) -> str:
    """Return a date that is ISO 8601 already."""
    return text


_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}),?\s+(\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AaPp][Mm])?)\s*$")


def reader_of_dates(first: str, dates: Iterable[str], name: str) -> Callable[[str], str]:
    """Return what makes ISO 8601 of the dates of a file; day or month first is decided once, from all of them.

    Args:
        first: One of them, which shows how they are written.
        dates: All of them; looked at only where they are written with slashes.
        name: What the file is called.

    Raises:
        BadInput: None of them tells which of the two comes first, or they disagree.
    """
    if not _SLASHED.match(first.strip()):
        return unchanged
    day_first = month_first = False
    for date in dates:
        found = _SLASHED.match(date.strip())
        if found:
            day_first, month_first = day_first or int(found[1]) > 12, month_first or int(found[2]) > 12
    if day_first is month_first:
        disagree = f"Dates of {name} put the day first in some rows and the month in others."
        silent = f"Dates of {name} are like {first!r}, and no row tells whether the day or the month is first."
        raise BadInput(
            disagree if day_first else silent, hint="Export the file again with dates like 2026-11-26T08:00:00Z."
        )
    return lambda text: _iso(text, day_first=day_first)


def _iso(text: str, *, day_first: bool) -> str:
    found = _SLASHED.match(text.strip())
    if found is None:
        return text
    one, two, year = int(found[1]), int(found[2]), int(found[3])
    day, month = (one, two) if day_first else (two, one)
    clock = found[4].upper().replace(" ", "")
    seconds = ":%S" if clock.count(":") == 2 else ""
    form = f"%I:%M{seconds}%p" if clock.endswith("M") else f"%H:%M{seconds}"
    try:
        time = datetime.strptime(clock, form)  # noqa: DTZ007 - the time of day alone
    except ValueError:
        return text
    return f"{year:04}-{month:02}-{day:02}T{time:%H:%M:%S}"
