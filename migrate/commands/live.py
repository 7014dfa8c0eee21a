"""`--live`: what is so in the tenant at this moment. It is read for one answer; nothing is kept, or rests on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from migrate.commands.call import Call
from migrate.commands.export import read_whole, refuse_foreign_folder
from migrate.commands.now import now_or_export
from migrate.commands.wiring import open_tenant
from migrate.errors import FolderProblem, Guarded, NothingHere
from migrate.model.now import Moment, Now
from migrate.store.folder import Workspace
from migrate.store.snapshot import Snapshot, open_snapshot


@contextmanager
def tenant_as_now(call: Call, workspace: Workspace, *, live: bool) -> Iterator[tuple[Snapshot, Now]]:
    """Yield the tenant as a whole with what is true now: from the folder, or with `live` read for this answer.

    Raises as `open_snapshot`, or with `live` as an export does, and Guarded in the folder of another tenant.
    """
    if live:
        with _read_for_one_answer(call, workspace) as snapshot:
            moment = Moment(exported_at=snapshot.header.taken_at, live=True)
            yield snapshot, Now(moment=moment, users={}, policies={})
    else:
        with open_snapshot(workspace) as snapshot:
            yield snapshot, now_or_export(call, workspace, snapshot)


@contextmanager
def _read_for_one_answer(call: Call, workspace: Workspace) -> Iterator[Snapshot]:
    with workspace.for_one_answer() as place:
        call.run(_read(call, workspace, place))
        with open_snapshot(place) as snapshot:
            yield snapshot


async def _read(call: Call, workspace: Workspace, place: Workspace) -> None:
    async with open_tenant(call) as tenant:
        with suppress(FolderProblem):  # a journal that cannot be trusted decides nothing here
            await refuse_foreign_folder(tenant, workspace)
        header = await read_whole(call, tenant, place, fast=False, keep_previous=False)
    # What stands beside it, such as sign-ins that were read, has to be of the same people.
    with suppress(NothingHere, FolderProblem), open_snapshot(workspace) as kept:
        known = kept.header.organization.tenant_id
        if known != header.organization.tenant_id:
            raise Guarded(
                f"{workspace.path} holds the export of tenant {known}; this is {header.organization.tenant_id}.",
                hint="Use a working folder of its own for each tenant, with --workspace.",
            )
