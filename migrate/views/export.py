"""What `export` prints: counts by state and type, and the unreadable."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migrate.model.instants import minute_utc
from migrate.model.snapshot import SnapshotHeader
from migrate.model.words import counted
from migrate.views.screen import Answer
from migrate.views.tables import table

STATES = ("disabled", "enabled", "enforced", "unreadable")


def export_answer(header: SnapshotHeader, csv: Path) -> Answer:
    """Return the answer for a snapshot's header."""

    def counts() -> Iterator[tuple[str, str, str]]:
        for key, count in header.counts.items():
            state, _, kind = key.partition("/")
            yield state, kind, str(count)

    def lines() -> Iterator[Any]:
        organization = header.organization
        yield f"{organization.display_name} ({organization.default_domain}, {organization.tenant_id})"
        yield table(["Per-user MFA", "Type", "Users"], counts())
        unreadable = f", {header.unreadable} of them unreadable" if header.unreadable else ", all readable"
        yield f"{counted(header.users, 'user')}{unreadable}, as of {minute_utc(header.taken_at)}"
        yield f"Snapshot {header.id[:12]}; as a table: {csv}"

    return Answer(
        kind="export",
        document=header,
        columns=("PerUserMfaState", "UserType", "Users"),
        rows=counts,
        lines=lines,
    )
