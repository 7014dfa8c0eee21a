"""Read JSON that somebody else wrote: ConvertTo-Json of 5.1 and 7, Graph answers, one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from migrate.errors import BadInput
from migrate.exchange.sheets import Keep, Sheet
from migrate.exchange.words import Value


def read_json(name: str, text: str, keep: Keep) -> Sheet:
    """Return the objects of a JSON text: one object, an array, PowerShell's or Graph's wrapper, or one after another.

    Rows are counted by object from 1, by line where each line is an object. Raises `BadInput` for text that is
    no JSON and for JSON that holds no objects.
    """
    objects = _Objects(name, keep)
    try:
        # Raw: the objects of an array are decoded one at a time, and only what is wanted of each is kept.
        if text.lstrip().startswith("["):
            items = msgspec.json.decode(text, type=list[msgspec.Raw])
        else:
            items = [msgspec.json.decode(text, type=msgspec.Raw)]
    except msgspec.DecodeError:
        return _read_one_after_another(name, text, objects)
    except RecursionError as error:
        raise BadInput(f"{name} is nested too deeply to be an export of users.") from error
    decoded = (_decoded(name, number, item) for number, item in enumerate(items, start=1))
    objects.add(enumerate(_unwrapped(objects, decoded), start=1))
    return objects.sheet("json")


class _Objects:
    """Collects the wanted members of objects."""

    def __init__(self, name: str, keep: Keep) -> None:
        self.name = name
        self.notes: list[str] = []
        self._keep = keep
        self._columns: dict[str, bool] = {}
        """Every name seen, and whether it is kept."""
        self._rows: list[tuple[int, dict[str, Value]]] = []

    def add(self, numbered: Iterable[tuple[int, object]]) -> None:
        for number, item in numbered:
            if not isinstance(item, dict):
                raise BadInput(f"{self.name}, row {number}: {_shown(item)} is no object that describes a user.")
            kept: dict[str, Value] = {}
            for key, value in item.items():
                if key not in self._columns:
                    self._columns[key] = self._keep(key)
                if self._columns[key]:
                    kept[key] = value
            self._rows.append((number, kept))

    def sheet(self, form: str) -> Sheet:
        return Sheet(name=self.name, format=form, columns=tuple(self._columns), rows=self._rows, notes=self.notes)


def _decoded(name: str, number: int, raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except RecursionError as error:
        raise BadInput(f"{name}, row {number} is nested too deeply to describe a user.") from error


def _unwrapped(objects: _Objects, items: Iterable[object]) -> Iterator[object]:
    """Yield the users, also out of {"value": […], "Count": n} and out of an answer of Graph."""
    for item in items:
        names = {key.casefold() for key in item} if isinstance(item, dict) else set()
        inner = item.get("value") if isinstance(item, dict) else None
        if not isinstance(inner, list) or not ("count" in names or any("@odata." in key for key in names)):
            yield item
            continue
        if "@odata.nextlink" in names:
            objects.notes.append("It is one page of a longer answer of Graph: users on the other pages are not in it.")
        yield from inner


def _read_one_after_another(name: str, text: str, objects: _Objects) -> Sheet:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if lines and _is_whole(lines[0][1]):
        objects.add(_parsed_lines(name, lines))
        return objects.sheet("ndjson")
    objects.add(enumerate(_unwrapped(objects, _parsed_stream(name, text)), start=1))
    return objects.sheet("json")


def _is_whole(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _parsed_lines(name: str, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, object]]:
    for number, line in lines:
        try:
            yield number, msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInput(f"{name}, row {number}: this line is no JSON ({error}).") from error


def _parsed_stream(name: str, text: str) -> Iterator[object]:
    """Yield the values of documents that simply follow each other, as `% { ConvertTo-Json $_ }` writes them."""
    decoder = json.JSONDecoder()
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position >= len(text):
            return
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, position) + 1
            raise BadInput(f"{name}: what begins in line {line} is no JSON ({error}).") from error
        yield from value if isinstance(value, list) else [value]


def _shown(value: object) -> str:
    return json.dumps(value)[:60]
