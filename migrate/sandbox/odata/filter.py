"""$filter: a text becomes a tree, a tree becomes a test of one object."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from migrate.sandbox.clock import seconds_of
from migrate.sandbox.messages import GraphError, Json, bad_request, not_modelled

Test = Callable[[Json], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')"
    r"|(?P<time>\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?)"
    r"|(?P<guid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})"
    r"|(?P<number>-?\d+(?:\.\d+)?(?![\w]))"
    r"|(?P<word>[A-Za-z_@][\w.@]*(?:/[A-Za-z_$@][\w.$@]*)*)"
    r"|(?P<sign>[(),:]))"
)
_CAST = re.compile(r"^microsoft\.graph\.\w+/")
_ORDERED = {"ge", "le", "gt", "lt"}
_KNOWN_ELSEWHERE = {
    *("contains", "has", "substringof", "tolower", "toupper", "length", "all", "indexof", "substring", "trim"),
    *("concat", "year", "month", "day", "hour", "date", "now"),
}
_LITERALS = {
    "text": {"string", "guid"},
    "bool": {"bool"},
    "number": {"number"},
    "time": {"time"},
    "any": {"string", "guid", "bool", "number", "time"},
}
"""What a member may be compared with, by its kind. Dates stand without quotes, texts with them."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter: the test, and whether the directory counts it as an advanced query."""

    test: Test
    advanced: bool


def parse_filter(text: str, allowed: frozenset[str], known: frozenset[str] = frozenset()) -> Filter:
    """Parse a filter over the allowed property paths.

    A path that holds no text says so behind a colon: `accountEnabled:bool`, `:number`, `:time`, `:list`; one of a few
    words names them: `policyType:builtIn|custom`. `known` are properties, in lower case, that the objects have besides.
    Raises 400 for nonsense and for properties that are not there, 501 for what Graph has and the sandbox lacks.
    """
    reader = _Reader(text, allowed, known)
    test = reader.disjunction()
    if reader.here is not None:
        raise _syntax(text)
    return Filter(test, reader.advanced)


def _syntax(text: str) -> GraphError:
    return bad_request(f"Invalid filter clause: there is a syntax error in '{text}'.")


def tokens(pattern: re.Pattern[str], text: str, problem: GraphError) -> Iterator[re.Match[str]]:
    """Yield the tokens of a text; raise `problem` where none begins."""
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = pattern.match(text, at)
        if match is None:
            raise problem
        at = match.end()
        yield match


