"""`status`: what state users are in, or where the migration stands."""

from __future__ import annotations

from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.wiring import journal_to_read, open_tenant, workspace_of
from migrate.errors import ExitCode, NothingHere, UsageProblem
from migrate.model.journal import JournalEntry
from migrate.model.plan import PlanHeader
from migrate.model.reasons import NO_REASON, Reason
from migrate.model.run import RunStanding
from migrate.model.users import AnyUser, UnreadableUser, UserProfile, UserRecord
from migrate.store.folder import PAUSE_FILE, Workspace
from migrate.store.plan_files import read_plan
from migrate.store.snapshot import Snapshot, open_snapshot
from migrate.views.status import status_answer, users_answer


@verb
def status(
    call: Call,
    users: Annotated[list[str] | None, typer.Argument(metavar="[USER]...", help="Names or object ids.")] = None,
    live: Annotated[bool, typer.Option("--live", help="Read these users from the tenant now.")] = False,
) -> ExitCode:
    """Show the state of users, or how far the migration is.

    With --live it reads only these users from the tenant and needs no export: the first thing to try on a new
    tenant, since it shows whether sign-in, permission and the beta API work.

    \b
    Examples:
        mfa-migrate status
        mfa-migrate status ada@contoso.example
        mfa-migrate status ada@contoso.example --live
    """
    workspace = workspace_of(call)
    if users and live:
        call.answer(users_answer(call.run(_read_live(call, users)), taken_at=None, changes={}))
        return ExitCode.OK
    if live:
        raise UsageProblem("--live needs the names of users.", hint="mfa-migrate status USER --live")
    with open_snapshot(workspace) as snapshot:
        if users:
            found = [_known(name, snapshot) for name in users]
            call.answer(users_answer(found, taken_at=snapshot.header.taken_at, changes=_changes(workspace)))
        else:
            call.answer(status_answer(snapshot.header, run_standing(workspace)))
    return ExitCode.OK


def _known(name: str, snapshot: Snapshot) -> AnyUser:
    from migrate.exchange.invisible import invisible_in

    user = snapshot.user(name)
    if user is None:
        raise UsageProblem(
            f"There is no user {name!r} in the snapshot of {snapshot.header.taken_at[:16]}.",
            hint=invisible_in(name) or "Check the spelling, or add --live to ask the tenant.",
        )
    return user


def _changes(workspace: Workspace) -> dict[str, JournalEntry]:
    """Return what this tool did last to each user that it meant to change."""
    from migrate.engine.history import latest_entries

    journal = journal_to_read(workspace)
    if journal is None:
        return {}
    with journal:
        return latest_entries(journal)


async def _read_live(call: Call, names: list[str]) -> list[AnyUser]:
    async with open_tenant(call) as tenant:
        profiles = await tenant.read_profiles(names)
        found = [profile for profile in profiles.values() if isinstance(profile, UserProfile)]
        missing = [f"{name}: {why}" for name, why in profiles.items() if isinstance(why, Reason)]
        if missing:
            raise UsageProblem(f"Not read: {'; '.join(missing)}", hint="Check the spelling.")
        readings = await tenant.read_mfa_states([profile.id for profile in found])
    return [
        UserRecord(profile=profile, mfa_state=reading.mfa_state, registration=None)
        if reading.mfa_state is not None
        else UnreadableUser(
            profile=profile,
            reason=reading.problem or NO_REASON,
            request_id=reading.request_id or None,
            registration=None,
        )
        for profile, reading in zip(found, readings, strict=True)
    ]


def run_standing(workspace: Workspace) -> RunStanding | None:
    """Return where the latest run stands, from the journal; None when nothing was begun."""
    from migrate.engine.history import standing_of

    journal = journal_to_read(workspace)
    if journal is None:
        return None
    with journal:
        return standing_of(journal, lambda: _planned(workspace), paused=(workspace.path / PAUSE_FILE).exists())


def _planned(workspace: Workspace) -> PlanHeader | None:
    try:
        return read_plan(workspace)[0]
    except NothingHere:
        return None
