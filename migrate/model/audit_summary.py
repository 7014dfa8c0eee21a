"""What an audit holds, counted for people."""

from __future__ import annotations

from collections.abc import Mapping

from migrate.model.record import Record


class AuditedRun(Record, frozen=True, kw_only=True):
    """One run of an audit."""

    plan_digest: str
    first: str
    """When its first entry was written (ISO 8601, by the clock of that machine)."""
    last: str
    actors: tuple[str, ...]
    people: Mapping[str, int]
    """Users by the latest outcome that the run had with them."""
    policies: Mapping[str, int]
    """Entries about policies by outcome; an intent is none."""
    closed: bool


class AuditSummary(Record, frozen=True, kw_only=True):
    """Everything but the rows."""

    entries: int
    first: str
    last: str
    operations: Mapping[str, Mapping[str, int]]
    """Entries by operation and outcome."""
    runs: tuple[AuditedRun, ...]
    """In the order in which they began."""
