"""Users as Graph describes them, their per-user MFA state and their registration."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from migrate.errors import BadInput
from migrate.model.reasons import Reason
from migrate.model.record import Record


class MfaState(StrEnum):
    """The per-user MFA state, in Graph's spelling.

    A value that Graph sends and that is not listed here makes an `UnreadableUser`, never a fourth member.
    Source: Graph beta, resource strongAuthenticationRequirements.
    """

    DISABLED = "disabled"
    ENABLED = "enabled"
    ENFORCED = "enforced"

    @classmethod
    def from_text(cls, text: str) -> MfaState:
        """Return the state that `text` names in any case; raise `BadInput` for anything else."""
        try:
            return cls(text.strip().lower())
        except ValueError:
            names = ", ".join(state.value for state in cls)
            raise BadInput(f"{text!r} is no per-user MFA state; known are {names}.") from None

    def is_found_as(self, found: MfaState) -> bool:
        """Tell whether a user who was set to this state may be found in `found`.

        Graph promotes an enabled user who has a registered method to enforced, so enabled may be found as
        enforced: a promotion, not drift.
        """
        return found is self or (self is MfaState.ENABLED and found is MfaState.ENFORCED)


class Identity(Record, frozen=True, kw_only=True, gc=False):
    """One sign-in identity of a user (Graph objectIdentity)."""

    sign_in_type: str | None
    issuer: str | None


class UserProfile(Record, frozen=True, kw_only=True, gc=False):
    """What Graph's user object says about a person; everything that coverage depends on for one user."""

    id: str
    """Object id, lower-case GUID."""
    user_principal_name: str
    """Empty where the directory shows none; such a user is unreadable and never planned."""
    display_name: str | None
    user_type: str | None
    """`Member` or `Guest`; None where the directory holds none."""
    creation_type: str | None
    """`Invitation`, `LocalAccount`, `EmailVerified`, … or None for ordinary accounts."""
    external_user_state: str | None
    """`PendingAcceptance` or `Accepted` for invited users, else None."""
    identities: tuple[Identity, ...]
    account_enabled: bool | None
    on_premises_sync_enabled: bool
    assigned_licenses: tuple[str, ...] | None
    """SKU ids; None where Graph did not say, which is not the same as none."""
    created_date_time: str | None
    """ISO 8601, as Graph wrote it."""
    is_agent: bool = False
    """The account belongs to an agent (Graph type agentUser): it is no person, and not among all users."""
    lacks: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """What Graph was asked for and left out of its answer: then nothing about the person is proven. Mostly unset."""

    @property
    def is_guest(self) -> bool:
        """Tell whether the directory lists the person as a guest (a B2B member is not one)."""
        return (self.user_type or "").casefold() == "guest"


class Registration(Record, frozen=True, kw_only=True, gc=False):
    """What the registration report says about a user's methods. The report may lag by hours."""

    is_mfa_registered: bool
    is_mfa_capable: bool
    """Registered with a method that the methods policy allows."""
    methods_registered: tuple[str, ...]
    last_updated_date_time: str | None
    """When the report was refreshed, not when the user registered."""


class UserRecord(Record, frozen=True, kw_only=True, gc=False):
    """A user whose per-user MFA state was read."""

    profile: UserProfile
    mfa_state: MfaState
    registration: Registration | None
    """None when the report has no row, as for accounts that are switched off."""


class UnreadableUser(Record, frozen=True, kw_only=True, gc=False):
    """A user whose per-user MFA state could not be read. Counted and shown, never planned."""

    profile: UserProfile
    reason: Reason
    request_id: str | None
    registration: Registration | None


AnyUser = UserRecord | UnreadableUser
