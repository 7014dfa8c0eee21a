"""`compare`: lay an old export beside the tenant."""

from __future__ import annotations

from typing import Annotated

import typer

from migrate.commands.call import Call
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
from migrate.commands.wiring import workspace_of
from migrate.errors import ExitCode


@verb
def compare(
    call: Call,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The old export; - reads stdin.")],
    state_column: StateColumn = None,
    input_encoding: InputEncoding = None,
    sheet: SheetName = None,
    visible_only: VisibleOnly = False,
    trust_disabled: TrustDisabled = False,
) -> ExitCode:
    """Show where an old export and the tenant disagree. Changes nothing.

    The tenant is what the last `mfa-migrate export` read. Told are other states, and users who are new, renamed,
    deleted or missing. Users are matched by object id, else by name; never by display name. Exit code 1 when they
    disagree anywhere, when the file holds no state to compare, and when a row of
    it cannot be read.

    \b
    Examples:
        mfa-migrate compare legacy.csv
        mfa-migrate compare legacy.csv --output csv > differences.csv
    """
    from migrate.exchange.comparing import comparison_of
    from migrate.exchange.reading import read_claims, with_states
    from migrate.store.snapshot import open_snapshot
    from migrate.views.compare import compare_answer

    asked = asked_of(input_encoding, state_column, sheet, trust_disabled, visible_only)
    read = with_states(read_claims(source_of(file), asked))
    for note in read.notes:
        call.screen.warn(note)
    with open_snapshot(workspace_of(call)) as snapshot:
        comparison = comparison_of(read, snapshot.users())
        call.answer(compare_answer(read, comparison, snapshot.header))
    agrees = read.has_states and not comparison.differences and not read.unread
    return ExitCode.OK if agrees else ExitCode.FINDINGS
