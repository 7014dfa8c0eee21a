"""Sign-ins that cannot be: a statement that contradicts itself must not pass for one that no policy meets."""

from migrate.sandbox.access_conditions import Attempt
from migrate.sandbox.access_people import guest_type
from migrate.sandbox.messages import bad_request
from migrate.sandbox.tenant import Tenant

_LEGACY = ("other", "exchangeActiveSync")


def check_possible(tenant: Tenant, attempt: Attempt) -> None:
    """Refuse with 400 what Microsoft's pages rule out.

    Only Windows is hybrid joined and Windows Phone is never compliant (concept-conditional-access-grant); legacy
    clients know neither flows nor user actions nor scopes; who is at home here comes from no other tenant.
    """
    device = attempt.device or {}
    joined = attempt.joined or str(device.get("trustType")).lower() == "serverad"
    if joined and attempt.platform != "windows":
        raise bad_request(f"A device with {attempt.platform} cannot be hybrid joined: only Windows can.")
    if attempt.joined and str(device.get("trustType", "ServerAD")).lower() != "serverad":
        raise bad_request("A hybrid joined device has the trustType ServerAD.")
    if attempt.compliant and attempt.platform == "windowsPhone":
        raise bad_request("A Windows Phone cannot be marked as compliant.")
    if attempt.compliant is not bool(device.get("isCompliant", attempt.compliant)):
        raise bad_request("The device is said to be compliant and not to be.")
    if attempt.client in _LEGACY and (attempt.transfer or attempt.action or attempt.scopes):
        raise bad_request("A legacy client signs in with a password to a mailbox: it has no flow, action or scopes.")
    if attempt.action is not None and attempt.scopes is not None:
        raise bad_request("A user action asks for no scopes.")
    at_home = guest_type(tenant.people.user(attempt.place)) is None
    if at_home and (attempt.home_tenant is not None or attempt.guest_kind is not None):
        raise bad_request("externalTenantId and externalUserType are for guests and external users.")
