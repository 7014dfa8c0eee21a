"""Read tables that somebody else wrote: Export-Csv of 5.1 and 7, portal downloads, report scripts, saved spreadsheets.

The csv module and not pandas, which fills rows that are cut off with blanks without a word (tried with 3.1); a
blank state may mean Disabled, so a cut row has to be an error.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from migrate.errors import BadInput
from migrate.exchange.identities import is_identity
from migrate.exchange.sheets import REEXPORT_HINT, Keep, Sheet
from migrate.exchange.table_rows import HEADER_WITHIN, TableRows, is_header
from migrate.exchange.tables import DELIMITERS
from migrate.exchange.words import Gap
from migrate.model.words import counted
from migrate.named_files import empty

_DASH_ROW = re.compile(r"-+(?: +-+)*\s*")
_LIST_LINE = re.compile(r"[A-Za-z][\w .-]*+:.*")
_SEPARATOR_LINE = re.compile(r"\"?sep=(.?)\"?[,;\t|]*\s*", re.IGNORECASE)


def refuse_printed(name: str, lines: list[str]) -> None:
    """Raise `BadInput` when the first lines are what Format-Table or Format-List print."""
    filled = [line.rstrip("\r\n") for line in lines if line.strip()]
    if len(filled) > 1 and _DASH_ROW.fullmatch(filled[1]):
        kind = "Format-Table"
    elif len(filled) > 1 and all(_LIST_LINE.fullmatch(line) and not is_identity(line) for line in filled[:3]):
        kind = "Format-List"
    else:
        return
    raise BadInput(
        f"{name} was printed by {kind}: it is made for the eye, long values in it are cut, and blank is not blank.",
        hint=f"Export instead of printing.\n{REEXPORT_HINT}",
    )


def read_table(name: str, lines: Iterator[str], keep: Keep) -> Sheet:
    """Return the rows of a CSV text; `lines` keep their ends.

    Takes comma, semicolon, tab or bar, a `sep=` line, and whatever stands above the header. A row of another length
    than the header is a row that was not read. Raises `BadInput` naming file and row for broken quoting, for whole
    lines in quotes and for a file without a header whose rows are more than one name.
    """
    head = list(islice(lines, HEADER_WITHIN))
    place, delimiter = _beginning(name, head)
    table = TableRows(name, "csv", keep)
    above, header = _header(name, head, place, delimiter)
    if header is None:
        table.begin_without_header()
        _Rows(name, table, delimiter, place).read(chain(head[place:], lines))
    else:
        table.put_above(above, header + 1)
        chosen = delimiter or _delimiter_of(head[header])
        _Rows(name, table, chosen, header).read(chain(head[header:], lines))
    return table.sheet()


def _beginning(name: str, head: Sequence[str]) -> tuple[int, str]:
    """Return the place of the first line that says something, and the delimiter that a `sep=` line gives, or empty."""
    place = _first_filled(head, 0)
    if place is None:
        raise empty(name)
    said = _SEPARATOR_LINE.fullmatch(head[place])
    if said is None:
        return place, ""
    delimiter = said.group(1) or "\t"
    if delimiter not in DELIMITERS:
        raise BadInput(
            f"{name}, row {place + 1}: its columns are separated by {delimiter!r}, which is not read.",
            hint="Save it with a comma, a semicolon, a tab or a bar.",
        )
    following = _first_filled(head, place + 1)
    if following is None:
        raise empty(name)
    return following, delimiter


def _first_filled(head: Sequence[str], start: int) -> int | None:
    """Return the place of the first line from `start` that is neither blank nor a comment such as `#TYPE`."""
    return next((n for n in range(start, len(head)) if head[n].strip() and not head[n].startswith("#")), None)


def _header(
    name: str, head: Sequence[str], start: int, delimiter: str
) -> tuple[list[tuple[int, Sequence[str]]], int | None]:
    """Return the numbered rows above the header, and the header's place; None for a list of users without one.

    Where no row is a header, the first one is taken for it, so that the refusal can name what was found.
    """
    above: list[tuple[int, Sequence[str]]] = []
    for place in range(start, len(head)):
        if not head[place].strip() or head[place].startswith("#"):
            continue
        cells = _cells(head, place, delimiter)
        _refuse_whole_lines(name, place, cells)
        if is_header(cells):
            return above, place
        above.append((place + 1, cells))
    first = [cell for cell in _cells(head, start, delimiter) if cell.strip()]
    if not any(is_identity(cell) for cell in first):
        return [], start
    if len(first) == 1:
        return [], None
    raise BadInput(
        f"{name} has no header: row {start + 1} names a user already, and what its other cells are cannot be known.",
        hint="Put a line above it that names the columns, such as UserPrincipalName,PerUserMfaState.",
    )


def _cells(head: Sequence[str], place: int, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(head[place:], delimiter=delimiter or _delimiter_of(head[place])), [])
    except csv.Error:
        return []


def _refuse_whole_lines(name: str, place: int, cells: Sequence[str]) -> None:
    if len(cells) != 1:
        return
    inner = _cells(cells, 0, "")
    if len(inner) > 1 and is_header(inner):
        raise BadInput(
            f"{name}, row {place + 1}: the whole line is one quoted cell, so the table was put in quotes twice.",
            hint="Take the outer quotes of each line off, or export the table again.",
        )


def _delimiter_of(line: str) -> str:
    """Return the delimiter that occurs most often in a line, outside quotes; a comma where none does."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(DELIMITERS, key=bare.count)


