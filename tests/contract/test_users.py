"""Users, their memberships, and the query options of lists."""

from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from migrate.sandbox.company import group_called
from migrate.sandbox.server import SandboxServer

EVENTUAL = {"ConsistencyLevel": "eventual"}


def pages(client: httpx.Client, url: str) -> Iterator[dict]:
    """Follow nextLinks, as they are."""
    while url:
        page = client.get(url).raise_for_status().json()
        yield page
        url = page.get("@odata.nextLink")


def everybody(client: httpx.Client, url: str) -> list[dict]:
    return [each for page in pages(client, url) for each in page["value"]]


def test_a_list_has_pages_of_100_whose_links_keep_the_query(client: httpx.Client, server: SandboxServer) -> None:
    found = list(pages(client, "/v1.0/users?$select=id,userPrincipalName"))
    assert [len(page["value"]) for page in found] == [100, 20]
    assert found[0]["@odata.nextLink"].startswith(f"{server.url}/v1.0/users?$select=id,userPrincipalName&$skiptoken=")
    assert set(found[1]["value"][0]) == {"id", "userPrincipalName"}
    assert len({each["id"] for page in found for each in page["value"]}) == 120


def test_next_links_are_built_from_the_host_that_was_asked(client: httpx.Client) -> None:
    page = client.get("/v1.0/users", headers={"Host": "localhost:8443"}).json()
    assert page["@odata.nextLink"].startswith("http://localhost:8443/v1.0/users?")


def test_one_may_ask_for_999_at_once_but_not_for_more(client: httpx.Client) -> None:
    assert len(client.get("/v1.0/users?$top=999").json()["value"]) == 120
    refused = client.get("/v1.0/users?$top=1000")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")


@pytest.mark.parametrize("path", ["/v1.0//users//", "/V1.0/USERS", "/v1.0/Users", "/v1.0/%75sers"])
def test_paths_are_read_without_regard_to_case_slashes_and_encoding(client: httpx.Client, path: str) -> None:
    assert len(client.get(path).raise_for_status().json()["value"]) == 100


def test_a_user_is_found_by_id_and_by_name_also_a_guest_whose_name_needs_encoding(
    client: httpx.Client, server: SandboxServer
) -> None:
    guest = server.sandbox.tenant.people.user(14)
    assert "#EXT#" in guest["userPrincipalName"]
    by_name = client.get(f"/v1.0/users/{quote(guest['userPrincipalName'], safe='')}").json()
    assert by_name["id"] == guest["id"]
    assert client.get(f"/v1.0/users/{guest['id'].upper()}").json()["userPrincipalName"] == guest["userPrincipalName"]
    assert client.get(f"/v1.0/users('{guest['id']}')").json()["id"] == guest["id"]


