"""The rows of a table of somebody else: which one is the header, and what a spreadsheet or a person put around it.

Titles above the header, repeated headers, rows of dashes, totals and the portal's example row are passed over and said.
Nothing is taken for one of these that names a user.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from enum import Enum

from migrate.errors import BadInput
from migrate.exchange.columns import Meaning, folded, meanings_of
from migrate.exchange.identities import is_identity
from migrate.exchange.invisible import trimmed
from migrate.exchange.sheets import Keep, Sheet
from migrate.exchange.tables import original
from migrate.exchange.words import Gap, Value
from migrate.model.words import counted, some_of

Cell = str | Gap | None

HEADER_WITHIN = 40
"""How many rows a header is looked for in; titles above it are fewer."""
NO_HEADER = "UserId"
"""What the one column of a list without a header is called here: an object id or a name, by its look."""

_WHO = frozenset({Meaning.OBJECT_ID, Meaning.USER_PRINCIPAL_NAME})
_SHOWN_ROWS = 5
_SIGNS = re.compile(r"[-=_*~#.+|:\u2010-\u2015\u2500]+")
_EXAMPLE = re.compile(r"(?:example|beispiel|exemple|ejemplo|esempio|exemplo|voorbeeld|例)\s*[::].*", re.IGNORECASE)
# Possessive, as the parts share characters: a long cell would be tried in every way to divide it.
_TOTAL = re.compile(
    r"\W*+(?:(?:grand |sub)?totals?|sum|count|number of (?:users|rows)|summe|gesamt|gesamtergebnis|anzahl|nombre|"
    r"recuento|conteggio|totale|aantal|totaal|合計)\b[\s::=]*+(?:users?|rows?)?[\s::=]*+[\d.,\s%]*+\W*+",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\W*+\d[\d.,\s%]*+(?:rows?|users?|records?|rows? affected|rows? selected)?\W*+", re.IGNORECASE)


class Noise(Enum):
    """A row that stands in a table and is about nobody. Its value is how notes call one."""

    BLANK = "blank row"
    SEPARATOR = "separator row"
    HEADER_AGAIN = "repeated header"
    EXAMPLE = "example row"
    TOTAL = "totals row"


def is_header(cells: Sequence[Cell]) -> bool:
    """Tell whether a row names a column that says whom a row is about, and is about nobody itself."""
    texts = [cell for cell in cells if isinstance(cell, str)]
    return any(_WHO & meanings_of(text) for text in texts) and not any(is_identity(text) for text in texts)


def header_among(rows: Sequence[Sequence[Cell]]) -> int | None:
    """Return the place of the first row that is a header; None where none of them is."""
    return next((place for place, cells in enumerate(rows) if is_header(cells)), None)


class TableRows:
    """Collects the rows of one table."""

    def __init__(self, name: str, form: str, keep: Keep) -> None:
        self._name, self._form, self._keep = name, form, keep
        self.columns: list[str] = []
        self.rows: list[tuple[int, dict[str, Value]]] = []
        self.unread: list[tuple[int, str]] = []
        """Rows that are about somebody and cannot be read, with the reason."""
        self.notes: list[str] = []
        self.kept: list[tuple[int, str]] = []
        self._who: list[int] = []
        self._passed: dict[Noise, list[int]] = {}

    def begin(self, number: int, cells: Sequence[Cell]) -> None:
        """Take a row as the header. Raises `BadInput` where a column that is needed stands there twice."""
        # Import-Csv names a missing header H1, H2, …; we do the same.
        names = [trimmed(cell) if isinstance(cell, str) else "" for cell in cells]
        self.columns = [name or f"H{place}" for place, name in enumerate(names, start=1)]
        self.kept = [(place, name) for place, name in enumerate(self.columns) if self._keep(name)]
        times = Counter(name.casefold() for _, name in self.kept)
        for _, name in self.kept:
            if times[name.casefold()] > 1:
                raise BadInput(f"{self._name}, row {number}: the column {name!r} stands there twice.")
        self._who = [place for place, name in self.kept if _WHO & meanings_of(name)]

    def begin_without_header(self) -> None:
        """Take the table as a list of users, one a row, without a header."""
        self.begin(0, [NO_HEADER])
        self.notes.append(f"{self._name} has no header; each row of it is read as one user.")

    def put_above(self, rows: Sequence[tuple[int, Sequence[Cell]]], header: int) -> None:
        """Note what stands above the header in row `header`: titles are passed over, a user is a row not read."""
        for number, cells in rows:
            if any(is_identity(cell) for cell in cells if isinstance(cell, str)):
                self.unread.append((number, f"it names somebody, but the header comes only in row {header}."))
        if rows:
            self.notes.append(
                f"{self._name}: the header is in row {header}; {counted(len(rows), 'row')} above it "
                f"{'was' if len(rows) == 1 else 'were'} passed over."
            )

    def add(self, number: int, cells: Sequence[Cell]) -> bool:
        """Take a row of the table; return whether it may be about somebody, and was kept.

        A row may be shorter than the header: what is not there is blank. Raises `BadInput` for another header.
        """
        if self.passes_over(number, cells):
            return False
        width = len(cells)
        row: dict[str, Value] = {}
        for place, column in self.kept:
            cell = cells[place] if place < width else None
            row[column] = original(cell) if isinstance(cell, str) else cell
        self.rows.append((number, row))
        return True

    def passes_over(self, number: int, cells: Sequence[Cell]) -> bool:
        """Tell whether a row is about nobody, and remember it; raises `BadInput` for another header."""
        noise = None if self._names_somebody(cells) else self._noise_in(number, cells)
        if noise is not None and noise is not Noise.BLANK:
            self._passed.setdefault(noise, []).append(number)
        return noise is not None

    def sheet(self) -> Sheet:
        """Return what was collected."""
        passed = [
            f"{counted(len(numbers), noise.value)} ({_shown(numbers)})" for noise, numbers in self._passed.items()
        ]
        if passed:
            self.notes.append(f"{self._name}: passed over: {', '.join(passed)}.")
        return Sheet(
            name=self._name,
            format=self._form,
            columns=tuple(self.columns),
            rows=self.rows,
            notes=self.notes,
            unread=self.unread,
        )

    def _names_somebody(self, cells: Sequence[Cell]) -> bool:
        """Tell at a glance whether a row is about somebody; a doubt is no."""
        for place in self._who:
            cell = cells[place] if place < len(cells) else None
            if isinstance(cell, str) and ("@" in cell or len(cell) == 36) and not cell[:1].isspace():
                return not _EXAMPLE.match(cell)
        return False

    def _noise_in(self, number: int, cells: Sequence[Cell]) -> Noise | None:
        """Return what a row is that seems to be about nobody; None where it may be about somebody after all."""
        if any(isinstance(cell, Gap) for cell in cells):
            return None
        filled = [text for cell in cells if isinstance(cell, str) and (text := trimmed(cell))]
        if not filled:
            return Noise.BLANK
        if _EXAMPLE.fullmatch(filled[0]):
            return Noise.EXAMPLE
        if any(is_identity(text) for text in filled):
            return None
        if all(_SIGNS.fullmatch(text) for text in filled):
            return Noise.SEPARATOR
        if all(_TOTAL.fullmatch(text) or _NUMBER.fullmatch(text) for text in filled) and (
            any(_TOTAL.fullmatch(text) for text in filled) or len(filled) == 1
        ):
            return Noise.TOTAL
        if is_header(cells):
            if self._is_header_again(cells):
                return Noise.HEADER_AGAIN
            raise BadInput(
                f"{self._name}, row {number}: another header stands there, so the file holds two tables.",
                hint="Give each table a file of its own.",
            )
        return None

    def _is_header_again(self, cells: Sequence[Cell]) -> bool:
        keys = [folded(cell) if isinstance(cell, str) else "" for cell in cells]
        names = [folded(name) for name in self.columns]
        width = max(len(keys), len(names))
        return all(
            not key or key == name
            for key, name in zip(keys + [""] * (width - len(keys)), names + [""] * (width - len(names)), strict=True)
        )


def _shown(numbers: Sequence[int]) -> str:
    return f"row{'s' if len(numbers) > 1 else ''} {some_of(numbers, _SHOWN_ROWS)}"
