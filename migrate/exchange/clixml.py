"""Read Export-Clixml files as a stream: no DTD, no entities, no depth without end, only the wanted properties kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from migrate.errors import BadInput
from migrate.exchange.encodings import ByteSource
from migrate.exchange.identities import is_identity
from migrate.exchange.nested import flattened
from migrate.exchange.sheets import Keep, Sheet
from migrate.exchange.table_rows import NO_HEADER
from migrate.exchange.words import Gap, Value

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_NAMESPACE = "{http://schemas.microsoft.com/powershell/2004/04}"
_DEEPEST = 200
_MOST_HELD = 10_000
"""Values in an object that another one may refer to."""
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_BAGS = frozenset({"Props", "MS"})
_LISTS = frozenset({"LST", "IE", "QUE", "STK"})
# Where users are: in the file itself, or in one array that was exported as a whole.
_DEPTHS_OF_USERS = frozenset({2, 4})


def read_clixml(name: str, stream: ByteSource, keep: Keep) -> Sheet:
    """Return the objects of a CLIXML document; `stream` is read to its end, never all at once.

    Follows references, reads both property bags (`Props` and `MS`), and takes arrays apart. Rows are counted by
    object from 1. Raises `BadInput` for broken XML, for a DTD or entities, and for other XML.
    """
    columns: dict[str, None] = {}
    rows: list[tuple[int, dict[str, Value]]] = []
    unread: list[tuple[int, str]] = []
    number = 0
    for item in _top_level(name, stream, _Reader(name, keep, columns)):
        for user in item if isinstance(item, list) else [item]:
            number += 1
            if isinstance(user, str) and is_identity(user):
                user = {NO_HEADER: user}
            if not isinstance(user, dict):
                unread.append((number, "it is no object that describes a user."))
                continue
            if (flat := flattened(user)) is not user:
                # What stands in nested objects comes up unfiltered; only what means something is kept.
                user = {key: value for key, value in flat.items() if keep(key)}
            columns.update(dict.fromkeys(user))
            rows.append((number, user))
    if unread and not rows:
        raise BadInput(f"{name}, object {unread[0][0]}: {unread[0][1]}")
    return Sheet(name=name, format="clixml", columns=tuple(columns), rows=rows, unread=unread)


def _top_level(name: str, stream: ByteSource, reader: _Reader) -> Iterator[Value]:
    """Yield the value of each child of the root, and forget its XML."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    depth = 0
    root: Element | None = None
    try:
        for event, element in iterparse(stream, events=("start", "end"), forbid_dtd=True):
            if event == "start":
                depth += 1
                if root is None:
                    root = element
                    if element.tag != f"{_NAMESPACE}Objs":
                        raise BadInput(f"{name} is XML, but not what Export-Clixml writes.")
                if depth > _DEEPEST:
                    raise BadInput(f"{name} is nested too deeply to be an export of users.")
                continue
            depth -= 1
            reader.close(element, depth)
            # An array that was exported as a whole ends with the file: keep no XML of what is in it.
            del element[:]
            if depth == 1 and root is not None:
                yield reader.taken(element)
                root.clear()
    except DefusedXmlException as error:
        raise BadInput(
            f"{name} declares a DTD or entities, which Export-Clixml never does; it was not read."
        ) from error
    except ParseError as error:
        raise BadInput(f"{name} is broken XML ({error}).") from error
    except LookupError as error:
        raise BadInput(f"{name} names an encoding that is not known ({error}).") from error


