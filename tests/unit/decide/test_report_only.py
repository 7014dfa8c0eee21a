"""What a report-only policy would have done, and each condition of the exit rule at its limit."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from migrate.decide.sign_ins.report_only import InScope, report_only_numbers
from migrate.model.report_only import ExitLimits, FailureCause, MissingData, ReportOnlyNumbers, RuleCheck, Would
from migrate.model.sign_ins import Coordinate, Form, Hole, HoleWhy, PolicyCount, Seen, SeenAs, SignInClass, SignInSource
from migrate.views.report_only import report_only_answer
from tests.unit.decide.records import object_id, policy
from tests.unit.store.test_sign_ins import KIND, SOURCE
from tests.unit.views.test_answers import text_of

POLICY = structs.replace(policy(state="enabledForReportingButNotEnforced"), modified_date_time="2026-11-10T00:00:00Z")
READ = structs.replace(
    SOURCE, since="2026-11-16T00:00:00Z", until="2026-11-23T00:00:00Z", complete=True, lost=(), rows=50
)
"""Monday to Monday: seven days, five of them working days."""
NOON = 498_560
"""An hour of 2026-11-16."""
PEOPLE = ("ada", "ben", "cleo", "dora", "emil")


def seen(name: str, result: str | None = "reportOnlySuccess", attempts: int = 10, **members: Any) -> SeenAs:
    given: dict[str, Any] = {
        "asked_by": (),
        "results": () if result is None else ((POLICY.id.lower(), result),),
        **members,
    }
    return SeenAs(
        kind=structs.replace(KIND, **given),
        user_id=object_id(name),
        seen=Seen(rows=attempts, first=NOON * 3600, last=NOON * 3600, hours=((NOON, attempts),)),
    )


def numbers(
    *people: SeenAs,
    sources: tuple[SignInSource, ...] = (READ,),
    capable: bool | None = True,
    accepted: frozenset[str] = frozenset(),
    subject: Any = POLICY,
) -> ReportOnlyNumbers:
    scope = {object_id(name): InScope(capable=capable, accepted=name in accepted) for name in PEOPLE}
    return report_only_numbers(subject, people, sources, scope, ExitLimits())


EVERYBODY = [seen(name) for name in PEOPLE]


def failing(found: ReportOnlyNumbers) -> set[RuleCheck]:
    return {one.check for one in found.failing}


def test_a_quiet_week_in_which_everybody_succeeds_passes() -> None:
    found = numbers(*EVERYBODY)
    assert found.holds
    assert len(found.checks) == len(RuleCheck)
    assert {(one.would, one.attempts) for one in found.counts} == {(Would.SUCCESS, 50)}


@pytest.mark.parametrize(
    ("people", "check"),
    [
        (EVERYBODY[:3], RuleCheck.SEEN),
        ([*EVERYBODY, seen("ada", "reportOnlyFailure", 1, client="IMAP4")], RuleCheck.FAILURES),
        ([*EVERYBODY, seen("ada", "unknownFuture", 1)], RuleCheck.UNKNOWN),
        ([*EVERYBODY, seen("ada", "reportOnlyFailure", 6)], RuleCheck.SUCCESS),
    ],
)
def test_each_condition_fails_by_itself(people: list[SeenAs], check: RuleCheck) -> None:
    found = numbers(*people)
    assert check in failing(found)
    assert not found.holds


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"since": "2026-11-16T01:00:00Z"}, RuleCheck.DAYS),
        ({"since": "2026-11-15T00:00:00Z", "until": "2026-11-22T00:00:00Z"}, None),
        (
            {
                "holes": (
                    Hole(
                        form=Form.INTERACTIVE,
                        since="2026-11-18T00:00:00Z",
                        until="2026-11-18T01:00:00Z",
                        why=HoleWhy.FAILED,
                    ),
                )
            },
            RuleCheck.NO_HOLE,
        ),
        ({"complete": False}, RuleCheck.NO_HOLE),
    ],
)
def test_the_window_must_be_long_enough_and_whole(changes: dict[str, Any], check: RuleCheck | None) -> None:
    found = numbers(*EVERYBODY, sources=(structs.replace(READ, **changes),))
    assert failing(found) == (set() if check is None else {check} | (failing(found) & {RuleCheck.WORKING_DAYS}))


def test_days_count_from_the_policys_last_change() -> None:
    changed = structs.replace(POLICY, modified_date_time="2026-11-19T00:00:00Z")
    assert {RuleCheck.DAYS, RuleCheck.WORKING_DAYS, RuleCheck.SEEN} <= failing(numbers(*EVERYBODY, subject=changed))


def test_time_between_two_readings_is_a_hole() -> None:
    parts = (
        structs.replace(READ, until="2026-11-19T00:00:00Z"),
        structs.replace(READ, since="2026-11-19T05:00:00Z"),
    )
    assert failing(numbers(*EVERYBODY, sources=parts)) == {RuleCheck.NO_HOLE}


@pytest.mark.parametrize(
    ("capable", "would", "holds"),
    [
        (True, Would.INTERRUPTED_CAPABLE, True),
        (False, Would.INTERRUPTED_NOT_CAPABLE, False),
        (None, Would.INTERRUPTED_UNKNOWN, False),
    ],
)
def test_an_interruption_counts_by_whether_the_person_can_answer(
    capable: bool | None, would: Would, holds: bool
) -> None:
    found = numbers(*EVERYBODY, seen("ada", "reportOnlyInterrupted", 1), capable=capable)
    assert would in {one.would for one in found.counts}
    assert found.holds is holds


def test_whoever_is_asked_today_already_is_no_interruption() -> None:
    row = seen("ada", "reportOnlyInterrupted", 1, asked_by=("user",))
    found = numbers(*EVERYBODY, row, capable=False)
    assert {one.would for one in found.counts} == {Would.SUCCESS, Would.REQUIRED_ALREADY}
    assert found.holds


def test_whoever_is_accepted_by_name_may_fail() -> None:
    row = seen("ada", "reportOnlyFailure", 1, client="IMAP4")
    assert numbers(*EVERYBODY, row, accepted=frozenset({"ada"})).holds
    (failure,) = [one for one in numbers(*EVERYBODY, row).counts if one.would is Would.FAILURE]
    assert (failure.client, failure.people) == ("IMAP4", (object_id("ada"),))


def test_wrong_passwords_say_nothing_about_a_policy() -> None:
    row = seen("ada", "reportOnlyFailure", 5, outcome=SignInClass.NOISE, code=50126)
    assert numbers(*EVERYBODY, row).holds


@pytest.mark.parametrize(
    ("sources", "missing"),
    [
        ((), MissingData.NO_LOG),
        ((structs.replace(READ, rows=0),), MissingData.NO_ROWS),
        ((structs.replace(READ, lost=(Coordinate.RESULTS,)),), MissingData.NO_RESULTS),
        ((structs.replace(READ, unknown_results=True),), MissingData.NO_NAMES),
    ],
)
def test_no_data_never_passes_and_says_what_was_missing(
    sources: tuple[SignInSource, ...], missing: MissingData
) -> None:
    found = numbers(*EVERYBODY, sources=sources)
    assert (found.missing, found.holds, found.checks) == (missing, False, ())


def test_a_policy_about_user_actions_is_never_evaluated_in_report_only() -> None:
    raw = {**POLICY.raw, "conditions": {"applications": {"includeUserActions": ["urn:user:registersecurityinfo"]}}}
    assert numbers(*EVERYBODY, subject=structs.replace(POLICY, raw=raw)).missing is MissingData.NOT_EVALUATED


def test_nobody_seen_holds_no_share() -> None:
    assert {RuleCheck.SEEN, RuleCheck.SUCCESS, RuleCheck.UNKNOWN} <= failing(numbers())


# Counted where the log lies


def counted(result: str = "reportOnlySuccess", attempts: int = 10, people: int = 3, **members: Any) -> PolicyCount:
    given: dict[str, Any] = {
        "policy_id": POLICY.id.lower(),
        "form": Form.INTERACTIVE,
        "client": "Browser",
        "code": 0,
        "first": READ.since,
        "last": READ.until,
        **members,
    }
    return PolicyCount(result=result, rows=attempts, attempts=attempts, people=people, **given)


def by_counts(*counts: PolicyCount, lost: tuple[Coordinate, ...] = (Coordinate.RESULTS,)) -> ReportOnlyNumbers:
    return numbers(*EVERYBODY, sources=(structs.replace(READ, lost=lost, policy_counts=counts),))


def test_counts_without_people_are_shown_and_never_hold_the_rule() -> None:
    found = by_counts(
        counted(attempts=900, people=5),
        counted(attempts=90, people=4, form=Form.NON_INTERACTIVE),
        counted("reportOnlyInterrupted", 7, 2),
        counted("reportOnlyFailure", 9, 1, client="Authenticated SMTP"),
        counted("somethingNew", 1, 1),
        counted(attempts=50, people=9, code=50126),
        counted(attempts=50, people=9, policy_id="another"),
    )
    assert (found.missing, found.holds, found.checks) == (MissingData.NO_PEOPLE, False, ())
    assert {(one.would, one.client, one.attempts, one.unnamed, one.people) for one in found.counts} == {
        (Would.SUCCESS, "", 990, 5, ()),
        (Would.INTERRUPTED_UNKNOWN, "", 7, 2, ()),
        (Would.FAILURE, "Authenticated SMTP", 9, 1, ()),
        (Would.UNKNOWN, "", 1, 1, ()),
    }


def test_counts_that_reach_back_behind_the_last_change_say_nothing() -> None:
    found = by_counts(counted(), counted("reportOnlyFailure", first="2026-11-09T23:00:00Z"))
    assert (found.missing, found.counts) == (MissingData.NO_DAYS, ())


def test_results_by_person_go_before_counts_and_no_counts_of_a_policy_are_no_results() -> None:
    assert by_counts(counted("reportOnlyFailure"), lost=()).holds
    assert by_counts(counted(policy_id="another")).missing is MissingData.NO_RESULTS


@pytest.mark.parametrize(
    ("controls", "client", "cause", "words"),
    [
        (["block"], "IMAP4", FailureCause.BLOCK, "failure: the policy blocks"),
        (["block"], "Browser", FailureCause.BLOCK, "failure: the policy blocks"),
        (["mfa"], "IMAP4", FailureCause.OLD_CLIENT, "failure: an old client cannot answer"),
        (["mfa"], "Exchange ActiveSync", FailureCause.OLD_CLIENT, "failure: an old client cannot answer"),
        (["compliantDevice"], "Browser", FailureCause.DEVICE, "failure: the device or app is not what it asks for"),
        (["mfa"], "Browser", FailureCause.OTHER, "failure "),
    ],
)
def test_a_failure_is_told_by_its_cause(controls: list[str], client: str, cause: FailureCause, words: str) -> None:
    subject = structs.replace(POLICY, raw={**POLICY.raw, "grantControls": {"builtInControls": controls}})
    found = numbers(*EVERYBODY, seen("ada", "reportOnlyFailure", 1, client=client), subject=subject)
    assert [(one.would, one.cause) for one in found.counts] == [(Would.SUCCESS, None), (Would.FAILURE, cause)]
    assert words in text_of(report_only_answer([found], (), {}))
