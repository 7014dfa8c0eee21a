"""`set-state` as the documented Set-MfaState, with the traps removed: the real command against the sandbox."""

from __future__ import annotations

import csv
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.laboratory import Lab, ask, csv_of, run_here


def results(lab: Lab, *words: str, code: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = lab.go("set-state", *words, "-o", "json", code=code).document["results"]
    return found


def one(lab: Lab, *words: str, code: int = 0) -> dict[str, Any]:
    found = results(lab, *words, code=code)
    assert len(found) == 1
    return found[0]


def by_name(lab: Lab, name: str) -> list[str]:
    return ["--user-principal-name", lab.name_of(name)]


def patches(lab: Lab) -> int:
    """Return how many changes of a state the sandbox was asked for, in batches or alone."""
    log = ask(f"{lab.url}/_sandbox/requests")
    asked = log["value"]
    assert asked, "the log of requests is empty"
    return sum("PATCH" in str(entry) for entry in asked)


def test_powershells_spelling_disables_a_covered_user_and_rollback_undoes_it(lab: Lab) -> None:
    result = one(lab, "-UserPrincipalName", lab.name_of("alma.berg"), "-State", "Disabled")
    assert (result["before"], result["requested"], result["found"]) == ("enforced", "disabled", "disabled")
    assert result["outcome"] == "confirmed"
    assert lab.state_of("alma.berg") == "disabled"
    lab.go("rollback", "--yes")
    assert lab.state_of("alma.berg") == "enforced"


def test_what_if_in_powershells_spelling_sends_nothing_and_leaves_no_journal_entry(lab: Lab) -> None:
    result = one(lab, "-UserPrincipalName", lab.name_of("alma.berg"), "-State", "Disabled", "-WhatIf")
    assert result["outcome"] == "planned"
    assert lab.state_of("alma.berg") == "enforced"
    assert patches(lab) == 0


def test_a_mistyped_whatif_runs_nothing(lab: Lab) -> None:
    ran = lab.go("set-state", "-State", "Disabled", "-UPN", lab.name_of("alma.berg"), "-whatiff", code=2)
    assert "-UPN" in ran.err
    assert lab.state_of("alma.berg") == "enforced"


def test_state_is_mandatory_and_taken_in_any_case(lab: Lab) -> None:
    missing = lab.go("set-state", *by_name(lab, "alma.berg"), code=2).err
    assert "--state" in missing
    assert "mfa-migrate set-state --help" in missing
    assert one(lab, *by_name(lab, "alma.berg"), "--state", "eNFORCED")["outcome"] == "unchanged"
    assert "Enforced" in lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "on", code=2).err


def test_a_user_who_is_there_already_is_reported_and_nothing_is_sent(lab: Lab) -> None:
    ran = lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Enforced", "-o", "json")
    result = ran.document["results"][0]
    assert (result["outcome"], result["found"]) == ("unchanged", "enforced")
    assert "sessions" not in ran.err, "a warning about what is not sent"
    assert patches(lab) == 0


def test_an_uncovered_user_is_not_disabled_unless_the_operator_accepts_it_with_a_reason(lab: Lab) -> None:
    result = one(lab, *by_name(lab, "dora.pike"), "--state", "Disabled", code=1)
    assert (result["outcome"], result["code"]) == ("skipped", "NotCovered")
    assert result["message"].startswith("not proven covered")
    assert "--accept-uncovered REASON" in result["message"]
    assert lab.state_of("dora.pike") == "enforced"
    empty = lab.go("set-state", *by_name(lab, "dora.pike"), "--state", "Disabled", "--accept-uncovered", " ", code=2)
    assert "reason" in empty.err
    accepted = one(lab, *by_name(lab, "dora.pike"), "--state", "Disabled", "--accept-uncovered", "leaves tomorrow")
    assert accepted["outcome"] == "confirmed"
    lab.go("audit", "export")
    intents = [row for row in csv_of(lab.workspace / "audit.csv") if row["Outcome"] == "intent"]
    assert [row["UserPrincipalName"] for row in intents] == [lab.name_of("dora.pike")]
    assert "leaves tomorrow" in intents[0]["Reason"]


def test_an_emergency_access_account_is_never_disabled_even_when_uncovered_is_accepted(lab: Lab) -> None:
    words = [*by_name(lab, "emergency2"), "--state", "Disabled", "--accept-uncovered", "all of them"]
    result = one(lab, *words, code=1)
    assert lab.state_of("emergency2") == "enforced", result
    assert result["code"] == "EmergencyAccess"


