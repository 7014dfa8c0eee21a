"""plan --only and --exclude: lists of users in any format, and never somebody planned by mistake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.laboratory import Lab


@pytest.fixture(scope="module")
def lab(exported: Lab) -> Iterator[Lab]:
    """Return the exported lab; its plan is made anew by each test."""
    yield exported
    exported.go("plan")


def planned(lab: Lab) -> list[str]:
    return sorted(name for name, row in lab.plan_rows().items() if row["Action"] == "disable")


@pytest.fixture(scope="module")
def everybody(lab: Lab) -> list[str]:
    """Return who is planned without any list."""
    lab.go("plan")
    return planned(lab)


def test_only_the_listed_users_are_planned_whatever_the_list_is(lab: Lab, everybody: list[str], tmp_path: Path) -> None:
    chosen = everybody[:3]
    path = tmp_path / "pilot.json"
    # A type name instead of the state: as a list of users it is as good as any.
    people = [{"UserPrincipalName": name, "StrongAuthenticationRequirements": "System.Object[]"} for name in chosen]
    path.write_text(json.dumps(people), encoding="utf-16")
    lab.go("plan", "--only", str(path))
    assert planned(lab) == chosen
    left_out = [row for row in lab.plan_rows().values() if "--only" in row["Reason"]]
    assert {row["Action"] for row in left_out} == {"hold"}
    assert len(left_out) >= len(everybody) - 3


def test_the_listed_users_are_left_out_by_id_or_by_name(lab: Lab, everybody: list[str], tmp_path: Path) -> None:
    rows = {name: lab.plan_rows()[name]["ObjectId"] for name in everybody[:2]}
    (first, second) = rows
    path = tmp_path / "vip.csv"
    path.write_text(f"ObjectId;UPN\n{rows[first].upper()};\n;{second.upper()}\n")
    lab.go("plan", "--exclude", str(path))
    assert planned(lab) == everybody[2:]
    assert "--exclude names (vip.csv)" in lab.plan_rows()[first]["Reason"]


def test_both_lists_at_once(lab: Lab, everybody: list[str], tmp_path: Path) -> None:
    only, exclude = tmp_path / "only.csv", tmp_path / "exclude.csv"
    only.write_text("UPN\n" + "\n".join(everybody[:3]) + "\n")
    exclude.write_text(f"UPN\n{everybody[1]}\n")
    lab.go("plan", "--only", str(only), "--exclude", str(exclude))
    assert planned(lab) == [everybody[0], everybody[2]]


def test_somebody_unknown_is_told_with_only_and_stops_exclude(lab: Lab, everybody: list[str], tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"UPN\n{everybody[0]}\nformer@contoso.example\n")
    assert "former@contoso.example (row 3)" in lab.go("plan", "--only", str(path)).err
    assert planned(lab) == everybody[:1]
    refused = lab.go("plan", "--exclude", str(path), code=2)
    assert "former@contoso.example (row 3)" in refused.err
    path.write_text(f"ObjectId\n{lab.plan_rows()[everybody[0]]['ObjectId']}\n99999999-9999-4999-8999-999999999999\n")
    assert "not in the snapshot any more" in lab.go("plan", "--exclude", str(path)).err


@pytest.mark.parametrize(
    ("text", "said"),
    [("UPN\nnobody@contoso.example\n", "nobody in it is in the snapshot"), ("UPN\n", "nobody"), ("", "is empty")],
)
def test_a_list_without_anybody_does_not_mean_everybody(lab: Lab, tmp_path: Path, text: str, said: str) -> None:
    before = (lab.workspace / "plan.json").read_bytes()
    path = tmp_path / "list.csv"
    path.write_text(text)
    assert said in lab.go("plan", "--only", str(path), code=2).err
    assert (lab.workspace / "plan.json").read_bytes() == before


def test_a_row_of_exclude_that_cannot_be_read_stops_the_plan(lab: Lab, everybody: list[str], tmp_path: Path) -> None:
    path = tmp_path / "exclude.csv"
    path.write_text(f"UPN,Note\n{everybody[0]},x\n{everybody[1].split('@')[0]},y\n")
    ran = lab.go("plan", "--exclude", str(path), code=2)
    assert "row 3, column UPN" in ran.err
    assert "Whoever it is about would be planned" in ran.err
    ran = lab.go("plan", "--only", str(path))
    assert planned(lab) == everybody[:1]
    assert "row 3, column UPN was not read" in ran.err
