"""Sign-in: tokens of every kind over HTTPS with azure-identity, and what a token lets one do."""

import base64
import datetime
import json
import threading
import time
from pathlib import Path

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import CertificateCredential, ClientSecretCredential, DeviceCodeCredential
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from migrate.sandbox.server import SandboxServer
from migrate.sandbox.tls import made_on_the_fly
from migrate.sandbox.tokens import make_token

APP = "0f0e0d0c-1111-2222-3333-444444444444"
SCOPE = "https://graph.example/.default"
STATE_URL = "/beta/users/alma.berg@contoso.example/authentication/requirements"
OFF = {"perUserMfaState": "disabled"}


def claims(token: str) -> dict:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture
def secure(start, tmp_path: Path) -> SandboxServer:
    """A sandbox over HTTPS that enforces permissions."""
    return start(tls=made_on_the_fly(tmp_path), enforce_permissions=True)


@pytest.fixture
def web(secure: SandboxServer, connect) -> httpx.Client:
    """A plain client that trusts the sandbox's authority and has no token."""
    return connect(secure, None)


def azure(server: SandboxServer) -> dict:
    """What azure-identity needs to sign in here instead of at Microsoft."""
    return {"authority": server.url, "disable_instance_discovery": True, "connection_verify": str(server.ca_bundle)}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_secret_gets_a_token_that_the_service_accepts(secure: SandboxServer, web: httpx.Client) -> None:
    tenant = secure.sandbox.tenant.id
    with ClientSecretCredential(tenant, APP, "right", **azure(secure)) as credential:
        token = credential.get_token(SCOPE).token
    found = claims(token)
    assert (found["tid"], found["appid"], found["aud"], found["idtyp"]) == (tenant, APP, "https://graph.example", "app")
    assert "Policy.Read.All" in found["roles"]
    assert found["oid"]
    assert found["exp"] > found["iat"]
    assert web.get("/v1.0/users", headers=bearer(token)).status_code == 200


