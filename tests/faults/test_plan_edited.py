"""plan.csv is edited while a run goes on: the run keeps to the users that were verified when it was opened."""

from __future__ import annotations

import csv
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from migrate.store.journal import JournalDb
from tests.faults.dying import open_graveyard
from tests.faults.lab import NO_WAITS, Lab, audit_tells_the_truth, open_lab


def let_in_the_excluded(lab: Lab) -> set[str]:
    """Write everybody whom the operator excluded into plan.csv, to be disabled in wave 2; return their ids."""
    rows = lab.plan_rows()
    excluded = [row for row in rows if row["HoldCode"] == "excluded"]
    for row in excluded:
        row |= {"Action": "disable", "TargetState": "disabled", "Wave": "2", "HoldCode": "", "Reason": "covered"}
    edited = lab.workspace / "edited.csv"
    with edited.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    edited.replace(lab.workspace / "plan.csv")
    return {row["ObjectId"] for row in excluded}


class Editor:
    """Stops a process in the middle of a wave, edits plan.csv, and lets the process go on."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.excluded: set[str] = set()

    def __call__(self, process: int) -> None:
        while not self._lab.switched_off():
            os.kill(process, 0)  # it has to be there still
            time.sleep(0.002)
        os.kill(process, signal.SIGSTOP)
        self.excluded = let_in_the_excluded(self._lab)
        os.kill(process, signal.SIGCONT)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks; Windows cannot")
def test_a_plan_that_is_edited_while_wave_1_runs_lets_nobody_in(tmp_path: Path) -> None:
    with open_lab(tmp_path, users=120, lean=True) as lab, open_graveyard(tmp_path) as graveyard:
        lab.prepare()
        planned, plan = lab.planned(), (lab.workspace / "plan.csv").read_bytes()
        place = ["--config", str(lab.config), "--workspace", str(lab.workspace), "--no-progress"]
        words = ["apply", "--yes", "--max-users", "100%", *NO_WAITS, *place]
        editor = Editor(lab)
        code = graveyard.run(lab, words, meanwhile=editor)
        assert editor.excluded, "the process was too quick, or nobody is excluded"
        assert not editor.excluded & planned
        assert lab.switched_off() == planned, "the very users of the plan"
        assert code == 0, graveyard.said
        assert "was edited" in graveyard.said
        assert "went by the users that the journal keeps" in graveyard.said
        assert "Nothing was changed" not in graveyard.said
        audit_tells_the_truth(lab)
        assert set(lab.rollback_rows()) == planned
        # A later apply on the edited file is refused before anything is sent.
        requests = lab.requests()
        assert graveyard.run(lab, words) == 3
        assert "was edited" in graveyard.said
        assert "Nothing was changed" in graveyard.said
        assert lab.requests() == requests
        (lab.workspace / "plan.csv").write_bytes(plan)
        assert graveyard.run(lab, words) == 0, graveyard.said
        assert lab.switched_off() == planned


def edited_before(lab: Lab, patch: pytest.MonkeyPatch, edit: Callable[[Lab], object]) -> None:
    """Edit the plan between the moment when it is checked and the moment when its run is opened."""
    open_run = JournalDb.open_run

    def later(self: JournalDb, opening: object, steps: object) -> object:
        edit(lab)
        return open_run(self, opening, steps)  # type: ignore[arg-type]

    patch.setattr(JournalDb, "open_run", later)


def cut_short(lab: Lab) -> None:
    plan = lab.workspace / "plan.csv"
    plan.write_bytes(plan.read_bytes()[:-40])


@pytest.mark.parametrize("edit", [let_in_the_excluded, cut_short])
def test_a_plan_that_is_edited_right_before_its_run_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edit: Callable[[Lab], object]
) -> None:
    with open_lab(tmp_path, users=42, lean=True) as lab:
        lab.prepare()
        edited_before(lab, monkeypatch, edit)
        assert lab.apply(*NO_WAITS, allow=(3,)) == 3
        assert "was edited" in lab.said
        assert "Nothing was changed" in lab.said
        assert not lab.switched_off()
        assert not (lab.workspace / "rollback.csv").exists()
        monkeypatch.undo()
