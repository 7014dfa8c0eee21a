"""Reading addresses: paths of encoded segments and query strings with $ options."""

from urllib.parse import unquote, unquote_plus

from migrate.sandbox.messages import bad_request
from migrate.sandbox.routing import segments_of

_OPTIONS = frozenset({"select", "top", "skiptoken", "count", "filter", "expand", "orderby", "skip", "search", "format"})


def split_path(raw: str) -> list[str]:
    """Split an encoded path; each segment is decoded on its own, so that %2F stays inside one."""
    segments = segments_of(raw)
    if "%" not in raw:
        return segments
    return [type(each)(unquote(each)) for each in segments]


def query_of(raw: str) -> dict[str, str]:
    """Read a query string: names of $ options in lower case, also where the $ is left out or encoded.

    Raises 400 when an option is given twice.
    """
    found: dict[str, str] = {}
    for pair in raw.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        name = unquote(name)
        if name.startswith("$") or name.lower() in _OPTIONS:
            name = f"${name.lower().removeprefix('$')}"
        if name in found:
            raise bad_request(
                f"Query option '{name}' was specified more than once, but it must be specified at most once."
            )
        found[name] = unquote_plus(value)
    return found
