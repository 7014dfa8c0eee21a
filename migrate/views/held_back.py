"""The people who are held back, by reason: how many, who they are, and what would let them go on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from migrate.model.plan import HoldReason, PlanAction, PlanRow
from migrate.model.words import FIRST, counted, first_names
from migrate.views.screen import styled

KEPT = 1_000
"""Reasons that are told apart; a tenant whose people each have a reason of their own is summed up beyond that."""
SHOWN = 20
"""Reasons that a screen shows; the rest is counted, and listed by `show --held`."""


def held_back_lines(rows: Iterable[PlanRow]) -> Iterator[Any]:
    """Yield lines for those of a plan's rows that are held back, the most frequent reason first; none for nobody."""
    groups: dict[tuple[HoldReason | None, str], _Group] = {}
    held = 0
    for row in rows:
        if row.action is PlanAction.HOLD:
            held += 1
            key = (row.hold_reason, row.reason)
            # A million rows may go by.
            if key in groups or len(groups) < KEPT:
                groups.setdefault(key, _Group()).add(row)
    if not held:
        return
    reasons = counted(len(groups), "reason")
    yield f"Held back: {held}, for {reasons} (three names of each; all of them: `mfa-migrate show --held`)"
    ordered = sorted(groups.items(), key=lambda item: (-item[1].size, str(item[0][0]), item[0][1]))
    for (kind, reason), group in ordered[:SHOWN]:
        yield styled(f"! {group.size:>5}  {kind}: {reason}", "yellow")
        yield f"         {first_names(group.names, group.size)}"
        if kind is not None:
            yield f"         to go on: {remedy_of(kind)}"
    if shown_less := held - sum(group.size for _, group in ordered[:SHOWN]):
        yield f"... and {counted(shown_less, 'other')}, for other reasons"
    yield ""


def everybody_held_lines(rows: Iterable[PlanRow]) -> Iterator[Any]:
    """Yield everybody who is held back below their reason, which is told once; the most frequent reason first."""
    groups: dict[tuple[HoldReason | None, str], list[PlanRow]] = {}
    for row in rows:
        groups.setdefault((row.hold_reason, row.reason), []).append(row)
    for (kind, reason), held in sorted(groups.items(), key=lambda one: (-len(one[1]), str(one[0][0]), one[0][1])):
        yield styled(f"! {len(held):>5}  {kind}: {reason}", "yellow")
        if kind is not None:
            yield f"         to go on: {remedy_of(kind)}"
        yield from (f"         {row.user_principal_name}  ({row.current_state or 'unknown'})" for row in held)
        yield ""


def remedy_of(kind: HoldReason) -> str:
    """Return what lets people go on who are held back for this reason."""
    match kind:
        case HoldReason.UNCOVERED | HoldReason.PARTLY:
            return "`mfa-migrate advise` names the steps that close it; `mfa-migrate explain USER` says what is open"
        case HoldReason.UNKNOWN:
            return "`mfa-migrate explain USER` says what is not understood or could not be read"
        case HoldReason.UNREADABLE:
            return "`mfa-migrate status USER --live` reads again; then `mfa-migrate export`"
        case HoldReason.EMERGENCY_ACCESS:
            return "nothing to do: emergency access accounts keep per-user MFA"
        case HoldReason.DIRECTORY_SYNC:
            return "nothing to do: accounts of the directory synchronization stay as they are"
        case HoldReason.EXCLUDED:
            return "the exclusion ends on its day, or when it is taken out of [[exclude]] or the list"
        case HoldReason.GUEST:
            return "`guests = true` in the configuration"
        case HoldReason.MANAGED_POLICY:
            return "another policy has to require MFA of them; `mfa-migrate advise` names one"
        case HoldReason.AGENT:
            return "nothing to do: no person stands behind the account"
        case _:
            assert_never(kind)


class _Group:
    """The people who are held back for one reason."""

    def __init__(self) -> None:
        self.size = 0
        self.names: list[str] = []

    def add(self, row: PlanRow) -> None:
        self.size += 1
        if len(self.names) < FIRST:
            self.names.append(row.user_principal_name)
