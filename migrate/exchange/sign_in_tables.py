"""Tables of sign-ins: Log Analytics and Sentinel, and the portal's CSV. Columns are found by name, in any order.

Cells come again and again, so each different one is read once; whole columns are handed on at a time.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path

from migrate.errors import BadInput
from migrate.exchange.sign_in_columns import Remembered, SignInColumns
from migrate.exchange.sign_in_dates import reader_of_dates, unchanged
from migrate.exchange.sign_in_layouts import LOG_ANALYTICS, PORTAL, Cells
from migrate.exchange.split_rows import split_rows
from migrate.model.sign_ins import SourceFormat
from migrate.named_files import reading_named

ROWS_AT_ONCE = 64
"""So few that a chunk stays in the cache of the processor."""
_WIDEST = 1 << 24
"""Characters of a cell at most; lists of policy results may be long."""


@dataclass(frozen=True, kw_only=True)
class SignInTable:
    """A table whose columns are known."""

    path: Path
    form: SourceFormat
    delimiter: str
    places: Mapping[str, int]
    """Place of each column by its normalised name."""
    encoding: str

    def read_into(self, columns: SignInColumns, advance: Callable[[int], None]) -> int:
        """Add all rows to the columns and return how many there were. Raises BadInput for a row of another width."""
        layout = PORTAL if self.form is SourceFormat.PORTAL_CSV else LOG_ANALYTICS
        cells = Cells(self.places, layout)
        shape = Remembered(lambda raw: columns.shapes[layout.shape_of(cells.named(raw), self.path)])
        address = Remembered(lambda raw: columns.addresses[_both(raw)])
        user = Remembered(lambda raw: columns.users[raw.strip().lower()])
        at, row_id, correlation = (itemgetter(self.places[name]) for name in layout.keys)
        user_cell = itemgetter(self.places[layout.user])
        address_cells = itemgetter(*[self.places[name] for name in layout.addresses if name in self.places])
        times: Callable[[str], str] | None = None
        number = 0
        for rows in self._chunks():
            written = list(map(at, rows))
            if times is None:
                times = reader_of_dates(written[0], (at(row) for row in self.rows() if row), self.path.name)
            columns.add_columns(
                shapes=map(shape.__getitem__, cells.keys_of(rows)),
                addresses=map(address.__getitem__, map(address_cells, rows)),
                users=map(user.__getitem__, map(user_cell, rows)),
                times=written if times is unchanged else list(map(times, written)),
                ids=map(columns.hashed, map(row_id, rows)),
                correlations=map(columns.hashed, map(correlation, rows)),
            )
            number += len(rows)
            advance(number)
        return number

    def rows(self) -> Iterator[list[str]]:
        """Yield the rows below the header."""
        csv.field_size_limit(_WIDEST)
        with self.path.open(encoding=self.encoding, newline="") as stream:
            try:
                next(csv.reader(stream, delimiter=self.delimiter))
                yield from split_rows(stream, self.delimiter)
            except (csv.Error, UnicodeDecodeError) as problem:
                raise BadInput(f"{self.path.name} cannot be read: {problem}.") from problem

    def _chunks(self) -> Iterator[list[list[str]]]:
        rows = self.rows()
        width = 1 + max(self.places.values())
        number = 1
        while chunk := list(islice(rows, ROWS_AT_ONCE)):
            chunk = [row for row in chunk if row] if [] in chunk else chunk
            if min(map(len, chunk), default=width) < width:
                short = next(index for index, row in enumerate(chunk) if len(row) < width)
                raise BadInput(
                    f"Row {number + short} of {self.path.name} has {len(chunk[short])} cells; its header has {width} "
                    "columns.",
                    hint="The file may be cut off: export it again.",
                )
            number += len(chunk)
            if chunk:
                yield chunk


def _both(written: str | tuple[str, str]) -> tuple[str, str]:
    """Return the address, and the one that the service saw where it is another one."""
    if isinstance(written, str):
        return written, ""
    return written[0], "" if written[1] == written[0] else written[1]


def table_of(path: Path) -> SignInTable:
    """Return what a table of sign-ins is.

    Raises:
        BadInput: It is none; the message names the columns that are missing.
    """
    encoding = _encoding(path)
    try:
        with reading_named(path), path.open(encoding=encoding, newline="") as stream:
            first = stream.readline(1 << 20)
        delimiter = max(",;\t", key=first.count)
        header = next(csv.reader([first], delimiter=delimiter), [])
    except (csv.Error, UnicodeDecodeError) as problem:
        raise BadInput(f"{path.name} cannot be read: {problem}.") from problem
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        places.setdefault(normalised(name), place)
    for layout in (LOG_ANALYTICS, PORTAL):
        if not layout.required - set(places):
            return SignInTable(path=path, form=layout.form, delimiter=delimiter, places=places, encoding=encoding)
    nearest = min((LOG_ANALYTICS, PORTAL), key=lambda layout: len(layout.required - set(places)))
    missing = ", ".join(layout_name for layout_name in sorted(nearest.required - set(places)))
    raise BadInput(
        f"{path.name} is no table of sign-ins that is known here. Nearest is {nearest.called}, without the columns: "
        f"{missing}.",
        hint="Export it with all columns and English headers; `mfa-migrate help sign-ins` lists the formats.",
    )


def normalised(name: str) -> str:
    """Return a column's name as it is compared: one space between words, none around, no case."""
    return " ".join(name.replace("\ufeff", "").split()).casefold()


def _encoding(path: Path) -> str:
    from migrate.exchange.encodings import encoding_of

    with reading_named(path), path.open("rb") as stream:
        found = encoding_of(stream.read(4096))
    return "utf-8-sig" if found == "utf-8" else found
