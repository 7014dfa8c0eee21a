"""Write and read our own CSV documents as streams, so that every cell survives the round trip.

Cells that a spreadsheet would run as a formula get a leading apostrophe when written and lose exactly that one
when read. Tables of other people are read by `exchange/foreign_csv.py`; this reader is strict on purpose.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal

from migrate.errors import BadInput
from migrate.exchange.encodings import text_lines
from migrate.model.words import counted
from migrate.named_files import empty, reading_named

if TYPE_CHECKING:
    from _csv import Reader

CHUNK_CHARACTERS = 1 << 16
CELL_LIMIT = 131_072
"""Longest cell in characters: what Python's csv module reads by default. Longer ones are refused when written."""
DELIMITERS = (",", ";", "\t", "|")

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a CSV document is written."""

    delimiter: str = ","
    """One of `,` `;` tab `|`."""
    encoding: Literal["utf-8", "utf-8-sig", "utf-16"] = "utf-8"
    """`utf-16` is little-endian with a byte order mark, as Windows PowerShell writes it."""
    crlf: bool = False
    """End rows with CR LF instead of LF."""

    def __post_init__(self) -> None:
        """Refuse a delimiter that no reader would recognise."""
        if self.delimiter not in DELIMITERS:
            raise BadInput(
                f"{self.delimiter!r} cannot separate columns.", hint="Use a comma, a semicolon, a tab or a bar."
            )


PLAIN = Dialect()
"""Comma, UTF-8 without a mark, LF."""


def neutralised(text: str) -> str:
    """Return `text` with a leading `'` when a spreadsheet would take it for a formula, or for such a cell of ours."""
    return "'" + text if _FORMULA.match(text) else text


def original(text: str) -> str:
    """Return what `neutralised` was given: takes exactly one leading `'` off where it put one."""
    return text[1:] if _NEUTRALISED.match(text) else text


def csv_chunks(columns: Sequence[str], rows: Iterable[Sequence[str]], dialect: Dialect = PLAIN) -> Iterator[bytes]:
    """Yield a CSV document in chunks of about 64 KiB: a header, then the rows, every cell neutralised.

    Quotes as RFC 4180 says, and also where Import-Csv would trim blanks. Raises `BadInput` for a cell that
    could not be read back: a NUL, half of a surrogate pair, more than `CELL_LIMIT` characters.
    """
    end = "\r\n" if dialect.crlf else "\n"
    codec = "utf-16-le" if dialect.encoding == "utf-16" else "utf-8"
    cell = _cell_writer(dialect.delimiter, alone=len(columns) == 1)
    is_plain = _plain_rows(dialect.delimiter, len(columns)).fullmatch
    mark = "" if dialect.encoding == "utf-8" else "\ufeff"
    header = mark + dialect.delimiter.join(map(cell, columns)) + end
    lines = [header]
    size = len(header)
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"a row of {len(row)} cells for {len(columns)} columns")
        line = dialect.delimiter.join(row)
        if not is_plain(line):
            line = dialect.delimiter.join(map(cell, row))
        line += end
        if "\0" in line or len(line) > CELL_LIMIT:
            _refuse_unreadable(columns, row)
        lines.append(line)
        size += len(line)
        if size >= CHUNK_CHARACTERS:
            yield _encoded(lines, codec)
            lines, size = [], 0
    if lines:
        yield _encoded(lines, codec)


def csv_rows(source: Path | BinaryIO, *, required: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the rows of one of our own CSV documents by their columns. Arguments and errors as `csv_cells`."""
    rows = csv_cells(source, required=required)
    header = next(rows)
    for cells in rows:
        yield dict(zip(header, cells, strict=True))


def csv_cells(source: Path | BinaryIO, *, required: Sequence[str]) -> Iterator[list[str]]:
    """Yield the header and then the rows of one of our own CSV documents, in any delimiter and encoding.

    `required` are the columns that must be there; others are kept, cells are as they were. Raises `BadInput`, naming
    file, row (as a spreadsheet counts, so the header is usually row 1) and column, for duplicate or missing headers,
    rows of another length, unclosed quotes and NUL characters. Blank lines and `#` lines before the header are passed
    over.
    """
    with opened(source) as stream:
        table = _Table(stream, name_of(source), required)
        yield table.header
        yield from table.rows()


def csv_pairs(
    source: Path | BinaryIO, *, required: Sequence[str], known: Container[str]
) -> Iterator[tuple[list[str], str]]:
    """Yield the header and the rows as `csv_cells` does, each with its text behind its first two cells, as it stands.

    A row whose text is in `known` comes with its first two cells alone: the same text says the same once more, so the
    others need not be made again. The text is empty where it does not say all: where the header does not begin with
    the first two of `required`, or the row goes on behind the end of the line. Raises as `csv_cells`.
    """
    with opened(source) as stream:
        table = _Table(stream, name_of(source), required)
        yield table.header, ""
        if table.header[:2] == list(required[:2]):
            yield from table.pairs(known)
        else:
            yield from ((cells, "") for cells in table.rows())


