"""Lists of policy results as lines of the log write them, each parsed once: five of the seven kilobytes of most rows.

The same few lists stand in millions of rows. Where a line holds one that an earlier line held, byte for byte, it is
taken out before the line is decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from migrate.exchange.sign_in_columns import Numbering
from migrate.model.sign_in_rows import GraphSignIn, results_or_nothing

T = TypeVar("T")

_SHORT = 512
"""Shorter lists are parsed faster than they are taken out."""
_STRIDE = 31
_MOST_ALIKE = 16
"""Lists with the same key, which differ in words of the same length: so many are held against a line."""
_MOST_BYTES = 12 << 20
_MEMBER = b'"appliedConditionalAccessPolicies":'
_TAKEN = msgspec.Raw(b'"read before"')
_BACKSLASH = 92
_NOTHING = b""


class ResultLists:
    """Numbers lists of results by what they say; forgets how they are written rather than grow without end."""

    def __init__(self) -> None:
        self.results = Numbering(lambda results: results)
        """Each with its number; `values_made` has them by number."""
        self._written: dict[bytes, list[tuple[bytes, int]]] = {}
        self._held = 0

    def number_of(self, written: bytes) -> int:
        """Return the number of what a list says; what is no list of results says nothing."""
        # A hash of all bytes of a long list would take as long as parsing them.
        key = written if len(written) < _SHORT else written[::_STRIDE]
        for known, number in self._written.get(key, ()):
            if known == written:
                return number
        number = self.results[results_or_nothing(written)]
        if self._held + len(written) > _MOST_BYTES:
            self._written.clear()
            self._held = 0
        self._held += len(written)
        alike = self._written.setdefault(key, [])
        alike.append((written, number))
        if len(alike) > _MOST_ALIKE:
            self._held -= len(alike.pop(0)[0])
        return number

    def number_in(self, row: GraphSignIn) -> int:
        """Return the number of the list that a row has."""
        return self.number_of(bytes(row.applied_conditional_access_policies))

    def known(self, line: bytes, begin: int, end: int) -> int | None:
        """Return the number of a long list that stands in a line, and was there before in the same bytes."""
        length = end - begin
        if length < _SHORT:
            return None
        for known, number in self._written.get(line[begin:end:_STRIDE], ()):
            if len(known) == length and line.startswith(known, begin):
                return number
        return None


def _itself(row: GraphSignIn) -> GraphSignIn:
    return row


class LineDecoder(Generic[T]):
    """Decodes lines that hold one row each, with the numbers of their lists of results.

    What is taken out of a line is a JSON value that was parsed before, and stands behind a member's name; so the rest
    is damaged if and only if the line is.
    """

    def __init__(
        self, lists: ResultLists, decode: Callable[[bytes], T], row_of: Callable[[Any], GraphSignIn] = _itself
    ) -> None:
        """Begin without any idea where in a line the list ends.

        Args:
            lists: The lists.
            decode: Decodes a line.
            row_of: Returns the row in what was decoded.
        """
        self._lists, self._decode, self._row_of = lists, decode, row_of
        self._member, self._follows, self._earliest = _MEMBER, b"", 0
        """The list begins behind the one; the other one came behind it in the last line of which all was decoded."""

    def decode(self, line: bytes) -> tuple[T, int]:
        """Return what a line holds, and the number of its list of results.

        Raises:
            msgspec.DecodeError: It is damaged, or not what the decoder wants.
            UnicodeDecodeError, RecursionError: The same.
        """
        place = line.find(self._member, self._earliest)
        begin, end = place + len(self._member), line.rfind(self._follows)
        # A quotation mark that stands behind a backslash is part of a text, not the beginning of a name.
        if place > 0 and line[place - 1] != _BACKSLASH:
            number = self._lists.known(line, begin, end)
            if number is not None:
                try:
                    found = self._decode(_NOTHING.join((line[:begin], _TAKEN, line[end:])))
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    pass  # decoding the whole line says where it is damaged
                else:
                    # Another object in the row may have a member of that name.
                    if self._row_of(found).applied_conditional_access_policies == _TAKEN:
                        return found, number
        found = self._decode(line)
        row = self._row_of(found)
        self._learn(line, bytes(row.applied_conditional_access_policies))
        return found, self._lists.number_in(row)

    def _learn(self, line: bytes, written: bytes) -> None:
        """Remember what stands around a long list: behind it the name of the next member, or what closes the row."""
        place = line.find(_MEMBER)
        begin = place + len(_MEMBER)
        self._member = _MEMBER + b" " if line[begin : begin + 1] == b" " else _MEMBER
        begin += len(self._member) - len(_MEMBER)
        if len(written) < _SHORT or not line.startswith(written, begin):
            return
        self._earliest = min(place, self._earliest or place)
        rest = line[begin + len(written) :]
        closed = rest.find(b'"', rest.find(b'"') + 1)
        self._follows = rest[: closed + 1] if closed > 0 else rest
