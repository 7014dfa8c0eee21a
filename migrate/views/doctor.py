"""What `doctor` prints: each check with evidence, fix and page; for missing permissions the link and commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from migrate.model.doctor import CheckName, CheckResult, Doctor, Standing
from migrate.views.own_application import TRAP, az_lines, powershell_lines
from migrate.views.screen import Answer, styled
from migrate.views.tables import table

COLUMNS = ("Check", "Standing", "Says", "Evidence", "Fix", "Page")
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


def _lines(doctor: Doctor, *, commands: bool) -> Iterator[Any]:
    for result in doctor.results:
        because = "skipped: because " if result.standing is Standing.SKIPPED else f"{result.standing.value}: "
        yield styled(f"{result.check.value}: {because}{result.says}", _STYLES[result.standing])
        yield from (f"    {line}" for line in result.evidence)
        if result.fix:
            yield f"    To do: {result.fix}"
        if result.page:
            yield f"    See: {result.page}"
    for hint in doctor.hints:
        yield styled(f"worth a look: {hint.code.value}: {hint.says}", "yellow")
        yield from (f"    {line}" for line in hint.evidence)
        yield f"    To do: {hint.fix}"
        yield f"    See: {hint.page}"
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
