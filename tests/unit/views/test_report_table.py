"""The table of people and the pictures: who stands there, what a hostile name becomes, and that shapes add up."""

from __future__ import annotations

import re
from itertools import pairwise

from migrate.model.coverage import Verdict
from migrate.model.report import AccountKind, Flow, Person, PersonOutcome, RequiredBy, Standing, Strongest
from migrate.model.users import MfaState
from migrate.views.report.people_table import Kept
from migrate.views.report.ribbons import ribbons_of


def person(number: int, *, outcome: PersonOutcome = PersonOutcome.TO_COME, name: str = "") -> Person:
    return Person(
        user_id=f"{number:08x}",
        user_principal_name=name or f"user{number}@contoso.example",
        standing=Standing(
            kind=AccountKind.MEMBER,
            before=MfaState.ENFORCED,
            state=MfaState.ENFORCED,
            verdict=Verdict.COVERED,
            required_by=RequiredBy.BOTH,
            outcome=outcome,
            wave=1,
            hold=None,
            strongest=Strongest.APP,
        ),
    )


def test_up_to_the_limit_everybody_stands_there() -> None:
    kept = Kept(most=3)
    for number in range(3):
        kept.take(person(number))
    assert kept.is_whole
    assert len(kept.people) == kept.seen == 3


def test_above_the_limit_only_those_who_need_attention_do_and_the_rest_is_counted() -> None:
    kept = Kept(most=3)
    for number in range(10):
        kept.take(person(number, outcome=PersonOutcome.HELD if number % 2 else PersonOutcome.TO_COME))
    assert not kept.is_whole
    assert [one.user_id for one in kept.people] == [f"{number:08x}" for number in (1, 3, 5)]
    assert (kept.seen, kept.left_out) == (10, 2)
    assert not kept.holds_all(PersonOutcome.HELD)


def test_a_number_is_a_link_only_where_everybody_of_it_stands_in_the_table() -> None:
    kept = Kept(most=3)
    for number in range(5):
        kept.take(person(number, outcome=PersonOutcome.TO_COME if number else PersonOutcome.HELD))
    assert [kept.holds_all(one) for one in (PersonOutcome.HELD, PersonOutcome.TO_COME)] == [True, False]
    assert Kept().holds_all(PersonOutcome.TO_COME)


def flow(before: MfaState | None, outcome: PersonOutcome, people: int) -> Flow:
    return Flow(before=before, verdict=Verdict.COVERED, outcome=outcome, people=people)


def test_ribbons_begin_and_end_within_their_places_and_take_the_whole_of_them() -> None:
    picture = ribbons_of(
        [
            flow(MfaState.ENFORCED, PersonOutcome.DONE, 900),
            flow(MfaState.ENFORCED, PersonOutcome.HELD, 1),
            flow(MfaState.ENABLED, PersonOutcome.DONE, 90),
            flow(None, PersonOutcome.UNREAD, 9),
        ]
    )
    assert sum(place.people for place in picture.places) == 3 * 1000
    assert picture.thin
    for column in range(3):
        places = [place for place in picture.places if place.column == column]
        for one, following in pairwise(places):
            assert one.y + one.height < following.y
        assert places[-1].y + places[-1].height <= picture.height
    tops = [float(re.match(r"M[\d.]+ ([\d.]+)C", ribbon.path)[1]) for ribbon in picture.ribbons]  # type: ignore[index]
    assert all(0 <= top <= picture.height for top in tops)


def test_nobody_makes_an_empty_picture() -> None:
    assert ribbons_of([]).places == []
