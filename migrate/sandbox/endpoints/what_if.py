"""What-If: which Conditional Access policies would apply to an imagined sign-in."""

import ipaddress
from typing import TYPE_CHECKING, Any

from migrate.sandbox.access_conditions import NO_USER, Attempt, unmet
from migrate.sandbox.messages import Answer, Call, GraphError, Json, bad_request, words
from migrate.sandbox.odata.paging import root
from migrate.sandbox.policy_rules import GUID
from migrate.sandbox.policy_shape import served
from migrate.sandbox.routing import Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_ACTIONS = {
    "registerSecurityInformation": "urn:user:registersecurityinfo",
    "registerOrJoinDevices": "urn:user:registerdevice",
}
_CLIENTS = words("all browser mobileAppsAndDesktopClients exchangeActiveSync easSupported other")
_PLATFORMS = words("android iOS windows windowsPhone macOS linux all")
_GUESTS = words(
    "internalGuest b2bCollaborationGuest b2bCollaborationMember b2bDirectConnectUser otherExternalUser serviceProvider"
)
_RISKS = words("none low medium high hidden")


def evaluate(sandbox: "Sandbox", call: Call) -> Answer:
    """POST /identity/conditionalAccess/evaluate: report-only policies count, disabled ones do not."""
    body = call.json()
    attempts = _attempts(sandbox, body)
    only_applied = body.get("appliedPoliciesOnly", False)
    if not isinstance(only_applied, bool):
        raise bad_request("appliedPoliciesOnly is true or false.")
    found = []
    for policy in sandbox.tenant.policies.values():
        reasons = _reasons(policy, attempts, sandbox)
        if reasons and only_applied:
            continue
        shown = {name: value for name, value in served(policy, root(call)).items() if name != "deletedDateTime"}
        found.append({**shown, "policyApplies": not reasons, "analysisReasons": ",".join(reasons) or "notSet"})
    context = f"{root(call)}/$metadata#Collection(microsoft.graph.whatIfAnalysisResult)"
    return Answer(200, {"@odata.context": context, "value": found})


def _reasons(policy: Json, attempts: list[Attempt], sandbox: "Sandbox") -> list[str]:
    """Return why a policy does not apply: it must apply for one of the applications asked about."""
    if policy["state"] == "disabled":
        return ["policyNotEnabled"]
    found: list[str] = []
    for attempt in attempts:
        reasons = unmet(policy, attempt, sandbox.tenant)
        if not reasons:
            return []
        found += [each for each in reasons if each not in found]
    return found


def _part(body: Json, name: str) -> Json:
    part = body.get(name)
    if not isinstance(part, dict):
        raise bad_request(f"The parameter '{name}' is required and must be an object.")
    return part


def _attempts(sandbox: "Sandbox", body: Json) -> list[Attempt]:
    identity, context = _part(body, "signInIdentity"), _part(body, "signInContext")
    conditions = _part(body, "signInConditions")
    shared = {**_who(sandbox, identity), **_conditions(conditions)}
    return [Attempt(**target, **shared) for target in _targets(context)]


def _who(sandbox: "Sandbox", identity: Json) -> Json:
    match str(identity.get("@odata.type", "")).removeprefix("#"):
        case "microsoft.graph.userSignIn":
            place = sandbox.tenant.people.find(str(identity.get("userId", "")))
            if place is None:
                raise GraphError(404, "NotFound", f"The user {identity.get('userId')} does not exist.")
            return {
                "place": place,
                "home_tenant": identity.get("externalTenantId"),
                "guest_kind": _word(identity, "externalUserType", _GUESTS, None),
            }
        case "microsoft.graph.servicePrincipalSignIn":
            application = str(identity.get("servicePrincipalId", ""))
            if not GUID.match(application):
                raise bad_request("A servicePrincipalSignIn names a service principal by its object id.")
            return {"place": NO_USER, "service_principal": application}
    raise bad_request("signInIdentity must be a userSignIn or a servicePrincipalSignIn.")


def _targets(context: Json) -> list[dict[str, Any]]:
    match str(context.get("@odata.type", "")).removeprefix("#microsoft.graph.").removeprefix("microsoft.graph."):
        case "applicationContext":
            apps = context.get("includeApplications")
            if not isinstance(apps, list) or not apps:
                raise bad_request("An applicationContext names at least one application.")
            return [{"app": str(each)} for each in apps]
        case "userActionContext":
            action = _ACTIONS.get(str(context.get("userAction")))
            if action is None:
                raise bad_request(f"There is no user action {context.get('userAction')!r}.")
            return [{"action": action}]
        case "authContext":
            return [{"context": str(context.get("authenticationContextValue"))}]
    raise bad_request("signInContext must be an applicationContext, a userActionContext or an authContext.")


def _conditions(given: Json) -> dict[str, Any]:
    device = given.get("deviceInfo") or {}
    flow = given.get("authenticationFlow") or {}
    address = given.get("ipAddress")
    if address is not None:
        try:
            ipaddress.ip_address(address)
        except ValueError as error:
            raise bad_request(f"{address!r} is no IP address.") from error
    platform = _word(given, "devicePlatform", _PLATFORMS, None)
    return {
        "client": _word(given, "clientAppType", _CLIENTS, "all"),
        "platform": None if platform == "all" else platform,
        "country": given.get("country"),
        "ip": address,
        "sign_in_risk": _word(given, "signInRiskLevel", _RISKS, "none"),
        "user_risk": _word(given, "userRiskLevel", _RISKS, "none"),
        "service_principal_risk": _word(given, "servicePrincipalRiskLevel", _RISKS, "none"),
        "insider_risk": given.get("insiderRiskLevel"),
        "transfer": flow.get("transferMethod"),
        "compliant": bool(device.get("isCompliant")),
        "joined": device.get("trustType") == "ServerAD",
        "device": {name: value for name, value in device.items() if "@" not in name} or None,
    }


def _word(given: Json, name: str, allowed: frozenset[str], default: str | None) -> str | None:
    value = given.get(name)
    if value is None:
        return default
    if value not in allowed:
        raise bad_request(f"{name} cannot be {value!r}.")
    return str(value)


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    return (
        Route(
            method="POST",
            path="identity/conditionalAccess/evaluate",
            answer=evaluate,
            limit="evaluate",
            needs=needs("Policy.Read.ConditionalAccess", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"),
            summary="which policies would apply to a sign-in (What-If)",
        ),
    )
