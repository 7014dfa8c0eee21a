"""`audit export` and `audit verify`: hand over what happened, and check that nobody changed it since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from migrate.commands.call import Call, dialect_of
from migrate.commands.options import keep_for_the_verb, verb, with_globals
from migrate.commands.wiring import workspace_of
from migrate.errors import ExitCode
from migrate.model.journal import JournalEntry, columns_of
from migrate.settings import GlobalOptions
from migrate.store.chain import ChainReport, refuse_no_hash, verify_chain
from migrate.store.files import write_atomically
from migrate.store.folder import AUDIT_CSV, AUDIT_JSON, AUDIT_LEGEND
from migrate.store.journal import JournalDb

audit_app = typer.Typer(
    name="audit",
    help="Export the audit, or check that it is whole.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@audit_app.callback()
@with_globals
def _audit(context: typer.Context, typed: GlobalOptions) -> None:
    """Export the audit, or check that it is whole."""
    keep_for_the_verb(context, typed)


@audit_app.command("export")
@verb
def audit_export(
    call: Call,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="FILE", help="Where audit.csv goes. [default: working folder]")
    ] = None,
) -> ExitCode:
    """Write audit.csv and audit.json: one row for every journal entry, hash-chained; and audit-legend.txt.

    audit-legend.txt counts what happened, run by run, and says what the columns, operations and outcomes mean.
    The chain shows later edits against a count and hash noted elsewhere. It is no signature: whoever can write the
    folder can make a new chain.

    \b
    Examples:
        mfa-migrate audit export
        mfa-migrate audit export --to evidence/audit.csv
    """
    from migrate.decide.audit_summary import audit_summary
    from migrate.exchange.documents import audit_csv
    from migrate.views.audit import audit_answer
    from migrate.views.audit_legend import legend_text

    workspace = workspace_of(call)
    path = to or workspace.path / AUDIT_CSV
    legend = path.with_name(path.stem + "-legend.txt") if to else workspace.path / AUDIT_LEGEND
    with JournalDb.open_to_read(workspace) as journal:
        write_atomically(path, audit_csv(journal.entries(), dialect_of(call.settings)))
        write_atomically(path.with_name(path.stem + ".json") if to else workspace.path / AUDIT_JSON, _json(journal))
        _, head = journal.head
        summary = audit_summary(journal.entries())
        write_atomically(legend, [("\n".join(legend_text(summary, head)) + "\n").encode()])
        call.answer(audit_answer(path, legend, summary, head, journal.entries))
    return ExitCode.OK


def _json(journal: JournalDb) -> Iterator[bytes]:
    """Yield the entries as one JSON array, a row a line, without holding them all."""
    before = b"[\n"
    for entry in journal.entries():
        yield before + msgspec.json.encode(columns_of(entry))
        before = b",\n"
    yield b"\n]\n" if before != b"[\n" else b"[]\n"


@audit_app.command("verify")
@verb
def audit_verify(
    call: Call,
    file: Annotated[Path | None, typer.Argument(metavar="audit.csv", help="Check this file alone.")] = None,
    expect: Annotated[
        str | None, typer.Option("--expect", metavar="HASH", help="A last hash that was noted earlier.")
    ] = None,
) -> ExitCode:
    """Check the hash chain of the journal, or of an audit.csv alone; name the first broken row.

    \b
    Examples:
        mfa-migrate audit verify
        mfa-migrate audit verify audit.csv --expect 3f0c…
    """
    from migrate.exchange.documents import audit_entries
    from migrate.views.audit import chain_answer

    if expect is not None:
        refuse_no_hash(expect)
    with ExitStack() as stack:
        entries: Iterable[JournalEntry]
        if file is not None:
            entries = audit_entries(file)
        else:
            entries = stack.enter_context(JournalDb.open_to_read(workspace_of(call))).entries()
        report: ChainReport = verify_chain(entries, expect=expect)
    call.answer(chain_answer(report))
    return ExitCode.OK if report.holds else ExitCode.FINDINGS
