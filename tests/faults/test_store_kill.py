"""A process that dies at any point while it writes to the working folder loses nothing that it had been told is kept.

The file is also the script that dies: for each point it forks a process, which sends itself SIGKILL there, and then
looks at what was left. A point is a call of the operating system or of SQLite made by `migrate.store`, its return,
or a moment inside SQLite's own work (every so many instructions of its virtual machine).
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import pytest

from migrate.model.evidence import Evidence
from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.model.replies import StateReading
from migrate.model.snapshot import Actor, Organization, SnapshotHeader
from migrate.model.users import MfaState, UserProfile
from migrate.store.chain import verify_chain
from migrate.store.files import write_atomically
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.snapshot import SnapshotWriter, open_snapshot

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks; Windows cannot")

PLAN = "ab" * 32
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
"""Lets the script find the package also where it is not installed."""
BATCH = 3
BATCHES = 2
INSTRUCTIONS = 4
"""Of SQLite's virtual machine, between two moments at which a process may die inside a statement."""

Acknowledge = Callable[[str], None]


class Scenario(NamedTuple):
    """Something that is written, and what must be true of it wherever the writer died."""

    prepare: Callable[[Workspace], None]
    write: Callable[[Workspace, Acknowledge], None]
    check: Callable[[Workspace, list[str]], None]


def drafts(batch: int, outcome: Outcome) -> list[Draft]:
    return [
        Draft(
            operation=Operation.SET_MFA_STATE,
            target_type=TargetType.USER,
            outcome=outcome,
            object_id=f"user-{batch}-{index}",
            user_principal_name=f"user-{batch}-{index}@contoso.example",
            before="enforced",
            requested="disabled",
            wave=1,
        )
        for index in range(BATCH)
    ]


def journal_of(workspace: Workspace) -> JournalDb:
    def clock() -> datetime:
        return datetime(2026, 11, 24, tzinfo=UTC)

    journal = JournalDb.open(workspace, actor="ops@contoso.example", tenant_id="tenant", clock=clock)
    journal.for_run(PLAN)
    return journal


def run_a_migration(workspace: Workspace, acknowledge: Acknowledge) -> None:
    with workspace.lock("the one that dies"), journal_of(workspace) as journal:
        ref = journal.put_document({"plan": PLAN})
        acknowledge(ref)
        for batch in range(BATCHES):
            journal.append(drafts(batch, Outcome.INTENT))
            acknowledge(f"{batch} intents")
            journal.append(drafts(batch, Outcome.CONFIRMED))
            acknowledge(f"{batch} outcomes")


def check_the_journal(workspace: Workspace, acknowledged: list[str]) -> None:
    refs = [line for line in acknowledged if line.startswith("sha256:")]
    steps = len(acknowledged) - len(refs)
    with workspace.lock("the one that goes on"), journal_of(workspace) as journal:
        for ref in refs:
            assert journal.document(ref) == b'{"plan":"%b"}' % PLAN.encode()
        count, head = journal.head
        # The step that was under way may have got through although nobody was told; never a part of it.
        assert count in (steps * BATCH, (steps + 1) * BATCH), (count, steps)
        assert verify_chain(journal.entries(), expect=head).holds
        done = count // BATCH
        in_doubt = [entry.object_id for entry in journal.in_doubt()]
        assert in_doubt == ([f"user-{done // 2}-{index}" for index in range(BATCH)] if done % 2 else [])
        journal.append(drafts(9, Outcome.INTENT))
        assert verify_chain(journal.entries()).count == count + BATCH


