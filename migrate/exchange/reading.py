"""Read any export of users that people have, from a file or stdin: sniff what it is, and refuse what it cannot be."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

from migrate.errors import BadInput
from migrate.exchange.claims import claims_of
from migrate.exchange.columns import is_worth_keeping
from migrate.exchange.encodings import (
    CHUNK_BYTES,
    ByteSource,
    checked_encoding,
    encoding_of,
    lines_at_any_end,
    text_pieces,
)
from migrate.exchange.foreign_csv import read_table, refuse_printed
from migrate.exchange.sheets import Keep, Sheet
from migrate.exchange.tables import name_of, opened
from migrate.model.claims import ClaimFile

INPUT_LIMIT = 1 << 30
"""Bytes that are read of one input at most."""
WHOLE_LIMIT = 256 << 20
"""The same for JSON and workbooks, which have to be held as a whole."""

_HEAD_BYTES = 4096
_PRINTED_LINES = 12
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the operator said about a file; nothing of it is needed for most."""

    encoding: str | None = None
    """The code page of a file without a byte order mark; None: UTF-8 or UTF-16, by looking."""
    state_column: str | None = None
    """The column that holds the per-user MFA state, where that is not clear."""
    sheet: str | None = None
    """The worksheet of a workbook."""
    trust_disabled: bool = False
    """Believe a file in which nobody is anything but Disabled."""
    visible_only: bool = False
    """Leave the hidden rows of a workbook out, as somebody who filtered it sees it."""


NOTHING_ASKED = Asked()


def read_claims(source: Path | BinaryIO, asked: Asked = NOTHING_ASKED) -> ClaimFile:
    """Return what a file says about users: CSV, JSON, NDJSON, CLIXML or an Excel workbook.

    A stream is read to its end and not closed. Raises `BadInput`, naming file, row, column and value, for a file
    that cannot be read or names nobody. Trouble with the states alone is no error here, because a list of users
    is useful without them: it stands in the result, and `with_states` raises it.
    """
    name = name_of(source)

    def keep(column: str) -> bool:
        return is_worth_keeping(column, asked.state_column)

    with opened(source) as stream:
        sheet = _sheet_of(name, _Rewound(stream, name), keep, asked)
    return claims_of(sheet, state_column=asked.state_column, trust_disabled=asked.trust_disabled)


def with_states(file: ClaimFile) -> ClaimFile:
    """Return `file` when its states can be used, or when it does not pretend to have any; raise `BadInput` else."""
    if file.no_state_because is None:
        return file
    what, _, hint = file.no_state_because.partition("\n")
    raise BadInput(what, hint=hint)


class _Rewound:
    """A stream whose head was looked at and is read again, and that ends with an error when it is too long."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream = stream
        self._name = name
        self.head = stream.read(_HEAD_BYTES)
        self._rest_of_head = self.head
        self._left = INPUT_LIMIT

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes, 64 KiB where none is given."""
        if self._rest_of_head:
            taken = self._rest_of_head if size < 0 else self._rest_of_head[:size]
            self._rest_of_head = self._rest_of_head[len(taken) :]
        else:
            taken = self._stream.read(CHUNK_BYTES if size < 0 else size)
        self._left -= len(taken)
        if self._left < 0:
            raise BadInput(f"{self._name} is larger than {INPUT_LIMIT >> 20} MiB.")
        return taken


def _sheet_of(name: str, stream: _Rewound, keep: Keep, asked: Asked) -> Sheet:
    if asked.visible_only and not stream.head.startswith(_ZIP):
        raise BadInput(f"{name} is no Excel workbook, so none of its rows is hidden.", hint="Leave --visible-only out.")
    if stream.head.startswith(_OLD_EXCEL):
        raise BadInput(
            f"{name} is a workbook of old Excel (.xls), or an encrypted one.", hint="Save it as .xlsx or CSV UTF-8."
        )
    if stream.head.startswith(_ZIP):
        from migrate.exchange.excel import read_workbook

        book = io.BytesIO(_whole(name, stream))
        return read_workbook(name, book, keep, sheet=asked.sheet, visible_only=asked.visible_only)
    if asked.sheet is not None:
        raise BadInput(f"{name} is no Excel workbook, so it has no sheet {asked.sheet!r}.")
    codec = checked_encoding(asked.encoding) if asked.encoding else encoding_of(stream.head)
    begin = stream.head.decode(codec, errors="replace").lstrip("\ufeff \t\r\n")
    _refuse_pages(name, begin)
    if begin.startswith("<"):
        from migrate.exchange.clixml import read_clixml

        return read_clixml(name, _xml(stream, name, codec), keep)
    if begin.startswith(("{", "[")):
        from migrate.exchange.foreign_json import read_json

        return read_json(name, _whole_text(name, stream, asked.encoding), keep)
    lines = lines_at_any_end(stream, name=name, encoding=asked.encoding)
    first = list(islice(lines, _PRINTED_LINES))
    refuse_printed(name, first)
    return read_table(name, chain(first, lines), keep)


def _refuse_pages(name: str, begin: str) -> None:
    """Raise `BadInput` for what a browser shows or another Excel wrote, whatever the file's name ends with."""
    lowered = begin[:_HEAD_BYTES].casefold()
    if lowered.startswith("mime-version:") or re.match(r"<(!doctype\s+html|html|head|body|table|meta)\b", lowered):
        raise BadInput(
            f"{name} is an HTML page, whatever its name ends with; portals and scripts call such a page .xls.",
            hint="Open it in Excel and save it as .xlsx or CSV UTF-8.",
        )
    if "urn:schemas-microsoft-com:office:spreadsheet" in lowered:
        raise BadInput(
            f"{name} is an XML spreadsheet of Excel 2003.", hint="Open it in Excel and save it as .xlsx or CSV UTF-8."
        )


def _whole(name: str, stream: _Rewound) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(CHUNK_BYTES):
        size += len(piece)
        if size > WHOLE_LIMIT:
            raise BadInput(
                f"{name} is larger than {WHOLE_LIMIT >> 20} MiB.", hint="As CSV or CLIXML, larger files are read."
            )
        pieces.append(piece)
    return b"".join(pieces)


def _whole_text(name: str, stream: _Rewound, encoding: str | None) -> str:
    pieces: list[str] = []
    size = 0
    for piece in text_pieces(stream, name=name, encoding=encoding):
        size += len(piece)
        if size > WHOLE_LIMIT:
            raise BadInput(
                f"{name} is larger than {WHOLE_LIMIT >> 20} MiB.", hint="As CSV or CLIXML, larger files are read."
            )
        pieces.append(piece)
    return "".join(pieces)


class _Recoded:
    """The bytes of a text in UTF-8, for the XML reader, which knows few encodings."""

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces

    def read(self, size: int = -1, /) -> bytes:
        """Return the next piece of the text."""
        del size  # the reader asks for 64 KiB, and more than it asked for does no harm
        return next(self._pieces, "").encode()


def _xml(stream: _Rewound, name: str, codec: str) -> ByteSource:
    """Return a stream that the XML reader understands: UTF-8 and marked UTF-16 it does itself."""
    if codec in ("utf-8", "utf-8-sig", "utf-16"):
        return stream
    return _Recoded(text_pieces(stream, name=name, encoding=codec))
