"""Every fault of the script language, each run against a real connection. docs/sandbox.md shows these examples."""

import gzip
import json
from pathlib import Path

import httpx
import pytest

from migrate.sandbox.company import company
from migrate.sandbox.fault_examples import EXAMPLES
from migrate.sandbox.faults import Act
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.tenant_file import dump_tenant, tenant_of

USER = "alma.berg@contoso.example"
STATE_URL = f"/beta/users/{USER}/authentication/requirements"
OFF = {"perUserMfaState": "disabled"}


def arm(client: httpx.Client, *faults: dict, **more: object) -> None:
    answer = client.post("/_sandbox/faults", json={"faults": list(faults), **more})
    assert answer.status_code == 200, answer.text


def example(name: str) -> dict:
    """The documentation's example of one thing that a fault can do."""
    return EXAMPLES[name][1]


def state(server: SandboxServer) -> str:
    return server.sandbox.tenant.people.mfa_state(2)


def batch(client: httpx.Client, *users: str) -> httpx.Response:
    items = [{"id": str(at), "method": "GET", "url": f"/users/{user}?$select=id"} for at, user in enumerate(users)]
    return client.post("/v1.0/$batch", json={"requests": items})


def test_a_status_with_headers_and_body_on_the_third_call_only(client: httpx.Client) -> None:
    arm(client, example("status"))
    answers = [client.get("/v1.0/users?$top=1") for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 503, 200]
    assert (answers[2].headers["retry-after"], answers[2].json()["error"]["code"]) == ("0.5", "Busy")


def test_every_second_call_and_at_most_twice(client: httpx.Client) -> None:
    arm(client, example("code"))
    assert [client.get("/v1.0/me").status_code for _ in range(7)] == [200, 403, 200, 403, 200, 200, 200]


@pytest.mark.parametrize(("punish", "second"), [(False, 200), (True, 429)])
def test_whoever_comes_before_a_scripted_retry_after_is_counted_and_may_be_punished(
    start, connect, punish: bool, second: int
) -> None:
    client = connect(start(punish_early_retry=punish))
    arm(client, {"match": {"path": "me", "times": 1}, "do": {"status": 429, "headers": {"Retry-After": "5"}}})
    assert [client.get("/v1.0/me").status_code for _ in range(2)] == [429, second]
    assert client.get("/_sandbox/stats").json()["early"] == 1
    client.post("/_sandbox/clock", json={"advance": 6})
    assert client.get("/v1.0/me").status_code == 200


def test_a_refusal_of_the_sign_in_service_by_its_code(client: httpx.Client) -> None:
    arm(client, example("aadsts"))
    form = {"client_id": "app", "client_secret": "s", "grant_type": "client_credentials", "scope": "x/.default"}
    answers = [client.post("/contoso.example/oauth2/v2.0/token", data=form) for _ in range(2)]
    assert [each.status_code for each in answers] == [400, 200]
    assert (answers[0].json()["error"], answers[0].json()["error_codes"]) == ("interaction_required", [53003])
    assert client.get("/v1.0/me").status_code == 200


def test_other_faults_meet_the_sign_in_service_where_they_name_it(client: httpx.Client) -> None:
    url = "/organizations/v2.0/.well-known/openid-configuration"
    arm(client, {"match": {"path": "*"}, "do": {"status": 503}})
    assert client.get(url).status_code == 200
    arm(client, {"match": {"version": "login", "path": "*openid-configuration"}, "do": {"html": "<p>Hotel</p>"}})
    assert (client.get(url).status_code, client.get(url).text) == (503, "<p>Hotel</p>")


def test_a_page_of_html(client: httpx.Client) -> None:
    arm(client, example("html"))
    answer = client.get("/v1.0/me")
    assert (answer.status_code, answer.text) == (502, "<h1>Bad gateway</h1>")
    assert answer.headers["content-type"].startswith("text/html")


def test_a_delay_outlasts_an_impatient_client(client: httpx.Client) -> None:
    arm(client, example("delay"))
    with pytest.raises(httpx.ReadTimeout):
        client.get("/v1.0/me", timeout=0.1)


@pytest.mark.parametrize(("when", "left"), [("before", "enforced"), ("after", "disabled")])
def test_a_reset_before_or_after_the_change_is_committed(
    client: httpx.Client, server: SandboxServer, when: str, left: str
) -> None:
    fault = example("reset")
    arm(client, {**fault, "do": {"reset": when}})
    with pytest.raises(httpx.TransportError):
        client.patch(STATE_URL, json=OFF)
    assert state(server) == left