def test_a_wrong_secret_is_refused_with_microsofts_number(secure: SandboxServer) -> None:
    with (
        ClientSecretCredential("contoso.example", APP, "wrong-secret", **azure(secure)) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        credential.get_token(SCOPE)


def test_an_unknown_tenant_is_refused(web: httpx.Client) -> None:
    answer = web.get("/fabrikam.example/v2.0/.well-known/openid-configuration")
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


@pytest.mark.parametrize("tenant", ["contoso.example", "organizations", "common"])
def test_a_tenant_is_named_by_domain_or_left_open(web: httpx.Client, secure: SandboxServer, tenant: str) -> None:
    found = web.get(f"/{tenant}/v2.0/.well-known/openid-configuration").json()
    assert found["token_endpoint"] == f"{secure.url}/{tenant}/oauth2/v2.0/token"
    assert web.get("/common/discovery/instance?api-version=1.1&x=y").json()["metadata"][0]["aliases"]


def test_a_certificate_gets_a_token(secure: SandboxServer, tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sandbox client")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today)
        .not_valid_after(today + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "client.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    with CertificateCredential(secure.sandbox.tenant.id, APP, str(pem), **azure(secure)) as credential:
        assert claims(credential.get_token(SCOPE).token)["idtyp"] == "app"


def test_a_device_code_signs_a_person_in(secure: SandboxServer, web: httpx.Client) -> None:
    shown: list[tuple[str, str]] = []

    def show(uri: str, code: str, _: datetime.datetime) -> None:
        shown.append((uri, code))

    def person() -> None:
        while not shown:
            time.sleep(0.02)
        web.post("/devicelogin", data={"code": shown[0][1], "user": "admin@contoso.example"}).raise_for_status()

    helper = threading.Thread(target=person)
    helper.start()
    with DeviceCodeCredential(APP, tenant_id="organizations", prompt_callback=show, **azure(secure)) as credential:
        record = credential.authenticate(scopes=[SCOPE])
        token = credential.get_token(SCOPE).token
    helper.join()
    assert record.username == "admin@contoso.example"
    assert claims(token)["upn"] == "admin@contoso.example"
    assert "Policy.ReadWrite.AuthenticationMethod" in claims(token)["scp"].split()
    me = web.get("/v1.0/me", headers=bearer(token)).json()
    assert me["userPrincipalName"] == "admin@contoso.example"
    assert web.patch(STATE_URL, json=OFF, headers=bearer(token)).status_code == 204


def test_a_device_code_is_pending_then_declined_and_refresh_tokens_work(web: httpx.Client) -> None:
    def begin() -> dict:
        form = {"client_id": APP, "scope": f"{SCOPE} offline_access"}
        return web.post("/organizations/oauth2/v2.0/devicecode", data=form).json()

    def poll(code: dict) -> httpx.Response:
        form = {
            "client_id": APP,
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": code["device_code"],
        }
        return web.post("/organizations/oauth2/v2.0/token", data=form)

    code = begin()
    assert poll(code).json()["error"] == "authorization_pending"
    web.post("/devicelogin", data={"code": code["user_code"], "deny": "1"})
    assert poll(code).json()["error"] == "authorization_declined"
    code = begin()
    assert web.post("/devicelogin", data={"code": code["user_code"], "user": "nobody"}).status_code == 400
    web.post("/devicelogin", data={"code": code["user_code"]}).raise_for_status()
    tokens = poll(code).json()
    form = {"client_id": APP, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "scope": SCOPE}
    again = web.post("/organizations/oauth2/v2.0/token", data=form).json()
    assert claims(again["access_token"])["oid"] == claims(tokens["access_token"])["oid"]
    assert web.post("/organizations/oauth2/v2.0/token", data={**form, "refresh_token": "x.y"}).status_code == 400


def test_a_refresh_token_keeps_its_scope_and_ends_with_the_account(web: httpx.Client) -> None:
    begun = {"client_id": APP, "scope": "offline_access https://graph.example/User.Read"}
    code = web.post("/organizations/oauth2/v2.0/devicecode", data=begun).json()
    web.post("/devicelogin", data={"code": code["user_code"]}).raise_for_status()
    form = {"client_id": APP, "grant_type": "device_code", "device_code": code["device_code"]}
    tokens = web.post("/organizations/oauth2/v2.0/token", data=form).json()
    form = {"client_id": APP, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    again = claims(web.post("/organizations/oauth2/v2.0/token", data=form).json()["access_token"])
    for each in (claims(tokens["access_token"]), again):
        assert (each["scp"], each["aud"]) == ("User.Read", "https://graph.example")
    other = web.post("/organizations/oauth2/v2.0/token", data={**form, "client_id": "another"})
    assert (other.status_code, other.json()["error_codes"]) == (400, [700082])
    web.post("/_sandbox/change", json={"user": again["oid"], "set": {"accountEnabled": False}}).raise_for_status()
    refused = web.post("/organizations/oauth2/v2.0/token", data=form)
    assert (refused.status_code, refused.json()["error_codes"]) == (400, [50057])


def test_an_application_may_name_itself_in_the_header_and_must_name_a_scope(web: httpx.Client) -> None:
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    url = "/contoso.example/oauth2/v2.0/token"
    assert claims(web.post(url, data=form, auth=(APP, "secret")).json()["access_token"])["appid"] == APP
    assert web.post(url, data=form, auth=(APP, "wrong-secret")).status_code == 401
    assert web.post(url, data=form, headers={"Authorization": "Basic ???"}).status_code == 400
    without = {"grant_type": "client_credentials", "client_id": APP, "client_secret": "s"}
    assert "scope" in web.post(url, data=without).json()["error_description"]


def test_no_two_tokens_are_alike_also_within_a_second(secure: SandboxServer, web: httpx.Client) -> None:
    form = {"grant_type": "client_credentials", "scope": SCOPE, "client_id": APP, "client_secret": "s"}
    path = f"/{secure.sandbox.tenant.id}/oauth2/v2.0/token"
    tokens = [web.post(path, data=form).json()["access_token"] for _ in range(20)]
    assert len(set(tokens)) == len({claims(token)["uti"] for token in tokens}) == 20


def test_without_a_token_one_is_told_where_to_sign_in(client: httpx.Client, server: SandboxServer, connect) -> None:
    for headers in ({}, {"Authorization": "Basic x"}, {"Authorization": "Bearer"}):
        answer = connect(server, None).get("/v1.0/users", headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
        assert answer.headers["www-authenticate"].startswith('Bearer realm="", authorization_uri="http://127.0.0.1')


@pytest.mark.parametrize("odd", [{"exp": "soon"}, {"roles": 7}, {"exp": []}, {"roles": {"a": 1}}])
def test_a_token_with_odd_claims_is_refused(client: httpx.Client, odd: dict) -> None:
    answer = client.get("/v1.0/users", headers=bearer(make_token(odd, b"key")))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assertion = make_token({"iss": APP, "sub": APP, **odd}, b"key")
    form = {
        "client_id": APP,
        "grant_type": "client_credentials",
        "scope": SCOPE,
        "client_assertion": assertion,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert client.post("/contoso.example/oauth2/v2.0/token", data=form).status_code == 401


def token_with(web: httpx.Client, *permissions: str) -> str:
    web.post("/_sandbox/grants", json={"appId": APP, "permissions": list(permissions)}).raise_for_status()
    form = {"client_id": APP, "client_secret": "s", "grant_type": "client_credentials", "scope": SCOPE}
    return web.post("/contoso.example/oauth2/v2.0/token", data=form).json()["access_token"]


def test_only_tokens_of_its_own_count_under_enforcement(web: httpx.Client) -> None:
    good = token_with(web, "User.Read.All")
    head, _, signature = good.rpartition(".")
    assert web.get("/v1.0/users", headers=bearer(good)).status_code == 200
    for token in ("constant", f"{head}.{signature[::-1]}"):
        assert web.get("/v1.0/users", headers=bearer(token)).status_code == 401


def test_a_token_expires_with_the_sandbox_clock(web: httpx.Client) -> None:
    token = token_with(web, "User.Read.All")
    web.post("/_sandbox/clock", json={"advance": 3700})
    assert "expired" in web.get("/v1.0/users", headers=bearer(token)).json()["error"]["message"]


@pytest.mark.parametrize(
    ("permissions", "state_read", "state_written", "policies_read", "policy_made"),
    [
        (["User.Read.All"], 403, 403, 403, 403),
        (["Policy.Read.All"], 200, 403, 200, 403),
        (["Policy.ReadWrite.AuthenticationMethod"], 200, 204, 403, 403),
        (["UserAuthenticationMethod.ReadWrite.All"], 403, 403, 403, 403),
        (["Policy.ReadWrite.ConditionalAccess"], 403, 403, 403, 403),
        (["Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"], 200, 403, 200, 400),
    ],
)
def test_each_call_needs_its_own_permissions(
    web: httpx.Client, permissions: list[str], state_read: int, state_written: int, policies_read: int, policy_made: int
) -> None:
    headers = bearer(token_with(web, *permissions))
    policies = "/v1.0/identity/conditionalAccess/policies"
    found = (
        web.get(STATE_URL, headers=headers),
        web.patch(STATE_URL, json=OFF, headers=headers),
        web.get(policies, headers=headers),
        web.post(policies, json={}, headers=headers),
    )
    assert [each.status_code for each in found] == [state_read, state_written, policies_read, policy_made]
    if state_read == 403:
        assert found[0].json()["error"]["code"] == "Authorization_RequestDenied"
    if policy_made == 403:
        assert found[3].json()["error"]["code"] == "AccessDenied"


def test_a_signed_in_person_needs_the_role_besides(web: httpx.Client) -> None:
    def token_of(user: str) -> dict[str, str]:
        code = web.post("/organizations/oauth2/v2.0/devicecode", data={"client_id": APP, "scope": SCOPE}).json()
        web.post("/devicelogin", data={"code": code["user_code"], "user": user}).raise_for_status()
        form = {"client_id": APP, "grant_type": "device_code", "device_code": code["device_code"]}
        return bearer(web.post("/organizations/oauth2/v2.0/token", data=form).json()["access_token"])

    statuses = [
        web.patch(STATE_URL, json=OFF, headers=token_of(f"{name}@contoso.example")).status_code
        for name in ("alma.berg", "lara.quinn", "admin")
    ]
    assert statuses == [403, 204, 204]
    alma, admin = (token_of(f"{name}@contoso.example") for name in ("alma.berg", "admin"))
    for path in (
        STATE_URL,
        "/v1.0/users/alma.berg@contoso.example/authentication/methods",
        "/v1.0/reports/authenticationMethods/userRegistrationDetails",
        "/v1.0/identity/conditionalAccess/policies",
        "/v1.0/identity/conditionalAccess/namedLocations",
    ):
        assert [web.get(path, headers=each).status_code for each in (alma, admin)] == [403, 200], path
    assert web.get("/beta/me/authentication/requirements", headers=alma).status_code == 200
    defaults = "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy"
    for who, status in ((alma, 403), (admin, 204)):
        assert web.patch(defaults, json={"isEnabled": False}, headers=who).status_code == status


def test_an_application_may_be_kept_from_changing_privileged_users(start, connect) -> None:
    server = start(app_only_privileged_state=False)
    client = connect(server)
    headers = bearer(token_with(client, "Policy.ReadWrite.AuthenticationMethod"))
    assert client.patch(STATE_URL.replace("alma.berg", "lara.quinn"), json=OFF, headers=headers).status_code == 403
    assert client.patch(STATE_URL, json=OFF, headers=headers).status_code == 204


def test_an_application_has_no_me(client: httpx.Client) -> None:
    answer = client.get("/v1.0/me", headers=bearer(token_with(client, "User.Read.All")))
    assert (answer.status_code, "delegated" in answer.json()["error"]["message"]) == (400, True)


def test_the_permissions_for_reading_are_enough_for_all_that_a_plan_rests_on(
    web: httpx.Client, secure: SandboxServer
) -> None:
    permissions = (
        "User.Read.All",
        "Policy.Read.All",
        "GroupMember.Read.All",
        "RoleManagement.Read.Directory",
        "PrivilegedEligibilitySchedule.Read.AzureADGroup",
        "AuditLog.Read.All",
        "Organization.Read.All",
        "LicenseAssignment.Read.All",
    )
    headers = bearer(token_with(web, *permissions))
    group = next(iter(secure.sandbox.tenant.groups)).id
    for path in (
        "v1.0/organization",
        "v1.0/users",
        "beta/users/alma.berg@contoso.example/authentication/requirements",
        "v1.0/reports/authenticationMethods/userRegistrationDetails",
        "v1.0/identity/conditionalAccess/policies",
        "v1.0/identity/conditionalAccess/namedLocations",
        "v1.0/policies/authenticationStrengthPolicies",
        "v1.0/policies/identitySecurityDefaultsEnforcementPolicy",
        "v1.0/subscribedSkus",
        f"v1.0/groups/{group}",
        f"v1.0/groups/{group}/transitiveMembers/microsoft.graph.user",
        "v1.0/roleManagement/directory/roleDefinitions",
        "v1.0/roleManagement/directory/roleAssignments",
        "v1.0/roleManagement/directory/roleEligibilitySchedules",
        f"v1.0/identityGovernance/privilegedAccess/group/eligibilitySchedules?$filter=groupId eq '{group}'",
    ):
        assert web.get(f"/{path}", headers=headers).status_code == 200, path
    for path in ("v1.0/users/alma.berg@contoso.example/authentication/methods", "v1.0/auditLogs/signIns"):
        assert web.get(f"/{path}", headers=headers).status_code == 403, path
