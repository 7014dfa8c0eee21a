"""`show`: the plan again, whole or by wave or user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.completing import offer_waves
from migrate.commands.options import verb
from migrate.commands.people import planned_users
from migrate.commands.sign_in_evidence import sign_in_log_in
from migrate.commands.wiring import workspace_of
from migrate.errors import ExitCode, UsageProblem
from migrate.model.impact import NewlyBlocked, NewlyRequired
from migrate.model.plan import PlanAction, PlanHeader, PlanRow
from migrate.store.folder import Workspace
from migrate.store.plan_files import plan_rows_of, read_plan
from migrate.store.snapshot import open_snapshot


@verb
def show(
    call: Call,
    users: Annotated[
        list[str] | None, typer.Argument(metavar="USER", help="Names, parts of names, or object ids.")
    ] = None,
    named: Annotated[list[str] | None, typer.Option("--user", metavar="USER", help="As USER.")] = None,
    wave: Annotated[
        str | None, typer.Option("--wave", metavar="N|NAME", autocompletion=offer_waves, help="Only this wave.")
    ] = None,
    held: Annotated[bool, typer.Option("--held", help="Only those who are held back.")] = False,
    newly: Annotated[
        bool,
        typer.Option("--newly-required", help="Everybody of whom the plan's policies newly require MFA, by policy."),
    ] = False,
    blocked: Annotated[
        bool,
        typer.Option("--newly-blocked", help="Everybody whom the plan's policies are known to newly block, by policy."),
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Every row, also of users who are off already.")] = False,
    plan: Annotated[str | None, typer.Option("--plan", metavar="FILE", help="Another plan.json.")] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when there are changes or blockers.")
    ] = False,
) -> ExitCode:
    """Show the plan again, whole or by wave or user.

    What is selected is shown alone; several selections narrow each other.

    \b
    Examples:
        mfa-migrate show
        mfa-migrate show --held
        mfa-migrate show --newly-required -o csv
        mfa-migrate show --newly-blocked
        mfa-migrate show --wave canary
        mfa-migrate show ada@contoso.example
    """
    from migrate.decide.naming import wave_number
    from migrate.views.newly_caught import newly_blocked_answer, newly_required_answer
    from migrate.views.plan import plan_answer, rows_answer

    workspace = workspace_of(call)
    header, path = read_plan(workspace, plan)
    only = None if wave is None else wave_number(header.waves, wave)
    wanted = planned_users(call, [*(users or ()), *(named or ())], workspace, path)
    alone = "--newly-required" if newly else "--newly-blocked"
    if (newly or blocked) and (held or every or wanted or only is not None or (newly and blocked)):
        raise UsageProblem(f"{alone} stands alone.", hint=f"mfa-migrate show {alone}")

    def rows() -> Iterator[PlanRow]:
        for row in plan_rows_of(path):
            is_wanted = not wanted or row.user_id in wanted
            if is_wanted and only in (None, row.wave) and (not held or row.action is PlanAction.HOLD):
                yield row

    if blocked:
        people, log_was_read = _newly_blocked(workspace, header)
        call.answer(newly_blocked_answer(people, log_was_read=log_was_read))
    elif newly:
        call.answer(newly_required_answer(_newly_required(workspace, header)))
    elif wanted or only is not None or every or held:
        call.answer(rows_answer(header, rows, by_reason=held, named=bool(wanted), wave=only))
    else:
        call.answer(plan_answer(header, rows, path))
    changes = bool(header.policy_steps or header.users_to_change or header.blockers)
    return ExitCode.FINDINGS if exit_code and changes else ExitCode.OK


def _newly_required(workspace: Workspace, header: PlanHeader) -> list[NewlyRequired]:
    """Judge everybody again by what the plan was made from. Raises NothingHere where that is not there any more."""
    from migrate.decide.newly_required import newly_required

    with open_snapshot(workspace, header.snapshot_id) as snapshot:
        return list(newly_required(header, snapshot.evidence(), snapshot.header.skus, snapshot.users()))


def _newly_blocked(workspace: Workspace, header: PlanHeader) -> tuple[list[NewlyBlocked], bool]:
    """Judge everybody again by what the plan was made from and by the log as it was read up to now. Raises as above."""
    from migrate.decide.newly_required import newly_blocked

    log = sign_in_log_in(workspace)
    with open_snapshot(workspace, header.snapshot_id) as snapshot:
        people = newly_blocked(header, snapshot.evidence(), snapshot.header.skus, snapshot.users(), log)
        return list(people), log is not None
