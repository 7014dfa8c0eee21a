"""Which objects of a tenant are called by a name. Reads only; whoever asks decides what two of one name mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import assert_never
from urllib.parse import quote

import msgspec

from migrate.graph.channel import Call, Channel, read_of
from migrate.graph.pages import whole
from migrate.graph.together import all_of
from migrate.model.named import NamedKind
from migrate.model.permissions import GROUPS, POLICIES, USERS

AT_ONCE = 15
"""The most values that `in` takes (learn.microsoft.com, graph/filter-query-parameter: 15 expressions by default)."""
_PARALLEL = 4


class _Row(msgspec.Struct, rename="camel"):
    """As much of an object as its names."""

    id: str
    display_name: str | None = None
    user_principal_name: str | None = None


async def ids_called(channel: Channel, kind: NamedKind, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return by name the ids (lower case) of all objects that are called exactly so; none where nothing is.

    People are found by their user principal names, and else by their display names, in any case.
    """
    wanted = tuple(dict.fromkeys(names))
    found = await all_of((whole(channel, call, _row) for call in _calls(kind, wanted)), at_once=_PARALLEL)
    rows = {row.id.lower(): row for part in found for row in part}
    return {name: tuple(sorted(id_ for id_, row in rows.items() if _is_called(row, name))) for name in wanted}


def _row(raw: msgspec.Raw) -> _Row:
    return msgspec.json.decode(raw, type=_Row)


def _is_called(row: _Row, name: str) -> bool:
    if row.user_principal_name is not None:
        # Graph compares names of people without their case, and so do people.
        known = row.user_principal_name if "@" in name else row.display_name or ""
        return known.casefold() == name.casefold()
    return row.display_name == name


def _calls(kind: NamedKind, names: Sequence[str]) -> Iterator[Call]:
    match kind:
        case NamedKind.USER:
            select = "id,displayName,userPrincipalName"
            for property_, some in (
                ("userPrincipalName", [name for name in names if "@" in name]),
                ("displayName", [name for name in names if "@" not in name]),
            ):
                for few in _few(some):
                    yield read_of(f"users?$filter={_one_of(property_, few)}&$select={select}", "users by name", USERS)
        case NamedKind.GROUP:
            for few in _few(names):
                path = f"groups?$filter={_one_of('displayName', few)}&$select=id,displayName"
                yield read_of(path, "groups by name", GROUPS)
        case NamedKind.POLICY:
            yield read_of("identity/conditionalAccess/policies", "policies by name", POLICIES)
        case NamedKind.STRENGTH:
            path = "identity/conditionalAccess/authenticationStrength/policies"
            yield read_of(path, "authentication strengths by name", POLICIES)
        case _:
            assert_never(kind)


def _few(names: Sequence[str]) -> Iterator[list[str]]:
    source = iter(names)
    while few := list(islice(source, AT_ONCE)):
        yield few


def _one_of(property_: str, values: Sequence[str]) -> str:
    quoted = ["'" + value.replace("'", "''") + "'" for value in values]
    return quote(f"{property_} eq {quoted[0]}" if len(quoted) == 1 else f"{property_} in ({', '.join(quoted)})")
