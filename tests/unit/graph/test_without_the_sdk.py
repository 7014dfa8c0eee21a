"""What goes through the SDK's adapter also goes without msgraph-sdk, as on Windows: the same tests once more."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType

import httpx
import pytest
from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph_core import BaseGraphRequestAdapter  # type: ignore[import-untyped]

from migrate.graph.transport import _adapter_kind
from tests.unit.graph.test_allow_list import *  # noqa: F403 - the same tests, with the SDK blocked
from tests.unit.graph.test_credentials import (
    authority,  # noqa: F401 - a fixture
    test_a_client_secret_brings_a_token_that_goes_to_graph,  # noqa: F401
    test_an_opaque_token_says_nothing_and_me_is_asked,  # noqa: F401
    test_the_token_is_for_graphs_own_host_only,  # noqa: F401
)


@pytest.fixture(autouse=True)
def _no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "msgraph" or name.startswith("msgraph.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "msgraph", None)


def test_the_adapter_is_msgraph_cores_own() -> None:
    _, options = _adapter_kind()
    assert options == {}
    assert sys.modules["msgraph"] is None


def test_an_sdk_that_was_half_installed_counts_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msgraph", ModuleType("msgraph"))
    monkeypatch.setitem(sys.modules, "msgraph.graph_request_adapter", ModuleType("msgraph.graph_request_adapter"))
    made, options = _adapter_kind()
    assert options == {}

    async def kind() -> type:
        async with httpx.AsyncClient() as client:
            return type(made(AnonymousAuthenticationProvider(), client))

    assert asyncio.run(kind()) is BaseGraphRequestAdapter
