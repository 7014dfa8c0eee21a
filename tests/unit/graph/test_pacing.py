"""Whole runs on a virtual clock against a model of Graph's throttling: hours of pacing in seconds."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
import pytest

from migrate.graph.answers import Answer
from migrate.graph.channel import Call, Channel
from migrate.graph.pace import Bucket, Pacers
from migrate.graph.retry import Patience, Persistence
from migrate.graph.states import StateReader, write_states
from migrate.model.permissions import POLICIES
from migrate.model.replies import WriteFate, WriteRequest
from migrate.model.users import MfaState
from tests.virtual_time import VirtualClock, VirtualLoop


@dataclass(frozen=True)
class Limit:
    """A token bucket of the server."""

    rate: float
    """Tokens a second."""
    depth: float
    """Tokens that it holds at most, and at the start."""
    burns: bool = False
    """Whether a throttled item costs tokens too, as the throttling guidance says."""
    fixed_retry_after: float | None = None
    """Seconds; None names the time until a batch would fit."""
    silent: bool = False
    """Conditional Access sends no Retry-After."""


class ThrottlingGraph:
    """Answers batches item by item out of a token bucket, after a latency."""

    def __init__(self, limit: Limit, clock: VirtualClock, *, seed: int = 1, latency: float = 0.25) -> None:
        self.limit = limit
        self.items = 0
        self.throttled = 0
        self.answers = 0
        self.done: set[str] = set()
        self._clock = clock
        self._tokens = limit.depth
        self._whole = 1
        self._at = 0.0
        self._random = random.Random(seed)
        self._latency = latency

    def server_now(self) -> datetime:
        return self._clock.utc_now()

    def server_at_least(self) -> datetime:
        return self.server_now()

    def server_at_most(self) -> datetime:
        return self.server_now()

    def token_refused(self) -> None:
        raise AssertionError("this server refuses nobody")

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        client_request_id: str | None = None,
        may_leave: Callable[[], bool] | None = None,
    ) -> Answer:
        assert may_leave is None or may_leave()
        latency = self._random.lognormvariate(math.log(self._latency), 0.3)
        await self._clock.sleep(latency / 2)
        items = body["requests"] if method == "POST" else [{"id": path, "method": method, "url": path}]
        self._whole = len(items)
        responses = [self._answer(item) for item in items]
        await self._clock.sleep(latency / 2)
        self.answers += 1
        if method == "POST":
            content = msgspec.json.encode({"responses": responses})
            return Answer(status=200, headers={}, body=content, client_request_id="")
        headers = {name.lower(): value for name, value in responses[0].get("headers", {}).items()}
        return Answer(status=responses[0]["status"], headers=headers, body=b"{}", client_request_id="")

    def _answer(self, item: Mapping[str, Any]) -> dict[str, Any]:
        self.items += 1
        now = self._clock.monotonic()
        self._tokens = min(self.limit.depth, self._tokens + (now - self._at) * self.limit.rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            self.done.add(item["url"])
            if item["method"] == "PATCH":
                return {"id": item["id"], "status": 204}
            return {"id": item["id"], "status": 200, "body": {"perUserMfaState": "enforced"}}
        self.throttled += 1
        if self.limit.burns:
            self._tokens = max(-self.limit.depth, self._tokens - 1)
        if self.limit.silent:
            return {"id": item["id"], "status": 429}
        wait = self.limit.fixed_retry_after or max(1.0, math.ceil((self._whole - self._tokens) / self.limit.rate))
        return {"id": item["id"], "status": 429, "headers": {"Retry-After": str(wait)}}


@dataclass(frozen=True)
class Outcome:
    """How a run went."""

    seconds: float
    utilisation: float
    """What the server could have answered in this time at most, as the share that was made of it."""
    wasted: float
    """Share of items that came back 429."""
    rate: float
    """The pacer's rate at the end."""

    def __str__(self) -> str:
        return (
            f"{self.seconds:,.0f} s, utilisation {self.utilisation:.1%}, wasted {self.wasted:.2%}, "
            f"rate at the end {self.rate:.0f}/s"
        )


def reads(number: int, limit: Limit, **options: Any) -> Outcome:
    """Read `number` states and return how it went."""
    return _run(number, limit, _read, Bucket.READS, **options)


def writes(number: int, limit: Limit, **options: Any) -> Outcome:
    """Write `number` states, sending again what was not accepted, and return how it went."""
    return _run(number, limit, _write, Bucket.WRITES, **options)


def calls(number: int, limit: Limit, bucket: Bucket) -> Outcome:
    """Send `number` requests of a bucket, one after the other, and return how it went."""

    async def work(number: int, channel: Channel, _: int) -> None:
        for n in range(number):
            call = Call(path=f"/v1.0/{n}", bucket=bucket, cost=1, doing="reading", needs=POLICIES)
            await channel.read(call, bytes)

    return _run(number, limit, work, bucket)


def _run(number: int, limit: Limit, work: Any, bucket: Bucket, *, batches_at_once: int = 24, seed: int = 1) -> Outcome:
    loop = VirtualLoop()
    try:
        clock = VirtualClock(loop)
        graph = ThrottlingGraph(limit, clock, seed=seed)
        chance = random.Random(seed)
        pacers = Pacers(clock=clock, on_wait=_ignore, unit_random=chance.random)
        patience = Persistence(
            Patience(attempts=20, seconds=3600), clock=clock, on_wait=_ignore, unit_random=chance.random
        )
        channel = Channel(graph, pacers, patience, origin="https://graph.invalid", clock=clock)
        loop.run_until_complete(work(number, channel, batches_at_once))
        seconds = loop.time()
        assert len(graph.done) == number
        ideal = max(0.0, number - limit.depth) / limit.rate
        return Outcome(seconds, ideal / seconds, graph.throttled / graph.items, pacers[bucket].rate)
    finally:
        loop.close()


