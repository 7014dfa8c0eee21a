"""What the client relies on, tried on the sandbox always, and on a real tenant when the environment names one.

MFA_MIGRATE_LIVE=<tenant id> adds that tenant, to be read only; the sign-in is the one that the tool would make with the
same variables and mfa-migrate.toml. MFA_MIGRATE_LIVE_WRITES=<the same id> adds the test that writes: it creates one
policy that names nobody, changes it and deletes it. No test here touches an object that it did not create.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from migrate.commands.wiring import connection_for
from migrate.errors import Guarded
from migrate.graph.credentials import SignedIn
from migrate.graph.opening import sign_in
from migrate.graph.pace import SystemClock
from migrate.graph.session import Connection, graph_host
from migrate.graph.tenant import GraphTenant, tenant_over
from migrate.graph.transport import Sender, open_sender
from migrate.graph.wire import USER_SELECT
from migrate.model.access import Cloud
from migrate.model.evidence import PolicyState
from migrate.model.replies import WriteFate
from migrate.model.users import MfaState
from migrate.sandbox.company import company
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.settings import GlobalOptions, settings_from
from tests.unasked import UNASKED

LIVE, WRITES = "MFA_MIGRATE_LIVE", "MFA_MIGRATE_LIVE_WRITES"
A_TENANT = "aaaaaaaa-0000-4000-8000-000000000001"
ANOTHER = "aaaaaaaa-0000-4000-8000-000000000002"
POLICIES = "identity/conditionalAccess/policies"


# --- where -----------------------------------------------------------------------------------------------------------


def live_tenant(environ: Mapping[str, str]) -> tuple[str, bool] | None:
    """Return the id of the real tenant and whether it may be written to; None without one.

    Raises when the variables do not agree on one tenant.
    """
    live, writes = environ.get(LIVE, ""), environ.get(WRITES, "")
    if writes and writes.casefold() != live.casefold():
        raise pytest.UsageError(f"{WRITES} must repeat the tenant id of {LIVE}; nothing was sent.")
    if live and not re.fullmatch(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", live, re.IGNORECASE):
        raise pytest.UsageError(f"{LIVE} must be a tenant id, not {live!r}; nothing was sent.")
    return (live, bool(writes)) if live else None


def live_connection(tenant_id: str, environ: Mapping[str, str], folder: Path) -> Connection:
    """Return the connection that the tool would make for this tenant. Raises for one to a sandbox."""
    settings = settings_from(GlobalOptions(tenant=tenant_id), environ, folder)
    if settings.is_sandbox:
        raise pytest.UsageError(f"{LIVE} is for a real tenant; the settings name the endpoint {settings.endpoint}.")
    return connection_for(settings)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the beliefs are tried."""

    connection: Connection
    signed_in: SignedIn
    tenant_id: str
    may_write: bool
    sandbox: SandboxServer | None


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A tenant that is the one that was meant: through the client, and as its answers come over the wire."""

    tenant: GraphTenant
    sender: Sender

    async def get(self, path: str) -> Any:
        """Return the JSON of a read that has to succeed."""
        answer = await self.sender.send("GET", path)
        assert answer.status == 200, answer.error.words
        return json.loads(answer.body)


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Opened]:
    """Open the tenant. Raises Guarded when it is another one, before anything but the organization was read."""
    clock = SystemClock()
    async with open_sender(place.connection, place.signed_in, clock=clock) as sender:
        tenant = tenant_over(sender, place.connection, place.signed_in, on_wait=lambda *_: None, clock=clock)
        found = (await tenant.read_organization()).tenant_id
        if found.casefold() != place.tenant_id.casefold():
            raise Guarded(f"The sign-in leads to tenant {found}, not to {place.tenant_id}.")
        yield Opened(tenant=tenant, sender=sender)


def on(place: Place, work: Callable[[Opened], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(place) as there:
            await work(there)

    asyncio.run(run())


def sandbox_place(server: SandboxServer, tenant_id: str) -> Place:
    connection = Connection(endpoint=server.url, pacing=False)
    signed_in = sign_in(connection, prompt=pytest.fail)
    return Place(connection=connection, signed_in=signed_in, tenant_id=tenant_id, may_write=True, sandbox=server)


# The environment is looked at when tests are collected and by this fixture, which comes before the one that empties it.
@pytest.fixture(scope="module", params=["sandbox", "live"] if live_tenant(os.environ) else ["sandbox"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """The sandbox; then the real tenant, if one is named."""
    if request.param == "sandbox":
        with SandboxServer(company(7, 60), settings=SandboxSettings(throttle=False)) as server:
            yield sandbox_place(server, server.sandbox.tenant.id)
        return
    named = live_tenant(os.environ)
    assert named is not None
    tenant_id, may_write = named
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def prompt(sentence: str) -> None:
        with capture.global_and_fixture_disabled():
            print(sentence)

    connection = live_connection(tenant_id, os.environ, Path.cwd())
    signed_in = sign_in(connection, prompt=prompt)
    yield Place(connection=connection, signed_in=signed_in, tenant_id=tenant_id, may_write=may_write, sandbox=None)


@pytest.fixture
def reading(place: Place) -> Iterator[Place]:
    """A place for tests that only read; the sandbox can tell whether they did."""
    if place.sandbox is not None:
        place.sandbox.sandbox.history.clear()
    yield place
    if place.sandbox is not None:
        asked = [(each["method"], each["path"]) for each in place.sandbox.sandbox.history.calls()]
        assert asked
        assert [each for each in asked if each[0] != "GET" and each != ("POST", "$batch")] == []


# --- what is believed ------------------------------------------------------------------------------------------------


def test_there_is_one_organization_and_it_lists_its_domains(reading: Place) -> None:
    async def work(there: Opened) -> None:
        found = await there.tenant.read_organization()
        assert str(UUID(found.tenant_id)) == found.tenant_id
        assert found.default_domain in found.verified_domains
        assert there.tenant.server_now().tzinfo is not None

    on(reading, work)


def test_a_page_of_users_holds_what_was_selected_and_the_id_always(reading: Place) -> None:
    async def work(there: Opened) -> None:
        page = await there.get("/v1.0/users?$select=displayName&$top=2")
        assert [each.keys() - {"@odata.id"} for each in page["value"]] == [{"id", "displayName"}] * len(page["value"])
        link = page.get("@odata.nextLink", reading.connection.origin)
        assert link.lower().startswith(reading.connection.origin)
        # A selected property is sent also where the directory holds nothing.
        whole = await there.get(f"/v1.0/users?$select={USER_SELECT}&$top=20")
        for user in whole["value"]:
            assert user.keys() >= set(USER_SELECT.split(","))

    on(reading, work)


async def some_users(there: Opened, number: int) -> list[str]:
    page = await there.get(f"/v1.0/users?$select=id&$top={number}")
    return [each["id"] for each in page["value"]]


def test_states_of_20_users_come_in_one_batch_each_under_its_own_id(reading: Place) -> None:
    async def work(there: Opened) -> None:
        users = [*await some_users(there, 19), str(uuid4())]
        items = [
            {"id": str(number), "method": "GET", "url": f"/users/{user}/authentication/requirements"}
            for number, user in enumerate(users)
        ]
        answer = await there.sender.send("POST", "/beta/$batch", body={"requests": items})
        assert answer.status == 200, answer.error.words
        # Items may come in any order: only the ids say what belongs to whom.
        responses = {each["id"]: each for each in json.loads(answer.body)["responses"]}
        assert responses.keys() == {each["id"] for each in items}
        unknown = responses.pop(items[-1]["id"])
        assert unknown["status"] == 404, "one user who does not exist is a no for that item alone"
        for each in responses.values():
            assert each["status"] == 200, each
            assert each["body"]["perUserMfaState"] in list(MfaState)
        readings = await there.tenant.read_mfa_states(users)
        assert [reading.user_id for reading in readings] == users
        assert [reading.mfa_state for reading in readings[:-1]] == [
            responses[str(number)]["body"]["perUserMfaState"] for number in range(len(users) - 1)
        ]
        assert (readings[-1].mfa_state, readings[-1].status) == (None, 404)

    on(reading, work)


def test_policies_are_listed_whole(reading: Place) -> None:
    async def work(there: Opened) -> None:
        policies = await there.tenant.list_policies()
        # None at all is a fact too, but then nothing is learned.
        if not policies and reading.sandbox is None:
            pytest.skip("the tenant has no Conditional Access policies")
        for policy in policies:
            assert policy.raw["state"] in list(PolicyState)
            conditions = policy.raw["conditions"]
            for name in ("includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles"):
                assert isinstance(conditions["users"][name], list)
            for name in ("includeApplications", "excludeApplications", "includeUserActions"):
                assert isinstance(conditions["applications"][name], list)
            assert conditions["clientAppTypes"]
            assert policy.raw["grantControls"] is not None or policy.raw["sessionControls"] is not None
        assert policies

    on(reading, work)


def test_security_defaults_are_on_or_off(reading: Place) -> None:
    async def work(there: Opened) -> None:
        found = await there.get("/v1.0/policies/identitySecurityDefaultsEnforcementPolicy")
        assert isinstance(found["isEnabled"], bool)

    on(reading, work)


def test_the_registration_report_has_rows_with_the_ids_of_users(reading: Place) -> None:
    async def work(there: Opened) -> None:
        await skip_without_premium(there)
        page = await there.get("/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=5")
        assert page["value"]
        for row in page["value"]:
            assert isinstance(row["isMfaRegistered"], bool)
            assert isinstance(row["isMfaCapable"], bool)
            assert isinstance(row["methodsRegistered"], list)
        user_id = page["value"][0]["id"]
        assert (await there.tenant.read_registrations([user_id]))[user_id] is not None

    on(reading, work)


def test_a_policy_is_created_changed_and_deleted_and_the_others_stay_as_they_are(place: Place) -> None:
    if not place.may_write:
        pytest.skip(f"{WRITES} does not allow writing")
    name = f"Report-only: contract test {uuid4()}"
    body = {
        "displayName": name,
        "description": "Made by the contract tests of mfa-migrate, for nobody. May be deleted.",
        "state": "disabled",
        "conditions": {
            "users": {"includeUsers": ["None"]},
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }

    async def work(there: Opened) -> None:
        await skip_without_premium(there)
        tenant = there.tenant
        before = {policy.id: policy.raw for policy in await tenant.list_policies()}
        made = (await tenant.create_policy(body, client_request_id=str(uuid4()), **UNASKED)).policy
        assert made is not None, f"no clear answer; look for {name!r} and delete it"
        try:
            assert made.id not in before
            read = await tenant.read_policy(made.id)
            assert read is not None
            assert (read.display_name, read.policy_state) == (name, PolicyState.DISABLED)
            report_only = {"state": PolicyState.REPORT_ONLY.value}
            assert (
                await tenant.update_policy(made.id, report_only, client_request_id=str(uuid4()), **UNASKED)
                is WriteFate.ACCEPTED
            )
            changed = await tenant.read_policy(made.id)
            assert changed is not None
            # What a change does not name stays.
            dates = {"modifiedDateTime": changed.raw["modifiedDateTime"]}
            assert changed.raw == {**read.raw, **report_only, **dates}
        finally:
            assert (
                await tenant.delete_policy(made.id, client_request_id=str(uuid4()), **UNASKED) is WriteFate.ACCEPTED
            ), f"delete {name!r} by hand"
        assert await tenant.read_policy(made.id) is None
        after = {policy.id: policy.raw for policy in await tenant.list_policies()}
        assert {policy_id: after.get(policy_id) for policy_id in before} == before

    if place.sandbox is not None:
        place.sandbox.sandbox.history.clear()
    on(place, work)
    if place.sandbox is not None:
        writes = [each for each in place.sandbox.sandbox.history.calls() if each["method"] != "GET"]
        assert [each["method"] for each in writes] == ["POST", "PATCH", "DELETE"]
        assert writes[0]["path"] == POLICIES
        assert writes[1]["path"] == writes[2]["path"] != POLICIES


async def skip_without_premium(there: Opened) -> None:
    if not any(sku.allows_conditional_access for sku in await there.tenant.read_skus()):
        pytest.skip("the tenant has no Entra ID P1")


# --- that the wrong tenant is left alone -----------------------------------------------------------------------------


def test_a_tenant_that_was_not_meant_is_refused_when_its_organization_was_read_and_nothing_else() -> None:
    async def work(there: Opened) -> None:
        pytest.fail("this tenant was not meant")

    with SandboxServer(company(7, 30), settings=SandboxSettings(throttle=False)) as server:
        with pytest.raises(Guarded, match=re.escape(server.sandbox.tenant.id)):
            on(sandbox_place(server, ANOTHER), work)
        assert [(each["method"], each["path"]) for each in server.sandbox.history.calls()] == [("GET", "organization")]


def test_nothing_is_sent_by_the_test_that_writes_where_it_must_not() -> None:
    with SandboxServer(company(7, 30), settings=SandboxSettings(throttle=False)) as server:
        place = replace(sandbox_place(server, server.sandbox.tenant.id), may_write=False)
        with pytest.raises(pytest.skip.Exception, match=WRITES):
            test_a_policy_is_created_changed_and_deleted_and_the_others_stay_as_they_are(place)
        assert server.sandbox.history.calls() == []


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({LIVE: ""}, None),
        ({LIVE: A_TENANT}, (A_TENANT, False)),
        ({LIVE: A_TENANT, WRITES: ""}, (A_TENANT, False)),
        ({LIVE: A_TENANT, WRITES: A_TENANT.upper()}, (A_TENANT, True)),
    ],
)
def test_a_real_tenant_is_asked_only_when_it_is_named_and_written_when_it_is_named_twice(
    environ: dict[str, str], expected: tuple[str, bool] | None
) -> None:
    assert live_tenant(environ) == expected


@pytest.mark.parametrize(
    "environ",
    [
        {WRITES: A_TENANT},
        {LIVE: A_TENANT, WRITES: ANOTHER},
        {LIVE: A_TENANT, WRITES: "1"},
        {LIVE: "1"},
        {LIVE: "contoso.example"},
        {LIVE: "common"},
    ],
)
def test_variables_that_do_not_agree_on_one_tenant_are_refused(environ: dict[str, str]) -> None:
    with pytest.raises(pytest.UsageError, match="nothing was sent"):
        live_tenant(environ)


def test_the_sign_in_of_the_tool_is_used_for_the_tenant_that_is_named(tmp_path: Path) -> None:
    environ = {"MFA_MIGRATE_TENANT": ANOTHER, "MFA_MIGRATE_SIGN_IN": "azure-cli", "MFA_MIGRATE_CLOUD": "usgov"}
    found = live_connection(A_TENANT, environ, tmp_path)
    assert (found.tenant, found.auth.value, found.pacing) == (A_TENANT, "azure-cli", True)
    assert found.origin == f"https://{graph_host(Cloud.USGOV)}"
    with pytest.raises(pytest.UsageError, match="real tenant"):
        live_connection(A_TENANT, {"MFA_MIGRATE_ENDPOINT": "http://127.0.0.1:8765"}, tmp_path)
