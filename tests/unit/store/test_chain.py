"""Version 2 of the audit chain: wave, code and parts lie inside the hash, and chains of version 1 still hold."""

from __future__ import annotations

import csv
import io
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from migrate.cli import run
from migrate.errors import FolderDamaged, StalePlan
from migrate.exchange.documents import audit_csv, audit_entries
from migrate.model.journal import (
    AUDIT_COLUMNS,
    SINCE_VERSION_2,
    Draft,
    JournalEntry,
    Operation,
    Outcome,
    TargetType,
    columns_of,
    entry_of,
)
from migrate.model.reasons import Parts, Reason, Why, reason_of
from migrate.model.steps import SetMfaState
from migrate.model.users import MfaState
from migrate.store.chain import verify_chain
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb

V1 = Path(__file__).resolve().parents[2] / "fixtures" / "store" / "v1"
PLAN = "ab" * 32
UNGUARD = ("DROP TRIGGER entries_stay_as_they_are", "DROP TRIGGER entries_stay")

Maker = Callable[..., Any]
Opener = Callable[[], JournalDb]


def change(workspace: Workspace, *statements: str) -> None:
    with closing(sqlite3.connect(workspace.path / "journal.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def verified(workspace: Workspace, file: Path | None = None) -> int:
    return run(["audit", "verify", *([str(file)] if file else []), "--workspace", str(workspace.path)])


@pytest.fixture
def old(tmp_path: Path) -> Workspace:
    """Return a copy of a folder whose chain is of version 1."""
    shutil.copytree(V1, tmp_path / "old")
    workspace = Workspace(tmp_path / "old")
    workspace.ensure()
    return workspace


@pytest.fixture
def carried_on(old: Workspace, clock: Any, draft: Maker) -> Workspace:
    """Return that folder after this version has written into it."""
    with JournalDb.open(old, actor="ops", tenant_id="t", clock=clock) as journal:
        journal.for_run(PLAN)
        (entry,) = journal.append([draft("u3", Outcome.RECOVERED, reason=reason_of(Why.FOUND_AFTER_DOUBT))])
        assert (entry.object_id, entry.chain_version) == ("u3", 2)
        journal.append([draft("u3", Outcome.CONFIRMED)])
    return old


def entries_of(workspace: Workspace) -> list[JournalEntry]:
    with JournalDb.open_to_read(workspace) as journal:
        return list(journal.entries())


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("UPDATE entries SET wave = 1 WHERE sequence = 2", 2),
        ("UPDATE entries SET wave = NULL WHERE sequence = 2", 2),
        ("UPDATE entries SET code = 'Drift' WHERE sequence = 3", 3),
        ("""UPDATE entries SET parts = '{"found":"enabled"}' WHERE sequence = 1""", 1),
        ("UPDATE entries SET code = '', parts = '' WHERE sequence = 3", 3),
    ],
)
def test_wave_code_and_parts_lie_inside_the_hash(
    open_journal: Opener, workspace: Workspace, draft: Maker, statement: str, row: int
) -> None:
    """C7 of the proven holes: a wave that was moved passed `audit verify`, and a rollback of wave 1 sent 39 for 3."""
    with open_journal() as journal:
        journal.append([draft(f"u{number}", wave=number, reason=reason_of(Why.GONE)) for number in (1, 2, 3)])
    assert verified(workspace) == 0
    change(workspace, *UNGUARD, statement)
    with pytest.raises(FolderDamaged, match=f"Row {row} "):
        open_journal()
    assert verified(workspace) == 5


def test_the_reason_is_what_code_and_parts_say_whatever_the_text(open_journal: Opener, draft: Maker) -> None:
    said = Reason(why=Why.DRIFT, words=", said Ada", parts=Parts(before="enforced", found="enabled"))
    with open_journal() as journal:
        (entry,) = journal.append([draft("u1", Outcome.SKIPPED, reason=said)])
    columns = columns_of(entry)
    assert columns["Code"] == "Drift"
    assert columns["Parts"] == '{"before":"enforced","found":"enabled","words":", said Ada"}'
    other = entry_of(columns | {"Reason": "emergency access account: never switched off"})
    assert other.reason == said
    assert columns_of(other)["Reason"] == "emergency access account: never switched off"
    assert verify_chain([entry_of(columns)]).holds
    assert not verify_chain([other]).holds


