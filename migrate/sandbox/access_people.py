"""Whom a policy is assigned to: the sandbox's own reading of the users condition.

Answers are yes, no, or None where it depends on where a guest comes from and nobody said so.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from migrate.sandbox.messages import Json
from migrate.sandbox.tenant import Tenant

if TYPE_CHECKING:
    from migrate.sandbox.access_conditions import Attempt

AGENT = "#microsoft.graph.agentUser"
_HOME_KINDS = frozenset(
    {"b2bCollaborationGuest", "b2bCollaborationMember", "b2bDirectConnectUser", "otherExternalUser", "serviceProvider"}
)
"""Kinds whose account belongs to another organization."""


def guest_type(user: Json) -> str | None:
    """Return what kind of guest or external user an account shows itself to be, or None for a member of one's own."""
    external = user.get("creationType") == "Invitation" or "#ext#" in str(user.get("userPrincipalName")).lower()
    if user.get("userType") == "Guest":
        return "b2bCollaborationGuest" if external else "internalGuest"
    return "b2bCollaborationMember" if external else None


def kind_of(attempt: "Attempt", tenant: Tenant) -> str | None:
    """Return the kind of guest that signs in: as it was said of the sign-in, as the tenant knows it, as it shows."""
    return _kind_of(tenant.people.user(attempt.place), attempt, tenant)


def _kind_of(user: Json, attempt: "Attempt", tenant: Tenant) -> str | None:
    home = tenant.unseen.homes.get(str(user["id"]).lower())
    return attempt.guest_kind or (home.kind if home else None) or guest_type(user)


def home_of(attempt: "Attempt", tenant: Tenant) -> str | None:
    """Return the tenant that a guest comes from, in lower case; None where nobody said so."""
    home = tenant.unseen.homes.get(tenant.people.user_id(attempt.place).lower())
    found = attempt.home_tenant or (home.tenant if home else None)
    return found.lower() if found else None


def is_assigned(users: Json, attempt: "Attempt", tenant: Tenant) -> bool | None:
    """Tell whether the users condition meets whoever signs in; excluding wins over including."""
    user = tenant.people.user(attempt.place)
    included = _on_side("include", users, user, attempt, tenant)
    excluded = _on_side("exclude", users, user, attempt, tenant)
    if included is False or excluded:
        return False
    return None if included is None or excluded is None else True


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """Return whether any answer is yes; None where none is and one is not known."""
    found = list(answers)
    if any(found):
        return True
    return None if None in found else False


def _on_side(side: str, users: Json, user: Json, attempt: "Attempt", tenant: Tenant) -> bool | None:
    named = {str(each).lower() for each in users.get(f"{side}Users") or ()}
    if user.get("@odata.type") == AGENT:  # no other word reaches an agent's account
        return "allagentidusers" in named
    if "all" in named or str(user["id"]).lower() in named:
        return True
    if any(tenant.groups.has_user(str(group), attempt.place) for group in users.get(f"{side}Groups") or ()):
        return True
    if any(attempt.place in tenant.role_places(str(role)) for role in _counting_roles(users, side, tenant)):
        return True
    kind = _kind_of(user, attempt, tenant)
    if kind is None:
        return False
    if "guestsorexternalusers" in named:
        return True
    return _is_guest_of(users.get(f"{side}GuestsOrExternalUsers"), kind, attempt, tenant)


def _counting_roles(users: Json, side: str, tenant: Tenant) -> Iterable[str]:
    """Only built-in roles count (concept-conditional-access-users-groups); a custom one stands for nobody."""
    return (str(role) for role in users.get(f"{side}Roles") or () if tenant.roles.is_built_in(str(role)))


def _is_guest_of(guests: Json | None, kind: str, attempt: "Attempt", tenant: Tenant) -> bool | None:
    if guests is None or kind not in [each.strip() for each in str(guests.get("guestOrExternalUserTypes")).split(",")]:
        return False
    tenants = guests.get("externalTenants") or {}
    if tenants.get("membershipKind", "all") == "all" or kind not in _HOME_KINDS:
        return True
    home = home_of(attempt, tenant)
    return None if home is None else home in [str(each).lower() for each in tenants.get("members") or ()]


def mfa_is_trusted(attempt: "Attempt", tenant: Tenant) -> bool:
    """Tell whether MFA that somebody external did at home counts here (inbound trust, crossTenantAccessPolicy)."""
    if kind_of(attempt, tenant) not in _HOME_KINDS:
        return False
    home = home_of(attempt, tenant)
    partner = next((each for each in tenant.partners if str(each.get("tenantId")).lower() == home), None)
    # A partner without a trust of its own follows the default.
    trust = (partner or {}).get("inboundTrust") or tenant.cross_tenant_default.get("inboundTrust") or {}
    return trust.get("isMfaAccepted") is True
