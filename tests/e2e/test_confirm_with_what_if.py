"""`plan --confirm-with-what-if`: Microsoft is asked about each class of users; a disagreement holds the class back."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.laboratory import Lab


def test_a_proof_that_microsoft_shares_changes_nothing_in_the_plan(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    before = lab.plan_rows()
    lab.requests()
    ran = lab.go("plan", "--confirm-with-what-if")
    assert lab.plan_rows() == before
    asked = [call for call in lab.requests() if call["path"].endswith("/conditionalAccess/evaluate")]
    assert asked
    assert f"agrees about {len(asked) // 3} of {len(asked) // 3} classes" in ran.err


def test_a_class_that_microsoft_sees_otherwise_is_held_back_with_the_reason(lab: Lab) -> None:
    lab.go("export")
    lab.go("plan")
    planned = {name for name, row in lab.plan_rows().items() if row["Action"] == "disable"}
    assert planned
    for policy in lab.tenant.policies.values():
        policy["conditions"]["platforms"] = {"includePlatforms": ["linux"], "excludePlatforms": []}
    lab.go("plan", "--confirm-with-what-if")
    rows = lab.plan_rows()
    assert {rows[name]["Action"] for name in planned} == {"hold"}
    assert all("Microsoft's What If disagrees" in rows[name]["Reason"] for name in planned)
    assert any(note["code"] == "what-if-disagrees" for note in lab.plan_header()["notes"])


def test_a_policy_that_only_the_plan_knows_cannot_be_asked_about(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab()
    lab.configure(policy='mode = "create"', limits="max_newly_required = 1000\nmax_not_mfa_capable = 1000")
    lab.go("export")
    lab.go("plan", "--confirm-with-what-if")
    assert any(row["Action"] == "disable" for row in lab.plan_rows().values())
