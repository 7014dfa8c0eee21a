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
_KNOWN_ELSEWHERE = {"contains", "has", "substringof", "tolower", "toupper", "length", "all"}


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter: the test, and whether the directory counts it as an advanced query."""

    test: Test
    advanced: bool


def parse_filter(text: str, allowed: frozenset[str]) -> Filter:
    """Parse a filter over the allowed property paths.

    Raises 400 for nonsense and for properties that cannot be filtered, 501 for what Graph has and the sandbox lacks.
    """
    reader = _Reader(text, allowed)
    test = reader.disjunction()
    if reader.here is not None:
        raise _syntax(text)
    return Filter(test, reader.advanced)


def _syntax(text: str) -> GraphError:
    return bad_request(f"Invalid filter clause: there is a syntax error in '{text}'.")


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _syntax(text)
        at = match.end()
        yield str(match.lastgroup), match.group().strip()


class _Reader:
    """Read a filter by recursive descent, one method for each level of binding."""

    def __init__(self, text: str, allowed: frozenset[str]) -> None:
        self._text = text
        self._allowed = {each.lower(): each for each in allowed}
        self._tokens = list(_tokens(text))
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
        path = self._path(word)
        operator = self._next()[1].lower()
        if operator == "in":
            return self._membership(path)
        if operator not in ("eq", "ne", *_ORDERED):
            raise (
                not_modelled(f"the filter operator {operator}") if operator in _KNOWN_ELSEWHERE else _syntax(self._text)
            )
        value = self._value()
        if operator == "ne":
            self.advanced = True
            return _opposite(_equals(path, value))
        if operator == "eq":
            return _equals(path, value)
        return _ordered(path, operator, value)

    def _membership(self, path: tuple[str, ...]) -> Test:
        self._expect("(")
        tests = [_equals(path, self._value())]
        while self._is(","):
            self._at += 1
            tests.append(_equals(path, self._value()))
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
        path = self._path(self._next()[1])
        self._expect(",")
        part = str(self._value()).lower()
        self._expect(")")
        if name == "startswith":
            return lambda thing: str(_member(thing, path) or "").lower().startswith(part)
        self.advanced = True
        return lambda thing: str(_member(thing, path) or "").lower().endswith(part)

    def _type_test(self) -> Test:
        self._expect("(")
        wanted = f"#{self._value()}"
        self._expect(")")
        return lambda thing: thing.get("@odata.type") == wanted

    def _lambda(self, collection: str) -> Test:
        path = self._path(collection)
        self._expect("(")
        variable = self._next()[1]
        self._expect(":")
        outer, self._variable = self._variable, variable
        inner_allowed, self._allowed = self._allowed, {**self._allowed, **self._inside(collection, variable)}
        test = self.disjunction()
        self._variable, self._allowed = outer, inner_allowed
        self._expect(")")
        return lambda thing: any(test({variable: each}) for each in _member(thing, path) or ())

    def _inside(self, collection: str, variable: str) -> dict[str, str]:
        prefix = f"{collection}/".lower()
        members = {path: each for path, each in self._allowed.items() if path.startswith(prefix)}
        inside = {
            f"{variable}/{path[len(prefix) :]}".lower(): f"{variable}/{each[len(prefix) :]}"
            for path, each in members.items()
        }
        return {**inside, variable.lower(): variable}

    def _path(self, word: str) -> tuple[str, ...]:
        if word.lower().endswith("/$count"):
            raise not_modelled("filters over $count")
        word = _CAST.sub("", word)  # members of one type only: objects of another simply lack them
        found = self._allowed.get(word.lower())
        if found is None:
            raise bad_request(
                f"Unsupported or invalid query filter clause specified for property '{word}'.",
                "Request_UnsupportedQuery",
            )
        return tuple(found.split("/"))

    def _value(self) -> Any:
        kind, word = self._next()
        match kind:
            case "string":
                return word[1:-1].replace("''", "'")
            case "time" | "guid":
                return word
            case "number":
                return float(word) if "." in word else int(word)
            case "word" if word.lower() in ("true", "false", "null"):
                return {"true": True, "false": False, "null": None}[word.lower()]
        raise _syntax(self._text)


def _member(thing: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        thing = thing.get(name) if isinstance(thing, dict) else None
    return thing


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
