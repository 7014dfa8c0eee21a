"""The sign-in service: metadata, device codes, and tokens of every kind."""

import base64
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote_plus

from migrate.sandbox import job_tokens, managed_identity
from migrate.sandbox.browser_sign_in import BrowserSignIn
from migrate.sandbox.client_proofs import ClientProofs
from migrate.sandbox.consents import Consents
from migrate.sandbox.fault_effects import struck
from migrate.sandbox.messages import Answer, Call
from migrate.sandbox.sign_in_errors import Person, Refused, refused
from migrate.sandbox.sign_in_people import SignInPeople
from migrate.sandbox.token_answers import PLAIN, for_application, for_person
from migrate.sandbox.tokens import claims_of

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_TEXT, _HTML = "text/plain; charset=utf-8", "text/html; charset=utf-8"
_CODE_PAGE = (
    "<!doctype html><title>Enter code</title><form method=post action=/devicelogin>"
    "<p><label>Code <input name=code autofocus></label>"
    "<p><label>Account (empty: the administrator) <input name=user></label>"
    "<p><button>Sign in</button> <button name=deny value=1>Decline</button></form>"
)
_CODE_SECONDS = 900
_DEVICE_GRANTS = ("urn:ietf:params:oauth:grant-type:device_code", "device_code")
_OPEN_WORDS = ("organizations", "common", "consumers")


@dataclass(slots=True)
class _DeviceCode:
    user_code: str
    client_id: str
    scope: str
    expires: float
    person: Person | None = None
    denied: bool = False