class _Reader:
    """Turns elements into values when they end; children first, so that nothing is recursive."""

    def __init__(self, name: str, keep: Keep, columns: dict[str, None]) -> None:
        self._name = name
        self._keep = keep
        self._columns = columns
        self._wanted: dict[str, bool] = {}
        self._values: dict[int, Value] = {}
        """Values of ended elements whose parent has not ended yet, by the identity of the element."""
        self._by_reference: dict[str, Value] = {}

    def taken(self, element: Element) -> Value:
        """Return the value of an ended element and forget it."""
        return self._values.pop(id(element), None)

    def close(self, element: Element, depth: int) -> None:
        """Work out the value of an element that has just ended, at `depth` below the root (the root is 0)."""
        tag = element.tag.removeprefix(_NAMESPACE)
        value: Value
        if tag == "Obj":
            value = self._object(element)
            if reference := element.get("RefId"):
                self._by_reference[reference] = value
        elif tag == "Ref":
            reference = element.get("RefId", "")
            if reference not in self._by_reference:
                raise BadInput(f"{self._name}: it refers to object {reference!r}, which does not come before.")
            value = self._by_reference[reference]
            if _holds_many(value):
                raise BadInput(
                    f"{self._name}: it refers again to object {reference!r}, which holds too much to belong to a user."
                )
        elif tag in _BAGS:
            value = self._bag(element, of_user=depth in _DEPTHS_OF_USERS)
        elif tag in _LISTS:
            value = [self.taken(child) for child in element]
        elif tag == "DCT":
            value = self._dictionary(element)
        elif tag == "En":
            value = [self.taken(child) for child in element]
        elif tag == "Nil":
            value = None
        elif tag == "B":
            value = (element.text or "").strip() == "true"
        elif tag in ("TN", "TNRef", "T", "Objs"):
            return
        else:
            value = _unescaped(element.text or "")
        self._values[id(element)] = value

    def _object(self, element: Element) -> Value:
        """Return an object's list, its properties, or else its text (enums and simple values)."""
        properties: dict[str, Value] = {}
        text: Value = None
        content: Value = None
        has_list = has_bag = False
        for child in element:
            tag = child.tag.removeprefix(_NAMESPACE)
            value = self.taken(child)
            if tag in _BAGS and isinstance(value, dict):
                has_bag = True
                properties.update(value)
            elif tag in _LISTS:
                has_list, content = True, value
            elif tag == "DCT" and isinstance(value, dict):
                has_bag = True
                properties.update(value)
            elif tag == "ToString":
                text = value
        if has_list:
            return content
        return properties if has_bag else text

    def _bag(self, element: Element, *, of_user: bool) -> Value:
        bag: dict[str, Value] = {}
        for child in element:
            name = _unescaped(child.get("N", ""))
            value = self.taken(child)
            if of_user:
                self._columns.setdefault(name)
            if self._is_wanted(name):
                _put(bag, name, value)
        return bag

    def _dictionary(self, element: Element) -> Value:
        pairs = [self.taken(entry) for entry in element]
        found: dict[str, Value] = {}
        for pair in pairs:
            if isinstance(pair, list) and len(pair) == 2:
                _put(found, str(pair[0]), pair[1])
        return found

    def _is_wanted(self, name: str) -> bool:
        if name not in self._wanted:
            self._wanted[name] = self._keep(name)
        return self._wanted[name]


def _put(bag: dict[str, Value], name: str, value: Value) -> None:
    """Set a property; one that stands there twice, and not as the same text, is none that is known."""
    bag[name] = Gap.TWICE if name in bag and not (isinstance(value, str) and bag[name] == value) else value


def _holds_many(value: Value) -> bool:
    """Tell whether a value holds more values than belong to one user, those counted again that are referred to again.

    An object that refers to another twice, which refers to a third twice, and so on, is small in the file only.
    """
    left, held = [value], 0
    while left and held <= _MOST_HELD:
        held += 1
        match left.pop():
            case list() as values:
                left += values
            case dict() as values:
                left += values.values()
            case _:
                pass
    return held > _MOST_HELD


def _unescaped(text: str) -> str:
    """Undo `_x000D_` and the like, as PowerShell writes what XML does not take; a pair of surrogates is one sign."""
    if "_x" not in text:
        return text
    units = _ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
