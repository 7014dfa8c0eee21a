"""A pilot that is widened to everybody: whenever the process dies, it is resumed to what an undisturbed run reaches."""

from __future__ import annotations

import copy
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.faults.dying import Graveyard
from tests.faults.lab import NO_WAITS, Lab, audit_tells_the_truth, open_lab

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the test forks; Windows cannot")

APPLY = ("apply", "--yes", "--max-users", "100%", *NO_WAITS)
PILOT = "Helpdesk Operators"


class Piloted:
    """A tenant and a folder after the pilot, with the plan for everybody made, that can be put back to that moment."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        tenant = lab.sandbox.tenant
        tenant.policies.clear()
        group = next(each for each in tenant.groups if each.json["displayName"] == PILOT)
        lab.configure('mode = "create"', f'mode = "create"\nscope = "group:{group.id}"')
        lab.prepare()
        lab.run(*APPLY)
        self.pilot = lab.switched_off()
        lab.configure(f'\nscope = "group:{group.id}"', "")
        lab.prepare()
        self._tenant, self._folder = copy.deepcopy(tenant), lab.folder / "piloted"
        shutil.copytree(lab.workspace, self._folder)

    def begin(self) -> None:
        """Put tenant and folder back."""
        self.lab.sandbox.put_tenant(copy.deepcopy(self._tenant))
        shutil.rmtree(self.lab.workspace)
        shutil.copytree(self._folder, self.lab.workspace)

    def policy(self) -> dict[str, Any]:
        """Return our policy."""
        (policy,) = self.lab.sandbox.tenant.policies.values()
        return dict(policy)

    def words(self, *words: str) -> list[str]:
        """Return a whole command line."""
        lab = self.lab
        return [*words, "--config", str(lab.config), "--workspace", str(lab.workspace), "--no-progress"]


def test_a_process_that_dies_at_any_boundary_of_the_widening_is_resumed(tmp_path: Path, graveyard: Graveyard) -> None:
    crashes = 0
    with open_lab(tmp_path, mode="create", users=34, lean=True) as lab:
        scene = Piloted(lab)
        assert lab.run(*APPLY) == 0
        whole, off, users = lab.end_state(), lab.switched_off(), scene.policy()["conditions"]["users"]
        assert scene.pilot < off
        for number in range(1, 100, 2):
            scene.begin()
            ended = graveyard.run(lab, scene.words(*APPLY), die_at=number, when="after")
            if ended != -signal.SIGKILL:
                assert ended == 0, graveyard.said
                break
            crashes += 1
            assert lab.switched_off() <= off
            assert lab.switched_off() <= set(lab.rollback_rows())
            assert lab.run(*APPLY) == 0, lab.said
            assert lab.end_state() == whole
            assert scene.policy()["conditions"]["users"] == users
            audit_tells_the_truth(lab)
    print(f"{crashes} crashes at boundaries of a widening survived")
    assert crashes >= 5


def test_a_rollback_of_pilot_and_widening_that_dies_anywhere_is_resumed(tmp_path: Path, graveyard: Graveyard) -> None:
    crashes = 0
    with open_lab(tmp_path, mode="create", users=34, lean=True) as lab:
        scene = Piloted(lab)
        assert lab.run(*APPLY) == 0
        applied, folder = copy.deepcopy(lab.sandbox.tenant), tmp_path / "applied"
        shutil.copytree(lab.workspace, folder)
        for number in range(1, 100, 3):
            lab.sandbox.put_tenant(copy.deepcopy(applied))
            shutil.rmtree(lab.workspace)
            shutil.copytree(folder, lab.workspace)
            ended = graveyard.run(lab, scene.words("rollback", "--yes"), die_at=number, when="after")
            if ended != -signal.SIGKILL:
                assert ended == 0, graveyard.said
                break
            crashes += 1
            assert lab.run("rollback", "--yes") == 0, lab.said
            assert lab.policies() == []
            assert lab.switched_off() == set()
            audit_tells_the_truth(lab)
    assert crashes >= 4


@pytest.mark.parametrize("policy_patch", ["deep", "replace"])
@pytest.mark.parametrize(
    "act", [{"reset": "after"}, {"reset": "before"}, {"status": 503, "code": "ServiceUnavailable"}]
)
def test_a_change_of_scope_whose_answer_is_lost_or_refused_ends_the_same(
    policy_patch: str, act: dict[str, Any], tmp_path: Path
) -> None:
    with open_lab(tmp_path, mode="create", users=34, lean=True, policy_patch=policy_patch) as lab:
        scene = Piloted(lab)
        lab.faults({"match": {"method": "PATCH", "path": "*policies/*", "times": 1}, "do": act})
        for _ in range(3):
            if lab.run(*APPLY, allow=(0, 1, 4)) == 0:
                break
        users = scene.policy()["conditions"]["users"]
        assert (users["includeUsers"], users["includeGroups"]) == (["All"], [])
        assert scene.pilot < lab.switched_off()
        lab.run("verify")
        assert lab.run("rollback", "--yes") == 0
        assert lab.policies() == []


def test_somebody_edits_the_policy_between_plan_and_widening(tmp_path: Path) -> None:
    with open_lab(tmp_path, mode="create", users=34, lean=True) as lab:
        scene = Piloted(lab)
        (policy,) = lab.sandbox.tenant.policies.values()
        policy["conditions"]["clientAppTypes"] = ["browser"]
        before = copy.deepcopy(policy)
        lab.run(*APPLY, allow=(3,))
        assert scene.policy() == before
        assert lab.switched_off() == scene.pilot
