"""The change record before a run, after it and after a rollback: whole fields, and the numbers of status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from migrate.views.change_record.words import LANGUAGES
from tests.e2e.laboratory import Lab, ask

TEXTS = (
    "short_description",
    "description",
    "type",
    "category",
    "justification",
    "implementation_plan",
    "test_plan",
    "backout_plan",
    "risk_impact_analysis",
)
PEOPLE_DECIDE = ("risk", "impact", "start_date", "end_date")


def record(lab: Lab, *words: str) -> dict[str, Any]:
    document: dict[str, Any] = lab.go("report", "change-record", "-o", "json", *words).document
    return document


def test_before_the_run_every_field_but_those_of_people_is_there(exported: Lab) -> None:
    said, header = record(exported), exported.plan_header()
    assert set(said) == {*TEXTS, *PEOPLE_DECIDE, "close_notes", "mfa_migrate"}
    assert all(said[name] for name in TEXTS)
    assert not any(said[name] for name in (*PEOPLE_DECIDE, "close_notes"))
    lines = said["implementation_plan"].split("\n")
    for wave in header["waves"]:
        (line,) = [one for one in lines if one.startswith(f"Wave {wave['number']} ")]
        assert f"mfa-migrate apply --wave {wave['number']} --max-users {wave['users']}" in line
    assert header["digest"] in lines[0]
    assert "mfa-migrate verify" in said["test_plan"]
    assert "emergency1@contoso.example" in said["test_plan"]
    assert "mfa-migrate rollback --file rollback.csv" in said["backout_plan"]
    assert said["mfa_migrate"]["outcome"] == "planned"
    assert said["mfa_migrate"]["counts"]["planned"] == header["counts"]["disable"]
    assert said["mfa_migrate"]["digests"]["plan"] == header["digest"]


def test_its_commands_in_their_order_carry_the_plan_out(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    for line in record(lab)["implementation_plan"].split("\n"):
        for command in line.split("`")[1::2]:
            _, verb, *words = command.split()
            lab.go(verb, *words, *(["--yes"] if verb == "apply" else []))
    assert record(lab)["mfa_migrate"]["outcome"] == "through"


def test_after_the_run_and_after_its_rollback_it_says_what_came_of_it(lab: Lab) -> None:
    lab.go("export")
    assert "no plan yet" in record(lab)["short_description"]
    assert record(lab)["mfa_migrate"]["outcome"] == "exported"
    lab.go("plan")
    lab.go("apply", "--yes", "--max-users", "100%")
    unchecked = record(lab)
    assert "was not run after it" in unchecked["close_notes"]
    lab.go("verify")
    done, run = record(lab), lab.go("status", "-o", "json").document["run"]
    assert done["mfa_migrate"]["outcome"] == "through"
    assert done["mfa_migrate"]["counts"]["migrated"] == run["migrated"] == run["planned"]
    assert f"Disabled and read back: {run['migrated']} of {run['planned']}." in done["close_notes"]
    assert "nothing found" in done["close_notes"]
    digests = done["mfa_migrate"]["digests"]
    assert f"Journal: {digests['journalEntries']} entries, last hash {digests['journalHash']}." in done["close_notes"]
    lab.go("audit", "verify", "--expect", digests["journalHash"])
    lab.go("rollback", "--yes")
    back = record(lab)
    assert back["mfa_migrate"]["outcome"] == "rolledBack"
    assert back["mfa_migrate"]["counts"]["rolledBack"] == run["migrated"]
    assert "Rolled back: nobody of the run" in back["close_notes"]
    assert "changed after that check" in back["close_notes"]


def test_a_plan_that_creates_a_policy_names_it_and_whom_it_newly_requires(lab: Lab) -> None:
    lab.configure(policy='mode = "create"', limits="max_newly_required = 1000\nmax_not_mfa_capable = 1000")
    lab.go("export")
    lab.go("plan")
    said = record(lab)
    steps = lab.plan_header()["policySteps"]
    assert steps
    for step in steps:
        assert step["displayName"] in said["description"]
    assert "mfa-migrate apply --until policies-on" in said["implementation_plan"]


def test_german_has_the_same_numbers_and_a_name_of_any_length_fits(lab: Lab) -> None:
    lab.tenant.organization["displayName"] = "Contoso " + "Überlang" * 40 + "\n# Fertig"
    lab.go("export")
    lab.go("plan")
    english, german = record(lab), record(lab, "--language", "de")
    for said in (english, german):
        assert len(said["short_description"]) <= 160
        assert "\n" not in said["short_description"]
    for fact in ("counts", "digests", "waves"):
        assert german["mfa_migrate"][fact] == english["mfa_migrate"][fact]
    assert "Welle 1 (Vorhut)" in german["implementation_plan"]
    shown = lab.go("report", "change-record", "--language", "de").out
    assert "## Umsetzungsplan" in shown
    assert "\n# Fertig" not in shown
    ran = lab.go("report", "change-record", "--language", "fr", code=2)
    assert "There is en and de." in ran.err


def test_a_file_is_markdown_or_json_by_its_name(exported: Lab, tmp_path: Path) -> None:
    exported.go("report", "change-record", "--to", str(tmp_path / "change.JSON"))
    exported.go("report", "change-record", "--to", str(tmp_path / "change.md"))
    assert json.loads((tmp_path / "change.JSON").read_text(encoding="utf-8")) == record(exported)
    text = (tmp_path / "change.md").read_text(encoding="utf-8")
    assert text.startswith("# Disable per-user MFA for ")
    assert "## Risk\n\n(for people to decide)\n" in text
    rows = exported.go("report", "change-record", "-o", "csv").out.splitlines()
    assert rows[0] == "Field,Text"


@pytest.mark.parametrize("field", ["titles", "outcomes"])
def test_both_languages_have_words_for_the_same_things(field: str) -> None:
    english, german = (getattr(words, field) for words in LANGUAGES.values())
    assert english.keys() == german.keys()
    assert all(english.values())
    assert all(german.values())


def test_nothing_is_asked_of_the_tenant(exported: Lab) -> None:
    exported.requests()
    record(exported)
    assert exported.requests() == []
    assert ask(f"{exported.url}/_sandbox/requests")["value"] == []
