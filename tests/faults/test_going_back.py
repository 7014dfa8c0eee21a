"""Going back from the files alone, on another machine, from an old pair, beside a damaged journal, and back again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.commands.wiring import ROLLBACK_CSV, ROLLBACK_JSON
from tests.faults.lab import Lab, audit_tells_the_truth, open_lab
from tests.faults.test_seen_in_the_wild import on, status

NO_WAITS = ("--skip-report-only", "a rehearsal", "--skip-settle", "a rehearsal")
REFUSED = status(400, "Request_BadRequest", "Not now.")


@pytest.fixture(params=["create", "adopt"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, mode=request.param, users=42) as opened:
        opened.prepare()
        yield opened


@pytest.fixture
def creating(tmp_path: Path) -> Iterator[Lab]:
    """A lab in which policies go back too."""
    with open_lab(tmp_path, mode="create", users=42) as opened:
        # Otherwise people would be covered without the policy that the tool creates.
        for policy in opened.sandbox.tenant.policies.values():
            policy["state"] = "disabled"
        opened.prepare()
        yield opened


def carried(lab: Lab, name: str = "elsewhere", *, alone: bool = False) -> Path:
    """Move to another machine with the pair of files, or with the table alone; return the table."""
    folder = lab.folder / name
    folder.mkdir()
    for file in (ROLLBACK_CSV,) if alone else (ROLLBACK_CSV, ROLLBACK_JSON):
        shutil.copy(lab.workspace / file, folder / file)
    lab.workspace = folder / "work"
    return folder / ROLLBACK_CSV


def test_the_pair_alone_leads_back_with_users_and_policies(lab: Lab) -> None:
    before = lab.end_state()
    lab.apply(*NO_WAITS)
    assert lab.end_state() != before
    table = carried(lab)
    lab.run("rollback", "--file", str(table), "--what-if")
    assert lab.end_state() != before
    lab.run("rollback", "--file", str(table), "--yes")
    assert lab.end_state() == before
    audit_tells_the_truth(lab)


def test_the_policies_stay_on_another_machine_until_everybody_is_restored(creating: Lab) -> None:
    lab = creating
    before = lab.end_state()
    lab.apply(*NO_WAITS)
    policies, one = lab.policies(), min(lab.switched_off())
    table = carried(lab)
    lab.faults(on("PATCH", f"users/{one}/*", REFUSED, item=True))
    assert lab.run("rollback", "--file", str(table), "--yes", allow=(1,)) == 1
    assert "1 users are not restored" in lab.said
    assert lab.policies() == policies
    assert lab.switched_off() == {one}
    lab.clear_faults()
    lab.run("rollback", "--file", str(table), "--yes")
    assert lab.end_state() == before


def test_an_old_pair_does_not_lower_the_policy_under_the_users_of_later_waves(creating: Lab) -> None:
    lab = creating
    before = lab.end_state()
    lab.apply("--until", "wave:1", *NO_WAITS)
    first, home = lab.switched_off(), lab.workspace
    old = carried(lab, "old")
    lab.workspace = home
    lab.apply(*NO_WAITS)
    later, policies = lab.switched_off() - first, lab.policies()
    assert later
    lab.workspace = lab.folder / "another machine"
    assert lab.run("rollback", "--file", str(old), "--yes", allow=(1,)) == 1
    assert lab.policies() == policies
    assert lab.switched_off() == later
    assert f"{len(later)} users whom this tool switched off rest on it" in lab.said
    lab.workspace = home
    new = carried(lab, "new")
    lab.run("rollback", "--file", str(new), "--yes")
    assert lab.end_state() == before


def test_an_old_pair_in_the_folder_of_the_run_does_not_end_the_run(lab: Lab) -> None:
    before = lab.end_state()
    lab.apply("--until", "wave:1", *NO_WAITS)
    home = lab.workspace
    old = carried(lab, "old")
    lab.workspace = home
    lab.apply(*NO_WAITS)
    lab.run("rollback", "--file", str(old), "--yes", allow=(0, 1))
    assert lab.switched_off()
    lab.run("audit", "export")
    assert "rolled back by" not in (lab.workspace / "audit.csv").read_text("utf-8")
    lab.run("rollback", "--yes")
    assert lab.end_state() == before
