"""Which part of the log is read, that nothing is counted twice, and hours in which nothing came."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from msgspec import structs

from migrate.decide.sign_ins.sources import after_earlier, numbered, refuse_twice, silent_hours, window_for
from migrate.errors import UsageProblem
from migrate.model.instants import iso_utc
from migrate.model.sign_ins import Form, HoleWhy, Seen, SeenAs
from tests.unit.store.test_sign_ins import KIND, SOURCE

NOW = datetime.fromisoformat("2026-11-24T12:00:30Z")


def window(**asked: Any) -> tuple[str, str]:
    found = window_for(**{"days": None, "since": None, "until": None, "now": NOW, **asked})
    return iso_utc(found.since), iso_utc(found.until)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ("2026-11-10T11:45:00Z", "2026-11-24T11:45:00Z")),
        ({"days": 1}, ("2026-11-23T11:45:00Z", "2026-11-24T11:45:00Z")),
        ({"since": "2026-11-20", "until": "2026-11-21"}, ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z")),
        ({"since": "2026-11-20T02:00:00+02:00"}, ("2026-11-20T00:00:00Z", "2026-11-24T11:45:00Z")),
        ({"since": "2026-01-01"}, ("2026-10-25T12:00:00Z", "2026-11-24T11:45:00Z")),
        ({"until": "2027-01-01", "days": 1}, ("2026-11-23T11:45:00Z", "2026-11-24T11:45:00Z")),
    ],
)
def test_the_window_is_what_was_asked_for_as_far_as_the_log_reaches(
    asked: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert window(**asked) == expected


@pytest.mark.parametrize(
    "asked", [{"days": 1, "since": "2026-11-20"}, {"since": "yesterday"}, {"since": "2026-11-24T11:50:00Z"}]
)
def test_what_is_no_window_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageProblem):
        window(**asked)


def test_a_later_reading_begins_where_the_last_one_ended() -> None:
    earlier = structs.replace(SOURCE, since="2026-11-20T00:00:00Z", until="2026-11-22T00:00:00Z", complete=True)
    asked = window_for(days=3, since=None, until=None, now=NOW)
    assert iso_utc(after_earlier(asked, Form, {1: earlier}).since) == "2026-11-22T00:00:00Z"
    inside = structs.replace(earlier, since="2026-11-22T12:00:00Z")
    with pytest.raises(UsageProblem, match="Reading 1 holds"):
        after_earlier(asked, Form, {1: structs.replace(inside, until="2026-11-23T00:00:00Z")})
    with pytest.raises(UsageProblem, match="Reading 1 holds"):
        after_earlier(asked, Form, {1: structs.replace(earlier, until="2026-11-25T00:00:00Z")})


def test_a_file_over_the_same_window_is_refused_and_another_form_is_not() -> None:
    read = structs.replace(SOURCE, complete=True)
    with pytest.raises(UsageProblem, match="counted twice"):
        refuse_twice(read, {4: read})
    refuse_twice(structs.replace(read, forms=(Form.NON_INTERACTIVE,)), {4: read})
    refuse_twice(structs.replace(read, since="2026-11-25T00:00:00Z", until="2026-11-26T00:00:00Z"), {4: read})


def seen(*hours: tuple[int, int]) -> SeenAs:
    first, last = hours[0][0] * 3600, hours[-1][0] * 3600
    return SeenAs(kind=KIND, user_id="u", seen=Seen(rows=1, first=first, last=last, hours=hours))


def test_an_hour_without_a_row_between_two_lively_ones_is_silent() -> None:
    (hole,) = silent_hours([seen((100, 10), (102, 12), (103, 12))])
    assert (hole.form, hole.since, hole.why) == (Form.INTERACTIVE, "1970-01-05T05:00:00Z", HoleWhy.SILENT)
    assert silent_hours([seen((100, 9), (102, 12))]) == ()
    assert silent_hours([seen((100, 10), (101, 1), (102, 12))]) == ()
    assert silent_hours([seen((100, 10), (103, 12))]) == ()


def test_a_reading_is_named_by_its_number() -> None:
    assert numbered("3", {3: SOURCE}) == 3
    for text in ("4", "x", ""):
        with pytest.raises(UsageProblem, match="There is no reading"):
            numbered(text, {3: SOURCE})
