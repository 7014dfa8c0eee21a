"""`report evidence`: a folder for the auditor, with hashes that name each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from migrate import __version__
from migrate.commands.call import Call, dialect_of
from migrate.commands.change_record import LanguageOption, record_of, refuse_language
from migrate.commands.judging import apps_that_matter, baseline_answer
from migrate.commands.now import now_in
from migrate.commands.options import verb
from migrate.commands.report_facts import report_facts
from migrate.commands.wiring import journal_to_read, owner_line, refuse_foreign_journal, workspace_of
from migrate.errors import BadInput, ExitCode, FolderDamaged, NothingHere, StalePlan
from migrate.model.access import Cloud
from migrate.model.cis import BENCHMARK, BENCHMARK_VERSION, PROFILE, RECOMMENDATION
from migrate.model.evidence_folder import (
    EVIDENCE_FORMAT,
    EVIDENCE_KIND,
    CisDocument,
    KeptFile,
    LeftOut,
    LeftOutBecause,
    Manifest,
    Part,
)
from migrate.model.journal import GENESIS
from migrate.model.now import Now
from migrate.model.report import ReportFacts
from migrate.model.users import MfaState, UserRecord
from migrate.store.books import ROLLBACK_CSV, ROLLBACK_JSON
from migrate.store.chain import verify_chain
from migrate.store.evidence_folder import EvidenceFolder, refuse_existing
from migrate.store.files import sha256_of_file
from migrate.store.folder import Workspace, is_writable
from migrate.store.plan_files import PLAN_JSON, read_plan
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from migrate.decide.cis import StateTally
    from migrate.decide.evidence_agreement import PopulationTally
    from migrate.exchange.tables import Dialect
    from migrate.model.evidence import Evidence
    from migrate.store.journal import JournalDb
    from migrate.views.report.people_table import Kept


@dataclass(frozen=True, kw_only=True)
class _At:
    """What the folder is made from."""

    call: Call
    workspace: Workspace
    snapshot: Snapshot
    journal: JournalDb | None
    now: Now
    facts: ReportFacts
    people: Kept
    """Everybody, for the report's table."""
    language: str
    dialect: Dialect


@verb
def report_evidence(
    call: Call,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is not there yet.")],
    language: LanguageOption = "en",
) -> ExitCode:
    """Write the evidence folder: the CIS answer, every state now, plan, way back, audit and report, with their hashes.

    It is written beside its place and renamed at the end, and only you can read it. It answers recommendation 5.1.2.1
    of the CIS Microsoft 365 Foundations Benchmark v7.0.0 with met, not met or cannot be said. Reads no tenant: run
    `mfa-migrate export` and `mfa-migrate verify` shortly before. It holds names of users, and replaces nothing.

    \b
    Examples:
        mfa-migrate report evidence evidence-2026-12
        mfa-migrate report evidence evidence-2026-12 --language de
    """
    from migrate.views.evidence.answers import evidence_answer

    refuse_language(language)
    refuse_existing(folder)
    workspace = workspace_of(call)
    with ExitStack() as stack:
        at = _opened(stack, call, workspace, language)
        with EvidenceFolder(folder) as evidence:
            document, left_out = _written(evidence, at)
            manifest = _manifest(at, document, left_out)
            sums = evidence.finish(manifest)
    call.answer(evidence_answer(folder, manifest(evidence.files), document, sums))
    return ExitCode.OK


def _opened(stack: ExitStack, call: Call, workspace: Workspace, language: str) -> _At:
    """Open the books of a folder, with nobody else at work in it: what is written meanwhile would not fit the rest."""
    from migrate.views.report.people_table import Kept

    open_snapshot(workspace).close()  # before a folder is made that is not there
    if is_writable(workspace.path):
        stack.enter_context(workspace.lock(owner_line("report evidence")))
    snapshot = stack.enter_context(open_snapshot(workspace))
    journal = journal_to_read(workspace)
    if journal is not None:
        stack.enter_context(journal)
        refuse_foreign_journal(journal, workspace, snapshot.header.organization.tenant_id)
        report = verify_chain(journal.entries())
        if not report.holds:
            raise FolderDamaged(
                f"The journal in {workspace.path} is not what was written: {report.problem}",
                hint="`mfa-migrate audit verify` names the row; bring back a copy of journal.db that holds.",
            )
    people = Kept()
    return _At(
        call=call,
        workspace=workspace,
        snapshot=snapshot,
        journal=journal,
        now=now_in(workspace, snapshot),
        facts=report_facts(call, workspace, people.take),
        people=people,
        language=language,
        dialect=dialect_of(call.settings),
    )


