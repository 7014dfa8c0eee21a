"""`verify`: read the tenant afresh and compare it with what should be."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.wiring import journal_to_read, open_tenant, workspace_of
from migrate.errors import ExitCode, StalePlan
from migrate.model.findings import Finding
from migrate.model.plan import PlanAction, PlanRow
from migrate.store.folder import Workspace
from migrate.store.plan_files import PLAN_CSV, plan_rows_of
from migrate.store.snapshot import open_snapshot

if TYPE_CHECKING:
    from migrate.engine.inspector import Inspection


@dataclass(frozen=True, kw_only=True)
class Verified:
    """What verify found and looked at."""

    findings: list[Finding]
    inspection: Inspection
    held: list[PlanRow]
    planned: int
    """Users whom the plan of this folder would change."""
    taken_at: str
    applied: bool
    """Whether any run was begun from this folder."""


@verb
def verify(call: Call) -> ExitCode:
    """Compare the tenant with what it should be. Changes nothing.

    Reads the tenant afresh. What it should be is the journal folded over the snapshot: after apply the target states,
    after rollback the former ones. Checked are states, policies, coverage and registered methods. People who were
    held back are listed, they are no findings. Exit code 1 when there are findings.

    \b
    Examples:
        mfa-migrate verify
        mfa-migrate verify -o json > verify.json
    """
    from migrate.views.verify import verify_answer

    verified = call.run(_verify(call, workspace_of(call)))
    call.answer(
        verify_answer(
            verified.findings,
            verified.inspection,
            verified.held,
            call.settings.endpoint,
            untouched_since=None if verified.applied else verified.taken_at,
            planned=verified.planned,
        )
    )
    return ExitCode.FINDINGS if verified.findings else ExitCode.OK


async def _verify(call: Call, workspace: Workspace) -> Verified:
    from migrate.engine.history import latest_migration
    from migrate.engine.inspector import Inspection, inspect

    with ExitStack() as stack:
        journal = journal_to_read(workspace)
        if journal is not None:
            stack.enter_context(journal)
        applied = journal is not None and journal.head[0] > 0
        plan = latest_migration(journal)
        snapshot = stack.enter_context(open_snapshot(workspace, (plan.snapshot_id or None) if plan else None))
        inspection = Inspection()
        async with open_tenant(call) as tenant:
            organization = await tenant.read_organization()
            wanted = snapshot.header.organization.tenant_id
            if organization.tenant_id != wanted:
                raise StalePlan(
                    f"The snapshot is of tenant {wanted}; this is {organization.tenant_id}.",
                    hint="Sign in to the right tenant, or choose the right --workspace.",
                )
            findings = [
                finding
                async for finding in inspect(tenant, journal, snapshot.users, snapshot.user, call.screen, inspection)
            ]
    held, planned = _planned(workspace)
    return Verified(
        findings=findings,
        inspection=inspection,
        held=held,
        planned=planned,
        taken_at=snapshot.header.taken_at,
        applied=applied,
    )


def _planned(workspace: Workspace) -> tuple[list[PlanRow], int]:
    """Return whom the plan of this folder holds back, and how many it would change."""
    path, held, planned = workspace.path / PLAN_CSV, [], 0
    for row in plan_rows_of(path) if path.is_file() else ():
        if row.action is PlanAction.HOLD:
            held.append(row)
        planned += row.action is PlanAction.DISABLE
    return held, planned
