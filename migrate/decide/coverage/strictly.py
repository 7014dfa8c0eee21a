"""Strict reading of Graph JSON: what is not understood becomes a sentence, never a guess and never an exception."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from migrate.decide.coverage.vocabulary import KNOWN_MEMBERS
from migrate.model.evidence import is_control_information
from migrate.model.record import JsonObject

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_guid(text: str) -> bool:
    """Tell whether `text` is an object id, in any case."""
    return _GUID.fullmatch(text.casefold()) is not None


def is_empty(value: object) -> bool:
    """Tell whether a JSON value says nothing: null, or an empty list, object or text."""
    return value is None or value in ([], {}, "")


def says_nothing(value: object) -> bool:
    """Tell whether a JSON value is empty, or holds nothing but empty members."""
    if isinstance(value, dict):
        return all(is_control_information(key) or says_nothing(inner) for key, inner in value.items())
    return is_empty(value)


def shown(value: object) -> str:
    """Return a JSON value for a sentence, cut short."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a policy that is not understood."""

    about: str
    """What it makes uncertain: an axis, `people`, `demand`, or empty when it can only narrow the policy."""
    sentence: str


@dataclass(slots=True)
class Doubts:
    """Collects what is not understood while one policy is read."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, about: str, sentence: str) -> None:
        """Record one thing that is not understood."""
        self.problems.append(Problem(about, sentence))

    def are_about(self, about: str) -> bool:
        """Tell whether something about this is not understood."""
        return any(problem.about == about for problem in self.problems)

    def unknown_members(self, obj: JsonObject, kind: str, path: str, about: str = "") -> None:
        """Record every member of `obj` that is not known and says something; control information is passed over."""
        known = KNOWN_MEMBERS[kind]
        for key, value in obj.items():
            if key not in known and not is_control_information(key) and not is_empty(value):
                self.add(about, f"{path}{'.' if path else ''}{key} is not understood: {shown(value)}")

    def object_at(self, obj: JsonObject, key: str, path: str, about: str) -> JsonObject | None:
        """Return the object under `key`; None when it is absent or empty."""
        value = obj.get(key)
        if is_empty(value):
            return None
        if isinstance(value, dict):
            return value
        self.add(about, f"{path} is no object but {shown(value)}")
        return None

    def texts_at(self, obj: JsonObject, key: str, path: str, about: str) -> tuple[str, ...]:
        """Return the list of texts under `key`; empty when it is absent."""
        value = obj.get(key)
        if is_empty(value):
            return ()
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            return tuple(value)
        self.add(about, f"{path}.{key} is no list of texts but {shown(value)}")
        return ()

    def flags_at(self, obj: JsonObject, key: str, path: str, about: str) -> tuple[str, ...]:
        """Return the values under `key` that Graph writes as one comma-separated text; a list is read the same."""
        value = obj.get(key)
        if is_empty(value):
            return ()
        parts = value.split(",") if isinstance(value, str) else value
        if isinstance(parts, list) and all(isinstance(part, str) and part.strip() for part in parts):
            return tuple(part.strip() for part in parts)
        self.add(about, f"{path}.{key} is no text of comma-separated values but {shown(value)}")
        return ()

    def choices(self, values: tuple[str, ...], known: Mapping[str, Any], path: str, about: str) -> frozenset[str]:
        """Return the values in the spelling of `known` (by their lower case); record those that are not in it."""
        for value in values:
            if value.casefold() not in known:
                self.add(about, f"{path} has the value {value!r}, which is not understood")
        return frozenset(known[value.casefold()] for value in values if value.casefold() in known)


def spelled(names: tuple[str, ...]) -> dict[str, str]:
    """Return the names by their lower case: Graph compares enum values without regard to case."""
    return {name.casefold(): name for name in names}
