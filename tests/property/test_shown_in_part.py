"""Taking any member out of any answer of Graph covers nobody more, gives nobody a state, and is never a defect.

Each answer of the emulated tenant is one that an export asks for; the tool reads it as it does over HTTP.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.decide.coverage.judge import Judge
from migrate.errors import MfaMigrateError
from migrate.graph.answers import Answer
from migrate.graph.channel import Channel
from migrate.graph.credentials import signed_in
from migrate.graph.pace import Pacers
from migrate.graph.retry import Patience, Persistence
from migrate.graph.session import Connection
from migrate.graph.tenant import GraphTenant
from migrate.model.coverage import Verdict
from migrate.model.stand_in import is_stand_in
from migrate.model.waits import Waiting
from migrate.sandbox.company import company
from migrate.sandbox.service import Sandbox
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant import Tenant
from tests.in_process import call_of
from tests.virtual_time import InstantClock

ENDPOINT = "http://127.0.0.1:1"
Path = tuple[str | int, ...]
Asked = tuple[str, str, bytes]
"""Method, path with query, and body."""


def split_by_country() -> Tenant:
    """Return a company where it takes two policies to cover anybody: outside its countries, and inside them."""
    tenant = company(3, 25)
    [place] = [raw["id"] for raw in tenant.named_locations.values() if "countriesAndRegions" in raw]
    id_, everybody = next(iter(tenant.policies.items()))
    inside = copy.deepcopy(everybody)
    inside["id"], inside["displayName"] = str(uuid4()), "Require MFA in our countries"
    everybody["conditions"]["locations"] = {"includeLocations": ["All"], "excludeLocations": [place]}
    inside["conditions"]["locations"] = {"includeLocations": [place], "excludeLocations": []}
    strength = next(raw for raw in tenant.policies.values() if raw["grantControls"]["authenticationStrength"])
    inside["grantControls"] = copy.deepcopy(strength["grantControls"])
    tenant.policies = {id_: everybody, inside["id"]: inside, **tenant.policies}
    return tenant


@dataclass
class Recorded:
    """Answers as the emulated tenant does; one answer may lack one member. Implements `channel.Sends`."""

    sandbox: Sandbox
    known: dict[Asked, bytes] = field(default_factory=dict)
    spoiled: dict[Asked, bytes] = field(default_factory=dict)
    answers: int = 0

    def server_now(self) -> datetime:
        return datetime(2026, 11, 28, tzinfo=UTC)

    def server_at_least(self) -> datetime:
        return self.server_now()

    def server_at_most(self) -> datetime:
        return self.server_now()

    def token_refused(self) -> None:
        """Nothing to renew."""

    async def send(self, method: str, path: str, *, body: Any = None, **_: Any) -> Answer:
        self.answers += 1
        asked = (method, path, b"" if body is None else msgspec.json.encode(body))
        status, found = self._answer(asked)
        headers = {"date": "Sat, 28 Nov 2026 10:00:00 GMT"}
        return Answer(status=status, headers=headers, body=self.spoiled.get(asked, found), client_request_id="c")

    def _answer(self, asked: Asked) -> tuple[int, bytes]:
        if asked in self.known:
            return 200, self.known[asked]
        found = self.sandbox.answer(call_of(*asked, origin=ENDPOINT, request_id="r"))
        said = b"" if found.body is None else msgspec.json.encode(found.body)
        if found.status == 200:
            self.known[asked] = said
        return found.status, said


@dataclass
class Found:
    """What one reading says of everybody, by id."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)


async def read(graph: Recorded) -> Found | None:
    """Read all that an export reads; None where the reading is refused as a whole."""
    clock = InstantClock()

    def on_wait(waiting: Waiting, seconds: float) -> None:
        assert str(waiting)

    persistence = Persistence(Patience(attempts=3, seconds=600), clock=clock, on_wait=on_wait)
    pacers = Pacers(clock=clock, on_wait=on_wait, paced=False)
    connection = Connection(endpoint=ENDPOINT, pacing=False)
    channel = Channel(graph, pacers, persistence, origin=ENDPOINT, clock=clock)
    tenant = GraphTenant(channel, connection, signed_in(connection, prompt=lambda _: None))
    found = Found()
    try:
        await tenant.read_organization()
        await tenant.read_skus()
        users = [profile async for profile in tenant.iter_users()]
        _ = [row async for row in tenant.iter_registrations()]
        judge = Judge(await tenant.read_evidence(paths=True))
        asked = [user.id for user in users if not is_stand_in(user.id)]
        readings = await tenant.read_mfa_states(asked)
    except MfaMigrateError:
        return None
    found.verdicts = {user.id: judge.coverage_of(user).verdict for user in users}
    found.states = {one.user_id: one.mfa_state for one in readings if one.mfa_state is not None}
    return found


@dataclass
class Whole:
    """One tenant with all its answers, and what they say."""

    graph: Recorded
    found: Found
    asked: tuple[Asked, ...]


@cache
def whole(kind: str) -> Whole:
    tenant = split_by_country() if kind == "split" else company(3, 25)
    graph = Recorded(Sandbox(tenant, SandboxSettings(throttle=False)))
    found = asyncio.run(read(graph))
    assert found is not None
    assert Verdict.COVERED in found.verdicts.values()
    return Whole(graph, found, tuple(graph.known))


def members_of(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of each member of an answer, and of each element, for which null can stand."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from members_of(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield (*path, place)
            yield from members_of(inner, (*path, place))


def without(answer: bytes, path: Path) -> bytes:
    """Return an answer that lacks a member; an element of a list is null."""
    body = json.loads(answer)
    holder = body
    for step in path[:-1]:
        holder = holder[step]
    if isinstance(holder, list):
        holder[int(path[-1])] = None
    else:
        del holder[path[-1]]
    return json.dumps(body).encode()


@cache
def members_in(answer: bytes) -> tuple[Path, ...]:
    return tuple(members_of(json.loads(answer)))


_LESS = {Verdict.COVERED: 2, Verdict.PARTLY: 1, Verdict.UNCOVERED: 0, Verdict.UNKNOWN: 0}


def nothing_is_gained(kind: str, asked: Asked, path: Path) -> None:
    """Assert the law for one member of one answer."""
    before = whole(kind)
    before.graph.spoiled = {asked: without(before.graph.known[asked], path)}
    after = asyncio.run(read(before.graph))
    if after is None:
        return
    for user_id, verdict in after.verdicts.items():
        former = before.found.verdicts.get(user_id, Verdict.UNKNOWN)
        assert _LESS[verdict] <= _LESS[former], f"{user_id} is {verdict} and was {former} without {path} of {asked[1]}"
    for user_id, state in after.states.items():
        assert before.found.states[user_id] == state


def drawn_law(most: int) -> Any:
    @settings(max_examples=most, deadline=None, suppress_health_check=list(HealthCheck))
    @given(kind=st.sampled_from(["company", "split"]), data=st.data())
    def law(kind: str, data: st.DataObject) -> None:
        known = whole(kind)
        asked = data.draw(st.sampled_from(known.asked))
        members = members_in(known.graph.known[asked])
        if members:
            nothing_is_gained(kind, asked, data.draw(st.sampled_from(members)))

    return law


def test_taking_any_member_out_of_any_answer_gains_nothing() -> None:
    drawn_law(15)()


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_taking_any_member_out_of_any_answer_gains_nothing_many_times() -> None:
    drawn_law(3000)()