def test_an_error_after_the_change_was_applied(client: httpx.Client, server: SandboxServer) -> None:
    arm(client, example("applied"))
    assert client.patch(STATE_URL, json=OFF).status_code == 429
    assert state(server) == "disabled"


def test_a_truncated_body(client: httpx.Client) -> None:
    arm(client, example("truncate"))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/v1.0/users")


def test_an_error_spliced_into_the_json(client: httpx.Client) -> None:
    arm(client, example("splice"))
    answer = client.get("/v1.0/users")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert '"error"' in answer.text


def test_a_batch_item_dropped_by_its_id(client: httpx.Client) -> None:
    arm(client, example("drop"))
    assert {each["id"] for each in batch(client, USER, USER, USER).json()["responses"]} == {"0", "2"}


def test_a_batch_item_throttled_by_its_user(client: httpx.Client) -> None:
    arm(client, {"match": {"item": True, "user": "ben.frost@contoso.example"}, "do": {"status": 429}})
    found = {
        each["id"]: each["status"] for each in batch(client, USER, "ben.frost@contoso.example").json()["responses"]
    }
    assert found == {"0": 200, "1": 429}
    assert client.get("/v1.0/users/ben.frost@contoso.example").status_code == 200


def test_a_batch_in_reversed_order(start, connect) -> None:
    client = connect(start(shuffle_batch=False))
    arm(client, example("reorder"))
    assert [each["id"] for each in batch(client, USER, USER, USER).json()["responses"]] == ["2", "1", "0"]


def test_a_token_that_expires_until_another_comes(client: httpx.Client) -> None:
    arm(client, example("expireToken"))
    refused = client.get("/v1.0/me")
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert client.get("/v1.0/users").status_code == 401
    assert client.get("/v1.0/me", headers={"Authorization": "Bearer another"}).status_code == 200


def test_a_claims_challenge(client: httpx.Client) -> None:
    arm(client, example("claims"))
    header = client.get("/v1.0/me").headers["www-authenticate"]
    assert 'error="insufficient_claims"' in header
    assert 'claims="' in header
    assert client.get("/v1.0/me").status_code == 200


def test_a_next_link_that_leads_back(client: httpx.Client) -> None:
    arm(client, example("nextLink"))
    first = client.get("/v1.0/users?$top=10&$select=id").json()
    second = client.get(first["@odata.nextLink"]).json()
    assert client.get(second["@odata.nextLink"]).json()["value"] == second["value"]


def test_a_next_link_that_has_expired(client: httpx.Client) -> None:
    arm(client, {"match": {"path": "users", "nth": 1}, "do": {"nextLink": "expire"}})
    refused = client.get(client.get("/v1.0/users").json()["@odata.nextLink"])
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "Directory_ExpiredPageToken")


def test_duplicates_across_pages(client: httpx.Client) -> None:
    arm(client, example("duplicates"))
    first = client.get("/v1.0/users?$top=10&$select=id").json()
    second = client.get(first["@odata.nextLink"]).json()
    assert second["value"][:3] == first["value"][-3:]


def test_a_next_link_that_is_another_each_time_and_never_ends(client: httpx.Client) -> None:
    arm(client, {"match": {"path": "users"}, "do": {"nextLink": "endless"}})
    links, pages = ["/v1.0/users?$top=999&$select=id"], []
    for _ in range(5):
        pages.append(client.get(links[-1]).json())
        links.append(pages[-1]["@odata.nextLink"])
    assert len(set(links)) == 6
    assert all(page["value"] == pages[0]["value"] for page in pages)


def test_empty_pages_before_the_page_that_was_asked(client: httpx.Client) -> None:
    whole = client.get("/v1.0/users?$top=999&$select=id").json()["value"]
    arm(client, example("emptyPages"))
    link, pages = "/v1.0/users?$top=60&$select=id", []
    while link:
        page = client.get(link).json()
        pages.append(page["value"])
        link = page.get("@odata.nextLink")
    assert [len(each) for each in pages] == [0] * 25 + [60, 60]
    assert [each for page in pages for each in page] == whole


