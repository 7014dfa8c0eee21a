"""The offline What If: which policies apply to one sign-in, what it meets, and when that is not known."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.decide.what_if import WhatIf, spelled_right
from migrate.errors import UsageProblem
from migrate.model.explanation import SignIn, SignInOutcome, WhatIfAnswer
from tests.unit.decide.coverage.tenants import (
    BRANCH,
    BROKEN,
    CUSTOM_STRENGTH,
    EXCHANGE,
    GPS,
    HIDDEN,
    HOME,
    HQ,
    PAYROLL,
    PEOPLE,
    PILOT,
    evidence,
    policy,
    strength,
)

MFA, BLOCK, NO_MFA, UNKNOWN = SignInOutcome.MFA, SignInOutcome.BLOCK, SignInOutcome.NO_MFA, SignInOutcome.UNKNOWN
TRUSTED = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
BOTH = {"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}


def ask(*raws: dict[str, Any], person: str = "ada", **sign_in: Any) -> WhatIfAnswer:
    stated = {"app": PAYROLL, **sign_in} if "user_action" not in sign_in else sign_in
    return WhatIf(evidence(*raws)).answer_for(PEOPLE[person], SignIn(**stated))


@pytest.mark.parametrize(
    ("raws", "sign_in", "outcome"),
    [
        ([policy()], {}, MFA),
        ([], {}, NO_MFA),
        ([policy(state="enabledForReportingButNotEnforced")], {}, NO_MFA),
        ([policy(state="disabled")], {}, NO_MFA),
        ([policy(grant=("block",))], {}, BLOCK),
        ([policy(), policy("B", grant=("block",))], {}, BLOCK),
        # A legacy client cannot do MFA, so the demand blocks it.
        ([policy()], {"client_app_type": "other"}, BLOCK),
        ([policy()], {"client_app_type": "exchangeActiveSync"}, BLOCK),
        ([policy(clientAppTypes=["browser"])], {"client_app_type": "other"}, NO_MFA),
        ([policy(clientAppTypes=["exchangeActiveSync"])], {"client_app_type": "easSupported"}, BLOCK),
        # Grants and devices.
        ([policy(grant=("mfa", "compliantDevice"))], {}, MFA),
        ([policy(grant=("mfa", "compliantDevice"))], {"compliant": True}, NO_MFA),
        ([policy(grant=("mfa", "domainJoinedDevice"))], {"hybrid_joined": True}, NO_MFA),
        ([policy(grant=("mfa", "approvedApplication"))], {}, UNKNOWN),
        ([policy(grant=BOTH)], {"compliant": True}, MFA),
        ([policy(grant=BOTH)], {}, BLOCK),
        ([policy(grant=("compliantDevice",))], {}, BLOCK),
        ([policy(grant=("compliantDevice",))], {"compliant": True}, NO_MFA),
        ([policy(grant=("compliantDevice", "domainJoinedDevice"))], {"hybrid_joined": True}, NO_MFA),
        ([policy(grant=("approvedApplication",))], {}, NO_MFA),
        ([policy(grant=None)], {}, NO_MFA),
        ([policy(grant=strength(CUSTOM_STRENGTH))], {}, MFA),
        # Places.
        ([policy(locations=TRUSTED)], {"ip": "203.0.113.9"}, NO_MFA),
        ([policy(locations=TRUSTED)], {"ip": "2001:db8:1::9"}, NO_MFA),
        ([policy(locations=TRUSTED)], {"ip": "192.0.2.9"}, MFA),
        ([policy(locations=TRUSTED)], {}, UNKNOWN),
        ([policy(locations=TRUSTED), policy("B")], {}, MFA),
        ([policy(locations={"includeLocations": [BRANCH], "excludeLocations": []})], {"ip": "203.0.113.200"}, MFA),
        ([policy(locations={"includeLocations": [BRANCH], "excludeLocations": [HQ]})], {"ip": "203.0.113.200"}, NO_MFA),
        ([policy(locations={"includeLocations": ["All"], "excludeLocations": [HOME]})], {"country": "nl"}, NO_MFA),
        ([policy(locations={"includeLocations": ["All"], "excludeLocations": [HOME]})], {"country": "US"}, MFA),
        ([policy(locations={"includeLocations": ["All"], "excludeLocations": [HOME]})], {"country": "unknown"}, MFA),
        ([policy(locations={"includeLocations": ["All"], "excludeLocations": [GPS]})], {"country": "NL"}, UNKNOWN),
        # Risk, platform, flow.
        ([policy(signInRiskLevels=["high"])], {"sign_in_risk": "high"}, MFA),
        ([policy(signInRiskLevels=["high"])], {}, NO_MFA),
        ([policy(userRiskLevels=["high"])], {"user_risk": "high"}, MFA),
        ([policy(insiderRiskLevels="elevated")], {"insider_risk": "elevated"}, MFA),
        ([policy(platforms={"includePlatforms": ["iOS"], "excludePlatforms": []})], {"platform": "iOS"}, MFA),
        ([policy(platforms={"includePlatforms": ["iOS"], "excludePlatforms": []})], {"platform": "linux"}, NO_MFA),
        ([policy(platforms={"includePlatforms": ["iOS"], "excludePlatforms": []})], {}, UNKNOWN),
        ([policy(authenticationFlows={"transferMethods": "deviceCodeFlow"})], {"flow": "deviceCodeFlow"}, MFA),
        ([policy(authenticationFlows={"transferMethods": "deviceCodeFlow"})], {}, NO_MFA),
        # Targets.
        ([policy(apps={"includeApplications": ["Office365"]})], {"app": EXCHANGE}, MFA),
        ([policy(apps={"includeApplications": ["Office365"]})], {"app": PAYROLL}, NO_MFA),
        ([policy(apps={"excludeApplications": [PAYROLL.upper()]})], {}, NO_MFA),
        ([policy()], {"user_action": "urn:user:registersecurityinfo"}, NO_MFA),
        (
            [policy(apps={"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]})],
            {"user_action": "urn:user:registersecurityinfo"},
            MFA,
        ),
        (
            [policy(apps={"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]})],
            {},
            NO_MFA,
        ),
        # What is not understood, and where it could matter.
        ([policy(times={"from": "09:00"})], {}, UNKNOWN),
        ([policy(times={"from": "09:00"}), policy("B")], {}, MFA),
        ([policy(times={"from": "09:00"}, grant=("block",)), policy("B")], {}, UNKNOWN),
        ([policy(times={"from": "09:00"}, grant=("block",)), policy("B", grant=("block",))], {}, BLOCK),
        ([policy(times={"from": "09:00"}, clientAppTypes=["other"])], {}, NO_MFA),
        ([policy(grant=("mfa", "retinaScan"))], {}, UNKNOWN),
        ([policy(users={"includeGroups": [HIDDEN]})], {}, UNKNOWN),
        ([policy(users={"includeUsers": ["All"], "excludeGroups": [BROKEN]})], {}, UNKNOWN),
        ([policy(devices={"deviceFilter": {"mode": "include", "rule": "x"}})], {}, UNKNOWN),
        ([policy(state="paused")], {}, UNKNOWN),
    ],
)
def test_the_outcome_is_what_the_policies_say(
    raws: list[dict[str, Any]], sign_in: dict[str, Any], outcome: SignInOutcome
) -> None:
    assert ask(*raws, **sign_in).outcome is outcome


def test_each_policy_says_why_it_applies_or_not() -> None:
    answer = ask(
        policy("Pilot", users={"includeGroups": [PILOT]}),
        policy("Risk", signInRiskLevels=["high"]),
        policy("Hidden", users={"includeGroups": [HIDDEN]}),
    )
    by_name = {one.display_name: one for one in answer.policies}
    assert by_name["Pilot"].applies is True
    assert any("member of group 'Pilot'" in reason for reason in by_name["Pilot"].reasons)
    assert by_name["Risk"].applies is False
    assert by_name["Risk"].reasons == ("signInRisk: none is not among high",)
    assert by_name["Hidden"].applies is None
    assert any("hidden" in reason for reason in by_name["Hidden"].reasons)
    assert answer.because == ("Pilot",)


def test_an_exclusion_is_named() -> None:
    excluded = policy(users={"includeUsers": ["All"], "excludeUsers": [PEOPLE["ada"].id]})
    (answer,) = ask(excluded).policies
    assert answer.applies is False
    assert answer.reasons == ("users: excluded as named user",)


def test_values_are_spelled_as_graph_spells_them() -> None:
    stated = spelled_right(SignIn(app=PAYROLL, client_app_type="BROWSER", platform="ios", flow="devicecodeflow"))
    assert (stated.client_app_type, stated.platform, stated.flow) == ("browser", "iOS", "deviceCodeFlow")


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_app_type": "telnet"},
        {"platform": "amiga"},
        {"sign_in_risk": "extreme"},
        {"flow": "pigeon"},
        {"ip": "203.0.113.999"},
        {"user_action": "urn:user:dance"},
    ],
)
def test_a_value_that_graph_does_not_have_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageProblem):
        spelled_right(SignIn(**wrong))
