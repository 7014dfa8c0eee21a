"""rollback.csv and rollback.json: replaced so that they always fit each other, and kept where a journal was lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from migrate.errors import BadInput
from migrate.exchange.documents import rollback_csv, rollback_header, rollback_json
from migrate.exchange.tables import Dialect
from migrate.model.rollback import RollbackHeader, RollbackRow
from migrate.store.files import chunks_of, put_in_place, sha256_of_file, write_atomically
from migrate.store.folder import Workspace

ROLLBACK_JSON, ROLLBACK_CSV = "rollback.json", "rollback.csv"


class FolderRollbackFiles:
    """rollback.csv and rollback.json in the working folder."""

    def __init__(self, workspace: Workspace, dialect: Dialect) -> None:
        self._folder, self._dialect = workspace.path, dialect

    def write(self, header: RollbackHeader, rows: Iterable[RollbackRow]) -> None:
        """Replace both files so that they fit each other at every moment.

        The header goes first and names the digests of the rows before and of the rows to come.
        """
        self._set_aside_those_of_a_lost_journal(header)
        csv = self._folder / ROLLBACK_CSV
        coming = csv.with_name(ROLLBACK_CSV + ".next")
        digest = write_atomically(coming, rollback_csv(rows, self._dialect))
        former = sha256_of_file(csv) if csv.is_file() else ""
        whole = msgspec.structs.replace(header, csv_sha256=digest, former_csv_sha256=former)
        write_atomically(self._folder / ROLLBACK_JSON, [rollback_json(whole)])
        put_in_place(coming, csv)

    def _set_aside_those_of_a_lost_journal(self, header: RollbackHeader) -> None:
        """Keep files that tell of runs which this journal does not know, in a folder of their own.

        Where the journal was lost they are the only way back from its runs. So are, perhaps, ones that are damaged.
        """
        files = [self._folder / ROLLBACK_CSV, self._folder / ROLLBACK_JSON]
        if not all(file.is_file() for file in files):
            return
        try:
            there = rollback_header(files[1])
        except BadInput:
            aside = self._folder / f"rollback-{sha256_of_file(files[1])[:12]}"
        else:
            # A journal only grows; one that is shorter than what the files were written from is another one.
            if set(there.plan_digests) <= set(header.plan_digests) or there.journal_entries < header.journal_entries:
                return
            aside = self._folder / f"rollback-{there.plan_digests[-1][:12]}"
        aside.mkdir(exist_ok=True)
        for file in files:
            write_atomically(aside / file.name, chunks_of(file))


def rollback_files_of(workspace: Workspace) -> Iterator[tuple[Path, Path]]:
    """Yield every pair of rollback.csv and rollback.json in the folder, those that were set aside too."""
    for folder in (workspace.path, *sorted(workspace.path.glob("rollback-*"))):
        csv, beside = folder / ROLLBACK_CSV, folder / ROLLBACK_JSON
        if csv.is_file() and beside.is_file():
            yield csv, beside
