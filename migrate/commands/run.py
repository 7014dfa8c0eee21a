"""The one door through which a command changes a tenant: lock, sign-in, journal, interrupts, and then the applier."""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import FrameType
from typing import Any, TypeVar

import msgspec

from migrate.commands.access import refuse_what_is_missing
from migrate.commands.call import Call, dialect_of
from migrate.commands.exit_rule import numbers_for_apply
from migrate.commands.planned_people import everybody_planned
from migrate.commands.seen import begin_anew, note_first_reading, note_in_run, note_reading, readings_lost
from migrate.commands.sign_in_evidence import log_for_apply
from migrate.commands.wave_gate import proofs_for
from migrate.commands.wiring import connection_for, open_tenant, owner_line, workspace_of
from migrate.decide.guards import Leave, Send
from migrate.engine.applier import Applier
from migrate.engine.run_parts import ApplyOptions, RunParts
from migrate.engine.state_change import decisions_of
from migrate.engine.wait_log import WaitLog
from migrate.errors import NothingHere
from migrate.graph.pace import steady_seconds
from migrate.graph.tenant import GraphTenant
from migrate.model.evidence import Evidence
from migrate.model.instants import iso_utc
from migrate.model.journal import JournalEntry
from migrate.model.permissions import Writes
from migrate.model.plan import PlanHeader, PlanKind
from migrate.model.readings import Readings
from migrate.model.run import RunResult
from migrate.model.snapshot import Actor
from migrate.model.steps import SetMfaState
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.rollback_files import FolderRollbackFiles
from migrate.store.snapshot import open_snapshot

T = TypeVar("T")
Steps = Callable[[], Iterator[SetMfaState]]
Told = Callable[[Sequence[JournalEntry]], None]


def _unheard(_: Sequence[JournalEntry]) -> None:
    """Let nobody hear what becomes of users before the run is through."""


@dataclass(frozen=True, kw_only=True)
class AtWork:
    """A command that may change a tenant: the folder is locked, somebody is signed in."""

    call: Call
    workspace: Workspace
    tenant: GraphTenant
    actor: Actor
    waits: WaitLog


def at_work(
    call: Call,
    verb: str,
    work: Callable[[AtWork], Coroutine[Any, Any, T]],
    *,
    writes: Writes,
    replaces: Sequence[str] = (),
) -> T:
    """Lock the folder, sign in, and return what `work` returns. Files that it `replaces` are tried beforehand.

    Raises PermissionMissing before anything is written where the token tells that what it `writes` would be refused.
    """

    async def signed_in() -> T:
        waits = WaitLog(call.screen)
        async with open_tenant(call, asks=writes.asks, on_wait=waits.waiting) as tenant:
            connection = connection_for(call.settings, writes.asks)
            await refuse_what_is_missing(call, connection, tenant, verb, writes)
            if not connection.names_a_tenant:
                # What expires does so by the server's time, which an answer tells; a named tenant has given one.
                await tenant.read_organization()
            actor = await actor_in(tenant)
            return await work(AtWork(call=call, workspace=workspace, tenant=tenant, actor=actor, waits=waits))

    workspace = workspace_of(call)
    with workspace.lock(owner_line(verb)):
        workspace.replaceable(replaces)
        return call.run(signed_in())


async def actor_in(tenant: GraphTenant) -> Actor:
    """Return who is signed in; the audit names a partner's operator (GDAP) with the home tenant."""
    actor, token = await tenant.read_actor(), tenant.token
    if token is None or token.home_tenant is None:
        return actor
    is_provider = await tenant.read_is_service_provider(token.home_tenant)
    kind = "service provider" if is_provider else "another tenant"
    return msgspec.structs.replace(actor, name=f"{actor.name} of {token.home_tenant}, {kind}")


async def carried_out(
    at: AtWork, journal: JournalDb, plan: PlanHeader, steps: Steps, options: ApplyOptions, told: Told = _unheard
) -> RunResult:
    """Carry a plan as far as it may go now, under a journal that was opened for writing. Raises as `Applier.run`.

    `told` hears what became of users as soon as it is in the journal.
    """
    journal.for_run(plan.digest)
    lost = readings_lost(at.workspace, journal, plan)
    if plan.kind is PlanKind.MIGRATE:
        _remember_snapshot(at, plan)
    if lost:
        begin_anew(at.workspace, at.tenant.server_now())
    if not options.what_if:
        at.waits.keep_in(journal, server_date=lambda: iso_utc(at.tenant.server_now()))
    with interruptible(at.call, at.tenant.changes_on_the_wire) as stop:
        try:
            parts = _parts(at, journal, plan, steps, options, stop, keeps=not options.what_if)
            return await Applier(replace(parts, told=told, readings_lost=lost)).run()
        finally:
            # What set-state did may be several runs; it tells the head once, in its summary.
            if plan.kind is not PlanKind.SET_STATE:
                say_chain_head(at.call, journal)