def _written(evidence: EvidenceFolder, at: _At) -> tuple[CisDocument, tuple[LeftOut, ...]]:
    """Write every file; return the CIS answer and what could not be had."""
    from migrate.views.evidence.readme import readme

    document = _tables(evidence, at)
    left_out = (*_plan(evidence, at), *_way_back(evidence, at), *_audit(evidence, at))
    _for_people(evidence, at)
    evidence.put(Part.CIS, [msgspec.json.format(msgspec.json.encode(document), indent=2), b"\n"])
    page = readme(
        document,
        left_out,
        sandbox=at.snapshot.header.endpoint is not None,
        journal=_head(at),
        exceptions=len(at.facts.exceptions),
    )
    evidence.put(Part.README, [page.encode()])
    return document, left_out


def _tables(evidence: EvidenceFolder, at: _At) -> CisDocument:
    """Write what is counted, and return the answer to the counts."""
    from migrate.decide.as_now import evidence_as_now
    from migrate.decide.cis import StateTally
    from migrate.decide.evidence_agreement import PopulationTally
    from migrate.decide.evidence_rows import policies_document, sample_rows, state_rows, unreadable_rows
    from migrate.exchange.evidence_tables import exceptions_csv, sample_csv, states_csv, unreadable_csv
    from migrate.exchange.tables import csv_chunks
    from migrate.views.coverage import USER_COLUMNS

    snapshot, dialect, tally, populations = at.snapshot, at.dialect, StateTally(), PopulationTally()
    rests_on = evidence_as_now(snapshot.evidence(), at.now)
    evidence.put(Part.STATES, states_csv(state_rows(snapshot.users_with_requests(), at.now, tally), dialect))
    # Looked for again only where there is anybody: they may be all, and nobody is held.
    unread = any(row.unreadable for row in tally.states())
    without_state = unreadable_rows(snapshot.users_with_requests(), at.now) if unread else ()
    evidence.put(Part.UNREADABLE, unreadable_csv(without_state, dialect))
    evidence.put(Part.CROSS_CHECK, sample_csv(sample_rows(snapshot.header), dialect))
    evidence.put(Part.COVERAGE, csv_chunks(USER_COLUMNS, _coverage_rows(at, rests_on, populations), dialect))
    policies = msgspec.json.format(msgspec.json.encode(policies_document(rests_on, at.now)), indent=2)
    evidence.put(Part.POLICIES, [policies, b"\n"])
    evidence.put(Part.EXCEPTIONS, exceptions_csv(at.facts.exceptions, dialect))
    return _document(at, tally, populations)


def _coverage_rows(at: _At, rests_on: Evidence, populations: PopulationTally) -> Iterator[tuple[str, ...]]:
    from migrate.decide.as_now import users_as_now
    from migrate.decide.coverage.judge import Judge
    from migrate.views.coverage import user_cells

    settings = at.call.settings
    baseline = baseline_answer(settings, at.snapshot.header.taken_on)
    judge = Judge(rests_on, apps_that_matter=apps_that_matter(settings), baseline=baseline)
    for user in users_as_now(at.snapshot.users(), at.now):
        state = user.mfa_state if isinstance(user, UserRecord) else None
        coverage = judge.coverage_of(user.profile)
        populations.take(coverage.verdict, state is MfaState.DISABLED)
        yield user_cells(user.profile, state or "", coverage)


def _document(at: _At, tally: StateTally, populations: PopulationTally) -> CisDocument:
    from migrate.decide.cis import cis_answer, sample_of
    from migrate.graph.session import graph_host
    from migrate.views.evidence.cis_words import NO_PROOF_OF_PROTECTION, QUESTION, cis_sentence, method_words

    header, moment = at.snapshot.header, at.now.moment
    sample = sample_of(header)
    answer = cis_answer(tally.states(), sample)
    return CisDocument(
        benchmark=BENCHMARK,
        version=BENCHMARK_VERSION,
        recommendation=RECOMMENDATION,
        profile=PROFILE,
        question=QUESTION,
        answer=answer,
        sentence=cis_sentence(answer),
        as_of=at.facts.made_at,
        read_from=header.taken_at,
        read_until=header.reading.until if header.reading is not None else "",
        changes_since=moment.changes,
        method=method_words(header, header.endpoint or graph_host(Cloud(header.cloud)), sample, moment),
        coverage=populations.found(),
        coverage_note=NO_PROOF_OF_PROTECTION,
        exceptions=dict(sorted(Counter(one.kind.value for one in at.facts.exceptions).items())),
        tenant_id=header.organization.tenant_id,
        tenant_name=header.organization.display_name,
        tool_version=__version__,
    )


