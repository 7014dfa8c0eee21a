"""JSON batching: envelopes, items, order and dependencies."""

import httpx
import pytest

from migrate.sandbox.server import SandboxServer

JSON_HEADERS = {"Content-Type": "application/json"}


def send(client: httpx.Client, *items: dict, version: str = "beta") -> httpx.Response:
    return client.post(f"/{version}/$batch", json={"requests": list(items)})


def by_id(answer: httpx.Response) -> dict[str, dict]:
    return {each["id"]: each for each in answer.raise_for_status().json()["responses"]}


def state_item(server: SandboxServer, number: int, **more: object) -> dict:
    user = server.sandbox.tenant.people.user_id(number)
    return {"id": str(number), "method": "GET", "url": f"/users/{user}/authentication/requirements", **more}


def test_twenty_items_are_answered_each_on_its_own(client: httpx.Client, server: SandboxServer) -> None:
    items = [state_item(server, number) for number in range(19)]
    items.append({"id": "gone", "method": "GET", "url": "users/gone@contoso.example"})
    found = by_id(send(client, *items))
    assert set(found) == {str(number) for number in range(19)} | {"gone"}
    assert found["2"]["body"]["perUserMfaState"] == "enforced"
    assert found["gone"]["status"] == 404
    assert found["gone"]["body"]["error"]["code"] == "Request_ResourceNotFound"
    assert found["2"]["headers"]["Content-Type"].startswith("application/json")


def test_answers_come_in_another_order_unless_set_otherwise(start, connect) -> None:
    orders = []
    for shuffle in (True, False):
        server = start(shuffle_batch=shuffle)
        answer = send(connect(server), *(state_item(server, number) for number in range(20)))
        orders.append([int(each["id"]) for each in answer.json()["responses"]])
    assert orders[0] != sorted(orders[0])
    assert orders[1] == sorted(orders[1])


def test_a_write_item_answers_204_without_a_body(client: httpx.Client, server: SandboxServer) -> None:
    item = state_item(server, 2, method="PATCH", body={"perUserMfaState": "disabled"}, headers=JSON_HEADERS)
    found = by_id(send(client, item))["2"]
    assert found["status"] == 204
    assert "body" not in found


@pytest.mark.parametrize(
    "items",
    [
        [],
        [{"id": str(number), "method": "GET", "url": "/me"} for number in range(21)],
        [{"id": "a", "method": "GET", "url": "/me"}, {"id": "A", "method": "GET", "url": "/me"}],
        [{"id": "1", "method": "PATCH", "url": "/me", "body": {}}],
        [{"method": "GET", "url": "/me"}],
        [{"id": "1", "url": "/me"}],
        [{"id": "1", "method": "GET"}],
        [{"id": "1", "method": "GET", "url": "/me", "dependsOn": ["2"]}],
        ["text"],
    ],
    ids=[
        "none",
        "21",
        "same id",
        "body without type",
        "no id",
        "no method",
        "no url",
        "unknown dependency",
        "no object",
    ],
)
def test_a_malformed_envelope_is_refused_whole(client: httpx.Client, items: list) -> None:
    assert client.post("/v1.0/$batch", json={"requests": items}).status_code == 400


def test_what_depends_on_a_failed_item_fails_with_424(client: httpx.Client) -> None:
    found = by_id(
        send(
            client,
            {"id": "1", "method": "GET", "url": "/users/gone@contoso.example"},
            {"id": "2", "method": "GET", "url": "/me", "dependsOn": ["1"]},
            {"id": "3", "method": "GET", "url": "/me"},
        )
    )
    assert [found[each]["status"] for each in "123"] == [404, 424, 200]


def test_items_are_of_the_envelopes_version(client: httpx.Client, server: SandboxServer) -> None:
    assert by_id(send(client, state_item(server, 2), version="v1.0"))["2"]["status"] == 400


def test_pages_inside_a_batch_link_to_the_outside(client: httpx.Client, server: SandboxServer) -> None:
    body = by_id(send(client, {"id": "1", "method": "GET", "url": "/users?$top=50&$select=id"}))["1"]["body"]
    assert body["@odata.nextLink"].startswith(f"{server.url}/beta/users?")
    assert len(client.get(body["@odata.nextLink"]).json()["value"]) == 50


def test_headers_of_an_item_are_its_own(client: httpx.Client) -> None:
    item = {"method": "GET", "url": "/users?$search=%22displayName:a%22&$top=1&$select=id"}
    found = by_id(send(client, {**item, "id": "1"}, {**item, "id": "2", "headers": {"ConsistencyLevel": "eventual"}}))
    assert (found["1"]["status"], found["2"]["status"]) == (400, 200)


def test_a_chunked_request_body_is_read_whole(client: httpx.Client) -> None:
    def chunks():
        yield b'{"requests":[{"id":"1",'
        yield b'"method":"GET","url":"/me"}]}'

    answer = client.post("/v1.0/$batch", content=chunks(), headers=JSON_HEADERS)
    assert by_id(answer)["1"]["status"] == 200


def test_an_item_that_makes_no_sense_fails_alone(client: httpx.Client) -> None:
    items = [
        {"id": "1", "method": "GET", "url": "/users?$top=1&$top=2"},
        {"id": "2", "method": "GET", "url": "/users?$top=1"},
        {"id": "3", "method": "GET", "url": "/nonsense"},
    ]
    answers = client.post("/v1.0/$batch", json={"requests": items}).raise_for_status().json()["responses"]
    assert {each["id"]: each["status"] for each in answers} == {"1": 400, "2": 200, "3": 501}
