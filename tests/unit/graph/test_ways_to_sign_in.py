"""Every way to sign in that the sandbox can issue tokens for, through the real credential classes, over TLS."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from migrate.errors import Guarded, SignInFailed, Unreachable, UsageProblem
from migrate.graph.browser import can_open
from migrate.graph.credential_kinds import AUDIENCE, credential_for, resolved
from migrate.graph.credentials import SignedIn
from migrate.graph.openid import look_up
from migrate.graph.opening import open_tenant, sign_in
from migrate.graph.session import Connection
from migrate.graph.sign_in_codes import CODES, DEVICE_CODE_BLOCKED, Next
from migrate.graph.sign_in_problems import refusal_of_sign_in
from migrate.graph.token_cache import account_of, note_path
from migrate.model.access import Cloud, SignInMethod
from migrate.model.permissions import READ_SET
from migrate.sandbox.company import company
from migrate.sandbox.faults import read_script
from migrate.sandbox.managed_identity import APP_SERVICE_SECRET, system_identity
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tls import made_on_the_fly
from migrate.sandbox.tokens import make_token
from tests.unit.graph.scripted_browser import ScriptedBrowser

CLIENT = "44444444-0000-4000-8000-000000000001"
ADMIN = "admin@contoso.example"
ISSUER, SUBJECT = "https://issuer.example", "repo:contoso/tools:ref:refs/heads/main"
TOKEN = re.compile(rb"eyJ[\w-]+\.")
"""Header and dot of a token that can be read; three letters alone come by chance in every thirtieth encrypted file."""
WAY = SignInMethod


def served(folder: Path, **settings: Any) -> SandboxServer:
    options = SandboxSettings(throttle=False, enforce_permissions=True, **settings)
    return SandboxServer(company(7, 60), settings=options, tls=made_on_the_fly(folder))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    with served(tmp_path_factory.mktemp("tls")) as server:
        yield server


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    """Return a sandbox in which nothing has been consented to."""
    with served(tmp_path_factory.mktemp("tls"), consent="asked") as server:
        yield server


@pytest.fixture(autouse=True)
def _as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    for name in ("sandbox", "asking"):
        if name in request.fixturenames:
            found: SandboxServer = request.getfixturevalue(name)
            found.sandbox.faults.clear()
            found.sandbox.sign_in.forget()


def connection_to(server: SandboxServer, auth: SignInMethod, **options: Any) -> Connection:
    return Connection(
        **{
            "endpoint": server.url,
            "authority": server.url,
            "ca_bundle": server.ca_bundle,
            "tenant": server.sandbox.tenant.id,
            "pacing": False,
            "auth": auth,
            **options,
        }
    )


def browsed(
    server: SandboxServer, user: str = ADMIN, *, deny: bool = False, **options: Any
) -> tuple[SignedIn, list[str]]:
    """Sign a person in with a browser and return the sign-in and what was shown to the person."""
    assert server.ca_bundle is not None
    browser, shown = ScriptedBrowser(server.ca_bundle, user, deny=deny), list[str]()
    try:
        return sign_in(connection_to(server, WAY.BROWSER, **options), prompt=shown.append, browse=browser), shown
    finally:
        browser.close()


def names_of_users(server: SandboxServer, signed: SignedIn, **options: Any) -> int:
    async def run() -> int:
        connection = connection_to(server, signed.auth, **options)
        async with open_tenant(connection, on_wait=lambda *_: None, signed_in=signed) as tenant:
            return len([user async for user in tenant.iter_users()])

    return asyncio.run(run())


def loaded(server: SandboxServer, path: str, code: int, **match: Any) -> None:
    fault = {"match": {"path": path, **match}, "do": {"aadsts": code}}
    server.sandbox.faults.load(read_script(json.dumps({"faults": [fault]}).encode()), 0)


# --- people ----------------------------------------------------------------------------------------------------------


def test_a_browser_signs_a_person_in_and_its_address_is_shown(sandbox: SandboxServer) -> None:
    signed, shown = browsed(sandbox)
    assert shown[0].startswith(f"To sign in, open {sandbox.url}/{sandbox.sandbox.tenant.id}/oauth2/v2.0/authorize?")
    assert "code_challenge_method=S256" in shown[0]
    assert "prompt=select_account" in shown[0]
    assert signed.actor() is not None
    assert names_of_users(sandbox, signed) == len(sandbox.sandbox.tenant.people)


def test_a_person_is_asked_for_each_permission_and_never_for_default(asking: SandboxServer) -> None:
    signed, shown = browsed(asking)
    asked = httpx.URL(shown[0].removeprefix("To sign in, open ")).params["scope"].split()
    names = [scope.rsplit("/", 1)[1] for scope in asked if "://" in scope]
    assert sorted(names) == sorted(READ_SET)
    assert {scope for scope in asked if "://" not in scope} == {"openid", "profile", "offline_access"}
    permissions = signed.permissions()
    assert permissions is not None
    assert set(permissions.scopes) == set(READ_SET)


def test_a_writing_verb_asks_for_its_permission_on_top(asking: SandboxServer) -> None:
    browsed(asking)
    asks = (*READ_SET, "Policy.ReadWrite.AuthenticationMethod")
    signed, _ = browsed(asking, asks=asks)
    assert signed.grants("Policy.ReadWrite.AuthenticationMethod")


def test_what_needs_an_administrator_is_a_link_for_one(asking: SandboxServer) -> None:
    with pytest.raises(SignInFailed, match="AADSTS90094") as caught:
        browsed(asking, "alma.berg@contoso.example")
    (link,) = [word for word in caught.value.hint.split() if word.startswith("https://")]
    assert "Cloud Application Administrator" in caught.value.hint
    with httpx.Client(verify=trusting(asking), trust_env=False) as client:
        answer = client.get(link)
    assert "admin_consent=True" in answer.headers["location"]
    signed, _ = browsed(
        asking, "alma.berg@contoso.example"
    )  # who may now sign in, since it was agreed to for everybody
    assert signed.grants("Policy.Read.All")


def test_a_declined_consent_is_told(sandbox: SandboxServer) -> None:
    with pytest.raises(SignInFailed, match="AADSTS65004"):
        browsed(sandbox, deny=True)


def trusting(server: SandboxServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.ca_bundle))


def entering(server: SandboxServer, shown: list[str]) -> Any:
    """Return a prompt that does what it asks for, as a person with a second device would."""

    def prompt(sentence: str) -> None:
        shown.append(sentence)
        code = sentence.rsplit(" ", 1)[1].rstrip(".")
        entered = {"code": code, "user": ADMIN}
        httpx.post(f"{server.url}/devicelogin", data=entered, verify=trusting(server), trust_env=False)

    return prompt


def test_a_device_code_is_used_when_it_is_asked_for(sandbox: SandboxServer) -> None:
    shown: list[str] = []
    signed = sign_in(connection_to(sandbox, WAY.DEVICE_CODE), prompt=entering(sandbox, shown))
    assert len(shown) == 1
    assert names_of_users(sandbox, signed) == len(sandbox.sandbox.tenant.people)


def test_a_blocked_device_code_is_told_as_what_it_is(sandbox: SandboxServer) -> None:
    loaded(sandbox, "*/oauth2/v2.0/token", 53003)
    with pytest.raises(SignInFailed, match=DEVICE_CODE_BLOCKED) as caught:
        sign_in(connection_to(sandbox, WAY.DEVICE_CODE), prompt=entering(sandbox, []))
    assert "--sign-in browser" in caught.value.hint


def test_a_token_is_renewed_in_silence(sandbox: SandboxServer) -> None:
    signed, shown = browsed(sandbox)
    signed.credential.refused()
    assert names_of_users(sandbox, signed) > 0
    assert len(shown) == 1


def test_nobody_is_asked_in_mid_run(sandbox: SandboxServer) -> None:
    signed, shown = browsed(sandbox)
    loaded(sandbox, "*/oauth2/v2.0/token", 50076)
    signed.credential.refused()
    with pytest.raises(SignInFailed, match="without a person") as caught:
        names_of_users(sandbox, signed)
    assert len(shown) == 1
    assert "Run the same command again" in caught.value.hint


# --- auto ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("system", "release", "environ", "opens"),
    [
        ("win32", "11", {}, True),
        ("darwin", "25.1", {}, True),
        ("linux", "5.15-microsoft-standard-WSL2", {}, True),
        ("linux", "6.8", {"DISPLAY": ":0"}, True),
        ("linux", "6.8", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", "6.8", {"DISPLAY": ""}, False),
        ("linux", "6.8", {}, False),
    ],
)
def test_a_browser_is_expected_only_where_a_window_can_open(
    system: str, release: str, environ: dict[str, str], opens: bool
) -> None:
    assert can_open(system, release, environ) is opens


def test_auto_is_the_browser_or_nothing(sandbox: SandboxServer) -> None:
    assert resolved(WAY.AUTO, can_open=lambda: True) is WAY.BROWSER
    assert resolved(WAY.CERTIFICATE, can_open=lambda: False) is WAY.CERTIFICATE
    with pytest.raises(SignInFailed) as caught:
        resolved(WAY.AUTO, can_open=lambda: False)
    for named in WAY:
        assert named.value in caught.value.hint or named in (WAY.AUTO, WAY.AZURE_CLI)


def test_auto_asks_the_browser_of_this_machine(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    assert sandbox.ca_bundle is not None
    browser = ScriptedBrowser(sandbox.ca_bundle, ADMIN)
    signed = sign_in(connection_to(sandbox, WAY.AUTO), prompt=lambda _: None, browse=browser)
    browser.close()
    assert signed.auth is WAY.BROWSER


# --- applications ----------------------------------------------------------------------------------------------------


def as_application(server: SandboxServer, auth: SignInMethod, **options: Any) -> SignedIn:
    server.sandbox.sign_in.grants.setdefault(CLIENT, frozenset(READ_SET))
    return sign_in(connection_to(server, auth, **{"client_id": CLIENT, **options}), prompt=print)


def key_and_certificate(folder: Path) -> Path:
    issued = trustme.CA().issue_cert("app.contoso.example", key_type=trustme.KeyType.RSA)
    pem = folder / "app.pem"
    issued.private_key_pem.write_to_path(str(pem))
    issued.cert_chain_pems[0].write_to_path(str(pem), append=True)
    return pem


def test_a_certificate_in_either_format_signs_an_application_in(sandbox: SandboxServer, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key
    from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
    from cryptography.x509 import load_pem_x509_certificate

    pem = key_and_certificate(tmp_path)
    key, certificate = load_pem_private_key(pem.read_bytes(), None), load_pem_x509_certificate(pem.read_bytes())
    pfx = tmp_path / "app.pfx"
    pfx.write_bytes(serialize_key_and_certificates(b"a", key, certificate, None, BestAvailableEncryption(b"word")))  # type: ignore[arg-type]
    for path, password in ((pem, None), (pfx, "word")):
        signed = as_application(sandbox, WAY.CERTIFICATE, certificate_path=path, certificate_password=password)
        assert names_of_users(sandbox, signed) > 0
    with pytest.raises(UsageProblem, match="cannot be used"):
        as_application(sandbox, WAY.CERTIFICATE, certificate_path=pfx, certificate_password="other")


def test_a_secret_signs_an_application_in(sandbox: SandboxServer) -> None:
    assert names_of_users(sandbox, as_application(sandbox, WAY.CLIENT_SECRET, client_secret="right")) > 0


@pytest.mark.parametrize("own", [True, False])
def test_a_managed_identity_of_a_machine(sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch, own: bool) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", sandbox.url)
    client = system_identity(sandbox.sandbox) if own else CLIENT
    sandbox.sandbox.sign_in.grants[client] = frozenset(READ_SET)
    signed = as_application(sandbox, WAY.MANAGED_IDENTITY, client_id=None if own else CLIENT)
    assert signed.claims["appid"] == client
    assert names_of_users(sandbox, signed) > 0


def test_a_managed_identity_by_its_object_id_and_of_app_service(
    sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.sandbox.sign_in.grants[CLIENT] = frozenset(READ_SET)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", sandbox.url)
    object_id = sandbox.sandbox.tenant.new_id("principal", CLIENT)
    signed = as_application(sandbox, WAY.MANAGED_IDENTITY, client_id=None, object_id=object_id)
    assert signed.claims["appid"] == CLIENT
    with pytest.raises(UsageProblem, match="not by both"):
        as_application(sandbox, WAY.MANAGED_IDENTITY, object_id=object_id)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{sandbox.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", APP_SERVICE_SECRET)
    assert as_application(sandbox, WAY.MANAGED_IDENTITY).claims["appid"] == CLIENT


def assertion() -> str:
    return make_token({"iss": ISSUER, "sub": SUBJECT, "aud": AUDIENCE, "exp": 9e9}, b"of another provider")


def test_a_token_file_of_another_provider(sandbox: SandboxServer, tmp_path: Path) -> None:
    file = tmp_path / "token"
    with pytest.raises(UsageProblem, match=r"There is no file .*token\."):
        as_application(sandbox, WAY.WORKLOAD_IDENTITY, token_file=file)
    file.write_text(assertion(), encoding="utf-8")
    with pytest.raises(SignInFailed, match="AADSTS700021") as caught:
        as_application(sandbox, WAY.WORKLOAD_IDENTITY, token_file=file)
    assert caught.value.hint.endswith("code=700021")
    sandbox.sandbox.sign_in.proofs.federate({"appId": CLIENT, "issuer": ISSUER, "subject": SUBJECT})
    assert names_of_users(sandbox, as_application(sandbox, WAY.WORKLOAD_IDENTITY, token_file=file)) > 0


@pytest.fixture
def job() -> Iterator[tuple[str, list[str]]]:
    """Serve what gives a job of GitHub Actions its token; yield its address and whatever was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            good = self.headers.get("Authorization") == "Bearer job"
            body = json.dumps({"value": assertion()} if good else {}).encode()
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/token?api-version=2.0", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_job_of_github(sandbox: SandboxServer, job: tuple[str, list[str]]) -> None:
    url, asked = job
    sandbox.sandbox.sign_in.proofs.federate({"appId": CLIENT, "issuer": ISSUER, "subject": SUBJECT})
    signed = as_application(sandbox, WAY.GITHUB, job_token_url=url, job_token_secret="job")
    assert httpx.URL(f"http://x{asked[0]}").params["audience"] == AUDIENCE
    assert names_of_users(sandbox, signed) > 0
    with pytest.raises(SignInFailed, match="token of the job"):
        as_application(sandbox, WAY.GITHUB, job_token_url=url, job_token_secret="other")
    with pytest.raises(UsageProblem, match="no job of GitHub"):
        as_application(sandbox, WAY.GITHUB)


