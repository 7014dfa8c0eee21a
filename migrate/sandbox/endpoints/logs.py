"""Sign-in and directory audit logs, newest first, after their lag."""

from typing import TYPE_CHECKING

from migrate.sandbox.audit import visible
from migrate.sandbox.messages import Answer, Call, GraphError, Json, words
from migrate.sandbox.odata.paging import Collection, entity, listing
from migrate.sandbox.routing import Route, needs
from migrate.sandbox.shown_sign_ins import shown_sign_in
from migrate.sandbox.sign_in_entry import BETA_ONLY

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_SIGN_IN_FILTERS = words(
    "id createdDateTime:time userId userPrincipalName userDisplayName appId appDisplayName clientAppUsed "
    "conditionalAccessStatus correlationId ipAddress isInteractive:bool status/errorCode:number"
)
_BETA_FILTERS = words("authenticationRequirement signInEventTypes:list userType")
_SIGN_IN_NAMES = words(
    "appDisplayName appId appliedConditionalAccessPolicies authenticationAppDeviceDetails clientAppUsed "
    "conditionalAccessStatus correlationId createdDateTime deviceDetail homeTenantId id ipAddress isInteractive "
    "location resourceDisplayName resourceId resourceTenantId riskDetail riskEventTypes riskEventTypes_v2 "
    "riskLevelAggregated riskLevelDuringSignIn riskState servicePrincipalId servicePrincipalName status userAgent "
    "userDisplayName userId userPrincipalName"
)
_MORE_BETA_NAMES = words(
    "appOwnerTenantId appTokenProtectionStatus authenticationAppPolicyEvaluationDetails clientSessionId "
    "conditionalAccessAudiences crossTenantAccessType flaggedForReview globalSecureAccessIpAddress "
    "ipAddressFromResourceProvider isThroughGlobalSecureAccess managedServiceIdentity originalTransferMethod "
    "resourceOwnerTenantId sessionId signInIdentifier signInIdentifierType signInTokenProtectionStatus "
    "tokenProtectionStatusDetails"
)
_AUDITS = Collection(
    context="auditLogs/directoryAudits",
    type_name="directoryAudit",
    known=words(
        "activityDateTime activityDisplayName additionalDetails category correlationId id initiatedBy loggedByService "
        "operationType performedBy result resultReason targetResources userAgent"
    ),
    page=1000,
    most=1000,
    filterable=words(
        "id activityDateTime:time activityDisplayName category correlationId loggedByService result "
        "initiatedBy/user/id initiatedBy/user/userPrincipalName initiatedBy/app/appId targetResources:list "
        "targetResources/id targetResources/displayName targetResources/userPrincipalName"
    ),
    orderable=frozenset({"activityDateTime"}),
)

_SIGN_IN_SHAPE = {
    "id": "string",
    "createdDateTime": "string",
    "userId": "string",
    "status": "object",
    "conditionalAccessStatus": "string",
    "appliedConditionalAccessPolicies": "array",
}
_AUDIT_SHAPE = {
    "id": "string",
    "activityDateTime": "string",
    "activityDisplayName": "string",
    "category": "string",
    "result": "string",
    "initiatedBy": "object",
    "targetResources": "array",
}


def _sign_ins(version: str) -> Collection:
    beta = version == "beta"
    return Collection(
        context="auditLogs/signIns",
        type_name="signIn",
        known=_SIGN_IN_NAMES | BETA_ONLY | _MORE_BETA_NAMES if beta else _SIGN_IN_NAMES,
        page=1000,
        most=1000,
        filterable=_SIGN_IN_FILTERS | _BETA_FILTERS if beta else _SIGN_IN_FILTERS,
        orderable=frozenset({"createdDateTime"}),
        countable=False,
    )


def _seen(sandbox: "Sandbox") -> list[Json]:
    if not sandbox.tenant.has_premium():
        raise GraphError(
            403,
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
            "Neither tenant is B2C or tenant doesn't have premium license",
        )
    return visible(sandbox.tenant.sign_ins, "createdDateTime", sandbox.clock.now(), sandbox.settings.signin_lag_seconds)


def list_sign_ins(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /auditLogs/signIns: interactive ones, unless the filter asks for event types."""
    found = _seen(sandbox)
    if "signineventtypes" not in call.query.get("$filter", "").lower():
        found = [each for each in found if each.get("isInteractive", True)]
    return listing(call, _sign_ins(call.version), found, lambda each: shown_sign_in(sandbox, call, each))


def get_sign_in(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /auditLogs/signIns/{id}."""
    for each in _seen(sandbox):
        if str(each.get("id")).lower() == call.params["entry"].lower():
            return entity(call, _sign_ins(call.version), shown_sign_in(sandbox, call, each))
    raise GraphError(404, "NotFound", f"There is no sign-in {call.params['entry']}.")


def list_audits(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /auditLogs/directoryAudits."""
    return listing(call, _AUDITS, sandbox.audit.visible(), lambda each: each)


def get_audit(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /auditLogs/directoryAudits/{id}."""
    for each in sandbox.audit.visible():
        if str(each.get("id")).lower() == call.params["entry"].lower():
            return entity(call, _AUDITS, each)
    raise GraphError(404, "NotFound", f"There is no audit event {call.params['entry']}.")


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    both = needs("AuditLog.Read.All+Directory.Read.All")
    audit = needs("AuditLog.Read.All")
    return tuple(
        Route(method="GET", path=path, answer=answer, needs=need, limit="reports", summary=summary, shape=shape)
        for path, answer, need, summary, shape in (
            ("auditLogs/signIns", list_sign_ins, both, "the sign-in log; v1.0 does not say who asked for MFA", None),
            ("auditLogs/signIns/{entry}", get_sign_in, both, "one sign-in", _SIGN_IN_SHAPE),
            ("auditLogs/directoryAudits", list_audits, audit, "the directory audit log", _AUDIT_SHAPE),
            ("auditLogs/directoryAudits/{entry}", get_audit, audit, "one audit event", _AUDIT_SHAPE),
        )
    )
