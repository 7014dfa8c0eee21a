"""What was done to policies is said: in sentences, in the question, in the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from migrate.model.evidence import PolicyState
from migrate.model.impact import PolicyImpact
from migrate.model.journal import Outcome
from migrate.model.plan import Wave
from migrate.model.policy_scope import SetPolicyScope
from migrate.model.reasons import NO_REASON, Reason, Why, reason_of
from migrate.model.rehearsal import Rehearsal, RehearsedStep, RehearsedUser, RehearsedWave
from migrate.model.run import Ending, PolicyOutcome, RunResult
from migrate.model.steps import CreatePolicy, PolicyStep
from migrate.model.waits import Waiting, WaitKind
from migrate.model.who_is_left import WhoIsLeft
from migrate.model.words import first_names
from migrate.views.apply import apply_answer, apply_question, nothing_left, rollback_question
from migrate.views.policy_steps import outcome_counts, outcome_lines, step_question
from tests.unit.decide.records import header, object_id, switch
from tests.unit.views.test_answers import text_of

CREATE = CreatePolicy(key="mfa-migrate:01", display_name="Ours", body={}, because="policy.mode is create")
ON = switch("enabledForReportingButNotEnforced", "enabled")
IMPACT = PolicyImpact(
    key=ON.key,
    policy=ON.display_name,
    numbers={"newlyRequired": 99, "requiredAlready": 670, "guests": 30, "notMfaCapable": 6},
    samples={"newlyRequired": ("svc-erp@contoso.example", "room5@contoso.example", "eve@contoso.example")},
)
ALL: dict[str, Any] = {"conditions": {"users": {"includeUsers": ["All"]}}}
PILOT: dict[str, Any] = {"conditions": {"users": {"includeGroups": ["g"]}}}
WIDER = SetPolicyScope(
    key=ON.key, display_name="Ours", before=PILOT, after=ALL, policy_state=PolicyState.ENABLED, because="x"
)
REQUIRED = (
    "129 people are newly required to use MFA (30 guests, 6 not MFA capable): svc-erp, room5, eve, ...; 670 are "
    "required already"
)


def outcome(step: PolicyStep, outcome: Outcome = Outcome.CONFIRMED, reason: Reason = NO_REASON) -> PolicyOutcome:
    return PolicyOutcome(step=step, outcome=outcome, reason=reason, at="2026-11-28T15:45:10Z")


def test_switching_on_is_told_with_the_time_and_how_many_people_it_newly_requires() -> None:
    assert list(outcome_lines([outcome(WIDER)], [IMPACT])) == [
        "Widened: 'Ours' at 2026-11-28 15:45 UTC.",
        f"  {REQUIRED}.",
    ]
    assert step_question(WIDER, [IMPACT]) == f"~ widen 'Ours': {REQUIRED}"
    assert outcome_counts([outcome(WIDER), outcome(WIDER.reverse())]) == {"policiesWidened": 1, "policiesNarrowed": 1}
    said = list(outcome_lines([outcome(CREATE), outcome(ON)], [IMPACT]))
    assert said == [
        "Created, report-only: 'Ours' at 2026-11-28 15:45 UTC.",
        "Switched on: 'MFA for everybody' at 2026-11-28 15:45 UTC.",
        f"  {REQUIRED}.",
    ]


@pytest.mark.parametrize(
    ("step", "what", "reason", "said"),
    [
        (ON.reverse(), Outcome.CONFIRMED, NO_REASON, "Set to report-only: 'MFA for everybody' at"),
        (WIDER.reverse(), Outcome.CONFIRMED, NO_REASON, "Narrowed: 'Ours' at"),
        (CREATE.reverse(), Outcome.RECOVERED, NO_REASON, "Deleted: 'Ours' at"),
        (CREATE, Outcome.SKIPPED, reason_of(Why.EXISTS_ALREADY), "Left as it was: 'Ours' at 2026-11-28 15:45 UTC: "),
        (ON, Outcome.INTENT, NO_REASON, "Not done, or not known to be: set 'MFA for everybody' to enabled at"),
        (CREATE, Outcome.FAILED, reason_of(Why.ERROR, "403"), "Not done, or not known to be: create 'Ours', report"),
        (CREATE.reverse(), Outcome.FAILED, NO_REASON, "Not done, or not known to be: delete 'Ours' at"),
    ],
)
def test_each_step_is_told_as_what_became_of_it(step: PolicyStep, what: Outcome, reason: Reason, said: str) -> None:
    (line,) = outcome_lines([outcome(step, what, reason)], [IMPACT])
    assert line.startswith(said)


def test_an_apply_that_only_switched_on_says_so_in_text_and_document() -> None:
    plan = header(policy_steps=(CREATE, ON), impacts=(IMPACT,))
    result = RunResult(ending=Ending.STOPPED_HERE, policies=(outcome(CREATE), outcome(ON)))
    answer = apply_answer(plan, result, command="apply")
    shown = text_of(answer)
    assert f"Switched on: 'MFA for everybody' at 2026-11-28 15:45 UTC.\n  {REQUIRED}.\n" in shown
    assert "Users: none yet (10 planned)\n" in shown
    assert "Test now, in a private window" in shown
    document: Any = answer.document
    assert document["outcomes"] == {"policiesCreated": 1, "policiesSwitchedOn": 1}
    assert [(each["step"], each["newlyRequired"]) for each in document["policies"]] == [
        ("CreatePolicy", None),
        ("SetPolicyState", 129),
    ]
    nothing = apply_answer(plan, RunResult(ending=Ending.STOPPED_HERE), command="apply")
    assert "Test now" not in text_of(nothing)
    back = RunResult(ending=Ending.DONE, policies=(outcome(ON.reverse()), outcome(CREATE.reverse())))
    told: Any = apply_answer(plan, back, command="rollback").document
    assert told["outcomes"] == {"policiesSetBack": 1, "policiesDeleted": 1}


def test_the_question_shows_each_policy_step_and_this_commands_first_names() -> None:
    waves = (Wave(number=1, name="canary", users=3), Wave(number=2, name="to 100%", users=665))
    plan = header(policy_steps=(CREATE, ON), impacts=(IMPACT,), waves=waves, total_users=799)
    names = ("bob.krug@contoso.example", "rita.ritter@contoso.example", "iris.vogt@contoso.example")
    three, many = WhoIsLeft(to_do=3, first=names), WhoIsLeft(to_do=665, first=names)
    said = list(apply_question(plan, three, only_wave=None, until="wave:1", way_back="mfa-migrate rollback"))
    assert "Policies: + create 'Ours', report-only" in said
    assert f"Policies: ~ set 'MFA for everybody' to enabled: {REQUIRED}" in said
    assert "Users:    per-user MFA of 668 of 799 will be disabled in 2 waves" in said
    assert "Now:      up to wave:1, 3 users: bob.krug, rita.ritter, iris.vogt" in said
    one = list(apply_question(plan, many, only_wave=2, until=None, way_back="x"))
    assert "Now:      wave 2, 665 users: bob.krug, rita.ritter, iris.vogt, ..." in one
    bare = list(apply_question(header(), WhoIsLeft(to_do=0), only_wave=None, until="report-only", way_back="x"))
    assert "Policies: none is created or changed" in bare
    assert "Now:      up to report-only, 0 users" in bare
    assert step_question(CREATE.reverse(), ()) == "- delete 'Ours'"


def test_the_question_counts_who_is_still_to_do_and_says_who_will_not_be_touched() -> None:
    left = WhoIsLeft(to_do=22, first=("oscar@contoso.example",) * 3, done=2, put_back=1, left=4)
    said = list(apply_question(header(), left, only_wave=None, until="wave:2", way_back="x"))
    others = "2 done before, 1 rolled back and stays as it is, 4 left before"
    assert f"Now:      up to wave:2, 22 users to do ({others}): oscar, oscar, oscar, ..." in said
    done = nothing_left(WhoIsLeft(to_do=0, done=222, put_back=3), only_wave=None, until=None)
    stay = "222 done before, 3 rolled back and stay as they are"
    assert done == f"Nothing is left to do: all waves, {stay}. Nothing will be sent."
    assert nothing_left(WhoIsLeft(to_do=0), only_wave=2, until=None).startswith("Nothing is left to do: wave 2. ")


def rehearsed(number: int, reason: Reason | None = None) -> RehearsedUser:
    name = f"user{number}"
    return RehearsedUser(user_id=object_id(name), user_principal_name=f"{name}@contoso.example", left_alone=reason)


def rehearsal_of(users: Sequence[RehearsedUser]) -> RunResult:
    before = WhoIsLeft(to_do=len(users), done=4, put_back=1, left=2)
    wave = RehearsedWave(number=1, name="canary", users=tuple(users), before=before)
    steps = (RehearsedStep(step=CREATE, is_done=True), RehearsedStep(step=CREATE.reverse(), is_done=False))
    settles = Waiting(kind=WaitKind.POLICY_SETTLES, name="Ours", until=datetime(2026, 11, 25, 8, tzinfo=UTC))
    rehearsal = Rehearsal(steps=steps, waiting=settles, waves=(wave,))
    return RunResult(ending=Ending.REHEARSED, outcomes=rehearsal.outcomes, rehearsal=rehearsal)


def test_a_rehearsal_lists_whom_it_would_send_the_first_in_text_and_all_for_programs() -> None:
    gone = reason_of(Why.GONE)
    users = [*(rehearsed(number) for number in range(7)), rehearsed(7, gone)]
    answer = apply_answer(header(), rehearsal_of(users), command="apply")
    shown = text_of(answer)
    assert "Wave 1 would be sent: user0@contoso.example, " in shown
    assert "user4@contoso.example and 2 more\n" in shown
    assert "user5@" not in shown
    rows = list(answer.rows())
    assert len(rows) == 8
    assert rows[0] == (object_id("user0"), "user0@contoso.example", "1", "send", "")
    assert rows[7][3:] == ("leave", "does not exist any more")
    document: Any = answer.document
    assert [user["wouldBeSent"] for user in document["users"]] == [True] * 7 + [False]
    assert "users" in answer.long_lists
    all_of_them = "All of them: the same command with `-o csv`."
    assert all_of_them in shown
    assert all_of_them not in text_of(apply_answer(header(), rehearsal_of(users[:5]), command="apply"))


def test_a_rehearsal_says_of_each_step_and_wave_how_it_stands() -> None:
    answer = apply_answer(header(), rehearsal_of([rehearsed(0), rehearsed(1, reason_of(Why.GONE))]), command="apply")
    name = repr(CREATE.display_name)
    document: Any = answer.document
    assert document["rehearsal"] == [
        f"  done    create {name}, report-only",
        f"- policy  delete {name}",
        "  waits   until 2026-11-25 08:00 UTC: policy 'Ours' was changed and has to settle",
        "~ wave 1 (canary): 1 would be sent, 1 left alone, 4 done before, 1 rolled back and stays, 2 left before",
        "  ! user1@contoso.example: does not exist any more",
    ]
    assert text_of(answer).startswith("\n".join(document["rehearsal"]))
    assert document["outcomes"] == {
        "would be sent": 1,
        "left alone": 1,
        "done before": 4,
        "rolled back": 1,
        "left before": 2,
    }


def test_one_who_was_rolled_back_is_no_plural() -> None:
    through = RunResult(ending=Ending.DONE, outcomes=Counter(confirmed=3))
    shown = [text_of(apply_answer(header(), through, command="apply", put_back=number)) for number in (1, 2)]
    assert "1 of them is rolled back and stays so; `export` and `plan` plan anew.\n" in shown[0]
    assert "2 of them are rolled back and stay as they are; `export` and `plan` plan anew.\n" in shown[1]


def test_a_rollback_names_policies_only_where_there_are_any() -> None:
    bare = list(rollback_question(header()))
    assert not [line for line in bare if line.startswith("Policies")]
    assert any("will be rolled back" in line for line in bare)
    with_policy = list(rollback_question(msgspec.structs.replace(header(), policy_steps=(CREATE.reverse(),))))
    assert "Policies: 1 step, once everybody is restored" in with_policy


@pytest.mark.parametrize(
    ("names", "total", "said"),
    [
        ([], 0, ""),
        (["a@x", "b@x"], 2, "a, b"),
        (["a@x", "b@x", "c@x", "d@x"], 4, "a, b, c, ..."),
        (["a@x"], 9, "a, ..."),
    ],
)
def test_the_first_names_say_whether_there_are_more(names: list[str], total: int, said: str) -> None:
    assert first_names(names, total) == said
