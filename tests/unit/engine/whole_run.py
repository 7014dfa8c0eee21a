"""A whole `apply` on virtual time: the real engine, client, journal and files against the sandbox's service in process.

Nothing is faked but the wire: an answer takes as long as one over the internet would, in time that costs nothing.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from migrate.decide.planner import Planner
from migrate.engine.applier import Applier
from migrate.engine.run_parts import ApplyOptions, RunParts
from migrate.engine.wait_log import WORTH_KEEPING_SECONDS, WaitLog
from migrate.exchange.tables import PLAIN
from migrate.graph.answers import Answer
from migrate.graph.credentials import signed_in
from migrate.graph.leaving import MayLeave, NotSent
from migrate.graph.session import Connection
from migrate.graph.tenant import GraphTenant, tenant_over
from migrate.model.instants import iso_utc
from migrate.model.journal import Draft, JournalEntry, Operation
from migrate.model.plan import ExcludedUser, PlanHeader
from migrate.model.run import RunResult
from migrate.model.users import MfaState, UserRecord
from migrate.model.waits import Waiting, WaitKind
from migrate.sandbox.clock import SandboxClock
from migrate.sandbox.company import company
from migrate.sandbox.lab import lab_config
from migrate.sandbox.service import Sandbox
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.throttling import POLICY_CALLS_PER_SECOND, UNITS_PER_10_SECONDS, WRITE_SECONDS, WRITES
from migrate.store.folder import Workspace
from migrate.store.journal import JournalDb
from migrate.store.plan_files import plan_steps_of, write_plan
from migrate.store.rollback_files import FolderRollbackFiles
from tests.in_process import call_of
from tests.unit.decide.records import REGISTERED, limits, rules, snapshot
from tests.virtual_time import VirtualClock, VirtualLoop

CEILING = WRITES / WRITE_SECONDS
"""Documented writes a second of one application in one tenant."""
BUCKETS = ("writes", "reads", "Conditional Access")
ENDPOINT = "http://127.0.0.1:1"


class Wire:
    """Carries requests to the sandbox and back; implements `migrate.graph.channel.Sends`."""

    def __init__(self, sandbox: Sandbox, clock: VirtualClock, *, latency: float, at_once: int, seed: int) -> None:
        self.sandbox = sandbox
        self.answers = 0
        self.sandbox_cpu = 0.0
        self.items: Counter[str] = Counter()
        """Requests by bucket, items of batches counted each."""
        self.throttled: Counter[str] = Counter()
        self.members_take = 0.0
        """Seconds that reading who is in one group takes besides."""
        self._large_group = ""
        self.answered_at: list[float] = []
        self.writes: list[tuple[float, int]] = []
        """When how many writes reached the service."""
        self._clock, self._latency = clock, latency
        self._slots = asyncio.Semaphore(at_once)
        self._random = random.Random(seed)

    def server_now(self) -> datetime:
        return self._clock.utc_now()

    def server_at_least(self) -> datetime:
        return self.server_now()

    def server_at_most(self) -> datetime:
        return self.server_now()

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        client_request_id: str | None = None,
        may_leave: MayLeave | None = None,
    ) -> Answer:
        async with self._slots:
            if may_leave is not None and not may_leave():
                raise NotSent
            latency = self._random.lognormvariate(math.log(self._latency), 0.3)
            await self._clock.sleep(latency / 2)
            answer = self._answer(method, path, dict(headers or {}), body, client_request_id)
            if "/transitiveMembers" in path:
                self._large_group = self._large_group or path
                await self._clock.sleep(self.members_take if path == self._large_group else 0.0)
            await self._clock.sleep(latency / 2)
        self.answers += 1
        self.answered_at.append(self._clock.monotonic())
        return answer

    def _answer(
        self, method: str, path: str, headers: dict[str, str], body: Any, client_request_id: str | None
    ) -> Answer:
        began = time.process_time()
        sent = b"" if body is None else msgspec.json.encode(body)
        call = call_of(method, path, sent, origin=ENDPOINT, request_id=str(uuid4()), headers=headers)
        found = self.sandbox.answer(call)
        answer = Answer(
            status=found.status,
            headers={"date": self.sandbox.clock.http_date(), "request-id": call.request_id}
            | {name.lower(): value for name, value in found.headers.items()},
            body=b"" if found.body is None else msgspec.json.encode(found.body),
            client_request_id=client_request_id or "",
        )
        self._count(method, path, body, found.status, found.body)
        self.sandbox_cpu += time.process_time() - began
        return answer

    def _count(self, method: str, path: str, body: Any, status: int, answered: Any) -> None:
        if path.endswith("$batch"):
            kinds = {item["id"]: "reads" if item["method"] == "GET" else "writes" for item in body["requests"]}
            fates = {item["id"]: item["status"] for item in answered["responses"]}
        else:
            kinds, fates = {"": "Conditional Access" if "conditionalAccess" in path else "reads"}, {"": status}
        self.items.update(kinds.values())
        self.throttled.update(kind for id_, kind in kinds.items() if fates[id_] == 429)
        if (written := sum(kind == "writes" for kind in kinds.values())) > 0:
            self.writes.append((self._clock.monotonic(), written))


class Screen:
    """A `Progress` that notes what it was told and when."""

    def __init__(self, clock: VirtualClock) -> None:
        self.waits: list[tuple[float, Waiting, float]] = []
        self.seconds: Counter[str] = Counter()
        """Virtual seconds by what was going on, as `advance` names it."""
        self._clock, self._since = clock, 0.0

    def advance(self, done: int, total: int | None, what: str) -> None:
        now = self._clock.monotonic()
        self.seconds[what.rpartition(": ")[2]] += now - self._since
        self._since = now

    def note(self, sentence: str) -> None:
        pass

    def waiting(self, waiting: Waiting, seconds: float) -> None:
        self.waits.append((self._clock.monotonic(), waiting, seconds))


class MeasuredJournal:
    """The journal on disk, with what its appending costs."""

    def __init__(self, journal: JournalDb) -> None:
        self._journal = journal
        self.entries_written = self.commits = 0
        self.cpu = self.seconds = 0.0

    def append(self, drafts: Sequence[Draft]) -> list[JournalEntry]:
        cpu, began = time.process_time(), time.perf_counter()
        entries = self._journal.append(drafts)
        self.cpu += time.process_time() - cpu
        self.seconds += time.perf_counter() - began
        self.entries_written += len(entries)
        self.commits += 1
        return entries

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


@dataclass
class Figures:
    """How a run went. Seconds are virtual, CPU is not."""

    result: RunResult
    users: int
    """Who were switched off."""
    seconds: float
    wire: Wire
    screen: Screen
    journal: MeasuredJournal
    cpu: float
    """Of engine and client, without the sandbox."""
    limits: Mapping[str, float]
    """The rates of the service's buckets, requests or units a second."""
    journalled_waits: list[tuple[WaitKind, str]]
    """Their kinds, and what they are about."""

    @property
    def utilisation(self) -> float:
        """Share of what could have been written in this time, at the documented rate and out of the real bucket."""
        real = self.limits["writes"] * (WRITE_SECONDS + self.seconds)
        return self.users / min(CEILING * self.seconds, real)

    def used(self, bucket: str) -> float:
        """Share of a bucket's limit over the whole run; of the writes, what took effect."""
        if bucket == "writes":
            return self.utilisation
        return self.wire.items[bucket] / (self.limits[bucket] * self.seconds)

    def wasted(self, bucket: str) -> float:
        """Share of the requests of a bucket that came back 429."""
        return self.wire.throttled[bucket] / max(1, self.wire.items[bucket])

    def most_writes_within(self, seconds: float) -> int:
        """The most writes that reached the service in any stretch of so many seconds."""
        most = within = first = 0
        for at, number in self.wire.writes:
            within += number
            while self.wire.writes[first][0] <= at - seconds:
                within -= self.wire.writes[first][1]
                first += 1
            most = max(most, within)
        return most

    def silences(self) -> Iterator[tuple[float, list[tuple[WaitKind, str]]]]:
        """Yield each stretch in which no answer came: the seconds of it that no told wait explains, and the waits."""
        told = [(at, at + seconds, (wait.kind, wait.name)) for at, wait, seconds in self.screen.waits]
        for begin, end in pairwise(self.wire.answered_at):
            reached, unexplained, reasons = begin, 0.0, []
            for since, until, reason in told:
                if since < end and until > reached:
                    unexplained += max(0.0, since - reached)
                    reached = min(until, end)
                    reasons.append(reason)
            # Two waits that are each too short to be kept may make one silence.
            yield unexplained + end - reached, reasons if end - begin > 2 * WORTH_KEEPING_SECONDS else []

    def __str__(self) -> str:
        return (
            f"{self.users:,} users in {self.seconds:,.0f} s: utilisation {self.utilisation:.1%}, "
            f"wasted writes {self.wasted('writes'):.2%}, reads {self.wasted('reads'):.2%}, "
            f"Conditional Access {self.wasted('Conditional Access'):.2%}; "
            + ", ".join(f"{what} {seconds:,.0f} s" for what, seconds in self.screen.seconds.items())
        )


