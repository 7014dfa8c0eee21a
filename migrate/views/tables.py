"""Tables on a screen: names in one piece as far as the window is wide enough, sentences folded beside them.

In a window too narrow for that each row is a few lines, with the name of the column before each cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from migrate.views.visible import visible

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

LEAST = 18
"""Columns that a cell of several words keeps at least, so that names beside it stay in one piece."""
BETWEEN = 3
TALLEST = 6
"""Lines of a row beyond which nobody finds the next one in a table."""
INDENT = 4


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> Any:
    """Return a plain Rich table: a header, a rule, no box to copy out of a terminal by accident.

    Without rows nothing is shown; where names would be folded or rows be tall, they are listed instead.
    """
    from rich.console import ConsoleOptions, Group

    shown = [tuple(map(visible, row)) for row in rows]

    class Fitting:
        def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[RenderableType]:
            if shown and is_too_narrow(columns, shown, options.max_width):
                yield from _listed(columns, shown, options.max_width, console)
            elif shown:
                yield _table(columns, shown, options.max_width)

    # Rich would fold a title to the width of the table.
    return Fitting() if title is None else Group(visible(title), Fitting())


def widths_for_names(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> dict[int, int]:
    """Return how wide columns of single words are, by their place, so that most names stay in one piece.

    The narrow columns come first. A name that is longer than what is left is folded, and costs the others nothing, as
    long as most of its column fit.
    """
    from rich.cells import cell_len

    def of_head(name: str) -> int:
        return max(map(cell_len, name.split()), default=0)

    lengths = [[of_head(name), *(cell_len(row[place]) for row in rows)] for place, name in enumerate(columns)]
    longest = [max(each) for each in lengths]
    between = BETWEEN * (len(columns) - 1)
    if sum(max(cell_len(name), most) for name, most in zip(columns, longest, strict=True)) + between <= width:
        return {}
    needed = [min(each, LEAST) for each in longest]
    room = width - between - sum(needed)
    fixed: dict[int, int] = {}
    if room < 0:
        return fixed
    for place in sorted(range(len(columns)), key=longest.__getitem__):
        if any(" " in row[place] for row in rows):
            continue
        fitting = [one for one in lengths[place][1:] if one <= needed[place] + room]
        if 2 * len(fitting) < len(rows):
            continue  # most would be folded: then the columns share the window as they can
        fixed[place] = max([*fitting, min(lengths[place][0], needed[place] + room)])
        room -= max(0, fixed[place] - needed[place])
    return fixed


def is_too_narrow(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> bool:
    """Tell whether a table so wide would fold most names of a column, or have rows of more than `TALLEST` lines."""
    from rich.cells import cell_len

    longest = [max(cell_len(row[place]) for row in rows) for place in range(len(columns))]
    heads = [max(map(cell_len, name.split()), default=0) for name in columns]
    left = width - BETWEEN * (len(columns) - 1)
    if sum(max(cell_len(name), most) for name, most in zip(columns, longest, strict=True)) <= left:
        return False
    fixed = widths_for_names(columns, rows, width)
    sentences = [place for place in range(len(columns)) if any(" " in row[place] for row in rows)]
    names = [place for place in range(len(columns)) if place not in sentences]
    if any(place not in fixed and longest[place] > LEAST for place in names):
        return True
    left -= sum(fixed.get(place, max(longest[place], heads[place])) for place in names)
    long = [place for place in sentences if longest[place] > LEAST]
    left -= sum(max(longest[place], heads[place]) for place in sentences if place not in long)
    return bool(long) and max(longest) > TALLEST * max(1, left // len(long))


def _listed(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, console: Console
) -> Iterator[RenderableType]:
    """Yield each row as lines: as many cells in each as fit, the further lines below the first."""
    from rich.cells import cell_len
    from rich.text import Text

    further = min(INDENT, width // 8)
    for row in rows:
        cells = [f"{name}: {cell}" if name else cell for name, cell in zip(columns, row, strict=True) if cell.strip()]
        # A sign before the first name is no cell of its own.
        head = f"{cells.pop(0)} " if cells and not columns[0] and row[0].strip() else ""
        lines: list[str] = []
        for cell in cells:
            fits = lines and cell_len(lines[-1]) + BETWEEN + cell_len(cell) <= width - further
            lines[-1:] = [f"{lines[-1]}{' ' * BETWEEN}{cell}"] if fits else [*lines[-1:], head + cell]
            head = ""
        for number, line in enumerate(lines or [head]):
            for place, part in enumerate(Text(line).wrap(console, width - further, overflow="fold")):
                yield Text(" " * (further if number or place else 0) + part.plain.rstrip())


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Any:
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    fixed = widths_for_names(columns, rows, width)
    for place, column in enumerate(columns):
        # A name that is cut can be neither read nor copied.
        made.add_column(column, overflow="fold", width=fixed.get(place))
    for row in rows:
        made.add_row(*row)
    return made
