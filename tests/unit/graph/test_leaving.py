"""Right before a request leaves, whoever wants it sent is asked; and the server's time, whatever answers come."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrate.graph.pace import SystemClock
from migrate.graph.server_clock import ServerClock
from migrate.model.replies import WriteFate, WriteRequest
from migrate.model.users import MfaState
from tests.unasked import UNASKED, yes
from tests.virtual_time import InstantClock

POLICY = "22222222-0000-4000-8000-000000000001"
DATE = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def writes(ids: list[str]) -> list[WriteRequest]:
    return [WriteRequest(user_id=id_, mfa_state=MfaState.DISABLED, client_request_id=f"c-{id_[-3:]}") for id_ in ids]


def accepted(ids: list[str]) -> dict[str, Any]:
    return {"responses": [{"id": str(number), "status": 204} for number, _ in enumerate(ids)]}


@pytest.mark.parametrize("answers", [[False], [True, False]], ids=["before its headers", "before its body"])
def test_what_may_not_leave_after_all_does_not_and_the_next_one_does(
    opened: Any, ids: Any, reply: Any, answers: list[bool]
) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(200, accepted(ids(3)))) as o:
            for _ in range(2):  # on a new connection, and on one that was kept
                left = list(answers)
                stale = await o.tenant.write_mfa_states(writes(ids(3)), may_leave=lambda: left.pop(0), is_wanted=yes)  # noqa: B023
                assert {r.fate for r in stale} == {WriteFate.STALE}
                assert not left
                assert o.graph.seen == []
                sent = await o.tenant.write_mfa_states(writes(ids(3)), **UNASKED)
                assert {r.fate for r in sent} == {WriteFate.ACCEPTED}
                assert len(o.graph.seen) == 1
                o.graph.seen.clear()

    asyncio.run(run())


@pytest.mark.parametrize(
    "write",
    [
        lambda tenant, may_leave: tenant.create_policy(
            {"displayName": "x"}, client_request_id="1", may_leave=may_leave, is_wanted=yes
        ),
        lambda tenant, may_leave: tenant.update_policy(
            POLICY, {"state": "x"}, client_request_id="1", may_leave=may_leave, is_wanted=yes
        ),
        lambda tenant, may_leave: tenant.delete_policy(
            POLICY, client_request_id="1", may_leave=may_leave, is_wanted=yes
        ),
    ],
    ids=["create", "update", "delete"],
)
def test_a_policys_write_asks_too_after_its_turn_and_a_no_sends_nothing(opened: Any, reply: Any, write: Any) -> None:
    asked_at: list[float] = []

    async def run() -> None:
        async with opened(lambda _: reply(204), pacing=True) as o:

            def no() -> bool:
                asked_at.append(o.clock.now)
                return False

            for _ in range(9):
                said = await write(o.tenant, no)
                assert getattr(said, "fate", said) is WriteFate.STALE
            assert o.graph.seen == []
            assert asked_at[-1] - asked_at[0] > 9, "it is asked when the pacer lets it go, not before"

    asyncio.run(run())


def test_it_is_asked_after_the_pacer_and_nothing_else_runs_between_the_last_yes_and_the_sending(
    opened: Any, ids: Any, reply: Any
) -> None:
    asked_at: list[float] = []
    steps = 0

    async def run() -> None:
        nonlocal steps
        async with opened(lambda _: reply(200, accepted(ids(20))), pacing=True) as o:

            async def ticking() -> None:
                nonlocal steps
                while True:
                    steps += 1
                    await asyncio.sleep(0)

            at_yes: list[int] = []

            def may_leave() -> bool:
                asked_at.append(o.clock.now)
                at_yes.append(steps)
                return True

            ticker = asyncio.create_task(ticking())
            for _ in range(4):
                await o.tenant.write_mfa_states(writes(ids(20)), may_leave=may_leave, is_wanted=yes)
            ticker.cancel()
            # Each batch costs a second of the pacer, and the first two may go at once.
            assert asked_at[-1] - asked_at[0] > 1
            # Between the question before the headers and the one before the body nobody waits for anything either.
            assert all(second - first <= 2 for first, second in zip(at_yes[::2], at_yes[1::2], strict=True))
            assert len(at_yes) == 8

    asyncio.run(run())


def test_changes_on_the_wire_are_those_that_left_and_are_not_answered(opened: Any, ids: Any, reply: Any) -> None:
    async def run() -> None:
        arrived, go_on = asyncio.Event(), asyncio.Event()

        async def answer(_: Any) -> Any:
            arrived.set()
            await go_on.wait()
            return reply(200, accepted(ids(7)))

        async with opened(answer) as o:
            assert o.tenant.changes_on_the_wire() == 0
            stale = await o.tenant.write_mfa_states(writes(ids(7)), may_leave=lambda: False, is_wanted=yes)
            assert {r.fate for r in stale} == {WriteFate.STALE}
            assert o.tenant.changes_on_the_wire() == 0
            writing = asyncio.create_task(o.tenant.write_mfa_states(writes(ids(7)), **UNASKED))
            await arrived.wait()
            assert o.tenant.changes_on_the_wire() == 7
            go_on.set()
            await writing
            assert o.tenant.changes_on_the_wire() == 0

    asyncio.run(run())


def test_an_answer_that_trickled_or_came_late_does_not_move_the_servers_clock() -> None:
    clock = InstantClock()
    server = ServerClock(clock)
    server.note(DATE, sent_at=clock.now)
    clock.now += 100
    # Sent at the beginning, dated then, and read to its end only now.
    server.note(DATE + timedelta(seconds=1), sent_at=clock.now - 100)
    assert server.now() == DATE + timedelta(seconds=100)


@pytest.mark.parametrize("hours", [8, -8])
def test_a_date_that_cannot_be_is_believed_over_our_clock(hours: int) -> None:
    clock = InstantClock()
    server = ServerClock(clock)
    server.note(DATE, sent_at=clock.now)
    clock.now += 10
    server.note(DATE + timedelta(hours=hours), sent_at=clock.now - 1)
    assert server.now() == DATE + timedelta(hours=hours)


@pytest.mark.parametrize("hours", [30, -30])
def test_one_date_that_jumps_ends_no_wait_and_makes_none_longer(hours: int) -> None:
    clock = InstantClock()
    server = ServerClock(clock)
    for number in range(12):
        clock.now += 10
        wrong = timedelta(hours=hours) if number % 2 else timedelta(0)
        server.note(DATE + timedelta(seconds=10 * number) + wrong, sent_at=clock.now)
        right = DATE + timedelta(seconds=10 * number)
        assert server.at_least() <= right <= server.at_most()
    for _ in range(3):
        server.note(DATE + timedelta(seconds=110, hours=hours), sent_at=clock.now)
    assert server.at_least() == server.at_most() == server.now(), "three answers in a row are believed"


def test_the_machines_clock_counts_what_the_machine_slept() -> None:
    before, boot, after = SystemClock().monotonic(), _since_boot(), SystemClock().monotonic()
    assert before <= boot <= after


def _since_boot() -> float:
    import time

    if not hasattr(time, "CLOCK_BOOTTIME"):
        pytest.skip("this system has no clock for it that a test could compare with")
    return time.clock_gettime(time.CLOCK_BOOTTIME)
