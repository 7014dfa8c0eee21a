"""The offline What If: which policies apply to one sign-in, what it meets, and when that is not known."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from migrate.decide.coverage.context import evidence_without
from migrate.decide.naming_things import policy_called
from migrate.decide.stated_sign_in import spelled_right
from migrate.decide.what_if import WhatIf
from migrate.errors import UsageProblem
from migrate.model.capability import CapabilityEvidence, InboundTrust
from migrate.model.explanation import SignIn, SignInOutcome, WhatIfAnswer
from tests.unit.decide.coverage.tenants import (
    BRANCH,
    BROKEN,
    CUSTOM_STRENGTH,
    EXCHANGE,
    GLOBAL_ADMIN,
    GPS,
    HIDDEN,
    HOME,
    HQ,
    LEAVERS,
    PAYROLL,
    PEOPLE,
    PILOT,
    evidence,
    policy,
    strength,
)

MFA, BLOCK, NO_MFA, UNKNOWN = SignInOutcome.MFA, SignInOutcome.BLOCK, SignInOutcome.NO_MFA, SignInOutcome.UNKNOWN
TRUSTED = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
FORMS, SWAY = "c9a559d2-7aab-4f13-a6ed-e7e9c52aec87", "905fcf26-4eb7-48a0-9ff0-8dcc7194b5ba"
AZURE_PORTAL = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
COMPLIANT = "device.isCompliant -eq True"
MANAGED = 'device.isCompliant -eq True -or device.trustType -eq "ServerAD"'
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
        # Of an application that no document lists, nobody knows whether it is in a group of applications.
        ([policy(apps={"includeApplications": ["Office365"]})], {"app": PAYROLL}, UNKNOWN),
        ([policy(apps={"excludeApplications": ["Office365"]})], {"app": PAYROLL}, UNKNOWN),
        ([policy(apps={"includeApplications": ["Office365"]}), policy("B")], {"app": PAYROLL}, MFA),
        ([policy(apps={"includeApplications": ["Office365"]})], {"app": FORMS}, MFA),
        ([policy(apps={"excludeApplications": ["Office365"]})], {"app": SWAY}, NO_MFA),
        ([policy(apps={"includeApplications": ["Office365"]})], {"app": AZURE_PORTAL}, NO_MFA),
        # Clients that tell nothing of the device.
        ([policy(grant=("mfa", "compliantDevice"))], {"compliant": True, "client_app_type": "other"}, BLOCK),
        ([policy(grant=("mfa", "compliantDevice"))], {"compliant": True, "flow": "deviceCodeFlow"}, MFA),
        ([policy(grant=("compliantDevice",))], {"compliant": True, "flow": "deviceCodeFlow"}, BLOCK),
        # A password change asks for MFA first.
        ([policy(grant={"operator": "AND", "builtInControls": ["mfa", "passwordChange"]})], {}, MFA),
        ([policy(grant=("passwordChange",))], {}, MFA),
        ([policy(grant=("passwordChange",))], {"client_app_type": "other"}, BLOCK),
        ([policy(grant=("mfa", "passwordChange"))], {}, MFA),
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
        ([policy(devices={"deviceFilter": {"mode": "include", "rule": "x"}})], {"device_filter": "matches"}, MFA),
        ([policy(devices={"deviceFilter": {"mode": "include", "rule": "x"}})], {"device_filter": "no"}, NO_MFA),
        ([policy(devices={"deviceFilter": {"mode": "exclude", "rule": "x"}})], {"device_filter": "matches"}, NO_MFA),
        ([policy(devices={"deviceFilter": {"mode": "exclude", "rule": COMPLIANT}})], {"compliant": True}, NO_MFA),
        ([policy(devices={"deviceFilter": {"mode": "exclude", "rule": COMPLIANT}})], {}, MFA),
        ([policy(devices={"deviceFilter": {"mode": "exclude", "rule": MANAGED}})], {"hybrid_joined": True}, NO_MFA),
        ([policy(devices={"deviceFilter": {"mode": "exclude", "rule": MANAGED}})], {}, MFA),
        (
            [policy(devices={"deviceFilter": {"mode": "exclude", "rule": COMPLIANT}})],
            {"compliant": True, "flow": "deviceCodeFlow"},
            UNKNOWN,
        ),
        ([policy(state="paused")], {}, UNKNOWN),
    ],
)
def test_the_outcome_is_what_the_policies_say(
    raws: list[dict[str, Any]], sign_in: dict[str, Any], outcome: SignInOutcome
) -> None:
    assert ask(*raws, **sign_in).outcome is outcome


PARTNER, OTHER_PARTNER = "5a01c76a-9da3-50d1-8693-bc55cff6a4c3", "1fe4704a-c7b8-55df-bcc2-b74a133be407"


def guests(*members: str, kinds: str = "b2bCollaborationGuest") -> dict[str, Any]:
    kind = {"membershipKind": "enumerated", "members": list(members)} if members else {"membershipKind": "all"}
    return {"guestOrExternalUserTypes": kinds, "externalTenants": kind}


ALL_BUT_A = {"includeUsers": ["GuestsOrExternalUsers"], "excludeGuestsOrExternalUsers": guests(OTHER_PARTNER)}


@pytest.mark.parametrize(
    ("users", "grant", "person", "sign_in", "outcome"),
    [
        # Whoever is only eligible, or holds a role for a part of the directory, does not hold it now.
        ({"includeUsers": ["All"], "excludeRoles": [GLOBAL_ADMIN]}, "mfa", "adam", {}, NO_MFA),
        ({"includeUsers": ["All"], "excludeRoles": [GLOBAL_ADMIN]}, "mfa", "pim", {}, MFA),
        ({"includeUsers": ["All"], "excludeRoles": [GLOBAL_ADMIN]}, "mfa", "auda", {}, MFA),
        ({"includeRoles": [GLOBAL_ADMIN]}, "mfa", "pim", {}, NO_MFA),
        ({"includeRoles": [GLOBAL_ADMIN]}, "mfa", "auda", {}, NO_MFA),
        ({"includeUsers": ["All"], "excludeGroups": [LEAVERS]}, "mfa", "leo", {}, NO_MFA),
        ({"includeUsers": ["All"], "excludeGroups": [LEAVERS]}, "mfa", "eli", {}, MFA),
        # A guest's home tenant and kind are stated, or not known; never is somebody blocked called free to pass.
        ({"includeGuestsOrExternalUsers": guests(PARTNER)}, "mfa", "gina", {}, UNKNOWN),
        ({"includeGuestsOrExternalUsers": guests(PARTNER)}, "mfa", "gina", {"external_tenant_id": PARTNER}, MFA),
        ({"includeGuestsOrExternalUsers": guests(PARTNER)}, "mfa", "gina", {"external_tenant_id": HQ}, NO_MFA),
        ({"includeGuestsOrExternalUsers": guests()}, "mfa", "gina", {}, MFA),
        (ALL_BUT_A, "block", "gina", {}, UNKNOWN),
        (ALL_BUT_A, "block", "gina", {"external_tenant_id": PARTNER}, BLOCK),
        (ALL_BUT_A, "block", "gina", {"external_tenant_id": OTHER_PARTNER}, NO_MFA),
        ({"includeGuestsOrExternalUsers": guests()}, "mfa", "otto", {}, UNKNOWN),
        (
            {"includeGuestsOrExternalUsers": guests()},
            "mfa",
            "otto",
            {"external_user_type": "b2bCollaborationGuest"},
            MFA,
        ),
        ({"includeGuestsOrExternalUsers": guests()}, "mfa", "otto", {"external_user_type": "internalGuest"}, NO_MFA),
        ({"includeGuestsOrExternalUsers": guests()}, "mfa", "ada", {}, NO_MFA),
    ],
)
def test_the_question_is_about_one_moment_and_what_was_stated(
    users: dict[str, Any], grant: str, person: str, sign_in: dict[str, Any], outcome: SignInOutcome
) -> None:
    answer = ask(policy(users=users, grant=(grant,)), person=person, **sign_in)
    assert answer.outcome is outcome, answer


DIRECT = {"external_user_type": "b2bDirectConnectUser"}
TRUSTS_A = InboundTrust(default=False, partners={PARTNER.upper(): True, HQ: None})


@pytest.mark.parametrize(
    ("trust", "sign_in", "grant", "outcome"),
    [
        (InboundTrust(default=False, partners={}), DIRECT, "mfa", BLOCK),
        (InboundTrust(default=True, partners={}), DIRECT, "mfa", MFA),
        (TRUSTS_A, DIRECT, "mfa", UNKNOWN),
        (TRUSTS_A, {**DIRECT, "external_tenant_id": PARTNER}, "mfa", MFA),
        (TRUSTS_A, {**DIRECT, "external_tenant_id": HQ}, "mfa", BLOCK),
        (TRUSTS_A, {**DIRECT, "external_tenant_id": OTHER_PARTNER}, "mfa", BLOCK),
        (None, DIRECT, "mfa", UNKNOWN),
        (None, DIRECT, "block", BLOCK),
        (InboundTrust(default=False, partners={}), {"external_user_type": "b2bCollaborationGuest"}, "mfa", MFA),
    ],
    ids=[
        *("nobody is trusted", "everybody is", "no tenant stated", "a trusted tenant", "one that follows the default"),
        *("a stranger", "trust was not read", "a block", "a guest, who may register"),
    ],
)
def test_b2b_direct_connect_is_blocked_where_mfa_at_home_does_not_count(
    trust: InboundTrust | None, sign_in: dict[str, Any], grant: str, outcome: SignInOutcome
) -> None:
    beside = CapabilityEvidence(methods=None, methods_problem=None, trust=trust, trust_problem=None)
    read = msgspec.structs.replace(evidence(policy(grant=(grant,))), capability=beside)
    assert WhatIf(read).answer_for(PEOPLE["gina"], SignIn(app=PAYROLL, **sign_in)).outcome is outcome


TO_AGENTS = {"includeUsers": ["AllAgentIdUsers"]}


@pytest.mark.parametrize(
    ("raw", "outcome"),
    [
        (policy(users=TO_AGENTS, grant=("block",)), UNKNOWN),
        (policy(users={"includeUsers": ["All", "AllAgentIdUsers"]}, grant=("block",)), UNKNOWN),
        (policy(users={"includeUsers": ["None"]}, grant=("block",), agentIdRiskLevels="high"), UNKNOWN),
        (policy(users=TO_AGENTS, grant=("block",), state="disabled"), NO_MFA),
        (policy(users=TO_AGENTS, grant=("block",), applications={"includeApplications": [EXCHANGE]}), NO_MFA),
        (policy(grant=("block",)), NO_MFA),
    ],
    ids=["all agents", "everybody and all agents", "agents' risk", "disabled", "another application", "all users"],
)
def test_an_agents_account_is_never_free_to_pass_where_policies_for_agents_may_stop_it(
    raw: dict[str, Any], outcome: SignInOutcome
) -> None:
    assert ask(raw, person="robo").outcome is outcome
    users = raw["conditions"]["users"]["includeUsers"]
    if "All" not in users:
        assert ask(raw).outcome is NO_MFA


def test_what_decides_comes_first_and_session_controls_stand_with_their_policy() -> None:
    session = {"signInFrequency": {"isEnabled": True}, "persistentBrowser": None}
    answer = ask(
        policy("A", clientAppTypes=["other"]),
        policy("B"),
        {**policy("C", grant=("block",)), "sessionControls": session},
    )
    assert [one.display_name for one in answer.policies] == ["C", "B", "A"]
    assert answer.deciding == (answer.policies[0].id,)
    assert answer.policies[0].session == ("signInFrequency",)


@pytest.mark.parametrize(
    "impossible",
    [
        {"hybrid_joined": True, "platform": "iOS"},
        {"hybrid_joined": True, "platform": "macOS"},
        {"flow": "deviceCodeFlow", "client_app_type": "other"},
    ],
)
def test_what_no_sign_in_can_be_is_refused(impossible: dict[str, Any]) -> None:
    with pytest.raises(UsageProblem):
        spelled_right(SignIn(app=PAYROLL, **impossible))
    for left_out in impossible:
        spelled_right(SignIn(app=PAYROLL, **{key: value for key, value in impossible.items() if key != left_out}))


def test_a_policy_can_be_taken_away_by_name_or_id() -> None:
    one, two = policy("Everybody"), policy("Guests", users={"includeUsers": ["GuestsOrExternalUsers"]})
    both, payroll = evidence(one, two), SignIn(app=PAYROLL)
    for named, outcome in (("everybody", NO_MFA), (two["id"], MFA)):
        left = evidence_without(both, policy_called(named, both))
        assert WhatIf(left).answer_for(PEOPLE["ada"], payroll).outcome is outcome
    with pytest.raises(UsageProblem, match="There is no policy called 'Evrybody'") as near:
        policy_called("Evrybody", both)
    assert "'Everybody'" in near.value.hint
    twice = evidence(one, {**one, "id": two["id"]})
    with pytest.raises(UsageProblem, match="fits 2 of them"):
        policy_called("Everybody", twice)


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
        {"device_filter": "perhaps"},
        {"external_tenant_id": "fabrikam.example"},
        {"external_user_type": "neighbour"},
    ],
)
def test_a_value_that_graph_does_not_have_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageProblem):
        spelled_right(SignIn(**wrong))