@contextmanager
def _open_journal(workspace: Workspace, tenant_id: str, clock: VirtualClock) -> Iterator[JournalDb]:
    workspace.ensure()
    with (
        workspace.lock("a whole run"),
        JournalDb.open(workspace, actor="operator", tenant_id=tenant_id, clock=clock.utc_now) as journal,
    ):
        yield journal


def whole_run(
    folder: Path,
    accounts: int,
    *,
    latency: float = 0.25,
    percentages: tuple[float, ...] = (10, 50, 100),
    seed: int = 1,
    paused: Callable[[float], bool] = lambda _: False,
    stops_after: float = math.inf,
    limit: Mapping[str, int] | None = None,
    prepare: Callable[[Sandbox], None] = lambda _: None,
    evidence_takes: float = 0.0,
    **settings: Any,
) -> Figures:
    """Plan and apply in a generated company of so many accounts; `settings` are the sandbox's."""
    random.seed(seed)  # jitter of holds and of pauses
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        clock = VirtualClock(loop)
        sandbox = Sandbox(
            company(seed, accounts),
            SandboxSettings(seed=seed, **settings),
            SandboxClock(lambda: clock.utc_now().timestamp()),
        )
        return runner.run(
            _whole_run(
                folder,
                sandbox,
                clock,
                latency,
                percentages,
                seed,
                paused,
                stops_after,
                limit or {},
                prepare,
                evidence_takes,
            )
        )


