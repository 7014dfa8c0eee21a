"""What `verify` prints: the findings, the people held back, and what was looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from migrate.model.findings import Finding
from migrate.model.plan import PlanRow
from migrate.views.screen import Answer, styled, table

COLUMNS = ("Code", "Subject", "SubjectId", "Sentence", "Evidence")
HELD_SHOWN = 25


class LookedAt(Protocol):
    """The counts of an inspection."""

    users: int
    switched_off: int
    policies: int
    registrations: int


def verify_answer(
    findings: Sequence[Finding], looked_at: LookedAt, held: Sequence[PlanRow], endpoint: str | None
) -> Answer:
    """Return the answer for a verification."""

    def rows() -> Iterator[tuple[str, ...]]:
        for finding in findings:
            yield (finding.code, finding.subject, finding.subject_id, finding.sentence, finding.evidence)

    def lines() -> Iterator[Any]:
        if findings:
            yield table(
                ["Finding", "Who or what", "What"],
                ((f"! {f.code}", f.subject, f"{f.sentence} ({f.evidence})") for f in findings),
            )
        if held:
            yield table(
                ["Held back", "State", "Reason"],
                (
                    (row.user_principal_name, row.current_state or "unreadable", f"{row.hold_reason}: {row.reason}")
                    for row in held[:HELD_SHOWN]
                ),
                title=f"Held back by the plan, no findings: {len(held)}",
            )
            if len(held) > HELD_SHOWN:
                yield f"… and {len(held) - HELD_SHOWN} more; see plan.csv"
        yield (
            f"Looked at {looked_at.users} users ({looked_at.switched_off} switched off by this tool), "
            f"{looked_at.policies} policies, {looked_at.registrations} rows of the registration report."
        )
        yield styled(
            f"Verify: {len(findings)} findings." if findings else "Verify: everything is as it should be.", "bold"
        )

    return Answer(
        kind="verify",
        document={
            "endpoint": endpoint,
            "findings": list(findings),
            "heldBack": list(held),
            "lookedAt": {
                "users": looked_at.users,
                "switchedOff": looked_at.switched_off,
                "policies": looked_at.policies,
                "registrations": looked_at.registrations,
            },
        },
        columns=COLUMNS,
        rows=rows,
        lines=lines,
    )