class _Table:
    """A document whose header was read, and whose rows come."""

    def __init__(self, stream: BinaryIO, name: str, required: Sequence[str]) -> None:
        self._name = name
        self._lines = text_lines(stream, name=name)
        self._row = 0
        first = next(self._lines, "")
        # Windows PowerShell's Export-Csv puts a `#TYPE` line before the header; no column of ours begins like that.
        while first.startswith("#") or (first and not first.strip()):
            first = next(self._lines, "")
            self._row += 1
        self._delimiter = _delimiter_of(first, required)
        with self._quotes_hold():
            cells = next(self._reader([first] if first else []), None)
        if cells is None:
            raise empty(name, of=f"the columns {', '.join(required)}")
        self._row += 1
        self.header = [cell.strip() for cell in cells]
        _check_header(f"{name}, row {self._row}", self.header, required)

    def rows(self) -> Iterator[list[str]]:
        """Yield the rows."""
        with self._quotes_hold():
            for cells in self._reader([]):
                self._row += 1
                if cells:
                    yield self._whole(cells)

    def pairs(self, known: Container[str]) -> Iterator[tuple[list[str], str]]:
        """Yield the rows, or the first two cells of those whose rest is known, with the rest."""
        delimiter = self._delimiter
        with self._quotes_hold():
            for line in self._lines:
                parts = line.split(delimiter, 2)
                behind = parts.pop() if len(parts) == 3 and (_is_bare(line) or _is_bare(parts[0] + parts[1])) else ""
                if behind in known:
                    self._row += 1
                    yield parts, behind
                    continue
                # The reader takes more lines where a cell goes on behind the end of this one, and only then.
                reader = self._reader([line])
                cells = next(reader)
                self._row += 1
                if cells:
                    yield self._whole(cells), behind if reader.line_num == 1 else ""

    def _reader(self, before: list[str]) -> Reader:
        return csv.reader(chain(before, self._lines), delimiter=self._delimiter, strict=True)

    def _whole(self, cells: list[str]) -> list[str]:
        if len(cells) != len(self.header):
            raise BadInput(
                f"{self._name}, row {self._row}: it has {counted(len(cells), 'cell')}, "
                f"but the header has {len(self.header)}."
            )
        # Hardly any cell begins with an apostrophe; a row without one is as it was.
        return [original(cell) for cell in cells] if "'" in "".join(cells) else cells

    @contextmanager
    def _quotes_hold(self) -> Iterator[None]:
        try:
            yield
        except csv.Error as error:
            raise BadInput(f"{self._name}, row {self._row + 1}: the quoting is broken ({error}).") from error


def _is_bare(text: str) -> bool:
    """Tell whether the text of some cells is what they say: not quoted, not neutralised, none too long or broken."""
    return not ("'" in text or '"' in text or "\r" in text or len(text) >= CELL_LIMIT)


def name_of(source: Path | BinaryIO) -> str:
    """Return what messages call a source: its path, or `standard input`."""
    return str(source) if isinstance(source, Path) else "standard input"


@contextmanager
def opened(source: Path | BinaryIO) -> Iterator[BinaryIO]:
    """Open a path for reading, or hand an open stream through; raise `BadInput` when the file cannot be opened."""
    if not isinstance(source, Path):
        yield source
        return
    with reading_named(source), source.open("rb") as stream:
        yield stream


def _cell_writer(delimiter: str, *, alone: bool) -> Callable[[str], str]:
    """Return a function from a text to its cell; `alone`: the only column, where an empty cell would be no row."""
    needs_quotes = re.compile(rf'[{re.escape(delimiter)}"\r\n]|\A\s|\s\Z').search

    def cell(text: str) -> str:
        safe = neutralised(text)
        if needs_quotes(safe) or (alone and not safe):
            return '"' + safe.replace('"', '""') + '"'
        return safe

    return cell


def _refuse_unreadable(columns: Sequence[str], row: Sequence[str]) -> None:
    for column, text in zip(columns, row, strict=True):
        if "\0" in text:
            raise BadInput(f"Column {column} of the row that begins with {row[0]!r} holds a NUL character.")
        if len(text) >= CELL_LIMIT:
            raise BadInput(
                f"Column {column} of the row that begins with {row[0][:80]!r} holds {len(text)} characters; "
                f"a cell may hold {CELL_LIMIT - 1}."
            )


def _plain_rows(delimiter: str, columns: int) -> re.Pattern[str]:
    """Return a pattern of whole rows whose cells can stay as they are, as nearly all can: one look for two each.

    A cell does not hold the delimiter, so no row with one inside a cell has as many cells as the pattern.
    """
    delimiter = re.escape(delimiter)
    cell = rf"[^\s\"'=+\-@{delimiter}](?:[^\"\r\n{delimiter}]*[^\s\"{delimiter}])?"
    return re.compile(cell if columns == 1 else rf"(?:{cell})?(?:{delimiter}(?:{cell})?){{{columns - 1}}}")


def _encoded(lines: list[str], codec: str) -> bytes:
    try:
        return "".join(lines).encode(codec)
    except UnicodeEncodeError as error:
        raise BadInput(f"A cell cannot be written as text: {error.reason}.") from error


def _delimiter_of(first: str, required: Sequence[str]) -> str:
    """Return the delimiter under which the header holds most of the required columns, and then most columns."""

    def found(delimiter: str) -> tuple[int, int]:
        names = {cell.strip().strip('"') for cell in first.split(delimiter)}
        return len(names.intersection(required)), len(names)

    return max(DELIMITERS, key=found)


def _check_header(place: str, header: list[str], required: Sequence[str]) -> None:
    times = Counter(column.casefold() for column in header)
    for column in header:
        if times[column.casefold()] > 1:
            raise BadInput(f"{place}: the column {column!r} stands there twice.")
    missing = [column for column in required if column not in header]
    if missing:
        raise BadInput(f"{place}: the column {missing[0]} is missing (found: {', '.join(header)}).")
