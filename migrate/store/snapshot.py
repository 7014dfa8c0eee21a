"""snapshot.db: what one export read of the tenant. Written whole or not at all, then only read."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from migrate.errors import FolderDamaged, NothingHere
from migrate.model.evidence import Evidence
from migrate.model.reasons import Reason, Why, reason_of, why_of
from migrate.model.record import Record, canonical_json
from migrate.model.replies import StateReading
from migrate.model.snapshot import Actor, Organization, SnapshotHeader, SubscribedSku
from migrate.model.users import AnyUser, MfaState, Registration, UnreadableUser, UserProfile, UserRecord
from migrate.store.database import (
    connect,
    damaged,
    force_file_to_disk,
    open_checked,
    shape,
    sqlite_errors_about,
)
from migrate.store.files import chunks_of, create_owner_only, os_errors_about, put_in_place, write_atomically
from migrate.store.folder import Workspace
from migrate.store.snapshot_schema import (
    INDEXES,
    ROWS,
    SNAPSHOT_FILE,
    SNAPSHOT_SCHEMA,
    WITHOUT_EARLIER_ROWS,
    evidence_from,
    evidence_rows,
    order_free,
)

_PAGE = 10_000
"""User ids fetched at a time while other rows are being added."""


class SnapshotWriter:
    """Write a snapshot beside the present one, which it replaces only when `finish` has been called.

    A context manager: left without `finish`, or by an exception, it removes what it had written. The folder's
    lock is held by the caller. The order in which things are added does not matter; of two rows for the same
    user the later one counts.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._path = workspace.path / SNAPSHOT_FILE
        self._new = workspace.path / f"{SNAPSHOT_FILE}.new"
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        with os_errors_about(self._new):
            os.close(create_owner_only(self._new))
        with sqlite_errors_about(self._new, SNAPSHOT_SCHEMA):
            connection = connect(self._new)
            self._connection = connection
            # A file that is thrown away unless it gets whole needs no way back inside it.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA cache_size = -65536")
            shape(connection, SNAPSHOT_SCHEMA)
            connection.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        with suppress(OSError):  # it is gone when all went well; in a folder closed meanwhile, something else is said
            self._new.unlink()

    def add_users(self, users: Iterable[UserProfile]) -> None:
        """Add users; the iterable is consumed as it comes."""
        encode = msgspec.json.Encoder().encode
        self._insert(
            "INSERT INTO users VALUES (?, ?, ?, ?)",
            ((user.id.lower(), user.user_principal_name.casefold(), user.is_guest, encode(user)) for user in users),
        )

    def add_readings(self, readings: Iterable[StateReading]) -> None:
        """Add answers about per-user MFA states: the state, or why there is none, with the request id."""
        self._insert(
            "INSERT INTO readings VALUES (?, ?, ?, ?)",
            (
                (reading.user_id.lower(), reading.mfa_state, _text_of(reading.problem), reading.request_id)
                for reading in readings
            ),
        )

    def add_registrations(self, rows: Iterable[tuple[str, Registration]]) -> None:
        """Add rows of the registration report, as (user id, registration)."""
        encode = msgspec.json.Encoder().encode
        self._insert(
            "INSERT INTO registrations VALUES (?, ?)",
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
                    "SELECT rowid, id FROM users WHERE rowid > ? ORDER BY rowid LIMIT ?", (last, _PAGE)
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
    ) -> SnapshotHeader:
        """Complete the snapshot, put it in place and return its header.

        Args:
            taken_at: When the reading began, by the server's clock (ISO 8601, UTC).
            keep_previous: Keep the present snapshot, because a run was made from it, as
                `snapshot-<first 12 digits of its id>.db`.
            tool_version, cloud, endpoint, organization, skus, actor, states_read_by: As in `SnapshotHeader`.

        Raises:
            FolderProblem: The disk is full or the file cannot be replaced. The present snapshot stays.
        """
        connection = self._open
        with sqlite_errors_about(self._new, SNAPSHOT_SCHEMA):
            _index(connection)
            source = _Source(cloud=cloud, endpoint=endpoint, organization=organization, skus=_in_order(skus))
            digest, counts = _digest_and_counts(connection, source)
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
            )
            connection.execute("INSERT INTO meta VALUES ('header', ?)", (msgspec.json.encode(header),))
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


