"""What `verify` prints: the findings, the people held back, and what was looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from migrate.model.findings import Finding
from migrate.model.plan import PlanRow
from migrate.model.wave_gate import WaveEvidence
from migrate.model.words import counted
from migrate.views.older_copy import unaccounted_words
from migrate.views.screen import Answer, styled
from migrate.views.tables import table
from migrate.views.wave_evidence import NOT_SEEN, evidence_lines, wave_document

COLUMNS = ("Code", "Subject", "SubjectId", "Sentence", "Evidence")


class LookedAt(Protocol):
    """The counts of an inspection."""

    users: int
    switched_off: int
    policies: int
    registrations: int
    on_managed: int


def verify_answer(
    findings: Sequence[Finding],
    looked_at: LookedAt,
    held: Sequence[PlanRow],
    endpoint: str | None,
    *,
    untouched_since: str | None = None,
    planned: int = 0,
    unaccounted: Sequence[str] = (),
    not_kept: str = "",
    waves: Sequence[WaveEvidence] = (),
) -> Answer:
    """Return the answer for a verification.

    `untouched_since` is when the tenant was exported, where nothing was applied from this folder yet; `planned` are
    the users whom its plan would change; `unaccounted` are disabled although no book says that it was done. `not_kept`
    says why the result stands in no journal, `waves` is what the logs say.
    """

    def rows() -> Iterator[tuple[str, ...]]:
        for finding in findings:
            yield (finding.code, finding.subject, finding.subject_id, finding.sentence, finding.evidence)

    def lines() -> Iterator[Any]:
        if findings:
            yield table(
                ["Finding", "Who or what", "What"],
                ((f"! {f.code}", f.subject, f"{f.sentence} ({f.evidence})") for f in findings),
            )
        if unaccounted:
            yield styled(unaccounted_words(unaccounted), "yellow")
        if held:
            kinds = Counter(sorted(str(row.hold_reason) for row in held))
            why = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
            yield f"Held back by the plan, no findings: {len(held)} ({why}); `mfa-migrate show --held` has their names"
        yield (
            f"Looked at {counted(looked_at.users, 'user')} ({looked_at.switched_off} disabled by this tool), "
            f"{counted(looked_at.policies, 'policy', 'policies')} that this tool made or switched, "
            f"{counted(looked_at.registrations, 'row')} of the registration report."
        )
        if looked_at.on_managed:
            yield (
                f"The proof of {counted(looked_at.on_managed, 'user')} rests on Microsoft-managed policies: Microsoft "
                "may change this scope."
            )
        for one in waves:
            yield from evidence_lines(one)
        if any(one.audit.not_seen for one in waves):
            yield NOT_SEEN
        yield f"Not kept in the journal: {not_kept}." if not_kept else "Kept in the journal, with what was looked at."
        yield styled(_verdict(findings, untouched_since, planned, len(held)), "bold")

    return Answer(
        kind="verify",
        document={
            "endpoint": endpoint,
            "findings": list(findings),
            "heldBack": list(held),
            "applied": untouched_since is None,
            "planned": planned,
            "unaccounted": list(unaccounted),
            "kept": not not_kept,
            "notKeptBecause": not_kept or None,
            "waves": [wave_document(one) for one in waves],
            "lookedAt": {
                "users": looked_at.users,
                "switchedOff": looked_at.switched_off,
                "policies": looked_at.policies,
                "registrations": looked_at.registrations,
                "onManagedPolicies": looked_at.on_managed,
            },
        },
        columns=COLUMNS,
        rows=rows,
        lines=lines,
        long_lists=("findings", "heldBack", "unaccounted"),
    )


def _verdict(findings: Sequence[Finding], untouched_since: str | None, planned: int, held: int) -> str:
    found = f"{counted(len(findings), 'finding')}."
    if untouched_since is None:
        return f"Verify: {found}" if findings else "Verify: everything is as it should be."
    people = counted(planned, "user is", "users are")
    so_far = f"Nothing has been applied from this folder yet; {people} planned, {held} held back."
    same = "Differences to the export" if findings else "The tenant is as it was in the export"
    return f"{so_far} {same} of {untouched_since[:16].replace('T', ' ')} UTC{f': {found}' if findings else '.'}"
