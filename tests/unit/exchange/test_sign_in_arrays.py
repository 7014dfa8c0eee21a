"""Moments as numbers: what is none is NO_TIME, alone or among others."""

from __future__ import annotations

import pytest

from migrate.exchange.sign_in_arrays import NO_TIME, seconds_of


@pytest.mark.parametrize("none", ["", "yesterday", "NaT"])
def test_a_row_without_a_moment_has_no_time_and_the_others_keep_theirs(none: str) -> None:
    assert list(seconds_of(["1970-01-01T00:01:00Z", none])) == [60, NO_TIME]
    assert list(seconds_of([none])) == [NO_TIME]


def test_a_difference_to_utc_counts_and_only_a_date_is_a_moment() -> None:
    assert list(seconds_of(["1970-01-01T02:01:00+02:00", "1970-01-01T00:01:00.1234567Z"])) == [60, 60]
    assert list(seconds_of(["now", "1970-01-01 00:01:00"])) == [NO_TIME, 60]
    assert list(seconds_of(["a\nb", "2026-02-30T10:00:00Z"])) == [NO_TIME, NO_TIME]