async def _whole_run(
    folder: Path,
    sandbox: Sandbox,
    clock: VirtualClock,
    latency: float,
    percentages: tuple[float, ...],
    seed: int,
    paused: Callable[[float], bool],
    stops_after: float,
    limit: Mapping[str, int],
    prepare: Callable[[Sandbox], None],
    evidence_takes: float,
) -> Figures:
    connection = Connection(endpoint=ENDPOINT)
    wire = Wire(sandbox, clock, latency=latency, at_once=connection.concurrency, seed=seed)
    screen = Screen(clock)
    waits = WaitLog(screen)
    tenant = tenant_over(wire, connection, signed_in(connection, prompt=print), on_wait=waits.waiting, clock=clock)
    workspace = Workspace(folder)
    with _open_journal(workspace, sandbox.tenant.id, clock) as disk:
        plan = await _plan(tenant, sandbox, workspace, percentages, limit)
        # Minutes later, so that what the planning took of any budget is there again.
        await clock.sleep(600)
        prepare(sandbox)
        wire.members_take = evidence_takes
        journal = MeasuredJournal(disk)
        disk.for_run(plan.digest)
        waits.keep_in(journal, server_date=lambda: iso_utc(tenant.server_now()))
        ids = iter(range(10_000_000))
        for counts in (wire.items, wire.throttled, wire.answered_at, screen.waits):
            counts.clear()
        screen.advance(0, None, "planning")
        screen.seconds.clear()
        began, cpu = clock.monotonic(), time.process_time() - wire.sandbox_cpu
        result = await Applier(
            RunParts(
                plan=plan,
                steps=plan_steps_of(folder / "plan.csv", plan.rows_sha256),
                tenant=tenant,
                journal=journal,
                rollback_files=FolderRollbackFiles(workspace, PLAIN, holds=disk.holds),
                progress=waits,
                options=ApplyOptions(max_failures="5%", endpoint=ENDPOINT, stay=True),
                stop=lambda: clock.monotonic() - began > stops_after,
                paused=lambda: paused(clock.monotonic() - began),
                sleep=clock.sleep,
                monotonic=clock.monotonic,
                machine_time=clock.monotonic,
                new_id=lambda: str(next(ids)),
            )
        ).run()
        return Figures(
            result=result,
            users=result.outcomes["confirmed"],
            seconds=clock.monotonic() - began,
            wire=wire,
            screen=screen,
            journal=journal,
            cpu=time.process_time() - wire.sandbox_cpu - cpu,
            limits={
                "writes": CEILING * sandbox.settings.write_rate_scale,
                "reads": UNITS_PER_10_SECONDS[sandbox.throttle.size()] / 10 * sandbox.settings.unit_rate_scale,
                "Conditional Access": POLICY_CALLS_PER_SECOND,
            },
            journalled_waits=[
                (WaitKind(parts.wait), parts.name)
                for parts in (entry.reason.parts for entry in disk.entries(operation=Operation.WAIT))
                if parts.wait
            ],
        )


async def _plan(
    tenant: GraphTenant,
    sandbox: Sandbox,
    workspace: Workspace,
    percentages: tuple[float, ...],
    limit: Mapping[str, int],
) -> PlanHeader:
    """Plan from what the sandbox holds; how export reads it is not the question here."""
    organization = await tenant.read_organization()
    lab = lab_config(sandbox.tenant)
    people = sandbox.tenant.people
    users = [user async for user in tenant.iter_users()]
    taken = msgspec.structs.replace(
        snapshot(len(users)), organization=organization, taken_at=iso_utc(tenant.server_now()), endpoint=ENDPOINT
    )
    rule = rules(
        emergency_access=tuple(account["id"] for account in lab["emergency_access"]),
        exclusions={
            account["id"]: ExcludedUser(user_id=account["id"], reason=account["reason"])
            for account in lab["exclusions"]
        },
        canary=frozenset(user.id for user in users if user.user_principal_name in lab["canaries"]),
        percentages=percentages,
        limits=limits(**limit),
    )
    planner = Planner(taken, await tenant.read_evidence(), rule)
    records = (
        UserRecord(profile=user, mfa_state=MfaState(people.mfa_state(place)), registration=REGISTERED)
        for user in users
        if (place := people.find(user.id)) is not None
    )
    return write_plan(workspace, planner.rows(records), lambda digest: planner.header(digest, tool_version="0"))