def _plan(evidence: EvidenceFolder, at: _At) -> Iterator[LeftOut]:
    """Copy the plan; yield what is left out of it."""
    try:
        _, rows = read_plan(at.workspace)
    except NothingHere:
        yield from _left_out(LeftOutBecause.NO_PLAN, Part.PLAN_JSON, Part.PLAN_CSV)
    except (BadInput, StalePlan):
        yield from _left_out(LeftOutBecause.PLAN_EDITED, Part.PLAN_JSON, Part.PLAN_CSV)
    else:
        evidence.copy(Part.PLAN_JSON, rows.with_name(PLAN_JSON))
        evidence.copy(Part.PLAN_CSV, rows)


def _way_back(evidence: EvidenceFolder, at: _At) -> Iterator[LeftOut]:
    """Copy the rollback files where they fit each other; yield what is left out."""
    from migrate.store.rollback_files import kept_header

    table, beside = at.workspace.path / ROLLBACK_CSV, at.workspace.path / ROLLBACK_JSON
    if not table.is_file() or not beside.is_file():
        yield from _left_out(LeftOutBecause.NO_WAY_BACK, Part.ROLLBACK_JSON, Part.ROLLBACK_CSV)
        return
    header = kept_header(beside)
    if header is None or not header.fits(sha256_of_file(table)):
        yield from _left_out(LeftOutBecause.ROLLBACK_EDITED, Part.ROLLBACK_JSON, Part.ROLLBACK_CSV)
        return
    evidence.copy(Part.ROLLBACK_JSON, beside)
    evidence.copy(Part.ROLLBACK_CSV, table)


def _audit(evidence: EvidenceFolder, at: _At) -> Iterator[LeftOut]:
    from migrate.exchange.documents import audit_csv

    if at.journal is None:
        yield from _left_out(LeftOutBecause.NOTHING_APPLIED, Part.AUDIT)
    else:
        evidence.put(Part.AUDIT, audit_csv(at.journal.entries(), at.dialect))


def _left_out(why: LeftOutBecause, *parts: Part) -> Iterator[LeftOut]:
    return (LeftOut(name=part.value, why=why) for part in parts)


def _for_people(evidence: EvidenceFolder, at: _At) -> None:
    from migrate.views.change_record.fields import record_json, record_markdown
    from migrate.views.report.page import report_page
    from migrate.views.report.words import Language

    record = record_of(at.workspace, at.facts, at.language)
    evidence.put(Part.REPORT, report_page(at.facts, at.people, Language(at.language), None))
    evidence.put(Part.CHANGE_MD, [record_markdown(record).encode()])
    evidence.put(Part.CHANGE_JSON, [record_json(record)])


def _head(at: _At) -> tuple[int, str]:
    return (0, GENESIS) if at.journal is None else at.journal.head


def _manifest(
    at: _At, document: CisDocument, left_out: tuple[LeftOut, ...]
) -> Callable[[tuple[KeptFile, ...]], Manifest]:
    """Return a function from the files that were written to the manifest."""
    header, (entries, last) = at.snapshot.header, _head(at)
    no_plan = any(one.name == Part.PLAN_JSON for one in left_out)

    def manifest(files: tuple[KeptFile, ...]) -> Manifest:
        return Manifest(
            format=EVIDENCE_FORMAT,
            kind=EVIDENCE_KIND,
            tool_version=__version__,
            as_of=document.as_of,
            tenant_id=document.tenant_id,
            tenant_name=document.tenant_name,
            cloud=header.cloud,
            endpoint=header.endpoint,
            snapshot_id=header.id,
            snapshot_taken_at=header.taken_at,
            plan_digest="" if no_plan else at.facts.digests.plan,
            journal_entries=entries,
            journal_hash=last,
            result=document.answer.result,
            files=files,
            left_out=left_out,
        )

    return manifest
