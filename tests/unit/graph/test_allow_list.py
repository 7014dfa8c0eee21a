"""What may leave the process: the list is walked, and everything beside it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from typing import Any

import httpx
import pytest

from migrate.errors import ForbiddenRequest
from migrate.graph.session import ALLOWED, Connection, check_request, graph_host
from migrate.graph.transport import Gate, open_sender
from migrate.model.access import Cloud

ORIGIN = f"https://{graph_host(Cloud.GLOBAL)}"
USER = "00000000-0000-4000-8000-00000000000a"
POLICIES = "/v1.0/identity/conditionalAccess/policies"

LEGITIMATE = [
    ("POST", "/beta/$batch"),
    ("POST", "/v1.0/$batch"),
    ("PATCH", f"/beta/users/{USER}/authentication/requirements"),
    ("POST", POLICIES),
    ("PATCH", f"{POLICIES}/{USER}"),
    ("DELETE", f"{POLICIES}/{USER}"),
    ("POST", "/v1.0/identity/conditionalAccess/evaluate"),
]

REQUIREMENTS = f"/beta/users/{USER}/authentication/requirements"
FORBIDDEN = [
    # Methods of users: nothing may ever touch them.
    *[
        ("DELETE", f"/{version}/users/{USER}/authentication/{kind}Methods/{USER}")
        for version in ("beta", "v1.0")
        for kind in ("phone", "email", "fido2", "microsoftAuthenticator", "softwareOath", "temporaryAccessPass")
    ],
    ("POST", f"/v1.0/users/{USER}/authentication/phoneMethods"),
    ("PATCH", f"/v1.0/users/{USER}/authentication/phoneMethods/{USER}"),
    ("POST", f"/v1.0/users/{USER}/authentication/methods/{USER}/resetPassword"),
    ("PATCH", f"/beta/users/{USER}/authentication/signInPreferences"),
    # Neighbours of what is allowed.
    ("PATCH", f"/v1.0/users/{USER}"),
    ("PATCH", f"/beta/users/{USER}"),
    ("DELETE", f"/beta/users/{USER}"),
    ("POST", f"/v1.0/users/{USER}/revokeSignInSessions"),
    ("PUT", REQUIREMENTS),
    ("DELETE", REQUIREMENTS),
    ("POST", REQUIREMENTS),
    ("PATCH", REQUIREMENTS.replace("beta", "v1.0")),
    ("PATCH", "/beta/me/authentication/requirements"),
    ("PATCH", "/beta/users/ada@contoso.example/authentication/requirements"),
    ("DELETE", POLICIES),
    ("PATCH", POLICIES),
    ("PUT", f"{POLICIES}/{USER}"),
    ("POST", f"{POLICIES}/{USER}/restore"),
    ("DELETE", f"/v1.0/identity/conditionalAccess/deletedItems/policies/{USER}"),
    ("DELETE", f"/v1.0/identity/conditionalAccess/namedLocations/{USER}"),
    ("PATCH", "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"),
    ("POST", "/v1.0/directoryObjects/getByIds"),
    ("HEAD", "/v1.0/users"),
    ("OPTIONS", "/v1.0/users"),
    # Tricks with the path.
    ("PATCH", "/" + REQUIREMENTS),
    ("PATCH", REQUIREMENTS.replace("/users", "//users")),
    ("PATCH", REQUIREMENTS + "/"),
    ("PATCH", REQUIREMENTS + "/../phoneMethods"),
    ("PATCH", f"/beta/users/{USER}/authentication/methods/../requirements"),
    ("PATCH", REQUIREMENTS.replace("requirements", "%72equirements")),
    ("PATCH", f"/beta/users/{USER}%2fauthentication/requirements"),
    ("PATCH", f"/beta/users/{USER}/%2e%2e/{USER}/authentication/requirements"),
    ("PATCH", REQUIREMENTS.upper()),
    ("PATCH", REQUIREMENTS.replace("/beta/", "/BETA/")),
    ("PATCH", REQUIREMENTS + "?x=1"),
    ("PATCH", REQUIREMENTS + "?"),
    ("PATCH", REQUIREMENTS + "#x"),
    ("PATCH", REQUIREMENTS + "\n"),
    ("PATCH", REQUIREMENTS + ";x=1"),
    ("PATCH", REQUIREMENTS.replace("/", "\\")),
    ("PATCH", f"/v1.0/../beta/users/{USER}/authentication/requirements"),
    ("patch", REQUIREMENTS),
    ("POST", "/beta/$batch/"),
    ("POST", "/beta/%24batch"),
    ("POST", "/$batch"),
    ("GET", "/_sandbox/reset"),
    ("GET", "/"),
]


def _batch(*items: dict[str, Any]) -> bytes:
    return json.dumps({"requests": list(items)}).encode()


@pytest.mark.parametrize(("method", "path"), LEGITIMATE)
def test_each_request_of_the_list_may_go(method: str, path: str) -> None:
    check_request(ORIGIN, method, ORIGIN + path, _batch({"id": "1", "method": "GET", "url": "/me"}))


def test_the_list_says_nothing_that_this_test_does_not_know() -> None:
    assert [method for method, _ in ALLOWED] == ["POST", "PATCH", "POST", "PATCH", "DELETE", "POST"]
    for method, pattern in ALLOWED:
        assert any(method == verb and re.fullmatch(pattern, path) for verb, path in LEGITIMATE)
        assert "ethods" not in pattern


@pytest.mark.parametrize(("method", "path"), FORBIDDEN)
def test_everything_else_is_stopped_alone_and_inside_a_batch(method: str, path: str) -> None:
    with pytest.raises(ForbiddenRequest) as caught:
        check_request(ORIGIN, method, ORIGIN + path, b"{}")
    assert "It was not sent" in caught.value.unchanged
    if method == "GET":
        return
    for version in ("beta", "v1.0"):
        if path.startswith(f"/{version}/"):
            with pytest.raises(ForbiddenRequest):
                check_request(
                    ORIGIN,
                    "POST",
                    f"{ORIGIN}/{version}/$batch",
                    _batch(
                        {"id": "1", "method": "GET", "url": "/users"},
                        {"id": "2", "method": method, "url": path.removeprefix(f"/{version}")},
                    ),
                )


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1.0/users",
        f"http://{graph_host(Cloud.GLOBAL)}/v1.0/users",
        f"{ORIGIN}.evil.example/v1.0/users",
        f"{ORIGIN}@evil.example/v1.0/users",
        f"https://evil.example\\@{graph_host(Cloud.GLOBAL)}/v1.0/users",
        f"{ORIGIN}:444/v1.0/users",
        f"https://user:pw@{graph_host(Cloud.GLOBAL)}/v1.0/users",
        ORIGIN,
        "/v1.0/users",
        "",
    ],
)
def test_nothing_goes_to_another_origin(url: str) -> None:
    with pytest.raises(ForbiddenRequest):
        check_request(ORIGIN, "GET", url, b"")


@pytest.mark.parametrize(
    "item",
    [
        {"id": "1", "method": "GET", "url": "https://evil.example/v1.0/users"},
        {"id": "1", "method": "GET", "url": "//evil.example/users"},
        {"id": "1", "method": "GET", "url": "users"},
        {"id": "1", "method": "POST", "url": "/$batch"},
        {"id": "1", "method": "GET", "url": "/$batch"},
        {"id": "1", "method": "PATCH", "url": f"/users/{USER}/authentication/phoneMethods/{USER}"},
        {"id": "1", "url": "/users"},
        {"id": "1", "method": "GET"},
        "text",
    ],
)
def test_an_item_of_a_batch_is_held_to_the_same_list(item: Any) -> None:
    with pytest.raises(ForbiddenRequest):
        check_request(ORIGIN, "POST", f"{ORIGIN}/beta/$batch", _batch(item))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"requests": 1}', b'{"requests": [1', b"\xff"])
def test_a_batch_that_cannot_be_read_is_stopped(body: bytes) -> None:
    with pytest.raises(ForbiddenRequest):
        check_request(ORIGIN, "POST", f"{ORIGIN}/beta/$batch", body)


def test_the_gate_stands_before_the_socket_and_sees_the_address_as_it_goes_out() -> None:
    sent: list[httpx.Request] = []

    class Socket(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            sent.append(request)
            return httpx.Response(204)

    async def run() -> None:
        async with httpx.AsyncClient(transport=Gate(ORIGIN, Socket())) as client:
            assert (await client.patch(ORIGIN + REQUIREMENTS, json={})).status_code == 204
            for method, path in FORBIDDEN:
                # httpx resolves dot segments itself; whatever it makes of an address, only the list gets through.
                with contextlib.suppress(ForbiddenRequest, httpx.InvalidURL):
                    await client.request(method, ORIGIN + path)

    asyncio.run(run())
    assert {request.method for request in sent} == {"PATCH"}
    assert {request.url.raw_path for request in sent} == {REQUIREMENTS.encode()}


@pytest.mark.parametrize(
    "link",
    [
        "http://localhost:1/v1.0/users?$skiptoken=1",
        f"https://{graph_host(Cloud.GLOBAL)}/v1.0/users",
        f"http://{graph_host(Cloud.GLOBAL)}/v1.0/users",
        "http://[::1/v1.0/users",
        "//evil.example/v1.0/users",
        "ORIGIN@evil.example/v1.0/users",
        "ORIGIN/v1.0/us\ners",
        "ORIGIN/v1.0/us\u00e9rs",
        "ORIGIN/elsewhere",
        "nonsense",
    ],
)
def test_the_adapter_cannot_be_talked_into_another_place_by_a_link(opened: Any, reply: Any, link: str) -> None:
    async def run() -> None:
        def answering(seen: Any) -> Any:
            made = link.replace("ORIGIN", f"http://{seen.headers['host']}")
            return reply(200, {"value": [], "@odata.nextLink": made})

        async with opened(answering) as o:
            with pytest.raises(ForbiddenRequest):
                _ = [user async for user in o.tenant.iter_users()]
            assert len(o.graph.seen) == 1

    asyncio.run(run())


def test_a_redirect_is_not_followed(opened: Any, reply: Any) -> None:
    async def run() -> None:
        headers = {"Location": "/v1.0/elsewhere"}
        async with opened(lambda _: reply(302, b"", headers)) as o:
            with pytest.raises(Exception, match="302"):
                await o.tenant.list_policies()
            assert {seen.path for seen in o.graph.seen} == {"/v1.0/identity/conditionalAccess/policies"}

    asyncio.run(run())


def test_the_sender_of_a_connection_stands_behind_the_gate(opened: Any, reply: Any) -> None:
    from migrate.graph.credentials import signed_in
    from migrate.graph.pace import SystemClock

    async def run() -> None:
        async with opened(lambda _: reply(204)) as o:
            connection = Connection(endpoint=o.graph.origin)
            signed = signed_in(connection, prompt=print)
            async with open_sender(connection, signed, clock=SystemClock()) as sender:
                with pytest.raises(ForbiddenRequest):
                    await sender.send("DELETE", f"/v1.0/users/{USER}/authentication/phoneMethods/{USER}")
                assert (await sender.send("DELETE", f"{POLICIES}/{USER}")).status == 204
            assert [seen.method for seen in o.graph.seen] == ["DELETE"]

    asyncio.run(run())
