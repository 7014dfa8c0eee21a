"""Collections: $filter, $search, $select, $top, $count, $expand and the opaque $skiptoken, over any lazy sequence."""

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from migrate.sandbox.messages import Answer, Call, GraphError, Json, bad_request, not_modelled, words
from migrate.sandbox.odata.filter import Filter, Test, both, parse_filter
from migrate.sandbox.odata.search import parse_search

_OPTIONS = words("$select $top $skiptoken $count $filter $expand $orderby $format $skip $search")
_ALWAYS = ("@odata.type", "id")
_SILENT = frozenset({"perUserMfaState"})
_LISTS = words(
    "assignedLicenses assignedPlans businessPhones groupTypes identities licenseAssignmentStates methodsRegistered "
    "onPremisesProvisioningErrors otherMails provisionedPlans proxyAddresses servicePlans verifiedDomains"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What can be asked of one collection."""

    context: str
    """The part of @odata.context after $metadata#."""
    type_name: str
    """Graph's name of the elements, for messages."""
    known: frozenset[str] | None = None
    """Property names that may be selected; None takes any, as lists of objects of several types do."""
    filterable: frozenset[str] = frozenset()
    """Paths that a filter may name, with their kind behind a colon where they hold no text."""
    searchable: frozenset[str] = frozenset()
    page: int = 100
    most: int = 999
    capped: int | None = None
    """No page is larger than this, whatever was asked for."""
    directory: bool = False
    """Whether advanced queries need ConsistencyLevel: eventual and $count=true."""
    default: tuple[str, ...] | None = None
    """Properties served when nothing is selected; None serves all."""
    expandable: frozenset[str] = frozenset()
    orderable: frozenset[str] = frozenset()
    countable: bool = True
    beyond: frozenset[str] = frozenset()
    """Properties, in lower case, that Graph has and the sandbox does not model: naming one is 501."""


def listing(call: Call, what: Collection, elements: Sequence[Any], build: Callable[[Any], Json]) -> Answer:
    """Answer one page.

    Elements may be anything that `build` makes JSON of; they are built only when they are on the page or have to be
    filtered.
    """
    query = call.query
    check_options(query, searchable=bool(what.searchable))
    wanted = selected(query, what)
    condition, test = _conditions(call, what)
    counting = _counting(query)
    if what.directory:
        # Without the header a $count is passed over in silence, so that clients which always ask for it can page.
        counting = counting and call.flag("consistencylevel", "eventual")
        _check_consistency(call, condition, counting)
    if counting and not what.countable:
        raise not_modelled(f"$count on {what.context}")
    if "$orderby" in query:
        elements = _ordered(query["$orderby"], what, elements, build)
    size = min(_size(query, what), what.capped or what.most)
    start = _start(call)
    if start > len(elements):
        raise bad_request("The provided page token is not valid.", "Directory_ExpiredPageToken")
    found, following = _fill(elements, build, test, start, size)
    body: Json = {"@odata.context": f"{root(call)}/$metadata#{_shown(what, query)}"}
    if counting and start == 0:
        body["@odata.count"] = _count(elements, build, test)
    if following is not None:
        body["@odata.nextLink"] = next_link(call, following)
    unset = _unset(query, what, wanted)
    body["value"] = [{**unset, **pick(each, wanted)} for each in found] if wanted is not None else found
    return Answer(200, body)


def entity(call: Call, what: Collection, thing: Json) -> Answer:
    """Answer one object of a collection, with $select."""
    check_options(call.query)
    wanted = selected(call.query, what)
    context = f"{root(call)}/$metadata#{_shown(what, call.query)}/$entity"
    unset = _unset(call.query, what, wanted)
    return Answer(200, {"@odata.context": context, **unset, **(thing if wanted is None else pick(thing, wanted))})


def count_text(call: Call, what: Collection, elements: Sequence[Any], build: Callable[[Any], Json]) -> Answer:
    """Answer /$count as plain text; the directory wants the ConsistencyLevel header for it."""
    if what.directory and not call.flag("consistencylevel", "eventual"):
        raise bad_request(
            "$count is not currently supported without the ConsistencyLevel: eventual header.",
            "Request_UnsupportedQuery",
        )
    check_options(call.query, searchable=bool(what.searchable))
    _, test = _conditions(call, what)
    return Answer(200, str(_count(elements, build, test)), content_type="text/plain")


def root(call: Call) -> str:
    """Return the address that the caller uses for this version."""
    return f"{call.origin}/{call.version}"


def check_options(query: dict[str, str], *, searchable: bool = False) -> None:
    """Refuse options that are unknown or have no meaning for a call."""
    for name in query:
        if name.startswith("$") and name not in _OPTIONS:
            raise bad_request(f"The query parameter '{name}' is not supported.")
    if "$skip" in query:
        raise bad_request("'$skip' is not supported by the service.", "Request_UnsupportedQuery")
    if "$search" in query and not searchable:
        raise bad_request("'$search' is not supported on this resource.", "Request_UnsupportedQuery")
    if query.get("$format", "json").lower() not in ("json", "application/json"):
        raise not_modelled(f"$format={query['$format']}")


def _counting(query: dict[str, str]) -> bool:
    wanted = query.get("$count", "false").lower()
    if wanted not in ("true", "false"):
        raise bad_request(f"Invalid value '{query['$count']}' for $count query option found. Valid are true and false.")
    return wanted == "true"


def _conditions(call: Call, what: Collection) -> tuple[Filter | None, Test | None]:
    """Return the filter, and the test that filter and search make together; None where nothing was asked."""
    query = call.query
    condition = _parsed(query["$filter"], what) if "$filter" in query else None
    test = None if condition is None else condition.test
    if "$search" not in query:
        return condition, test
    if not call.flag("consistencylevel", "eventual"):
        raise bad_request(
            "Request with $search query parameter only works through MSGraph with a special request header: "
            "'ConsistencyLevel: eventual'",
            "Request_UnsupportedQuery",
        )
    search = parse_search(query["$search"], what.searchable)
    return condition, search if test is None else both(test, search)


def _parsed(text: str, what: Collection) -> Filter:
    return parse_filter(text, what.filterable, known=frozenset(map(str.lower, what.known or ())) | what.beyond)


def selected(query: dict[str, str], what: Collection) -> tuple[str, ...] | None:
    """Return the properties to serve, in their own spelling; None for all."""
    expanded = _expanded(query, what)
    if "$select" not in query:
        return what.default
    names = [each.strip() for each in query["$select"].split(",")]
    if "*" in names:
        return None
    if what.known is None:
        return tuple(names)
    spelling = {each.lower(): each for each in what.known}
    found = []
    for name in names:
        if name.lower() in what.beyond:
            raise not_modelled(f"the property {name} of {what.type_name}")
        own = spelling.get(name.lower())
        if own is None:
            raise bad_request(
                f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
                f"'microsoft.graph.{what.type_name}'."
            )
        found.append(own)
    return (*found, *expanded)


def _expanded(query: dict[str, str], what: Collection) -> Iterable[str]:
    names = [each.split("(")[0].strip() for each in query.get("$expand", "").split(",") if each.strip()]
    for name in names:
        if name not in what.expandable:
            raise not_modelled(f"$expand={name} on {what.context}")
    return names


def wants(call: Call, what: Collection, name: str) -> bool:
    """Tell whether a relationship is to be expanded."""
    return name in _expanded(call.query, what)


def _unset(query: dict[str, str], what: Collection, wanted: tuple[str, ...] | None) -> Json:
    """Return empty values for what was selected: Graph sends a selected property also when it was never set.

    Not so the undocumented per-user state, which is silently missing where it is not served.
    """
    if wanted is None or "$select" not in query:
        return {}
    return {name: [] if name in _LISTS else None for name in wanted if name not in _SILENT | what.expandable}


def pick(thing: Json, wanted: tuple[str, ...]) -> Json:
    """Keep the wanted properties, and always the type and the id."""
    found = {name: thing[name] for name in _ALWAYS if name in thing}
    for name in wanted:
        if name in thing:
            found[name] = thing[name]
    return found


def _shown(what: Collection, query: dict[str, str]) -> str:
    return f"{what.context}({query['$select']})" if query.get("$select") else what.context


def _check_consistency(call: Call, condition: Filter | None, counting: bool) -> None:
    if condition is not None and condition.advanced and not counting:
        raise bad_request(
            "Unsupported query: this filter needs the ConsistencyLevel: eventual header and $count=true.",
            "Request_UnsupportedQuery",
        )
    if "$orderby" in call.query and condition is not None and not counting:
        raise bad_request(
            "Sorting not supported for current query without ConsistencyLevel: eventual and $count=true.",
            "Request_UnsupportedQuery",
        )


def _size(query: dict[str, str], what: Collection) -> int:
    if "$top" not in query:
        return what.page
    try:
        size = int(query["$top"])
    except ValueError:
        size = 0
    if not 1 <= size <= what.most:
        raise bad_request(
            f"Invalid page size specified: '{query['$top']}'. Must be between 1 and {what.most} inclusive.",
            "Request_UnsupportedQuery",
        )
    return size


def _start(call: Call) -> int:
    token = call.query.get("$skiptoken")
    return 0 if token is None else position_of(token, call)


def token_for(call: Call, position: int) -> str:
    """Make the opaque token of a position in what a call lists."""
    return base64.urlsafe_b64encode(f"{call.path.lower()}|{position}".encode()).decode().rstrip("=")


def position_of(token: str, call: Call) -> int:
    """Read a token back. Raises 400 for one that is damaged or belongs to another list."""
    try:
        kind, number = base64.urlsafe_b64decode(token.encode() + b"==").decode().split("|")
        if kind != call.path.lower():
            raise ValueError(kind)
        return int(number)
    except (ValueError, binascii.Error, UnicodeDecodeError) as error:
        raise bad_request("The provided page token is not valid.", "Directory_ExpiredPageToken") from error


def next_link(call: Call, position: int) -> str:
    """Build the absolute address of the page that begins at a position; the token in it is opaque."""
    rest = {name: value for name, value in call.query.items() if name != "$skiptoken"}
    rest["$skiptoken"] = token_for(call, position)
    path = "/".join(quote(segment, safe="") for segment in call.segments)
    return f"{root(call)}/{path}?{urlencode(rest, safe='$,', quote_via=quote)}"


def _fill(
    elements: Sequence[Any], build: Callable[[Any], Json], test: Test | None, start: int, size: int
) -> tuple[list[Json], int | None]:
    """Return a page, and where the next one begins (None at the end)."""
    if test is None:
        stop = start + size
        return [build(each) for each in elements[start:stop]], stop if stop < len(elements) else None
    found: list[Json] = []
    for position in range(start, len(elements)):
        thing = build(elements[position])
        if test(thing):
            if len(found) == size:
                return found, position
            found.append(thing)
    return found, None


def _count(elements: Sequence[Any], build: Callable[[Any], Json], test: Test | None) -> int:
    if test is None:
        return len(elements)
    return sum(test(build(each)) for each in elements)


def _ordered(order: str, what: Collection, elements: Sequence[Any], build: Callable[[Any], Json]) -> Sequence[Any]:
    words = order.split()
    name = words[0] if words else ""
    if name in (what.known or ()) and name not in what.orderable:
        raise not_modelled(f"$orderby={name} on {what.context}")
    if name not in what.orderable or len(words) > 2 or (len(words) == 2 and words[1].lower() not in ("asc", "desc")):
        raise GraphError(400, "Request_UnsupportedQuery", f"Sorting by '{order}' is not supported.")
    return sorted(
        elements, key=lambda each: str(build(each).get(name) or "").lower(), reverse=words[-1].lower() == "desc"
    )
