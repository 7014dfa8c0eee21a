"""The sections of a tenant file, each taken once by whoever reads it."""

import re
from collections.abc import Iterator
from typing import Any

from migrate.sandbox.messages import Json


class TenantFileError(ValueError):
    """A tenant file that cannot be served, with one sentence on what is wrong."""


class Sections:
    """The file's sections by path in lower case; each is taken once, what is left is served as it stands."""

    def __init__(self, document: Json) -> None:
        self._left: dict[str, tuple[str, Any]] = {}
        for name, value in document.items():
            self._left[name.strip("/").lower()] = (name, value)

    def objects(self, path: str) -> list[Json]:
        """Take a collection: a list of objects, or an answer that holds one under `value`."""
        name, value = self._left.pop(path.lower(), (path, []))
        return objects_in(name, value)

    def peek(self, path: str) -> list[Json]:
        """Look at a collection without taking it."""
        name, value = self._left.get(path.lower(), (path, []))
        return objects_in(name, value)

    def object(self, path: str) -> Json:
        """Take a single object; a list of one is accepted too."""
        name, value = self._left.pop(path.lower(), (path, {}))
        if isinstance(value, dict) and isinstance(value.get("value"), list):
            value = value["value"]
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, dict):
            raise TenantFileError(f"{name!r} must be one JSON object.")
        return value

    def text(self, path: str, default: str) -> str:
        """Take a string."""
        name, value = self._left.pop(path.lower(), (path, default))
        if not isinstance(value, str) or not value:
            raise TenantFileError(f"{name!r} must be a string.")
        return value

    def number(self, path: str) -> float:
        """Take a number; 0 when absent."""
        name, value = self._left.pop(path.lower(), (path, 0))
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TenantFileError(f"{name!r} must be a number.")
        return float(value)

    def has(self, path: str) -> bool:
        """Tell whether a section is there."""
        return path.lower() in self._left

    def matching(self, pattern: re.Pattern[str]) -> Iterator[tuple[str, re.Match[str], Any]]:
        """Take every section whose path matches."""
        for key in list(self._left):
            if match := pattern.match(self._left[key][0].strip("/")):
                name, value = self._left.pop(key)
                yield name, match, value

    def rest(self) -> dict[str, Any]:
        """Return what nobody took."""
        for name, _ in self._left.values():
            if name.startswith("_"):
                raise TenantFileError(f"{name!r} is no member of a tenant file.")
        return {key: value for key, (_, value) in self._left.items()}


def objects_in(name: str, value: Any) -> list[Json]:
    """Return the objects of a collection: a list of them, or an answer that holds one under `value`."""
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        value = value["value"]
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise TenantFileError(f"{name!r} must be a list of JSON objects.")
    return value
