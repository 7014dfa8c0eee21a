"""Limits: what is refused, with which headers, and what happens to those who do not wait."""

import base64
import json

import pytest

from migrate.sandbox.company import company

POLICIES = "/v1.0/identity/conditionalAccess/policies"
REPORT = "/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=1"


def token_of(app: str) -> str:
    """Write a token of an application that the sandbox reads unless permissions are enforced."""
    parts = ({"alg": "none"}, {"appid": app, "roles": ["Policy.ReadWrite.AuthenticationMethod"]})
    return ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts) + "."


def advance(client, seconds: float) -> None:
    client.post("/_sandbox/clock", json={"advance": seconds})


def test_conditional_access_takes_one_call_a_second_and_does_not_say_when_to_come_back(start, connect) -> None:
    client = connect(start(throttle=True))
    first, second = client.get(POLICIES), client.get(POLICIES)
    assert (first.status_code, second.status_code) == (200, 429)
    assert "retry-after" not in second.headers
    assert second.json()["error"]["code"] == "TooManyRequests"
    advance(client, 1)
    assert client.get("/v1.0/identity/conditionalAccess/namedLocations").status_code == 200
    assert client.get(POLICIES).status_code == 429  # the same limiter


def test_reports_take_five_calls_in_ten_seconds(start, connect) -> None:
    client = connect(start(throttle=True, throttled_calls_burn_budget=False))
    statuses = [client.get(REPORT).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    refused = client.get(REPORT)
    assert int(refused.headers["retry-after"]) == 2
    advance(client, 2)
    assert client.get(REPORT).status_code == 200


def test_the_body_of_a_429_is_as_documented(start, connect) -> None:
    client = connect(start(throttle=True))
    answers = [client.get(REPORT) for _ in range(6)]
    error = answers[-1].json()["error"]
    assert error["message"] == "Please retry again later."
    assert error["innerError"]["code"] == error["innerError"]["status"] == "429"
    assert error["innerError"]["message"] == "Please retry after"


def test_resource_units_are_charged_by_size_select_and_path(start, connect) -> None:
    client = connect(start(throttle=True))
    costs = {
        path: client.get(path).headers["x-ms-resource-unit"]
        for path in ("/v1.0/users", "/v1.0/users?$select=id", "/v1.0/users?$top=5", "/v1.0/subscribedSkus", "/v1.0/me")
    }
    assert list(costs.values()) == ["2", "1", "1", "3", "1"]


def test_items_of_a_batch_are_throttled_one_by_one(start, connect) -> None:
    server = start(company(7, 30), throttle=True, unit_rate_scale=0.01)  # 35 units
    client = connect(server)
    item = {"method": "GET", "url": "/users/alma.berg@contoso.example/authentication/requirements"}
    body = {"requests": [{**item, "id": str(number)} for number in range(20)]}
    first, second = (client.post("/beta/$batch", json=body) for _ in range(2))
    assert {each["status"] for each in first.json()["responses"]} == {200}
    assert second.status_code == 200
    refused = [each for each in second.json()["responses"] if each["status"] == 429]
    assert len(refused) == 5
    assert all(int(each["headers"]["Retry-After"]) >= 1 for each in refused)
    assert refused[0]["headers"]["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert refused[0]["headers"]["x-ms-throttle-scope"].startswith("Tenant_Application/Read/")


def test_nearing_the_limit_shows_in_a_header(start, connect) -> None:
    client = connect(start(company(7, 30), throttle=True, unit_rate_scale=0.01))
    shares = [client.get("/v1.0/me").headers.get("x-ms-throttle-limit-percentage") for _ in range(35)]
    assert shares[0] is None
    assert float(shares[-1]) >= 0.9


def test_writes_have_a_window_of_their_own_while_reads_go_on(start, connect) -> None:
    server = start(throttle=True)
    client = connect(server)
    url = "/beta/users/alma.berg@contoso.example/authentication/requirements"
    assert client.patch(url, json={"perUserMfaState": "enforced"}).status_code == 204
    # So far below empty that a slow machine finds it empty too: it fills by twenty a second.
    server.sandbox.throttle._bucket("writes", "00000000-0000-0000-0000-00000000a11a", 3000, 150).level = -6000
    assert client.patch(url, json={"perUserMfaState": "enforced"}).status_code == 429
    assert client.get(url).status_code == 200


def test_all_writers_of_a_tenant_share_one_window(start, connect) -> None:
    server = start(throttle=True)
    client = connect(server)
    url = "/beta/users/alma.berg@contoso.example/authentication/requirements"
    client.post("/_sandbox/change", json={"writes": 17_999}).raise_for_status()
    assert client.patch(url, json={"perUserMfaState": "enforced"}).status_code == 204
    # The window fills by 60 writes a second: so many more of another program that a slow machine finds it empty too.
    client.post("/_sandbox/change", json={"writes": 6_000}).raise_for_status()
    refused = client.patch(url, json={"perUserMfaState": "enforced"})
    assert refused.status_code == 429
    assert refused.headers["x-ms-throttle-scope"].startswith("Tenant/Write/")
    assert client.get(url).status_code == 200


def test_another_program_that_writes_too_leaves_less_for_this_one(start, connect) -> None:
    server = start(throttle=True, write_rate_scale=0.001)  # 3 writes for each program, 18 for all
    clients = [connect(server, token_of(str(number))) for number in range(8)]
    url = "/beta/users/alma.berg@contoso.example/authentication/requirements"
    statuses = [
        client.patch(url, json={"perUserMfaState": "enforced"}).status_code for client in clients for _ in range(3)
    ]
    assert statuses == [204] * 18 + [429] * 6


def test_calls_while_throttled_burn_budget_and_are_counted(start, connect) -> None:
    client = connect(start(throttle=True))
    for _ in range(8):
        last = client.get(REPORT)
    assert int(last.headers["retry-after"]) > 4
    stats = client.get("/_sandbox/stats").json()
    assert (stats["throttled"], stats["wasted"], stats["early"]) == (3, 3, 2)


def test_whoever_does_not_wait_can_be_punished(start, connect) -> None:
    client = connect(start(throttle=True, punish_early_retry=True, throttled_calls_burn_budget=False))
    answers = [client.get(REPORT) for _ in range(6)]
    wait = int(answers[-1].headers["retry-after"])
    advance(client, wait - 1)
    assert client.get(REPORT).status_code == 429  # one second early: the wait begins anew
    advance(client, wait - 1)
    assert client.get(REPORT).status_code == 429
    advance(client, wait)
    assert client.get(REPORT).status_code == 200


def test_items_of_one_batch_cannot_have_heard_of_the_wait_and_readers_not_of_the_writers(start, connect) -> None:
    client = connect(start(throttle=True, write_rate_scale=0.001))  # 3 writes
    url = "/users/alma.berg@contoso.example/authentication/requirements"
    write = {
        "method": "PATCH",
        "url": url,
        "headers": {"Content-Type": "application/json"},
        "body": {"perUserMfaState": "disabled"},
    }
    batch = {"requests": [{"id": str(number), **write} for number in range(6)]}

    def stats() -> tuple[int, int]:
        found = client.get("/_sandbox/stats").json()
        return found["throttled"], found["early"]

    client.post("/beta/$batch", json=batch).raise_for_status()
    assert stats() == (3, 0)
    assert client.get(f"/beta{url}").status_code == 200
    assert stats() == (3, 0)
    client.post("/beta/$batch", json=batch).raise_for_status()
    assert stats() == (9, 6)


def test_conditional_access_names_no_wait_and_burns_no_budget(start, connect) -> None:
    client = connect(start(throttle=True))
    assert [client.get(POLICIES).status_code for _ in range(3)] == [200, 429, 429]
    stats = client.get("/_sandbox/stats").json()
    assert (stats["throttled"], stats["wasted"], stats["early"]) == (2, 0, 0)


def test_a_throttled_write_that_makes_no_sense_is_throttled_all_the_same(start, connect) -> None:
    settings = {"throttle": True, "throttled_write_applied": True, "write_rate_scale": 0.0004}
    server = start(company(7, 30), **settings)  # 1.2 writes
    client = connect(server)
    url = "/beta/users/alma.berg@contoso.example/authentication/requirements"
    statuses = [client.patch(url, json={"perUserMfaState": each}).status_code for each in ("enforced", "off")]
    assert statuses == [204, 429]
    assert server.sandbox.tenant.people.mfa_state(2) == "enforced"


def test_a_throttled_write_may_have_been_applied(start, connect) -> None:
    server = start(company(7, 30), throttle=True, throttled_write_applied=True, unit_rate_scale=0.001)  # 3.5 units
    client = connect(server)
    url = "/beta/users/alma.berg@contoso.example/authentication/requirements"
    for _ in range(3):
        client.get(url)
    assert client.patch(url, json={"perUserMfaState": "disabled"}).status_code == 429
    assert server.sandbox.tenant.people.mfa_state(2) == "disabled"


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("requirements_bucket", "/beta/users/alma.berg@contoso.example/authentication/requirements"),
        ("methods_bucket", "/v1.0/users/alma.berg@contoso.example/authentication/methods"),
        ("registration_bucket", REPORT),
        ("evaluate_bucket", "/v1.0/policies/authenticationStrengthPolicies"),
    ],
)
def test_where_microsoft_names_no_limiter_a_setting_chooses_it(start, connect, setting: str, path: str) -> None:
    for bucket, statuses in (
        ("conditionalAccess", [200, 429]),
        ("reports", [200] * 5 + [429]),
        ("none", [200] * 30),
        ("directory", [200] * 30),
    ):
        client = connect(start(throttle=True, **{setting: bucket}))
        answers = [client.get(path) for _ in statuses]
        assert [each.status_code for each in answers] == statuses, bucket
        assert ("x-ms-resource-unit" in answers[0].headers) is (bucket == "directory")


