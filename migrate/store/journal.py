"""journal.db: the record of truth. What is appended is on disk, hash-chained, when the call returns.

Nothing in it is ever changed or removed.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from migrate.errors import FolderProblem, NothingHere
from migrate.model.journal import CHAIN_VERSION, GENESIS, Draft, JournalEntry, Operation, Outcome, TargetType
from migrate.model.reasons import Parts, Why, reason_of
from migrate.model.record import canonical_json, sha256_of
from migrate.model.steps import SetMfaState
from migrate.store.books import ahead_of, refuse_behind
from migrate.store.chain import WavesSeal, verify_chain
from migrate.store.database import (
    create_database,
    damaged,
    open_checked,
    sqlite_errors_about,
    transaction,
)
from migrate.store.folder import Workspace, is_writable
from migrate.store.journal_reading import JournalReading
from migrate.store.journal_schema import (
    COLUMNS,
    ENTRY,
    INSERT,
    JOURNAL_FILE,
    JOURNAL_SCHEMA,
    WAVES,
    values_of,
)

CHECKED_ON_OPENING = 1_000
"""Entries at the end of the chain that are verified when it is opened to be read; `audit verify` checks all.

Whoever opens it for appending acts on what it says, so there the whole chain is: 25 seconds for a million entries.
"""


class JournalDb(JournalReading):
    """An opened journal; implements `engine.ports.Journal`. A context manager.

    One that is opened for appending belongs to the process that holds the folder's lock; readers may look on.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        *,
        actor: str,
        tenant_id: str,
        clock: Callable[[], datetime],
    ) -> None:
        """Wrap a checked connection; `open` and `open_to_read` make one."""
        super().__init__(path, connection)
        self._actor = actor
        self._tenant_id = tenant_id
        self._clock = clock
        self._plan_digest: str | None = None

    @classmethod
    def open(
        cls,
        workspace: Workspace,
        *,
        actor: str,
        tenant_id: str,
        clock: Callable[[], datetime],
        even_behind: bool = False,
    ) -> JournalDb:
        """Open the folder's journal for appending; make it when there is none; bring an older one up to date.

        Args:
            workspace: A folder that was ensured and is locked by the caller.
            actor: Who is signed in, for every entry.
            tenant_id: The tenant that every entry is about.
            clock: Gives the time of day with its zone. It may jump; entries are ordered by their numbers.
            even_behind: Also when the rollback files know more than it does: for putting people back.

        Raises:
            JournalBehind: It lost its end, or is an older copy.
            FolderDamaged, NewerFolder, FolderProblem: The journal cannot be trusted, or cannot be kept there.
        """
        path = workspace.path / JOURNAL_FILE
        if not path.exists():
            _refuse_left_overs(path)
            if not even_behind:
                refuse_behind(workspace.path, 0, ahead_of(workspace.path, _holds_nothing))
            create_database(path, JOURNAL_SCHEMA)
        # What is in doubt is found by an index: a run must not begin with one that has lost a user.
        connection = open_checked(path, JOURNAL_SCHEMA, thorough=True)
        journal = cls(path, connection, actor=actor, tenant_id=tenant_id, clock=clock)
        return journal._ready(_make_durable, whole=True, even_behind=even_behind)

    @classmethod
    def open_to_read(cls, workspace: Workspace) -> JournalDb:
        """Open the folder's journal for looking only, also while another process appends to it.

        Raises:
            NothingHere: There is no journal: nothing has been applied from this folder.
            JournalBehind, FolderDamaged, NewerFolder, FolderProblem: As `open`.
        """
        path = workspace.path / JOURNAL_FILE
        if not path.exists():
            _refuse_left_overs(path)
            refuse_behind(workspace.path, 0, ahead_of(workspace.path, _holds_nothing))
            raise NothingHere(
                f"{workspace.path} holds no journal: nothing has been applied from there.",
                hint="Apply a plan first: mfa-migrate plan, then mfa-migrate apply",
            )
        # Even a reader of a database with a write-ahead log writes beside it, which an archived folder may not allow.
        mode = "rw" if is_writable(workspace.path) or _log_of(path).exists() else "immutable"
        connection = open_checked(path, JOURNAL_SCHEMA, mode=mode)
        journal = cls(path, connection, actor="", tenant_id="", clock=_no_clock)
        return journal._ready(_forbid_writing, whole=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def for_run(self, plan_digest: str) -> None:
        """Name the plan that the entries appended from now on belong to."""
        self._plan_digest = plan_digest

    def append(self, drafts: Sequence[Draft]) -> list[JournalEntry]:
        """Number, date, chain and store the entries in one transaction; return when they are on disk.

        An entry belongs to the run that its draft names, or else to the present one.

        Raises:
            FolderProblem: They could not be stored; none of them is.
        """
        plan_digest = self._present_run()
        with sqlite_errors_about(self._path, JOURNAL_SCHEMA), transaction(self._connection):
            return self._appended(drafts, plan_digest)

    def put_document(self, value: object) -> str:
        """Store a value's canonical JSON durably under its digest and return the reference, `sha256:<64 hex digits>`.

        Call it before the entry that names the document is appended. Storing the same again changes nothing.
        """
        ref = f"sha256:{sha256_of(value)}"
        with sqlite_errors_about(self._path, JOURNAL_SCHEMA), transaction(self._connection):
            self._connection.execute(
                "INSERT INTO documents VALUES (?, ?) ON CONFLICT (ref) DO NOTHING", (ref, canonical_json(value))
            )
        return ref

    def open_run(self, opening: Draft, steps: Iterable[SetMfaState]) -> JournalEntry:
        """Append the entry that opens the present run, or takes it up, together with its user steps: all or nothing.

        The entry holds their SHA-256, which `steps` asks for. They are taken in one at a time. Storing the same again
        changes nothing. What is raised while they are made is passed on unchanged.

        Raises:
            FolderDamaged: Other steps are there for this plan.
            FolderProblem: They could not be stored.
        """
        digest, plan_digest = hashlib.sha256(), self._present_run()

        def rows() -> Iterator[tuple[str, int, bytes]]:
            for position, step in enumerate(steps):
                body = canonical_json(step)
                digest.update(body + b"\n")
                yield plan_digest, position, body

        with sqlite_errors_about(self._path, JOURNAL_SCHEMA), transaction(self._connection):
            self._connection.executemany("INSERT INTO steps VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows())
            self._check_steps(plan_digest, digest.hexdigest())
            parts = msgspec.structs.replace(opening.reason.parts, steps=digest.hexdigest())
            reason = msgspec.structs.replace(opening.reason, parts=parts)
            return self._appended([msgspec.structs.replace(opening, reason=reason)], plan_digest)[0]

    def _present_run(self) -> str:
        if self._plan_digest is None:
            raise RuntimeError("Entries belong to a plan: call for_run before append.")
        return self._plan_digest

    def _appended(self, drafts: Sequence[Draft], plan_digest: str) -> list[JournalEntry]:
        link = self._link_due()
        entries = list(self._chained([*link, *drafts], plan_digest))
        self._connection.executemany(INSERT, [values_of(entry) for entry in entries])
        return entries[len(link) :]

    def _ready(
        self, prepare: Callable[[sqlite3.Connection], None], *, whole: bool, even_behind: bool = False
    ) -> JournalDb:
        """Check the chain, all of it or its end, and prepare the connection; close it when that fails."""
        try:
            with sqlite_errors_about(self._path, JOURNAL_SCHEMA):
                prepare(self._connection)
            if whole:
                self._check(self.entries())
            else:
                self._check_the_end()
            if not even_behind:
                # First what the files know, then the journal: it may grow meanwhile, and never shrinks.
                ahead = ahead_of(self._path.parent, self.holds)
                refuse_behind(self._path.parent, self.head[0], ahead)
        except BaseException:
            self._connection.close()
            raise
        return self

    def _check_the_end(self) -> None:
        count, _ = self.head
        start = max(0, count - CHECKED_ON_OPENING)
        before, version = GENESIS, 1
        if start:
            rows = self._fetch(ENTRY, (start,))
            if not rows:
                raise damaged(self._path, JOURNAL_SCHEMA, f"row {start} of the journal is missing")
            entry = self._decoded(rows[0])
            before, version = entry.hash, entry.chain_version
        query = f"SELECT {', '.join(COLUMNS)} FROM entries WHERE sequence > ? ORDER BY sequence"  # noqa: S608
        end = (self._decoded(row) for row in self._fetch(query, (start,)))
        self._check(end, after=(start, before), version=version)

    def _check(self, entries: Iterable[JournalEntry], after: tuple[int, str] = (0, GENESIS), version: int = 1) -> None:
        report = verify_chain(entries, after=after, version=version)
        if not report.holds:
            raise damaged(self._path, JOURNAL_SCHEMA, report.problem.rstrip("."))

    def _link_due(self) -> list[Draft]:
        """Return the link between the versions of the chain where the last entry is of an older one."""
        count, _ = self.head
        if not count or self._decoded(self._fetch(ENTRY, (count,))[0]).chain_version >= CHAIN_VERSION:
            return []
        seal = WavesSeal()
        for sequence, wave in self._connection.execute(WAVES):
            seal.add(sequence, wave)
        reason = reason_of(Why.LINKED, parts=Parts(entries=seal.entries, waves=seal.digest))
        return [
            Draft(
                operation=Operation.LINK_CHAIN,
                target_type=TargetType.RUN,
                outcome=Outcome.RECORDED,
                before="1",
                requested=str(CHAIN_VERSION),
                reason=reason,
            )
        ]

    def _chained(self, drafts: Iterable[Draft], plan_digest: str) -> Iterator[JournalEntry]:
        count, previous = self.head
        now = self._clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        for sequence, draft in enumerate(drafts, start=count + 1):
            unsealed = JournalEntry(
                sequence=sequence,
                time_utc=now,
                server_date=draft.server_date,
                actor=self._actor,
                tenant_id=self._tenant_id,
                operation=draft.operation,
                target_type=draft.target_type,
                object_id=draft.object_id,
                user_principal_name=draft.user_principal_name,
                before=draft.before,
                requested=draft.requested,
                observed=draft.observed,
                outcome=draft.outcome,
                reason=draft.reason,
                attempt=draft.attempt,
                request_id=draft.request_id,
                client_request_id=draft.client_request_id,
                plan_digest=draft.plan_digest or plan_digest,
                previous_hash=previous,
                hash="",
                wave=draft.wave,
                reason_text=str(draft.reason),
            )
            entry = msgspec.structs.replace(unsealed, hash=unsealed.expected_hash())
            previous = entry.hash
            yield entry


def _refuse_left_overs(path: Path) -> None:
    """Stop when the journal is gone but its write-ahead log is there: a new journal would swallow the old log."""
    log = _log_of(path)
    if log.exists():
        raise damaged(path, JOURNAL_SCHEMA, f"the file is missing although {log.name} is there")


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _make_durable(connection: sqlite3.Connection) -> None:
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise FolderProblem(
            "The journal cannot be kept safely on this disk: it does not support a write-ahead log.",
            hint="Choose a folder on a disk of this computer with --workspace.",
        )
    connection.execute("PRAGMA synchronous = FULL")
    # Without these two macOS leaves what was synced in the drive's cache. Other systems ignore them.
    connection.execute("PRAGMA fullfsync = ON")
    connection.execute("PRAGMA checkpoint_fullfsync = ON")


def _forbid_writing(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only = ON")


def _holds_nothing(number: int, digest: str) -> bool:
    return (number, digest) == (0, GENESIS)


def _no_clock() -> datetime:
    raise RuntimeError("This journal was opened to be read, so nothing is dated.")
