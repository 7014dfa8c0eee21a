"""Waves as organisations have them: by name, group, file and share, in any order, and nobody moved in silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.decide.planner import Planner
from migrate.decide.wave_order import Moves, WaveOrder
from migrate.model.plan import PlanHeader
from migrate.model.waves import WaveRule, hours_of
from tests.unit.decide.records import (
    TENANT,
    UNREGISTERED,
    evidence,
    object_id,
    policy,
    rules,
    snapshot,
    user,
)


def named(name: str, *people: str, **others: Any) -> WaveRule:
    return WaveRule(name=name, people=frozenset(map(object_id, people)), **others)


def share(percent: float) -> WaveRule:
    return WaveRule(name=f"to {percent:g}%", people=None, share=percent)


def planned(users: list[Any], *waves: WaveRule, before: dict[str, str] | None = None, **more: Any) -> PlanHeader:
    planner = Planner(snapshot(len(users)), evidence(policy()), rules(waves=waves, **more))
    planner.know_waves(before or {})
    list(planner.rows(users))
    return planner.header("cd" * 32, tool_version="0")


def in_waves(header: PlanHeader) -> list[tuple[str, int]]:
    return [(wave.name, wave.users) for wave in header.waves]


def test_waves_come_in_the_order_of_the_configuration_and_what_names_somebody_beats_a_share() -> None:
    people = [user(name) for name in ("ada", "ben", "cleo", "dora")]
    header = planned(people, share(100), named("canary", "ada"), named("Sales", "ben", "ada"))
    assert in_waves(header) == [("to 100%", 2), ("canary", 1), ("Sales", 1), ("not MFA capable yet", 0)]


def test_there_may_be_several_canaries_and_the_rest_is_not_forgotten() -> None:
    people = [user(name) for name in ("ada", "ben", "cleo")]
    header = planned(people, named("canary", "ada", whatever=True), named("canary 2", "ben", whatever=True))
    assert in_waves(header) == [("canary", 1), ("canary 2", 1), ("to 100%", 1), ("not MFA capable yet", 0)]


def test_who_is_not_capable_yet_comes_last_unless_a_canary_names_them() -> None:
    people = [user(name, registration=UNREGISTERED) for name in ("ada", "ben")]
    header = planned(people, named("canary", "ada", whatever=True), named("Sales", "ben"))
    assert in_waves(header) == [("canary", 1), ("Sales", 0), ("to 100%", 0), ("not MFA capable yet", 1)]


def test_the_last_wave_has_a_name_and_hours_of_its_own_where_the_configuration_says_so() -> None:
    last = WaveRule(
        name="by hand", people=None, is_last=True, not_before="2027-01-11T08:00:00+01:00", hours="08:00-12:00Z"
    )
    header = planned([user("ada", registration=UNREGISTERED)], last, share(100))
    assert [(wave.name, wave.not_before, wave.hours) for wave in header.waves] == [
        ("to 100%", "", ""),
        ("by hand", "2027-01-11T08:00:00+01:00", "08:00-12:00Z"),
    ]


def test_whoever_is_in_another_wave_than_before_is_named() -> None:
    people = [user("ada"), user("ben")]
    before = {object_id("ada"): "Sales", object_id("ben"): "Field"}
    header = planned(people, named("Sales", "ada", "ben"), before=before)
    (note,) = (note for note in header.notes if note.code == "waves-moved")
    assert "1 person is in another wave than in the plan before" in note.sentence
    assert "ben@contoso.example from 'Field' to 'Sales'" in note.sentence
    same = planned(people, named("Sales", "ada"), named("Field", "ben"), before=before)
    assert "waves-moved" not in {note.code for note in same.notes}


def test_that_a_wave_has_another_number_moves_nobody() -> None:
    before = {object_id("ada"): "Sales"}
    header = planned([user("ada")], named("canary", "zoe"), named("Sales", "ada"), before=before)
    assert "waves-moved" not in {note.code for note in header.notes}


@given(st.lists(st.sampled_from("abcdefgh"), unique=True), st.randoms())
def test_a_users_wave_depends_on_nobody_else(names: list[str], chance: Any) -> None:
    waves = (named("one", "a", "b"), share(30), named("two", "c"), share(100))
    order = WaveOrder(rules(waves=waves), TENANT)
    found = {name: order.of(object_id(name), is_capable=True) for name in names}
    again = names[:]
    chance.shuffle(again)
    assert found == {name: WaveOrder(rules(waves=waves), TENANT).of(object_id(name), is_capable=True) for name in again}
    assert all(found[name] == 1 for name in names if name in "ab")


@pytest.mark.parametrize(
    ("text", "now", "opens"),
    [
        ("08:00-16:00Z", "2026-12-07T07:59:00+00:00", "2026-12-07T08:00:00+00:00"),
        ("08:00-16:00Z", "2026-12-07T08:00:00+00:00", None),
        ("08:00-16:00Z", "2026-12-07T16:00:00+00:00", "2026-12-08T08:00:00+00:00"),
        ("08:00-16:00+01:00", "2026-12-07T07:30:00+00:00", None),
        ("22:00-06:00+01:00", "2026-12-07T23:00:00+00:00", None),
        ("22:00-06:00+01:00", "2026-12-07T12:00:00+00:00", "2026-12-07T21:00:00+00:00"),
        ("20:00-24:00-05:00", "2026-12-07T12:00:00+00:00", "2026-12-08T01:00:00+00:00"),
    ],
)
def test_hours_open_at_their_offset(text: str, now: str, opens: str | None) -> None:
    hours = hours_of(text)
    assert hours is not None
    assert hours.next_opening(datetime.fromisoformat(now)) == (None if opens is None else datetime.fromisoformat(opens))


NO_HOURS = ["", "8-16", "08:00-16:00", "08:00-08:00Z", "25:00-26:00Z", "08:61-09:00Z", "08:00-16:00+19:00"]


@pytest.mark.parametrize("text", NO_HOURS)
def test_what_are_no_hours_is_told(text: str) -> None:
    assert hours_of(text) is None


@given(
    st.integers(0, 1439),
    st.integers(0, 1440),
    st.integers(-14, 14),
    st.integers(0, 63_072_000),
)
def test_at_the_next_opening_the_hours_are_open(begins: int, ends: int, offset: int, seconds: int) -> None:
    sign = "-" if offset < 0 else "+"
    text = f"{begins // 60:02}:{begins % 60:02}-{ends // 60:02}:{ends % 60:02}{sign}{abs(offset):02}:00"
    hours = hours_of(text)
    assert (hours is None) is (begins == ends)
    if hours is not None:
        now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        opening = hours.next_opening(now)
        assert opening is None or (now < opening <= now + timedelta(days=1) and hours.next_opening(opening) is None)


def test_moves_are_counted_by_the_names_of_waves() -> None:
    moves = Moves({"1": "a", "2": "b"})
    for one in (("1", "ada", "a"), ("2", "ben", "a"), ("3", "cleo", "a")):
        moves.count(*one)
    (note,) = moves.notes()
    assert "ben from 'b' to 'a'" in note.sentence
    assert list(Moves({}).notes()) == []
