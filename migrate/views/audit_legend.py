"""The legend of audit.csv: what its columns, operations and outcomes mean, for whoever opens it in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from migrate.model.audit_summary import AuditedRun, AuditSummary
from migrate.model.instants import minute_utc
from migrate.model.journal import Operation, Outcome
from migrate.views.visible import visible

COLUMNS = {
    "Sequence": "Number of the entry; none is missing and none stands twice.",
    "TimeUtc": "When it was written, by the clock of the machine that wrote it (UTC).",
    "ServerDate": "When Microsoft's server answered, by its own clock; empty where no answer is behind the entry.",
    "Actor": "Who was signed in.",
    "TenantId": "The tenant.",
    "Operation": "What the entry is about; see below.",
    "TargetType": "user, conditionalAccessPolicy or run.",
    "ObjectId": "Object id of the user or policy.",
    "UserPrincipalName": "Sign-in name of the user; of a policy its display name.",
    "Before": "The state as it was read right before the request.",
    "Requested": "The state that was asked for; of a policy or a run also the digest of a document.",
    "Observed": "The state that was read back afterwards.",
    "Outcome": "What became of it; see below.",
    "Reason": "Why, as a sentence for people; its words may change from version to version.",
    "Attempt": "How often the request was sent so far.",
    "RequestId": "Microsoft's id of the request: what support asks for.",
    "ClientRequestId": "Our id of the request, the same in the intent and in its outcome.",
    "PlanDigest": "The run: SHA-256 of the plan that it carries out, as in plan.json and rollback.json.",
    "PreviousHash": "The hash of the entry before.",
    "Hash": "SHA-256 over the entry and the hash before; `mfa-migrate audit verify audit.csv` checks all of them.",
    "Wave": "The wave of the user.",
    "Code": "Why, as one word for programs.",
    "Parts": "The facts behind the reason, as JSON.",
}


def legend_text(summary: AuditSummary, head: str) -> Iterator[str]:
    """Yield the lines of audit-legend.txt: the summary first, then the legend."""
    yield "audit.csv, counted"
    yield "=================="
    yield from summary_lines(summary)
    yield f"Last hash: {head}"
    yield ""
    for operation, counts in summary.operations.items():
        yield f"  {operation}: " + ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
    yield ""
    yield "Columns"
    yield "======="
    for column, meaning in COLUMNS.items():
        yield f"{column:<18}{meaning}"
    yield ""
    yield "Operation"
    yield "========="
    for operation in Operation:
        yield f"{operation.value:<18}{operation_words(operation)}"
    yield ""
    yield "Outcome"
    yield "======="
    for outcome in Outcome:
        yield f"{outcome.value:<18}{outcome_words(outcome)}"
    yield ""
    yield "A cell that a spreadsheet would take for a formula has a ' in front. In Excel: Data, From Text/CSV, UTF-8;"
    yield "or export with --encoding utf8bom --delimiter semicolon. In PowerShell: Import-Csv audit.csv."


def summary_lines(summary: AuditSummary, runs: int = 10_000) -> Iterator[str]:
    """Yield what happened, a line a run, of the last so many."""
    if not summary.entries:
        return
    yield f"{summary.entries} entries, {minute_utc(summary.first)} to {minute_utc(summary.last)}."
    for run in summary.runs[-runs:]:
        yield _run_line(run)


def _run_line(run: AuditedRun) -> str:
    people = ", ".join(f"{number} {outcome}" for outcome, number in run.people.items()) or "none"
    policies = ", ".join(f"{number} {outcome}" for outcome, number in run.policies.items())
    actors = ", ".join(visible(actor) for actor in run.actors)
    more = f"; policies: {policies}" if policies else ""
    ending = "closed" if run.closed else "open"
    when = f"{minute_utc(run.first)} to {minute_utc(run.last)}"
    return f"Run {run.plan_digest[:12]} ({ending}), {when}, by {actors}. People: {people}{more}."


def operation_words(value: Operation) -> str:
    """Return what an operation means."""
    match value:
        case Operation.OPEN_RUN:
            return "A run was begun, or goes on."
        case Operation.CLOSE_RUN:
            return "A run is through, or was rolled back as a whole."
        case Operation.WAIT:
            return "A run waited or stopped, and why."
        case Operation.APPROVE:
            return "Somebody skipped a wait or a guard by name, with the reason."
        case Operation.LINK_CHAIN:
            return "The chain goes on in a newer version and seals the entries before."
        case Operation.VERIFIED:
            return "`mfa-migrate verify` found or did not find something."
        case Operation.SEEN:
            return "A run saw something change that coverage rests on; readings.json knows how."
        case Operation.SET_MFA_STATE:
            return "A user's per-user MFA state."
        case Operation.CREATE_POLICY:
            return "A Conditional Access policy was created."
        case Operation.SET_POLICY_STATE:
            return "A policy was switched on, set to report-only or disabled."
        case Operation.SET_POLICY_SCOPE:
            return "Whom a policy of ours is for."
        case Operation.DELETE_POLICY:
            return "A policy that was created from here was deleted."
        case _:
            assert_never(value)


def outcome_words(value: Outcome) -> str:
    """Return what an outcome means."""
    match value:
        case Outcome.OPENED:
            return "The run is open."
        case Outcome.CLOSED:
            return "The run is closed."
        case Outcome.WAITING:
            return "It waits."
        case Outcome.APPROVED:
            return "It was approved."
        case Outcome.INTENT:
            return "Written before the request leaves; what became of it stands in a later row."
        case Outcome.CONFIRMED:
            return "Done, and read back as asked. Only this counts as done."
        case Outcome.UNCONFIRMED:
            return "Accepted, but still read as before; `mfa-migrate verify` settles it."
        case Outcome.FAILED:
            return "Not done; Reason says why."
        case Outcome.SKIPPED:
            return "Left alone; Reason says why."
        case Outcome.RECOVERED:
            return "Found as asked after an interruption: presumably ours, not proven."
        case Outcome.RECORDED:
            return "Nothing was to be done: the entry keeps something."
        case _:
            assert_never(value)
