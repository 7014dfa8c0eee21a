"""A row of a log that Graph shows in part says nothing of what it lacks, and ends nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from migrate.errors import IncompleteRead
from migrate.model.sign_in_rows import Row
from migrate.model.sign_ins import Form

SINCE, UNTIL = datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 24, 9, tzinfo=UTC)
WHOLE: dict[str, Any] = {
    "id": "s1",
    "createdDateTime": "2026-11-24T08:30:00Z",
    "userId": "U1",
    "appId": "a",
    "status": {"errorCode": 0},
    "deviceDetail": {"operatingSystem": "Windows"},
    "authenticationDetails": [{"authenticationMethod": "Password"}],
    "appliedConditionalAccessPolicies": [{"id": "p", "result": "success", "enforcedGrantControls": ["Mfa"]}],
}


def read(opened: Any, reply: Any, *rows: Any) -> list[Row]:
    async def run() -> list[Row]:
        async with opened(lambda _: reply(200, {"value": list(rows)})) as o:
            return [row async for page in o.tenant.iter_sign_ins(Form.INTERACTIVE, SINCE, UNTIL) for row in page]

    return asyncio.run(run())


def test_a_whole_row_says_what_it_says(opened: Any, reply: Any) -> None:
    [row] = read(opened, reply, WHOLE)
    assert (row.user_id, row.shape.code, row.shape.methods) == ("u1", 0, ("Password",))
    assert row.shape.results is not None


@pytest.mark.parametrize("member", list(WHOLE))
@pytest.mark.parametrize("strange", [None, 7, [None], {"x": [None]}])
def test_a_member_of_another_type_is_as_one_that_is_not_there(
    opened: Any, reply: Any, member: str, strange: Any
) -> None:
    first, odd, last = read(opened, reply, WHOLE, {**WHOLE, member: strange}, WHOLE)
    [without] = read(opened, reply, {key: value for key, value in WHOLE.items() if key != member})
    assert first == last
    told = ("deviceDetail", "status")
    assert odd == without or (member in told and strange == {"x": [None]}), "an object without its members says less"


def test_a_null_row_is_a_row_that_says_nothing(opened: Any, reply: Any) -> None:
    _, null = read(opened, reply, WHOLE, None)
    assert (null.user_id, null.at, null.shape.results, null.shape.multifactor) == ("", "", None, None)


def test_an_error_in_the_place_of_a_row_fails_the_read(opened: Any, reply: Any) -> None:
    with pytest.raises(IncompleteRead):
        read(opened, reply, WHOLE, {"error": {"code": "InternalServerError", "message": "x"}})


@pytest.mark.parametrize("strange", [None, {}, {"activityDateTime": 5}, {"activityDisplayName": "undated"}])
def test_an_event_of_the_audit_log_without_a_time_is_left_out_alone(opened: Any, reply: Any, strange: Any) -> None:
    event = {"activityDateTime": "2026-11-24T08:30:00Z", "activityDisplayName": "Update user", "targetResources": []}

    async def run() -> list[str]:
        async with opened(lambda _: reply(200, {"value": [event, strange, event]})) as o:
            return [one.activity async for page in o.tenant.iter_directory_audits(SINCE, UNTIL) for one in page]

    assert asyncio.run(run()) == ["Update user", "Update user"]
