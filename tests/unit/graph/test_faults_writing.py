"""Faults seen in the wild, while writing: nothing is sent twice, and what is open stays open until it is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from migrate.errors import GraphRefused, IncompleteRead, PermissionMissing, SignInFailed, Throttled
from migrate.model.replies import WriteFate, WriteRequest
from migrate.model.users import MfaState
from tests.unasked import UNASKED

POLICY = "22222222-0000-4000-8000-000000000001"
BODY = {"displayName": "Require MFA", "state": "enabledForReportingButNotEnforced"}
HTML = b"<html><body>gateway</body></html>"


def error(code: str, message: str = "", /, **inner: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "inner-1", **inner}}}


def policy_json(**changes: Any) -> dict[str, Any]:
    return {"id": POLICY, "displayName": "Require MFA", "state": "enabledForReportingButNotEnforced", **changes}


def writes(ids: list[str]) -> list[WriteRequest]:
    return [WriteRequest(user_id=id_, mfa_state=MfaState.DISABLED, client_request_id=f"c-{id_[-3:]}") for id_ in ids]


UNCLEAR = [
    pytest.param({"status": 504, "body": error("UnknownError")}, id="F08-504"),
    pytest.param({"reset": True}, id="F09-reset"),
    pytest.param({"status": 503, "body": HTML}, id="503-html"),
    pytest.param({"status": 500, "body": b""}, id="500-empty"),
    pytest.param({"status": 408, "body": b""}, id="408"),
    pytest.param({"status": 429, "body": error("TooManyRequests"), "headers": {"Retry-After": "9"}}, id="429"),
    pytest.param({"status": 200, "body": b'{"responses": [{"id": "0", "sta'}, id="truncated"),
    pytest.param({"status": 200, "body": {"responses": []}, "cut": 4}, id="cut"),
    pytest.param({"status": 200, "body": HTML}, id="200-html"),
    pytest.param({"status": 302, "body": b"", "headers": {"Location": "/"}}, id="redirect"),
    pytest.param({"delay": 30.0}, id="F25-no-reply"),
]


@pytest.mark.parametrize("bad", UNCLEAR)
def test_after_an_unclear_answer_every_write_is_unclear_and_none_is_sent_again(
    opened: Any, ids: Any, reply: Any, bad: dict[str, Any]
) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(**bad), timeout_seconds=1.0) as o:
            replies = await o.tenant.write_mfa_states(writes(ids(20)), **UNASKED)
            assert [r.user_id for r in replies] == ids(20)
            assert {r.fate for r in replies} == {WriteFate.UNCLEAR}
            assert all(r.message for r in replies)
            assert [r.client_request_id for r in replies] == [w.client_request_id for w in writes(ids(20))]
            assert len(o.graph.seen) == 1
            if bad.get("status") == 429:
                assert {r.retry_after for r in replies} == {9.0}

    asyncio.run(run())


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422])
def test_a_definite_no_to_the_batch_is_a_no_to_every_write(opened: Any, ids: Any, reply: Any, status: int) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(status, error("Nope", "outer", message="inner"))) as o:
            replies = await o.tenant.write_mfa_states(writes(ids(3)), **UNASKED)
            assert {(r.fate, r.status, r.code) for r in replies} == {(WriteFate.REFUSED, status, "Nope")}
            assert {r.message for r in replies} == {"Nope: outer (inner)"}
            assert len(o.graph.seen) == 1

    asyncio.run(run())


def test_a_throttled_write_holds_the_next_one_back_until_graph_lets_go(opened: Any, ids: Any, reply: Any) -> None:
    throttled = {"status": 429, "headers": {"Retry-After": "8"}, "body": error("TooManyRequests")}
    answers = [throttled, {"status": 204}]

    def answering(seen: Any) -> Any:
        answer = answers.pop(0)
        return reply(200, {"responses": [{"id": item["id"], **answer} for item in seen.items]})

    async def run() -> None:
        async with opened(answering) as o:
            first = await o.tenant.write_mfa_states(writes(ids(1)), **UNASKED)
            assert (first[0].fate, first[0].retry_after) == (WriteFate.UNCLEAR, 8.0)
            second = await o.tenant.write_mfa_states(writes(ids(1)), **UNASKED)
            assert second[0].fate is WriteFate.ACCEPTED
            assert sum(o.clock.slept) == pytest.approx(8.0)
            assert o.waits.told[0][0].startswith("throttled by Graph (writes) until")

    asyncio.run(run())


def test_f17_writes_refused_by_a_claims_challenge_go_out_again_whole_with_the_token_asked_for(
    opened: Any, ids: Any, reply: Any
) -> None:
    challenge = 'Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="'
    answers = [
        reply(401, error("InvalidAuthenticationToken"), {"WWW-Authenticate": challenge}),
        reply(200, {"responses": [{"id": str(number), "status": 204} for number in range(3)]}),
    ]

    async def run() -> None:
        async with opened(lambda _: answers.pop(0)) as o:
            replies = await o.tenant.write_mfa_states(writes(ids(3)), **UNASKED)
            assert {r.fate for r in replies} == {WriteFate.ACCEPTED}
            first, second = o.graph.seen
            assert first.body == second.body
            assert first.headers["authorization"] != second.headers["authorization"]

    asyncio.run(run())


def test_a_token_that_was_refused_for_one_write_does_not_go_with_the_next_batch(
    opened: Any, ids: Any, reply: Any
) -> None:
    async def run() -> None:
        async with opened(lambda seen: reply(200, {"responses": [{"id": "0", "status": 401}]})) as o:
            for _ in range(2):
                (refused,) = await o.tenant.write_mfa_states(writes(ids(1)), **UNASKED)
                assert refused.fate is WriteFate.REFUSED
            before, after = (seen.headers["authorization"] for seen in o.graph.seen)
            assert before != after

    asyncio.run(run())


def test_a_write_that_would_go_out_on_an_old_proof_is_given_back_unsent(opened: Any, ids: Any, reply: Any) -> None:
    answers = [reply(429, b"", {"Retry-After": "150"}), reply(200, {"responses": [{"id": "0", "status": 204}]})]

    async def run() -> None:
        async with opened(lambda _: answers.pop(0)) as o:
            await o.tenant.write_mfa_states(writes(ids(1)), **UNASKED)
            (held,) = await o.tenant.write_mfa_states(writes(ids(1)), **UNASKED)
            assert (held.fate, held.status) == (WriteFate.HELD, 0)
            assert held.retry_after == pytest.approx(150.0)
            assert (len(o.graph.seen), o.clock.slept) == (1, [])
            await o.clock.sleep(145.0)
            (sent,) = await o.tenant.write_mfa_states(writes(ids(1)), **UNASKED)
            assert sent.fate is WriteFate.ACCEPTED

    asyncio.run(run())


def test_a_write_that_would_have_to_wait_too_long_is_not_sent(opened: Any, ids: Any, reply: Any) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(429, b"", {"Retry-After": "5000"})) as o:
            await o.tenant.write_mfa_states(writes(ids(1)), **UNASKED)
            with pytest.raises(Throttled):
                await o.tenant.write_mfa_states(writes(ids(1)), **UNASKED)
            assert len(o.graph.seen) == 1

    asyncio.run(run())


def test_more_than_twenty_writes_are_a_mistake_of_the_caller_and_none_are_no_request(
    opened: Any, ids: Any, reply: Any
) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(500)) as o:
            with pytest.raises(ValueError, match="20"):
                await o.tenant.write_mfa_states(writes(ids(21)), **UNASKED)
            assert await o.tenant.write_mfa_states([], **UNASKED) == []
            assert o.graph.seen == []

    asyncio.run(run())


@pytest.mark.parametrize("bad", [*UNCLEAR, pytest.param({"status": 409, "body": error("Conflict")}, id="F20-409")])
def test_an_unclear_policy_write_is_sent_once_and_said_to_be_unclear(
    opened: Any, reply: Any, bad: dict[str, Any]
) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(**bad), timeout_seconds=1.0) as o:
            assert (await o.tenant.create_policy(BODY, client_request_id="1", **UNASKED)).fate is WriteFate.UNCLEAR
            sent = len(o.graph.seen)
            assert sent == 1
            if bad.get("status") == 200:
                return  # a policy that was changed or deleted needs no body
            assert await o.tenant.update_policy(POLICY, BODY, client_request_id="2", **UNASKED) is WriteFate.UNCLEAR
            assert await o.tenant.delete_policy(POLICY, client_request_id="3", **UNASKED) is WriteFate.UNCLEAR
            assert len(o.graph.seen) == 3

    asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "body", "kind", "what", "hint"),
    [
        pytest.param(
            400,
            error("BadRequest", "The request is malformed or incorrect.", message="1007: Incoming policy is null"),
            GraphRefused,
            "1007: Incoming policy",
            "not what Graph expects",
            id="F24-1007",
        ),
        pytest.param(
            400,
            error("BadRequest", "1012: 'applications' condition cannot include both"),
            GraphRefused,
            "1012:",
            "exclude each other",
            id="1012",
        ),
        pytest.param(
            400,
            error("BadRequest", "Security Defaults is enabled in the tenant. You must disable Security defaults"),
            GraphRefused,
            "Security Defaults is enabled",
            "security defaults off",
            id="security-defaults",
        ),
        pytest.param(
            403,
            error("AccessDenied", "Your tenant is not licensed for this feature. Please upgrade your subscription"),
            GraphRefused,
            "lacks the licence",
            "P1",
            id="licence",
        ),
        pytest.param(
            403,
            error("AccessDenied", "You cannot perform the requested operation, required scopes are missing"),
            PermissionMissing,
            "refused access",
            "Policy.ReadWrite.ConditionalAccess",
            id="scope",
        ),
        pytest.param(401, error("InvalidAuthenticationToken", "x"), SignInFailed, "sign-in", "again", id="401"),
    ],
)
def test_a_definite_no_to_a_policy_says_why_and_what_to_do(
    opened: Any, reply: Any, status: int, body: Any, kind: type[Exception], what: str, hint: str
) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(status, body)) as o:
            with pytest.raises(kind) as caught:
                await o.tenant.create_policy(BODY, client_request_id="1", **UNASKED)
            assert what in caught.value.what
            assert "'Require MFA'" in caught.value.what
            assert hint in caught.value.hint
            assert "request-id req-1" in caught.value.what
            assert len(o.graph.seen) == 1

    asyncio.run(run())


def test_deleting_what_is_gone_is_done_and_changing_it_is_refused(opened: Any, reply: Any) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(404, error("ResourceNotFound", "gone"))) as o:
            assert await o.tenant.delete_policy(POLICY, client_request_id="1", **UNASKED) is WriteFate.ACCEPTED
            with pytest.raises(GraphRefused, match="gone"):
                await o.tenant.update_policy(POLICY, BODY, client_request_id="2", **UNASKED)

    asyncio.run(run())


def test_a_policy_counts_only_when_three_reads_in_a_row_agree(opened: Any, reply: Any) -> None:
    old, new = policy_json(), policy_json(state="enabled")
    said = [old, new, old, new, new, new]

    async def run() -> None:
        async with opened(lambda _: reply(200, said.pop(0))) as o:
            policy = await o.tenant.read_policy(POLICY)
            assert policy is not None
            assert policy.raw["state"] == "enabled"
            assert said == []
            reasons = [reason for reason, _ in o.waits.told]
            assert reasons == [f"Graph has to say the same of the policy {policy.display_name!r} 3 times in a row"] * 5

    asyncio.run(run())


@pytest.mark.parametrize(
    "early",
    [
        pytest.param({"status": 404, "body": error("ResourceNotFound", "not yet")}, id="F19-404"),
        pytest.param({"status": 429, "body": error("TooManyRequests")}, id="F04-F05-429-without-retry-after"),
    ],
)
def test_a_policy_just_created_that_is_not_found_yet_is_not_taken_for_missing(
    opened: Any, reply: Any, early: dict[str, Any]
) -> None:
    reads = 0

    def answering(seen: Any) -> Any:
        nonlocal reads
        if seen.method == "POST":
            return reply(201, policy_json())
        reads += 1
        return reply(**early) if reads <= 5 else reply(200, policy_json())

    async def run() -> None:
        async with opened(answering) as o:
            created = (await o.tenant.create_policy(BODY, client_request_id="1", **UNASKED)).policy
            assert created is not None
            assert await o.tenant.read_policy(POLICY) == created

    asyncio.run(run())


def test_a_policy_that_stays_missing_after_its_creation_is_no_answer_and_a_foreign_one_is_none(
    opened: Any, reply: Any
) -> None:
    def answering(seen: Any) -> Any:
        return reply(201, policy_json()) if seen.method == "POST" else reply(404, error("ResourceNotFound"))

    async def run() -> None:
        async with opened(answering) as o:
            assert await o.tenant.read_policy(POLICY) is None
            assert len(o.graph.seen) == 3
            await o.tenant.create_policy(BODY, client_request_id="1", **UNASKED)
            with pytest.raises(IncompleteRead, match="did not come to agree"):
                await o.tenant.read_policy(POLICY)

    asyncio.run(run())


def test_f04_without_retry_after_the_waits_grow(opened: Any, reply: Any) -> None:
    answers = [reply(429, error("TooManyRequests"))] * 5 + [reply(200, {"value": []})]

    async def run() -> None:
        async with opened(lambda _: answers.pop(0)) as o:
            assert await o.tenant.list_policies() == ()
            waits = [seconds for seconds in o.clock.slept if seconds > 0]
            assert len(waits) == 5
            assert all(2.0**n <= wait <= 2.0 ** (n + 1) for n, wait in enumerate(waits))
            assert len(o.waits.told) == 5

    asyncio.run(run())