def test_enforcing_somebody_who_never_registered_is_refused_with_the_consequence(lab: Lab) -> None:
    result = one(lab, *by_name(lab, "emil.stone"), "--state", "Enforced", code=1)
    assert result["code"] == "NotRegistered"
    assert "app password" in result["message"]
    assert lab.state_of("emil.stone") == "enabled"
    assert one(lab, *by_name(lab, "emil.stone"), "--state", "Enforced", "--allow-unregistered")["found"] == "enforced"


def test_from_enforced_back_to_enabled_is_sent_and_a_rollback_of_enforced_goes_back_to_enabled(lab: Lab) -> None:
    """Emil never registered, so nothing promotes him: that enforced may pass for enabled must not hide the way back."""
    lab.go("set-state", *by_name(lab, "emil.stone"), "--state", "Enforced", "--allow-unregistered")
    assert lab.state_of("emil.stone") == "enforced"
    lab.go("rollback", "--yes")
    assert lab.state_of("emil.stone") == "enabled"
    lab.set_state("emil.stone", "enforced")
    result = one(lab, *by_name(lab, "emil.stone"), "--state", "Enabled")
    assert (result["outcome"], result["found"]) == ("confirmed", "enabled")
    assert "promotes" not in result["note"]


def test_enabled_found_as_enforced_is_success_with_a_note_and_the_warning_about_conditional_access(lab: Lab) -> None:
    lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Disabled")
    ran = lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Enabled", "-o", "json")
    result = ran.document["results"][0]
    assert (result["outcome"], result["found"]) == ("confirmed", "enforced")
    assert "promotes" in result["note"]
    assert "sessions" in ran.err


def test_both_identities_have_to_be_the_same_user_and_the_id_is_the_key(lab: Lab) -> None:
    both = ["--object-id", lab.id_of("alma.berg"), *by_name(lab, "ben.frost"), "--state", "Disabled"]
    result = one(lab, *both, code=1)
    assert result["code"] == "IdentityMismatch"
    assert {lab.state_of("alma.berg"), lab.state_of("ben.frost")} == {"enforced"}
    right = ["--object-id", lab.id_of("alma.berg").upper(), *by_name(lab, "alma.berg"), "--state", "Disabled"]
    assert one(lab, *right)["outcome"] == "confirmed"


def test_as_many_ids_as_names_belong_to_each_other_and_other_numbers_are_refused(lab: Lab) -> None:
    ids = ",".join([lab.id_of("alma.berg"), lab.id_of("ben.frost")])
    names = ",".join([lab.name_of("alma.berg"), lab.name_of("cleo.nair")])
    found = results(lab, "-ObjectId", ids, "-UserPrincipalName", names, "-State", "Disabled", "-WhatIf", code=1)
    assert [result["code"] for result in found] == ["", "IdentityMismatch"]
    both = ["-ObjectId", ids, "-UserPrincipalName", lab.name_of("alma.berg")]
    assert "do not belong" in lab.go("set-state", *both, "-State", "Disabled", code=2).err
    assert patches(lab) == 0


@pytest.mark.parametrize("named", [["--user-principal-name", "Alma Berg"], ["--object-id", "../groups/1"]])
def test_what_is_neither_id_nor_name_is_a_usage_error(lab: Lab, named: list[str]) -> None:
    ran = lab.go("set-state", *named, "--state", "Disabled", code=2)
    assert named[1] in ran.err
    braced = ["--object-id", f"{{{lab.id_of('alma.berg').upper()}}}", "--state", "Enforced"]
    assert one(lab, *braced)["outcome"] == "unchanged"


def test_lists_are_split_at_commas_and_each_user_gets_an_answer_in_order(lab: Lab) -> None:
    names = ",".join([lab.name_of("alma.berg"), lab.name_of("nobody"), lab.name_of("ben.frost")])
    found = results(lab, "-UserPrincipalName", names, "-State:Disabled", code=1)
    assert [result["outcome"] for result in found] == ["confirmed", "failed", "confirmed"]
    assert found[1]["code"] == "NotFound"
    assert "there is no such user in the tenant" in found[1]["message"]


