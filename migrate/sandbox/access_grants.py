"""What the grant controls of applying policies ask for, and whether a sign-in can give it."""

from dataclasses import dataclass

from migrate.sandbox.access_conditions import Attempt, unmet
from migrate.sandbox.messages import Json, words
from migrate.sandbox.tenant import Tenant

REPORT_ONLY = "enabledForReportingButNotEnforced"
_COMBINATIONS = {
    "microsoftAuthenticatorPush": "password,microsoftAuthenticatorPush",
    "softwareOneTimePasscode": "password,softwareOath",
    "mobilePhone": "password,sms",
    "officePhone": "password,voice",
    "alternateMobilePhone": "password,voice",
    "fido2": "fido2",
    "windowsHelloForBusiness": "windowsHelloForBusiness",
    "temporaryAccessPass": "temporaryAccessPassOneTime",
}


_SINGLE = words(
    "password sms voice email softwareOath hardwareOath federatedSingleFactor x509CertificateSingleFactor qrCodePin"
)
"""Combinations that are one factor alone."""
AT_HOME = "password,microsoftAuthenticatorPush"
"""As what MFA counts that a guest did at home."""
_AFTER_MFA = frozenset({"mfa", "passwordChange", "riskRemediation"})
"""Controls that are met by MFA, or ask for it first (concept-conditional-access-grant)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """What a sign-in can show, or has shown."""

    combinations: frozenset[str]
    did_mfa: bool = False

    @classmethod
    def of(cls, methods: list[str], *, did_mfa: bool, at_home: bool = False) -> "Factors":
        """Make the factors of somebody with these methods, by the report's names."""
        found = {combination for each in methods if (combination := _COMBINATIONS.get(each))}
        return cls(combinations=frozenset(found | ({AT_HOME} if at_home else set())), did_mfa=did_mfa)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one policy means for one sign-in."""

    policy: Json
    unmet: tuple[str, ...]
    asks_mfa: bool
    satisfied: bool
    """The controls are met, given the factors that the sign-in can show."""
    hopeless: bool
    """No second factor could meet them: a block, or a control that this device cannot meet."""

    @property
    def applies(self) -> bool:
        """Tell whether the conditions are met."""
        return not self.unmet


def judge(policy: Json, attempt: Attempt, tenant: Tenant, factors: Factors) -> Verdict:
    """Judge one policy by the factors that were shown."""
    return judge_grant(policy, tuple(unmet(policy, attempt, tenant)), attempt, tenant, factors)


def judge_grant(policy: Json, reasons: tuple[str, ...], attempt: Attempt, tenant: Tenant, factors: Factors) -> Verdict:
    """Judge what a policy asks where it is known which of its conditions are unmet: no factor changes those."""
    grant = policy.get("grantControls")
    if reasons or grant is None:
        return Verdict(policy=policy, unmet=reasons, asks_mfa=False, satisfied=True, hopeless=False)
    controls = list(grant.get("builtInControls") or ())
    strength = _current(grant.get("authenticationStrength"), tenant)
    # Terms of use and custom factors are taken as accepted, a verified id as shown: nothing here could refuse them.
    others = [_holds(each, attempt) for each in controls if each not in _AFTER_MFA]
    others += [True] * (len(grant.get("termsOfUse") or ()) + len(grant.get("customAuthenticationFactors") or ()))
    after_mfa = [factors.did_mfa for each in controls if each in _AFTER_MFA]
    if strength is not None:
        after_mfa.append(_meets(strength, factors))
    wants_mfa = any(each in _AFTER_MFA for each in controls) or (strength is not None and _is_multifactor(strength))
    passes = all if grant.get("operator") == "AND" else any
    return Verdict(
        policy=policy,
        unmet=(),
        asks_mfa=wants_mfa and (passes is all or not any(others)),
        satisfied=passes([*after_mfa, *others]),
        hopeless=not passes([*[True for _ in after_mfa], *others]),
    )


def _holds(control: str, attempt: Attempt) -> bool:
    match control:
        case "compliantDevice":
            return attempt.compliant and not attempt.hides_device
        case "domainJoinedDevice":
            return attempt.joined and not attempt.hides_device
    return control == "verifiedID"


def _current(strength: Json | None, tenant: Tenant) -> Json | None:
    """Return a strength as the tenant defines it: the copy inside a policy may be an older one."""
    return None if strength is None else tenant.strengths.get(str(strength.get("id")).lower(), strength)


def _is_multifactor(strength: Json) -> bool:
    """Tell whether a strength asks for MFA: by what it says of itself and by every combination that it allows."""
    said = "mfa" in str(strength.get("requirementsSatisfied")).lower()
    return said and not _SINGLE & set(strength.get("allowedCombinations") or ())


def _meets(strength: Json, factors: Factors) -> bool:
    allowed = set(strength.get("allowedCombinations") or ())
    if "password" in allowed:
        return True
    return factors.did_mfa and bool(allowed & factors.combinations)


def result_of(verdict: Verdict, *, can_mfa: bool) -> str:
    """Return the sign-in log's word for what a policy did."""
    state = verdict.policy["state"]
    if state == "disabled":
        return "notEnabled"
    if state != REPORT_ONLY:
        if not verdict.applies:
            return "notApplied"
        return "success" if verdict.satisfied else "failure"
    if not verdict.applies:
        return "reportOnlyNotApplied"
    if verdict.satisfied:
        return "reportOnlySuccess"
    return "reportOnlyInterrupted" if verdict.asks_mfa and can_mfa else "reportOnlyFailure"
