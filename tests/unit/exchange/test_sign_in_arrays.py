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


@pytest.mark.parametrize(
    "none",
    [
        "2026-11-29T10:00:00+02:00Z",
        "2026-11-29T10:00:00-02:00Z",
        "2026-11-29T10:00:00.5+02:00Z",
        "2026-11-29T10:00:00ZZ",
        "2026-11-29T10:00:00 or laterZ",
        "2026-11-29T10:00+02Z",
        "2026-11-29T10:00:0\N{ARABIC-INDIC DIGIT FIVE}+02:00Z",
    ],
)
def test_what_ends_with_z_and_says_more_than_a_moment_in_utc_is_none(none: str) -> None:
    assert list(seconds_of([none])) == [NO_TIME]
    assert list(seconds_of([none, none])) == [NO_TIME, NO_TIME]
    assert list(seconds_of(["1970-01-01T00:01:00Z", none, ""])) == [60, NO_TIME, NO_TIME]


def test_moments_that_are_written_alike_are_read_as_those_that_are_not() -> None:
    alike = ["1970-01-01T00:01:00.1234567Z", "1970-01-01T00:02:59.0000000Z"]
    assert list(seconds_of(alike)) == [60, 179]
    assert list(seconds_of([*alike, "1970-01-01T00:03:00.5Z", ""])) == [60, 179, 180, NO_TIME]
    assert list(seconds_of(["", ""])) == [NO_TIME, NO_TIME]
    assert list(seconds_of([])) == []