def test_an_unknown_user_is_a_404_in_graphs_shape(client: httpx.Client) -> None:
    answer = client.get("/v1.0/users/nobody@contoso.example", headers={"client-request-id": "mine-1"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (404, "Request_ResourceNotFound")
    assert error["innerError"]["request-id"] == answer.headers["request-id"]
    assert error["innerError"]["client-request-id"] == answer.headers["client-request-id"] == "mine-1"


def test_v1_sends_the_default_properties_and_beta_more(client: httpx.Client) -> None:
    assert "userType" not in client.get("/v1.0/users").json()["value"][0]
    assert "userType" in client.get("/beta/users").json()["value"][0]


def test_the_state_on_the_user_object_is_there_only_when_it_is_selected(client: httpx.Client) -> None:
    rows = everybody(client, "/beta/users?$select=id,perUserMfaState&$top=50")
    assert {each["perUserMfaState"] for each in rows} == {"disabled", "enabled", "enforced"}
    assert "perUserMfaState" not in client.get("/beta/users").json()["value"][0]


def test_the_state_on_the_user_object_can_be_switched_off(start, connect) -> None:
    rows = everybody(connect(start(bulk_state_select=False)), "/beta/users?$select=id,perUserMfaState")
    assert all(set(each) == {"id"} for each in rows)


def test_an_unknown_property_is_refused_by_name(client: httpx.Client) -> None:
    answer = client.get("/v1.0/users?$select=id,shoeSize")
    assert answer.status_code == 400
    assert "shoeSize" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("condition", "test"),
    [
        ("userType eq 'Guest'", lambda user: user["userType"] == "Guest"),
        ("accountEnabled eq false", lambda user: not user["accountEnabled"]),
        ("startswith(userPrincipalName,'emergency')", lambda user: user["userPrincipalName"].startswith("emergency")),
        ("userType in ('Guest','Nobody')", lambda user: user["userType"] == "Guest"),
        (
            "(userType eq 'Guest' or accountEnabled eq false) and createdDateTime ge 2018-01-01T00:00:00Z",
            lambda user: (
                (user["userType"] == "Guest" or not user["accountEnabled"]) and user["createdDateTime"] >= "2018"
            ),
        ),
        (
            "identities/any(i:i/issuer eq 'ExternalAzureAD' and i/signInType eq 'federated')",
            lambda user: user["creationType"] == "Invitation",
        ),
        ("assignedPlans/any(p:p/capabilityStatus eq 'Enabled')", lambda user: bool(user["assignedPlans"])),
    ],
)
def test_filters_find_exactly_whom_they_describe(
    client: httpx.Client, server: SandboxServer, condition: str, test
) -> None:
    people = server.sandbox.tenant.people
    expected = {people.user_id(place) for place in range(len(people)) if test(people.user(place))}
    found = everybody(client, f"/beta/users?$top=7&$filter={quote(condition)}")
    assert {each["id"] for each in found} == expected
    assert len(found) == len(expected) > 0


def test_advanced_filters_need_the_consistency_header_and_a_count(client: httpx.Client) -> None:
    url = "/v1.0/users?$filter=userType ne 'Guest'"
    assert client.get(url).json()["error"]["code"] == "Request_UnsupportedQuery"
    page = client.get(f"{url}&$count=true&$top=5", headers=EVENTUAL).json()
    assert page["@odata.count"] > 5
    following = client.get(page["@odata.nextLink"], headers=EVENTUAL).json()
    assert "@odata.count" not in following


def test_counting_answers_plain_text(client: httpx.Client) -> None:
    assert client.get("/v1.0/users/$count").status_code == 400
    answer = client.get("/v1.0/users/$count", headers=EVENTUAL)
    assert (answer.text, answer.headers["content-type"]) == ("120", "text/plain")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("$filter=userType eq", 400),
        ("$filter=shoeSize eq 3", 400),
        ("$filter=userType is 'Guest'", 400),
        ("$filter=endswith(mail,'example')", 400),
        ("$filter=contains(mail,'example')", 501),
        ("$search=x", 400),
        ('$search="displayName:a"', 400),
        (f"$filter={'(' * 3000}", 400),
        ("$skip=10", 400),
        ("$nonsense=1", 400),
        ("$top=0", 400),
        ("$top=x", 400),
        ("$skiptoken=forged", 400),
        ("$orderby=shoeSize", 400),
        ("$expand=manager", 501),
        ("$select=id&$select=mail", 400),
        ("$filter=assignedLicenses/$count eq 0", 501),
        ("$filter=accountEnabled eq 'true'", 400),
        ("$filter=createdDateTime ge '2020-01-01T00:00:00Z'", 400),
        ("$filter=assignedLicenses/skuId eq 05e9a617-0261-4cee-bb44-138d3ef5d965", 400),
        ("$filter=city eq 'Bern'", 501),
        ("$filter=otherMails/any(m:m eq 'a@contoso.example')", 501),
        ("$filter=signInActivity/lastSignInDateTime le 2020-01-01", 501),
        ("$filter=displayName ge 'a'", 501),
        ("$orderby=createdDateTime", 501),
        ("$count=perhaps", 400),
        ("$format=xml", 501),
        ("$format=json", 200),
    ],
)
def test_nonsense_is_400_and_what_graph_has_beyond_us_is_501(client: httpx.Client, query: str, status: int) -> None:
    answer = client.get(f"/v1.0/users?{query}")
    assert answer.status_code == status
    assert status == 200 or answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "path",
    [
        "groups",
        "directoryRoles",
        "roleManagement/directory/roleDefinitions",
        "roleManagement/directory/roleAssignments",
        "roleManagement/directory/roleEligibilitySchedules",
        "identity/conditionalAccess/policies",
        "identity/conditionalAccess/namedLocations",
        "policies/authenticationStrengthPolicies",
        "reports/authenticationMethods/userRegistrationDetails",
        "auditLogs/signIns",
        "auditLogs/directoryAudits",
        "organization",
        "domains",
        "subscribedSkus",
        "policies/identitySecurityDefaultsEnforcementPolicy",
        "policies/authenticationMethodsPolicy",
        "policies/authorizationPolicy",
    ],
)
def test_no_collection_takes_a_property_that_it_does_not_have(client: httpx.Client, path: str) -> None:
    assert client.get(f"/v1.0/{path}?$select=id,shoeSize").status_code == 400
    assert client.get(f"/v1.0/{path}?$select=id").status_code == 200
    assert client.get(f"/v1.0/{path}?$expand=shoes").status_code == 501


def names(client: httpx.Client, url: str) -> list[str]:
    answer = client.get(f"/v1.0/{url}", headers=EVENTUAL)
    assert answer.status_code == 200, answer.text
    return [each["displayName"] for each in answer.json()["value"]]


def test_a_search_finds_words_of_names_and_beginnings_of_the_rest(client: httpx.Client) -> None:
    assert names(client, 'users?$search="displayName:berg alm"') == ["Alma Berg"]
    assert names(client, 'users?$search="displayName:lma"') == []
    assert names(client, 'users?$search="mail:alma.berg@" OR "userPrincipalName:ben"')[:2] == ["Alma Berg", "Ben Frost"]
    assert names(client, 'groups?$search="displayName:policy" AND "mailNickname:mfa"') == ["MFA Policy Exclusions"]
    for mail_enabled, expected in (("true", ["Board"]), ("false", [])):
        assert names(client, f'groups?$search="displayName:b"&$filter=mailEnabled eq {mail_enabled}') == expected


