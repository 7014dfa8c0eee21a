"""Times for people: one form, and on a terminal what a clock here shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from migrate.model.instants import minute_utc
from migrate.model.now import Moment
from migrate.views.moments import said_moment, with_local_times

TOKYO = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    "moment", ["2026-12-05T15:27:32Z", "2026-12-05T16:27:59.5+01:00", datetime(2026, 12, 5, 15, 27, tzinfo=UTC)]
)
def test_there_is_one_form_for_times(moment: datetime | str) -> None:
    assert minute_utc(moment) == "2026-12-05 15:27 UTC"


@pytest.mark.parametrize("text", ["soon", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_what_is_no_time_stays_as_it_is(text: str) -> None:
    assert minute_utc(text) == text


@pytest.mark.parametrize(
    ("text", "zone", "shown"),
    [
        ("until 2026-12-05 15:27 UTC.", TOKYO, "until 2026-12-05 15:27 UTC (2026-12-06 00:27 here)."),
        ("2026-12-05 01:00 UTC, 2026-12-05 02:00 UTC", TOKYO, None),
        ("until 2026-12-05 15:27 UTC", UTC, "until 2026-12-05 15:27 UTC"),
        ("a file of 2026-12-05 15:27", TOKYO, "a file of 2026-12-05 15:27"),
    ],
)
def test_the_local_time_stands_behind_it_where_it_is_another_one(text: str, zone: timezone, shown: str | None) -> None:
    both = "2026-12-05 01:00 UTC (10:00 here), 2026-12-05 02:00 UTC (11:00 here)"
    assert with_local_times(text, lambda moment: moment.astimezone(zone)) == (shown or both)
    assert with_local_times(text, None) == text
    again = with_local_times(
        with_local_times(text, lambda moment: moment.astimezone(zone)), lambda m: m.astimezone(zone)
    )
    assert again == (shown or both)


def test_a_moment_says_where_it_comes_from() -> None:
    assert said_moment(Moment(exported_at="2026-12-05T15:27:32Z")) == "export of 2026-12-05 15:27 UTC"
    live = Moment(exported_at="2026-12-05T15:27:32Z", live=True)
    assert said_moment(live) == "read from the tenant at 2026-12-05 15:27 UTC"
