"""Tells who could answer a request for MFA: from the registration report and what the enabled policies ask.

It never changes a verdict of coverage: somebody may be covered and have to register first. What the report does not
show (certificates, MFA at a federated identity provider) does not count.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

from migrate.decide.coverage.judge import Asked, Judge
from migrate.decide.coverage.policy import Kind, PolicyReading
from migrate.decide.coverage.principals import Match
from migrate.decide.coverage.vocabulary import UserKind
from migrate.model.capability import (
    Capability,
    CapabilityEvidence,
    CapableWhy,
    InboundTrust,
    MethodsPolicy,
    MfaCapable,
)
from migrate.model.evidence import Evidence
from migrate.model.record import JsonObject
from migrate.model.users import Registration, UserProfile

EXTERNAL = "externalauthmethod"
PASS = "temporaryaccesspass"  # noqa: S105  (the name of a method)
NO_MFA = frozenset({"email", "securityquestion", "password", "apppassword", "qrcode", "qrcodepin"})
"""Registered for the reset of a password, or a single factor."""


@dataclass(frozen=True, slots=True)
class _Method:
    """What a method of the registration report is to authentication strengths and to the methods policy."""

    modes: frozenset[str]
    """Modes of a strength that it serves."""
    allowed_by: frozenset[str]
    """Configurations of the methods policy, one of which has to be enabled; none for what is not governed there."""

    @property
    def is_phone(self) -> bool:
        """Tell whether it is text messages or calls."""
        return bool(self.modes) and self.modes <= _TELEPHONY


def _method(modes: str, allowed_by: str = "") -> _Method:
    return _Method(frozenset(modes.split()), frozenset(allowed_by.split()))


_TELEPHONY = frozenset({"sms", "voice"})
"""The modes, and the configurations that allow each."""
_SMS, _CALL = _method("sms", "sms"), _method("voice", "voice")
_PASSKEY, _HELLO = _method("fido2", "fido2"), _method("windowshelloforbusiness")
METHODS: dict[str, _Method] = {
    "mobilephone": _method("sms voice", "sms voice"),
    "sms": _SMS,
    "mobilesms": _SMS,
    "mobilecall": _CALL,
    "alternatemobilephone": _CALL,
    "officephone": _CALL,
    "microsoftauthenticatorpush": _method("microsoftauthenticatorpush", "microsoftauthenticator"),
    "microsoftauthenticatorpasswordless": _method(
        "microsoftauthenticatorpush devicebasedpush", "microsoftauthenticator"
    ),
    "softwareonetimepasscode": _method("softwareoath", "softwareoath microsoftauthenticator"),
    "hardwareonetimepasscode": _method("hardwareoath", "hardwareoath"),
    "fido2": _PASSKEY,
    "fido2securitykey": _PASSKEY,
    "passkeydevicebound": _PASSKEY,
    "passkeydeviceboundauthenticator": _PASSKEY,
    "passkeysynced": _PASSKEY,
    "passkeydeviceboundwindowshello": _method("fido2 windowshelloforbusiness"),
    "windowshelloforbusiness": _HELLO,
    "macossecureenclavekey": _HELLO,
    PASS: _method("temporaryaccesspassonetime temporaryaccesspassmultiuse", "temporaryaccesspass"),
    EXTERNAL: _method(""),
}
"""By the name in the report, all in lower case. Sources: Graph enums usageAuthMethod and authenticationMethodModes;
Entra pages on authentication strengths and on the methods policy."""

_ENTRA_HOME = "externalazuread"
_REGISTRATION = "urn:user:registersecurityinfo"
_LOCAL_SIGN_IN = "userprincipalname"


_EXTERNAL = frozenset({UserKind.B2B_GUEST, UserKind.B2B_MEMBER})


class _Home(Enum):
    """Where somebody's account is at home."""

    HERE = "here"
    ENTRA = "another Entra tenant"
    OTHER = "no Entra tenant"
    """A Microsoft account, Google, a one-time passcode: MFA there is never trusted."""
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class _Strength:
    """An authentication strength that a policy asks for."""

    policy: str
    combinations: tuple[frozenset[str], ...] | None
    """None where they were not read."""
    sure: bool
    """Whether the policy certainly applies."""


