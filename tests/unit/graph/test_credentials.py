"""Signing in through azure-identity itself, against a small token service of our own on this machine, over TLS."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import trustme
from azure.core.credentials import AccessToken
from azure.core.exceptions import ServiceRequestError
from kiota_abstractions.method import Method
from kiota_abstractions.request_information import RequestInformation

from migrate.errors import SignInFailed, Unreachable, UsageProblem
from migrate.graph.credentials import SignedIn, ThreadedCredential, actor_of, claims_of, signed_in
from migrate.graph.opening import open_tenant
from migrate.graph.session import Connection
from migrate.graph.transport import _adapter
from migrate.model.access import SignInMethod
from migrate.model.snapshot import Actor, TokenPermissions

TENANT = "33333333-0000-4000-8000-000000000001"
CLIENT = "44444444-0000-4000-8000-000000000001"
ADMIN = "55555555-0000-4000-8000-000000000001"


def jwt(claims: dict[str, Any]) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}.signature"


@dataclass
class Authority:
    """A token service, and whatever it was asked."""

    origin: str
    ca: Path
    claims: dict[str, Any]
    asked: list[dict[str, str]] = field(default_factory=list)
    graph_calls: list[tuple[str, str]] = field(default_factory=list)
    pending: int = 1
    refuse: bool = False
    scope: str = ""

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        base = f"{self.origin}/{TENANT}"
        if path.endswith("/.well-known/openid-configuration"):
            return 200, {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            }
        self.asked.append(form)
        self.scope = form.get("scope", self.scope)
        if path.endswith("/devicecode"):
            return 200, {
                "device_code": "d",
                "user_code": "ABCD-EFGH",
                "verification_uri": "https://login.example/device",
                "expires_in": 900,
                "interval": 0,
                "message": "m",
            }
        if self.refuse:
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."}
        if form.get("grant_type", "").endswith("device_code") and self.pending:
            self.pending -= 1
            return 400, {"error": "authorization_pending", "error_description": "AADSTS70016: pending"}
        who = base64.urlsafe_b64encode(json.dumps({"uid": ADMIN, "utid": TENANT}).encode()).decode().rstrip("=")
        identity = {
            "aud": form.get("client_id", CLIENT),
            "iss": f"{base}/v2.0",
            "sub": "s",
            "oid": ADMIN,
            "tid": TENANT,
            "preferred_username": "ada@contoso.example",
            "exp": 2**33,
            "iat": 1,
        }
        return 200, {
            "access_token": jwt(self.claims),
            "token_type": "Bearer",
            "expires_in": 3600,
            "id_token": jwt(identity),
            "client_info": who,
            "scope": self.scope,
        }


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[Authority]:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    made = Authority("", tmp_path / "ca.pem", {"oid": ADMIN, "upn": "ada@contoso.example", "scp": "Policy.Read.All"})

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if self.path.startswith(("/v1.0/", "/beta/")):
                made.graph_calls.append((self.path, self.headers.get("Authorization", "")))
                status, body = 200, {"id": ADMIN, "userPrincipalName": "ada@contoso.example"}
            else:
                status, body = made.answer(self.path, {key: value[0] for key, value in parse_qs(raw).items()})
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _do  # noqa: N815 - the names that http.server asks for

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    made.origin = f"https://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def connection_to(authority: Authority, auth: SignInMethod, **options: Any) -> Connection:
    settings: dict[str, Any] = {
        "endpoint": authority.origin,
        "authority": authority.origin,
        "ca_bundle": authority.ca,
        "tenant": TENANT,
        "client_id": CLIENT,
        "pacing": False,
        "auth": auth,
        **options,
    }
    return Connection(**settings)


def quiet(_: str) -> None:
    pass


def test_a_client_secret_brings_a_token_that_goes_to_graph(authority: Authority) -> None:
    authority.claims = {"oid": CLIENT, "appid": CLIENT, "app_displayname": "Migration", "roles": ["Member.Read.Hidden"]}
    connection = connection_to(authority, SignInMethod.CLIENT_SECRET, client_secret="right")
    signed = signed_in(connection, prompt=quiet)
    assert signed.actor() == Actor(object_id=CLIENT, name="Migration", is_user=False)
    assert signed.grants("Member.Read.Hidden")
    assert not signed.grants("Policy.Read.All")
    assert signed.permissions() == TokenPermissions(roles=("Member.Read.Hidden",))
    assert authority.asked[0]["client_secret"] == "right"
    assert authority.asked[0]["scope"] == connection.scope

    async def run() -> None:
        async with open_tenant(connection, on_wait=lambda *_: None, signed_in=signed) as tenant:
            await tenant.read_profiles([ADMIN])

    with pytest.raises(Exception, match="cannot be used"):
        asyncio.run(run())
    assert {token for _, token in authority.graph_calls} == {f"Bearer {jwt(authority.claims)}"}
    assert len(authority.asked) == 1, "the first token is used again"


def test_a_wrong_secret_is_a_failed_sign_in_that_repeats_what_entra_says(authority: Authority) -> None:
    authority.refuse = True
    with pytest.raises(SignInFailed, match="AADSTS7000215") as caught:
        signed_in(connection_to(authority, SignInMethod.CLIENT_SECRET, client_secret="wrong"), prompt=quiet)
    assert "MFA_MIGRATE_CLIENT_SECRET" in caught.value.hint
    assert caught.value.what == "The client secret is wrong. Microsoft says: AADSTS7000215: Invalid client secret."


def test_a_device_code_is_shown_to_a_person_and_waited_for(authority: Authority) -> None:
    shown: list[str] = []
    signed = signed_in(connection_to(authority, SignInMethod.DEVICE_CODE), prompt=shown.append)
    assert shown == ["To sign in, open https://login.example/device and enter the code ABCD-EFGH."]
    assert signed.actor() == Actor(object_id=ADMIN, name="ada@contoso.example", is_user=True)
    assert signed.grants("Policy.Read.All")


def test_a_certificate_signs_the_application_in(authority: Authority, tmp_path: Path) -> None:
    pem = tmp_path / "app.pem"
    issued = trustme.CA().issue_cert("app.contoso.example", key_type=trustme.KeyType.RSA)
    issued.private_key_pem.write_to_path(str(pem))
    issued.cert_chain_pems[0].write_to_path(str(pem), append=True)
    signed_in(connection_to(authority, SignInMethod.CERTIFICATE, certificate_path=pem), prompt=quiet)
    assert authority.asked[0]["client_assertion"].count(".") == 2


def test_an_unknown_authority_is_not_trusted(authority: Authority) -> None:
    with pytest.raises(Unreachable, match="did not answer") as caught:
        signed_in(
            connection_to(authority, SignInMethod.CLIENT_SECRET, client_secret="right", ca_bundle=None), prompt=quiet
        )
    assert "`ca_bundle` in mfa-migrate.toml" in caught.value.hint
    assert authority.asked == []


@pytest.mark.parametrize(
    ("auth", "options", "words"),
    [
        (SignInMethod.CLIENT_SECRET, {}, "needs the secret"),
        (SignInMethod.CLIENT_SECRET, {"client_secret": "x", "tenant": None}, "needs the tenant"),
        (SignInMethod.CERTIFICATE, {"certificate_path": Path("missing.pem")}, "There is no file missing.pem"),
        (SignInMethod.CERTIFICATE, {"client_id": None}, "application's id"),
    ],
)
def test_what_a_way_to_sign_in_needs_is_asked_for(
    authority: Authority, auth: SignInMethod, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageProblem, match=words):
        signed_in(connection_to(authority, auth, **options), prompt=quiet)


def test_a_file_that_holds_no_key_is_said_to_hold_none(authority: Authority, tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text("nothing here")
    with pytest.raises(UsageProblem, match="cannot be used"):
        signed_in(
            connection_to(authority, SignInMethod.CERTIFICATE, certificate_path=tmp_path / "app.pem"), prompt=quiet
        )


def test_a_token_that_runs_out_is_renewed_in_time_and_claims_bypass_it(authority: Authority) -> None:
    signed = signed_in(connection_to(authority, SignInMethod.CLIENT_SECRET, client_secret="right"), prompt=quiet)

    async def run() -> None:
        await signed.credential.get_token("scope")
        assert len(authority.asked) == 1
        await signed.credential.get_token(f"{authority.origin}/.default", claims='{"access_token": {}}')
        assert len(authority.asked) == 2
        assert "claims" in authority.asked[1]

    asyncio.run(run())


class Stubborn:
    """A credential whose service does what each call of a list says; the last goes on."""

    def __init__(self, *calls: Callable[[], AccessToken]) -> None:
        self._calls = list(calls)
        self.asked = 0

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        self.asked += 1
        return self._calls[min(self.asked, len(self._calls)) - 1]()


def silent() -> AccessToken:
    raise ServiceRequestError("no route to the sign-in service")


def stale(credential: Stubborn) -> SignedIn:
    return SignedIn(credential=ThreadedCredential(credential, AccessToken("old", 0), Connection()), claims={})


@pytest.mark.parametrize(("seconds_left", "asked"), [(240, 1), (360, 0)])
def test_a_token_is_replaced_while_it_is_still_good_for_some_minutes(seconds_left: int, asked: int) -> None:
    credential = Stubborn(lambda: AccessToken("new", 2**40))
    held = ThreadedCredential(credential, AccessToken("old", int(time.time()) + seconds_left), Connection())
    token = asyncio.run(held.get_token("scope")).token
    assert (token, credential.asked) == ("new" if asked else "old", asked)


def test_a_token_that_was_refused_is_replaced_once() -> None:
    credential = Stubborn(lambda: AccessToken("new", 2**40))
    held = ThreadedCredential(credential, AccessToken("old", 2**40), Connection())

    async def run() -> list[str]:
        held.refused()
        return [(await held.get_token("scope")).token for _ in range(3)]

    assert asyncio.run(run()) == ["new"] * 3
    assert credential.asked == 1


def test_a_sign_in_service_that_is_silent_for_a_moment_does_not_end_a_read(authority: Authority) -> None:
    credential = Stubborn(silent, silent, lambda: AccessToken("new", 2**40))
    connection, waits = connection_to(authority, SignInMethod.CLIENT_SECRET, client_secret="right"), list[str]()

    async def run() -> Actor:
        signed = stale(credential)
        async with open_tenant(connection, on_wait=lambda why, _: waits.append(str(why)), signed_in=signed) as tenant:
            return await tenant.read_actor()

    assert asyncio.run(run()).object_id == ADMIN
    assert [authorization for _, authorization in authority.graph_calls] == ["Bearer new"]
    assert len(waits) == 2
    assert "no route to the sign-in service while reading" in waits[0]


def test_a_sign_in_that_hangs_is_not_waited_for_at_the_end() -> None:
    released, ended = threading.Event(), threading.Event()

    def hangs() -> AccessToken:
        released.wait(30)
        ended.set()
        return AccessToken("late", 2**40)

    async def run() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stale(Stubborn(hangs)).credential.get_token("scope"), 0.05)

    asyncio.run(run())
    assert not ended.is_set(), "the loop ended only after the sign-in"
    released.set()
    assert ended.wait(30)


def test_a_way_to_sign_in_that_is_not_there_says_so_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SignInFailed, match="not available here") as caught:
        signed_in(Connection(auth=SignInMethod.AZURE_CLI), prompt=quiet)
    assert "--sign-in" in caught.value.hint
    assert logging.getLogger("azure.identity").handlers
    assert capfd.readouterr().err == ""


def test_the_token_is_for_graphs_own_host_only(authority: Authority) -> None:
    connection = connection_to(authority, SignInMethod.CLIENT_SECRET, client_secret="right")

    async def run() -> None:
        signed = stale(Stubborn(lambda: AccessToken("new", 2**40)))
        async with httpx.AsyncClient() as client:
            provider = _adapter(client, connection, signed)._authentication_provider
            for url, sent in ((f"{authority.origin}/v1.0/me", True), ("https://evil.example/v1.0/me", False)):
                request = RequestInformation(Method.GET)
                request.url = url
                await provider.authenticate_request(request)
                assert ("authorization" in request.headers.get_all()) is sent

    asyncio.run(run())


def test_an_opaque_token_says_nothing_and_me_is_asked(authority: Authority) -> None:
    connection = connection_to(authority, SignInMethod.CLIENT_SECRET, client_secret="right")
    authority.claims = {}
    signed = signed_in(connection, prompt=quiet)
    assert signed.actor() is None

    async def run() -> Actor:
        async with open_tenant(connection, on_wait=lambda *_: None, signed_in=signed) as tenant:
            return await tenant.read_actor()

    assert asyncio.run(run()) == Actor(object_id=ADMIN, name="ada@contoso.example", is_user=True)


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c", "a.!!.c", "opaque", f"a.{base64.b64encode(b'[1]').decode()}.c"])
def test_what_is_no_jwt_has_no_claims(token: str) -> None:
    assert claims_of(token) == {}


@pytest.mark.parametrize(
    ("claims", "actor"),
    [
        ({"oid": "1", "upn": "a@contoso.example"}, Actor(object_id="1", name="a@contoso.example", is_user=True)),
        (
            {"oid": "1", "preferred_username": "b@contoso.example"},
            Actor(object_id="1", name="b@contoso.example", is_user=True),
        ),
        ({"oid": "2", "appid": "app", "idtyp": "app"}, Actor(object_id="2", name="app", is_user=False)),
        (
            {"oid": "2", "upn": "c@contoso.example", "app_displayname": "Migration", "idtyp": "app"},
            Actor(object_id="2", name="Migration", is_user=False),
        ),
        ({"oid": "1", "appid": "app", "scp": "x"}, None),
        ({}, None),
    ],
)
def test_the_claims_name_a_person_or_an_application(claims: dict[str, Any], actor: Actor | None) -> None:
    assert actor_of(claims) == actor
