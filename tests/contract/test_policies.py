"""Conditional Access policies: life, validation, the bin, and what they refer to."""

import copy

import httpx
import pytest

from migrate.sandbox.company import company
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.standing import sku
from migrate.sandbox.tenant_file import tenant_of

POLICIES = "/v1.0/identity/conditionalAccess/policies"
LOCATIONS = "/v1.0/identity/conditionalAccess/namedLocations"
STRENGTH = {"id": "00000000-0000-0000-0000-000000000002"}


def draft(**changes: object) -> dict:
    """A policy that asks everybody for MFA; dots in a name lead inside."""
    policy: dict = {
        "displayName": "Ask everybody",
        "state": "enabledForReportingButNotEnforced",
        "conditions": {
            "users": {"includeUsers": ["All"]},
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }
    for path, value in changes.items():
        holder = policy
        *parents, last = path.split("__")
        for parent in parents:
            holder = holder.setdefault(parent, {})
        if value is None:
            holder.pop(last, None)
        else:
            holder[last] = value
    return policy


def create(client: httpx.Client, **changes: object) -> dict:
    answer = client.post(POLICIES, json=draft(**changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_policy_is_created_read_changed_deleted_and_restored(client: httpx.Client) -> None:
    made = create(client)
    url = f"{POLICIES}/{made['id']}"
    assert made["modifiedDateTime"] is None
    assert made["createdDateTime"]
    assert client.patch(url, json={"state": "enabled"}).status_code == 204
    read = client.get(url).json()
    assert read["state"] == "enabled"
    assert read["modifiedDateTime"] is not None
    assert read["conditions"] == made["conditions"]
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404
    bin_url = f"/v1.0/identity/conditionalAccess/deletedItems/policies/{made['id']}"
    assert client.get(bin_url).json()["deletedDateTime"]
    assert client.post(f"{bin_url}/restore").status_code == 200
    assert client.get(url).json()["state"] == "enabled"
    assert client.get(bin_url).status_code == 404


def test_the_whole_shape_is_served_unset_lists_empty_unset_objects_null(client: httpx.Client) -> None:
    made = create(client, grantControls={"operator": "OR", "authenticationStrength": STRENGTH})
    conditions = made["conditions"]
    assert conditions["users"] == {
        "includeUsers": ["All"],
        "excludeUsers": [],
        "includeGroups": [],
        "excludeGroups": [],
        "includeRoles": [],
        "excludeRoles": [],
        "includeGuestsOrExternalUsers": None,
        "excludeGuestsOrExternalUsers": None,
    }
    for name in ("platforms", "locations", "devices", "clientApplications", "authenticationFlows"):
        assert conditions[name] is None
    assert conditions["signInRiskLevels"] == conditions["userRiskLevels"] == []
    assert (made["deletedDateTime"], made["templateId"], made["sessionControls"]) == (None, None, None)
    assert made["grantControls"]["authenticationStrength"]["displayName"] == "Multifactor authentication"
    assert "password,sms" in made["grantControls"]["authenticationStrength"]["allowedCombinations"]
    assert made["grantControls"]["authenticationStrength@odata.context"].endswith("/authenticationStrength/$entity")


def test_what_was_read_can_be_posted_again(client: httpx.Client) -> None:
    read = client.get(POLICIES).json()["value"][0]
    again = client.post(POLICIES, json=read)
    assert again.status_code == 201
    for name in ("displayName", "state", "conditions"):
        assert again.json()[name] == read[name]
    assert again.json()["id"] != read["id"]


def test_patch_keeps_what_it_leaves_out_and_replaces_lists_whole(client: httpx.Client, server: SandboxServer) -> None:
    users = [server.sandbox.tenant.people.user_id(place) for place in range(2)]
    made = create(client, conditions__users__excludeUsers=users)
    url = f"{POLICIES}/{made['id']}"
    client.patch(url, json={"conditions": {"users": {"excludeUsers": users[:1]}}})
    conditions = client.get(url).json()["conditions"]
    assert conditions["users"]["excludeUsers"] == users[:1]
    assert conditions["users"]["includeUsers"] == ["All"]
    assert conditions["applications"]["includeApplications"] == ["All"]


def test_patch_may_replace_conditions_whole_by_setting(start, connect) -> None:
    client = connect(start(policy_patch="replace"))
    made = create(client)
    refused = client.patch(f"{POLICIES}/{made['id']}", json={"conditions": {"signInRiskLevels": []}})
    assert refused.status_code == 400


def test_the_older_address_serves_the_same(client: httpx.Client) -> None:
    first, second = (
        client.get(path).json()["value"] for path in (POLICIES, "/beta/policies/conditionalAccessPolicies")
    )
    assert [each["id"] for each in first] == [each["id"] for each in second]


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"state": "on"}, "1007"),
        ({"colour": "red"}, "1007"),
        ({"conditions__mood": "good"}, "1007"),
        ({"displayName": ""}, "1004"),
        ({"grantControls": None}, "1006"),
        ({"conditions__clientAppTypes": []}, "1018"),
        ({"conditions__clientAppTypes": ["all", "browser"]}, "1019"),
        ({"conditions__clientAppTypes": ["fax"]}, "1007"),
        ({"conditions__users__includeUsers": []}, "1010"),
        ({"conditions__users__includeUsers": ["All", "None"]}, "1013"),
        ({"conditions__applications__includeApplications": []}, "1011"),
        ({"conditions__applications__includeUserActions": ["urn:user:registersecurityinfo"]}, "1012"),
        ({"conditions__locations": {"excludeLocations": ["AllTrusted"]}}, "1021"),
        ({"conditions__platforms": {"excludePlatforms": ["iOS"]}}, "1020"),
        ({"grantControls__builtInControls": ["block", "mfa"]}, "1032"),
        ({"grantControls__builtInControls": []}, "1032"),
        ({"grantControls__builtInControls": ["passwordChange"]}, "1032"),
        ({"grantControls__builtInControls": ["approvedApplication"]}, "1032"),
        ({"grantControls__authenticationStrength": STRENGTH}, "1032"),
        ({"grantControls__operator": "XOR"}, "1007"),
        ({"conditions__users__excludeUsers": ["00000000-0000-0000-0000-00000000dead"]}, "1017"),
        ({"conditions__users__includeGroups": ["00000000-0000-0000-0000-00000000dead"]}, "1017"),
        ({"conditions__users__excludeUsers": ["emergency1@contoso.example"]}, "1017"),
        ({"conditions__locations": {"includeLocations": ["00000000-0000-0000-0000-00000000dead"]}}, "1017"),
        ({"sessionControls": {"signInFrequency": {"isEnabled": True}}}, "1032"),
        ({"sessionControls": {"signInFrequency": {"isEnabled": True, "type": "weeks", "value": 1}}}, "1007"),
        ({"sessionControls": {"signInFrequency": {"isEnabled": True, "type": "days", "value": 0}}}, "1007"),
        ({"sessionControls": {"persistentBrowser": {"isEnabled": True, "mode": "sometimes"}}}, "1007"),
        ({"sessionControls": {"cloudAppSecurity": {"cloudAppSecurityType": "clouds"}}}, "1007"),
        ({"sessionControls": {"mood": None}}, "1007"),
        ({"conditions__users__excludeUser": []}, "1007"),
        ({"conditions__applications__excludeApps": []}, "1007"),
        ({"grantControls__control": "mfa"}, "1007"),
        ({"conditions__insiderRiskLevels": "low"}, "1007"),
        ({"conditions__users__includeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "alien"}}, "1007"),
        ({"conditions__devices": {"deviceFilter": {"mode": "perhaps", "rule": "x"}}}, "1007"),
        ({"conditions__authenticationFlows": {"transferMethods": "pigeon"}}, "1007"),
        ({"conditions__applications__globalSecureAccess": {}}, "1007"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_its_number(
    client: httpx.Client, changes: dict, number: str
) -> None:
    before = client.get(POLICIES).json()["value"]
    answer = client.post(POLICIES, json=draft(**changes))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "BadRequest")
    assert error["message"].startswith(f"{number}: ")
    assert client.get(POLICIES).json()["value"] == before


def test_what_is_right_inside_a_policy_is_taken(client: httpx.Client) -> None:
    guests = {
        "guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest",
        "externalTenants": {
            "@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants",
            "membershipKind": "enumerated",
            "members": ["00000000-0000-0000-0000-00000000beef"],
        },
    }
    session = {
        "signInFrequency": {"isEnabled": True, "frequencyInterval": "everyTime", "type": None, "value": None},
        "persistentBrowser": {"isEnabled": True, "mode": "never"},
        "cloudAppSecurity": {"isEnabled": True, "cloudAppSecurityType": "monitorOnly"},
    }
    made = create(
        client,
        conditions__users__excludeGuestsOrExternalUsers=guests,
        conditions__devices={"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}},
        conditions__authenticationFlows={"transferMethods": "deviceCodeFlow, authenticationTransfer"},
        conditions__insiderRiskLevels="moderate,elevated",
        sessionControls=session,
    )
    assert made["conditions"]["users"]["excludeGuestsOrExternalUsers"] == guests
    assert made["sessionControls"]["signInFrequency"]["frequencyInterval"] == "everyTime"
    beta = draft(conditions__applications__globalSecureAccess={})
    assert client.post(POLICIES.replace("v1.0", "beta"), json=beta).status_code == 201
    bound = draft(**{"grantControls__authenticationStrength@odata.bind": "https://graph.example/x"})
    assert client.post(POLICIES, json=bound).status_code == 501


@pytest.mark.parametrize("content", [b"", b"[]", b"nonsense", b"null", b'{"conditions": 7}'])
def test_a_body_that_is_no_policy_gets_1007(client: httpx.Client, content: bytes) -> None:
    answer = client.post(POLICIES, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["message"][:5]) == (400, "1007:")


def test_user_actions_cannot_be_report_only(client: httpx.Client) -> None:
    changes = {"conditions__applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}}
    assert client.post(POLICIES, json=draft(**changes)).status_code == 400
    assert client.post(POLICIES, json=draft(**changes, state="enabled")).status_code == 201


def test_security_defaults_and_enabled_policies_exclude_each_other(client: httpx.Client, server: SandboxServer) -> None:
    defaults = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
    assert client.patch(defaults, json={"isEnabled": True}).status_code == 400
    for policy in client.get(POLICIES).json()["value"]:
        client.delete(f"{POLICIES}/{policy['id']}")
    assert client.patch(defaults, json={"isEnabled": True}).status_code == 204
    assert client.get(defaults).json()["isEnabled"] is True
    made = create(client)  # report-only may be staged meanwhile
    refused = client.patch(f"{POLICIES}/{made['id']}", json={"state": "enabled"})
    assert "Security Defaults is enabled" in refused.json()["error"]["message"]
    assert client.patch(defaults, json={"isEnabled": False}).status_code == 204
    assert client.patch(f"{POLICIES}/{made['id']}", json={"state": "enabled"}).status_code == 204


def test_without_a_licence_policies_can_be_read_and_deleted_but_not_written(start, connect) -> None:
    tenant = company(7, 30)
    tenant.skus = [sku("O365_BUSINESS", "f245ecc8-75af-4f8e-b61f-27d8114de5f3", (), 5, 5)]
    client = connect(start(tenant))
    first = client.get(POLICIES).json()["value"][0]
    for answer in (
        client.post(POLICIES, json=draft()),
        client.patch(f"{POLICIES}/{first['id']}", json={"state": "disabled"}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AccessDenied")
        assert "not licensed" in answer.json()["error"]["message"]
    assert client.delete(f"{POLICIES}/{first['id']}").status_code == 204
    report = client.get("/v1.0/reports/authenticationMethods/userRegistrationDetails")
    assert report.json()["error"]["code"] == "Authentication_RequestFromNonPremiumTenantOrB2CTenant"


def test_risk_conditions_need_the_second_premium_plan(client: httpx.Client) -> None:
    assert client.post(POLICIES, json=draft(conditions__signInRiskLevels=["high"])).status_code == 403


def test_the_cap_counts_policies_in_every_state(start, connect) -> None:
    client = connect(start(policy_cap=5))
    for state in ("disabled", "enabledForReportingButNotEnforced"):
        create(client, state=state)
    refused = client.post(POLICIES, json=draft(state="disabled"))
    assert (refused.status_code, "limit" in refused.json()["error"]["message"]) == (400, True)


def test_new_enum_members_are_shown_only_to_those_who_ask(client: httpx.Client) -> None:
    made = create(client, conditions__platforms={"includePlatforms": ["linux"]})
    url = f"{POLICIES}/{made['id']}"
    assert client.get(url).json()["conditions"]["platforms"]["includePlatforms"] == ["unknownFutureValue"]
    asked = client.get(url, headers={"Prefer": "include-unknown-enum-members"}).json()
    assert asked["conditions"]["platforms"]["includePlatforms"] == ["linux"]


def test_reads_of_policies_may_lag(start, connect) -> None:
    client = connect(start(policy_read_lag_seconds=10))
    before = client.get(POLICIES).json()["value"]
    made = create(client)
    assert client.get(f"{POLICIES}/{made['id']}").status_code == 404
    assert client.get(POLICIES).json()["value"] == before
    client.post("/_sandbox/clock", json={"advance": 11})
    client.delete(f"{POLICIES}/{made['id']}")
    assert client.get(f"{POLICIES}/{made['id']}").status_code == 200
    client.post("/_sandbox/clock", json={"advance": 11})
    assert client.get(f"{POLICIES}/{made['id']}").status_code == 404
    assert client.get(POLICIES).json()["value"] == before


def test_the_bin_is_emptied_after_thirty_days_or_by_hand(client: httpx.Client) -> None:
    bin_url = "/v1.0/identity/conditionalAccess/deletedItems/policies"
    kept, purged = create(client), create(client)
    for policy in (kept, purged):
        client.delete(f"{POLICIES}/{policy['id']}")
    assert client.delete(f"{bin_url}/{purged['id']}").status_code == 204
    assert [each["id"] for each in client.get(bin_url).json()["value"]] == [kept["id"]]
    client.post("/_sandbox/clock", json={"advance": 31 * 86400})
    assert client.get(bin_url).json()["value"] == []


def test_restoring_may_be_kept_from_applications(start, connect) -> None:
    client = connect(start(app_only_restore=False))
    form = {"client_id": "app", "client_secret": "s", "grant_type": "client_credentials", "scope": "x/.default"}
    token = client.post("/contoso.example/oauth2/v2.0/token", data=form).json()["access_token"]
    made = create(client)["id"]
    client.delete(f"{POLICIES}/{made}").raise_for_status()
    as_app = {"Authorization": f"Bearer {token}"}
    assert client.post(f"{POLICIES}/{made}/restore", headers=as_app).status_code == 403
    assert client.post(f"{POLICIES}/{made}/restore").status_code == 200


def test_changes_of_policies_are_audited(client: httpx.Client) -> None:
    made = create(client)
    client.patch(f"{POLICIES}/{made['id']}", json={"state": "disabled"})
    client.delete(f"{POLICIES}/{made['id']}")
    log = client.get("/v1.0/auditLogs/directoryAudits?$filter=category eq 'Policy'").json()["value"]
    assert {each["activityDisplayName"] for each in log if each["targetResources"][0]["id"] == made["id"]} == {
        "Add conditional access policy",
        "Update conditional access policy",
        "Delete conditional access policy",
    }


def test_each_change_around_a_policy_is_audited_the_latest_first(client: httpx.Client) -> None:
    body = {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "displayName": "Branch",
        "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}],
    }
    made = client.post(LOCATIONS, json=body).json()["id"]
    client.patch(f"{LOCATIONS}/{made}", json={**body, "displayName": "Branch 2"}).raise_for_status()
    client.delete(f"{LOCATIONS}/{made}").raise_for_status()
    group = client.get("/v1.0/groups").json()["value"][0]["id"]
    who = "alma.berg@contoso.example"
    for change in ({"group": group, "add": who}, {"group": group, "remove": who}, {"user": who, "set": {"city": "X"}}):
        client.post("/_sandbox/change", json=change).raise_for_status()
    for policy in client.get(POLICIES).json()["value"]:
        client.delete(f"{POLICIES}/{policy['id']}")
    defaults = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
    client.patch(defaults, json={"isEnabled": True}).raise_for_status()
    log = client.get("/v1.0/auditLogs/directoryAudits").json()["value"]
    assert [each["activityDisplayName"] for each in log] == [
        "Update security defaults",
        *["Delete conditional access policy"] * 3,
        "Update user",
        "Remove member from group",
        "Add member to group",
        "Delete named location",
        "Update named location",
        "Add named location",
    ]
    renamed = log[-2]["targetResources"][0]["modifiedProperties"][0]
    assert ("Branch 2" in renamed["newValue"], "Branch 2" in renamed["oldValue"]) == (True, False)


def test_named_locations_are_kept_from_harm(client: httpx.Client) -> None:
    office = client.get(LOCATIONS).json()["value"][0]
    assert office["isTrusted"] is True
    assert client.delete(f"{LOCATIONS}/{office['id']}").status_code == 400
    kind = {"@odata.type": office["@odata.type"]}
    assert client.patch(f"{LOCATIONS}/{office['id']}", json={"isTrusted": False}).status_code == 400
    assert client.patch(f"{LOCATIONS}/{office['id']}", json={**kind, "isTrusted": False}).status_code == 204
    assert "used by" in client.delete(f"{LOCATIONS}/{office['id']}").json()["error"]["message"]
    body = {
        **kind,
        "displayName": "Branch",
        "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}],
    }
    made = client.post(LOCATIONS, json=body)
    assert made.status_code == 201
    assert client.delete(f"{LOCATIONS}/{made.json()['id']}").status_code == 204
    wide = copy.deepcopy(body)
    wide["ipRanges"][0]["cidrAddress"] = "10.0.0.0/8"
    assert client.post(LOCATIONS, json=wide).status_code == 400
    country = {
        "@odata.type": "#microsoft.graph.countryNamedLocation",
        "displayName": "Neighbours",
        "countriesAndRegions": ["NL", "DE"],
    }
    assert client.post(LOCATIONS, json=country).status_code == 201
    for broken in (
        {**body, "ipRanges": []},
        {**body, "displayName": ""},
        {**body, "displayName": 7},
        {**body, "@odata.type": "x"},
        {**body, "isTrusted": "yes"},
        {**body, "isTrustd": True},
        {**body, "countriesAndRegions": ["NL"]},
        {**country, "countriesAndRegions": ["Germany"]},
        {**country, "countryLookupMethod": "guess"},
    ):
        assert client.post(LOCATIONS, json=broken).status_code == 400, broken


def test_strengths_have_two_addresses(client: httpx.Client) -> None:
    for path in (
        "policies/authenticationStrengthPolicies",
        "identity/conditionalAccess/authenticationStrength/policies",
    ):
        names = [each["displayName"] for each in client.get(f"/v1.0/{path}").json()["value"]]
        assert names == ["Multifactor authentication", "Passwordless MFA", "Phishing-resistant MFA"]
        assert client.get(f"/beta/{path}/{STRENGTH['id']}").json()["policyType"] == "builtIn"


def test_what_a_policy_named_before_may_be_gone_when_it_is_changed(start, connect) -> None:
    gone = "aaaaaaaa-0000-0000-0000-000000000000"
    strength = {
        "id": "bbbbbbbb-0000-0000-0000-000000000000",
        "displayName": "Our own",
        "allowedCombinations": ["fido2"],
    }
    stale = draft(
        conditions__users__excludeGroups=[gone], grantControls={"operator": "OR", "authenticationStrength": strength}
    )
    policies = "identity/conditionalAccess/policies"
    client = connect(start(tenant_of({policies: [{"id": "p", **stale}]})))
    assert client.patch(f"{POLICIES}/p", json={"state": "enabled"}).status_code == 204
    read = client.get(f"{POLICIES}/p").json()
    assert read["conditions"]["users"]["excludeGroups"] == [gone]
    assert read["grantControls"]["authenticationStrength"]["allowedCombinations"] == ["fido2"]
    more = {"conditions": {"users": {"excludeGroups": [gone, gone.replace("a", "c")]}}}
    assert client.patch(f"{POLICIES}/p", json=more).status_code == 400
