"""Older databases are copied and brought up to date; each released folder can still be used."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from migrate.errors import FolderDamaged, FolderLocked, FolderProblem, NewerFolder
from migrate.model.journal import Outcome
from migrate.model.users import UnreadableUser, UserRecord
from migrate.store import database
from migrate.store.chain import verify_chain
from migrate.store.database import Schema, create_database, open_checked, sqlite_errors_about, transaction
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.journal_schema import JOURNAL_SCHEMA
from migrate.store.snapshot import open_snapshot
from migrate.store.snapshot_schema import SNAPSHOT_SCHEMA

RELEASED = Path(__file__).resolve().parents[2] / "fixtures" / "store"

FIRST = Schema(
    application_id=0x12345678,
    version=1,
    tables=("notes",),
    create=("CREATE TABLE notes (text TEXT NOT NULL)",),
    upgrades={},
    when_damaged="Start again.",
)
THIRD = dataclasses.replace(
    FIRST,
    version=3,
    tables=("notes", "tags"),
    create=(
        "CREATE TABLE notes (text TEXT NOT NULL, author TEXT NOT NULL DEFAULT 'nobody')",
        "CREATE TABLE tags (name TEXT NOT NULL)",
    ),
    upgrades={
        1: ("ALTER TABLE notes ADD COLUMN author TEXT NOT NULL DEFAULT 'nobody'",),
        2: ("CREATE TABLE tags (name TEXT NOT NULL)", "INSERT INTO tags SELECT DISTINCT author FROM notes"),
    },
)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Return a database of the first version that holds one note."""
    path = tmp_path / "notes.db"
    create_database(path, FIRST)
    with closing(open_checked(path, FIRST)) as connection, transaction(connection):
        connection.execute("INSERT INTO notes VALUES ('kept')")
    return path