def test_a_null_among_members_and_only_in_that_answer(client: httpx.Client, server: SandboxServer) -> None:
    group = next(group for group in server.sandbox.tenant.groups if group.json["displayName"] == "All Staff")
    arm(client, example("put"))
    members = client.get(f"/v1.0/groups/{group.id}/members").json()["value"]
    assert members[0] is None
    client.delete("/_sandbox/faults")
    assert client.get(f"/v1.0/groups/{group.id}/members").json()["value"][1:] == members[1:]


def test_members_put_and_taken_by_path(client: httpx.Client) -> None:
    url = "/v1.0/roleManagement/directory/roleAssignments?$expand=principal"
    put = {"value.*.principal": None, "@odata.count": 7, "value.0.nowhere.deeper": 1}
    arm(client, {"match": {"query": "EXPAND=principal"}, "do": {"put": put, "remove": ["value.*.id", "value.0"]}})
    before = client.get(url.split("?")[0]).json()["value"]
    answer = client.get(url).json()
    assert answer["@odata.count"] == 7
    assert answer["value"] == [
        {**{k: v for k, v in each.items() if k != "id"}, "principal": None} for each in before[1:]
    ]


def test_a_user_without_a_name(client: httpx.Client) -> None:
    arm(client, example("remove"))
    first, second = client.get("/v1.0/users?$top=2&$select=id,userPrincipalName").json()["value"]
    assert (set(first), "userPrincipalName" in second) == ({"id"}, True)


def test_an_expansion_that_meets_an_orphan(client: httpx.Client) -> None:
    url = "/v1.0/roleManagement/directory/roleAssignments"
    arm(client, {"match": {"path": url[6:], "query": "$expand=principal"}, "do": {"status": 404}})
    assert [client.get(f"{url}{query}").status_code for query in ("?%24expand=principal", "")] == [404, 200]


def test_a_replica_that_lags_for_some_seconds_of_the_sandbox_clock(client: httpx.Client, server: SandboxServer) -> None:
    group = next(iter(server.sandbox.tenant.groups)).id
    lost = {"status": 404, "code": "Request_ResourceNotFound"}
    arm(client, {"match": {"path": f"groups/{group}", "seconds": 8}, "do": lost})
    assert client.get(f"/v1.0/groups/{group}").json()["error"]["code"] == "Request_ResourceNotFound"
    assert client.get(f"/v1.0/groups/{group}/members").status_code == 200
    client.post("/_sandbox/clock", json={"advance": 5})
    assert client.get(f"/v1.0/groups/{group}").status_code == 404
    client.post("/_sandbox/clock", json={"advance": 10})
    assert client.get(f"/v1.0/groups/{group}").status_code == 200


def test_an_answer_without_its_date(client: httpx.Client) -> None:
    arm(client, example("omit"))
    assert "date" not in client.get("/v1.0/me").headers
    assert "date" in client.get("/v1.0/users").headers


@pytest.mark.parametrize("status", [307, 407, 451])
def test_whatever_stands_between_answers_instead(client: httpx.Client, status: int) -> None:
    headers = {"Location": "http://portal.example/login", "Proxy-Authenticate": "Basic"}
    arm(client, {"match": {"path": "me"}, "do": {"status": status, "headers": headers, "html": "<p>Sign in first</p>"}})
    answer = client.get("/v1.0/me")
    assert (answer.status_code, answer.headers["location"]) == (status, headers["Location"])


def test_a_large_body_and_one_that_unpacks_to_a_large_body(client: httpx.Client) -> None:
    me = client.get("/v1.0/me").json()
    arm(client, {**example("padding"), "name": "plain"})
    plain = client.get("/v1.0/me")
    assert (len(plain.content) - len(plain.content.lstrip()), plain.json()) == (1_000_000, me)
    client.delete("/_sandbox/faults")
    arm(client, example("gzip"))
    with client.stream("GET", "/v1.0/me") as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < 200_000
    unpacked = gzip.decompress(packed)
    assert (len(unpacked) > 100_000_000, json.loads(unpacked)) == (True, me)


def test_json_that_is_nested_too_deep(client: httpx.Client) -> None:
    arm(client, example("depth"))
    answer = client.get("/v1.0/me")
    assert (answer.status_code, answer.content.count(b"[")) == (200, 200_000)
    with pytest.raises(RecursionError):
        answer.json()
    item = {"id": "1", "method": "GET", "url": "/me"}
    inside = client.post("/v1.0/$batch", json={"requests": [item]})
    assert (inside.status_code, inside.content.count(b"[")) == (200, 200_001)


