"""The generated company: a tenant of any size in which every reason to hold somebody back occurs."""

from collections.abc import Iterator

from migrate.sandbox.generated_people import LICENCE_SKU, GeneratedPeople
from migrate.sandbox.groups import Group, Groups
from migrate.sandbox.messages import Json
from migrate.sandbox.names import DEPARTMENTS
from migrate.sandbox.policy_shape import whole_policy
from migrate.sandbox.profiles import CAST
from migrate.sandbox.roles import (
    AUTHENTICATION_POLICY_ADMINISTRATOR,
    DIRECTORY_SYNC,
    GLOBAL_ADMINISTRATOR,
    HELPDESK_ADMINISTRATOR,
    Roles,
    assignment,
    eligibility,
)
from migrate.sandbox.standing import P1_PLANS, furnish, sku
from migrate.sandbox.tenant import Tenant

DOMAIN = "contoso.example"
_SINCE = "2024-02-01T08:00:00Z"
_EXCLUDED_EVERY = 61
"""Of the generated people, every 61st is in the group that the all-users policy excludes."""


def company(seed: int, users: int) -> Tenant:
    """Build the company of a seed, the same each time.

    `users` counts all accounts, the standing cast included; fewer than three are not built, so that both emergency
    access accounts and one person are always there.
    """
    people = GeneratedPeople(seed, users, DOMAIN)
    tenant = Tenant(domain=DOMAIN, people=people, origin=("company", seed, users))
    tenant.id = tenant.new_id("tenant", seed)
    tenant.groups = Groups(_groups(tenant))
    tenant.roles = _roles(tenant)
    licensed = max(1, len(people) * 9 // 10)
    tenant.skus = [sku("SPE_E3", LICENCE_SKU, P1_PLANS, licensed + 25, licensed)]
    _add_locations(tenant)
    furnish(tenant)
    tenant.organization["onPremisesSyncEnabled"] = True
    for policy in _policies(tenant):
        tenant.policies[policy["id"]] = policy
    _add_group_eligibility(tenant)
    return tenant


def _cast(tenant: Tenant, local: str) -> int | None:
    """Return the place of a member of the cast, if the company is large enough to have it."""
    place = next(number for number, part in enumerate(CAST) if part.local == local)
    return place if place < len(tenant.people) else None


def _cast_ids(tenant: Tenant, *locals_: str) -> Iterator[str]:
    for local in locals_:
        if (place := _cast(tenant, local)) is not None:
            yield tenant.people.user_id(place)


def _group(tenant: Tenant, name: str, **more: object) -> Group:
    nickname = "".join(each for each in name.lower() if each.isalnum())
    json: Json = {
        "id": tenant.new_id("group", name),
        "displayName": name,
        "description": None,
        "createdDateTime": _SINCE,
        "deletedDateTime": None,
        "groupTypes": [],
        "mail": None,
        "mailEnabled": False,
        "mailNickname": nickname,
        "securityEnabled": True,
        "visibility": None,
        "isAssignableToRole": None,
        "membershipRule": None,
        "onPremisesSyncEnabled": None,
        "proxyAddresses": [],
    }
    return Group({**json, **more})


def _groups(tenant: Tenant) -> list[Group]:
    count, first = len(tenant.people), min(len(CAST), len(tenant.people))
    staff = _group(tenant, "All Staff")
    departments = []
    for number, name in enumerate(DEPARTMENTS):
        department = _group(tenant, name)
        if members := range(number, count, len(DEPARTMENTS)):
            department.users.append(members)
        departments.append(department)
    staff.groups = [group.id for group in departments]
    field_work = _group(tenant, "Field Workers Without Phones")
    excluded = _group(tenant, "MFA Policy Exclusions", isAssignableToRole=False)
    excluded.groups = [field_work.id]
    if (dora := _cast(tenant, "dora.pike")) is not None:
        excluded.users.append(range(dora, dora + 1))
    if exceptions := range(first + 10, count, _EXCLUDED_EVERY):
        excluded.users.append(exceptions)
    if (rob := _cast(tenant, "rob.keller")) is not None:
        field_work.users.append(range(rob, rob + 1))
    field_work.groups = [excluded.id]  # groups that hold each other occur in real tenants
    helpdesk = _group(tenant, "Helpdesk Operators", isAssignableToRole=True)
    if (pia := _cast(tenant, "pia.summer")) is not None:
        helpdesk.users.append(range(pia, pia + 1))
    board = _group(
        tenant,
        "Board",
        visibility="HiddenMembership",
        groupTypes=["Unified"],
        mailEnabled=True,
        mail=f"board@{tenant.domain}",
    )
    board.users.append(range(2, min(5, count)))
    return [staff, *departments, excluded, field_work, helpdesk, board]


def group_called(tenant: Tenant, name: str) -> Group:
    """Return a group by its display name. Raises StopIteration when there is none."""
    return next(group for group in tenant.groups if group.json["displayName"] == name)


def _roles(tenant: Tenant) -> Roles:
    held = [
        *(assignment(each, GLOBAL_ADMINISTRATOR) for each in _cast_ids(tenant, "emergency1", "emergency2", "admin")),
        *(assignment(each, DIRECTORY_SYNC) for each in _cast_ids(tenant, "sync_connect01_8f2a61c09d4e")),
        *(assignment(each, AUTHENTICATION_POLICY_ADMINISTRATOR) for each in _cast_ids(tenant, "lara.quinn")),
        assignment(group_called(tenant, "Helpdesk Operators").id, HELPDESK_ADMINISTRATOR),
    ]
    eligible = [eligibility(each, GLOBAL_ADMINISTRATOR, _SINCE) for each in _cast_ids(tenant, "milo.hart")]
    return Roles(assignments=held, eligibility=eligible)


def _add_group_eligibility(tenant: Tenant) -> None:
    """Let one person become a member of the helpdesk group for a time (PIM for Groups)."""
    group = group_called(tenant, "Helpdesk Operators")
    for principal in _cast_ids(tenant, "ben.frost"):
        tenant.group_eligibility.append(
            {
                "id": f"{group.id}_member_{tenant.new_id('pim', principal)}",
                "principalId": principal,
                "groupId": group.id,
                "accessId": "member",
                "memberType": "direct",
                "status": "Provisioned",
                "createdDateTime": _SINCE,
                "modifiedDateTime": _SINCE,
                "createdUsing": None,
                "scheduleInfo": {"startDateTime": _SINCE, "recurrence": None, "expiration": {"type": "noExpiration"}},
            }
        )


def _add_locations(tenant: Tenant) -> None:
    rows: list[Json] = [
        {
            "@odata.type": "#microsoft.graph.ipNamedLocation",
            "displayName": "Head office",
            "isTrusted": True,
            "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "198.51.100.0/24"}],
        },
        {
            "@odata.type": "#microsoft.graph.countryNamedLocation",
            "displayName": "Countries we work in",
            "countriesAndRegions": ["US", "DE", "JP"],
            "includeUnknownCountriesAndRegions": False,
            "countryLookupMethod": "clientIpAddress",
        },
    ]
    for row in rows:
        row |= {
            "id": tenant.new_id("location", row["displayName"]),
            "createdDateTime": _SINCE,
            "modifiedDateTime": _SINCE,
        }
        tenant.named_locations[row["id"]] = row


def _policies(tenant: Tenant) -> list[Json]:
    emergency = list(_cast_ids(tenant, "emergency1", "emergency2"))
    excluded = group_called(tenant, "MFA Policy Exclusions").id
    office = next(iter(tenant.named_locations))
    everybody: Json = {
        "displayName": "Require MFA for all users",
        "state": "enabled",
        "createdDateTime": _SINCE,
        "modifiedDateTime": "2025-09-01T10:00:00Z",
        "conditions": {
            "users": {
                "includeUsers": ["All"],
                "excludeUsers": emergency,
                "excludeGroups": [excluded],
                "excludeRoles": [DIRECTORY_SYNC],
            },
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }
    admins: Json = {
        "displayName": "Phishing-resistant MFA for administrators",
        "state": "enabledForReportingButNotEnforced",
        "createdDateTime": "2025-05-05T07:30:00Z",
        "modifiedDateTime": None,
        "conditions": {
            "users": {
                "includeRoles": [GLOBAL_ADMINISTRATOR, AUTHENTICATION_POLICY_ADMINISTRATOR, HELPDESK_ADMINISTRATOR],
                "excludeUsers": emergency,
            },
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
        },
        "grantControls": {"operator": "OR", "authenticationStrength": {"id": "00000000-0000-0000-0000-000000000004"}},
    }
    some_apps: Json = {
        "displayName": "MFA for Office 365 outside the office",
        "state": "enabled",
        "createdDateTime": "2024-11-20T12:00:00Z",
        "modifiedDateTime": "2025-01-15T12:00:00Z",
        "conditions": {
            "users": {"includeGroups": [group_called(tenant, "All Staff").id], "excludeUsers": emergency},
            "applications": {"includeApplications": ["Office365"]},
            "clientAppTypes": ["browser", "mobileAppsAndDesktopClients"],
            "locations": {"includeLocations": ["All"], "excludeLocations": [office]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }
    return [
        whole_policy({"id": tenant.new_id("policy", each["displayName"]), **each}, tenant)
        for each in (everybody, admins, some_apps)
    ]
