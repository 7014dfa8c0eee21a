"""Known properties that stand one level down in an object: where Graph, its modules and saved answers put them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from migrate.exchange.columns import GRAPH_STATES, OTHER_PROPERTIES, STATE_HOLDERS, Meaning, folded, meanings_of
from migrate.exchange.identities import is_identity

_IN_CONTEXT = re.compile(r"users\('((?:[^']|'')+)'\)")
_WHO = frozenset({Meaning.OBJECT_ID, Meaning.USER_PRINCIPAL_NAME})
_STATUS = "perUserMfaState"


def flattened(item: dict[str, Any]) -> dict[str, Any]:
    """Return an object with what is known one level down brought up, and whom an answer of Graph is about.

    A state comes up from properties that are about the same user's requirements, everything from
    AdditionalProperties; never from a property that is another person, such as the manager. What is there already
    stays, and where both say something the second one stands beside it.
    """
    # Most objects have nothing to bring up; they come back as they are.
    if "@odata.context" not in item and dict not in map(type, item.values()):
        return item
    found = dict(item)
    for name, inner in item.items():
        key = folded(name)
        if not isinstance(inner, dict) or not (key == OTHER_PROPERTIES or key in STATE_HOLDERS):
            continue
        del found[name]
        for inner_name, value in _members(inner):
            if key == OTHER_PROPERTIES or folded(inner_name) in GRAPH_STATES:
                _bring_up(found, inner_name, value, f"{name}.{inner_name}")
    if not any(_WHO & meanings_of(name) for name in found) and (who := _in_context(item)):
        found["userPrincipalName" if "@" in who else "id"] = who
    return found


def answers_of(document: Mapping[str, Any]) -> list[dict[str, Any] | str] | None:
    """Return the users in the saved answer of a `$batch`, or a reason for one that was not read; None if it is none.

    Whom an answer is about, its body says, or else its context or the id that was given to the request.
    """
    responses = document.get("responses")
    if not isinstance(responses, list) or not all(isinstance(each, dict) and "status" in each for each in responses):
        return None
    found: list[dict[str, Any] | str] = []
    for each in responses:
        body = each.get("body")
        user = flattened(body) if isinstance(body, dict) else {}
        request = each.get("id")
        if isinstance(request, str) and is_identity(request):
            user.setdefault("userPrincipalName" if "@" in request else "id", request)
        named = any(isinstance(value, str) and _WHO & meanings_of(name) for name, value in user.items())
        status = each["status"]
        if status != 200:
            if not named:
                found.append(f"the answer {str(request)[:60]!r} has status {status!r} and names nobody.")
                continue
            user[_STATUS] = f"Error: status {status}"
        found.append(user)
    return found


def _members(inner: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the members of a nested object, and those of the requirements within it."""
    for name, value in inner.items():
        if isinstance(value, dict) and folded(name) in STATE_HOLDERS:
            yield from value.items()
        else:
            yield name, value


def _bring_up(found: dict[str, Any], name: str, value: Any, beside: str) -> None:
    """Set a member where there is none of the name; one that says something else is set under the name `beside`."""
    there = next((each for each in found if each.casefold() == name.casefold()), None)
    if there is None:
        found[name] = value
    elif found[there] is None:
        found[there] = value
    elif found[there] != value:
        found[beside] = value


def _in_context(item: dict[str, Any]) -> str | None:
    """Return the user whom an answer's context names, as in `$metadata#users('…')/authentication/requirements`."""
    context = item.get("@odata.context")
    place = _IN_CONTEXT.search(context) if isinstance(context, str) else None
    return place.group(1).replace("''", "'") if place else None
