"""Read a snapshot: each row is checked against its digest before anybody sees it. Nothing here writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from migrate.errors import FolderDamaged
from migrate.model.evidence import Evidence
from migrate.model.reasons import Reason, Why, reason_from_parts, reason_of, why_of
from migrate.model.snapshot import SnapshotHeader
from migrate.model.users import AnyUser, MfaState, Registration, UnreadableUser, UserProfile, UserRecord
from migrate.store.database import NotWhatWasWritten, damaged, open_checked, sqlite_errors_about
from migrate.store.snapshot_digest import (
    PROFILE,
    REASON,
    REGISTRATION,
    REQUEST_ID,
    ROWS,
    ROWS_IN_PLACE,
    STATE,
    UPN_KEY,
    Block,
    Row,
    rows_query,
    sealed_blocks,
    sealed_evidence,
)
from migrate.store.snapshot_schema import SNAPSHOT_SCHEMA, evidence_from

T = TypeVar("T")


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
            self._blocks = self._sealed(sealed_blocks)
            self._rows = self._sealed(rows_query)
            self._places = {block.first_id: place for place, block in enumerate(self._blocks)}
            self._checked: set[str] = set()
            self._indexes_hold: bool | None = None
            self._registrations: dict[bytes, Registration] = {}
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

    @property
    def connection(self) -> sqlite3.Connection:
        """Return the file as it was opened and checked, for whoever reads its other tables before `close`."""
        return self._connection

    def users(self) -> Iterator[AnyUser]:
        """Yield every user once, ordered by id, one at a time; one without a reading is unreadable.

        Raises:
            FolderDamaged: A row is not what was written; nobody of its block was handed out.
        """
        for rows in self._checked_blocks():
            yield from map(self._decoded, rows)

    def users_with_requests(self) -> Iterator[tuple[AnyUser, str]]:
        """Yield the same with the id of the request that read the state; empty where it was read in another way.

        Raises:
            FolderDamaged: As `users`.
        """
        for rows in self._checked_blocks():
            yield from ((self._decoded(row), (row[REQUEST_ID] or b"").decode()) for row in rows)

    def _checked_blocks(self) -> Iterator[list[Row]]:
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            rows: Iterator[Row] = self._connection.execute(f"{self._rows} ORDER BY {_IN_ORDER[self._rows]}")
            for block in self._blocks:
                found = list(islice(rows, block.rows))
                if self._rows is ROWS or not block.holds(found):
                    # Whoever compacts the file gives rows other places, and changes none of them.
                    if self._rows is not ROWS:
                        self._rows = ROWS
                        rows = self._connection.execute(
                            f"{ROWS} WHERE users.id >= ? ORDER BY users.id", (block.first_id,)
                        )
                        found = list(islice(rows, block.rows))
                    self._check(block, found)
                yield found
            if next(rows, None) is not None:
                raise self._damaged("it holds users that were not written")

    def user(self, id_or_upn: str) -> AnyUser | None:
        """Return the user with this object id or user principal name, in any case; None when there is none.

        Raises:
            FolderDamaged: A row of the user's block is not what was written.
        """
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            row = self._row_of(id_or_upn.lower())
            if row is None:
                query = "SELECT id FROM users WHERE upn_key = ? ORDER BY id LIMIT 1"
                named = self._connection.execute(query, (key := id_or_upn.casefold(),)).fetchone()
                if named is None:
                    self._check_the_indexes()
                    return None
                row = self._row_of(named[0])
                if row is None or row[UPN_KEY] != key.encode():
                    raise self._damaged(f"the user {named[0]} is not the one that was written")
        return None if row is None else self._decoded(row)

    def _row_of(self, user_id: str) -> Row | None:
        """Return the row with this id, after the block in which it lies was checked once."""
        query = "SELECT first_id FROM blocks WHERE first_id <= ? ORDER BY first_id DESC LIMIT 1"
        found = self._connection.execute(query, (user_id,)).fetchone()
        if found is None:
            return None
        if found[0] not in self._checked:
            place = self._places[found[0]]
            block, following = self._blocks[place], self._blocks[place + 1 : place + 2]
            ends = following[0].first_id if following else None
            condition = "users.id >= :first AND (:ends IS NULL OR users.id < :ends)"
            within = f"{ROWS} WHERE {condition} ORDER BY users.id"
            self._check(block, self._connection.execute(within, {"first": block.first_id, "ends": ends}).fetchall())
            self._checked.add(block.first_id)
        row: Row | None = self._connection.execute(f"{ROWS} WHERE users.id = ?", (user_id,)).fetchone()
        return row

    def _check_the_indexes(self) -> None:
        """Find out, once, whether only an index does not know a name: somebody may be there all the same."""
        if self._indexes_hold is None:
            complaints = [row[0] for row in self._connection.execute("PRAGMA integrity_check(1)")]
            self._indexes_hold = complaints == ["ok"]
        if not self._indexes_hold:
            raise self._damaged("an index does not fit its rows")

    def _check(self, block: Block, rows: list[Row]) -> None:
        if not block.holds(rows):
            raise self._damaged(f"the users from {block.first_id} on are not what was written")

    def evidence(self) -> Evidence:
        """Return everything that coverage verdicts rest on, as it was read."""
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            rows = self._sealed(sealed_evidence)
            try:
                return evidence_from((part, body) for part, _, body in rows)
            except msgspec.DecodeError as error:
                raise self._damaged(f"the evidence cannot be decoded ({error})") from error

    def _read_header(self) -> SnapshotHeader:
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            row = self._connection.execute("SELECT value FROM meta WHERE key = 'header'").fetchone()
        if row is None:
            raise damaged(self._path, SNAPSHOT_SCHEMA, "it is not complete")
        try:
            return msgspec.json.decode(row[0], type=SnapshotHeader)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise damaged(self._path, SNAPSHOT_SCHEMA, f"its header cannot be decoded ({error})") from error

    def _sealed(self, read: Callable[[sqlite3.Connection], T]) -> T:
        with sqlite_errors_about(self._path, SNAPSHOT_SCHEMA):
            try:
                return read(self._connection)
            except NotWhatWasWritten as wrong:
                raise self._damaged(str(wrong)) from wrong

    def _decoded(self, row: Row) -> AnyUser:
        profile, state, registration = row[PROFILE], row[STATE], row[REGISTRATION]
        try:
            person = _PROFILE.decode(profile)
            report = None if registration is None else self._registrations.get(registration)
            if report is None and registration is not None:
                report = self._registration(registration)
            if state is not None:
                read = _STATES.get(state) or MfaState(state.decode())
                return UserRecord(profile=person, mfa_state=read, registration=report)
            return UnreadableUser(
                profile=person,
                reason=_reason(*(None if row[place] is None else row[place].decode() for place in REASON)),
                request_id=(row[REQUEST_ID] or b"").decode() or None,
                registration=report,
            )
        except (msgspec.DecodeError, ValueError, TypeError) as error:
            raise self._damaged(f"a user cannot be decoded ({error})") from error

    def _registration(self, body: bytes) -> Registration:
        """Decode a registration, and keep it: most people have one of a few."""
        found = _REGISTRATION.decode(body)
        if len(self._registrations) < _KEPT:
            self._registrations[body] = found
        return found

    def _damaged(self, what: str) -> FolderDamaged:
        return damaged(self._path, SNAPSHOT_SCHEMA, what)


def _reason(problem: str | None, code: str | None, parts: str | None) -> Reason:
    """Return why there is no state; what the first version read says so as text only."""
    if code:
        return reason_from_parts(code, parts or "")
    return why_of(problem) if problem else reason_of(Why.NEVER_READ)


_IN_ORDER = {ROWS: "users.id", ROWS_IN_PLACE: "users.rowid"}
"""By what the rows are ordered: those that lie in place lie in order, or their digests differ."""
_STATES = {state.value.encode(): state for state in MfaState}
_KEPT = 4096
"""How many different registrations are kept decoded: what they take stays bounded in any tenant."""
_PROFILE, _REGISTRATION = msgspec.json.Decoder(UserProfile), msgspec.json.Decoder(Registration)
