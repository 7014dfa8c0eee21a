"""`show`: the plan again, whole or by wave or user."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.wiring import workspace_of
from migrate.errors import ExitCode, UsageProblem
from migrate.model.plan import PlanRow
from migrate.store.plan_files import plan_rows_of, read_plan


@verb
def show(
    call: Call,
    users: Annotated[list[str] | None, typer.Argument(metavar="[USER]...", help="Names or object ids.")] = None,
    wave: Annotated[int | None, typer.Option("--wave", metavar="N", help="Only this wave.")] = None,
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
        mfa-migrate show --wave 1
        mfa-migrate show ada@contoso.example
    """
    from migrate.views.plan import plan_answer

    header, path = read_plan(workspace_of(call), plan)
    wanted = {name.lower() for name in users or ()}

    def rows() -> Iterator[PlanRow]:
        for row in plan_rows_of(path):
            named = not wanted or {row.user_id.lower(), row.user_principal_name.lower()} & wanted
            if named and wave in (None, row.wave):
                yield row

    if wave is not None and wave not in {known.number for known in header.waves}:
        raise UsageProblem(f"The plan has no wave {wave}.", hint=f"It has waves 1 to {len(header.waves)}.")
    missing = wanted - {key for row in rows() for key in (row.user_id.lower(), row.user_principal_name.lower())}
    if wanted and missing:
        raise UsageProblem(f"The plan has no user {', '.join(sorted(missing))}.", hint="Check the spelling.")
    call.answer(plan_answer(header, rows, path, every_row=bool(wanted or wave or every)))
    changes = bool(header.policy_steps or header.users_to_change or header.blockers)
    return ExitCode.FINDINGS if exit_code and changes else ExitCode.OK
