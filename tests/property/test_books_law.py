"""The law of the books: any prefix of a journal beside any older rollback files leaves a row for whoever may be off.

One real run is made once. Then its journal is cut at any entry, rollback files of any of its moments are put beside it,
whole, without each other or damaged, with the plan or without, and what `rollback` would go by is asked of all books.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.commands.kept_books import source_of_all_books
from migrate.commands.planned_people import rows_planned
from migrate.decide.reverser import Source, facts_of
from migrate.engine.history import begun_plans
from migrate.errors import UsageProblem
from migrate.exchange.documents import rollback_rows
from migrate.exchange.tables import PLAIN
from migrate.model.rollback import RollbackHeader
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.rollback_files import FolderRollbackFiles
from tests.faults.lab import NO_WAITS, open_lab

UNGUARD = ("DROP TRIGGER entries_stay_as_they_are", "DROP TRIGGER entries_stay")
SHARE = st.floats(0, 1)
PAIRS = ("whole", "table alone", "header alone", "header damaged", "table damaged", "none")


@dataclass
class Run:
    """A whole run, as it lies on disk, with every pair of rollback files that it ever wrote."""

    folder: Path
    tenant_id: str
    states_before: dict[str, str]
    off: set[str]
    entries: int
    pairs: list[tuple[bytes, bytes]] = field(default_factory=list)
    intents: dict[str, int] = field(default_factory=dict)
    """By user the number of the first intent."""


@pytest.fixture(scope="module", params=["create", "adopt"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp(request.param)
    pairs: list[tuple[bytes, bytes]] = []
    write = FolderRollbackFiles.write

    def kept(self: FolderRollbackFiles, header: RollbackHeader, rows: Any) -> None:
        write(self, header, rows)
        pairs.append(tuple((self._folder / name).read_bytes() for name in ("rollback.csv", "rollback.json")))  # type: ignore[arg-type]

    with open_lab(folder, mode=request.param, users=42, lean=True) as lab, pytest.MonkeyPatch.context() as patch:
        patch.setattr(FolderRollbackFiles, "write", kept)
        lab.configure("percentages = [100]", "percentages = [30, 60, 100]")
        lab.prepare()
        for more in (["--until", "wave:1"], ["--until", "wave:2"], []):
            lab.apply(*more, *NO_WAITS)
        with JournalDb.open_to_read(Workspace(lab.workspace)) as journal:
            entries = list(journal.entries())
            plan = begun_plans(journal)[0][1]
        off = lab.switched_off()
        assert len(off) > 10
        yield Run(
            folder=lab.workspace,
            tenant_id=plan.tenant_id,
            states_before=lab.states_before,
            off=off,
            entries=len(entries),
            pairs=pairs,
            intents={
                entry.object_id: entry.sequence
                for entry in reversed(entries)
                if entry.outcome == "intent" and entry.target_type == "user"
            },
        )


def cut(workspace: Path, at: int) -> None:
    """Leave only so many entries in the journal, as a backup of that moment has them; with none the file is gone."""
    path = workspace / "journal.db"
    if not at:
        path.unlink()
        return
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in (*UNGUARD, f"DELETE FROM entries WHERE sequence > {at}"):
            connection.execute(statement)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def put(workspace: Path, pair: tuple[bytes, bytes], how: str) -> None:
    csv, beside = workspace / "rollback.csv", workspace / "rollback.json"
    csv.write_bytes(pair[0])
    beside.write_bytes(pair[1])
    match how:
        case "table alone":
            beside.unlink()
        case "header alone":
            csv.unlink()
        case "header damaged":
            beside.write_bytes(pair[1][: len(pair[1]) // 2])
        case "table damaged":
            csv.write_bytes(pair[0][: len(pair[0]) // 2])
        case "none":
            csv.unlink()
            beside.unlink()


def asked(workspace: Workspace, journal: JournalDb, run: Run) -> Source:
    """Return what a bare `rollback` goes by; nothing where it says that there is nothing."""
    shown = SimpleNamespace(delimiter=",", encoding=None, crlf=False)
    call = SimpleNamespace(settings=shown, screen=SimpleNamespace(warn=lambda _: None))
    plan = SimpleNamespace(
        tenant_id=run.tenant_id, tenant_name="", tenant_domain="", cloud="global", endpoint=run_endpoint(run)
    )
    here = facts_of(plan)  # type: ignore[arg-type]
    try:
        return source_of_all_books(SimpleNamespace(call=call, workspace=workspace), journal, here)  # type: ignore[arg-type]
    except UsageProblem:
        return Source(rows=(), policy_steps=(), facts=here, whole=())


def run_endpoint(run: Run) -> str | None:
    with JournalDb.open_to_read(Workspace(run.folder)) as journal:
        return begun_plans(journal)[0][1].endpoint


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(left=SHARE, moment=SHARE, how=st.sampled_from(PAIRS), with_plan=st.booleans())
def test_whatever_is_left_of_the_books_brings_everybody_back(
    run: Run, left: float, moment: float, how: str, with_plan: bool
) -> None:
    at, pair = round(left * run.entries), round(moment * (len(run.pairs) - 1))
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace(Path(scratch) / "work")
        shutil.copytree(run.folder, workspace.path)
        cut(workspace.path, at)
        put(workspace.path, run.pairs[pair], how)
        if not with_plan:
            (workspace.path / "plan.json").unlink()
        with (
            workspace.lock("a test"),
            JournalDb.open(workspace, actor="", tenant_id=run.tenant_id, clock=now, even_behind=True) as journal,
        ):
            source = asked(workspace, journal, run)
            planned = list(rows_planned(workspace, journal, run.tenant_id))
    rows = {row.user_id: row for row in source.rows}
    # Those of whom only a plan tells are read, named, and put back with --overwrite-drift.
    known = rows | {row.user_id: row for row in planned if row.user_id not in rows}
    assert run.off <= known.keys()
    assert all(known[user].previous_state == run.states_before[user] for user in run.off)
    assert {user for user, sequence in run.intents.items() if sequence <= at} <= rows.keys(), "the journal's own"
    if pair == len(run.pairs) - 1 and how == "whole":
        assert run.off <= rows.keys(), "the newest files alone tell everybody"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(left=SHARE, moment=SHARE, how=st.sampled_from(PAIRS[:4]))
def test_files_that_are_written_again_lose_nobody(run: Run, left: float, moment: float, how: str) -> None:
    """Whoever stood in the files stands in the new ones, or in ones that were put aside."""
    at, pair = 1 + round(left * (run.entries - 1)), round(moment * (len(run.pairs) - 1))
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace(Path(scratch) / "work")
        shutil.copytree(run.folder, workspace.path)
        cut(workspace.path, at)
        put(workspace.path, run.pairs[pair], how)
        before = rows_in(workspace.path)
        with JournalDb.open(workspace, actor="", tenant_id=run.tenant_id, clock=now, even_behind=True) as journal:
            files = FolderRollbackFiles(workspace, PLAIN, holds=journal.holds)
            kept = {row.user_id for row in files.kept_rows()}
            header = header_at(run, journal)
            # As the record does: what fits is carried over, and what does not is put aside before.
            files.write(header, [row for row in files.kept_rows() if row.user_id in kept])
        aside = {user for place in workspace.path.glob("rollback-*") for user in rows_in(place)}
        assert before <= rows_in(workspace.path) | aside


def rows_in(folder: Path) -> set[str]:
    csv = folder / "rollback.csv"
    return {row.user_id for row in rollback_rows(csv)} if csv.exists() else set()


def header_at(run: Run, journal: JournalDb) -> RollbackHeader:
    import msgspec

    count, last_hash = journal.head
    latest = msgspec.json.decode(run.pairs[-1][1], type=RollbackHeader)
    return msgspec.structs.replace(latest, journal_entries=count, journal_hash=last_hash)


def now() -> datetime:
    return datetime(2026, 11, 28, tzinfo=UTC)
