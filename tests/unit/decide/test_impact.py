"""Whom a policy catches that a plan switches on, each kind a number of its own, and three limits of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from migrate.decide.guards import refuse_beyond_limits
from migrate.decide.planner import Planner
from migrate.errors import LimitReached
from migrate.model.capability import CapabilityEvidence, InboundTrust
from migrate.model.evidence import Evidence
from migrate.model.impact import AcceptedPerson, Caught, NewlyPrompted, PolicyImpact
from migrate.model.plan import PlanHeader, PlanKind, PlanRow, Severity
from migrate.model.rules import Rules
from migrate.model.steps import SetPolicyState
from migrate.model.users import AnyUser, Identity
from tests.unit.decide.records import (
    ROOM_SKU,
    UNREGISTERED,
    evidence,
    guest,
    header,
    limits,
    object_id,
    policy,
    policy_of,
    profile,
    rules,
    sku,
    snapshot,
    switch,
    sync_role,
    unreadable,
    user,
)
from tests.unit.decide.test_capability import PHISHING_RESISTANT, about_registration, report, with_strength

REPORT_ONLY = "enabledForReportingButNotEnforced"
ROOM = profile("room", assigned_licenses=(ROOM_SKU,))
SKUS = (sku(), sku("MEETING_ROOM", ROOM_SKU, plan="something else"))
NOT_ALLOWED = report("mobilePhone", capable=False)


def planned(users: Iterable[AnyUser], proof: Evidence, decided: Rules) -> tuple[dict[str, PlanRow], PlanHeader]:
    people = list(users)
    planner = Planner(snapshot(len(people), *SKUS), proof, decided)
    rows = {row.user_principal_name.split("@")[0]: row for row in planner.rows(people)}
    return rows, planner.header("cd" * 32, tool_version="0.1.0")


def create(users: Iterable[AnyUser], **decided: Any) -> PlanHeader:
    """Return the header of a plan that creates a policy for everybody in a tenant that has none."""
    return planned(users, evidence(), rules(create=True, **decided))[1]


def codes(found: PlanHeader, severity: Severity = Severity.BLOCKER) -> list[str]:
    return [note.code for note in found.notes if note.severity is severity]


def numbers(found: PlanHeader) -> dict[str, int]:
    (impact,) = found.impacts
    return impact.numbers


@pytest.mark.parametrize(
    ("who", "caught"),
    [
        (user("otto", "disabled"), Caught.NEWLY_REQUIRED),
        (unreadable("nina"), Caught.NEWLY_REQUIRED),
        (user("ada", "enforced"), Caught.REQUIRED_ALREADY),
        (user("ada", "enforced", UNREGISTERED), Caught.REQUIRED_ALREADY),
        (user("ben", "enabled"), Caught.REQUIRED_ALREADY),
        (user("emil", "enabled", UNREGISTERED), Caught.ENABLED_WITHOUT_METHOD),
        (user("emil", "enabled", None), Caught.ENABLED_WITHOUT_METHOD),
        (user(guest("gus"), "disabled"), Caught.GUEST),
        (user(guest("gus"), "enforced"), Caught.REQUIRED_ALREADY),
        (user(profile("gone", account_enabled=False), "disabled"), Caught.DISABLED),
        (user(profile("gone", account_enabled=False), "enforced"), Caught.DISABLED),
    ],
)
def test_everybody_is_in_one_number(who: AnyUser, caught: Caught) -> None:
    found = numbers(create([who]))
    kinds = {
        Caught.NEWLY_REQUIRED,
        Caught.REQUIRED_ALREADY,
        Caught.ENABLED_WITHOUT_METHOD,
        Caught.GUEST,
        Caught.DISABLED,
    }
    assert {name: number for name, number in found.items() if name in kinds} == {caught.value: 1}


def test_agents_and_whom_the_policy_excludes_are_in_no_number() -> None:
    agent = user(profile("agent", is_agent=True), "disabled")
    assert numbers(create([agent, user("emergency1", "disabled")])) == {}


def test_whoever_policies_cover_today_is_required_already() -> None:
    _, found = planned([user("otto", "disabled")], evidence(policy()), rules(create=True))
    assert numbers(found) == {"requiredAlready": 1}
    assert not found.blockers


def test_enabled_without_a_method_is_said_to_be_unprotected() -> None:
    found = create([user("emil", "enabled", UNREGISTERED)])
    (sentence,) = [note.sentence for note in found.notes if note.code == "enabled-without-method"]
    assert "not protected today" in sentence


CAUGHT = [
    user("otto", "disabled"),
    user("mona", "enforced", NOT_ALLOWED),
    user(ROOM, "enforced"),
]
OPEN = {"max_newly_required": 9, "max_not_mfa_capable": 9, "max_newly_blocked": 9}


def test_each_limit_is_asked_alone_and_raising_one_never_satisfies_another() -> None:
    assert codes(create(CAUGHT)) == ["newly-required", "not-mfa-capable", "newly-blocked"]
    for key, code in (
        ("max_newly_required", "newly-required"),
        ("max_not_mfa_capable", "not-mfa-capable"),
        ("max_newly_blocked", "newly-blocked"),
    ):
        only = create(CAUGHT, limits=limits(**{**OPEN, key: 0}))
        assert codes(only) == [code]
        (note,) = only.blockers
        assert f"limits.{key} from 0" in note.sentence
    assert codes(create(CAUGHT, limits=limits(**OPEN))) == []
    exact = {"max_newly_required": 1, "max_not_mfa_capable": 1, "max_newly_blocked": 1}
    assert codes(create(CAUGHT, limits=limits(**exact))) == []


def test_whoever_is_accepted_by_name_is_counted_apart_and_only_for_what_cannot_pass() -> None:
    accepted = tuple(
        AcceptedPerson(
            user_id=object_id(name), user_principal_name=name, reason="has a new telephone", expires="2027-01-01"
        )
        for name in ("otto", "mona", "room")
    )
    found = create(CAUGHT, accepted_caught=accepted)
    assert codes(found) == ["newly-required"], "being newly required is accepted with its limit only"
    assert numbers(found)["acceptedByName"] == 2
    assert found.accepted_caught == accepted
    assert "caught-accepted" in codes(found, Severity.WARNING)


def test_a_temporary_access_pass_makes_somebody_register_first() -> None:
    given = report("mobilePhone", "temporaryAccessPass", capable=False)
    rows, found = planned([user("mona", "enforced", given)], evidence(), rules(create=True))
    assert not found.blockers
    assert "must register first" in rows["mona"].reason


def test_who_is_newly_blocked_is_unknown_where_no_sign_in_was_read() -> None:
    found = create([user("ada")])
    (impact,) = found.impacts
    assert impact.number(Caught.NEWLY_BLOCKED) == 0
    assert "newly-blocked-unknown" in codes(found, Severity.WARNING)


def test_a_synchronization_account_that_is_not_excluded_would_be_blocked() -> None:
    raw = policy("Everybody", REPORT_ONLY).raw
    proof = evidence(policy_of(raw), roles=(sync_role("sync"),))
    _, found = planned([user("sync", "disabled")], proof, rules(switch_on=(raw["id"],)))
    assert {"directory-sync-not-excluded", "newly-blocked"} <= set(codes(found))


def test_a_policy_that_blocks_everything_blocks_whom_it_is_about_and_one_that_blocks_a_part_is_said() -> None:
    raw = policy("Block", REPORT_ONLY).raw
    blocks = {**raw, "grantControls": {"operator": "OR", "builtInControls": ["block"]}}
    people = [user("otto", "disabled"), user("ada")]
    _, found = planned(people, evidence(policy_of(blocks)), rules(switch_on=(raw["id"],)))
    assert numbers(found) == {"newlyBlocked": 2}
    assert "newly-blocked" in codes(found)
    part = {**blocks, "conditions": {**raw["conditions"], "clientAppTypes": ["exchangeActiveSync", "other"]}}
    _, found = planned(people, evidence(policy_of(part)), rules(switch_on=(raw["id"],)))
    assert numbers(found) == {}
    (impact,) = found.impacts
    assert impact.blocks_some_sign_ins


def test_a_strength_that_is_switched_on_catches_whoever_passes_today() -> None:
    strong = with_strength(*PHISHING_RESISTANT)
    off = policy_of({**strong.raw, "state": REPORT_ONLY})
    people = [user("ada", "enforced", report("mobilePhone")), user("eve", "enforced", report("fido2"))]
    _, found = planned(people, evidence(policy(), off), rules(switch_on=(off.id,)))
    assert numbers(found) == {"requiredAlready": 2, "notMfaCapable": 1}
    assert "not-mfa-capable" in codes(found)


def test_whoever_is_covered_and_not_capable_today_already_is_caught_by_nothing_new() -> None:
    off = policy("Another", REPORT_ONLY)
    people = [user("mona", "enforced", NOT_ALLOWED)]
    _, found = planned(people, evidence(policy(), off), rules(switch_on=(off.id,)))
    assert numbers(found) == {"requiredAlready": 1}


def test_a_policy_that_bars_registration_catches_whoever_has_no_method() -> None:
    barring = about_registration(REPORT_ONLY)
    people = [user("nell", "enforced", UNREGISTERED), user("ada")]
    _, found = planned(people, evidence(policy(), barring), rules(switch_on=(barring.id,)))
    assert numbers(found) == {"notMfaCapable": 1}


# --- the wave of those who are not capable yet


def test_whoever_is_not_capable_yet_comes_in_the_last_wave_with_the_reason() -> None:
    people = [
        user("ada"),
        user("nell", "enforced", UNREGISTERED),
        user("mona", "enforced", NOT_ALLOWED),
        user("otto", "enforced", None),
    ]
    rows, found = planned(people, evidence(policy()), rules(percentages=(100,)))
    assert rows["ada"].wave == 2
    assert {rows[name].wave for name in ("nell", "mona", "otto")} == {3}
    assert found.waves[-1].name == "not MFA capable yet"
    assert rows["nell"].reason.startswith("covered")
    assert "; must register first: no method is registered" in rows["nell"].reason
    assert "; not MFA capable: registered only with what the tenant does not allow" in rows["mona"].reason


@pytest.mark.parametrize(("trusts", "wave"), [(True, 2), (False, 3), (None, 3)])
def test_a_guest_whose_home_is_trusted_is_in_an_ordinary_wave(trusts: bool | None, wave: int) -> None:
    home = (Identity(sign_in_type="federated", issuer="ExternalAzureAD"),)
    trust = None if trusts is None else InboundTrust(default=trusts, partners={})
    beside = CapabilityEvidence(methods=None, methods_problem=None, trust=trust, trust_problem=None)
    gus = user(guest("gus", identities=home), "enforced", UNREGISTERED)
    rows, _ = planned([gus], evidence(policy(), capability=beside), rules(percentages=(100,)))
    assert rows["gus"].wave == wave


def test_what_was_not_read_is_said_in_the_plan() -> None:
    beside = CapabilityEvidence(methods=None, methods_problem="403.", trust=None, trust_problem="403.")
    _, found = planned([user("ada")], evidence(policy(), capability=beside), rules())
    assert {"methods-policy-unread", "inbound-trust-unread"} <= set(codes(found, Severity.WARNING))


# --- the guard of the step


def impact(**numbers: int) -> PolicyImpact:
    return PolicyImpact(
        key=object_id("MFA for everybody"),
        policy="MFA for everybody",
        numbers=numbers,
        samples={"notMfaCapable": ("ada",)},
    )


ON: SetPolicyState = switch(REPORT_ONLY, "enabled")


@pytest.mark.parametrize("caught", [Caught.NEWLY_REQUIRED, Caught.NOT_CAPABLE, Caught.NEWLY_BLOCKED])
def test_the_step_itself_is_refused_beyond_a_limit(caught: Caught) -> None:
    plan = header(policy_steps=(ON,), impacts=(impact(**{caught.value: 1}),))
    with pytest.raises(LimitReached, match="MFA for everybody"):
        refuse_beyond_limits(plan, ON)
    refuse_beyond_limits(msgspec.structs.replace(plan, limits=limits(**OPEN)), ON)


def test_a_policy_whose_effect_was_not_counted_is_not_switched_on_and_one_of_an_older_plan_is() -> None:
    with pytest.raises(LimitReached, match="does not say whom"):
        refuse_beyond_limits(header(policy_steps=(ON,)), ON)
    former = NewlyPrompted(policy="MFA for everybody", total=1, outside_plan=0, by_kind={}, sample=())
    refuse_beyond_limits(header(policy_steps=(ON,), newly_prompted=(former,)), ON)
    refuse_beyond_limits(header(policy_steps=(ON,), kind=PlanKind.ROLLBACK), ON)
    refuse_beyond_limits(header(), switch("enabled", REPORT_ONLY))