def write_a_snapshot(workspace: Workspace, users: int) -> SnapshotHeader:
    ids = [f"user-{index:03}" for index in range(users)]
    with SnapshotWriter(workspace) as writer:
        writer.add_users(
            UserProfile(
                id=user_id,
                user_principal_name=f"{user_id}@contoso.example",
                display_name=None,
                user_type="Member",
                creation_type=None,
                external_user_state=None,
                identities=(),
                account_enabled=True,
                on_premises_sync_enabled=False,
                assigned_licenses=(),
                created_date_time=None,
            )
            for user_id in ids
        )
        writer.add_readings(
            StateReading(
                user_id=user_id,
                mfa_state=MfaState.ENABLED,
                problem=None,
                status=200,
                request_id="",
                server_date="",
            )
            for user_id in ids
        )
        writer.set_evidence(
            Evidence(
                policies=(),
                named_locations=(),
                authentication_strengths=(),
                security_defaults_enabled=True,
                groups={},
                roles={},
            )
        )
        return writer.finish(
            taken_at="2026-11-24T00:00:00Z",
            tool_version="0",
            cloud="global",
            endpoint=None,
            organization=Organization(
                tenant_id="tenant", display_name="Contoso", default_domain="contoso.example", verified_domains=()
            ),
            skus=(),
            actor=Actor(object_id=None, name="ops@contoso.example", is_user=True),
            states_read_by="requirements",
            keep_previous=True,
        )


def have_a_snapshot(workspace: Workspace) -> None:
    workspace.ensure()
    write_a_snapshot(workspace, 5)


def export_again(workspace: Workspace, acknowledge: Acknowledge) -> None:
    acknowledge(write_a_snapshot(workspace, 7).id)


def check_the_snapshots(workspace: Workspace, acknowledged: list[str]) -> None:
    with open_snapshot(workspace) as snapshot:
        users = list(snapshot.users())
        assert len(users) == snapshot.header.users
        assert snapshot.header.users == 7 if acknowledged else snapshot.header.users in (5, 7)
        present = snapshot.header
    with tempfile.TemporaryDirectory() as elsewhere:
        other = Workspace(Path(elsewhere))
        have_a_snapshot(other)
        with open_snapshot(other) as snapshot:
            former = snapshot.header.id
    # The one that a run may rest on can be opened whichever of the two is the present one.
    with open_snapshot(workspace, former) as snapshot:
        assert snapshot.header.users == 5
    assert write_a_snapshot(workspace, 9).users == 9
    with open_snapshot(workspace, present.id) as snapshot:
        assert snapshot.header == present
    left = {path.name for path in workspace.path.iterdir()}
    assert not {name for name in left if name.endswith((".new", ".part"))}


def have_a_file(workspace: Workspace) -> None:
    workspace.ensure()
    write_atomically(workspace.path / "rollback.csv", [b"old\n"])


def replace_a_file(workspace: Workspace, acknowledge: Acknowledge) -> None:
    workspace.replaceable(["rollback.csv"])
    acknowledge(write_atomically(workspace.path / "rollback.csv", [b"new\n", b"new\n"]))


def check_the_file(workspace: Workspace, acknowledged: list[str]) -> None:
    content = (workspace.path / "rollback.csv").read_bytes()
    assert content == b"new\nnew\n" if acknowledged else content in (b"old\n", b"new\nnew\n")
    write_atomically(workspace.path / "rollback.csv", [b"newer\n"])
    assert (workspace.path / "rollback.csv").read_bytes() == b"newer\n"
    assert not list(workspace.path.glob("*.part"))


SCENARIOS = {
    "journal": Scenario(lambda workspace: None, run_a_migration, check_the_journal),
    "snapshot": Scenario(have_a_snapshot, export_again, check_the_snapshots),
    "file": Scenario(have_a_file, replace_a_file, check_the_file),
}


