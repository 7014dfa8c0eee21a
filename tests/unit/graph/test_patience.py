"""How long and how often a read is tried, and what is waited for in between: bounded, never in silence or in step."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrate.errors import IncompleteRead, Throttled, Unreachable
from migrate.model.replies import WriteRequest
from migrate.model.users import MfaState
from tests.unasked import UNASKED

HTML = b"<html><body><h1>503 Service Unavailable</h1></body></html>"


def states(seen: Any, answer: dict[str, Any]) -> dict[str, Any]:
    """Give every item of a batch the same answer."""
    return {"responses": [{"id": item["id"], **answer} for item in seen.items]}


ENFORCED = {"status": 200, "body": {"perUserMfaState": "enforced"}}


async def waits_through(opened: Any, answer: Any, **options: Any) -> tuple[list[float], int]:
    """Return the waits between the tries of a read that always gets this answer, and how many tries there were."""
    async with opened(lambda _: answer, **options) as o:
        with pytest.raises((IncompleteRead, Throttled)):
            _ = [user async for user in o.tenant.iter_users()]
        return [seconds for seconds in o.clock.slept if seconds > 0], len(o.graph.seen)


def test_without_retry_after_the_tries_come_further_and_further_apart_and_not_in_step(opened: Any, reply: Any) -> None:
    async def run() -> None:
        waits, tries = await waits_through(opened, reply(503, HTML))
        longest = [min(30.0, 0.5 * 2.0**number) for number in range(tries - 1)]
        assert tries == 8
        assert all(most / 2 <= wait <= most for wait, most in zip(waits, longest, strict=True))
        assert any(wait < 0.99 * most for wait, most in zip(waits, longest, strict=True)), "no chance in it"

    asyncio.run(run())


def test_a_retry_after_beside_another_fault_is_kept_to_and_the_whole_stays_within_patience(
    opened: Any, reply: Any
) -> None:
    async def run() -> None:
        busy = reply(503, HTML, {"Retry-After": "40"})
        assert await waits_through(opened, busy, patience_seconds=100.0) == ([40.0, 40.0], 3)

    asyncio.run(run())


@pytest.mark.parametrize("status", [429, 503])
def test_to_ask_again_at_once_is_not_what_a_busy_server_means(opened: Any, reply: Any, status: int) -> None:
    async def run() -> None:
        waits, tries = await waits_through(opened, reply(status, HTML, {"Retry-After": "0"}))
        assert len(waits) == tries - 1 == 7
        assert sum(waits) > 20.0

    asyncio.run(run())


def test_f25_a_reply_that_never_comes_is_given_up_in_finite_time(opened: Any, ids: Any, reply: Any) -> None:
    async def run() -> None:
        async with opened(
            lambda _: reply(200, {}, delay=30.0), timeout_seconds=0.4, patience_attempts=2, concurrency=1
        ) as o:
            with pytest.raises(Unreachable, match="ReadTimeout"):
                await o.tenant.read_mfa_states(ids(1))
            assert len(o.graph.seen) == 2

    asyncio.run(run())


def test_f25_a_reply_that_trickles_is_given_up_too(opened: Any, ids: Any, reply: Any) -> None:
    async def run() -> None:
        slow = reply(200, b" " * 1000, trickle=0.02)
        async with opened(lambda _: slow, timeout_seconds=0.4, patience_attempts=2) as o:
            with pytest.raises(Unreachable, match="took too long"):
                await o.tenant.read_mfa_states(ids(1))
            assert len(o.graph.seen) == 2

    asyncio.run(run())


def test_a_batch_that_fails_as_a_whole_is_no_problem_of_its_users(opened: Any, ids: Any, reply: Any) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(503, HTML)) as o:
            with pytest.raises(IncompleteRead, match="503"):
                await o.tenant.read_mfa_states(ids(3))

    asyncio.run(run())


@pytest.mark.parametrize(("writing", "longest"), [(False, 2.0), (True, 10.0)])
def test_what_went_through_ends_the_story_and_the_next_wait_is_a_short_one_again(
    opened: Any, ids: Any, reply: Any, writing: bool, longest: float
) -> None:
    accepted = {"status": 204} if writing else ENFORCED
    answers = [{"status": 429}, accepted] * 3
    request = WriteRequest(user_id=ids(1)[0], mfa_state=MfaState.DISABLED, client_request_id="c")

    async def run() -> None:
        asked: list[float] = []

        def answer(seen: Any) -> Any:
            asked.append(o.clock.now)
            return reply(200, states(seen, answers.pop(0)))

        async with opened(answer) as o:
            while answers:
                await (o.tenant.write_mfa_states([request], **UNASKED) if writing else o.tenant.read_mfa_states(ids(1)))
            # A wait is slept in slices, so that Ctrl-C ends it; what counts is when the server is asked again.
            waits = [again - refused for refused, again in zip(asked[::2], asked[1::2], strict=True)]
            assert len(waits) == 3
            assert all(longest / 2 <= wait <= longest for wait in waits)

    asyncio.run(run())


def test_f26_throttling_without_end_is_bounded_and_names_the_time_to_come_back(
    opened: Any, ids: Any, reply: Any
) -> None:
    def outer(_: Any) -> Any:
        return reply(429, b"", {"Retry-After": "30"})

    def inner(seen: Any) -> Any:
        return reply(200, states(seen, {"status": 429, "headers": {"Retry-After": "30"}}))

    async def run() -> None:
        for answering in (outer, inner):
            async with opened(answering, patience_seconds=100.0) as o:
                with pytest.raises(Throttled) as caught:
                    await o.tenant.read_mfa_states(ids(400))
                assert "until" in caught.value.what
                assert o.clock.now - 1000 <= 200
                assert any(reason.startswith("throttled by Graph (reads) until ") for reason, _ in o.waits.told)

    asyncio.run(run())


def test_a_wait_longer_than_our_patience_is_not_begun(opened: Any, ids: Any, reply: Any) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(429, b"", {"Retry-After": "3600"})) as o:
            until = f"{o.clock.utc_now() + timedelta(hours=1):%Y-%m-%d %H:%M:%S} UTC"
            with pytest.raises(Throttled, match=f"until {until}"):
                await o.tenant.read_mfa_states(ids(1))
            assert o.clock.now - 1000 < 1
            assert len(o.graph.seen) == 1

    asyncio.run(run())


def test_a_retry_after_date_is_measured_by_the_servers_clock(opened: Any, ids: Any, reply: Any) -> None:
    now = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    spelled = [moment.strftime("%a, %d %b %Y %H:%M:%S GMT") for moment in (now, now + timedelta(seconds=11))]
    answers = [reply(429, b"", {"Date": spelled[0], "Retry-After": spelled[1]})]

    async def run() -> None:
        async with opened(lambda seen: answers.pop() if answers else reply(200, states(seen, ENFORCED))) as o:
            await o.tenant.read_mfa_states(ids(1))
            assert max(o.clock.slept) == pytest.approx(11.0)

    asyncio.run(run())


def test_a_host_that_is_not_there_is_reported_at_once(opened: Any, reply: Any) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(reset=True)) as o:
            with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
                await o.tenant.read_organization()
            assert len(o.graph.seen) == 3
            assert o.clock.now - 1000 < 5

    asyncio.run(run())
