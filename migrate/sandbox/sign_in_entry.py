"""The sign-in log's entry for one simulated sign-in."""

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from migrate.sandbox.access_grants import Verdict, result_of
from migrate.sandbox.access_people import home_of, kind_of
from migrate.sandbox.messages import Json, words

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox
    from migrate.sandbox.sign_ins import Outcome

BETA_ONLY = words(
    "authenticationRequirement authenticationRequirementPolicies authenticationDetails signInEventTypes userType "
    "crossTenantAccessType conditionalAccessAudiences "
    "authenticationProtocol originalRequestId tokenIssuerType tokenIssuerName processingTimeInMilliseconds "
    "authenticationMethodsUsed mfaDetail alternateSignInName "
    "authenticationProcessingDetails networkLocationDetails sessionLifetimePolicies incomingTokenType "
    "originalTransferMethod isThroughGlobalSecureAccess authenticationContextClassReferences "
    "ipAddressFromResourceProvider"
)
"""Members that v1.0 does not send."""

_REASONS = {
    0: "Other.",
    50057: "The user account is disabled.",
    50074: "Strong Authentication is required.",
    50076: "A policy of your organization asks for multifactor authentication here.",
    50079: "User needs to enroll for second factor authentication.",
    50126: "Error validating credentials due to invalid username or password.",
    500121: "Authentication failed during strong authentication request.",
    53003: "Access has been blocked by Conditional Access policies.",
    530035: "Access has been blocked by security defaults.",
}
_DETAILS = {
    "user": "Per-user MFA",
    "multiConditionalAccess": "Conditional Access",
    "securityDefaults": "Security defaults",
}
_METHODS = {
    "microsoftAuthenticatorPush": "Mobile app notification",
    "softwareOneTimePasscode": "OATH verification code",
    "mobilePhone": "Text message",
    "alternateMobilePhone": "Phone call",
    "officePhone": "Phone call",
    "fido2": "Passkey (device-bound)",
    "windowsHelloForBusiness": "Windows Hello for Business",
    "temporaryAccessPass": "Temporary Access Pass",
}
_APPS = {
    "89bee1f7-5e6e-4d8a-9f3d-ecd601259da7": "Office365 Shell WCSS-Client",
    "00000002-0000-0ff1-ce00-000000000000": "Office 365 Exchange Online",
    "00000003-0000-0ff1-ce00-000000000000": "Office 365 SharePoint Online",
    "c44b4083-3bb0-49c1-b47d-974e53cbdf3c": "Azure Portal",
}


def log_entry(sandbox: "Sandbox", outcome: "Outcome") -> Json:
    """Build the entry, in beta's shape."""
    attempt = outcome.attempt
    user = sandbox.tenant.people.user(attempt.place)
    now = sandbox.clock.iso()
    app = attempt.app or ""
    entry_id = str(uuid4())
    return {
        "id": entry_id,
        "createdDateTime": now,
        "userDisplayName": user.get("displayName"),
        "userPrincipalName": str(user.get("userPrincipalName")).lower(),
        "userId": user["id"],
        "userType": "guest" if user.get("userType") == "Guest" else "member",
        "homeTenantId": home_of(attempt, sandbox.tenant) or sandbox.tenant.id,
        "resourceTenantId": outcome.resource_tenant or sandbox.tenant.id,
        "crossTenantAccessType": _cross_tenant(kind_of(attempt, sandbox.tenant)),
        "conditionalAccessAudiences": [app] if app else [],
        "appId": outcome.client_app or app,
        "appDisplayName": _APPS.get(app.lower(), app),
        "ipAddress": attempt.ip,
        "clientAppUsed": outcome.client_name,
        "userAgent": None,
        "correlationId": outcome.correlation or str(uuid4()),
        "conditionalAccessStatus": _status(outcome),
        "originalRequestId": entry_id,
        "isInteractive": outcome.interactive,
        "signInEventTypes": ["interactiveUser" if outcome.interactive else "nonInteractiveUser"],
        "tokenIssuerName": "",
        "tokenIssuerType": "AzureAD",
        "processingTimeInMilliseconds": 120,
        "authenticationProtocol": _protocol(outcome),
        "originalTransferMethod": attempt.transfer or "none",
        # A refresh brings its token; somebody at the keyboard brings none.
        "incomingTokenType": "none" if outcome.interactive else "refreshToken",
        "isThroughGlobalSecureAccess": bool(attempt.compliant_network),
        "authenticationContextClassReferences": [],
        "ipAddressFromResourceProvider": outcome.seen_address,
        "riskDetail": "none",
        "riskLevelAggregated": attempt.sign_in_risk,
        "riskLevelDuringSignIn": attempt.sign_in_risk,
        "riskState": "none",
        "riskEventTypes": [],
        "riskEventTypes_v2": [],
        "resourceDisplayName": "Office 365",
        "resourceId": app,
        "servicePrincipalId": "",
        "servicePrincipalName": None,
        "alternateSignInName": user.get("userPrincipalName"),
        "mfaDetail": None,
        "authenticationMethodsUsed": [],
        "authenticationProcessingDetails": [],
        "networkLocationDetails": _networks(sandbox, attempt.ip),
        "sessionLifetimePolicies": [],
        "status": {
            "errorCode": outcome.code,
            "failureReason": _REASONS[outcome.code],
            "additionalDetails": _how_mfa_was_done(outcome),
        },
        "deviceDetail": {
            "deviceId": "",
            "displayName": "",
            "operatingSystem": _SYSTEMS.get(str(attempt.platform), attempt.platform) if not outcome.legacy else "",
            "browser": "",
            "isCompliant": attempt.compliant and not attempt.hides_device,
            "isManaged": (attempt.compliant or attempt.joined) and not attempt.hides_device,
            "trustType": "" if attempt.hides_device else _TRUST.get(str((attempt.device or {}).get("trustType")), ""),
        },
        "location": {
            "city": None,
            "state": None,
            "countryOrRegion": attempt.country,
            "geoCoordinates": {"altitude": None, "latitude": None, "longitude": None},
        },
        "authenticationRequirement": (
            "multiFactorAuthentication" if outcome.multifactor else "singleFactorAuthentication"
        ),
        "authenticationRequirementPolicies": [
            {"requirementProvider": each, "detail": _DETAILS[each]} for each in outcome.providers
        ],
        "authenticationDetails": _steps(outcome, now),
        "appliedConditionalAccessPolicies": [_applied(each, can_mfa=outcome.can_mfa) for each in outcome.verdicts],
    }


