"""Tables on a screen: names in one piece as far as the window is wide enough, sentences folded beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from migrate.views.visible import visible

LEAST = 18
"""Columns that a cell of several words keeps at least, so that names beside it stay in one piece."""
BETWEEN = 3


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str | None = None) -> Any:
    """Return a plain Rich table: a header, a rule, no box to copy out of a terminal by accident.

    Without rows nothing is shown.
    """
    from rich.console import Console, ConsoleOptions, Group
    from rich.table import Table

    shown = [tuple(map(visible, row)) for row in rows]

    class Fitting:
        def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterable[Table]:
            if shown:
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
