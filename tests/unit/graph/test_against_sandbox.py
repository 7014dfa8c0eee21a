"""The whole port against the sandbox: real HTTP through the real SDK, compared with what the sandbox holds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from migrate.graph.opening import open_tenant
from migrate.graph.session import Connection
from migrate.graph.tenant import GraphTenant
from migrate.model.evidence import PolicyState, ReadStatus
from migrate.model.replies import WriteFate, WriteRequest
from migrate.model.users import MfaState
from migrate.sandbox.company import company
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tls import made_on_the_fly
from tests.unasked import UNASKED

PEOPLE = 130
BODY: dict[str, Any] = {
    "displayName": "Pilot",
    "state": "enabledForReportingButNotEnforced",
    "conditions": {
        "users": {"includeUsers": ["All"]},
        "applications": {"includeApplications": ["All"]},
        "clientAppTypes": ["all"],
    },
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
}


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    # Without pacing it must not throttle; the tests of pacing bring a sandbox of their own.
    with SandboxServer(company(7, PEOPLE), settings=SandboxSettings(throttle=False)) as server:
        yield server


def held(sandbox: SandboxServer, name: str = "dump") -> Any:
    with urlopen(f"{sandbox.url}/_sandbox/{name}") as answer:
        return json.loads(answer.read())


def states_held(sandbox: SandboxServer) -> dict[str, str]:
    return {
        key.split("/")[1]: value["perUserMfaState"]
        for key, value in held(sandbox).items()
        if key.endswith("/authentication/requirements")
    }


def methods_held(sandbox: SandboxServer) -> dict[str, Any]:
    return {key: value for key, value in held(sandbox).items() if key.endswith("/authentication/methods")}


def use(sandbox: SandboxServer, work: Callable[[GraphTenant], Awaitable[None]], **options: Any) -> list[str]:
    """Run `work` on the sandbox and return the reasons of the waits."""
    waits: list[str] = []

    async def run() -> None:
        connection = Connection(endpoint=sandbox.url, ca_bundle=sandbox.ca_bundle, **{"pacing": False, **options})
        async with open_tenant(connection, on_wait=lambda waiting, _: waits.append(str(waiting))) as tenant:
            await work(tenant)

    asyncio.run(run())
    return waits


def test_everybody_is_read_and_nobody_twice(sandbox: SandboxServer) -> None:
    async def work(tenant: GraphTenant) -> None:
        users = [user async for user in tenant.iter_users()]
        assert sorted(user.id for user in users) == sorted(user["id"] for user in held(sandbox)["users"])
        names = {user["id"]: user["userPrincipalName"] for user in held(sandbox)["users"]}
        assert {user.id: user.user_principal_name for user in users} == names
        readings = await tenant.read_mfa_states([user.id for user in users])
        assert {r.user_id: r.mfa_state for r in readings} == states_held(sandbox)
        assert {r.problem for r in readings} == {None}
        assert all(r.request_id and r.server_date for r in readings)
        by_select = {id_: state async for id_, state in tenant.iter_mfa_states_by_select()}
        assert by_select == states_held(sandbox)
        profiles = await tenant.read_profiles([user.id for user in users])
        assert list(profiles.values()) == users
        registered = {id_ async for id_, _ in tenant.iter_registrations()}
        assert registered <= set(names)
        assert registered

    use(sandbox, work)


def test_the_tenant_describes_itself(sandbox: SandboxServer) -> None:
    async def work(tenant: GraphTenant) -> None:
        organization = await tenant.read_organization()
        assert organization.tenant_id == held(sandbox)["_tenantId"]
        assert organization.default_domain.endswith(".example")
        assert (await tenant.read_skus())[0].enabled_units > 0
        assert tenant.server_now().isoformat()[:10] == held(sandbox, "clock")["now"][:10]

    use(sandbox, work)


def test_the_evidence_holds_every_member_through_nested_groups(sandbox: SandboxServer) -> None:
    document = held(sandbox)

    def people_in(group: str) -> set[str]:
        found: set[str] = set()
        groups, seen = [group], {group}
        while groups:
            for member in document.get(f"groups/{groups.pop()}/members", ()):
                if member["@odata.type"].endswith("user"):
                    found.add(member["id"])
                elif member["@odata.type"].endswith("group") and member["id"] not in seen:
                    seen.add(member["id"])
                    groups.append(member["id"])
        return found

    async def work(tenant: GraphTenant) -> None:
        evidence = await tenant.read_evidence()
        assert [policy.id for policy in evidence.policies] == [
            policy["id"] for policy in document["identity/conditionalAccess/policies"]
        ]
        assert evidence.groups
        for group in evidence.groups.values():
            assert group.status is ReadStatus.READ, group.problem
            assert group.members == people_in(group.id)
        assert any(group.members for group in evidence.groups.values())
        administrators = evidence.roles["62e90394-69f5-4237-9190-012177145e10"]
        assert administrators.status is ReadStatus.READ, administrators.problem
        assert administrators.holders
        assert administrators.eligible
        assert evidence.security_defaults_enabled is False
        assert len(evidence.named_locations) == len(document["identity/conditionalAccess/namedLocations"])
        assert evidence.authentication_strengths

    use(sandbox, work)


def test_what_is_written_is_read_back_and_no_method_is_touched(sandbox: SandboxServer) -> None:
    before, methods = states_held(sandbox), methods_held(sandbox)
    chosen = [id_ for id_, state in before.items() if state == "enforced"][:20]

    def requests(state: MfaState) -> list[WriteRequest]:
        return [WriteRequest(user_id=id_, mfa_state=state, client_request_id=f"c-{id_}") for id_ in chosen]

    async def work(tenant: GraphTenant) -> None:
        replies = await tenant.write_mfa_states(requests(MfaState.DISABLED), **UNASKED)
        assert {reply.fate for reply in replies} == {WriteFate.ACCEPTED}
        assert [reply.user_id for reply in replies] == chosen
        assert {r.mfa_state for r in await tenant.read_mfa_states(chosen)} == {MfaState.DISABLED}
        assert {id_ for id_, state in states_held(sandbox).items() if state != before[id_]} == set(chosen)
        await tenant.write_mfa_states(requests(MfaState.ENFORCED), **UNASKED)
        ghost = "00000000-0000-4000-8000-00000000dead"
        (refused,) = await tenant.write_mfa_states(
            [WriteRequest(user_id=ghost, mfa_state=MfaState.DISABLED, client_request_id="c")], **UNASKED
        )
        assert (refused.fate, refused.status) == (WriteFate.REFUSED, 404)

    use(sandbox, work)
    assert states_held(sandbox) == before
    assert methods_held(sandbox) == methods


def test_a_policy_lives_and_dies(sandbox: SandboxServer) -> None:
    async def work(tenant: GraphTenant) -> None:
        created = (await tenant.create_policy(BODY, client_request_id="1", **UNASKED)).policy
        assert created is not None
        assert await tenant.read_policy(created.id) == created
        assert created.id in {policy.id for policy in await tenant.list_policies()}
        assert (
            await tenant.update_policy(created.id, {"state": "enabled"}, client_request_id="2", **UNASKED)
            is WriteFate.ACCEPTED
        )
        switched_on = await tenant.read_policy(created.id)
        assert switched_on is not None
        assert switched_on.policy_state is PolicyState.ENABLED
        assert switched_on.raw["grantControls"]["builtInControls"] == ["mfa"]
        assert await tenant.delete_policy(created.id, client_request_id="3", **UNASKED) is WriteFate.ACCEPTED
        assert await tenant.read_policy(created.id) is None
        assert await tenant.delete_policy(created.id, client_request_id="4", **UNASKED) is WriteFate.ACCEPTED

    use(sandbox, work)


def test_a_policy_that_the_service_shows_late_is_waited_for() -> None:
    settings = SandboxSettings(policy_read_lag_seconds=0.3, throttle=False)

    async def work(tenant: GraphTenant) -> None:
        created = (await tenant.create_policy(BODY, client_request_id="1", **UNASKED)).policy
        assert created is not None
        assert await tenant.read_policy(created.id) == created

    with SandboxServer(company(7, 20), settings=settings) as sandbox:
        use(sandbox, work)


def test_without_the_undocumented_property_the_accelerator_says_so() -> None:
    async def work(tenant: GraphTenant) -> None:
        assert {state async for _, state in tenant.iter_mfa_states_by_select()} == {None}

    with SandboxServer(company(7, 20), settings=SandboxSettings(bulk_state_select=False)) as sandbox:
        use(sandbox, work)


def test_paced_reading_is_never_throttled() -> None:
    async def work(tenant: GraphTenant) -> None:
        ids = [user.id async for user in tenant.iter_users()]
        for _ in range(3):
            await tenant.read_mfa_states(ids)
        _ = [row async for row in tenant.iter_registrations()]
        await tenant.read_evidence()

    with SandboxServer(company(7, 400)) as sandbox:
        waits = use(sandbox, work, pacing=True)
        assert held(sandbox, "stats")["throttled"] == 0
    assert waits == []


def test_over_tls_with_an_authority_of_its_own(tmp_path: Path) -> None:
    async def work(tenant: GraphTenant) -> None:
        assert (await tenant.read_organization()).display_name

    with SandboxServer(company(7, 20), tls=made_on_the_fly(tmp_path)) as sandbox:
        assert sandbox.url.startswith("https://")
        use(sandbox, work)
