"""The tenant over real sockets: what is asked, and what is made of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrate.errors import IncompleteRead, PermissionMissing
from migrate.graph import wire
from migrate.graph.pace import Bucket
from migrate.graph.refusals import AccessRefused
from migrate.model.permissions import FEDERATION
from migrate.model.replies import WriteFate, WriteRequest
from migrate.model.snapshot import Actor
from migrate.model.stand_in import is_stand_in
from migrate.model.users import MfaState
from tests.unasked import UNASKED

POLICY = "22222222-0000-4000-8000-000000000001"


def error(code: str, message: str = "", /, **inner: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "innerError": {"request-id": "inner-1", **inner}}}


def policy_json(**changes: Any) -> dict[str, Any]:
    return {
        "id": POLICY,
        "displayName": "Require MFA",
        "state": "enabled",
        "description": None,
        "createdDateTime": "2024-01-01T00:00:00Z",
        "modifiedDateTime": None,
        "conditions": {
            "users": {
                "includeUsers": ["All"],
            }
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        **changes,
    }


def items(seen: Any, make: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    return {"responses": [{"id": item["id"], **make(item)} for item in seen.items]}


def writes(ids: list[str]) -> list[WriteRequest]:
    return [WriteRequest(user_id=id_, mfa_state=MfaState.DISABLED, client_request_id=f"c-{id_[-3:]}") for id_ in ids]


def test_states_are_read_in_batches_of_20_and_come_back_in_the_order_asked(opened: Any, ids: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        body = items(seen, lambda _: {"status": 200, "body": {"perUserMfaState": "enforced"}})
        return reply(200, {"responses": body["responses"][::-1]})

    async def run() -> None:
        async with opened(answering) as o:
            readings = await o.tenant.read_mfa_states(ids(45))
            assert [r.user_id for r in readings] == ids(45)
            assert {r.mfa_state for r in readings} == {MfaState.ENFORCED}
            assert {r.request_id for r in readings} <= {"req-1", "req-2", "req-3"}
            assert all(r.server_date.endswith("GMT") for r in readings), "an item has the date of its batch"
            assert sorted(len(seen.items) for seen in o.graph.seen) == [5, 20, 20]
            assert {(seen.method, seen.target) for seen in o.graph.seen} == {("POST", "/beta/$batch")}
            assert {item["url"] for seen in o.graph.seen for item in seen.items} == {
                f"/users/{id_}/authentication/requirements" for id_ in ids(45)
            }
            assert all(seen.headers["client-request-id"] for seen in o.graph.seen)
            assert {seen.headers["authorization"] for seen in o.graph.seen} == {"Bearer sandbox"}

    asyncio.run(run())


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, {"perUserMfaState": "unknownFutureValue"}, "does not know: 'unknownFutureValue'"),
        (200, {"perUserMfaState": "Enforced"}, "does not know: 'Enforced'"),
        (200, {"perUserMfaState": None}, "has no perUserMfaState"),
        (200, {}, "has no perUserMfaState"),
        (200, {"perUserMfaState": 1}, "cannot be read"),
        (200, "bm9wZQ==", "cannot be read"),
        (404, error("Request_ResourceNotFound", "Resource 'x' does not exist"), "no such user"),
        (403, error("Authorization_RequestDenied", "Insufficient privileges"), "refused to show"),
        (400, error("BadRequest", "odd"), "400 (BadRequest: odd)"),
    ],
)
def test_a_state_that_cannot_be_read_is_a_problem_and_never_disabled(
    opened: Any, ids: Any, reply: Any, status: int, body: Any, words: str
) -> None:
    def answering(seen: Any) -> Any:
        good = {"status": 200, "body": {"perUserMfaState": "disabled"}}
        return reply(200, items(seen, lambda item: good if item["id"] != "1" else {"status": status, "body": body}))

    async def run() -> None:
        async with opened(answering) as o:
            first, second, third = await o.tenant.read_mfa_states(ids(3))
            assert (first.mfa_state, third.mfa_state) == (MfaState.DISABLED, MfaState.DISABLED)
            assert second.mfa_state is None
            assert words in str(second.problem)
            assert second.status == status

    asyncio.run(run())


def test_the_same_refusal_for_the_first_hundred_users_is_a_failure_of_the_run(
    opened: Any, ids: Any, reply: Any
) -> None:
    def answering(seen: Any) -> Any:
        return reply(200, items(seen, lambda _: {"status": 403, "body": error("accessDenied", "no")}))

    async def run() -> None:
        async with opened(answering, concurrency=1) as o:
            with pytest.raises(PermissionMissing) as caught:
                await o.tenant.read_mfa_states(ids(1000))
            assert len(o.graph.seen) == 5
            assert "Policy.Read.All" in caught.value.hint
            assert "Authentication Policy Administrator" in caught.value.hint

    asyncio.run(run())


def test_in_a_small_tenant_all_of_the_users_are_enough(opened: Any, ids: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        return reply(200, items(seen, lambda _: {"status": 403, "body": error("accessDenied", "no")}))

    async def run() -> None:
        async with opened(answering) as o:
            readings = await o.tenant.read_mfa_states(ids(4))
            assert all("Policy.Read.All" in str(r.problem) for r in readings)
            with pytest.raises(PermissionMissing):
                await o.tenant.read_mfa_states(ids(1))

    asyncio.run(run())


def test_refusals_for_some_users_are_not_a_failure_of_the_run(opened: Any, ids: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        good = {"status": 200, "body": {"perUserMfaState": "disabled"}}
        bad = {"status": 403, "body": error("accessDenied", "no")}
        return reply(200, items(seen, lambda item: good if item["url"].split("/")[2] == ids(1)[0] else bad))

    async def run() -> None:
        async with opened(answering, concurrency=1) as o:
            readings = await o.tenant.read_mfa_states(ids(300))
            assert sum(r.problem is None for r in readings) == 1

    asyncio.run(run())


def test_users_are_decoded_and_pages_followed_verbatim(opened: Any, user_json: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        link = f"http://{seen.headers['host']}/v1.0/users?$skiptoken=a%2Fb%20c"
        if "skiptoken" in seen.target:
            assert seen.target == "/v1.0/users?$skiptoken=a%2Fb%20c"
            return reply(200, {"value": [user_json(1), user_json(2)]})
        return reply(200, {"value": [user_json(0), user_json(1)], "@odata.nextLink": link})

    async def run() -> None:
        async with opened(answering) as o:
            users = [user async for user in o.tenant.iter_users()]
            assert [user.user_principal_name for user in users] == [f"user{n}@contoso.example" for n in range(3)]
            assert users[0].on_premises_sync_enabled is False
            assert users[0].identities[0].issuer == "contoso.example"
            assert "$top=999" in o.graph.seen[0].target

    asyncio.run(run())


def test_reading_all_users_tells_how_fast_graph_lets_us_read(opened: Any, user_json: Any, reply: Any) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": [user_json(n) for n in range(3)]})) as o:
            pacer = o.tenant._channel.pacers[Bucket.READS]
            assert pacer.rate == pytest.approx(800 * 0.98)
            assert len([user async for user in o.tenant.iter_users()]) == 3
            assert pacer.rate == pytest.approx(350 * 0.98)

    asyncio.run(run())


def test_a_tenant_without_a_default_domain_is_no_whole_answer(opened: Any, reply: Any) -> None:
    organization = {"id": "x", "displayName": "C", "verifiedDomains": [{"name": "c.example"}]}

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": [organization]})) as o:
            with pytest.raises(IncompleteRead, match="no default domain"):
                await o.tenant.read_organization()

    asyncio.run(run())


SELECTED = [name for name in wire.USER_SELECT.split(",") if name != "id"]


@pytest.mark.parametrize("missing", SELECTED)
def test_a_user_without_a_selected_property_is_yielded_with_its_name(
    opened: Any, user_json: Any, reply: Any, missing: str
) -> None:
    broken = {key: value for key, value in user_json(1).items() if key != missing}

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": [user_json(0), broken]})) as o:
            whole, part = [user async for user in o.tenant.iter_users()]
        assert (whole.lacks or (), part.lacks) == ((), (missing,))

    asyncio.run(run())


@pytest.mark.parametrize("missing", SELECTED)
def test_a_property_that_every_user_lacks_fails_the_read(opened: Any, user_json: Any, reply: Any, missing: str) -> None:
    broken = [{key: value for key, value in user_json(n).items() if key != missing} for n in range(2)]

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": broken})) as o:
            with pytest.raises(IncompleteRead, match=missing):
                _ = [user async for user in o.tenant.iter_users()]

    asyncio.run(run())


def test_a_user_without_an_id_keeps_a_place_under_one_that_stands_for_it(
    opened: Any, user_json: Any, reply: Any
) -> None:
    broken = {key: value for key, value in user_json(1).items() if key != "id"}

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": [user_json(0), broken, None, user_json(2)]})) as o:
            first, part, null, last = [user async for user in o.tenant.iter_users()]
        assert (first.lacks or (), last.lacks or ()) == ((), ())
        assert (part.lacks, part.user_principal_name) == (("id",), "user1@contoso.example")
        assert null.lacks == tuple(wire.USER_SELECT.split(","))
        assert is_stand_in(part.id)
        assert is_stand_in(null.id)
        assert part.id != null.id

    asyncio.run(run())


@pytest.mark.parametrize("strange", [["id"], ["accountEnabled"], ["assignedLicenses", "skuId"]])
def test_a_member_of_another_type_is_as_one_that_is_not_there(
    opened: Any, user_json: Any, reply: Any, strange: list[str]
) -> None:
    broken = {**user_json(1), strange[0]: [{strange[-1]: 7}]}

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": [user_json(0), broken]})) as o:
            _, part = [user async for user in o.tenant.iter_users()]
        assert part.lacks == (strange[0],)

    asyncio.run(run())


@pytest.mark.parametrize("name", ["id", "displayName", "userPrincipalName", "userType", "createdDateTime"])
def test_a_text_that_is_too_long_is_as_one_that_is_not_there(
    opened: Any, user_json: Any, reply: Any, name: str
) -> None:
    longest, beyond = "ö" * wire.LONGEST_TEXT, "ö" * (wire.LONGEST_TEXT + 1)

    async def run() -> None:
        users = [user_json(0), {**user_json(1), name: longest}, {**user_json(2), name: beyond}]
        async with opened(lambda _: reply(200, {"value": users})) as o:
            _, whole, part = [user async for user in o.tenant.iter_users()]
        assert (whole.lacks or (), part.lacks) == ((), (name,))

    asyncio.run(run())


@pytest.mark.parametrize("methods", [["fido2", "x" * 300_000], ["fido2"] * 100_000], ids=["long", "many"])
def test_methods_beyond_all_measure_say_nothing_of_their_user(
    opened: Any, user_json: Any, reply: Any, methods: list[str]
) -> None:
    row = {"isMfaRegistered": True, "isMfaCapable": True, "methodsRegistered": ["fido2"]}
    rows = [{**row, "id": user_json(0)["id"]}, {**row, "id": user_json(1)["id"], "methodsRegistered": methods}]

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": rows})) as o:
            found = [(id_, one is not None) async for id_, one in o.tenant.iter_registrations()]
        assert found == [(rows[0]["id"], True), (rows[1]["id"], False)]

    asyncio.run(run())


@pytest.mark.parametrize("missing", ["id", "isMfaRegistered", "isMfaCapable", "methodsRegistered", None])
def test_a_row_of_the_report_shown_in_part_says_nothing_of_its_user(
    opened: Any, user_json: Any, reply: Any, missing: str | None
) -> None:
    def row(number: int) -> dict[str, Any]:
        who = {"id": user_json(number)["id"]}
        return {**who, "isMfaRegistered": True, "isMfaCapable": True, "methodsRegistered": ["fido2"]}

    strange = None if missing is None else {key: value for key, value in row(1).items() if key != missing}

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": [row(0), strange, row(2)]})) as o:
            found = [(id_, one is not None) async for id_, one in o.tenant.iter_registrations()]
        second = "" if missing in ("id", None) else row(1)["id"]
        assert found == [(row(0)["id"], True), (second, False), (row(2)["id"], True)]
        async with opened(lambda _: reply(200, {"value": [strange, strange]})) as o:
            with pytest.raises(IncompleteRead, match="every row of the registration report"):
                _ = [one async for one in o.tenant.iter_registrations()]

    asyncio.run(run())


def test_the_type_of_a_user_tells_agents_from_people(opened: Any, user_json: Any, reply: Any) -> None:
    agent = {"@odata.type": "#microsoft.graph.agentUser", **user_json(1)}
    person = {"@odata.type": "#microsoft.graph.user", **user_json(2)}

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": [user_json(0), agent, person]})) as o:
            assert [user.is_agent async for user in o.tenant.iter_users()] == [False, True, False]

    asyncio.run(run())


def test_writes_go_out_once_and_each_item_has_its_own_fate(opened: Any, ids: Any, reply: Any) -> None:
    made: dict[str, dict[str, Any]] = {
        "0": {"status": 204},
        "1": {"status": 403, "body": error("Authorization_RequestDenied", "no right")},
        "2": {"status": 404, "body": error("Request_ResourceNotFound", "gone")},
        "3": {"status": 409, "body": error("Directory_ConcurrencyViolation", "busy")},
        "4": {"status": 429, "headers": {"Retry-After": "2.5"}, "body": error("TooManyRequests", "wait")},
        "5": {"status": 504, "body": error("UnknownError", "")},
    }

    def answering(seen: Any) -> Any:
        return reply(200, {"responses": [{"id": i["id"], **made[i["id"]]} for i in seen.items if i["id"] in made]})

    async def run() -> None:
        async with opened(answering) as o:
            replies = await o.tenant.write_mfa_states(writes(ids(7)), **UNASKED)
            assert [r.fate for r in replies] == [
                WriteFate.ACCEPTED,
                *[WriteFate.REFUSED] * 3,
                *[WriteFate.UNCLEAR] * 3,
            ]
            assert [r.status for r in replies] == [204, 403, 404, 409, 429, 504, 0]
            assert replies[1].message == "Authorization_RequestDenied: no right"
            assert replies[3].code == "Directory_ConcurrencyViolation"
            assert replies[4].retry_after == 2.5
            assert len(o.graph.seen) == 1
            sent = o.graph.seen[0].items[0]
            assert sent["method"] == "PATCH"
            assert sent["body"] == {"perUserMfaState": "disabled"}
            assert sent["headers"] == {"client-request-id": "c-000", "Content-Type": "application/json"}

    asyncio.run(run())


def test_a_policy_is_created_changed_and_deleted_with_one_request_each(opened: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        return reply(201, policy_json()) if seen.method == "POST" else reply(204)

    async def run() -> None:
        async with opened(answering) as o:
            created = (
                await o.tenant.create_policy({"displayName": "Require MFA"}, client_request_id="one", **UNASKED)
            ).policy
            assert created is not None
            assert created.id == POLICY
            assert (
                await o.tenant.update_policy(POLICY, {"state": "enabled"}, client_request_id="two", **UNASKED)
                is WriteFate.ACCEPTED
            )
            assert await o.tenant.delete_policy(POLICY, client_request_id="three", **UNASKED) is WriteFate.ACCEPTED
            assert [(s.method, s.headers["client-request-id"]) for s in o.graph.seen] == [
                ("POST", "one"),
                ("PATCH", "two"),
                ("DELETE", "three"),
            ]

    asyncio.run(run())


def test_who_is_signed_in_and_what_time_the_server_has(opened: Any, reply: Any) -> None:
    date = datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)
    headers = {"Date": date.strftime("%a, %d %b %Y %H:%M:%S GMT")}
    organization = {
        "id": "ABCDEF00-0000-4000-8000-000000000001",
        "displayName": "Contoso",
        "verifiedDomains": [{"name": "a.example"}, {"name": "contoso.example", "isDefault": True}],
    }

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": [organization]}, headers)) as o:
            assert await o.tenant.read_actor() == Actor(object_id=None, name="sandbox operator", is_user=True)
            tenant = await o.tenant.read_organization()
            assert (tenant.tenant_id, tenant.default_domain) == (organization["id"].lower(), "contoso.example")
            assert o.tenant.server_now() == date
            o.clock.now += 60
            assert o.tenant.server_now() == date + timedelta(seconds=60)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([{"id": "f1", "federatedIdpMfaBehavior": "rejectMfaByFederatedIdp"}], "rejectMfaByFederatedIdp"),
        ([{"id": "f1", "federatedIdpMfaBehavior": "ofTomorrow"}], "ofTomorrow"),
        ([{"id": "f1", "federatedIdpMfaBehavior": None}], None),
        ([{"id": "f1"}], None),
        ([], None),
    ],
)
def test_what_a_federated_domain_does_with_mfa_is_read_as_it_stands(
    opened: Any, reply: Any, rows: list[dict[str, Any]], told: str | None
) -> None:
    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": rows})) as o:
            assert await o.tenant.read_federation(["corp.contoso.example"]) == {"corp.contoso.example": told}
            assert [seen.path for seen in o.graph.seen] == [
                "/v1.0/domains/corp.contoso.example/federationConfiguration"
            ]
            assert await o.tenant.read_federation([]) == {}
            assert len(o.graph.seen) == 1, "no domain is federated, and nothing is asked"

    asyncio.run(run())


def test_a_federation_that_is_refused_is_no_answer(opened: Any, reply: Any) -> None:
    refusal = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges."}}

    async def run() -> None:
        async with opened(lambda _: reply(403, refusal)) as o:
            with pytest.raises(AccessRefused, match="the federation of corp") as refused:
                await o.tenant.read_federation(["corp.contoso.example", "old.contoso.example"])
            assert refused.value.need is FEDERATION
            assert len(o.graph.seen) == 1

    asyncio.run(run())
