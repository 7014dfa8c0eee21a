"""Puts together what Graph's two versions say about one policy: v1.0 hides members that exist only in beta.

A narrowing condition that v1.0 hides would make a false *covered*, so what beta adds is read as part of the policy, and
where the two contradict each other the policy is not understood.
"""

from __future__ import annotations

import json

from migrate.decide.coverage.strictly import says_nothing, shown
from migrate.model.evidence import is_control_information
from migrate.model.record import JsonObject

_PROSE = frozenset(
    ["displayName", "description", "createdDateTime", "modifiedDateTime", "deletedDateTime", "templateId"]
)
_NOT_COMPARED = _PROSE | {"id", "state"}
"""The state moves between two readings whenever somebody switches a policy; v1.0, which is read last, has it."""


def both_versions(raw: JsonObject, beta: JsonObject) -> tuple[JsonObject, tuple[str, ...]]:
    """Return the policy with what only beta says, and a sentence for each contradiction."""
    contradictions: list[str] = []
    return _both(raw, beta, "", contradictions), tuple(contradictions)


def _both(raw: JsonObject, beta: JsonObject, path: str, contradictions: list[str]) -> JsonObject:
    skipped = _PROSE if path else _NOT_COMPARED
    found = dict(raw)
    for key in sorted({*raw, *beta}):
        if key in skipped or is_control_information(key):
            continue
        ours, theirs, where = raw.get(key), beta.get(key), f"{path}.{key}" if path else key
        if says_nothing(ours):
            # Null and empty say the same, and v1.0's own form of it stays.
            found.update({} if says_nothing(theirs) else {key: theirs})
        elif isinstance(ours, dict) and isinstance(theirs, dict):
            found[key] = _both(ours, theirs, where, contradictions)
        elif _plain(ours) != _plain(theirs):
            contradictions.append(f"{where} is {shown(ours)} in v1.0 and {shown(theirs)} in beta")
    return found


def _plain(value: object) -> object:
    """Return a value without what means nothing: case, the order of a list, flags in one text or in a list."""
    if isinstance(value, str):
        parts = sorted(part.strip().casefold() for part in value.split(","))
        return parts[0] if len(parts) == 1 else parts
    if isinstance(value, list):
        plain = sorted((_plain(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True, default=str))
        return plain[0] if len(plain) == 1 else plain
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if not is_control_information(key)}
    return value
