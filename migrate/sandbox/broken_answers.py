"""What faults change in the JSON of an answer: members put or taken, links that lead nowhere, empty pages, depth."""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from migrate.sandbox.faults import Act
from migrate.sandbox.messages import Answer, Call, Json
from migrate.sandbox.odata.paging import next_link, position_of, token_for

_LINK = "@odata.nextLink"
_AGAIN, _EMPTY = "again", "empty"
"""What our links carry in their query to be another link each time; queries without a $ are passed over."""


def with_broken_json(answer: Answer, call: Call, act: Act) -> None:
    """Change the JSON of an answer as a fault says."""
    if act.depth:
        answer.body = msgspec.Raw(b'{"value":' + b"[" * act.depth + b"]" * act.depth + b"}")
    if not isinstance(answer.body, dict):
        return
    if act.put or act.remove:
        answer.body = _edited(answer.body, act)
    if (act.next_link or act.duplicates) and _LINK in answer.body:
        answer.body[_LINK] = _bent(answer.body[_LINK], call, act)
    if isinstance(answer.body.get("value"), list):
        if act.next_link == "endless":
            answer.body[_LINK] = _link_here(call, _AGAIN, _number(call, _AGAIN) + 1)
        if _number(call, _EMPTY) < act.empty_pages:
            answer.body |= {"value": [], _LINK: _link_here(call, _EMPTY, _number(call, _EMPTY) + 1)}


def _edited(body: Json, act: Act) -> Json:
    found = deepcopy(body)  # the tenant's own objects are in it
    for path, value in act.put.items():
        for holder, key in _places(found, _names_in(path)):
            holder[key] = value
    for path in act.remove:
        for holder, key in list(_places(found, _names_in(path))):
            if isinstance(holder, list) or key in holder:
                del holder[key]
    return found


def _names_in(path: str) -> list[str]:
    """Split a path at its dots; what begins with @ or # is one name to its end, such as @odata.type."""
    plain, _, control = re.sub(r"(^|\.)(?=[@#])", "\n", path, count=1).partition("\n")
    return [*(plain.split(".") if plain else []), *([control] if control else [])]


def _places(thing: Any, names: list[str]) -> Iterator[tuple[Any, Any]]:
    """Yield what holds the last name of a path, and that name or number, wherever the path leads; last ones first."""
    name, rest = names[0], names[1:]
    keys: list[Any] = []
    if isinstance(thing, list):
        keys = [at for at in reversed(range(len(thing))) if name in ("*", str(at))]
    elif isinstance(thing, dict):
        keys = list(thing) if name == "*" else [name]
    for key in keys:
        if not rest:
            yield thing, key
        elif isinstance(thing, list) or key in thing:
            yield from _places(thing[key], rest)


def _number(call: Call, name: str) -> int:
    given = call.query.get(name, "0")
    return int(given) if given.isdecimal() else 0


def _link_here(call: Call, name: str, number: int) -> str:
    """Return another link to this very page."""
    link = next_link(call, position_of(call.query["$skiptoken"], call) if "$skiptoken" in call.query else 0)
    parts = urlsplit(link)
    query = {**dict(parse_qsl(parts.query)), name: str(number)}
    return parts._replace(query=urlencode(query, safe="$,", quote_via=quote)).geturl()


def _bent(link: str, call: Call, act: Act) -> str:
    """Return a nextLink that leads to the wrong place."""
    parts = urlsplit(link)
    query: dict[str, Any] = dict(parse_qsl(parts.query))
    following = position_of(query["$skiptoken"], call)
    if act.next_link == "loop":
        following = position_of(call.query["$skiptoken"], call) if "$skiptoken" in call.query else 0
    query["$skiptoken"] = token_for(call, max(0, following - act.duplicates))
    if act.next_link == "expire":
        query["$skiptoken"] = "expired"
    return parts._replace(query=urlencode(query, safe="$,", quote_via=quote)).geturl()
