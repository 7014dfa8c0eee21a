"""Lists of policy results as lines of the log write them, each parsed once: five of the seven kilobytes of most rows.

The same few lists stand in millions of rows. Where a line holds one that an earlier line held, byte for byte, it is
taken out before the line is decoded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from migrate.exchange.sign_in_columns import Numbering
from migrate.model.sign_in_rows import GraphSignIn, results_or_nothing

T = TypeVar("T")

_SHORT = 512
"""Shorter lists are parsed faster than they are taken out."""
_STRIDE = 61
"""Every so many bytes of a list make its key: a hash of all of them would take as long as parsing them."""
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
        self._written: dict[bytes, tuple[bytes, int]] = {}
        self._held = 0

    def number_of(self, written: bytes) -> int:
        """Return the number of what a list says; what is no list of results says nothing."""
        key = written if len(written) < _SHORT else written[::_STRIDE]
        known = self._written.get(key)
        if known is not None and known[0] == written:
            return known[1]
        number = self.results[results_or_nothing(written)]
        if self._held + len(written) > _MOST_BYTES:
            self._written.clear()
            self._held = 0
        self._held += len(written) - (0 if known is None or key not in self._written else len(known[0]))
        self._written[key] = written, number
        return number

    def number_in(self, row: GraphSignIn) -> int:
        """Return the number of the list that a row has."""
        return self.number_of(bytes(row.applied_conditional_access_policies))

    def known(self, line: bytes, begin: int, end: int) -> int | None:
        """Return the number of a long list that stands in a line, and was there before in the same bytes."""
        if end - begin < _SHORT:
            return None
        known = self._written.get(line[begin:end:_STRIDE])
        if known is None or len(known[0]) != end - begin or not line.startswith(known[0], begin):
            return None
        return known[1]


class LineDecoder(Generic[T]):
    """Decodes lines that hold one row each, with the numbers of their lists of results.

    What is taken out of a line is a JSON value that was parsed before, and stands behind a member's name; so the rest
    is damaged if and only if the line is.
    """

    def __init__(
        self, lists: ResultLists, decode: Callable[[bytes], T], row_of: Callable[[T], GraphSignIn] = lambda row: row
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
        """Remember what stands around a long list: up to its end, the name of the next member or what closes the row."""
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