# --- the Azure CLI ---------------------------------------------------------------------------------------------------


def az(folder: Path, token: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program named az on the path that answers as the Azure CLI does, and notes how it was called."""
    said = json.dumps({"accessToken": token, "expires_on": 2**33, "tokenType": "Bearer"})
    program = folder / "az"
    program.write_text(f"#!/bin/sh\necho \"$@\" >> '{folder}/calls'\ncat <<'END'\n{said}\nEND\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "calls"


def test_az_serves_applications_and_is_never_asked_with_claims(
    sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = str(asyncio.run(as_application(sandbox, WAY.CLIENT_SECRET, client_secret="x").credential.get_token()).token)
    calls = az(tmp_path, token, monkeypatch)
    signed = sign_in(connection_to(sandbox, WAY.AZURE_CLI), prompt=print)
    signed.credential.refused()
    assert names_of_users(sandbox, signed) > 0
    lines = calls.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2, "the refused token was asked for again"
    assert all("claims" not in line and line.startswith("account get-access-token") for line in lines)


def test_az_as_a_person_is_told_the_truth(
    sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.sandbox.sign_in.grants[CLIENT] = frozenset({"User.Read.All"})
    signed, _ = browsed(sandbox, client_id=CLIENT, asks=("User.Read.All",))
    az(tmp_path, str(asyncio.run(signed.credential.get_token()).token), monkeypatch)
    with pytest.raises(SignInFailed, match="as a person") as caught:
        sign_in(connection_to(sandbox, WAY.AZURE_CLI), prompt=print)
    assert "--service-principal" in caught.value.hint


def test_az_gets_a_minute() -> None:
    made = credential_for(Connection(auth=WAY.AZURE_CLI), print)
    assert made._process_timeout == 60  # type: ignore[attr-defined]


# --- the encrypted cache ---------------------------------------------------------------------------------------------


def test_tokens_are_kept_encrypted_or_not_at_all(
    sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    problem = None
    try:
        as_application(sandbox, WAY.CLIENT_SECRET, client_secret="right", keeps_cache=True)
    except UsageProblem as refused:  # as on a machine without a desktop session; elsewhere the token is kept encrypted
        problem = refused
    assert problem is None or "in plain text they never are" in problem.what
    assert problem is None or "`cache`" in problem.hint
    assert problem is None or "allow_unencrypted" not in problem.what, "the library's advice is to write plain text"
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and b"eyJ" in path.read_bytes()]
    assert kept == [], "a token lies in plain text"


@pytest.fixture
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let this machine encrypt: what libsecret would keep is kept here, encrypted, under the same names.

    A desktop session with a keyring cannot be had in a test; everything above it is azure-identity's and msal's own.
    """
    import msal_extensions
    from cryptography.fernet import Fernet

    key = Fernet(Fernet.generate_key())

    class Keyring(msal_extensions.FilePersistence):  # type: ignore[misc]
        is_encrypted = True

        def __init__(self, location: str, *_: object, **__: object) -> None:
            super().__init__(location)

        def save(self, content: str) -> None:
            super().save(key.encrypt(content.encode()).decode())

        def load(self) -> str:
            return key.decrypt(super().load().encode()).decode()

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(msal_extensions, "LibsecretPersistence", Keyring)
    return tmp_path


def test_where_the_platform_encrypts_a_person_is_asked_once_and_no_token_is_readable(
    sandbox: SandboxServer, keyring: Path
) -> None:
    first, shown = browsed(sandbox, keeps_cache=True)
    assert len(shown) == 1
    assert names_of_users(sandbox, first) > 0
    second, again = browsed(sandbox, keeps_cache=True)
    assert again == [], "the second command asks nobody"
    assert second.actor() == first.actor()
    assert names_of_users(sandbox, second) > 0
    kept = {path.name: path.read_bytes() for path in keyring.rglob("*") if path.is_file()}
    assert any(name.startswith(("mfa-migrate.cae", "mfa-migrate.nocae")) for name in kept), kept.keys()
    for name, content in kept.items():
        assert not TOKEN.search(content), f"{name} holds a token in plain text"
        assert b"refresh_token" not in content, name


def test_a_cache_that_was_taken_away_asks_once_more(sandbox: SandboxServer, keyring: Path) -> None:
    browsed(sandbox, keeps_cache=True)
    for path in keyring.rglob("mfa-migrate.*"):
        path.unlink()
    _, again = browsed(sandbox, keeps_cache=True)
    assert len(again) == 1


def test_an_application_keeps_its_token_encrypted_too(sandbox: SandboxServer, keyring: Path) -> None:
    as_application(sandbox, WAY.CLIENT_SECRET, client_secret="right", keeps_cache=True)
    kept = [path.read_bytes() for path in keyring.rglob("mfa-migrate.*") if path.is_file()]
    assert kept
    assert not [content for content in kept if TOKEN.search(content)]


def test_the_note_of_an_account_is_for_its_owner_alone(sandbox: SandboxServer, tmp_path: Path) -> None:
    from azure.identity import AuthenticationRecord

    from migrate.graph.token_cache import note_account

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path))
        connection = connection_to(sandbox, WAY.BROWSER)
        assert account_of(connection) is None
        note_account(connection, AuthenticationRecord("t", CLIENT, "login.example", "h.t", ADMIN))
        assert note_path(connection).stat().st_mode & 0o077 == 0
        found = account_of(connection)
        assert found is not None
        assert found.username == ADMIN
        assert account_of(connection_to(sandbox, WAY.BROWSER, tenant="other.example")) is None
        note_path(connection).write_text("{", encoding="utf-8")
        assert account_of(connection) is None


