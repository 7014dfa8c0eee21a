"""Builds small invented tenants for coverage tests: policies in Graph's full shape, people, groups and roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from migrate.model.evidence import (
    BetaEvidence,
    ConditionalAccessPolicy,
    Evidence,
    GroupEvidence,
    PolicyState,
    ReadStatus,
    RoleEvidence,
)
from migrate.model.users import Identity, UserProfile

GLOBAL_ADMIN = "62e90394-69f5-4237-9190-012177145e10"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"


def object_id(name: str) -> str:
    """Return the id that stands for an invented object in every test."""
    return str(uuid5(NAMESPACE_URL, f"https://contoso.example/{name}"))


PAYROLL = object_id("app payroll")
HELPDESK = object_id("role helpdesk (custom)")
AZURE_MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
AZURE_PORTAL = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
COMPLIANT_NETWORK = "3d46dbda-8382-466a-856d-eb00cbc6b910"
HQ = object_id("location headquarters")
BRANCH = object_id("location branch")
HOME = object_id("location home countries")
GPS = object_id("location by GPS")
PILOT = object_id("group pilot")
LEAVERS = object_id("group leavers")
HIDDEN = object_id("group hidden")
BROKEN = object_id("group broken")
GONE = object_id("group gone")
CUSTOM_STRENGTH = object_id("strength custom")
WEAK_STRENGTH = object_id("strength weak")

LOCATIONS: tuple[dict[str, Any], ...] = (
    {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "id": HQ,
        "displayName": "Headquarters",
        "isTrusted": True,
        "ipRanges": [
            {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"},
            {"@odata.type": "#microsoft.graph.iPv6CidrRange", "cidrAddress": "2001:db8:1::/48"},
        ],
    },
    {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "id": BRANCH,
        "displayName": "Branch",
        "isTrusted": False,
        "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.128/25"}],
    },
    {
        "@odata.type": "#microsoft.graph.countryNamedLocation",
        "id": HOME,
        "displayName": "Home countries",
        "countriesAndRegions": ["BE", "NL"],
        "includeUnknownCountriesAndRegions": False,
        "countryLookupMethod": "clientIpAddress",
    },
    {
        "@odata.type": "#microsoft.graph.countryNamedLocation",
        "id": GPS,
        "displayName": "By GPS",
        "countriesAndRegions": ["NL"],
        "includeUnknownCountriesAndRegions": True,
        "countryLookupMethod": "authenticatorAppGps",
    },
)
STRENGTHS: tuple[dict[str, Any], ...] = (
    {
        "id": "00000000-0000-0000-0000-000000000002",
        "displayName": "Multifactor authentication",
        "policyType": "builtIn",
        "requirementsSatisfied": "mfa",
        "allowedCombinations": ["fido2", "password,softwareOath"],
    },
    {
        "id": CUSTOM_STRENGTH,
        "displayName": "Keys only",
        "policyType": "custom",
        "requirementsSatisfied": "mfa",
        "allowedCombinations": ["fido2"],
    },
    {
        "id": WEAK_STRENGTH,
        "displayName": "Text message only",
        "policyType": "custom",
        "requirementsSatisfied": "none",
        "allowedCombinations": ["sms"],
    },
)


def person(name: str, **changes: Any) -> UserProfile:
    """Return an ordinary member, with changes."""
    ordinary: dict[str, Any] = {
        "id": object_id(f"user {name}"),
        "user_principal_name": f"{name}@contoso.example",
        "display_name": name.title(),
        "user_type": "Member",
        "creation_type": None,
        "external_user_state": None,
        "identities": (Identity(sign_in_type="userPrincipalName", issuer="contoso.example"),),
        "account_enabled": True,
        "on_premises_sync_enabled": False,
        "assigned_licenses": (),
        "created_date_time": "2024-01-01T00:00:00Z",
    }
    return UserProfile(**{**ordinary, **changes})


PEOPLE: Mapping[str, UserProfile] = {
    "ada": person("ada"),
    "leo": person("leo"),
    "adam": person("adam"),
    "pim": person("pim"),
    "auda": person("auda"),
    "eli": person("eli"),
    "lars": person("lars", user_type="Guest"),
    "gina": person("gina", user_type="Guest", creation_type="Invitation", external_user_state="Accepted"),
    "mara": person("mara", creation_type="Invitation", external_user_state="Accepted"),
    "otto": person("otto", user_type="Guest", user_principal_name="otto_fabrikam.example#EXT#@contoso.example"),
    "nell": person("nell", user_type=None),
    "olaf": person("olaf", user_type=None, creation_type="Invitation"),
    "vito": person("vito", user_type="Guest", creation_type="SynchronisedElsewhere"),
    "iris": person("iris", user_type="Guest", identities=(Identity(sign_in_type=None, issuer="fabrikam.example"),)),
    "robo": person("robo", is_agent=True),
}
"""ada: nothing special. leo: in the leavers group. adam, pim, auda: Global Administrator active, eligible, for an
administrative unit. eli: eligible for the leavers group. lars: internal guest. gina: invited guest. mara: invited
member. otto: a guest whose properties disagree. nell: an account without a user type. olaf: an invited account without
one. vito, iris: guests of whom a word that tells where they come from is not known, or not shown. robo: an agent's
account."""


def group(group_id: str, name: str, members: Iterable[str] = (), **changes: Any) -> GroupEvidence:
    """Return a group that was read, with changes. Members are names of PEOPLE."""
    read: dict[str, Any] = {
        "id": group_id,
        "display_name": name,
        "visibility": None,
        "status": ReadStatus.READ,
        "problem": None,
        "members": frozenset(object_id(f"user {member}") for member in members),
        "eligible": frozenset(),
    }
    return GroupEvidence(**{**read, **changes})


GROUPS: tuple[GroupEvidence, ...] = (
    group(PILOT, "Pilot", ["ada", "leo", "gina", "robo"]),
    group(LEAVERS, "Leavers", ["leo"], eligible=frozenset({object_id("user eli")})),
    group(HIDDEN, "Board", status=ReadStatus.HIDDEN, visibility="HiddenMembership"),
    group(BROKEN, "Broken", status=ReadStatus.UNREADABLE, problem="403, request 7"),
    group(GONE, "Gone", status=ReadStatus.GONE, display_name=None),
)
ROLES: tuple[RoleEvidence, ...] = (
    RoleEvidence(
        template_id=GLOBAL_ADMIN,
        display_name="Global Administrator",
        status=ReadStatus.READ,
        problem=None,
        holders=frozenset({object_id("user adam")}),
        eligible=frozenset({object_id("user pim")}),
        scoped=frozenset({object_id("user auda")}),
        built_in=True,
    ),
    RoleEvidence(
        template_id=HELPDESK,
        display_name="Helpdesk (custom)",
        status=ReadStatus.READ,
        problem=None,
        holders=frozenset({object_id("user adam"), object_id("user ada")}),
        eligible=frozenset(),
        scoped=frozenset(),
        built_in=False,
    ),
)


def policy(
    name: str = "MFA for all",
    *,
    users: Mapping[str, Any] | None = None,
    apps: Mapping[str, Any] | None = None,
    grant: Any = ("mfa",),
    state: str = "enabled",
    extra: Mapping[str, Any] | None = None,
    **conditions: Any,
) -> dict[str, Any]:
    """Return a policy's JSON as Graph v1.0 sends it. `grant` is the list of controls (OR) or the whole object."""
    controls: Any = grant
    if isinstance(grant, tuple):
        controls = {"operator": "OR", "builtInControls": list(grant)}
    if isinstance(controls, dict):
        controls = {"customAuthenticationFactors": [], "termsOfUse": [], "authenticationStrength": None} | controls
    return {
        "id": object_id(f"policy {name}"),
        "displayName": name,
        "templateId": None,
        "createdDateTime": "2026-01-01T00:00:00Z",
        "modifiedDateTime": None,
        "deletedDateTime": None,
        "state": state,
        "sessionControls": None,
        "conditions": {
            "clientAppTypes": ["all"],
            "signInRiskLevels": [],
            "userRiskLevels": [],
            "servicePrincipalRiskLevels": [],
            "insiderRiskLevels": None,
            "platforms": None,
            "locations": None,
            "devices": None,
            "clientApplications": None,
            "authenticationFlows": None,
            "applications": {
                "includeApplications": ["All"],
                "excludeApplications": [],
                "includeUserActions": [],
                "includeAuthenticationContextClassReferences": [],
                "applicationFilter": None,
                **(apps or {}),
            },
            "users": {
                "includeUsers": ["All"] if users is None else [],
                "excludeUsers": [],
                "includeGroups": [],
                "excludeGroups": [],
                "includeRoles": [],
                "excludeRoles": [],
                "includeGuestsOrExternalUsers": None,
                "excludeGuestsOrExternalUsers": None,
                **(users or {}),
            },
            **conditions,
        },
        "grantControls": controls,
        **(extra or {}),
    }


