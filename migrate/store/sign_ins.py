"""The tables of sign-ins in snapshot.db: readings of the log, their kinds, and who signed in in each.

They are added to while a long reading goes on, an hour at a time, and checked against a digest once it is complete.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import msgspec

from migrate.errors import FolderDamaged, NothingHere
from migrate.model.sign_ins import Seen, SeenAs, SignInKind, SignInSource
from migrate.model.snapshot import SnapshotHeader
from migrate.store.database import connect, damaged, open_checked, sqlite_errors_about, transaction
from migrate.store.folder import Workspace
from migrate.store.snapshot_digest import framed
from migrate.store.snapshot_schema import SNAPSHOT_FILE, SNAPSHOT_SCHEMA

if TYPE_CHECKING:
    from migrate.store.snapshot_reading import Snapshot

T = TypeVar("T")

_SOURCE = msgspec.json.Decoder(SignInSource)
_KIND = msgspec.json.Decoder(SignInKind)
_SEEN = msgspec.json.Decoder(Seen)
_HEADER = msgspec.json.Decoder(SnapshotHeader)
_REMOVALS = (
    "DELETE FROM sign_in_people WHERE source = ?",
    "DELETE FROM sign_in_kinds WHERE source = ?",
    "DELETE FROM sign_in_sources WHERE source = ?",
)
_COPIES = (
    ("SELECT * FROM sign_in_sources", "INSERT INTO sign_in_sources VALUES (?, ?)"),
    ("SELECT * FROM sign_in_kinds", "INSERT INTO sign_in_kinds VALUES (?, ?, ?)"),
    ("SELECT * FROM sign_in_people", "INSERT INTO sign_in_people VALUES (?, ?, ?, ?)"),
)


class SignInBook:
    """The readings of one folder, opened to be looked at or added to. A context manager."""

    def __init__(self, workspace: Workspace, *, writing: bool = False, beside: Snapshot | None = None) -> None:
        """Open them; whoever writes holds the folder's lock.

        Args:
            workspace: The folder.
            writing: Whether something is to be added.
            beside: The folder's snapshot, where somebody reads it already: it is the same file, and was checked.

        Raises:
            NothingHere: The folder holds no snapshot.
            FolderDamaged, NewerFolder, FolderProblem: It cannot be used.
        """
        self._path = workspace.path / SNAPSHOT_FILE
        self._numbers: dict[int, dict[SignInKind, int]] = {}
        self._is_ours = beside is None
        if beside is not None:
            self._connection = beside.connection
            return
        if not self._path.exists():
            raise NothingHere(
                f"{workspace.path} holds no snapshot of a tenant.", hint="Read the tenant first: mfa-migrate export"
            )
        self._connection = open_checked(self._path, SNAPSHOT_SCHEMA, mode="rw" if writing else "ro")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_ours:
            self._connection.close()

    def sources(self) -> dict[int, SignInSource]:
        """Return the readings by their numbers.

        Raises:
            FolderDamaged: One is not what was written.
        """
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            rows = self._connection.execute("SELECT source, body FROM sign_in_sources ORDER BY source").fetchall()
            return {number: self._decoded(_SOURCE, body) for number, body in rows}

    def kinds(self, source: int) -> list[SignInKind]:
        """Return the kinds of a reading, in their order. Raises as `sources`."""
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            query = "SELECT body FROM sign_in_kinds WHERE source = ? ORDER BY kind"
            return [self._decoded(_KIND, body) for (body,) in self._connection.execute(query, (source,))]

    def people(self, source: int) -> Iterator[SeenAs]:
        """Yield who signed in in which kind, ordered by kind and person. Raises as `sources`."""
        kinds = self.kinds(source)
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            query = "SELECT kind, user_id, body FROM sign_in_people WHERE source = ? ORDER BY kind, user_id"
            for kind, user_id, body in self._connection.execute(query, (source,)):
                if not 0 <= kind < len(kinds):
                    raise self._damaged("a person signed in in a kind that is not there")
                yield SeenAs(kind=kinds[kind], user_id=user_id, seen=self._decoded(_SEEN, body))

    def check(self, source: int) -> None:
        """Raise FolderDamaged where the kinds and people of a complete reading are not what was written."""
        wanted = self.sources()[source]
        if wanted.complete and wanted.digest != self._digest(source):
            raise self._damaged(f"the kinds of reading {source} are not what was written")

    # Writing

    def begin(self, source: SignInSource) -> int:
        """Add a reading and return its number."""
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA), transaction(self._connection):
            (number,) = self._connection.execute("SELECT coalesce(max(source), 0) + 1 FROM sign_in_sources").fetchone()
            self._connection.execute("INSERT INTO sign_in_sources VALUES (?, ?)", (number, msgspec.json.encode(source)))
            return int(number)

    def add(
        self,
        number: int,
        source: SignInSource,
        kinds: Sequence[SignInKind],
        people: Iterable[tuple[int, str, Seen]],
    ) -> None:
        """Add what was read to a reading and replace what it says of itself, all or nothing.

        Args:
            number: Which reading.
            source: What it says of itself now; a complete one gets its digest here.
            kinds, people: What is added; people name kinds by their places in `kinds`.
        """
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA), transaction(self._connection):
            known = self._known(number)
            before = dict(known)
            try:
                self._add_rows(number, kinds, people, known)
                if source.complete:
                    source = msgspec.structs.replace(source, digest=self._digest(number))
                self._connection.execute(
                    "UPDATE sign_in_sources SET body = ? WHERE source = ?", (msgspec.json.encode(source), number)
                )
            except BaseException:
                self._numbers[number] = before
                raise

    def forget(self, numbers: Iterable[int]) -> None:
        """Remove readings with everything that they hold; their bytes are overwritten."""
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            self._connection.execute("PRAGMA secure_delete = ON")
            with transaction(self._connection):
                for number in numbers:
                    for removal in _REMOVALS:
                        self._connection.execute(removal, (number,))
                    self._numbers.pop(number, None)

    def _known(self, number: int) -> dict[SignInKind, int]:
        if number not in self._numbers:
            self._numbers[number] = {kind: place for place, kind in enumerate(self.kinds(number))}
        return self._numbers[number]

    def _add_rows(
        self,
        number: int,
        kinds: Sequence[SignInKind],
        people: Iterable[tuple[int, str, Seen]],
        known: dict[SignInKind, int],
    ) -> None:
        places = []
        fresh = not known
        for kind in kinds:
            if kind not in known:
                known[kind] = len(known)
                self._connection.execute(
                    "INSERT INTO sign_in_kinds VALUES (?, ?, ?)", (number, known[kind], msgspec.json.encode(kind))
                )
            places.append(known[kind])
        rows = ((places[place], user_id, seen) for place, user_id, seen in people)
        if fresh:  # nobody to be added to
            self._connection.executemany(
                "INSERT INTO sign_in_people VALUES (?, ?, ?, ?)",
                ((number, place, user_id, msgspec.json.encode(seen)) for place, user_id, seen in rows),
            )
            return
        for place, user_id, seen in rows:
            query = "SELECT body FROM sign_in_people WHERE source = ? AND kind = ? AND user_id = ?"
            row = self._connection.execute(query, (number, place, user_id)).fetchone()
            together = seen if row is None else self._decoded(_SEEN, row[0]).and_more(seen)
            self._connection.execute(
                "INSERT OR REPLACE INTO sign_in_people VALUES (?, ?, ?, ?)",
                (number, place, user_id, msgspec.json.encode(together)),
            )

    def _digest(self, source: int) -> str:
        found = hashlib.sha256()
        for query in (
            "SELECT kind, body FROM sign_in_kinds WHERE source = ? ORDER BY kind",
            "SELECT kind, user_id, body FROM sign_in_people WHERE source = ? ORDER BY kind, user_id",
        ):
            for row in self._connection.execute(query, (source,)):
                found.update(framed(row))
        return found.hexdigest()

    def _decoded(self, decoder: msgspec.json.Decoder[T], body: bytes) -> T:
        try:
            return decoder.decode(body)
        except (msgspec.DecodeError, TypeError, UnicodeDecodeError) as error:
            raise self._damaged(f"what was read of the sign-in log cannot be decoded ({error})") from error

    def _damaged(self, what: str) -> FolderDamaged:
        return damaged(self._path, SNAPSHOT_SCHEMA, what)


def carry_over(path: Path, connection: sqlite3.Connection, tenant_id: str, *, sandbox: bool) -> None:
    """Copy what was read of a tenant's sign-in log from the snapshot at `path` into the one that takes its place.

    The log is the tenant's, whatever the directory looked like when it was read. A snapshot of another tenant, of an
    older version, or of a sandbox where this one is not, has none to give.

    Raises:
        FolderDamaged, FolderProblem: It cannot be read.
    """
    with sqlite_errors_about(path, SNAPSHOT_SCHEMA), closing(connect(path, mode="ro")) as older:
        (version,) = older.execute("PRAGMA user_version").fetchone()
        if version != SNAPSHOT_SCHEMA.version:
            return
        row = older.execute("SELECT value FROM meta WHERE key = 'header'").fetchone()
        try:
            header = None if row is None else _HEADER.decode(row[0])
        except (msgspec.DecodeError, TypeError, UnicodeDecodeError) as error:
            raise damaged(path, SNAPSHOT_SCHEMA, f"its header cannot be decoded ({error})") from error
        if header is None or (header.organization.tenant_id, header.endpoint is not None) != (tenant_id, sandbox):
            return
        for reading, writing in _COPIES:
            connection.executemany(writing, older.execute(reading))
