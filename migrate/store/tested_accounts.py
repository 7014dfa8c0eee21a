"""emergency-tests.json: when the operator tried each emergency access account, as `doctor --tested` recorded it.

Nothing reads it but `doctor`; without it an account counts as never tried.
"""

from __future__ import annotations

from datetime import date

import msgspec

from migrate.errors import FolderDamaged
from migrate.model.record import Record
from migrate.store.files import os_errors_about, write_atomically
from migrate.store.folder import Workspace

TESTED_FILE = "emergency-tests.json"


class TestedAccount(Record, frozen=True, kw_only=True):
    """One test sign-in."""

    account: str
    """User principal name or object id, in lower case."""
    on: date
    said_by: str


def read_tested(workspace: Workspace) -> dict[str, TestedAccount]:
    """Return the last test of each account. Raises FolderDamaged."""
    path = workspace.path / TESTED_FILE
    with os_errors_about(path):
        if not path.exists():
            return {}
        raw = path.read_bytes()
    try:
        found = msgspec.json.decode(raw, type=tuple[TestedAccount, ...])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise FolderDamaged(
            f"{path} cannot be read: {problem}.", hint="Delete it and record the tests again: mfa-migrate doctor"
        ) from problem
    return {one.account: one for one in found}


def note_tested(workspace: Workspace, tested: TestedAccount) -> None:
    """Keep a test in place of an earlier one of the same account. The caller holds the folder's lock."""
    known = {**read_tested(workspace), tested.account: tested}
    write_atomically(workspace.path / TESTED_FILE, [msgspec.json.encode(list(known.values()))])
