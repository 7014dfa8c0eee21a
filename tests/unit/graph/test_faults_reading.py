"""Faults seen in the wild, while reading: what passes is asked for again, and nothing half-read passes for whole."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from migrate.errors import (
    ExitCode,
    GraphRefused,
    IncompleteRead,
    MfaMigrateError,
    PermissionMissing,
    SignInFailed,
    Throttled,
    Unreachable,
)
from migrate.model.evidence import ReadStatus
from migrate.model.stand_in import stand_in_id
from migrate.model.users import MfaState

GROUP = "11111111-0000-4000-8000-000000000001"
HTML = b"<html><body><h1>503 Service Unavailable</h1></body></html>"


def error(code: str, message: str = "", /, **inner: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "inner-1", **inner}}}


def states(seen: Any, failing: Callable[[str], dict[str, Any] | None] = lambda _: None) -> dict[str, Any]:
    """Answer a batch; `failing` returns the answer of a user (by id) who fails, {} to leave him out."""
    responses = []
    for item in seen.items:
        answer = failing(item["url"].split("/")[2])
        if answer is None:
            answer = {"status": 200, "body": {"perUserMfaState": "enforced"}}
        if answer:
            responses.append({"id": item["id"], **answer})
    return {"responses": responses}


def asked(graph: Any) -> Counter[str]:
    return Counter(item["url"].split("/")[2] for seen in graph.seen for item in seen.items)


class Once:
    """Fails each user of a set the first time he is asked for."""

    def __init__(self, users: set[str], answer: dict[str, Any]) -> None:
        self._left = set(users)
        self._answer = answer

    def __call__(self, user: str) -> dict[str, Any] | None:
        if user not in self._left:
            return None
        self._left.remove(user)
        return self._answer


THROTTLED = {"status": 429, "body": error("TooManyRequests", "Please retry again later.")}


@pytest.mark.parametrize(
    ("answer", "longest"),
    [
        pytest.param(THROTTLED, 4.0, id="F01-429-without-retry-after"),
        pytest.param({**THROTTLED, "headers": {"Retry-After": "7"}}, 7.0, id="F02-429-with-retry-after"),
        pytest.param({**THROTTLED, "headers": {"retry-after": "2.128"}}, 2.128, id="F03-decimal-retry-after"),
        pytest.param({"status": 504, "body": error("UnknownError")}, 1.0, id="F07-504-with-empty-message"),
        pytest.param({"status": 503, "body": "PGh0bWw+"}, 1.0, id="F06-503-with-html"),
        pytest.param({}, 1.0, id="F23-missing"),
    ],
)
def test_only_the_items_that_failed_are_asked_for_again(
    opened: Any, ids: Any, reply: Any, answer: dict[str, Any], longest: float
) -> None:
    failing = set(ids(45)[3:7]) | set(ids(45)[40:42])
    once = Once(failing, answer)

    async def run() -> None:
        async with opened(lambda seen: reply(200, states(seen, once)), concurrency=1) as o:
            readings = await o.tenant.read_mfa_states(ids(45))
            assert {r.mfa_state for r in readings} == {MfaState.ENFORCED}
            assert asked(o.graph) == {user: 2 if user in failing else 1 for user in ids(45)}
            waits = [seconds for seconds in o.clock.slept if seconds > 0]
            assert waits
            assert max(waits) <= longest + 1e-6
            if "headers" in answer:
                assert max(waits) == pytest.approx(longest)
            assert len(o.waits.told) >= 1

    asyncio.run(run())


def test_a_profile_of_somebody_else_is_nobodys(opened: Any, ids: Any, reply: Any, user_json: Any) -> None:
    """Whoever mixes up answers, a proxy or Graph itself, must not have one person judged for another."""
    asked_for, other = ids(2)

    def answering(seen: Any) -> Any:
        shown = [{"id": item["id"], "status": 200, "body": user_json(1)} for item in seen.items]
        return reply(200, {"responses": shown})

    async def run() -> None:
        async with opened(answering) as o:
            found = await o.tenant.read_profiles([asked_for, other.upper(), "user1@contoso.example"])
            assert str(found[asked_for]) == "Graph's answer for this user is about another one."
            assert [found[key].id for key in (other.upper(), "user1@contoso.example")] == [other, other]

    asyncio.run(run())


def test_f23_answers_in_any_order_reach_their_users(opened: Any, ids: Any, reply: Any) -> None:
    spelled = ["disabled", "enabled", "enforced"]

    def answering(seen: Any) -> Any:
        responses = [
            {"id": item["id"], "status": 200, "body": {"perUserMfaState": spelled[int(item["url"][39:43], 16) % 3]}}
            for item in seen.items
        ]
        return reply(200, {"responses": responses[7:] + responses[:7][::-1]})

    async def run() -> None:
        async with opened(answering) as o:
            readings = await o.tenant.read_mfa_states(ids(60))
            assert [r.mfa_state for r in readings] == [MfaState(spelled[int(i[-4:], 16) % 3]) for i in ids(60)]

    asyncio.run(run())


@pytest.mark.parametrize("strange", [None, {}, {"status": 200, "body": {"perUserMfaState": "disabled"}}])
def test_an_item_that_does_not_say_whom_it_is_about_is_asked_for_again(
    opened: Any, ids: Any, reply: Any, strange: Any
) -> None:
    def answering(seen: Any) -> Any:
        body = states(seen, lambda _: None)
        if len(seen.items) > 1:
            body["responses"][1] = strange
        return reply(200, body)

    async def run() -> None:
        async with opened(answering) as o:
            readings = await o.tenant.read_mfa_states([*ids(3), stand_in_id(1)])
            assert [one.mfa_state for one in readings] == [MfaState.ENFORCED] * 3 + [None]
            assert asked(o.graph) == Counter(ids(3)) + Counter([ids(3)[1]])

    asyncio.run(run())


def test_an_item_that_goes_on_failing_is_a_problem_of_that_user_alone(opened: Any, ids: Any, reply: Any) -> None:
    bad = ids(25)[4]

    async def run() -> None:
        failing = {"status": 500, "body": error("InternalServerError", "sorry")}
        async with opened(
            lambda seen: reply(200, states(seen, lambda user: failing if user == bad else None)), patience_attempts=4
        ) as o:
            readings = await o.tenant.read_mfa_states(ids(25))
            assert [r.user_id for r in readings if r.mfa_state is None] == [bad]
            assert "500 (InternalServerError: sorry)" in str(readings[4].problem)
            assert asked(o.graph)[bad] == 4
            assert set((asked(o.graph) - Counter({bad: 4})).values()) == {1}

    asyncio.run(run())


def test_an_item_that_is_never_answered_is_a_problem_of_that_user_alone(opened: Any, ids: Any, reply: Any) -> None:
    async def run() -> None:
        async with opened(
            lambda seen: reply(200, states(seen, lambda user: {} if user == ids(1)[0] else None)), patience_attempts=3
        ) as o:
            first, second = await o.tenant.read_mfa_states(ids(2))
            assert (first.status, first.mfa_state, second.mfa_state) == (0, None, MfaState.ENFORCED)
            assert "no answer for this user" in str(first.problem)

    asyncio.run(run())


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param({"status": 503, "body": HTML, "headers": {"Content-Type": "text/html"}}, id="F06-html"),
        pytest.param({"status": 504, "body": error("UnknownError")}, id="F07-empty-message"),
        pytest.param({"status": 500, "body": b""}, id="500-empty"),
        pytest.param({"status": 502, "body": b"\xff\xfe"}, id="502-garbage"),
        pytest.param({"status": 509, "body": b"{"}, id="509-broken-json"),
        pytest.param({"status": 408, "body": None}, id="408"),
        pytest.param({"reset": True}, id="F10-reset"),
        pytest.param({"status": 200, "body": {"value": []}, "cut": 5}, id="connection-cut-in-the-body"),
        pytest.param({"status": 200, "body": b'{"value": [{"id": "1", "dis'}, id="F11-truncated-json"),
        pytest.param({"status": 200, "body": HTML}, id="200-html"),
        pytest.param({"status": 200, "body": b""}, id="200-empty"),
        pytest.param({"status": 429, "body": error("TooManyRequests"), "headers": {"Retry-After": "3"}}, id="429"),
    ],
)
def test_a_passing_failure_is_read_again_and_says_so(
    opened: Any, user_json: Any, reply: Any, bad: dict[str, Any]
) -> None:
    answers = [reply(**bad), reply(**bad), reply(200, {"value": [user_json(0)]})]

    async def run() -> None:
        async with opened(lambda _: answers.pop(0)) as o:
            users = [user async for user in o.tenant.iter_users()]
            assert len(users) == 1
            assert len(o.graph.seen) == 3
            assert len(o.waits.told) == 2
            assert all(seconds > 0 for _, seconds in o.waits.told)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        ({"status": 503, "body": HTML}, IncompleteRead),
        ({"status": 200, "body": b'{"value": ['}, IncompleteRead),
        ({"status": 200, "body": {"value": None}}, IncompleteRead),
        ({"status": 200, "body": {}}, IncompleteRead),
        ({"status": 200, "body": {"value": [], "error": {"code": "x", "message": "y"}}}, IncompleteRead),
        ({"status": 429, "body": b"", "headers": {"Retry-After": "1"}}, Throttled),
        ({"reset": True}, Unreachable),
        ({"status": 206, "body": {"value": []}}, GraphRefused),
        ({"status": 400, "body": error("BadRequest", "no")}, GraphRefused),
        ({"status": 401, "body": error("InvalidAuthenticationToken", "expired")}, SignInFailed),
        ({"status": 403, "body": error("Authorization_RequestDenied", "no")}, PermissionMissing),
        ({"status": 302, "body": b"", "headers": {"Location": "/v1.0/users"}}, Unreachable),
    ],
)
def test_what_does_not_pass_ends_the_read_within_bounds_with_its_own_error(
    opened: Any, reply: Any, bad: dict[str, Any], expected: type[MfaMigrateError]
) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(**bad)) as o:
            with pytest.raises(expected) as caught:
                _ = [user async for user in o.tenant.iter_users()]
            assert caught.value.exit_code is ExitCode.REMOTE
            assert caught.value.hint
            assert "reading users" in caught.value.what
            assert len(o.graph.seen) <= 8
            assert o.clock.now - 1000 <= 120

    asyncio.run(run())


def test_an_empty_list_of_policies_never_comes_of_a_refusal(opened: Any, reply: Any) -> None:
    """F22: the policy service answers a fault of its own with 400."""
    fault = reply(400, error("BadRequest", "1034: service fault"))

    async def run() -> None:
        answers = [fault, fault, reply(200, {"value": []})]
        async with opened(lambda _: answers.pop(0)) as o:
            assert await o.tenant.list_policies() == ()
        async with opened(lambda _: fault) as o:
            with pytest.raises(GraphRefused, match="1034"):
                await o.tenant.list_policies()
            assert len(o.graph.seen) == 3

    asyncio.run(run())


def test_f21_a_sporadic_licence_refusal_is_asked_again_before_it_is_believed(opened: Any, reply: Any) -> None:
    code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    refusal = reply(403, error(code, "Neither tenant is B2C or tenant doesn't have premium license"))
    row = {"id": GROUP, "isMfaRegistered": True, "isMfaCapable": True, "methodsRegistered": ["fido2"]}

    async def run() -> None:
        answers = [refusal, reply(200, {"value": [row]})]
        async with opened(lambda _: answers.pop(0)) as o:
            assert [id_ async for id_, _ in o.tenant.iter_registrations()] == [GROUP]
        async with opened(lambda _: refusal) as o:
            with pytest.raises(GraphRefused, match="lacks the licence") as caught:
                _ = [row async for row in o.tenant.iter_registrations()]
            assert "P1" in caught.value.hint

    asyncio.run(run())


@pytest.mark.parametrize("spliced", [{"error": {"code": "InternalServerError", "message": "x"}}, "text", None, 1])
def test_f12_an_exclusion_group_with_an_error_among_its_members_is_never_shorter(
    opened: Any, reply: Any, spliced: Any
) -> None:
    policy = {
        "id": GROUP,
        "displayName": "P",
        "state": "enabled",
        "conditions": {"users": {"includeUsers": ["All"], "excludeGroups": [GROUP]}},
    }

    def answering(seen: Any) -> Any:
        if seen.path.endswith("conditionalAccess/policies"):
            return reply(200, {"value": [policy]})
        if seen.path.endswith("microsoft.graph.user"):
            return reply(200, {"value": [{"id": "a"}, spliced, {"id": "b"}]})
        if seen.path.endswith("EnforcementPolicy"):
            return reply(200, {"isEnabled": False})
        if "/groups/" in seen.path:
            return reply(200, {"id": GROUP, "displayName": "Excluded", "visibility": None})
        return reply(200, {"value": []})

    async def run() -> None:
        async with opened(answering) as o:
            group = (await o.tenant.read_evidence()).groups[GROUP]
            assert group.status is ReadStatus.UNREADABLE
            assert group.problem

    asyncio.run(run())


@pytest.mark.parametrize("status", [400, 404, 410])
def test_f13_an_expired_page_token_fails_the_read(opened: Any, user_json: Any, reply: Any, status: int) -> None:
    def answering(seen: Any) -> Any:
        if "skiptoken" in seen.target:
            return reply(status, error("Directory_ExpiredPageToken", "The specified page token value has expired"))
        link = f"http://{seen.headers['host']}/v1.0/users?$skiptoken=old"
        return reply(200, {"value": [user_json(0)], "@odata.nextLink": link})

    async def run() -> None:
        async with opened(answering) as o:
            with pytest.raises(IncompleteRead, match="later page"):
                _ = [user async for user in o.tenant.iter_users()]

    asyncio.run(run())


@pytest.mark.parametrize("circle", [1, 2, 3])
def test_f14_pages_that_lead_in_a_circle_fail_the_read(opened: Any, user_json: Any, reply: Any, circle: int) -> None:
    count = 0

    def answering(seen: Any) -> Any:
        nonlocal count
        count += 1
        link = f"http://{seen.headers['host']}/v1.0/users?$skiptoken={count % circle}"
        return reply(200, {"value": [user_json(count)], "@odata.nextLink": link})

    async def run() -> None:
        async with opened(answering) as o:
            with pytest.raises(IncompleteRead, match="circle"):
                _ = [user async for user in o.tenant.iter_users()]
            assert len(o.graph.seen) <= circle + 1

    asyncio.run(run())


def test_f15_a_user_on_two_pages_is_counted_once(opened: Any, user_json: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        link = f"http://{seen.headers['host']}/v1.0/users?$skiptoken=2"
        if "skiptoken" in seen.target:
            return reply(200, {"value": [user_json(11), {**user_json(12), "id": user_json(12)["id"].upper()}]})
        return reply(200, {"value": [user_json(number) for number in (10, 11, 12)], "@odata.nextLink": link})

    async def run() -> None:
        async with opened(answering) as o:
            users = [user.id async for user in o.tenant.iter_users()]
            assert users == [user_json(n)["id"] for n in (10, 11, 12)]
            assert users[2] != users[2].upper(), "the spelling would not matter"

    asyncio.run(run())


@pytest.mark.parametrize("lists", [1, 2, 3])
def test_f15_a_policy_on_two_pages_is_one_policy(opened: Any, reply: Any, lists: int) -> None:
    """It is edited between two pages; a list that says two things about it is read again, three times at most."""
    begun = 0

    def answering(seen: Any) -> Any:
        nonlocal begun
        link = f"http://{seen.headers['host']}{seen.path}?$skiptoken=2"
        later = "skiptoken" in seen.target
        begun += not later
        before = begun < lists and not later
        shown = {"id": GROUP, "displayName": "P", "state": "disabled" if before else "enabled"}
        return reply(200, {"value": [shown]} if later else {"value": [shown], "@odata.nextLink": link})

    async def run() -> None:
        async with opened(answering) as o:
            (found,) = await o.tenant.list_policies()
            assert found.raw["state"] == "enabled", "what was so in the end"
            assert begun == lists

    asyncio.run(run())


def test_a_list_that_goes_on_saying_two_things_about_one_policy_is_no_answer(opened: Any, reply: Any) -> None:
    policy = {"id": GROUP, "displayName": "P", "state": "disabled"}

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": [policy, {**policy, "state": "enabled"}]})) as o:
            with pytest.raises(IncompleteRead, match="two things"):
                await o.tenant.list_policies()
            assert len(o.graph.seen) == 3

    asyncio.run(run())


def test_an_item_of_which_a_batch_says_two_things_is_asked_for_again(opened: Any, ids: Any, reply: Any) -> None:
    """Neither state is believed: one of them would count as confirmed, or as nothing to put back."""
    asked_before: set[str] = set()

    def answering(seen: Any) -> Any:
        responses = []
        for item in seen.items:
            said = ["enforced"] if item["url"] in asked_before else ["enforced", "disabled"]
            responses += [{"id": item["id"], "status": 200, "body": {"perUserMfaState": state}} for state in said]
            asked_before.add(item["url"])
        return reply(200, {"responses": responses})

    async def run() -> None:
        async with opened(answering) as o:
            readings = await o.tenant.read_mfa_states(ids(3))
            assert [one.mfa_state for one in readings] == [MfaState.ENFORCED] * 3
            assert asked(o.graph) == dict.fromkeys(ids(3), 2)

    asyncio.run(run())


def test_an_empty_page_in_the_middle_is_no_end(opened: Any, user_json: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        page = int(seen.target.partition("skiptoken=")[2] or 0)
        body: dict[str, Any] = {"value": [] if page == 1 else [user_json(page)]}
        if page < 2:
            body["@odata.nextLink"] = f"http://{seen.headers['host']}/v1.0/users?$skiptoken={page + 1}"
        return reply(200, body)

    async def run() -> None:
        async with opened(answering) as o:
            assert len([user async for user in o.tenant.iter_users()]) == 2

    asyncio.run(run())


def test_f16_a_token_that_ran_out_is_replaced_and_the_read_goes_on(opened: Any, ids: Any, reply: Any) -> None:
    expired = reply(401, error("InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."))
    answers: list[Any] = [expired]

    async def run() -> None:
        async with opened(lambda seen: answers.pop() if answers else reply(200, states(seen))) as o:
            assert (await o.tenant.read_mfa_states(ids(3)))[0].mfa_state is MfaState.ENFORCED
        async with opened(lambda _: expired) as o:
            with pytest.raises(SignInFailed, match="InvalidAuthenticationToken"):
                await o.tenant.read_mfa_states(ids(3))
            assert len(o.graph.seen) == 3

    asyncio.run(run())


def test_a_token_that_a_part_of_the_service_refuses_is_replaced_too(opened: Any, ids: Any, reply: Any) -> None:
    expired = {"status": 401, "body": error("InvalidAuthenticationToken", "Continuous access evaluation: revoked.")}
    once = Once({ids(3)[1]}, expired)

    async def run() -> None:
        async with opened(lambda seen: reply(200, states(seen, once))) as o:
            readings = await o.tenant.read_mfa_states(ids(3))
            assert {reading.mfa_state for reading in readings} == {MfaState.ENFORCED}
            before, after = (seen.headers["authorization"] for seen in o.graph.seen)
            assert before != after

    asyncio.run(run())


def test_f17_a_claims_challenge_is_answered_once_with_a_new_token(opened: Any, ids: Any, reply: Any) -> None:
    challenge = 'Bearer realm="", error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="'
    answers = [reply(401, error("InvalidAuthenticationToken", "challenge"), {"WWW-Authenticate": challenge})]

    async def run() -> None:
        async with opened(lambda seen: answers.pop() if answers else reply(200, states(seen))) as o:
            assert (await o.tenant.read_mfa_states(ids(3)))[0].mfa_state is MfaState.ENFORCED
            assert len(o.graph.seen) == 2
            assert o.waits.told == []

    asyncio.run(run())


def test_after_a_failure_of_the_run_nothing_goes_on_behind_its_back(opened: Any, ids: Any, reply: Any) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(403, error("accessDenied", "no")), concurrency=2) as o:
            with pytest.raises(PermissionMissing):
                await o.tenant.read_mfa_states(ids(2000))
            sent = len(o.graph.seen)
            await asyncio.sleep(0.05)
            assert len(o.graph.seen) == sent <= 4

    asyncio.run(run())
