"""What the sign-in log says of a wave: who asked for MFA before and after it, who failed, and whether to go on."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.directory_audit import WaveAudit
from migrate.model.plan_part import PlanPart
from migrate.model.record import Record


class Asked(StrEnum):
    """Who asked for MFA in an attempt."""

    PER_USER = "perUser"
    CONDITIONAL_ACCESS = "conditionalAccess"
    OTHERS = "others"
    NOBODY = "nobody"
    NOT_TOLD = "notTold"


class WaveNumbers(Record, frozen=True, kw_only=True):
    """Interactive attempts of a wave's people that reached a decision, in one window."""

    attempts: int
    people: int
    asked: dict[Asked, int]
    """An attempt counts for each who asked."""
    ended: dict[str, int]
    """Attempts by what became of them (SignInClass)."""


class GateCheck(StrEnum):
    """The conditions before the next wave begins."""

    WORKING_DAYS = "workingDays"
    NO_HOLE = "noHole"
    """Hours of the log that are missing since the writes, unless enough working days lie after the last of them."""
    SEEN_AGAIN = "seenAgain"
    PER_USER_GONE = "perUserGone"
    STILL_ASKED = "stillAsked"
    LOCKED_OUT = "lockedOut"
    FAILURES = "failures"
    CANNOT_ENROL = "cannotEnrol"

    @property
    def only_waits(self) -> bool:
        """Tell whether more time may mend it."""
        return self in (GateCheck.WORKING_DAYS, GateCheck.NO_HOLE, GateCheck.SEEN_AGAIN)


class GateChecked(Record, frozen=True, kw_only=True):
    """One condition with its number, its limit, and whom it is about."""

    check: GateCheck
    holds: bool
    number: float
    limit: float
    people: tuple[str, ...] = ()
    """Object ids."""


class GateVerdict(StrEnum):
    """What follows."""

    GO_ON = "goOn"
    WAIT = "wait"
    STOP = "stop"


class WaveProof(Record, frozen=True, kw_only=True):
    """One wave."""

    wave: int
    people: int
    """Whose per-user MFA was confirmed as disabled."""
    first_write: str
    last_write: str
    log_until: str | None
    """Up to when the log was read; None where none was."""
    before: WaveNumbers
    after: WaveNumbers
    checks: tuple[GateChecked, ...]
    new_legacy_failures: tuple[str, ...]
    """Object ids of those whose old clients fail now and did not before."""

    @property
    def verdict(self) -> GateVerdict:
        """Return whether to go on, wait or stop; without a log, wait."""
        failing = [one.check for one in self.checks if not one.holds]
        if any(not check.only_waits for check in failing):
            return GateVerdict.STOP
        return GateVerdict.WAIT if failing or self.log_until is None else GateVerdict.GO_ON


class WaveEvidence(Record, frozen=True, kw_only=True):
    """What both logs say of one wave, as `verify` shows and keeps it."""

    wave: int
    """0 for policies, of which no sign-in is proof."""
    audit: WaveAudit
    proof: WaveProof | None
    """None where no sign-in log was read."""


class GateLimits(PlanPart, frozen=True, kw_only=True):
    """The numbers of the gate. They are ours."""

    days_before: int = 14
    token_minutes: int = 60
    """Tokens from before a write may live so long."""
    working_days: float = 1
    seen_again: float = 0.6
    more_failures: float = 0.02

    def is_stricter_than(self, other: GateLimits) -> bool:
        """Tell whether no number of it asks less than the other's, and one asks more.

        The days before are whom it knows to have succeeded; the minutes of a token hide what follows the write.
        """
        more, most = (
            (one.days_before, one.working_days, one.seen_again, -one.token_minutes, -one.more_failures)
            for one in (self, other)
        )
        return self != other and all(one >= two for one, two in zip(more, most, strict=True))