def test_a_search_holds_for_pages_counts_and_members(client: httpx.Client, server: SandboxServer) -> None:
    people = server.sandbox.tenant.people
    search = '$search="displayName:b"'
    expected = {
        people.user_id(place)
        for place in range(len(people))
        if any(word.startswith("B") for word in people.user(place)["displayName"].split())
    }
    page = client.get(f"/v1.0/users?$top=2&$count=true&{search}", headers=EVENTUAL).json()
    assert page["@odata.count"] == len(expected) > 4
    found = [*page["value"]]
    while "@odata.nextLink" in page:
        page = client.get(page["@odata.nextLink"], headers=EVENTUAL).json()
        found += page["value"]
    assert {each["id"] for each in found} == expected
    assert client.get(f"/v1.0/users/$count?{search}", headers=EVENTUAL).text == str(len(expected))
    staff = group_called(server.sandbox.tenant, "All Staff").id
    inside = f"groups/{staff}/transitiveMembers/microsoft.graph.user"
    members = names(client, f'{inside}?$search="surname:b"&$orderby=displayName&$count=true')
    assert len(members) > 1
    assert members == sorted(members, key=str.lower)
    assert client.get(f'/v1.0/{inside}/$count?$search="surname:b"', headers=EVENTUAL).text == str(len(members))
    alma = people.user_id(people.find("alma.berg@contoso.example"))
    assert names(client, f'users/{alma}/transitiveMemberOf?$search="displayName:staff"') == ["All Staff"]


@pytest.mark.parametrize(
    "path",
    ["users/alma.berg@contoso.example", "domains", "identity/conditionalAccess/policies", "me/authentication/methods"],
)
def test_what_cannot_be_searched_says_so(client: httpx.Client, path: str) -> None:
    answer = client.get(f'/v1.0/{path}?$search="displayName:a"', headers=EVENTUAL)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "Request_UnsupportedQuery")


def test_members_are_filtered_by_what_is_not_shown(client: httpx.Client, server: SandboxServer) -> None:
    tenant = server.sandbox.tenant
    members = f"/v1.0/groups/{group_called(tenant, 'All Staff').id}/transitiveMembers/microsoft.graph.user"
    disabled = client.get(f"{members}?$filter=accountEnabled eq false&$top=999").json()["value"]
    assert disabled
    assert all(tenant.people.user(tenant.people.find(each["id"]))["accountEnabled"] is False for each in disabled)
    assert "accountEnabled" not in disabled[0]


def test_a_page_link_of_another_list_is_refused(client: httpx.Client) -> None:
    link = client.get("/v1.0/users?$top=1").json()["@odata.nextLink"]
    assert client.get(link.replace("/users?", "/groups?")).status_code == 400


def test_me_is_the_administrator_for_a_constant_token(client: httpx.Client) -> None:
    assert client.get("/v1.0/me").json()["userPrincipalName"] == "admin@contoso.example"


def test_memberships_follow_nesting_and_name_roles(client: httpx.Client, server: SandboxServer) -> None:
    people = server.sandbox.tenant.people
    rob, pia = (people.user_id(people.find(f"{name}@contoso.example")) for name in ("rob.keller", "pia.summer"))
    direct = {each["displayName"] for each in everybody(client, f"/v1.0/users/{rob}/memberOf")}
    nested = {each["displayName"] for each in everybody(client, f"/v1.0/users/{rob}/transitiveMemberOf")}
    assert "MFA Policy Exclusions" in nested - direct
    kinds = {each["@odata.type"] for each in everybody(client, f"/v1.0/users/{pia}/transitiveMemberOf")}
    assert kinds == {"#microsoft.graph.group", "#microsoft.graph.directoryRole"}
    only = everybody(client, f"/v1.0/users/{pia}/transitiveMemberOf/microsoft.graph.directoryRole")
    assert [each["displayName"] for each in only] == ["Helpdesk Administrator"]


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/v1.0/nonsense", 501, "GET /v1.0/nonsense"),
        ("GET", "/beta/users/x/messages", 501, "messages"),
        ("DELETE", "/v1.0/users/x", 405, "not allowed"),
        ("GET", "/v1.0/users/x/authentication/requirements", 400, "segment 'requirements'"),
        ("GET", "/elsewhere", 501, "elsewhere"),
    ],
)
def test_what_is_not_modelled_says_so(client: httpx.Client, method: str, path: str, status: int, words: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


def test_a_name_that_begins_with_a_dollar_sign_is_a_key_between_quotes_and_refused_without(
    client: httpx.Client, server: SandboxServer
) -> None:
    server.sandbox.tenant.people.amend(5, {"userPrincipalName": "$ales@contoso.example"})
    found = client.get("/v1.0/users('$ales@contoso.example')").json()
    assert found["id"] == server.sandbox.tenant.people.user_id(5)
    assert client.get("/v1.0/users('%24ales@contoso.example')").json()["id"] == found["id"]
    bare = client.get("/v1.0/users/$ales@contoso.example")
    assert (bare.status_code, "URL convention" in bare.json()["error"]["message"]) == (400, True)
    assert client.get("/v1.0/users('$count')").status_code == 404
