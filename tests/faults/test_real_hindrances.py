"""A folder that may not be written and a disk that is full, without pretending: the system itself refuses."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from migrate.exchange.documents import rollback_header
from migrate.store.books import ROLLBACK_CSV, ROLLBACK_JSON
from migrate.store.files import sha256_of_file
from tests.faults.dying import Graveyard
from tests.faults.lab import Lab, audit_tells_the_truth, open_lab
from tests.faults.test_store_disk import small_disk

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a fork, limits and permission bits of POSIX")

KIBIBYTE = 1 << 10


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, users=42, lean=True) as opened:
        opened.prepare()
        yield opened


def words(lab: Lab, *words: str) -> list[str]:
    return [*words, "--config", str(lab.config), "--workspace", str(lab.workspace), "--no-progress"]


def apply_words(lab: Lab) -> list[str]:
    return words(lab, "apply", "--yes", "--max-users", "100%")


def nothing_is_half_written(lab: Lab) -> None:
    """Assert that whoever is off can go back, that the pair fits and that no file was left in the making."""
    if lab.switched_off():
        rows = lab.rollback_rows()
        for user in lab.switched_off():
            assert rows[user]["PreviousState"] == lab.states_before[user]
        digest = sha256_of_file(lab.workspace / ROLLBACK_CSV)
        assert rollback_header(lab.workspace / ROLLBACK_JSON).fits(digest)
    assert [path.name for path in lab.workspace.glob("*.part")] == []


def resumes(lab: Lab) -> None:
    """Assert that a run without the hindrance gets to the end."""
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()
    audit_tells_the_truth(lab)


@pytest.fixture
def read_only(lab: Lab) -> Iterator[Callable[[], None]]:
    """Yield what makes the folder read-only; make it writable again in the end."""
    if os.geteuid() == 0 and sys.platform != "linux":
        pytest.skip("permissions do not bind root, who can give up being privileged on Linux only")
    yield lambda: lab.workspace.chmod(0o500)
    lab.workspace.chmod(0o700)


def test_a_read_only_folder_is_found_out_before_anything_is_sent(
    lab: Lab, graveyard: Graveyard, read_only: Callable[[], None]
) -> None:
    read_only()
    before = sorted(lab.workspace.iterdir())
    assert graveyard.run(lab, apply_words(lab), bound=True) == 5
    assert f"You may not write to {lab.workspace}" in graveyard.said
    assert "Traceback" not in graveyard.said
    assert not lab.switched_off()
    assert sorted(lab.workspace.iterdir()) == before
    lab.workspace.chmod(0o700)
    resumes(lab)


def test_a_folder_that_becomes_read_only_in_mid_run_stops_before_the_next_wave(
    lab: Lab, graveyard: Graveyard, read_only: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    people = lab.sandbox.tenant.people
    change = people.set_mfa_state

    def change_and_close(place: int, state: str) -> None:
        read_only()
        change(place, state)

    monkeypatch.setattr(people, "set_mfa_state", change_and_close)
    assert graveyard.run(lab, apply_words(lab), bound=True) == 5
    assert "cannot be opened or replaced" in graveyard.said
    assert str(lab.workspace) in graveyard.said
    first = {row["ObjectId"] for row in lab.plan_rows() if row["Wave"] == "1"}
    assert lab.switched_off() == first
    lab.workspace.chmod(0o700)
    nothing_is_half_written(lab)
    monkeypatch.undo()
    resumes(lab)


def stops_for_want_of(rooms: Sequence[int], lab: Lab, graveyard: Graveyard, run: Callable[[int], int]) -> None:
    """Assert that a run with so much room (KiB) stops clearly, loses nothing and is resumed.

    The first is too little for the first file, the last too little for the last outcomes.
    """
    planned = lab.folder / "planned"
    shutil.copytree(lab.workspace, planned)
    off = []
    for room in rooms:
        lab.reset()
        shutil.rmtree(lab.workspace)
        shutil.copytree(planned, lab.workspace)
        assert run(room * KIBIBYTE) == 5, graveyard.said
        assert "space" in graveyard.said
        assert "Traceback" not in graveyard.said
        nothing_is_half_written(lab)
        off.append(len(lab.switched_off()))
        resumes(lab)
    assert off[0] == 0 < off[-1], off


def test_files_that_may_not_grow_stop_the_run_wherever_it_is(lab: Lab, graveyard: Graveyard) -> None:
    stops_for_want_of(
        (2, 40, 90, 120), lab, graveyard, lambda room: graveyard.run(lab, apply_words(lab), largest_file=room)
    )


def test_a_disk_that_is_full_stops_the_run_wherever_it_is(graveyard: Graveyard, tmp_path: Path) -> None:
    with small_disk(8) as disk, open_lab(tmp_path, users=42, lean=True) as lab:
        disk.make_room()
        lab.workspace, ballast = disk.folder, disk.folder.parent / "ballast"
        lab.prepare()

        def run(room: int) -> int:
            ballast.write_bytes(bytes(shutil.disk_usage(disk.folder).free - room))
            try:
                return graveyard.run(lab, apply_words(lab))
            finally:
                ballast.unlink()

        stops_for_want_of((2, 40, 90, 160), lab, graveyard, run)


@pytest.mark.parametrize("room", [2, 70])
def test_a_rollback_without_room_goes_on_when_there_is_some_or_in_another_folder(
    room: int, lab: Lab, graveyard: Graveyard
) -> None:
    assert lab.apply() == 0
    off = lab.switched_off()
    assert graveyard.run(lab, words(lab, "rollback", "--yes"), largest_file=room * KIBIBYTE) == 5, graveyard.said
    assert "space" in graveyard.said
    assert "Traceback" not in graveyard.said
    assert lab.switched_off() <= off
    table = lab.workspace / ROLLBACK_CSV
    if room > 2:
        assert lab.switched_off() < off
        lab.workspace = lab.folder / "on another disk"
    lab.run("rollback", "--file", str(table), "--yes")
    assert not lab.switched_off()
    audit_tells_the_truth(lab)
