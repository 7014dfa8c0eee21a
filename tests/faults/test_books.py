"""A journal that lost its end or was restored: apply writes nothing, rollback brings everybody back, policies last."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.lab import NO_WAITS, Lab, audit_tells_the_truth, open_lab


@pytest.fixture(params=["create", "adopt"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, mode=request.param, users=42, lean=True) as opened:
        if request.param == "create":
            # Otherwise people would be covered without the policy that the tool creates.
            for policy in opened.sandbox.tenant.policies.values():
                policy["state"] = "disabled"
        opened.prepare()
        yield opened


def kept(lab: Lab, name: str = "backup") -> Path:
    """Return a backup of the journal as it is now."""
    copy = lab.folder / f"{name}.db"
    shutil.copyfile(lab.workspace / "journal.db", copy)
    return copy


def restore(lab: Lab, backup: Path | None) -> None:
    """Put a backup in the place of the journal, or none."""
    for file in lab.workspace.glob("journal.db*"):
        file.unlink()
    if backup is not None:
        shutil.copyfile(backup, lab.workspace / "journal.db")


@pytest.mark.parametrize("lost", ["the end", "everything"])
def test_a_journal_that_lost_its_end_is_refused_and_rollback_goes_by_all_books(lab: Lab, lost: str) -> None:
    before = lab.end_state()
    lab.apply("--until", "wave:1", *NO_WAITS)
    backup = kept(lab)
    lab.apply(*NO_WAITS)
    applied, rows = lab.end_state(), lab.rollback_rows()
    restore(lab, backup if lost == "the end" else None)
    table = (lab.workspace / "rollback.csv").read_bytes()
    for words in (
        ["apply", "--yes", "--max-users", "100%", *NO_WAITS],
        ["apply", "--what-if"],
        ["verify"],
        ["status"],
        ["audit", "verify"],
        ["audit", "export"],
        ["plan"],
        ["set-state", "--object-id", min(rows), "--state", "Disabled"],
        ["rollback", "--run", "00", "--yes"],
    ):
        assert lab.run(*words, allow=(5,)) == 5, words
        assert "bring back the newer journal.db" in lab.said
        assert "mfa-migrate rollback" in lab.said
        assert "Nothing was changed" in lab.said
    assert lab.end_state() == applied
    assert (lab.workspace / "rollback.csv").read_bytes() == table
    lab.run("rollback", "--what-if")
    assert lab.end_state() == applied
    lab.run("rollback", "--yes")
    assert lab.end_state() == before
    audit_tells_the_truth(lab)
    # The books agree again, and the old files are kept.
    (aside,) = lab.workspace.glob("rollback-*/rollback.csv")
    assert aside.read_bytes() == table
    lab.run("verify", allow=(0, 1))
    lab.prepare()
    lab.apply(*NO_WAITS)
    assert lab.end_state() == applied
    lab.run("rollback", "--yes")
    assert lab.end_state() == before


def test_the_newer_journal_brought_back_goes_on_as_if_nothing_had_been(lab: Lab) -> None:
    before = lab.end_state()
    lab.apply("--until", "wave:1", *NO_WAITS)
    old, newer = kept(lab, "old"), None
    lab.apply(*NO_WAITS)
    newer = kept(lab, "newer")
    restore(lab, old)
    assert lab.apply(*NO_WAITS, allow=(5,)) == 5
    restore(lab, newer)
    assert lab.apply(*NO_WAITS) == 0
    lab.run("rollback", "--yes")
    assert lab.end_state() == before


def test_policies_stay_while_somebody_in_either_book_is_not_restored(tmp_path: Path) -> None:
    from tests.faults.test_seen_in_the_wild import on, status

    with open_lab(tmp_path, mode="create", users=42, lean=True) as lab:
        for policy in lab.sandbox.tenant.policies.values():
            policy["state"] = "disabled"
        lab.prepare()
        before = lab.end_state()
        lab.apply("--until", "wave:1", *NO_WAITS)
        backup, first = kept(lab), lab.switched_off()
        lab.apply(*NO_WAITS)
        one, policies = min(lab.switched_off() - first), lab.policies()
        restore(lab, backup)
        lab.faults(on("PATCH", f"users/{one}/*", status(400, "Request_BadRequest", "Not now."), item=True))
        assert lab.run("rollback", "--yes", allow=(1,)) == 1
        assert (lab.switched_off(), lab.policies()) == ({one}, policies)
        assert lab.apply(*NO_WAITS, allow=(5,)) == 5
        lab.clear_faults()
        lab.run("rollback", "--yes")
        assert lab.end_state() == before


def test_a_user_is_put_back_by_name_from_the_files_that_the_journal_does_not_know(lab: Lab) -> None:
    lab.apply("--until", "wave:1", *NO_WAITS)
    backup, first = kept(lab), lab.switched_off()
    lab.apply(*NO_WAITS)
    one = min(lab.switched_off() - first)
    restore(lab, backup)
    lab.run("rollback", "--users", one, "--yes")
    assert one not in lab.switched_off()
    assert lab.apply(*NO_WAITS, allow=(5,)) == 5, "a part closes no book"
    # With set-state too, which begins files of its own: the old ones still count.
    two = min(lab.switched_off() - first)
    lab.run("set-state", "--object-id", two, "--state", lab.states_before[two].capitalize())
    assert two not in lab.switched_off()
    assert lab.apply(*NO_WAITS, allow=(5,)) == 5
    lab.run("rollback", "--yes", allow=(0, 1))
    assert not lab.switched_off()
