"""Who may call what: the permissions in a token against those that a call needs, and each service's own refusal."""

import json

from migrate.sandbox.messages import Call, Caller, GraphError
from migrate.sandbox.roles import GLOBAL_ADMINISTRATOR
from migrate.sandbox.routing import Route
from migrate.sandbox.tenant import Tenant

_DENIED = "Insufficient privileges to complete the operation."


def check_permissions(call: Call, route: Route, tenant: Tenant) -> None:
    """Refuse with 403 unless the token's permissions hold one of the call's alternatives whole.

    A signed-in user needs one of the call's directory roles besides, where it names any.
    """
    caller = call.caller
    if caller is None:
        return
    alternatives = route.needs.application if caller.app_only else route.needs.delegated
    if not any(each <= caller.permissions for each in alternatives):
        raise _permission_missing(route)
    if caller.app_only or not route.needs.roles:
        return
    if not any(_holds(caller, role, tenant) for role in (GLOBAL_ADMINISTRATOR, *route.needs.roles)):
        raise _role_missing(route)


def _holds(caller: Caller, role: str, tenant: Tenant) -> bool:
    """Tell whether a signed-in person holds a role; for a partner's operator the token alone says so."""
    place = tenant.people.find(caller.user_id) if caller.user_id else None
    return role in caller.roles if place is None else place in tenant.role_places(role)


def _family(route: Route) -> str:
    """Return which service answers a call: each refuses in words of its own (first-contact 2.2)."""
    path = route.path.lower()
    if path.startswith(("reports/", "auditlogs/")):
        return "reports"
    if path.startswith("rolemanagement/"):
        return "roles"
    if path.startswith(("policies/authenticationmethods", "policies/authenticationstrength")) or "strength" in path:
        return "methods"
    if route.limit == "conditionalAccess" or path.startswith(("policies/identitysecuritydefaults", "policies/")):
        return "policies"
    return "directory"


def _permission_missing(route: Route) -> GraphError:
    names = sorted(route.needs.delegated[0])
    match _family(route):
        case "policies":
            said = "You cannot perform the requested operation, required scopes are missing in the token."
            return GraphError(403, "AccessDenied", said)
        case "methods":
            return GraphError(403, "accessDenied", "Request Authorization failed")
        case "reports":
            said = f"Calling principal does not have required MSGraph permissions {','.join(names)}"
            return GraphError(403, "Authentication_MSGraphPermissionMissing", said)
        case "roles":
            missing = f"Authorization failed due to missing permission scope {','.join(names)}."
            said = json.dumps({"errorCode": "PermissionScopeNotGranted", "message": missing, "instanceAnnotations": []})
            return GraphError(403, "UnknownError", said)
    return GraphError(403, "Authorization_RequestDenied", _DENIED)


def _role_missing(route: Route) -> GraphError:
    match _family(route):
        case "policies":
            roles = ", ".join(route.needs.roles)
            said = f"Your account does not have access to this. One of the following roles is required: {roles}."
            return GraphError(403, "AccessDenied", said)
        case "methods":
            return GraphError(403, "accessDenied", "Request Authorization failed")
        case "reports":
            return GraphError(403, "Authentication_RequestFromUnsupportedUserRole", "User is not in the allowed roles")
    return GraphError(403, "Authorization_RequestDenied", _DENIED)
