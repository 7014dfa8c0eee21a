"""A small HTTP server that answers as a test tells it to, over real sockets, and a tenant opened against it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from migrate.graph.opening import open_tenant
from migrate.graph.session import Connection
from migrate.graph.tenant import GraphTenant
from migrate.model.waits import Waiting
from tests.virtual_time import InstantClock


@dataclass(frozen=True)
class Seen:
    """A request that the server received."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def items(self) -> list[dict[str, Any]]:
        """The requests of a batch."""
        requests: list[dict[str, Any]] = json.loads(self.body)["requests"]
        return requests


@dataclass(frozen=True)
class Reply:
    """An answer to send.

    `cut` sends so many bytes of the body and then closes; `reset` sends nothing at all; `trickle` is a pause in seconds
    after every byte of the body.
    """

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False
    delay: float = 0.0
    trickle: float = 0.0

    def encoded(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body).encode()


def batch_reply(responses: list[dict[str, Any]]) -> Reply:
    return Reply(200, {"responses": responses})


Answering = Callable[[Seen], Reply | Awaitable[Reply]]


class FakeGraph:
    """Keeps every request and answers with what `answering` returns."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.seen: list[Seen] = []
        self.connections = 0
        self.origin = ""
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def open_connections(self) -> int:
        return len(self._writers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client is gone, or the test is over
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        seen = Seen(method, target, headers, body)
        self.seen.append(seen)
        reply = self.answering(seen)
        if not isinstance(reply, Reply):
            reply = await reply
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.reset:
            writer.transport.abort()
            return False
        content = reply.encoded()
        lines = {
            "Date": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "Content-Type": "application/json",
            "request-id": f"req-{len(self.seen)}",
            "Content-Length": str(len(content)),
            **reply.headers,
        }
        text = f"HTTP/1.1 {reply.status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in lines.items()) + "\r\n"
        writer.write(text.encode("latin-1"))
        content = content if reply.cut is None else content[: reply.cut]
        for byte in content if reply.trickle else b"":
            writer.write(bytes([byte]))
            await asyncio.sleep(reply.trickle)
        writer.write(b"" if reply.trickle else content)
        await writer.drain()
        return reply.cut is None

    async def close(self) -> None:
        """End every connection before the loop ends, also those whose answer is still being waited for."""
        tasks, writers = list(self._tasks), list(self._writers)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        # A closed transport lets go of its socket in the loop's next turn.
        for _ in range(3):
            await asyncio.sleep(0)


@dataclass
class Waits:
    """Every wait that was reported, as (reason, seconds)."""

    told: list[tuple[str, float]] = field(default_factory=list)

    def __call__(self, waiting: Waiting, seconds: float) -> None:
        self.told.append((str(waiting), seconds))


@dataclass
class Opened:
    """A tenant, the server behind it, and what it waited for."""

    tenant: GraphTenant
    graph: FakeGraph
    waits: Waits
    clock: InstantClock


Opening = Callable[..., Any]


@pytest.fixture
def opened() -> Opening:
    """Return a context manager that opens a tenant over a server which answers as told."""

    @asynccontextmanager
    async def opening(answering: Answering, **options: Any) -> AsyncIterator[Opened]:
        graph = FakeGraph(answering)
        server = await asyncio.start_server(graph.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        graph.origin = f"http://127.0.0.1:{port}"
        connection = Connection(endpoint=graph.origin, **{"pacing": False, "timeout_seconds": 5.0, **options})
        waits, clock = Waits(), InstantClock()
        try:
            async with open_tenant(connection, on_wait=waits, clock=clock) as tenant:
                yield Opened(tenant, graph, waits, clock)
        finally:
            server.close()
            await graph.close()
            await server.wait_closed()

    return opening


@pytest.fixture
def user_json() -> Callable[[int], dict[str, Any]]:
    """Return a user as Graph would send it."""

    def user(number: int) -> dict[str, Any]:
        return {
            "id": guid(number),
            "userPrincipalName": f"user{number}@contoso.example",
            "displayName": f"User {number}",
            "userType": "Member",
            "creationType": None,
            "externalUserState": None,
            "identities": [{"signInType": "userPrincipalName", "issuer": "contoso.example", "issuerAssignedId": "x"}],
            "accountEnabled": True,
            "onPremisesSyncEnabled": None,
            "assignedLicenses": [{"skuId": guid(900), "disabledPlans": []}],
            "createdDateTime": "2020-01-02T03:04:05Z",
        }

    return user


def guid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


@pytest.fixture
def ids() -> Callable[[int], list[str]]:
    """Return the first so many user ids."""
    return lambda number: [guid(n) for n in range(number)]


@pytest.fixture
def reply() -> type[Reply]:
    """Return the class of answers."""
    return Reply
