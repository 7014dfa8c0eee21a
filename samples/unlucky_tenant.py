"""An unlucky tenant, all invented: three partial policies, an exclusion group that grew, accounts without a person.

Legacy authentication is open, some never registered, and one Microsoft-managed policy sleeps in report-only. It has a
tenth of the size that such tenants have; docs/run-book.md walks through it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_URL, uuid5

DOMAIN = "unlucky.contoso.example"
GLOBAL_ADMIN = "62e90394-69f5-4237-9190-012177145e10"
SYNC_ROLE = "d29b2b05-8046-44ba-8758-1e26182fcf32"
P1_PLAN = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
EMPLOYEES, NEVER_REGISTERED, WITHOUT_STATE, GUESTS, ROOMS, MACHINES, EXCLUDED = 60, 4, 6, 4, 2, 3, 4
MODERN = ["browser", "mobileAppsAndDesktopClients"]
MACHINE_NAMES = ("svc-erp", "svc-backup", "scanner")

_FIRST = (
    *("Ada", "Ben", "Cora", "Dirk", "Eva", "Finn", "Greta", "Hugo", "Ina", "Jan"),
    *("Kira", "Leo", "Mia", "Nils", "Olga", "Paul", "Rita", "Sven", "Tina", "Udo"),
)
_LAST = ["Abel", "Brandt", "Imhof", "Krug"]


def object_id(name: str) -> str:
    """Return the id that stands for an object of this tenant."""
    return str(uuid5(NAMESPACE_URL, f"https://{DOMAIN}/{name}"))


BUSINESS, ROOM_LICENCE = object_id("sku business premium"), object_id("sku meeting room")


class _Tenant:
    """The document, as it grows."""

    def __init__(self) -> None:
        self.users: list[dict[str, Any]] = []
        self.sections: dict[str, Any] = {}

    def person(
        self, name: str, display: str, *, state: str = "disabled", registered: bool = True, **others: Any
    ) -> str:
        """Add an account and return its id."""
        user_id = object_id(f"user {name}")
        self.users.append(
            {
                "id": user_id,
                "displayName": display,
                "userPrincipalName": f"{name}@{DOMAIN}",
                "userType": "Member",
                "accountEnabled": True,
                "assignedLicenses": [{"skuId": BUSINESS, "disabledPlans": []}],
                **others,
            }
        )
        self.sections[f"users/{user_id}/authentication/requirements"] = {"perUserMfaState": state}
        if registered:
            self.sections[f"users/{user_id}/authentication/methods"] = [
                {
                    "@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
                    "id": object_id(f"method {name}"),
                    "displayName": "Phone",
                }
            ]
        return user_id


def unlucky_tenant() -> str:
    """Return the tenant file."""
    tenant = _Tenant()
    staff = [
        tenant.person(f"{first.lower()}.{last.lower()}", f"{first} {last}", state="enforced")
        for first, last in list(_names())[:EMPLOYEES]
    ]
    never = [
        tenant.person(f"new.{number}", f"New Colleague {number}", state="enabled", registered=False)
        for number in range(1, NEVER_REGISTERED + 1)
    ]
    for number in range(1, WITHOUT_STATE + 1):
        tenant.person(f"shift.{number}", f"Shift Worker {number}")
    for number in range(1, GUESTS + 1):
        tenant.person(
            f"partner{number}_fabrikam.example#EXT#",
            f"Partner {number}",
            registered=False,
            userType="Guest",
            creationType="Invitation",
            externalUserState="Accepted",
            assignedLicenses=[],
        )
    for number in range(1, ROOMS + 1):
        room = [{"skuId": ROOM_LICENCE, "disabledPlans": []}]
        tenant.person(f"room{number}", f"Meeting Room {number}", registered=False, assignedLicenses=room)
    for name in MACHINE_NAMES[:MACHINES]:
        tenant.person(name, name, registered=False, assignedLicenses=[])
    glass = [tenant.person(f"emergency{number}", f"Emergency Access {number}") for number in (1, 2)]
    admin = tenant.person("admin", "Kim Olsen", state="enforced")
    sync = tenant.person(
        "sync_server1", "On-Premises Directory Synchronization Service Account", registered=False, assignedLicenses=[]
    )
    exclusion = object_id("group mfa exclusion")
    inside = [*staff[: EXCLUDED - 1], never[0]]
    roles = {GLOBAL_ADMIN: [admin, *glass], SYNC_ROLE: [sync]}
    document = {
        "_tenantId": object_id("tenant"),
        "organization": [{"id": object_id("tenant"), "displayName": "Unlucky Contoso", "verifiedDomains": _domains()}],
        "subscribedSkus": [
            _sku("SPB", BUSINESS, [P1_PLAN]),
            _sku("MEETING_ROOM", ROOM_LICENCE, []),
        ],
        "users": tenant.users,
        "groups": [{"id": exclusion, "displayName": "CA - MFA Exclusion"}],
        f"groups/{exclusion}/members": [{"@odata.type": "#microsoft.graph.user", "id": one} for one in inside],
        "roleManagement/directory/roleAssignments": [
            {"principalId": holder, "roleDefinitionId": role, "directoryScopeId": "/"}
            for role, holders in roles.items()
            for holder in holders
        ],
        "identity/conditionalAccess/namedLocations": [
            {
                "@odata.type": "#microsoft.graph.ipNamedLocation",
                "id": object_id("location office"),
                "displayName": "Office",
                "isTrusted": True,
                "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}],
            }
        ],
        "identity/conditionalAccess/policies": list(_policies(glass, exclusion, [*staff, *never])),
        **tenant.sections,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _names() -> Iterator[tuple[str, str]]:
    return ((first, last) for last in _LAST for first in _FIRST)


def _domains() -> list[dict[str, Any]]:
    return [{"name": DOMAIN, "isDefault": True, "isInitial": True, "capabilities": "Email", "type": "Managed"}]


def _sku(part: str, sku_id: str, plans: list[str]) -> dict[str, Any]:
    return {
        "id": f"{object_id('tenant')}_{sku_id}",
        "skuId": sku_id,
        "skuPartNumber": part,
        "capabilityStatus": "Enabled",
        "appliesTo": "User",
        "consumedUnits": 10,
        "prepaidUnits": {"enabled": 100, "suspended": 0, "warning": 0},
        "servicePlans": [
            {
                "servicePlanId": plan,
                "servicePlanName": "AAD_PREMIUM",
                "provisioningStatus": "Success",
                "appliesTo": "User",
            }
            for plan in plans
        ],
    }


def _policies(glass: list[str], exclusion: str, on_mfa: list[str]) -> Iterator[dict[str, Any]]:
    spared = {"excludeUsers": glass, "excludeRoles": [SYNC_ROLE], "excludeGroups": [exclusion]}
    yield _policy(
        "MFA for Office 365",
        {"includeUsers": ["All"], **spared},
        {"includeApplications": ["Office365"]},
        clientAppTypes=MODERN,
    )
    yield _policy(
        "MFA outside the office",
        {"includeUsers": ["All"], **spared},
        {"includeApplications": ["All"]},
        clientAppTypes=MODERN,
        locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
    )
    yield _policy(
        "MFA for administrators",
        {"includeUsers": [], "includeRoles": [GLOBAL_ADMIN], "excludeUsers": glass},
        {"includeApplications": ["All"]},
    )
    yield _policy(
        "Microsoft-managed: Multifactor authentication for per-user multifactor authentication users",
        {"includeUsers": on_mfa},
        {"includeApplications": ["All"]},
        state="enabledForReportingButNotEnforced",
    )


def _policy(
    name: str, users: dict[str, Any], applications: dict[str, Any], *, state: str = "enabled", **conditions: Any
) -> dict[str, Any]:
    return {
        "id": object_id(f"policy {name}"),
        "displayName": name,
        "createdDateTime": "2025-03-01T08:00:00Z",
        "state": state,
        "conditions": {"users": users, "applications": applications, "clientAppTypes": ["all"], **conditions},
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }
