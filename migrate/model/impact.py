"""Whom a policy catches once it is switched on, as numbers: what the limits of a plan are held against."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.plan_part import PlanPart
from migrate.model.record import Record


class Caught(StrEnum):
    """How somebody is caught by a policy. The value is the name of the number in plan.json."""

    NEWLY_REQUIRED = "newlyRequired"
    """People of whom neither enabled policies nor per-user MFA require MFA today."""
    REQUIRED_ALREADY = "requiredAlready"
    ENABLED_WITHOUT_METHOD = "enabledWithoutMethod"
    """Per-user MFA enabled and no method: not protected today."""
    GUEST = "guests"
    """Guests of whom neither way requires MFA today."""
    DISABLED = "disabledAccounts"
    NOT_CAPABLE = "notMfaCapable"
    CAPABLE_UNKNOWN = "mfaCapableUnknown"
    NEWLY_BLOCKED = "newlyBlocked"
    """Accounts that cannot answer, whoever a policy that blocks everything is about, and whose sign-ins were read
    that succeeded and would be refused."""
    BLOCKED_IN_LOG = "newlyBlockedInLog"
    """Of these and of those accepted by name: whom a sign-in shows that succeeded and would be refused."""
    MAYBE_BLOCKED = "maybeNewlyBlocked"
    """Of whom the sign-in log does not say enough."""
    SEEN = "seenSigningIn"
    """Whose sign-ins were read; with the next, everybody who is asked, where a log was read."""
    NOT_SEEN = "notSeenSigningIn"
    ACCEPTED = "acceptedByName"
    """Not MFA capable or blocked, and accepted by name."""

    @property
    def is_accepted_by_name(self) -> bool:
        """Tell whether somebody caught in this way may be accepted by name."""
        return self in (Caught.NOT_CAPABLE, Caught.NEWLY_BLOCKED)

    @property
    def code(self) -> str:
        """Return the code of the note about it."""
        return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in self.value)


class PolicyImpact(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Whom one policy catches that a plan switches on. Agents' accounts are in no number."""

    key: str
    """The policy's id, or the marker of one that the plan creates."""
    policy: str
    """Display name."""
    numbers: dict[str, int]
    """By the values of `Caught`; numbers of nobody are left out."""
    samples: dict[str, tuple[str, ...]]
    """A few user principal names of each."""
    blocks_some_sign_ins: bool = False
    """It blocks a part of the sign-ins; whose they are was not read."""
    widens: bool = False
    """The policy is enabled already and will be for more people."""

    def number(self, caught: Caught) -> int:
        """Return how many are caught in this way."""
        return self.numbers.get(caught.value, 0)

    @property
    def newly_required(self) -> int:
        """Return of how many people MFA is newly required, members and guests; those required already never count."""
        return self.number(Caught.NEWLY_REQUIRED) + self.number(Caught.GUEST)

    @property
    def log_was_read(self) -> bool:
        """Tell whether the sign-in log was asked about whoever is caught."""
        return bool(self.number(Caught.SEEN) or self.number(Caught.NOT_SEEN))

    def sample(self, caught: Caught) -> tuple[str, ...]:
        """Return a few names of them."""
        return self.samples.get(caught.value, ())


class NewlyRequired(Record, frozen=True, kw_only=True):
    """Somebody of whom a policy newly requires MFA."""

    user_id: str
    user_principal_name: str
    policy: str
    """Display name."""
    is_guest: bool
    is_not_capable: bool
    """The person could not answer: not MFA capable."""


class NewlyBlocked(Record, frozen=True, kw_only=True):
    """Somebody whom a policy newly blocks, as far as that is known."""

    user_id: str
    user_principal_name: str
    policy: str
    """Display name."""
    in_log: bool
    """A sign-in that succeeded shows it; else the account cannot answer, or the policy blocks everything."""


class AcceptedPerson(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody whom the operator accepts by name as caught by a policy of the plan."""

    user_id: str
    user_principal_name: str
    reason: str
    expires: str
    """ISO date; from this day on it counts no more."""
    decided_by: str = ""
    since: str = ""
    """ISO date."""


class NewlyPrompted(PlanPart, frozen=True, kw_only=True):
    """How older versions counted whom a policy that is switched on asks for MFA; `PolicyImpact` took its place."""

    policy: str
    """Display name."""
    total: int
    outside_plan: int
    """Of these, the ones who are in no wave of the plan: what the limit of that time was for."""
    by_kind: dict[str, int]
    """`member`, `guest`, `resourceMailbox`, `accountDisabled`."""
    sample: tuple[str, ...]
    """A few user principal names."""
