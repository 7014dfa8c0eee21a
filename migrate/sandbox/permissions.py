"""Who may call what: the permissions in a token against those that a call needs."""

from migrate.sandbox.messages import Call, GraphError
from migrate.sandbox.roles import GLOBAL_ADMINISTRATOR
from migrate.sandbox.routing import Route
from migrate.sandbox.tenant import Tenant


def check_permissions(call: Call, route: Route, tenant: Tenant) -> None:
    """Refuse with 403 unless the token's permissions hold one of the call's alternatives whole.

    A signed-in user needs one of the call's directory roles besides, where it names any.
    """
    caller = call.caller
    if caller is None:
        return
    alternatives = route.needs.application if caller.app_only else route.needs.delegated
    if not any(each <= caller.permissions for each in alternatives):
        raise _denied(route)
    if caller.app_only or not route.needs.roles:
        return
    place = tenant.people.find(caller.user_id) if caller.user_id else None
    allowed = (GLOBAL_ADMINISTRATOR, *route.needs.roles)
    if place is None or not any(place in tenant.role_places(role) for role in allowed):
        raise _denied(route)


def _denied(route: Route) -> GraphError:
    if route.limit == "conditionalAccess":
        return GraphError(
            403, "AccessDenied", "You cannot perform the requested operation, required scopes are missing in the token."
        )
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
