"""Answer questions about a journal from its rows. Nothing here writes."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from migrate.model.journal import GENESIS, JournalEntry, Operation, Outcome, Touched
from migrate.model.plan import SetMfaState
from migrate.store.database import damaged, sqlite_errors_about
from migrate.store.journal_schema import (
    CARRIED_OUT,
    COLUMNS,
    HEAD,
    IN_DOUBT,
    JOURNAL_SCHEMA,
    LATEST_BY_USER,
    LATEST_OUTCOMES,
    OBJECTS_BY_OUTCOME,
    TOUCHED,
    entry_from,
)

_PAGE = 1_000
_TOUCHED_NAMES = tuple(field.encode_name for field in msgspec.structs.fields(Touched))


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

    def latest_outcomes(
        self, *, plan_digest: str | None = None, operation: Operation = Operation.SET_MFA_STATE
    ) -> Iterator[JournalEntry]:
        """Yield for each object its latest entry that is no intent, ordered by object id."""
        for row in self._fold(LATEST_OUTCOMES, operation, plan_digest):
            yield self._decoded(row)

    def in_doubt(
        self, *, plan_digest: str | None = None, operation: Operation = Operation.SET_MFA_STATE
    ) -> Iterator[JournalEntry]:
        """Yield the intents that nothing follows: for each object whose latest entry is an intent, that entry.

        An outcome therefore names its object as the intent did. With a plan, only entries of that plan count.
        """
        for row in self._fold(IN_DOUBT, operation, plan_digest):
            yield self._decoded(row)

    def carried_out(self, *, plan_digest: str | None = None, wave: int | None = None) -> Iterator[SetMfaState]:
        """Yield for every user with an intent the step from the first state recorded before to the last requested.

        Ordered by user id; `reverse()` of each is what rollback does. `because` is the reason of the first intent;
        the wave is 0 where none was recorded.
        """
        for row in self._fold(CARRIED_OUT, Operation.SET_MFA_STATE, plan_digest, wave=wave):
            user_id, user_principal_name, before, after, in_wave, because = row
            step = {
                "step": "SetMfaState",
                "userId": user_id,
                "userPrincipalName": user_principal_name,
                "before": before,
                "after": after,
                "wave": in_wave or 0,
                "because": because,
            }
            try:
                yield msgspec.convert(step, SetMfaState)
            except msgspec.ValidationError as error:
                what = f"the intents for {user_id} cannot be decoded ({error})"
                raise damaged(self._path, JOURNAL_SCHEMA, what) from error

    def latest_user_outcomes(self, plan_digest: str) -> dict[str, Outcome]:
        """Return the latest outcome of every user of a run, by user id; an intent counts as one."""
        rows = self._fetch(LATEST_BY_USER, (plan_digest,))
        return {object_id: self._outcome(outcome) for object_id, outcome, _ in rows}

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

    def counts(
        self, *, plan_digest: str | None = None, operation: Operation = Operation.SET_MFA_STATE
    ) -> dict[Outcome, int]:
        """Return how many objects have which latest entry; `intent` counts those in doubt."""
        (head, _) = self.head
        given = {"operation": operation, "head": head, "plan": plan_digest, "after": ""}
        rows = self._fetch(OBJECTS_BY_OUTCOME, given)
        return {self._outcome(outcome): number for outcome, number in rows}

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

    @property
    def head(self) -> tuple[int, str]:
        """How many entries there are, and the hash of the last one (64 zeros when there is none)."""
        rows = self._fetch(HEAD, ())
        return (rows[0][0], rows[0][1]) if rows else (0, GENESIS)

    def _fold(
        self, query: str, operation: Operation, plan_digest: str | None, *, wave: int | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a fold page by page. The column `object_id` orders them."""
        (head, _) = self.head
        given = {"operation": operation, "plan": plan_digest, "wave": wave, "head": head, "page": _PAGE}
        place = 0 if query is CARRIED_OUT else COLUMNS.index("object_id")
        after = ""
        while page := self._fetch(query, {**given, "after": after}):
            yield from page
            after = page[-1][place]

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