@dataclass(frozen=True, slots=True)
class _Demands:
    """What the enabled policies ask of one class of users."""

    strengths: tuple[_Strength, ...]
    barred: tuple[str, ...]
    """Names of the policies that bar the registration of methods."""
    blocks: bool
    """Whether one of them blocks it altogether, so that no pass helps."""
    perhaps_barred: tuple[str, ...]


class Capabilities:
    """Answers for the users of one tenant. Pure; users with the same answers share one."""

    def __init__(self, evidence: Evidence, judge: Judge) -> None:
        """Read what the policies ask. `judge` has to be one over the same evidence."""
        self._judge = judge
        self._strengths = {
            str(raw.get("id")).casefold(): raw for raw in evidence.authentication_strengths if isinstance(raw, dict)
        }
        beside = evidence.capability or CapabilityEvidence(
            methods=None, methods_problem=None, trust=None, trust_problem=None
        )
        self._methods, self._trust = beside.methods, beside.trust
        self._demands: dict[Asked, _Demands] = {}
        self._known: dict[_Home, dict[Hashable, Capability]] = {}

    def of(self, profile: UserProfile, registration: Registration | None) -> Capability:
        """Return how a person stands to what the enabled policies ask."""
        asked = self._judge.asked_of(profile)
        # Nearly everybody is at home here, which what they can be to a policy says already.
        home = _home_of(profile, asked.kinds) if asked.kinds & _EXTERNAL else _Home.HERE
        known = self._known.get(home)
        if known is None:
            known = self._known[home] = {}
        key = (
            (asked, None)
            if registration is None
            else (
                asked,
                registration.methods_registered,
                registration.is_mfa_registered,
                registration.is_mfa_capable,
            )
        )
        found = known.get(key)
        if found is None:
            found = known[key] = self._stands(asked, home, registration)
        return found

    def _stands(self, asked: Asked, home: _Home, registration: Registration | None) -> Capability:
        demands = self._demands.get(asked)
        if demands is None:
            demands = self._demands[asked] = self._demands_of(asked)
        if home is not _Home.HERE:
            return self._guest(demands, registration, is_trusted=_is_trusted(home, self._trust))
        found = self._here(demands, registration)
        if found.value is MfaCapable.NOT_CAPABLE and self._is_let_in_by_pass(demands, registration):
            return Capability(value=MfaCapable.MUST_REGISTER, why=CapableWhy.HAS_PASS)
        return found

    def _is_let_in_by_pass(self, demands: _Demands, registration: Registration | None) -> bool:
        """Tell whether a Temporary Access Pass lets somebody in to register; guests are given none."""
        has_pass = registration is not None and PASS in _mfa_methods(registration)
        return has_pass and not demands.blocks and _is_allowed(PASS, self._methods)

    def _here(self, demands: _Demands, registration: Registration | None) -> Capability:
        """Return how somebody stands who registers methods in this tenant."""
        if registration is None:
            return Capability(value=MfaCapable.UNKNOWN, why=CapableWhy.NOT_IN_REPORT)
        methods = _mfa_methods(registration)
        # A pass ends by itself: whoever has nothing else has registered nothing that lasts.
        if not registration.is_mfa_registered or methods == {PASS}:
            return self._unregistered(demands)
        methods -= {PASS}
        found = self._registered(demands, registration, methods)
        known = [METHODS.get(method) for method in methods]
        phones_only = bool(known) and all(method is not None and method.is_phone for method in known)
        return msgspec.structs.replace(found, sms_voice_only=phones_only)

    def _registered(self, demands: _Demands, registration: Registration, methods: frozenset[str]) -> Capability:
        allowed = frozenset(method for method in methods if _is_allowed(method, self._methods))
        # The report may be older than the policy that was read.
        if not registration.is_mfa_capable or (methods and not allowed):
            about = registration.methods_registered
            return Capability(value=MfaCapable.NOT_CAPABLE, why=CapableWhy.METHOD_NOT_ALLOWED, about=about)
        # Registered with what the report does not name: that may meet anything.
        unnamed = not methods or bool(allowed - METHODS.keys())
        objection = self._objection(demands.strengths, allowed, unnamed=unnamed)
        return objection or Capability(value=MfaCapable.CAPABLE, why=CapableWhy.METHOD)

    def _unregistered(self, demands: _Demands) -> Capability:
        if demands.barred:
            why, names = CapableWhy.REGISTRATION_BARRED, demands.barred
            return Capability(value=MfaCapable.NOT_CAPABLE, why=why, about=names)
        objection = self._objection(demands.strengths, frozenset(), unnamed=False)
        if objection is not None:
            return objection
        if demands.perhaps_barred:
            names = demands.perhaps_barred
            return Capability(value=MfaCapable.UNKNOWN, why=CapableWhy.NOT_UNDERSTOOD, about=names)
        return Capability(value=MfaCapable.MUST_REGISTER, why=CapableWhy.NEVER_REGISTERED)

    def _objection(
        self, strengths: Iterable[_Strength], methods: frozenset[str], *, unnamed: bool
    ) -> Capability | None:
        """Return what speaks against these methods under the strengths, or None when they meet every one."""
        doubts: list[str] = []
        modes = frozenset({"password"}).union(*(_modes(method, self._methods) for method in methods))
        for strength in strengths:
            if strength.combinations is not None and any(one <= modes for one in strength.combinations):
                continue
            if unnamed or not strength.sure or strength.combinations is None:
                doubts.append(strength.policy)
                continue
            why = CapableWhy.EXTERNAL_UNDER_STRENGTH if methods == {EXTERNAL} else CapableWhy.STRENGTH_NOT_MET
            return Capability(value=MfaCapable.NOT_CAPABLE, why=why, about=(strength.policy,))
        if doubts:
            return Capability(value=MfaCapable.UNKNOWN, why=CapableWhy.NOT_UNDERSTOOD, about=tuple(doubts))
        return None

    def _guest(self, demands: _Demands, registration: Registration | None, *, is_trusted: bool | None) -> Capability:
        """Return how somebody stands whose account is at home in another tenant.

        The report of this tenant knows nothing of methods at home, so it alone never makes a guest not MFA capable.
        """
        sure = tuple(strength.policy for strength in demands.strengths)
        if is_trusted and sure:
            return Capability(value=MfaCapable.UNKNOWN, why=CapableWhy.STRENGTH_AT_HOME, about=sure)
        if is_trusted:
            return Capability(value=MfaCapable.PASSES_AT_HOME, why=CapableWhy.TRUSTED)
        here = self._here(demands, registration)
        if here.value is MfaCapable.CAPABLE or (here.why is CapableWhy.REGISTRATION_BARRED and is_trusted is False):
            return here
        # A telephone that is not enough here is still all that is registered, and ends like everybody's.
        value, why = (
            (MfaCapable.UNKNOWN, CapableWhy.TRUST_UNKNOWN)
            if is_trusted is None
            else (MfaCapable.MUST_REGISTER_HERE, CapableWhy.NOT_TRUSTED)
        )
        return Capability(value=value, why=why, sms_voice_only=here.sms_voice_only)

    def _demands_of(self, asked: Asked) -> _Demands:
        strengths, barred, perhaps, blocks = [], [], [], False
        for reading, match in asked.policies:
            sure = match is Match.YES and not reading.problems
            strength = self._strength_of(reading, sure=sure)
            if strength is not None:
                strengths.append(strength)
            if _is_about_registration(reading):
                bars = sure and _is_everywhere(reading) and reading.demand.kind is not Kind.NOTHING
                if bars and not reading.demand.replaced_by:
                    barred.append(reading.name)
                    blocks = blocks or reading.demand.kind is Kind.BLOCK
                elif not sure:
                    perhaps.append(reading.name)
        return _Demands(tuple(strengths), tuple(barred), blocks, tuple(perhaps))

    def _strength_of(self, reading: PolicyReading, *, sure: bool) -> _Strength | None:
        grant = reading.policy.raw.get("grantControls")
        inline = grant.get("authenticationStrength") if isinstance(grant, dict) else None
        if not isinstance(inline, dict) or _is_about_registration(reading):
            return None
        for copy in (inline, self._strengths.get(str(inline.get("id")).casefold(), {})):
            combinations = _combinations(copy)
            if combinations is not None:
                return _Strength(reading.name, combinations, sure)
        return _Strength(reading.name, None, sure)


