"""Whatever the company and however far its migration: evidence and change record say the numbers of the other verbs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from migrate.model.evidence_folder import Part
from migrate.sandbox.company import company
from tests.e2e.laboratory import Lab, csv_of, lab_in

STAGES: dict[str, list[list[str]]] = {
    "exported": [],
    "planned": [["plan"]],
    "begun": [["plan"], ["apply", "--yes", "--max-users", "100%", "--until", "wave:1"]],
    "through": [["plan"], ["apply", "--yes", "--max-users", "100%"], ["verify"]],
    "back": [["plan"], ["apply", "--yes", "--max-users", "100%"], ["rollback", "--yes"]],
    "exported again": [["plan"], ["apply", "--yes", "--max-users", "100%", "--until", "wave:2"], ["export", "--fast"]],
}


@pytest.mark.parametrize(("seed", "stage"), list(enumerate(STAGES, start=2)))
def test_the_numbers_are_those_of_the_tenant_and_of_every_other_verb(seed: int, stage: str, tmp_path: Path) -> None:
    with lab_in(tmp_path / "lab", company(seed, 20 + 5 * seed)) as lab:
        lab.go("export")
        for words in STAGES[stage]:
            lab.go(*words)
        lab.go("report", "evidence", str(tmp_path / "evidence"))
        compare(lab, tmp_path / "evidence")
        assert lab.go("report", "check", str(tmp_path / "evidence"), "-o", "json").document["flaws"] == []


def compare(lab: Lab, folder: Path) -> None:
    """Hold the folder against the sandbox's own memory, `status`, `coverage` and the journal."""
    states, answer = csv_of(folder / Part.STATES), document(folder / Part.CIS)["answer"]
    assert {row["UserPrincipalName"]: row["PerUserMfaState"] for row in states} == lab.states()
    counts = Counter(row["PerUserMfaState"] for row in states)
    assert {name: answer[name] for name in ("disabled", "enabled", "enforced")} == {
        name: counts[name] for name in ("disabled", "enabled", "enforced")
    }
    assert (answer["total"], answer["unreadable"]) == (len(states), len(csv_of(folder / Part.UNREADABLE)))
    status = lab.go("status", "-o", "json").document
    assert Counter(f"{row['PerUserMfaState']}/{row['UserType']}" for row in states) == status["countsNow"]
    verdicts = Counter[str]()
    for one in lab.go("coverage", "-o", "json").document["classes"]:
        verdicts[one["verdict"]] += one["users"]
    assert Counter(row["Verdict"] for row in csv_of(folder / Part.COVERAGE)) == verdicts
    change = document(folder / Part.CHANGE_JSON)["mfa_migrate"]
    run = status["run"]
    if run is not None:
        assert [change["counts"][name] for name in ("migrated", "planned")] == [run["migrated"], run["planned"]]
        assert change["counts"]["rolledBack"] == run["putBack"]
        assert change["digests"]["journalHash"] == csv_of(folder / Part.AUDIT)[-1]["Hash"]
        planned = Counter(row["Wave"] for row in csv_of(folder / Part.PLAN_CSV) if row["Wave"])
        assert {str(wave["number"]): wave["people"] for wave in change["waves"]} == planned
    else:
        assert not (folder / Part.AUDIT).exists()


def document(path: Path) -> dict[str, Any]:
    """Return a JSON document."""
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return said
