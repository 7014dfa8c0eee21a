"""The journal numbers, dates, chains and keeps what it is given, and answers by folding it."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta, timezone
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from migrate.errors import FolderDamaged, FolderProblem, NewerFolder, NothingHere
from migrate.model.journal import GENESIS, Draft, Operation, Outcome, TargetType
from migrate.model.reasons import Why, reason_of
from migrate.store import journal as journal_module
from migrate.store.chain import verify_chain
from migrate.store.folder import Workspace
from migrate.store.journal import CHECKED_ON_OPENING, JournalDb

Maker = Callable[..., Any]
Opener = Callable[[], JournalDb]
PLAN = "ab" * 32
OTHER_PLAN = "cd" * 32


def change(workspace: Workspace, *statements: str) -> None:
    """Do to the journal what somebody with an SQL shell might."""
    with sqlite3.connect(workspace.path / "journal.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


UNGUARD = ("DROP TRIGGER entries_stay_as_they_are", "DROP TRIGGER entries_stay")


def test_entries_are_numbered_dated_and_chained(open_journal: Opener, draft: Maker, clock: Any) -> None:
    with open_journal() as journal:
        assert journal.head == (0, GENESIS)
        first = journal.append([draft("u1"), draft("u2")])
        clock.now = clock.now.astimezone(timezone(timedelta(hours=2))) - timedelta(hours=1)
        second = journal.append([draft("u1", Outcome.CONFIRMED, observed="disabled", attempt=2)])
        assert list(journal.entries()) == first + second
        assert journal.head == (3, second[0].hash)
    everything = first + second
    assert [entry.sequence for entry in everything] == [1, 2, 3]
    assert [entry.time_utc for entry in everything] == ["2026-11-24T09:30:00.000Z"] * 2 + ["2026-11-24T08:30:00.000Z"]
    assert everything[0].previous_hash == GENESIS
    assert all(later.previous_hash == earlier.hash for earlier, later in pairwise(everything))
    assert all(entry.hash == entry.expected_hash() for entry in everything)
    assert {(entry.actor, entry.plan_digest) for entry in everything} == {("ops@contoso.example", PLAN)}


def test_entries_are_there_after_opening_again_and_the_chain_goes_on(open_journal: Opener, draft: Maker) -> None:
    with open_journal() as journal:
        written = journal.append([draft("u1")])
    with open_journal() as journal:
        written += journal.append([draft("u1", Outcome.FAILED, reason=reason_of(Why.GONE))])
        assert list(journal.entries()) == written
        report = verify_chain(journal.entries(), expect=written[0].hash)
    assert (report.holds, report.count, report.head, report.expected_at) == (True, 2, written[1].hash, 1)


def test_an_append_of_nothing_changes_nothing(open_journal: Opener) -> None:
    with open_journal() as journal:
        assert journal.append([]) == []
        assert journal.head == (0, GENESIS)


def test_entries_need_a_run(workspace: Workspace, draft: Maker, clock: Any) -> None:
    with (
        JournalDb.open(workspace, actor="ops", tenant_id="t", clock=clock) as journal,
        pytest.raises(RuntimeError, match="for_run"),
    ):
        journal.append([draft("u1")])


def test_entries_can_be_filtered(open_journal: Opener, draft: Maker) -> None:
    wait = Draft(operation=Operation.WAIT, target_type=TargetType.RUN, outcome=Outcome.WAITING)
    with open_journal() as journal:
        journal.append([draft("u1"), wait, draft("u1", Outcome.CONFIRMED), draft("u2", Outcome.FAILED)])
        journal.for_run(OTHER_PLAN)
        journal.append([draft("u1", Outcome.CONFIRMED)])

        def numbers(**filters: Any) -> list[int]:
            return [entry.sequence for entry in journal.entries(**filters)]

        assert numbers() == [1, 2, 3, 4, 5]
        assert numbers(plan_digest=OTHER_PLAN) == [5]
        assert numbers(operation=Operation.WAIT) == [2]
        assert numbers(outcomes=[Outcome.CONFIRMED, Outcome.FAILED]) == [3, 4, 5]
        assert numbers(outcomes=iter([Outcome.CONFIRMED]), plan_digest=PLAN) == [3]
        assert numbers(operation=Operation.WAIT, outcomes=[Outcome.FAILED]) == []


def test_one_may_append_while_going_through_the_entries(open_journal: Opener, draft: Maker) -> None:
    number = 2_500  # more than two pages
    with open_journal() as journal:
        journal.append([draft(f"u{index:04}") for index in range(number)])
        for entry in journal.entries():
            journal.append([draft(entry.object_id, Outcome.CONFIRMED)])
        assert journal.head[0] == 2 * number
        journal.append([draft(f"u{index:04}") for index in range(number)])
        doubtful = []
        for entry in journal.in_doubt():
            journal.append([draft(entry.object_id, Outcome.RECOVERED)])
            doubtful.append(entry.sequence)
        assert doubtful == list(range(2 * number + 1, 3 * number + 1))
        assert list(journal.in_doubt()) == []


def test_who_was_in_doubt_when_it_was_asked_is_told_also_when_all_are_settled_meanwhile(
    open_journal: Opener, draft: Maker
) -> None:
    people = [f"u{index:04}" for index in range(1_500)]  # more than a page
    with open_journal() as journal:
        journal.append([draft(user_id) for user_id in people])
        asked = journal.in_doubt()
        first = next(asked)
        journal.append([draft(user_id, Outcome.RECOVERED) for user_id in people])
        assert [first.object_id, *(entry.object_id for entry in asked)] == people
        assert list(journal.in_doubt()) == []


def test_the_folds_tell_who_is_done_and_who_is_in_doubt(open_journal: Opener, draft: Maker) -> None:
    with open_journal() as journal:
        journal.append([draft("u1"), draft("u2"), draft("u3", wave=2, before="enabled"), draft("u4", Outcome.SKIPPED)])
        journal.append([draft("u1", Outcome.FAILED), draft("u2", Outcome.CONFIRMED)])
        journal.append([draft("u1", before="disabled", reason=reason_of(Why.PLANNED, "again"))])
        journal.append([draft("u1", Outcome.UNCONFIRMED)])
        journal.for_run(OTHER_PLAN)
        journal.append([draft("u2", before="disabled", requested="enforced", reason=reason_of(Why.PLANNED, "back"))])

        assert journal.latest_user_outcomes(PLAN) == {
            "u1": Outcome.UNCONFIRMED,
            "u2": Outcome.CONFIRMED,
            "u3": Outcome.INTENT,
            "u4": Outcome.SKIPPED,
        }
        assert [(entry.object_id, entry.plan_digest) for entry in journal.in_doubt()] == [
            ("u2", OTHER_PLAN),
            ("u3", PLAN),
        ]


def test_entries_by_user_come_page_by_page_and_an_index_that_lost_some_is_damage(
    open_journal: Opener, draft: Maker, workspace: Workspace
) -> None:
    people = [f"u{number:04}" for number in range(700)]
    with open_journal() as journal:
        journal.append([draft(person) for person in people])
        journal.append([draft(person, Outcome.CONFIRMED) for person in people])
        found = [(entry.object_id, entry.sequence) for entry in journal.entries_by_user()]
        assert found == [(person, place + more) for place, person in enumerate(people, 1) for more in (0, 700)]
    with sqlite3.connect(workspace.path / "journal.db") as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("DROP INDEX entries_by_object")
        columns = "operation, object_id, sequence, outcome"
        connection.execute(f"CREATE INDEX entries_by_object ON entries ({columns}) WHERE sequence > 9")
        connection.execute(
            "UPDATE sqlite_schema SET sql = ? WHERE name = 'entries_by_object'",
            (f"CREATE INDEX entries_by_object ON entries ({columns})",),
        )
    with JournalDb.open_to_read(workspace) as journal, pytest.raises(FolderDamaged, match="an index does not fit"):
        list(journal.entries_by_user())


def test_what_became_of_an_earlier_runs_intent_is_told_of_that_run(open_journal: Opener, draft: Maker) -> None:
    with open_journal() as journal:
        journal.append([draft("u1")])
        journal.for_run(OTHER_PLAN)
        journal.append([draft("u1", Outcome.RECOVERED, plan_digest=PLAN), draft("u2")])
        assert [entry.plan_digest for entry in journal.entries()] == [PLAN, PLAN, OTHER_PLAN]
        assert journal.latest_user_outcomes(PLAN) == {"u1": Outcome.RECOVERED}
        assert journal.latest_user_outcomes(OTHER_PLAN) == {"u2": Outcome.INTENT}
        assert [entry.object_id for entry in journal.in_doubt()] == ["u2"]
        assert verify_chain(journal.entries()).holds


def test_touched_users_come_by_wave_with_the_state_before_the_latest_run(open_journal: Opener, draft: Maker) -> None:
    with open_journal() as journal:
        journal.append([draft("u3", wave=1), draft("u1", wave=2), draft("u2", wave=1, before="enabled")])
        journal.append([draft("u1", before="disabled", wave=2), draft("u1", Outcome.CONFIRMED), draft("u4", wave=None)])
        journal.append([draft("u5", Outcome.SKIPPED)])
        journal.for_run(OTHER_PLAN)
        journal.append([draft("u2", before="disabled", requested="enabled", wave=1), draft("u2", Outcome.FAILED)])

        def seen(*plans: str) -> list[tuple[str, str, str, int, str]]:
            return [
                (user.user_id, user.before, user.requested, user.wave, user.outcome) for user in journal.touched(plans)
            ]

        first = [
            ("u4", "enforced", "disabled", 0, "intent"),
            ("u2", "enabled", "disabled", 1, "intent"),
            ("u3", "enforced", "disabled", 1, "intent"),
            ("u1", "enforced", "disabled", 2, "confirmed"),
        ]
        assert seen(PLAN) == first
        latest = ("u2", "disabled", "enabled", 1, "failed")
        assert seen(PLAN, OTHER_PLAN) == [latest if row[0] == "u2" else row for row in first]
        assert seen() == seen("ef" * 32) == []
        for user in journal.touched([PLAN]):
            journal.append([draft(user.user_id), draft(f"{user.user_id}-new")])
        assert len(seen(OTHER_PLAN)) == 8


def test_folds_of_one_operation_do_not_see_another(open_journal: Opener, draft: Maker) -> None:
    policy = draft("marker-1", operation=Operation.CREATE_POLICY, target_type=TargetType.POLICY, before="", wave=None)
    with open_journal() as journal:
        journal.append([policy, draft("u1")])
        assert [entry.object_id for entry in journal.in_doubt()] == ["u1"]
        assert journal.latest_user_outcomes(PLAN) == {"u1": Outcome.INTENT}


def test_an_intent_without_a_state_before_is_damage_not_a_guess(open_journal: Opener, draft: Maker) -> None:
    with open_journal() as journal:
        journal.append([draft("u1", before="Enforced?")])
        with pytest.raises(FolderDamaged, match="u1"):
            list(journal.touched([PLAN]))


def test_documents_are_named_by_their_content(open_journal: Opener) -> None:
    with open_journal() as journal:
        ref = journal.put_document({"b": [1, 2], "a": "Grüße"})
        assert journal.put_document({"a": "Grüße", "b": [1, 2]}) == ref
        assert ref.startswith("sha256:")
        assert msgspec.json.decode(journal.document(ref)) == {"a": "Grüße", "b": [1, 2]}
        with pytest.raises(FolderDamaged, match="is missing"):
            journal.document("sha256:" + "0" * 64)


def test_a_document_that_was_changed_is_damage(open_journal: Opener, workspace: Workspace) -> None:
    with open_journal() as journal:
        ref = journal.put_document({"state": "enabled"})
    for other in ('CAST(\'{"state":"disabled"}\' AS BLOB)', '\'{"state":"enabled"}\'', "7"):
        change(workspace, f"UPDATE documents SET body = {other}")
        with open_journal() as journal, pytest.raises(FolderDamaged, match="was changed"):
            journal.document(ref)


@pytest.mark.parametrize("statement", ["UPDATE entries SET reason = 'x'", "DELETE FROM entries"])
def test_entries_resist_a_plain_statement(
    open_journal: Opener, workspace: Workspace, draft: Maker, statement: str
) -> None:
    with open_journal() as journal:
        journal.append([draft("u1")])
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        change(workspace, statement)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        ("UPDATE entries SET before = 'disabled' WHERE sequence = 2", "Row 2 was changed"),
        ("DELETE FROM entries WHERE sequence = 2", "Row 2 is missing"),
        ("UPDATE entries SET previous_hash = hash WHERE sequence = 2", "Row 2 does not follow"),
        ("UPDATE entries SET outcome = 'done' WHERE sequence = 3", "row 3 cannot be decoded"),
        ("UPDATE entries SET attempt = 'two' WHERE sequence = 3", "row 3 cannot be decoded"),
    ],
)
def test_a_journal_that_was_edited_is_refused_on_opening(
    open_journal: Opener, workspace: Workspace, draft: Maker, spoil: str, complaint: str
) -> None:
    with open_journal() as journal:
        journal.append([draft("u1"), draft("u2"), draft("u3")])
    change(workspace, *UNGUARD, spoil)
    for opening in (open_journal, lambda: JournalDb.open_to_read(workspace)):
        with pytest.raises(FolderDamaged, match=complaint) as caught:
            opening()
        assert "rollback --file rollback.csv" in caught.value.hint


def test_an_edit_far_back_is_found_when_it_is_opened_for_writing_and_by_verifying_the_whole_chain(
    open_journal: Opener, workspace: Workspace, draft: Maker
) -> None:
    number = CHECKED_ON_OPENING + 5
    with open_journal() as journal:
        journal.append([draft(f"u{index}") for index in range(number)])
    change(workspace, *UNGUARD, "UPDATE entries SET reason = 'x' WHERE sequence = 4")
    with pytest.raises(FolderDamaged, match="Row 4 was changed"):
        open_journal()
    # Whoever only looks need not wait for that.
    with JournalDb.open_to_read(workspace) as journal:
        report = verify_chain(journal.entries())
    assert (report.holds, report.broken_at, report.count) == (False, 4, 3)
    change(workspace, "UPDATE entries SET reason = 'x' WHERE sequence = 6")
    with pytest.raises(FolderDamaged, match="Row 6 was changed"):
        JournalDb.open_to_read(workspace)


def test_rows_cut_off_the_end_are_shown_by_a_head_noted_before(open_journal: Opener, draft: Maker) -> None:
    with open_journal() as journal:
        entries = journal.append([draft("u1"), draft("u2")])
    noted = entries[1].hash
    assert verify_chain(entries, expect=noted.upper()).holds
    report = verify_chain(entries[:1], expect=noted)
    assert (report.holds, report.broken_at, report.expected_at) == (False, None, None)
    assert "expected hash" in report.problem


def test_an_empty_chain_holds() -> None:
    report = verify_chain([])
    assert (report.holds, report.count, report.head) == (True, 0, GENESIS)


@pytest.mark.parametrize(
    "spoil",
    [
        "DROP TABLE documents",
        "DROP TABLE entries",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 0",
    ],
)
def test_a_journal_that_is_not_ours_is_refused(open_journal: Opener, workspace: Workspace, spoil: str) -> None:
    open_journal().close()
    change(workspace, spoil)
    with pytest.raises(FolderDamaged, match=r"journal\.db is damaged"):
        open_journal()


def test_a_journal_of_a_newer_version_is_refused_and_left_alone(open_journal: Opener, workspace: Workspace) -> None:
    open_journal().close()
    change(workspace, "PRAGMA user_version = 2000")
    before = (workspace.path / "journal.db").read_bytes()
    with pytest.raises(NewerFolder, match="schema 2000"):
        open_journal()
    assert (workspace.path / "journal.db").read_bytes() == before


@pytest.mark.parametrize("keep", [0, 50, 4096, 10_000])
def test_a_truncated_journal_is_never_taken_for_a_new_one(
    open_journal: Opener, workspace: Workspace, draft: Maker, keep: int
) -> None:
    with open_journal() as journal:
        journal.append([draft("u1")])
    path = workspace.path / "journal.db"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FolderDamaged, match=r"journal\.db is damaged"):
        open_journal()


def test_a_log_whose_journal_is_gone_is_not_swallowed_by_a_new_one(open_journal: Opener, workspace: Workspace) -> None:
    (workspace.path / "journal.db-wal").write_bytes(b"the last entries of a lost journal")
    with pytest.raises(FolderDamaged, match=r"journal\.db-wal is there"):
        open_journal()
    with pytest.raises(FolderDamaged, match=r"journal\.db-wal is there"):
        JournalDb.open_to_read(workspace)
    assert not (workspace.path / "journal.db").exists()


def test_readers_look_on_while_another_appends_and_write_nothing(
    open_journal: Opener, workspace: Workspace, draft: Maker
) -> None:
    with open_journal() as journal:
        journal.append([draft("u1")])
        with JournalDb.open_to_read(workspace) as reader:
            assert reader.head[0] == 1
            journal.append([draft("u2")])
            assert [entry.object_id for entry in reader.entries()] == ["u1", "u2"]
            with pytest.raises(FolderProblem, match="readonly"):
                reader.put_document({})
            reader.for_run(PLAN)
            with pytest.raises(FolderProblem, match="readonly"):
                reader.append([draft("u3")])
        assert journal.head[0] == 2


def test_a_reader_in_a_folder_closed_to_it_does_not_overlook_what_is_only_in_the_log(
    open_journal: Opener, workspace: Workspace, draft: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "is_writable", lambda _: False)
    with open_journal() as journal:
        journal.append([draft("u1")])
        with JournalDb.open_to_read(workspace) as reader:
            assert [entry.object_id for entry in reader.entries()] == ["u1"]


def test_a_disk_without_a_write_ahead_log_keeps_no_journal() -> None:
    with (
        closing(sqlite3.connect(":memory:")) as memory,
        pytest.raises(FolderProblem, match="write-ahead log") as caught,
    ):
        journal_module._make_durable(memory)
    assert "--workspace" in caught.value.hint


def test_there_is_nothing_to_read_before_the_first_run(workspace: Workspace) -> None:
    with pytest.raises(NothingHere, match="nothing has been applied") as caught:
        JournalDb.open_to_read(workspace)
    assert "mfa-migrate apply" in caught.value.hint


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits of this kind")
def test_the_journal_and_its_log_can_be_read_by_their_owner_only(
    open_journal: Opener, workspace: Workspace, draft: Maker
) -> None:
    with open_journal() as journal:
        journal.append([draft("u1")])
        files = [path for path in workspace.path.iterdir() if path.name.startswith("journal.db")]
        assert len(files) >= 2
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_writing_is_as_durable_as_sqlite_can_make_it(open_journal: Opener) -> None:
    with open_journal() as journal:
        ask = journal._connection.execute
        assert ask("PRAGMA journal_mode").fetchone() == ("wal",)
        assert ask("PRAGMA synchronous").fetchone() == (2,)
        assert ask("PRAGMA fullfsync").fetchone() == (1,)
        assert ask("PRAGMA checkpoint_fullfsync").fetchone() == (1,)


def test_a_copy_of_the_folder_is_as_good_as_the_folder(
    open_journal: Opener, workspace: Workspace, draft: Maker, tmp_path: Path
) -> None:
    with open_journal() as journal:
        written = journal.append([draft("u1")])
        shutil.copytree(workspace.path, tmp_path / "copy")  # with the log that is not merged yet
    with JournalDb.open_to_read(Workspace(tmp_path / "copy")) as reader:
        assert list(reader.entries()) == written
