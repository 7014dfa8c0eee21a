"""Whoever is excluded is told the whole way into the group: from the directory over real requests to every screen."""

from __future__ import annotations

import re

from tests.e2e.laboratory import Lab, ask, csv_of

POLICY = "Require MFA for all users"
GROUP = "MFA Policy Exclusions"
PATHS = {
    "dora.pike": f"direct member of group '{GROUP}'",
    "rob.keller": f"member of group '{GROUP}' through 'Field Workers Without Phones'",
}
EITHER_WAY = f"member of group '{GROUP}', directly or through nested groups"


def test_explain_names_the_whole_path_of_each_exclusion(exported: Lab) -> None:
    for name, path in PATHS.items():
        found = exported.go("explain", exported.name_of(name), "-o", "json").document
        assert found["coverage"]["exclusions"] == [f"excluded from '{POLICY}' as {path}"]
        (answer,) = (one for one in found["policies"] if one["displayName"] == POLICY)
        assert (answer["applies"], answer["reasons"]) == (False, [f"excluded as {path}"])
        assert f"excluded as {path}" in exported.go("explain", exported.name_of(name)).out


def test_the_plan_names_it_for_each_person_on_the_screen_and_in_the_file(exported: Lab) -> None:
    rows, shown = exported.plan_rows(), exported.go("show").out
    for name, path in PATHS.items():
        row = rows[exported.name_of(name)]
        assert row["Action"] == "hold"
        assert row["Reason"].startswith(f"partly: excluded from '{POLICY}' as {path};"), row["Reason"]
        assert re.search(rf"(?m)^! +\d+  {re.escape(row['Reason'])}$", shown)
    assert EITHER_WAY not in (exported.workspace / "plan.csv").read_text(encoding="utf-8")


def test_what_if_names_it_and_the_list_of_coverage_too(exported: Lab) -> None:
    everybody = exported.folder / "coverage.csv"
    exported.go("coverage", "--user-list", str(everybody))
    listed = {row["UserPrincipalName"]: row for row in csv_of(everybody)}
    for name, path in PATHS.items():
        words = ["--user", exported.name_of(name), "--app", "11111111-0000-4000-8000-000000000000"]
        found = exported.go("what-if", *words, "-o", "json").document
        (answer,) = (one for one in found["policies"] if one["displayName"] == POLICY)
        assert f"users: excluded as {path}" in answer["reasons"]
        assert any(path in cell for cell in listed[exported.name_of(name)].values())


def test_a_class_of_users_is_described_by_what_is_true_of_all_of_them(exported: Lab) -> None:
    classes = exported.go("coverage", "-o", "json").document["classes"]
    (excluded,) = (one for one in classes if any(GROUP in said for said in one["exclusions"]))
    assert excluded["exclusions"] == [f"excluded from '{POLICY}' as {EITHER_WAY}"]
    assert excluded["users"] >= len(PATHS)


def test_a_nested_group_that_cannot_be_read_costs_the_path_and_nothing_else(lab: Lab) -> None:
    inner = next(group for group in lab.tenant.groups if group.json["displayName"] == "Field Workers Without Phones")
    fault = {
        "match": {"method": "GET", "path": f"groups/{inner.id}/members"},
        "do": {"status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges."},
    }
    ask(f"{lab.url}/_sandbox/faults", "POST", {"faults": [fault]})
    lab.go("export")
    lab.go("plan")
    for name in PATHS:
        row = lab.plan_rows()[lab.name_of(name)]
        assert row["Action"] == "hold"
        assert row["Reason"].startswith(f"partly: excluded from '{POLICY}' as {EITHER_WAY};"), row["Reason"]
    (struck,) = ask(f"{lab.url}/_sandbox/faults")["value"]
    assert struck["struck"] >= 1
