"""`status`: what state users are in, or where the migration stands."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import msgspec
import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.people import named_user
from migrate.commands.wiring import journal_to_read, now_utc, open_tenant, workspace_of
from migrate.config import OutputFormat, duration
from migrate.errors import ExitCode, NothingHere, UsageProblem
from migrate.model.instants import iso_utc
from migrate.model.plan import PlanHeader
from migrate.model.reasons import NO_REASON, Reason, Why
from migrate.model.run import RunStanding
from migrate.model.set_state import RefusalCode
from migrate.model.users import AnyUser, MfaState, UnreadableUser, UserProfile, UserRecord
from migrate.store.folder import PAUSE_FILE, Workspace
from migrate.store.plan_files import read_plan
from migrate.store.snapshot import Snapshot, open_snapshot
from migrate.views.status import LastChange, MissingUser, People, ages_told, status_answer, users_answer


@verb
def status(
    call: Call,
    users: Annotated[
        list[str] | None, typer.Argument(metavar="[USER]...", help="Names, parts of names, or object ids.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Read these users from the tenant now.")] = False,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody instead of named users.")] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when something is left: see below.")
    ] = False,
) -> ExitCode:
    """Show the state of users, or how far the migration is.

    With --live it reads only these users from the tenant and needs no export: the first thing to try on a new
    tenant, since it shows whether sign-in, permission and the beta API work. Without --live a user may be named by
    a part of the name.

    With --exit-code it ends with 1 unless everybody planned is migrated and no plan waits; of users, unless
    per-user MFA is disabled for each of them.

    \b
    Examples:
        mfa-migrate status
        mfa-migrate status ada@contoso.example
        mfa-migrate status ada@contoso.example --live
        mfa-migrate status --all -o csv
    """
    workspace = workspace_of(call)
    if users and everybody:
        raise UsageProblem("Users are named, and --all is given too.", hint="Leave one of them away.")
    if live and not users and not everybody:
        raise UsageProblem("--live needs the names of users.", hint="mfa-migrate status USER --live")
    if live:
        people = call.run(_read_live(call, users))
    elif users or everybody:
        with open_snapshot(workspace) as snapshot:
            people = _known(call, users, snapshot)
    else:
        with open_snapshot(workspace) as snapshot:
            standing = run_standing(workspace)
            call.answer(status_answer(snapshot.header, standing))
        return ExitCode.FINDINGS if exit_code and not (standing and standing.is_through) else ExitCode.OK
    if people.missing and not people.users and call.settings.output is not OutputFormat.NDJSON:
        raise UsageProblem(" ".join(each.message for each in people.missing), hint=people.missing[0].hint)
    people = msgspec.structs.replace(people, changes=_changes(workspace))
    for sentence in ages_told(people, now_utc(), _longest_age(call)):
        call.screen.warn(sentence)
    call.answer(users_answer(people))
    return ExitCode.FINDINGS if people.missing or (exit_code and not _all_disabled(people)) else ExitCode.OK


def _all_disabled(people: People) -> bool:
    return all(isinstance(user, UserRecord) and user.mfa_state is MfaState.DISABLED for user in people.users)


def _longest_age(call: Call) -> timedelta:
    """Return how old an export may be: as old as a plan that is begun."""
    return duration(call.settings.config.limits.plan_max_age, "limits.plan_max_age")


def _known(call: Call, names: list[str] | None, snapshot: Snapshot) -> People:
    """Return these users, or everybody, as the snapshot has them."""
    from migrate.decide.capability import capabilities_today

    users: list[AnyUser] = []
    missing: list[MissingUser] = []
    for name in names or ():
        try:
            user = named_user(
                call,
                name,
                snapshot,
                otherwise="Check the spelling, or add --live to ask the tenant.",
                of=len(names or ()),
            )
        except UsageProblem as none:
            missing.append(MissingUser(name=name, code=RefusalCode.NOT_FOUND, message=none.what, hint=none.hint))
        else:
            users.append(user)
    found = users if names else list(snapshot.users())
    capable = capabilities_today(snapshot.evidence())
    return People(
        users=found,
        missing=missing,
        as_of=snapshot.header.taken_at,
        live=False,
        capable={
            user.profile.id: capable.of(user.profile, user.registration) for user in found if not user.profile.is_agent
        },
    )


def _changes(workspace: Workspace) -> dict[str, LastChange]:
    """Return what this tool did last to each user that it meant to change."""
    from migrate.engine.history import latest_entries

    journal = journal_to_read(workspace)
    if journal is None:
        return {}
    with journal:
        latest = latest_entries(journal)
    return {
        user_id: LastChange(requested=entry.requested, outcome=entry.outcome, time_utc=entry.time_utc)
        for user_id, entry in latest.items()
    }


async def _read_live(call: Call, names: list[str] | None) -> People:
    """Read these users, or everybody, from the tenant."""
    missing: list[MissingUser] = []
    async with open_tenant(call) as tenant:
        if names:
            profiles = await tenant.read_profiles(names)
            found = [profile for profile in profiles.values() if isinstance(profile, UserProfile)]
            missing = [
                MissingUser(
                    name=name,
                    code=RefusalCode.NOT_FOUND if why.why is Why.NO_SUCH_USER else RefusalCode.UNREADABLE,
                    message=f"Not read: {name}: {why}",
                    hint="Check the spelling.",
                )
                for name, why in profiles.items()
                if isinstance(why, Reason)
            ]
        else:
            found = [profile async for profile in tenant.iter_users()]
        as_of = iso_utc(tenant.server_now())
        readings = await tenant.read_mfa_states([profile.id for profile in found])
    users: list[AnyUser] = [
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
    return People(users=users, missing=missing, as_of=as_of, live=True)


def run_standing(workspace: Workspace, planned: PlanHeader | None = None) -> RunStanding | None:
    """Return where the latest run stands, from the journal; None when nothing was begun.

    `planned` is the plan that counts now; None for the one that lies in the folder.
    """
    from migrate.engine.history import standing_of

    journal = journal_to_read(workspace)
    if journal is None:
        return None
    with journal:
        return standing_of(
            journal, lambda: planned or _planned(workspace), paused=(workspace.path / PAUSE_FILE).exists()
        )


def _planned(workspace: Workspace) -> PlanHeader | None:
    try:
        return read_plan(workspace)[0]
    except NothingHere:
        return None
