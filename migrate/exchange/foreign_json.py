"""Read JSON that somebody else wrote: ConvertTo-Json of 5.1 and 7, Graph answers, one object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from migrate.errors import BadInput
from migrate.exchange.identities import is_identity
from migrate.exchange.nested import answers_of, flattened
from migrate.exchange.sheets import Keep, Sheet
from migrate.exchange.table_rows import NO_HEADER
from migrate.exchange.words import Gap, Value


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


@dataclass(frozen=True, slots=True)
class _NotRead:
    """Stands for an answer that is about nobody whom one can name."""

    reason: str


class _Objects:
    """Collects the wanted members of objects."""

    def __init__(self, name: str, keep: Keep) -> None:
        self.name = name
        self.notes: list[str] = []
        self.unread: list[tuple[int, str]] = []
        self.is_cut = False
        """The last page of Graph that was seen names a following one."""
        self._keep = keep
        self._columns: dict[str, bool] = {}
        """Every name seen, and whether it is kept."""
        self._rows: list[tuple[int, dict[str, Value]]] = []

    def add(self, numbered: Iterable[tuple[int, object]]) -> None:
        for number, item in numbered:
            if isinstance(item, str) and is_identity(item):
                item = {NO_HEADER: item}
            elif isinstance(item, _NotRead):
                self.unread.append((number, item.reason))
                continue
            if not isinstance(item, dict):
                self.unread.append((number, f"{_shown(item)} is no object that describes a user."))
                continue
            kept: dict[str, Value] = {}
            for key, value in flattened(item).items():
                if key not in self._columns:
                    self._columns[key] = self._keep(key)
                if self._columns[key]:
                    kept[key] = value
            self._rows.append((number, kept))

    def sheet(self, form: str) -> Sheet:
        if self.is_cut:
            self.notes.append("It is one page of a longer answer of Graph: users on the other pages are not in it.")
        if self.unread and not self._rows:
            number, reason = self.unread[0]
            raise BadInput(f"{self.name}, row {number}: {reason}")
        return Sheet(
            name=self.name,
            format=form,
            columns=tuple(self._columns),
            rows=self._rows,
            notes=self.notes,
            unread=self.unread,
        )


def _decoded(name: str, number: int, raw: msgspec.Raw) -> Any:
    try:
        return _with_gaps(bytes(raw).decode(), msgspec.json.decode(raw))
    except RecursionError as error:
        raise BadInput(f"{name}, row {number} is nested too deeply to describe a user.") from error


def _with_gaps(text: str, value: Any) -> Any:
    """Return what a text was decoded to, with gaps for the members that stand in one object twice and disagree.

    Decoders keep the last of them without a word. Whether the text names more members than were kept is seen faster
    than it is decoded so that they show.
    """
    return _DECODER.decode(text) if len(_MEMBER.findall(text)) > _members_of(value) else value


def _members_of(value: Any) -> int:
    """Return how many members all objects in a value have together."""
    left, found = [value], 0
    while left:
        one = left.pop()
        if isinstance(one, dict):
            found += len(one)
            left += one.values()
        elif isinstance(one, list):
            left += one
    return found


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        found.update((name, Gap.TWICE) for name, value in pairs if found[name] != value)
    return found


_MEMBER = re.compile(r'"\s*:')
_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def _unwrapped(objects: _Objects, items: Iterable[object]) -> Iterator[object]:
    """Yield the users, also out of {"value": […], "Count": n}, out of pages of Graph and out of a `$batch`."""
    for item in items:
        if not isinstance(item, dict):
            yield item
            continue
        answers = answers_of(item)
        if answers is not None:
            yield from (_NotRead(answer) if isinstance(answer, str) else answer for answer in answers)
            continue
        inner = item.get("value")
        if not isinstance(inner, list):
            yield item
            continue
        names = {key.casefold() for key in item}
        if not (names == {"value"} or "count" in names or any("@odata." in key for key in names)):
            yield item
            continue
        objects.is_cut = "@odata.nextlink" in names
        yield from inner


def _read_one_after_another(name: str, text: str, objects: _Objects) -> Sheet:
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if lines and _is_whole(lines[0][1]):
        objects.add(
            (number, item) for number, line in _parsed_lines(name, lines) for item in _unwrapped(objects, [line])
        )
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
            yield number, _with_gaps(line, msgspec.json.decode(line))
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInput(f"{name}, row {number}: this line is no JSON ({error}).") from error


def _parsed_stream(name: str, text: str) -> Iterator[object]:
    """Yield the values of documents that simply follow each other, as `% { ConvertTo-Json $_ }` writes them."""
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position >= len(text):
            return
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, position) + 1
            raise BadInput(f"{name}: what begins in line {line} is no JSON ({error}).") from error
        yield from value if isinstance(value, list) else [value]


def _shown(value: object) -> str:
    return json.dumps(value)[:60]
