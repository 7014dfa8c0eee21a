"""What goes through the SDK's adapter also goes without msgraph-sdk, as on Windows: the same tests once more."""

from __future__ import annotations

import sys

import pytest

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
