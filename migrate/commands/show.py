"""`show`: the plan again, whole or by wave or user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.people import planned_users
from migrate.commands.wiring import workspace_of
from migrate.errors import ExitCode
from migrate.model.plan import PlanRow
from migrate.store.plan_files import plan_rows_of, read_plan


@verb
def show(
    call: Call,
    users: Annotated[
        list[str] | None, typer.Argument(metavar="[USER]...", help="Names, parts of names, or object ids.")
    ] = None,
    named: Annotated[list[str] | None, typer.Option("--user", metavar="USER", help="As USER.")] = None,
    wave: Annotated[str | None, typer.Option("--wave", metavar="N|NAME", help="Only this wave.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every row, also of users who are off already.")] = False,
    plan: Annotated[str | None, typer.Option("--plan", metavar="FILE", help="Another plan.json.")] = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when there are changes or blockers.")
    ] = False,
) -> ExitCode:
    """Show the plan again, whole or by wave or user.

    \b
    Examples:
        mfa-migrate show
        mfa-migrate show --wave canary
        mfa-migrate show ada@contoso.example
    """
    from migrate.decide.naming import wave_number
    from migrate.views.plan import plan_answer

    workspace = workspace_of(call)
    header, path = read_plan(workspace, plan)
    only = None if wave is None else wave_number(header.waves, wave)
    wanted = planned_users(call, [*(users or ()), *(named or ())], workspace, path)

    def rows() -> Iterator[PlanRow]:
        for row in plan_rows_of(path):
            if (not wanted or row.user_id in wanted) and only in (None, row.wave):
                yield row

    call.answer(plan_answer(header, rows, path, every_row=bool(wanted or only or every)))
    changes = bool(header.policy_steps or header.users_to_change or header.blockers)
    return ExitCode.FINDINGS if exit_code and changes else ExitCode.OK
