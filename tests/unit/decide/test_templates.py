"""Policies of ours: marked, report-only first, adopted where an equal one is, kept off where they would lock out."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.decide.coverage.judge import Judge
from migrate.decide.own_policies import marker_for
from migrate.decide.planner import Planner
from migrate.decide.policy_steps import missing_exclusions, prepare
from migrate.decide.templates import NAMES, PHISHING_RESISTANT, template
from migrate.model.evidence import PolicyState
from migrate.model.plan import PlanHeader
from migrate.model.policy_exclusions import ExcludedBy, PolicyExclusion
from migrate.model.policy_scope import SetPolicyScope, users_of
from migrate.model.steps import CreatePolicy, SetPolicyState
from migrate.model.templates import Template, Wish
from migrate.model.users import Registration
from tests.unit.decide.records import (
    REGISTERED,
    TENANT,
    UNREGISTERED,
    evidence,
    guest,
    limits,
    object_id,
    policy_of,
    profile,
    rules,
    snapshot,
    user,
)

KINDS = [kind for kind in Template if kind is not Template.ALL_USERS]
EMERGENCY = list(rules().emergency_access)
STRENGTH = {
    "id": PHISHING_RESISTANT,
    "displayName": "Phishing-resistant MFA",
    "policyType": "builtIn",
    "requirementsSatisfied": "mfa",
    "allowedCombinations": ["fido2", "windowsHelloForBusiness", "x509CertificateMultiFactor"],
}
WEAK = Registration(
    is_mfa_registered=True, is_mfa_capable=True, methods_registered=("mobilePhone",), last_updated_date_time=None
)


PASSKEY = Registration(
    is_mfa_registered=True, is_mfa_capable=True, methods_registered=("fido2SecurityKey",), last_updated_date_time=None
)


def wish(kind: Template, *, on: bool = False, access_pass: str = "") -> Any:
    return rules(wishes=(Wish(template=kind, switch_on=on, temporary_access_pass=access_pass),), limits=limits())


def there(kind: Template, state: str, **others: Any) -> Any:
    key = marker_for(TENANT, kind)
    body = {**template(key, rules(), evidence(), kind), "state": state, "id": object_id(kind.value)}
    if kind is Template.EMERGENCY_ACCESS:
        body["grantControls"] = {**body["grantControls"], "authenticationStrength": STRENGTH}
    return policy_of({**body, **others})


def planned(users: list[Any], rule: Any, *policies: Any) -> PlanHeader:
    proof = evidence(*policies, authentication_strengths=(STRENGTH,))
    planner = Planner(snapshot(len(users)), proof, rule)
    list(planner.rows(users))
    return planner.header("cd" * 32, tool_version="0")


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_created_marked_and_not_enabled_and_stays_so_unless_asked(kind: Template) -> None:
    (create,) = prepare(TENANT, evidence(), wish(kind)).steps
    assert isinstance(create, CreatePolicy)
    assert create.key == marker_for(TENANT, kind)
    assert create.key in create.body["description"]
    assert create.display_name == NAMES[kind]
    expected = PolicyState.DISABLED if kind is Template.SECURITY_INFORMATION else PolicyState.REPORT_ONLY
    assert create.body["state"] == expected


@pytest.mark.parametrize("kind", [Template.LEGACY_AUTHENTICATION, Template.EMERGENCY_ACCESS])
def test_it_is_switched_on_after_report_only_where_the_configuration_says_so(kind: Template) -> None:
    assert [type(step) for step in prepare(TENANT, evidence(), wish(kind, on=True)).steps] == [
        CreatePolicy,
        SetPolicyState,
    ]


def test_all_are_created_before_the_first_is_waited_for() -> None:
    wishes = (*(Wish(template=kind) for kind in KINDS[1:]), Wish(template=KINDS[0], switch_on=True))
    steps = prepare(TENANT, evidence(), rules(create=True, wishes=wishes)).steps
    assert [type(step) for step in steps] == [CreatePolicy] * (1 + len(KINDS)) + [SetPolicyState] * 2
    assert [step.key for step in steps[-2:]] == [marker_for(TENANT, kind) for kind in (Template.ALL_USERS, KINDS[0])]


def test_the_one_for_registering_is_never_created_and_switched_on_by_one_plan() -> None:
    kind = Template.SECURITY_INFORMATION
    assert [type(step) for step in prepare(TENANT, evidence(), wish(kind, on=True)).steps] == [CreatePolicy]
    (step,) = prepare(TENANT, evidence(there(kind, "disabled")), wish(kind, on=True)).steps
    assert isinstance(step, SetPolicyState)
    assert (step.before, step.after) == (PolicyState.DISABLED, PolicyState.ENABLED)
    assert prepare(TENANT, evidence(there(kind, "disabled")), wish(kind)).steps == ()


def test_what_they_say() -> None:
    legacy = template("k", rules(), evidence(), Template.LEGACY_AUTHENTICATION)
    assert legacy["conditions"]["clientAppTypes"] == ["exchangeActiveSync", "other"]
    assert legacy["grantControls"]["builtInControls"] == ["block"]
    registering = template("k", rules(), evidence(), Template.SECURITY_INFORMATION)
    assert registering["conditions"]["applications"] == {"includeUserActions": ["urn:user:registersecurityinfo"]}
    assert "GuestsOrExternalUsers" in users_of(registering)["excludeUsers"]
    emergency = template("k", rules(), evidence(), Template.EMERGENCY_ACCESS)
    assert users_of(emergency) == {"includeUsers": EMERGENCY}
    assert emergency["grantControls"]["authenticationStrength"] == {"id": PHISHING_RESISTANT}
    for kind in (Template.LEGACY_AUTHENTICATION, Template.SECURITY_INFORMATION):
        assert set(EMERGENCY) <= set(users_of(template("k", rules(), evidence(), kind))["excludeUsers"])


def test_a_strength_takes_the_place_of_mfa_and_proves_it() -> None:
    rule = rules(create=True, strength=PHISHING_RESISTANT, limits=limits(max_newly_required=9))
    proof = evidence(authentication_strengths=(STRENGTH,))
    create = prepare(TENANT, proof, rule).steps[0]
    assert isinstance(create, CreatePolicy)
    assert create.body["grantControls"]["authenticationStrength"] == {"id": PHISHING_RESISTANT}
    assert Judge(prepare(TENANT, proof, rule).evidence).coverage_of(profile("ada")).is_proven()


@pytest.mark.parametrize("kind", list(Template))
def test_an_equal_policy_of_the_tenants_own_is_adopted(kind: Template) -> None:
    equal = there(kind, "enabled", displayName="Somebody's own", description="made by hand")
    rule = rules(create=True) if kind is Template.ALL_USERS else wish(kind, on=True)
    assert prepare(TENANT, evidence(equal, authentication_strengths=(STRENGTH,)), rule).steps == ()
    other = there(kind, "enabled", description="made by hand", sessionControls={"signInFrequency": {"value": 1}})
    assert isinstance(prepare(TENANT, evidence(other), rule).steps[0], CreatePolicy)


def test_an_equal_one_in_report_only_is_switched_on_by_its_id() -> None:
    equal = there(Template.ALL_USERS, "enabledForReportingButNotEnforced", displayName="Theirs", description=None)
    (step,) = prepare(TENANT, evidence(equal), rules(create=True)).steps
    assert isinstance(step, SetPolicyState)
    assert step.key == equal.id


def test_they_follow_the_exclusions_of_the_configuration() -> None:
    room = PolicyExclusion(by=ExcludedBy.USER, id=object_id("room"), name="r", reason="r", expires="2027-01-01")
    kind = Template.LEGACY_AUTHENTICATION
    rule = rules(wishes=(Wish(template=kind),), policy_exclusions=(room,))
    (step,) = prepare(TENANT, evidence(there(kind, "enabled")), rule).steps
    assert isinstance(step, SetPolicyScope)
    assert object_id("room") in users_of(step.after)["excludeUsers"]
    emergency = rules(wishes=(Wish(template=Template.EMERGENCY_ACCESS),), policy_exclusions=(room,))
    assert prepare(TENANT, evidence(there(Template.EMERGENCY_ACCESS, "enabled")), emergency).steps == ()


@pytest.mark.parametrize(
    ("who", "access_pass", "blocked"),
    [
        (user("ada", "disabled", REGISTERED), "", True),  # a phone only
        (user("ada", "disabled", PASSKEY), "", False),
        (user("ada", "disabled", UNREGISTERED), "", True),
        (user("ada", "disabled", None), "", True),
        (user("ada", "disabled", UNREGISTERED), "at the counter, with a passport", False),
        (user(guest("gus"), "disabled", UNREGISTERED), "", False),
        (user(profile("old", account_enabled=False), "disabled", None), "", False),
        (user("emergency1", "disabled", UNREGISTERED), "", False),
    ],
)
def test_registering_is_not_secured_while_somebody_could_never_register(
    who: Any, access_pass: str, blocked: bool
) -> None:
    kind = Template.SECURITY_INFORMATION
    header = planned([who], wish(kind, on=True, access_pass=access_pass), there(kind, "disabled"))
    codes = {note.code for note in header.blockers}
    assert ("security-information-not-capable" in codes) is blocked
    assert "not-report-only" not in codes, "report-only shows nothing of it, so nobody has to put it there first"


@pytest.mark.parametrize(("methods", "blocked"), [(WEAK, True), (UNREGISTERED, True), (None, True), (PASSKEY, False)])
def test_emergency_access_accounts_are_not_locked_out_by_their_own_policy(methods: Any, blocked: bool) -> None:
    kind = Template.EMERGENCY_ACCESS
    people = [user(name, "disabled", methods) for name in ("emergency1", "emergency2")]
    header = planned(people, wish(kind, on=True), there(kind, "enabledForReportingButNotEnforced"))
    codes = {note.code for note in header.blockers}
    assert ("emergency-access-not-phishing-resistant" in codes) is blocked
    assert "emergency-access-not-excluded" not in codes


def test_only_the_policy_for_emergency_access_itself_may_catch_these_accounts() -> None:
    ours = there(Template.EMERGENCY_ACCESS, "enabled")
    proof = evidence(ours)
    assert "emergency-access-not-excluded" not in {
        note.code for note in missing_exclusions(ours, proof, rules().emergency_access)
    }
    conditions = {**ours.raw["conditions"], "users": {"includeUsers": ["All"]}}
    edited = policy_of({**ours.raw, "conditions": conditions})
    assert "emergency-access-not-excluded" in {
        note.code for note in missing_exclusions(edited, proof, rules().emergency_access)
    }
