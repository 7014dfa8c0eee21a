"""The exit rule by whole commands: a report-only policy is switched on only when the sign-in log speaks for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.laboratory import Lab, ask
from tests.e2e.test_create_mode import CREATE, DAY, PROMPTS, own_policy
from tests.e2e.test_sign_ins import EXCHANGE, sign_in

YES = ("apply", "--yes", "--max-users", "100%")


@pytest.fixture
def waiting(make_lab: Callable[..., Lab]) -> Lab:
    """Return a lab whose own policy has been report-only for eight days, in which one person signed in."""
    lab = make_lab(signin_lag_seconds=0.0)
    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    lab.go(*YES)
    lab.advance(60)
    sign_in(lab, "alma.berg")
    lab.advance(8 * DAY)
    sign_in(lab, "alma.berg", client="imap")
    lab.advance(3600)
    return lab


def numbers(lab: Lab) -> dict[str, Any]:
    lab.go("export")
    found = lab.go("sign-ins", "report-only", "-o", "json").document["policies"]
    (own,) = [one for one in found if "mfa-migrate" in one["numbers"]["displayName"]]
    return dict(own)


def days_before(lab: Lab, days: float) -> str:
    """Return a moment so many days before the sandbox's now."""
    now = datetime.fromisoformat(ask(f"{lab.url}/_sandbox/clock")["now"])
    return (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_without_a_log_there_is_no_data_and_only_a_reason_goes_past_it(waiting: Lab) -> None:
    found = numbers(waiting)
    assert (found["numbers"]["missing"], found["holds"]) == ("noLog", False)
    assert "no sign-in log was read" in waiting.go("sign-ins", "report-only").out
    stopped = waiting.go(*YES, code=3)
    said = " ".join(stopped.err.split())
    assert "no sign-in log was read" in said
    assert "Entra ID P1" in said
    assert "AuditLog.Read.All" in said
    assert own_policy(waiting)["state"] == "enabledForReportingButNotEnforced"
    waiting.go(*YES, "--skip-report-only", "agreed with the help desk")
    assert own_policy(waiting)["state"] == "enabled"
    assert "agreed with the help desk" in waiting.go("audit", "export", "-o", "csv").out


NO_LICENCE = {"status": 403, "code": "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "message": "No licence."}
NO_PERMISSION = {"status": 403, "code": "Authorization_RequestDenied", "message": "Insufficient privileges."}


@pytest.mark.parametrize(
    ("refusal", "missing", "words"),
    [
        (NO_LICENCE, "noLicence", "for want of a licence"),
        (NO_PERMISSION, "noPermission", "for want of a permission"),
    ],
)
def test_what_graph_refused_the_log_for_is_named(
    waiting: Lab, refusal: dict[str, Any], missing: str, words: str
) -> None:
    refused = {"match": {"path": "auditLogs/signIns"}, "do": refusal}
    ask(f"{waiting.url}/_sandbox/faults", "POST", {"faults": [refused]})
    waiting.go("sign-ins", "read", "--days", "10", code=4)
    assert numbers(waiting)["numbers"]["missing"] == missing
    assert words in " ".join(waiting.go(*YES, code=3).err.split())
    ask(f"{waiting.url}/_sandbox/faults", "DELETE")
    waiting.go("sign-ins", "read", "--days", "10")
    assert numbers(waiting)["numbers"]["missing"] is None


def test_too_few_days_are_named_and_looser_numbers_need_a_new_plan(waiting: Lab) -> None:
    waiting.go("sign-ins", "read", "--since", days_before(waiting, 3.2))
    said = " ".join(waiting.go(*YES, code=3).err.split())
    assert "whole days of the log since the policy was last changed: 3 (at least 7)" in said
    waiting.configure(policy=CREATE, limits=f"{PROMPTS}\n[sign_ins.exit_rule]\ndays = 2")
    stale = " ".join(waiting.go(*YES, code=3).err.split())
    assert "sign_ins.exit_rule: days 7 -> days 2" in stale
    waiting.configure(policy=CREATE, limits=f"{PROMPTS}\n[sign_ins.exit_rule]\ndays = 9")
    said = " ".join(waiting.go(*YES, code=3).err.split())
    assert "obeyed, though the plan is older: sign_ins.exit_rule: days 7 -> days 9" in said
    assert "3 (at least 9)" in said


def test_what_the_log_shows_stops_it_with_the_numbers_and_whom_nobody_saw_is_named(waiting: Lab) -> None:
    waiting.go("sign-ins", "read", "--days", "10")
    found = numbers(waiting)["numbers"]
    assert found["missing"] is None
    happened = {
        (applied["result"], entry["clientAppUsed"])
        for entry in ask(f"{waiting.url}/_sandbox/signins")["value"]
        for applied in entry["appliedConditionalAccessPolicies"]
        if applied["id"] == own_policy(waiting)["id"] and applied["result"].startswith("reportOnly")
    }
    assert ("reportOnlyFailure", "IMAP4") in happened
    failures = [one for one in found["counts"] if one["would"] == "failure"]
    assert [(one["client"], one["people"]) for one in failures] == [("IMAP4", [waiting.id_of("alma.berg")])]
    stopped = waiting.go(*YES, code=3)
    said = " ".join(stopped.err.split())
    assert "people who would have failed and are not accepted: 1 (at most 0)" in said
    assert "enabled people in scope who were seen" in said
    assert own_policy(waiting)["state"] == "enabledForReportingButNotEnforced"
    assert waiting.id_of("ben.frost") in found["unseen"]
    assert waiting.id_of("alma.berg") not in found["unseen"]
    assert waiting.go("sign-ins", "report-only", "--exit-code", code=1).out


def test_where_every_number_holds_apply_switches_the_policy_on_without_a_reason(make_lab: Callable[..., Lab]) -> None:
    lab = make_lab(users=40, signin_lag_seconds=0.0)
    lab.configure(policy=CREATE, limits=PROMPTS)
    lab.go("export")
    lab.go("plan")
    lab.go(*YES)
    lab.advance(60)
    people = lab.tenant.people
    able = [place for place in range(len(people)) if people.account_enabled(place) and people.has_strong_method(place)]
    sign_in(lab, "alma.berg")
    lab.advance(8 * DAY)
    for place in able:
        ask(f"{lab.url}/_sandbox/signins", "POST", {"user": people.user_id(place), "app": EXCHANGE})
    lab.advance(3600)
    lab.go("sign-ins", "read", "--days", "10")
    assert "Switched on" in lab.go(*YES).said
    assert own_policy(lab)["state"] == "enabled"
