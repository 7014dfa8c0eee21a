"""What the directory audit log says around the changes of a wave: ours that were seen, and what others changed."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.record import Record


class AuditTarget(Record, frozen=True, kw_only=True):
    """What an event is about."""

    id: str
    """In lower case."""
    name: str


class AuditEvent(Record, frozen=True, kw_only=True):
    """One event of the directory audit log, as far as it is needed."""

    at: int
    """Seconds since 1970 (UTC)."""
    activity: str
    initiator: str
    """Who it was, to be shown: user principal name, or the application's name or id; empty where it is not told."""
    initiator_names: tuple[str, ...]
    """Every name and id of the initiator, in lower case."""
    targets: tuple[AuditTarget, ...]


class OwnWrite(Record, frozen=True, kw_only=True):
    """A change that this program made, as the journal knows it."""

    wave: int
    """0 for policies."""
    target_id: str
    """In lower case."""
    target_name: str
    is_user: bool
    requested: str
    """The state of a user that was asked for."""
    begun: int
    """When its intent was written, in seconds since 1970; the next one is when it was read back."""
    ended: int
    actor: str | None
    """Who was signed in, in lower case; None where the token did not say."""


class OthersChange(Record, frozen=True, kw_only=True):
    """A change of somebody or something of a wave, while it was written, that is not ours."""

    at: int
    """Seconds since 1970 (UTC)."""
    activity: str
    initiator: str
    target_id: str
    target_name: str


class AuditGap(StrEnum):
    """Why the directory audit log was not read."""

    NO_PERMISSION = "noPermission"
    NOT_GIVEN = "notGiven"
    """Graph did not give it, for another reason."""


class WaveAudit(Record, frozen=True, kw_only=True):
    """What the directory audit log says of one wave. An event that is not there was not seen, which is no fault."""

    wave: int
    writes: int
    """Changes of ours."""
    seen: int
    """Those that an event was found for."""
    not_seen: tuple[str, ...]
    """Object ids of the other ones."""
    others: tuple[OthersChange, ...]
    gap: AuditGap | None = None
    """Why none of it is known."""