def test_a_user_who_may_not_be_read_is_not_called_missing(lab: Lab) -> None:
    refused = {"status": 403, "code": "Authorization_RequestDenied", "message": "No."}
    match = {"method": "GET", "user": lab.name_of("alma.berg")}
    ask(f"{lab.url}/_sandbox/faults", "POST", {"faults": [{"match": match, "do": refused}]})
    found = one(lab, *by_name(lab, "alma.berg"), "--state", "Disabled", code=1)
    assert found["code"] == "Unreadable"
    assert "403" in found["message"]


def test_a_wait_shows_its_reason_on_the_screen_and_in_the_audit(lab: Lab) -> None:
    throttled = {"status": 429, "headers": {"Retry-After": "5"}}
    match = {"method": "PATCH", "user": lab.name_of("alma.berg"), "nth": 1}
    ask(f"{lab.url}/_sandbox/faults", "POST", {"faults": [{"match": match, "do": throttled}]})
    ran = lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Disabled")
    reason = "throttled by Graph (writes) until"
    assert reason in ran.said
    lab.go("audit", "export")
    assert any(row["Outcome"] == "waiting" and reason in row["Reason"] for row in csv_of(lab.workspace / "audit.csv"))


def test_a_list_asks_before_it_runs_and_without_a_terminal_it_does_not(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(f"UserPrincipalName\n{lab.name_of('alma.berg')}\n", encoding="utf-8")
    assert "--yes" in lab.go("set-state", "--input", str(path), "--state", "Disabled", code=3).err
    assert lab.state_of("alma.berg") == "enforced"
    assert one(lab, "--input", str(path), "--state", "Disabled", "--yes")["outcome"] == "confirmed"


def test_a_list_may_give_each_user_a_state_of_its_own(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    rows = [("alma.berg", "disabled"), ("otto.lind", "Enabled"), ("ben.frost", "Enforced")]
    lines = [f"{lab.name_of(name)},{state}" for name, state in rows]
    path.write_text("\n".join(["UserPrincipalName,PerUserMfaState", *lines]) + "\n", encoding="utf-8")
    found = results(lab, "--input", str(path), "--state", "FromFile", "--yes")
    assert [result["requested"] for result in found] == ["disabled", "enabled", "enforced"]
    assert [result["outcome"] for result in found] == ["confirmed", "confirmed", "unchanged"]
    assert (lab.state_of("alma.berg"), lab.state_of("otto.lind")) == ("disabled", "enabled")
    assert "--input" in lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "FromFile", code=2).err


def test_a_list_that_asks_for_two_states_of_one_user_changes_nothing_for_them(lab: Lab, tmp_path: Path) -> None:
    """By id in one row and by name in the other: only the tenant shows that it is the same user."""
    path = tmp_path / "old.csv"
    rows = [f"{lab.id_of('alma.berg')},,disabled", f",{lab.name_of('alma.berg')},enforced"]
    lines = ["ObjectId,UserPrincipalName,PerUserMfaState", *rows, f",{lab.name_of('ben.frost')},disabled"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = results(lab, "--input", str(path), "--state", "FromFile", "--yes", code=1)
    assert [(r["outcome"], r["code"]) for r in found] == [("skipped", "BadInput")] * 2 + [("confirmed", "")]
    assert "disabled and for enforced" in found[0]["message"]
    assert lab.state_of("alma.berg") == "enforced"


def test_what_a_file_leaves_open_is_told_before_its_states_are_set(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    rows = [f"{lab.name_of('alma.berg')},Enforced,True", f"{lab.name_of('ben.frost')},,True"]
    path.write_text("\n".join(["UserPrincipalName,Requirement State,IsLicensed", *rows]) + "\n", encoding="utf-8")
    ran = lab.go("set-state", "--input", str(path), "--state", "FromFile", code=3)
    assert "Read as Disabled, as reports of that kind mean it: 1 blank cell of Requirement State" in ran.err
    assert "Disabled" not in lab.go("set-state", "--input", str(path), "--state", "Disabled", code=3).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--trust-disabled"], "are about --input"),
        (["--state-column", "X"], "are about --input"),
        (["--input-encoding", "cp1252"], "are about --input"),
        (["--sheet", "X"], "are about --input"),
        (["--visible-only"], "are about --input"),
        (["-Confirm", "-Confirm:$false"], "contradict"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(lab: Lab, words: list[str], said: str) -> None:
    assert said in lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Disabled", *words, code=2).err
    assert lab.state_of("alma.berg") == "enforced"


def test_a_list_without_states_cannot_give_them(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text(f"UserPrincipalName\n{lab.name_of('alma.berg')}\n", encoding="utf-8")
    ran = lab.go("set-state", "--input", str(path), "--state", "FromFile", "--yes", code=1)
    assert "This file holds no state" in ran.err
    assert lab.state_of("alma.berg") == "enforced"


def test_a_row_that_cannot_be_read_is_skipped_with_its_reason_and_the_others_are_set(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    rows = [
        f"{lab.name_of('alma.berg')},disabled",
        "otto lind,disabled",
        f"{lab.name_of('ben.frost')},enforced",
        "Total: 3,",
    ]
    path.write_text("\n".join(["UserPrincipalName,PerUserMfaState", *rows]) + "\n", encoding="utf-8")
    ran = lab.go("set-state", "--input", str(path), "--state", "FromFile", "--yes", "-o", "json", code=1)
    found = ran.document["results"]
    assert [(r["outcome"], r["code"]) for r in found] == [("confirmed", ""), ("skipped", "BadInput"), ("unchanged", "")]
    assert "row 3, column UserPrincipalName was not read: 'otto lind' is neither" in found[1]["message"]
    assert "1 totals row (row 5)" in ran.err


def test_hidden_rows_are_counted_aloud_and_left_out_when_asked(lab: Lab, tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    for cell in ("UserPrincipalName", lab.name_of("alma.berg"), lab.name_of("ben.frost")):
        book.active.append([cell])
    book.active.row_dimensions[3].hidden = True
    path = tmp_path / "filtered.xlsx"
    book.save(path)
    words = ("set-state", "--input", str(path), "--state", "Enforced", "--what-if", "-o", "json")
    ran = lab.go(*words)
    assert len(ran.document["results"]) == 2
    assert "1 hidden row of 'Sheet' read as well; --visible-only leaves hidden rows out" in ran.err
    assert len(lab.go(*words, "--visible-only").document["results"]) == 1
    (tmp_path / "list.csv").write_text("UPN\n")
    refused = lab.go(
        "set-state", "--input", str(tmp_path / "list.csv"), "--state", "Enforced", "--visible-only", code=2
    )
    assert "none of its rows is hidden" in refused.err


def test_an_unseen_character_in_a_name_that_is_not_found_is_named(lab: Lab) -> None:
    name = lab.name_of("alma.berg").replace(".", "\u200b.", 1)
    result = one(lab, "--user-principal-name", name, "--state", "Enforced", code=1)
    assert result["code"] == "NotFound"
    assert "ZERO WIDTH SPACE (U+200B), after 'alma'" in result["message"]


def test_a_list_that_names_nobody_says_so(lab: Lab, tmp_path: Path) -> None:
    for name, text in (("empty.csv", "UserPrincipalName\n"), ("empty.json", "[]")):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        ran = lab.go("set-state", "--input", str(path), "--state", "Disabled", "--yes", code=2)
        assert f"{name} names nobody" in ran.err


def test_every_line_of_an_error_is_set_off_from_what_stands_before_it(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_text("\nUserPrincipalName\n-----------------\nada@contoso.example\n", encoding="utf-8")
    ran = lab.go("set-state", "--input", str(path), "--state", "Disabled", code=2)
    first, *following = ran.err[ran.err.index("Error: ") :].splitlines()
    assert "Format-Table" in first
    assert len(following) > 2
    assert all(line.startswith("       ") for line in following)


def test_the_way_back_that_is_shown_undoes_this_call_and_not_the_migration_before_it(lab: Lab) -> None:
    for words in (["export"], ["plan"], ["apply", "--yes", "--max-users", "100%", "--skip-settle", "lab"]):
        lab.go(*words)
    migrated = lab.states()
    shown = lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Enforced").out
    assert lab.state_of("alma.berg") == "enforced"
    (way_back,) = re.findall(r"^Way back: mfa-migrate (.+)$", shown, re.MULTILINE)
    words = shlex.split(way_back)
    assert words[words.index("--workspace") + 1] == str(lab.workspace)
    ran = run_here([*words, "--yes"])
    assert ran.code == 0, ran.said
    assert lab.states() == migrated
    events = lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Enforced", "-o", "ndjson").events
    assert any("Way back: mfa-migrate rollback" in e["message"] and " --run " in e["message"] for e in logs(events))


def logs(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == "log"]


def test_the_table_says_how_to_go_back_or_that_nothing_was_sent(lab: Lab) -> None:
    words = ["set-state", *by_name(lab, "alma.berg"), "--state", "Disabled"]
    assert "rehearsal" in lab.go(*words, "--what-if").out
    assert "mfa-migrate rollback" in lab.go(*words).out
    assert "rollback" not in lab.go(*words).out, "the third time there is nothing to go back from"


def test_a_restore_to_the_recorded_state_is_never_refused(lab: Lab) -> None:
    """Emil never registered; enforcing him anew is refused, putting him back to enforced is not."""
    lab.set_state("emil.stone", "enforced")
    lab.go("set-state", *by_name(lab, "emil.stone"), "--state", "Disabled")
    assert one(lab, *by_name(lab, "emil.stone"), "--state", "Enforced")["outcome"] == "confirmed"


@pytest.mark.parametrize("edited", [False, True])
def test_only_a_row_of_the_rollback_file_itself_counts_as_a_restore(lab: Lab, tmp_path: Path, edited: bool) -> None:
    """Somebody who edits PreviousState to Disabled must not get past the question of coverage."""
    lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Disabled")
    row = csv_of(lab.workspace / "rollback.csv")[0]
    claimed = {**row, "ObjectId": lab.id_of("dora.pike"), "UserPrincipalName": lab.name_of("dora.pike")}
    claimed["PreviousState"] = "disabled"
    path = (lab.workspace / "rollback.csv") if edited else (tmp_path / "claim.csv")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(claimed))
        writer.writeheader()
        writer.writerow(claimed)
    result = one(lab, "--input", str(path), "--state", "Disabled", "--yes", code=1)
    assert result["code"] == "NotCovered"
    assert lab.state_of("dora.pike") == "enforced"


def test_a_damaged_rollback_json_exempts_nobody_and_is_kept_beside_the_new_one(lab: Lab) -> None:
    lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Disabled")
    damaged = lab.workspace / "rollback.json"
    damaged.write_text(damaged.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    done = lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Enforced")
    assert "rollback.json is no JSON document" in done.err
    assert lab.state_of("alma.berg") == "enforced"
    (kept,) = lab.workspace.glob("rollback-*/rollback.json")
    assert not kept.read_text(encoding="utf-8").endswith("\n"), "the damaged one, as it was"
    assert lab.go("rollback", "--yes", "--file", str(lab.workspace / "rollback.csv")).code == 0


@pytest.mark.parametrize(
    ("state", "option", "users"),
    [
        ("Enforced", ["--accept-uncovered", "a reason"], "users whose per-user MFA is disabled"),
        ("Enabled", ["--allow-unregistered"], "users who are enforced"),
    ],
)
def test_an_option_that_changes_nothing_for_a_state_says_so(
    lab: Lab, state: str, option: list[str], users: str
) -> None:
    done = lab.go("set-state", *by_name(lab, "alma.berg"), "--state", state, *option, "--what-if")
    assert f"{option[0]} concerns {users}; it changes nothing here" in done.err


def test_methods_are_not_touched(lab: Lab) -> None:
    path = f"{lab.url}/v1.0/users/{lab.id_of('alma.berg')}/authentication/methods"
    before = ask(path)["value"]
    lab.go("set-state", *by_name(lab, "alma.berg"), "--state", "Disabled")
    assert ask(path)["value"] == before


def test_one_reason_stands_for_one_user_unless_a_number_is_given(lab: Lab) -> None:
    """Otherwise a whole list could be switched off without any policy."""
    two = [*by_name(lab, "dora.pike"), *by_name(lab, "rob.keller"), "--state", "Disabled"]
    before = [lab.state_of(name) for name in ("dora.pike", "rob.keller")]
    refused = lab.go("set-state", *two, "--accept-uncovered", "both leave", code=2)
    assert "--max-users N" in refused.err
    few = lab.go("set-state", *two, "--accept-uncovered", "both leave", "--max-users", "1", code=3)
    assert "--max-users 1 allows 1" in few.err
    assert [lab.state_of(name) for name in ("dora.pike", "rob.keller")] == before
    lab.go("set-state", *two, "--accept-uncovered", "both leave", "--max-users", "2")
    assert [lab.state_of(name) for name in ("dora.pike", "rob.keller")] == ["disabled", "disabled"]
