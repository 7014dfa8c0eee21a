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


_OBJECTS = (
    "conditions",
    "conditions.users",
    "conditions.users.includeGuestsOrExternalUsers",
    "conditions.users.excludeGuestsOrExternalUsers",
    "conditions.applications",
    "conditions.locations",
    "conditions.platforms",
    "grantControls",
    "grantControls.authenticationStrength",
)
_TEXTS = (
    *(f"conditions.users.{way}{kind}" for way in ("include", "exclude") for kind in ("Users", "Groups", "Roles")),
    *(f"conditions.applications.{way}Applications" for way in ("include", "exclude")),
    "conditions.applications.includeUserActions",
    *(f"conditions.locations.{way}Locations" for way in ("include", "exclude")),
    "conditions.clientAppTypes",
    "grantControls.builtInControls",
)
"""What of a policy is an object, and what a list of texts, where it is not null."""


def well_formed(whole: JsonObject) -> JsonObject:
    """Return a policy without its conditions, or its grant, where something of them has another type.

    What has another type counts as not shown, everywhere: then the policy proves nothing, and nobody trips over it.
    """
    unusable = {path.partition(".")[0] for path in _OBJECTS if not isinstance(_inside(whole, path), dict | None)}
    for path in _TEXTS:
        texts = _inside(whole, path)
        if texts is not None and not (isinstance(texts, list) and all(isinstance(one, str) for one in texts)):
            unusable.add(path.partition(".")[0])
    return {name: value for name, value in whole.items() if name not in unusable} if unusable else whole


def _inside(whole: JsonObject, path: str) -> Any:
    found: Any = whole
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


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
