"""Real sign-in at the sandbox over TLS: the documented permissions suffice, and each missing one is named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from migrate.errors import PermissionMissing, RemoteProblem, SignInFailed
from migrate.graph.opening import open_tenant, sign_in
from migrate.graph.session import Connection
from migrate.graph.tenant import GraphTenant
from migrate.model.access import SignInMethod
from migrate.model.evidence import Evidence, ReadStatus
from migrate.model.replies import WriteFate, WriteRequest
from migrate.model.users import MfaState
from migrate.sandbox.company import company
from migrate.sandbox.faults import read_script
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tls import made_on_the_fly
from tests.unasked import UNASKED

T = TypeVar("T")
CLIENT = "44444444-0000-4000-8000-000000000001"
READING = frozenset(
    {
        "User.Read.All",
        "Policy.Read.All",
        "GroupMember.Read.All",
        "RoleManagement.Read.Directory",
        "PrivilegedEligibilitySchedule.Read.AzureADGroup",
        "AuditLog.Read.All",
        "LicenseAssignment.Read.All",
    }
)
WRITING = frozenset({"Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess"})
BODY: dict[str, Any] = {
    "displayName": "Pilot",
    "state": "disabled",
    "conditions": {
        "users": {"includeUsers": ["All"]},
        "applications": {"includeApplications": ["All"]},
        "clientAppTypes": ["all"],
    },
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    settings = SandboxSettings(throttle=False, enforce_permissions=True)
    tls = made_on_the_fly(tmp_path_factory.mktemp("tls"))
    with SandboxServer(company(7, 60), settings=settings, tls=tls) as server:
        yield server


def connection_to(sandbox: SandboxServer, **options: Any) -> Connection:
    return Connection(
        **{
            "endpoint": sandbox.url,
            "authority": sandbox.url,
            "ca_bundle": sandbox.ca_bundle,
            "tenant": sandbox.sandbox.tenant.id,
            "client_id": CLIENT,
            "client_secret": "right",
            "auth": SignInMethod.CLIENT_SECRET,
            "pacing": False,
            **options,
        }
    )


def use(
    sandbox: SandboxServer, permissions: frozenset[str], work: Callable[[GraphTenant], Awaitable[T]], **options: Any
) -> T:
    sandbox.sandbox.sign_in.grants[CLIENT] = permissions

    async def run() -> T:
        connection = connection_to(sandbox, **options)
        async with open_tenant(connection, on_wait=lambda *_: None) as tenant:
            return await work(tenant)

    return asyncio.run(run())


async def everything(tenant: GraphTenant) -> Evidence:
    await tenant.read_organization()
    await tenant.read_skus()
    ids = [user.id async for user in tenant.iter_users()]
    assert all(reading.mfa_state for reading in await tenant.read_mfa_states(ids))
    assert [row async for row in tenant.iter_registrations()]
    return await tenant.read_evidence()


def test_the_documented_permissions_are_enough_to_read_everything(sandbox: SandboxServer) -> None:
    evidence = use(sandbox, READING, everything)
    assert {group.status for group in evidence.groups.values()} == {ReadStatus.READ}
    assert {role.status for role in evidence.roles.values()} == {ReadStatus.READ}
    actor = use(sandbox, READING, lambda tenant: tenant.read_actor())
    assert not actor.is_user


@pytest.mark.parametrize("missing", sorted(READING))
def test_each_missing_permission_is_named(sandbox: SandboxServer, missing: str) -> None:
    try:
        evidence = use(sandbox, READING - {missing}, everything)
    except PermissionMissing as problem:
        named = problem.hint
    else:
        unread = [*evidence.groups.values(), *evidence.roles.values()]
        problems = [each.problem or "" for each in unread if each.status is ReadStatus.UNREADABLE]
        assert problems
        named = " ".join(problems)
    assert missing in named


def test_without_the_writing_permissions_nothing_is_written(sandbox: SandboxServer) -> None:
    async def work(tenant: GraphTenant) -> None:
        ids = [user.id async for user in tenant.iter_users()]
        request = WriteRequest(user_id=ids[5], mfa_state=MfaState.DISABLED, client_request_id="c")
        (reply,) = await tenant.write_mfa_states([request], **UNASKED)
        assert (reply.fate, reply.status) == (WriteFate.REFUSED, 403)
        with pytest.raises(PermissionMissing) as caught:
            await tenant.create_policy(BODY, client_request_id="c", **UNASKED)
        assert "Policy.ReadWrite.ConditionalAccess" in caught.value.hint

    use(sandbox, READING, work)


def test_with_the_writing_permissions_both_are_written(sandbox: SandboxServer) -> None:
    async def work(tenant: GraphTenant) -> None:
        ids = [user.id async for user in tenant.iter_users()]
        request = WriteRequest(user_id=ids[5], mfa_state=MfaState.DISABLED, client_request_id="c")
        (reply,) = await tenant.write_mfa_states([request], **UNASKED)
        assert reply.fate is WriteFate.ACCEPTED
        created = (await tenant.create_policy(BODY, client_request_id="c", **UNASKED)).policy
        assert created is not None
        assert await tenant.delete_policy(created.id, client_request_id="c", **UNASKED) is WriteFate.ACCEPTED

    use(sandbox, READING | WRITING, work)


def test_a_wrong_secret_does_not_sign_in(sandbox: SandboxServer) -> None:
    with pytest.raises(SignInFailed, match="7000215"):
        sign_in(connection_to(sandbox, client_secret="wrong-secret"), prompt=print)


@pytest.mark.parametrize(
    "do", [pytest.param({"expireToken": True}, id="F16-expired"), pytest.param({"claims": True}, id="F17-challenge")]
)
@pytest.mark.parametrize("constant", [True, False])
def test_a_token_that_is_refused_in_the_middle_is_replaced(tmp_path: Path, do: dict[str, Any], constant: bool) -> None:
    script = {"faults": [{"match": {"path": "*batch", "item": False, "nth": 2}, "do": do}]}
    settings = SandboxSettings(throttle=False)
    with SandboxServer(company(7, 60), settings=settings, tls=made_on_the_fly(tmp_path)) as server:
        server.sandbox.faults.load(read_script(json.dumps(script).encode()), 0)
        evidence = use(server, READING, everything, **({"authority": None} if constant else {}))
        assert server.sandbox.faults.listed()[0]["struck"] == 1
    assert evidence.policies


def test_a_token_that_is_never_accepted_ends_the_run(sandbox: SandboxServer) -> None:
    with pytest.raises(RemoteProblem):
        use(sandbox, READING, everything, authority=None)
