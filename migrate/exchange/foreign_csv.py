"""Read tables that somebody else wrote: Export-Csv of 5.1 and 7, portal downloads, report scripts.

The csv module and not pandas, which fills rows that are cut off with blanks without a word (tried with 3.1); a
blank state may mean Disabled, so a cut row has to be an error.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain

from migrate.errors import BadInput
from migrate.exchange.sheets import REEXPORT_HINT, Keep, Sheet
from migrate.exchange.tables import DELIMITERS, original
from migrate.exchange.words import Value
from migrate.model.words import counted

_DASH_ROW = re.compile(r"-+(?: +-+)*\s*")
_LIST_LINE = re.compile(r"[A-Za-z][\w .-]*? *: ?\S*.*")


def refuse_printed(name: str, lines: list[str]) -> None:
    """Raise `BadInput` when the first lines are what Format-Table or Format-List print."""
    filled = [line.rstrip("\r\n") for line in lines if line.strip()]
    if len(filled) > 1 and _DASH_ROW.fullmatch(filled[1]):
        kind = "Format-Table"
    elif len(filled) > 1 and all(_LIST_LINE.fullmatch(line) for line in filled[:3]):
        kind = "Format-List"
    else:
        return
    raise BadInput(
        f"{name} was printed by {kind}: it is made for the eye, long values in it are cut, and blank is not blank.",
        hint=f"Export instead of printing.\n{REEXPORT_HINT}",
    )


def read_table(name: str, lines: Iterator[str], keep: Keep) -> Sheet:
    """Return the rows of a CSV text; `lines` keep their ends.

    Takes a `#TYPE` line and other comments before the header, and comma, semicolon, tab or bar. Raises `BadInput`
    naming file and row for rows of another length than the header and for broken quoting.
    """
    skipped = 0
    header = ""
    for line in lines:
        if line.strip() and not line.startswith("#"):
            header = line
            break
        skipped += 1
    if not header:
        raise BadInput(f"{name} is empty.")
    row_number = skipped
    columns: list[str] = []
    kept: list[tuple[int, str]] = []
    rows: list[tuple[int, dict[str, Value]]] = []
    try:
        for cells in csv.reader(chain([header], lines), delimiter=_delimiter_of(header), strict=True):
            row_number += 1
            if not columns:
                columns = _checked_header(name, row_number, cells)
                kept = [(position, column) for position, column in enumerate(columns) if keep(column)]
            elif len(cells) == len(columns):
                rows.append((row_number, {column: original(cells[position]) for position, column in kept}))
            elif cells:
                raise BadInput(
                    f"{name}, row {row_number}: it has {counted(len(cells), 'cell')}, "
                    f"but the header has {len(columns)}.",
                    hint="Is it cut off, or does a value hold the separator without quotes?",
                )
    except csv.Error as error:
        raise BadInput(f"{name}, row {row_number + 1}: the table is broken ({error}).") from error
    return Sheet(name=name, format="csv", columns=tuple(columns), rows=rows)


def _delimiter_of(header: str) -> str:
    """Return the delimiter that occurs most often in the header, outside quotes; a comma where none does."""
    bare = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=bare.count)


def _checked_header(name: str, row: int, cells: list[str]) -> list[str]:
    # Import-Csv names a missing header H1, H2, …; we do the same.
    columns = [cell.strip() or f"H{number}" for number, cell in enumerate(cells, start=1)]
    seen: set[str] = set()
    for column in columns:
        if column.casefold() in seen:
            raise BadInput(f"{name}, row {row}: the column {column!r} stands there twice.")
        seen.add(column.casefold())
    return columns
