"""`convert`: read any old export and write it as plain rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from migrate.commands.call import Call, dialect_of
from migrate.commands.inputs import (
    InputEncoding,
    SheetName,
    StateColumn,
    TrustDisabled,
    VisibleOnly,
    asked_of,
    source_of,
)
from migrate.commands.options import verb
from migrate.config import OutputFormat
from migrate.errors import ExitCode
from migrate.exchange.tables import Dialect, csv_chunks
from migrate.model.claims import Claim, ClaimFile
from migrate.store.files import write_atomically

COLUMNS = ("ObjectId", "UserPrincipalName", "PerUserMfaState", "Source", "Row")


@verb
def convert(
    call: Call,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The old export; - reads stdin.")],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Write to this file instead of to the screen.")
    ] = None,
    state_column: StateColumn = None,
    input_encoding: InputEncoding = None,
    sheet: SheetName = None,
    visible_only: VisibleOnly = False,
    trust_disabled: TrustDisabled = False,
) -> ExitCode:
    """Read an old export in any format and write it as plain rows: CSV, or JSON with --output json.

    Takes CSV, JSON, NDJSON, CLIXML and Excel as MSOnline scripts, the portal and Graph write them. A column that only
    looks like the per-user state is refused with the reason. What a file says is a claim: compare it with the tenant.
    A file that gives nobody a state is written all the same, as a list of people, with exit code 1; so is one with
    rows that cannot be read.

    \b
    Examples:
        mfa-migrate convert legacy.csv
        mfa-migrate convert users.clixml --output json
        mfa-migrate convert report.xlsx --state-column "MFA Status" --to states.csv --encoding utf8bom
    """
    from migrate.exchange.reading import read_claims, with_states

    dialect = dialect_of(call.settings)
    asked = asked_of(input_encoding, state_column, sheet, trust_disabled, visible_only)
    read = with_states(read_claims(source_of(file), asked))
    for note in read.notes:
        call.screen.warn(note)
    chunks = _chunks(read, call.settings.output, dialect)
    if to is not None:
        write_atomically(to, chunks)
        call.screen.say(f"{len(read.claims)} rows written to {to}")
    else:
        call.screen.write_bytes(chunks)
    return ExitCode.OK if read.has_states and not read.unread else ExitCode.FINDINGS


def _chunks(read: ClaimFile, output: OutputFormat, dialect: Dialect) -> Iterator[bytes]:
    if output is OutputFormat.JSON:
        return _encoded(_json_text(read.claims), dialect)
    if output is OutputFormat.NDJSON:
        # Lines for machines are UTF-8, whatever people want their files to be, as on every other command.
        return (json.dumps(_document(claim), ensure_ascii=False).encode() + b"\n" for claim in read.claims)
    return csv_chunks(COLUMNS, map(_cells, read.claims), dialect)


def _cells(claim: Claim) -> tuple[str, ...]:
    return (
        claim.object_id or "",
        claim.user_principal_name or "",
        claim.mfa_state or "",
        claim.source,
        str(claim.row),
    )


def _document(claim: Claim) -> dict[str, Any]:
    return {
        "objectId": claim.object_id,
        "userPrincipalName": claim.user_principal_name,
        "perUserMfaState": claim.mfa_state,
        "source": claim.source,
        "row": claim.row,
    }


def _json_text(claims: tuple[Claim, ...]) -> Iterator[str]:
    yield "["
    for number, claim in enumerate(claims):
        yield (",\n " if number else "\n ") + json.dumps(_document(claim), ensure_ascii=False)
    yield "\n]\n"


def _encoded(texts: Iterator[str], dialect: Dialect) -> Iterator[bytes]:
    """Yield texts in the encoding that was asked for, with its byte order mark."""
    codec = "utf-16-le" if dialect.encoding == "utf-16" else "utf-8"
    if dialect.encoding != "utf-8":
        yield "\ufeff".encode(codec)
    for text in texts:
        yield (text.replace("\n", "\r\n") if dialect.crlf else text).encode(codec)
