"""What this folder has seen of groups, roles, locations and strengths over time: what each was before it changed."""

from __future__ import annotations

from migrate.model.evidence import GroupEvidence, RoleEvidence
from migrate.model.record import JsonObject, Record


class Seen(Record, frozen=True, kw_only=True):
    """Objects as a reading saw them; ids in lower case."""

    at: str
    """When the reading began, by the server's clock (ISO 8601, UTC)."""
    groups: dict[str, GroupEvidence]
    roles: dict[str, RoleEvidence]
    locations: dict[str, JsonObject]
    strengths: dict[str, JsonObject]


class Readings(Record, frozen=True, kw_only=True):
    """The last sight of each object, and what changed lately."""

    tenant_id: str
    last: Seen
    former: tuple[Seen, ...]
    """Oldest first: what the changed objects were until the reading at that time saw them otherwise."""
    since: str = ""
    """When the first reading began, which tells the file from others: one that was begun anew after a loss says so."""
