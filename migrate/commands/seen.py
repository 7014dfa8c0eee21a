"""Keep in the folder what each reading saw of groups, roles, locations and strengths: exports, and waves."""

from __future__ import annotations

from datetime import datetime

import msgspec

from migrate.decide.settling import brings_news, noted, says_the_same
from migrate.engine.history import last_seen_change
from migrate.model.evidence import Evidence
from migrate.model.instants import iso_utc, moment_of
from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.model.plan import PlanHeader
from migrate.model.readings import Readings
from migrate.model.reasons import Why, reason_of
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.readings_file import forget_readings, read_readings, write_readings
from migrate.store.snapshot import Snapshot, open_snapshots

ANEW = ", begun anew after a loss"


def note_reading(workspace: Workspace, evidence: Evidence, at: datetime, tenant_id: str) -> Readings:
    """Keep what a reading saw that was through at this moment; return what the folder has seen. It is locked."""
    return _noted(workspace, evidence, at, tenant_id)[0]


def note_export(workspace: Workspace, evidence: Evidence, at: datetime, tenant_id: str) -> None:
    """Keep what an export saw, and when: readings.json is never older than a snapshot beside it. It is locked."""
    write_readings(workspace, noted(read_readings(workspace), evidence, at, tenant_id))


def note_in_run(
    workspace: Workspace, journal: JournalDb, plan: PlanHeader, evidence: Evidence, at: datetime
) -> Readings:
    """Keep what a reading of a run saw, and a change in the journal too: an older readings.json is noticed by that."""
    readings, is_news = _noted(workspace, evidence, at, plan.tenant_id)
    if is_news:
        # It belongs to no run: what a run waits for stays the last entry of that run.
        journal.for_run("")
        kept = Draft(
            operation=Operation.SEEN,
            target_type=TargetType.RUN,
            outcome=Outcome.RECORDED,
            before=readings.since,
            observed=readings.last.at,
            reason=reason_of(Why.SEEN_TO_CHANGE),
            server_date=iso_utc(at),
        )
        journal.append([kept])
        journal.for_run(plan.digest)
    return readings


def _noted(workspace: Workspace, evidence: Evidence, at: datetime, tenant_id: str) -> tuple[Readings, bool]:
    """Return what the folder has seen, and whether the reading brought news."""
    known = read_readings(workspace)
    readings = noted(known, evidence, at, tenant_id)
    if not says_the_same(known, readings):
        write_readings(workspace, readings)
    return readings, brings_news(known, readings)


def note_first_reading(workspace: Workspace, snapshot: Snapshot) -> None:
    """Let a snapshot be the first reading of a folder that has kept none, such as one of an older version."""
    taken_at = moment_of(snapshot.header.taken_at)
    if taken_at is not None and read_readings(workspace) is None:
        note_reading(workspace, snapshot.evidence(), taken_at, snapshot.header.organization.tenant_id)


def readings_lost(workspace: Workspace, journal: JournalDb, plan: PlanHeader) -> bool:
    """Tell whether what the folder had seen when a plan was made, or since, is gone, or is an older copy.

    The plan, the snapshots and the journal tell how new the file has to be. An older copy is dropped. What is begun
    anew is another file, so the loss is noticed as long as the plan goes on. The folder is locked.
    """
    if plan.books is None or not plan.books.readings_since:
        return False
    known = read_readings(workspace)
    if known is None or known.since != plan.books.readings_since:
        return True
    exported = _last_export(workspace, plan.tenant_id)
    if known.last.at >= max(plan.books.readings_at, exported, last_seen_change(journal, known.since)):
        return False
    forget_readings(workspace)
    return True


def _last_export(workspace: Workspace, tenant_id: str) -> str:
    """Return when the reading of the latest snapshot began; empty where none can be used."""
    latest = ""
    for snapshot in open_snapshots(workspace):
        with snapshot:
            if snapshot.header.organization.tenant_id == tenant_id:
                latest = max(latest, snapshot.header.taken_at)
    return latest


def begin_anew(workspace: Workspace, at: datetime) -> None:
    """Mark what the folder sees from now on as another file than the one that was lost, which began at this moment."""
    known = read_readings(workspace)
    if known is not None and not known.since.endswith(ANEW):
        last = msgspec.structs.replace(known.last, at=iso_utc(at))
        write_readings(workspace, msgspec.structs.replace(known, since=known.since + ANEW, last=last))
