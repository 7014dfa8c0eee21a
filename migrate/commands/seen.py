"""Keep in the folder what each reading saw of groups, roles, locations and strengths: exports, and waves."""

from __future__ import annotations

from datetime import datetime

from migrate.decide.settling import noted, says_the_same
from migrate.model.evidence import Evidence
from migrate.model.instants import moment_of
from migrate.model.readings import Readings
from migrate.store.folder import Workspace
from migrate.store.readings_file import read_readings, write_readings
from migrate.store.snapshot import Snapshot


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