class _Rows:
    """Reads header and rows of a table, and holds the rows of another length than the header."""

    def __init__(self, name: str, table: TableRows, delimiter: str, before: int) -> None:
        self._name, self._table, self._delimiter, self._number = name, table, delimiter or ",", before
        self._others: list[tuple[int, int]] = []
        """Place among the rows and row number, where a row differs from the header in blank cells at its end only."""
        self._lengths: set[int] = set()
        """How many cells those rows have."""
        self._last = ""
        """The last line, with its end where it has one."""

    def read(self, lines: Iterator[str]) -> None:
        """Read everything."""
        table = self._table
        reader = csv.reader(self._noted(lines), delimiter=self._delimiter, strict=True)
        line = 0
        try:
            for cells in reader:
                self._number += 1
                if reader.line_num > line + 1:
                    self._refuse_swallowed(cells)
                line = reader.line_num
                if not table.columns:
                    table.begin(self._number, cells)
                elif len(cells) == len(table.columns):
                    table.add(self._number, cells)
                elif cells:
                    self._add_of_other_length(cells)
        except csv.Error as error:
            raise BadInput(f"{self._name}, row {self._number + 1}: the table is broken ({error}).") from error
        self._mark_cut()
        self._settle()

    def _noted(self, lines: Iterator[str]) -> Iterator[str]:
        """Yield the lines, and keep the last one."""
        for line in lines:
            self._last = line
            yield line

    def _mark_cut(self) -> None:
        """Make a gap of a blank cell with which the file ends, where it ends within a row: it may have been cut off."""
        table = self._table
        if not table.rows or table.rows[-1][0] != self._number or not self._last.endswith(self._delimiter):
            return
        place = len(table.columns) - 1
        if table.kept and table.kept[-1][0] == place:
            table.rows[-1][1][table.kept[-1][1]] = Gap.CUT

    def _add_of_other_length(self, cells: list[str]) -> None:
        """Take a row that has too many or too few cells, all of them blank, for now; no other one."""
        table = self._table
        if table.passes_over(self._number, cells):
            return
        width = len(table.columns)
        filled = max((place for place, name in enumerate(table.columns, 1) if name != f"H{place}"), default=width)
        rest = cells[width:]
        if (rest and any(cell.strip() for cell in rest)) or len(cells) < filled:
            table.unread.append((self._number, f"it has {counted(len(cells), 'cell')}, but the header has {width}."))
        elif table.add(self._number, cells[:width]):
            self._others.append((len(table.rows) - 1, self._number))
            self._lengths.add(len(cells))

    def _settle(self) -> None:
        """Believe rows of another length only where all rows are of that one: a script that writes each so.

        Among rows of the header's length such a row may as well have lost a cell, or hold a separator too many.
        """
        table = self._table
        if not self._others or (len(self._others) == len(table.rows) and len(self._lengths) == 1 and not table.unread):
            return
        width = len(table.columns)
        table.unread += [
            (number, f"it has another number of cells than the header, which has {width}.")
            for _, number in self._others
        ]
        odd = {place for place, _ in self._others}
        table.rows = [row for place, row in enumerate(table.rows) if place not in odd]

    def _refuse_swallowed(self, cells: Sequence[str]) -> None:
        """Refuse a cell of several lines that holds what look like rows: a quote was opened and closed elsewhere."""
        for cell in cells:
            for line in cell.splitlines()[1:] if "\n" in cell or "\r" in cell else ():
                parts = line.split(self._delimiter)
                if len(parts) > 1 and any(is_identity(part.strip('"')) for part in parts):
                    raise BadInput(
                        f"{self._name}, row {self._number}: the table is broken: a quoted cell holds whole rows.",
                        hint="A quote is missing or one too many in or before this row.",
                    )
