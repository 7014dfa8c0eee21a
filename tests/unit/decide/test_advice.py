"""Advice on small tenants: what is proposed, in which order, with which numbers, and what never is."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from migrate.decide.advice.advising import Adviser, advised
from migrate.decide.advice.reach import meets
from migrate.decide.advice.search import COMPARED, LARGEST
from migrate.decide.coverage.regions import Box
from migrate.decide.policy_steps import prepare
from migrate.model.advice import (
    Advice,
    AllClientApps,
    CreateOurs,
    Ended,
    EndExclusion,
    Never,
    Number,
    Proposal,
    SwitchOn,
    WidenOurs,
)
from migrate.model.capability import CapabilityEvidence, InboundTrust
from migrate.model.evidence import Evidence, ReadStatus
from migrate.model.plan import AcceptedGap
from migrate.model.policy_exclusions import ExcludedBy, PolicyExclusion
from migrate.model.rules import DIRECTORY_SYNC_NAME, Rules
from migrate.model.sign_ins import Coordinate, WayIn, WaysSeen
from migrate.model.steps import CreatePolicy, SetPolicyState
from migrate.model.templates import Template, Wish
from migrate.model.users import AnyUser, Registration
from tests.unit.decide.records import (
    ROOM_SKU,
    TENANT,
    UNREGISTERED,
    evidence,
    group,
    guest,
    object_id,
    policy,
    policy_of,
    profile,
    rules,
    sku,
    snapshot,
    sync_role,
    user,
)

EMERGENCY = [object_id("emergency1"), object_id("emergency2")]
SPARED = {"excludeUsers": EMERGENCY, "excludeRoles": [sync_role().template_id]}
REPORT_ONLY = "enabledForReportingButNotEnforced"
MODERN = ["browser", "mobileAppsAndDesktopClients"]
MANAGED = "Microsoft-managed: Multifactor authentication for admins accessing Microsoft Admin Portals"
PER_USER = "Microsoft-managed: Multifactor authentication for per-user multifactor authentication users"
PHONE = Registration(
    is_mfa_registered=True, is_mfa_capable=True, methods_registered=("mobilePhone",), last_updated_date_time=None
)
KEY = Registration(
    is_mfa_registered=True, is_mfa_capable=True, methods_registered=("fido2",), last_updated_date_time=None
)


def advice(proof: Evidence, *users: AnyUser, **others: Any) -> Advice:
    return asked(proof, *users, **others)[1]


def asked(proof: Evidence, *users: AnyUser, decided: Rules | None = None) -> tuple[Adviser, Advice]:
    header = snapshot(len(users), sku(), sku("MEETING_ROOM", ROOM_SKU))
    return advised(header, proof, decided or rules(), users)


def asleep(name: str = "Asleep", **users: Any) -> Any:
    return policy(name, REPORT_ONLY, **(users or SPARED))


def with_conditions(one: Any, **conditions: Any) -> Any:
    raw = {**one.raw, "conditions": {**one.raw["conditions"], **conditions}}
    return policy_of(raw)


def granting(one: Any, *controls: str) -> Any:
    return policy_of({**one.raw, "grantControls": {"operator": "OR", "builtInControls": list(controls)}})


def proposal(found: Advice, kind: type) -> Proposal:
    """Return the only step of a kind; of policies of ours the one for all users."""
    (one,) = [each for each in found.proposals if isinstance(each.remedy, kind) and not blocks_legacy(each)]
    return one


def blocks_legacy(one: Proposal) -> bool:
    return isinstance(one.remedy, CreateOurs) and one.remedy.template is Template.LEGACY_AUTHENTICATION


def kinds(found: Advice) -> list[type]:
    """Return the kinds of the steps that are proposed, the policy against legacy authentication aside."""
    return [type(one.remedy) for one in found.proposals if not blocks_legacy(one)]


def never(found: Advice) -> dict[str, Never]:
    return {
        f"{type(one.remedy).__name__} {getattr(one.remedy, 'target_name', one.remedy.policy)}": one.why
        for one in found.ruled_out
    }


# What is proposed


def test_a_tenant_without_any_policy_is_advised_to_create_ours() -> None:
    found = advice(evidence(), user("ada"), user("ben", "disabled"), user("guy", "enforced"))
    assert (found.waiting, found.uncovered) == (2, 2)
    one, legacy = found.proposals
    assert isinstance(one.remedy, CreateOurs)
    assert blocks_legacy(legacy)
    assert one.effect.number(Number.COVERED) == 2
    assert one.effect.number(Number.NEWLY_REQUIRED) == 1
    assert [way.steps for way in found.ways] == [(1,)]
    assert found.exact_up_to == 3


def test_nothing_is_proposed_where_everybody_is_covered() -> None:
    found = advice(evidence(policy("On", **SPARED)), user("ada"), user("ben", "disabled"))
    assert (found.uncovered, found.proposals, found.ways) == (0, (), ())


def test_switching_on_a_sleeping_policy_for_fewer_people_comes_before_our_own_for_all() -> None:
    sleeping = asleep(**{**SPARED, "includeUsers": [], "includeGroups": [object_id("staff")]})
    proof = evidence(sleeping, groups=(group("staff", "ada", "ben"),))
    found = advice(proof, user("ada"), user("ben"), user("cem", "disabled"))
    assert isinstance(found.proposals[0].remedy, SwitchOn)
    assert found.proposals[0].effect.newly_required == 0
    assert isinstance(found.proposals[1].remedy, CreateOurs)
    assert found.proposals[1].effect.newly_required == 1
    assert [way.steps for way in found.ways] == [(1,), (2,)]


def test_a_microsoft_managed_policy_is_named_as_such() -> None:
    found = advice(evidence(asleep(MANAGED)), user("ada"))
    assert proposal(found, SwitchOn).remedy == SwitchOn(policy_id=object_id(MANAGED), policy=MANAGED, managed=True)


def test_two_steps_are_found_where_one_is_not_enough() -> None:
    partial = with_conditions(policy("Modern", **SPARED), clientAppTypes=MODERN)
    excluded = {**SPARED, "excludeGroups": [object_id("exceptions")]}
    other = with_conditions(policy("Legacy", **excluded), clientAppTypes=["other", "exchangeActiveSync"])
    found = advice(
        evidence(partial, granting(other, "block"), groups=(group("exceptions", "ada"),)),
        user("ada"),
        decided=rules(emergency_access=(), emergency_none="a test"),
    )
    assert {type(one.remedy) for one in found.proposals} == {EndExclusion, AllClientApps}
    assert all(len(way.steps) == 1 for way in found.ways)
    both = with_conditions(policy("Modern", **excluded), clientAppTypes=MODERN)
    found = advice(
        evidence(both, groups=(group("exceptions", "ada"),)),
        user("ada"),
        decided=rules(emergency_access=(), emergency_none="a test"),
    )
    assert [way.steps for way in found.ways] == [(1, 2)]
    assert found.ways[0].effect.number(Number.COVERED) == 1


def test_what_the_configuration_asks_for_already_counts_as_done() -> None:
    found = advice(evidence(), user("ada"), decided=rules(create=True))
    assert (found.waiting, found.uncovered, found.proposals) == (1, 0, ())


@pytest.mark.parametrize(
    ("conditions", "what", "target", "name"),
    [
        (
            {"applications": {"includeApplications": ["All"], "excludeApplications": ["Office365"]}},
            Ended.APPLICATION,
            "Office365",
            "the Office 365 suite",
        ),
        (
            {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
            Ended.LOCATION,
            "AllTrusted",
            "all trusted locations",
        ),
        ({"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["linux"]}}, Ended.PLATFORM, "linux", "linux"),
        (
            {"users": {"includeUsers": ["All"], **SPARED, "excludeGroups": [object_id("exceptions")]}},
            Ended.GROUP,
            object_id("exceptions"),
            "exceptions",
        ),
        (
            {"users": {"includeUsers": ["All"], **SPARED, "excludeUsers": [*EMERGENCY, object_id("ada")]}},
            Ended.PERSON,
            object_id("ada"),
            "ada@contoso.example",
        ),
    ],
)
def test_each_kind_of_exclusion_can_be_ended(conditions: Any, what: Ended, target: str, name: str) -> None:
    proof = evidence(with_conditions(policy("On", **SPARED), **conditions), groups=(group("exceptions", "ada"),))
    found = advice(proof, user("ada"))
    remedy = proposal(found, EndExclusion).remedy
    assert isinstance(remedy, EndExclusion)
    assert (remedy.what, remedy.target, remedy.target_name) == (what, target, name)
    assert proposal(found, EndExclusion).effect.number(Number.COVERED) == 1


def test_the_end_of_an_exclusion_says_how_many_in_it_are_not_mfa_capable() -> None:
    excluded = {**SPARED, "excludeGroups": [object_id("field workers")]}
    proof = evidence(policy("On", **excluded), groups=(group("field workers", "ada", "ben", "cem", "dan"),))
    found = advice(
        proof,
        user("ada"),
        user("ben", registration=UNREGISTERED),
        user("cem", "disabled", None),
        user(profile("dan", account_enabled=False), registration=UNREGISTERED),
    )
    inside = proposal(found, EndExclusion).inside
    assert inside is not None
    assert (inside.people, inside.not_mfa_capable, inside.capable_unknown) == (3, 1, 1)


def test_of_single_people_the_twenty_whom_most_policies_exclude_are_proposed() -> None:
    many = [object_id(f"p{number}") for number in range(30)]
    proof = evidence(
        policy("One", excludeUsers=[*EMERGENCY, *many], excludeRoles=SPARED["excludeRoles"]),
        with_conditions(
            policy("Two", excludeUsers=[*EMERGENCY, many[29]], excludeRoles=SPARED["excludeRoles"]),
            clientAppTypes=MODERN,
        ),
    )
    found = advice(proof, *(user(f"p{number}") for number in range(30)))
    ended = {one.remedy.target for one in found.proposals if isinstance(one.remedy, EndExclusion)}
    assert len(ended) == 20, "whoever has to stay excluded takes nobody's place"
    assert ended < set(many)
    assert many[29] in ended
    never = {one.remedy.target for one in found.ruled_out if isinstance(one.remedy, EndExclusion)}
    assert never == set(EMERGENCY)


# What each costs


def test_newly_required_people_are_told_apart_by_kind_and_by_what_they_can_do() -> None:
    proof = structs.replace(
        evidence(),
        capability=CapabilityEvidence(
            methods=None,
            methods_problem=None,
            trust=InboundTrust(default=False, partners={}),
            trust_problem=None,
        ),
    )
    effect = proposal(
        advice(
            proof,
            user("ada"),
            user("new", "disabled", UNREGISTERED),
            user("sms", "disabled", PHONE),
            user("key", "disabled", KEY),
            user("lost", "disabled", None),
            user("bare", "enabled", UNREGISTERED),
            user(guest("gus"), "disabled", UNREGISTERED),
            user(profile("gone", account_enabled=False), "disabled", None),
            user(profile("robo", is_agent=True), "disabled", None),
            user(profile("room", assigned_licenses=(ROOM_SKU,)), "disabled", UNREGISTERED),
            user(profile("svc-erp", assigned_licenses=()), "disabled", UNREGISTERED),
        ),
        CreateOurs,
    ).effect
    assert effect.numbers == {
        "covered": 2,
        "newlyRequired": 6,
        "guestsNewlyRequired": 1,
        "enabledWithoutMethod": 1,
        "mustRegisterFirst": 5,
        "smsVoiceOnly": 1,
        "mfaCapableUnknown": 1,
        "blocked": 1,
        "legacyClientsUnknown": 9,
        "serviceAccountsUnknown": 1,
    }
    assert effect.newly_required == 8
    assert effect.may_be_blocked == 9


def test_a_strength_counts_whoever_cannot_meet_it_and_required_people_too() -> None:
    strength = {
        "id": "00000000-0000-0000-0000-000000000004",
        "displayName": "Phishing-resistant MFA",
        "requirementsSatisfied": "mfa",
        "allowedCombinations": ["fido2"],
    }
    sleeping = asleep()
    strong = policy_of(
        {**sleeping.raw, "grantControls": {"operator": "OR", "builtInControls": [], "authenticationStrength": strength}}
    )
    found = advice(
        evidence(strong, authentication_strengths=(strength,)),
        user("sms", registration=PHONE),
        user("key", registration=KEY),
        user("other", "disabled", PHONE),
    )
    effect = proposal(found, SwitchOn).effect
    assert effect.number(Number.NOT_CAPABLE) == 2
    assert effect.number(Number.NEWLY_REQUIRED) == 1
    assert proposal(found, CreateOurs).effect.number(Number.NOT_CAPABLE) == 0


def test_blocking_legacy_clients_requires_mfa_of_nobody() -> None:
    block = granting(with_conditions(asleep("Block legacy"), clientAppTypes=["exchangeActiveSync", "other"]), "block")
    modern = with_conditions(policy("Modern", **SPARED), clientAppTypes=MODERN)
    found = advice(evidence(block, modern), user("ada"), user("ben", "disabled"))
    effect = proposal(found, SwitchOn).effect
    assert effect.numbers == {"covered": 1, "legacyClientsUnknown": 2}
    assert effect.newly_required == 0


def test_a_policy_that_blocks_everything_comes_last() -> None:
    found = advice(evidence(granting(asleep("Closed"), "block")), user("ada"), user("ben", "disabled"))
    assert kinds(found) == [CreateOurs, SwitchOn]
    assert proposal(found, SwitchOn).effect.number(Number.BLOCKED) == 2


def test_blocking_device_code_is_unknown_without_sign_ins() -> None:
    flow = {"transferMethods": "deviceCodeFlow"}
    block = granting(with_conditions(asleep("No device code"), authenticationFlows=flow), "block")
    found = advice(evidence(block), user("ada"))
    effect = proposal(found, SwitchOn).effect
    assert effect.number(Number.PARTLY) == 1
    assert effect.number(Number.DEVICE_CODE) == 1


def test_who_was_seen_with_a_legacy_client_is_blocked_and_nobody_else_is_unknown() -> None:
    proof = evidence(with_conditions(policy("Modern", **SPARED), clientAppTypes=MODERN))
    ways = WaysSeen(
        since="2026-10-25T00:00:00Z",
        until="2026-11-24T00:00:00Z",
        holes=0,
        lost=(),
        last={object_id("ada"): {WayIn.SMTP_AUTH: 1}, object_id("ben"): {WayIn.ROPC: 1}},
    )
    people = (user("ada"), user("ben"), user("cem", "disabled"))
    _, found = advised(snapshot(3, sku()), proof, rules(), people, ways)
    assert found.sign_ins_since == "2026-10-25T00:00:00Z"
    effect = proposal(found, AllClientApps).effect
    assert effect.numbers == {"covered": 2, "legacyClientsSeen": 1}
    assert (effect.may_be_blocked, effect.blocked) == (1, 1)
    _, ours = advised(snapshot(3, sku()), evidence(), rules(), people, ways)
    assert proposal(ours, CreateOurs).effect.number(Number.PASSWORD_ONLY_SEEN) == 1
    for spoilt in (structs.replace(ways, holes=1), structs.replace(ways, lost=(Coordinate.FLOW,))):
        _, unknown = advised(snapshot(3, sku()), proof, rules(), people, spoilt)
        assert unknown.sign_ins_since is None
        assert proposal(unknown, AllClientApps).effect.number(Number.LEGACY_CLIENTS) == 3


def test_an_exclusion_that_is_written_twice_is_one_step() -> None:
    twice = {**SPARED, "excludeUsers": [*EMERGENCY, object_id("ben"), object_id("ben").upper()]}
    found = advice(evidence(policy("On", **twice)), user("ada"), user("ben"))
    ends = [one for one in found.proposals if isinstance(one.remedy, EndExclusion)]
    assert [one.effect.number(Number.COVERED) for one in ends] == [1]
    assert (ends[0].number,) in [way.steps for way in found.ways]


# Policies of ours


def test_blocking_legacy_authentication_closes_what_mfa_for_modern_clients_leaves_open() -> None:
    proof = evidence(with_conditions(policy("Modern", **SPARED), clientAppTypes=MODERN))
    found = advice(proof, user("ada"), user("ben", "disabled"))
    (legacy,) = [one for one in found.proposals if blocks_legacy(one)]
    assert legacy.effect.numbers == {"covered": 1, "legacyClientsUnknown": 2}
    assert legacy.effect.newly_required == 0
    wished = rules(wishes=(Wish(template=Template.LEGACY_AUTHENTICATION, switch_on=True),))
    _, taken = asked(proof, user("ada"), user("ben", "disabled"), decided=wished)
    assert taken.uncovered == 0


def test_a_template_that_the_configuration_keeps_in_report_only_is_advised_to_be_switched_on() -> None:
    proof = evidence(with_conditions(policy("Modern", **SPARED), clientAppTypes=MODERN))
    kept = rules(wishes=(Wish(template=Template.LEGACY_AUTHENTICATION),))
    _, found = asked(proof, user("ada"), decided=kept)
    assert [one.remedy.policy for one in found.proposals if blocks_legacy(one)] == [
        "Block legacy authentication (mfa-migrate)"
    ]
    # It is not there yet: nothing could be named under policy.switch_on.
    assert SwitchOn not in kinds(found)


PILOT = object_id("pilot")


def pilot(*states: str, **others: Any) -> tuple[Any, ...]:
    """Return our policy for the group of a pilot, as an earlier plan made it, in each of these states."""
    (step,) = prepare(TENANT, evidence(), rules(create=True, scope_group=PILOT)).steps[:1]
    assert isinstance(step, CreatePolicy)
    return tuple(policy_of({**step.body, "id": object_id("ours"), "state": state, **others}) for state in states)


@pytest.mark.parametrize("state", ["enabled", REPORT_ONLY])
def test_our_own_policy_is_advised_to_be_widened_from_its_pilot_to_everybody(state: str) -> None:
    proof = evidence(*pilot(state), groups=(group("pilot", "ada"),))
    decided = rules(create=True, scope_group=PILOT)
    _, found = asked(proof, user("ada"), user("ben"), user("cem", "disabled"), decided=decided)
    assert found.uncovered == 1
    assert kinds(found) == [WidenOurs]
    effect = proposal(found, WidenOurs).effect
    assert (effect.number(Number.COVERED), effect.newly_required) == (1, 1)


def test_a_pilot_that_is_only_planned_is_widened_too() -> None:
    decided = rules(create=True, scope_group=PILOT)
    _, found = asked(evidence(groups=(group("pilot", "ada"),)), user("ada"), user("ben"), decided=decided)
    assert kinds(found) == [WidenOurs]
    assert proposal(found, WidenOurs).effect.number(Number.COVERED) == 1


def test_a_pilot_that_somebody_switched_off_or_that_would_lose_people_is_not_widened() -> None:
    groups = (group("pilot", "ada"),)
    off = advice(evidence(*pilot("disabled"), groups=groups), user("ada"), user("ben"))
    assert kinds(off) == []
    left_out = PolicyExclusion(
        by=ExcludedBy.USER, id=object_id("ada"), name="ada", reason="a test", expires="2027-01-01"
    )
    decided = rules(policy_exclusions=(left_out,))
    _, found = asked(evidence(*pilot("enabled"), groups=groups), user("ada"), user("ben"), decided=decided)
    assert kinds(found) == []


def test_what_the_configuration_leaves_out_of_our_policy_is_ended_in_the_configuration() -> None:
    left_out = PolicyExclusion(by=ExcludedBy.GROUP, id=PILOT, name="pilot", reason="a test", expires="2027-01-01")
    decided = rules(create=True, policy_exclusions=(left_out,))
    _, found = asked(evidence(groups=(group("pilot", "ada"),)), user("ada"), user("ben"), decided=decided)
    assert never(found)["EndExclusion pilot"] is Never.CONFIGURED
    assert EndExclusion not in kinds(found)


# What never is


def test_an_exclusion_of_emergency_access_is_never_ended() -> None:
    excluded = {**SPARED, "excludeUsers": [], "excludeGroups": [object_id("break glass")]}
    found = advice(
        evidence(
            policy("On", **excluded), policy("Two", **SPARED), groups=(group("break glass", "emergency1", "ada"),)
        ),
        user("ada"),
    )
    assert never(found)["EndExclusion break glass"] is Never.EMERGENCY_ACCESS
    assert never(found)[f"EndExclusion {EMERGENCY[0]}"] is Never.EMERGENCY_ACCESS


def test_an_exclusion_of_directory_synchronization_is_never_ended() -> None:
    excluded = {**SPARED, "excludeGroups": [object_id("machines"), object_id("servers")]}
    proof = evidence(
        policy("On", **excluded),
        groups=(group("machines", "sync", "ada"), group("servers", "sync2", "ada")),
        roles=(sync_role("sync"),),
    )
    by_name = user(profile("sync2", display_name=DIRECTORY_SYNC_NAME), "disabled")
    found = advice(proof, user("ada"), by_name)
    assert never(found)["EndExclusion machines"] is Never.DIRECTORY_SYNC
    assert never(found)["EndExclusion servers"] is Never.DIRECTORY_SYNC


def test_where_nobody_knows_who_synchronizes_no_exclusion_of_people_is_ended() -> None:
    unread = structs.replace(sync_role(), status=ReadStatus.UNREADABLE)
    proof = evidence(
        policy("On", **{**SPARED, "excludeGroups": [object_id("exceptions")]}),
        groups=(group("exceptions", "ada"),),
        roles=(unread,),
    )
    assert never(advice(proof, user("ada")))["EndExclusion exceptions"] is Never.DIRECTORY_SYNC


def test_an_exclusion_of_a_group_that_was_not_read_is_never_ended() -> None:
    proof = evidence(
        policy("On", **{**SPARED, "excludeGroups": [object_id("hidden")]}),
        groups=(group("hidden", status=ReadStatus.HIDDEN),),
    )
    assert never(advice(proof, user("ada")))["EndExclusion hidden"] is Never.MEMBERS_UNKNOWN


def test_exclusions_of_service_providers_guests_and_roles_are_no_candidates() -> None:
    spared = {
        **SPARED,
        "excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "serviceProvider,b2bCollaborationGuest"},
        "excludeRoles": ["62e90394-69f5-4237-9190-012177145e10", *SPARED["excludeRoles"]],
    }
    found = advice(evidence(policy("On", **spared)), user(guest("gus")), user("ada"))
    ended = {one.remedy for one in (*found.proposals, *found.ruled_out) if isinstance(one.remedy, EndExclusion)}
    assert {one.target for one in ended if isinstance(one, EndExclusion)} <= set(EMERGENCY)


def test_the_managed_policy_for_per_user_mfa_is_never_rested_on() -> None:
    found = advice(evidence(asleep(PER_USER)), user("ada"))
    assert set(never(found).values()) == {Never.PER_USER_MFA_POLICY}
    assert f"SwitchOn {PER_USER}" in never(found)
    enabled = advice(evidence(policy(PER_USER, **{**SPARED, "excludeGroups": [object_id("g")]})), user("ada"))
    assert enabled.uncovered == 1
    assert kinds(enabled) == [CreateOurs]


def test_a_policy_that_would_reach_emergency_access_is_not_switched_on() -> None:
    found = advice(evidence(asleep(excludeRoles=SPARED["excludeRoles"])), user("ada"))
    assert never(found) == {"SwitchOn Asleep": Never.EMERGENCY_ACCESS}


def test_without_emergency_access_no_policy_is_switched_on_or_created() -> None:
    found = advice(evidence(asleep()), user("ada"), decided=rules(emergency_access=(), emergency_none="a small tenant"))
    assert found.proposals == ()
    assert never(found) == {"SwitchOn Asleep": Never.NO_EMERGENCY_ACCESS}


def test_a_policy_that_is_not_understood_is_not_proposed() -> None:
    strange = policy_of({**asleep().raw, "moonPhase": "full"})
    assert never(advice(evidence(strange), user("ada")))["SwitchOn Asleep"] is Never.NOT_UNDERSTOOD


def test_what_a_wide_block_leaves_out_stays_left_out() -> None:
    places = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
    wide = granting(with_conditions(policy("Block abroad", **SPARED), locations=places), "block")
    found = advice(evidence(wide), user("ada"))
    assert kinds(found) == [CreateOurs]


def test_steps_are_weighed_against_what_lasts_not_against_the_policy_for_per_user_mfa() -> None:
    excluded = {**SPARED, "excludeGroups": [object_id("exceptions")]}
    proof = evidence(policy(PER_USER, **SPARED), policy("On", **excluded), groups=(group("exceptions", "ada"),))
    found = advice(proof, user("ada"), user("ben"), decided=rules(emergency_access=(), emergency_none="a test"))
    assert found.uncovered == 1
    assert proposal(found, EndExclusion).effect.number(Number.COVERED) == 1


def test_a_sleeping_policy_that_is_equal_to_ours_may_be_named_too() -> None:
    both = rules(create=True, switch_on=(object_id("Asleep"),))
    steps = prepare(object_id("tenant"), evidence(asleep()), both).steps
    assert [type(step) for step in steps] == [SetPolicyState]


# Accepting


def test_accepting_a_gap_is_no_remedy_and_says_who_loses_what() -> None:
    places = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
    found = advice(evidence(with_conditions(policy("On", **SPARED), locations=places)), user("ada"), user("ben"))
    (one,) = found.acceptances
    assert (one.gaps, one.people, one.sample) == (
        ("location:trusted",),
        2,
        ("ada@contoso.example", "ben@contoso.example"),
    )


@pytest.mark.parametrize(
    "conditions",
    [
        {"clientAppTypes": MODERN},
        {"applications": {"includeApplications": ["Office365"]}},
        {"clientAppTypes": ["other", "exchangeActiveSync"]},
    ],
)
def test_accepting_legacy_clients_other_apps_or_everything_is_never_named(conditions: Any) -> None:
    found = advice(evidence(with_conditions(policy("On", **SPARED), **conditions)), user("ada"))
    tags = {tag for one in found.acceptances for tag in one.gaps}
    assert not tags & {"clientAppType:other", "clientAppType:exchangeActiveSync", "app:other", "everything"}


def test_an_accepted_gap_counts_as_covered() -> None:
    places = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
    accepted = (AcceptedGap(tag="location:trusted", reason="badges", expires="2027-01-01"),)
    proof = evidence(with_conditions(policy("On", **SPARED), locations=places))
    assert advice(proof, user("ada"), decided=rules(accepted_gaps=accepted)).uncovered == 0


# The search


def test_beyond_the_work_limit_it_is_said_that_not_every_set_was_compared() -> None:
    policies = [
        with_conditions(
            policy(f"P{number}", **{**SPARED, "excludeGroups": [object_id(f"g{number}")]}), clientAppTypes=[client]
        )
        for number, client in enumerate(["browser", "mobileAppsAndDesktopClients", "other", "exchangeActiveSync"])
    ]
    proof = evidence(*policies, groups=tuple(group(f"g{number}", "ada") for number in range(4)))
    decided = rules(emergency_access=(), emergency_none="a test")
    adviser = Adviser(snapshot(1, sku()), proof, decided)
    adviser.take([user("ada")])
    whole = adviser.advice()
    assert whole.exact_up_to == 3
    assert whole.ways[0].effect.number(Number.COVERED) == 1
    short = Adviser(snapshot(1, sku()), proof, decided)
    short.take([user("ada")])
    found = short.advice(work_limit=0)
    assert found.exact_up_to < 3


def test_hundreds_of_policies_use_up_the_work_limit_too(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def counted(box: Box, witness: Box) -> bool:
        nonlocal compared
        compared += 1
        return meets(box, witness)

    monkeypatch.setattr("migrate.decide.advice.worlds.meets", counted)
    spared = {**SPARED, "excludeGroups": [object_id("g")]}
    filters = ({"deviceFilter": {"mode": "exclude", "rule": f'device.model -eq "M{number}"'}} for number in range(100))
    proof = evidence(
        policy("Everybody", **spared),
        with_conditions(
            policy("Away", **SPARED), locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
        ),
        *(with_conditions(policy(f"P{number}", **spared), devices=one) for number, one in enumerate(filters)),
        groups=(group("g", "ada"),),
    )
    adviser = Adviser(snapshot(1, sku()), proof, rules(emergency_access=(), emergency_none="a test"))
    adviser.take([user("ada")])
    assert adviser.advice(work_limit=5_000).exact_up_to < LARGEST
    assert compared < 5_000 * COMPARED / 2


def test_everybody_behind_a_number_can_be_named() -> None:
    adviser, found = asked(evidence(), user("ada"), user("ben", "disabled"))
    assert Number.COVERED in adviser.behind(user("ada"), (found.proposals[0].number,))
    assert Number.NEWLY_REQUIRED in adviser.behind(user("ben", "disabled"), (1,))
    assert adviser.behind(user(profile("robo", is_agent=True)), (1,)) == ()
