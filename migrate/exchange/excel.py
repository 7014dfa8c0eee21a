"""Read Excel workbooks: values only, no formulas, no macros, and no archive that unpacks to more than it should."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from migrate.errors import BadInput
from migrate.exchange.columns import Meaning, meanings_of
from migrate.exchange.excel_cells import Cell, CellReader
from migrate.exchange.sheets import Keep, Sheet
from migrate.exchange.tables import original
from migrate.exchange.words import Gap, Value

if TYPE_CHECKING:
    from openpyxl.workbook.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

UNPACKED_LIMIT = 256 << 20
"""Bytes that all parts of a workbook may have once unpacked; 100,000 users with 30 columns have about 150 MB."""
_MOST_PARTS = 2_000


def read_workbook(name: str, stream: BinaryIO, keep: Keep, *, sheet: str | None) -> Sheet:
    """Return the rows of a worksheet; row 1 is the header, dates become ISO text, everything else its text.

    `sheet` names the worksheet; without it, it is the only one whose header names users. `stream` must be
    seekable. Raises `BadInput` for a damaged workbook, a zip bomb, XML entities, and an unclear choice of sheet.
    """
    _refuse_bomb(name, stream)
    from defusedxml.common import DefusedXmlException
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    stream.seek(0)
    try:
        book = load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        try:
            return _rows_of(name, book, _chosen(name, book, sheet), keep)
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
    """Look at the table of contents only. A part that lies about its size is cut there and fails its checksum."""
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


def _chosen(name: str, book: Workbook, wanted: str | None) -> Worksheet:
    worksheets = list(book.worksheets)
    titles = ", ".join(repr(worksheet.title) for worksheet in worksheets)
    if wanted is not None:
        for worksheet in worksheets:
            if worksheet.title.casefold() == wanted.casefold():
                return worksheet
        raise BadInput(f"{name} has no sheet {wanted!r}; it has {titles}.")
    with_users = [worksheet for worksheet in worksheets if _names_users(book, worksheet)]
    if not with_users:
        raise BadInput(f"{name} has no sheet whose first row names a column with users; it has {titles}.")
    if len(with_users) > 1:
        several = ", ".join(repr(worksheet.title) for worksheet in with_users)
        raise BadInput(f"{name} has several sheets with users: {several}.", hint="Say which with --sheet NAME.")
    return with_users[0]


def _names_users(book: Workbook, worksheet: Worksheet) -> bool:
    first: list[Cell] = next((cells for _, cells, _ in CellReader(book, worksheet).rows()), [])
    found = {meaning for cell in first if isinstance(cell, str) for meaning in meanings_of(cell)}
    return bool(found & {Meaning.OBJECT_ID, Meaning.USER_PRINCIPAL_NAME})


def _rows_of(name: str, book: Workbook, worksheet: Worksheet, keep: Keep) -> Sheet:
    columns: list[str] = []
    kept: list[tuple[int, str]] = []
    rows: list[tuple[int, dict[str, Value]]] = []
    reader = CellReader(book, worksheet)
    for number, cells, _ in reader.rows():
        if not columns:
            columns = [cell.strip() if isinstance(cell, str) else "" for cell in cells]
            kept = [(position, column) for position, column in enumerate(columns) if column and keep(column)]
            doubled = [column for _, column in kept if sum(column.casefold() == c.casefold() for c in columns) > 1]
            if doubled:
                raise BadInput(f"{name}, row {number}: the column {doubled[0]!r} stands there twice.")
        elif any(cell is not None for cell in cells):
            # A row ends with its last filled cell, so what lies behind it is empty, not cut off.
            texts = {column: cells[position] if position < len(cells) else None for position, column in kept}
            rows.append(
                (number, {column: original(text) if isinstance(text, str) else text for column, text in texts.items()})
            )
    _mark_merged(reader, dict(rows), kept)
    return Sheet(name=name, format="xlsx", columns=tuple(filter(None, columns)), rows=rows)


def _mark_merged(reader: CellReader, rows: dict[int, dict[str, Value]], kept: list[tuple[int, str]]) -> None:
    """Make gaps of the cells that are merged with another: the value stands in the first cell of an area alone."""
    for numbers, positions in reader.merged():
        for number in sorted(rows.keys() & set(numbers)) if len(numbers) > len(rows) else numbers:
            for position, column in kept:
                is_first = number == numbers[0] and position + 1 == positions[0]
                if position + 1 in positions and not is_first and number in rows:
                    rows[number][column] = Gap.MERGED
