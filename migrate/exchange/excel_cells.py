"""The rows of a worksheet as openpyxl reads them, with what it leaves out: gaps that are no blanks, and hidden rows.

openpyxl gives None for a blank cell, for a formula whose value was never calculated, and for a cell that is merged
with another one. Only the first of these is a blank.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from migrate.exchange.table_rows import Cell
from migrate.exchange.words import Gap

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from openpyxl.worksheet.worksheet import Worksheet


@dataclass(frozen=True, slots=True)
class Row:
    """A row that has any cell."""

    number: int
    cells: list[Cell]
    """From column A on, to the last one that was written."""
    is_hidden: bool


class CellReader:
    """Reads one worksheet from its beginning to its end; what stands after the rows is known then."""

    def __init__(self, book: Any, worksheet: Worksheet) -> None:
        self._worksheet: Any = worksheet
        self._arguments = {
            "data_only": True,
            "epoch": book.epoch,
            "date_formats": book._date_formats,
            "timedelta_formats": book._timedelta_formats,
        }
        self._merged: Any = None

    def rows(self) -> Iterator[Row]:
        """Yield each row that has any cell. Raises `ValueError` for what stands there twice: which of two is so?"""
        with self._worksheet._get_source() as source:
            parser = _Parser(source, self._worksheet._shared_strings, **self._arguments)
            last = 0
            for number, found in parser.parse():
                if number <= last:
                    raise ValueError(f"row {number} comes after row {last}")
                last = number
                attributes = parser.row_dimensions.pop(str(number), {})
                cells: list[Cell] = []
                for cell in found:
                    place = cell["column"] - 1
                    if place < len(cells):
                        raise ValueError(f"two cells of row {number} are one, or out of order")
                    cells.extend([None] * (place - len(cells)))
                    cells.append(_text(cell["value"]))
                if cells:
                    yield Row(number, cells, attributes.get("hidden") in ("1", "true"))
            self._merged = parser.merged_cells

    def merged(self) -> Iterator[tuple[range, range]]:
        """Yield rows and columns (from 1) of what is merged, once all rows were read."""
        for area in self._merged.mergeCell if self._merged is not None else ():
            yield range(area.min_row, area.max_row + 1), range(area.min_col, area.max_col + 1)


class _Parser(WorkSheetParser):
    """openpyxl's own parser, which tells a formula without a value from a blank."""

    def parse_cell(self, element: Element) -> dict[str, Any]:
        cell: dict[str, Any] = super().parse_cell(element)
        if cell["value"] is None and element.find(FORMULA_TAG) is not None:
            cell["value"] = Gap.FORMULA
        return cell


def _text(cell: object) -> Cell:
    match cell:
        case None | Gap() | str():
            return cell
        case datetime() | date():
            return cell.isoformat()
        case float() if cell.is_integer():
            return str(int(cell))
        case _:
            return str(cell)