class _Reader:
    """Read a filter by recursive descent, one method for each level of binding."""

    def __init__(self, text: str, allowed: frozenset[str], known: frozenset[str]) -> None:
        self._text = text
        self._known = known
        self._allowed: dict[str, tuple[str, str]] = {}
        """Paths in lower case: in their own spelling, and what they hold."""
        for each in allowed:
            path, _, kind = each.partition(":")
            self._allowed[path.lower()] = (path, kind or "text")
        self._tokens = [(str(token.lastgroup), token.group().strip()) for token in tokens(_TOKEN, text, _syntax(text))]
        self._at = 0
        self._variable: str | None = None
        self.advanced = False

    @property
    def here(self) -> tuple[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> tuple[str, str]:
        found = self.here
        if found is None:
            raise _syntax(self._text)
        self._at += 1
        return found

    def _is(self, word: str) -> bool:
        return self.here is not None and self.here[1].lower() == word and self.here[0] in ("word", "sign")

    def _expect(self, sign: str) -> None:
        if self._next()[1] != sign:
            raise _syntax(self._text)

    def disjunction(self) -> Test:
        test = self._conjunction()
        while self._is("or"):
            self._at += 1
            test = either(test, self._conjunction())
        return test

    def _conjunction(self) -> Test:
        test = self._negation()
        while self._is("and"):
            self._at += 1
            test = both(test, self._negation())
        return test

    def _negation(self) -> Test:
        if self._is("not"):
            self._at += 1
            self.advanced = True
            return _opposite(self._negation())
        if self._is("("):
            self._at += 1
            test = self.disjunction()
            self._expect(")")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        kind, word = self._next()
        if kind != "word":
            raise _syntax(self._text)
        if self._is("("):
            return self._function(word)
        path, kind = self._member(word)
        operator = self._next()[1].lower()
        if operator == "in":
            return self._membership(path, kind)
        if operator not in ("eq", "ne", *_ORDERED):
            raise (
                not_modelled(f"the filter operator {operator}") if operator in _KNOWN_ELSEWHERE else _syntax(self._text)
            )
        value = self._literal(kind)
        if operator == "ne":
            self.advanced = True
            return _opposite(_equals(path, value))
        if operator == "eq":
            return _equals(path, value)
        if kind == "text" or "|" in kind:
            raise not_modelled(f"the order of texts in a filter ({operator})")
        return _ordered(path, operator, value)

    def _membership(self, path: tuple[str, ...], kind: str) -> Test:
        self._expect("(")
        tests = [_equals(path, self._literal(kind))]
        while self._is(","):
            self._at += 1
            tests.append(_equals(path, self._literal(kind)))
        self._expect(")")
        return lambda thing: any(test(thing) for test in tests)

    def _function(self, word: str) -> Test:
        name = word.rsplit("/", 1)[-1].lower()
        if name == "any" and "/" in word:
            return self._lambda(word.rsplit("/", 1)[0])
        if name == "isof":
            return self._type_test()
        if name not in ("startswith", "endswith"):
            if name in _KNOWN_ELSEWHERE:
                raise not_modelled(f"the filter function {name}")
            raise _syntax(self._text)
        self._expect("(")
        path, kind = self._member(self._next()[1])
        self._expect(",")
        part = str(self._literal("text" if kind in ("text", "any") else "none")).lower()
        self._expect(")")
        if name == "startswith":
            return lambda thing: str(_member(thing, path) or "").lower().startswith(part)
        self.advanced = True
        return lambda thing: str(_member(thing, path) or "").lower().endswith(part)

    def _type_test(self) -> Test:
        self._expect("(")
        wanted = f"#{self._literal('text')}"
        self._expect(")")
        return lambda thing: thing.get("@odata.type") == wanted

    def _lambda(self, collection: str) -> Test:
        path, kind = self._path(collection)
        if kind != "list":
            raise self._incompatible(f"'{collection}' is no collection")
        self._expect("(")
        if self._is(")"):
            raise not_modelled("any() without a condition")
        variable = self._next()[1]
        self._expect(":")
        outer, self._variable = self._variable, variable
        inner_allowed, self._allowed = self._allowed, {**self._allowed, **self._inside(collection, variable)}
        test = self.disjunction()
        self._variable, self._allowed = outer, inner_allowed
        self._expect(")")
        return lambda thing: any(test({variable: each}) for each in _elements(_member(thing, path)))

    def _inside(self, collection: str, variable: str) -> dict[str, tuple[str, str]]:
        prefix = f"{collection}/".lower()
        members = {path: each for path, each in self._allowed.items() if path.startswith(prefix)}
        inside = {
            f"{variable}/{path[len(prefix) :]}".lower(): (f"{variable}/{each[len(prefix) :]}", kind)
            for path, (each, kind) in members.items()
        }
        return {**inside, variable.lower(): (variable, "any")}

    def _member(self, word: str) -> tuple[tuple[str, ...], str]:
        """Return the path and kind of something with one value: a list, and what is in one, is asked with any()."""
        path, kind = self._path(word)
        lists = {each.lower() for each, its_kind in self._allowed.values() if its_kind == "list"}
        if any("/".join(path[:end]).lower() in lists for end in range(1, len(path) + 1)):
            raise self._incompatible(f"'{word}' is a collection or lies in one, ask with any()")
        return path, kind

    def _incompatible(self, what: str) -> GraphError:
        return bad_request(f"Invalid filter clause: {what} in '{self._text}'.")

    def _literal(self, kind: str) -> Any:
        """Read a value, of a kind that a member of that kind can be compared with."""
        found, value = self._value()
        if "|" in kind:
            if found == "string" and str(value).lower() not in kind.lower().split("|"):
                raise self._incompatible(f"'{value}' is none of {kind.replace('|', ', ')}")
            kind = "text"
        if value is not None and found not in _LITERALS.get(kind, ()):
            raise self._incompatible("a binary operator with incompatible types was detected")
        return value

    def _path(self, word: str) -> tuple[tuple[str, ...], str]:
        if word.lower().endswith("/$count"):
            raise not_modelled("filters over $count")
        word = _CAST.sub("", word)  # members of one type only: objects of another simply lack them
        found = self._allowed.get(word.lower())
        if found is None:
            if word.lower().split("/")[0] in self._known:
                raise not_modelled(f"filters over {word}")
            raise bad_request(
                f"Unsupported or invalid query filter clause specified for property '{word}'.",
                "Request_UnsupportedQuery",
            )
        return tuple(found[0].split("/")), found[1]

    def _value(self) -> tuple[str, Any]:
        """Read a value, with what kind of literal it is."""
        kind, word = self._next()
        match kind:
            case "string":
                return kind, word[1:-1].replace("''", "'")
            case "time" | "guid":
                return kind, word
            case "number":
                return kind, float(word) if "." in word else int(word)
            case "word" if word.lower() in ("true", "false", "null"):
                return "bool", {"true": True, "false": False, "null": None}[word.lower()]
        raise _syntax(self._text)


def _member(thing: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


def _elements(found: Any) -> list[Any]:
    """Return the elements of a list; whatever else a tenant file may hold there has none."""
    return found if isinstance(found, list) else []


def _equals(path: tuple[str, ...], value: Any) -> Test:
    if isinstance(value, str):
        folded = value.lower()

        def same_text(thing: Json) -> bool:
            found = _member(thing, path)
            return isinstance(found, str) and (found.lower() == folded or _same_moment(found, value))

        return same_text
    return lambda thing: _same(_member(thing, path), value)


def _same(found: Any, value: Any) -> bool:
    return bool(found == value) and isinstance(found, bool) == isinstance(value, bool)


def _same_moment(found: str, value: str) -> bool:
    if "T" not in found or "T" not in value:
        return False
    try:
        return seconds_of(found) == seconds_of(value)
    except ValueError:
        return False


def _ordered(path: tuple[str, ...], operator: str, value: Any) -> Test:
    wanted = _comparable(value)
    if wanted is None:
        raise bad_request(f"The operator {operator} needs a date or a number.")

    def holds(thing: Json) -> bool:
        found = _comparable(_member(thing, path))
        if found is None:
            return False
        return {"ge": found >= wanted, "le": found <= wanted, "gt": found > wanted, "lt": found < wanted}[operator]

    return holds


def _comparable(value: Any) -> float | None:
    if isinstance(value, str):
        try:
            return seconds_of(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def both(first: Test, second: Test) -> Test:
    """Return the test that holds where both do."""
    return lambda thing: first(thing) and second(thing)


def either(first: Test, second: Test) -> Test:
    """Return the test that holds where one of them does."""
    return lambda thing: first(thing) or second(thing)


def _opposite(test: Test) -> Test:
    return lambda thing: not test(thing)
