"""The sandbox's own reading of Conditional Access: conditions one by one, and what grants ask for."""

import pytest

from migrate.sandbox.access_conditions import NO_USER, Attempt, unmet
from migrate.sandbox.access_grants import Factors, judge, result_of
from migrate.sandbox.access_people import guest_type
from migrate.sandbox.company import company, group_called
from migrate.sandbox.policy_shape import whole_policy
from migrate.sandbox.profiles import CAST
from migrate.sandbox.roles import GLOBAL_ADMINISTRATOR
from migrate.sandbox.standing import STRENGTH_PREFIX
from migrate.sandbox.tenant import Tenant

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
PLACES = {part.local: place for place, part in enumerate(CAST)}


@pytest.fixture(scope="module")
def tenant() -> Tenant:
    """A company whose people are the cast and some more."""
    return company(7, 60)


def policy_with(tenant: Tenant, grant: dict | None = None, **conditions: object) -> dict:
    base = {
        "users": {"includeUsers": ["All"]},
        "applications": {"includeApplications": ["All"]},
        "clientAppTypes": ["all"],
    }
    return whole_policy(
        {
            "id": "p",
            "displayName": "P",
            "state": "enabled",
            "conditions": {**base, **conditions},
            "grantControls": grant or {"operator": "OR", "builtInControls": ["mfa"]},
        },
        tenant,
    )


def shown(did_mfa: bool) -> Factors:
    return Factors.of(["microsoftAuthenticatorPush"], did_mfa=did_mfa)


def reasons(tenant: Tenant, name: str, attempt: dict | None = None, **conditions: object) -> list[str]:
    attempted = Attempt(**{"place": PLACES[name], "app": EXCHANGE, "ip": "203.0.113.5", **(attempt or {})})
    return unmet(policy_with(tenant, **conditions), attempted, tenant)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("alma.berg", None),
        ("hana.lowe", "b2bCollaborationGuest"),
        ("ivo.reed", "b2bCollaborationMember"),
        ("jill.cross", "internalGuest"),
        ("kurt.vale", "b2bCollaborationGuest"),
    ],
)
def test_kinds_of_guests_are_told_apart_and_met_by_name(tenant: Tenant, name: str, kind: str | None) -> None:
    assert guest_type(tenant.people.user(PLACES[name])) == kind
    everyone = {"guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest,b2bCollaborationMember"}
    some = {"guestOrExternalUserTypes": "internalGuest"}
    assert (reasons(tenant, name, users={"includeGuestsOrExternalUsers": everyone}) == []) == (kind is not None)
    assert (reasons(tenant, name, users={"includeGuestsOrExternalUsers": some}) == []) == (kind == "internalGuest")
    assert (reasons(tenant, name, users={"includeUsers": ["GuestsOrExternalUsers"]}) == []) == (kind is not None)
    excluding = {"includeUsers": ["All"], "excludeGuestsOrExternalUsers": everyone}
    assert (reasons(tenant, name, users=excluding) == ["users"]) == (kind is not None)


def test_groups_count_through_nesting_and_roles_through_groups(tenant: Tenant) -> None:
    staff, exclusions = group_called(tenant, "All Staff").id, group_called(tenant, "MFA Policy Exclusions").id
    assert reasons(tenant, "alma.berg", users={"includeGroups": [staff]}) == []
    assert reasons(tenant, "rob.keller", users={"includeUsers": ["All"], "excludeGroups": [exclusions]}) == ["users"]
    helpdesk = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
    assert reasons(tenant, "pia.summer", users={"includeRoles": [helpdesk]}) == []
    # Somebody who may activate a role does not hold it yet.
    assert reasons(tenant, "milo.hart", users={"includeRoles": [GLOBAL_ADMINISTRATOR]}) == ["users"]


