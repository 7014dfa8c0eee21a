"""Answer questions about a journal from its rows. Nothing here writes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from migrate.model.journal import GENESIS, JournalEntry, Operation, Outcome, Touched
from migrate.model.steps import SetMfaState
from migrate.store.database import damaged, sqlite_errors_about
from migrate.store.journal_schema import (
    COLUMNS,
    COUNT_OF_USERS,
    HEAD,
    IN_DOUBT,
    IN_EFFECT,
    JOURNAL_SCHEMA,
    LAST_OF_RUN,
    LATEST_BY_USER,
    OF_USERS,
    OUTCOME_COUNTS,
    TOUCHED,
    entry_from,
)

_PAGE = 1_000
_OBJECT_ID = COLUMNS.index("object_id")
_TOUCHED_NAMES = tuple(field.encode_name for field in msgspec.structs.fields(Touched))

T = TypeVar("T")


class JournalReading:
    """What an opened journal can be asked; an answer is of the moment of the question, however long it is read.

    A row that cannot be decoded raises `FolderDamaged`, a file that cannot be read `FolderProblem`.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Wrap a checked connection."""
        self._path = path
        self._connection = connection

    def entries(
        self,
        *,
        plan_digest: str | None = None,
        operation: Operation | None = None,
        outcomes: Iterable[Outcome] = (),
    ) -> Iterator[JournalEntry]:
        """Yield the entries that are there now, in order; more may be appended meanwhile.

        Args:
            plan_digest: Only those of this plan.
            operation: Only those about this.
            outcomes: Only those with one of these outcomes; none given means all.
        """
        wanted = tuple(outcomes)
        conditions = ["sequence > ?", "sequence <= ?"]
        values: list[Any] = []
        if plan_digest is not None:
            conditions.append("plan_digest = ?")
            values.append(plan_digest)
        if operation is not None:
            # The plus keeps SQLite from sorting what the index by object finds instead of walking the table in order.
            conditions.append("+operation = ?")
            values.append(operation)
        if wanted:
            conditions.append(f"outcome IN ({', '.join('?' * len(wanted))})")
            values.extend(wanted)
        query = (
            f"SELECT {', '.join(COLUMNS)} FROM entries WHERE {' AND '.join(conditions)}"  # noqa: S608
            " ORDER BY sequence LIMIT ?"
        )
        last, (head, _) = 0, self.head
        while page := self._fetch(query, (last, head, *values, _PAGE)):
            yield from (self._decoded(row) for row in page)
            last = page[-1][0]

    def entries_by_user(self) -> Iterator[JournalEntry]:
        """Yield the entries about users that are there now, ordered by object id and then as they were written.

        Raises:
            FolderDamaged: At the end, where the index by which they are found has lost some.
        """
        (head, _), seen = self.head, 0
        object_id, sequence = "", 0
        while page := self._fetch(OF_USERS, {"head": head, "object": object_id, "sequence": sequence, "page": _PAGE}):
            yield from map(self._decoded, page)
            object_id, sequence = page[-1][_OBJECT_ID], page[-1][0]
            seen += len(page)
        if self._fetch(COUNT_OF_USERS, (head,)) != [(seen,)]:
            raise damaged(self._path, JOURNAL_SCHEMA, "an index does not fit its rows")

    def in_doubt(self) -> Iterator[JournalEntry]:
        """Yield the intents that nothing follows: for each user whose latest entry is an intent, that entry.

        An outcome therefore names its user as the intent did.
        """
        (head, _) = self.head
        after = ""
        while page := self._fetch(IN_DOUBT, {"head": head, "page": _PAGE, "after": after}):
            yield from (self._decoded(row) for row in page)
            after = page[-1][_OBJECT_ID]

    def latest_user_outcomes(self, plan_digest: str) -> dict[str, Outcome]:
        """Return the latest outcome of every user of a run, by user id; an intent counts as one."""
        rows = self._fetch(LATEST_BY_USER, (plan_digest,))
        return {object_id: self._outcome(outcome) for object_id, outcome, _ in rows}

    def outcome_counts(self, plan_digest: str) -> dict[Outcome, int]:
        """Return how many users of a run have which latest outcome; an intent counts as one."""
        rows = self._fetch(OUTCOME_COUNTS, (plan_digest,))
        return {self._outcome(outcome): people for outcome, people in rows}

    def in_effect(self, plan_digest: str) -> dict[str, int]:
        """Count the users whom a run changed, by what the last change of each by any run asked for."""
        return dict(self._fetch(IN_EFFECT, (plan_digest,)))

    def last_of(self, plan_digest: str) -> JournalEntry | None:
        """Return the last entry of a run; None where there is none."""
        rows = self._fetch(LAST_OF_RUN, (plan_digest,))
        return self._decoded(rows[0]) if rows else None

    def touched(self, plan_digests: Sequence[str]) -> Iterator[Touched]:
        """Yield every user with an intent in these runs, by the latest such run, ordered by wave and id.

        The answers are those of the moment of the first one; more may be appended meanwhile.
        """
        given = {"plans": json.dumps(list(plan_digests))}
        with sqlite_errors_about(self._path, JOURNAL_SCHEMA):
            # SQLite sorts them all before it hands out the first, on disk when they are many.
            for row in self._connection.execute(TOUCHED, given):
                try:
                    user = msgspec.convert(dict(zip(_TOUCHED_NAMES, row, strict=True)), Touched)
                except msgspec.ValidationError as error:
                    what = f"the intents for {row[0]} cannot be decoded ({error})"
                    raise damaged(self._path, JOURNAL_SCHEMA, what) from error
                yield user

    def document(self, ref: str) -> bytes:
        """Return the JSON stored under a reference.

        Raises:
            FolderDamaged: It is not there, or not what was stored.
        """
        rows = self._fetch("SELECT body FROM documents WHERE ref = ?", (ref,))
        if not rows:
            raise damaged(self._path, JOURNAL_SCHEMA, f"the document {ref} is missing")
        body = rows[0][0]
        if not isinstance(body, bytes) or f"sha256:{hashlib.sha256(body).hexdigest()}" != ref:
            raise damaged(self._path, JOURNAL_SCHEMA, f"the document {ref} was changed")
        return body

    def document_as(self, ref: str, kind: type[T]) -> T:
        """Return the record that is stored under a reference.

        Raises:
            FolderDamaged: As `document`, or it is no such record: a newer version of this program may have stored it.
        """
        try:
            return msgspec.json.decode(self.document(ref), type=kind)
        except msgspec.MsgspecError as error:
            what = (
                f"the document {ref} cannot be read as {kind.__name__} ({error}); a newer version may have written it"
            )
            raise damaged(self._path, JOURNAL_SCHEMA, what) from error

    def holds(self, number: int, digest: str) -> bool:
        """Tell whether the entry of this number has this hash; before the first entry stand 64 zeros."""
        if number == 0:
            return digest == GENESIS
        return self._fetch("SELECT hash FROM entries WHERE sequence = ?", (number,)) == [(digest,)]

    def steps(self, plan_digest: str, digest: str) -> Iterator[SetMfaState]:
        """Yield the user steps that `open_run` stored, in their order.

        Raises:
            FolderDamaged: They are not those whose digest this is; raised before the first one is handed out.
        """
        self._check_steps(plan_digest, digest)
        for body in self._bodies_of_steps(plan_digest):
            yield msgspec.json.decode(body, type=SetMfaState)

    def _check_steps(self, plan_digest: str, digest: str) -> None:
        found = hashlib.sha256()
        for body in self._bodies_of_steps(plan_digest):
            found.update(body + b"\n")
        if found.hexdigest() != digest:
            what = f"the steps of the run {plan_digest[:12]} are not those that it was opened with"
            raise damaged(self._path, JOURNAL_SCHEMA, what)

    def _bodies_of_steps(self, plan_digest: str) -> Iterator[bytes]:
        last = -1
        query = "SELECT position, body FROM steps WHERE plan_digest = ? AND position > ? ORDER BY position LIMIT ?"
        while page := self._fetch(query, (plan_digest, last, _PAGE)):
            yield from (body if isinstance(body, bytes) else b"" for _, body in page)
            last = page[-1][0]

    @property
    def head(self) -> tuple[int, str]:
        """How many entries there are, and the hash of the last one (64 zeros when there is none)."""
        rows = self._fetch(HEAD, ())
        return (rows[0][0], rows[0][1]) if rows else (0, GENESIS)

    def _fetch(self, query: str, values: Sequence[Any] | dict[str, Any]) -> list[Any]:
        with sqlite_errors_about(self._path, JOURNAL_SCHEMA):
            return self._connection.execute(query, values).fetchall()

    def _outcome(self, text: str) -> Outcome:
        try:
            return Outcome(text)
        except ValueError as error:
            raise damaged(self._path, JOURNAL_SCHEMA, str(error)) from error

    def _decoded(self, row: tuple[Any, ...]) -> JournalEntry:
        try:
            return entry_from(row)
        except msgspec.ValidationError as error:
            raise damaged(self._path, JOURNAL_SCHEMA, f"row {row[0]} cannot be decoded ({error})") from error
