"""What Graph answered, as the engine sees it: a reading or a reply for each user, never an exception for one."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.reasons import NO_REASON, Reason
from migrate.model.record import Record
from migrate.model.users import AnyUser, MfaState, Registration, UnreadableUser, UserProfile, UserRecord


class StateReading(Record, frozen=True, kw_only=True):
    """The answer to reading one user's per-user MFA state."""

    user_id: str
    mfa_state: MfaState | None
    """None when it could not be read; then `problem` says why."""
    problem: Reason | None
    status: int
    """HTTP status of the item; 0 when no answer came."""
    request_id: str
    server_date: str

    @property
    def is_gone(self) -> bool:
        """Tell whether the user was deleted: needs no protection, and cannot be restored."""
        return self.status == 404

    @property
    def may_be_off(self) -> bool:
        """Tell whether the user may be disabled: whoever cannot be read may be, whoever was deleted is not."""
        return not self.is_gone and self.mfa_state in (None, MfaState.DISABLED)


def user_of(profile: UserProfile, reading: StateReading, registration: Registration | None) -> AnyUser:
    """Return a user with the state that was read, or with why it could not be."""
    if reading.mfa_state is not None:
        return UserRecord(profile=profile, mfa_state=reading.mfa_state, registration=registration)
    return UnreadableUser(
        profile=profile,
        reason=reading.problem or NO_REASON,
        request_id=reading.request_id or None,
        registration=registration,
    )


class WriteRequest(Record, frozen=True, kw_only=True):
    """A per-user MFA state to be written."""

    user_id: str
    mfa_state: MfaState
    client_request_id: str


class WriteFate(StrEnum):
    """What is known about a write from its answer alone. None of these is proof: the state is read back."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """A definite no: nothing was changed."""
    UNCLEAR = "unclear"
    """No answer, or one that leaves open whether the change was made. Read before anything is sent again."""
    HELD = "held"
    """Not sent: Graph throttles writes for longer than what was read and proven before them stays good."""
    STALE = "stale"
    """Not sent: when its turn came, what it rests on was too old or did not hold any more, or nothing more is sent."""


class WriteReply(Record, frozen=True, kw_only=True):
    """The answer to one write. `UNCLEAR` writes are never repeated blindly."""

    user_id: str
    fate: WriteFate
    status: int
    code: str
    message: str
    request_id: str
    client_request_id: str
    server_date: str
    retry_after: float | None
    """Seconds that the server asked to wait, when it did."""


class PolicyReply(Record, frozen=True, kw_only=True):
    """The answer to the creation of a policy."""

    fate: WriteFate
    policy: ConditionalAccessPolicy | None = None
    """As Graph answered that it is now; None unless it was accepted."""