def test_an_entry_whose_text_would_read_otherwise_today_holds(open_journal: Opener, draft: Maker) -> None:
    with open_journal() as journal:
        (entry,) = journal.append([draft("u1", Outcome.SKIPPED, reason=reason_of(Why.GONE))])
    reworded = msgspec.structs.replace(entry, reason_text="ist nicht mehr da")
    sealed = msgspec.structs.replace(reworded, hash=reworded.expected_hash())
    read = entry_of(columns_of(sealed))
    assert verify_chain([read]).holds
    assert read.reason.why is Why.GONE


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("NoSuchCode", ""),
        ("Drift", "{"),
        ("Drift", "[]"),
        ("Drift", '{"found":3}'),
        ("Drift", '{"more":1}'),
        ("", "{}"),
    ],
)
def test_what_no_version_writes_as_code_and_parts_is_refused(
    open_journal: Opener, draft: Maker, code: str, parts: str
) -> None:
    with open_journal() as journal:
        (entry,) = journal.append([draft("u1")])
    with pytest.raises(msgspec.ValidationError):
        entry_of(columns_of(entry) | {"Code": code, "Parts": parts})


def test_a_chain_of_version_1_goes_on_in_version_2_and_holds(carried_on: Workspace, tmp_path: Path) -> None:
    entries = entries_of(carried_on)
    assert [entry.chain_version for entry in entries] == [1, 1, 1, 1, 2, 2, 2]
    link = entries[4]
    assert (link.operation, link.outcome, link.previous_hash) == (
        Operation.LINK_CHAIN,
        Outcome.RECORDED,
        entries[3].hash,
    )
    assert link.reason.parts.entries == 4
    assert verified(carried_on) == 0
    file = tmp_path / "audit.csv"
    file.write_bytes(b"".join(audit_csv(entries)))
    assert verified(carried_on, file) == 0


def test_an_audit_csv_without_the_new_columns_still_verifies(old: Workspace, tmp_path: Path) -> None:
    entries = entries_of(old)
    kept = len(AUDIT_COLUMNS) - len(SINCE_VERSION_2)
    rows = csv.reader(io.StringIO(b"".join(audit_csv(entries)).decode(), newline=""))
    file = tmp_path / "audit.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(row[:kept] for row in rows)
    assert verified(old, file) == 0
    assert [entry.hash for entry in audit_entries(file)] == [entry.hash for entry in entries]


@pytest.mark.parametrize("where", ["row 3 of version 1", "the link"])
def test_a_wave_of_version_1_is_sealed_by_the_link(carried_on: Workspace, tmp_path: Path, where: str) -> None:
    entries = entries_of(carried_on)
    place = 2 if where == "row 3 of version 1" else 4
    entries[place] = msgspec.structs.replace(entries[place], wave=7)
    report = verify_chain(entries)
    assert (report.holds, report.broken_at) == (False, 5)
    file = tmp_path / "audit.csv"
    file.write_bytes(b"".join(audit_csv(entries)))
    assert verified(carried_on, file) == 1