class DeathAt:
    """Counts points and kills this very process at one of them."""

    def __init__(self, point: int) -> None:
        self._left = point

    def reached(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def at_calls(self) -> None:
        """Count calls of the system and of SQLite that `migrate.store` makes, and their returns."""

        def profile(frame: FrameType, event: str, function: Any) -> None:
            if event not in ("c_call", "c_return") or f"{os.sep}store{os.sep}" not in frame.f_code.co_filename:
                return
            owner = getattr(function, "__self__", None)
            if isinstance(owner, sqlite3.Connection | sqlite3.Cursor) or getattr(owner, "__name__", "") == os.name:
                self.reached()

        sys.setprofile(profile)

    def inside_sqlite(self) -> None:
        """Count every so many instructions of SQLite, on whichever connection is opened."""

        connect = sqlite3.connect

        def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*arguments, **options)
            connection.set_progress_handler(self.reached, INSTRUCTIONS)
            return connection

        sqlite3.connect = watched  # type: ignore[assignment]  (this process is about to die anyway)


def dies_at(scenario: Scenario, workspace: Workspace, acks: Path, point: int, how: str) -> bool:
    """Write in a process that dies at the given point; tell whether it did, or came to its end before."""
    process = os.fork()
    if process == 0:
        with acks.open("a", encoding="utf-8", buffering=1) as log:
            death = DeathAt(point)
            death.inside_sqlite() if how == "inside" else death.at_calls()
            scenario.write(workspace, lambda line: print(line, file=log, flush=True))
            sys.setprofile(None)
            os._exit(0)
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def points(first: int, step: int) -> Iterator[int]:
    while True:
        yield first
        first += step


def walk(name: str, how: str, step: int) -> int:
    """Die at every `step`-th point and check each time; return how often."""
    scenario = SCENARIOS[name]
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared"
        scenario.prepare(Workspace(prepared))
        for deaths, point in enumerate(points(1, step)):
            place, acks = Path(folder) / str(point), Path(folder) / f"{point}.acks"
            if prepared.exists():
                shutil.copytree(prepared, place)
            died = dies_at(scenario, Workspace(place), acks, point, how)
            acknowledged = acks.read_text(encoding="utf-8").splitlines()
            try:
                scenario.check(Workspace(place), acknowledged)
            except BaseException as error:
                error.add_note(f"{name}: died at point {point} ({how}), after {acknowledged}")
                raise
            shutil.rmtree(place)
            if not died:
                return deaths
    raise AssertionError("points never end")


@pytest.mark.parametrize(
    ("name", "how", "step", "at_least"),
    [
        ("journal", "calls", 1, 100),
        ("journal", "inside", 11, 30),
        ("snapshot", "calls", 1, 80),
        ("snapshot", "inside", 11, 30),
        ("file", "calls", 1, 30),
    ],
)
def test_nothing_acknowledged_is_lost_wherever_the_writer_is_killed(
    name: str, how: str, step: int, at_least: int
) -> None:
    command = [sys.executable, __file__, name, how, str(step)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= at_least, "the walk ended early: fewer points than the writer is known to have"


def test_batches_acknowledged_before_a_random_kill_are_all_there(tmp_path: Path) -> None:
    """Another process kills the writer from outside, in the middle of whatever it does: also inside a write."""
    seeded = random.Random(20261124)
    for attempt in range(6):
        folder = tmp_path / str(attempt)
        command = [sys.executable, __file__, "endless", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(seeded.uniform(0.0, 0.15))
            process.kill()
            acknowledged = sum(1 for line in process.stdout if line.endswith("\n")) + 1
        with journal_of(Workspace(folder)) as journal:
            count, head = journal.head
            assert count % BATCH == 0
            assert count >= acknowledged * BATCH
            assert verify_chain(journal.entries(), expect=head).holds


def append_endlessly(folder: Path) -> None:
    workspace = Workspace(folder)
    workspace.ensure()
    with journal_of(workspace) as journal:
        for batch in itertools.count():
            journal.append(drafts(batch, Outcome.INTENT))
            print(batch, flush=True)


if __name__ == "__main__" and sys.argv[1] == "endless":
    append_endlessly(Path(sys.argv[2]))
elif __name__ == "__main__":
    print(walk(sys.argv[1], sys.argv[2], int(sys.argv[3])))
