"""What is printed: one document, typed events or a table on stdout, talk on stderr, SANDBOX on every screen."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrate.model.instants import minute_utc
from migrate.sandbox.company import company
from tests.e2e.laboratory import Lab, Ran, lab_in

COMMANDS: dict[str, list[str]] = {
    "export": ["export"],
    "status": ["status"],
    "status of users": ["status", "alma.berg@contoso.example", "emil.stone@contoso.example"],
    "status live": ["status", "alma.berg@contoso.example", "--live"],
    "plan": ["plan", "--supersede"],
    "show": ["show"],
    "show wave": ["show", "--wave", "1"],
    "apply what-if": ["apply", "--what-if"],
    "apply": ["apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--until", "wave:1"],
    "verify": ["verify"],
    "rollback what-if": ["rollback", "--what-if"],
    "rollback": ["rollback", "--yes"],
    "audit export": ["audit", "export"],
    "audit verify": ["audit", "verify"],
}
"""Every command that prints data, in an order in which each finds what it needs."""


def passed_through(folder: Path, output: str) -> Iterator[tuple[str, Ran]]:
    """Run every command in one format against a sandbox of its own, and check what holds in any format."""
    with lab_in(folder, company(1, 40)) as lab:
        for name, words in COMMANDS.items():
            ran = lab.go(*words, "-o", output)
            assert "SANDBOX http://127.0.0.1:" in ran.err, name
            assert ran.out.startswith("SANDBOX\n") == (output == "table"), name
            assert "no real tenant" not in ran.out, "talk is on stderr"
            assert "Signed in as" not in ran.out, "talk is on stderr"
            assert "\x1b" not in ran.said, "no terminal, no escapes"
            assert "Error" not in ran.err, name
            yield name, ran


def test_json_is_exactly_one_document_on_stdout_and_names_the_sandbox(tmp_path: Path) -> None:
    for name, ran in passed_through(tmp_path, "json"):
        document = json.loads(ran.out)
        assert isinstance(document, dict), name
        assert document, name
        assert ran.out.endswith("}\n"), name
        if not name.startswith(("status of", "status live", "audit")):
            found = document.get("endpoint") or document.get("snapshot", {}).get("endpoint")
            assert str(found).startswith("http://127.0.0.1:"), name


def test_ndjson_is_a_stream_of_typed_versioned_events_that_ends_with_the_document(tmp_path: Path) -> None:
    for name, ran in passed_through(tmp_path, "ndjson"):
        events = ran.events
        assert all(isinstance(event["type"], str) and event["version"] == 1 for event in events), name
        assert len({event["kind"] for event in events}) == 1, name
        assert [event["type"] for event in events].index("summary") == len(events) - 1, name
        assert events[-1]["document"], name


def test_csv_has_a_header_and_rows_of_its_width(tmp_path: Path) -> None:
    for name, ran in passed_through(tmp_path, "csv"):
        rows = list(csv.reader(io.StringIO(ran.out)))
        assert all(column.isidentifier() and column[0].isupper() for column in rows[0]), rows[0]
        assert {len(row) for row in rows} == {len(rows[0])}, name
        assert "State" not in rows[0], "a column of this name would be the province to old commands"
        assert len(rows) > 1 or name == "verify", name


def test_a_table_says_what_a_person_needs_and_no_line_of_it_is_empty_talk(tmp_path: Path) -> None:
    shown = {name: ran.out for name, ran in passed_through(tmp_path, "table")}
    assert "40 users, all readable" in shown["export"]
    assert "Next: `mfa-migrate plan`. Nothing has been begun here." in shown["status"]
    assert "not read with --live" in shown["status live"]
    assert "Plan: 0 policies to create" in shown["plan"]
    assert "Rehearsal: nothing was sent." in shown["apply what-if"]
    assert "Stopped as asked." in shown["apply"]
    assert "(3 disabled by this tool)" in shown["verify"]
    assert "3 confirmed" in shown["rollback"]
    assert "Last hash: " in shown["audit export"]
    assert "The chain holds: " in shown["audit verify"]


def test_quiet_leaves_the_data_and_nothing_else(lab: Lab) -> None:
    for words in (["export"], ["plan"], ["show"], ["apply", "--what-if"]):
        ran = lab.go("-q", *words)
        assert ran.err == ""
        assert ran.out.startswith("SANDBOX\n")


def test_quiet_keeps_a_warning_for_the_log_file(lab: Lab, tmp_path: Path) -> None:
    lab.go("export")
    lab.workspace.chmod(0o777)
    path = tmp_path / "run.log"
    assert "Others on this machine may look into" in lab.go("status").err
    assert lab.go("-q", "status", "--log-file", str(path)).err == ""
    assert "Others on this machine may look into" in path.read_text(encoding="utf-8")


def test_a_log_file_holds_what_was_said_and_only_its_owner_may_read_it(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "run.log"
    lab.go("-q", "export", "--log-file", str(path))
    text = path.read_text(encoding="utf-8")
    assert "mfa-migrate export begins" in text
    assert "60 users read" in text
    assert path.stat().st_mode & 0o077 == 0


def test_plan_exit_code_tells_changes_from_none(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    lab.go("plan", "--exit-code", code=1)
    lab.go("show", "--exit-code", code=1)
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab")
    lab.go("export")
    nothing = lab.go("plan", "--exit-code", code=0)
    assert "0 users to disable" in nothing.out


def test_status_of_a_person_says_state_methods_and_what_it_means_for_each_kind_of_client(exported: Lab) -> None:
    enforced = exported.go("status", "alma.berg@contoso.example").out
    assert "enforced" in enforced
    assert "blocked without an app password" in enforced
    assert "microsoftAuthenticatorPush, mobilePhone" in enforced
    enabled = exported.go("status", exported.id_of("emil.stone").upper()).out
    assert "asked to register, then MFA" in enabled
    assert "not registered" in enabled
    off = exported.go("status", "OTTO.LIND@contoso.example").out
    assert "Normal for users under Conditional Access" in off


def test_status_of_a_person_says_of_when_the_state_is_and_what_this_tool_changed_since(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    assert "Last change" not in lab.go("status", "alma.berg@contoso.example").out
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", "--wave", "1")
    known = lab.go("status", "alma.berg@contoso.example", "-o", "json").document
    (alma,) = known["users"]
    assert (alma["perUserMfaState"], alma["lastChange"]["requested"]) == ("disabled", "disabled")
    assert alma["asOf"] == alma["lastChange"]["timeUtc"] >= known["asOf"] == known["snapshotTakenAt"]
    assert alma["lastChange"]["outcome"] == "confirmed"
    shown = lab.go("status", "alma.berg@contoso.example").out
    assert f"As of: export of {minute_utc(known['snapshotTakenAt'])}, and {known['changesSince']} change" in shown
    at = minute_utc(alma["lastChange"]["timeUtc"])
    assert f"Last change:    disabled by this tool at {at}: confirmed" in shown
    assert "Whether Conditional Access requires MFA instead: `mfa-migrate explain alma.berg@contoso.example`." in shown
    assert lab.go("status", "-o", "json").document["run"]["nextPlan"] is None
    older = "This tool changed people after the export of"
    assert older in lab.go("plan", "--supersede").err
    lab.go("export")
    assert older not in lab.go("plan", "--supersede").err
    assert lab.go("status", "-o", "json").document["run"]["nextPlan"] == lab.plan_header()["digest"]
    now = lab.go("status", "alma.berg@contoso.example", "--live").out
    assert "Per-user MFA:   disabled" in now
    assert "As of" not in now


def test_show_says_what_one_asks_next_as_it_can_be_typed(exported: Lab) -> None:
    safe = " ".join(exported.go("show", "alma berg").out.split())
    assert "~ alma.berg@contoso.example enforced, to be disabled in wave 1 covered by" in safe
    assert "`mfa-migrate explain alma.berg@contoso.example` says why" in safe
    held = " ".join(exported.go("show", "rob keller").out.split())
    named = exported.go("explain", "rob keller").out
    assert "Enough to make this person safe, any one of:" in named
    assert "To close it:" not in named, "in general, after it was said step by step"
    assert "! rob.keller@contoso.example enforced, held back partly: " in held
    assert "`mfa-migrate explain rob.keller@contoso.example` says what is open, and what would be enough" in held
    assert "`mfa-migrate apply --what-if --until wave:1` rehearses it" in exported.go("show", "--wave", "canary").out


def test_what_is_not_known_or_not_there_is_answered_with_what_to_type(exported: Lab) -> None:
    tried = exported.go("what-if", "--user", "rob keller", "--app", "Exchange Online").out
    assert "Exchange Online (00000002-0000-0ff1-ce00-000000000000): unknown" in tried
    assert "No place was stated: --ip ADDRESS or --country XX says from where" in tried
    stated = exported.go("what-if", "--user", "rob keller", "--app", "Exchange Online", "--ip", "203.0.113.9").out
    assert "No place was stated" not in stated
    assert "`mfa-migrate people --why USER`" in exported.go("people", "rob", code=2).err


def test_a_report_is_named_by_an_address_that_a_browser_opens(exported: Lab) -> None:
    path = exported.workspace / "report.html"
    assert f"In a browser: {path.as_uri()}" in exported.go("report").err
    assert exported.go("report", "-o", "json").document == {"path": str(path), "address": path.as_uri()}


def test_a_way_to_sign_in_that_the_sandbox_does_not_ask_for_is_told(lab: Lab) -> None:
    live = ("status", "alma.berg@contoso.example", "--live")
    told = lab.go(*live, "--sign-in", "device-code").err
    assert "Nobody signs in with device-code here" in told
    assert "mfa-migrate sandbox --https --enforce-permissions" in told
    assert "Nobody signs in" not in lab.go(*live).err


def test_show_prints_the_rows_that_were_asked_for(exported: Lab) -> None:
    one = exported.go("show", "alma.berg@contoso.example", "-o", "csv").out.splitlines()
    assert len(one) == 2
    assert ",alma.berg@contoso.example,enforced,disabled,1,disable," in one[1]
    wave = exported.go("show", "--wave", "1", "-o", "csv").out.splitlines()[1:]
    assert len(wave) == exported.plan_header()["waves"][0]["users"] == 3
    everyone = exported.go("show", "--all", "-o", "csv").out.splitlines()[1:]
    assert len(everyone) == 60


@pytest.mark.parametrize("words", [[], ["audit"]])
def test_a_command_without_its_verb_shows_help_and_is_a_usage_error(exported: Lab, words: list[str]) -> None:
    from tests.e2e.laboratory import run_here

    ran = run_here(words)
    assert ran.code == 2
    assert "Usage:" in ran.said
    assert "Error" not in ran.said


def test_people_and_waves_are_named_as_people_name_them(exported: Lab) -> None:
    alma = exported.name_of("alma.berg")
    for words in (["explain", "alma.berg"], ["status", "ALMA.BERG"], ["show", "--user", "alma.berg"]):
        ran = exported.go(*words, "-o", "json")
        assert alma in ran.out or words[0] == "show"
        assert f"{words[-1]!r} is {alma}" in ran.err
    assert exported.go("show", "alma.berg", "-o", "csv").out == exported.go("show", alma, "-o", "csv").out
    by_name, by_number = (exported.go("show", "--wave", wave, "-o", "csv").out for wave in ("canary", "1"))
    assert by_name == by_number
    assert by_name.count("\n") > 1
    rehearsed, again = (
        exported.go("apply", "--what-if", "--wave", wave, "-o", "json").document for wave in ("canary", "1")
    )
    assert rehearsed["outcomes"] == again["outcomes"]


def test_two_that_fit_are_an_error_that_names_both_and_machines_get_no_guess(exported: Lab) -> None:
    refused = exported.go("explain", "a", code=2)
    assert "fits" in refused.err
    assert refused.err.count("@contoso.example") > 1
    exported.go("status", "alma.berg", "-o", "ndjson", code=1)


def test_reading_verbs_end_with_1_where_something_is_left(exported: Lab) -> None:
    exported.go("status", "--exit-code", code=1)
    exported.go("status", "--all", "--exit-code", code=1)
    exported.go("coverage", "--exit-code", code=1)
    actions = {name: row["Action"] for name, row in exported.plan_rows().items()}
    planned = next(name for name, action in actions.items() if action == "disable")
    held = next(name for name, action in actions.items() if action == "hold")
    exported.go("explain", planned, "--exit-code", code=0)
    exported.go("explain", held, "--exit-code", code=1)
    exported.go("explain", held, code=0)


def test_status_ends_with_0_when_everybody_planned_is_migrated(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%", "--skip-settle", "lab", code=0)
    lab.go("status", "--exit-code", code=0)
    planned = [name for name, row in lab.plan_rows().items() if row["Action"] == "disable"]
    lab.go("status", planned[0], "--live", "--exit-code", code=0)


def test_an_export_as_a_table_is_the_users_and_not_their_counts(lab: Lab) -> None:
    out = lab.go("export", "-o", "csv").out
    assert out == (lab.workspace / "snapshot.csv").read_text(encoding="utf-8")
    assert len(out.splitlines()) == 1 + len(lab.states())
    assert "PerUserMfaState" in out.splitlines()[0]
    assert lab.go("export", "-o", "json").document["counts"]
