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


def grow(lab: Lab) -> None:
    """Let a group that the policy leaves out get a member for whom nothing is planned."""
    policy = next(iter(lab.sandbox.tenant.policies.values()))
    group = policy["conditions"]["users"]["excludeGroups"][0]
    tenant, planned = lab.sandbox.tenant, lab.planned()
    place = next(place for place in range(len(tenant.people)) if tenant.people.user_id(place) not in planned)
    found = tenant.groups.find(group)
    assert found is not None
    tenant.groups.add_user(found, place)


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


@pytest.mark.parametrize("seen_by", ["export", "apply"])
def test_a_copy_from_after_the_plan_that_a_later_reading_has_made_old_is_noticed(lab: Lab, seen_by: str) -> None:
    """The plan knows a file as new as the copy, so only the snapshots or the journal can tell that it is old."""
    assert lab.apply("--until", "wave:1") == 0
    file = lab.workspace / "readings.json"
    copy = file.read_bytes()
    lab.later(60)
    grow(lab)
    lab.run("export") if seen_by == "export" else lab.apply("--wave", "2")
    off = lab.switched_off()
    assert off < lab.planned()
    assert file.read_bytes() != copy
    if seen_by == "apply":
        assert [row["Operation"] for row in lab.audit()].count("Seen") == 1
    file.write_bytes(copy)
    assert lab.apply() == 0
    assert "readings.json is gone or an older copy" in lab.said
    assert lab.switched_off() == off
    lab.later(1.01 * DAY)
    assert lab.apply() == 0
    assert lab.switched_off() == lab.planned()


def test_an_export_and_plan_after_a_loss_are_believed_again(lab: Lab) -> None:
    file = lab.workspace / "readings.json"
    copy = file.read_bytes()
    lab.later(60)
    lab.run("export")
    file.write_bytes(copy)
    assert lab.apply() == 0
    assert "readings.json is gone or an older copy" in lab.said
    lab.later(60)
    for words in ("export",), ("plan", "--supersede"):
        lab.run(*words)
    assert lab.apply() == 0
    assert "readings.json" not in lab.said
    assert lab.switched_off() == lab.planned()
