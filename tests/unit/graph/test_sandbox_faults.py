"""The port under the sandbox's faults: it reads what an undisturbed run reads, or says that it could not."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest

from migrate.errors import RemoteProblem
from migrate.graph.opening import open_tenant
from migrate.graph.session import Connection
from migrate.graph.tenant import GraphTenant
from migrate.model.evidence import ReadStatus
from migrate.model.replies import WriteFate, WriteRequest
from migrate.model.users import MfaState
from migrate.sandbox.company import company
from migrate.sandbox.faults import read_script
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from tests.unasked import UNASKED
from tests.virtual_time import InstantClock

T = TypeVar("T")
PEOPLE = 90
CHAOS = {"rate": 0.08, "kinds": ["throttle", "unavailable", "error", "resetBefore", "resetAfter", "dropItem", "html"]}


def run(script: dict[str, Any], work: Callable[[GraphTenant], Awaitable[T]]) -> tuple[T, SandboxServer]:
    async def use(url: str) -> T:
        connection = Connection(endpoint=url, pacing=False, timeout_seconds=20.0)
        async with open_tenant(connection, on_wait=lambda *_: None, clock=InstantClock()) as tenant:
            return await work(tenant)

    with SandboxServer(company(7, PEOPLE), settings=SandboxSettings(throttle=False)) as server:
        server.sandbox.faults.load(read_script(json.dumps(script).encode()), script.get("seed", 0))
        return asyncio.run(use(server.url)), server


async def whole_tenant(tenant: GraphTenant) -> dict[str, Any]:
    users = [user async for user in tenant.iter_users()]
    readings = await tenant.read_mfa_states([user.id for user in users])
    return {
        "organization": await tenant.read_organization(),
        "users": users,
        "states": {reading.user_id: reading.mfa_state for reading in readings},
        "registrations": dict([row async for row in tenant.iter_registrations()]),
        "evidence": await tenant.read_evidence(),
        "skus": await tenant.read_skus(),
    }


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    return run({}, whole_tenant)[0]


@pytest.mark.parametrize("seed", range(6))
def test_reading_through_chaos_gives_what_an_undisturbed_run_gives_or_says_so(
    undisturbed: dict[str, Any], seed: int
) -> None:
    try:
        read, _ = run({"seed": seed, "random": CHAOS}, whole_tenant)
    except RemoteProblem:
        return
    evidence = read.pop("evidence")
    expected = dict(undisturbed)
    clean = expected.pop("evidence")
    for id_, group in clean.groups.items():
        assert evidence.groups[id_] == group or evidence.groups[id_].status is ReadStatus.UNREADABLE
    for id_, role in clean.roles.items():
        assert evidence.roles[id_] == role or evidence.roles[id_].status is ReadStatus.UNREADABLE
    assert evidence.policies == clean.policies
    assert read == expected


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"match": {"path": "users", "nth": 1}, "do": {"splice": True}}, id="F12"),
        pytest.param({"match": {"path": "users", "nth": 1}, "do": {"truncate": 700}}, id="F11"),
        pytest.param({"match": {"path": "users", "nth": 1}, "do": {"reset": "after"}}, id="F10"),
        pytest.param({"match": {"path": "*groups/*", "every": 3}, "do": {"splice": True}}, id="F12-groups"),
        pytest.param({"match": {"item": True, "every": 7}, "do": {"drop": True}}, id="F23-drop"),
        pytest.param({"match": {"item": True, "every": 5}, "do": {"status": 429}}, id="F01"),
        pytest.param({"match": {"path": "*conditionalAccess/*", "every": 2}, "do": {"status": 429}}, id="F04"),
        pytest.param({"match": {"every": 4}, "do": {"html": "<html>"}}, id="F06"),
        pytest.param({"match": {"every": 4}, "do": {"status": 504, "code": "UnknownError", "message": ""}}, id="F07"),
    ],
)
def test_a_fault_that_passes_leaves_no_trace_in_what_was_read(
    undisturbed: dict[str, Any], fault: dict[str, Any]
) -> None:
    read, server = run({"faults": [fault]}, whole_tenant)
    assert sum(each["struck"] for each in server.sandbox.faults.listed()) > 0
    assert read == undisturbed


@pytest.mark.parametrize("seed", range(4))
def test_a_write_is_never_reported_as_what_it_is_not(seed: int) -> None:
    async def work(tenant: GraphTenant) -> tuple[dict[str, WriteFate], dict[str, MfaState | None]]:
        ids = [user.id async for user in tenant.iter_users()][:60]
        fates: dict[str, WriteFate] = {}
        for start in range(0, 60, 20):
            requests = [
                WriteRequest(user_id=id_, mfa_state=MfaState.DISABLED, client_request_id=id_)
                for id_ in ids[start : start + 20]
            ]
            fates |= {reply.user_id: reply.fate for reply in await tenant.write_mfa_states(requests, **UNASKED)}
        return fates, {reading.user_id: reading.mfa_state for reading in await tenant.read_mfa_states(ids)}

    faults = [
        {"match": {"method": "PATCH", "item": True, "chance": 0.2}, "do": {"status": 429}},
        {"match": {"method": "PATCH", "item": True, "chance": 0.1}, "do": {"status": 504, "applied": True}},
        {"match": {"method": "PATCH", "item": True, "chance": 0.1}, "do": {"drop": True}},
        {"match": {"method": "PATCH", "item": True, "chance": 0.1}, "do": {"status": 409}},
        {"match": {"method": "POST", "path": "$batch", "item": False, "nth": 5}, "do": {"reset": "after"}},
    ]
    (fates, states), server = run({"seed": seed, "faults": faults}, work)
    # A call that was carried out and answered otherwise stands twice in the history, with one request id.
    sent = Counter(
        path
        for path, _ in {
            (call["path"], call["requestId"]) for call in server.sandbox.history.calls() if call["method"] == "PATCH"
        }
    )
    assert len(fates) == 60
    assert set(sent.values()) == {1}, "no write is sent twice"
    for id_, fate in fates.items():
        if fate is WriteFate.ACCEPTED:
            assert states[id_] is MfaState.DISABLED
    assert WriteFate.UNCLEAR in fates.values()
    assert WriteFate.ACCEPTED in fates.values()
