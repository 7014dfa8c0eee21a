"""Moments as numbers: what is none is NO_TIME, alone or among others."""

from __future__ import annotations

import pytest

from migrate.exchange.sign_in_arrays import NO_TIME, seconds_of


@pytest.mark.parametrize("none", ["", "yesterday", "NaT"])
def test_a_row_without_a_moment_has_no_time_and_the_others_keep_theirs(none: str) -> None:
    assert list(seconds_of(["1970-01-01T00:01:00Z", none])) == [60, NO_TIME]
    assert list(seconds_of([none])) == [NO_TIME]
