"""The legend of the audit: every column, operation and outcome has its words, and its counts are those of the rows."""

from __future__ import annotations

from migrate.decide.audit_summary import audit_summary
from migrate.model.journal import AUDIT_COLUMNS, JournalEntry, Operation, Outcome, TargetType
from migrate.model.reasons import NO_REASON
from migrate.views.audit_legend import COLUMNS, legend_text, operation_words, outcome_words, summary_lines

RUN, LATER = "ab" * 32, "cd" * 32


def entry(number: int, operation: Operation, outcome: Outcome, *, user: str = "", run: str = RUN) -> JournalEntry:
    return JournalEntry(
        sequence=number,
        time_utc=f"2026-11-24T08:{number:02}:00Z",
        server_date="",
        actor="ada@contoso.example",
        tenant_id="t",
        operation=operation,
        target_type=TargetType.USER,
        object_id=user,
        user_principal_name=user,
        before="",
        requested="",
        observed="",
        outcome=outcome,
        reason=NO_REASON,
        attempt=0,
        request_id="",
        client_request_id="",
        plan_digest=run,
        previous_hash="",
        hash="",
    )


ENTRIES = [
    entry(1, Operation.OPEN_RUN, Outcome.OPENED),
    entry(2, Operation.SET_POLICY_STATE, Outcome.INTENT, user="p"),
    entry(3, Operation.SET_POLICY_STATE, Outcome.CONFIRMED, user="p"),
    entry(4, Operation.SET_MFA_STATE, Outcome.INTENT, user="a"),
    entry(5, Operation.SET_MFA_STATE, Outcome.FAILED, user="a"),
    entry(6, Operation.SET_MFA_STATE, Outcome.INTENT, user="a"),
    entry(7, Operation.SET_MFA_STATE, Outcome.CONFIRMED, user="a"),
    entry(8, Operation.SET_MFA_STATE, Outcome.INTENT, user="b"),
    entry(9, Operation.CLOSE_RUN, Outcome.CLOSED),
    entry(10, Operation.VERIFIED, Outcome.RECORDED, run=""),
    entry(11, Operation.OPEN_RUN, Outcome.OPENED, run=LATER),
]


def test_every_column_operation_and_outcome_has_its_words() -> None:
    assert tuple(COLUMNS) == AUDIT_COLUMNS
    assert len({operation_words(one) for one in Operation} | {outcome_words(one) for one in Outcome}) == 23
    text = "\n".join(legend_text(audit_summary(ENTRIES), "ef" * 32))
    for name in (*COLUMNS, *(one.value for one in Operation), *(one.value for one in Outcome)):
        assert f"\n{name} " in text, name


def test_people_are_counted_by_what_became_of_them_last_and_runs_apart() -> None:
    summary = audit_summary(iter(ENTRIES))
    assert summary.entries == len(ENTRIES)
    first, later = summary.runs
    assert (first.plan_digest, first.closed, first.people) == (RUN, True, {"confirmed": 1, "intent": 1})
    assert first.policies == {"confirmed": 1}
    assert (later.plan_digest, later.closed, later.people) == (LATER, False, {})
    assert sum(sum(counts.values()) for counts in summary.operations.values()) == len(ENTRIES)
    total, *lines = summary_lines(summary)
    assert total == "11 entries, 2026-11-24 08:01 UTC to 2026-11-24 08:11 UTC."
    assert lines[0].startswith(f"Run {RUN[:12]} (closed), ")
    assert lines[0].endswith("by ada@contoso.example. People: 1 confirmed, 1 intent; policies: 1 confirmed.")
    assert len(list(summary_lines(summary, 1))) == 2


def test_an_empty_audit_has_a_legend_all_the_same() -> None:
    assert list(summary_lines(audit_summary([]))) == []
    assert "Columns" in list(legend_text(audit_summary([]), "0" * 64))
