"""What is new in 2026, as it is served: the facts of platform-2026-11, each at the call that shows it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from migrate.sandbox.company import company
from migrate.sandbox.documentation import UNSEEN_EXAMPLE
from migrate.sandbox.managed_policies import KINDS
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.standing import sku
from migrate.sandbox.tenant_file import dump_tenant, tenant_of

CA = "identity/conditionalAccess"
POLICIES = f"/v1.0/{CA}/policies"
EVENTUAL = {"ConsistencyLevel": "eventual"}
USER = "alma.berg@contoso.example"
Start, Connect = Callable[..., SandboxServer], Callable[..., httpx.Client]
BETA_POLICY: dict[str, Any] = {
    "id": "11111111-0000-4000-8000-000000000001",
    "displayName": "Narrowed where v1.0 does not show it",
    "state": "enabled",
    "#microsoft.graph.restore": {"title": "microsoft.graph.restore"},
    "conditions": {
        "users": {"includeUsers": ["All"]},
        "applications": {"includeApplications": ["All"], "networkAccess": {"name": "x"}},
        "clientAppTypes": ["all"],
        "agentIdRiskLevels": "high",
        "devices": {"includeDeviceStates": ["All"]},
    },
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    "sessionControls": {"globalSecureAccessFilteringProfile": {"isEnabled": True}},
}


def served(start: Start, connect: Connect, **document: Any) -> httpx.Client:
    return connect(start(tenant_of(document)))


def test_v1_hides_what_only_beta_has_of_a_policy_and_beta_shows_it(start: Start, connect: Connect) -> None:
    client = served(start, connect, **{f"{CA}/policies": [BETA_POLICY]})
    one = f"{POLICIES}/{BETA_POLICY['id']}"
    for old in (client.get(POLICIES).json()["value"][0], client.get(one).json()):
        assert "agentIdRiskLevels" not in old["conditions"]
        assert "networkAccess" not in old["conditions"]["applications"]
        assert "includeDeviceStates" not in old["conditions"]["devices"]
        assert "globalSecureAccessFilteringProfile" not in old["sessionControls"]
        assert old["#microsoft.graph.restore"] == {"title": "microsoft.graph.restore"}
    new = client.get(one.replace("v1.0", "beta")).json()
    assert new["conditions"]["agentIdRiskLevels"] == "high"
    assert new["conditions"]["applications"]["networkAccess"] == {"name": "x"}
    assert new["conditions"]["devices"]["includeDeviceStates"] == ["All"]
    assert new["sessionControls"]["globalSecureAccessFilteringProfile"] == {"isEnabled": True}
    assert client.patch(one, json={**client.get(one).json(), "state": "disabled"}).status_code == 204
    kept = client.get(one.replace("v1.0", "beta")).json()["conditions"]
    assert kept["agentIdRiskLevels"] == "high"


def test_v1_shows_no_beta_member_of_the_methods_policy(client: httpx.Client) -> None:
    url = "/{}/policies/authenticationMethodsPolicy"
    old, new = (client.get(url.format(version)).json() for version in ("v1.0", "beta"))
    assert set(new) - set(old) == {"reportSuspiciousActivitySettings", "systemCredentialPreferences"}
    assert client.get(f"{url.format('v1.0')}?$select=systemCredentialPreferences").status_code == 400
    assert client.get(f"{url.format('beta')}?$select=systemCredentialPreferences").status_code == 200


def test_plans_rules_and_settings_are_served_in_beta_only(start: Start, connect: Connect) -> None:
    plan = {"id": "plan-1", "displayName": "Staff", "sharedConditions": {"users": {"includeUsers": ["All"]}}}
    rule = {"id": "rule-1", "displayName": "MFA", "controls": {"grantControls": {"builtInControls": ["mfa"]}}}
    exclusions = {"allResourcesExclusions": {"userActionExclusions": [{"userAction": "registerDevice"}]}}
    client = served(
        start,
        connect,
        **{
            f"{CA}/plans": [plan],
            f"{CA}/plans/plan-1/rules": [rule],
            f"{CA}/settings": {"id": "s", "exclusions": exclusions},
        },
    )
    assert client.get(f"/beta/{CA}/plans").json()["value"] == [plan]
    assert client.get(f"/beta/{CA}/plans/PLAN-1").json()["displayName"] == "Staff"
    assert client.get(f"/beta/{CA}/plans/plan-1/rules").json()["value"] == [rule]
    assert client.get(f"/beta/{CA}/settings").json()["exclusions"] == exclusions
    assert client.get(f"/beta/{CA}/plans/plan-2").status_code == 404
    for path in ("plans", "plans/plan-1/rules", "settings"):
        assert client.get(f"/v1.0/{CA}/{path}").status_code == 400
    assert client.post("/_sandbox/signins", json={"user": "nobody"}).status_code == 400
    again = tenant_of(dump_tenant(tenant_of(client.get("/_sandbox/dump").json())))
    assert again.plans == [{**plan, "rules": [rule]}]


def test_a_company_without_plans_has_an_empty_list_and_plain_settings(client: httpx.Client) -> None:
    assert client.get(f"/beta/{CA}/plans").json()["value"] == []
    assert client.get(f"/beta/{CA}/settings").json()["exclusions"]["allResourcesExclusions"] == {
        "userActionExclusions": []
    }


def test_whose_mfa_is_trusted(start: Start, connect: Connect) -> None:
    base = "policies/crossTenantAccessPolicy"
    partner = {"tenantId": "aaaaaaaa-0000-4000-8000-00000000000a", "isServiceProvider": True, "inboundTrust": None}
    trust = {"isMfaAccepted": True}
    client = served(start, connect, **{f"{base}/default": {"inboundTrust": trust}, f"{base}/partners": [partner]})
    default = client.get(f"/v1.0/{base}/default").json()
    assert (default["isServiceDefault"], default["inboundTrust"]) == (False, trust)
    (found,) = client.get(f"/v1.0/{base}/partners").json()["value"]
    assert (found["isServiceProvider"], found["inboundTrust"], found["b2bCollaborationInbound"]) == (True, None, None)
    one = f"/v1.0/{base}/partners/{partner['tenantId']}"
    assert client.get(one.upper().replace("/V1.0", "/v1.0")).json()["tenantId"] == partner["tenantId"]
    assert client.get(f"/v1.0/{base}/partners/nobody").status_code == 404
    plain = connect(start()).get(f"/v1.0/{base}/default").json()
    assert (plain["isServiceDefault"], plain["inboundTrust"]["isMfaAccepted"]) == (True, False)


@pytest.mark.parametrize("path", ["users", "groups", "groups/{group}/members", "groups/{group}/transitiveMembers"])
def test_a_count_without_the_header_is_passed_over_in_silence(
    client: httpx.Client, server: SandboxServer, path: str
) -> None:
    url = f"/v1.0/{path.format(group=next(iter(server.sandbox.tenant.groups)).id)}"
    silent = client.get(f"{url}?$count=true&$top=2")
    assert (silent.status_code, "@odata.count" in silent.json()) == (200, False)
    following = silent.json().get("@odata.nextLink")
    assert following is None or client.get(following).status_code == 200
    assert client.get(f"{url}?$count=true", headers=EVENTUAL).json()["@odata.count"] >= 0
    for query in ("/$count", '?$search="displayName:a"', '?$search="displayName:a"&$count=true'):
        if path != "groups" or query != "/$count":
            assert client.get(f"{url}{query}").status_code == 400


def test_the_last_sign_in_is_served_when_it_is_selected(client: httpx.Client, server: SandboxServer) -> None:
    first = client.post("/_sandbox/signins", json={"user": USER}).json()
    client.post("/_sandbox/clock", json={"advance": 60})
    failed = client.post("/_sandbox/signins", json={"user": USER, "mfa": False}).json()
    client.post("/_sandbox/signins", json={"user": USER, "interactive": False})
    url = f"/v1.0/users/{USER}?$select=id,signInActivity"
    activity = client.get(url).json()["signInActivity"]
    assert (activity["lastSignInRequestId"], activity["lastSignInDateTime"]) == (
        failed["id"],
        failed["createdDateTime"],
    )
    assert activity["lastSuccessfulSignInDateTime"] > first["createdDateTime"]
    assert activity["lastNonInteractiveSignInDateTime"] == activity["lastSuccessfulSignInDateTime"]
    page = client.get("/v1.0/users?$select=id,SignInActivity&$top=999").json()["value"]
    assert sum(each["signInActivity"] is not None for each in page) == 1
    assert "signInActivity" not in client.get(f"/beta/users/{USER}").json()
    server.sandbox.tenant.skus = []
    refused = client.get(url)
    assert (refused.status_code, refused.json()["error"]["code"]) == (
        403,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
    )
    assert client.get(f"/v1.0/users/{USER}?$select=id").status_code == 200


def test_pages_with_the_last_sign_in_are_of_500_at_most(start: Start, connect: Connect) -> None:
    client = connect(start(company(7, 600)))
    sizes = [
        len(client.get(f"/v1.0/users?$select={each}&$top=999").json()["value"]) for each in ("id", "signInActivity")
    ]
    assert sizes == [600, 500]


def test_a_file_may_say_when_somebody_last_signed_in(start: Start, connect: Connect) -> None:
    given = {"lastSignInDateTime": "2026-01-02T03:04:05Z"}
    client = served(
        start, connect, users=[{"id": "u", "userPrincipalName": "u@contoso.example", "signInActivity": given}]
    )
    assert client.get("/v1.0/users/u?$select=signInActivity").json()["signInActivity"] == given
    assert "signInActivity" not in client.get("/beta/users/u").json()


def test_agents_accounts_stand_among_users_with_their_type(start: Start, connect: Connect) -> None:
    agent = {"@odata.type": "#microsoft.graph.agentUser", "id": "bot", "userPrincipalName": "bot@contoso.example"}
    client = served(start, connect, users=[{"id": "u", "userPrincipalName": "u@contoso.example"}, agent])
    for version in ("v1.0", "beta"):
        types = [each.get("@odata.type") for each in client.get(f"/{version}/users?$select=id").json()["value"]]
        assert types == [None, "#microsoft.graph.agentUser"]


def test_the_compliant_network_is_a_location_of_beta_only(start: Start, connect: Connect) -> None:
    network = {"@odata.type": "#microsoft.graph.compliantNetworkNamedLocation", "id": "n", "displayName": "Network"}
    client = served(start, connect, **{f"{CA}/namedLocations": [network]})
    assert client.get(f"/beta/{CA}/namedLocations").json()["value"] == [network]
    assert client.get(f"/v1.0/{CA}/namedLocations").json()["value"] == []
    assert [client.get(f"/{each}/{CA}/namedLocations/n").status_code for each in ("v1.0", "beta")] == [404, 200]


def test_two_objects_with_one_id_are_both_served_and_kept(start: Start, connect: Connect) -> None:
    places = [{"id": "p", "displayName": each, "isTrusted": True, "ipRanges": []} for each in ("one", "two", "three")]
    strengths = [{"id": "s", "displayName": each, "allowedCombinations": []} for each in ("one", "two")]
    document = {f"{CA}/namedLocations": places, "policies/authenticationStrengthPolicies": strengths}
    client = served(start, connect, **document)
    dumped = client.get("/_sandbox/dump").json()
    for served_by in (client, served(start, connect, **dumped)):
        assert served_by.get(f"/v1.0/{CA}/namedLocations").json()["value"] == places
        shown = served_by.get("/v1.0/policies/authenticationStrengthPolicies").json()["value"]
        assert [each["displayName"] for each in shown if each["id"] == "s"] == ["one", "two"]
        assert served_by.get(f"/v1.0/{CA}/namedLocations/p").json()["displayName"] == "one"


def test_a_policy_keeps_its_older_copy_of_a_strength(start: Start, connect: Connect) -> None:
    copy = {"id": "s", "displayName": "Old", "requirementsSatisfied": "mfa", "allowedCombinations": ["fido2"]}
    policy = {**BETA_POLICY, "grantControls": {"operator": "OR", "authenticationStrength": copy}}
    new = {**copy, "displayName": "New", "allowedCombinations": ["password"]}
    client = served(start, connect, **{f"{CA}/policies": [policy], "policies/authenticationStrengthPolicies": [new]})
    shown = client.get(POLICIES).json()["value"][0]["grantControls"]["authenticationStrength"]
    assert shown == copy
    assert client.get("/v1.0/policies/authenticationStrengthPolicies/s").json()["allowedCombinations"] == ["password"]


@pytest.mark.parametrize("kind", KINDS)
def test_policies_that_microsoft_manages_take_exclusions_and_a_state_and_nothing_else(
    client: httpx.Client, server: SandboxServer, kind: str
) -> None:
    made = client.post("/_sandbox/managed", json={"kind": kind}).json()
    one = f"{POLICIES}/{made['id']}"
    shown = client.get(one.replace("v1.0", "beta")).json()
    assert shown["displayName"].startswith("Microsoft-managed: ")
    assert shown["state"] == "enabledForReportingButNotEnforced"
    excluded = {"conditions": {"users": {"excludeUsers": [server.sandbox.tenant.people.user_id(0)]}}}
    if kind != "riskySignIns":  # the company has no P2
        assert client.patch(one.replace("v1.0", "beta"), json=excluded).status_code == 204
        assert client.patch(one, json={"state": "disabled"}).status_code == 204
    for change in ({"displayName": "Ours"}, {"conditions": {"clientAppTypes": ["browser"]}}, {"grantControls": None}):
        assert client.patch(one, json=change).status_code == 400
    assert client.delete(one).status_code == 400
    assert client.get(one).status_code == 200
    assert tenant_of(client.get("/_sandbox/dump").json()).unseen.managed == {made["id"]: kind}


@pytest.mark.parametrize(("scope", "stays"), [("grows", True), ("follows", False)])
def test_the_managed_policy_for_per_user_mfa_names_its_people_and_may_lose_whoever_is_disabled(
    start: Start, connect: Connect, scope: str, stays: bool
) -> None:
    server = start(managed_scope=scope)
    client, people = connect(server), server.sandbox.tenant.people
    made = client.post("/_sandbox/managed", json={"kind": "perUserMfa", "state": "enabled"}).json()
    named = set(made["conditions"]["users"]["includeUsers"])
    assert named == {people.user_id(each) for each in range(len(people)) if people.mfa_state(each) != "disabled"}
    url = f"/beta/users/{USER}/authentication/requirements"
    client.patch(url, json={"perUserMfaState": "disabled"}).raise_for_status()
    alma = people.user_id(2)

    def included() -> list[str]:
        found: list[str] = client.get(f"{POLICIES}/{made['id']}").json()["conditions"]["users"]["includeUsers"]
        return found

    assert (alma in included()) is stays
    client.patch(url, json={"perUserMfaState": "enforced"}).raise_for_status()
    assert included().count(alma) == 1


def test_microsoft_makes_no_such_policy_for_500_people(start: Start, connect: Connect) -> None:
    client = connect(start(company(7, 2000)))
    assert client.post("/_sandbox/managed", json={"kind": "perUserMfa"}).status_code == 400
    assert client.post("/_sandbox/managed", json={"kind": "nonsense"}).status_code == 400


def test_new_words_are_taken_where_a_policy_is_written(start: Start, connect: Connect) -> None:
    client = connect(start())
    body = {name: each for name, each in BETA_POLICY.items() if name not in ("id", "sessionControls")}
    conditions = {**body["conditions"], "users": {"includeUsers": ["AllAgentIdUsers"]}}
    del conditions["devices"]
    made = client.post(f"/beta/{CA}/policies", json={**body, "conditions": conditions})
    assert made.status_code == 201, made.text
    assert client.post(POLICIES, json={**body, "conditions": conditions}).status_code == 400


def test_what_if_takes_where_a_guest_comes_from_and_attributes_of_the_device(start: Start, connect: Connect) -> None:
    partner = "aaaaaaaa-0000-4000-8000-00000000000a"
    guests = {
        "guestOrExternalUserTypes": "b2bCollaborationGuest",
        "externalTenants": {"membershipKind": "enumerated", "members": [partner]},
    }
    rule = {"deviceFilter": {"mode": "exclude", "rule": 'device.isCompliant -eq "True"'}}
    conditions = {
        **BETA_POLICY["conditions"],
        "users": {"includeGuestsOrExternalUsers": guests},
        "agentIdRiskLevels": None,
        "devices": rule,
    }
    guest = {"id": "g", "userPrincipalName": "g@contoso.example", "userType": "Guest", "creationType": "Invitation"}
    policy = {**BETA_POLICY, "conditions": conditions}
    client = served(start, connect, users=[guest], **{f"{CA}/policies": [policy]})

    def reasons(identity: dict[str, Any], device: dict[str, Any] | None) -> str:
        body = {
            "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": "g", **identity},
            "signInContext": {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": ["x"]},
            "signInConditions": {"deviceInfo": device},
        }
        answer = client.post(f"/v1.0/{CA}/evaluate", json=body)
        assert answer.status_code == 200, answer.text
        found: str = answer.json()["value"][0]["analysisReasons"]
        return found

    known, compliant = {"externalTenantId": partner}, {"isCompliant": True}
    assert reasons(known, {"isCompliant": False}) == "notSet"
    assert reasons(known, compliant) == "devices"
    assert reasons(known, None) == "notEnoughInformation,devices"
    assert reasons({}, {"isCompliant": False}) == "notEnoughInformation,users"
    assert reasons({"externalTenantId": "other"}, {"isCompliant": False}) == "users"
    assert reasons({**known, "externalUserType": "serviceProvider"}, {"isCompliant": False}) == "users"
    wrong = {"@odata.type": "#microsoft.graph.userSignIn", "userId": "g", "externalUserType": "friend"}
    context = {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": ["x"]}
    body = {"signInIdentity": wrong, "signInContext": context, "signInConditions": {}}
    assert client.post(f"/v1.0/{CA}/evaluate", json=body).status_code == 400


def test_the_page_shows_an_example_of_what_graph_does_not_show(start: Start, connect: Connect) -> None:
    client = served(start, connect, _unseen=UNSEEN_EXAMPLE)
    dumped = client.get("/_sandbox/dump").json()["_unseen"]
    assert dumped == {
        **UNSEEN_EXAMPLE,
        "applicationGroups": {"office365": UNSEEN_EXAMPLE["applicationGroups"]["Office365"]},  # type: ignore[index]
    }
    for wrong in ({"baselineScopes": "perhaps"}, {"baselineScopes": 1}, {"colour": "red"}, {"guests": []}):
        assert client.post("/_sandbox/seed", json={"tenant": {"_unseen": wrong}}).status_code == 400


def test_an_older_file_opens_with_everything_new_at_its_default(start: Start, connect: Connect) -> None:
    old = dump_tenant(company(7, 20))
    for name in list(old):
        if name == "_unseen" or "plans" in name or "settings" in name or "crossTenant" in name:
            del old[name]
    tenant = tenant_of(old)
    assert (tenant.unseen.baseline_scopes, tenant.plans, tenant.partners) == ("enforced", [], [])
    assert connect(start(tenant)).get(f"/beta/{CA}/settings").status_code == 200


def test_a_licence_without_premium_hides_the_last_sign_in_from_lists_too(start: Start, connect: Connect) -> None:
    tenant = company(7, 20)
    tenant.skus = [sku("O365", "05e9a617-0261-4cee-bb44-138d3ef5d965", (), 20, 20)]
    assert connect(start(tenant)).get("/v1.0/users?$select=signInActivity").status_code == 403
