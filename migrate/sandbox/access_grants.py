"""What the grant controls of applying policies ask for, and whether a sign-in can give it."""

from dataclasses import dataclass

from migrate.sandbox.access_conditions import Attempt, unmet
from migrate.sandbox.messages import Json
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one policy means for one sign-in."""

    policy: Json
    unmet: tuple[str, ...]
    asks_mfa: bool
    satisfied: bool
    """The controls are met, given the factors that the sign-in can show."""

    @property
    def applies(self) -> bool:
        """Tell whether the conditions are met."""
        return not self.unmet


def judge(policy: Json, attempt: Attempt, tenant: Tenant, methods: list[str], *, did_mfa: bool) -> Verdict:
    """Judge one policy. `methods` are the report's names of what the user has; `did_mfa`: a second factor was shown."""
    reasons = tuple(unmet(policy, attempt, tenant))
    grant = policy.get("grantControls")
    if reasons or grant is None:
        return Verdict(policy=policy, unmet=reasons, asks_mfa=False, satisfied=True)
    controls = list(grant.get("builtInControls") or ())
    strength = grant.get("authenticationStrength")
    given: list[bool] = [_holds(control, attempt, did_mfa=did_mfa) for control in controls]
    wants_mfa = "mfa" in controls or strength is not None
    if strength is not None:
        given.append(did_mfa and _strong_enough(strength, methods))
    # Terms of use and custom factors are taken as accepted: nothing here could refuse them.
    given += [True] * (len(grant.get("termsOfUse") or ()) + len(grant.get("customAuthenticationFactors") or ()))
    every = grant.get("operator") == "AND"
    satisfied = all(given) if every else any(given)
    others = [_holds(control, attempt, did_mfa=False) for control in controls if control not in ("mfa", "block")]
    asks = wants_mfa and (every or not any(others))
    return Verdict(policy=policy, unmet=(), asks_mfa=asks, satisfied=satisfied)


def _holds(control: str, attempt: Attempt, *, did_mfa: bool) -> bool:
    match control:
        case "mfa":
            return did_mfa
        case "compliantDevice":
            return attempt.compliant
        case "domainJoinedDevice":
            return attempt.joined
        case "passwordChange":
            return did_mfa
    return False


def _strong_enough(strength: Json, methods: list[str]) -> bool:
    allowed = set(strength.get("allowedCombinations") or ())
    return any(_COMBINATIONS.get(each) in allowed for each in methods)


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