def test_reading_the_last_sign_in_has_a_limit_of_its_own(start, connect) -> None:
    client = connect(start(throttle=True, throttled_calls_burn_budget=False))
    url = "/v1.0/users?$select=id,signInActivity&$top=5"
    answers = [client.get(url) for _ in range(11)]
    assert [each.status_code for each in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) in (5, 6)
    assert client.get("/v1.0/users?$select=id").status_code == 200


def test_the_size_of_the_tenant_may_be_given(start, connect) -> None:
    for size, used in (("S", "1.0"), ("L", None)):
        client = connect(start(company(7, 30), throttle=True, tenant_size=size, unit_rate_scale=0.002))  # 7 or 16 units
        answers = [client.get("/v1.0/users/$count", headers={"ConsistencyLevel": "eventual"}) for _ in range(7)]
        assert answers[-1].headers.get("x-ms-throttle-limit-percentage") == used


def test_limits_can_be_chosen_and_switched_off(start, connect) -> None:
    methods = "/v1.0/users/alma.berg@contoso.example/authentication/methods"
    client = connect(start(throttle=True, methods_bucket="reports"))
    assert [client.get(methods).status_code for _ in range(6)][-1] == 429
    client = connect(start(throttle=False))
    assert {client.get(POLICIES).status_code for _ in range(20)} == {200}
