"""Read Excel workbooks: values only, no formulas, no macros, and no archive that unpacks to more than it should."""

from __future__ import annotations

import re
import zipfile
import zlib
from bisect import bisect_left
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, BinaryIO

from migrate.errors import BadInput
from migrate.exchange.encodings import CHUNK_BYTES
from migrate.exchange.excel_cells import CellReader, Row
from migrate.exchange.identities import is_identity
from migrate.exchange.sheets import Keep, Sheet
from migrate.exchange.table_rows import HEADER_WITHIN, TableRows, header_among
from migrate.exchange.words import Gap, Value
from migrate.model.words import counted

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

UNPACKED_LIMIT = 256 << 20
"""Bytes that all parts of a workbook may have once unpacked; 100,000 users with 30 columns have about 150 MB."""
_MOST_PARTS = 2_000
_MOST_TAGS = 500_000
"""Tags in the parts that are read as a whole. Excel's own limit of 65,490 cell formats needs some 330,000, and
each becomes an object of several hundred bytes."""
_READ_WHOLE = re.compile(
    r"\[Content_Types\]\.xml|.*\.rels|docProps/[^/]+\.xml|xl/(?!sharedStrings|calcChain|comments)[^/]+\.xml",
    re.IGNORECASE,
)


def read_workbook(name: str, stream: BinaryIO, keep: Keep, *, sheet: str | None, visible_only: bool = False) -> Sheet:
    """Return the rows of a worksheet; dates become ISO text, everything else its text.

    `sheet` names the worksheet; without it, it is the only one whose header names users. `visible_only` leaves hidden
    rows out, as somebody who filtered the sheet sees it. `stream` must be seekable. Raises `BadInput` for a damaged
    workbook, a zip bomb, XML entities, and an unclear choice of sheet.
    """
    _refuse_bomb(name, stream)
    from defusedxml.common import DefusedXmlException
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    stream.seek(0)
    try:
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        try:
            return _rows_of(name, book, _chosen(name, book, sheet), keep, visible_only=visible_only)
        finally:
            book.close()
    except DefusedXmlException as error:
        raise BadInput(f"{name} declares a DTD or entities, which Excel never does; it was not read.") from error
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        zlib.error,
        SyntaxError,  # ParseError of the XML reader
        ArithmeticError,
        AssertionError,
        AttributeError,
        EOFError,
        LookupError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        # openpyxl has no error of its own for a part that is missing or makes no sense; a test damages workbooks.
        raise BadInput(f"{name} is no workbook that can be read ({error}).") from error


def _refuse_bomb(name: str, stream: BinaryIO) -> None:
    """Look at the table of contents, and count tags in what is read as a whole; raise `BadInput` for too much.

    A part that lies about its size is cut there and fails its checksum.
    """
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise BadInput(f"{name} is no workbook that can be read ({error}).") from error
    if any(part.flag_bits & 1 for part in parts):
        raise BadInput(f"{name} is encrypted.", hint="Save it without a password.")
    unpacked = sum(part.file_size for part in parts)
    if unpacked > UNPACKED_LIMIT or len(parts) > _MOST_PARTS:
        raise BadInput(
            f"{name} would unpack to {unpacked >> 20} MiB in {len(parts)} parts, and {UNPACKED_LIMIT >> 20} MiB is "
            "the limit; it was not opened.",
            hint="Save the sheet as CSV UTF-8; tables of any size are read.",
        )
    if _tags_in(stream, [part.filename for part in parts if _READ_WHOLE.fullmatch(part.filename)]) > _MOST_TAGS:
        raise BadInput(
            f"{name} has more than {_MOST_TAGS:,} formats, names or sheets; it was not opened.",
            hint="Save the sheet as CSV UTF-8; tables of any size are read.",
        )


def _tags_in(stream: BinaryIO, names: list[str]) -> int:
    """Return how many tags these parts hold, or a number beyond the limit; damaged parts count as far as read."""
    tags = 0
    with zipfile.ZipFile(stream) as archive:
        for name in names:
            # What is damaged is refused with the reason when it is opened in earnest.
            with (
                suppress(zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError),
                archive.open(name) as part,
            ):
                while tags <= _MOST_TAGS and (chunk := part.read(CHUNK_BYTES)):
                    tags += chunk.count(b"<")
    return tags


