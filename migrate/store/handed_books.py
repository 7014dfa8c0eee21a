"""Compare the books of an evidence folder with each other: plan, rollback files and audit name each other's hashes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from migrate.errors import MfaMigrateError
from migrate.exchange.documents import audit_entries, rollback_header
from migrate.model.evidence_folder import FlawKind, Part
from migrate.model.journal import GENESIS, JournalEntry, Operation, Outcome
from migrate.model.plan import PlanHeader
from migrate.model.rollback import RollbackHeader
from migrate.store.chain import verify_chain
from migrate.store.files import sha256_of_file
from migrate.store.handed_folder import HandedFolder
from migrate.store.plan_files import plan_header_of

T = TypeVar("T")


def compare_books(folder: HandedFolder, noted: Sequence[str] = ()) -> None:
    """Note what does not fit in a folder that was looked at.

    Args:
        folder: Its `sound` files are read.
        noted: Hashes that were written down elsewhere (any case): of SHA256SUMS, or of an entry of the audit.
    """
    plan = _header(folder, Part.PLAN_JSON, plan_header_of)
    rollback = _header(folder, Part.ROLLBACK_JSON, rollback_header)
    seen = _Audit(noted, () if rollback is None else (rollback.journal_entries,))
    _check_chain(folder, seen)
    _check_plan(folder, plan)
    _check_rollback(folder, rollback)
    if seen.holds:
        _check_against_audit(folder, rollback, seen)
    if folder.manifest is not None:
        _check_tenants(folder, folder.manifest.tenant_id, plan, rollback, seen)
        if plan is not None and folder.manifest.plan_digest != plan.digest:
            folder.flaw(
                FlawKind.NOT_ITS_ROWS, Part.PLAN_JSON, "it is another plan than the one that manifest.json names"
            )
        written = (folder.manifest.journal_entries, folder.manifest.journal_hash)
        if seen.holds and written != (seen.count, seen.head):
            detail = f"{folder.manifest.journal_entries} entries were written, {seen.count} hold"
            folder.flaw(FlawKind.CHAIN_BROKEN, Part.AUDIT, detail)
    for digest in noted:
        if digest.casefold() not in (*seen.found, folder.sums_sha256):
            folder.flaw(FlawKind.NOT_EXPECTED, folder.path.name, digest)


class _Audit:
    """What is seen of an audit while its chain is checked."""

    def __init__(self, noted: Iterable[str], numbers: Iterable[int]) -> None:
        self.count, self.head = 0, GENESIS
        self.holds = True
        """Whether nothing was wrong with it so far: what is not there holds nothing, and names nothing."""
        self.tenants: set[str] = set()
        self.runs: set[str] = set()
        """Digests of the plans that were opened."""
        self.found: set[str] = set()
        self._noted = {digest.casefold() for digest in noted}
        self.hashes = {0: GENESIS}
        """Hashes of the entries that are asked about, by number."""
        self._numbers = set(numbers)

    def passing(self, entries: Iterable[JournalEntry]) -> Iterator[JournalEntry]:
        """Pass entries on and note what is asked of them later."""
        for entry in entries:
            self.tenants.add(entry.tenant_id)
            if entry.hash in self._noted:
                self.found.add(entry.hash)
            if entry.operation is Operation.OPEN_RUN and entry.outcome is Outcome.OPENED:
                self.runs.add(entry.plan_digest)
            if entry.sequence in self._numbers:
                self.hashes[entry.sequence] = entry.hash
            yield entry


def _check_chain(folder: HandedFolder, seen: _Audit) -> None:
    if Part.AUDIT not in folder.sound:
        return
    try:
        report = verify_chain(seen.passing(audit_entries(folder.path / Part.AUDIT)))
    except (MfaMigrateError, ValueError, RecursionError) as problem:
        folder.flaw(FlawKind.NOT_UNDERSTOOD, Part.AUDIT, _words(problem))
        seen.holds = False
        return
    seen.count, seen.head = report.count, report.head
    seen.holds = report.holds
    if not report.holds:
        folder.flaw(FlawKind.CHAIN_BROKEN, Part.AUDIT, report.problem)


def _header(folder: HandedFolder, part: Part, read: Callable[[Path], T]) -> T | None:
    """Return what a part says; None where it is not there whole, or is not understood, which is a flaw."""
    if part not in folder.sound:
        return None
    try:
        return read(folder.path / part)
    except (MfaMigrateError, ValueError, RecursionError) as problem:
        folder.flaw(FlawKind.NOT_UNDERSTOOD, part, _words(problem))
        return None


def _check_plan(folder: HandedFolder, plan: PlanHeader | None) -> None:
    if plan is None or Part.PLAN_CSV not in folder.sound:
        return
    if sha256_of_file(folder.path / Part.PLAN_CSV) != plan.rows_sha256:
        folder.flaw(FlawKind.NOT_ITS_ROWS, Part.PLAN_CSV, "plan.json names other rows")


def _check_rollback(folder: HandedFolder, rollback: RollbackHeader | None) -> None:
    table = folder.path / Part.ROLLBACK_CSV
    if rollback is not None and Part.ROLLBACK_CSV in folder.sound and not rollback.fits(sha256_of_file(table)):
        folder.flaw(FlawKind.NOT_ITS_ROWS, Part.ROLLBACK_CSV, "rollback.json names other rows")


def _check_against_audit(folder: HandedFolder, rollback: RollbackHeader | None, seen: _Audit) -> None:
    if rollback is None:
        return
    unknown = [digest for digest in rollback.plan_digests if digest not in seen.runs]
    if unknown:
        detail = f"the plan {unknown[0][:12]} was opened by no run of audit.csv"
        folder.flaw(FlawKind.NOT_IN_AUDIT, Part.ROLLBACK_JSON, detail)
    if seen.hashes.get(rollback.journal_entries) != rollback.journal_hash:
        detail = f"it was written at entry {rollback.journal_entries}, which is another one in audit.csv"
        folder.flaw(FlawKind.NOT_IN_AUDIT, Part.ROLLBACK_JSON, detail)


def _check_tenants(
    folder: HandedFolder, tenant_id: str, plan: PlanHeader | None, rollback: RollbackHeader | None, seen: _Audit
) -> None:
    told = {
        Part.PLAN_JSON: tenant_id if plan is None else plan.tenant_id,
        Part.ROLLBACK_JSON: tenant_id if rollback is None else rollback.tenant_id,
        Part.AUDIT: next(iter(sorted(seen.tenants - {tenant_id})), tenant_id),
    }
    for part, found in told.items():
        if found != tenant_id:
            folder.flaw(FlawKind.OTHER_TENANT, part, found)


def _words(problem: Exception) -> str:
    return problem.what if isinstance(problem, MfaMigrateError) else str(problem)
