"""`sign-ins`: read the sign-in log, or files of it, into kinds; show what is there; forget it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.commands.call import Call
from migrate.commands.options import keep_for_the_verb, verb, with_globals
from migrate.commands.sign_in_evidence import checked_sources, folders_log, ways_seen_in
from migrate.commands.wiring import owner_line, workspace_of
from migrate.errors import ExitCode, NothingHere, UsageProblem
from migrate.settings import GlobalOptions
from migrate.store.sign_ins import SignInBook
from migrate.store.snapshot import open_snapshot

if TYPE_CHECKING:
    from migrate.model.sign_ins import SignInSource
    from migrate.store.folder import Workspace

sign_ins_app = typer.Typer(
    name="sign-ins",
    help="Read the sign-in log and say what it shows.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


@sign_ins_app.callback()
@with_globals
def _sign_ins(context: typer.Context, typed: GlobalOptions) -> None:
    """Read the sign-in log and say what it shows."""
    keep_for_the_verb(context, typed)


@sign_ins_app.command("read")
@verb
def sign_ins_read(
    call: Call,
    days: Annotated[int | None, typer.Option("--days", metavar="N", min=1, max=30, help="So many days back.")] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="WHEN", help="A day or a moment (UTC).")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="WHEN", help="A day or a moment (UTC).")] = None,
    most_rows: Annotated[
        int | None,
        typer.Option("--max-rows", metavar="N", min=1, help="Rows of each form at most. [default: 200000]"),
    ] = None,
) -> ExitCode:
    """Read the sign-in log from Graph, hour by hour. Only reads.

    What is kept are kinds of sign-ins with counts and the object ids of people, in the last export; never a single
    sign-in, a name or an address. An interrupted reading goes on where it stopped when the command is typed again.
    Graph allows five requests in ten seconds: some 500 rows a second. Without --days it is 14 days.

    \b
    Examples:
        mfa-migrate sign-ins read
        mfa-migrate sign-ins read --days 7
        mfa-migrate sign-ins read --since 2026-11-20 --until 2026-11-27
    """
    from migrate.commands.sign_in_reading import AskedWindow, read

    asked = AskedWindow(days=days, since=since, until=until)
    workspace = workspace_of(call)
    with workspace.lock(owner_line("sign-ins read")), SignInBook(workspace, writing=True) as book:
        try:
            number = call.run(read(call, workspace, book, asked, most_rows or call.settings.config.sign_ins.max_rows))
        except KeyboardInterrupt:
            call.screen.say("What was read is kept; the same command goes on: mfa-migrate sign-ins read")
            raise
        _tell_missing(call, book.sources()[number])
    return _shown(call, workspace, [number])


def _tell_missing(call: Call, source: SignInSource) -> None:
    from migrate.views.sign_ins import missing_words

    for sentence in missing_words(source):
        call.screen.warn(sentence)


@sign_ins_app.command("import")
@verb
def sign_ins_import(
    call: Call,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files of sign-ins.")],
    reduced: Annotated[
        bool, typer.Option("--reduced", help="The files are answers to the queries that `sign-ins kql` prints.")
    ] = False,
) -> ExitCode:
    """Read files of sign-ins: what Graph, diagnostic settings, Log Analytics or the portal gave.

    Formats are told by their content; a file that is none of them is refused with the columns that are missing.
    Files of one command are one reading: rows that several of them hold count once.

    \b
    Examples:
        mfa-migrate sign-ins import InteractiveSignIns_2026-11-22_2026-11-29.csv
        mfa-migrate sign-ins import SigninLogs.csv AADNonInteractiveUserSignInLogs.csv
        mfa-migrate sign-ins import --reduced query_data.csv
        mfa-migrate sign-ins import --reduced kinds.csv policies.csv
    """
    from migrate.commands.sign_in_import import imported

    workspace = workspace_of(call)
    with workspace.lock(owner_line("sign-ins import")), SignInBook(workspace, writing=True) as book:
        number = imported(call, workspace, book, files, reduced=reduced)
        _tell_missing(call, book.sources()[number])
    return _shown(call, workspace, [number])


@sign_ins_app.command("kql")
@verb
def sign_ins_kql(
    call: Call,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, max=90, help="So many days back.")] = 14,
    parts: Annotated[
        int, typer.Option("--parts", metavar="N", min=1, max=1000, help="Divide the people into so many queries.")
    ] = 1,
    policies: Annotated[
        bool, typer.Option("--policies", help="Print the small query that counts what each policy did, and no people.")
    ] = False,
) -> ExitCode:
    """Print the query that reduces the log inside Log Analytics, Sentinel or Azure Data Explorer.

    For tenants too large to read row by row. It carries this tenant's named locations, from the last export; names and
    addresses stay where they are. Export its answer as CSV and bring it with `sign-ins import --reduced`. With --parts
    there are several queries, one after the other, for engines that cut large answers off. With --policies it is a
    small one that counts what each policy did and names nobody, beside an answer without the column Results: import
    both in one command. `sign-ins report-only` shows its counts; the exit rule needs people and never rests on them.

    \b
    Examples:
        mfa-migrate sign-ins kql > reduce.kql
        mfa-migrate sign-ins kql --days 7 --parts 8
        mfa-migrate sign-ins kql --policies > reduce-policies.kql
    """
    from migrate.exchange.sign_in_kql import query_for
    from migrate.exchange.sign_in_policy_kql import policies_query_for

    if policies and parts > 1:
        raise UsageProblem(
            "--parts divides people, and the query of --policies names none.", hint="Leave one of the two away."
        )
    if policies:
        call.screen.write_bytes([policies_query_for(days=days).encode()])
        return ExitCode.OK
    with open_snapshot(workspace_of(call)) as snapshot:
        evidence = snapshot.evidence()
    queries = [query_for(evidence, days=days, parts=parts, part=part) for part in range(parts)]
    call.screen.write_bytes([query.encode() for query in queries])
    return ExitCode.OK


@sign_ins_app.command("show")
@verb
def sign_ins_show(
    call: Call,
    reading: Annotated[
        list[str] | None, typer.Argument(metavar="READING", help="Numbers of readings. [default: all]")
    ] = None,
) -> ExitCode:
    """Show what was read of the sign-in log: source, window, rows, people, and what is missing.

    \b
    Examples:
        mfa-migrate sign-ins show
        mfa-migrate sign-ins show 1 -o json
    """
    from migrate.decide.sign_ins.sources import numbered

    workspace = workspace_of(call)
    with SignInBook(workspace) as book:
        sources = book.sources()
    return _shown(call, workspace, [numbered(text, sources) for text in reading] if reading else list(sources))


def _shown(call: Call, workspace: Workspace, numbers: list[int]) -> ExitCode:
    from migrate.decide.sign_ins.sources import silent_hours
    from migrate.decide.sign_ins.summary import summary_of
    from migrate.views.sign_ins import sign_ins_answer

    with open_snapshot(workspace) as snapshot:
        known = frozenset(user.profile.id.lower() for user in snapshot.users())
    with SignInBook(workspace) as book:
        sources = checked_sources(book)
        call.answer(
            sign_ins_answer(
                {
                    number: (sources[number], summary_of(book.people(number), known), silent_hours(book.people(number)))
                    for number in numbers
                },
                ways_seen_in(workspace),
            )
        )
    return ExitCode.OK


@sign_ins_app.command("replay")
@verb
def sign_ins_replay(
    call: Call,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when somebody would lose MFA or be newly blocked.")
    ] = False,
) -> ExitCode:
    """Judge past sign-ins under the planned policies, with per-user MFA off for whom the plan switches off.

    Who is newly required to use MFA, who is newly blocked, who would lose MFA (then `plan` has a blocker), who moves
    over. First the same sign-ins are judged under today's policies and compared with what the log says that each
    policy did; where that agrees too seldom, the replay of that policy is not proven and the sign-ins are shown.

    \b
    Examples:
        mfa-migrate sign-ins replay
        mfa-migrate sign-ins replay -o csv > changes.csv
    """
    from migrate.commands.plan import rules_for
    from migrate.commands.replaying import replay_of
    from migrate.decide.planner import Planner
    from migrate.model.plan import PlanAction
    from migrate.model.replay import Change
    from migrate.views.replay import replay_answer

    workspace = workspace_of(call)
    with open_snapshot(workspace) as snapshot:
        rules = rules_for(call.settings, snapshot, today=snapshot.header.taken_on)
        planner = Planner(snapshot.header, snapshot.evidence(), rules)
        rows = planner.rows(snapshot.users())
        off = frozenset(row.user_id for row in rows if row.action is PlanAction.DISABLE)
        log = folders_log(workspace)
        found = replay_of(log, snapshot, planner.planned_evidence, off, call.settings.config.sign_ins)
        if found is None:
            raise NothingHere("No sign-in log was read.", hint="Read it first: mfa-migrate sign-ins read")
        names = {user.profile.id.lower(): user.profile.user_principal_name for user in snapshot.users()}
    replay, sources = found
    call.answer(replay_answer(replay, sources, names))
    bad = replay.people_of(Change.LOSES_MFA) | replay.people_of(Change.NEWLY_BLOCKED)
    return ExitCode.FINDINGS if exit_code and bad else ExitCode.OK


@sign_ins_app.command("report-only")
@verb
def sign_ins_report_only(
    call: Call,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 when the exit rule of a policy does not hold.")
    ] = False,
) -> ExitCode:
    """Show what each report-only policy would have done, and whether that is enough to switch it on.

    Attempts and people by result and cause, and every number of the exit rule: seven whole days with five working days
    and no hole, four of five people seen, nobody failing, nobody interrupted who cannot answer, nine of ten passing.
    Nothing read is no data and never passes. `apply` switches a policy on by the same rule; its numbers stand in
    `[sign_ins.exit_rule]` of the configuration.

    \b
    Examples:
        mfa-migrate sign-ins report-only
        mfa-migrate sign-ins report-only -o csv > people.csv
    """
    from migrate.commands.exit_rule import log_in, numbers_of
    from migrate.model.evidence import PolicyState
    from migrate.views.report_only import report_only_answer

    workspace = workspace_of(call)
    with open_snapshot(workspace) as snapshot:
        policies = [policy for policy in snapshot.evidence().policies if policy.policy_state is PolicyState.REPORT_ONLY]
        found = list(numbers_of(policies, workspace, snapshot, call.settings.config, snapshot.header.taken_on))
        names = {user.profile.id.lower(): user.profile.user_principal_name for user in snapshot.users()}
    call.answer(report_only_answer(found, log_in(workspace)[0], names))
    return ExitCode.FINDINGS if exit_code and not all(one.holds for one in found) else ExitCode.OK


@sign_ins_app.command("waves")
@verb
def sign_ins_waves(
    call: Call,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 unless every wave may go on.")] = False,
) -> ExitCode:
    """Show whether each wave really moved over: who asked for MFA before and after it, who fails since.

    Fourteen days before the first write against everything since, an hour after each write. Nobody asked by per-user
    MFA any more, nobody asked less than before, nobody who succeeded before and only fails since, not more failures,
    and enough of the people seen again. With `waves.gate = true` the next wave begins only when that holds.

    \b
    Examples:
        mfa-migrate sign-ins waves
        mfa-migrate sign-ins waves --exit-code
    """
    from migrate.commands.wave_gate import wave_proofs
    from migrate.model.wave_gate import GateVerdict
    from migrate.views.wave_gate import waves_answer

    workspace = workspace_of(call)
    proofs = wave_proofs(workspace, call.settings.config)
    with open_snapshot(workspace) as snapshot:
        names = {user.profile.id.lower(): user.profile.user_principal_name for user in snapshot.users()}
    call.answer(waves_answer(proofs, names, gate=call.settings.config.waves.gate))
    return (
        ExitCode.FINDINGS if exit_code and any(one.verdict is not GateVerdict.GO_ON for one in proofs) else ExitCode.OK
    )


@sign_ins_app.command("forget")
@verb
def sign_ins_forget(
    call: Call,
    reading: Annotated[
        list[str] | None, typer.Argument(metavar="READING", help="Numbers of readings, see `sign-ins show`.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every reading.")] = False,
) -> ExitCode:
    """Remove what was read of the sign-in log from the working folder. The log itself is not touched.

    \b
    Examples:
        mfa-migrate sign-ins forget 1
        mfa-migrate sign-ins forget --all
    """
    from migrate.decide.sign_ins.sources import numbered

    if bool(reading) is everything:
        raise UsageProblem("Name the readings to forget, or give --all.", hint="mfa-migrate sign-ins show lists them.")
    workspace = workspace_of(call)
    with workspace.lock(owner_line("sign-ins forget")), SignInBook(workspace, writing=True) as book:
        sources = book.sources()
        numbers = [numbered(text, sources) for text in reading] if reading else list(sources)
        book.forget(numbers)
    call.screen.say(f"Forgotten: {', '.join(map(str, numbers)) or 'nothing; no log was read'}.")
    return ExitCode.OK
