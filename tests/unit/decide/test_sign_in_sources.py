"""Which part of the log is read, that nothing is counted twice, and hours in which nothing came."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from msgspec import structs

from migrate.decide.sign_ins.sources import (
    HoursSeen,
    after_earlier,
    missing_hours,
    numbered,
    refuse_twice,
    silent_hours,
    window_for,
)
from migrate.errors import UsageProblem
from migrate.model.instants import iso_utc
from migrate.model.sign_ins import Form, Hole, HoleWhy, Seen, SeenAs, SignInSource
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


def read_between(since: str, until: str) -> SignInSource:
    return structs.replace(SOURCE, since=since, until=until, complete=True)


def seen(*hours: tuple[int, int]) -> SeenAs:
    first, last = hours[0][0] * 3600, hours[-1][0] * 3600
    return SeenAs(kind=KIND, user_id="u", seen=Seen(rows=1, first=first, last=last, hours=hours))


def test_an_hour_without_a_row_between_two_lively_ones_is_silent() -> None:
    (hole,) = silent_hours([seen((100, 10), (102, 12), (103, 12))])
    assert (hole.form, hole.since, hole.why) == (Form.INTERACTIVE, "1970-01-05T05:00:00Z", HoleWhy.SILENT)
    assert silent_hours([seen((100, 9), (102, 12))]) == ()
    assert silent_hours([seen((100, 10), (101, 1), (102, 12))]) == ()


def test_two_silent_hours_in_a_row_are_one_hole() -> None:
    (hole,) = silent_hours([seen((100, 10), (103, 12))])
    assert (hole.since, hole.until) == ("1970-01-05T05:00:00Z", "1970-01-05T07:00:00Z")
    assert silent_hours([seen((100, 10), (103, 9))]) == ()
    assert len(silent_hours([seen((100, 10), (102, 12), (103, 12), (105, 10))])) == 2


def test_a_night_is_no_hole_and_hours_that_are_lively_on_the_days_around_are() -> None:
    office = [(day * 24 + hour, 20) for day in (10, 11, 12) for hour in range(8, 18)]
    assert silent_hours([seen(*office)]) == ()
    broken = [one for one in office if not 11 * 24 + 9 <= one[0] < 11 * 24 + 15]
    (hole,) = silent_hours([seen(*broken)])
    assert (hole.since, hole.until) == ("1970-01-12T09:00:00Z", "1970-01-12T15:00:00Z")


def test_what_no_reading_covers_is_missing_and_so_are_its_holes_and_silent_hours() -> None:
    hours = HoursSeen()
    hours.note(seen((100, 10), (103, 10)))

    def missing(*sources: SignInSource, since: int = 100) -> tuple[int, ...]:
        return missing_hours(Form.INTERACTIVE, sources, hours, since=since)

    whole = read_between("1970-01-05T04:00:00Z", "1970-01-05T12:00:00Z")
    assert missing(whole) == (101, 102)
    assert missing(whole, since=102) == (102,)
    assert missing() == ()
    hole = Hole(form=Form.INTERACTIVE, since="1970-01-05T08:00:00Z", until="1970-01-05T09:30:00Z", why=HoleWhy.FAILED)
    assert missing(structs.replace(whole, holes=(hole,))) == (101, 102, 104, 105)
    other = structs.replace(hole, form=Form.NON_INTERACTIVE)
    assert missing(structs.replace(whole, holes=(other,))) == (101, 102)
    begun = structs.replace(whole, complete=False, done={Form.INTERACTIVE: "1970-01-05T10:00:00Z"})
    assert missing(begun) == (101, 102, 106, 107)
    later = read_between("1970-01-05T14:10:00Z", "1970-01-05T15:00:00Z")
    assert missing(whole, later) == (101, 102, 108, 109)


def test_a_reading_is_named_by_its_number() -> None:
    assert numbered("3", {3: SOURCE}) == 3
    for text in ("4", "x", ""):
        with pytest.raises(UsageProblem, match="There is no reading"):
            numbered(text, {3: SOURCE})
