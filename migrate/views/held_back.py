"""The people who are held back, by reason: each reason is said once, each person has a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from migrate.model.plan import PlanAction, PlanRow
from migrate.model.words import counted
from migrate.views.screen import styled

SHOWN = 50
"""How many people are shown; the rest is counted and in plan.csv."""


def held_back_lines(rows: Iterable[PlanRow], title: str) -> Iterator[Any]:
    """Yield lines for the rows that are held back, the most frequent reason first; nothing when there are none.

    Args:
        rows: Rows of a plan, held back or not.
        title: What stands above them, without the number.
    """
    groups: dict[tuple[str, str], _Group] = {}
    held = 0
    for row in rows:
        if row.action is not PlanAction.HOLD:
            continue
        held += 1
        key = (str(row.hold_reason), row.reason)
        # A million rows may go by; no more is kept of them than can be shown.
        if key in groups or len(groups) < SHOWN:
            groups.setdefault(key, _Group()).add(row)
    if not held:
        return
    yield f"{title}: {held}"
    left = SHOWN
    for (kind, reason), group in sorted(groups.items(), key=lambda item: (-item[1].size, item[0])):
        shown = group.members[:left]
        if not shown:
            break
        yield styled(f"! {kind}: {reason} ({counted(group.size, 'user')})", "yellow")
        width = max(len(row.user_principal_name) for row in shown)
        for row in shown:
            yield f"    {row.user_principal_name:{width}}  {row.current_state or 'unreadable'}"
        left -= len(shown)
    if held > SHOWN - left:
        yield f"… and {counted(held - (SHOWN - left), 'other')}; see plan.csv"
    yield ""


class _Group:
    """The people who are held back for one reason."""

    def __init__(self) -> None:
        self.size = 0
        self.members: list[PlanRow] = []

    def add(self, row: PlanRow) -> None:
        self.size += 1
        if len(self.members) < SHOWN:
            self.members.append(row)
