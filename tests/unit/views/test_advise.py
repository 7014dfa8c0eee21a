"""What `advise` says of the moment that its numbers are true for."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.model.advice import Advice
from migrate.model.now import Moment
from migrate.views.advise import advice_answer
from tests.unit.decide.records import snapshot
from tests.unit.views.test_answers import text_of

EXPORTED = "2026-11-24T08:00:00Z"
UNTIL = "2026-11-24T09:30:00Z"


def advice(uncovered: int) -> Advice:
    return Advice(
        waiting=3,
        uncovered=uncovered,
        proposals=(),
        ways=(),
        exact_up_to=3,
        ruled_out=(),
        acceptances=(),
        sign_ins_since=None,
    )


def answered(uncovered: int = 0, **since: Any) -> Any:
    return advice_answer(snapshot(3), advice(uncovered), Moment(exported_at=EXPORTED, **since), lambda: ())


@pytest.mark.parametrize("uncovered", [0, 2])
@pytest.mark.parametrize(
    ("since", "said"),
    [
        ({"changes": 1, "until": UNTIL}, "1 change by this tool until 2026-11-24 09:30 UTC"),
        ({"changes": 7, "until": UNTIL}, "7 changes by this tool until 2026-11-24 09:30 UTC"),
        ({"in_doubt": 1}, "1 change of which nobody knows yet what became"),
        (
            {"changes": 1, "until": UNTIL, "in_doubt": 2},
            "1 change by this tool until 2026-11-24 09:30 UTC, nor 2 changes of which nobody knows yet what became",
        ),
    ],
)
def test_the_numbers_do_not_count_what_this_tool_did_since_and_say_so(
    uncovered: int, since: dict[str, Any], said: str
) -> None:
    shown = " ".join(text_of(answered(uncovered, **since)).split())
    assert f"Its numbers do not count {said}: `mfa-migrate export`, then `mfa-migrate advise`, counts them." in shown


def test_nothing_is_said_where_nothing_was_done_since() -> None:
    assert "do not count" not in text_of(answered())


def test_the_document_has_the_number_too() -> None:
    assert answered(changes=7, until=UNTIL).document["changesSince"] == 7
