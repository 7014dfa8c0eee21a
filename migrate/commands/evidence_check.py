"""`report check`: whether an evidence folder that somebody hands in is what was written, and fits together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from migrate.commands.call import Call
from migrate.commands.options import offline_verb
from migrate.errors import BadInput, ExitCode
from migrate.model.evidence_folder import CheckedFolder, CisDocument, Flaw, FlawKind, Part
from migrate.store.chain import refuse_no_hash
from migrate.store.handed_books import compare_books
from migrate.store.handed_folder import HandedFolder


@offline_verb
def report_check(
    call: Call,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The evidence folder.")],
    expect: Annotated[
        list[str] | None,
        typer.Option("--expect", metavar="HASH", help="A hash noted earlier: of SHA256SUMS, or of the audit."),
    ] = None,
) -> ExitCode:
    """Check an evidence folder that somebody hands in: sums, lists, audit chain, plan, way back and the CIS answer.

    It needs no working folder and no tenant. No link in it is followed, and nothing outside it is opened. Exit code 0
    when everything fits, 1 when something is wrong, 2 when it is no evidence folder. What shows that nobody made the
    whole folder anew is a hash that was noted elsewhere: --expect.

    \b
    Examples:
        mfa-migrate report check evidence-2026-12
        mfa-migrate report check evidence-2026-12 --expect 3f0c…
        mfa-migrate report check evidence-2026-12 -o json
    """
    from migrate.views.evidence.answers import check_answer

    noted = expect or []
    for digest in noted:
        refuse_no_hash(digest)
    handed = HandedFolder(folder)
    handed.look()
    compare_books(handed, [digest.strip() for digest in noted])
    _compare_answer(handed)
    found = CheckedFolder(
        files=handed.fitting,
        flaws=tuple(dict.fromkeys(handed.flaws)),
        sums_sha256=handed.sums_sha256,
        manifest=handed.manifest,
    )
    call.answer(check_answer(folder, found))
    return ExitCode.OK if found.holds else ExitCode.FINDINGS


def _compare_answer(handed: HandedFolder) -> None:
    """Count the tables again and note where the answer says something else."""
    from migrate.decide import evidence_agreement as agreement
    from migrate.exchange import evidence_tables as tables

    document = _document(handed)
    if document is None or not _may_read(handed, Part.STATES):
        return
    if handed.manifest is not None and handed.manifest.result is not document.answer.result:
        handed.flaw(FlawKind.ANSWER_DIFFERS, Part.CIS, "manifest.json names another result")
    if handed.manifest is not None and handed.manifest.tenant_id != document.tenant_id:
        handed.flaw(FlawKind.OTHER_TENANT, Part.CIS, document.tenant_id)
    path = handed.path
    try:
        table = agreement.CountedTable(tables.states_rows(path / Part.STATES))
    except BadInput as problem:
        handed.flaw(FlawKind.NOT_UNDERSTOOD, Part.STATES, problem.what)
        return
    handed.flaws.extend(agreement.answer_flaws(document, table))
    checks: dict[Part, Callable[[], Iterator[Flaw]]] = {
        Part.UNREADABLE: lambda: agreement.unreadable_flaws(table, tables.unreadable_rows(path / Part.UNREADABLE)),
        Part.CROSS_CHECK: lambda: agreement.sample_flaws(
            document.answer.sample, tables.sample_rows(path / Part.CROSS_CHECK)
        ),
        Part.COVERAGE: lambda: agreement.coverage_flaws(
            document.coverage, table, tables.verdict_rows(path / Part.COVERAGE)
        ),
    }
    for part, check in checks.items():
        if _may_read(handed, part):
            try:
                handed.flaws.extend(check())
            except BadInput as problem:
                handed.flaw(FlawKind.NOT_UNDERSTOOD, part, problem.what)


def _document(handed: HandedFolder) -> CisDocument | None:
    if not _may_read(handed, Part.CIS):
        return None
    try:
        return msgspec.json.decode(handed.read(Part.CIS), type=CisDocument)
    except (BadInput, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        handed.flaw(FlawKind.NOT_UNDERSTOOD, Part.CIS, getattr(problem, "what", str(problem)))
        return None


def _may_read(handed: HandedFolder, part: Part) -> bool:
    return part.value in handed.sound