class SignInService:
    """Answer the sign-in service's calls for one sandbox."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._codes: dict[str, _DeviceCode] = {}
        self.consents = Consents()
        self.people = SignInPeople(sandbox)
        self.proofs = ClientProofs(sandbox)
        self._browser = BrowserSignIn(sandbox)

    def forget(self) -> None:
        """Begin anew: nothing is granted or agreed to, nobody trusted, no partner known."""
        self._codes.clear()
        self.consents.clear()
        self.people.clear()
        self.proofs.clear()

    @property
    def grants(self) -> dict[str, frozenset[str]]:
        """Permissions of applications by client id; an application not named holds every permission."""
        return self.consents.grants

    def owns(self, segments: list[str]) -> bool:
        """Tell whether a path belongs here."""
        parts = [each.lower() for each in segments]
        return (
            parts in (["common", "discovery", "instance"], ["devicelogin"], job_tokens.PATH)
            or managed_identity.owns(parts)
            or (len(parts) >= 3 and (parts[-1] == "openid-configuration" or parts[1] == "oauth2"))
            or (len(parts) >= 2 and parts[1] in ("discovery", "v2.0", "adminconsent"))
        )

    def answer(self, call: Call) -> Answer:
        """Answer one call; unknown fields and query strings are ignored, as the service does."""
        acts = self._sandbox.faults.striking_sign_in(call, self._sandbox.clock.now())
        if any(act.aadsts is None for act in acts):
            return struck(self._sandbox, call, acts, self._answered) or Answer(204)
        return self._answered(call)

    def scripted_codes(self, call: Call) -> list[int]:
        """Return the AADSTS codes with which a fault script lets this call be refused."""
        acts = self._sandbox.faults.striking_sign_in(call, self._sandbox.clock.now(), codes=True)
        return [act.aadsts for act in acts if act.aadsts is not None]

    def _answered(self, call: Call) -> Answer:
        parts = [each.lower() for each in call.segments]
        try:
            if parts[-1] != "authorize":  # which has a way of its own to tell
                for code in self.scripted_codes(call):
                    raise refused(code)
            if managed_identity.owns(parts):
                return managed_identity.answer(self._sandbox, call)
            if parts == job_tokens.PATH:
                return job_tokens.answer(self._sandbox, call)
            if parts == ["common", "discovery", "instance"]:
                return self._instances(call)
            if parts == ["devicelogin"]:
                return self._enter_code(call)
            self._check_tenant(call.segments[0])
            return self._of_tenant(call, parts[1:])
        except Refused as error:
            return self._error(call, error)

    def _of_tenant(self, call: Call, parts: list[str]) -> Answer:
        match parts:
            case [*_, ".well-known", "openid-configuration"]:
                return self._metadata(call)
            case ["discovery", "v2.0", "keys"]:
                return Answer(200, {"keys": []}, content_type=PLAIN)
            case ["oauth2", "v2.0", "devicecode"]:
                return self._device_code(call)
            case ["oauth2", "v2.0", "authorize"]:
                return self._browser.page(call)
            case ["adminconsent"] | ["v2.0", "adminconsent"]:
                return self._browser.consent_page(call)
            case ["oauth2", "v2.0", "token"]:
                return self._token(call)
        raise Refused("invalid_request", 900144, f"The sandbox does not model /{call.path}.", 501)

    def _check_tenant(self, name: str) -> None:
        tenant = self._sandbox.tenant
        known = {tenant.id.lower(), tenant.domain.lower(), *(str(each.get("id")).lower() for each in tenant.domains)}
        if name.lower() not in known | set(_OPEN_WORDS):
            raise Refused(
                "invalid_tenant",
                90002,
                f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID.",
            )

    def _error(self, call: Call, error: Refused) -> Answer:
        body = {
            "error": error.error,
            "error_codes": [error.code],
            "error_description": f"AADSTS{error.code}: {error.text} Trace ID: {call.request_id}",
            "timestamp": self._sandbox.clock.iso().replace("T", " "),
            "trace_id": call.request_id,
            "correlation_id": call.headers.get("client-request-id", call.request_id),
            "error_uri": f"{call.origin}/error?code={error.code}",
            **({"suberror": error.suberror} if error.suberror else {}),
        }
        return Answer(error.status, body, content_type=PLAIN)

    def _instances(self, call: Call) -> Answer:
        host = call.origin.split("://", 1)[1]
        tenant = self._sandbox.tenant.id
        return Answer(
            200,
            {
                "tenant_discovery_endpoint": f"{call.origin}/{tenant}/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
            },
            content_type=PLAIN,
        )

    def _metadata(self, call: Call) -> Answer:
        base, settings = f"{call.origin}/{call.segments[0]}", self._sandbox.settings
        return Answer(
            200,
            {
                "issuer": f"{call.origin}/{self._sandbox.tenant.id}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_modes_supported": ["query", "fragment", "form_post"],
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "tenant_region_scope": settings.tenant_region_scope or None,
                "cloud_instance_name": settings.cloud_instance_name,
                "msgraph_host": settings.msgraph_host or call.origin.split("://", 1)[1],
            },
            content_type=PLAIN,
        )

    def _device_code(self, call: Call) -> Answer:
        form = _form(call)
        code = _DeviceCode(
            user_code=secrets.token_hex(4).upper(),
            client_id=_field(form, "client_id"),
            scope=form.get("scope", ""),
            expires=self._sandbox.clock.now() + _CODE_SECONDS,
        )
        device_code = secrets.token_urlsafe(32)
        self._codes[device_code] = code
        address = f"{call.origin}/devicelogin"
        return Answer(
            200,
            {
                "user_code": code.user_code,
                "device_code": device_code,
                "verification_uri": address,
                "expires_in": _CODE_SECONDS,
                "interval": 1,
                "message": f"To sign in, send the code {code.user_code} to {address}, for instance with "
                f"curl -d 'code={code.user_code}&user=NAME' {address}",
            },
            content_type=PLAIN,
        )

    def _enter_code(self, call: Call) -> Answer:
        """Take the place of the page where a person types the code; `user` defaults to the administrator."""
        if call.method != "POST":
            return Answer(200, _CODE_PAGE, content_type=_HTML)
        form = _form(call)
        wanted = _field(form, "code").strip().upper()
        code = next((each for each in self._codes.values() if each.user_code == wanted), None)
        if code is None or code.expires <= self._sandbox.clock.now():
            raise Refused("invalid_grant", 70018, "The code is unknown or has expired.")
        person = self.people.find(form.get("user"))
        code.denied = bool(form.get("deny"))
        if not code.denied:
            self.consents.agree(self._sandbox, code.client_id, person, code.scope)
        code.person = person
        return Answer(200, "You have signed in. You may close this window.\n", content_type=_TEXT)

    def _token(self, call: Call) -> Answer:
        form = {**_from_header(call), **_form(call)}
        client_id = _field(form, "client_id")
        grant = _field(form, "grant_type")
        if grant == "client_credentials":
            return self._for_application(call, form, client_id)
        if grant == "authorization_code":
            return self._browser.redeem(call, form, client_id)
        if grant in _DEVICE_GRANTS:
            return self._for_device(call, form, client_id)
        if grant == "refresh_token":
            return self._refreshed(call, form, client_id)
        raise Refused("unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")

    def _for_application(self, call: Call, form: dict[str, str], client_id: str) -> Answer:
        if call.segments[0].lower() in _OPEN_WORDS:
            raise Refused("invalid_request", 50194, "An application signs in to one tenant: name it.")
        proof = self.proofs.check(form, client_id)
        return for_application(self._sandbox, call, client_id, _field(form, "scope"), proof=proof)

    def _for_device(self, call: Call, form: dict[str, str], client_id: str) -> Answer:
        key = form.get("device_code") or form.get("code") or ""
        code = self._codes.get(key)
        if code is None or code.client_id != client_id:
            raise Refused("bad_verification_code", 70019, "Verification code is not known.")
        if code.denied:
            raise Refused("authorization_declined", 70000, "The user declined.")
        if code.expires <= self._sandbox.clock.now():
            raise refused(70019)
        if code.person is None:
            raise refused(70016)
        del self._codes[key]
        scope, asked = form.get("scope") or code.scope, form.get("claims", "")
        return for_person(self._sandbox, call, client_id, code.person, scope, claims_request=asked)

    def _refreshed(self, call: Call, form: dict[str, str], client_id: str) -> Answer:
        kept = claims_of(_field(form, "refresh_token")) or {}
        if kept.get("appid") != client_id:
            raise Refused("invalid_grant", 700082, "The refresh token has expired or does not belong to this client.")
        scope, asked = form.get("scope") or str(kept.get("scope", "")), form.get("claims", "")
        person = self.people.find(str(kept.get("oid")))
        return for_person(self._sandbox, call, client_id, person, scope, claims_request=asked)


def _form(call: Call) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(call.body.decode("latin-1")).items()}


def _from_header(call: Call) -> dict[str, str]:
    """Read a client that names itself in an Authorization header, as the metadata says it may."""
    kind, _, text = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return {}
    try:
        name, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError:
        return {}
    return {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret)}


def _field(form: dict[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        raise Refused("invalid_request", 900144, f"The request body must contain the following parameter: '{name}'.")
    return value
