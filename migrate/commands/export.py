"""`export`: read the whole tenant into a snapshot."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from migrate import __version__
from migrate.commands.call import Call, dialect_of
from migrate.commands.options import verb
from migrate.commands.wiring import journal_to_read, open_tenant, owner_line, refuse_foreign_journal, workspace_of
from migrate.config import OutputFormat
from migrate.errors import ExitCode, FolderDamaged, NothingHere, UsageProblem
from migrate.model.instants import iso_utc
from migrate.model.rules import DIRECTORY_SYNC_ROLES
from migrate.model.snapshot import Reading, SnapshotHeader
from migrate.store.folder import SNAPSHOT_CSV, Workspace
from migrate.views.screen import Answer

if TYPE_CHECKING:
    from migrate.exchange.documents import SnapshotRow
    from migrate.exchange.tables import Dialect
    from migrate.graph.tenant import GraphTenant
    from migrate.store.snapshot import Snapshot


@verb
def export(
    call: Call,
    fast: Annotated[
        bool, typer.Option("--fast", help="Read states by an undocumented shortcut, cross-checked on a sample.")
    ] = False,
    tenant_file: Annotated[
        Path | None,
        typer.Option("--tenant-file", metavar="FILE", help="Also write a tenant file for rehearsing in the sandbox."),
    ] = None,
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="With --tenant-file: invent every name, address and id.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="With --tenant-file: write it from the snapshot that is there.")
    ] = False,
) -> ExitCode:
    """Read the whole tenant into a snapshot.

    Takes in users, states, registration, policies, named locations, groups, roles and licences. Only reads. What
    cannot be read to its end fails the export and keeps the previous snapshot; a user who cannot be read is kept as
    a record with the reason.

    \b
    Examples:
        mfa-migrate export
        mfa-migrate export --endpoint http://127.0.0.1:8765 --fast
        mfa-migrate export -o csv > users.csv
        mfa-migrate export --tenant-file rehearsal.json --anonymise
    """
    from migrate.commands.seen import note_export
    from migrate.decide.lost_objects import lost_objects
    from migrate.store.snapshot import open_snapshot
    from migrate.views.beta import say_beta, say_capability
    from migrate.views.export import export_answer
    from migrate.views.lost_objects import say_lost_objects

    if tenant_file is None and (anonymise or offline):
        raise UsageProblem("--anonymise and --offline go with --tenant-file.", hint="Add --tenant-file FILE.")
    workspace = workspace_of(call)
    if offline:
        with open_snapshot(workspace) as snapshot:
            header = snapshot.header
    else:
        with workspace.lock(owner_line("export")):
            workspace.replaceable([SNAPSHOT_CSV])
            _note_snapshot_before(workspace)
            header, ended = call.run(_export(call, workspace, fast=fast))
            with open_snapshot(workspace) as snapshot:
                note_export(workspace, snapshot.evidence(), ended, header.organization.tenant_id)
            _write_csv(workspace, dialect_of(call.settings))
    with open_snapshot(workspace) as snapshot:
        evidence = snapshot.evidence()
        say_lost_objects(call.screen, lost_objects(evidence))
        say_beta(call.screen, evidence)
        say_capability(call.screen, evidence)
    if tenant_file is not None:
        _write_tenant_file(workspace, tenant_file, anonymise=anonymise)
        call.screen.say(f"Tenant file: {tenant_file}")
    if call.settings.output is OutputFormat.CSV:
        _answer_users(call, workspace)
    else:
        call.answer(export_answer(header, workspace.path / SNAPSHOT_CSV))
    return ExitCode.OK


def _answer_users(call: Call, workspace: Workspace) -> None:
    """Answer with everybody, as snapshot.csv has them: whoever asks for a table wants the users, not their counts."""
    from migrate.exchange.documents import SNAPSHOT_COLUMNS, snapshot_cells
    from migrate.store.snapshot import open_snapshot

    with open_snapshot(workspace) as snapshot:
        rows = map(snapshot_cells, _rows_of(snapshot))
        call.answer(Answer(kind="export", document=snapshot.header, columns=SNAPSHOT_COLUMNS, rows=lambda: rows))


def _note_snapshot_before(workspace: Workspace) -> None:
    """Keep what the present snapshot saw before another takes its place."""
    from migrate.commands.seen import note_first_reading
    from migrate.store.snapshot import open_snapshot

    # One that is damaged must not stop the export that is to take its place.
    with suppress(NothingHere, FolderDamaged), open_snapshot(workspace) as snapshot:
        note_first_reading(workspace, snapshot)


async def _export(call: Call, workspace: Workspace, *, fast: bool) -> tuple[SnapshotHeader, datetime]:
    """Read the tenant into the folder; return the snapshot's header and when the reading ended."""
    async with open_tenant(call) as tenant:
        await refuse_foreign_folder(tenant, workspace)
        header = await read_whole(call, tenant, workspace, fast=fast, keep_previous=_is_needed(workspace))
        return header, tenant.server_at_most()


