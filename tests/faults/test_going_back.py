"""Going back from the files alone, on another machine, from an old pair, beside a damaged journal, and back again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.store.books import ROLLBACK_CSV, ROLLBACK_JSON
from tests.faults.lab import NO_WAITS, Lab, audit_tells_the_truth, open_lab
from tests.faults.test_seen_in_the_wild import on, status

REFUSED = status(400, "Request_BadRequest", "Not now.")


@pytest.fixture(params=["create", "adopt"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    with open_lab(tmp_path, mode=request.param, users=42, lean=True) as opened:
        opened.prepare()
        yield opened


@pytest.fixture
def creating(tmp_path: Path) -> Iterator[Lab]:
    """A lab in which policies go back too."""
    with open_lab(tmp_path, mode="create", users=42, lean=True) as opened:
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
    lab.workspace = table.parent
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
    assert f"{len(later)} users whose per-user MFA this tool disabled rest on it" in lab.said
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


def test_the_table_alone_is_read_as_a_spreadsheet_may_have_left_it(lab: Lab) -> None:
    lab.apply(*NO_WAITS)
    policies, former = lab.policies(), lab.states_before
    rows = [row for row in lab.rollback_rows().values() if row["PreviousState"] == "enforced"]
    table = carried(lab, alone=True)
    text = table.read_text("utf-8")
    for row, (encoding, delimiter) in zip(
        rows, [("utf-8-sig", ","), ("utf-8", ";"), ("utf-16", "\t"), ("cp1252", ";")], strict=False
    ):
        table.write_bytes(text.replace(",", delimiter).encode(encoding))
        lab.run("rollback", "--file", str(table), "--users", row["ObjectId"], "--yes")
        assert lab.states()[row["ObjectId"]] == "enforced", (encoding, delimiter)
    table.write_bytes(text.replace(",", ";").encode("utf-16"))
    lab.run("rollback", "--file", str(table), "--yes")
    assert "users only, policies stay" in lab.said
    assert lab.states() == former
    assert lab.policies() == policies
    audit_tells_the_truth(lab)


def test_an_edited_row_of_the_table_is_refused_or_guarded_like_every_step(creating: Lab) -> None:
    lab = creating
    lab.apply(*NO_WAITS)
    off, rows = lab.switched_off(), lab.rollback_rows()
    home, table = lab.workspace, carried(lab, alone=True)
    text = table.read_text("utf-8")
    first = next(iter(rows.values()))
    line = next(line for line in text.splitlines(keepends=True) if first["ObjectId"] in line)
    # A state that does not exist: the row is named, and nobody is touched.
    table.write_text(text.replace(line, line.replace(",enforced,", ",enforcd,")), "utf-8")
    assert lab.run("rollback", "--file", str(table), "--yes", allow=(2,)) == 2
    assert "enforcd" in lab.said
    assert lab.switched_off() == off
    # A row turned round would switch somebody off: only with proof, which nobody has once the policy is gone.
    lab.workspace = home
    lab.run("rollback", "--yes")
    table.write_text(text.replace(",enforced,disabled,", ",disabled,enforced,"), "utf-8")
    lab.workspace = lab.folder / "turned round"
    assert lab.run("rollback", "--file", str(table), "--yes", allow=(1,)) == 1
    assert not lab.switched_off()
    assert {row["Reason"][:23] for row in lab.audit() if row["Outcome"] == "skipped"} >= {"not covered any more: u"}


def test_a_pair_of_which_the_table_was_edited_or_that_is_of_another_tenant_is_refused(
    creating: Lab, tmp_path: Path
) -> None:
    lab = creating
    lab.apply(*NO_WAITS)
    end, table = lab.end_state(), carried(lab)
    whole = table.read_bytes()
    for edited in (
        whole + whole.splitlines(keepends=True)[-1],
        whole.replace(b"\n", b"\r\n"),
        whole.decode().encode("utf-16"),
    ):
        assert edited != whole
        table.write_bytes(edited)
        assert lab.run("rollback", "--file", str(table), "--yes", allow=(3,)) == 3
        assert "it was edited or belongs to another run" in lab.said
    table.write_bytes(whole)
    with open_lab(tmp_path / "others", mode="create", users=42, seed=4, lean=True) as other:
        before = other.end_state()
        assert other.run("rollback", "--file", str(table), "--yes", allow=(3,)) == 3
        assert "is of tenant" in other.said
        assert other.end_state() == before
    assert lab.end_state() == end


def test_a_rollback_on_another_machine_can_itself_be_undone_and_done_again(creating: Lab) -> None:
    lab = creating
    before = lab.end_state()
    lab.apply(*NO_WAITS)
    applied, table = lab.end_state(), carried(lab)
    lab.run("rollback", "--file", str(table), "--yes")
    assert lab.end_state() == before
    # Without the file there is nothing that a bare `rollback` could put back here.
    assert lab.run("rollback", "--yes", allow=(2,)) == 2
    assert "--file" in lab.said
    digest = lab.audit()[-1]["PlanDigest"]
    lab.run("rollback", "--run", digest[:12], "--skip-settle", "a rehearsal", "--yes")
    assert lab.end_state() == applied
    assert set(lab.rollback_rows()) == lab.switched_off()
    lab.run("rollback", "--yes")
    assert lab.end_state() == before
    audit_tells_the_truth(lab)


def test_beside_a_damaged_journal_the_pair_leads_back_also_over_drift(creating: Lab) -> None:
    lab = creating
    before = lab.end_state()
    lab.apply(*NO_WAITS)
    with (lab.workspace / "journal.db").open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 4096)
    assert lab.run("rollback", "--yes", allow=(5,)) == 5
    assert "rollback --file" in lab.said
    enforced = next(user for user, state in before[0].items() if state == "enforced" and user in lab.switched_off())
    people = lab.sandbox.tenant.people
    place = next(place for place in range(len(people)) if people.user_id(place) == enforced)
    people.set_mfa_state(place, "enabled")
    policies, table = lab.policies(), carried(lab)
    assert lab.run("rollback", "--file", str(table), "--yes", allow=(1,)) == 1
    assert lab.policies() == policies, "somebody is not restored"
    lab.run("rollback", "--file", str(table), "--overwrite-drift", "--yes")
    assert lab.end_state() == before


def test_another_machine_asks_for_users_of_later_waves_also_after_its_own_rollback_was_undone(creating: Lab) -> None:
    lab = creating
    lab.apply("--until", "wave:1", *NO_WAITS)
    home = lab.workspace
    table = carried(lab)
    lab.run("rollback", "--file", str(table), "--yes")
    digest = lab.audit()[-1]["PlanDigest"]
    lab.run("rollback", "--run", digest, "--skip-settle", "a rehearsal", "--yes")
    first, elsewhere = lab.switched_off(), lab.workspace
    lab.workspace = home
    lab.apply(*NO_WAITS)
    later, policies = lab.switched_off() - first, lab.policies()
    lab.workspace = elsewhere
    assert lab.run("rollback", "--yes", allow=(1,)) == 1
    assert f"{len(later)} users whose per-user MFA this tool disabled rest on it" in lab.said
    assert lab.switched_off() == later
    assert lab.policies() == policies


def test_a_part_never_touches_policies_even_when_it_is_everybody(creating: Lab) -> None:
    lab = creating
    before = lab.end_state()
    lab.apply(*NO_WAITS)
    policies = lab.policies()
    lab.run("rollback", "--wave", "1", "--yes")
    assert lab.policies() == policies
    lab.run("rollback", "--users", ",".join(lab.planned()), "--yes")
    assert lab.states() == before[0]
    assert lab.policies() == policies
    lab.run("rollback", "--yes")
    assert lab.end_state() == before
