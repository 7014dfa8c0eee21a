"""What `doctor` prints: each check with evidence, fix and page; for missing permissions the link and commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migrate.model.doctor import CheckName, CheckResult, Doctor, Standing
from migrate.views.own_application import TRAP, az_lines, powershell_lines
from migrate.views.screen import Answer, styled
from migrate.views.tables import table

COLUMNS = ("Check", "Standing", "Says", "Evidence", "Fix", "Page")
_MARGIN = 9
"""Columns for how a check stands: the eye runs down them."""
_STYLES = {Standing.PASS: "green", Standing.WARN: "yellow", Standing.FAIL: "bold red", Standing.SKIPPED: "dim"}


def doctor_answer(doctor: Doctor, *, commands: bool) -> Answer:
    """Return the answer; with `commands` also those that make an application of one's own."""
    return Answer(
        kind="doctor",
        document=doctor,
        columns=COLUMNS,
        rows=lambda: (_cells(result) for result in doctor.results),
        lines=lambda: _lines(doctor, commands=commands),
    )


def checks_answer(checks: Sequence[tuple[CheckName, str]]) -> Answer:
    """Return the list of checks with what each stops."""
    columns = ("Check", "Stops")
    rows = [(name.value, stops) for name, stops in checks]
    return Answer(
        kind="doctor",
        document=[{"check": name, "stops": stops} for name, stops in rows],
        columns=columns,
        rows=lambda: rows,
        lines=lambda: [table(columns, rows)],
    )


def _cells(result: CheckResult) -> tuple[str, ...]:
    return (
        result.check.value,
        result.standing.value,
        result.says,
        "; ".join(result.evidence),
        result.fix,
        result.page,
    )


def _below(evidence: Sequence[str], fix: str, page: str) -> Iterator[str]:
    """Yield what stands below a check; names of one word each share a line, as the methods that are allowed do."""
    indent = " " * _MARGIN
    if len(evidence) > 1 and not any(" " in line for line in evidence):
        evidence = [", ".join(evidence)]
    yield from (f"{indent}{line}" for line in evidence)
    if fix:
        yield f"{indent}To do: {fix}"
    if page:
        yield f"{indent}See: {page}"


def _lines(doctor: Doctor, *, commands: bool) -> Iterator[Any]:
    for result in doctor.results:
        because = "because " if result.standing is Standing.SKIPPED else ""
        head = f"{result.standing.value:{_MARGIN}}{result.check.value}: {because}{result.says}"
        yield styled(head, _STYLES[result.standing])
        yield from _below(result.evidence, result.fix, result.page)
    for hint in doctor.hints:
        yield styled(f"{'look':{_MARGIN}}{hint.code.value}: {hint.says}", "yellow")
        yield from _below(hint.evidence, hint.fix, hint.page)
    counts = {standing: sum(each.standing is standing for each in doctor.results) for standing in Standing}
    yield ", ".join(f"{count} {standing.value}" for standing, count in counts.items() if count)
    if doctor.consent_link is not None:
        yield ""
        yield f"Send this to a {doctor.who_consents}:"
        yield doctor.consent_link
    if commands:
        yield ""
        yield "Or an application of your own; these commands are printed, never run. With the Azure CLI:"
        yield from az_lines(doctor.tenant or "TENANT", "OPERATOR")
        yield TRAP
        yield ""
        yield "With Graph PowerShell:"
        yield from powershell_lines(doctor.tenant or "TENANT", "OPERATOR")
        yield "For unattended runs: mfa-migrate help permissions"
