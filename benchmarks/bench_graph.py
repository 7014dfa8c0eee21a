"""Compare our client with the plain ways to do the same, against a server on this machine, in one run.

Prints ratios, since they travel between machines where users a second do not. The server answers from memory after a
fixed delay, in a process of its own; nothing is throttled and nothing is paced.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from migrate.graph.credentials import signed_in
from migrate.graph.opening import open_tenant
from migrate.graph.pace import SystemClock
from migrate.graph.session import Connection
from migrate.graph.transport import open_sender

CONCURRENCY = 16
PAGE = 999


def guid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


# --- the server ---------------------------------------------------------------------------------------------------


class _Answering(asyncio.Protocol):
    """HTTP/1.1 with as little work as possible, so that the client is what is measured."""

    def __init__(self, delay: float, page: bytes) -> None:
        self._delay = delay
        self._page = page
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        body = self._body(head.split(b" ", 2)[1], rest[:length])
        reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        asyncio.get_running_loop().call_later(self._delay, self._send, reply)

    def _send(self, reply: bytes) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(reply)

    def _body(self, target: bytes, body: bytes) -> bytes:
        if target.endswith(b"$batch"):
            items = json.loads(body)["requests"]
            one = '{"id":"%s","status":200,"body":{"perUserMfaState":"enforced"}}'
            return ('{"responses":[' + ",".join(one % item["id"] for item in items) + "]}").encode()
        if target.endswith(b"requirements"):
            return b'{"perUserMfaState":"enforced"}'
        return self._page


def _page_json() -> bytes:
    user = {
        "displayName": "Ada Example",
        "userType": "Member",
        "creationType": None,
        "externalUserState": None,
        "identities": [],
        "accountEnabled": True,
        "onPremisesSyncEnabled": None,
        "assignedLicenses": [],
        "createdDateTime": "2020-01-01T00:00:00Z",
    }
    people = [{"id": guid(n), "userPrincipalName": f"user{n}@contoso.example", **user} for n in range(PAGE)]
    return json.dumps({"value": people}).encode()


def _serve(delay: float, port: Any) -> None:
    async def serve() -> None:
        page = _page_json()
        server = await asyncio.get_running_loop().create_server(lambda: _Answering(delay, page), "127.0.0.1", 0)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@asynccontextmanager
async def serving(delay: float) -> AsyncIterator[str]:
    """Serve in a process of its own and yield the origin."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(delay, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


# --- the ways -----------------------------------------------------------------------------------------------------


@dataclass
class Measured:
    """What one way reached."""

    users: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.users / self.seconds

    @property
    def per_cpu_second(self) -> float:
        return self.users / self.cpu


async def measured(users: int, work: Callable[[], Awaitable[None]]) -> Measured:
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return Measured(users, time.perf_counter() - wall, time.process_time() - cpu)


async def ours(origin: str, users: int) -> Measured:
    """Read states with the tenant that the commands use."""
    connection = Connection(endpoint=origin, pacing=False, concurrency=CONCURRENCY)
    async with open_tenant(connection, on_wait=_ignore) as tenant:
        await tenant.read_mfa_states([guid(0)])

        async def work() -> None:
            await tenant.read_mfa_states([guid(n) for n in range(users)])

        return await measured(users, work)


async def adapter_per_user(origin: str, users: int, *, at_once: int) -> Measured:
    """Read states with the SDK's adapter, a request for each user."""
    connection = Connection(endpoint=origin, pacing=False, concurrency=at_once)
    async with open_sender(connection, signed_in(connection, prompt=print), clock=SystemClock()) as sender:
        await sender.send("GET", f"/beta/users/{guid(0)}/authentication/requirements")
        numbers = iter(range(users))

        async def worker() -> None:
            for number in numbers:
                answer = await sender.send("GET", f"/beta/users/{guid(number)}/authentication/requirements")
                json.loads(answer.body)

        async def work() -> None:
            await asyncio.gather(*(worker() for _ in range(at_once)))

        return await measured(users, work)


async def httpx_batches(origin: str, users: int) -> Measured:
    """Read states with nothing but httpx and batches."""
    limits = httpx.Limits(max_connections=CONCURRENCY, max_keepalive_connections=CONCURRENCY)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client:
        starts = iter(range(0, users, 20))

        async def worker() -> None:
            for start in starts:
                items = [
                    {"id": str(n), "method": "GET", "url": f"/users/{guid(start + n)}/authentication/requirements"}
                    for n in range(20)
                ]
                answer = await client.post(f"{origin}/beta/$batch", json={"requests": items})
                found = {item["id"]: item["body"]["perUserMfaState"] for item in answer.json()["responses"]}
                assert len(found) == 20

        async def work() -> None:
            await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))

        return await measured(users, work)


async def our_pages(origin: str) -> Measured:
    """Read a page of users into records."""
    async with open_tenant(Connection(endpoint=origin, pacing=False), on_wait=_ignore) as tenant:

        async def page() -> None:
            assert len([user async for user in tenant.iter_users()]) == PAGE

        await page()

        async def work() -> None:
            for _ in range(10):
                await page()

        return await measured(10 * PAGE, work)


async def typed_page() -> Measured:
    """Deserialise the same page into the SDK's models."""
    from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
    from msgraph.generated.models.user_collection_response import UserCollectionResponse

    people = json.loads(_page_json())["value"]

    def parse(number: int) -> None:
        content = json.dumps({"value": people[:number]}).encode()
        node = JsonParseNodeFactory().get_root_parse_node("application/json", content)
        node.get_object_value(UserCollectionResponse.create_from_discriminator_value(node))

    parse(1)  # the first object imports 1,200 modules

    async def work() -> None:
        parse(100)

    return await measured(100, work)


def _ignore(reason: str, seconds: float) -> None:
    pass


async def main(rounds: int) -> None:
    """Interleave the ways, a few rounds each, and print the medians' ratios."""
    rows: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        rows.setdefault(name, []).append(value)

    for _ in range(rounds):
        async with serving(0.150) as origin:
            slow = await adapter_per_user(origin, 20, at_once=1)
            many = await adapter_per_user(origin, 600, at_once=CONCURRENCY)
            raw = await httpx_batches(origin, 8_000)
            mine = await ours(origin, 8_000)
        note("150 ms: ours / one request a user, one at a time", mine.rate / slow.rate)
        note(f"150 ms: ours / one request a user, {CONCURRENCY} at once", mine.rate / many.rate)
        note("150 ms: ours / httpx alone with batches", mine.rate / raw.rate)
        async with serving(0.0) as origin:
            slow = await adapter_per_user(origin, 300, at_once=1)
            raw = await httpx_batches(origin, 8_000)
            mine = await ours(origin, 8_000)
            pages = await our_pages(origin)
        note(
            "users per CPU second: ours / one request a user, one at a time", mine.per_cpu_second / slow.per_cpu_second
        )
        note("users per CPU second: ours / httpx alone with batches", mine.per_cpu_second / raw.per_cpu_second)
        typed = await typed_page()
        note("users per CPU second, paging: ours / the SDK's typed models", pages.per_cpu_second / typed.per_cpu_second)
        note("(for orientation) our users per CPU second, states", mine.per_cpu_second)
        note("(for orientation) our users per CPU second, paging", pages.per_cpu_second)
    for name, values in rows.items():
        print(f"{statistics.median(values):12,.2f}  ({min(values):,.2f} to {max(values):,.2f})  {name}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(main(parser.parse_args().rounds))
