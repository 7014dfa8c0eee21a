"""The cells of a plan row, and how a list of names becomes one cell: the same in plan.csv and on every screen."""

from __future__ import annotations

import re
from collections.abc import Iterable

from migrate.model.plan import PlanAction, PlanRow

PLAN_COLUMNS = (
    "ObjectId",
    "UserPrincipalName",
    "CurrentState",
    "TargetState",
    "Wave",
    "Action",
    "Reason",
    "CoveredBy",
    "HoldCode",
    "Policy",
    "Path",
    "OpenGaps",
    "Ends",
    "MfaCapable",
)
PLAN_COLUMNS_SINCE = PLAN_COLUMNS[8:]
"""Those that the first version did not have: a plan.csv without them is read as well."""

_ITEM = re.compile(r"(?:[^\\;]|\\.)*", re.DOTALL)


def plan_cells(row: PlanRow) -> tuple[str, ...]:
    """Return a row as the cells of `PLAN_COLUMNS`."""
    return (
        row.user_id,
        row.user_principal_name,
        row.current_state or "",
        row.target_state or "",
        "" if row.wave is None else str(row.wave),
        row.action.value,
        reason_cell(row),
        joined(row.covered_by),
        row.hold_reason or "",
        joined(row.parts.policies),
        joined(row.parts.path),
        joined(row.parts.open_gaps),
        row.parts.ends,
        row.mfa_capable,
    )


def reason_cell(row: PlanRow) -> str:
    """Return why a row is as it is; a held row says so as `code: sentence`."""
    if (row.action is PlanAction.HOLD) is not (row.hold_reason is not None):
        raise ValueError(f"{row.user_principal_name}: a row is held exactly when it has a reason for it")
    return f"{row.hold_reason}: {row.reason}" if row.hold_reason else row.reason


def joined(items: Iterable[str]) -> str:
    r"""Return one cell for a list of names: separated by `; `, with `\` before a semicolon or backslash of a name."""
    return "; ".join(_escaped(item) for item in items)


def split(text: str) -> tuple[str, ...]:
    """Return the names that `joined` put into one cell."""
    if not text:
        return ()
    if "\\" not in text:
        return tuple(text.split("; "))
    items: list[str] = []
    start = 0
    while True:
        match = _ITEM.match(text, start)
        assert match is not None, "the pattern matches the empty text"
        items.append(_unescaped(match.group()))
        if match.end() >= len(text):
            return tuple(items)
        if not text.startswith("; ", match.end()):
            raise ValueError("a semicolon without a space after it, or a backslash at the end")
        start = match.end() + 2


def _escaped(item: str) -> str:
    # An empty name would vanish; `\-` stands for it.
    return item.replace("\\", "\\\\").replace(";", "\\;") if item else "\\-"


def _unescaped(item: str) -> str:
    return "" if item == "\\-" else re.sub(r"\\(.)", r"\1", item, flags=re.DOTALL)
