"""What all tests share: a quiet environment, the reference data beside the project, and patience for slow machines."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent

# A deadline per example measures the neighbours of a shared machine, not the code.
hypothesis.settings.register_profile("default", deadline=None, print_blob=True)
hypothesis.settings.load_profile("default")


# Hundreds of tests start the program. Where a machine keeps no bytecode, each start compiles all of it again, which
# takes longer than what is tested.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_configure() -> None:
    """Give the processes that tests start the ordinary Ctrl-C: a background job ignores it, and they inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """Let two workers share a core: a good part of the tests waits, for paces and for other processes."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 2 * cores


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every long test an hour: how long it takes is the machine's affair."""
    for item in items:
        if item.get_closest_marker("long") is not None:
            item.add_marker(pytest.mark.timeout(3600), append=False)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the developer's own settings and credentials away; keep those that point tests at a live tenant."""
    for name in list(os.environ):
        if name.startswith(("MFA_MIGRATE_", "AZURE_")) and not name.startswith("MFA_MIGRATE_LIVE"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of reference data that lies beside the project; skip where there is none."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no reference data beside the project (looked for {folder.name}/ next to it)")
    return folder