def _chosen(name: str, book: Workbook, wanted: str | None) -> Worksheet:
    worksheets = list(book.worksheets)
    titles = ", ".join(repr(worksheet.title) for worksheet in worksheets)
    if wanted is not None:
        for worksheet in worksheets:
            if worksheet.title.casefold() == wanted.casefold():
                return worksheet
        raise BadInput(f"{name} has no sheet {wanted!r}; it has {titles}.")
    with_users = [worksheet for worksheet in worksheets if _names_users(book, worksheet)]
    if not with_users and len(worksheets) == 1:
        return worksheets[0]
    if not with_users:
        raise BadInput(f"{name} has no sheet whose first row names a column with users; it has {titles}.")
    if len(with_users) > 1:
        several = ", ".join(repr(worksheet.title) for worksheet in with_users)
        raise BadInput(f"{name} has several sheets with users: {several}.", hint="Say which with --sheet NAME.")
    return with_users[0]


def _names_users(book: Workbook, worksheet: Worksheet) -> bool:
    first = [row.cells for row in islice(CellReader(book, worksheet).rows(), HEADER_WITHIN)]
    return header_among(first) is not None


def _rows_of(name: str, book: Workbook, worksheet: Worksheet, keep: Keep, *, visible_only: bool) -> Sheet:
    reader = CellReader(book, worksheet)
    rows = reader.rows()
    head = list(islice(rows, HEADER_WITHIN))
    table = TableRows(name, "xlsx", keep)
    place = _header_of(name, table, head)
    hidden = 0
    for row in chain(head[place:], rows):
        if row.is_hidden and visible_only:
            hidden += 1
        elif table.add(row.number, row.cells):
            hidden += row.is_hidden
    heading = head[place - 1].number if place else 0
    _mark_merged(reader, dict(table.rows), table.kept, heading)
    if hidden:
        table.notes.append(
            f"{name}: {counted(hidden, 'hidden row')} of {worksheet.title!r} "
            + ("left out (--visible-only)." if visible_only else "read as well; --visible-only leaves hidden rows out.")
        )
    return table.sheet()


def _header_of(name: str, table: TableRows, head: list[Row]) -> int:
    """Begin the table with its header, and return the place of the first row below it."""
    place = header_among([row.cells for row in head])
    if place is not None:
        table.begin(head[place].number, head[place].cells)
        titles = [(row.number, row.cells) for row in head[:place] if any(row.cells)]
        table.put_above(titles, head[place].number)
        return place + 1
    filled = [cell for row in head[:1] for cell in row.cells if isinstance(cell, str) and cell.strip()]
    if len(filled) == 1 and is_identity(filled[0]) and head[0].cells[0] == filled[0]:
        table.begin_without_header()
        return 0
    if any(map(is_identity, filled)):
        raise BadInput(
            f"{name} has no header: row {head[0].number} names a user already, and what its other cells are cannot be "
            "known.",
            hint="Put a row above it that names the columns, such as UserPrincipalName and PerUserMfaState.",
        )
    if head:
        table.begin(head[0].number, head[0].cells)
    return 1


def _mark_merged(
    reader: CellReader, rows: dict[int, dict[str, Value]], kept: list[tuple[int, str]], heading: int
) -> None:
    """Make gaps of the cells that are merged with another: the value stands in the first cell of an area alone.

    So is every cell below a heading that is merged over several columns, as `State` over `before` and `after`.
    """
    runs: dict[str, list[tuple[int, int]]] = {column: [] for _, column in kept}
    for numbers, positions in reader.merged():
        for position, column in kept:
            if position + 1 in positions and heading in numbers and len(positions) > 1:
                for row in rows.values():
                    row[column] = Gap.HEADING
            elif position + 1 in positions:
                begin = numbers.start + 1 if position + 1 == positions.start else numbers.start
                runs[column].append((begin, numbers.stop))
    numbered = sorted(rows)
    for column, areas in runs.items():
        done = 0
        # Areas do not overlap in a workbook that Excel wrote; in others no row is looked at twice all the same.
        for begin, stop in sorted(areas):
            first = bisect_left(numbered, max(begin, done))
            for number in numbered[first : bisect_left(numbered, stop)]:
                rows[number][column] = Gap.MERGED
            done = max(done, stop)
