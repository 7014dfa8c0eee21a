"""`coverage`: the tenant at a glance: how many users are covered, partly, uncovered or unknown, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from migrate.commands.call import Call, dialect_of
from migrate.commands.explain import Suppose, Without, supposed
from migrate.commands.judging import apps_that_matter, baseline_answer
from migrate.commands.live import tenant_as_now
from migrate.commands.options import verb
from migrate.commands.wiring import workspace_of
from migrate.errors import ExitCode
from migrate.model.coverage import Verdict
from migrate.model.evidence import Evidence
from migrate.model.now import Moment, Now
from migrate.model.tenant_settings import BaselineScopes
from migrate.model.users import AnyUser, UnreadableUser
from migrate.store.files import write_atomically
from migrate.store.snapshot import Snapshot

if TYPE_CHECKING:
    from migrate.decide.coverage.judge import Judge


@verb
def coverage(
    call: Call,
    user_list: Annotated[
        Path | None, typer.Option("--user-list", metavar="FILE", help="Write one row for each user to this CSV file.")
    ] = None,
    exclusions: Annotated[
        bool, typer.Option("--exclusions", help="List the exclusions that no other policy catches instead.")
    ] = False,
    suppose: Suppose = None,
    without: Without = None,
    live: Annotated[
        bool, typer.Option("--live", help="Read the whole tenant now, for this answer; keeps nothing of it.")
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 unless everybody is covered, or no exclusion is open.")
    ] = False,
) -> ExitCode:
    """Show how far enabled Conditional Access policies require MFA, by classes of users, the largest first.

    Answers from the last export and from what this tool changed since; changes nothing. With --live it reads the
    tenant as `export` does, needs no export and leaves the one in the folder as it is. `explain USER` tells more about
    one person.

    \b
    Examples:
        mfa-migrate coverage
        mfa-migrate coverage --user-list coverage.csv
        mfa-migrate coverage --exclusions
        mfa-migrate coverage --suppose require-mfa.json
        mfa-migrate coverage -o json
        mfa-migrate coverage --live --exit-code
    """
    from migrate.decide.as_now import evidence_as_now, users_as_now
    from migrate.decide.coverage.classes import classes_of
    from migrate.decide.coverage.judge import Judge
    from migrate.decide.lost_objects import lost_objects
    from migrate.exchange.tables import csv_chunks
    from migrate.views.beta import say_beta
    from migrate.views.coverage import USER_COLUMNS, coverage_answer
    from migrate.views.lost_objects import say_lost_objects

    workspace = workspace_of(call)
    with tenant_as_now(call, workspace, live=live) as (snapshot, now):
        there = evidence_as_now(snapshot.evidence(), now)
        evidence = supposed(there, suppose, without)
        say_lost_objects(call.screen, lost_objects(evidence))
        say_beta(call.screen, evidence)
        apps, baseline = apps_that_matter(call.settings), baseline_answer(call.settings, snapshot.header.taken_on)
        if exclusions:
            users = users_as_now(snapshot.users(), now)
            return _exclusions(call, snapshot, evidence, users, apps, baseline, now.moment, exit_code=exit_code)
        judge = Judge(evidence, apps_that_matter=apps, baseline=baseline)
        classes = classes_of(users_as_now(snapshot.users(), now), judge)
        with_it = []
        if without:
            whole = Judge(supposed(there, suppose), apps_that_matter=apps, baseline=baseline)
            with_it = classes_of(users_as_now(snapshot.users(), now), whole)
        if user_list is not None:
            write_atomically(
                user_list, csv_chunks(USER_COLUMNS, _user_rows(snapshot, judge, now), dialect_of(call.settings))
            )
            call.screen.say(f"One row for each of {snapshot.header.users} users: {user_list}")
    call.answer(coverage_answer(classes, now.moment, without=without, with_it=with_it))
    all_covered = all(each.coverage.verdict is Verdict.COVERED for each in classes)
    return ExitCode.FINDINGS if exit_code and not all_covered else ExitCode.OK


def _exclusions(
    call: Call,
    snapshot: Snapshot,
    evidence: Evidence,
    users: Iterable[AnyUser],
    apps: frozenset[str] | None,
    baseline: BaselineScopes,
    moment: Moment,
    *,
    exit_code: bool,
) -> ExitCode:
    """Show the exclusions by which something is open; emergency access accounts are known by the configuration."""
    from migrate.decide.advice.open_doors import open_doors
    from migrate.views.open_doors import open_doors_answer

    access = call.settings.config.emergency_access
    named = (snapshot.user(name) for name in (access.accounts if access is not None else ()))
    doors = open_doors(
        evidence,
        users,
        emergency_access=frozenset(user.profile.id for user in named if user is not None),
        apps_that_matter=apps,
        baseline=baseline,
    )
    call.answer(open_doors_answer(doors, moment))
    return ExitCode.FINDINGS if exit_code and any(one.people > one.spared for one in doors) else ExitCode.OK


def _user_rows(snapshot: Snapshot, judge: Judge, now: Now) -> Iterator[tuple[str, ...]]:
    from migrate.decide.as_now import users_as_now
    from migrate.views.coverage import user_cells

    for user in users_as_now(snapshot.users(), now):
        state = "" if isinstance(user, UnreadableUser) else user.mfa_state.value
        yield user_cells(user.profile, state, judge.coverage_of(user.profile))