# --- what is asked first ---------------------------------------------------------------------------------------------


def test_an_unknown_tenant_is_refused_before_anything_else(sandbox: SandboxServer) -> None:
    with pytest.raises(SignInFailed, match="There is no such tenant") as caught:
        as_application(sandbox, WAY.CLIENT_SECRET, client_secret="right", tenant="nowhere.example")
    assert "AADSTS90002" in caught.value.what
    assert "--tenant" in caught.value.hint


@pytest.mark.parametrize(
    ("host", "words", "hint"),
    [
        ("graph.microsoft.us", "is in the cloud usgov", "--cloud usgov"),
        ("dod-graph.microsoft.us", "is in the cloud usgov-dod", "--cloud usgov-dod"),
        ("graph.example", "with Graph at graph.example", "--cloud"),
    ],
)
def test_a_wrong_cloud_is_refused_before_a_token_is_asked_for(tmp_path: Path, host: str, words: str, hint: str) -> None:
    with served(tmp_path, msgraph_host=host) as server:
        with pytest.raises(SignInFailed, match=words) as caught:
            # Had a token been asked for, the service would have refused the secret.
            as_application(server, WAY.CLIENT_SECRET, client_secret="wrong-secret")
        assert hint in caught.value.hint


def test_whoever_named_the_cloud_is_not_told_to_name_it(tmp_path: Path) -> None:
    with served(tmp_path, msgraph_host="graph.microsoft.us") as server:
        with pytest.raises(SignInFailed, match="is in the cloud usgov") as caught:
            as_application(server, WAY.CLIENT_SECRET, client_secret="right", cloud=Cloud.USGOV)
        assert caught.value.hint == "Check --cloud, --tenant and `endpoint` in the configuration."


