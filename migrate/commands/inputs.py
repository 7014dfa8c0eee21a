"""Options that several commands share: how a file of somebody else is read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

if TYPE_CHECKING:
    from migrate.exchange.reading import Asked


STDIN = "-"

InputEncoding = Annotated[
    str | None,
    typer.Option(
        "--input-encoding", metavar="NAME", help="Code page of an old file, such as cp1252. UTF-8 and UTF-16 are seen."
    ),
]
StateColumn = Annotated[
    str | None,
    typer.Option("--state-column", metavar="NAME", help="The column with the per-user MFA state, where it is unclear."),
]
SheetName = Annotated[
    str | None, typer.Option("--sheet", metavar="NAME", help="The worksheet of an Excel file with several.")
]
VisibleOnly = Annotated[
    bool, typer.Option("--visible-only", help="Leave the hidden rows of a filtered Excel sheet out.")
]
TrustDisabled = Annotated[
    bool, typer.Option("--trust-disabled", help="Believe a file in which nobody is anything but Disabled.")
]


def source_of(file: str) -> Path | BinaryIO:
    """Return the file, or stdin for `-`."""
    return sys.stdin.buffer if file == STDIN else Path(file)


def asked_of(
    encoding: str | None, state_column: str | None, sheet: str | None, trust_disabled: bool, visible_only: bool
) -> Asked:
    """Return what the operator said about a file."""
    from migrate.exchange.reading import Asked

    return Asked(
        encoding=encoding,
        state_column=state_column,
        sheet=sheet,
        trust_disabled=trust_disabled,
        visible_only=visible_only,
    )
