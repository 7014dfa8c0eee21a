"""Who is planned, who is held back and why, in which wave, and what blocks a plan."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.decide.own_policies import older_marker
from migrate.decide.planner import Planner
from migrate.decide.policy_steps import POLICY_CAP
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, ReadStatus, RoleEvidence
from migrate.model.impact import AcceptedPerson
from migrate.model.plan import (
    AcceptedGap,
    Decision,
    ExcludedUser,
    HoldParts,
    HoldReason,
    PlanAction,
    PlanHeader,
    PlanRow,
    Severity,
)
from migrate.model.rules import DIRECTORY_SYNC_NAME, DIRECTORY_SYNC_ROLE, Rules
from migrate.model.snapshot import SnapshotHeader
from migrate.model.steps import CreatePolicy, SetPolicyState
from migrate.model.tenant_settings import BaselineScopes, BaselineSetting
from migrate.model.users import AnyUser, UserRecord
from tests.unit.decide.records import (
    P1,
    TENANT,
    UNREGISTERED,
    evidence,
    group,
    guest,
    limits,
    object_id,
    policy,
    policy_of,
    profile,
    rules,
    sku,
    snapshot,
    sync_role,
    unreadable,
    user,
)

CREATE = {"create": True, "limits": limits(max_newly_required=1000)}
EMERGENCY = [object_id("emergency1"), object_id("emergency2")]


def planned(
    users: Iterable[AnyUser],
    proof: Evidence | None = None,
    decided: Rules | None = None,
    taken: SnapshotHeader | None = None,
) -> tuple[dict[str, PlanRow], PlanHeader]:
    """Return the rows by name and the header of the plan for these users."""
    people = list(users)
    planner = Planner(taken or snapshot(len(people)), proof or evidence(policy()), decided or rules())
    rows = {row.user_principal_name.split("@")[0]: row for row in planner.rows(people)}
    return rows, planner.header("cd" * 32, tool_version="0.1.0")


def blockers(header: PlanHeader) -> set[str]:
    return {note.code for note in header.blockers}


def warnings(header: PlanHeader) -> dict[str, str]:
    return {note.code: note.sentence for note in header.notes if note.severity is Severity.WARNING}


# --- who is planned


def test_a_covered_user_is_planned_with_the_policies_that_prove_it() -> None:
    rows, header = planned([user("ada"), user("bob", "enabled"), user("eve", "disabled")])
    assert [rows[name].action for name in ("ada", "bob", "eve")] == [
        PlanAction.DISABLE,
        PlanAction.DISABLE,
        PlanAction.NONE,
    ]
    assert rows["ada"].covered_by == ("MFA for everybody",)
    assert header.rests_on == (policy().id,)
    assert header.counts == {"disable": 2, "none": 1}
    assert header.users_to_change == 2


@pytest.mark.parametrize(
    ("proof", "reason"),
    [
        (evidence(), HoldReason.UNCOVERED),
        (evidence(policy(state="disabled")), HoldReason.UNCOVERED),
        (evidence(policy(state="enabledForReportingButNotEnforced")), HoldReason.UNCOVERED),
        (evidence(policy(excludeUsers=[object_id("ada")])), HoldReason.UNCOVERED),
        (
            evidence(policy(excludeGroups=[object_id("staff")]), groups=(group("staff", "ada"),)),
            HoldReason.UNCOVERED,
        ),
        (
            evidence(policy(excludeGroups=[object_id("board")]), groups=(group("board", status=ReadStatus.HIDDEN),)),
            HoldReason.UNKNOWN,
        ),
        (
            evidence(
                policy(excludeGroups=[object_id("board")]), groups=(group("board", status=ReadStatus.UNREADABLE),)
            ),
            HoldReason.UNKNOWN,
        ),
        (evidence(policy(excludeGroups=[object_id("board")])), HoldReason.UNKNOWN),
        (evidence(policy(state="somethingNew")), HoldReason.UNKNOWN),
    ],
)
def test_whoever_is_not_proven_covered_is_held_back(proof: Evidence, reason: HoldReason) -> None:
    rows, header = planned([user("ada")], proof)
    assert (rows["ada"].action, rows["ada"].hold_reason) == (PlanAction.HOLD, reason)
    assert rows["ada"].reason
    assert rows["ada"].covered_by == ()
    assert header.users_to_change == 0
    assert header.rests_on == ()


def test_why_somebody_is_held_back_is_parts() -> None:
    proof = evidence(policy(excludeGroups=[object_id("staff")]), groups=(group("staff", "ada"),))
    leave = ExcludedUser(user_id=object_id("bob"), reason="on leave", expires="2027-01-31", decided_by="Kim")
    rows, header = planned([user("ada"), user("bob"), user("eve")], proof, rules(exclusions={leave.user_id: leave}))
    assert rows["ada"].parts == HoldParts(
        policies=("MFA for everybody",),
        path=("member of group 'staff', directly or through nested groups",),
        open_gaps=("excluded",),
    )
    assert rows["bob"].parts == HoldParts(ends="2027-01-31")
    assert rows["eve"].parts == HoldParts()
    assert header.exclusions == (leave,)
    odd, _ = planned([user("ada")], evidence(policy("Odd one", state="somethingNew")))
    assert odd["ada"].parts.policies == ("Odd one",)


def test_exceptions_that_nobody_answers_for_are_told() -> None:
    leave = ExcludedUser(user_id=object_id("bob"), reason="on leave", expires="2027-01-31", decided_by="Kim")
    gap = AcceptedGap(tag="location:trusted", reason="offices", expires="2027-01-31")
    caught = AcceptedPerson(
        user_id="1", user_principal_name="eve@contoso.example", reason="leaves", expires="2027-01-31"
    )
    open_ones = rules(exclusions={leave.user_id: leave}, accepted_gaps=(gap,), accepted_caught=(caught,))
    said = warnings(planned([user("ada")], decided=open_ones)[1])["exception-undecided"]
    assert (
        "[emergency_access], [[exclude]] 'on leave', [[accept_partial]] location:trusted, [[accept_caught]] eve@"
        in said
    )
    settled = rules(
        exclusions={leave.user_id: msgspec.structs.replace(leave, since="2026-11-01")},
        accepted_gaps=(msgspec.structs.replace(gap, decided_by="Kim", since="2026-11-01"),),
        accepted_caught=(msgspec.structs.replace(caught, decided_by="Kim", since="2026-11-01"),),
        emergency_decision=Decision(decided_by="Kim", since="2026-10-01"),
    )
    _, header = planned([user("ada")], decided=settled)
    assert "exception-undecided" not in warnings(header)
    assert header.emergency_decision == settled.emergency_decision


def test_a_wave_carries_the_moment_before_which_it_must_not_begin() -> None:
    _, header = planned([user("ada")], decided=rules(not_before=((2, "2026-12-07T08:00:00+01:00"),)))
    assert [wave.not_before for wave in header.waves] == ["", "2026-12-07T08:00:00+01:00", "", "", ""]


def test_a_hidden_group_is_named_in_a_warning() -> None:
    proof = evidence(policy(excludeGroups=[object_id("board")]), groups=(group("board", status=ReadStatus.HIDDEN),))
    _, header = planned([user("ada")], proof)
    assert "board" in warnings(header)["unread-group"]


def test_a_policy_for_some_apps_covers_partly_and_an_accepted_gap_lets_it_pass() -> None:
    half = policy()
    half.raw["conditions"]["clientAppTypes"] = ["browser", "mobileAppsAndDesktopClients"]
    rows, _ = planned([user("ada")], evidence(half))
    assert rows["ada"].hold_reason is HoldReason.PARTLY
    gaps = tuple(
        AcceptedGap(tag=f"clientAppType:{kind}", reason="legacy is blocked at the mail gateway", expires="2027-01-31")
        for kind in ("exchangeActiveSync", "easSupported", "other")
    )
    rows, header = planned([user("ada")], evidence(half), rules(accepted_gaps=gaps))
    assert rows["ada"].action is PlanAction.DISABLE, rows["ada"].reason
    assert "legacy is blocked at the mail gateway" in warnings(header)["accepted-gap"]


def test_an_emergency_access_account_is_never_planned_whatever_covers_it() -> None:
    rows, header = planned([user("emergency1"), user("ada")])
    assert rows["emergency1"].hold_reason is HoldReason.EMERGENCY_ACCESS
    assert header.emergency_access == tuple(EMERGENCY)
    assert header.users_to_change == 1


@pytest.mark.parametrize("known_by", ["role", "name"])
def test_a_directory_synchronization_account_is_held_back(known_by: str) -> None:
    proof = evidence(policy(), roles=(sync_role("sync"),) if known_by == "role" else ())
    account = profile("sync", display_name=DIRECTORY_SYNC_NAME if known_by == "name" else "Connector")
    rows, _ = planned([user(account)], proof)
    assert rows["sync"].hold_reason is HoldReason.DIRECTORY_SYNC


def test_an_exclusion_holds_back_with_its_reason_and_date() -> None:
    leave = ExcludedUser(user_id=object_id("ada"), reason="on leave", expires="2027-01-31")
    decided = rules(exclusions={object_id("ada"): leave})
    rows, header = planned([user("ada"), user("bob")], None, decided)
    assert (rows["ada"].hold_reason, rows["ada"].reason) == (HoldReason.EXCLUDED, "on leave (until 2027-01-31)")
    assert header.counts["hold/excluded"] == 1


def test_guests_stay_out_where_the_configuration_says_so() -> None:
    people = [user(guest("gus")), user(profile("mia", creation_type="Invitation", external_user_state="Accepted"))]
    rows, _ = planned(people, None, rules(guests=False))
    assert rows["gus"].hold_reason is HoldReason.GUEST
    assert rows["mia"].action is PlanAction.DISABLE, "an invited member is no guest"
    rows, _ = planned(people)
    assert rows["gus"].action is PlanAction.DISABLE


def test_an_unreadable_user_is_counted_and_shown_and_never_planned() -> None:
    rows, header = planned([unreadable("ada", "403 Forbidden (request-id r-1)"), user("bob")])
    assert rows["ada"].hold_reason is HoldReason.UNREADABLE
    assert (rows["ada"].current_state, rows["ada"].target_state) == (None, None)
    assert "r-1" in rows["ada"].reason
    assert header.counts["hold/unreadable"] == 1
    assert warnings(header)["unreadable-users"].startswith("1 user ")


def test_only_those_who_are_named_are_planned_when_somebody_is() -> None:
    rows, _ = planned([user("ada"), user("bob")], None, rules(only=frozenset({object_id("bob")})))
    assert [rows[name].action for name in ("ada", "bob")] == [PlanAction.HOLD, PlanAction.DISABLE]


# --- waves


def test_the_canary_goes_first_and_the_never_registered_last_of_all() -> None:
    people = [
        user("ada"),
        user(profile("new"), "enabled", UNREGISTERED),
        user(profile("silent"), "enabled", None),
        user(profile("off", account_enabled=False), "enforced", None),
        user(profile("operator")),
    ]
    decided = rules(canary=frozenset({object_id("ada")}), operator=object_id("operator"), percentages=(100,))
    rows, header = planned(people, None, decided)
    assert {name: row.wave for name, row in rows.items()} == {
        "ada": 1,
        "new": 3,
        "silent": 3,  # not in the report though the account is on
        "off": 2,  # the report leaves out accounts that are switched off
        "operator": 2,
    }
    assert [(wave.number, wave.name, wave.users) for wave in header.waves] == [
        (1, "canary", 1),
        (2, "to 100%", 2),
        (3, "not MFA capable yet", 2),
    ]


def test_the_operator_comes_last_of_the_shares_unless_the_canary_names_them() -> None:
    decided = rules(operator=object_id("operator"))
    rows, _ = planned([user("operator")], None, decided)
    assert rows["operator"].wave == 4
    rows, _ = planned([user("operator")], None, rules(operator=object_id("operator"), canary={object_id("operator")}))
    assert rows["operator"].wave == 1


def test_an_operator_who_is_not_covered_blocks_the_plan_unless_it_is_an_emergency_access_account() -> None:
    people = [user("operator", "disabled"), user("ada")]
    out = evidence(policy("p1", excludeUsers=[object_id("operator")]))
    _, header = planned(people, out, rules(operator=object_id("operator")))
    assert [note.code for note in header.blockers] == ["operator-not-covered"]
    assert "operator@contoso.example, the account that is signed in" in header.blockers[0].sentence
    _, header = planned(people, out, rules(operator=object_id("ada")))
    assert not header.blockers
    _, header = planned(people, out, rules(operator=object_id("operator"), emergency_access=(object_id("operator"),)))
    assert not header.blockers


def test_a_disabled_emergency_access_account_blocks_the_plan() -> None:
    off = user("emergency1")
    off = msgspec.structs.replace(off, profile=msgspec.structs.replace(off.profile, account_enabled=False))
    _, header = planned([off, user("ada")])
    assert [note.code for note in header.blockers] == ["emergency-access-disabled"]
    assert "emergency1@contoso.example" in header.blockers[0].sentence
    _, header = planned([user("emergency1"), user("ada")])
    assert not header.blockers


def test_an_operator_who_is_no_user_of_the_tenant_is_told_not_to_be_judged() -> None:
    _, header = planned([user("ada")], None, rules(operator=object_id("partner")))
    assert "mfa-migrate doctor --only operator" in warnings(header)["operator-not-judged"]
    _, header = planned([user("ada")], None, rules(operator=object_id("ada")))
    assert "operator-not-judged" not in warnings(header)


def test_the_shares_are_about_as_large_as_they_say() -> None:
    rows, _ = planned([user(f"user{number}") for number in range(2000)])
    waves = [row.wave for row in rows.values()]
    assert 140 < waves.count(2) < 260
    assert 700 < waves.count(3) < 900


names = st.lists(st.integers(0, 10_000), min_size=1, max_size=40, unique=True)


def person(number: int) -> AnyUser:
    """Return an invented user whose kind follows from a number."""
    name = f"user{number}"
    kinds: list[AnyUser] = [
        user(name),
        user(name, "enabled", UNREGISTERED),
        user(name, "disabled"),
        user(guest(name)),
        unreadable(name),
        user(profile(name, account_enabled=False)),
    ]
    return kinds[number % len(kinds)]


@given(names, st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_of_its_input(numbers: list[int], rng: random.Random) -> None:
    people = [person(number) for number in numbers]
    shuffled = list(people)
    rng.shuffle(shuffled)
    proof = evidence(policy("One", excludeUsers=[object_id("user0")]), policy("Two", includeUsers=["All"]))
    turned = evidence(*reversed(proof.policies))
    rows, header = planned(people, proof)
    other_rows, other_header = planned(shuffled, turned)
    assert rows == other_rows
    assert header == other_header


@given(names, names)
def test_nobody_moves_to_another_wave_when_others_come_or_go(stay: list[int], others: list[int]) -> None:
    alone, _ = planned(person(number) for number in stay)
    together, _ = planned(person(number) for number in dict.fromkeys([*others, *stay]))
    for name, row in alone.items():
        assert together[name] == row


# --- policies


def test_create_makes_a_report_only_policy_that_spares_emergency_access_and_directory_sync() -> None:
    rows, header = planned([user("ada")], evidence(), rules(**CREATE))
    (create, switch) = header.policy_steps
    assert isinstance(create, CreatePolicy)
    assert isinstance(switch, SetPolicyState)
    assert create.body["state"] == "enabledForReportingButNotEnforced"
    assert create.body["conditions"]["users"]["excludeUsers"] == EMERGENCY
    assert create.body["conditions"]["users"]["excludeRoles"] == [DIRECTORY_SYNC_ROLE]
    assert create.key in create.body["description"]
    assert (switch.key, switch.after.value) == (create.key, "enabled")
    assert rows["ada"].action is PlanAction.DISABLE
    assert header.rests_on == (create.key,)
    assert not header.blockers


@pytest.mark.parametrize("state", ["enabledForReportingButNotEnforced", "enabled"])
def test_a_policy_that_is_there_already_is_not_made_twice(state: str) -> None:
    there = policy("Ours", state, excludeUsers=EMERGENCY, excludeRoles=[DIRECTORY_SYNC_ROLE])
    marked = {**there.raw, "description": f"marker {older_marker(TENANT, 'all')}"}
    rows, header = planned([user("ada")], evidence(policy_of(marked)), rules(**CREATE))
    assert [type(step) for step in header.policy_steps] == ([] if state == "enabled" else [SetPolicyState])
    assert rows["ada"].action is PlanAction.DISABLE
    assert not header.blockers


def test_adopt_changes_no_policy() -> None:
    _, header = planned([user("ada")], evidence(policy(state="enabledForReportingButNotEnforced")))
    assert header.policy_steps == ()


def test_a_report_only_policy_is_switched_on_where_the_rules_name_it() -> None:
    there = policy(
        state="enabledForReportingButNotEnforced", excludeUsers=EMERGENCY, excludeRoles=[DIRECTORY_SYNC_ROLE]
    )
    rows, header = planned([user("ada")], evidence(there), rules(switch_on=(there.id,), limits=limits()))
    assert [step.key for step in header.policy_steps] == [there.id]
    assert rows["ada"].action is PlanAction.DISABLE
    assert not header.blockers


@pytest.mark.parametrize(
    ("users", "state", "code"),
    [
        ({"excludeRoles": [DIRECTORY_SYNC_ROLE]}, "enabledForReportingButNotEnforced", "emergency-access-not-excluded"),
        (
            {"excludeUsers": EMERGENCY[:1], "excludeRoles": [DIRECTORY_SYNC_ROLE]},
            "enabledForReportingButNotEnforced",
            "emergency-access-not-excluded",
        ),
        ({"excludeUsers": EMERGENCY}, "enabledForReportingButNotEnforced", "directory-sync-not-excluded"),
        ({"excludeUsers": EMERGENCY, "excludeRoles": [DIRECTORY_SYNC_ROLE]}, "disabled", "not-report-only"),
    ],
)
def test_a_policy_that_could_lock_out_is_not_switched_on(users: dict[str, Any], state: str, code: str) -> None:
    there = policy(state=state, **users)
    _, header = planned([user("ada")], evidence(there, roles=(sync_role("sync"),)), rules(switch_on=(there.id,)))
    assert code in blockers(header)


def test_whom_a_policy_must_exclude_is_told_by_name() -> None:
    there = policy(state="enabledForReportingButNotEnforced")
    people = [user("ada"), user("sync"), user("emergency1"), user("emergency2")]
    _, header = planned(people, evidence(there, roles=(sync_role("sync"),)), rules(switch_on=(there.id,)))
    said = {note.code: note.sentence for note in header.notes}
    for name in ("emergency1", "emergency2"):
        assert user(name).profile.user_principal_name in said["emergency-access-not-excluded"]
    assert f"the accounts {user('sync').profile.user_principal_name};" in said["directory-sync-not-excluded"]


def test_the_same_holds_for_our_own_policy_once_somebody_has_edited_it() -> None:
    marked = {**policy("Ours", "disabled").raw, "description": f"marker {older_marker(TENANT, 'all')}"}
    proof = evidence(policy_of(marked), roles=(sync_role("sync"),))
    _, header = planned([user("ada")], proof, rules(**CREATE))
    assert blockers(header) == {"emergency-access-not-excluded", "directory-sync-not-excluded", "not-report-only"}


def test_emergency_access_accounts_may_be_excluded_through_a_group() -> None:
    there = policy(
        state="enabledForReportingButNotEnforced",
        excludeGroups=[object_id("break glass")],
        excludeRoles=[DIRECTORY_SYNC_ROLE],
    )
    proof = evidence(there, groups=(group("break glass", "emergency1", "emergency2"),))
    _, header = planned([user("ada")], proof, rules(switch_on=(there.id,)))
    assert not header.blockers


@pytest.mark.parametrize("asked", [{"create": True}, {"switch_on": (policy(state="disabled").id,)}])
def test_without_emergency_access_policies_are_adopted_only(asked: dict[str, Any]) -> None:
    nobody = {"emergency_access": (), "emergency_none": "a lab without people"}
    rows, header = planned([user("ada")], evidence(policy(state="disabled")), rules(**nobody, **asked))
    assert header.policy_steps == ()
    assert blockers(header) == {"no-emergency-access"}
    assert rows["ada"].hold_reason is HoldReason.UNCOVERED, "what is not created covers nobody"
    rows, header = planned([user("ada")], None, rules(**nobody))
    assert not header.blockers
    assert "a lab without people" in warnings(header)["no-emergency-access"]
    assert rows["ada"].action is PlanAction.DISABLE


def test_one_emergency_access_account_is_enough_and_two_are_advised() -> None:
    _, header = planned([user("ada")], None, rules(emergency_access=(object_id("emergency1"),)))
    assert not header.blockers
    assert "two are advised" in warnings(header)["one-emergency-access"]


# --- the tenant


@pytest.mark.parametrize(
    "subscriptions",
    [(sku(plan="another plan"),), (sku(status="Suspended"),), (sku(status="Deleted"),), (sku(status="LockedOut"),)],
)
def test_without_a_licence_in_force_nothing_may_be_applied(subscriptions: tuple[Any, ...]) -> None:
    _, header = planned([user("ada")], None, None, snapshot(1, *subscriptions))
    assert "no-licence" in blockers(header)


@pytest.mark.parametrize("subscription", [sku(), sku(status="Warning"), sku(plan=P1)])
def test_a_licence_in_force_is_enough(subscription: Any) -> None:
    _, header = planned([user("ada")], None, None, snapshot(1, subscription))
    assert not header.blockers


def test_a_user_without_a_licence_is_a_warning_and_is_planned() -> None:
    rows, header = planned([user(profile("ada", assigned_licenses=())), user("bob")])
    assert rows["ada"].action is PlanAction.DISABLE
    assert warnings(header)["unlicensed-users"].startswith("1 user ")


def test_security_defaults_block() -> None:
    _, header = planned([user("ada")], evidence(policy(), security_defaults_enabled=True))
    assert "security-defaults" in blockers(header)


@pytest.mark.parametrize(("there", "blocked"), [(POLICY_CAP - 1, False), (POLICY_CAP, True)])
def test_no_policy_is_planned_beyond_what_a_tenant_may_have(there: int, blocked: bool) -> None:
    many = [policy(f"policy {number}", "disabled") for number in range(there)]
    _, header = planned([user("ada")], evidence(*many), rules(**CREATE))
    assert ("policy-cap" in blockers(header)) == blocked
    _, header = planned([user("ada")], evidence(*many))
    assert "policy-cap" not in blockers(header), "adopting creates nothing"


def test_the_account_of_an_agent_is_never_planned_and_is_counted_apart() -> None:
    rows, header = planned([user(profile("robo", is_agent=True)), user("ada")])
    assert rows["robo"].hold_reason is HoldReason.AGENT
    assert header.counts["hold/agent"] == 1
    assert header.users_to_change == 1


def all_but_payroll() -> Evidence:
    payroll = object_id("app payroll")
    but, only = policy("All but payroll"), policy("Only payroll")
    but.raw["conditions"]["applications"]["excludeApplications"] = [payroll]
    only.raw["conditions"]["applications"]["includeApplications"] = [payroll]
    return evidence(but, only)


def enforced(said_on: str | None) -> BaselineScopes:
    return BaselineScopes(setting=BaselineSetting.ENFORCED, said_by="Ada", said_on=said_on)


def test_unanswered_baseline_scopes_hold_people_back_and_the_plan_says_what_to_write() -> None:
    rows, header = planned([user("ada")], all_but_payroll())
    assert rows["ada"].hold_reason is HoldReason.PARTLY
    assert "baseline_scopes_on" in warnings(header)["baseline-scopes-open"]
    assert header.baseline_scopes is None


def test_a_plan_that_rests_on_the_answer_carries_who_and_when() -> None:
    rows, header = planned([user("ada")], all_but_payroll(), rules(baseline=enforced("2026-11-20")))
    assert rows["ada"].action is PlanAction.DISABLE
    assert "seen by Ada on 2026-11-20" in warnings(header)["baseline-scopes-answer"]
    assert header.baseline_scopes == enforced("2026-11-20")
    assert not header.blockers


def test_an_answer_without_a_date_blocks_a_plan_that_rests_on_it_and_no_other() -> None:
    _, resting = planned([user("ada")], all_but_payroll(), rules(baseline=enforced(None)))
    assert "baseline-scopes-undated" in {note.code for note in resting.blockers}
    _, plain = planned([user("ada")], evidence(policy()), rules(baseline=enforced(None)))
    assert not plain.blockers


PER_USER_MANAGED = "Microsoft-managed: Multifactor authentication for per-user multifactor authentication users"


def test_nobody_is_planned_whose_proof_rests_on_the_managed_policy_for_per_user_mfa_alone() -> None:
    managed = policy(PER_USER_MANAGED, includeUsers=[object_id("ada")])
    rows, header = planned([user("ada")], evidence(managed))
    assert rows["ada"].hold_reason is HoldReason.MANAGED_POLICY
    assert "equal scope" in rows["ada"].reason
    assert "equal scope" in warnings(header)["managed-policy-alone"]
    rows, header = planned([user("ada")], evidence(managed, policy("Ours")))
    assert rows["ada"].action is PlanAction.DISABLE
    assert "managed-scope" not in warnings(header)


def test_a_plan_that_rests_on_a_managed_policy_says_that_microsoft_may_change_it() -> None:
    rows, header = planned(
        [user("ada")], evidence(policy("Microsoft-managed: Multifactor authentication for all users"))
    )
    assert rows["ada"].action is PlanAction.DISABLE
    assert "Microsoft may change this scope" in warnings(header)["managed-scope"]


ON_PREMISES = "a92aed5d-d78a-4d16-b381-09adb37eb3b0"


def on_premises_role(*holders: str) -> RoleEvidence:
    return msgspec.structs.replace(sync_role(*holders), template_id=ON_PREMISES)


def blocked(proof: Evidence, there: ConditionalAccessPolicy, *people: UserRecord) -> set[str]:
    _, header = planned([user("ada"), *people], proof, rules(switch_on=(there.id,)))
    return blockers(header)


def report_only(**users: Any) -> ConditionalAccessPolicy:
    return policy(state="enabledForReportingButNotEnforced", **{"excludeUsers": EMERGENCY, **users})


def test_directory_sync_blocks_only_where_an_account_would_be_caught() -> None:
    everybody = report_only()
    assert blocked(evidence(everybody, roles=(on_premises_role(),)), everybody) == set()
    assert "directory-sync-not-excluded" in blocked(evidence(everybody, roles=(on_premises_role("sync"),)), everybody)
    pilot = report_only(includeUsers=[], includeGroups=[object_id("pilot")])
    in_pilot = evidence(pilot, groups=(group("pilot", "ada"),), roles=(sync_role("sync"),))
    assert blocked(in_pilot, pilot) == set()


@pytest.mark.parametrize(
    "spared",
    [{"excludeRoles": [ON_PREMISES]}, {"excludeUsers": [*EMERGENCY, object_id("sync")]}],
    ids=["by role", "by id"],
)
def test_an_account_of_either_role_may_be_excluded_by_role_or_by_id(spared: dict[str, Any]) -> None:
    there = report_only(**spared)
    assert blocked(evidence(there, roles=(on_premises_role("sync"),)), there) == set()


def test_the_role_that_is_excluded_has_to_be_the_one_that_is_held() -> None:
    there = report_only(excludeRoles=[DIRECTORY_SYNC_ROLE])
    assert "directory-sync-not-excluded" in blocked(evidence(there, roles=(on_premises_role("sync"),)), there)


def test_an_account_that_is_known_by_its_name_alone_is_not_caught_either() -> None:
    there = report_only()
    account = user(profile("connector", display_name=DIRECTORY_SYNC_NAME))
    assert "directory-sync-not-excluded" in blocked(evidence(there), there, account)


def test_holders_that_could_not_be_read_may_be_anybody() -> None:
    there = report_only()
    unread = msgspec.structs.replace(sync_role(), status=ReadStatus.UNREADABLE)
    assert "directory-sync-not-excluded" in blocked(evidence(there, roles=(unread,)), there)


def test_accounts_are_excluded_by_id_where_the_rules_say_so() -> None:
    proof = evidence(roles=(sync_role("sync"), on_premises_role("new sync")))
    _, header = planned([user("ada")], proof, rules(**CREATE, sync_by_account=True))
    create = header.policy_steps[0]
    assert isinstance(create, CreatePolicy)
    users = create.body["conditions"]["users"]
    assert users["excludeRoles"] == []
    assert set(users["excludeUsers"]) == {*EMERGENCY, object_id("sync"), object_id("new sync")}


def test_both_roles_are_excluded_where_both_were_read() -> None:
    _, header = planned([user("ada")], evidence(roles=(on_premises_role(),)), rules(**CREATE))
    create = header.policy_steps[0]
    assert isinstance(create, CreatePolicy)
    assert create.body["conditions"]["users"]["excludeRoles"] == [DIRECTORY_SYNC_ROLE, ON_PREMISES]


def test_a_managed_policy_need_not_exclude_whom_it_does_not_include() -> None:
    managed = policy(PER_USER_MANAGED, "enabledForReportingButNotEnforced", includeUsers=[object_id("ada")])
    assert blocked(evidence(managed, roles=(sync_role("sync"),)), managed) <= {"newly-prompted"}
