"""Groups, roles, the tenant's own objects, methods and the registration report."""

import httpx
import pytest

from migrate.sandbox.company import group_called
from migrate.sandbox.roles import DIRECTORY_SYNC, GLOBAL_ADMINISTRATOR
from migrate.sandbox.server import SandboxServer

REPORT = "reports/authenticationMethods/userRegistrationDetails"
ROLES = "/v1.0/roleManagement/directory"


def values(client: httpx.Client, url: str, **headers: str) -> list[dict]:
    found = []
    while url:
        page = client.get(url, headers=headers).raise_for_status().json()
        found += page["value"]
        url = page.get("@odata.nextLink")
    return found


def test_transitive_members_follow_nesting_once_even_in_circles(client: httpx.Client, server: SandboxServer) -> None:
    tenant = server.sandbox.tenant
    group = group_called(tenant, "MFA Policy Exclusions")
    direct = values(client, f"/v1.0/groups/{group.id}/members")
    nested = values(client, f"/v1.0/groups/{group.id}/transitiveMembers?$top=2")
    assert {each["@odata.type"] for each in direct} == {"#microsoft.graph.user", "#microsoft.graph.group"}
    names = {each.get("userPrincipalName") for each in nested}
    assert {"dora.pike@contoso.example", "rob.keller@contoso.example"} <= names
    assert len({each["id"] for each in nested}) == len(nested)
    users = values(client, f"/v1.0/groups/{group.id}/transitiveMembers/microsoft.graph.user?$select=id,displayName")
    assert {each["id"] for each in users} == {each["id"] for each in nested if "userPrincipalName" in each}
    count = client.get(
        f"/v1.0/groups/{group.id}/transitiveMembers/microsoft.graph.user/$count",
        headers={"ConsistencyLevel": "eventual"},
    )
    assert int(count.text) == len(users)


def test_everybody_is_in_all_staff(client: httpx.Client, server: SandboxServer) -> None:
    group = group_called(server.sandbox.tenant, "All Staff")
    assert len(values(client, f"/beta/groups/{group.id}/transitiveMembers/microsoft.graph.user?$top=50")) == 120


def test_hidden_membership_reads_as_empty(client: httpx.Client, server: SandboxServer, connect) -> None:
    group = group_called(server.sandbox.tenant, "Board")
    assert client.get(f"/v1.0/groups/{group.id}").json()["visibility"] == "HiddenMembership"
    assert values(client, f"/v1.0/groups/{group.id}/members") == []
    app = "11111111-2222-3333-4444-555555555555"
    client.post("/_sandbox/grants", json={"appId": app, "permissions": ["Group.Read.All", "Member.Read.Hidden"]})
    form = {"client_id": app, "client_secret": "s", "grant_type": "client_credentials", "scope": "https://x/.default"}
    token = client.post("/contoso.example/oauth2/v2.0/token", data=form).json()["access_token"]
    assert len(values(connect(server, token), f"/v1.0/groups/{group.id}/members")) == 3


def test_an_unknown_group_is_404(client: httpx.Client) -> None:
    assert client.get("/v1.0/groups/none/transitiveMembers").status_code == 404


def test_roles_are_read_by_definition_by_template_and_with_their_principals(client: httpx.Client) -> None:
    roles = values(client, "/v1.0/directoryRoles")
    top = next(each for each in roles if each["roleTemplateId"] == GLOBAL_ADMINISTRATOR)
    for key in (top["id"], f"roleTemplateId={GLOBAL_ADMINISTRATOR}"):
        members = values(client, f"/v1.0/directoryRoles/{key}/members")
        assert {each["displayName"] for each in members} == {"Emergency Access 1", "Emergency Access 2", "Ada Admin"}
    url = f"{ROLES}/roleAssignments?$filter=roleDefinitionId eq '{DIRECTORY_SYNC}'&$expand=principal"
    holders = values(client, url)
    assert [each["principal"]["displayName"] for each in holders] == [
        "On-Premises Directory Synchronization Service Account"
    ]
    eligible = values(client, f"{ROLES}/roleEligibilitySchedules?$filter=roleDefinitionId eq '{GLOBAL_ADMINISTRATOR}'")
    assert len(eligible) == 1
    definition = client.get(f"{ROLES}/roleDefinitions/{GLOBAL_ADMINISTRATOR}").json()
    assert definition["displayName"] == "Global Administrator"


def test_a_role_may_be_held_through_a_group(client: httpx.Client, server: SandboxServer) -> None:
    group = group_called(server.sandbox.tenant, "Helpdesk Operators")
    assert group.json["isAssignableToRole"] is True
    found = values(client, f"{ROLES}/roleAssignments?$filter=principalId eq '{group.id}'&$expand=principal")
    assert found[0]["principal"]["@odata.type"] == "#microsoft.graph.group"


