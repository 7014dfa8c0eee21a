"""Whether a person could answer a request for MFA: it stands beside a verdict of coverage and is no part of it."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from migrate.model.record import Record

SMS_VOICE_END = "2027-02-01"
"""From this day on Microsoft sends no text messages and makes no calls in the public cloud (Entra page "SMS and voice
retirement"); a tenant with a telephony provider of its own keeps both."""


class MfaCapable(StrEnum):
    """How a person stands to what the policies ask. The value is what tables show."""

    CAPABLE = "capable"
    MUST_REGISTER = "must register first"
    NOT_CAPABLE = "not MFA capable"
    PASSES_AT_HOME = "passes at home"
    """A guest whose own tenant asks, and whose MFA is trusted here."""
    MUST_REGISTER_HERE = "must register here"
    """A guest whose MFA at home is not trusted."""
    UNKNOWN = "unknown"

    @property
    def can_pass(self) -> bool:
        """Tell whether the person passes without registering anything first."""
        return self in (MfaCapable.CAPABLE, MfaCapable.PASSES_AT_HOME)


class CapableWhy(StrEnum):
    """Why somebody stands so."""

    METHOD = "method"
    NEVER_REGISTERED = "neverRegistered"
    HAS_PASS = "hasTemporaryAccessPass"  # noqa: S105  (a reason, no password)
    METHOD_NOT_ALLOWED = "methodNotAllowed"
    STRENGTH_NOT_MET = "strengthNotMet"
    EXTERNAL_UNDER_STRENGTH = "externalMfaUnderStrength"
    REGISTRATION_BARRED = "registrationBarred"
    NOT_IN_REPORT = "notInReport"
    NOT_UNDERSTOOD = "notUnderstood"
    TRUSTED = "trusted"
    NOT_TRUSTED = "notTrusted"
    TRUST_UNKNOWN = "trustUnknown"
    STRENGTH_AT_HOME = "strengthAtHome"

    def words(self, about: str) -> str:
        """Return the reason in words; `about` are the names of methods or policies, where there are any."""
        match self:
            case CapableWhy.METHOD:
                return "registered with a method that is allowed"
            case CapableWhy.NEVER_REGISTERED:
                return "no method is registered; whoever signs in is asked to register one"
            case CapableWhy.HAS_PASS:
                return "a Temporary Access Pass lets the person in to register a method"
            case CapableWhy.METHOD_NOT_ALLOWED:
                return f"registered only with what the tenant does not allow ({about or 'no method is named'})"
            case CapableWhy.STRENGTH_NOT_MET:
                return f"no registered method meets the authentication strength of {about}"
            case CapableWhy.EXTERNAL_UNDER_STRENGTH:
                return f"external MFA never meets an authentication strength, and {about} asks for one"
            case CapableWhy.REGISTRATION_BARRED:
                return f"no method is registered, and {about} bars the registration"
            case CapableWhy.NOT_IN_REPORT:
                return "the registration report does not have the account (it leaves out those that are disabled)"
            case CapableWhy.NOT_UNDERSTOOD:
                return f"it cannot be told what {about} means for the registered methods"
            case CapableWhy.TRUSTED:
                return "MFA of the home tenant is trusted here"
            case CapableWhy.NOT_TRUSTED:
                return "MFA of the home tenant is not trusted here"
            case CapableWhy.TRUST_UNKNOWN:
                return "whether MFA of the home tenant is trusted here is not known"
            case CapableWhy.STRENGTH_AT_HOME:
                return f"which methods the home tenant asks for is not known, and {about} asks for a strength"
            case _:
                assert_never(self)


class Capability(Record, frozen=True, kw_only=True):
    """How a person stands, and why."""

    value: MfaCapable
    why: CapableWhy
    about: tuple[str, ...] = ()
    """Names of the methods or policies that decide it."""
    sms_voice_only: bool = False
    """Every method of the person is a text message or a call."""

    @property
    def cell(self) -> str:
        """Return it for a cell of a table: the value, and beside it until when text messages and calls last."""
        return f"{self.value}; {SMS_VOICE_ONLY}" if self.sms_voice_only else self.value.value

    @property
    def sentence(self) -> str:
        """Return it in words, with the reason."""
        said = f"{self.value}: {self.why.words(', '.join(self.about))}"
        return f"{said}; {SMS_VOICE_ONLY}" if self.sms_voice_only else said


SMS_VOICE_ONLY = f"SMS/voice only until {SMS_VOICE_END}"


class MethodsPolicy(Record, frozen=True, kw_only=True):
    """Which methods the tenant allows (Graph authenticationMethodsPolicy)."""

    migration_complete: bool
    """False while the old settings for MFA and password reset are respected too: then a method may be allowed there."""
    states: dict[str, str]
    """State of each method configuration by its id in lower case, as Graph spells it: `enabled` or `disabled`."""


class InboundTrust(Record, frozen=True, kw_only=True):
    """Whose MFA counts here (Graph crossTenantAccessPolicy)."""

    default: bool
    partners: dict[str, bool | None]
    """By the partner's tenant id; None follows the default."""

    def of(self, tenant_id: str | None) -> bool | None:
        """Tell whether MFA of one home tenant counts here; None where the tenant is not stated and that matters."""
        by_id = {each.casefold(): answer for each, answer in self.partners.items()}
        stated = by_id.values() if tenant_id is None else [by_id.get(tenant_id.casefold())]
        answers = {self.default if answer is None else answer for answer in stated}
        answers |= {self.default} if tenant_id is None else set()
        return answers.pop() if len(answers) == 1 else None


class CapabilityEvidence(Record, frozen=True, kw_only=True):
    """What tells, besides the registration report, who could answer a request for MFA. It decides no verdict."""

    methods: MethodsPolicy | None
    methods_problem: str | None
    """Why it could not be read; None when it was."""
    trust: InboundTrust | None
    trust_problem: str | None

    @property
    def notes(self) -> dict[str, str]:
        """Return what has to be said about what was not read, by its code."""
        found = {}
        if self.methods_problem is not None:
            found["methods-policy-unread"] = (
                f"Which authentication methods are allowed was not read: {self.methods_problem} "
                "The registration report alone tells who is MFA capable."
            )
        if self.trust_problem is not None:
            found["inbound-trust-unread"] = (
                f"Whose MFA is trusted was not read: {self.trust_problem} "
                "Whether guests pass by MFA at home is unknown."
            )
        return found
