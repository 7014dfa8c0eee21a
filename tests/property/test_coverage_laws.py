"""Laws of the coverage proof: nothing that weakens a policy ever increases coverage, and no order matters."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from migrate.decide.coverage.judge import Judge
from migrate.model.coverage import Assumption, Coverage, Verdict
from migrate.model.evidence import BetaEvidence, Evidence
from migrate.model.tenant_settings import BaselineScopes
from tests.property.random_tenants import BASELINES, CONDITIONS, DOUBTFUL_USERS, USER_NAMES, USERS, policies, tenants
from tests.unit.decide.coverage.tenants import BRANCH, HQ, LEAVERS, PAYROLL, PEOPLE, PILOT, evidence, policy

MANY = settings(max_examples=100, suppress_health_check=list(HealthCheck))
PROVEN = {Verdict.COVERED: 2, Verdict.PARTLY: 1, Verdict.UNCOVERED: 0, Verdict.UNKNOWN: 0}
"""How much is proven. Unknown proves nothing."""
LESS = {(Verdict.COVERED, other) for other in Verdict if other is not Verdict.COVERED} | {
    (Verdict.PARTLY, Verdict.UNCOVERED)
}
"""Before and after, where coverage was taken away. Where what is surely open closes beside what is in doubt, *partly*
becomes *unknown*: nobody is worse off."""
RAW = dict[str, Any]


def coverage(raws: list[RAW], name: str, **changes: Any) -> Coverage:
    return Judge(evidence(*raws, **changes)).coverage_of(PEOPLE[name])


def assert_no_more(after: Coverage, before: Coverage) -> None:
    """Check that nothing is proven after that was not proven before, whatever the operator accepts."""
    assert PROVEN[after.verdict] <= PROVEN[before.verdict]
    for accepted in (frozenset[str](), frozenset(gap.tag for gap in before.gaps)):
        assert before.is_proven(accepted) or not after.is_proven(accepted)


@st.composite
def a_tenant_and_one_of_its_policies(draw: st.DrawFn) -> tuple[list[RAW], int]:
    raws = draw(tenants(most=5))
    return raws, draw(st.integers(0, len(raws) - 1))


@MANY
@given(
    drawn=a_tenant_and_one_of_its_policies(),
    name=USER_NAMES,
    exclusion=st.sampled_from(
        [
            ("users", "excludeUsers", "ada"),
            ("users", "excludeUsers", "GuestsOrExternalUsers"),
            ("users", "excludeGroups", PILOT),
            ("users", "excludeGroups", LEAVERS),
            ("applications", "excludeApplications", PAYROLL),
            ("applications", "excludeApplications", "Office365"),
        ]
    ),
)
def test_adding_an_exclusion_never_increases_coverage(
    drawn: tuple[list[RAW], int], name: str, exclusion: tuple[str, str, str]
) -> None:
    raws, index = drawn
    part, key, value = exclusion
    changed = copy.deepcopy(raws)
    changed[index]["conditions"][part][key] += [PEOPLE["ada"].id if value == "ada" else value]
    assert_no_more(coverage(changed, name), coverage(raws, name))


@MANY
@given(
    drawn=a_tenant_and_one_of_its_policies(), name=USER_NAMES, key=st.sampled_from(sorted(CONDITIONS)), data=st.data()
)
def test_adding_a_condition_never_increases_coverage(
    drawn: tuple[list[RAW], int], name: str, key: str, data: st.DataObject
) -> None:
    raws, index = drawn
    assume(raws[index]["conditions"].get(key) in (None, [], ["all"]))
    changed = copy.deepcopy(raws)
    changed[index]["conditions"][key] = data.draw(CONDITIONS[key])
    assert_no_more(coverage(changed, name), coverage(raws, name))


@MANY
@given(drawn=a_tenant_and_one_of_its_policies(), name=USER_NAMES, data=st.data())
def test_narrowing_a_condition_never_increases_coverage(
    drawn: tuple[list[RAW], int], name: str, data: st.DataObject
) -> None:
    raws, index = drawn
    changed = copy.deepcopy(raws)
    conditions = changed[index]["conditions"]
    lists = [
        key for key in ("clientAppTypes", "signInRiskLevels", "userRiskLevels") if len(conditions.get(key) or []) > 1
    ]
    places = conditions.get("locations")
    if lists:
        conditions[lists[0]].pop()
    elif places:
        places["excludeLocations"] = sorted({*places["excludeLocations"], data.draw(st.sampled_from([HQ, BRANCH]))})
    else:
        return
    assert_no_more(coverage(changed, name), coverage(raws, name))


@MANY
@given(
    drawn=a_tenant_and_one_of_its_policies(),
    name=USER_NAMES,
    state=st.sampled_from(["disabled", "enabledForReportingButNotEnforced", "paused"]),
)
def test_taking_a_policy_out_of_force_never_increases_coverage(
    drawn: tuple[list[RAW], int], name: str, state: str
) -> None:
    raws, index = drawn
    changed = copy.deepcopy(raws)
    assume(changed[index]["state"] == "enabled")
    changed[index]["state"] = state
    assert_no_more(coverage(changed, name), coverage(raws, name))


@MANY
@given(drawn=a_tenant_and_one_of_its_policies(), name=USER_NAMES)
def test_replacing_mfa_by_a_weak_strength_never_increases_coverage(drawn: tuple[list[RAW], int], name: str) -> None:
    raws, index = drawn
    changed = copy.deepcopy(raws)
    changed[index]["grantControls"] = {"operator": "OR", "builtInControls": ["compliantDevice"]}
    assert_no_more(coverage(changed, name), coverage(raws, name))


UNKNOWN_MEMBERS = st.sampled_from(
    [
        ((), "moonPhase", "full"),
        (("conditions",), "times", {"includedRanges": ["09:00"]}),
        (("conditions", "users"), "includeAliens", ["All"]),
        (("conditions", "applications"), "globalSecureAccess", {"includeTrafficProfiles": "m365"}),
        (("conditions",), "clientAppTypes", ["browser", "telepathy"]),
        (("conditions",), "signInRiskLevels", "high"),
        (("conditions", "users"), "excludeGroups", ["<placeholder>"]),
        ((), "grantControls", {"operator": "OR", "builtInControls": ["mfa", "retinaScan"]}),
    ]
)


@MANY
@given(drawn=a_tenant_and_one_of_its_policies(), name=USER_NAMES, unknown=UNKNOWN_MEMBERS)
def test_an_unknown_member_never_increases_coverage_and_never_lowers_what_the_others_prove(
    drawn: tuple[list[RAW], int], name: str, unknown: tuple[tuple[str, ...], str, Any]
) -> None:
    raws, index = drawn
    changed = copy.deepcopy(raws)
    path, key, value = unknown
    holder = changed[index]
    for step in path:
        holder = holder[step]
    holder[key] = value
    others = raws[:index] + raws[index + 1 :]
    after, without = coverage(changed, name), coverage(others, name)
    assume(changed[index]["grantControls"] is not None)
    assert_no_more(after, coverage([*raws[:index], {**raws[index], "state": "enabled"}, *raws[index + 1 :]], name))
    if without.verdict is Verdict.COVERED:
        assert after.verdict is Verdict.COVERED
    if without.verdict is Verdict.PARTLY:
        assert after.verdict in (Verdict.PARTLY, Verdict.UNKNOWN)
        assert set(without.covered_by) <= set(after.covered_by)


@MANY
@given(drawn=a_tenant_and_one_of_its_policies(), name=USER_NAMES, people=DOUBTFUL_USERS)
def test_an_unreadable_group_never_counts_as_empty(
    drawn: tuple[list[RAW], int], name: str, people: dict[str, Any]
) -> None:
    raws, index = drawn
    changed = copy.deepcopy(raws)
    changed[index]["conditions"]["users"].update(
        {"includeUsers": [], "includeGroups": [], "includeRoles": [], **people}
    )
    everybody = copy.deepcopy(raws)
    everybody[index]["conditions"]["users"] = {"includeUsers": ["All"]}
    assert_no_more(coverage(changed, name), coverage(everybody, name))


@MANY
@given(raws=tenants(most=5), more=policies(sorted(CONDITIONS)[:3], 99, USERS), name=USER_NAMES)
def test_adding_a_policy_never_takes_coverage_away(raws: list[RAW], more: RAW, name: str) -> None:
    before, after = coverage(raws, name), coverage([*raws, more], name)
    assert (before.verdict, after.verdict) not in LESS


@MANY
@given(raws=tenants(most=5), data=st.data())
def test_the_order_of_policies_groups_and_users_does_not_matter(raws: list[RAW], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(raws))
    read: Evidence = evidence()
    groups = dict(data.draw(st.permutations(sorted(read.groups.items()))))
    one, other = Judge(evidence(*raws)), Judge(evidence(*shuffled, groups=groups))
    names = data.draw(st.permutations(sorted(PEOPLE)))
    found = {name: one.coverage_of(PEOPLE[name]) for name in sorted(PEOPLE)}
    assert {name: other.coverage_of(PEOPLE[name]) for name in names} == found


@MANY
@given(raws=tenants(most=5), name=USER_NAMES)
def test_the_policies_that_are_named_as_the_proof_prove_it_alone_and_none_is_idle(raws: list[RAW], name: str) -> None:
    found = coverage(raws, name)
    assume(found.verdict is Verdict.COVERED)
    proof = [raw for raw in raws if raw["id"] in found.covered_by_ids]
    assert coverage(proof, name).verdict is Verdict.COVERED
    for index in range(len(proof)):
        assert coverage(proof[:index] + proof[index + 1 :], name).verdict is not Verdict.COVERED


@MANY
@given(raws=tenants(), name=USER_NAMES, limit=st.integers(0, 60))
def test_a_work_limit_gives_unknown_or_the_same_verdict_but_never_another(
    raws: list[RAW], name: str, limit: int
) -> None:
    whole = coverage(raws, name)
    short = Judge(evidence(*raws), work_limit=limit).coverage_of(PEOPLE[name])
    assert short.verdict in (whole.verdict, Verdict.UNKNOWN)
    if short.verdict is Verdict.UNKNOWN and whole.verdict is not Verdict.UNKNOWN:
        assert any("too many combinations" in sentence for sentence in short.not_understood)
        assert not short.is_proven(frozenset(gap.tag for gap in short.gaps))


@MANY
@given(raws=tenants(most=5))
def test_users_of_one_class_have_one_coverage(raws: list[RAW]) -> None:
    judge = Judge(evidence(*raws))
    by_class: dict[object, Coverage] = {}
    for profile in PEOPLE.values():
        found = judge.coverage_of(profile)
        assert by_class.setdefault(judge.class_of(profile), found) == found


@MANY
@given(raws=tenants(most=5), name=USER_NAMES, baseline=BASELINES)
def test_an_answer_about_baseline_scopes_never_makes_anybody_less_covered_and_is_told_where_it_helps(
    raws: list[RAW], name: str, baseline: BaselineScopes
) -> None:
    without = coverage(raws, name)
    answered = Judge(evidence(*raws), baseline=baseline).coverage_of(PEOPLE[name])
    assert PROVEN[without.verdict] <= PROVEN[answered.verdict]
    if answered.verdict is Verdict.COVERED:
        assert (Assumption.BASELINE_ANSWER in answered.assumes) is (without.verdict is not Verdict.COVERED)


@MANY
@given(drawn=a_tenant_and_one_of_its_policies(), name=USER_NAMES, key=st.sampled_from(["deviceStates", "moonPhases"]))
def test_what_only_beta_says_never_makes_anybody_more_covered(
    drawn: tuple[list[RAW], int], name: str, key: str
) -> None:
    raws, index = drawn
    shown = copy.deepcopy(raws)
    shown[index]["conditions"][key] = {"includeStates": ["All"]}
    narrowed = coverage(raws, name, beta=in_beta(shown))
    assert_no_more(narrowed, coverage(raws, name))
    assert narrowed == coverage([*raws[:index], shown[index], *raws[index + 1 :]], name, beta=in_beta(shown))


@MANY
@given(raws=tenants(most=5), name=USER_NAMES, left_out=st.integers(0, 4))
def test_taking_away_what_beta_says_never_makes_anybody_more_covered(raws: list[RAW], name: str, left_out: int) -> None:
    whole = coverage(raws, name)
    assert_no_more(coverage(raws, name, beta=None), whole)
    assert_no_more(coverage(raws, name, beta=BetaEvidence(policies=None, policies_problem="403")), whole)
    some = [raw for number, raw in enumerate(raws) if number != left_out]
    assert_no_more(coverage(raws, name, beta=in_beta(some)), whole)


@MANY
@given(raws=tenants(most=5), name=USER_NAMES)
def test_whoever_needs_the_managed_policy_for_per_user_mfa_has_no_proof_and_nobody_else_loses_it(
    raws: list[RAW], name: str
) -> None:
    managed = copy.deepcopy(raws)
    managed[0]["displayName"] = "Microsoft-managed: Multifactor authentication for per-user MFA users"
    found, without = coverage(managed, name), coverage(managed[1:], name)
    assert found.verdict is coverage(raws, name).verdict
    assert found.is_proven() is without.is_proven()


@MANY
@given(raws=tenants(most=4), name=st.sampled_from(sorted(set(PEOPLE) - {"robo"})), more=st.data())
def test_one_plain_policy_covers_every_person_whatever_else_stands_beside_it(
    raws: list[RAW], name: str, more: st.DataObject
) -> None:
    plain = policy("plain")
    place = more.draw(st.integers(0, len(raws)))
    odd = policy("tomorrow", grant=("retinaScan",), moonPhases=["full"])
    assert coverage([*raws[:place], plain, odd, *raws[place:]], name).verdict is Verdict.COVERED
    assert coverage([*raws, plain], "robo").verdict is Verdict.UNCOVERED


def in_beta(raws: list[RAW]) -> BetaEvidence:
    return BetaEvidence(policies={raw["id"].lower(): raw for raw in raws}, policies_problem=None)
