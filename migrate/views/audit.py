"""What `audit export` and `audit verify` print."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from migrate.model.audit_summary import AuditSummary
from migrate.model.journal import AUDIT_COLUMNS, JournalEntry, columns_of
from migrate.views.audit_legend import summary_lines
from migrate.views.screen import Answer, styled

SHOWN = 5
"""Runs that a screen shows; the legend counts all of them."""


class Chain(Protocol):
    """The result of checking a chain."""

    @property
    def count(self) -> int: ...
    @property
    def head(self) -> str: ...
    @property
    def broken_at(self) -> int | None: ...
    @property
    def problem(self) -> str: ...
    @property
    def expected_at(self) -> int | None: ...
    @property
    def holds(self) -> bool: ...


def audit_answer(
    path: Path, legend: Path, summary: AuditSummary, head: str, entries: Callable[[], Iterable[JournalEntry]]
) -> Answer:
    """Return the answer for an exported audit; `legend` is the file that says what its columns mean."""
    count = summary.entries

    def lines() -> Iterator[str]:
        yield f"{count} entries written to {path}; what its columns mean: {legend}"
        yield from islice(summary_lines(summary, SHOWN), 1, None)
        if len(summary.runs) > SHOWN:
            yield f"... and {len(summary.runs) - SHOWN} runs before: {legend}"
        yield f"Last hash: {head}"
        yield "Note count and hash somewhere else; `mfa-migrate audit verify --expect HASH` checks against them."

    return Answer(
        kind="audit",
        document={
            "file": str(path),
            "count": count,
            "lastHash": head,
            "legendFile": str(legend),
            "summary": summary,
        },
        columns=AUDIT_COLUMNS,
        rows=lambda: (tuple(str(value) for value in columns_of(entry).values()) for entry in entries()),
        lines=lines,
    )


def chain_answer(report: Chain) -> Answer:
    """Return the answer for a checked chain."""

    def lines() -> Iterator[Any]:
        if report.holds:
            yield styled(f"The chain holds: {report.count} entries, last hash {report.head}", "bold")
            if report.expected_at is not None:
                yield f"The expected hash is that of entry {report.expected_at}."
        elif report.broken_at is not None:
            yield styled(f"Broken at row {report.broken_at}: {report.problem}", "bold red")
            yield f"The {report.count} rows before it hold; their last hash is {report.head}"
        else:
            yield styled(report.problem, "bold red")

    facts = {
        "holds": report.holds,
        "count": report.count,
        "lastHash": report.head,
        "brokenAt": report.broken_at,
        "problem": report.problem or None,
    }
    return Answer(
        kind="audit-verify",
        document=facts,
        columns=("Holds", "Count", "LastHash", "BrokenAt", "Problem"),
        rows=lambda: [(str(report.holds), str(report.count), report.head, str(report.broken_at or ""), report.problem)],
        lines=lines,
    )
