"""The answer to recommendation 5.1.2.1 of the CIS Microsoft 365 Foundations Benchmark, as counts and codes.

Source: CIS Microsoft 365 Foundations Benchmark v7.0.0 (2026-05-19), 5.1.2.1; the question is put in our own words.
"""

from __future__ import annotations

from enum import StrEnum

from migrate.model.record import Record
from migrate.model.report import AccountKind

BENCHMARK = "CIS Microsoft 365 Foundations Benchmark"
BENCHMARK_VERSION = "7.0.0"
RECOMMENDATION = "5.1.2.1"
PROFILE = "Level 1, E3"


class CisResult(StrEnum):
    """What can be said of the recommendation. It is judged by hand, so this is evidence and no pass."""

    MET = "met"
    NOT_MET = "not met"
    CANNOT_BE_SAID = "cannot be said"


class CisBecause(StrEnum):
    """Why it is not met, or cannot be said."""

    ENABLED_OR_ENFORCED = "enabled-or-enforced"
    UNREADABLE = "unreadable"
    CROSS_CHECK_DIFFERS = "cross-check-differs"
    CROSS_CHECK_NOT_KEPT = "cross-check-not-kept"
    """States were read the quick way by a version that did not keep what the documented call said of the sample."""
    NOBODY = "nobody"
    """The export holds nobody: that is no tenant in which everything is well."""


class AccountState(StrEnum):
    """Whether somebody can sign in with an account."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    NOT_SAID = "not said"

    @classmethod
    def of(cls, account_enabled: bool | None) -> AccountState:
        """Return the state that Graph's `accountEnabled` means."""
        if account_enabled is None:
            return cls.NOT_SAID
        return cls.ENABLED if account_enabled else cls.DISABLED


class CountedStates(Record, frozen=True, kw_only=True):
    """The accounts of one kind, and of one account state, by per-user MFA state."""

    user_type: AccountKind
    account: AccountState
    disabled: int = 0
    enabled: int = 0
    enforced: int = 0
    unreadable: int = 0

    @property
    def total(self) -> int:
        """Return how many accounts they are."""
        return self.disabled + self.enabled + self.enforced + self.unreadable


class SampleRead(Record, frozen=True, kw_only=True):
    """What a second way of reading said about a sample."""

    states_read_by: str
    """`requirements` (the documented call, one a user) or `select` (the quick way, compared on a sample)."""
    asked: int
    agreed: int
    seed: str = ""
    """With which the sample was drawn; empty where none was, and in exports of older versions."""
    given_up: bool = False
    """The quick way was not trusted, and everybody was read by the documented call instead."""
    kept: bool = True
    """Whether the comparison stands in the export; where everybody was read by the documented call none is needed."""


class CisAnswer(Record, frozen=True, kw_only=True):
    """The answer, with what it rests on."""

    result: CisResult
    because: tuple[CisBecause, ...]
    total: int
    disabled: int
    enabled: int
    enforced: int
    unreadable: int
    states: tuple[CountedStates, ...]
    """By kind and account state; those with nobody are left out."""
    sample: SampleRead
