"""The path of a membership in words: direct, or through which groups. It changes words and never a verdict."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest

from migrate.decide.coverage.explaining import explanation_for
from migrate.decide.coverage.judge import Judge
from migrate.decide.coverage.ways_in import WaysIn, member_words
from migrate.decide.what_if import SignIn, WhatIf
from migrate.model.coverage import Verdict
from migrate.model.evidence import GroupEvidence, NestedGroup, evidence_digest
from migrate.model.users import MfaState, UserRecord
from tests.unit.decide.coverage.tenants import LEAVERS, PAYROLL, PEOPLE, evidence, group, object_id, policy

Nesting = dict[str, NestedGroup]
EITHER_WAY = "member of group 'Leavers', directly or through nested groups"


def inside(name: str | None, *people: str, groups: tuple[str, ...] = ()) -> NestedGroup:
    """Return a group of a nesting. People are names of PEOPLE, groups are ids."""
    return NestedGroup(
        display_name=name,
        groups=frozenset(groups),
        users=frozenset(object_id(f"user {person}") for person in people),
    )


def leavers(nested: Nesting | None, *members: str) -> GroupEvidence:
    return group(LEAVERS, "Leavers", members, nested=nested)


def ways(nested: Nesting | None, person: str) -> tuple[str, ...]:
    return WaysIn(leavers(nested, person)).of(object_id(f"user {person}"))


SALES: Nesting = {
    LEAVERS: inside("Leavers", "leo", groups=("sales",)),
    "sales": inside("Sales", "ada", groups=("emea",)),
    "emea": inside("Sales EMEA", "adam", groups=("berlin",)),
    "berlin": inside("Berlin", "pim"),
}


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ("leo", "direct member of group 'Leavers'"),
        ("ada", "member of group 'Leavers' through 'Sales'"),
        ("adam", "member of group 'Leavers' through 'Sales' and 'Sales EMEA'"),
        ("pim", "member of group 'Leavers' through 'Sales', 'Sales EMEA' and 'Berlin'"),
    ],
)
def test_the_path_names_every_group_from_the_outermost_to_the_one_that_holds_the_user(person: str, words: str) -> None:
    assert ways(SALES, person) == (words,)


def test_every_way_in_is_named_because_leaving_one_group_does_not_end_the_others() -> None:
    nested = {
        LEAVERS: inside("Leavers", "ada", groups=("b", "a")),
        "a": inside("Alumni", groups=("b",)),
        "b": inside("Board", "ada"),
    }
    assert ways(nested, "ada") == ("direct member of group 'Leavers'", "member of group 'Leavers' through 'Board'")


def test_more_ways_than_anybody_reads_are_counted() -> None:
    nested = {LEAVERS: inside("Leavers", groups=tuple("12345"))} | {id_: inside(f"G{id_}", "ada") for id_ in "12345"}
    assert ways(nested, "ada")[2:] == (
        "member of group 'Leavers' through 'G3'",
        "member of group 'Leavers' in 2 more ways",
    )


def test_groups_that_hold_each_other_end_nowhere() -> None:
    nested = {
        LEAVERS: inside("Leavers", groups=("a",)),
        "a": inside("A", groups=(LEAVERS, "b")),
        "b": inside("B", "ada", groups=("a",)),
    }
    assert ways(nested, "ada") == ("member of group 'Leavers' through 'A' and 'B'",)


def test_the_words_do_not_depend_on_the_order_of_groups() -> None:
    nested = {
        LEAVERS: inside("Leavers", groups=("x", "y")),
        "x": inside("Zoo", groups=("end",)),
        "y": inside("Alumni", groups=("end",)),
        "end": inside(None, "ada"),
    }
    orders = itertools.permutations(nested.items())
    assert {ways(dict(order), "ada") for order in orders} == {("member of group 'Leavers' through 'Alumni' and 'end'",)}


@pytest.mark.parametrize(
    "nested",
    [
        pytest.param(None, id="not read"),
        pytest.param({}, id="nothing nested"),
        pytest.param({LEAVERS: inside("Leavers", "leo")}, id="joined after the nesting was read"),
        pytest.param({LEAVERS: inside("Leavers", groups=("gone",))}, id="a group inside was not read"),
        pytest.param({"sales": inside("Sales", "ada")}, id="without its own group"),
    ],
)
def test_no_way_is_made_up(nested: Nesting | None) -> None:
    assert ways(nested, "ada") == ()


def test_what_is_said_where_no_way_is_known() -> None:
    assert member_words(leavers({}, "ada")) == "direct member of group 'Leavers'"
    assert member_words(leavers(None, "ada")) == EITHER_WAY
    assert member_words(leavers(SALES, "ada")) == EITHER_WAY


LEFT_OUT = policy(users={"includeUsers": ["All"], "excludeGroups": [LEAVERS]})
LET_IN = policy(users={"includeGroups": [LEAVERS]})


def judge_of(nested: Nesting | None, raw: dict[str, Any] = LEFT_OUT) -> Judge:
    return Judge(evidence(raw, groups={LEAVERS: leavers(nested, "leo", "ada", "adam")}))


def test_each_of_a_class_is_told_their_own_path_and_the_class_what_holds_for_all() -> None:
    judge = judge_of(SALES)
    said = {name: judge.coverage_of(PEOPLE[name]) for name in ("leo", "ada", "adam")}
    assert {name: coverage.exclusions for name, coverage in said.items()} == {
        "leo": ("excluded from 'MFA for all' as direct member of group 'Leavers'",),
        "ada": ("excluded from 'MFA for all' as member of group 'Leavers' through 'Sales'",),
        "adam": ("excluded from 'MFA for all' as member of group 'Leavers' through 'Sales' and 'Sales EMEA'",),
    }
    (one_class,) = {judge.class_of(PEOPLE[name]) for name in said}
    assert judge.coverage_of_class(one_class).exclusions == (f"excluded from 'MFA for all' as {EITHER_WAY}",)
    assert judge.evaluations == 1
    # The reason in plan.csv says each exclusion once, also where the gap has the same words.
    assert said["leo"].reason == said["leo"].exclusions[0]


def test_several_ways_in_are_joined_in_one_sentence() -> None:
    both = {LEAVERS: inside("Leavers", "ada", groups=("sales",)), "sales": inside("Sales", "ada")}
    (sentence,) = judge_of(both).coverage_of(PEOPLE["ada"]).exclusions
    assert sentence.endswith("as direct member of group 'Leavers' and as member of group 'Leavers' through 'Sales'")


@pytest.mark.parametrize("raw", [LEFT_OUT, LET_IN])
def test_paths_change_words_and_nothing_else(raw: dict[str, Any]) -> None:
    with_paths, without = judge_of(SALES, raw), judge_of(None, raw)
    for profile in PEOPLE.values():
        named, plain = with_paths.coverage_of(profile), without.coverage_of(profile)
        assert (named.verdict, named.covered_by_ids) == (plain.verdict, plain.covered_by_ids)
        assert [gap.tag for gap in named.gaps] == [gap.tag for gap in plain.gaps]
        matches = ([answer.match for answer in judge.answers_for(profile)] for judge in (with_paths, without))
        assert next(matches) == next(matches)


def test_the_digest_of_the_evidence_does_not_know_of_paths() -> None:
    plain = evidence(LEFT_OUT, groups={LEAVERS: leavers(None, "leo")})
    named = msgspec.structs.replace(plain, groups={LEAVERS: leavers(SALES, "leo")})
    assert evidence_digest(named) == evidence_digest(plain)


def test_explain_and_what_if_name_the_path_of_an_inclusion_too() -> None:
    user = UserRecord(profile=PEOPLE["adam"], mfa_state=MfaState.ENFORCED, registration=None)
    words = "member of group 'Leavers' through 'Sales' and 'Sales EMEA'"
    assert explanation_for(user, judge_of(SALES, LET_IN)).policies[0].reasons == (words,)
    what_if = WhatIf(evidence(LET_IN, groups={LEAVERS: leavers(SALES, "adam")}))
    answer = what_if.answer_for(PEOPLE["adam"], SignIn(app=PAYROLL))
    assert f"users: {words}" in answer.policies[0].reasons


def test_a_policy_about_user_actions_says_that_no_sign_in_is_met_by_it() -> None:
    actions = {"includeApplications": [], "includeUserActions": ["urn:user:accountrecovery"]}
    user = UserRecord(profile=PEOPLE["ada"], mfa_state=MfaState.ENFORCED, registration=None)
    explained = explanation_for(user, Judge(evidence(policy(apps=actions))))
    assert "it is about user actions, not about sign-ins to applications" in explained.policies[0].reasons


@pytest.mark.parametrize(("person", "applies"), [("robo", None), ("ada", False)])
def test_what_a_policy_for_agents_does_to_an_agents_account_is_not_judged(person: str, applies: bool | None) -> None:
    user = UserRecord(profile=PEOPLE[person], mfa_state=MfaState.DISABLED, registration=None)
    raw = policy(users={"includeUsers": ["AllAgentIdUsers"]}, grant=("block",))
    explained = explanation_for(user, Judge(evidence(raw)))
    assert explained.policies[0].applies is applies
    assert explained.coverage.verdict is Verdict.UNCOVERED, "a policy for agents is no part of a proof"