def test_no_row_of_version_1_is_accepted_after_one_of_version_2(carried_on: Workspace) -> None:
    entries = entries_of(carried_on)
    forged = msgspec.structs.replace(entries[6], chain_version=1, reason=reason_of(Why.OTHER, "as if"))
    forged = msgspec.structs.replace(forged, reason_text="as if", wave=None, sequence=8, previous_hash=entries[6].hash)
    forged = entry_of(columns_of(msgspec.structs.replace(forged, hash=forged.expected_hash())))
    assert verify_chain([forged], after=(7, entries[6].hash)).holds
    report = verify_chain([*entries, forged])
    assert (report.broken_at, "version 1" in report.problem) == (8, True)
    values = columns_of(forged)
    change(
        carried_on,
        f"INSERT INTO entries VALUES ({', '.join('NULL' if value == '' else repr(value) for value in values.values())})"
        .replace("NULL", "''"),
    )  # fmt: skip
    with pytest.raises(FolderDamaged, match="Row 8 is of version 1"):
        JournalDb.open_to_read(carried_on)


def test_a_fresh_chain_needs_no_link(open_journal: Opener, draft: Maker) -> None:
    with open_journal() as journal:
        journal.append([draft("u1")])
        assert [entry.operation for entry in journal.entries()] == [Operation.SET_MFA_STATE]


# The steps of a run


def steps(number: int) -> Iterator[SetMfaState]:
    for one in range(number):
        yield SetMfaState(
            user_id=f"u{one}",
            user_principal_name=f"u{one}@contoso.example",
            before=MfaState.ENFORCED,
            after=MfaState.DISABLED,
            wave=1 + one // 1_000,
            because="covered by MFA for everybody",
        )


def opening() -> Draft:
    reason = reason_of(Why.BEGUN, parts=Parts(kind="migrate"))
    return Draft(operation=Operation.OPEN_RUN, target_type=TargetType.RUN, outcome=Outcome.OPENED, reason=reason)


def test_the_steps_of_a_run_come_back_in_their_order_for_their_digest(open_journal: Opener) -> None:
    with open_journal() as journal:
        entry = journal.open_run(opening(), steps(2_500))
        digest = entry.reason.parts.steps
        assert journal.open_run(opening(), steps(2_500)).reason.parts.steps == digest
    with open_journal() as journal:
        assert next(journal.entries()) == entry
        assert list(journal.steps(PLAN, digest)) == list(steps(2_500))
        with pytest.raises(FolderDamaged, match="not those that it was opened with"):
            next(journal.steps(PLAN, "00" * 32))
        with pytest.raises(FolderDamaged, match="not those"):
            journal.open_run(opening(), steps(2_499))
        journal.for_run("cd" * 32)
        assert journal.open_run(opening(), []).reason.parts.steps != digest
        assert list(journal.steps(PLAN, digest)) == list(steps(2_500))


def test_a_run_is_opened_with_all_its_steps_or_not_at_all(open_journal: Opener) -> None:
    def cut_off() -> Iterator[SetMfaState]:
        yield from steps(1_500)
        raise StalePlan("The file is another one.", hint="Plan again.")

    with open_journal() as journal:
        head = journal.head
        with pytest.raises(StalePlan):
            journal.open_run(opening(), cut_off())
        assert journal.head == head
        digest = journal.open_run(opening(), steps(2)).reason.parts.steps
        assert list(journal.steps(PLAN, digest)) == list(steps(2))


@pytest.mark.parametrize("statement", ["UPDATE steps SET body = replace(body, 'u1', 'u2')", "DELETE FROM steps"])
def test_steps_that_were_changed_are_not_handed_out(open_journal: Opener, workspace: Workspace, statement: str) -> None:
    with open_journal() as journal:
        digest = journal.open_run(opening(), steps(3)).reason.parts.steps
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        change(workspace, statement)
    change(workspace, "DROP TRIGGER steps_stay_as_they_are", "DROP TRIGGER steps_stay", statement)
    with open_journal() as journal, pytest.raises(FolderDamaged, match="not those that it was opened with"):
        list(journal.steps(PLAN, digest))


def test_audit_csv_holds_the_wave(open_journal: Opener, draft: Maker) -> None:
    with open_journal() as journal:
        written = journal.append([draft("u1", wave=3), draft("u2", wave=None)])
    read = list(audit_entries(io.BytesIO(b"".join(audit_csv(written)))))
    assert [entry.wave for entry in read] == [3, None]