def test_a_token_of_another_tenant_goes_nowhere(
    sandbox: SandboxServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    az(tmp_path, make_token({"tid": "99999999-0000-4000-8000-000000000001", "idtyp": "app"}, b"k"), monkeypatch)
    with pytest.raises(Guarded, match="this sign-in is for the tenant 99999999"):
        sign_in(connection_to(sandbox, WAY.AZURE_CLI), prompt=print)


def test_the_other_clouds_have_their_own_sign_in_service() -> None:
    for cloud in Cloud:
        connection = Connection(cloud=cloud, tenant="contoso.example", auth=WAY.BROWSER)
        assert connection.login_origin.startswith("https://login.")
        assert {scope.rsplit("/", 1)[0] for scope in connection.scopes} == {connection.origin}


# --- codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_met_through_a_real_credential_with_its_own_sentence(sandbox: SandboxServer, code: int) -> None:
    loaded(sandbox, "*/oauth2/v2.0/token", code)
    with pytest.raises(SignInFailed) as caught:
        as_application(sandbox, WAY.CLIENT_SECRET, client_secret="right")
    assert caught.value.what.startswith(f"{CODES[code].sentence}. Microsoft says: AADSTS{code}: ")
    assert caught.value.hint
    assert "{" not in caught.value.hint


@pytest.mark.parametrize("code", [code for code, meaning in sorted(CODES.items()) if meaning.next is Next.BROWSER])
def test_whoever_signs_in_with_a_browser_is_not_sent_to_one(code: int) -> None:
    hints = [
        refusal_of_sign_in(f"AADSTS{code}: Refused.", Connection(auth=way)).hint
        for way in (WAY.BROWSER, WAY.DEVICE_CODE)
    ]
    assert "--sign-in browser" not in hints[0]
    assert "then run the command again" in hints[0]
    assert "--sign-in browser" in hints[1]


def test_no_two_codes_share_a_sentence() -> None:
    sentences = [meaning.sentence for meaning in CODES.values()]
    assert len(set(sentences)) == len(sentences) == len(CODES)


def test_the_table_has_every_code_of_the_reference(shared: Path) -> None:
    text = (shared / "reference" / "first-contact.md").read_text(encoding="utf-8")
    table = text.split("### 1.3", 1)[1].split("### 1.4", 1)[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    assert {int(code) for row in rows for code in re.findall(r"\b\d{5,7}\b", row)} <= set(CODES)


def test_an_unknown_code_is_shown_as_it_is_with_its_page(sandbox: SandboxServer) -> None:
    loaded(sandbox, "*/oauth2/v2.0/token", 123456)
    with pytest.raises(SignInFailed, match=r"Signing in failed: AADSTS123456: ") as caught:
        as_application(sandbox, WAY.CLIENT_SECRET, client_secret="right")
    assert caught.value.hint == "Its page: https://login.microsoftonline.com/error?code=123456"


def test_the_address_is_all_that_a_terminal_without_browser_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    from migrate.graph.browser import ShownBrowser

    shown: list[str] = []
    assert ShownBrowser(shown.append, None).open("https://login.example/authorize")
    assert shown[0] == "To sign in, open https://login.example/authorize"
    assert "ssh -L 8400:localhost:8400" in shown[1]


@pytest.mark.parametrize(
    ("cloud", "host", "untried"),
    [
        (Cloud.BLEU, "login.sovcloud-identity.fr", True),
        (Cloud.DELOS, "login.sovcloud-identity.de", True),
        (Cloud.GOVSG, "login.sovcloud-identity.sg", True),
        (Cloud.USGOV, "login.microsoftonline.us", False),
    ],
)
def test_a_silent_sign_in_service_is_named_and_an_untried_cloud_called_so(
    monkeypatch: pytest.MonkeyPatch, cloud: Cloud, host: str, *, untried: bool
) -> None:
    def silent(*_: object, **__: object) -> None:
        raise httpx.ConnectError("Name or service not known")

    monkeypatch.setattr(httpx.Client, "get", silent)
    with pytest.raises(Unreachable, match=re.escape(host)) as caught:
        look_up(Connection(cloud=cloud, tenant="contoso.example", auth=WAY.BROWSER))
    assert ("is untried" in caught.value.hint) is untried