class Snapshot:
    """A snapshot opened for reading. A context manager; `open_snapshot` makes it."""

    def __init__(self, path: Path) -> None:
        """Open a snapshot after checking its version, its integrity and that it is complete.

        Raises:
            FolderDamaged, NewerFolder, FolderProblem: As `open_checked`.
        """
        self._path = path
        self._connection = open_checked(path, SNAPSHOT_SCHEMA, mode="ro")
        try:
            self.header = self._read_header()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def users(self) -> Iterator[AnyUser]:
        """Yield every user once, ordered by id, one at a time; one without a reading is unreadable."""
        yield from self._users(f"{ROWS} ORDER BY users.id")

    def user(self, id_or_upn: str) -> AnyUser | None:
        """Return the user with this object id or user principal name, in any case; None when there is none."""
        for condition, key in (("users.id", id_or_upn.lower()), ("users.upn_key", id_or_upn.casefold())):
            found = next(self._users(f"{ROWS} WHERE {condition} = ? ORDER BY users.id LIMIT 1", key), None)
            if found is not None:
                return found
        return None

    def evidence(self) -> Evidence:
        """Return everything that coverage verdicts rest on, as it was read."""
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            rows = self._connection.execute("SELECT part, body FROM evidence ORDER BY part, position")
            try:
                return evidence_from(rows)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise damaged(self._path, SNAPSHOT_SCHEMA, f"the evidence cannot be decoded ({error})") from error

    def _read_header(self) -> SnapshotHeader:
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            row = self._connection.execute("SELECT value FROM meta WHERE key = 'header'").fetchone()
        if row is None:
            raise damaged(self._path, SNAPSHOT_SCHEMA, "it is not complete")
        try:
            return msgspec.json.decode(row[0], type=SnapshotHeader)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise damaged(self._path, SNAPSHOT_SCHEMA, f"its header cannot be decoded ({error})") from error

    def _users(self, query: str, *keys: str) -> Iterator[AnyUser]:
        profile_from = msgspec.json.Decoder(UserProfile).decode
        registration_from = msgspec.json.Decoder(Registration).decode
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            for profile, _, state, problem, request_id, registration in self._connection.execute(query, keys):
                try:
                    person = profile_from(profile)
                    report = None if registration is None else registration_from(registration)
                    user: AnyUser = (
                        UnreadableUser(
                            profile=person,
                            reason=why_of(problem) if problem else reason_of(Why.NEVER_READ),
                            request_id=request_id or None,
                            registration=report,
                        )
                        if state is None
                        else UserRecord(profile=person, mfa_state=MfaState(state), registration=report)
                    )
                except (msgspec.DecodeError, ValueError, TypeError) as error:
                    what = f"a user cannot be decoded ({error})"
                    raise damaged(self._path, SNAPSHOT_SCHEMA, what) from error
                yield user


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


class _Source(Record, frozen=True, kw_only=True):
    """What of the header belongs to the content: where it was read, not when and by whom."""

    cloud: str
    endpoint: str | None
    organization: Organization
    skus: tuple[SubscribedSku, ...]


def _text_of(problem: Reason | None) -> str | None:
    return None if problem is None else str(problem)


def _in_order(skus: tuple[SubscribedSku, ...]) -> tuple[SubscribedSku, ...]:
    return tuple(sorted(skus, key=canonical_json))


def _index(connection: sqlite3.Connection) -> None:
    for statement in INDEXES:
        connection.execute(statement)
    for table, key in WITHOUT_EARLIER_ROWS:
        # Looked for first, because the search reads the index only and there are nearly never any.
        (surplus,) = connection.execute(f"SELECT count(*) - count(DISTINCT {key}) FROM {table}").fetchone()  # noqa: S608  (our own names)
        if surplus:
            connection.execute(
                f"DELETE FROM {table} WHERE rowid <"  # noqa: S608  (our own names)
                f" (SELECT max(rowid) FROM {table} AS later WHERE later.{key} = {table}.{key})"
            )


def _digest_and_counts(connection: sqlite3.Connection, source: _Source) -> tuple[str, Counter[str]]:
    """Return the digest of the content and the users by state and type, in one pass over the rows.

    Request ids stay out: they differ although nothing else does.
    """
    digest = hashlib.sha256(canonical_json(source))
    counts: Counter[str] = Counter()
    evidence = order_free(connection.execute("SELECT part, body FROM evidence"))
    if not evidence:
        raise RuntimeError("A snapshot needs its evidence: call set_evidence before finish.")
    users = connection.execute(f"{ROWS} ORDER BY users.id")
    for row in chain(evidence, ((row[0], *row[2:4], row[5]) for row in users)):
        digest.update(_framed(row))
    for state, guest, number in connection.execute(
        "SELECT readings.state, users.guest, count(*) FROM users LEFT JOIN readings ON readings.user_id = users.id"
        " GROUP BY 1, 2"
    ):
        counts[f"{state or 'unreadable'}/{'guest' if guest else 'member'}"] = number
    return digest.hexdigest(), counts


def _framed(row: Iterable[str | bytes | None]) -> bytes:
    """Return one row as bytes that no other row can produce: each value with its length before it."""
    parts = [value.encode() if isinstance(value, str) else value for value in row]
    return b"".join(b"-" if part is None else b"%d:%b" % (len(part), part) for part in parts) + b"\n"


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
