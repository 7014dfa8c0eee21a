"""The table of modelled calls and the look-up of a path in it, without regard to case."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from migrate.sandbox.messages import Answer, Call, GraphError, bad_request, not_modelled

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

Handler = Callable[["Sandbox", Call], Answer]
Limit = Literal[
    "directory", "reports", "conditionalAccess", "none", "requirements", "methods", "registration", "evaluate"
]
"""A limiter of its own, or the name of the setting that chooses one."""

BOTH = frozenset({"v1.0", "beta"})
BETA = frozenset({"beta"})

_KEYED = re.compile(r"^([A-Za-z.]+)\((?:\w+=)?(?:'|%27)(.*)(?:'|%27)\)$")
_FUNCTIONS = frozenset({"delta", "getbyids", "validateproperties"})
"""Functions of Graph that stand where a collection's key does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Permissions of a call: alternatives, each a set that must be held whole."""

    delegated: tuple[frozenset[str], ...]
    application: tuple[frozenset[str], ...]
    roles: tuple[str, ...] = ()
    """Directory roles of which a signed-in user needs one (Global Administrator always will do); none: any user."""


def needs(*alternatives: str, application: tuple[str, ...] | None = None, roles: tuple[str, ...] = ()) -> Needs:
    """Write alternatives as "A+B": any one of them is enough, each whole."""
    delegated = tuple(frozenset(each.split("+")) for each in alternatives)
    if application is None:
        return Needs(delegated=delegated, application=delegated, roles=roles)
    apart = tuple(frozenset(each.split("+")) for each in application)
    return Needs(delegated=delegated, application=apart, roles=roles)


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One modelled call."""

    method: str
    path: str
    answer: Handler
    summary: str
    needs: Needs
    versions: frozenset[str] = BOTH
    limit: Limit = "directory"
    units: int = 1
    """Resource units before modifiers (contract 3.2)."""
    shape: Mapping[str, str] | None = None
    """Members of the answer, or of each element of its list, with their JSON types; a ? allows null.

    It is written by hand for calls that the OpenAPI slices of the contract tests do not hold.
    """


@dataclass(slots=True)
class _Node:
    children: dict[str, "_Node"] = field(default_factory=dict)
    any_child: "_Node | None" = None
    name: str = ""
    routes: dict[str, list[Route]] = field(default_factory=dict)


class Router:
    """Find the route of a call."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._root = _Node()
        for route in self.routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.path.split("/"):
            if segment.startswith("{"):
                if node.any_child is None:
                    node.any_child = _Node(name=segment[1:-1])
                node = node.any_child
            else:
                node = node.children.setdefault(segment.lower(), _Node())
        node.routes.setdefault(route.method, []).append(route)

    def find(self, call: Call) -> Route:
        """Return the route and fill in the call's parameters.

        Raises 501 for a path that is not modelled, 405 for another method, 400 for a path that the asked version
        does not have.
        """
        node = self._root
        params = call.params
        for segment in call.segments:
            name = segment.lower()
            if name.startswith("graph."):  # the namespace's short name
                name = f"microsoft.{name}"
            is_key = isinstance(segment, Key)
            following = None if is_key else node.children.get(name)
            if following is None:
                following = node.any_child
                if following is not None and not is_key and segment.startswith("$") and "@" in segment:
                    # learn.microsoft.com, graph/api/user-get: such a name has to stand in brackets and quotes.
                    raise bad_request(f"The request URI is not valid. '{segment}' violates the OData URL convention.")
                if following is None or (not is_key and _is_function(segment)):
                    raise not_modelled(f"{call.method} /{call.version}/{call.path}")
                params[following.name] = segment
            node = following
        if not node.routes:
            raise not_modelled(f"{call.method} /{call.version}/{call.path}")
        candidates = node.routes.get(call.method)
        if candidates is None:
            raise GraphError(
                405,
                "Request_BadRequest",
                "Specified HTTP method is not allowed for the request target.",
                headers={"Allow": ", ".join(sorted(node.routes))},
            )
        for route in candidates:
            if call.version in route.versions:
                return route
        raise bad_request(f"Resource not found for the segment '{call.segments[-1]}'.")


class Key(str):
    """A segment that stood in brackets and quotes: it is a key, whatever word it looks like."""

    __slots__ = ()


def _is_function(segment: str) -> bool:
    """Tell whether a segment asks for something else than the object of that key."""
    name = segment.lower().removesuffix("()").removeprefix("microsoft.").removeprefix("graph.")
    return segment.startswith("$") or name in _FUNCTIONS


def segments_of(path: str) -> list[str]:
    """Split a path: repeated slashes collapse, `users('id')` counts as two segments, a doubled quote in it as one."""
    found: list[str] = []
    for segment in path.split("/"):
        if not segment:
            continue
        if segment[-1] == ")" and (keyed := _KEYED.match(segment)):
            found += [keyed[1], Key(keyed[2].replace("''", "'").replace("%27%27", "%27"))]
        else:
            found.append(segment)
    return found