def test_a_stale_read_after_a_write(client: httpx.Client) -> None:
    arm(client, example("stale"))
    client.patch(STATE_URL, json=OFF)
    assert client.get(STATE_URL).json()["perUserMfaState"] == "enforced"
    client.post("/_sandbox/clock", json={"advance": 21})
    assert client.get(STATE_URL).json()["perUserMfaState"] == "disabled"


def test_another_administrators_change_before_and_after(client: httpx.Client, server: SandboxServer) -> None:
    arm(client, example("change"), example("changeAfter"))
    policies = server.sandbox.tenant.policies.values()
    assert next(iter(policies))["state"] == "enabled"
    assert client.get(STATE_URL).json()["perUserMfaState"] == "enabled"
    assert next(iter(policies))["state"] == "disabled"


def test_another_administrator_changes_policies_groups_and_accounts(
    client: httpx.Client, server: SandboxServer
) -> None:
    policy = client.get("/v1.0/identity/conditionalAccess/policies").json()["value"][0]
    group = policy["conditions"]["users"]["excludeGroups"][0]
    for change in (
        {"policy": policy["id"], "set": {"state": "disabled"}},
        {"group": group, "add": USER},
        {"user": USER, "set": {"accountEnabled": False}},
    ):
        assert client.post("/_sandbox/change", json=change).status_code == 200
    assert client.get(f"/v1.0/identity/conditionalAccess/policies/{policy['id']}").json()["state"] == "disabled"
    members = client.get(f"/v1.0/groups/{group}/transitiveMembers?$top=999").json()["value"]
    assert USER in {each.get("userPrincipalName") for each in members}
    assert client.get(f"/v1.0/users/{USER}?$select=accountEnabled").json()["accountEnabled"] is False
    client.post("/_sandbox/change", json={"group": group, "remove": USER})
    client.post("/_sandbox/change", json={"policy": policy["id"], "delete": True})
    assert client.get(f"/v1.0/identity/conditionalAccess/policies/{policy['id']}").status_code == 404
    assert client.post("/_sandbox/change", json={"user": "nobody"}).status_code == 400


@pytest.mark.parametrize("from_file", [False, True])
def test_who_is_renamed_is_found_by_the_new_name_only(start, connect, from_file: bool) -> None:
    tenant = company(7, 40)
    client = connect(start(tenant_of(dump_tenant(tenant)) if from_file else tenant))
    before = client.get(f"/v1.0/users/{USER}").json()["id"]
    new = "alma.stone@contoso.example"
    client.post("/_sandbox/change", json={"user": USER, "set": {"userPrincipalName": new}}).raise_for_status()
    assert client.get(f"/v1.0/users/{new.upper()}").json()["id"] == before
    assert client.get(f"/v1.0/users/{USER}").status_code == 404
    client.post("/_sandbox/change", json={"user": new, "set": {"userPrincipalName": USER}}).raise_for_status()
    assert client.get(f"/v1.0/users/{USER}").json()["id"] == before
    assert client.get(f"/v1.0/users/{new}").status_code == 404
    wrong = client.post("/_sandbox/change", json={"user": USER, "set": {"perUserMfaState": "disabled"}})
    assert (wrong.status_code, "with `state`" in wrong.text) == (400, True)


def test_chance_comes_from_the_seed(start, connect) -> None:
    def run(seed: int) -> list[int]:
        client = connect(start())
        arm(client, {"match": {"path": "me", "chance": 0.5}, "do": {"status": 500}}, seed=seed)
        return [client.get("/v1.0/me").status_code for _ in range(20)]

    first = run(11)
    assert first == run(11)
    assert first != run(12)
    assert set(first) == {200, 500}


def test_the_random_mode_tells_its_seed_and_repeats_with_it(start, connect) -> None:
    def run(**more: object) -> tuple[int, list[int]]:
        client = connect(start())
        script = {"random": {"rate": 0.4, "kinds": ["throttle", "unavailable", "error", "html"]}, **more}
        seed = client.post("/_sandbox/faults", json=script).json()["seed"]
        return seed, [client.get("/v1.0/me").status_code for _ in range(30)]

    seed, statuses = run()
    assert run(seed=seed) == (seed, statuses)
    assert {200, 429, 502} <= set(statuses)


