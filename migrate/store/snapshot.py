"""snapshot.db: what one export read of the tenant. Written whole or not at all, then only read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from migrate.errors import FolderDamaged, FolderProblem, NothingHere
from migrate.model.evidence import Evidence
from migrate.model.reasons import Reason, parts_text
from migrate.model.replies import StateReading
from migrate.model.snapshot import (
    Actor,
    CrossCheck,
    Organization,
    Reading,
    SnapshotHeader,
    SubscribedSku,
    TokenPermissions,
)
from migrate.model.users import Registration, UserProfile
from migrate.store.database import connect, force_file_to_disk, shape, sqlite_errors_about
from migrate.store.files import chunks_of, create_owner_only, os_errors_about, put_in_place, write_atomically
from migrate.store.folder import Workspace
from migrate.store.sign_ins import carry_over
from migrate.store.snapshot_digest import Source, content_of, counts_of, note_places, put_seal
from migrate.store.snapshot_reading import Snapshot
from migrate.store.snapshot_schema import (
    HEAP,
    INDEXES,
    KEYS,
    PAGE_BYTES,
    SNAPSHOT_FILE,
    SNAPSHOT_SCHEMA,
    USERS,
    USERS_BY_ID,
    evidence_rows,
)

__all__ = ["Snapshot", "SnapshotWriter", "open_snapshot"]

_PAGE = 10_000
"""User ids fetched at a time while other rows are being added."""


class SnapshotWriter:
    """Write a snapshot beside the present one, which it replaces only when `finish` has been called.

    A context manager: left without `finish`, or by an exception, it removes what it had written. The folder's
    lock is held by the caller. The order in which things are added does not matter; of two rows for the same user the
    later one counts. They are put down as they come, in a heap beside the file, and `finish` sorts them.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._path = workspace.path / SNAPSHOT_FILE
        self._new = workspace.path / f"{SNAPSHOT_FILE}.new"
        self._heap = workspace.path / f"{SNAPSHOT_FILE}.heap"
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        for path in (self._new, self._heap):
            with os_errors_about(path):
                os.close(create_owner_only(path))
        with sqlite_errors_about(self._new, SNAPSHOT_SCHEMA):
            connection = connect(self._new)
            self._connection = connection
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.execute("ATTACH DATABASE ? AS heap", (str(self._heap.absolute()),))
            for file in ("main", "heap"):
                # A file that is thrown away unless it gets whole needs no way back inside it.
                connection.execute(f"PRAGMA {file}.journal_mode = OFF")
                connection.execute(f"PRAGMA {file}.synchronous = OFF")
                connection.execute(f"PRAGMA {file}.locking_mode = EXCLUSIVE")
                connection.execute(f"PRAGMA {file}.cache_size = -32768")
            shape(connection, SNAPSHOT_SCHEMA)
            for statement in HEAP:
                connection.execute(statement)
            connection.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        for path in (self._heap, self._new):
            # The new one is gone when all went well; in a folder that was closed meanwhile, something else is said.
            with suppress(OSError):
                path.unlink()

    def add_users(self, users: Iterable[UserProfile]) -> None:
        """Add users; the iterable is consumed as it comes."""
        encode = msgspec.json.Encoder().encode
        self._insert(
            "INSERT INTO heap.users VALUES (?, ?, ?, ?)",
            ((user.id.lower(), user.user_principal_name.casefold(), user.is_guest, encode(user)) for user in users),
        )

    def add_readings(self, readings: Iterable[StateReading]) -> None:
        """Add answers about per-user MFA states: the state, or why there is none, with the request id."""
        self._insert(
            "INSERT INTO heap.readings VALUES (?, ?, ?, ?, ?, ?)",
            (
                (reading.user_id.lower(), reading.mfa_state, *_cells_of(reading.problem, reading.request_id))
                for reading in readings
            ),
        )

    def add_registrations(self, rows: Iterable[tuple[str, Registration]]) -> None:
        """Add rows of the registration report, as (user id, registration)."""
        encode = msgspec.json.Encoder().encode
        self._insert(
            "INSERT INTO heap.registrations VALUES (?, ?)",
            ((user_id.lower(), encode(registration)) for user_id, registration in rows),
        )

    def set_evidence(self, evidence: Evidence) -> None:
        """Keep the evidence, in the place of any that was set before."""
        with sqlite_errors_about(self._new, SNAPSHOT_SCHEMA):
            self._open.execute("DELETE FROM evidence")
        self._insert("INSERT INTO evidence VALUES (?, ?, ?)", evidence_rows(evidence))

    def user_ids(self) -> Iterator[str]:
        """Yield the ids of the users added so far; more may be added meanwhile."""
        last = 0
        while True:
            with sqlite_errors_about(self._new, SNAPSHOT_SCHEMA):
                rows = self._open.execute(
                    "SELECT rowid, id FROM heap.users WHERE rowid > ? ORDER BY rowid LIMIT ?", (last, _PAGE)
                ).fetchall()
            if not rows:
                return
            yield from (user_id for _, user_id in rows)
            last = rows[-1][0]

    def finish(
        self,
        *,
        taken_at: str,
        tool_version: str,
        cloud: str,
        endpoint: str | None,
        organization: Organization,
        skus: tuple[SubscribedSku, ...],
        actor: Actor,
        states_read_by: str,
        keep_previous: bool,
        cross_check: CrossCheck | None = None,
        permissions: TokenPermissions | None = None,
        group_names: dict[str, tuple[str, ...]] | None = None,
        reading: Reading | None = None,
    ) -> SnapshotHeader:
        """Complete the snapshot, put it in place and return its header.

        Args:
            taken_at: When the reading began, by the server's clock (ISO 8601, UTC).
            keep_previous: Keep the present snapshot, because a run was made from it, as
                `snapshot-<first 12 digits of its id>.db`.
            tool_version, cloud, endpoint, organization, skus, actor, states_read_by, cross_check, permissions,
                group_names, reading: As in `SnapshotHeader`.

        Raises:
            FolderProblem: The disk is full or the file cannot be replaced. The present snapshot stays.
        """
        connection = self._open
        with sqlite_errors_about(self._new, SNAPSHOT_SCHEMA):
            for table, key in KEYS:
                _put_in_order(connection, table, key)
                if table == USERS:
                    connection.execute(USERS_BY_ID)
            for statement in INDEXES:
                connection.execute(statement)
            digest, blocks = content_of(connection, Source.of(cloud, endpoint, organization, skus))
            counts = counts_of(connection)
            header = SnapshotHeader(
                id=digest,
                taken_at=taken_at,
                tool_version=tool_version,
                cloud=cloud,
                endpoint=endpoint,
                organization=organization,
                skus=skus,
                actor=actor,
                states_read_by=states_read_by,
                users=counts.total(),
                unreadable=sum(number for key, number in counts.items() if key.startswith("unreadable/")),
                counts=dict(sorted(counts.items())),
                cross_check=cross_check,
                permissions=permissions,
                group_names=group_names or {},
                reading=reading,
            )
            encoded = msgspec.json.encode(header)
            connection.execute("INSERT INTO meta VALUES ('header', ?)", (encoded,))
            put_seal(connection, encoded, blocks)
            note_places(connection)
            if self._path.exists():
                with suppress(FolderDamaged):  # one that is damaged is replaced without what it held
                    carry_over(self._path, connection, organization.tenant_id, sandbox=endpoint is not None)
            connection.execute("COMMIT")
            connection.close()
        self._connection = None
        force_file_to_disk(self._new)
        if keep_previous and self._path.exists():
            _keep(self._path)
        put_in_place(self._new, self._path)
        return header

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("A snapshot is written inside `with SnapshotWriter(...)`, and before finish().")
        return self._connection

    def _insert(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with sqlite_errors_about(self._new, SNAPSHOT_SCHEMA):
            self._open.executemany(statement, rows)


def open_snapshot(workspace: Workspace, snapshot_id: str | None = None) -> Snapshot:
    """Open the latest snapshot of a folder, or the one with this id.

    Raises:
        NothingHere: There is none.
        FolderDamaged, NewerFolder, FolderProblem: It cannot be used; the message says what to type.
    """
    latest = workspace.path / SNAPSHOT_FILE
    if snapshot_id is None:
        if not latest.exists():
            raise NothingHere(
                f"{workspace.path} holds no snapshot of a tenant.", hint="Read the tenant first: mfa-migrate export"
            )
        return Snapshot(latest)
    for path in (_kept_name(workspace.path, snapshot_id), latest):
        if path.exists():
            snapshot = Snapshot(path)
            if snapshot.header.id == snapshot_id:
                return snapshot
            snapshot.close()
    raise NothingHere(
        f"{workspace.path} does not hold the snapshot {snapshot_id[:12]} any more.",
        hint="Make a new plan from a new snapshot: mfa-migrate export, then mfa-migrate plan",
    )


def open_snapshots(workspace: Workspace) -> Iterator[Snapshot]:
    """Open every snapshot of a folder once, those of earlier exports too; one that cannot be used is passed over."""
    seen: set[str] = set()
    for path in (workspace.path / SNAPSHOT_FILE, *sorted(workspace.path.glob("snapshot-*.db"))):
        if path.exists():
            with suppress(FolderProblem):
                snapshot = Snapshot(path)
                if snapshot.header.id in seen:
                    snapshot.close()
                else:
                    seen.add(snapshot.header.id)
                    yield snapshot


def _cells_of(problem: Reason | None, request_id: str) -> tuple[str | None, ...]:
    """Return why there is no state as text, the request id, and the reason as code and parts."""
    if problem is None:
        return None, request_id, None, None
    return str(problem), request_id, problem.why.value, parts_text(problem)


def _put_in_order(connection: sqlite3.Connection, table: str, key: str) -> None:
    """Write the rows of a table by the user's id, of each id the last one only, at the place that the user has.

    Whoever reads everybody then reads the file from its front to its end, in place of a page here and there for each.
    """
    heap = f"heap.{table}"
    connection.execute(f"CREATE INDEX heap.{table}_by_key ON {table} ({key})")
    # Looked for first, because the search reads the index only and there are nearly never any.
    (surplus,) = connection.execute(f"SELECT count(*) - count(DISTINCT {key}) FROM {heap}").fetchone()  # noqa: S608  (our own names)
    later = f"read.rowid = (SELECT max(rowid) FROM {heap} AS later WHERE later.{key} = read.{key})"  # noqa: S608  (our own names)
    last = later if surplus else "TRUE"
    if table == USERS:
        connection.execute(f"INSERT INTO main.{table} SELECT * FROM {heap} AS read WHERE {last} ORDER BY {key}")  # noqa: S608  (our own names)
        return
    columns = ", ".join(row[1] for row in connection.execute(f"PRAGMA main.table_info({table})"))
    connection.execute(
        f"INSERT INTO main.{table} (rowid, {columns}) SELECT users.rowid, read.* FROM {heap} AS read"  # noqa: S608  (our own names)
        f" CROSS JOIN main.users ON users.id = read.{key} WHERE {last} ORDER BY read.{key}"
    )
    # What was read of nobody stands behind all others; its place may be that of a user, who has another id.
    connection.execute(
        f"INSERT INTO main.{table} SELECT * FROM {heap} AS read WHERE {last}"  # noqa: S608  (our own names)
        f" AND NOT EXISTS (SELECT 1 FROM main.users WHERE users.id = read.{key}) ORDER BY read.{key}"
    )


def _kept_name(folder: Path, snapshot_id: str) -> Path:
    return folder / f"snapshot-{snapshot_id[:12]}.db"


def _keep(path: Path) -> None:
    """Give the present snapshot a second name that the next export leaves alone."""
    kept = _kept_name(path.parent, _id_or_damaged(path))
    if kept.exists():
        return
    try:
        os.link(path, kept)
    except OSError:
        # FAT and some others know no second names for a file.
        write_atomically(kept, chunks_of(path))


def _id_or_damaged(path: Path) -> str:
    # A damaged snapshot must not stop the export that is to take its place, and is kept for whoever can mend it.
    try:
        with Snapshot(path) as snapshot:
            return snapshot.header.id
    except FolderDamaged:
        return "damaged"
