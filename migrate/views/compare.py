"""What `compare` prints: how the file's states meet the tenant's, and every disagreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from migrate.model.claims import ClaimFile, Comparison
from migrate.model.instants import minute_utc
from migrate.model.snapshot import SnapshotHeader
from migrate.views.screen import Answer, styled
from migrate.views.tables import table

COLUMNS = ("Kind", "ObjectId", "UserPrincipalName", "Claimed", "Found", "Row", "Sentence")
_STATES = ("disabled", "enabled", "enforced", "none")


def compare_answer(file: ClaimFile, comparison: Comparison, snapshot: SnapshotHeader) -> Answer:
    """Return the answer of a comparison with a snapshot."""
    counts = dict(sorted(Counter(each.kind.value for each in comparison.differences).items()))

    def rows() -> Iterator[tuple[str, ...]]:
        for each in comparison.differences:
            yield (
                each.kind,
                each.object_id,
                each.user_principal_name,
                each.claimed or "",
                each.found or "",
                "" if each.row is None else str(each.row),
                each.sentence,
            )

    def lines() -> Iterator[Any]:
        yield f"{file.name} beside the tenant as of {minute_utc(snapshot.taken_at)}"
        if comparison.states:
            yield ""
            yield table(
                ["file \\ tenant", *_STATES],
                (
                    [claimed, *(str(comparison.states[claimed].get(found, "")) for found in _STATES)]
                    for claimed in _STATES
                    if claimed in comparison.states
                ),
            )
        if comparison.differences:
            yield ""
            yield table(["Kind", "Difference"], ((each.kind, each.sentence) for each in comparison.differences))
        told = ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no differences"
        yield styled(f"{comparison.agree} agree; {told}", "bold")

    return Answer(
        kind="compare",
        document={
            "file": file.name,
            "format": file.format,
            "stateFrom": file.state_from,
            "snapshotTakenAt": snapshot.taken_at,
            "endpoint": snapshot.endpoint,
            "agree": comparison.agree,
            "counts": counts,
            "states": comparison.states,
            "differences": list(comparison.differences),
        },
        columns=COLUMNS,
        rows=rows,
        lines=lines,
        long_lists=("differences",),
    )
