"""The first contact with a tenant: browser, consent, managed identities, federation, partners, roles, and refusals."""

import base64
import hashlib
import html
import json
import re
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AuthenticationRequiredError,
    ClientAssertionCredential,
    ClientSecretCredential,
    InteractiveBrowserCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from migrate.sandbox.managed_identity import APP_SERVICE_SECRET, system_identity
from migrate.sandbox.roles import AUTHENTICATION_POLICY_ADMINISTRATOR, GLOBAL_ADMINISTRATOR, eligibility
from migrate.sandbox.server import SandboxServer
from migrate.sandbox.sign_in_errors import CODES, ON_A_PAGE
from migrate.sandbox.sign_in_people import MEMBER_ROLE
from migrate.sandbox.tenant_file import tenant_of
from migrate.sandbox.tls import made_on_the_fly
from migrate.sandbox.token_answers import APPLICATION_ROLE
from migrate.sandbox.tokens import make_token

APP = "0f0e0d0c-1111-2222-3333-444444444444"
GRAPH = "https://graph.example"
READ, WRITE = f"{GRAPH}/User.Read.All", f"{GRAPH}/Policy.ReadWrite.AuthenticationMethod"
TENANT, TOKEN = "contoso.example", "/contoso.example/oauth2/v2.0/token"
STATE_URL = "/beta/users/alma.berg@contoso.example/authentication/requirements"
WAITING = "http://localhost:8400"
VERIFIER = "a" * 43
Start, Connect = Callable[..., SandboxServer], Callable[..., httpx.Client]


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def asked(**more: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    given = {
        "client_id": APP,
        "response_type": "code",
        "redirect_uri": WAITING,
        "scope": READ,
        "state": "s1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **more,
    }
    return f"/{TENANT}/oauth2/v2.0/authorize?{urlencode(given)}"


def sent_back(web: httpx.Client, **more: str) -> dict[str, str]:
    """What the client hears at its loopback address."""
    answer = web.get(asked(**more))
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(f"{WAITING}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["location"]).query).items()}


def redeemed(web: httpx.Client, code: str, **more: str) -> httpx.Response:
    form = {
        "client_id": APP,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": WAITING,
        "code_verifier": VERIFIER,
        **more,
    }
    return web.post(TOKEN, data=form)


def signed_in(web: httpx.Client, user: str, **more: str) -> dict[str, Any]:
    answer = redeemed(web, sent_back(web, login_hint=user, **more)["code"])
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def web(start: Start, connect: Connect) -> httpx.Client:
    """A client without a token of a sandbox that enforces permissions."""
    return connect(start(enforce_permissions=True), None)


@pytest.fixture
def asking(start: Start, connect: Connect) -> httpx.Client:
    """The same, and nothing has been consented to."""
    return connect(start(enforce_permissions=True, consent="asked"), None)


# --- the browser -----------------------------------------------------------------------------------------------------


def test_a_browser_credential_runs_whole_with_a_scripted_browser(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(tls=made_on_the_fly(tmp_path), enforce_permissions=True, consent="asked")
    trust = str(server.ca_bundle)
    threads: list[threading.Thread] = []

    def browse(address: str) -> None:
        import ssl

        with httpx.Client(verify=ssl.create_default_context(cafile=trust)) as browser:
            page = browser.get(address).text
            (target,) = re.findall(r'action="([^"]+)"', page)
            fields = {name: html.unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page)}
            assert "Authentication complete" in browser.post(html.unescape(target), data=fields).text

    def open_page(address: str, *_: object, **__: object) -> bool:
        threads.append(threading.Thread(target=browse, args=(address,)))
        threads[-1].start()
        return True

    monkeypatch.setattr(webbrowser, "open", open_page)
    with InteractiveBrowserCredential(
        tenant_id=server.sandbox.tenant.id,
        client_id=APP,
        login_hint="admin@contoso.example",
        authority=server.url,
        disable_instance_discovery=True,
        connection_verify=trust,
        disable_automatic_authentication=True,
    ) as credential:
        with pytest.raises(AuthenticationRequiredError):
            credential.get_token(READ)
        record = credential.authenticate(scopes=[READ])
        token = credential.get_token(READ).token
        with pytest.raises(AuthenticationRequiredError):  # not consented to: only a person can
            credential.get_token(WRITE)
        credential.authenticate(scopes=[WRITE])
        wider = credential.get_token(WRITE).token
    for thread in threads:
        thread.join()
    assert record.username == "admin@contoso.example"
    assert (claims(token)["scp"], claims(token)["appidacr"]) == ("User.Read.All", "0")
    assert claims(wider)["scp"].split() == ["Policy.ReadWrite.AuthenticationMethod", "User.Read.All"]
    assert len(threads) == 2


def test_a_code_is_good_once_for_its_client_verifier_and_redirect(web: httpx.Client) -> None:
    heard = sent_back(web)
    assert heard["state"] == "s1"
    wrong = [{"code_verifier": "b" * 43}, {"client_id": "another"}, {"redirect_uri": "http://localhost:1"}]
    assert [redeemed(web, heard["code"], **each).json()["error_codes"] for each in wrong] == [
        [501481],
        [70000],
        [70000],
    ]
    assert claims(redeemed(web, heard["code"]).json()["access_token"])["scp"] == "User.Read.All"
    assert redeemed(web, heard["code"]).json()["error_codes"] == [54005]
    late = sent_back(web)["code"]
    web.post("/_sandbox/clock", json={"advance": 601})
    assert redeemed(web, late).json()["error_codes"] == [70008]


def test_the_id_token_holds_the_nonce_and_the_access_token_its_capability(web: httpx.Client) -> None:
    code = sent_back(web, nonce="n1", code_challenge=VERIFIER, code_challenge_method="plain")["code"]
    request = json.dumps({"access_token": {"xms_cc": {"values": ["CP1"]}}})
    tokens = redeemed(web, code, claims=request).json()
    assert claims(tokens["id_token"])["nonce"] == "n1"
    assert claims(tokens["access_token"])["xms_cc"] == ["CP1"]
    assert "xms_cc" not in claims(signed_in(web, "admin@contoso.example")["access_token"])


def test_codes_lead_to_loopback_only_and_nobody_unknown_signs_in(web: httpx.Client) -> None:
    for redirect in (
        "https://evil.example",
        "http://localhost.evil.example:8400",
        "http://localhost@evil.example",
        "http://[::",
        "http://localhost:8400/\r\nX-More: 1",
        "http://localhost:8400/\u2028",
        "javascript://localhost/%0aalert(1)",
    ):
        consent = {"client_id": APP, "scope": READ, "redirect_uri": redirect}
        for page in (
            web.get(asked(redirect_uri=redirect)),
            web.get(f"/{TENANT}/v2.0/adminconsent?{urlencode(consent)}"),
        ):
            assert (page.status_code, "AADSTS50011" in page.text) == (400, True), redirect
            assert "location" not in page.headers
    assert web.get(asked(redirect_uri="")).status_code == 400
    assert sent_back(web, login_hint="nobody")["error_description"].startswith("AADSTS50034")
    assert sent_back(web, login_hint="gil.marsh@contoso.example")["error_description"].startswith("AADSTS50057")
    assert sent_back(web, deny="1")["error"] == "access_denied"
    assert web.get(asked(response_type="token")).status_code == 302
    fragment = web.get(asked(response_mode="fragment")).headers["location"]
    assert fragment.startswith(f"{WAITING}#code=")


def test_what_stands_in_a_request_is_shown_as_text(web: httpx.Client) -> None:
    page = web.get(asked(response_mode="form_post", state='"><script>alert(1)</script>')).text
    assert "<script>" not in page


# --- consent ---------------------------------------------------------------------------------------------------------


def test_nothing_is_held_that_was_not_agreed_to(asking: httpx.Client) -> None:
    tokens = signed_in(asking, "admin@contoso.example")
    form = {"client_id": APP, "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    silent = asking.post(TOKEN, data={**form, "scope": WRITE})
    assert (silent.status_code, silent.json()["error_codes"]) == (400, [65001])
    assert silent.json()["suberror"] == "consent_required"
    assert asking.post(TOKEN, data={**form, "scope": f"{GRAPH}/.default"}).status_code == 200
    assert [each["scopes"] for each in asking.get("/_sandbox/consents").json()["value"]] == [["User.Read.All"]]
    asking.post("/_sandbox/reset", json={})
    assert asking.get("/_sandbox/consents").json()["value"] == []


def test_who_may_not_consent_is_told_so_until_an_administrator_has(asking: httpx.Client) -> None:
    alma = "alma.berg@contoso.example"
    assert sent_back(asking, login_hint=alma)["error_description"].startswith("AADSTS90094")
    own = signed_in(asking, alma, scope=f"openid {GRAPH}/User.Read")
    assert claims(own["access_token"])["scp"] == "User.Read"
    link = f"/{TENANT}/v2.0/adminconsent?" + urlencode({"client_id": APP, "scope": READ, "redirect_uri": WAITING})
    assert "AADSTS90094" in asking.get(f"{link}&user={alma}").text
    assert "AADSTS65004" in asking.get(f"{link}&deny=1").text
    assert "admin_consent=True" in asking.get(link).headers["location"]
    token = signed_in(asking, alma)["access_token"]
    assert claims(token)["scp"].split() == ["User.Read", "User.Read.All"]  # whatever was ever agreed to
    assert asking.get("/v1.0/users?$top=1", headers=bearer(token)).status_code == 200


def test_a_device_code_is_not_confirmed_by_who_may_not_consent(asking: httpx.Client) -> None:
    form = {"client_id": APP, "scope": READ}
    code = asking.post(f"/{TENANT}/oauth2/v2.0/devicecode", data=form).json()
    entered = {"code": code["user_code"], "user": "alma.berg@contoso.example"}
    assert asking.post("/devicelogin", data=entered).json()["error_codes"] == [90094]
    poll = {"client_id": APP, "grant_type": "device_code", "device_code": code["device_code"]}
    assert asking.post(TOKEN, data=poll).json()["error"] == "authorization_pending"


def test_an_application_has_no_permission_until_it_is_granted(asking: httpx.Client) -> None:
    form = {"client_id": APP, "client_secret": "s", "grant_type": "client_credentials", "scope": f"{GRAPH}/.default"}
    before = claims(asking.post(TOKEN, data=form).json()["access_token"])
    assert "roles" not in before
    assert before["wids"] == [APPLICATION_ROLE]
    assert "AADSTS90094" in asking.get(f"/{TENANT}/adminconsent?client_id={APP}&user=lara.quinn@contoso.example").text
    asking.get(f"/{TENANT}/adminconsent?client_id={APP}")
    assert "User.Read.All" in claims(asking.post(TOKEN, data=form).json()["access_token"])["roles"]
    surplus = ["User.Read.All", "Directory.AccessAsUser.All", "UserAuthenticationMethod.ReadWrite.All"]
    asking.post("/_sandbox/grants", json={"appId": APP, "permissions": surplus}).raise_for_status()
    assert claims(asking.post(TOKEN, data=form).json()["access_token"])["roles"] == sorted(surplus)


def test_scopes_may_be_agreed_to_beforehand(asking: httpx.Client) -> None:
    given = {"appId": APP, "scopes": ["User.Read.All"], "user": "alma.berg@contoso.example"}
    asking.post("/_sandbox/consents", json=given).raise_for_status()
    assert claims(signed_in(asking, "alma.berg@contoso.example")["access_token"])["scp"] == "User.Read.All"
    assert asking.post("/_sandbox/consents", json={**given, "user": "nobody"}).status_code == 400
    assert asking.post("/_sandbox/consents", json={"appId": APP}).status_code == 400


# --- applications without a secret -----------------------------------------------------------------------------------


def test_a_virtual_machines_identity(start: Start, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start(enforce_permissions=True)
    mine = system_identity(server.sandbox)
    server.sandbox.sign_in.grants[mine] = frozenset({"User.Read.All"})
    server.sandbox.sign_in.grants[APP] = frozenset({"Policy.Read.All"})
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", server.url)
    with ManagedIdentityCredential() as credential:
        found = credential.get_token(f"{GRAPH}/.default")
    token = claims(found.token)
    assert (token["appid"], token["roles"], token["aud"]) == (mine, ["User.Read.All"], GRAPH)
    assert token["exp"] - token["iat"] > 86_000
    assert connect(server, found.token).get("/v1.0/users?$top=1").status_code == 200
    with ManagedIdentityCredential(client_id=APP) as credential:
        assert claims(credential.get_token(f"{GRAPH}/.default").token)["roles"] == ["Policy.Read.All"]
    object_id = server.sandbox.tenant.new_id("principal", APP)
    with ManagedIdentityCredential(identity_config={"object_id": object_id}) as credential:
        assert claims(credential.get_token(f"{GRAPH}/.default").token)["appid"] == APP
    with (
        ManagedIdentityCredential(client_id="nobody") as credential,
        pytest.raises(ClientAuthenticationError, match="Identity not found"),
    ):
        credential.get_token(f"{GRAPH}/.default")


def test_an_identity_of_app_service(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    server = start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{server.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", APP_SERVICE_SECRET)
    with ManagedIdentityCredential() as credential:
        assert claims(credential.get_token(f"{GRAPH}/.default").token)["appid"] == system_identity(server.sandbox)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x", {}, 400),
        ("/metadata/identity/oauth2/token?api-version=2018-02-01", {"Metadata": "true"}, 400),
        ("/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x", {"Metadata": "True"}, 200),
        ("/msi/token?api-version=2019-08-01&resource=x", {}, 401),
        ("/msi/token?api-version=2019-08-01&resource=x", {"X-IDENTITY-HEADER": "guessed"}, 401),
        ("/msi/token?resource=x", {"X-IDENTITY-HEADER": APP_SERVICE_SECRET}, 400),
    ],
)
def test_identities_are_asked_for_as_azure_wants_it(
    client: httpx.Client, path: str, headers: dict[str, str], status: int
) -> None:
    assert client.get(path, headers=headers).status_code == status


ISSUER, SUBJECT = "https://issuer.example", "repo:contoso/tools:ref:refs/heads/main"


def assertion(**more: object) -> str:
    good = {"iss": ISSUER, "sub": SUBJECT, "aud": "api://AzureADTokenExchange", "exp": 9e9}
    return make_token({**good, **more}, b"of another provider")


def test_another_providers_assertion_is_taken_where_it_is_trusted(
    start: Start, connect: Connect, tmp_path: Path
) -> None:
    server = start(tls=made_on_the_fly(tmp_path))
    web = connect(server, None)
    azure: dict[str, Any] = {
        "authority": server.url,
        "disable_instance_discovery": True,
        "connection_verify": str(server.ca_bundle),
    }

    def refusal(**more: object) -> int:
        with (
            ClientAssertionCredential(TENANT, APP, lambda: assertion(**more), **azure) as credential,
            pytest.raises(ClientAuthenticationError) as refused,
        ):
            credential.get_token(f"{GRAPH}/.default")
        return int(str(refused.value).split("AADSTS")[1].split(":")[0])

    assert refusal() == 700021
    trusted = {"appId": APP, "issuer": ISSUER, "subject": SUBJECT}
    web.post("/_sandbox/federation", json=trusted).raise_for_status()
    assert web.post("/_sandbox/federation", json={"appId": APP}).status_code == 400
    wrong = ({"iss": "https://other.example"}, {"sub": "repo:x"}, {"aud": "api://other"}, {"exp": 1})
    assert [refusal(**each) for each in wrong] == [700211, 700213, 700212, 700024]
    with ClientAssertionCredential(TENANT, APP, assertion, **azure) as credential:
        assert claims(credential.get_token(f"{GRAPH}/.default").token)["appidacr"] == "2"
    file = tmp_path / "token"
    file.write_text(assertion(aud=["api://AzureADTokenExchange"]), encoding="utf-8")
    with WorkloadIdentityCredential(tenant_id=TENANT, client_id=APP, token_file_path=str(file), **azure) as credential:
        assert claims(credential.get_token(f"{GRAPH}/.default").token)["idtyp"] == "app"


# --- partners and roles ----------------------------------------------------------------------------------------------


def test_a_partners_operator_acts_without_being_a_user(web: httpx.Client) -> None:
    home = "99999999-1111-2222-3333-444444444444"
    partner = {"user": "op@partner.example", "homeTenantId": home, "roles": [AUTHENTICATION_POLICY_ADMINISTRATOR]}
    web.post("/_sandbox/partners", json=partner).raise_for_status()
    token = signed_in(web, "op@partner.example", scope=f"{GRAPH}/.default")["access_token"]
    found = claims(token)
    assert (found["idp"], found["wids"]) == (
        f"https://sts.windows.net/{home}/",
        [AUTHENTICATION_POLICY_ADMINISTRATOR, MEMBER_ROLE],
    )
    assert (found["upn"], found["tid"] != home) == ("op@partner.example", True)
    headers = bearer(token)
    assert web.get("/v1.0/me", headers=headers).status_code == 404
    assert web.get(f"/v1.0/users/{found['oid']}", headers=headers).status_code == 404
    assert web.patch(STATE_URL, json={"perUserMfaState": "disabled"}, headers=headers).status_code == 204
    assert web.get("/v1.0/identity/conditionalAccess/policies", headers=headers).status_code == 403
    assert web.post("/_sandbox/partners", json={"user": "x"}).status_code == 400
    assert "idp" not in claims(signed_in(web, "admin@contoso.example")["access_token"])


def test_an_eligible_role_counts_once_it_is_activated(start: Start, connect: Connect) -> None:
    server = start(enforce_permissions=True)
    web, tenant = connect(server, None), server.sandbox.tenant
    alma = tenant.people.user_id(2)
    tenant.roles.eligibility.append(eligibility(alma, AUTHENTICATION_POLICY_ADMINISTRATOR, "2026-01-01T00:00:00Z"))
    name = "alma.berg@contoso.example"

    def headers() -> dict[str, str]:
        return bearer(signed_in(web, name, scope=f"{GRAPH}/.default")["access_token"])

    def wids() -> list[str]:
        found: list[str] = claims(headers()["Authorization"])["wids"]
        return found

    mine = "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances/filterByCurrentUser(on='principal')"
    (found,) = web.get(mine, headers=headers()).json()["value"]
    assert found["roleDefinitionId"] == AUTHENTICATION_POLICY_ADMINISTRATOR
    off = {"perUserMfaState": "disabled"}
    assert (wids(), web.patch(STATE_URL, json=off, headers=headers()).status_code) == ([MEMBER_ROLE], 403)
    role = {"user": name, "assign": AUTHENTICATION_POLICY_ADMINISTRATOR}
    web.post("/_sandbox/change", json=role).raise_for_status()
    assert wids() == [AUTHENTICATION_POLICY_ADMINISTRATOR, MEMBER_ROLE]
    assert web.patch(STATE_URL, json=off, headers=headers()).status_code == 204
    web.post("/_sandbox/change", json={"user": name, "unassign": role["assign"]}).raise_for_status()
    assert web.patch(STATE_URL, json=off, headers=headers()).status_code == 403


def test_a_role_for_one_unit_is_not_in_the_token(start: Start, connect: Connect) -> None:
    server = start()
    tenant = server.sandbox.tenant
    scoped = {"principalId": tenant.people.user_id(2), "directoryScopeId": "/administrativeUnits/u"}
    tenant.roles.assignments.append({**scoped, "id": "a", "roleDefinitionId": GLOBAL_ADMINISTRATOR})
    token = signed_in(connect(server, None), "alma.berg@contoso.example")["access_token"]
    assert claims(token)["wids"] == [MEMBER_ROLE]


REFUSALS = (
    ("/v1.0/identity/conditionalAccess/policies", "AccessDenied", "scopes are missing", "AccessDenied", "roles is"),
    ("/v1.0/policies/authenticationStrengthPolicies", "accessDenied", "Authorization failed", None, ""),
    (
        "/v1.0/reports/authenticationMethods/userRegistrationDetails",
        "Authentication_MSGraphPermissionMissing",
        "AuditLog.Read.All",
        "Authentication_RequestFromUnsupportedUserRole",
        "allowed roles",
    ),
    ("/v1.0/roleManagement/directory/roleDefinitions", "UnknownError", "PermissionScopeNotGranted", None, ""),
    ("/v1.0/users", "Authorization_RequestDenied", "privileges", None, ""),
    (STATE_URL, "Authorization_RequestDenied", "privileges", "Authorization_RequestDenied", "privileges"),
)


@pytest.mark.parametrize(("path", "code", "text", "role_code", "role_text"), REFUSALS)
def test_each_service_refuses_in_its_own_words(
    web: httpx.Client, path: str, code: str, text: str, role_code: str | None, role_text: str
) -> None:
    alma = bearer(signed_in(web, "alma.berg@contoso.example", scope=f"{GRAPH}/.default")["access_token"])
    if role_code is not None:
        error = web.get(path, headers=alma).json()["error"]
        assert (error["code"], role_text in error["message"]) == (role_code, True)
    web.post("/_sandbox/grants", json={"appId": APP, "permissions": ["Nothing.Read"]}).raise_for_status()
    nothing = bearer(signed_in(web, "admin@contoso.example", scope=f"{GRAPH}/.default")["access_token"])
    error = web.get(path, headers=nothing).json()["error"]
    assert (error["code"], text in error["message"]) == (code, True)


FEDERATION_URL = "/v1.0/domains/{}/federationConfiguration"


def test_a_federated_domain_says_what_it_does_with_mfa_to_whoever_may_read_it(
    web: httpx.Client, start: Start, connect: Connect
) -> None:
    document = web.get("/_sandbox/dump").json()
    document["domains"].append({"id": "corp.contoso.example", "authenticationType": "Federated", "isVerified": True})
    told = {"id": "f1", "displayName": "Contoso sign-in", "federatedIdpMfaBehavior": "enforceMfaByFederatedIdp"}
    document["domains/corp.contoso.example/federationConfiguration"] = [told]
    client = connect(start(tenant_of(document), enforce_permissions=True), None)
    assert client.get("/_sandbox/dump").json()["domains/corp.contoso.example/federationConfiguration"] == [told]
    for permission in ("Domain.Read.All", "Domain-InternalFederation.Read.All"):
        held = holding(client, permission)
        (row,) = client.get(FEDERATION_URL.format("Corp.contoso.example"), headers=held).json()["value"]
        assert row["federatedIdpMfaBehavior"] == "enforceMfaByFederatedIdp"
        assert client.get(FEDERATION_URL.format("contoso.example"), headers=held).json()["value"] == []
        assert client.get(FEDERATION_URL.format("nowhere.example"), headers=held).status_code == 404
    refused = client.get(
        FEDERATION_URL.format("corp.contoso.example"), headers=holding(client, "User.Read.All", "Directory.Read.All")
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "Authorization_RequestDenied")


def holding(client: httpx.Client, *permissions: str) -> dict[str, str]:
    """Sign the administrator in to an application that holds these permissions and no others."""
    client.post("/_sandbox/grants", json={"appId": APP, "permissions": list(permissions)}).raise_for_status()
    return bearer(signed_in(client, "admin@contoso.example", scope=f"{GRAPH}/.default")["access_token"])


# --- refusals by code, and what the service says of itself -----------------------------------------------------------


def test_every_code_of_the_table_reaches_a_real_credential(start: Start, connect: Connect, tmp_path: Path) -> None:
    server = start(tls=made_on_the_fly(tmp_path))
    web = connect(server, None)
    azure: dict[str, Any] = {
        "authority": server.url,
        "disable_instance_discovery": True,
        "connection_verify": str(server.ca_bundle),
    }
    for code in (*CODES, 123456):
        web.delete("/_sandbox/faults")
        fault = {"match": {"path": "*/oauth2/v2.0/token"}, "do": {"aadsts": code}}
        web.post("/_sandbox/faults", json={"faults": [fault]}).raise_for_status()
        with (
            ClientSecretCredential(TENANT, APP, "right", **azure) as credential,
            pytest.raises(ClientAuthenticationError, match=rf"AADSTS{code}\b"),
        ):
            credential.get_token(f"{GRAPH}/.default")


@pytest.mark.parametrize("code", [53003, 65004, 50076, 50011])
def test_a_code_in_the_browser_is_shown_or_sent_back(client: httpx.Client, code: int) -> None:
    fault = {"match": {"path": "*/authorize", "query": f"client_id={APP}"}, "do": {"aadsts": code}}
    client.post("/_sandbox/faults", json={"faults": [fault]}).raise_for_status()
    if code in ON_A_PAGE:
        page = client.get(asked())
        assert (page.status_code, f"AADSTS{code}" in page.text) == (400, True)
    else:
        assert sent_back(client)["error_description"].startswith(f"AADSTS{code}")


@pytest.mark.parametrize(("secret", "code"), [("wrong-secret", 7000215), ("expired-secret", 7000222), ("", 7000218)])
def test_secrets_that_are_refused(client: httpx.Client, secret: str, code: int) -> None:
    form = {"client_id": APP, "client_secret": secret, "grant_type": "client_credentials", "scope": f"{GRAPH}/.default"}
    refused = client.post(TOKEN, data=form)
    assert (refused.status_code, refused.json()["error_codes"]) == (401, [code])


def test_openid_configuration_tells_tenant_and_cloud(start: Start, connect: Connect) -> None:
    server = start(tenant_region_scope="USGov", cloud_instance_name="login.example", msgraph_host="graph.example")
    web = connect(server, None)
    found = web.get(f"/{TENANT}/v2.0/.well-known/openid-configuration").json()
    assert server.sandbox.tenant.id in found["issuer"]
    assert (found["tenant_region_scope"], found["cloud_instance_name"]) == ("USGov", "login.example")
    assert found["msgraph_host"] == "graph.example"
    unknown = web.get("/nowhere.example/v2.0/.well-known/openid-configuration")
    assert (unknown.status_code, unknown.json()["error_codes"]) == (400, [90002])
    plain = connect(start(), None).get(f"/{TENANT}/v2.0/.well-known/openid-configuration").json()
    assert plain["msgraph_host"].startswith("127.0.0.1:")
