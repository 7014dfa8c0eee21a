"""Whenever the process dies, what it left is resumed to what an undisturbed run reaches, and nobody is forgotten."""

from __future__ import annotations

import copy
import os
import random
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.dying import Graveyard
from tests.faults.lab import NO_WAITS, Lab, audit_tells_the_truth, open_lab

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks; Windows cannot")

ONE_BATCH, SMALL, LARGER = 34, 42, 120
"""Users of a company: in the first each wave is one batch, so that its boundaries come in one order only."""
DEATHS_IN_A_ROW = 4
"""How often a run dies before it is resumed to its end."""
EndState = tuple[dict[str, str], list[tuple[str, str]]]


class Scene:
    """A tenant and a planned folder that can be put back to the beginning, and what undisturbed runs reach."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        lab.prepare()
        self._planned = lab.folder / "planned"
        shutil.copytree(lab.workspace, self._planned)
        assert lab.apply(*NO_WAITS) == 0
        self.applied, self.off = lab.end_state(), lab.switched_off()
        assert lab.run("rollback", "--yes") == 0
        self.rolled_back = lab.end_state()

    def begin(self) -> None:
        """Put tenant and folder back."""
        self.lab.reset()
        shutil.rmtree(self.lab.workspace)
        shutil.copytree(self._planned, self.lab.workspace)

    def measured(self, graveyard: Graveyard) -> tuple[int, int]:
        """Return how many requests a run sends before its first entry of the journal, and in all."""
        requests = []
        for how in ({"die_at": 1, "when": "before"}, {}):
            self.begin()
            before = self.lab.requests()
            graveyard.run(self.lab, self.apply_words, **how)
            requests.append(self.lab.requests() - before)
        return requests[0], requests[1]

    def words(self, *words: str) -> list[str]:
        """Return a whole command line."""
        lab = self.lab
        return [*words, "--config", str(lab.config), "--workspace", str(lab.workspace), "--no-progress"]

    @property
    def apply_words(self) -> list[str]:
        """Return the command line of `apply`."""
        return self.words("apply", "--yes", "--max-users", "100%", *NO_WAITS)

    def hold_the_promises(self) -> None:
        """Assert what holds right after a crash: nobody uncovered is off, the way back is on disk, no policy twice."""
        lab = self.lab
        assert lab.switched_off() <= self.off
        if lab.switched_off():
            rows = lab.rollback_rows()
            for user in lab.switched_off():
                assert rows[user]["PreviousState"] == lab.states_before[user]
        assert max(Counter(name for name, _ in lab.policies()).values()) == 1

    def resume(self) -> None:
        """Apply to the end and compare with the undisturbed run."""
        assert self.lab.apply(*NO_WAITS) == 0, self.lab.said
        assert self.lab.end_state() == self.applied
        audit_tells_the_truth(self.lab)
        assert set(self.lab.rollback_rows()) == self.lab.switched_off()


@pytest.mark.parametrize("mode", ["adopt", "create"])
def test_a_process_that_dies_at_any_boundary_of_a_small_run_is_resumed(
    mode: str, tmp_path: Path, graveyard: Graveyard
) -> None:
    crashes = 0
    with open_lab(tmp_path, mode=mode, users=SMALL, lean=True) as lab:
        scene = Scene(lab)
        # What is on disk and in the tenant changes at a boundary only: after one is the same moment as before the next.
        for number in range(200):
            scene.begin()
            when = "after" if number else "before"
            ended = graveyard.run(lab, scene.apply_words, die_at=max(number, 1), when=when)
            if ended != -signal.SIGKILL:
                assert ended == 0, graveyard.said
                break
            crashes += 1
            scene.hold_the_promises()
            scene.resume()
    print(f"{crashes} crashes at boundaries survived in {mode} mode")
    assert crashes >= 12


def test_a_rollback_that_dies_at_any_boundary_is_resumed(tmp_path: Path, graveyard: Graveyard) -> None:
    crashes = 0
    with open_lab(tmp_path, mode="create", users=SMALL, lean=True) as lab:
        scene = Scene(lab)
        scene.begin()
        assert lab.apply(*NO_WAITS) == 0
        applied, folder = copy.deepcopy(lab.sandbox.tenant), tmp_path / "applied"
        shutil.copytree(lab.workspace, folder)
        for number in range(1, 200):
            lab.sandbox.put_tenant(copy.deepcopy(applied))
            shutil.rmtree(lab.workspace)
            shutil.copytree(folder, lab.workspace)
            ended = graveyard.run(lab, scene.words("rollback", "--yes"), die_at=number, when="after")
            if ended != -signal.SIGKILL:
                assert ended == 0, graveyard.said
                break
            crashes += 1
            scene.hold_the_promises()
            assert lab.run("rollback", "--yes") == 0, lab.said
            assert lab.end_state() == scene.rolled_back
            audit_tells_the_truth(lab)
    assert crashes >= 12


def test_a_rollback_on_another_machine_that_dies_goes_on_there(tmp_path: Path, graveyard: Graveyard) -> None:
    with open_lab(tmp_path, mode="create", users=ONE_BATCH, lean=True) as lab:
        scene = Scene(lab)
        scene.begin()
        assert lab.apply(*NO_WAITS) == 0
        table, lab.workspace = lab.workspace / "rollback.csv", tmp_path / "elsewhere"
        words = ["rollback", "--file", str(table), "--yes"]
        # Each begins anew and gets a little further: to an intent, a write, an outcome; at last to the policies.
        for boundary in (1, 3, 4, 5, 6, 6, 5):
            ended = graveyard.run(lab, scene.words(*words), die_at=boundary, when="after")
            assert ended == -signal.SIGKILL, graveyard.said
            assert lab.switched_off() <= scene.off
        assert lab.run(*words) == 0, lab.said
        assert lab.end_state() == scene.rolled_back
        audit_tells_the_truth(lab)


def test_a_rollback_that_died_half_way_can_be_undone_and_the_undoing_may_die_too(
    tmp_path: Path, graveyard: Graveyard
) -> None:
    with open_lab(tmp_path, mode="create", users=ONE_BATCH, lean=True) as lab:
        scene = Scene(lab)
        scene.begin()
        assert lab.apply(*NO_WAITS) == 0
        ended = graveyard.run(lab, scene.words("rollback", "--yes"), die_at=6, when="after")
        assert ended == -signal.SIGKILL, graveyard.said
        assert 0 < len(lab.switched_off()) < len(scene.off)
        digest = [row["PlanDigest"] for row in lab.audit() if row["Operation"] == "OpenRun"][-1]
        undo = ["rollback", "--run", digest, "--skip-settle", "a rehearsal", "--yes"]
        for boundary in (1, 3, 5):
            ended = graveyard.run(lab, scene.words(*undo), die_at=boundary, when="after")
            assert ended == -signal.SIGKILL, graveyard.said
            scene.hold_the_promises()
        assert lab.run(*undo) == 0, lab.said
        assert lab.end_state() == scene.applied
        assert set(lab.rollback_rows()) == scene.off
        audit_tells_the_truth(lab)


def chains(tmp_path: Path, graveyard: Graveyard, *, mode: str, seed: int, deaths: int) -> None:
    """Kill runs at random moments, again and again, in apply and then in rollback, until that many have died."""
    chance = random.Random(seed)
    died = amidst = attempts = 0
    with open_lab(tmp_path, mode=mode, users=LARGER, lean=True) as lab:
        scene = Scene(lab)
        reads, whole = scene.measured(graveyard)
        while died < deaths:
            scene.begin()
            for command, reached in (("apply", scene.applied), ("rollback", scene.rolled_back)):
                words = scene.apply_words if command == "apply" else scene.words("rollback", "--yes")
                for _ in range(DEATHS_IN_A_ROW):
                    assert attempts < 4 * deaths, f"only {died} of {attempts} died: they are through too soon"
                    attempts += 1
                    # What is left to do is done sooner, and a death while it only reads would show nothing.
                    share = len(lab.switched_off()) / len(scene.off)
                    left = share if command == "rollback" else 1 - share
                    near = chance.randint(reads, round(reads + (whole - reads) * left))
                    ended = graveyard.run(lab, words, die_near=near, later=chance.uniform(0, 0.01))
                    scene.hold_the_promises()
                    if ended != -signal.SIGKILL:
                        assert ended == 0, graveyard.said
                        break
                    died += 1
                    amidst += 0 < len(lab.switched_off()) < len(scene.off)
                code = lab.apply(*NO_WAITS) if command == "apply" else lab.run("rollback", "--yes")
                assert code == 0, lab.said
                assert lab.end_state() == reached
                audit_tells_the_truth(lab)
    print(f"{died} deaths of {attempts} runs at random moments in {mode} mode, {amidst} with some users off, some not")


@pytest.mark.parametrize(("mode", "seed"), [("adopt", 11), ("create", 12)])
def test_a_larger_run_killed_at_random_moments_is_resumed(
    mode: str, seed: int, tmp_path: Path, graveyard: Graveyard
) -> None:
    chains(tmp_path, graveyard, mode=mode, seed=seed, deaths=12)


@pytest.mark.long
@pytest.mark.parametrize(("mode", "seed"), [("adopt", 21), ("create", 22)])
def test_hundreds_of_deaths_at_random_moments_lose_nothing(
    mode: str, seed: int, tmp_path: Path, graveyard: Graveyard
) -> None:
    chains(tmp_path, graveyard, mode=mode, seed=seed, deaths=120)
