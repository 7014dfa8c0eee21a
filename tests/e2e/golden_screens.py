"""Print the screens that people see most, from invented facts: `python tests/e2e/golden_screens.py [plain]`.

The width is that of the terminal. `test_screens.py` runs it in pseudo-terminals; with `UPDATE_SCREENS=1` in the
environment that test writes what it saw into `tests/fixtures/screens`, to be looked at before it is committed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any

from migrate.model.evidence import PolicyState
from migrate.model.impact import PolicyImpact
from migrate.model.journal import Outcome
from migrate.model.now import LastChange, Moment, Now, PolicyNow
from migrate.model.plan import HoldReason, PlanAction, PlanHeader, PlanRow, Wave
from migrate.model.reasons import NO_REASON, Why, reason_of
from migrate.model.rehearsal import Rehearsal, RehearsedUser, RehearsedWave
from migrate.model.run import Ending, PolicyOutcome, RunResult, RunStanding
from migrate.model.steps import CreatePolicy, SetPolicyState
from migrate.model.users import MfaState
from migrate.model.who_is_left import WhoIsLeft
from migrate.views.apply import apply_answer, apply_question
from migrate.views.dashboard import Dashboard, dashboard_answer
from migrate.views.plan import plan_answer, rows_answer
from migrate.views.screen import Answer, Screen
from migrate.views.status import People, users_answer
from tests.unit.decide.records import header, object_id, snapshot, user

ZONE = timezone(timedelta(hours=1))
MARKER = "mfa-migrate:0123456789ab"
CREATE = CreatePolicy(
    key=MARKER, display_name="Require MFA for all users (mfa-migrate)", body={}, because="policy.mode is create"
)
ON = SetPolicyState(
    key=MARKER,
    display_name=CREATE.display_name,
    before=PolicyState.REPORT_ONLY,
    after=PolicyState.ENABLED,
    because="the plan's users rest on it",
)
IMPACT = PolicyImpact(
    key=MARKER,
    policy=CREATE.display_name,
    numbers={"newlyRequired": 99, "guests": 30, "requiredAlready": 670, "notMfaCapable": 6},
    samples={"newlyRequired": ("svc-erp@contoso.example", "room5@contoso.example", "kira.abel@contoso.example")},
)
MOMENT = Moment(exported_at="2026-11-28T15:14:08Z", changes=248, until="2026-11-28T23:52:10Z", in_doubt=1)


def the_plan() -> PlanHeader:
    return header(
        policy_steps=(CREATE, ON),
        impacts=(IMPACT,),
        waves=(Wave(number=1, name="canary", users=3), Wave(number=2, name="to 100%", users=201)),
        counts={"disable": 204, "hold/partly": 590, "hold/uncovered": 30, "hold/excluded": 1, "none": 12},
        total_users=837,
        snapshot_taken_at="2026-11-28T15:14:08Z",
    )


def row(name: str, kind: HoldReason | None = None, reason: str = "covered") -> PlanRow:
    return PlanRow(
        user_id=object_id(name),
        user_principal_name=f"{name}@contoso.example",
        current_state=MfaState.ENFORCED,
        target_state=None if kind else MfaState.DISABLED,
        wave=None if kind else 1,
        action=PlanAction.HOLD if kind else PlanAction.DISABLE,
        hold_reason=kind,
        reason=reason,
        covered_by=(),
    )


def rows() -> list[PlanRow]:
    partly = "legacy clients and trusted locations are open in 'MFA for Office 365 outside the office'"
    return [
        *(row(name, HoldReason.PARTLY, partly) for name in ("olga.imhof", "sven.vogt", "udo.graf", "ute.hahn")),
        row("kira.abel", HoldReason.UNCOVERED, "excluded by group 'CA - MFA Exclusion'"),
        row("bob.krug"),
    ]


def outcome(step: Any) -> PolicyOutcome:
    return PolicyOutcome(step=step, outcome=Outcome.CONFIRMED, reason=NO_REASON, at="2026-11-28T23:45:10Z")


def board() -> Dashboard:
    standing = RunStanding(
        plan_digest="ab12" * 16,
        migrated=202,
        planned=225,
        held_back=10,
        held_by={"partly": 7, "excluded": 3},
        put_back=23,
        impacts=(IMPACT,),
        outcomes={"confirmed": 225},
        waiting_for=reason_of(Why.WAITING, "users who became covered lately have to settle"),
        waiting_since="2026-11-28T23:52:10Z",
        closed=False,
        next_plan=None,
        paused=False,
    )
    ours = PolicyNow(
        id="p",
        display_name=CREATE.display_name,
        policy_state=PolicyState.ENABLED,
        since="2026-11-28T15:45:10Z",
        body={},
    )
    return Dashboard(
        snapshot=snapshot(837),
        now=Now(moment=MOMENT, users={}, policies={"p": ours}),
        counts={"disabled/member": 237, "disabled/guest": 30, "enforced/member": 569, "unreadable/member": 1},
        standing=standing,
        planned=the_plan(),
    )


def answers() -> Iterator[tuple[str, Answer]]:
    plan = the_plan()
    yield "plan", plan_answer(plan, rows, Path("mfa-migration/plan.csv"))
    yield "show bob", rows_answer(plan, lambda: rows()[-1:])
    yield "status", dashboard_answer(board())
    change = LastChange(requested="disabled", outcome="confirmed", time_utc="2026-11-28T23:52:10Z")
    ada = user("ada.berg", "disabled")
    people = People(
        users=[ada],
        missing=[],
        moment=MOMENT,
        live=False,
        as_of={ada.profile.id: "2026-11-28T23:52:10Z"},
        changes={ada.profile.id: change},
    )
    yield "status ada", users_answer(people)
    stopped = RunResult(ending=Ending.STOPPED_HERE, policies=(outcome(CREATE), outcome(ON)))
    yield "apply --until policies-on", apply_answer(plan, stopped, command="apply")
    sent = tuple(
        RehearsedUser(user_id=object_id(name), user_principal_name=f"{name}@contoso.example")
        for name in ("bob.krug", "rita.ritter", "iris.vogt")
    )
    canary = RehearsedWave(number=1, name="canary", users=sent, before=WhoIsLeft(to_do=3))
    rehearsal = Rehearsal(steps=(), waves=(canary,))
    rehearsed = RunResult(ending=Ending.REHEARSED, outcomes=rehearsal.outcomes, rehearsal=rehearsal)
    yield "apply --what-if", apply_answer(plan, rehearsed, command="apply")


def main(color: bool) -> None:
    with Screen(
        output="table",
        quiet=False,
        verbose=False,
        color=color,
        progress=False,
        sandbox="http://127.0.0.1:8765",
        stdout=sys.stdout,
        stderr=sys.stderr,
        to_local=lambda moment: moment.astimezone(ZONE),
    ) as screen:
        for name, answer in answers():
            print(f"\n$ mfa-migrate {name}", flush=True)
            screen.show(answer)
        print("\n$ mfa-migrate apply", flush=True)
        names = ("bob.krug@contoso.example", "rita.ritter@contoso.example", "iris.vogt@contoso.example")
        left = WhoIsLeft(to_do=the_plan().users_within(only_wave=None, until="wave:1"), first=names)
        question = apply_question(
            the_plan(), left, only_wave=None, until="wave:1", way_back="mfa-migrate rollback --workspace lab"
        )
        for line in question:
            screen.warn_plainly(line)


if __name__ == "__main__":
    main(color="plain" not in sys.argv)
