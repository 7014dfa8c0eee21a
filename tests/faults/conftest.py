"""What several tests of this folder begin with."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.faults.dying import Graveyard, open_graveyard


@pytest.fixture(scope="module")
def graveyard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graveyard]:
    """Yield where commands run that die on their way."""
    if not hasattr(os, "fork"):
        pytest.skip("the test forks; Windows cannot")
    with open_graveyard(tmp_path_factory.mktemp("graveyard")) as opened:
        yield opened
