"""Policies and applications by what a reader calls them."""

from __future__ import annotations

import pytest

from migrate.decide.naming_things import Thing, application_called, policy_called, thing_called
from migrate.errors import UsageProblem
from tests.unit.decide.records import evidence, object_id, policy

POLICIES = evidence(
    policy("Require MFA for all users"), policy("Require MFA for admins"), policy("Block legacy clients")
)
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Require MFA for all users", "Require MFA for all users"),
        ("require mfa for ALL users", "Require MFA for all users"),
        ("block leg", "Block legacy clients"),
        ("mfa admins", "Require MFA for admins"),
        (object_id("Block legacy clients"), None),
    ],
)
def test_a_policy_is_found_by_id_name_or_part_of_it(text: str, name: str | None) -> None:
    if name is None:
        (wanted,) = (each for each in POLICIES.policies if each.display_name == "Block legacy clients")
        assert policy_called(wanted.id.upper(), POLICIES) is wanted
    else:
        assert policy_called(text, POLICIES).display_name == name


def test_two_that_fit_are_an_error_that_lists_both_with_their_ids() -> None:
    with pytest.raises(UsageProblem) as caught:
        policy_called("require", POLICIES)
    ids = [each.id for each in POLICIES.policies if each.display_name.startswith("Require")]
    assert all(each in caught.value.what for each in ids)
    assert "id of one" in caught.value.hint


def test_a_whole_name_goes_before_the_beginning_of_a_longer_one() -> None:
    things = [Thing(id="1", name="MFA"), Thing(id="2", name="MFA for admins")]
    assert thing_called("mfa", things, "policy", otherwise="").id == "1"


def test_a_near_miss_is_proposed_and_where_nothing_is_near_the_way_to_look() -> None:
    with pytest.raises(UsageProblem, match="There is no policy called 'Blok legacy client'") as caught:
        policy_called("Blok legacy client", POLICIES)
    assert caught.value.hint == "Near: 'Block legacy clients'."
    with pytest.raises(UsageProblem) as nothing:
        policy_called("zzzz", POLICIES)
    assert "lists the policies" in nothing.value.hint


@pytest.mark.parametrize("text", ["Exchange Online", "exchange", EXCHANGE, EXCHANGE.upper()])
def test_an_application_is_found_by_name(text: str) -> None:
    assert application_called(text, groups=False).id == EXCHANGE


def test_an_unknown_id_stands_for_itself_and_a_group_only_where_groups_will_do() -> None:
    assert application_called(object_id("app"), groups=False).id == object_id("app")
    assert application_called("office365", groups=True).id == "Office365"
    with pytest.raises(UsageProblem, match="no application called 'office365'"):
        application_called("office365", groups=False)
    with pytest.raises(UsageProblem) as caught:
        application_called("qqqq", groups=True)
    assert "application (client) id, or one of the application groups Office365" in caught.value.hint
