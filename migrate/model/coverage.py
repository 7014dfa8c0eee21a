"""The answer to one question: do the enabled policies require MFA of this user on every sign-in?"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import assert_never

from migrate.model.record import Record

SHOWN_GAPS = 8
"""How many open regions the one-line summary names."""


class Verdict(StrEnum):
    """How far the enabled policies require MFA of a user."""

    COVERED = "covered"
    PARTLY = "partly"
    """Some sign-ins are open; the gaps name them."""
    UNCOVERED = "uncovered"
    UNKNOWN = "unknown"
    """Something that might close the open regions is not understood or could not be read."""


class GapKind(StrEnum):
    """The head of a gap's tag: what kind of thing is open. Where it is told apart, `match` ends in `assert_never`."""

    LOCATION = "location"
    CLIENT_APP_TYPE = "clientAppType"
    PLATFORM = "platform"
    APP = "app"
    SIGN_IN_RISK = "signInRisk"
    USER_RISK = "userRisk"
    INSIDER_RISK = "insiderRisk"
    FLOW = "flow"
    DEVICE = "device"
    CONTROL = "control"
    TERMS_OF_USE = "termsOfUse"
    CUSTOM_FACTOR = "customFactor"
    STRENGTH = "strength"
    DEVICE_FILTER = "deviceFilter"
    APP_FILTER = "appFilter"
    EXCLUDED = "excluded"
    NOT_INCLUDED = "notIncluded"
    NO_POLICY = "noPolicy"
    POLICY = "policy"
    TOO_MANY = "tooMany"
    EVERYTHING = "everything"


class Assumption(StrEnum):
    """What a proof rests on besides what was read: said wherever somebody relies on it."""

    BASELINE_ANSWER = "baselineScopesAnswer"
    """The operator's answer about baseline scopes."""
    MANAGED_SCOPE = "microsoftMayChangeThisScope"
    """A Microsoft-managed policy: Microsoft may change its scope."""
    PER_USER_MFA_POLICY = "managedPolicyForPerUserMfa"
    """The Microsoft-managed policy for users of per-user MFA: disabling somebody may take them out of it."""

    @property
    def words(self) -> str:
        """Return the assumption in words."""
        match self:
            case Assumption.BASELINE_ANSWER:
                return "the operator's answer about baseline scopes, which no API shows"
            case Assumption.MANAGED_SCOPE:
                return "a Microsoft-managed policy: Microsoft may change this scope"
            case Assumption.PER_USER_MFA_POLICY:
                return (
                    "the Microsoft-managed policy for users of per-user MFA, and disabling somebody may take them "
                    "out of it: make a policy of your own with equal scope"
                )
            case _:
                assert_never(self)


class Gap(Record, frozen=True, kw_only=True):
    """One region of sign-ins that no enabled policy demands MFA for."""

    tag: str
    """Machine-readable: a `GapKind`, for a region with its value: `location:trusted`, `app:<id>`, `excluded`, …"""
    words: str
    """The same for a person."""
    within: tuple[tuple[str, ...], ...] = ()
    """Other ways to name a region that the gap lies in: each is a set of tags that together contain it."""

    @property
    def kind(self) -> GapKind:
        """Return the head of the tag."""
        return GapKind(self.tag.partition(":")[0])

    def is_accepted(self, accepted: AbstractSet[str]) -> bool:
        """Tell whether the gap lies in the regions that these tags name.

        Only regions can be accepted, `axis:value`: not that somebody is excluded, or that there are too many gaps.
        """
        return (":" in self.tag and self.tag in accepted) or any(accepted >= set(tags) for tags in self.within)


class LeftOut(Record, frozen=True, kw_only=True):
    """An enabled policy that would close some of what is open, if the user were not excluded from it."""

    policy: str
    """Display name."""
    path: tuple[str, ...]
    """As what the user is excluded: each is one way."""

    @property
    def sentence(self) -> str:
        """Return it in words."""
        return f"excluded from {self.policy!r} as {' and as '.join(self.path)}"


class Coverage(Record, frozen=True, kw_only=True):
    """A verdict with its chain of evidence."""

    verdict: Verdict
    gaps: tuple[Gap, ...]
    covered_by: tuple[str, ...]
    """Names of the enabled policies that make the proof, in a stable order."""
    covered_by_ids: tuple[str, ...]
    """Their ids, in the same order."""
    not_understood: tuple[str, ...]
    """Sentences: what could not be read or is not understood and might matter."""
    exclusions: tuple[str, ...] = ()
    """Sentences: enabled policies that would close some of what is open, if the user were not excluded from them."""
    left_out: tuple[LeftOut, ...] = ()
    """The same as values."""
    in_doubt: tuple[str, ...] = ()
    """Names of the policies that might close what is open and are not understood, or may not be the user's."""
    would_cover: tuple[str, ...] = ()
    """Names of report-only policies that would close some of what is open. Report-only never counts."""
    would_be: Verdict | None = None
    """The verdict if those were enabled; None when there are none."""
    assumes: tuple[Assumption, ...] = ()
    """What it rests on besides what was read."""

    def is_proven(self, accepted: AbstractSet[str] = frozenset()) -> bool:
        """Tell whether per-user MFA may go: covered, or open only in regions that the operator accepts.

        What rests on the policy for users of per-user MFA is no proof: they may leave it by being disabled.
        """
        if Assumption.PER_USER_MFA_POLICY in self.assumes:
            return False
        if self.verdict is Verdict.COVERED:
            return True
        return (
            self.verdict is Verdict.PARTLY and bool(self.gaps) and all(gap.is_accepted(accepted) for gap in self.gaps)
        )

    def leans_on(self, accepted: AbstractSet[str]) -> frozenset[str]:
        """Return the accepted tags that this coverage needs: what has to be said where it is relied on."""
        return (
            frozenset(tag for gap in self.gaps for tag in (gap.tag, *(t for tags in gap.within for t in tags)))
            & accepted
        )

    @property
    def summary(self) -> str:
        """Return one line: the verdict and why."""
        if self.verdict is Verdict.COVERED:
            return "; ".join(["covered by " + ", ".join(self.covered_by), *([self.reason] if self.reason else [])])
        return f"{self.verdict.value}: {self.reason}" if self.reason else self.verdict.value

    @property
    def reason(self) -> str:
        """Return why the proof does not hold, without the verdict: first the exclusions, then what is open."""
        if self.verdict is Verdict.UNKNOWN:
            return "; ".join(self.not_understood)
        if Assumption.PER_USER_MFA_POLICY in self.assumes:
            return f"rests on {Assumption.PER_USER_MFA_POLICY.words}"
        why = [gap.words for gap in self.gaps if ":" not in gap.tag and gap.words not in self.exclusions]
        regions = [gap.words for gap in self.gaps if ":" in gap.tag]
        if len(regions) > SHOWN_GAPS:
            regions[SHOWN_GAPS:] = [f"and {len(regions) - SHOWN_GAPS} more regions"]
        return "; ".join([*self.exclusions, *why, *([f"open: {', '.join(regions)}"] if regions else [])])


class CoverageClass(Record, frozen=True, kw_only=True):
    """All users with one and the same coverage."""

    coverage: Coverage
    users: int
    with_per_user_mfa: int
    """Of these, the ones whose per-user MFA is enabled or enforced: whom the migration is about."""
    sample: tuple[str, ...]
    """A few user principal names."""
