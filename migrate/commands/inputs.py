"""Options that several commands share: how a file of somebody else is read, and how a table of ours is written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from migrate.errors import UsageProblem
from migrate.exchange.reading import Asked
from migrate.exchange.tables import Dialect

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
TrustDisabled = Annotated[
    bool, typer.Option("--trust-disabled", help="Believe a file in which nobody is anything but Disabled.")
]
CsvEncoding = Annotated[
    str, typer.Option("--encoding", metavar="NAME", help="utf8, utf8bom or utf16: how the output is written.")
]
Delimiter = Annotated[
    str, typer.Option("--delimiter", metavar="SIGN", help="What separates columns: a comma, ; | or tab.")
]
Crlf = Annotated[bool, typer.Option("--crlf", help="End lines as Windows does.")]


def source_of(file: str) -> Path | BinaryIO:
    """Return the file, or stdin for `-`."""
    return sys.stdin.buffer if file == STDIN else Path(file)


def asked_of(encoding: str | None, state_column: str | None, sheet: str | None, trust_disabled: bool) -> Asked:
    """Return what the operator said about a file."""
    return Asked(encoding=encoding, state_column=state_column, sheet=sheet, trust_disabled=trust_disabled)


def dialect_of(encoding: str, delimiter: str, crlf: bool) -> Dialect:
    """Return how a table is written; raise `UsageProblem` for an unknown encoding or separator."""
    sign = {"tab": "\t", "\\t": "\t"}.get(delimiter.casefold(), delimiter)
    match encoding.casefold().replace("-", ""):
        case "utf8":
            return Dialect(delimiter=sign, encoding="utf-8", crlf=crlf)
        case "utf8bom":
            return Dialect(delimiter=sign, encoding="utf-8-sig", crlf=crlf)
        case "utf16":
            return Dialect(delimiter=sign, encoding="utf-16", crlf=crlf)
        case _:
            raise UsageProblem(
                f"{encoding!r} is no encoding that is written here.", hint="Use --encoding utf8, utf8bom or utf16."
            )
