"""`apply`: carry out the plan, as far as it may go now."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from migrate import __version__
from migrate.commands.call import Call
from migrate.commands.completing import offer_places, offer_waves
from migrate.commands.confirm import confirm
from migrate.commands.options import verb
from migrate.commands.report import answer_and_name
from migrate.commands.status import run_standing
from migrate.commands.wiring import journal_to_read, open_journal, rollback_command, workspace_of
from migrate.errors import ExitCode, MfaMigrateError, UsageProblem
from migrate.model.amounts import count_or_percent
from migrate.model.permissions import Writes
from migrate.model.plan import PlanHeader
from migrate.model.run import Ending, RunResult
from migrate.model.who_is_left import WhoIsLeft
from migrate.model.words import FIRST
from migrate.store.books import ROLLBACK_CSV, ROLLBACK_JSON, refuse_behind_plan
from migrate.store.plan_files import plan_steps_of, read_plan

if TYPE_CHECKING:
    from migrate.commands.run import AtWork, Steps
    from migrate.engine.run_parts import ApplyOptions
    from migrate.store.folder import Workspace

ReasonToSkip = "Do not wait; the reason goes into the audit."


@verb
def apply(
    call: Call,
    plan: Annotated[str | None, typer.Option("--plan", metavar="FILE", help="Another plan.json.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; needs --max-users.")] = False,
    max_users: Annotated[
        str | None, typer.Option("--max-users", metavar="N|N%", help="This command may disable so many users.")
    ] = None,
    what_if: Annotated[
        bool, typer.Option("--what-if", "--dry-run", help="Do all reads and guards, send nothing.")
    ] = False,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="PLACE",
            autocompletion=offer_places,
            help="Stop after report-only, policies-on, wave:N or a wave's name.",
        ),
    ] = None,
    wave: Annotated[
        str | None, typer.Option("--wave", metavar="N|NAME", autocompletion=offer_waves, help="Only this wave.")
    ] = None,
    max_failures: Annotated[
        str | None, typer.Option("--max-failures", metavar="N|N%", help="Stop a wave after more. [default: 5%]")
    ] = None,
    skip_report_only: Annotated[
        str | None, typer.Option("--skip-report-only", metavar="REASON", help=ReasonToSkip)
    ] = None,
    skip_settle: Annotated[str | None, typer.Option("--skip-settle", metavar="REASON", help=ReasonToSkip)] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Sit out long waits instead of ending.")] = False,
) -> ExitCode:
    """Carry out the plan; run it again to go on.

    Policies come first, then the users wave by wave. Each user is read and proven covered right before the write and
    read back after it. The way back is on disk before the first write. A wait of more than 15 minutes ends the
    command with exit code 0 and says until when.

    \b
    Examples:
        mfa-migrate apply --what-if
        mfa-migrate apply --until wave:1
        mfa-migrate apply --until wave:1 --yes --max-users 3
    """
    from migrate.commands.obeyed import say_who_is_off
    from migrate.commands.run import at_work, carried_out
    from migrate.engine.run_parts import ApplyOptions
    from migrate.views.apply import apply_answer

    workspace = workspace_of(call)
    header, rows = read_plan(workspace, plan)
    until, only_wave = _places(header, until=until, wave=wave)
    _check_options(yes=yes, max_users=max_users, what_if=what_if)
    options = ApplyOptions(
        what_if=what_if,
        until=until,
        only_wave=only_wave,
        max_failures=max_failures or header.limits.max_failures,
        skip_report_only=skip_report_only,
        skip_settle=skip_settle,
        stay=wait,
        tool_version=__version__,
        cloud=call.settings.cloud.value,
        endpoint=call.settings.endpoint,
    )
    count_or_percent(options.max_failures, 100, "--max-failures")

    async def work(at: AtWork) -> RunResult:
        call.screen.say(f"Signed in as {at.actor.name}")
        now = await _obeying(at, header, options, max_failures)
        steps = plan_steps_of(rows, header.rows_sha256)
        now = replace(now, most_users=_guard(call, workspace, header, steps, now, max_users, yes=yes))
        with open_journal(at.workspace, actor=at.actor.name, tenant_id=header.tenant_id) as journal:
            refuse_behind_plan(at.workspace.path, header, journal.holds)
            say_who_is_off(call, journal, header, now.tightening)
            return await carried_out(at, journal, header, steps, now)

    result = at_work(call, "apply", work, writes=_writes(header, what_if), replaces=[ROLLBACK_CSV, ROLLBACK_JSON])
    _say_edited_meanwhile(call, workspace, plan)
    way_back = rollback_command(call.settings)
    put_back = _put_back(workspace, header) if result.ending in (Ending.DONE, Ending.STOPPED_HERE) else 0
    answer_and_name(call, apply_answer(header, result, command="apply", way_back=way_back, put_back=put_back))
    return result.exit_code


def _put_back(workspace: Workspace, header: PlanHeader) -> int:
    standing = run_standing(workspace, header)
    return standing.put_back if standing is not None and standing.plan_digest == header.digest else 0


def _writes(header: PlanHeader, what_if: bool) -> Writes:
    return Writes() if what_if else Writes(states=True, policies=bool(header.policy_steps))


async def _obeying(at: AtWork, header: PlanHeader, options: ApplyOptions, max_failures: str | None) -> ApplyOptions:
    """Return the options with what the configuration holds back since the plan; what was typed goes before it."""
    from migrate.commands.config_names import refuse_other_meanings
    from migrate.commands.obeyed import obeyed

    held = obeyed(at.call, at.workspace, header, today=at.tenant.server_at_least().date())
    await refuse_other_meanings(at.call, at.tenant, header)
    if held is None:
        return options
    return replace(options, tightening=held, max_failures=max_failures or held.limits.max_failures)


def _say_edited_meanwhile(call: Call, workspace: Workspace, plan: str | None) -> None:
    """Warn when the plan is not what it was when the run was opened: the run went on by its own copy."""
    try:
        read_plan(workspace, plan)
    except MfaMigrateError as problem:
        call.screen.warn(
            f"{problem.what} That was done while the run was under way, which went by the users that the journal "
            f"keeps. {problem.hint}"
        )


def _places(header: PlanHeader, *, until: str | None, wave: str | None) -> tuple[str | None, int | None]:
    """Return where to stop and which wave alone to go through, by number; only exact names count."""
    from migrate.decide.naming import stopping_place, wave_number

    only = None if wave is None else wave_number(header.waves, wave, exact=True)
    return None if until is None else stopping_place(header.waves, until), only


def _check_options(*, yes: bool, max_users: str | None, what_if: bool) -> None:
    if yes and max_users is None and not what_if:
        raise UsageProblem("--yes needs --max-users N or N%.", hint="For example: --yes --max-users 25%.")
    if max_users is not None:
        count_or_percent(max_users, 100, "--max-users")


def _guard(
    call: Call,
    workspace: Workspace,
    header: PlanHeader,
    steps: Steps,
    options: ApplyOptions,
    max_users: str | None,
    *,
    yes: bool,
) -> int:
    """Check the blast radius and ask for confirmation; return how many users are still to do."""
    from migrate.decide.guards import refuse_blocked, refuse_newly_required, refuse_too_many
    from migrate.views.apply import apply_question, nothing_left

    refuse_blocked(header)
    held = options.tightening
    bounds = header if held is None else msgspec.structs.replace(header, limits=held.limits)
    refuse_newly_required(bounds)
    left, asks = _left(workspace, header, steps, options)
    refuse_too_many(bounds, this=left.to_do, max_users=max_users)
    if options.what_if:
        return left.to_do
    if not asks:
        call.screen.say(nothing_left(left, only_wave=options.only_wave, until=options.until))
    if yes or not asks:
        return left.to_do
    way_back = rollback_command(call.settings)
    lines = apply_question(header, left, only_wave=options.only_wave, until=options.until, way_back=way_back)
    confirm(call, lines, header.tenant_domain, alternative="--yes --max-users N")
    return left.to_do


def _left(workspace: Workspace, header: PlanHeader, steps: Steps, options: ApplyOptions) -> tuple[WhoIsLeft, bool]:
    """Return who is still to do as far as this command goes, and whether to ask: the run is not begun, or may send.

    The folder is held by this command, so nobody else writes to the journal between this and the run.
    """
    from migrate.engine.history import is_policy_step_settled
    from migrate.engine.steps_kept import StepsOfRun
    from migrate.engine.who_is_left import who_is_left

    reach = {wave.number for wave in header.waves_within(only_wave=options.only_wave, until=options.until)}
    journal = journal_to_read(workspace)
    if journal is None:
        within = (step.user_principal_name for step in steps() if step.wave in reach)
        users = header.users_within(only_wave=options.only_wave, until=options.until)
        return WhoIsLeft(to_do=users, first=tuple(islice(within, FIRST))), True
    with journal:
        of_run = StepsOfRun(journal, header.digest, steps)
        left = who_is_left(journal, header.digest, of_run(), reach)
        policies = any(not is_policy_step_settled(step, journal, header.digest) for step in header.policy_steps)
        return left, left.to_do > 0 or policies or not of_run.are_kept
