"""Back to safe must never be hard: one wave, some people, over drift, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.laboratory import Lab, csv_of

APPLY = ("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab")


@pytest.fixture
def applied(lab: Lab) -> Lab:
    lab.go("export")
    lab.go("plan")
    lab.go(*APPLY)
    return lab


def planned(lab: Lab, wave: str | None = None) -> dict[str, str]:
    """Return the former state of everybody who was planned, by user principal name."""
    return {
        name: row["CurrentState"]
        for name, row in lab.plan_rows().items()
        if row["Action"] == "disable" and wave in (None, row["Wave"])
    }


def is_back(lab: Lab, former: dict[str, str]) -> bool:
    """Tell whether these people are as they were; a registered one who was enabled may be enforced now."""
    now = lab.states()
    return all(now[name] == state or (state, now[name]) == ("enabled", "enforced") for name, state in former.items())


def test_one_wave_goes_back_and_the_others_stay(applied: Lab) -> None:
    wave, everybody = planned(applied, "3"), planned(applied)
    assert 0 < len(wave) < len(everybody)
    names = [each["name"] for each in applied.plan_header()["waves"]]
    nowhere = applied.go("rollback", "--wave", "9", "--yes", code=2).err
    assert "No change was ever sent in wave 9. Changes were sent in: 1, 2, 3" in nowhere
    assert f"It has: 1 {names[0]!r}, 2 " in applied.go("rollback", "--wave", "nope", "--yes", code=2).err
    ran = applied.go("rollback", "--wave", names[2], "--yes")
    assert f"{len(wave)} confirmed" in ran.out
    assert is_back(applied, wave)
    assert {applied.states()[name] for name in everybody.keys() - wave.keys()} == {"disabled"}
    applied.go("verify")
    standing = applied.go("status", "-o", "json").document["run"]
    assert (standing["migrated"], standing["putBack"]) == (len(everybody) - len(wave), len(wave))
    for words in (("100%",), ("0", "--until", "wave:3")):
        applied_again = applied.go("apply", "--yes", "--max-users", *words)
        assert "Nothing is left to do: " in applied_again.err
        again = applied_again.out
        assert f"{len(wave)} of them are rolled back and stay as they are" in again
        assert is_back(applied, wave)


def test_named_people_go_back_by_name_or_id(applied: Lab) -> None:
    names = f"{applied.name_of('alma.berg')},{applied.id_of('ben.frost').upper()}"
    ran = applied.go("rollback", "--users", names, "--users", applied.name_of("cleo.nair"), "--yes")
    assert "3 confirmed" in ran.out
    assert [applied.state_of(name) for name in ("alma.berg", "ben.frost", "cleo.nair")] == ["enforced"] * 3
    unknown = applied.run("rollback", "--users", "nobody@contoso.example", "--yes")
    assert unknown.code == 2
    assert "No change was ever sent for nobody@contoso.example" in unknown.err


def test_enforced_people_come_back_enforced_also_when_they_have_no_method(applied: Lab) -> None:
    former = planned(applied)
    enforced = [name for name, state in former.items() if state == "enforced"]
    assert "Next: mfa-migrate verify" in applied.go("rollback", "--yes").out
    assert {applied.states()[name] for name in enforced} == {"enforced"}


def test_the_way_back_of_a_lost_journal_is_set_aside_before_another_takes_its_place(applied: Lab) -> None:
    before = (applied.workspace / "rollback.csv").read_bytes()
    rows = csv_of(applied.workspace / "rollback.csv")
    for file in applied.workspace.glob("journal.db*"):
        file.unlink()
    first, *others = (row["UserPrincipalName"] for row in rows)
    applied.go("set-state", "--user-principal-name", first, "--state", "Enabled")
    assert [row["UserPrincipalName"] for row in csv_of(applied.workspace / "rollback.csv")] == [first]
    (aside,) = applied.workspace.glob("rollback-*/rollback.csv")
    assert aside.read_bytes() == before
    applied.go("rollback", "--file", str(aside), "--users", ",".join(others), "--yes")
    assert is_back(applied, {row["UserPrincipalName"]: row["PreviousState"] for row in rows[1:]})


def test_nothing_is_set_aside_while_the_journal_knows_the_runs(applied: Lab) -> None:
    applied.go("rollback", "--yes")
    applied.go("set-state", "--user-principal-name", next(iter(applied.states())), "--state", "Enabled")
    assert not list(applied.workspace.glob("rollback-*"))


def test_an_old_export_is_no_rollback_file_and_the_message_says_how_to_go_back_to_it(lab: Lab, tmp_path: Path) -> None:
    old = tmp_path / "old.csv"
    old.write_text("UserPrincipalName,PerUserMfaState\nada@contoso.example,Enforced\n", encoding="utf-8")
    ran = lab.go("rollback", "--file", str(old), "--yes", code=2)
    assert "set-state --input FILE --state FromFile" in ran.err


def test_drift_is_shown_and_left_alone_unless_told_otherwise(applied: Lab) -> None:
    people = applied.tenant.people
    place = people.find(applied.name_of("alma.berg"))
    assert place is not None
    people.set_mfa_state(place, "enabled")  # was enforced, was switched off, is neither
    rehearsed = applied.go("rollback", "--what-if").out
    assert "alma.berg@contoso.example: drift: planned from disabled, found enabled; left alone" in rehearsed
    ran = applied.go("rollback", "--yes", code=1)
    assert "1 skipped" in ran.out
    assert applied.state_of("alma.berg") == "enabled"
    again = applied.go("rollback", "--users", applied.name_of("alma.berg"), "--overwrite-drift", "--yes")
    assert "1 confirmed" in again.out
    assert applied.state_of("alma.berg") == "enforced"


def test_an_enabled_user_who_was_promoted_meanwhile_is_no_drift(applied: Lab) -> None:
    applied.set_state("emil.stone", "enforced")
    assert "nothing to do: is enforced already" in applied.go("rollback", "--what-if").out
    assert "drift" not in applied.go("rollback", "--yes").out


def test_rolling_back_twice_changes_nothing_more(applied: Lab) -> None:
    applied.go("rollback", "--yes")
    before = applied.states()
    applied.requests()
    again = applied.run("rollback", "--yes")
    assert again.code in (0, 1), again.said
    assert not [call for call in applied.requests() if call["method"] == "PATCH"]
    assert applied.states() == before


def test_a_rollback_can_itself_be_undone(applied: Lab) -> None:
    applied.go("rollback", "--wave", "1", "--yes")
    applied.go("audit", "export")
    rollback = csv_of(applied.workspace / "audit.csv")[-1]["PlanDigest"]
    undone = applied.go("rollback", "--run", rollback[:12], "--yes")
    assert "3 confirmed" in undone.out
    assert {applied.states()[name] for name in planned(applied)} == {"disabled"}
    applied.go("verify")


def test_the_audit_names_the_first_broken_row_and_knows_an_expected_hash(applied: Lab, tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    applied.go("audit", "export", "--to", str(path))
    rows = csv_of(path)
    head, middle = rows[-1]["Hash"], rows[10]["Hash"]
    assert "The chain holds" in applied.go("audit", "verify", str(path), "--expect", head).out
    assert "The chain holds" in applied.go("audit", "verify", str(path), "--expect", middle).out
    assert applied.run("audit", "verify", str(path), "--expect", "f" * 64).code == 1
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join([*lines[:20], lines[20].replace(",disabled,", ",enforced,"), *lines[21:]]), "utf-8")
    assert "Broken at row 20" in applied.go("audit", "verify", str(path), code=1).out
    path.write_text("".join([*lines[:20], *lines[21:]]), "utf-8")
    assert "Broken at row 20" in applied.go("audit", "verify", str(path), code=1).out
    path.write_text("".join(lines[:-3]), "utf-8")
    assert applied.run("audit", "verify", str(path), "--expect", head).code == 1, "a cut end shows against a noted head"
