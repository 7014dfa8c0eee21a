"""Read a working folder for the report, the evidence folder and the change record."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from migrate import __version__
from migrate.commands.call import Call
from migrate.commands.judging import apps_that_matter, baseline_answer
from migrate.commands.wiring import journal_to_read, now_utc
from migrate.errors import MfaMigrateError, NothingHere
from migrate.model.plan import PlanHeader
from migrate.model.record import sha256_of
from migrate.model.report import Digests, Person, ReportFacts, SignInDays
from migrate.store.books import ROLLBACK_CSV, ROLLBACK_JSON
from migrate.store.files import sha256_of_file
from migrate.store.folder import Workspace
from migrate.store.plan_files import PLAN_CSV, PLAN_JSON, plan_header_of, plan_rows_of, read_plan
from migrate.store.sign_ins import SignInBook
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from migrate.decide.now import NowByUser
    from migrate.decide.report.facts import Known
    from migrate.decide.report.followed import Followed
    from migrate.decide.report.run_fold import RunFold
    from migrate.model.plan import PlanKind
    from migrate.model.run import RunStanding
    from migrate.model.verification import Verification
    from migrate.store.journal import JournalDb


def report_facts(call: Call, workspace: Workspace, keep: Callable[[Person], None] | None = None) -> ReportFacts:
    """Return everything that a report of this folder says; `keep` hears every account, ordered by id.

    Raises:
        NothingHere: The folder holds no export.
        FolderDamaged, JournalBehind: Its books are not what was written.
    """
    from migrate.decide.report.facts import facts_of

    with ExitStack() as stack:
        snapshot = stack.enter_context(open_snapshot(workspace))
        journal = journal_to_read(workspace)
        if journal is not None:
            stack.enter_context(journal)
        known = _known(call, workspace, snapshot, journal)
        rows = plan_rows_of(workspace.path / PLAN_CSV) if known.rows_known else iter(())
        return facts_of(known, snapshot.users(), rows, lambda user_id: _name_of(snapshot, user_id), keep)


def _name_of(snapshot: Snapshot, user_id: str) -> str:
    user = snapshot.user(user_id)
    return user_id if user is None else user.profile.user_principal_name or user_id


class _Told(NamedTuple):
    """What the journal tells."""

    since: NowByUser
    users: Followed
    fold: RunFold
    verification: Verification | None = None
    last_kind: PlanKind | None = None
    run: PlanHeader | None = None
    standing: RunStanding | None = None
    head: tuple[int, str] = (0, "")


def _known(call: Call, workspace: Workspace, snapshot: Snapshot, journal: JournalDb | None) -> Known:
    from migrate.decide.report.facts import Known

    header = snapshot.header
    planned, rows_known = _planned(workspace)
    told = _told(workspace, journal, header.taken_at, planned)
    return Known(
        snapshot=header,
        evidence=snapshot.evidence(),
        since=told.since,
        told=told.users,
        fold=told.fold,
        verification=told.verification,
        plan=planned or told.run,
        run=told.run,
        standing=told.standing,
        last_kind=told.last_kind,
        rows_known=rows_known,
        digests=_digests(workspace, planned, told.run, header.id, told.head),
        sign_ins=_sign_ins(workspace, snapshot),
        apps=apps_that_matter(call.settings),
        baseline=baseline_answer(call.settings, header.taken_on),
        tool_version=__version__,
        clock=now_utc(),
    )


def _told(workspace: Workspace, journal: JournalDb | None, exported_at: str, planned: PlanHeader | None) -> _Told:
    from migrate.decide.now import NowByUser
    from migrate.decide.report.followed import Followed
    from migrate.decide.report.run_fold import RunFold

    fold = RunFold()
    if journal is None:
        nothing = NowByUser(exported_at, _no_document)
        return _Told(nothing, Followed(nothing, ()), fold)
    from migrate.engine.history import latest_migration, standing_of
    from migrate.model.verification import Verification

    since = NowByUser(exported_at, journal.document)
    deque(fold.passing(since.passing(journal.entries())), maxlen=0)
    verified, opened = fold.verified, fold.opened
    return _Told(
        since=since,
        users=Followed(since, journal.entries_by_user()),
        fold=fold,
        verification=None if verified is None else journal.document_as(verified.observed, Verification),
        last_kind=None if opened is None else journal.document_as(opened.requested, PlanHeader).kind,
        run=latest_migration(journal),
        standing=standing_of(journal, lambda: planned, paused=workspace.is_paused()),
        head=journal.head,
    )


def _no_document(ref: str) -> bytes:
    raise RuntimeError(f"Where there is no journal, nothing names the document {ref}.")


def _planned(workspace: Workspace) -> tuple[PlanHeader | None, bool]:
    """Return the plan of the folder, and whether its rows are what it says; a damaged one counts as none."""
    try:
        return read_plan(workspace)[0], True
    except NothingHere:
        return None, False
    except MfaMigrateError:
        with suppress(MfaMigrateError):
            return plan_header_of(workspace.path / PLAN_JSON), False
        return None, False


def _digests(
    workspace: Workspace, planned: PlanHeader | None, run: PlanHeader | None, snapshot: str, head: tuple[int, str]
) -> Digests:
    return Digests(
        plan="" if planned is None else planned.digest,
        plan_csv="" if planned is None else planned.rows_sha256,
        run="" if run is None else sha256_of(run),
        snapshot=snapshot,
        rollback_csv=_digest(workspace.path / ROLLBACK_CSV),
        rollback_json=_digest(workspace.path / ROLLBACK_JSON),
        journal_entries=head[0],
        journal_hash=head[1] if head[0] else "",
    )


def _digest(path: Path) -> str:
    return sha256_of_file(path) if path.is_file() else ""


def _sign_ins(workspace: Workspace, snapshot: Snapshot) -> SignInDays | None:
    from migrate.commands.sign_in_evidence import checked_sources
    from migrate.decide.report.sign_in_days import sign_in_days

    with SignInBook(workspace, beside=snapshot) as book:
        sources = checked_sources(book)
        return sign_in_days(list(sources.values()), (one for number in sources for one in book.people(number)))
