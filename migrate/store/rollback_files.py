"""rollback.csv and rollback.json: replaced so that they always fit each other, and kept where a journal was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from migrate.errors import BadInput, StalePlan
from migrate.exchange.documents import rollback_csv, rollback_header, rollback_json, rollback_rows
from migrate.exchange.tables import Dialect
from migrate.model.rollback import RollbackHeader, RollbackRow
from migrate.model.users import MfaState
from migrate.named_files import refuse_no_file
from migrate.store.books import ROLLBACK_CSV, ROLLBACK_JSON, Holds, ahead_of, set_aside
from migrate.store.files import chunks_of, put_in_place, sha256_of_file, write_atomically
from migrate.store.folder import Workspace


class FolderRollbackFiles:
    """rollback.csv and rollback.json in the working folder."""

    def __init__(self, workspace: Workspace, dialect: Dialect, *, holds: Holds) -> None:
        """Name the folder, the look of its tables, and what the journal of the run holds."""
        self._folder, self._dialect, self._holds = workspace.path, dialect, holds

    def write(self, header: RollbackHeader, rows: Iterable[RollbackRow]) -> None:
        """Replace both files so that they fit each other at every moment.

        The header goes first and names the digests of the rows before and of the rows to come.
        """
        self._set_aside_those_of_a_lost_journal()
        csv = self._folder / ROLLBACK_CSV
        coming = csv.with_name(ROLLBACK_CSV + ".next")
        digest = write_atomically(coming, rollback_csv(rows, self._dialect))
        former = sha256_of_file(csv) if csv.is_file() else ""
        whole = msgspec.structs.replace(header, csv_sha256=digest, former_csv_sha256=former)
        write_atomically(self._folder / ROLLBACK_JSON, [rollback_json(whole)])
        put_in_place(coming, csv)

    def kept_rows(self) -> Iterator[RollbackRow]:
        """Yield the rows of the table that is there; none where it does not fit rollback.json."""
        csv, beside = self._folder / ROLLBACK_CSV, self._folder / ROLLBACK_JSON
        if csv.is_file() and beside.is_file():
            try:
                if rollback_header(beside).fits(sha256_of_file(csv)):
                    yield from rollback_rows(csv)
            except BadInput:
                return  # kept aside as it is, before another takes its place

    def _set_aside_those_of_a_lost_journal(self) -> None:
        """Keep files that know more than the journal does, or do not fit each other, in a folder of their own.

        Where the journal lost its end they are the only way back for some.
        """
        for pair in ahead_of(self._folder, self._holds):
            set_aside(pair)
        csv, beside = self._folder / ROLLBACK_CSV, self._folder / ROLLBACK_JSON
        if not csv.is_file():
            return
        digest = sha256_of_file(csv)
        header = kept_header(beside) if beside.is_file() else None
        if header is None or not header.fits(digest):
            aside = self._folder / f"rollback-{digest[:12]}"
            aside.mkdir(exist_ok=True)
            for file in (csv, beside):
                if file.is_file():
                    write_atomically(aside / file.name, chunks_of(file))


def kept_header(beside: Path) -> RollbackHeader | None:
    """Return what a rollback.json holds; None where it is damaged."""
    try:
        return rollback_header(beside)
    except BadInput:
        return None


def rows_unchecked(csv: Path) -> Iterator[RollbackRow]:
    """Yield the rows of a rollback.csv, whatever it was written with; none where there is no such file."""
    if csv.is_file():
        yield from rollback_rows(csv)


def read_rollback(csv: Path, tenant_id: str) -> tuple[list[RollbackRow], RollbackHeader | None]:
    """Return what a rollback.csv and the rollback.json beside it hold; None where there is no rollback.json.

    Raises:
        BadInput: There is no such file, or it is not one of ours.
        StalePlan: It is of another tenant, or not the file that rollback.json was written with.
    """
    refuse_no_file(csv, hint="It is the rollback.csv of a run.")
    rows = list(rollback_rows(csv))
    foreign = next((row for row in rows if row.tenant_id != tenant_id), None)
    if foreign is not None:
        raise StalePlan(
            f"{csv} is of tenant {foreign.tenant_id} ({foreign.user_principal_name}); this is {tenant_id}.",
            hint="Sign in to that tenant.",
        )
    beside = csv.with_name(ROLLBACK_JSON)
    if not beside.is_file():
        return rows, None
    header = rollback_header(beside)
    if not header.fits(sha256_of_file(csv)):
        raise StalePlan(
            f"{csv} is not the file that {beside.name} was written with: it was edited or belongs to another run.",
            hint="Take both files from the same folder, or move rollback.json away to roll back users only.",
        )
    return rows, header


def recorded_states(
    workspace: Workspace, tenant_id: str, *, warn: Callable[[str], None]
) -> dict[str, tuple[MfaState, str]]:
    """Return by user id the former state and the plan that the rollback files of the folder tell.

    A file that was edited counts for nothing; of one that is damaged `warn` is told.
    """
    states: dict[str, tuple[MfaState, str]] = {}
    for csv, beside in rollback_files_of(workspace):
        try:
            header = rollback_header(beside)
        except BadInput as problem:
            warn(f"{problem.what} What it records is not known, so its users have no exemption.")
            continue
        if header.tenant_id == tenant_id and header.fits(sha256_of_file(csv)):
            for row in rollback_rows(csv):
                states.setdefault(row.user_id, (row.previous_state, row.plan_digest))
    return states


def rollback_files_of(workspace: Workspace) -> Iterator[tuple[Path, Path]]:
    """Yield every pair of rollback.csv and rollback.json in the folder, those that were set aside too."""
    for folder in (workspace.path, *sorted(workspace.path.glob("rollback-*"))):
        csv, beside = folder / ROLLBACK_CSV, folder / ROLLBACK_JSON
        if csv.is_file() and beside.is_file():
            yield csv, beside
