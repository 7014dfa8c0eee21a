"""A full disk, a folder that cannot be written and a clock that jumps cost nothing that was there before."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from migrate.errors import FolderDamaged, FolderProblem
from migrate.model.journal import Draft, JournalEntry, Operation, Outcome, TargetType
from migrate.model.reasons import Why, reason_of
from migrate.model.users import UserProfile
from migrate.store.chain import verify_chain
from migrate.store.files import write_atomically
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.snapshot import SnapshotWriter

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs limits and permission bits of POSIX")

MEBIBYTE = 1 << 20


class Disk(NamedTuple):
    """A place that fills up, and the way to make room there."""

    folder: Path
    make_room: Callable[[], None]


@contextmanager
def largest_file(limit: int) -> Iterator[Callable[[], None]]:
    """Let no file of this process grow beyond a limit, in bytes, until the yielded function is called."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def lift() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield lift
    finally:
        lift()


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    """Mount a file system of a few megabytes in memory; skip where that is not allowed."""
    with tempfile.TemporaryDirectory() as place:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place]
        try:
            done = subprocess.run(mount, capture_output=True, text=True, check=False)
        except OSError as error:
            pytest.skip(f"no small disk can be mounted here: {error}")
        if done.returncode != 0:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        try:
            ballast = Path(place) / "ballast"
            ballast.write_bytes(bytes(megabytes * MEBIBYTE // 2))
            yield Disk(Path(place) / "migration", ballast.unlink)
        finally:
            subprocess.run(["umount", "--lazy", place], capture_output=True, check=True)


@pytest.fixture(params=["file size limit", "small disk"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """Yield a disk with room for about two megabytes."""
    if sys.platform == "win32":
        pytest.skip("needs limits or mounts of POSIX")
    if request.param == "small disk":
        with small_disk(4) as disk:
            yield disk
    else:
        with largest_file(2 * MEBIBYTE) as lift:
            yield Disk(tmp_path / "migration", lift)


def drafts(batch: int) -> list[Draft]:
    return [
        Draft(
            operation=Operation.SET_MFA_STATE,
            target_type=TargetType.USER,
            outcome=Outcome.INTENT,
            object_id=f"user-{batch}-{index}",
            before="enforced",
            requested="disabled",
            reason=reason_of(Why.PLANNED, "x" * 500),
        )
        for index in range(20)
    ]


def journal_of(workspace: Workspace, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> JournalDb:
    journal = JournalDb.open(workspace, actor="ops@contoso.example", tenant_id="tenant", clock=clock)
    journal.for_run("ab" * 32)
    return journal


def people(number: int) -> Iterator[UserProfile]:
    for index in range(number):
        yield UserProfile(
            id=f"user-{index:06}",
            user_principal_name=f"user-{index}@contoso.example",
            display_name="x" * 200,
            user_type="Member",
            creation_type=None,
            external_user_state=None,
            identities=(),
            account_enabled=True,
            on_premises_sync_enabled=False,
            assigned_licenses=(),
            created_date_time=None,
        )


def fill(journal: JournalDb) -> tuple[list[JournalEntry], FolderProblem]:
    written: list[JournalEntry] = []
    for batch in range(10_000):
        try:
            written += journal.append(drafts(batch))
        except FolderProblem as problem:
            return written, problem
    pytest.fail("the disk never filled up")


def test_a_journal_on_a_full_disk_keeps_all_that_it_acknowledged_and_goes_on_once_there_is_room(disk: Disk) -> None:
    workspace = Workspace(disk.folder)
    workspace.ensure()
    with journal_of(workspace) as journal:
        written, problem = fill(journal)
        assert len(written) >= 100
        assert "journal.db" in problem.what
        assert "space" in problem.hint or "room" in problem.hint
        assert list(journal.entries()) == written
        with pytest.raises(FolderProblem):
            journal.append(drafts(99_999) * 50)
        disk.make_room()
        written += journal.append(drafts(100_000))
        assert list(journal.entries()) == written
    with journal_of(workspace) as journal:
        assert list(journal.entries()) == written
        assert verify_chain(journal.entries(), expect=written[-1].hash).holds


def test_a_journal_whose_disk_is_full_can_be_opened_again(disk: Disk) -> None:
    workspace = Workspace(disk.folder)
    workspace.ensure()
    with journal_of(workspace) as journal:
        written, _ = fill(journal)
    with JournalDb.open_to_read(workspace) as journal:
        assert list(journal.entries()) == written


def test_a_snapshot_that_does_not_fit_leaves_nothing_behind(disk: Disk) -> None:
    workspace = Workspace(disk.folder)
    workspace.ensure()
    write_atomically(workspace.path / "snapshot.csv", [b"the former one"])
    before = sorted(path.name for path in workspace.path.iterdir())
    with pytest.raises(FolderProblem, match=r"snapshot\.db"), SnapshotWriter(workspace) as writer:
        # The cache of the writer holds 64 MiB before it turns to the disk.
        writer.add_users(people(300_000))
    assert sorted(path.name for path in workspace.path.iterdir()) == before


def test_a_file_that_does_not_fit_leaves_the_old_one(disk: Disk) -> None:
    workspace = Workspace(disk.folder)
    workspace.ensure()
    path = workspace.path / "rollback.csv"
    write_atomically(path, [b"old"])
    with pytest.raises(FolderProblem, match="no space is left") as caught:
        write_atomically(path, (bytes(MEBIBYTE // 4) for _ in range(64)))
    assert "Make room" in caught.value.hint
    assert path.read_bytes() == b"old"
    assert sorted(entry.name for entry in workspace.path.iterdir()) == ["folder.json", "rollback.csv"]


@contextmanager
def nobody() -> Iterator[None]:
    """Be a user whom permissions bind, when the test runs as one whom they do not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Yield a folder that every user may reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        yield Path(place) / "migration"


def readable_for_all(folder: Path, *, mode: int) -> None:
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(mode)


def names_in(folder: Path) -> Iterable[str]:
    return sorted(path.name for path in folder.iterdir())


@posix
def test_a_folder_that_may_not_be_written_is_refused_by_every_door(open_folder: Path) -> None:
    workspace = Workspace(open_folder)
    # Locked once before, so that nobody need not read what is imported for it.
    with workspace.lock("ops"), journal_of(workspace) as journal:
        written = journal.append(drafts(1))
    readable_for_all(open_folder, mode=0o555)
    before = names_in(open_folder)
    with nobody():
        with pytest.raises(FolderProblem, match="may not write"):
            workspace.ensure()
        with pytest.raises(FolderProblem, match="may not write"), workspace.lock("ops"):
            pytest.fail("the folder was locked")
        with pytest.raises(FolderProblem), journal_of(workspace) as journal:
            journal.append(drafts(2))
        with pytest.raises(FolderProblem, match=r"snapshot\.db"), SnapshotWriter(workspace):
            pytest.fail("a snapshot was begun")
        with pytest.raises(FolderProblem, match=r"plan\.csv"):
            write_atomically(open_folder / "plan.csv", [b"x"])
        with pytest.raises(FolderProblem, match=r"rollback\.csv"):
            workspace.replaceable(["rollback.csv"])
    assert names_in(open_folder) == before
    with JournalDb.open_to_read(workspace) as journal:
        assert list(journal.entries()) == written


@posix
def test_an_archived_journal_can_be_read_where_nothing_may_be_written(open_folder: Path) -> None:
    workspace = Workspace(open_folder)
    workspace.ensure()
    with journal_of(workspace) as journal:
        written = journal.append(drafts(1))
    readable_for_all(open_folder, mode=0o555)
    before = names_in(open_folder)
    with nobody(), JournalDb.open_to_read(workspace) as journal:
        assert list(journal.entries()) == written
    assert names_in(open_folder) == before


@posix
def test_a_folder_cannot_be_made_where_nothing_may_be_written(open_folder: Path) -> None:
    open_folder.mkdir(mode=0o555)
    open_folder.chmod(0o555)
    with nobody(), pytest.raises(FolderProblem, match="migration"):
        Workspace(open_folder / "below").ensure()


def test_a_clock_that_jumps_back_is_recorded_and_breaks_nothing(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "migration")
    workspace.ensure()
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    times = iter([now, now - timedelta(days=3), now + timedelta(hours=1)])
    with journal_of(workspace, clock=lambda: next(times)) as journal:
        for batch in range(3):
            journal.append(drafts(batch))
    with journal_of(workspace) as journal:
        entries = list(journal.entries())
        assert verify_chain(journal.entries()).holds
        assert sum(1 for _ in journal.in_doubt()) == 60
    assert [entry.sequence for entry in entries] == list(range(1, 61))
    assert [entry.time_utc[:13] for entry in entries[::20]] == ["2026-11-24T12", "2026-11-21T12", "2026-11-24T13"]


def test_bytes_that_rot_inside_the_journal_are_noticed(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "migration")
    workspace.ensure()
    with journal_of(workspace) as journal:
        journal.append(drafts(1))
    path = workspace.path / "journal.db"
    whole = path.read_bytes()
    place = whole.index(b"user-1-7")
    path.write_bytes(whole[:place] + b"USER" + whole[place + 4 :])
    with pytest.raises(FolderDamaged):
        journal_of(workspace)
