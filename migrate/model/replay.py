"""What past sign-ins would have met under the planned policies, and how well our judgement agrees with the log."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.record import Record
from migrate.model.sign_ins import Form, SignInKind


class Change(StrEnum):
    """What becomes of a sign-in when the plan is carried out."""

    NEWLY_REQUIRED = "newlyRequired"
    """It succeeded without anybody asking for MFA, and would be asked."""
    NEWLY_BLOCKED = "newlyBlocked"
    """It succeeded, and would be refused: by a block, or because its client or protocol cannot answer."""
    LOSES_MFA = "losesMfa"
    """Somebody asked for MFA, and nobody would. Must be nobody, else the plan is refused."""
    MOVES_OVER = "movesOver"
    """Per-user MFA asked, and Conditional Access would: the migration itself."""
    DEPENDS = "depends"
    """It depends on what the log does not say."""
    SAME = "same"

    @property
    def needs_a_look(self) -> bool:
        """Tell whether the people behind it are named."""
        return self not in (Change.MOVES_OVER, Change.SAME)


class ChangeCount(Record, frozen=True, kw_only=True):
    """How often a change was met."""

    form: Form
    change: Change
    attempts: int
    people: int


class ChangedKind(Record, frozen=True, kw_only=True):
    """One way to sign in that changes, with its people."""

    change: Change
    kind: SignInKind
    depends_on: tuple[str, ...]
    """Names of what the log does not say; only for DEPENDS."""
    attempts: int
    last: int
    """Seconds since 1970 (UTC)."""
    people: tuple[str, ...]
    """Object ids."""
    silent: bool
    """The people would probably see nothing of it."""
    cannot_pass: tuple[str, ...]
    """Object ids of those who could not answer."""


class IfRisky(Record, frozen=True, kw_only=True):
    """What sign-ins would meet besides, if their people were at a risk that a planned policy names.

    The log tells neither the risk of a user nor that of an insider, so they are taken as none everywhere else.
    """

    risk: str
    """Which, in the words of policies: userRisk or insiderRisk."""
    level: str
    change: Change
    attempts: int
    people: tuple[str, ...]
    """Object ids."""


class Calibration(Record, frozen=True, kw_only=True):
    """How our judgement about one policy agrees with what the log says that the policy did."""

    policy_id: str
    display_name: str
    agreed: int
    """Attempts, as the next."""
    disagreed: int
    not_known: int
    """Neither: the log, or what it was told, does not decide it."""
    disagreeing: tuple[SignInKind, ...]
    """A few of the kinds."""

    @property
    def share(self) -> float | None:
        """Return the share that agrees; None where nothing could be compared."""
        compared = self.agreed + self.disagreed
        return self.agreed / compared if compared else None


class Replay(Record, frozen=True, kw_only=True):
    """The whole answer."""

    counts: tuple[ChangeCount, ...]
    changed: tuple[ChangedKind, ...]
    """Those that need a look, the most frequent first."""
    calibration: tuple[Calibration, ...]
    not_proven: tuple[str, ...]
    """Ids of policies whose agreement is below the limit, or that could not be compared."""
    agreement_limit: float
    unknown_people: int
    """People of the log whom the last export does not have; they are not judged."""
    if_risky: tuple[IfRisky, ...]
    """For each level that a planned policy names; empty where none asks."""
    judged: int
    """Combinations of kind and class of users that were judged."""

    def people_of(self, change: Change) -> frozenset[str]:
        """Return the object ids behind a change."""
        return frozenset(user_id for one in self.changed if one.change is change for user_id in one.people)
