"""What each command prints: the words a person reads, the rows and the document."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from migrate.exchange.documents import plan_rows
from migrate.exchange.tables import csv_chunks
from migrate.model.audit_summary import AuditSummary
from migrate.model.capability import Capability, CapableWhy, MfaCapable
from migrate.model.findings import Finding, FindingCode
from migrate.model.impact import NewlyPrompted, NewlyRequired, PolicyImpact
from migrate.model.now import LastChange, Moment
from migrate.model.plan import HoldReason, PlanAction, PlanHeader, PlanNote, PlanRow, Severity, Wave
from migrate.model.rehearsal import Rehearsal, RehearsedWave
from migrate.model.run import Ending, PolicyKept, RunResult
from migrate.model.set_state import RefusalCode
from migrate.model.steps import CreatePolicy
from migrate.model.users import MfaState
from migrate.model.waits import Waiting, WaitKind
from migrate.model.who_is_left import BackInPart, WhoIsLeft
from migrate.store.chain import ChainReport
from migrate.views.apply import apply_answer
from migrate.views.audit import audit_answer, chain_answer
from migrate.views.export import export_answer
from migrate.views.held_back import SHOWN, held_back_lines, remedy_of
from migrate.views.newly_caught import newly_required_answer
from migrate.views.onward import next_step
from migrate.views.plan import closing_line, plan_answer, policy_line, rows_answer
from migrate.views.sandbox import sandbox_answer
from migrate.views.screen import Answer, Screen
from migrate.views.status import MissingUser, People, ages_told, users_answer
from migrate.views.verify import verify_answer
from tests.unit.decide.records import header, object_id, snapshot, switch, unreadable, user

REHEARSAL = Rehearsal(
    steps=(), waves=(RehearsedWave(number=1, name="canary", users=(), before=WhoIsLeft(to_do=0, done=3)),)
)


def text_of(answer: Answer) -> str:
    """Return what the table output shows."""
    stream = io.StringIO()
    Screen(
        output="table",
        quiet=False,
        verbose=False,
        color=False,
        progress=False,
        sandbox=None,
        stdout=stream,
        stderr=io.StringIO(),
    ).show(answer)
    return stream.getvalue()


def row(name: str, action: str = "disable", **others: Any) -> PlanRow:
    fields: dict[str, Any] = {
        "user_id": object_id(name),
        "user_principal_name": f"{name}@contoso.example",
        "current_state": MfaState.ENFORCED,
        "target_state": MfaState.DISABLED if action == "disable" else None,
        "wave": 1 if action == "disable" else None,
        "action": PlanAction(action),
        "hold_reason": None,
        "reason": "covered by MFA for everybody",
        "covered_by": ("MFA for everybody",),
    }
    return PlanRow(**{**fields, **others})


def held(name: str, kind: str = "uncovered", reason: str = "open: legacy clients", **others: Any) -> PlanRow:
    return row(name, "hold", hold_reason=HoldReason(kind), reason=reason, covered_by=(), **others)


# --- plan


def test_the_closing_line_counts_as_terraform_does() -> None:
    plan = header(
        policy_steps=(
            CreatePolicy(key="k", display_name="Ours", body={}, because="x"),
            switch("enabledForReportingButNotEnforced", "enabled"),
        ),
        counts={"disable": 10, "none": 4, "hold/uncovered": 3, "hold/unknown": 1, "hold/unreadable": 2},
    )
    assert closing_line(plan) == (
        "Plan: 1 policy to create, 1 to switch on, 10 users to disable, 3 held back, 3 unknown, 4 off already."
    )
    one = header(waves=(Wave(number=1, name="canary", users=1),), counts={"disable": 1})
    assert "0 policies to create, 0 to switch on, 1 user to disable, 0 held back" in closing_line(one)


def test_the_plan_says_when_a_wave_may_begin() -> None:
    dated = Wave(number=1, name="canary", users=1, not_before="2026-12-07T08:00:00+01:00")
    early = Wave(number=2, name="to 100%", users=1, hours="08:00-16:00+01:00")
    shown = text_of(plan_answer(header(waves=(dated, early)), lambda: [row("ada")], Path("plan.csv")))
    assert "canary, not before 2026-12-07 07:00 UTC" in shown
    assert "to 100%, between 08:00-16:00+01:00" in shown


def test_the_plan_says_where_it_is_from_what_it_does_and_what_comes_next() -> None:
    plan = header()
    shown = text_of(plan_answer(plan, lambda: [row("ada"), held("bob")], Path("plan.csv")))
    assert f"Plan {plan.digest[:12]} for Contoso (contoso.example), from the export of 2026-11-24 08:00 UTC" in shown
    assert "Authentication methods are not touched" in shown
    assert "none is created or changed" in shown
    assert "!     1  uncovered: open: legacy clients\n         bob\n" in shown
    assert "All rows: plan.csv" in shown
    assert "mfa-migrate apply --what-if" in shown


def test_a_policy_with_a_semicolon_in_its_name_reads_back_from_the_rows_of_show_as_one() -> None:
    shown = row("ada", covered_by=("MFA; all", "Legacy \\ blocked"))
    answer = rows_answer(header(), lambda: [shown])
    document = b"".join(csv_chunks(answer.columns, answer.rows()))
    assert list(plan_rows(io.BytesIO(document))) == [shown]


def test_blockers_stand_out_and_nothing_is_suggested_beside_them() -> None:
    notes = (
        PlanNote(severity=Severity.BLOCKER, code="security-defaults", sentence="They are on."),
        PlanNote(severity=Severity.WARNING, code="unlicensed-users", sentence="Three of them."),
    )
    shown = text_of(plan_answer(header(notes=notes), list, Path("plan.csv")))
    assert "BLOCKER [security-defaults] They are on." in shown
    assert "Warning [unlicensed-users] Three of them." in shown
    assert "until then this plan cannot be applied" in shown
    assert "Next: mend the blockers, then `mfa-migrate plan`" in shown


def test_policy_steps_have_terraforms_signs_and_our_words() -> None:
    create = CreatePolicy(key="k", display_name="Ours", body={}, because="policy.mode is create")
    assert policy_line(create) == "+ create 'Ours', report-only (policy.mode is create)"
    assert policy_line(create.reverse()).startswith("- delete 'Ours'")
    on = switch("enabledForReportingButNotEnforced", "enabled")
    assert policy_line(on) == "~ 'MFA for everybody': report-only -> enabled (test)"


def test_whom_a_policy_catches_stands_below_it() -> None:
    impact = PolicyImpact(
        key="k",
        policy="Ours",
        numbers={"newlyRequired": 9, "guests": 2},
        samples={"newlyRequired": ("otto@example.com",)},
    )
    plan = header(policy_steps=(switch("enabledForReportingButNotEnforced", "enabled"),), impacts=(impact,))
    shown = text_of(plan_answer(plan, list, Path("plan.csv")))
    assert (
        "'Ours' catches: newly required to use MFA: 9, required already: 0, guests newly required: 2, "
        "not MFA capable: 0; sign-ins newly blocked: unknown" in " ".join(shown.split())
    )


def test_the_count_of_an_older_plan_is_still_shown() -> None:
    former = NewlyPrompted(policy="Ours", total=9, outside_plan=5, by_kind={"member": 5}, sample=())
    plan = header(policy_steps=(switch("enabledForReportingButNotEnforced", "enabled"),), newly_prompted=(former,))
    assert "newly required to use MFA: 9, 5 outside the plan" in text_of(plan_answer(plan, list, Path("plan.csv")))


def test_rows_and_document_of_a_plan() -> None:
    answer = plan_answer(header(), lambda: [row("ada"), held("bob", current_state=None)], Path("plan.csv"))
    ada, bob = answer.rows()
    assert ada == (
        object_id("ada"),
        "ada@contoso.example",
        "enforced",
        "disabled",
        "1",
        "disable",
        "covered by MFA for everybody",
        "MFA for everybody",
        *[""] * 6,
    )
    assert bob[2:] == ("", "", "", "hold", "uncovered: open: legacy clients", "", "uncovered", "", "", "", "", "")
    assert isinstance(answer.document, dict)
    assert answer.document["digest"] == header().digest


def test_what_is_selected_of_a_plan_stands_alone() -> None:
    answer = rows_answer(header(), lambda: [row("ada"), held("bob")])
    shown = text_of(answer)
    assert "~   ada@contoso.example" in shown
    assert shown.endswith(f"2 rows of plan {header().digest[:12]}\n")
    assert "Waves" not in shown
    assert "Next:" not in shown
    assert isinstance(answer.document, dict)
    assert [each["userPrincipalName"] for each in answer.document["rows"]] == [
        "ada@contoso.example",
        "bob@contoso.example",
    ]
    assert answer.document["rows"][1]["holdCode"] == "uncovered"


def test_whom_a_plan_newly_requires_is_listed_by_policy_and_counted_once() -> None:
    people = [
        NewlyRequired(
            user_id=object_id("otto"),
            user_principal_name="otto@contoso.example",
            policy=policy,
            is_guest=policy == "Ours",
            is_not_capable=True,
        )
        for policy in ("Ours", "Theirs")
    ]
    answer = newly_required_answer(people)
    assert text_of(answer).endswith("1 person is newly required to use MFA\n")
    assert "guest, not MFA capable" in text_of(answer)
    assert [cells[2:] for cells in answer.rows()] == [("Ours", "True", "True"), ("Theirs", "False", "True")]


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (header(), "`mfa-migrate apply --what-if`, then `mfa-migrate apply --until wave:1`."),
        (
            header(waves=(Wave(number=1, name="canary", users=0), Wave(number=2, name="to 100%", users=7))),
            "`mfa-migrate apply --what-if`, then `mfa-migrate apply --until wave:2`.",
        ),
        (header(counts={"disable": 10, "hold/partly": 11}), "`mfa-migrate advise`, since more people are not covered"),
        (header(waves=(), counts={"hold/uncovered": 2}), "`mfa-migrate advise` names the steps that would cover"),
        (header(waves=(), counts={"none": 2}), "nobody can be migrated now, so there is nothing to apply."),
    ],
)
def test_the_next_step_of_a_plan_follows_from_what_was_found(plan: PlanHeader, said: str) -> None:
    assert next_step(plan).startswith(said)
    shown = text_of(plan_answer(plan, list, Path("plan.csv")))
    assert f"Next: {said}" in shown
    assert shown.splitlines()[-1] == closing_line(plan), "the count comes last"


# --- held back


def lines(rows: list[PlanRow]) -> list[str]:
    return [str(line) for line in held_back_lines(rows)]


def test_each_reason_is_said_once_with_its_count_three_names_and_the_remedy() -> None:
    rows = [held("ada"), row("zoe"), held("bob", "guest", "guests stay"), held("eve")]
    assert lines(rows) == [
        "Held back: 3, for 2 reasons (three names of each; all of them: `mfa-migrate show --held`)",
        "!     2  uncovered: open: legacy clients",
        "         ada, eve",
        f"         to go on: {remedy_of(HoldReason.UNCOVERED)}",
        "!     1  guest: guests stay",
        "         bob",
        "         to go on: `guests = true` in the configuration",
        "",
    ]
    assert lines([row("zoe")]) == []


@pytest.mark.parametrize("reasons", [1, 3, SHOWN, SHOWN + 5])
def test_no_reason_is_lost_and_more_than_can_be_shown_are_counted(reasons: int) -> None:
    rows = [held(f"user{number}", reason=f"reason {number % reasons}") for number in range(4 * reasons)]
    shown = lines(rows)
    assert shown[0].startswith(f"Held back: {4 * reasons}, for ")
    assert sum(line.startswith("! ") for line in shown) == min(reasons, SHOWN)
    assert all("     4  uncovered: reason " in line for line in shown if line.startswith("! "))
    assert (f"... and {4 * (reasons - SHOWN)} others, for other reasons" in shown) is (reasons > SHOWN)


def test_every_reason_has_a_remedy() -> None:
    assert all(remedy_of(kind) for kind in HoldReason)


# --- apply and rollback


def result(ending: str, **others: Any) -> RunResult:
    return RunResult(ending=Ending(ending), **others)


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (result("done", outcomes=Counter(confirmed=3)), ["The apply is through.", "3 confirmed", "mfa-migrate verify"]),
        (
            result("done", outcomes=Counter(failed=1, confirmed=2)),
            ["2 confirmed, 1 failed", "Who was not done, and why"],
        ),
        (result("stopped here"), ["Stopped as asked. Go on with `mfa-migrate apply`.", "Users: none yet (10 planned)"]),
        (
            result("stopped here", outcomes=Counter(confirmed=10)),
            ["Stopped as asked.\n", "Next: mfa-migrate verify, then mfa-migrate apply\n"],
        ),
        (result("paused"), ["Remove the file `pause`"]),
        (result("limit", sentence="6 users failed."), ["Stopped by --max-failures.", "6 users failed."]),
        (result("interrupted"), ["Interrupted."]),
        (
            result(
                "waiting",
                waiting=Waiting(kind=WaitKind.POLICY_SETTLES, name="A", until=datetime(2026, 11, 25, 8, tzinfo=UTC)),
            ),
            [
                "Waiting: policy 'A' was changed and has to settle until 2026-11-25 08:00 UTC",
                "mfa-migrate apply",
                "--wait",
            ],
        ),
        (
            result("rehearsed", rehearsal=REHEARSAL),
            ["~ wave 1 (canary): 0 would be sent", "Rehearsal: nothing was sent."],
        ),
    ],
)
def test_each_ending_of_apply_says_where_it_stands_and_what_to_type(ended: RunResult, words: list[str]) -> None:
    shown = text_of(apply_answer(header(), ended, command="apply", way_back="mfa-migrate rollback --workspace w"))
    for word in words:
        assert word in shown
    assert ("Who was not done" in shown) == bool(ended.outcomes["failed"])
    assert ("Way back: mfa-migrate rollback --workspace w" in shown) == bool(ended.outcomes and not ended.rehearsal)


def test_the_end_of_a_run_says_how_many_of_its_policy_steps_were_carried_out() -> None:
    on = switch("enabledForReportingButNotEnforced", "enabled")
    policies = header(policy_steps=(CreatePolicy(key="k", display_name="Ours", body={}, because="x").reverse(), on))
    whole = text_of(apply_answer(policies, result("done"), command="rollback"))
    assert "Policies: 2 of 2 steps carried out\nUsers: none\n" in whole
    kept = result("done", policies_kept=[PolicyKept(step=on, why="two depend on it")])
    assert "Policies: 1 of 2 steps carried out" in text_of(apply_answer(policies, kept, command="rollback"))
    assert "Policies:" not in text_of(apply_answer(policies, result("stopped here"), command="apply"))
    assert "Policies:" not in text_of(apply_answer(header(), result("done"), command="apply"))


def test_stopped_at_a_wave_it_proposes_to_verify_and_then_the_next_wave_alone() -> None:
    waves = tuple(Wave(number=number, name=str(number), users=users) for number, users in ((1, 3), (2, 22), (3, 200)))
    plan = header(waves=waves)
    for counts, words in (
        (Counter(confirmed=3), "apply --until wave:2"),
        (Counter(confirmed=2, failed=1), "apply --until wave:1"),
        (Counter(confirmed=24, skipped=1), "apply"),
        (Counter(confirmed=225), "apply"),
    ):
        shown = text_of(apply_answer(plan, result("stopped here", outcomes=counts), command="apply"))
        assert f"Next: mfa-migrate verify, then mfa-migrate {words}\n" in shown


def test_a_rollback_of_some_says_what_the_next_apply_does_with_them() -> None:
    ended, rolled = result("done", outcomes=Counter(confirmed=2)), header(counts={"restore": 10})
    part = BackInPart(stay=1, tried_again=1)
    shown = text_of(apply_answer(rolled, ended, command="rollback", back_in_part=part))
    stays = "leaves 1 user put back as they are, until `mfa-migrate export` and a new `mfa-migrate plan`."
    assert f"Next: `mfa-migrate apply` {stays}" in shown
    assert "tries 1 user put back again" in shown
    whole = text_of(apply_answer(rolled, ended, command="rollback"))
    assert "Next: mfa-migrate verify" in whole
    assert "mfa-migrate apply" not in whole
    assert "Next: " not in text_of(apply_answer(rolled, result("limit"), command="rollback"))


def test_a_rollback_says_what_it_means_for_people_and_which_policies_stay() -> None:
    delete = CreatePolicy(key="k", display_name="Ours", body={}, because="x").reverse()
    kept = [PolicyKept(step=delete, why="two depend on it")]
    ended = result("done", outcomes=Counter(confirmed=3), policies_kept=kept)
    answer = apply_answer(header(counts={"restore": 10}), ended, command="rollback")
    shown = text_of(answer)
    assert "their sessions end" in shown
    undone = text_of(apply_answer(header(), ended, command="rollback"))
    assert "their sessions end" not in undone, "to undo a rollback switches everybody off again"
    assert "may be found enforced" in shown
    assert "'Ours' stays as it is (delete 'Ours'): two depend on it" in shown
    assert "Way back" not in shown
    assert isinstance(answer.document, dict)
    assert answer.document["outcomes"] == {"confirmed": 3}
    assert list(answer.rows()) == [("confirmed", "3")]


# --- verify, audit, export, status, sandbox


class LookedAt:
    users, switched_off, policies, registrations = 1, 1, 1, 1
    on_managed: int = 0


def test_verify_lists_findings_with_their_evidence_and_people_held_back_apart() -> None:
    finding = Finding(
        code=FindingCode.STATE_DIFFERS,
        subject="ada@contoso.example",
        subject_id=object_id("ada"),
        sentence="Per-user MFA is enforced; it should be disabled.",
        evidence="request r-1",
    )
    answer = verify_answer([finding], LookedAt(), [held("bob")], None)
    shown = " ".join(text_of(answer).split())
    assert "! state-differs ada@contoso.example Per-user MFA is enforced; it should be disabled. (request r-1)" in shown
    assert "Held back by the plan, no findings: 1" in shown
    assert "Verify: 1 finding." in shown
    assert list(answer.rows()) == [
        ("state-differs", "ada@contoso.example", object_id("ada"), finding.sentence, "request r-1")
    ]
    assert "Looked at 1 user (1 disabled by this tool), 1 policy" in shown
    assert "everything is as it should be" in text_of(verify_answer([], LookedAt(), [], None))


def test_a_chain_that_holds_and_one_that_is_broken() -> None:
    holds = ChainReport(count=3, head="ab" * 32, broken_at=None, problem="", expected_at=None)
    broken = ChainReport(count=1, head="ab" * 32, broken_at=2, problem="Row 2 was changed.", expected_at=None)
    noted = msgspec.structs.replace(holds, expected_at=2)
    assert "The chain holds: 3 entries" in text_of(chain_answer(holds))
    assert "expected" not in text_of(chain_answer(holds))
    assert "The expected hash is that of entry 2." in text_of(chain_answer(noted))
    shown = text_of(chain_answer(broken))
    assert "Broken at row 2: Row 2 was changed." in shown
    assert list(chain_answer(broken).rows()) == [("False", "1", "ab" * 32, "2", "Row 2 was changed.")]


def test_an_exported_audit_says_what_to_note_elsewhere() -> None:
    summary = AuditSummary(entries=3, first="", last="", operations={}, runs=())
    shown = text_of(audit_answer(Path("audit.csv"), Path("audit-legend.txt"), summary, "ab" * 32, list))
    assert "3 entries written to audit.csv; what its columns mean: audit-legend.txt" in shown
    assert "ab" * 32 in shown
    assert "audit verify --expect" in shown


def test_an_export_counts_the_unreadable() -> None:
    taken = msgspec.structs.replace(snapshot(3), unreadable=1, counts={"enforced/member": 2, "unreadable/member": 1})
    shown = text_of(export_answer(taken, Path("snapshot.csv")))
    assert "3 users, 1 of them unreadable" in shown
    assert list(export_answer(taken, Path("s")).rows()) == [("enforced", "member", "2"), ("unreadable", "member", "1")]
    assert "1 user, all readable" in text_of(export_answer(snapshot(1), Path("snapshot.csv")))


def test_status_of_people_who_could_and_could_not_be_read() -> None:
    phones = Capability(value=MfaCapable.CAPABLE, why=CapableWhy.METHOD, sms_voice_only=True)
    answer = users_answer(
        People(
            users=[user("ada"), unreadable("nina", "403 Forbidden")],
            missing=[],
            moment=Moment(exported_at="2026-11-24T08:00:00Z"),
            live=False,
            capable={object_id("ada"): phones},
        )
    )
    shown = text_of(answer)
    assert "enforced - " in shown
    assert "registered, capable: mobilePhone" in shown
    assert "MFA capable:    capable: registered with a method that is allowed; SMS/voice only until" in shown
    assert "not known: 403 Forbidden" in shown
    assert shown.endswith("As of: export of 2026-11-24 08:00 UTC. --live reads what is so now.\n")
    ada, nina = answer.rows()
    assert ada[2:] == ("enforced", "True", "True", "True", "mobilePhone", "", "2026-11-24T08:00:00Z", "", phones.cell)
    assert nina[2:] == ("", "True", "", "", "", "403 Forbidden", "2026-11-24T08:00:00Z", "", "")


def test_a_state_that_was_read_back_after_the_export_says_when() -> None:
    ada = user("ada", "disabled")
    change = LastChange(requested="disabled", outcome="confirmed", time_utc="2026-11-24T09:30:00Z")
    moment = Moment(exported_at="2026-11-24T08:00:00Z", changes=1, until="2026-11-24T09:30:00Z", in_doubt=2)
    at = {ada.profile.id: "2026-11-24T09:30:00Z"}
    people = People(users=[ada], missing=[], moment=moment, live=False, as_of=at, changes={ada.profile.id: change})
    answer = users_answer(people)
    shown = text_of(answer)
    assert "  Read back at:   2026-11-24 09:30 UTC, after the export\n" in shown
    assert "  Last change:    disabled by this tool at 2026-11-24 09:30 UTC: confirmed\n" in shown
    assert "As of: export of 2026-11-24 08:00 UTC, and 1 change by this tool until 2026-11-24 09:30 UTC; of 2" in shown
    (cells,) = answer.rows()
    assert cells[8:10] == ("2026-11-24T09:30:00Z", "2026-11-24T09:30:00Z")
    assert isinstance(answer.document, dict)
    assert answer.document["users"][0]["asOf"] == "2026-11-24T09:30:00Z"
    assert (answer.document["asOf"], answer.document["changesSince"]) == ("2026-11-24T08:00:00Z", 1)


@pytest.mark.parametrize(("live", "hours", "said"), [(False, 24, []), (False, 25, ["25 hours old"]), (True, 25, [])])
def test_states_of_an_export_are_told_to_be_old_where_they_are(live: bool, hours: int, said: list[str]) -> None:
    people = People(users=[user("ada")], missing=[], moment=Moment(exported_at="2026-11-24T08:00:00Z"), live=live)
    now = datetime(2026, 11, 24, 8, tzinfo=UTC) + timedelta(hours=hours)
    told = list(ages_told(people, now, timedelta(hours=24)))
    assert [words in sentence for sentence, words in zip(told, said, strict=True)] == [True] * len(said)


def test_a_name_that_stands_for_nobody_is_told_beside_the_others() -> None:
    nobody = MissingUser(name="nobody", code=RefusalCode.NOT_FOUND, message="There is no nobody.", hint="Look.")
    at = Moment(exported_at="2026-11-24T08:00:00Z", live=True)
    answer = users_answer(People(users=[user("ada")], missing=[nobody], moment=at, live=True))
    assert text_of(answer).endswith("There is no nobody. Look.\n")
    assert len(list(answer.rows())) == 1


def test_a_sandbox_says_where_it_serves() -> None:
    answer = sandbox_answer("http://127.0.0.1:1", "t", "contoso.example", 1)
    assert text_of(answer) == "SANDBOX http://127.0.0.1:1 serves contoso.example with 1 user; Ctrl-C ends it\n"


def test_everybody_who_is_held_back_stands_below_a_reason_that_is_told_once() -> None:
    names = [f"{name}@contoso.example" for name in ("ada", "ben", "cem", "dora", "eva")]
    rows = [
        PlanRow(
            user_id=object_id(name),
            user_principal_name=name,
            current_state=None if name.startswith("eva") else MfaState.ENFORCED,
            target_state=None,
            wave=None,
            action=PlanAction.HOLD,
            hold_reason=HoldReason.UNKNOWN if name.startswith("eva") else HoldReason.PARTLY,
            reason="not read" if name.startswith("eva") else "legacy clients are open",
            covered_by=(),
        )
        for name in names
    ]
    shown = text_of(rows_answer(header(), lambda: rows, by_reason=True))
    assert shown.count("legacy clients are open") == 1
    assert all(f"         {name}  (" in shown for name in names)
    assert shown.index("partly") < shown.index("eva@contoso.example  (unknown)")
    assert "5 rows of plan" in shown
