"""Answers about single policies: why each applies or not, what a sign-in would meet. For explain and what-if."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.capability import Capability
from migrate.model.coverage import Coverage
from migrate.model.record import Record
from migrate.model.users import MfaState


class PolicyAnswer(Record, frozen=True, kw_only=True):
    """What one policy means for a user, or for one sign-in."""

    id: str
    display_name: str
    state: str
    """In Graph's spelling, also when it is not known."""
    applies: bool | None
    """None when it is not known whether it applies."""
    reasons: tuple[str, ...]
    """Why it applies, does not apply, or is not known to."""
    demands: str
    """What it asks for where it applies, in words."""
    where: str
    """The sign-ins that it is about, in words; empty when it demands nothing of sign-ins to applications."""
    session: tuple[str, ...] = ()
    """The session controls that it sets, in Graph's names."""


class Explanation(Record, frozen=True, kw_only=True):
    """The chain of evidence for one user."""

    user_id: str
    user_principal_name: str
    display_name: str | None
    mfa_state: MfaState | None
    """None when it could not be read."""
    mfa_state_problem: str | None
    coverage: Coverage
    closing: tuple[str, ...]
    """What would close each gap, in the order of the gaps."""
    policies: tuple[PolicyAnswer, ...]
    capability: Capability | None = None
    """Whether the user could answer a request for MFA; no part of the verdict. None for agents."""


class SignInOutcome(StrEnum):
    """What a sign-in meets."""

    MFA = "mfa"
    """It can only succeed after MFA."""
    BLOCK = "block"
    """Conditional Access prevents it."""
    NO_MFA = "noMfa"
    """It can succeed without MFA."""
    UNKNOWN = "unknown"
    """Something that could matter is not understood, could not be read, or was not stated."""


class SignIn(Record, frozen=True, kw_only=True):
    """One sign-in to try out. Enum values in Graph's spelling; None means not stated, and may be anything."""

    app: str | None = None
    user_action: str | None = None
    client_app_type: str | None = "browser"
    platform: str | None = None
    ip: str | None = None
    country: str | None = None
    sign_in_risk: str | None = "none"
    user_risk: str | None = "none"
    insider_risk: str | None = "none"
    compliant: bool | None = False
    hybrid_joined: bool | None = False
    flow: str | None = "none"
    device_filter: str | None = None
    """`matches` or `no`: whether the device matches the filters of policies; None: it is evaluated, or not known."""
    external_tenant_id: str | None = None
    """Home tenant of a guest, as Microsoft's own What If takes it."""
    external_user_type: str | None = None
    """Kind of guest or external user, in Graph's spelling."""


class PastSignIn(SignIn, frozen=True, kw_only=True):
    """A sign-in that happened, as far as the log was kept: without its address."""

    within: tuple[str, ...] | None = None
    """Ids of the named locations with ranges that hold the address; None where it is not known."""
    compliant_network: bool | None = None
    contexts: tuple[str, ...] | None = None
    """Authentication contexts that it was about."""


class WhatIfAnswer(Record, frozen=True, kw_only=True):
    """The outcome of one sign-in and each policy's part in it."""

    outcome: SignInOutcome
    because: tuple[str, ...]
    """Names of the policies that decide it, or what is not known."""
    deciding: tuple[str, ...]
    """Ids of the policies that decide it, or that leave it open."""
    policies: tuple[PolicyAnswer, ...]
    """Those that decide first, then those that apply, may apply, do not."""


class EvaluatedPolicy(Record, frozen=True, kw_only=True):
    """What Microsoft's own What If says about one policy."""

    id: str
    display_name: str
    state: str
    applies: bool
    analysis_reasons: str
    """Graph's flags for why it does not apply, such as `users,location`; `notSet` where it does."""


class Difference(Record, frozen=True, kw_only=True):
    """A policy about which our answer and Microsoft's are not the same."""

    id: str
    display_name: str
    ours: bool | None
    """None: not known here."""
    microsofts: bool | None
    """None: Microsoft did not mention the policy."""
    reasons: tuple[str, ...]
    """Ours, then Microsoft's."""