@pytest.mark.parametrize(
    ("apps", "app", "applies"),
    [
        (["All"], EXCHANGE, True),
        (["Office365"], EXCHANGE, True),
        (["Office365"], "other", False),
        (["MicrosoftAdminPortals"], "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", True),
        ([EXCHANGE.upper()], EXCHANGE, True),
        (["None"], EXCHANGE, False),
    ],
)
def test_applications(tenant: Tenant, apps: list[str], app: str, applies: bool) -> None:
    found = reasons(tenant, "alma.berg", {"app": app}, applications={"includeApplications": apps})
    assert (found == []) is applies


def test_an_excluded_application_is_out_and_a_filter_cannot_be_known(tenant: Tenant) -> None:
    excluding = {"includeApplications": ["All"], "excludeApplications": ["Office365"]}
    assert reasons(tenant, "alma.berg", applications=excluding) == ["application"]
    filtered = {"includeApplications": ["All"], "applicationFilter": {"mode": "include", "rule": "x"}}
    assert "notEnoughInformation" in reasons(tenant, "alma.berg", applications=filtered)
    device = {"deviceFilter": {"mode": "include", "rule": "x"}}
    assert "notEnoughInformation" in reasons(tenant, "alma.berg", devices=device)


@pytest.mark.parametrize(
    ("attempt", "conditions", "found"),
    [
        ({"client": "other"}, {"clientAppTypes": ["browser"]}, ["clientApps"]),
        ({"client": "other"}, {"clientAppTypes": ["other", "browser"]}, []),
        ({"client": "exchangeActiveSync"}, {"clientAppTypes": ["easSupported"]}, []),
        (
            {"platform": "iOS"},
            {"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}},
            ["devicePlatform"],
        ),
        ({"platform": "linux"}, {"platforms": {"includePlatforms": ["all"]}}, []),
        ({}, {"platforms": {"includePlatforms": ["windows"]}}, ["notEnoughInformation", "devicePlatform"]),
        ({"sign_in_risk": "high"}, {"signInRiskLevels": ["high"]}, []),
        ({}, {"userRiskLevels": ["high"]}, ["userRisk"]),
        ({"transfer": "deviceCodeFlow"}, {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, []),
        ({}, {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, ["authenticationFlow"]),
        ({"insider_risk": "minor"}, {"insiderRiskLevels": "minor,elevated"}, []),
        ({}, {"locations": {"includeLocations": ["AllTrusted"]}}, ["location"]),
        ({"ip": "198.51.100.9"}, {"locations": {"includeLocations": ["AllTrusted"]}}, []),
        (
            {"ip": "198.51.100.9"},
            {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
            ["location"],
        ),
        (
            {"ip": None},
            {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
            ["notEnoughInformation", "location"],
        ),
        (
            {},
            {"clientApplications": {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]}},
            ["workloadIdentities"],
        ),
    ],
)
def test_other_conditions(tenant: Tenant, attempt: dict, conditions: dict, found: list[str]) -> None:
    assert reasons(tenant, "alma.berg", attempt, **conditions) == found


def test_a_country_is_a_place(tenant: Tenant) -> None:
    countries = next(each["id"] for each in tenant.named_locations.values() if "countriesAndRegions" in each)
    places = {"includeLocations": [countries]}
    assert reasons(tenant, "alma.berg", {"country": "de"}, locations=places) == []
    assert reasons(tenant, "alma.berg", {"country": "FR"}, locations=places) == ["location"]
    assert reasons(tenant, "alma.berg", {}, locations=places) == ["location"]


@pytest.mark.parametrize(
    ("named", "conditions", "attempt", "found"),
    [
        ({"include": ["ServicePrincipalsInMyTenant"]}, {}, {}, []),
        ({"include": ["AAAA"]}, {}, {}, []),
        ({"include": ["bbbb"]}, {}, {}, ["workloadIdentities"]),
        ({"include": []}, {}, {}, ["workloadIdentities"]),
        ({"include": ["ServicePrincipalsInMyTenant"], "exclude": ["aaaa"]}, {}, {}, ["workloadIdentities"]),
        ({"include": ["aaaa"], "filter": True}, {}, {}, ["notEnoughInformation", "workloadIdentities"]),
        ({"include": ["aaaa"], "exclude": ["aaaa"], "filter": True}, {}, {}, ["workloadIdentities"]),
        ({"include": ["aaaa"]}, {"applications": {"includeApplications": ["other"]}}, {}, ["application"]),
        ({"include": ["aaaa"]}, {}, {"app": None, "action": "urn:user:registerdevice"}, ["userActions"]),
        ({"include": ["aaaa"]}, {"locations": {"includeLocations": ["AllTrusted"]}}, {}, ["location"]),
        (
            {"include": ["aaaa"]},
            {"locations": {"includeLocations": ["AllTrusted"]}},
            {"ip": None},
            ["notEnoughInformation", "location"],
        ),
        ({"include": ["aaaa"]}, {"servicePrincipalRiskLevels": ["high"]}, {}, ["signInRisk"]),
        (
            {"include": ["aaaa"]},
            {"servicePrincipalRiskLevels": ["high"]},
            {"service_principal_risk": "high"},
            [],
        ),
        # What is asked of users is not asked of applications.
        ({"include": ["aaaa"]}, {"clientAppTypes": ["other"], "signInRiskLevels": ["high"]}, {}, []),
    ],
)
def test_policies_for_applications(tenant: Tenant, named: dict, conditions: dict, attempt: dict, found: list) -> None:
    part = {
        "includeServicePrincipals": named["include"],
        "excludeServicePrincipals": named.get("exclude", []),
        "servicePrincipalFilter": {"mode": "include", "rule": "x"} if "filter" in named else None,
    }
    policy = policy_with(tenant, **{"users": {"includeUsers": ["None"]}, **conditions}, clientApplications=part)
    signs_in = {"place": NO_USER, "service_principal": "aaaa", "app": EXCHANGE, "ip": "203.0.113.5", **attempt}
    assert unmet(policy, Attempt(**signs_in), tenant) == found


def test_a_policy_for_users_never_applies_to_an_application(tenant: Tenant) -> None:
    attempt = Attempt(place=NO_USER, service_principal="aaaa", app=EXCHANGE)
    assert unmet(policy_with(tenant), attempt, tenant) == ["workloadIdentities"]


@pytest.mark.parametrize(
    ("grant", "device", "did_mfa", "asks", "satisfied"),
    [
        ({"operator": "OR", "builtInControls": ["mfa"]}, False, False, True, False),
        ({"operator": "OR", "builtInControls": ["mfa"]}, False, True, True, True),
        ({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}, True, False, False, True),
        ({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}, False, False, True, False),
        ({"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}, True, False, True, False),
        ({"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}, False, True, True, False),
        ({"operator": "OR", "builtInControls": ["block"]}, True, True, False, False),
        ({"operator": "OR", "authenticationStrength": {"id": f"{STRENGTH_PREFIX}0002"}}, False, True, True, True),
        ({"operator": "OR", "authenticationStrength": {"id": f"{STRENGTH_PREFIX}0004"}}, False, True, True, False),
    ],
)
def test_what_grants_ask_for(
    tenant: Tenant, grant: dict, device: bool, did_mfa: bool, asks: bool, satisfied: bool
) -> None:
    attempt = Attempt(place=PLACES["alma.berg"], app=EXCHANGE, compliant=device)
    verdict = judge(policy_with(tenant, grant), attempt, tenant, shown(did_mfa))
    assert (verdict.asks_mfa, verdict.satisfied) == (asks, satisfied)


def test_a_policy_with_session_controls_only_asks_for_nothing(tenant: Tenant) -> None:
    policy = {**policy_with(tenant), "grantControls": None}
    verdict = judge(policy, Attempt(place=2, app=EXCHANGE), tenant, Factors.of([], did_mfa=False))
    assert (verdict.asks_mfa, verdict.satisfied, result_of(verdict, can_mfa=True)) == (False, True, "success")
