"""Reads Conditional Access policies from files: exports of Graph, the portal, PowerShell and published collections.

Only the outer form is judged here. What a policy says is read strictly by the coverage proof.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from migrate.errors import BadInput
from migrate.exchange.encodings import text_pieces
from migrate.model.evidence import ConditionalAccessPolicy, PolicyState
from migrate.model.record import JsonObject
from migrate.named_files import empty, reading_named

POLICIES_LIMIT = 64 << 20
"""Characters of a file of policies: a tenant holds a few hundred, of a few thousand characters each."""
_HINT = "A policy file holds one policy as Graph sends it, a list of them, or an answer with a list under `value`."


def read_policy_file(path: Path) -> tuple[ConditionalAccessPolicy, ...]:
    """Return the policies of a file. UTF-8 and UTF-16 with or without a byte order mark are read.

    A policy without an id gets one that names the file, so that it can be told apart from the tenant's own.

    Raises:
        BadInput: The file is missing, no text, no JSON, or holds no policy; the message names the place.
    """
    with reading_named(path), path.open("rb") as stream:
        text = "".join(_bounded(text_pieces(stream, name=path.name), path.name))
    if not text.strip():
        raise empty(str(path), hint=_HINT)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as problem:
        raise BadInput(
            f"{path}, line {problem.lineno}, column {problem.colno}: this is no JSON: {problem.msg}.", hint=_HINT
        ) from problem
    except (ValueError, RecursionError) as problem:  # a number of 5,000 digits, brackets without end
        raise BadInput(f"{path} is no JSON that can be read: {problem}.", hint=_HINT) from problem
    raws = document.get("value", [document]) if isinstance(document, dict) else document
    if not isinstance(raws, list) or not raws:
        raise BadInput(f"{path} holds no policy.", hint=_HINT)
    return tuple(_policy(raw, f"{path.name}, policy {number}") for number, raw in enumerate(raws, start=1))


def _bounded(pieces: Iterable[str], name: str) -> Iterator[str]:
    """Yield the pieces of a text; raise `BadInput` where there are more than any tenant's policies."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > POLICIES_LIMIT:
            raise BadInput(f"{name} is larger than {POLICIES_LIMIT >> 20} MiB and cannot be policies.", hint=_HINT)
        yield piece


def _policy(raw: Any, where: str) -> ConditionalAccessPolicy:
    if not isinstance(raw, dict):
        raise BadInput(f"{where}: a policy is a JSON object, not {type(raw).__name__}.", hint=_HINT)
    name, state = raw.get("displayName"), raw.get("state")
    if not isinstance(name, str) or not name:
        raise BadInput(f"{where} has no displayName, so it is no Conditional Access policy.", hint=_HINT)
    if not isinstance(state, str):
        raise BadInput(f"{where} ({name}) has no state.", hint=_HINT)
    for part in ("conditions", "grantControls"):
        if not isinstance(raw.get(part), dict | None):
            raise BadInput(f"{where} ({name}): {part} is {type(raw[part]).__name__}, not an object.", hint=_HINT)
    if "conditions" not in raw:
        raise BadInput(f"{where} ({name}) has no conditions.", hint=_HINT)
    known = {one.value: one for one in PolicyState}
    return ConditionalAccessPolicy(
        id=_text(raw, "id") or where,
        display_name=name,
        policy_state=known.get(state),
        description=_text(raw, "description"),
        created_date_time=_text(raw, "createdDateTime"),
        modified_date_time=_text(raw, "modifiedDateTime"),
        raw=raw,
    )


def _text(raw: JsonObject, key: str) -> str | None:
    value = raw.get(key)
    return value if isinstance(value, str) and value else None
