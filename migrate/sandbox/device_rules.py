"""Filters for devices: the rules that policies hold, read and judged with what is known of a device.

The operators and what they mean for an unregistered device are those of concept-condition-filters-for-devices
(entra-docs): all its properties are null, so that positive operators never match and negative ones always do.
"""

import re
from collections.abc import Callable
from typing import Any

from migrate.sandbox.messages import Json

_TOKEN = re.compile(r'\s*(\(|\)|\[|\]|,|"(?:[^"\\]|\\.)*"|-?[A-Za-z][\w.]*)')
_NEGATIVE = {
    "-ne": "-eq",
    "-notstartswith": "-startswith",
    "-notendswith": "-endswith",
    "-notcontains": "-contains",
    "-notin": "-in",
}
_POSITIVE: dict[str, Callable[[Any, Any], bool]] = {
    "-eq": lambda value, wanted: _text(value) == wanted,
    "-startswith": lambda value, wanted: _text(value).startswith(wanted),
    "-endswith": lambda value, wanted: _text(value).endswith(wanted),
    "-contains": lambda value, wanted: wanted in (map(_text, value) if isinstance(value, list) else _text(value)),
    "-in": lambda value, wanted: _text(value) in wanted,
}
_DEEPEST = 40
Known = bool | None


def rule_matches(rule: str, device: Json) -> Known:
    """Tell whether a rule matches a device; None where it cannot be read or rests on what is not known of the device.

    An empty device is one that is not registered. Attributes of others are known where they are named.
    """
    tokens = _tokens(rule)
    if tokens is None:
        return None
    reader = _Rule(tokens, {name.lower(): value for name, value in device.items()})
    try:
        found = reader.either(0)
    except (ValueError, IndexError):
        return None
    return found if reader.at == len(tokens) else None


def _tokens(rule: str) -> list[str] | None:
    found, at = [], 0
    while at < len(rule.rstrip()):
        match = _TOKEN.match(rule, at)
        if match is None:
            return None
        found.append(match[1])
        at = match.end()
    return found


class _Rule:
    """Reads a rule from left to right: or, and, not, brackets, comparisons."""

    def __init__(self, tokens: list[str], device: Json) -> None:
        self._tokens, self._device = tokens, device
        self.at = 0

    def either(self, depth: int) -> Known:
        found = self._both(depth)
        while self._took("or"):
            found = _or(found, self._both(depth))
        return found

    def _both(self, depth: int) -> Known:
        found = self._single(depth)
        while self._took("and"):
            found = _and(found, self._single(depth))
        return found

    def _single(self, depth: int) -> Known:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        if self._took("not"):
            inner = self._single(depth + 1)
            return None if inner is None else not inner
        if self._took("("):
            found = self.either(depth + 1)
            self._demand(")")
            return found
        return self._compared()

    def _compared(self) -> Known:
        name = self._next().lower()
        if not name.startswith("device."):
            raise ValueError(name)
        operator = "-" + self._next().lower().removeprefix("-")
        positive = _NEGATIVE.get(operator, operator)
        if positive not in _POSITIVE:
            raise ValueError(operator)
        wanted = self._several() if positive == "-in" else self._value()
        held = self._held(name.removeprefix("device."))
        if held is _UNKNOWN:
            return None
        found = held is not None and _POSITIVE[positive](held, wanted)
        return found if operator == positive else not found

    def _held(self, name: str) -> Any:
        """Return the value of an attribute: null for devices that have none, _UNKNOWN where it was not said."""
        if not self._device:
            return None
        managed = self._device.get("iscompliant") is True or self._device.get("trusttype") == "ServerAD"
        if name.startswith("extensionattribute") and not managed:
            return None
        return self._device.get(name, _UNKNOWN)

    def _several(self) -> list[str]:
        self._demand("[")
        found = [self._value()]
        while self._took(","):
            found.append(self._value())
        self._demand("]")
        return found

    def _value(self) -> str:
        token = self._next()
        if token in ("(", ")", "[", "]", ","):
            raise ValueError(token)
        return _text(token[1:-1] if token.startswith('"') else token)

    def _next(self) -> str:
        token = self._tokens[self.at]
        self.at += 1
        return token

    def _took(self, word: str) -> bool:
        if self.at < len(self._tokens) and self._tokens[self.at].lower() in (word, f"-{word}"):
            self.at += 1
            return True
        return False

    def _demand(self, word: str) -> None:
        if not self._took(word):
            raise ValueError(word)


_UNKNOWN = object()


def _text(value: Any) -> str:
    return str(value).lower()


def _and(one: Known, other: Known) -> Known:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _or(one: Known, other: Known) -> Known:
    if one or other:
        return True
    return None if one is None or other is None else False