def _remember_snapshot(at: AtWork, plan: PlanHeader) -> None:
    """Hand over what the plan was made from, where it is still there: what vanished since is not taken for empty."""
    try:
        snapshot = open_snapshot(at.workspace, plan.snapshot_id)
    except NothingHere:
        return
    with snapshot:
        evidence = snapshot.evidence()
        at.tenant.remember_evidence(evidence)
        note_first_reading(at.workspace, snapshot)


async def rehearsed(
    at: AtWork, journal: JournalDb, plan: PlanHeader, steps: Steps, options: ApplyOptions
) -> dict[str, Send | Leave]:
    """Do all reads and guards of a plan's users and return by id what would be done; the journal is not written."""
    return await decisions_of(_parts(at, journal, plan, steps, options, lambda: False, keeps=False))


def _parts(
    at: AtWork,
    journal: JournalDb,
    plan: PlanHeader,
    steps: Steps,
    options: ApplyOptions,
    stop: Callable[[], bool],
    *,
    keeps: bool,
) -> RunParts:
    return RunParts(
        plan=plan,
        steps=steps,
        tenant=at.tenant,
        journal=journal,
        rollback_files=rollback_files(at, journal),
        progress=at.waits,
        options=options,
        stop=stop,
        paused=at.workspace.is_paused,
        sleep=sleep,
        monotonic=steady_seconds,
        machine_time=machine_time,
        new_id=new_id,
        also_planned=lambda: everybody_planned(at.workspace, journal, plan.tenant_id),
        wave_proofs=lambda: proofs_for(plan, at.workspace, at.call.settings.config),
        exit_rule=lambda policy: numbers_for_apply(policy, at.workspace, at.call.settings.config),
        sign_in_log=lambda: log_for_apply(at.workspace),
        seen=_seen(at, journal, plan, keeps=keeps),
    )


def _seen(at: AtWork, journal: JournalDb, plan: PlanHeader, *, keeps: bool) -> Callable[[Evidence, datetime], Readings]:
    """Return what keeps a reading: in the folder, and where the journal may be written, a change there too."""
    if keeps:
        return lambda evidence, moment: note_in_run(at.workspace, journal, plan, evidence, moment)
    return lambda evidence, moment: note_reading(at.workspace, evidence, moment, plan.tenant_id)


def rollback_files(at: AtWork, journal: JournalDb) -> FolderRollbackFiles:
    """Return the way back in the folder, for a run under this journal."""
    return FolderRollbackFiles(at.workspace, dialect_of(at.call.settings), holds=journal.holds)


def say_chain_head(call: Call, journal: JournalDb) -> None:
    """Say count and last hash: written down elsewhere, they show later edits of the audit."""
    count, last_hash = journal.head
    if count:
        call.screen.say(f"Journal: {count} entries, last hash {last_hash}")


@contextmanager
def interruptible(call: Call, on_the_wire: Callable[[], int]) -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C or SIGTERM end what is on the wire and send nothing more; the second Ctrl-C stops at once.

    To be used in the command's coroutine. Yields a function that tells whether an interrupt came in. `on_the_wire`
    tells how many changes have left and are not answered.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    state = {"asked": False, "cancelled": False}

    def on_signal(number: int, _: FrameType | None) -> None:
        if state["cancelled"]:
            raise KeyboardInterrupt
        if state["asked"] and number == signal.SIGINT:
            # Cancelled between two steps of the loop: an entry of the journal is never cut in half.
            state["cancelled"] = True
            loop.call_soon_threadsafe(task.cancel)
        elif not state["asked"]:
            state["asked"] = True
            sent = on_the_wire()
            are = "nothing is" if not sent else "1 change is" if sent == 1 else f"{sent} changes are"
            call.screen.warn(
                f"interrupted: {are} on the wire; nothing else is sent, and what was sent is read back. Press Ctrl-C "
                "again to stop at once"
            )

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: state["asked"]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def machine_time() -> float:
    """Return seconds since 1970 by this machine's clock."""
    return time.time()


async def sleep(seconds: float) -> None:
    """Wait in the event loop."""
    await asyncio.sleep(seconds)


def new_id() -> str:
    """Return a new client request id."""
    return str(uuid.uuid4())
