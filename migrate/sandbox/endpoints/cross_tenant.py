"""The cross-tenant access policy: whose MFA and devices count here, by default and for single partners; read only."""

from typing import TYPE_CHECKING, Any

from migrate.sandbox.messages import Answer, Call, GraphError, Json, words
from migrate.sandbox.odata.paging import Collection, entity, listing
from migrate.sandbox.roles import GLOBAL_READER, POLICY_WRITERS, SECURITY_READER
from migrate.sandbox.routing import Route, needs

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_BASE = "policies/crossTenantAccessPolicy"
_POLICY = Collection(
    context=_BASE,
    type_name="crossTenantAccessPolicy",
    known=words("allowedCloudEndpoints deletedDateTime description displayName id"),
)
_CONFIGURED = words(
    "automaticUserConsentSettings b2bCollaborationInbound b2bCollaborationOutbound b2bDirectConnectInbound "
    "b2bDirectConnectOutbound inboundTrust tenantRestrictions"
)
_DEFAULT = Collection(
    context=f"{_BASE}/default",
    type_name="crossTenantAccessPolicyConfigurationDefault",
    known=_CONFIGURED | words("invitationRedemptionIdentityProviderConfiguration isServiceDefault"),
)
_PARTNERS = Collection(
    context=f"{_BASE}/partners",
    type_name="crossTenantAccessPolicyConfigurationPartner",
    known=_CONFIGURED | words("isInMultiTenantOrganization isServiceProvider tenantId"),
    filterable=words("tenantId isServiceProvider:bool"),
)
_NO_TRUST: Json = {
    "isMfaAccepted": False,
    "isCompliantDeviceAccepted": False,
    "isHybridAzureADJoinedDeviceAccepted": False,
}


def get_policy(sandbox: "Sandbox", call: Call) -> Answer:  # noqa: ARG001 - all handlers take both
    """GET /policies/crossTenantAccessPolicy."""
    return entity(
        call,
        _POLICY,
        {"id": "crossTenantAccessPolicy", "displayName": "CrossTenantAccessPolicy", "allowedCloudEndpoints": []},
    )


def get_default(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /policies/crossTenantAccessPolicy/default: Microsoft's own, in which nothing is trusted, unless given."""
    given = sandbox.tenant.cross_tenant_default
    plain: Json = {"isServiceDefault": not given, "inboundTrust": _NO_TRUST}
    return entity(call, _DEFAULT, {**plain, **given})


def _whole(partner: Json) -> Json:
    """Return a partner's configuration: what is null follows the default."""
    names: dict[str, Any] = dict.fromkeys(sorted(_CONFIGURED))
    return {**names, "isServiceProvider": None, "isInMultiTenantOrganization": False, **partner}


def list_partners(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /policies/crossTenantAccessPolicy/partners."""
    return listing(call, _PARTNERS, sandbox.tenant.partners, _whole)


def get_partner(sandbox: "Sandbox", call: Call) -> Answer:
    """GET /policies/crossTenantAccessPolicy/partners/{tenant id}."""
    for each in sandbox.tenant.partners:
        if str(each.get("tenantId")).lower() == call.params["partner"].lower():
            return entity(call, _PARTNERS, _whole(each))
    raise GraphError(404, "Request_ResourceNotFound", f"There is no configuration for {call.params['partner']}.")


def routes() -> tuple[Route, ...]:
    """Return the calls of this file."""
    read = needs(
        "Policy.Read.All",
        "Policy.ReadWrite.CrossTenantAccess",
        roles=(*POLICY_WRITERS, SECURITY_READER, GLOBAL_READER),
    )
    partner = {"tenantId": "string", "inboundTrust": "object?", "isServiceProvider": "boolean?"}
    rows: tuple[tuple[str, Any, dict[str, str], str], ...] = (
        (_BASE, get_policy, {"displayName": "string"}, "the cross-tenant access policy"),
        (
            f"{_BASE}/default",
            get_default,
            {"inboundTrust": "object", "isServiceDefault": "boolean"},
            "whose MFA counts here where nothing else is said",
        ),
        (f"{_BASE}/partners", list_partners, partner, "what is said of single tenants"),
        (f"{_BASE}/partners/{{partner}}", get_partner, partner, "what is said of one tenant"),
    )
    return tuple(
        Route(method="GET", path=path, answer=answer, shape=shape, needs=read, summary=summary)
        for path, answer, shape, summary in rows
    )
