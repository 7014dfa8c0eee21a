"""Requests to set the per-user MFA state of named users, as `set-state` and the PowerShell module send them."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.record import Record
from migrate.model.users import MfaState, UserProfile


class StateRequest(Record, frozen=True, kw_only=True):
    """One user as named by the caller. At least one of the two identities is there."""

    index: int | None
    """Position in the input, from 0."""
    object_id: str
    """Lower-case GUID, or empty."""
    user_principal_name: str
    """As typed, or empty."""
    also_named: str = ""
    """Another name that the text may stand for, as a list that went through a table can leave it; or empty."""
    recorded_state: MfaState | None
    """The former state that a row of a rollback file claims; it only counts together with a known plan digest."""
    plan_digest: str
    listed_state: MfaState | None = None
    """The per-user MFA state that the list gives for the user; only used when it was asked for."""

    @property
    def key(self) -> str:
        """Return what the user is looked up by: the id is the key where both are given."""
        return self.object_id or self.user_principal_name


class RefusalCode(StrEnum):
    """Why a request was not sent."""

    NOT_FOUND = "NotFound"
    AMBIGUOUS = "Ambiguous"
    IDENTITY_MISMATCH = "IdentityMismatch"
    BAD_INPUT = "BadInput"
    NOT_REGISTERED = "NotRegistered"
    UNREADABLE = "Unreadable"


class ResolvedRequest(Record, frozen=True, kw_only=True):
    """A request whose user was found and read."""

    request: StateRequest
    profile: UserProfile
    before: MfaState


class RefusedRequest(Record, frozen=True, kw_only=True):
    """A request that is not sent."""

    request: StateRequest
    profile: UserProfile | None
    before: MfaState | None
    code: RefusalCode
    message: str


class Consent(Record, frozen=True, kw_only=True):
    """What the operator said about all users of a call."""

    accept_uncovered: str
    """The reason for switching off users without proof, or empty."""
    max_users: int | None
    """How many users that reason may be for; None where it was given for one only."""
    allow_unregistered: bool
    """Enforce also whoever has no method registered."""