def test_owners_of_a_group_are_people_and_need_the_permission_to_read_members(
    client: httpx.Client, server: SandboxServer
) -> None:
    tenant = server.sandbox.tenant
    group = group_called(tenant, "Helpdesk Operators")
    assert values(client, f"/v1.0/groups/{group.id}/owners") == []
    group.owners = [tenant.people.user_id(3), "00000000-0000-0000-0000-000000000999"]
    assert values(client, f"/v1.0/groups/{group.id}/owners?$select=id") == [
        {"@odata.type": "#microsoft.graph.user", "id": tenant.people.user_id(3)}
    ]
    (whole,) = values(client, f"/v1.0/groups/{group.id}/owners")
    assert whole["userPrincipalName"]
    assert client.get("/v1.0/groups/none/owners").status_code == 404


def test_who_may_join_a_group_is_asked_group_by_group(client: httpx.Client, server: SandboxServer) -> None:
    url = "/v1.0/identityGovernance/privilegedAccess/group/eligibilitySchedules"
    group = group_called(server.sandbox.tenant, "Helpdesk Operators")
    assert client.get(url).status_code == 400
    assert [each["accessId"] for each in values(client, f"{url}?$filter=groupId eq '{group.id}'")] == ["member"]


def test_the_report_leaves_out_disabled_accounts(client: httpx.Client, server: SandboxServer) -> None:
    rows = values(client, f"/v1.0/{REPORT}")
    disabled = {each["id"] for each in values(client, "/v1.0/users?$filter=accountEnabled eq false&$select=id")}
    assert disabled
    assert not disabled & {each["id"] for each in rows}
    assert len(rows) + len(disabled) == 120


@pytest.mark.parametrize(
    ("name", "registered", "capable", "methods"),
    [
        ("alma.berg", True, True, ["microsoftAuthenticatorPush", "mobilePhone"]),
        ("fay.woods", True, True, ["mobilePhone"]),
        ("emil.stone", False, False, []),
        ("nora.bell", True, False, ["officePhone"]),
    ],
)
def test_the_report_tells_registered_from_capable(
    client: httpx.Client, server: SandboxServer, name: str, registered: bool, capable: bool, methods: list[str]
) -> None:
    user_id = client.get(f"/v1.0/users/{name}@contoso.example").json()["id"]
    row = client.get(f"/v1.0/{REPORT}/{user_id}").json()
    assert (row["isMfaRegistered"], row["isMfaCapable"], row["methodsRegistered"]) == (registered, capable, methods)
    assert "defaultMfaMethod" not in row
    assert "defaultMfaMethod" in client.get(f"/beta/{REPORT}/{user_id}").json()


def test_the_report_is_filtered_by_its_properties(client: httpx.Client) -> None:
    rows = values(client, f"/v1.0/{REPORT}?$filter=isMfaRegistered eq false and isAdmin eq false")
    assert rows
    assert not any(each["isMfaRegistered"] or each["isAdmin"] for each in rows)
    sms = values(client, f"/v1.0/{REPORT}?$filter=methodsRegistered/any(m:m eq 'mobilePhone')")
    assert all("mobilePhone" in each["methodsRegistered"] for each in sms)


def test_the_report_may_trail_behind_a_registration(start, connect) -> None:
    client = connect(start(report_lag_seconds=3600))
    user = client.get("/v1.0/users/emil.stone@contoso.example").json()["id"]
    client.post("/_sandbox/register", json={"user": user, "method": "fido2"})
    assert client.get(f"/v1.0/{REPORT}/{user}").json()["methodsRegistered"] == []
    assert len(client.get(f"/v1.0/users/{user}/authentication/methods").json()["value"]) == 2
    client.post("/_sandbox/clock", json={"advance": 3601})
    assert client.get(f"/v1.0/{REPORT}/{user}").json()["methodsRegistered"] == ["fido2"]


@pytest.mark.parametrize("query", ["$select=id", "$filter=id eq 'x'", "$top=1"])
def test_methods_take_no_query_options(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/v1.0/users/alma.berg@contoso.example/authentication/methods?{query}")
    assert (answer.status_code, query.split("=")[0] in answer.text) == (400, True)


def test_methods_always_hold_the_password(client: httpx.Client) -> None:
    methods = values(client, "/v1.0/users/alma.berg@contoso.example/authentication/methods")
    assert [each["@odata.type"].rsplit(".", 1)[-1] for each in methods] == [
        "passwordAuthenticationMethod",
        "microsoftAuthenticatorAuthenticationMethod",
        "phoneAuthenticationMethod",
    ]
    assert methods[0]["id"] == "28c10230-6103-485e-b985-444c60001490"


def test_the_tenants_own_objects_are_served(client: httpx.Client, server: SandboxServer) -> None:
    organization = values(client, "/v1.0/organization")[0]
    assert organization["id"] == server.sandbox.tenant.id
    assert [each["name"] for each in organization["verifiedDomains"] if each["isDefault"]] == ["contoso.example"]
    assert [each["id"] for each in values(client, "/v1.0/domains") if each["isDefault"]] == ["contoso.example"]
    plans = [
        plan["servicePlanName"] for each in values(client, "/v1.0/subscribedSkus") for plan in each["servicePlans"]
    ]
    assert "AAD_PREMIUM" in plans
    assert (
        client.get("/v1.0/policies/authenticationMethodsPolicy").json()["policyMigrationState"] == "migrationComplete"
    )
    assert client.get("/v1.0/policies/authorizationPolicy").json()["id"] == "authorizationPolicy"
    assert client.get("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy").json()["isEnabled"] is False
