"""While a page is made the collector of circles rests; afterwards it runs as before, whatever happened."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrate.commands import report
from migrate.store.folder import Workspace


@pytest.fixture
def collector() -> Iterator[None]:
    """Leave the collector running."""
    yield
    gc.enable()


@pytest.mark.usefixtures("collector")
@pytest.mark.parametrize("ran", [True, False])
@pytest.mark.parametrize("fails", [True, False])
def test_it_rests_and_then_runs_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, ran: bool, fails: bool
) -> None:
    seen: list[bool] = []

    def page(*_: Any, **__: Any) -> Iterator[bytes]:
        seen.append(gc.isenabled())
        if fails:
            raise RuntimeError("the page could not be made")
        yield b"page"

    call: Any = None
    monkeypatch.setattr(report, "page_of", page)
    (gc.enable if ran else gc.disable)()
    if fails:
        with pytest.raises(RuntimeError):
            report.write_report(call, Workspace(tmp_path))
    else:
        assert report.write_report(call, Workspace(tmp_path)).read_bytes() == b"page"
    assert (seen, gc.isenabled()) == ([False], ran)
