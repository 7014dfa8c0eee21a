"""Simulated sign-ins: who asks for MFA before and after a migration, and what the log then says."""

import httpx
import pytest

from migrate.sandbox.server import SandboxServer

POLICIES = "/v1.0/identity/conditionalAccess/policies"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
EVALUATE = "/v1.0/identity/conditionalAccess/evaluate"
APPLICATION = {
    "@odata.type": "#microsoft.graph.servicePrincipalSignIn",
    "servicePrincipalId": "aaaaaaaa-0000-4000-8000-000000000001",
}
OFF = {"perUserMfaState": "disabled"}


def sign_in(web: httpx.Client, name: str, **more: object) -> dict:
    answer = web.post("/_sandbox/signins", json={"user": f"{name}@contoso.example", **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def providers(entry: dict) -> list[str]:
    return [each["requirementProvider"] for each in entry["authenticationRequirementPolicies"]]


def result(entry: dict, name: str) -> str:
    return next(each["result"] for each in entry["appliedConditionalAccessPolicies"] if name in each["displayName"])


def switch_off(client: httpx.Client, name: str) -> None:
    client.patch(f"/beta/users/{name}@contoso.example/authentication/requirements", json=OFF).raise_for_status()


def test_a_migrated_person_is_asked_by_conditional_access_instead(client: httpx.Client) -> None:
    before = sign_in(client, "alma.berg")
    assert providers(before) == ["user", "multiConditionalAccess"]
    switch_off(client, "alma.berg")
    after = sign_in(client, "alma.berg")
    assert providers(after) == ["multiConditionalAccess"]
    assert after["authenticationRequirement"] == "multiFactorAuthentication"
    assert (after["status"]["errorCode"], after["conditionalAccessStatus"]) == (0, "success")
    assert result(after, "all users") == "success"


def test_somebody_excluded_is_left_without_mfa(client: httpx.Client) -> None:
    assert providers(sign_in(client, "dora.pike", app="22222222-0000-0000-0000-000000000000")) == ["user"]
    switch_off(client, "dora.pike")
    entry = sign_in(client, "dora.pike", app="11111111-0000-0000-0000-000000000000")
    assert providers(entry) == []
    assert entry["authenticationRequirement"] == "singleFactorAuthentication"
    assert entry["conditionalAccessStatus"] == "notApplied"


def test_a_policy_for_some_apps_asks_there_and_not_in_the_office(client: httpx.Client) -> None:
    switch_off(client, "dora.pike")
    outside = sign_in(client, "dora.pike", app=EXCHANGE, ip="203.0.113.7")
    inside = sign_in(client, "dora.pike", app=EXCHANGE, ip="198.51.100.7")
    assert (providers(outside), providers(inside)) == (["multiConditionalAccess"], [])


def test_report_only_policies_say_what_they_would_have_done(client: httpx.Client) -> None:
    for policy in client.get(POLICIES).json()["value"]:
        if policy["state"] == "enabled":
            client.patch(f"{POLICIES}/{policy['id']}", json={"state": "enabledForReportingButNotEnforced"})
    entry = sign_in(client, "otto.lind")
    assert (providers(entry), entry["conditionalAccessStatus"]) == ([], "notApplied")
    assert result(entry, "all users") == "reportOnlyFailure"  # nothing registered
    switch_off(client, "fay.woods")
    assert result(sign_in(client, "fay.woods"), "all users") == "reportOnlyInterrupted"
    assert result(sign_in(client, "ben.frost"), "all users") == "reportOnlySuccess"  # per-user MFA was done anyway
    assert result(sign_in(client, "emergency1"), "all users") == "reportOnlyNotApplied"


def test_a_disabled_policy_is_listed_as_not_enabled(client: httpx.Client) -> None:
    policy = client.get(POLICIES).json()["value"][0]
    client.patch(f"{POLICIES}/{policy['id']}", json={"state": "disabled"})
    assert result(sign_in(client, "otto.lind"), "all users") == "notEnabled"


def test_whoever_never_registered_is_made_to_and_becomes_enforced(client: httpx.Client, server: SandboxServer) -> None:
    interrupted = sign_in(client, "emil.stone")
    assert interrupted["status"]["errorCode"] == 50079
    done = sign_in(client, "emil.stone", register="microsoftAuthenticator")
    assert done["status"]["errorCode"] == 0
    state = client.get("/beta/users/emil.stone@contoso.example/authentication/requirements").json()["perUserMfaState"]
    assert state == "enforced"


def test_a_denied_second_factor_fails(client: httpx.Client) -> None:
    entry = sign_in(client, "alma.berg", mfa=False)
    assert (entry["status"]["errorCode"], entry["conditionalAccessStatus"]) == (500121, "failure")
    assert entry["authenticationDetails"][1]["succeeded"] is False


@pytest.mark.parametrize(("name", "code"), [("alma.berg", 53003), ("gil.marsh", 50057)])
def test_legacy_clients_and_disabled_accounts_do_not_get_in(client: httpx.Client, name: str, code: int) -> None:
    entry = sign_in(client, name, client="imap")
    assert (entry["clientAppUsed"], entry["status"]["errorCode"]) == ("IMAP4", code)


def test_enforced_shuts_legacy_clients_out_and_disabled_lets_them_in_again(client: httpx.Client) -> None:
    for policy in client.get(POLICIES).json()["value"]:
        client.delete(f"{POLICIES}/{policy['id']}")
    assert sign_in(client, "alma.berg", client="pop")["status"]["errorCode"] == 50126
    assert sign_in(client, "emil.stone", client="pop")["status"]["errorCode"] == 0  # enabled, not yet registered
    switch_off(client, "alma.berg")
    assert sign_in(client, "alma.berg", client="pop")["status"]["errorCode"] == 0


def test_a_block_blocks(client: httpx.Client) -> None:
    body = {
        "displayName": "No device codes",
        "state": "enabled",
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
        "conditions": {
            "users": {"includeUsers": ["All"]},
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
            "authenticationFlows": {"transferMethods": "deviceCodeFlow"},
        },
    }
    assert client.post(POLICIES, json=body).status_code == 201
    assert sign_in(client, "alma.berg", transfer="deviceCodeFlow")["status"]["errorCode"] == 53003
    assert sign_in(client, "alma.berg")["status"]["errorCode"] == 0


def test_security_defaults_ask_too(client: httpx.Client) -> None:
    for policy in client.get(POLICIES).json()["value"]:
        client.delete(f"{POLICIES}/{policy['id']}")
    client.patch(
        "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", json={"isEnabled": True}
    ).raise_for_status()
    assert providers(sign_in(client, "admin")) == ["securityDefaults"]
    assert sign_in(client, "admin", client="imap")["status"]["errorCode"] == 530035


def test_only_beta_says_who_asked(start, connect) -> None:
    client = connect(start(signin_lag_seconds=300))
    entry = sign_in(client, "alma.berg")
    url = f"/auditLogs/signIns?$filter=userId eq '{entry['userId']}'"
    assert client.get(f"/beta{url}").json()["value"] == []  # the log has its lag
    client.post("/_sandbox/clock", json={"advance": 301})
    beta, old = (client.get(f"/{version}{url}").json()["value"][0] for version in ("beta", "v1.0"))
    assert providers(beta) == ["user", "multiConditionalAccess"]
    assert "authenticationRequirementPolicies" not in old
    assert "authenticationDetails" not in old
    assert old["appliedConditionalAccessPolicies"] == beta["appliedConditionalAccessPolicies"]
    assert client.get(f"/v1.0/auditLogs/signIns/{entry['id']}").json()["correlationId"] == entry["correlationId"]


def test_the_log_is_newest_first_and_filtered(client: httpx.Client) -> None:
    for name in ("alma.berg", "ben.frost", "cleo.nair"):
        sign_in(client, name)
        client.post("/_sandbox/clock", json={"advance": 60})
    sign_in(client, "alma.berg", interactive=False)
    rows = client.get("/beta/auditLogs/signIns").json()["value"]
    assert [each["userPrincipalName"].split(".")[0] for each in rows] == ["cleo", "ben", "alma"]
    since = rows[1]["createdDateTime"]
    newer = client.get(f"/beta/auditLogs/signIns?$filter=createdDateTime ge {since}").json()["value"]
    assert len(newer) == 2
    silent = "signInEventTypes/any(t: t eq 'nonInteractiveUser')"
    assert len(client.get(f"/beta/auditLogs/signIns?$filter={silent}").json()["value"]) == 1
    assert client.get("/beta/auditLogs/signIns?$filter=status/errorCode eq 50079").json()["value"] == []
    assert len(client.get("/beta/auditLogs/signIns?$top=2").json()["value"]) == 2


def test_platforms_are_met_in_any_case(start, connect) -> None:
    client = connect(start())
    block = draft_of("Block iOS", {"includePlatforms": ["iOS"]})
    client.post("/v1.0/identity/conditionalAccess/policies", json=block).raise_for_status()
    assert sign_in(client, "alma.berg", platform="ios")["status"]["errorCode"] == 53003
    assert sign_in(client, "alma.berg", platform="Windows")["status"]["errorCode"] == 0


def draft_of(name: str, platforms: dict) -> dict:
    return {
        "displayName": name,
        "state": "enabled",
        "conditions": {
            "users": {"includeUsers": ["All"]},
            "applications": {"includeApplications": ["All"]},
            "platforms": platforms,
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"user": "nobody"},
        {"user": "alma.berg@contoso.example", "client": "fax"},
        {"user": "alma.berg@contoso.example", "ip": "x"},
        {"user": "alma.berg@contoso.example", "mood": 1},
        {"user": "alma.berg@contoso.example", "app": "Offce365"},
        {"user": "alma.berg@contoso.example", "country": "Germany"},
        {"user": "alma.berg@contoso.example", "platform": "amiga"},
        {"user": "alma.berg@contoso.example", "userAction": "registersecurityinfo"},
        {"user": "alma.berg@contoso.example", "signInRisk": "some"},
        {"user": "alma.berg@contoso.example", "userRisk": "some"},
        {"user": "alma.berg@contoso.example", "transfer": "pigeon"},
        {"user": "alma.berg@contoso.example", "register": "pigeon"},
    ],
)
def test_a_sign_in_that_makes_no_sense_is_refused(client: httpx.Client, body: dict) -> None:
    assert client.post("/_sandbox/signins", json=body).status_code == 400


def asked(identity: dict, context: dict | None = None, only: bool = False, **conditions: object) -> dict:
    return {
        "signInIdentity": identity,
        "signInContext": context
        or {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": [EXCHANGE]},
        "signInConditions": conditions,
        "appliedPoliciesOnly": only,
    }


def what_if(
    client: httpx.Client, user: str, context: dict | None = None, only: bool = False, **conditions: object
) -> list:
    identity = {"@odata.type": "#microsoft.graph.userSignIn", "userId": user}
    answer = client.post(EVALUATE, json=asked(identity, context, only, **conditions))
    assert answer.status_code == 200, answer.text
    return answer.json()["value"]


def test_what_if_names_the_policies_that_apply_and_why_others_do_not(
    client: httpx.Client, server: SandboxServer
) -> None:
    people = server.sandbox.tenant.people
    alma, dora = people.user_id(2), people.user_id(7)
    found = {
        each["displayName"]: each for each in what_if(client, alma, ipAddress="203.0.113.9", clientAppType="browser")
    }
    assert found["Require MFA for all users"]["policyApplies"] is True
    assert found["Require MFA for all users"]["analysisReasons"] == "notSet"
    assert found["Phishing-resistant MFA for administrators"]["analysisReasons"] == "users"
    assert found["MFA for Office 365 outside the office"]["policyApplies"] is True
    left = what_if(client, dora, ipAddress="198.51.100.9", only=True)
    assert left == []
    unknown = {each["displayName"]: each for each in what_if(client, alma)}
    assert "notEnoughInformation" in unknown["MFA for Office 365 outside the office"]["analysisReasons"]


def test_what_if_counts_report_only_policies_and_not_disabled_ones(client: httpx.Client, server: SandboxServer) -> None:
    admin = server.sandbox.tenant.people.user_id(5)
    names = {each["displayName"] for each in what_if(client, admin, only=True, ipAddress="203.0.113.9")}
    assert "Phishing-resistant MFA for administrators" in names
    policy = client.get(POLICIES).json()["value"][0]
    client.patch(f"{POLICIES}/{policy['id']}", json={"state": "disabled"})
    found = {each["displayName"]: each["analysisReasons"] for each in what_if(client, admin)}
    assert found["Require MFA for all users"] == "policyNotEnabled"


def test_what_if_takes_user_actions(client: httpx.Client, server: SandboxServer) -> None:
    context = {"@odata.type": "#microsoft.graph.userActionContext", "userAction": "registerSecurityInformation"}
    found = what_if(client, server.sandbox.tenant.people.user_id(2), context)
    assert {each["analysisReasons"] for each in found if "Office" not in each["displayName"]} >= {"userActions"}


def test_what_if_for_an_application_asks_the_policies_for_applications(
    client: httpx.Client, server: SandboxServer
) -> None:
    policy = {
        "displayName": "Block our applications outside the office",
        "state": "enabledForReportingButNotEnforced",
        "conditions": {
            "users": {"includeUsers": ["None"]},
            "clientApplications": {
                "includeServicePrincipals": ["ServicePrincipalsInMyTenant"],
                "excludeServicePrincipals": ["aaaaaaaa-0000-4000-8000-000000000002"],
            },
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
            "locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }
    made = client.post(POLICIES, json=policy)
    assert made.status_code == 201, made.text

    def for_application(number: int, *, only: bool = False, **conditions: object) -> dict[str, str]:
        identity = {**APPLICATION, "servicePrincipalId": f"aaaaaaaa-0000-4000-8000-00000000000{number}"}
        answer = client.post(EVALUATE, json=asked(identity, None, only, **conditions))
        assert answer.status_code == 200, answer.text
        return {each["displayName"]: each["analysisReasons"] for each in answer.json()["value"]}

    ours = policy["displayName"]
    found = for_application(1, ipAddress="203.0.113.9", servicePrincipalRiskLevel="high")
    assert found.pop(ours) == "notSet"
    assert set(found.values()) == {"workloadIdentities"}
    assert for_application(1, only=True, ipAddress="203.0.113.9") == {ours: "notSet"}
    assert for_application(2, ipAddress="203.0.113.9")[ours] == "workloadIdentities"
    assert for_application(1, ipAddress="198.51.100.9")[ours] == "location"
    user = {each["displayName"]: each for each in what_if(client, server.sandbox.tenant.people.user_id(2))}
    assert user[ours]["analysisReasons"] == "workloadIdentities"


@pytest.mark.parametrize(
    "body",
    [
        asked({"@odata.type": "#microsoft.graph.servicePrincipalSignIn", "servicePrincipalId": "x"}),
        asked({"@odata.type": "#microsoft.graph.servicePrincipalSignIn"}),
        asked({"@odata.type": "#microsoft.graph.deviceSignIn"}),
        asked(APPLICATION, servicePrincipalRiskLevel="extreme"),
        asked(APPLICATION, ipAddress="x"),
        {"signInIdentity": APPLICATION},
    ],
)
def test_a_what_if_that_makes_no_sense_is_refused(client: httpx.Client, body: dict) -> None:
    assert client.post(EVALUATE, json=body).status_code == 400
