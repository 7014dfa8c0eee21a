"""Our own policies are found again whoever made them, and change to what the configuration says and no further."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.decide.guards import before_own_scope
from migrate.decide.own_policies import found_again, marker_for, older_marker
from migrate.decide.policy_bodies import body_of, says_the_same
from migrate.decide.policy_steps import OwnPast, evidence_after, prepare
from migrate.decide.templates import PILOT_NAME, TEMPLATE_NAME, template
from migrate.model.evidence import ConditionalAccessPolicy, evidence_digest
from migrate.model.policy_scope import SetPolicyScope, change_of, is_within, users_of
from migrate.model.record import JsonObject
from migrate.model.steps import CreatePolicy, SetPolicyState
from migrate.model.templates import Template
from tests.unit.decide.records import TENANT, evidence, group, object_id, policy_of, rules

PILOT, SECOND = object_id("pilot"), object_id("second")
KEY = marker_for(TENANT, Template.ALL_USERS)
REPORT_ONLY = "enabledForReportingButNotEnforced"


def ours(scope: str | None, state: str = "enabled", key: str = KEY, **users: Any) -> ConditionalAccessPolicy:
    """Return our policy as Graph shows it: filled up with nulls and empty lists."""
    body = template(key, rules(create=True, scope_group=scope), evidence())
    shape = {"includeRoles": [], "excludeGroups": [], "includeGuestsOrExternalUsers": None}
    body["conditions"]["users"] = {**shape, **body["conditions"]["users"], **users}
    dates = {"createdDateTime": "2026-11-01T08:00:00Z", "modifiedDateTime": "2026-11-02T08:00:00Z"}
    return policy_of({**body, "id": object_id("ours"), "state": state, "sessionControls": None, **dates})


def changed(found: ConditionalAccessPolicy, scope: str | None, written: JsonObject | None = None) -> list[Any]:
    past = OwnPast(written={} if written is None else {KEY: written}, disabled=frozenset())
    proof = evidence(found, groups=(group("pilot", "ada"), group("second", "ben")))
    return list(prepare(TENANT, proof, rules(create=True, scope_group=scope), past).steps)


@pytest.mark.parametrize(
    ("key", "scope"),
    [(KEY, None), (KEY, PILOT), (older_marker(TENANT, "all"), None), (older_marker(TENANT, PILOT), PILOT)],
)
def test_a_policy_of_any_version_is_found_again_by_its_marker(key: str, scope: str | None) -> None:
    found = ours(scope, key=key)
    assert found_again(TENANT, Template.ALL_USERS, [found]) == ((key, found),)
    assert found_again(object_id("another tenant"), Template.ALL_USERS, [found]) == ()


def test_a_marker_names_template_and_tenant_and_no_scope() -> None:
    assert KEY.startswith("mfa-migrate:all-users:")
    assert marker_for(object_id("another tenant"), Template.ALL_USERS) != KEY


@pytest.mark.parametrize("key", [KEY, older_marker(TENANT, PILOT)])
@pytest.mark.parametrize("scope", [SECOND, None])
def test_a_policy_for_a_group_is_widened_and_not_made_anew(scope: str | None, key: str) -> None:
    found = ours(PILOT, key=key)
    (step,) = changed(found, scope)
    assert isinstance(step, SetPolicyScope)
    assert step.key == key
    assert step.widens
    assert step.weakens is (scope is not None), "from one group to another may leave somebody out"
    assert says_the_same(step.before, found)
    users = users_of(step.after)
    assert (users["includeUsers"], users["includeGroups"]) == (["All"] if scope is None else [], [scope] * bool(scope))
    assert step.after["displayName"] == (PILOT_NAME if scope else TEMPLATE_NAME)
    rest = {name: value for name, value in step.after.items() if name not in ("displayName", "conditions")}
    assert rest == {name: step.before[name] for name in rest}


def test_a_report_only_policy_is_widened_before_it_is_switched_on() -> None:
    assert [type(step) for step in changed(ours(PILOT, REPORT_ONLY), None)] == [SetPolicyScope, SetPolicyState]


def test_a_policy_that_is_for_whom_the_configuration_says_stays_as_it_is() -> None:
    assert changed(ours(PILOT), PILOT) == []
    assert changed(ours(None), None) == []


def test_a_policy_of_everybody_that_is_to_be_for_a_group_is_narrowed() -> None:
    (step,) = changed(ours(None), PILOT)
    assert step.weakens
    assert not step.widens


def test_what_somebody_else_excluded_stays_excluded() -> None:
    found = ours(PILOT, excludeUsers=[*rules().emergency_access, object_id("theirs")], excludeGroups=[object_id("g")])
    for written in (None, template(KEY, rules(create=True, scope_group=PILOT), evidence())):
        (step,) = changed(found, None, written)
        assert object_id("theirs") in users_of(step.after)["excludeUsers"]
        assert users_of(step.after)["excludeGroups"] == [object_id("g")]


def test_an_exclusion_of_ours_that_the_configuration_does_not_name_any_more_is_ended() -> None:
    found = ours(None, excludeUsers=[*rules().emergency_access, object_id("ours before")])
    assert changed(found, None) == [], "nobody knows that it is ours"
    (step,) = changed(found, None, body_of(found))
    assert users_of(step.after)["excludeUsers"] == list(rules().emergency_access)
    assert step.widens
    assert not step.weakens


def test_the_digest_of_the_evidence_ignores_the_change_of_scope_of_the_plan_itself_and_nothing_else() -> None:
    found, groups = ours(PILOT), (group("pilot", "ada"),)
    before = evidence(found, groups=groups)
    steps = changed(found, None)
    after = evidence_after(before, steps)
    assert evidence_digest(after) != evidence_digest(before)
    assert evidence_digest(before_own_scope(steps, after)) == evidence_digest(before)
    assert evidence_digest(before_own_scope(steps, before)) == evidence_digest(before)
    (widened,) = after.policies
    edited = policy_of({**widened.raw, "grantControls": {"operator": "OR", "builtInControls": ["block"]}})
    assert evidence_digest(before_own_scope(steps, evidence(edited))) != evidence_digest(before)


def test_every_list_is_sent_whole_so_that_nothing_stays_by_merging() -> None:
    (step,) = changed(ours(PILOT), None)
    users = change_of(step)["conditions"]["users"]
    assert users["includeGroups"] == []
    assert users["excludeGroups"] == []
    assert users["excludeGuestsOrExternalUsers"] is None
    assert set(change_of(step)) == {"displayName", "description", "conditions"}


def test_a_policy_is_created_where_there_is_none_of_this_tenant() -> None:
    foreign = marker_for(object_id("another tenant"), Template.ALL_USERS)
    steps = changed(ours(None, key=foreign, excludeUsers=[]), None)
    assert [type(step) for step in steps] == [CreatePolicy, SetPolicyState]
    assert steps[0].key == KEY


def test_of_several_of_ours_the_one_that_is_for_whom_the_configuration_says_is_kept() -> None:
    pilot, everybody = ours(PILOT, key=older_marker(TENANT, PILOT)), ours(None, key=older_marker(TENANT, "all"))
    proof = evidence(pilot, everybody, groups=(group("pilot", "ada"),))
    assert prepare(TENANT, proof, rules(create=True)).steps == ()
    assert prepare(TENANT, proof, rules(create=True, scope_group=PILOT)).steps == ()


IDS = st.lists(st.sampled_from([object_id(name) for name in "abcd"]), max_size=3, unique=True)
USERS = st.fixed_dictionaries(
    {
        "includeUsers": st.one_of(st.just(["All"]), IDS),
        "includeGroups": IDS,
        "excludeUsers": IDS,
        "excludeGroups": IDS,
        "excludeRoles": IDS,
    }
)


@given(one=USERS, other=USERS, a=IDS, b=IDS)
def test_what_is_called_within_reaches_nobody_whom_the_wider_one_does_not_reach(
    one: JsonObject, other: JsonObject, a: list[str], b: list[str]
) -> None:
    person = object_id("a")
    narrow, wide = ({"conditions": {"users": users}} for users in (one, other))

    def reaches(users: JsonObject) -> bool:
        included = (
            "All" in users["includeUsers"] or person in users["includeUsers"] or set(users["includeGroups"]) & set(a)
        )
        excluded = (
            person in users["excludeUsers"] or set(users["excludeGroups"]) & set(a) or set(users["excludeRoles"]) & {*b}
        )
        return bool(included) and not excluded

    if is_within(narrow, wide):
        assert reaches(other) or not reaches(one)
    assert is_within(narrow, narrow)
