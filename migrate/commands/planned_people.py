"""Whom the plans of a folder meant to disable: in an older copy of it no other book knows of some of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, nullcontext, suppress
from itertools import islice
from typing import TYPE_CHECKING

from migrate.errors import MfaMigrateError
from migrate.model.plan import PlanKind
from migrate.model.steps import SetMfaState
from migrate.model.users import MfaState, UserRecord
from migrate.store.books import Holds, is_behind_plan
from migrate.store.plan_files import plan_steps_of, read_plan

if TYPE_CHECKING:
    from migrate.commands.run import AtWork
    from migrate.model.rollback import RollbackRow
    from migrate.store.folder import Workspace
    from migrate.store.journal import JournalDb
    from migrate.store.snapshot import Snapshot

CHUNK = 500


def everybody_planned(workspace: Workspace, journal: JournalDb, tenant_id: str) -> Iterator[SetMfaState]:
    """Yield the user steps of every migration that was begun here, the latest first, and of the plan in the folder.

    Somebody may come more than once.
    """
    for _, step in _planned(workspace, journal, tenant_id):
        yield step


def ids_planned(workspace: Workspace, tenant_id: str) -> frozenset[str]:
    """Return the ids of everybody whom a migration of this folder meant to disable, begun or not.

    Raises as `journal_to_read`.
    """
    from migrate.commands.wiring import journal_to_read

    journal = journal_to_read(workspace)
    with journal or nullcontext():
        return frozenset(step.user_id for _, step in _planned(workspace, journal, tenant_id))


def rows_planned(workspace: Workspace, journal: JournalDb, tenant_id: str) -> Iterator[RollbackRow]:
    """Yield a row for each of them once, from the state in the latest plan."""
    from migrate.decide.reverser import row_of_plan

    seen: set[str] = set()
    for digest, step in _planned(workspace, journal, tenant_id):
        if step.user_id not in seen:
            seen.add(step.user_id)
            yield row_of_plan(step, tenant_id, digest)


async def those_off(at: AtWork, rows: Iterator[RollbackRow]) -> list[RollbackRow]:
    """Return the rows of those who are read as disabled now, or cannot be read."""
    found: list[RollbackRow] = []
    while chunk := list(islice(rows, CHUNK)):
        readings = await at.tenant.read_mfa_states([row.user_id for row in chunk])
        found += [row for row, reading in zip(chunk, readings, strict=True) if reading.may_be_off]
    return found


def _planned(workspace: Workspace, journal: JournalDb | None, tenant_id: str) -> Iterator[tuple[str, SetMfaState]]:
    """Yield them with the digest of their plan.

    Where the plan of the folder knows a longer journal, or nothing tells of any plan, everybody counts who was on in
    an export of the folder.
    """
    from migrate.engine.history import migrations, steps_kept

    in_journal: set[str] = set()
    for digest, _ in reversed(migrations(journal) if journal is not None else ()):
        if journal is not None and (kept := steps_kept(journal, digest)):
            in_journal.add(digest)
            yield from ((digest, step) for step in journal.steps(digest, kept))
    plan = None
    with suppress(MfaMigrateError):
        plan, rows = read_plan(workspace)
        if plan.kind is PlanKind.MIGRATE and plan.tenant_id == tenant_id and plan.digest not in in_journal:
            digest = plan.digest
            yield from ((digest, step) for step in plan_steps_of(rows, plan.rows_sha256)())
    holds: Holds = (lambda *_: False) if journal is None else journal.holds
    if is_behind_plan(plan, holds) if plan is not None else not in_journal:
        for snapshot in _snapshots(workspace, tenant_id):
            emergency = frozenset() if plan is None else frozenset(plan.emergency_access)
            yield from ((snapshot.header.id, step) for step in _on_in(snapshot) if step.user_id not in emergency)


def _snapshots(workspace: Workspace, tenant_id: str) -> Iterator[Snapshot]:
    """Yield the snapshots of the folder that can be read, the latest first."""
    from migrate.store.snapshot import open_snapshots

    with ExitStack() as stack:
        found = [stack.enter_context(snapshot) for snapshot in open_snapshots(workspace)]
        of_here = (each for each in found if each.header.organization.tenant_id == tenant_id)
        yield from sorted(of_here, key=lambda each: each.header.taken_at, reverse=True)


def _on_in(snapshot: Snapshot) -> Iterator[SetMfaState]:
    for user in snapshot.users():
        if isinstance(user, UserRecord) and user.mfa_state is not MfaState.DISABLED:
            yield SetMfaState(
                user_id=user.profile.id,
                user_principal_name=user.profile.user_principal_name,
                before=user.mfa_state,
                after=MfaState.DISABLED,
                wave=1,
                because=f"on in the export {snapshot.header.id[:12]}",
            )
