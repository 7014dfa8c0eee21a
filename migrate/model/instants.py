"""Moments as text: ISO 8601 in UTC with a Z, which PowerShell, Excel and Graph all read."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def iso_utc(moment: datetime) -> str:
    """Return a moment with its zone as `2026-11-24T08:00:00Z`, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_of(seconds: int) -> str:
    """Return seconds since 1970 in the same form."""
    return iso_utc(datetime.fromtimestamp(seconds, UTC))


def minute_utc(moment: datetime | str) -> str:
    """Return a moment as people read it, `2026-11-24 08:00 UTC`; a text that names none as it is."""
    known = moment_of(moment) if isinstance(moment, str) else moment
    return str(moment) if known is None else known.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def moment_of(text: str) -> datetime | None:
    """Return the moment that a Graph timestamp (ISO 8601) or a Date header names, in UTC; None for anything else."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
            return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        except (ValueError, OverflowError):  # in UTC it would lie before the year 1, or after 9999
            continue
    return None
