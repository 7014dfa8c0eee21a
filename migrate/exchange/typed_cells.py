"""Reads the cells of our own tables as what they mean; what one cannot mean is refused with file, row and column."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec

from migrate.errors import BadInput
from migrate.exchange.tables import csv_rows, name_of
from migrate.model.cells import split
from migrate.model.users import MfaState

Row = TypeVar("Row")
Member = TypeVar("Member", bound=StrEnum)

_SHOWN = 40
"""Characters of a cell that a refusal shows."""
_AS_WRITTEN = {one.value: one for one in MfaState}
"""States in the spelling that we write; any other spelling is read more slowly."""


def decoded(source: Path | BinaryIO, columns: Sequence[str], decode: Callable[[dict[str, str]], Row]) -> Iterator[Row]:
    """Decode a table row by row; `columns` are those that it must have."""
    for count, cells in enumerate(csv_rows(source, required=columns), start=1):
        try:
            row = decode(cells)
        except (msgspec.ValidationError, BadInput) as error:
            raise in_row(source, count, error) from error
        yield row


def in_row(source: Path | BinaryIO, count: int, error: Exception) -> BadInput:
    """Return what went wrong with the file and the row."""
    return BadInput(f"{name_of(source)}, data row {count}: {error}")


def state(cells: Mapping[str, str], column: str) -> MfaState:
    """Return a state, in any spelling of case."""
    known = _AS_WRITTEN.get(cells[column])
    if known is not None:
        return known
    try:
        return MfaState.from_text(cells[column])
    except BadInput as error:
        raise BadInput(f"column {column}: {error.what}") from error


def state_or_none(cells: Mapping[str, str], column: str) -> MfaState | None:
    """Return a state; None for an empty cell."""
    return state(cells, column) if cells[column] else None


def one_of(kind: type[Member], cells: Mapping[str, str], column: str) -> Member:
    """Return the member of an enum that a cell names."""
    try:
        return kind(cells[column])
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise BadInput(f"column {column}: {cells[column][:_SHOWN]!r} is not one of {known}.") from None


def whole_number(cells: Mapping[str, str], column: str) -> int:
    """Return a number from 0 on."""
    text = cells[column]
    # int() also takes blanks, signs, underscores and the digits of other scripts.
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadInput(f"column {column}: {text[:_SHOWN]!r} is no whole number.")
    return int(text)


def boolean(cells: Mapping[str, str], column: str) -> bool | None:
    """Return True or False, in any case; None for an empty cell."""
    match cells[column].casefold():
        case "":
            return None
        case "true":
            return True
        case "false":
            return False
        case _:
            raise BadInput(f"column {column}: {cells[column][:_SHOWN]!r} is neither True nor False.")


def boolean_cell(value: bool | None) -> str:
    """Return the cell that `boolean` reads as this value."""
    return "" if value is None else str(value)


def names(cells: Mapping[str, str], column: str) -> tuple[str, ...]:
    """Return a list of names as `model.cells.joined` wrote it; empty where the table lacks the column."""
    text = cells.get(column, "")
    if not text:
        return ()
    try:
        return split(text)
    except ValueError as error:
        raise BadInput(f"column {column}: {error}.") from error
