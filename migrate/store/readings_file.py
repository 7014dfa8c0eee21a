"""readings.json: what this folder has seen of groups, roles, locations and strengths, and what changed lately.

Without it nothing is known to have changed; a plan knows that it was there, and then everybody waits.
"""

from __future__ import annotations

import msgspec

from migrate.errors import FolderDamaged
from migrate.model.readings import Readings
from migrate.store.files import os_errors_about, write_atomically
from migrate.store.folder import Workspace

READINGS_FILE = "readings.json"


def read_readings(workspace: Workspace) -> Readings | None:
    """Return what was seen; None in a folder that has seen nothing yet. Raises FolderDamaged."""
    path = workspace.path / READINGS_FILE
    with os_errors_about(path):
        if not path.exists():
            return None
        raw = path.read_bytes()
    try:
        return msgspec.json.decode(raw, type=Readings)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise FolderDamaged(
            f"{path} cannot be read: {problem}.",
            hint="Delete it and run `mfa-migrate export`; whoever became covered within the last day then has to be "
            "waited for by you.",
        ) from problem


def write_readings(workspace: Workspace, readings: Readings) -> None:
    """Keep what was seen, whole or not at all. The caller holds the folder's lock."""
    write_atomically(workspace.path / READINGS_FILE, [msgspec.json.encode(readings)])


def forget_readings(workspace: Workspace) -> None:
    """Drop what was seen. The caller holds the folder's lock."""
    path = workspace.path / READINGS_FILE
    with os_errors_about(path):
        path.unlink(missing_ok=True)
