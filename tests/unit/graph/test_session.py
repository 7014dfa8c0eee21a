"""Where a connection may go, and how a session opens and closes."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from migrate.errors import ExitCode, Unreachable, UsageProblem
from migrate.graph.opening import open_tenant
from migrate.graph.session import Connection, authority_host, graph_host
from migrate.model.access import Cloud, SignInMethod


@pytest.mark.parametrize(
    "endpoint",
    ["http://127.0.0.1:8765", "http://localhost:1", "https://[::1]:8765", "http://127.1.2.3", "https://LOCALHOST/"],
)
def test_an_endpoint_on_this_machine_is_taken(endpoint: str) -> None:
    connection = Connection(endpoint=endpoint)
    assert connection.is_sandbox
    assert connection.origin == endpoint.rstrip("/").lower()


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://127.0.0.1:443/", "https://127.0.0.1"),
        ("http://127.0.0.1:443", "http://127.0.0.1:443"),
        ("https://127.0.0.1:8080", "https://127.0.0.1:8080"),
    ],
)
def test_a_default_port_is_left_out_as_http_clients_do(endpoint: str, origin: str) -> None:
    assert Connection(endpoint=endpoint).origin == origin


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://10.0.0.1",
        "https://contoso.example",
        "http://127.0.0.1.contoso.example",
        "http://localhost.contoso.example",
        "http://localhost@contoso.example",
        "http://user@127.0.0.1",
        "ftp://127.0.0.1",
        "127.0.0.1:8765",
        "http://127.0.0.1:8765/v1.0",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:8765?x=1",
        "http://[::1",
        "http://0.0.0.0:1",
        "",
    ],
)
def test_an_endpoint_elsewhere_is_refused(endpoint: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        Connection(endpoint=endpoint)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "mfa-migrate sandbox" in caught.value.hint


def test_each_cloud_has_its_own_hosts_and_scope() -> None:
    graphs = {graph_host(cloud) for cloud in Cloud}
    assert len(graphs) == len(Cloud) == 7
    for cloud in Cloud:
        connection = Connection(cloud=cloud)
        assert connection.origin == f"https://{graph_host(cloud)}"
        assert connection.scope == f"https://{graph_host(cloud)}/.default"
        assert not connection.is_sandbox
    assert authority_host(Cloud.CHINA).endswith(".cn")
    untried = {cloud: (graph_host(cloud), authority_host(cloud)) for cloud in Cloud if cloud.is_untried}
    assert untried == {
        Cloud.BLEU: ("graph.svc.sovcloud.fr", "login.sovcloud-identity.fr"),
        Cloud.DELOS: ("graph.svc.sovcloud.de", "login.sovcloud-identity.de"),
        Cloud.GOVSG: ("graph.svc.sovcloud.sg", "login.sovcloud-identity.sg"),
    }
    assert authority_host(Cloud.USGOV) == authority_host(Cloud.USGOV_DOD)


def test_pacing_cannot_be_switched_off_for_graph_itself() -> None:
    with pytest.raises(UsageProblem):
        Connection(pacing=False)


@pytest.mark.parametrize(
    ("endpoint", "authority"),
    [
        (None, "https://127.0.0.1:1"),
        ("https://127.0.0.1:1", "http://127.0.0.1:1"),
        ("https://127.0.0.1:1", "https://contoso.example"),
    ],
)
def test_an_authority_is_for_a_sandbox_behind_https_only(endpoint: str | None, authority: str) -> None:
    with pytest.raises(UsageProblem):
        Connection(endpoint=endpoint, authority=authority)


def test_secrets_do_not_show_in_repr() -> None:
    connection = Connection(client_secret="s3cret-value", certificate_password="pa55-value")
    assert "s3cret-value" not in repr(connection)
    assert "pa55-value" not in repr(connection)


def test_a_ca_bundle_has_to_be_there_and_to_hold_certificates(tmp_path: Path) -> None:
    (tmp_path / "notes.pem").write_text("nothing here")
    for name in ("missing.pem", "notes.pem", ""):
        with pytest.raises(UsageProblem, match="CA bundle") as caught:
            Connection(ca_bundle=tmp_path / name)
        assert "ca_bundle in mfa-migrate.toml" in caught.value.hint


@pytest.mark.parametrize("tenant", ["contoso example", "https://contoso.example", "contoso/..", "contoso,example"])
def test_what_names_no_tenant_is_refused_before_anybody_signs_in(tenant: str) -> None:
    with pytest.raises(UsageProblem, match="neither the id nor a domain"):
        Connection(tenant=tenant)


def test_an_endpoint_that_nobody_serves_is_unreachable_within_seconds() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"

        async def run() -> None:
            async with open_tenant(Connection(endpoint=endpoint), on_wait=lambda *_: None) as tenant:
                await tenant.read_organization()

        with pytest.raises(Unreachable) as caught:
            asyncio.run(run())
    assert endpoint in caught.value.what
    assert caught.value.exit_code is ExitCode.REMOTE
    assert "--endpoint" in caught.value.hint


def test_connections_are_used_again_and_bounded(opened: Any, ids: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        body = [{"id": item["id"], "status": 200, "body": {"perUserMfaState": "disabled"}} for item in seen.items]
        return reply(200, {"responses": body}, delay=0.002)

    async def run() -> None:
        async with opened(answering, concurrency=4) as o:
            await o.tenant.read_mfa_states(ids(800))
            assert len(o.graph.seen) == 40
            assert 1 <= o.graph.connections <= 4

    asyncio.run(run())


def test_no_more_is_in_flight_than_allowed_whoever_asks(opened: Any, ids: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        body = [{"id": item["id"], "status": 200, "body": {"perUserMfaState": "disabled"}} for item in seen.items]
        return reply(200, {"responses": body}, delay=0.01)

    async def run() -> None:
        async with opened(answering, concurrency=2) as o:
            await asyncio.gather(*(o.tenant.read_mfa_states(ids(1)) for _ in range(20)))
            assert len(o.graph.seen) == 20
            assert o.graph.connections == 2

    asyncio.run(run())


def test_the_pool_is_closed_at_the_end(opened: Any, reply: Any) -> None:
    async def run() -> None:
        organization = {"id": "x", "displayName": "C", "verifiedDomains": [{"name": "c.example", "isDefault": True}]}
        async with opened(lambda _: reply(200, {"value": [organization]})) as o:
            async with open_tenant(Connection(endpoint=o.graph.origin), on_wait=o.waits) as tenant:
                await tenant.read_organization()
                assert o.graph.open_connections == 1
            for _ in range(100):
                if not o.graph.open_connections:
                    break
                await asyncio.sleep(0.01)
            assert o.graph.open_connections == 0

    asyncio.run(run())


def test_importing_the_session_loads_nothing_slow() -> None:
    code = (
        "import sys, migrate.graph.session as s; s.Connection(endpoint='http://127.0.0.1:1');"
        "print([m for m in ('httpx', 'msgraph', 'azure', 'tenacity', 'kiota_http', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_way_to_sign_in_is_known_by_its_name() -> None:
    assert {method.value for method in SignInMethod} == {
        "client-secret",
        "certificate",
        "device-code",
        "auto",
        "browser",
        "azure-cli",
        "managed-identity",
        "workload-identity",
        "github",
    }
    assert SignInMethod("interactive") is SignInMethod.BROWSER


def test_every_request_stands_in_the_log_and_no_token_does(
    opened: Any, ids: Any, reply: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [reply(reset=True)]

    def answering(seen: Any) -> Any:
        body = [{"id": item["id"], "status": 200, "body": {"perUserMfaState": "disabled"}} for item in seen.items]
        return answers.pop() if answers else reply(200, {"responses": body})

    async def run() -> None:
        async with opened(answering) as o:
            await o.tenant.read_mfa_states(ids(1))

    with caplog.at_level("DEBUG", logger="migrate"):
        asyncio.run(run())
    lines = [record.getMessage() for record in caplog.records if record.name == "migrate.graph"]
    assert len(lines) == 2
    assert lines[0].startswith("POST /beta/$batch: the connection failed")
    assert lines[1].startswith("POST /beta/$batch: 200 in ")
    assert "request-id req-2, client-request-id " in lines[1]
    assert "Bearer" not in caplog.text


def test_the_proxy_of_the_machine_is_used_for_graph_and_never_for_a_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    from migrate.graph.transport import proxy_for

    origin = Connection().origin
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert proxy_for(origin) is None
    monkeypatch.setenv("https_proxy", "http://proxy.contoso.example:8080")
    assert proxy_for(origin) == "http://proxy.contoso.example:8080"
    monkeypatch.setenv("https_proxy", "proxy.contoso.example:8080")
    assert proxy_for(origin) == "http://proxy.contoso.example:8080"
    monkeypatch.setenv("no_proxy", graph_host(Cloud.GLOBAL))
    assert proxy_for(origin) is None


def test_a_sandbox_is_reached_whatever_proxy_the_machine_names(
    opened: Any, reply: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    async def run() -> None:
        async with opened(lambda _: reply(200, {"value": []})) as o:
            assert await o.tenant.list_policies() == ()

    asyncio.run(run())


def test_a_proxy_of_another_kind_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from migrate.graph.transport import _pool

    for name in ("no_proxy", "NO_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "gopher://ann:s3cret@proxy.contoso.example")
    with pytest.raises(UsageProblem, match="cannot be used") as caught:
        _pool(Connection())
    assert "s3cret" not in caught.value.what
    assert "HTTPS_PROXY" in caught.value.hint


def test_a_read_that_is_cancelled_ends_at_once_and_leaves_nothing_open(opened: Any, ids: Any, reply: Any) -> None:
    async def run() -> None:
        all_busy = asyncio.Event()
        sent = 0

        def answering(_: Any) -> Any:
            nonlocal sent
            sent += 1
            if sent == 4:
                all_busy.set()
            return reply(200, {"responses": []}, delay=30.0)

        async with opened(answering, concurrency=4) as o:
            reading = asyncio.create_task(o.tenant.read_mfa_states(ids(500)))
            await all_busy.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            await asyncio.sleep(0.05)
            assert sent == 4

    asyncio.run(run())
