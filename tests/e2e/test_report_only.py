"""The exit rule by whole commands: a report-only policy is switched on only when the sign-in log speaks for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.laboratory import Lab, ask
from tests.e2e.test_create_mode import CREATE, DAY, PROMPTS, own_policy
from tests.e2e.test_sign_ins import sign_in

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


def test_without_a_log_there_is_no_data_and_the_wait_alone_decides(waiting: Lab) -> None:
    found = numbers(waiting)
    assert (found["numbers"]["missing"], found["holds"]) == ("noLog", False)
    assert "no sign-in log was read" in waiting.go("sign-ins", "report-only").out
    waiting.go(*YES)
    assert own_policy(waiting)["state"] == "enabled"


def test_where_the_rule_is_required_a_missing_log_stops_it_and_a_reason_goes_past_it(waiting: Lab) -> None:
    waiting.configure(policy=f'{CREATE}\nexit_rule = "required"', limits=PROMPTS)
    stopped = waiting.go(*YES, code=3)
    assert "exit rule does not hold: no data (noLog)" in " ".join(stopped.err.split())
    assert own_policy(waiting)["state"] == "enabledForReportingButNotEnforced"
    waiting.go(*YES, "--skip-report-only", "agreed with the help desk")
    assert own_policy(waiting)["state"] == "enabled"


def test_what_the_log_shows_stops_it_with_the_numbers(waiting: Lab) -> None:
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
    assert "failures is 1, the limit is 0" in said
    assert "seen is" in said
    assert own_policy(waiting)["state"] == "enabledForReportingButNotEnforced"


def test_whom_nobody_saw_is_named(waiting: Lab) -> None:
    waiting.go("sign-ins", "read", "--days", "10")
    found = numbers(waiting)["numbers"]
    assert waiting.id_of("ben.frost") in found["unseen"]
    assert waiting.id_of("alma.berg") not in found["unseen"]
    assert waiting.go("sign-ins", "report-only", "--exit-code", code=1).out