async def _read(number: int, channel: Channel, batches_at_once: int) -> None:
    reader = StateReader(channel, batches_at_once=batches_at_once)
    readings = await reader.read([str(n) for n in range(number)])
    assert all(reading.mfa_state is MfaState.ENFORCED for reading in readings)


async def _write(number: int, channel: Channel, batches_at_once: int) -> None:
    pending = [
        WriteRequest(user_id=str(n), mfa_state=MfaState.DISABLED, client_request_id=str(n)) for n in range(number)
    ]
    while pending:
        again = []
        for start in range(0, len(pending), 20):
            chunk = pending[start : start + 20]
            replies = await write_states(channel, chunk, may_leave=lambda: True, is_wanted=lambda: True)
            again += [r for r, reply in zip(chunk, replies, strict=True) if reply.fate is not WriteFate.ACCEPTED]
        pending = again


def _ignore(reason: str, seconds: float) -> None:
    pass


DOCUMENTED = Limit(rate=800, depth=8000)
WRITES = Limit(rate=20, depth=3000)


def burning(limit: Limit) -> Limit:
    return replace(limit, burns=True)


def of(limit: Limit, factor: float) -> Limit:
    """The same bucket, really so many times as large as documented."""
    return replace(limit, rate=limit.rate * factor, depth=limit.depth * factor)


def test_at_the_documented_rate_reads_keep_to_it_and_waste_next_to_nothing() -> None:
    outcome = reads(60_000, burning(DOCUMENTED))
    assert outcome.utilisation >= 0.95, outcome
    assert outcome.wasted < 0.01, outcome


def test_when_the_real_limit_is_half_reads_find_it_and_stay_there() -> None:
    outcome = reads(40_000, burning(of(DOCUMENTED, 0.5)))
    assert outcome.utilisation >= 0.90, outcome
    assert outcome.wasted < 0.02, outcome
    assert outcome.rate < 600


def test_when_the_real_limit_is_double_the_rate_grows() -> None:
    outcome = reads(50_000, of(DOCUMENTED, 2))
    assert outcome.wasted < 0.02
    assert outcome.rate > 950, outcome


def test_writes_never_go_faster_than_documented_even_where_they_could() -> None:
    outcome = writes(6_000, of(WRITES, 10))
    assert outcome.rate <= 20
    assert 0.97 <= 6_000 / 20 / outcome.seconds <= 1.01, outcome
    assert outcome.wasted == 0


def test_when_the_real_limit_is_half_writes_slow_down_and_go_on() -> None:
    outcome = writes(10_000, burning(of(WRITES, 0.5)))
    assert outcome.utilisation >= 0.90, outcome
    assert outcome.wasted < 0.02, outcome


def test_the_report_is_paged_at_its_documented_rate_and_never_throttled() -> None:
    outcome = calls(1_000, Limit(rate=0.5, depth=5, burns=True), Bucket.REPORTS)
    assert outcome.utilisation >= 0.95, outcome
    assert outcome.wasted == 0, outcome


def test_conditional_access_takes_half_of_what_the_tenant_has_and_backs_off_when_others_take_more() -> None:
    alone = calls(300, Limit(rate=1, depth=1, silent=True), Bucket.CONDITIONAL_ACCESS)
    assert alone.wasted == 0, alone
    assert 0.48 <= 300 / alone.seconds <= 0.52, alone
    crowded = calls(100, Limit(rate=0.2, depth=1, silent=True), Bucket.CONDITIONAL_ACCESS)
    assert crowded.utilisation >= 0.4, crowded
    assert crowded.wasted < 0.25, crowded


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("limit", "utilised", "wasted"),
    [
        pytest.param(DOCUMENTED, 0.95, 0.01, id="documented"),
        pytest.param(burning(DOCUMENTED), 0.95, 0.01, id="documented-burning"),
        pytest.param(replace(DOCUMENTED, fixed_retry_after=10.0), 0.95, 0.01, id="documented-retry-after-10"),
        pytest.param(of(DOCUMENTED, 0.5), 0.90, 0.02, id="half"),
        pytest.param(burning(of(DOCUMENTED, 0.5)), 0.90, 0.02, id="half-burning"),
        pytest.param(of(DOCUMENTED, 2), 0.85, 0.02, id="double"),
    ],
)
def test_a_million_reads(limit: Limit, utilised: float, wasted: float) -> None:
    outcome = reads(1_000_000, limit)
    print(outcome)
    assert outcome.utilisation >= utilised, outcome
    assert outcome.wasted < wasted, outcome


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("limit", "utilised", "wasted"),
    [
        pytest.param(WRITES, 0.95, 0.01, id="documented"),
        pytest.param(burning(WRITES), 0.95, 0.01, id="documented-burning"),
        pytest.param(of(WRITES, 0.5), 0.90, 0.02, id="half"),
        pytest.param(burning(of(WRITES, 0.5)), 0.90, 0.02, id="half-burning"),
    ],
)
def test_a_hundred_thousand_writes(limit: Limit, utilised: float, wasted: float) -> None:
    outcome = writes(100_000, limit)
    print(outcome)
    assert outcome.utilisation >= utilised, outcome
    assert outcome.wasted < wasted, outcome