def test_faults_are_listed_counted_and_cleared(client: httpx.Client) -> None:
    arm(client, {"name": "busy", "match": {"path": "me"}, "do": {"status": 503}})
    client.get("/v1.0/me")
    listed = client.get("/_sandbox/faults").json()["value"]
    assert [(each["name"], each["matched"], each["struck"]) for each in listed] == [("busy", 1, 1)]
    assert client.get("/_sandbox/stats").json()["faults"] == 1
    client.delete("/_sandbox/faults")
    assert client.get("/v1.0/me").status_code == 200


@pytest.mark.shared
def test_fault_files_of_the_reference_data_load_as_they_stand(client: httpx.Client, shared: Path) -> None:
    files = sorted((shared / "wild").glob("*.faults.json"))
    for file in files:
        assert client.post("/_sandbox/faults", content=file.read_bytes()).status_code == 200
    assert len(client.get("/_sandbox/faults").json()["value"]) == len(files) > 1


@pytest.mark.parametrize(
    "script",
    [
        b"nonsense",
        b"[]",
        b'{"faults":[{"do":{}}]}',
        b'{"faults":[{"do":{"status":"x"}}]}',
        b'{"faults":[{"match":{"colour":"red"},"do":{"status":500}}]}',
        b'{"random":{"rate":0.1,"kinds":["rain"]}}',
        b'{"random":{"rate":0.1,"kinds":[]}}',
        b'{"random":{"rate":5}}',
        b'{"faults":[{"match":{"every":0},"do":{"status":500}}]}',
        b'{"faults":[{"match":{"nth":[1,0]},"do":{"status":500}}]}',
        b'{"faults":[{"match":{"chance":2},"do":{"status":500}}]}',
        b'{"faults":[{"do":{"status":99}}]}',
        b'{"faults":[{"do":{"truncate":-5}}]}',
        b'{"faults":[{"do":{"headers":{"Retry-After":"9"}}}]}',
        b'{"faults":[{"do":{"body":{"a":1}}}]}',
        b'{"faults":[{"do":{"applied":true}}]}',
        b'{"faults":[{"do":{"status":500,"headers":{"Two words":"x"}}}]}',
        b'{"faults":[{"do":{"status":500,"headers":{"X-Lines":"a\\nb"}}}]}',
        b'{"faults":[{"do":{"change":{"user":"alma.berg@contoso.example"}}}]}',
        b'{"faults":[{"do":{"put":{"":1}}}]}',
        b'{"faults":[{"do":{"emptyPages":-1}}]}',
        b'{"faults":[{"match":{"seconds":-1},"do":{"status":500}}]}',
        b'{"faults":[{"do":{"changeAfter":{"user":"alma.berg@contoso.example","state":"off"}}}]}',
    ],
)
def test_a_script_that_is_not_understood_is_refused(client: httpx.Client, script: bytes) -> None:
    answer = client.post("/_sandbox/faults", content=script)
    assert answer.status_code == 400
    assert "fault" in answer.json()["error"]["message"]


@pytest.mark.parametrize("do", [{"truncate": 40}, {"splice": True}])
def test_a_body_broken_for_one_item_breaks_the_batch_answer(client: httpx.Client, do: dict) -> None:
    arm(client, {"match": {"item": "1"}, "do": do})
    with pytest.raises((httpx.RemoteProtocolError, json.JSONDecodeError)):
        batch(client, USER, USER).json()
    assert len(batch(client, USER).json()["responses"]) == 1


def test_a_change_of_a_script_that_cannot_be_made_fails_its_own_item_only(client: httpx.Client) -> None:
    arm(client, {"match": {"item": "1"}, "do": {"change": {"user": "nobody", "state": "enabled"}}})
    answers = {each["id"]: each for each in batch(client, USER, USER).json()["responses"]}
    assert {key: each["status"] for key, each in answers.items()} == {"0": 200, "1": 400}
    assert "no user of this tenant" in answers["1"]["body"]["error"]["message"]


def test_every_member_of_a_fault_has_an_example_and_every_example_is_run() -> None:
    given_with_others = {"message", "headers", "body"}
    assert set(EXAMPLES) == set(Act.__struct_encode_fields__) - given_with_others
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in EXAMPLES if f'example("{name}")' not in source] == []
