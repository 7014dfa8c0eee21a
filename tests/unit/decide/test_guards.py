"""The guards that stand before a step: drift, foreign and stale plans, limits, dependents, edited policies."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.decide import guards
from migrate.decide.coverage.judge import Judge
from migrate.decide.guards import Leave, Send, decision_for
from migrate.errors import Blocked, LimitReached, StalePlan
from migrate.model.evidence import evidence_digest
from migrate.model.journal import Outcome
from migrate.model.plan import AcceptedGap, PlanNote, Severity, Wave
from migrate.model.reasons import Why
from migrate.model.users import MfaState
from tests.unit.decide.records import (
    ORGANIZATION,
    evidence,
    header,
    limits,
    object_id,
    policy,
    policy_of,
    profile,
    reading,
    step,
)

states = st.sampled_from(list(MfaState))
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


# --- what a reading allows


@pytest.mark.parametrize(
    ("before", "after", "found", "sent"),
    [
        ("enforced", "disabled", "enforced", True),
        ("enabled", "disabled", "enabled", True),
        ("enabled", "disabled", "enforced", True),  # registered meanwhile: a promotion
        ("enforced", "disabled", "enabled", False),  # somebody changed it
        ("enforced", "disabled", "disabled", False),  # nothing to do
        ("disabled", "enforced", "disabled", True),  # going back
        ("disabled", "enforced", "enabled", False),  # drift
        ("disabled", "enabled", "enforced", False),  # there already, promoted
        ("enforced", "enabled", "enforced", True),  # this promotion is what the step takes back
        ("enforced", "enabled", "enabled", False),  # nothing to do
    ],
)
def test_a_step_is_sent_only_where_the_user_is_as_planned(before: str, after: str, found: str, sent: bool) -> None:
    decision = decision_for(step(before=before, after=after), reading(state=found))
    assert isinstance(decision, Send) == sent
    assert decision.found == found
    if isinstance(decision, Leave):
        assert decision.outcome is Outcome.SKIPPED
        assert decision.reason.parts.found == found


@given(states, states, states)
def test_drift_is_overwritten_only_when_asked_for(before: MfaState, after: MfaState, found: MfaState) -> None:
    planned, read = step(before=before, after=after), reading(state=found)
    usual, forced = decision_for(planned, read), decision_for(planned, read, overwrite_drift=True)
    if isinstance(usual, Send):
        assert forced == usual
    elif after.is_found_as(found):  # where the promotion itself is to be taken back, the usual decision is to send
        assert isinstance(forced, Leave), "there is nothing to send, drift or not"
    else:
        assert isinstance(forced, Send)
        assert usual.why is Why.DRIFT


@pytest.mark.parametrize(("status", "outcome"), [(403, Outcome.FAILED), (404, Outcome.SKIPPED), (0, Outcome.FAILED)])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_user_who_cannot_be_read_is_left_alone(status: int, outcome: Outcome, overwrite: bool) -> None:
    decision = decision_for(step(), reading(state=None, status=status), overwrite_drift=overwrite)
    assert isinstance(decision, Leave)
    assert decision.outcome is outcome
    assert "403 Forbidden" in str(decision.reason)
    assert decision.why is (Why.GONE if status == 404 else Why.UNREADABLE)


@pytest.mark.parametrize(("after", "needed"), [("disabled", True), ("enabled", False), ("enforced", False)])
def test_proof_of_coverage_is_needed_whenever_per_user_mfa_goes_off(after: str, needed: bool) -> None:
    assert guards.needs_proof(step(before="enforced", after=after)) == needed


# --- whether a plan fits


def test_a_plan_for_this_place_passes() -> None:
    guards.refuse_foreign(header(), ORGANIZATION, cloud="global", endpoint=None)


@pytest.mark.parametrize(
    ("planned", "here", "named"),
    [
        ({"tenant_id": object_id("other")}, {}, object_id("other")),
        ({"cloud": "china"}, {}, "cloud china"),
        ({"endpoint": "http://127.0.0.1:1"}, {}, "Microsoft Graph"),
        ({}, {"endpoint": "http://127.0.0.1:1"}, "Microsoft Graph"),
        ({"endpoint": "http://127.0.0.1:2"}, {"endpoint": "http://127.0.0.1:1"}, "http://127.0.0.1:2"),
    ],
)
def test_a_plan_for_another_place_is_refused(planned: dict[str, Any], here: dict[str, Any], named: str) -> None:
    place = {"cloud": "global", "endpoint": None, **here}
    with pytest.raises(StalePlan, match="was made for") as refused:
        guards.refuse_foreign(header(**planned), ORGANIZATION, **place)
    assert named in refused.value.what
    assert refused.value.hint


def test_a_plan_is_too_old_a_moment_after_its_limit() -> None:
    proof = evidence(policy())
    plan = header(evidence_digest=evidence_digest(proof), limits=limits(plan_max_age_seconds=3600))
    guards.refuse_stale(plan, proof, datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    with pytest.raises(StalePlan, match="1 h old"):
        guards.refuse_stale(plan, proof, datetime(2026, 11, 24, 9, 0, 1, tzinfo=UTC))
    with pytest.raises(StalePlan, match="5 days old"):
        guards.refuse_stale(plan, proof, NOW + timedelta(days=5))


@pytest.mark.parametrize(
    "changed",
    [
        evidence(policy(state="disabled")),
        evidence(policy(excludeUsers=[object_id("eve")])),
        evidence(policy(), policy("Another")),
        evidence(),
        evidence(policy(), security_defaults_enabled=True),
        evidence(policy(), named_locations=({"id": "x", "displayName": "Office", "isTrusted": True},)),
        evidence(policy(), authentication_strengths=({"id": "x", "requirementsSatisfied": "none"},)),
    ],
)
def test_evidence_that_changed_makes_a_plan_stale(changed: Any) -> None:
    plan = header(evidence_digest=evidence_digest(evidence(policy())))
    with pytest.raises(StalePlan, match="changed since the export"):
        guards.refuse_stale(plan, changed, NOW)


def test_dates_ids_and_prose_of_a_policy_do_not_make_a_plan_stale() -> None:
    plan = header(evidence_digest=evidence_digest(evidence(policy())))
    touched = {**policy().raw, "id": "another", "modifiedDateTime": "2026-01-01T00:00:00Z", "description": "new words"}
    guards.refuse_stale(plan, evidence(policy_of(touched)), NOW)


def test_blockers_are_all_said_at_once() -> None:
    notes = tuple(PlanNote(severity=Severity.BLOCKER, code=code, sentence=f"{code} blocks.") for code in ("one", "two"))
    warning = PlanNote(severity=Severity.WARNING, code="three", sentence="three warns.")
    guards.refuse_blocked(header(notes=(warning,)))
    with pytest.raises(Blocked, match="2 blockers") as refused:
        guards.refuse_blocked(header(notes=(*notes, warning)))
    assert "[one] one blocks. [two] two blocks." in refused.value.what
    assert "three" not in refused.value.what


WAVES = tuple(Wave(number=n, name=str(n), users=n) for n in (1, 2, 3))


@pytest.mark.parametrize(
    ("how_far", "max_users", "refused"),
    [
        ({}, "6", None),
        ({}, "5", "may disable 6 users; --max-users 5 allows 5"),
        ({"until": "wave:1"}, "1", None),
        ({"until": "wave:1"}, "0", "may disable 1 user; --max-users 0 allows 0"),
        ({"until": "wave:2"}, "2", "may disable 3 users"),
        ({"until": "policies-on"}, "0", None),
        ({"only_wave": 3}, "2", "may disable 3 users"),
        ({"only_wave": 2}, "2", None),
        ({}, "5%", "--max-users 5% of the 100 users of the tenant, which allows 5"),
    ],
)
def test_max_users_counts_what_this_command_may_do(
    how_far: dict[str, Any], max_users: str, refused: str | None
) -> None:
    plan = header(waves=WAVES, total_users=100)
    this = plan.users_within(**{"only_wave": None, "until": None, **how_far})
    if refused is None:
        guards.refuse_too_many(plan, this=this, max_users=max_users)
        return
    with pytest.raises(LimitReached, match=re.escape(refused)):
        guards.refuse_too_many(plan, this=this, max_users=max_users)


def test_the_limit_of_the_configuration_counts_the_whole_plan() -> None:
    plan = header(waves=WAVES, total_users=100, limits=limits(max_users="5"))
    with pytest.raises(LimitReached, match=r"The plan disables 6 users; max_users = 5 allows 5"):
        guards.refuse_too_many(plan, this=1, max_users="100%")


def test_an_accepted_gap_counts_until_the_day_it_expires() -> None:
    gap = AcceptedGap(tag="location:trusted", reason="offices", expires="2026-11-24")
    assert guards.accepted_on([gap], NOW) == frozenset()
    assert guards.accepted_on([gap], NOW - timedelta(days=1)) == {"location:trusted"}


# --- who depends on a policy


def test_dependents_are_those_whose_proof_would_be_gone() -> None:
    both = evidence(policy("One", excludeUsers=[object_id("bob")]), policy("Two", includeUsers=[object_id("ada")]))
    without = msgspec.structs.replace(both, policies=both.policies[1:])
    people = [profile(name) for name in ("ada", "bob", "eve")]
    found = guards.dependents(people, Judge(both), Judge(without), frozenset())
    # ada has the second policy, bob was never covered, eve has nothing else.
    assert [person.user_principal_name for person in found] == ["eve@contoso.example"]
    assert list(guards.dependents(people, Judge(both), Judge(both), frozenset())) == []


def test_who_is_off_for_a_gap_that_nobody_accepts_any_more_must_not_lose_the_rest() -> None:
    partly = policy("Modern sign-ins only")
    partly.raw["conditions"]["clientAppTypes"] = ["browser", "mobileAppsAndDesktopClients"]
    both = evidence(partly, policy("For others", includeUsers=[object_id("ada")]))
    without = msgspec.structs.replace(both, policies=both.policies[1:])
    eve = profile("eve")
    assert not Judge(both).coverage_of(eve).is_proven()
    assert list(guards.dependents([eve], Judge(both), Judge(without), frozenset())) == [eve]
    irrelevant = msgspec.structs.replace(both, policies=both.policies[:1])
    assert list(guards.dependents([eve], Judge(both), Judge(irrelevant), frozenset())) == []


# --- whether somebody edited a policy

BODY: dict[str, Any] = {
    "displayName": "Ours",
    "description": "marker",
    "state": "enabledForReportingButNotEnforced",
    "conditions": {
        "users": {"includeUsers": ["All"], "excludeUsers": ["a", "b"]},
        "applications": {"includeApplications": ["All"]},
        "clientAppTypes": ["all"],
    },
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
}


def as_served(**changes: Any) -> Any:
    """Return the policy as Graph gives it back: filled up with nulls and empty lists, dates and an id."""
    filled = msgspec.json.decode(msgspec.json.encode(BODY))
    filled |= {"id": object_id("ours"), "createdDateTime": "2026-01-01T00:00:00Z", "sessionControls": None}
    filled["conditions"]["users"] |= {"includeGroups": [], "includeGuestsOrExternalUsers": None}
    filled["conditions"]["locations"] = None
    filled["grantControls"]["authenticationStrength@odata.context"] = "https://service.example/x"
    return policy_of({**filled, **changes})


def test_what_graph_fills_in_and_the_state_are_no_edit() -> None:
    assert guards.says_the_same(BODY, as_served())
    assert guards.says_the_same(BODY, as_served(state="enabled"))


@pytest.mark.parametrize(
    "changes",
    [
        {"displayName": "Theirs"},
        {"description": "other"},
        {"grantControls": {"operator": "OR", "builtInControls": ["block"]}},
        {"sessionControls": {"signInFrequency": {"value": 1}}},
        {"conditions": {**BODY["conditions"], "users": {"includeUsers": ["All"], "excludeUsers": ["a"]}}},
        {"conditions": {**BODY["conditions"], "clientAppTypes": ["browser"]}},
        {"conditions": {**BODY["conditions"], "locations": {"includeLocations": ["All"]}}},
    ],
)
def test_every_other_difference_is_an_edit(changes: dict[str, Any]) -> None:
    assert not guards.says_the_same(BODY, as_served(**changes))
