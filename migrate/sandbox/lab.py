"""What a ready configuration for a tenant of the sandbox needs to know."""

from typing import Any

from migrate.sandbox.profiles import EMERGENCY, SERVICE, SERVICE_OFF
from migrate.sandbox.roles import GLOBAL_ADMINISTRATOR
from migrate.sandbox.tenant import Tenant

_CANARIES = 3


def lab_config(tenant: Tenant) -> dict[str, Any]:
    """Return tenant id, domain, emergency access accounts, canaries and the service accounts to leave out.

    Canaries are enabled members with per-user MFA on and a method registered, whom no policy of the tenant excludes.
    """
    return {
        "tenant_id": tenant.id,
        "domain": tenant.domain,
        "emergency_access": [_named(tenant, place) for place in _emergency(tenant)],
        "canaries": [tenant.people.user(place)["userPrincipalName"] for place in _canary_places(tenant)],
        "exclusions": [
            {**_named(tenant, place), "reason": "A service account signs in without a person who could confirm."}
            for place in _titled(tenant, SERVICE.title)
        ],
    }


def _named(tenant: Tenant, place: int) -> dict[str, Any]:
    user = tenant.people.user(place)
    return {"id": user["id"], "user_principal_name": user["userPrincipalName"]}


def _first_places(tenant: Tenant) -> range:
    """Everybody the configuration names is among the first: a million users are not read for it."""
    return range(min(len(tenant.people), 2000))


def _emergency(tenant: Tenant) -> list[int]:
    """Return the emergency access accounts: Global Administrators that are named so."""
    holders = tenant.role_places(GLOBAL_ADMINISTRATOR)
    word = EMERGENCY.name.split()[0]
    return [place for place in sorted(holders) if word in str(tenant.people.user(place).get("displayName")).lower()]


def _titled(tenant: Tenant, title: str | None) -> list[int]:
    titles = {title, SERVICE_OFF.title} - {None}
    return [place for place in _first_places(tenant) if tenant.people.user(place).get("jobTitle") in titles]


def _canary_places(tenant: Tenant) -> list[int]:
    excluded: set[int] = set(_emergency(tenant)) | tenant.privileged_places() | set(_titled(tenant, SERVICE.title))
    for policy in tenant.policies.values():
        users = policy["conditions"]["users"]
        for principal in (*users.get("excludeUsers", ()), *users.get("excludeGroups", ())):
            excluded.update(tenant.places_of(principal))
        for role in users.get("excludeRoles", ()):
            excluded.update(tenant.role_places(role))
    eligible = {str(each.get("principalId")) for each in tenant.roles.eligibility}
    found = []
    for place in _first_places(tenant):
        user = tenant.people.user(place)
        if (
            place not in excluded
            and user["id"] not in eligible
            and user.get("accountEnabled")
            and user.get("userType") == "Member"
            and user.get("creationType") is None
            and tenant.people.mfa_state(place) != "disabled"
            and tenant.people.has_strong_method(place)
        ):
            found.append(place)
            if len(found) == _CANARIES:
                break
    return found
