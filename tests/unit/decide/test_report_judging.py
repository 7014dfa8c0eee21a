"""The boxes of the report: nothing is green without a check, and each thing that is missing is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrate.decide.report.judging import migration_box, tenant_box
from migrate.model.now import Moment
from migrate.model.reasons import Why, reason_of
from migrate.model.report import Answer, Doubt, ExceptionFacts, ExceptionKind, ExceptionMark, RequiredBy, Totals
from migrate.model.run import RunStanding
from migrate.model.verification import Verification

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
MOMENT = Moment(exported_at="2026-12-01T08:00:00Z")
STANDING = RunStanding(
    plan_digest="a" * 64,
    migrated=3,
    planned=3,
    held_back=0,
    put_back=0,
    outcomes={"confirmed": 3},
    waiting_for=None,
    closed=True,
    next_plan=None,
    paused=False,
    held_by={},
    impacts=(),
    waiting_since="",
)
VERIFIED = Verification(
    at="2026-12-01T11:00:00Z",
    tool_version="0",
    plan_digest="a" * 64,
    snapshot_id="b" * 64,
    findings={},
    users=10,
    switched_off=3,
    policies=1,
    registrations=9,
    held_back=0,
    journal_entries=20,
)
LAPSED = ExceptionFacts(
    kind=ExceptionKind.EXCLUDED,
    subject_id="",
    subject="",
    reason="",
    decided_by="",
    since="",
    ends="2026-11-30",
    marks=(ExceptionMark.LAPSED,),
)


def box(**changes: Any) -> Any:
    given: dict[str, Any] = {
        "plan": None,
        "standing": STANDING,
        "verification": VERIFIED,
        "last_write_number": 20,
        "moment": MOMENT,
        "unread_in_plan": 0,
        "exceptions": (),
        "now": NOW,
        **changes,
    }
    return migration_box(given.pop("plan"), given.pop("standing"), given.pop("verification"), **given)


def with_(record: Any, **changes: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(record, **changes)


def test_a_fresh_verification_without_findings_after_the_last_change_is_green() -> None:
    assert box() == box(last_write_number=0)
    assert box().answer is Answer.SAFE
    assert box().doubts == ()


STOPPED = with_(STANDING, closed=False, waiting_for=reason_of(Why.STOPPED, "too many failures"))


@pytest.mark.parametrize(
    ("changes", "answer", "doubt"),
    [
        ({"verification": None}, Answer.NOT_CHECKED, Doubt.NEVER_VERIFIED),
        ({"last_write_number": 21}, Answer.NOT_CHECKED, Doubt.CHANGED_SINCE),
        ({"now": NOW + timedelta(hours=23)}, Answer.NOT_CHECKED, Doubt.TOO_OLD),
        ({"verification": with_(VERIFIED, at="no moment")}, Answer.NOT_CHECKED, Doubt.TOO_OLD),
        ({"unread_in_plan": 1}, Answer.NOT_CHECKED, Doubt.UNREADABLE),
        ({"moment": with_(MOMENT, in_doubt=1)}, Answer.NOT_CHECKED, Doubt.IN_DOUBT),
        ({"exceptions": (LAPSED,)}, Answer.NOT_CHECKED, Doubt.EXCEPTION_LAPSED),
        ({"standing": None, "verification": None}, Answer.NOT_CHECKED, Doubt.NOTHING_APPLIED),
        ({"verification": with_(VERIFIED, findings={"not-covered": 2})}, Answer.STOP, Doubt.FINDINGS),
        ({"standing": STOPPED}, Answer.STOP, Doubt.RUN_STOPPED),
    ],
    ids=str,
)
def test_whatever_is_missing_takes_the_green_away_and_is_named(
    changes: dict[str, Any], answer: Answer, doubt: Doubt
) -> None:
    found = box(**changes)
    assert found.answer is answer
    assert doubt in found.doubts


def totals(**required: int) -> Totals:
    return Totals(
        people=sum(required.values()),
        by_outcome={},
        by_state={},
        by_verdict={},
        by_required=required,
        by_strongest={},
        by_kind={},
        open_by_us=0,
        enabled_before=0,
    )


@pytest.mark.parametrize(
    ("required", "answer"),
    [
        ({RequiredBy.BOTH.value: 3, RequiredBy.POLICIES.value: 2, RequiredBy.PER_USER.value: 1}, Answer.SAFE),
        ({RequiredBy.BOTH.value: 3, RequiredBy.ACCOUNT_OFF.value: 2, RequiredBy.AGENT.value: 1}, Answer.SAFE),
        ({RequiredBy.BOTH.value: 3, RequiredBy.NEITHER.value: 1}, Answer.OPEN),
        ({RequiredBy.BOTH.value: 3, RequiredBy.PARTLY.value: 1}, Answer.OPEN),
        ({RequiredBy.BOTH.value: 3, RequiredBy.UNKNOWN.value: 1}, Answer.NOT_CHECKED),
    ],
    ids=str,
)
def test_the_tenant_is_judged_for_itself(required: dict[str, int], answer: Answer) -> None:
    assert tenant_box(totals(**required), MOMENT, None, now=NOW).answer is answer


def test_an_old_export_or_a_later_finding_makes_no_tenant_green() -> None:
    everybody = totals(both=3)
    assert tenant_box(everybody, MOMENT, None, now=NOW + timedelta(days=1)).answer is Answer.NOT_CHECKED
    found = with_(VERIFIED, findings={"not-covered": 1})
    assert tenant_box(everybody, MOMENT, found, now=NOW).answer is Answer.NOT_CHECKED
