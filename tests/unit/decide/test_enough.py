"""What alone makes one person covered: steps of advice for one, and ways out of an excluded group."""

from __future__ import annotations

from msgspec import structs

from migrate.decide.advice.advising import Adviser
from migrate.decide.coverage.judge import Judge
from migrate.model.advice import CreateOurs, EndExclusion, Enough, LeaveGroup, SwitchOn
from migrate.model.coverage import Verdict
from migrate.model.evidence import ChangedBy, Evidence, GroupEvidence, NestedGroup
from migrate.views.enough import enough_document, enough_lines
from tests.unit.decide.records import evidence, group, object_id, policy, profile, rules, snapshot, user

EMERGENCY = ["emergency1", "emergency2"]
PEOPLE = ("ada", "bob", "cem", *EMERGENCY)


def enough(proof: Evidence, who: str = "bob", **decided: object) -> Enough:
    adviser = Adviser(snapshot(), proof, rules(**decided))
    adviser.take(user(name) for name in PEOPLE)
    return adviser.enough_for(user(who))


def nested(*inside: str, **subgroups: tuple[str, ...]) -> GroupEvidence:
    """Return the group Outs with direct members, and groups inside it with theirs."""
    everybody = {*inside, *(one for members in subgroups.values() for one in members)}
    outs = group("Outs", *sorted(everybody))
    below = {
        object_id(name): NestedGroup(display_name=name, groups=frozenset(), users=frozenset(map(object_id, members)))
        for name, members in subgroups.items()
    }
    top = NestedGroup(display_name="Outs", groups=frozenset(below), users=frozenset(map(object_id, inside)))
    return structs.replace(outs, nested={outs.id: top, **below})


def excluding(outs: GroupEvidence) -> Evidence:
    spared = [object_id(name) for name in EMERGENCY]
    return evidence(policy(excludeGroups=[outs.id], excludeUsers=spared), groups=(outs,))


def leavings(found: Enough) -> list[tuple[str, str, int]]:
    return [(one.do.member, one.do.group, one.leaving) for one in found.steps if isinstance(one.do, LeaveGroup)]


def test_whoever_is_in_a_group_inside_the_excluded_one_has_two_ways_out_and_the_smaller_comes_first() -> None:
    found = enough(excluding(nested("ada", Field=("bob", "cem"))))
    assert leavings(found) == [("bob@contoso.example", "Field", 1), ("Field", "Outs", 2)]
    assert {type(one.do) for one in found.steps[2:]} == {CreateOurs, EndExclusion}
    said = "\n".join(enough_lines(found))
    assert "(a) take 'bob@contoso.example' out of group 'Field'" in said
    assert "(b) take 'Field' out of group 'Outs'" in said
    assert "concerns 1 other too; MFA for everybody excludes by it" in said
    assert "newly required to use MFA: 0" in said


def test_whoever_is_in_it_in_two_ways_is_not_helped_by_ending_one() -> None:
    assert leavings(enough(excluding(nested("bob", Field=("bob", "cem"))))) == []


def test_a_step_that_would_reach_emergency_access_is_not_proposed() -> None:
    found = enough(excluding(nested("ada", Field=("bob", "emergency1"))))
    assert leavings(found) == [("bob@contoso.example", "Field", 1)]
    assert not any(isinstance(one.do, EndExclusion) for one in found.steps)


def test_nobody_is_taken_out_of_a_group_that_a_rule_fills_or_whose_nesting_is_unknown() -> None:
    by_rule = structs.replace(nested("bob"), changed_by=frozenset({ChangedBy.RULE}))
    assert leavings(enough(excluding(by_rule))) == []
    assert leavings(enough(excluding(structs.replace(nested("bob"), nested=None)))) == []
    assert leavings(enough(excluding(structs.replace(nested("bob"), unnamed=1)))) == []
    assert leavings(enough(excluding(structs.replace(nested("bob"), nested={})))) == [
        ("bob@contoso.example", "Outs", 1)
    ]


def test_leaving_a_group_by_which_another_policy_includes_is_not_enough() -> None:
    outs = nested("bob")
    by_group = {"includeUsers": [], "includeGroups": [outs.id], "excludeUsers": [object_id(n) for n in EMERGENCY]}
    proof = evidence(policy("Only it", **by_group), groups=(outs,))
    assert Judge(proof).coverage_of(profile("bob")).verdict is Verdict.COVERED
    assert enough(proof).planned, "covered already, so that nothing is looked for"
    both = evidence(policy("Only it", **by_group, excludeGroups=[outs.id]), groups=(outs,))
    assert leavings(enough(both)) == [], "who leaves the exclusion leaves what includes them, too"


def test_a_policy_asleep_is_enough_by_itself_and_emergency_access_is_told_nothing() -> None:
    spared = {"excludeUsers": [object_id(name) for name in EMERGENCY], "excludeRoles": list(evidence().roles)}
    proof = evidence(policy("Asleep", "enabledForReportingButNotEnforced", **spared))
    found = enough(proof)
    assert [type(one.do) for one in found.steps if isinstance(one.do, SwitchOn)] == [SwitchOn]
    assert enough(proof, "emergency1").steps == ()
    document = enough_document(found)
    assert document["anyOf"][0]["newlyRequired"] == 0
    assert not document["planned"]


def test_what_the_configuration_asks_for_is_enough_already() -> None:
    found = enough(evidence(), create=True)
    assert found.planned
    assert "the policies that the configuration asks for" in "\n".join(enough_lines(found))


def test_whoever_was_not_seen_with_a_legacy_client_may_still_use_one() -> None:
    found = enough(evidence(policy("Asleep", "enabledForReportingButNotEnforced")))
    caveat = "Sign-ins since 2026-11-01 00:00 UTC: who was not seen with a legacy client may still use one."
    assert caveat not in "\n".join(enough_lines(found))
    read = structs.replace(found, sign_ins_since="2026-11-01T00:00:00Z")
    assert caveat in "\n".join(enough_lines(read))
    assert enough_document(read)["signInsSince"] == "2026-11-01T00:00:00Z"


def test_why_nothing_can_be_said_is_said() -> None:
    said = "\n".join(enough_lines(Enough(steps=(), planned=False, unknown="No emergency access account.")))
    assert "What would be enough is not said: No emergency access account." in said
    assert "No single step" in "\n".join(enough_lines(Enough(steps=(), planned=False)))