_SYSTEMS = {
    "windows": "Windows11",
    "macOS": "MacOs",
    "iOS": "Ios 18.1",
    "android": "Android 15",
    "linux": "Linux",
    "windowsPhone": "Windows Phone 10",
}
"""What the log writes for a platform; a legacy client tells no system."""


def _protocol(outcome: "Outcome") -> str:
    if outcome.protocol:
        return outcome.protocol
    return {"deviceCodeFlow": "deviceCode", "authenticationTransfer": "authenticationTransfer"}.get(
        outcome.attempt.transfer or "", "none"
    )


def _networks(sandbox: "Sandbox", ip: str | None) -> list[Json]:
    """Return the named locations of the address, as the log names them."""
    if ip is None:
        return []
    address = ip_address(ip)
    inside = [
        (str(place.get("displayName")), bool(place.get("isTrusted")))
        for place in sandbox.tenant.named_locations.values()
        if any(address in ip_network(each["cidrAddress"], strict=False) for each in place.get("ipRanges", ()))
    ]
    kinds = (("namedNetwork", [name for name, _ in inside]), ("trustedNamedLocation", [n for n, ok in inside if ok]))
    return [{"networkType": kind, "networkNames": names} for kind, names in kinds if names]


def _how_mfa_was_done(outcome: "Outcome") -> str | None:
    if not outcome.did_mfa:
        return None
    # Without a person there is nobody to ask: an earlier confirmation counts.
    return "MFA completed in Azure AD" if outcome.interactive else "MFA requirement satisfied by claim in the token"


def _status(outcome: "Outcome") -> str:
    enforced = [each for each in outcome.verdicts if each.policy["state"] == "enabled" and each.applies]
    if not enforced:
        return "notApplied"
    return "success" if all(each.satisfied for each in enforced) else "failure"


def _steps(outcome: "Outcome", now: str) -> list[Json]:
    steps: list[Json] = [
        {
            "authenticationStepDateTime": now,
            "authenticationMethod": "Password",
            "authenticationMethodDetail": "Password in the cloud",
            "succeeded": outcome.code != 50126,
            "authenticationStepResultDetail": "Correct password" if outcome.code != 50126 else "Invalid password",
            "authenticationStepRequirement": "Primary authentication",
        }
    ]
    if outcome.multifactor and outcome.can_mfa:
        steps.append(
            {
                "authenticationStepDateTime": now,
                "authenticationMethod": _METHODS.get(outcome.method or "", "Mobile app notification"),
                "authenticationMethodDetail": None,
                "succeeded": outcome.did_mfa,
                "authenticationStepResultDetail": "MFA completed" if outcome.did_mfa else "MFA denied; user declined",
                "authenticationStepRequirement": "Multifactor authentication",
            }
        )
    return steps


def _applied(verdict: Verdict, *, can_mfa: bool) -> Json:
    policy = verdict.policy
    grant, session = policy.get("grantControls") or {}, policy.get("sessionControls") or {}
    shown = verdict.applies and policy["state"] != "disabled"
    controls = [_CONTROLS.get(each, each) for each in grant.get("builtInControls") or ()]
    if grant.get("authenticationStrength"):
        controls.append("RequireAuthenticationStrength")
    return {
        "id": policy["id"],
        "displayName": policy["displayName"],
        "result": result_of(verdict, can_mfa=can_mfa),
        "enforcedGrantControls": controls if shown else [],
        "enforcedSessionControls": [
            name[0].upper() + name[1:] for name, value in session.items() if shown and _is_on(value)
        ],
    }


def _cross_tenant(kind: str | None) -> str:
    """Return the sign-in log's word for how somebody external comes in."""
    match kind:
        case None | "internalGuest":
            return "none"
        case "b2bDirectConnectUser":
            return "b2bDirectConnect"
        case "serviceProvider":
            return "serviceProvider"
    return "b2bCollaboration"


def _is_on(control: Any) -> bool:
    """Tell whether a session control is in force: most are objects that can be switched off."""
    return control.get("isEnabled") is not False if isinstance(control, dict) else bool(control)


_TRUST = {
    "ServerAD": "Hybrid Azure AD joined",
    "AzureAD": "Azure AD joined",
    "Workplace": "Azure AD registered",
}
"""The sign-in log's words for how a device is joined."""
_CONTROLS = {
    "mfa": "Mfa",
    "block": "Block",
    "compliantDevice": "RequireCompliantDevice",
    "domainJoinedDevice": "RequireDomainJoined",
    "passwordChange": "PasswordChange",
}
