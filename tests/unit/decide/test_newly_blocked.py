"""Whom a policy newly blocks is counted from the sign-ins that were read, and unknown where none were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from migrate.decide.guards import refuse_beyond_limits
from migrate.decide.newly_required import newly_blocked
from migrate.decide.planner import Planner
from migrate.decide.replay.blocking import SignInLog
from migrate.errors import LimitReached
from migrate.model.evidence import ConditionalAccessPolicy, Evidence
from migrate.model.impact import AcceptedPerson, Caught
from migrate.model.plan import PlanHeader
from migrate.model.rules import Rules
from migrate.model.sign_ins import SeenAs, SignInClass
from migrate.model.steps import CreatePolicy
from migrate.model.users import UserRecord
from tests.unit.decide.records import evidence, group, limits, object_id, policy, policy_of, rules, snapshot, user
from tests.unit.decide.test_replay import seen

PEOPLE = [user("ada"), user("ben")]
LOG = SignInLog((), [seen(client="IMAP4")])
REPORT_ONLY = "enabledForReportingButNotEnforced"


def planned(
    log: SignInLog | None, decided: Rules, proof: Evidence | None = None, people: Sequence[UserRecord] = PEOPLE
) -> PlanHeader:
    planner = Planner(snapshot(len(people)), proof or evidence(), decided)
    planner.know_log(log)
    list(planner.rows(people))
    return planner.header("cd" * 32, tool_version="0.1.0")


def notes(found: PlanHeader) -> dict[str, str]:
    return {note.code: note.sentence for note in found.notes}


def test_a_legacy_success_is_a_blocker_that_names_the_person_and_the_ways_out() -> None:
    found = planned(LOG, rules(create=True, limits=limits(max_newly_required=99)))
    assert [note.code for note in found.blockers] == ["newly-blocked"]
    sentence = notes(found)["newly-blocked"]
    for word in ("1 person would be blocked", "ada", "Exclude", "Temporary Access Pass", "[[accept_caught]]"):
        assert word in sentence
    assert "1 person is unknown" in notes(found)["newly-blocked-unknown"]
    named = newly_blocked(found, evidence(), (), PEOPLE, LOG)
    assert [(one.user_id, one.in_log) for one in named] == [(object_id("ada"), True)]


def test_whoever_is_accepted_by_name_stops_nothing() -> None:
    one = AcceptedPerson(user_id=object_id("ada"), user_principal_name="ada", reason="a scanner", expires="2027-01-01")
    found = planned(LOG, rules(create=True, accepted_caught=(one,)))
    assert not found.blockers
    assert found.impacts[0].number(Caught.ACCEPTED) == 1


def test_where_nothing_was_read_it_is_unknown_and_no_zero() -> None:
    found = planned(None, rules(create=True))
    assert not found.blockers
    assert "no sign-ins were read" in notes(found)["newly-blocked-unknown"]


# One report-only policy that the plan switches on

NAME = "Waiting"


def waiting_without(*names: str, name: str = NAME, **users: list[str]) -> ConditionalAccessPolicy:
    """Return a report-only policy for all but the emergency access accounts and those named."""
    excluded = [object_id(one) for one in ("emergency1", "emergency2", *names)]
    return policy(name, REPORT_ONLY, excludeUsers=excluded, **users)


FOR_ALL = waiting_without()
NO_DEVICE_CODE = policy_of(
    {
        **FOR_ALL.raw,
        "conditions": {**FOR_ALL.raw["conditions"], "authenticationFlows": {"transferMethods": "deviceCodeFlow"}},
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }
)


def switched_on(
    waiting: ConditionalAccessPolicy,
    *rows: SeenAs,
    today: tuple[ConditionalAccessPolicy, ...] = (),
    people: Sequence[UserRecord] = PEOPLE,
    **of_limits: Any,
) -> PlanHeader:
    """Return a plan that switches a policy on, with what was read of the log."""
    decided = rules(switch_on=(waiting.id,), limits=limits(**{"max_newly_required": 99, **of_limits}))
    proof = evidence(waiting, *today, groups=(group("Left out", "ada"),))
    return planned(SignInLog((), rows), decided, proof, people)


def blocked(found: PlanHeader) -> int:
    (impact,) = found.impacts
    return impact.number(Caught.BLOCKED_IN_LOG)


@pytest.mark.parametrize(
    "waiting",
    [waiting_without("ada"), waiting_without(excludeGroups=[object_id("Left out")])],
    ids=["by id", "by group"],
)
def test_whoever_is_excluded_goes_through_and_is_not_counted(waiting: ConditionalAccessPolicy) -> None:
    assert blocked(switched_on(FOR_ALL, seen(client="IMAP4"))) == 1
    found = switched_on(waiting, seen(client="IMAP4"))
    assert blocked(found) == 0
    assert not found.blockers


def test_whoever_is_excluded_here_and_caught_by_another_policy_of_the_plan_counts_there() -> None:
    left_out, other = waiting_without("ada"), waiting_without(name="Another")
    decided = rules(switch_on=(left_out.id, other.id), limits=limits(max_newly_required=99))
    found = planned(LOG, decided, evidence(left_out, other))
    counts = {impact.policy: impact.number(Caught.BLOCKED_IN_LOG) for impact in found.impacts}
    assert counts == {NAME: 0, "Another": 1}


@pytest.mark.parametrize(
    ("waiting", "row", "number"),
    [
        (FOR_ALL, seen(protocol="ropc"), 1),
        (FOR_ALL, seen(protocol="directUserGrant", client="Mobile Apps and Desktop clients"), 1),
        (FOR_ALL, seen(protocol="deviceCode"), 0),
        (NO_DEVICE_CODE, seen(protocol="deviceCode"), 1),
        (NO_DEVICE_CODE, seen(flow="deviceCodeFlow", protocol="none"), 1),
        (NO_DEVICE_CODE, seen(protocol="oAuth2"), 0),
        (NO_DEVICE_CODE, seen(protocol="ropc", flow="none"), 0),
        (FOR_ALL, seen(client="IMAP4", outcome=SignInClass.BLOCKED, code=53003), 0),
    ],
    ids=[
        "a password handed over",
        "the same by its other name",
        "a device code is answered",
        "a device code",
        "a device code of earlier",
        "no device code",
        "a program without one",
        "it failed already",
    ],
)
def test_a_service_account_counts_where_the_policy_would_refuse_it(
    waiting: ConditionalAccessPolicy, row: SeenAs, number: int
) -> None:
    found = switched_on(waiting, row)
    assert blocked(found) == number
    assert ("newly-blocked" in notes(found)) is bool(number)


def test_a_sign_in_that_does_not_tell_its_flow_may_be_blocked_and_is_said_apart() -> None:
    found = switched_on(NO_DEVICE_CODE, seen(flow=None, protocol=None))
    (impact,) = found.impacts
    assert (impact.number(Caught.BLOCKED_IN_LOG), impact.number(Caught.MAYBE_BLOCKED)) == (0, 1)
    assert "1 person" in notes(found)["newly-blocked-depends"]


def test_what_today_refuses_is_not_newly_blocked_unless_it_went_through_since() -> None:
    today = policy_of({**policy("Today").raw, "modifiedDateTime": "2027-01-01T00:00:00Z"})
    assert blocked(switched_on(FOR_ALL, seen(client="IMAP4"), today=(today,))) == 0
    earlier = policy_of({**today.raw, "modifiedDateTime": "2026-01-01T00:00:00Z"})
    assert blocked(switched_on(FOR_ALL, seen(client="IMAP4"), today=(earlier,))) == 1


WIDE = {"max_newly_required": 99, "max_not_mfa_capable": 99, "max_newly_blocked": 99, "max_users": "100%"}


def test_raising_every_other_limit_does_not_let_a_blocked_sign_in_pass() -> None:
    found = switched_on(FOR_ALL, seen(client="IMAP4"), **{**WIDE, "max_newly_blocked": 0})
    assert [note.code for note in found.blockers] == ["newly-blocked"]
    (step,) = found.policy_steps
    with pytest.raises(LimitReached, match=r"raise limits\.max_newly_blocked from 0"):
        refuse_beyond_limits(found, step)
    assert not switched_on(FOR_ALL, seen(client="IMAP4"), **{**WIDE, "max_newly_blocked": 1}).blockers


def test_raising_this_limit_lets_nobody_newly_required_pass() -> None:
    people = [*PEOPLE, user("otto", "disabled")]
    found = switched_on(FOR_ALL, seen(client="IMAP4"), people=people, **{**WIDE, "max_newly_required": 0})
    assert [note.code for note in found.blockers] == ["newly-required"]


# An enabled policy of ours that the plan widens


def piloted(*names: str) -> Evidence:
    """Return a tenant in which our policy is enabled since next year, so far for one group with these members."""
    pilot = group("Pilot", *names)
    made, _ = planned(None, rules(create=True, scope_group=pilot.id), evidence(groups=(pilot,))).policy_steps
    assert isinstance(made, CreatePolicy)
    dates = {"createdDateTime": "2026-01-01T00:00:00Z", "modifiedDateTime": "2027-01-01T00:00:00Z"}
    return evidence(policy_of({**made.body, **dates, "id": object_id("ours"), "state": "enabled"}), groups=(pilot,))


def test_a_policy_that_is_widened_counts_whom_it_newly_blocks() -> None:
    proof = piloted("ben")
    found = planned(LOG, rules(create=True, limits=limits(max_newly_required=99)), proof)
    (impact,) = found.impacts
    assert impact.widens
    assert [note.code for note in found.blockers] == ["newly-blocked"]
    assert "Widening" in notes(found)["newly-blocked"]
    assert [one.user_id for one in newly_blocked(found, proof, (), PEOPLE, LOG)] == [object_id("ada")]
    raised = rules(create=True, limits=limits(max_newly_required=99, max_newly_blocked=1))
    assert not planned(LOG, raised, proof).blockers


def test_whom_a_policy_refuses_before_it_is_widened_is_not_newly_blocked() -> None:
    found = planned(LOG, rules(create=True, limits=limits(max_newly_required=99)), piloted("ada"))
    (impact,) = found.impacts
    assert impact.widens
    assert not impact.number(Caught.NEWLY_BLOCKED)
    assert not found.blockers
