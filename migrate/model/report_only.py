"""What a report-only policy would have done, and whether that is enough to switch it on."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.record import Record


class Would(StrEnum):
    """What a report-only policy would have done to a sign-in, with the cause where people differ by it."""

    SUCCESS = "success"
    INTERRUPTED_CAPABLE = "interruptedCapable"
    """The person would have had to act, and can."""
    INTERRUPTED_NOT_CAPABLE = "interruptedNotCapable"
    INTERRUPTED_UNKNOWN = "interruptedUnknown"
    REQUIRED_ALREADY = "requiredAlready"
    """Interrupted, but somebody asks this person for MFA today already."""
    FAILURE = "failure"
    UNKNOWN = "unknown"
    """Also for want of information, and for words of tomorrow."""


class WouldCount(Record, frozen=True, kw_only=True):
    """How often, with whom, and by which client."""

    would: Would
    client: str
    """The client of failures; empty for the others."""
    attempts: int
    people: tuple[str, ...]
    """Object ids."""


class RuleCheck(StrEnum):
    """The conditions of the exit rule."""

    DAYS = "days"
    WORKING_DAYS = "workingDays"
    NO_HOLE = "noHole"
    SEEN = "seen"
    FAILURES = "failures"
    NOT_CAPABLE = "notCapable"
    UNKNOWN = "unknown"
    SUCCESS = "success"


class Checked(Record, frozen=True, kw_only=True):
    """One condition with its number and its limit."""

    check: RuleCheck
    holds: bool
    number: float
    limit: float


class MissingData(StrEnum):
    """Why there are no numbers."""

    NO_LOG = "noLog"
    NO_RESULTS = "noResults"
    """The log was read without what policies did: a permission is missing."""
    NO_NAMES = "noNames"
    """Results came without a name: the header that asks for them was missing."""
    NOT_EVALUATED = "notEvaluated"
    """Policies about user actions are not evaluated in report-only."""


class ReportOnlyNumbers(Record, frozen=True, kw_only=True):
    """One report-only policy."""

    policy_id: str
    display_name: str
    since: str | None
    """From when on sign-ins count: the policy's last change, or when the log begins."""
    until: str | None
    missing: MissingData | None
    counts: tuple[WouldCount, ...]
    checks: tuple[Checked, ...]
    """Empty where data is missing: no data never passes."""
    unseen: tuple[str, ...]
    """Object ids of enabled people in scope who did not sign in."""

    @property
    def holds(self) -> bool:
        """Tell whether the exit rule holds."""
        return self.missing is None and bool(self.checks) and all(one.holds for one in self.checks)

    @property
    def failing(self) -> tuple[Checked, ...]:
        """Return the conditions that do not hold."""
        return tuple(one for one in self.checks if not one.holds)


class ExitLimits(Record, frozen=True, kw_only=True):
    """The numbers of the exit rule. They are ours; the last one is that of Microsoft's phased rollout."""

    days: int = 7
    working_days: int = 5
    seen_share: float = 0.8
    most_failures: int = 0
    most_not_capable: int = 0
    unknown_share: float = 0.01
    success_share: float = 0.9