def everything(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_a_table_with_other_columns_than_ours_is_damage(notes: Path) -> None:
    with closing(sqlite3.connect(notes)) as connection, connection:
        connection.execute("ALTER TABLE notes RENAME COLUMN text TO test")
    with pytest.raises(FolderDamaged, match="the table notes has other columns"):
        open_checked(notes, FIRST)


def test_an_older_database_is_copied_and_then_upgraded_step_by_step(notes: Path) -> None:
    before = everything(notes)
    with closing(open_checked(notes, THIRD)) as connection:
        assert connection.execute("SELECT * FROM notes").fetchall() == [("kept", "nobody")]
        assert connection.execute("SELECT * FROM tags").fetchall() == [("nobody",)]
        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    copy = notes.with_name("notes.v1.db")
    assert everything(copy) == before
    with closing(open_checked(copy, FIRST)) as connection:
        assert connection.execute("SELECT * FROM notes").fetchall() == [("kept",)]
    assert sorted(path.name for path in notes.parent.iterdir()) == ["notes.db", "notes.v1.db"]
    with pytest.raises(NewerFolder, match="schema 3; this version knows 1"):
        open_checked(notes, FIRST)


def test_a_new_database_and_the_copy_of_an_old_one_are_on_the_disk_before_their_names_are(
    tmp_path: Path, disk_events: list[str]
) -> None:
    create_database(tmp_path / "notes.db", FIRST)
    assert disk_events == ["sync notes.db.part", "name notes.db", f"sync {tmp_path.name}"]
    disk_events.clear()
    open_checked(tmp_path / "notes.db", THIRD).close()
    assert disk_events == ["sync notes.v1.db.part", "name notes.v1.db", f"sync {tmp_path.name}"]


def test_two_that_upgrade_at_the_same_time_do_it_once(notes: Path) -> None:
    with closing(open_checked(notes, THIRD)), closing(database._upgraded(notes, THIRD, 1)) as late:
        assert late.execute("SELECT * FROM tags").fetchall() == [("nobody",)]
        assert late.execute("PRAGMA user_version").fetchone() == (3,)


@pytest.mark.parametrize("thorough", [False, True])
def test_a_page_that_rotted_is_noticed_on_opening_wherever_it_lies(notes: Path, thorough: bool) -> None:
    with closing(open_checked(notes, FIRST)) as connection, transaction(connection):
        connection.executemany("INSERT INTO notes VALUES (?)", [(f"{number:0200}",) for number in range(200)])
        (page,) = connection.execute("PRAGMA page_size").fetchone()
    content = bytearray(notes.read_bytes())
    assert len(content) > 6 * page
    content[4 * page : 5 * page] = bytes(page)
    notes.write_bytes(content)
    with pytest.raises(FolderDamaged, match=r"notes\.db is damaged"):
        open_checked(notes, FIRST, thorough=thorough)


def test_a_row_that_its_table_forbids_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    create_database(path, dataclasses.replace(FIRST, create=("CREATE TABLE notes (text TEXT)",)))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO notes VALUES (NULL)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = ?", FIRST.create)
    with pytest.raises(FolderDamaged, match=r"NULL value in notes\.text"):
        open_checked(path, FIRST)


def test_an_upgrade_that_fails_leaves_the_older_database_as_it_was(notes: Path) -> None:
    broken = dataclasses.replace(THIRD, upgrades={**THIRD.upgrades, 2: ("INSERT INTO nowhere VALUES (1)",)})
    before = everything(notes)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        open_checked(notes, broken)
    assert everything(notes) == before
    with closing(open_checked(notes, THIRD)) as connection:
        assert connection.execute("SELECT * FROM tags").fetchall() == [("nobody",)]


def test_an_upgrade_does_not_begin_without_its_copy(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(source: Path, target: Path) -> None:
        raise FolderProblem(f"{target} cannot be written.")

    before = everything(notes)
    monkeypatch.setattr(database, "put_in_place", refused)
    with pytest.raises(FolderProblem, match=r"notes\.v1\.db"):
        open_checked(notes, THIRD)
    assert everything(notes) == before


def test_a_copy_made_by_an_upgrade_that_was_cut_short_is_not_overwritten(notes: Path) -> None:
    copy = notes.with_name("notes.v1.db")
    shutil.copy(notes, copy)
    content = copy.read_bytes()
    with closing(open_checked(notes, THIRD)):
        pass
    assert copy.read_bytes() == content


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not a database that mfa-migrate made"),
        (b"SQLite format 3\x00" + bytes(4080), "malformed|not a database"),
        (b"a letter to an aunt, long enough to have a header" * 10, "not a database"),
    ],
)
def test_a_file_that_is_no_database_of_ours_is_damaged(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(content)
    with pytest.raises(FolderDamaged, match=complaint) as caught:
        open_checked(path, FIRST)
    assert caught.value.hint == "Start again."


def test_a_database_held_by_another_program_is_not_waited_for_forever(
    notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(notes, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(FolderLocked, match=r"notes\.db is being written"):
            open_checked(notes, FIRST)


def test_a_log_that_others_fight_over_counts_as_held(notes: Path) -> None:
    refused = sqlite3.OperationalError("locking protocol")
    refused.sqlite_errorcode = sqlite3.SQLITE_PROTOCOL
    with pytest.raises(FolderLocked), sqlite_errors_about(notes, FIRST):
        raise refused


def test_a_mistake_of_ours_is_not_dressed_up_as_a_problem_of_the_folder(notes: Path) -> None:
    with (
        closing(open_checked(notes, FIRST)) as connection,
        pytest.raises(sqlite3.OperationalError, match="no such column"),
        sqlite_errors_about(notes, FIRST),
    ):
        connection.execute("SELECT colour FROM notes")


def test_what_is_raised_inside_a_transaction_undoes_it(notes: Path) -> None:
    def fail_halfway(connection: sqlite3.Connection) -> None:
        with transaction(connection):
            connection.execute("INSERT INTO notes VALUES ('not kept')")
            raise KeyError

    with closing(open_checked(notes, FIRST)) as connection:
        with pytest.raises(KeyError):
            fail_halfway(connection)
        assert connection.execute("SELECT * FROM notes").fetchall() == [("kept",)]


def released_folders() -> list[str]:
    return sorted(path.name for path in RELEASED.iterdir() if path.is_dir() and path.name.startswith("v"))


def test_there_is_a_folder_of_every_schema_up_to_the_present_one() -> None:
    versions = set()
    for name in released_folders():
        for file in ("journal.db", "snapshot.db"):
            with closing(sqlite3.connect(f"{(RELEASED / name / file).as_uri()}?immutable=1", uri=True)) as connection:
                versions.add((file, connection.execute("PRAGMA user_version").fetchone()[0]))
    wanted = {("journal.db", version) for version in range(1, JOURNAL_SCHEMA.version + 1)}
    wanted |= {("snapshot.db", version) for version in range(1, SNAPSHOT_SCHEMA.version + 1)}
    assert versions == wanted


@pytest.mark.parametrize("schema", [JOURNAL_SCHEMA, SNAPSHOT_SCHEMA], ids=["journal", "snapshot"])
def test_every_older_version_has_a_way_up(schema: Schema) -> None:
    assert sorted(schema.upgrades) == list(range(1, schema.version))


@pytest.mark.parametrize("name", released_folders())
def test_a_folder_of_a_released_version_can_be_read_and_carried_on(
    tmp_path: Path, name: str, clock: Any, draft: Callable[..., Any]
) -> None:
    shutil.copytree(RELEASED / name, tmp_path / "migration")
    workspace = Workspace(tmp_path / "migration")
    workspace.ensure()
    with open_snapshot(workspace) as snapshot:
        users = list(snapshot.users())
        assert [type(user) for user in users] == [UserRecord, UnreadableUser, UserRecord]
        assert snapshot.header.counts == {"enforced/member": 1, "unreadable/member": 1, "disabled/guest": 1}
        assert snapshot.evidence().policies[0].display_name == "MFA for everybody"
        assert sorted(snapshot.evidence().groups["group-1"].nested or ()) == ["group-1", "group-2"]
    with JournalDb.open_to_read(workspace) as journal:
        count, head = journal.head
    with JournalDb.open(workspace, actor="ops@contoso.example", tenant_id="tenant", clock=clock) as journal:
        assert journal.head == (count, head)
        entries = list(journal.entries())
        plan = entries[0].plan_digest
        assert b"Contoso" in journal.document(entries[0].requested)
        assert [entry.object_id for entry in journal.in_doubt()] == ["u3"]
        assert [step.user_id for step in journal.touched([plan])] == ["u1", "u3"]
        journal.for_run(plan)
        journal.append([draft("u3", Outcome.RECOVERED)])
        assert list(journal.in_doubt()) == []
        assert verify_chain(journal.entries(), expect=head).expected_at == count