def strength(strength_id: str, operator: str = "OR", controls: Iterable[str] = ()) -> dict[str, Any]:
    """Return grant controls that ask for an authentication strength."""
    return {
        "operator": operator,
        "builtInControls": list(controls),
        "authenticationStrength": {"id": strength_id},
    }


def as_policy(raw: dict[str, Any]) -> ConditionalAccessPolicy:
    """Return the record for a policy's JSON."""
    known = {state.value: state for state in PolicyState}
    return ConditionalAccessPolicy(
        id=raw["id"],
        display_name=raw["displayName"],
        policy_state=known.get(raw["state"]),
        description=None,
        created_date_time=raw.get("createdDateTime"),
        modified_date_time=raw.get("modifiedDateTime"),
        raw=raw,
    )


def evidence(*policies: dict[str, Any], **changes: Any) -> Evidence:
    """Return the evidence of the invented tenant with these policies."""
    read: dict[str, Any] = {
        "policies": tuple(as_policy(raw) for raw in policies),
        "named_locations": LOCATIONS,
        "authentication_strengths": STRENGTHS,
        "security_defaults_enabled": False,
        "groups": {one.id: one for one in GROUPS},
        "roles": {one.template_id: one for one in ROLES},
        "beta": BetaEvidence(policies={raw["id"].lower(): raw for raw in policies}, policies_problem=None),
    }
    return Evidence(**{**read, **changes})