async def read_whole(
    call: Call, tenant: GraphTenant, into: Workspace, *, fast: bool, keep_previous: bool
) -> SnapshotHeader:
    """Read a whole tenant into the snapshot of a folder and return its header; arguments as of `SnapshotWriter`."""
    from migrate.engine.exporter import export_tenant
    from migrate.store.snapshot import SnapshotWriter

    with SnapshotWriter(into) as sink:
        # The sample only has to be hard to foresee, not secret; its seed is kept, so that it can be drawn again.
        seed = secrets.token_hex(8)
        facts = await export_tenant(
            tenant,
            sink,
            call.screen,
            fast=fast,
            rng=random.Random(seed),  # noqa: S311
            groups=(*call.settings.config.policy.groups, *call.settings.config.waves.groups),
            roles=DIRECTORY_SYNC_ROLES,
        )
        answers, repeated = tenant.traffic
        check = facts.cross_check
        return sink.finish(
            taken_at=iso_utc(facts.taken_at),
            tool_version=__version__,
            cloud=call.settings.cloud.value,
            endpoint=call.settings.endpoint,
            organization=facts.organization,
            skus=facts.skus,
            actor=facts.actor,
            states_read_by=facts.states_read_by,
            keep_previous=keep_previous,
            cross_check=None if check is None else msgspec.structs.replace(check, seed=seed),
            permissions=tenant.permissions,
            group_names=facts.group_names,
            reading=Reading(until=iso_utc(tenant.server_now()), answers=answers, repeated=repeated),
        )


async def refuse_foreign_folder(tenant: GraphTenant, workspace: Workspace) -> None:
    """Raise Guarded when the folder holds the journal of another tenant; its snapshot must not be replaced."""
    journal = journal_to_read(workspace)
    if journal is not None:
        with journal:
            refuse_foreign_journal(journal, workspace, (await tenant.read_organization()).tenant_id)


def _is_needed(workspace: Workspace) -> bool:
    """Tell whether a run was begun here: verify compares with the snapshot that its plan was made from."""
    journal = journal_to_read(workspace)
    if journal is None:
        return False
    with journal:
        return journal.head[0] > 0


def _write_csv(workspace: Workspace, dialect: Dialect) -> None:
    from migrate.exchange.documents import snapshot_csv
    from migrate.store.files import write_atomically
    from migrate.store.snapshot import open_snapshot

    with open_snapshot(workspace) as snapshot:
        write_atomically(workspace.path / SNAPSHOT_CSV, snapshot_csv(_rows_of(snapshot), dialect))


def _rows_of(snapshot: Snapshot) -> Iterator[SnapshotRow]:
    from migrate.decide.capability import capabilities_today
    from migrate.exchange.documents import snapshot_row_of

    capable = capabilities_today(snapshot.evidence())
    return (snapshot_row_of(user, capable.of(user.profile, user.registration)) for user in snapshot.users())


def _write_tenant_file(workspace: Workspace, path: Path, *, anonymise: bool) -> None:
    from migrate.exchange.tenant_file import tenant_file_chunks
    from migrate.store.files import write_atomically
    from migrate.store.snapshot import open_snapshot

    with open_snapshot(workspace) as snapshot:
        chunks = tenant_file_chunks(
            snapshot.header,
            snapshot.users(),
            snapshot.evidence(),
            anonymise=anonymise,
            key=secrets.token_bytes(32),
        )
        write_atomically(path, chunks)
