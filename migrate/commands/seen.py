"""Keep in the folder what each reading saw of groups, roles, locations and strengths: exports, and waves."""

from __future__ import annotations

from datetime import datetime

import msgspec

from migrate.decide.settling import noted, says_the_same
from migrate.model.evidence import Evidence
from migrate.model.instants import moment_of
from migrate.model.plan import PlanHeader
from migrate.model.readings import Readings
from migrate.store.folder import Workspace
from migrate.store.readings_file import forget_readings, read_readings, write_readings
from migrate.store.snapshot import Snapshot

ANEW = ", begun anew after a loss"


def note_reading(workspace: Workspace, evidence: Evidence, at: datetime, tenant_id: str) -> Readings:
    """Keep what a reading saw that was through at this moment; return what the folder has seen. It is locked."""
    known = read_readings(workspace)
    readings = noted(known, evidence, at, tenant_id)
    if not says_the_same(known, readings):
        write_readings(workspace, readings)
    return readings


def note_first_reading(workspace: Workspace, snapshot: Snapshot) -> None:
    """Let a snapshot be the first reading of a folder that has kept none, such as one of an older version."""
    taken_at = moment_of(snapshot.header.taken_at)
    if taken_at is not None and read_readings(workspace) is None:
        note_reading(workspace, snapshot.evidence(), taken_at, snapshot.header.organization.tenant_id)


def readings_lost(workspace: Workspace, plan: PlanHeader) -> bool:
    """Tell whether what the folder had seen when a plan was made is gone, or is an older copy. The folder is locked.

    An older copy is dropped. What is begun anew is another file, so the loss is noticed as long as the plan goes on.
    """
    if plan.books is None or not plan.books.readings_since:
        return False
    known = read_readings(workspace)
    if known is None or known.since != plan.books.readings_since:
        return True
    if known.last.at >= plan.books.readings_at:
        return False
    forget_readings(workspace)
    return True


def begin_anew(workspace: Workspace) -> None:
    """Mark what the folder sees from now on as another file than the one that was lost."""
    known = read_readings(workspace)
    if known is not None and not known.since.endswith(ANEW):
        write_readings(workspace, msgspec.structs.replace(known, since=known.since + ANEW))
