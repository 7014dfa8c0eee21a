"""What both logs say of the waves that were carried out: the directory audit log, asked now, and the sign-in log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrate.commands.wave_gate import wave_proofs
from migrate.config import Config
from migrate.errors import GraphRefused, IncompleteRead, PermissionMissing
from migrate.store.folder import Workspace

if TYPE_CHECKING:
    from migrate.decide.audit_match import OwnWrites
    from migrate.graph.tenant import GraphTenant
    from migrate.model.directory_audit import OwnWrite, WaveAudit
    from migrate.model.plan import PlanHeader
    from migrate.model.wave_gate import WaveEvidence
    from migrate.store.journal import JournalDb


async def wave_evidence(
    tenant: GraphTenant, journal: JournalDb | None, plan: PlanHeader | None, workspace: Workspace, config: Config
) -> tuple[WaveEvidence, ...]:
    """Return what is known of each wave of the latest migration, policies (wave 0) first.

    A log that cannot be read is no failure: it says so in its place.

    Raises:
        FolderDamaged: What was read of the sign-in log is not what was written.
        RemoteProblem: The connection failed.
    """
    from migrate.decide.audit_match import OwnWrites, by_wave
    from migrate.engine.own_writes import own_writes
    from migrate.model.wave_gate import WaveEvidence

    if journal is None or plan is None:
        return ()
    ours = OwnWrites(own_writes(journal))
    audits = [
        await _audit(tenant, wave, writes, ours)
        for wave, writes in by_wave(ours.same(own_writes(journal, plan.digest)))
    ]
    # Without a log a proof has only zeros: nothing is said then.
    proofs = {one.wave: one for one in wave_proofs(workspace, config) if one.log_until is not None}
    return tuple(WaveEvidence(wave=one.wave, audit=one, proof=proofs.get(one.wave)) for one in audits)


async def _audit(tenant: GraphTenant, wave: int, writes: list[OwnWrite], ours: OwnWrites) -> WaveAudit:
    from migrate.decide.audit_match import AuditMatching, audit_without, window_of
    from migrate.model.directory_audit import AuditGap

    since, until = (datetime.fromtimestamp(seconds, UTC) for seconds in window_of(writes))
    matching = AuditMatching(wave, writes, ours)
    try:
        async for page in tenant.iter_directory_audits(since, until):
            matching.take(page)
    except PermissionMissing:
        return audit_without(wave, writes, AuditGap.NO_PERMISSION)
    except (GraphRefused, IncompleteRead):
        return audit_without(wave, writes, AuditGap.NOT_GIVEN)
    return matching.audit()
