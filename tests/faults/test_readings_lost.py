"""readings.json is deleted, or an older copy comes back: nobody is disabled before everything can have settled."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.lab import DAY, Lab, open_lab


def deleted(file: Path) -> None:
    file.unlink()


def older(file: Path) -> None:
    seen = json.loads(file.read_bytes())
    seen["last"]["at"] = "2020-01-01T00:00:00Z"
    file.write_text(json.dumps(seen), encoding="utf-8")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, users=42, lean=True) as opened:
        opened.later(3 * DAY)  # the policies have settled
        opened.prepare()
        yield opened


@pytest.mark.parametrize("lose", [deleted, older])
@pytest.mark.parametrize("begun", [False, True])
def test_a_loss_is_noticed_and_everybody_waits(lab: Lab, lose: Callable[[Path], None], begun: bool) -> None:
    if begun:
        assert lab.apply("--until", "wave:1") == 0
    off = lab.switched_off()
    assert bool(off) == begun
    lose(lab.workspace / "readings.json")
    for _ in range(3):
        # The file is there again, and what it had seen is not.
        assert lab.apply() == 0
        assert "readings.json is gone or an older copy" in lab.said
        assert "Waiting:" in lab.said
        assert lab.switched_off() == off
        assert (lab.workspace / "readings.json").is_file()
    lab.later(1.01 * DAY)
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()


def test_the_wait_can_be_skipped_by_name_and_a_whole_file_waits_for_nothing(lab: Lab) -> None:
    assert lab.apply("--until", "wave:1") == 0
    assert lab.switched_off()
    (lab.workspace / "readings.json").unlink()
    assert lab.apply("--skip-settle", "a rehearsal") == 0
    assert lab.switched_off() == lab.planned()
