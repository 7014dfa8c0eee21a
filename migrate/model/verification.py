"""What one `verify` found and looked at, as the journal keeps it: without it nobody may say later that all was well."""

from __future__ import annotations

from migrate.model.record import Record


class Verification(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The document that a `Verified` entry names. Later versions add members with defaults."""

    at: str
    """When the reading began, by the server's clock (ISO 8601, UTC)."""
    tool_version: str
    plan_digest: str
    """The migration that was begun last; empty when there was none."""
    snapshot_id: str
    """The snapshot that the tenant was compared with."""
    findings: dict[str, int]
    """How many of each code."""
    users: int
    """Users whose state was read."""
    switched_off: int
    """Of these, the ones whom this tool switched off and whose coverage was proven again."""
    policies: int
    registrations: int
    held_back: int
    on_managed: int = 0
    """Users whose proof rests on policies of Microsoft's own."""
    journal_entries: int = 0
    """How many entries the journal had that the tenant was compared with."""
