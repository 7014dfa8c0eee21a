"""Waits are values: two are the same by their facts, and the sentence is made from them at the last moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from migrate.model.reasons import Why, parts_text, reason_from_parts
from migrate.model.waits import Waiting, WaitKind

UNTIL = datetime(2026, 11, 29, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", WaitKind)
def test_every_wait_has_a_sentence_and_comes_back_from_the_journal_as_a_value(kind: WaitKind) -> None:
    waiting = Waiting(kind=kind, name="A", number=3, until=UNTIL, said="busy")
    reason = waiting.reason
    assert waiting.what
    assert str(reason) == str(waiting)
    back = reason_from_parts(reason.why.value, parts_text(reason))
    assert back.why is Why.WAITING
    assert (WaitKind(back.parts.wait), back.parts.name, back.parts.number) == (kind, "A", 3)
    assert datetime.fromisoformat(back.parts.until) == UNTIL


def test_the_moment_of_throttling_is_told_to_the_second_and_others_to_the_minute() -> None:
    assert str(Waiting(kind=WaitKind.THROTTLED, name="reads", until=UNTIL)).endswith("until 08:00:00 UTC")
    assert str(Waiting(kind=WaitKind.POLICY_SETTLES, name="A", until=UNTIL)).endswith("until 2026-11-29 08:00 UTC")


def test_a_wait_is_like_another_when_it_is_about_the_same_until_the_same_moment() -> None:
    waiting = Waiting(kind=WaitKind.THROTTLED, name="reads", until=UNTIL, number=3)
    assert waiting.is_like(Waiting(kind=WaitKind.THROTTLED, name="reads", until=UNTIL, number=9))
    assert not waiting.is_like(None)
    assert not waiting.is_like(Waiting(kind=WaitKind.THROTTLED, name="writes", until=UNTIL))
    assert not waiting.is_like(Waiting(kind=WaitKind.THROTTLED, name="reads"))
    assert not waiting.is_like(Waiting(kind=WaitKind.PACED, name="reads", until=UNTIL))
