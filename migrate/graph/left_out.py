"""Members of a policy that every answer of Graph holds: where one is not there, it may have narrowed the policy."""

from __future__ import annotations

from typing import Any

from migrate.model.record import JsonObject

_ALWAYS_LISTS = (
    "users.excludeUsers",
    "users.excludeGroups",
    "users.excludeRoles",
    "applications.excludeApplications",
    "clientAppTypes",
    "signInRiskLevels",
)
_ALWAYS_NAMED = ("platforms", "locations")
"""What `conditions` of a policy holds in every answer: lists, empty or not, and objects, or null.

Members that came later are not among them: older answers are without. Source: Graph reference, conditionalAccessPolicy.
"""


def left_out(whole: JsonObject) -> tuple[str, ...]:
    """Return what may narrow a policy and is not there, though Graph always sends it; nothing stands for it."""
    conditions = whole.get("conditions")
    if not isinstance(conditions, dict):
        return ()

    def value(path: str) -> Any:
        holder, _, name = path.rpartition(".")
        inside = conditions.get(holder) if holder else conditions
        return inside.get(name) if isinstance(inside, dict) else None

    lists = (path for path in _ALWAYS_LISTS if value(path) is None)
    return (
        *(f"conditions.{path}" for path in lists),
        *(f"conditions.{n}" for n in _ALWAYS_NAMED if n not in conditions),
    )
