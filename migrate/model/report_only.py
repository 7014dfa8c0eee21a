"""What a report-only policy would have done, and whether that is enough to switch it on."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.plan_part import PlanPart
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


class FailureCause(StrEnum):
    """Why a sign-in would have failed, from what the policy demands and the client."""

    BLOCK = "block"
    """The policy blocks."""
    OLD_CLIENT = "oldClient"
    """The client cannot answer what the policy asks."""
    DEVICE = "device"
    """The policy asks for a compliant or joined device, or an approved app."""
    OTHER = "other"


class WouldCount(Record, frozen=True, kw_only=True):
    """How often, with whom, and by which client."""

    would: Would
    client: str
    """The client of failures; empty for the others."""
    attempts: int
    people: tuple[str, ...]
    """Object ids."""
    unnamed: int = 0
    """How many people at least, where an answer counts them and names nobody."""
    cause: FailureCause | None = None
    """Of failures alone."""


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

    @property
    def words(self) -> str:
        """Return what is counted, as it stands in a sentence."""
        return _COUNTED[self]

    @property
    def is_share(self) -> bool:
        """Tell whether its number is a share, from 0 to 1."""
        return self in (RuleCheck.SEEN, RuleCheck.UNKNOWN, RuleCheck.SUCCESS)

    @property
    def at_least(self) -> bool:
        """Tell whether the limit is the least that is asked for, and not the most that is allowed."""
        return self in (RuleCheck.DAYS, RuleCheck.WORKING_DAYS, RuleCheck.SEEN, RuleCheck.SUCCESS)


_COUNTED = {
    RuleCheck.DAYS: "whole days of the log since the policy was last changed",
    RuleCheck.WORKING_DAYS: "working days among them",
    RuleCheck.NO_HOLE: "holes in the log",
    RuleCheck.SEEN: "enabled people in scope who were seen",
    RuleCheck.FAILURES: "people who would have failed and are not accepted",
    RuleCheck.NOT_CAPABLE: "people who would have been interrupted and are not known to be MFA capable",
    RuleCheck.UNKNOWN: "results that are not known",
    RuleCheck.SUCCESS: "success, or interrupted and able to answer",
}


class Checked(Record, frozen=True, kw_only=True):
    """One condition with its number and its limit."""

    check: RuleCheck
    holds: bool
    number: float
    limit: float

    @property
    def words(self) -> str:
        """Return the condition with its number and its limit."""
        share = self.check.is_share
        number, limit = (
            (f"{self.number:.1%}", f"{self.limit:.0%}") if share else (f"{self.number:g}", f"{self.limit:g}")
        )
        return f"{self.check.words}: {number} ({'at least' if self.check.at_least else 'at most'} {limit})"


class MissingData(StrEnum):
    """Why there are no numbers that the exit rule could rest on."""

    NO_LOG = "noLog"
    NO_ROWS = "noRows"
    """The log was read, and nobody signed in."""
    NO_LICENCE = "noLicence"
    """Graph refused the log for want of Entra ID P1 or P2."""
    NO_PERMISSION = "noPermission"
    """Graph refused the log for want of a permission or a role."""
    NO_DAYS = "noDays"
    """The log was read, and not a whole day of it since the policy's last change."""
    NO_RESULTS = "noResults"
    """The log was read without what policies did: a permission is missing."""
    NO_NAMES = "noNames"
    """Results came without a name: the header that asks for them was missing."""
    NO_PEOPLE = "noPeople"
    """What policies did was counted where the log lies, and nobody is named."""
    NOT_EVALUATED = "notEvaluated"
    """Policies about user actions are not evaluated in report-only."""

    @property
    def words(self) -> str:
        """Return what is missing and how it is had, as it stands behind "no data: "."""
        return _MISSING[self]


_MISSING = {
    MissingData.NO_LOG: (
        "no sign-in log was read. Read it: mfa-migrate sign-ins read (needs Entra ID P1 or P2 and the permission "
        "AuditLog.Read.All; files of the portal have no policy results)"
    ),
    MissingData.NO_ROWS: (
        "the log was read and holds no sign-in of anybody: mfa-migrate sign-ins show names the days. Once people have "
        "signed in, read it again: mfa-migrate sign-ins read"
    ),
    MissingData.NO_LICENCE: (
        "Graph refused the sign-in log for want of a licence: it needs Entra ID P1 or P2. Diagnostic settings and Log "
        "Analytics can be imported instead: mfa-migrate sign-ins import"
    ),
    MissingData.NO_PERMISSION: (
        "Graph refused the sign-in log for want of a permission: it needs AuditLog.Read.All, and of a person a role "
        "such as Security Reader; then read it: mfa-migrate sign-ins read"
    ),
    MissingData.NO_DAYS: (
        "the log that was read has no whole day since the policy was last changed. Read it again: mfa-migrate sign-ins "
        "read"
    ),
    MissingData.NO_RESULTS: (
        "the log was read without what policies did. It needs the permission Policy.Read.All, and of a person "
        "the role Security Reader or Global Reader; then read it again: mfa-migrate sign-ins read"
    ),
    MissingData.NO_NAMES: (
        "results have no name in a file. Graph gives them with the header Prefer: include-unknown-enum-members"
    ),
    MissingData.NO_PEOPLE: (
        "what the policy did was counted where the log lies, and no answer names the people, so that the exit rule "
        "cannot be told. The whole query names them by object id: mfa-migrate sign-ins kql"
    ),
    MissingData.NOT_EVALUATED: "policies about user actions are not evaluated in report-only",
}


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


class ExitLimits(PlanPart, frozen=True, kw_only=True):
    """The numbers of the exit rule. They are ours; the last one is that of Microsoft's phased rollout."""

    days: int = 7
    working_days: int = 5
    seen_share: float = 0.8
    most_failures: int = 0
    most_not_capable: int = 0
    unknown_share: float = 0.01
    success_share: float = 0.9

    def is_stricter_than(self, other: ExitLimits) -> bool:
        """Tell whether no number of it asks less than the other's, and one asks more."""
        more = (self.days, self.working_days, self.seen_share, self.success_share)
        less = (self.most_failures, self.most_not_capable, self.unknown_share)
        most = (other.days, other.working_days, other.seen_share, other.success_share)
        least = (other.most_failures, other.most_not_capable, other.unknown_share)
        asks = all(one >= two for one, two in zip(more, most, strict=True))
        return self != other and asks and all(one <= two for one, two in zip(less, least, strict=True))
