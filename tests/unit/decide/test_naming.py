"""People and waves as readers name them: whole names first, then parts, then what is near; two are an error."""

from __future__ import annotations

import msgspec
import pytest

from migrate.decide.naming import NEAR, SHOWN, Person, near_hint, people_called, stopping_place, the_one, wave_number
from migrate.errors import UsageProblem
from migrate.model.plan import Wave

PEOPLE = [
    Person(id=f"{number:08d}-0000-4000-8000-000000000000", user_principal_name=principal, display_name=display)
    for number, (principal, display) in enumerate(
        [
            ("bob.krug@contoso.example", "Bob Krug"),
            ("rob.keller@contoso.example", "Rob Keller"),
            ("hannah.vogt@contoso.example", "Hannah Vogt"),
            ("anna.straße@contoso.example", "Anna Straße"),
            ("anna.lang@contoso.example", "Anna Lang"),
            ("alex@contoso.example", "Alex Imhof"),
            ("alex.imhof@contoso.example", "Alex Imhof"),
            ("", None),
        ],
        1,
    )
]


def found(name: str) -> str | None:
    person = the_one(name, people_called(name, PEOPLE))
    return None if person is None else person.user_principal_name


@pytest.mark.parametrize(
    ("name", "principal"),
    [
        ("bob", "bob.krug@contoso.example"),
        ("BOB", "bob.krug@contoso.example"),
        ("Rob Keller", "rob.keller@contoso.example"),
        ("keller rob", "rob.keller@contoso.example"),
        ("rob.keller", "rob.keller@contoso.example"),
        ("  Rob.Keller@Contoso.Example ", "rob.keller@contoso.example"),
        ("vog", "hannah.vogt@contoso.example"),
        ("STRASSE", "anna.straße@contoso.example"),
        ("alex", "alex@contoso.example"),
        (PEOPLE[1].id.upper(), "rob.keller@contoso.example"),
    ],
)
def test_a_whole_name_or_a_part_in_any_case_finds_the_person(name: str, principal: str) -> None:
    assert found(name) == principal


@pytest.mark.parametrize("name", ["", " ", ".", "@", "zacharias", "nah", "bob@contoso.example", "@contoso.example"])
def test_what_fits_nobody_finds_nobody(name: str) -> None:
    assert found(name) is None


def test_a_name_with_an_at_is_never_a_part_but_is_answered_with_what_is_near() -> None:
    looked = people_called("bob.krugg@contoso.example", PEOPLE)
    assert looked.count == 0
    assert looked.near[0].user_principal_name == "bob.krug@contoso.example"
    assert near_hint(looked).startswith("Near: bob.krug@contoso.example (Bob Krug)")


def test_near_misses_are_proposed_and_only_where_something_is_near() -> None:
    assert "rob.keller@contoso.example (Rob Keller)" in near_hint(people_called("Rob Kelller", PEOPLE))
    assert near_hint(people_called("quixote", PEOPLE)) == ""
    assert near_hint(people_called("nobody@contoso.example", PEOPLE)) == ""
    assert near_hint(people_called("00000009-0000-4000-8000-000000000000", PEOPLE)) == ""
    assert len(people_called("anna.lung@contoso.example", PEOPLE * 5).near) <= NEAR


@pytest.mark.parametrize("name", ["anna", "Alex Imhof", "an"])
def test_two_that_fit_are_an_error_that_lists_both_with_ids(name: str) -> None:
    fitting = people_called(name, PEOPLE)
    assert fitting.count == 2
    with pytest.raises(UsageProblem, match="fits 2 people") as refused:
        the_one(name, fitting)
    for person in fitting.fitting:
        assert person.id in refused.value.what
        assert person.user_principal_name in refused.value.what


def test_of_many_that_fit_a_few_are_listed_and_all_are_counted() -> None:
    many = [Person(id=f"{n}", user_principal_name=f"ada.{n}@contoso.example") for n in range(SHOWN + 5)]
    with pytest.raises(UsageProblem, match=f"fits {SHOWN + 5} people.*and 5 others"):
        the_one("ada", people_called("ada", many))


WAVES = [
    Wave(number=n, name=name, users=1) for n, name in enumerate(["canary", "to 10%", "to 100%", "never registered"], 1)
]


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), ("canary", 1), ("Canary", 1), ("never", 4), ("to 10%", 2), ("TO 100%", 3)]
)
def test_a_reader_names_a_wave_by_number_name_or_beginning(text: str, number: int) -> None:
    assert wave_number(WAVES, text) == number


@pytest.mark.parametrize("text", ["Canary", "never", "can", "", "9", "to"])
def test_what_writes_takes_a_number_or_the_exact_name_only(text: str) -> None:
    assert wave_number(WAVES, "canary", exact=True) == 1
    assert wave_number(WAVES, "4", exact=True) == 4
    with pytest.raises(UsageProblem, match="no wave") as refused:
        wave_number(WAVES, text, exact=True)
    assert "1 'canary', 2 'to 10%'" in refused.value.hint


def test_a_beginning_that_fits_two_waves_is_an_error() -> None:
    with pytest.raises(UsageProblem, match="fits 2 waves"):
        wave_number(WAVES, "to")
    with pytest.raises(UsageProblem, match="has no wave 77"):
        wave_number(WAVES, "77")


def test_a_short_name_of_which_one_letter_is_another_is_proposed() -> None:
    rob, ann = PEOPLE[1], Person(id="9", user_principal_name="ann.lee@contoso.example")
    assert people_called("bob", [rob, ann]).near == (rob,)
    assert people_called("rab", PEOPLE).near == (rob,)
    assert people_called("bor", [rob]).near == ()
    assert people_called("bo", [Person(id="9", user_principal_name="ab@contoso.example")]).near == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("report-only", "report-only"),
        ("policies-on", "policies-on"),
        ("wave:3", "wave:3"),
        ("wave:canary", "wave:1"),
        ("canary", "wave:1"),
    ],
)
def test_where_to_stop_is_a_step_a_wave_or_its_exact_name(text: str, place: str) -> None:
    assert stopping_place(WAVES, text) == place


@pytest.mark.parametrize("text", ["wave:77", "wave:", "wave:can", "can", "Canary", "1", "", "wave"])
def test_nothing_else_says_where_to_stop(text: str) -> None:
    with pytest.raises(UsageProblem, match="--until does not know") as refused:
        stopping_place(WAVES, text)
    assert "or a wave's exact name, such as 'canary'" in refused.value.hint


def test_a_number_that_is_a_name_and_a_name_of_two_waves_are_no_place_to_stop() -> None:
    named = [msgspec.structs.replace(wave, name=name) for wave, name in zip(WAVES, ["1", "twin", "twin"], strict=False)]
    with pytest.raises(UsageProblem, match="does not know"):
        stopping_place(named, "1")
    with pytest.raises(UsageProblem, match="fits 2 waves"):
        stopping_place(named, "twin")
