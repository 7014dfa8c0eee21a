"""A sandbox without limits and lags, and a client for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant import Tenant


@pytest.fixture
def start_plain() -> Iterator[Callable[[Tenant], httpx.Client]]:
    """Serve a tenant and return a client with a token."""
    with ExitStack() as open_things:

        def start(tenant: Tenant) -> httpx.Client:
            server = open_things.enter_context(SandboxServer(tenant, settings=SandboxSettings(throttle=False)))
            headers = {"Authorization": "Bearer constant"}
            return open_things.enter_context(httpx.Client(base_url=server.url, headers=headers, verify=False))

        yield start
