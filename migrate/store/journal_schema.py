"""The shape of journal.db, and the questions about users and policies that are answered by folding it in SQL."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.model.journal import AUDIT_COLUMNS, SINCE_VERSION_2, JournalEntry, columns_of, entry_of
from migrate.store.database import Schema

JOURNAL_FILE = "journal.db"

COLUMNS = (
    *(field.name for field in msgspec.structs.fields(JournalEntry) if field.required),
    *(name.lower() for name in SINCE_VERSION_2),
)
"""The columns of an entry, in the order of audit.csv."""
_COLUMN_LIST = ", ".join(COLUMNS)

_STEPS = (
    "CREATE TABLE steps (plan_digest TEXT NOT NULL, position INTEGER NOT NULL, body BLOB NOT NULL,"
    " PRIMARY KEY (plan_digest, position)) WITHOUT ROWID",
    "CREATE TRIGGER steps_stay_as_they_are BEFORE UPDATE ON steps"
    " BEGIN SELECT RAISE(ABORT, 'steps of a run are never changed'); END",
    "CREATE TRIGGER steps_stay BEFORE DELETE ON steps"
    " BEGIN SELECT RAISE(ABORT, 'steps of a run are never removed'); END",
)
"""The user steps of a run as they were verified when it was opened."""

JOURNAL_SCHEMA = Schema(
    application_id=0x4D46414A,
    version=2,
    tables=("documents", "entries", "steps"),
    create=(
        "CREATE TABLE documents (ref TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL)",
        """
        CREATE TABLE entries (
            sequence INTEGER NOT NULL PRIMARY KEY,
            time_utc TEXT NOT NULL,
            server_date TEXT NOT NULL,
            actor TEXT NOT NULL,
            tenant_id TEXT NOT NULL,
            operation TEXT NOT NULL,
            target_type TEXT NOT NULL,
            object_id TEXT NOT NULL,
            user_principal_name TEXT NOT NULL,
            before TEXT NOT NULL,
            requested TEXT NOT NULL,
            observed TEXT NOT NULL,
            outcome TEXT NOT NULL,
            reason TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            request_id TEXT NOT NULL,
            client_request_id TEXT NOT NULL,
            plan_digest TEXT NOT NULL,
            previous_hash TEXT NOT NULL,
            hash TEXT NOT NULL,
            wave INTEGER,
            code TEXT NOT NULL DEFAULT '',
            parts TEXT NOT NULL DEFAULT ''
        )
        """,
        "CREATE INDEX entries_by_object ON entries (operation, object_id, sequence, outcome)",
        *_STEPS,
        "CREATE TRIGGER entries_stay_as_they_are BEFORE UPDATE ON entries"
        " BEGIN SELECT RAISE(ABORT, 'journal entries are never changed'); END",
        "CREATE TRIGGER entries_stay BEFORE DELETE ON entries"
        " BEGIN SELECT RAISE(ABORT, 'journal entries are never removed'); END",
    ),
    upgrades={
        1: (
            "ALTER TABLE entries ADD COLUMN code TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE entries ADD COLUMN parts TEXT NOT NULL DEFAULT ''",
            *_STEPS,
        ),
    },
    when_damaged=(
        "Keep the folder as it is. Restore journal.db from a backup, or put the users back with the files beside it:"
        " mfa-migrate rollback --file rollback.csv --workspace A-NEW-FOLDER"
    ),
)

INSERT = f"INSERT INTO entries ({_COLUMN_LIST}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
HEAD = "SELECT sequence, hash FROM entries ORDER BY sequence DESC LIMIT 1"
WAVES = "SELECT sequence, wave FROM entries WHERE code = '' ORDER BY sequence"
"""Of the entries of version 1."""
ENTRY = f"SELECT {_COLUMN_LIST} FROM entries WHERE sequence = ?"  # noqa: S608

# SQLite takes the bare columns of a query with one max() from the row that holds the maximum
# (https://www.sqlite.org/lang_select.html, "bare columns in an aggregate query").

# Asked page by page, in the order of the object ids after :after, so entries that name nobody are left out. It looks at
# entries up to :head only: a caller may append while it goes through the answers.
IN_DOUBT = f"""
    SELECT {_COLUMN_LIST} FROM (
        SELECT {_COLUMN_LIST}, max(sequence) FROM entries
        WHERE operation = 'SetMfaState' AND object_id > :after AND sequence <= :head GROUP BY object_id
    ) WHERE outcome = 'intent' ORDER BY object_id LIMIT :page
"""  # noqa: S608  (our own column names)

# In the order of the index, page by page.
OF_USERS = f"""
    SELECT {_COLUMN_LIST} FROM entries WHERE operation = 'SetMfaState' AND sequence <= :head
        AND (object_id, sequence) > (:object, :sequence)
    ORDER BY object_id, sequence LIMIT :page
"""  # noqa: S608
COUNT_OF_USERS = "SELECT count(*) FROM entries NOT INDEXED WHERE operation = 'SetMfaState' AND sequence <= ?"

LATEST_BY_USER = """
    SELECT object_id, outcome, max(sequence) FROM entries
    WHERE operation = 'SetMfaState' AND plan_digest = ? GROUP BY object_id
"""

OUTCOME_COUNTS = f"SELECT outcome, count(*) FROM ({LATEST_BY_USER}) GROUP BY outcome"  # noqa: S608

LAST_OF_RUN = f"SELECT {_COLUMN_LIST} FROM entries WHERE plan_digest = ? ORDER BY sequence DESC LIMIT 1"  # noqa: S608

# Of the users with a change by the plan that was read back: what the last such change of any plan asked for.
IN_EFFECT = """
    SELECT requested, count(*) FROM (
        SELECT requested, max(sequence) FROM entries
        WHERE operation = 'SetMfaState' AND outcome IN ('confirmed', 'recovered')
        GROUP BY object_id HAVING sum(plan_digest = ?) > 0
    ) GROUP BY requested
"""

# Every user with an intent in one of the plans: the first state before and the last requested of the latest such plan.
TOUCHED = """
    WITH latest AS (
        SELECT object_id, plan_digest, max(sequence) AS last_one FROM entries
        WHERE operation = 'SetMfaState' AND outcome = 'intent'
            AND plan_digest IN (SELECT value FROM json_each(:plans))
        GROUP BY object_id
    )
    SELECT last.object_id, last.user_principal_name,
        (SELECT before FROM entries AS e WHERE e.operation = 'SetMfaState' AND e.object_id = last.object_id
            AND e.plan_digest = last.plan_digest AND e.outcome = 'intent' ORDER BY sequence LIMIT 1),
        last.requested, coalesce(last.wave, 0), last.plan_digest,
        (SELECT outcome FROM entries AS e WHERE e.operation = 'SetMfaState' AND e.object_id = last.object_id
            AND e.plan_digest = last.plan_digest ORDER BY sequence DESC LIMIT 1)
    FROM latest JOIN entries AS last ON last.sequence = last_one
    ORDER BY coalesce(last.wave, 0), last.object_id
"""


def values_of(entry: JournalEntry) -> tuple[Any, ...]:
    """Return an entry's columns in the order of `COLUMNS`."""
    return tuple((columns_of(entry) | {"Wave": entry.wave}).values())


def entry_from(row: tuple[Any, ...]) -> JournalEntry:
    """Return the entry that a row holds, strictly decoded; further columns are left out.

    Raises:
        msgspec.ValidationError: The row is not what `values_of` makes.
    """
    columns = dict(zip(AUDIT_COLUMNS, row, strict=False))
    if columns["Wave"] is None:
        columns["Wave"] = ""
    return entry_of(columns)
