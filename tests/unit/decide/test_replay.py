"""Past sign-ins under planned policies: what changes for whom, and how far our judgement agrees with the log."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from migrate.decide.replay.judging import KindJudge
from migrate.decide.replay.replaying import replayed
from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.explanation import SignInOutcome
from migrate.model.replay import Change, Replay
from migrate.model.sign_ins import Form, Seen, SeenAs, SignInClass
from migrate.views.replay import replay_answer
from tests.unit.decide.records import evidence, object_id, policy, policy_of, profile
from tests.unit.store.test_sign_ins import KIND
from tests.unit.views.test_answers import text_of

MFA = policy()


def conditioned(name: str = "Conditioned", **conditions: Any) -> ConditionalAccessPolicy:
    """Return the policy of everybody with some more conditions."""
    raw = policy(name).raw
    return policy_of({**raw, "conditions": {**raw["conditions"], **conditions}})


def seen(attempts: int = 1, name: str = "ada", **members: Any) -> SeenAs:
    given: dict[str, Any] = {"asked_by": (), "multifactor": False, "results": (), **members}
    return SeenAs(
        kind=structs.replace(KIND, **given),
        user_id=object_id(name),
        seen=Seen(rows=attempts, first=498_840 * 3600, last=498_840 * 3600, hours=((498_840, attempts),)),
    )


def replay(*people: SeenAs, today: Evidence | None = None, planned: Evidence | None = None, **others: Any) -> Replay:
    names = ("ada", "ben")
    given: dict[str, Any] = {
        "switched_off": frozenset(map(object_id, names)),
        "cannot_answer": frozenset(),
        "agreement_limit": 0.995,
        **others,
    }
    return replayed(
        people,
        {object_id(name): profile(name) for name in names},
        today=today or evidence(),
        planned=planned or evidence(MFA),
        **given,
    )


def changes(found: Replay) -> dict[Change, int]:
    return {one.change: one.attempts for one in found.counts}


@pytest.mark.parametrize(
    ("members", "change"),
    [
        ({}, Change.NEWLY_REQUIRED),
        ({"asked_by": ("user",), "multifactor": True}, Change.MOVES_OVER),
        ({"asked_by": ("multiConditionalAccess", "user"), "multifactor": True}, Change.SAME),
        ({"client": "IMAP4"}, Change.NEWLY_BLOCKED),
        ({"protocol": "ropc"}, Change.NEWLY_BLOCKED),
        ({"client": "IMAP4", "outcome": SignInClass.BLOCKED, "code": 53003}, Change.SAME),
        ({"outcome": SignInClass.NOT_OURS}, None),
        ({"outcome": SignInClass.NOISE, "code": 50126}, None),
        ({"client": "Something new"}, Change.DEPENDS),
    ],
)
def test_each_sign_in_becomes_what_the_planned_policies_make_of_it(
    members: dict[str, Any], change: Change | None
) -> None:
    found = changes(replay(seen(3, **members)))
    assert found == ({} if change is None else {change: 3})


def test_whoever_was_asked_and_would_not_be_loses_mfa() -> None:
    narrow = conditioned(clientAppTypes=["browser"])
    asked = {"asked_by": ("user",), "multifactor": True}
    found = replay(
        seen(2, client="Mobile Apps and Desktop clients", **asked), seen(5, **asked), planned=evidence(narrow)
    )
    assert changes(found) == {Change.LOSES_MFA: 2, Change.MOVES_OVER: 5}
    assert found.people_of(Change.LOSES_MFA) == {object_id("ada")}


def test_whoever_failed_mfa_and_would_not_be_asked_loses_it_too() -> None:
    row = seen(asked_by=("user",), outcome=SignInClass.MFA_FAILED, code=500121)
    assert changes(replay(row, planned=evidence())) == {Change.LOSES_MFA: 1}


def test_whose_per_user_mfa_stays_loses_nothing() -> None:
    row = seen(asked_by=("user",), multifactor=True)
    assert changes(replay(row, planned=evidence(), switched_off=frozenset())) == {Change.SAME: 1}


def test_without_the_column_the_requirement_tells_whether_mfa_was_asked() -> None:
    row = seen(asked_by=None, results=None, multifactor=True)
    assert changes(replay(row, planned=evidence())) == {Change.LOSES_MFA: 1}


def test_silent_ones_and_those_who_cannot_pass_are_told_apart() -> None:
    found = replay(seen(silent=True), seen(name="ben", silent=False), cannot_answer=frozenset({object_id("ben")}))
    by_person = {one.people: one for one in found.changed}
    assert by_person[(object_id("ada"),)].silent is True
    assert by_person[(object_id("ben"),)].cannot_pass == (object_id("ben"),)


def test_people_of_the_log_whom_the_export_lacks_are_counted_and_not_judged() -> None:
    found = replay(seen(name="stranger"))
    assert (found.unknown_people, found.counts) == (1, ())


# What the log does not say


def judged(
    kind_members: dict[str, Any], *policies: ConditionalAccessPolicy
) -> tuple[set[SignInOutcome], tuple[str, ...]]:
    judge = KindJudge(evidence(*policies))
    found = judge.judge(judge.class_of(profile("ada")), structs.replace(KIND, **kind_members))
    return set(found.outcomes), found.depends_on


IOS = conditioned("iOS", platforms={"includePlatforms": ["iOS"], "excludePlatforms": []})
NOT_IOS = conditioned("Not iOS", platforms={"includePlatforms": ["all"], "excludePlatforms": ["iOS"]})


def test_two_policies_that_cover_every_platform_together_are_mfa_without_knowing_it() -> None:
    assert judged({"platform": None}, IOS, NOT_IOS) == ({SignInOutcome.MFA}, ())
    assert judged({"platform": None}, IOS) == ({SignInOutcome.MFA, SignInOutcome.NO_MFA}, ("platform",))


GSA = {"includeLocations": ["All"], "excludeLocations": ["3d46dbda-8382-466a-856d-eb00cbc6b910"]}


def device_filter(rule: str) -> dict[str, Any]:
    return {"deviceFilter": {"mode": "exclude", "rule": rule}}


@pytest.mark.parametrize(
    ("conditions", "members", "axis"),
    [
        ({"signInRiskLevels": ["high"]}, {"risk": None}, "signInRisk"),
        ({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, {"flow": None, "protocol": None}, "flow"),
        ({"clientAppTypes": ["other"]}, {"client": "Something new"}, "clientAppType"),
        ({"platforms": {"includePlatforms": ["iOS"], "excludePlatforms": []}}, {"platform": None}, "platform"),
        ({"locations": GSA}, {"global_secure_access": None}, "compliantNetwork"),
        ({"devices": device_filter("device.isCompliant -eq True")}, {"compliant": None}, "device:compliant"),
        ({"devices": device_filter('device.trustType -eq "ServerAD"')}, {"hybrid_joined": None}, "device:hybridJoined"),
    ],
)
def test_what_is_not_told_is_tried_every_way_and_named(
    conditions: dict[str, Any], members: dict[str, Any], axis: str
) -> None:
    outcomes, depends = judged(members, conditioned(**conditions))
    assert len(outcomes) > 1
    assert axis in depends


def test_what_no_policy_asks_about_is_not_tried() -> None:
    judge = KindJudge(evidence(MFA))
    unknown = structs.replace(KIND, platform=None, risk=None, compliant=None, hybrid_joined=None, flow=None)
    judge.judge(judge.class_of(profile("ada")), unknown)
    assert judge.judged == 1


def test_the_same_kind_is_judged_once_for_all_users_alike() -> None:
    judge = KindJudge(evidence(MFA))
    for name in ("ada", "ben", "cleo"):
        judge.judge(judge.class_of(profile(name)), KIND)
    assert judge.judged == 1


OFFICE = "10000000-0000-4000-8000-000000000001"


def test_a_place_is_known_by_what_was_kept_of_the_address() -> None:
    office = {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "id": OFFICE,
        "displayName": "Office",
        "isTrusted": True,
        "ipRanges": [{"cidrAddress": "203.0.113.0/24"}],
    }
    outside = conditioned(locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]})
    found = structs.replace(evidence(outside), named_locations=(office,))
    judge = KindJudge(found)
    user_class = judge.class_of(profile("ada"))

    def outcome(**members: Any) -> SignInOutcome | None:
        return judge.judge(user_class, structs.replace(KIND, **members)).outcome

    assert outcome(places=(OFFICE,)) is SignInOutcome.NO_MFA
    assert outcome(places=()) is SignInOutcome.MFA
    assert outcome(places=None) is SignInOutcome.UNKNOWN
    # The service saw another address: it counts as both.
    assert outcome(places=(OFFICE,), places_seen_by_resource=()) is None


# Calibration


def with_result(attempts: int, result: str | None, **members: Any) -> SeenAs:
    return seen(attempts, results=() if result is None else ((MFA.id.lower(), result),), **members)


def test_agreement_with_the_log_is_counted_policy_by_policy() -> None:
    found = replay(
        with_result(990, "success", asked_by=("multiConditionalAccess",)),
        with_result(10, None, client="Mobile Apps and Desktop clients"),
        with_result(7, "notEnoughInformation", risk="low"),
        seen(50, results=None, country="SE"),
        today=evidence(MFA),
    )
    (one,) = found.calibration
    assert (one.agreed, one.disagreed, one.not_known) == (990, 10, 7)
    assert one.share == 0.99
    assert found.not_proven == (MFA.id,)
    assert [kind.client for kind in one.disagreeing] == ["Mobile Apps and Desktop clients"]
    said = " ".join(text_of(replay_answer(found, (), {})).split())
    assert "99.00% 1,000 7 not proven" in said
    assert f"{MFA.display_name} disagrees: Mobile Apps and Desktop clients" in said
    proven = replay(with_result(990, "success"), today=evidence(MFA))
    assert proven.not_proven == ()
    assert "not proven" not in text_of(replay_answer(proven, (), {}))


def test_a_policy_that_could_not_be_compared_is_not_proven() -> None:
    found = replay(seen(results=None), today=evidence(MFA))
    assert found.calibration[0].share is None
    assert found.not_proven == (MFA.id,)


def test_rows_of_before_a_policys_last_change_do_not_count() -> None:
    changed = structs.replace(MFA, modified_date_time="2026-11-28T01:00:00Z")
    found = replay(with_result(5, None), today=evidence(changed))
    assert (found.calibration[0].agreed, found.calibration[0].disagreed) == (0, 0)


def test_report_only_policies_are_compared_as_well() -> None:
    report_only = policy(state="enabledForReportingButNotEnforced")
    found = replay(seen(4, results=((report_only.id.lower(), "reportOnlyInterrupted"),)), today=evidence(report_only))
    assert found.calibration[0].agreed == 4


def test_interactive_ones_are_counted_apart() -> None:
    found = replay(seen(2), seen(3, form=Form.NON_INTERACTIVE))
    assert {(one.form, one.attempts) for one in found.counts} == {(Form.INTERACTIVE, 2), (Form.NON_INTERACTIVE, 3)}


def test_a_risk_of_the_person_is_not_in_the_log_and_told_as_an_if() -> None:
    risky = conditioned("Risky", userRiskLevels=["high"])
    found = replay(seen(2), planned=evidence(risky))
    assert changes(found) == {Change.SAME: 2}
    assert [(one.risk, one.level, one.change, one.attempts, one.people) for one in found.if_risky] == [
        ("userRisk", "high", Change.NEWLY_REQUIRED, 2, (object_id("ada"),))
    ]
    assert replay(seen(2)).if_risky == (), "no policy asks about it"


def test_a_sign_in_to_the_directory_may_have_asked_for_baseline_scopes() -> None:
    excluding = conditioned("But one", applications={"includeApplications": ["00000002-0000-0000-c000-000000000000"]})
    directory = seen(resources=("00000002-0000-0000-c000-000000000000",))
    (changed,) = replay(directory, planned=evidence(excluding)).changed
    assert (changed.change, changed.depends_on) == (Change.DEPENDS, ("app",))
    assert changes(replay(directory)) == {Change.NEWLY_REQUIRED: 1}, "every resource, so that scopes change nothing"
