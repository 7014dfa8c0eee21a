"""People of verbs that write, by exact names that nobody else bears: found in the export, asked of the tenant again."""

from __future__ import annotations

import pytest

from migrate.errors import UsageProblem
from migrate.exchange.state_requests import requests_named
from tests.e2e.laboratory import Lab
from tests.e2e.test_rollback import APPLY

SET = ("set-state", "--state", "Disabled")


def named(lab: Lab, who: str, name: str) -> None:
    """Give somebody another display name, as an administrator would in the portal."""
    people = lab.tenant.people
    place = people.find(lab.id_of(who))
    assert place is not None
    people.amend(place, {"displayName": name})


def said_of(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", ["Alma Berg", "alma BERG", "alma.berg"])
def test_an_exact_name_in_any_case_is_the_person(lab: Lab, name: str) -> None:
    lab.go("export")
    ran = lab.go(*SET, "--user", name)
    who = f"'{name}' is {lab.name_of('alma.berg')} (Alma Berg), {lab.id_of('alma.berg')}."
    assert who in said_of(ran.err)
    assert lab.state_of("alma.berg") == "disabled"
    ran = lab.go("rollback", "--users", name, "--yes")
    assert who in said_of(ran.err)
    assert lab.state_of("alma.berg") == "enforced"


def test_a_part_of_a_name_is_nobody_and_the_near_ones_are_shown(lab: Lab) -> None:
    lab.go("export")
    before = lab.states()
    for words in ((*SET, "--user", "alma"), ("rollback", "--users", "alma", "--yes")):
        said = said_of(lab.go(*words, code=2).err)
        assert "Nobody is called exactly 'alma'" in said
        assert f"Near: {lab.name_of('alma.berg')} (Alma Berg)" in said
    assert lab.states() == before


def test_two_who_bear_a_name_are_listed_with_their_ids(lab: Lab) -> None:
    named(lab, "ben.frost", "ALMA berg")
    lab.go("export")
    before = lab.states()
    for words in ((*SET, "--user", "Alma Berg"), ("rollback", "--users", "Alma Berg", "--yes")):
        said = said_of(lab.go(*words, code=2).err)
        assert "'Alma Berg' fits 2 people" in said
        assert lab.id_of("alma.berg") in said
        assert lab.id_of("ben.frost") in said
    assert lab.states() == before


@pytest.mark.parametrize("bearer", ["besides", "instead"])
def test_a_name_that_means_somebody_else_by_then_is_a_refusal(lab: Lab, bearer: str) -> None:
    lab.go("export")
    lab.go("plan")
    lab.go(*APPLY)
    before = lab.states()
    if bearer == "instead":
        named(lab, "alma.berg", "Alma Frost")
    named(lab, "ben.frost", "alma berg")
    for words in ((*SET, "--user", "Alma Berg"), ("rollback", "--users", "Alma Berg", "--yes")):
        said = said_of(lab.go(*words, code=3).err)
        assert (
            f"'Alma Berg' was {lab.name_of('alma.berg')} (Alma Berg), {lab.id_of('alma.berg')}, in the export" in said
        )
        assert lab.id_of("ben.frost") in said.partition("and is ")[2]
        assert "Nothing was changed." in said
    assert lab.states() == before
    lab.go("rollback", "--users", lab.id_of("alma.berg"), "--yes")
    assert lab.state_of("alma.berg") == "enforced", "the id always does"


def test_without_an_export_only_ids_and_user_principal_names_do(lab: Lab) -> None:
    said = said_of(lab.go(*SET, "--user", "Alma Berg", code=2).err)
    assert "there is no export to look it up in" in said
    lab.go(*SET, "--user", lab.name_of("alma.berg"), "--user", lab.id_of("ben.frost"))
    assert {lab.state_of("alma.berg"), lab.state_of("ben.frost")} == {"disabled"}


def test_a_name_with_a_comma_is_taken_whole(lab: Lab) -> None:
    named(lab, "alma.berg", "Berg, Alma")
    lab.go("export")
    lab.go("plan")
    lab.go(*APPLY)
    lab.go("rollback", "--users", f"Berg, Alma,{lab.name_of('ben.frost')}", "--yes", code=2)
    lab.go("rollback", "--users", "Berg, Alma", "--users", lab.name_of("ben.frost"), "--yes")
    assert [lab.state_of(who) for who in ("alma.berg", "ben.frost", "cleo.nair")] == [
        "enforced",
        "enforced",
        "disabled",
    ]


def test_people_by_key_belong_to_no_pair() -> None:
    mixed = requests_named(["11111111-1111-1111-1111-111111111111"], ["ada@contoso.example"], {"ben@contoso.example"})
    assert [(one.index, one.key) for one in mixed] == [
        (0, "11111111-1111-1111-1111-111111111111"),
        (1, "ben@contoso.example"),
    ]
    with pytest.raises(UsageProblem, match="neither an object id"):
        requests_named([], ["Ada Berg"])
