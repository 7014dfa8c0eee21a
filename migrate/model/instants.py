"""Moments as text: ISO 8601 in UTC with a Z, which PowerShell, Excel and Graph all read."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_utc(moment: datetime) -> str:
    """Return a moment with its zone as `2026-11-24T08:00:00Z`, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
