"""Compare what the bodies of policies say, whatever Graph fills in or reorders."""

from __future__ import annotations

from typing import Any

from migrate.model.evidence import ConditionalAccessPolicy, is_control_information
from migrate.model.record import JsonObject

_NOT_SAID = frozenset({"state", "id", "createdDateTime", "modifiedDateTime", "deletedDateTime", "templateId"})


def body_of(policy: ConditionalAccessPolicy) -> JsonObject:
    """Return what a policy says, member by member as it was read, its state aside."""
    return {k: v for k, v in policy.raw.items() if k not in _NOT_SAID and not is_control_information(k)}


def says_the_same(body: JsonObject, policy: ConditionalAccessPolicy) -> bool:
    """Tell whether a policy still says what was sent to create it, its state aside.

    Graph fills in what was not sent with nulls and empty lists; those do not count as an edit.
    """
    return said_by(body) == said_by(policy.raw)


def said_by(body: JsonObject) -> JsonObject:
    """Return all that a policy's body says, its state aside, without what Graph fills in."""
    said = dict(_without_nothing({key: value for key, value in body.items() if key not in _NOT_SAID}))
    grant = said.get("grantControls")
    strength = grant.get("authenticationStrength") if isinstance(grant, dict) else None
    if isinstance(grant, dict) and isinstance(strength, dict) and "id" in strength:
        # Graph shows the whole strength where its id was sent.
        said["grantControls"] = {**grant, "authenticationStrength": {"id": str(strength["id"]).lower()}}
    return said


def _without_nothing(value: Any) -> Any:
    """Return the JSON value without nulls, empty lists, empty objects and OData's control information."""
    if isinstance(value, dict):
        kept = {key: _without_nothing(inner) for key, inner in value.items() if not is_control_information(key)}
        return {key: inner for key, inner in kept.items() if inner not in (None, [], {})}
    if isinstance(value, list):
        # Graph keeps no order in lists of ids and names.
        kept_items = [_without_nothing(inner) for inner in value]
        return sorted(kept_items) if all(isinstance(item, str) for item in kept_items) else kept_items
    return value
