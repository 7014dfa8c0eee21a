"""The tenant over real sockets: what is asked, and what is made of the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrate.errors import IncompleteRead, PermissionMissing
from migrate.model.evidence import PolicyState, ReadStatus
from migrate.model.replies import WriteFate, WriteRequest
from migrate.model.snapshot import Actor
from migrate.model.users import MfaState

GROUP = "11111111-0000-4000-8000-000000000001"
GONE = "11111111-0000-4000-8000-000000000002"
HIDDEN = "11111111-0000-4000-8000-000000000003"
BROKEN = "11111111-0000-4000-8000-000000000004"
ROLE = "62e90394-69f5-4237-9190-012177145e10"
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
                "excludeGroups": [GROUP, GONE.upper()],
                "includeGroups": [HIDDEN, BROKEN],
                "excludeRoles": [ROLE],
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
            assert words in second.problem
            assert second.status == status

    asyncio.run(run())


def test_the_same_refusal_for_the_first_hundred_users_is_a_failure_of_the_run(
    opened: Any, ids: Any, reply: Any
) -> None:
    def answering(seen: Any) -> Any:
        return reply(200, items(seen, lambda _: {"status": 403, "body": error("accessDenied", "no")}))

    async def run() -> None:
        async with opened(answering) as o:
            assert all(r.mfa_state is None for r in await o.tenant.read_mfa_states(ids(99)))
            with pytest.raises(PermissionMissing) as caught:
                await o.tenant.read_mfa_states(ids(1))
            assert "Policy.Read.All" in caught.value.hint
            assert "Authentication Policy Administrator" in caught.value.hint

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


@pytest.mark.parametrize("missing", ["userPrincipalName", "assignedLicenses", "accountEnabled", "userType", "id"])
def test_a_user_without_a_selected_property_fails_the_read(
    opened: Any, user_json: Any, reply: Any, missing: str
) -> None:
    broken = {key: value for key, value in user_json(1).items() if key != missing}

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": [user_json(0), broken]})) as o:
            with pytest.raises(IncompleteRead, match=missing):
                _ = [user async for user in o.tenant.iter_users()]

    asyncio.run(run())


def test_evidence_says_of_each_group_and_role_how_well_it_could_be_read(opened: Any, ids: Any, reply: Any) -> None:
    a, b, c, d, e, f = ids(6)
    nested = "33333333-0000-4000-8000-000000000001"

    def rows(*pairs: tuple[str, str, str]) -> dict[str, Any]:
        return {
            "value": [
                {
                    "principalId": id_,
                    "directoryScopeId": scope,
                    "accessId": "member",
                    "principal": {"@odata.type": f"#microsoft.graph.{kind}", "id": id_},
                }
                for id_, kind, scope in pairs
            ]
        }

    replies: dict[str, Any] = {
        "/v1.0/identity/conditionalAccess/policies": reply(200, {"value": [policy_json()]}),
        "/v1.0/identity/conditionalAccess/namedLocations": reply(200, {"value": [{"id": "loc", "isTrusted": True}]}),
        "/v1.0/identity/conditionalAccess/authenticationStrength/policies": reply(200, {"value": [{"id": "s"}]}),
        "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy": reply(200, {"isEnabled": True}),
        f"/v1.0/groups/{GROUP}": reply(200, {"id": GROUP, "displayName": "Excluded", "visibility": "Private"}),
        f"/v1.0/groups/{GROUP}/transitiveMembers/microsoft.graph.user": reply(200, {"value": [{"id": a}]}),
        f"/v1.0/groups/{GONE}": reply(404, error("Request_ResourceNotFound", "no group")),
        f"/v1.0/groups/{HIDDEN}": reply(200, {"id": HIDDEN, "displayName": "Secret", "visibility": "HiddenMembership"}),
        f"/v1.0/groups/{BROKEN}": reply(200, {"id": BROKEN, "displayName": "B", "visibility": None}),
        f"/v1.0/groups/{BROKEN}/transitiveMembers/microsoft.graph.user": reply(
            200, {"value": [{"id": b}, {"error": {"code": "InternalServerError"}}]}
        ),
        f"/v1.0/groups/{nested}/transitiveMembers/microsoft.graph.user": reply(200, {"value": [{"id": c}]}),
        f"/v1.0/roleManagement/directory/roleDefinitions/{ROLE}": reply(200, {"displayName": "Global Administrator"}),
        "/v1.0/roleManagement/directory/roleAssignments": reply(
            200,
            rows((a, "user", "/"), (nested, "group", "/"), (d, "user", "/administrativeUnits/1"), (f, "device", "/")),
        ),
        "/v1.0/roleManagement/directory/roleEligibilitySchedules": reply(200, rows((e, "user", "/"))),
    }

    def answering(seen: Any) -> Any:
        if seen.path.endswith("/eligibilitySchedules"):
            return reply(200, rows((b, "user", "/"))) if GROUP in seen.target else reply(200, {"value": []})
        return replies[seen.path]

    async def run() -> None:
        async with opened(answering) as o:
            evidence = await o.tenant.read_evidence()
            group, gone = evidence.groups[GROUP], evidence.groups[GONE]
            assert (group.status, group.members, group.eligible) == (ReadStatus.READ, {a}, {b})
            assert gone.status is ReadStatus.GONE
            assert evidence.groups[HIDDEN].status is ReadStatus.HIDDEN
            broken = evidence.groups[BROKEN]
            assert (broken.status, broken.members) == (ReadStatus.UNREADABLE, frozenset())
            assert "in the place of an object" in (broken.problem or "")
            role = evidence.roles[ROLE]
            assert (role.holders, role.scoped, role.eligible) == ({a, c}, {d}, {e})
            assert role.display_name == "Global Administrator"
            assert evidence.security_defaults_enabled is True
            assert evidence.policies[0].policy_state is PolicyState.ENABLED
            assert evidence.policies[0].raw["grantControls"] == {"operator": "OR", "builtInControls": ["mfa"]}
            prefer = {s.path: s.headers.get("prefer") for s in o.graph.seen if "conditionalAccess" in s.path}
            assert set(prefer.values()) == {"include-unknown-enum-members"}

    asyncio.run(run())


def test_a_tenant_without_pim_has_nobody_eligible_and_other_refusals_make_the_group_unreadable(
    opened: Any, reply: Any
) -> None:
    policy = policy_json(conditions={"users": {"includeGroups": [GROUP, BROKEN]}})

    def answering(seen: Any) -> Any:
        if seen.path.endswith("/policies") and "Strength" not in seen.path:
            return reply(200, {"value": [policy]})
        if seen.path.endswith("Policy"):
            return reply(200, {"isEnabled": False})
        if seen.path.endswith("/eligibilitySchedules"):
            if GROUP in seen.target:
                return reply(400, error("AadPremiumLicenseRequired", "The tenant needs an AAD Premium 2 license."))
            return reply(403, error("Authorization_RequestDenied", "Insufficient privileges"))
        if seen.path.endswith(("Locations", "policies", "user")):
            return reply(200, {"value": []})
        return reply(200, {"id": seen.path[-36:], "displayName": "G", "visibility": None})

    async def run() -> None:
        async with opened(answering) as o:
            evidence = await o.tenant.read_evidence()
            assert evidence.groups[GROUP].status is ReadStatus.READ
            assert evidence.groups[BROKEN].status is ReadStatus.UNREADABLE
            assert "PrivilegedEligibilitySchedule.Read.AzureADGroup" in (evidence.groups[BROKEN].problem or "")

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
            replies = await o.tenant.write_mfa_states(writes(ids(7)))
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
            created = await o.tenant.create_policy({"displayName": "Require MFA"}, client_request_id="one")
            assert created is not None
            assert created.id == POLICY
            assert await o.tenant.update_policy(POLICY, {"state": "enabled"}, client_request_id="two")
            assert await o.tenant.delete_policy(POLICY, client_request_id="three")
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
