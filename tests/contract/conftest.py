"""A sandbox on a real socket, and a plain HTTP client for it, for every contract test."""

import ssl
from collections.abc import Callable, Iterator

import httpx
import pytest

from migrate.sandbox.company import company
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant import Tenant

QUIET = SandboxSettings(throttle=False, audit_lag_seconds=0, signin_lag_seconds=0)


@pytest.fixture
def start() -> Iterator[Callable[..., SandboxServer]]:
    """Start sandboxes that end with the test."""
    running: list[SandboxServer] = []

    def begin(tenant: Tenant | None = None, **changes: object) -> SandboxServer:
        tls = changes.pop("tls", None)
        settings = QUIET.with_changes(changes)
        server = SandboxServer(tenant or company(7, 120), settings=settings, tls=tls).start()  # type: ignore[arg-type]
        running.append(server)
        return server

    yield begin
    for server in running:
        server.stop()


@pytest.fixture
def connect() -> Iterator[Callable[..., httpx.Client]]:
    """Open clients that close with the test."""
    opened: list[httpx.Client] = []

    def open_client(server: SandboxServer, token: str | None = "constant") -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        trust = (
            ssl.create_default_context(cafile=str(server.ca_bundle)) if server.ca_bundle else False
        )  # loading certificates takes its time
        client = httpx.Client(base_url=server.url, headers=headers, timeout=240, verify=trust)
        opened.append(client)
        return client

    yield open_client
    for client in opened:
        client.close()


@pytest.fixture
def server(start: Callable[..., SandboxServer]) -> SandboxServer:
    """A sandbox with a company of 120."""
    return start()


@pytest.fixture
def client(server: SandboxServer, connect: Callable[..., httpx.Client]) -> httpx.Client:
    """A client of that sandbox."""
    return connect(server)
