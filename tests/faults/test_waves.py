"""Waves by group and by name survive what others do: a death at any moment, a member who left, and the way back."""

from __future__ import annotations

import copy
import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.faults.dying import Graveyard
from tests.faults.lab import Lab, audit_tells_the_truth, open_lab

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks; Windows cannot")

APPLY = ("apply", "--yes", "--max-users", "100%")


def by_group(lab: Lab) -> set[str]:
    """Write waves by group and share, plan, and return the ids of those in the group's wave."""
    text = lab.config.read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if not line.startswith(("canary =", "percentages ="))]
    group = next(each for each in lab.sandbox.tenant.groups if each.json["displayName"] == "Helpdesk Operators")
    more = f'[[waves.wave]]\npercent = 40\n\n[[waves.wave]]\ngroup = "{group.id}"\n'
    lab.config.write_text("\n".join([*kept, "", more]), encoding="utf-8")
    lab.prepare()
    return {row["ObjectId"] for row in lab.plan_rows() if row["Wave"] == "2"}


def test_a_run_in_waves_by_group_that_dies_anywhere_is_resumed_and_goes_back(
    tmp_path: Path, graveyard: Graveyard
) -> None:
    crashes = 0
    with open_lab(tmp_path, users=34, lean=True) as lab:
        assert by_group(lab)
        tenant, folder = copy.deepcopy(lab.sandbox.tenant), lab.folder / "planned"
        shutil.copytree(lab.workspace, folder)
        assert lab.run(*APPLY) == 0
        whole, off = lab.end_state(), lab.switched_off()
        words = [*APPLY, "--config", str(lab.config), "--workspace", str(lab.workspace), "--no-progress"]
        for number in range(1, 100, 4):
            lab.sandbox.put_tenant(copy.deepcopy(tenant))
            shutil.rmtree(lab.workspace)
            shutil.copytree(folder, lab.workspace)
            ended = graveyard.run(lab, words, die_at=number, when="after")
            if ended != -signal.SIGKILL:
                assert ended == 0, graveyard.said
                break
            crashes += 1
            assert lab.switched_off() <= off
            assert lab.run(*APPLY) == 0, lab.said
            assert lab.end_state() == whole
            audit_tells_the_truth(lab)
        assert lab.run("rollback", "--yes") == 0
        assert lab.switched_off() == set()
    assert crashes >= 2


def test_who_left_the_group_since_the_plan_is_still_in_the_wave_that_was_planned(tmp_path: Path) -> None:
    with open_lab(tmp_path, users=34, lean=True) as lab:
        people = by_group(lab)
        group = next(each for each in lab.sandbox.tenant.groups if each.json["displayName"] == "Helpdesk Operators")
        before = lab.switched_off()
        lab.run(*APPLY, "--until", "wave:1")
        lab.sandbox.tenant.groups.remove_user(group, next(iter(group.direct_places())))
        first = lab.switched_off() - before
        assert not first & people
        lab.run(*APPLY, "--until", "wave:2")
        assert lab.switched_off() - first == people
