"""An answer about what no API shows counts for thirty days, and says who gave it and when."""

from __future__ import annotations

from datetime import date

import pytest

from migrate.model.tenant_settings import UNANSWERED, BaselineScopes, BaselineSetting, answer_on


def enforced(said_on: str | None) -> BaselineScopes:
    return BaselineScopes(setting=BaselineSetting.ENFORCED, said_by="Ada", said_on=said_on)


@pytest.mark.parametrize(("day", "counts"), [(20, True), (31, True), (32, False)])
def test_an_answer_of_more_than_thirty_days_ago_counts_as_none(day: int, counts: bool) -> None:
    answer = enforced("2026-10-01")
    found = answer_on(answer, date(2026, 10, day) if day < 32 else date(2026, 11, 1))
    assert found == (answer if counts else UNANSWERED)


def test_no_answer_is_unanswered_and_an_undated_one_is_told_as_such() -> None:
    assert answer_on(None, date(2026, 11, 28)) == UNANSWERED
    assert not UNANSWERED.is_answer
    assert answer_on(enforced(None), date(2026, 11, 28)).words == "enforced, without a date"
    assert enforced("2026-11-20").words == "enforced, seen by Ada on 2026-11-20"