def _mfa_methods(registration: Registration) -> frozenset[str]:
    return frozenset(method.casefold() for method in registration.methods_registered) - NO_MFA


def _is_allowed(method: str, policy: MethodsPolicy | None) -> bool:
    """Tell whether the tenant may allow a method; only a policy that says no in every place says no."""
    known = METHODS.get(method)
    if policy is None or known is None or not known.allowed_by or not policy.migration_complete:
        return True
    return any(policy.states.get(name) != "disabled" for name in known.allowed_by)


def _modes(method: str, policy: MethodsPolicy | None) -> frozenset[str]:
    """Return the modes of a strength that a method serves: of a telephone, those that are allowed by themselves."""
    known = METHODS.get(method)
    if known is None:
        return frozenset()
    if policy is None or not policy.migration_complete:
        return known.modes
    return known.modes - {mode for mode in _TELEPHONY if policy.states.get(mode) == "disabled"}


def _combinations(copy: JsonObject) -> tuple[frozenset[str], ...] | None:
    allowed: Any = copy.get("allowedCombinations")
    if not isinstance(allowed, list) or not allowed or not all(isinstance(one, str) for one in allowed):
        return None
    return tuple(frozenset(mode.strip().casefold() for mode in one.split(",")) for one in allowed)


def _is_about_registration(reading: PolicyReading) -> bool:
    return _REGISTRATION in reading.targets.user_actions


