"""Bring together what the books of a folder hold of the way back, where its journal does not know all of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from migrate.errors import BadInput, MfaMigrateError, StalePlan
from migrate.model.journal import DONE
from migrate.model.plan import PlanKind
from migrate.model.rollback import RollbackHeader, RollbackRow
from migrate.store.books import Ahead, ahead_of, close
from migrate.store.plan_files import plan_steps_of, read_plan
from migrate.store.rollback_files import kept_header, rows_unchecked

if TYPE_CHECKING:
    from migrate.commands.run import AtWork
    from migrate.decide.reverser import Source, TenantFacts
    from migrate.store.journal import JournalDb


def source_of_all_books(at: AtWork, journal: JournalDb, here: TenantFacts) -> Source:
    """Return what journal, rollback files and plan of a folder hold together of the way back.

    Where the books agree that is what the journal holds, and the rows that were written for an intent that was lost.
    Raises UsageProblem where there is nothing, and StalePlan for files of another tenant, cloud or endpoint.
    """
    from migrate.decide.reverser import united
    from migrate.engine.history import plans_in_force
    from migrate.engine.way_back import source_in

    ahead = ahead_of(at.workspace.path, journal.holds)
    if not ahead:
        return _with_rows_owed(at, journal, source_in(journal, run=None, tenant_id=here.tenant_id))
    at.call.screen.warn(
        "the journal does not know all that was changed: users are rolled back by the journal, by the kept rollback "
        "files and by the plan together, and policies only once everybody in any of them is restored"
    )
    known = source_in(journal, run=None, tenant_id=here.tenant_id) if plans_in_force(journal) else None
    source = _planned(at, ahead, here)
    for pair in ahead:
        kept = _kept(at, pair, here)
        source = kept if source is None else united(source, kept)
    if source is None or known is None:
        return source or source_in(journal, run=None, tenant_id=here.tenant_id)
    # Files that name every run of the journal were written from a longer one.
    files_are_later = set(known.whole) <= set(source.whole)
    return united(known, source) if files_are_later else united(source, known)


def also_elsewhere(at: AtWork, journal: JournalDb, source: Source) -> Source:
    """Return a source with those who stand in files that the journal does not know, and not in the source itself."""
    rows = {row.user_id for row in source.rows}
    elsewhere = dict.fromkeys(source.may_be_off)
    for pair in ahead_of(at.workspace.path, journal.holds):
        elsewhere |= dict.fromkeys(_everybody_in(pair))
    return msgspec.structs.replace(source, may_be_off=tuple(user for user in elsewhere if user not in rows))


async def close_restored(at: AtWork, journal: JournalDb, rolled: str) -> None:
    """Put aside the files that the journal does not know, where everybody in them is restored by a run, or not off."""
    outcomes = journal.latest_user_outcomes(rolled).items()
    restored = {user for user, outcome in outcomes if outcome in DONE}
    for pair in ahead_of(at.workspace.path, journal.holds):
        rest = [user for user in _everybody_in(pair) if user not in restored]
        readings = await at.tenant.read_mfa_states(rest) if rest else []
        off = [reading for reading in readings if reading.may_be_off]
        if off or not _fits(pair):
            at.call.screen.warn(
                f"{pair.beside} stays: {len(off)} users in it may be off, and the journal does not know them"
            )
        else:
            close(pair)


def _with_rows_owed(at: AtWork, journal: JournalDb, source: Source) -> Source:
    from migrate.commands.run import rollback_files
    from migrate.engine.way_back import still_owed

    from_files = rollback_files(at, journal).kept_rows()
    rows = {row.user_id for row in source.rows}
    owed = still_owed((row for row in from_files if row.user_id not in rows), journal, source.whole)
    return msgspec.structs.replace(source, rows=(*source.rows, *owed))


def _planned(at: AtWork, ahead: Sequence[Ahead], here: TenantFacts) -> Source | None:
    """Return a row for everybody in the plan whom a lost run may have changed without one."""
    from migrate.decide.reverser import Source, rows_of_plan

    try:
        plan, rows = read_plan(at.workspace)
    except MfaMigrateError:
        return None
    headers = [header for pair in ahead if (header := kept_header(pair.beside)) is not None]
    if plan.kind is not PlanKind.MIGRATE or not any(plan.digest in header.plan_digests for header in headers):
        return None
    whole = all(_fits(pair) for pair in ahead)
    unknown = {user for header in headers for user in header.may_be_off}
    steps = (step for step in plan_steps_of(rows, plan.rows_sha256)() if not whole or step.user_id in unknown)
    return Source(rows=rows_of_plan(steps, plan), policy_steps=(), facts=here, whole=())


def _kept(at: AtWork, pair: Ahead, here: TenantFacts) -> Source:
    """Return what a pair of files holds. Where they do not fit each other, users only: the policies stay."""
    from migrate.decide.reverser import facts_of, source_of

    header = kept_header(pair.beside)
    if header is not None:
        for there, sign_in in zip(_place(facts_of(header)), _place(here), strict=True):
            if there != sign_in:
                raise StalePlan(
                    f"{pair.beside} is of {there}; this is {sign_in}.",
                    hint="Sign in there, or choose another --workspace.",
                )
    rows = _rows_of(at, pair, here)
    if _fits(pair):
        return source_of(rows, header, here)
    at.call.screen.warn(f"{pair.table} is not what {pair.beside.name} was written with: its users count, policies stay")
    digests = () if header is None else header.plan_digests
    kept = msgspec.structs.replace(source_of(rows, None, here), whole=digests)
    return msgspec.structs.replace(kept, may_be_off=() if header is None else header.may_be_off)


def _place(facts: TenantFacts) -> tuple[str, str, str]:
    return facts.tenant_id, facts.cloud, facts.endpoint or "Microsoft Graph"


def _rows_of(at: AtWork, pair: Ahead, here: TenantFacts) -> list[RollbackRow]:
    try:
        return [row for row in rows_unchecked(pair.table) if row.tenant_id == here.tenant_id]
    except BadInput as problem:
        at.call.screen.warn(f"{problem.what} Its users are taken from the journal and the plan.")
        return []


def _everybody_in(pair: Ahead) -> Iterator[str]:
    header: RollbackHeader | None = kept_header(pair.beside)
    yield from () if header is None else header.may_be_off
    try:
        yield from (row.user_id for row in rows_unchecked(pair.table))
    except BadInput:
        return


def _fits(pair: Ahead) -> bool:
    from migrate.store.files import sha256_of_file

    header = kept_header(pair.beside)
    return header is not None and pair.table.is_file() and header.fits(sha256_of_file(pair.table))
