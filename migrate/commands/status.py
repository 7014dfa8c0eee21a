"""`status`: what state users are in, or where the migration stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.live import tenant_as_now
from migrate.commands.now import done_here, now_in
from migrate.commands.options import verb
from migrate.commands.people import after_not_read, known_as, named_user
from migrate.commands.watch import followed
from migrate.commands.wiring import journal_to_read, now_utc, open_tenant, workspace_of
from migrate.config import OutputFormat, duration
from migrate.errors import ExitCode, NothingHere, UsageProblem
from migrate.model.instants import iso_utc
from migrate.model.now import LastChange, Moment, Now
from migrate.model.plan import PlanHeader
from migrate.model.reasons import Reason, Why
from migrate.model.replies import user_of
from migrate.model.run import RunStanding
from migrate.model.set_state import RefusalCode
from migrate.model.users import AnyUser, MfaState, UserProfile, UserRecord
from migrate.store.folder import Workspace
from migrate.store.plan_files import read_plan
from migrate.store.snapshot import Snapshot, open_snapshot
from migrate.views.dashboard import Dashboard, dashboard_answer
from migrate.views.status import MissingUser, People, ages_told, users_answer


@verb
def status(
    call: Call,
    users: Annotated[
        list[str] | None, typer.Argument(metavar="USER", help="Names, parts of names, or object ids.")
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Read these users, or the whole tenant, now.")] = False,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody instead of named users.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Follow the command that is at work in the folder, until it ends.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when something is left, as told above.")
    ] = False,
) -> ExitCode:
    """Show the state of users, or how far the migration is.

    It answers from the export and from what this tool has changed since, and says for which moment that is true.
    What became of a change that nobody read back is not known, and is shown so.

    With --live it reads only these users from the tenant and needs no export: the first thing to try on a new
    tenant, since it shows whether sign-in, permission and the beta API work. Without users it reads the whole tenant
    as `export` does, for this answer only: everybody's state, the policies of this tool, and who has per-user MFA
    again. A part of a name stands for whom the last export knows by it.

    With --exit-code it ends with 1 unless everybody planned is migrated and no plan waits; of users, unless
    per-user MFA is disabled for each of them.

    \b
    Examples:
        mfa-migrate status
        mfa-migrate status --live
        mfa-migrate status --watch
        mfa-migrate status ada@contoso.example
        mfa-migrate status ada@contoso.example --live
        mfa-migrate status --all -o csv
    """
    workspace = workspace_of(call)
    if users and everybody:
        raise UsageProblem("Users are named, and --all is given too.", hint="Leave one of them away.")
    if watch and (users or everybody):
        raise UsageProblem("--watch follows a run, not users.", hint="mfa-migrate status --watch")
    if watch and live:
        raise UsageProblem("--watch looks into the folder, again and again.", hint="Leave --live or --watch away.")
    if not users and not everybody:
        return _of_the_tenant(call, workspace, live=live, watch=watch, exit_code=exit_code)
    if live:
        names = users and [known_as(call, name, workspace, of=len(users)) for name in users]
        people = call.run(_read_live(call, names))
    else:
        with open_snapshot(workspace) as snapshot:
            people = _known(call, users, snapshot, now_in(workspace, snapshot))
    if people.missing and not people.users and call.settings.output is not OutputFormat.NDJSON:
        raise UsageProblem(" ".join(each.message for each in people.missing), hint=people.missing[0].hint)
    for sentence in ages_told(people, now_utc(), _longest_age(call)):
        call.screen.warn(sentence)
    call.answer(users_answer(people))
    return ExitCode.FINDINGS if people.missing or (exit_code and not _all_disabled(people)) else ExitCode.OK


def _of_the_tenant(call: Call, workspace: Workspace, *, live: bool, watch: bool, exit_code: bool) -> ExitCode:
    """Show how far the migration is, once, or until nobody is at work in the folder any more."""
    board = _dashboard_live(call, workspace) if live else _dashboard(workspace)
    if watch:
        board = followed(call, board, lambda: _dashboard(workspace))
    call.answer(dashboard_answer(board))
    is_through = board.standing is not None and board.standing.is_through
    return ExitCode.FINDINGS if exit_code and not is_through else ExitCode.OK


def _dashboard(workspace: Workspace) -> Dashboard:
    # First who is at work: what they did until then is in the journal when it is read.
    in_use_by = workspace.user_of_it()
    with open_snapshot(workspace) as snapshot:
        now = now_in(workspace, snapshot)
        return Dashboard(
            snapshot=snapshot.header,
            now=now,
            counts=_counts_now(snapshot, now),
            standing=run_standing(workspace),
            planned=_planned(workspace),
            in_use_by=in_use_by,
        )


def _dashboard_live(call: Call, workspace: Workspace) -> Dashboard:
    """Return what the tenant, read for this answer, says of what this tool did."""
    from migrate.commands.planned_people import ids_planned
    from migrate.decide.as_now import back_on, off_without_a_book, policies_as_read

    in_use_by = workspace.user_of_it()
    with tenant_as_now(call, workspace, live=True) as (snapshot, now):
        done = done_here(workspace)
        planned = ids_planned(workspace, snapshot.header.organization.tenant_id)
        return Dashboard(
            snapshot=snapshot.header,
            now=policies_as_read(done, snapshot.evidence(), now.moment.exported_at),
            counts=snapshot.header.counts,
            standing=run_standing(workspace),
            planned=_planned(workspace),
            in_use_by=in_use_by,
            back_on=_names(back_on(done, snapshot.users())),
            unaccounted=_names(off_without_a_book(done, snapshot.users(), planned)),
        )


def _names(users: Iterable[AnyUser]) -> tuple[str, ...]:
    return tuple(user.profile.user_principal_name for user in users)


def _counts_now(snapshot: Snapshot, now: Now) -> dict[str, int]:
    """Return the users by state and type: those of the export, with everybody moved whom this tool touched."""
    from migrate.decide.as_now import user_as_now

    counts = Counter(snapshot.header.counts)
    for user_id in now.users:
        user = snapshot.user(user_id)
        if user is not None:
            kind = "guest" if user.profile.is_guest else "member"
            counts[f"{_state_of(user)}/{kind}"] -= 1
            counts[f"{_state_of(user_as_now(user, now))}/{kind}"] += 1
    return dict(sorted((+counts).items()))


def _state_of(user: AnyUser) -> str:
    return user.mfa_state.value if isinstance(user, UserRecord) else "unreadable"


def _all_disabled(people: People) -> bool:
    return all(isinstance(user, UserRecord) and user.mfa_state is MfaState.DISABLED for user in people.users)


def _longest_age(call: Call) -> timedelta:
    """Return how old an export may be: as old as a plan that is begun."""
    return duration(call.settings.config.limits.plan_max_age, "limits.plan_max_age")


def _known(call: Call, names: list[str] | None, snapshot: Snapshot, now: Now) -> People:
    """Return these users, or everybody, as they are now as far as the folder knows."""
    from migrate.decide.as_now import as_of, users_as_now
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
    found = list(users_as_now(users if names else snapshot.users(), now))
    capable = capabilities_today(snapshot.evidence())
    return People(
        users=found,
        missing=missing,
        moment=now.moment,
        live=False,
        as_of={user_id: as_of(user_id, now) for user_id, known in now.users.items() if known.as_of},
        changes=_changes(now),
        capable={
            user.profile.id: capable.of(user.profile, user.registration) for user in found if not user.profile.is_agent
        },
    )


def _changes(now: Now) -> dict[str, LastChange]:
    return {user_id: known.last_change for user_id, known in now.users.items() if known.last_change is not None}


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
                    hint=after_not_read(name, why),
                )
                for name, why in profiles.items()
                if isinstance(why, Reason)
            ]
        else:
            found = [profile async for profile in tenant.iter_users()]
        began = iso_utc(tenant.server_now())
        readings = await tenant.read_mfa_states([profile.id for profile in found])
    users = [user_of(profile, reading, None) for profile, reading in zip(found, readings, strict=True)]
    return People(users=users, missing=missing, moment=Moment(exported_at=began, live=True), live=True)


def run_standing(workspace: Workspace, planned: PlanHeader | None = None) -> RunStanding | None:
    """Return where the latest run stands, from the journal; None when nothing was begun.

    `planned` is the plan that counts now; None for the one that lies in the folder.
    """
    from migrate.engine.history import standing_of

    journal = journal_to_read(workspace)
    if journal is None:
        return None
    with journal:
        return standing_of(journal, lambda: planned or _planned(workspace), paused=workspace.is_paused())


def _planned(workspace: Workspace) -> PlanHeader | None:
    try:
        return read_plan(workspace)[0]
    except NothingHere:
        return None