def _is_everywhere(reading: PolicyReading) -> bool:
    """Tell whether a policy applies wherever and however the person signs in."""
    places = reading.places
    in_every_place = places is None or (places.include == {"all"} and not places.exclude)
    return in_every_place and not reading.limits and not reading.rules


def _home_of(profile: UserProfile, kinds: frozenset[UserKind]) -> _Home:
    """Return where an account is at home, as far as its identities tell. In doubt a guest is not at home here."""
    external = kinds & _EXTERNAL
    internal = kinds & {UserKind.INTERNAL_GUEST, UserKind.INTERNAL_MEMBER}
    if not external or (internal and not profile.is_guest):
        return _Home.HERE
    issuers = {
        (identity.issuer or "").casefold()
        for identity in profile.identities
        if (identity.sign_in_type or "").casefold() != _LOCAL_SIGN_IN
    }
    if not issuers or internal:
        return _Home.NOT_KNOWN
    return _Home.ENTRA if _ENTRA_HOME in issuers else _Home.OTHER


def _is_trusted(home: _Home, trust: InboundTrust | None) -> bool | None:
    """Tell whether MFA of a guest's home counts here; None where that is not known.

    A guest's home tenant cannot be read from Graph, so where partners and the default differ it is not known.
    """
    if home is _Home.OTHER:
        return False
    if trust is None:
        return None
    answers = {trust.default if answer is None else answer for answer in trust.partners.values()} | {trust.default}
    if answers == {False}:
        return False
    return True if answers == {True} and home is _Home.ENTRA else None


def capabilities_today(evidence: Evidence) -> Capabilities:
    """Return what tells how people stand to the policies that are enabled today."""
    return Capabilities(evidence, Judge(evidence))


def not_yet(capability: Capability, profile: UserProfile) -> bool:
    """Tell whether a person who can sign in is not known to be MFA capable: such people come last.

    The report leaves out accounts that are switched off, so for these its silence says nothing.
    """
    if capability.why is CapableWhy.NOT_IN_REPORT:
        return bool(profile.account_enabled)
    return not capability.value.can_pass
