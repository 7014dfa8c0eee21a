"""`export --fast`: the undocumented accelerator agrees with the documented call, or is given up and said so."""

from __future__ import annotations

from collections.abc import Callable

from migrate.sandbox.company import company
from migrate.store.folder import Workspace
from migrate.store.snapshot import open_snapshot
from tests.e2e.laboratory import Lab, ask, csv_of


def states(lab: Lab) -> dict[str, str]:
    return {row["ObjectId"]: row["PerUserMfaState"] for row in csv_of(lab.workspace / "snapshot.csv")}


def by_requirements(lab: Lab) -> int:
    """Return how many states were read by the documented call since the last look."""
    return sum(call["path"].endswith("/authentication/requirements") for call in lab.requests())


def test_fast_agrees_with_the_documented_call_and_asks_far_fewer_questions(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(company(1, 400))
    slow = lab.go("export", "-o", "json")
    documented = states(lab)
    assert by_requirements(lab) == 400
    fast = lab.go("export", "--fast", "-o", "json")
    assert states(lab) == documented
    assert "agreed with the documented call on 200 users drawn at random" in fast.err
    assert by_requirements(lab) == 200
    assert (slow.document["statesReadBy"], fast.document["statesReadBy"]) == ("requirements", "select")
    with open_snapshot(Workspace(lab.workspace)) as snapshot:
        check = snapshot.header.cross_check
    assert check is not None
    assert (check.asked, check.agreed, check.given_up, len(check.sample)) == (200, 200, "", 200)


def test_fast_is_given_up_where_the_property_is_missing(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(bulk_state_select=False)
    ran = lab.go("export", "--fast", "-o", "json")
    assert "--fast is given up" in ran.err
    assert ran.document["statesReadBy"] == "requirements"
    assert by_requirements(lab) == 60
    assert states(lab) == {lab.tenant.people.user_id(n): lab.tenant.people.mfa_state(n) for n in range(60)}


def test_fast_is_given_up_at_the_first_disagreement(lab: Lab) -> None:
    # A reader that lags behind: the documented call still answers with what was before.
    lie = {"status": 200, "body": {"perUserMfaState": "disabled"}}
    meets = {"path": f"users/{lab.id_of('alma.berg')}/authentication/requirements", "times": 1}
    ask(f"{lab.url}/_sandbox/faults", "POST", {"faults": [{"match": meets, "do": lie}]})
    ran = lab.go("export", "--fast", "-o", "json")
    assert f"--fast is given up: for user {lab.id_of('alma.berg')} it said enforced" in ran.err
    assert "the documented call says disabled" in ran.err
    assert ran.document["statesReadBy"] == "requirements"
    assert states(lab)[lab.id_of("alma.berg")] == "enforced"
    with open_snapshot(Workspace(lab.workspace)) as snapshot:
        check = snapshot.header.cross_check
    assert check is not None
    assert check.agreed == check.asked - 1
    assert "it said enforced, the documented call says disabled" in check.given_up


def test_a_page_that_fails_fails_the_export_and_keeps_the_previous_snapshot(lab: Lab) -> None:
    lab.go("export")
    kept = (lab.workspace / "snapshot.db").read_bytes()
    refused = {"status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges."}
    ask(f"{lab.url}/_sandbox/faults", "POST", {"faults": [{"match": {"path": "users"}, "do": refused}]})
    ran = lab.go("export", code=4)
    assert "403" in ran.err
    assert (lab.workspace / "snapshot.db").read_bytes() == kept


def test_a_user_who_cannot_be_read_is_a_record_with_reason_and_request_id_and_is_not_planned(lab: Lab) -> None:
    refused = {"status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges."}
    meets = {"path": f"users/{lab.id_of('ben.frost')}/authentication/requirements"}
    ask(f"{lab.url}/_sandbox/faults", "POST", {"faults": [{"match": meets, "do": refused}]})
    ran = lab.go("export")
    assert "60 users, 1 of them unreadable" in ran.out
    (row,) = (row for row in csv_of(lab.workspace / "snapshot.csv") if row["ObjectId"] == lab.id_of("ben.frost"))
    assert row["PerUserMfaState"] == ""
    assert "403" in row["Problem"]
    assert row["RequestId"]
    planned = lab.go("plan").out
    assert lab.plan_rows()[lab.name_of("ben.frost")]["Action"] == "hold"
    assert lab.plan_rows()[lab.name_of("ben.frost")]["Reason"].startswith("unreadable: ")
    assert "Warning [unreadable-users] 1 user could not be read" in planned
    assert "1 unknown" in planned
