"""`rollback`: put every user back, and then the policies."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from migrate import __version__
from migrate.commands.call import Call
from migrate.commands.completing import offer_waves
from migrate.commands.confirm import confirm
from migrate.commands.exact_people import people_meant, refuse_other_people, who_is_meant
from migrate.commands.options import verb
from migrate.commands.report import answer_and_name
from migrate.commands.wiring import has_way_back, journal_to_read, open_journal, workspace_of
from migrate.config import limits_of
from migrate.errors import ExitCode, MfaMigrateError, NothingHere, UsageProblem
from migrate.model.instants import iso_utc
from migrate.model.permissions import Writes
from migrate.model.plan import PlanHeader
from migrate.model.run import RunResult
from migrate.model.who_is_left import BackInPart
from migrate.store.books import ROLLBACK_JSON
from migrate.store.folder import Workspace
from migrate.store.plan_files import read_plan
from migrate.store.rollback_files import read_rollback

if TYPE_CHECKING:
    from migrate.commands.run import AtWork
    from migrate.decide.naming import Person
    from migrate.decide.reverser import Source, TenantFacts
    from migrate.store.journal import JournalDb


OLDER_COPY = (
    "Where this folder is an older copy of one from which was applied, bring back the newer one; without it, "
    "--overwrite-drift puts back whoever of the folder's plans is disabled."
)


@verb
def rollback(
    call: Call,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="rollback.csv", help="Take the users from this file.")
    ] = None,
    users: Annotated[
        list[str] | None,
        typer.Option("--users", metavar="USER,...", help="Only these: ids, user names, exact unique names."),
    ] = None,
    wave: Annotated[
        str | None, typer.Option("--wave", metavar="N|NAME", autocompletion=offer_waves, help="Only this wave.")
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", metavar="DIGEST", help="Undo this run, which may itself be a rollback.")
    ] = None,
    overwrite_drift: Annotated[
        bool, typer.Option("--overwrite-drift", help="Restore also users whom somebody changed since.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    what_if: Annotated[bool, typer.Option("--what-if", "--dry-run", help="Do all reads, send nothing.")] = False,
    skip_settle: Annotated[
        str | None, typer.Option("--skip-settle", metavar="REASON", help="With --run: do not wait for policies.")
    ] = None,
) -> ExitCode:
    """Put users back to the state they had, and then the policies.

    Covers every user for whom a change was ever sent, whatever became of it. Whoever is in neither the former nor
    the target state was changed by somebody else: shown and left alone. Policies go back only in a full rollback,
    once everybody was read back as restored and nobody depends on them.

    \b
    Examples:
        mfa-migrate rollback --what-if
        mfa-migrate rollback --wave canary
        mfa-migrate rollback --users ada@contoso.example
        mfa-migrate rollback --users 'Ada Berg'
        mfa-migrate rollback --file rollback.csv --yes
    """
    from migrate.commands.run import at_work
    from migrate.views.apply import apply_answer

    if file is not None and run is not None:
        raise UsageProblem("--file and --run cannot go together.", hint="Use one of them.")
    workspace = workspace_of(call)
    if file is None and not has_way_back(workspace) and not (users or overwrite_drift):
        raise NothingHere(
            f"Nothing has been applied from {workspace.path}, so there is nothing to roll back.",
            hint=f"Use --file rollback.csv to roll back from the files of another folder. {OLDER_COPY}",
        )
    wanted, named = people_meant(call, users or [], workspace)
    if users and not wanted:
        raise UsageProblem(
            "--users names nobody.", hint="Name users, or leave --users away to put everybody back, with the policies."
        )
    only = None if wave is None else _wave_meant(workspace, wave)
    asked = _Asked(file, wanted, named, only, run, overwrite_drift, yes, what_if, skip_settle)
    whole = not wanted and only is None and file is None
    writes = Writes(states=not what_if, policies=whole and not what_if and _has_policy_steps(workspace), goes_back=True)
    header, result = at_work(call, "rollback", lambda at: _rolled_back(at, asked), writes=writes)
    options = {
        "--file": None if file is None else str(file),
        "--users": ",".join(sorted(wanted)) or None,
        "--wave": None if only is None else str(only),
        "--run": run,
    }
    # The bare command would put back something else.
    again = ["rollback", *(word for option, value in options.items() if value is not None for word in (option, value))]
    part = None if whole or what_if else _back_in_part(workspace, header)
    answer_and_name(call, apply_answer(header, result, command="rollback", again=shlex.join(again), back_in_part=part))
    return result.exit_code


def _wave_meant(workspace: Workspace, text: str) -> int:
    """Return the number of a wave, given by it or by the exact name in the folder's plan.

    Only a name needs the plan: where that is gone or damaged, a number still puts people back.
    """
    from migrate.decide.naming import wave_number

    if text.isascii() and text.isdecimal():
        return int(text)
    try:
        waves = read_plan(workspace)[0].waves
    except MfaMigrateError as problem:
        raise UsageProblem(
            f"No plan can be read that says which wave {text!r} is.",
            hint="Give the number: it stands in the column Wave of rollback.csv.",
        ) from problem
    return wave_number(waves, text, exact=True)


def _back_in_part(workspace: Workspace, rolled: PlanHeader) -> BackInPart | None:
    """Return what the next apply does with these people; None where none can, and where they were switched off."""
    from migrate.engine.history import SWITCHES_OFF, migrations
    from migrate.engine.who_is_left import back_in_part

    # The rollback itself is done: a journal that cannot be read now must not make it look failed.
    with suppress(MfaMigrateError):
        journal = journal_to_read(workspace)
        if journal is None or rolled.counts.get(SWITCHES_OFF):
            return None
        with journal:
            begun = migrations(journal)[-1:]
            return back_in_part(journal, rolled.digest, begun[0][0]) if begun else None
    return None


def _has_policy_steps(workspace: Workspace) -> bool:
    """Tell whether the plan in the folder changes policies; a plan that is gone or damaged never stops a rollback."""
    with suppress(MfaMigrateError):
        return bool(read_plan(workspace)[0].policy_steps)
    return True


class _Asked(NamedTuple):
    """What was asked for on the command line."""

    file: Path | None
    users: set[str]
    named: Mapping[str, Person]
    """Those of them who were given by a name that the export alone knows."""
    wave: int | None
    run: str | None
    overwrite_drift: bool
    yes: bool
    what_if: bool
    skip_settle: str | None


def _takes_planned(asked: _Asked) -> bool:
    """Tell whether people count of whom only a plan tells: in an older copy of a folder no other book may."""
    return asked.run is None and bool(asked.users or asked.overwrite_drift)


async def _rolled_back(at: AtWork, asked: _Asked) -> tuple[PlanHeader, RunResult]:
    """Find what can be put back, make the plan, ask, run it."""
    from migrate.commands.kept_books import close_restored
    from migrate.commands.run import carried_out
    from migrate.decide.reverser import facts_at, selected
    from migrate.engine.run_parts import ApplyOptions
    from migrate.engine.way_back import rollback_from, runs_undone

    call, settings = at.call, at.call.settings
    here = facts_at(await at.tenant.read_organization(), cloud=settings.cloud.value, endpoint=settings.endpoint)
    call.screen.say(f"Signed in as {at.actor.name}")
    await refuse_other_people(at.tenant, asked.named)
    # To undo a run by its digest may switch people off: that is for books that agree.
    behind = asked.run is None
    with open_journal(at.workspace, actor=at.actor.name, tenant_id=here.tenant_id, even_behind=behind) as journal:
        try:
            source = await _with_planned(at, asked, journal, _source(at, asked, journal, here))
            source = selected(source, users=asked.users, wave=asked.wave)
        except UsageProblem as problem:
            if asked.file is None and not _takes_planned(asked):
                problem.hint = f"{problem.hint} {OLDER_COPY}"
            raise
        now = iso_utc(at.tenant.server_now())
        rolled = rollback_from(source, journal, limits_of(settings.config), created_at=now, tool_version=__version__)
        if not (asked.yes or asked.what_if):
            _ask(call, asked, rolled.header)
        options = ApplyOptions(
            what_if=asked.what_if,
            max_failures="100%",
            skip_settle=asked.skip_settle,
            names_others=bool(source.whole) and asked.run is None,
            undoes=runs_undone(journal, source, rolled),
            overwrite_drift=asked.overwrite_drift,
            tool_version=__version__,
            cloud=here.cloud,
            endpoint=here.endpoint,
        )
        result = await carried_out(at, journal, rolled.header, lambda: iter(rolled.steps), options)
        if source.whole and result.is_through and not result.policies_kept:
            await close_restored(at, journal, rolled.header.digest)
        return rolled.header, result


def _ask(call: Call, asked: _Asked, header: PlanHeader) -> None:
    from migrate.views.apply import rollback_question

    question = [*rollback_question(header), *who_is_meant(asked.named)]
    confirm(call, question, header.tenant_domain, alternative="--yes")


async def _with_planned(at: AtWork, asked: _Asked, journal: JournalDb, source: Source) -> Source:
    """Return the source with people of the folder's plans of whom no book says that they were changed.

    Those whom --users names, and with --overwrite-drift everybody who is off.
    """
    from migrate.commands.planned_people import rows_planned, those_off
    from migrate.decide.reverser import with_rows

    if not _takes_planned(asked):
        return source
    known = {row.user_id for row in source.rows}
    others = (row for row in rows_planned(at.workspace, journal, source.facts.tenant_id) if row.user_id not in known)
    return (
        with_rows(source, others, named=asked.users) if asked.users else with_rows(source, await those_off(at, others))
    )


def _source(at: AtWork, asked: _Asked, journal: JournalDb, here: TenantFacts) -> Source:
    from migrate.commands.kept_books import also_elsewhere, source_of_all_books
    from migrate.decide.reverser import Source, source_of
    from migrate.engine.way_back import source_in

    call = at.call
    if asked.run is not None:
        return source_in(journal, run=asked.run, tenant_id=here.tenant_id)
    if asked.file is None:
        try:
            return source_of_all_books(at, journal, here)
        except UsageProblem:
            if not _takes_planned(asked):
                raise
            return Source(rows=(), policy_steps=(), facts=here, whole=())
    rows, header = read_rollback(asked.file, here.tenant_id)
    if header is None:
        call.screen.warn(f"there is no {ROLLBACK_JSON} beside {asked.file.name}: users only, policies stay")
    return also_elsewhere(at, journal, source_of(rows, header, here))
