"""The sign-in service: metadata, tokens by secret, assertion, device code and refresh token."""

import base64
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote_plus

import msgspec

from migrate.sandbox.messages import Answer, Call, Json
from migrate.sandbox.roles import GLOBAL_ADMINISTRATOR
from migrate.sandbox.tokens import claims_of, make_token

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

_PLAIN = "application/json; charset=utf-8"
_TOKEN_SECONDS = 3599
_CODE_SECONDS = 900
WRONG_SECRET = "wrong-secret"  # noqa: S105 - the one secret that is refused, for tests
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_DEVICE_GRANTS = ("urn:ietf:params:oauth:grant-type:device_code", "device_code")
_OPEN_WORDS = ("organizations", "common", "consumers")


@dataclass(slots=True)
class _DeviceCode:
    user_code: str
    client_id: str
    scope: str
    expires: float
    user: str | None = None
    denied: bool = False
    asked: int = 0


class _Refused(Exception):
    """An answer in the sign-in service's error shape."""

    def __init__(self, error: str, code: int, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.error, self.code, self.text, self.status = error, code, text, status


class SignInService:
    """Answer the sign-in service's calls for one sandbox."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._codes: dict[str, _DeviceCode] = {}
        self.grants: dict[str, frozenset[str]] = {}
        """Permissions of applications by client id; an application not named holds every permission."""

    def owns(self, segments: list[str]) -> bool:
        """Tell whether a path belongs here."""
        parts = [each.lower() for each in segments]
        return (
            parts == ["common", "discovery", "instance"]
            or parts == ["devicelogin"]
            or (len(parts) >= 3 and parts[-1] == "openid-configuration")
            or (len(parts) >= 3 and parts[1] == "oauth2")
            or (len(parts) >= 2 and parts[1] in ("discovery", "v2.0"))
        )

    def answer(self, call: Call) -> Answer:
        """Answer one call; unknown fields and query strings are ignored, as the service does."""
        parts = [each.lower() for each in call.segments]
        try:
            if parts == ["common", "discovery", "instance"]:
                return self._instances(call)
            if parts == ["devicelogin"]:
                return self._enter_code(call)
            self._check_tenant(call.segments[0])
            match parts[1:]:
                case [*_, ".well-known", "openid-configuration"]:
                    return self._metadata(call)
                case ["discovery", "v2.0", "keys"]:
                    return Answer(200, {"keys": []}, content_type=_PLAIN)
                case ["oauth2", "v2.0", "devicecode"]:
                    return self._device_code(call)
                case ["oauth2", "v2.0", "token"]:
                    return self._token(call)
            raise _Refused("invalid_request", 900144, f"The sandbox does not model /{call.path}.", 501)
        except _Refused as error:
            return self._error(call, error)

    def _check_tenant(self, name: str) -> None:
        tenant = self._sandbox.tenant
        known = {tenant.id.lower(), tenant.domain.lower(), *(str(each.get("id")).lower() for each in tenant.domains)}
        if name.lower() not in known | set(_OPEN_WORDS):
            raise _Refused(
                "invalid_request",
                90002,
                f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID.",
            )

    def _error(self, call: Call, error: _Refused) -> Answer:
        body = {
            "error": error.error,
            "error_codes": [error.code],
            "error_description": f"AADSTS{error.code}: {error.text} Trace ID: {call.request_id}",
            "timestamp": self._sandbox.clock.iso().replace("T", " "),
            "trace_id": call.request_id,
            "correlation_id": call.headers.get("client-request-id", call.request_id),
        }
        return Answer(error.status, body, content_type=_PLAIN)

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
            content_type=_PLAIN,
        )

    def _metadata(self, call: Call) -> Answer:
        base, tenant = f"{call.origin}/{call.segments[0]}", self._sandbox.tenant.id
        return Answer(
            200,
            {
                "issuer": f"{call.origin}/{tenant}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "tenant_region_scope": None,
            },
            content_type=_PLAIN,
        )

    def _device_code(self, call: Call) -> Answer:
        form = _form(call)
        client_id = _field(form, "client_id")
        code = _DeviceCode(
            user_code=secrets.token_hex(4).upper(),
            client_id=client_id,
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
            content_type=_PLAIN,
        )

    def _enter_code(self, call: Call) -> Answer:
        """Take the place of the page where a person types the code; `user` defaults to the administrator."""
        if call.method != "POST":
            return Answer(
                200,
                "Send the code with POST: code=CODE&user=NAME (or deny=1).\n",
                content_type="text/plain; charset=utf-8",
            )
        form = _form(call)
        wanted = _field(form, "code").strip().upper()
        code = next((each for each in self._codes.values() if each.user_code == wanted), None)
        if code is None or code.expires <= self._sandbox.clock.now():
            raise _Refused("invalid_grant", 70018, "The code is unknown or has expired.")
        people = self._sandbox.tenant.people
        place = people.find(form.get("user") or self._sandbox.tenant.administrator() or "")
        if place is None:
            raise _Refused("invalid_grant", 50034, f"The user account {form.get('user')} does not exist.")
        if not people.account_enabled(place):
            raise _Refused("invalid_grant", 50057, "The user account is disabled.")
        code.user, code.denied = people.user_id(place), bool(form.get("deny"))
        return Answer(200, "You have signed in. You may close this window.\n", content_type="text/plain; charset=utf-8")

    def _token(self, call: Call) -> Answer:
        form = {**_from_header(call), **_form(call)}
        client_id = _field(form, "client_id")
        grant = _field(form, "grant_type")
        if grant == "client_credentials":
            return self._for_application(call, form, client_id)
        if grant in _DEVICE_GRANTS:
            return self._for_device(call, form, client_id)
        if grant == "refresh_token":
            return self._refreshed(call, form, client_id)
        raise _Refused("unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")

    def _for_application(self, call: Call, form: dict[str, str], client_id: str) -> Answer:
        if call.segments[0].lower() in _OPEN_WORDS:
            raise _Refused("invalid_request", 50194, "An application signs in to one tenant: name it.")
        if "client_assertion" in form:
            self._check_assertion(form, client_id)
        elif form.get("client_secret") in (None, "", WRONG_SECRET):
            raise _Refused("invalid_client", 7000215, "Invalid client secret provided.", 401)
        claims = self._claims(call, _field(form, "scope"), client_id)
        claims |= {"idtyp": "app", "oid": self._sandbox.tenant.new_id("principal", client_id), "sub": client_id}
        claims["roles"] = sorted(self._granted(client_id))
        token = make_token(claims, self._sandbox.key)
        return Answer(
            200,
            {
                "token_type": "Bearer",
                "expires_in": _TOKEN_SECONDS,
                "ext_expires_in": _TOKEN_SECONDS,
                "access_token": token,
            },
            content_type=_PLAIN,
        )

    def _check_assertion(self, form: dict[str, str], client_id: str) -> None:
        claims = claims_of(form["client_assertion"])
        if form.get("client_assertion_type") != _ASSERTION or claims is None:
            raise _Refused("invalid_client", 50027, "JWT token is invalid or malformed.", 401)
        if claims.get("iss") != client_id or claims.get("sub") != client_id:
            raise _Refused("invalid_client", 700021, "The assertion is not of this application.", 401)
        end = claims.get("exp")
        if not isinstance(end, int | float) or end <= self._sandbox.clock.now() - self._sandbox.clock.advanced:
            raise _Refused("invalid_client", 700024, "Client assertion is not within its valid time range.", 401)

    def _for_device(self, call: Call, form: dict[str, str], client_id: str) -> Answer:
        key = form.get("device_code") or form.get("code") or ""
        code = self._codes.get(key)
        if code is None or code.client_id != client_id:
            raise _Refused("bad_verification_code", 70019, "Verification code is not known.")
        code.asked += 1
        if code.denied:
            raise _Refused("authorization_declined", 70000, "The user declined.")
        if code.expires <= self._sandbox.clock.now():
            raise _Refused("expired_token", 70019, "The device code has expired.")
        if code.user is None:
            raise _Refused("authorization_pending", 70016, "Authorization is pending. Continue polling.")
        del self._codes[key]
        return self._for_user(call, client_id, code.user, form.get("scope") or code.scope)

    def _refreshed(self, call: Call, form: dict[str, str], client_id: str) -> Answer:
        kept = claims_of(_field(form, "refresh_token")) or {}
        if kept.get("appid") != client_id:
            raise _Refused("invalid_grant", 700082, "The refresh token has expired or does not belong to this client.")
        return self._for_user(call, client_id, str(kept.get("oid")), form.get("scope") or str(kept.get("scope", "")))

    def _for_user(self, call: Call, client_id: str, user_id: str, scope: str) -> Answer:
        sandbox = self._sandbox
        place = sandbox.tenant.people.find(user_id)
        if place is None:
            raise _Refused("invalid_grant", 50034, "The user account does not exist any more.")
        if not sandbox.tenant.people.account_enabled(place):
            raise _Refused("invalid_grant", 50057, "The user account is disabled.")
        user = sandbox.tenant.people.user(place)
        asked = [each.rsplit("/", 1)[-1] for each in scope.split()]
        granted = self._granted(client_id)
        scopes = granted if ".default" in asked else granted & set(asked)
        claims = self._claims(call, scope, client_id)
        claims |= {
            "oid": user_id,
            "sub": user_id,
            "scp": " ".join(sorted(scopes)),
            "idtyp": "user",
            "upn": user.get("userPrincipalName"),
            "name": user.get("displayName"),
            "amr": ["pwd", "mfa"],
            "wids": [GLOBAL_ADMINISTRATOR] if place in sandbox.tenant.role_places(GLOBAL_ADMINISTRATOR) else [],
        }
        identity = {
            **{name: claims[name] for name in ("iss", "tid", "oid", "sub", "name", "iat", "nbf", "exp")},
            "aud": client_id,
            "preferred_username": user.get("userPrincipalName"),
            "ver": "2.0",
        }
        client_info: Json = {"uid": user_id, "utid": sandbox.tenant.id}
        return Answer(
            200,
            {
                "token_type": "Bearer",
                "scope": scope,
                "expires_in": _TOKEN_SECONDS,
                "ext_expires_in": _TOKEN_SECONDS,
                "access_token": make_token(claims, sandbox.key),
                # Not bound to this run: clients keep it, and the same company may be served again.
                "refresh_token": make_token({"oid": user_id, "appid": client_id, "scope": scope}, sandbox.key),
                "id_token": make_token(identity, sandbox.key),
                "client_info": _encoded(client_info),
            },
            content_type=_PLAIN,
        )

    def _granted(self, client_id: str) -> frozenset[str]:
        named = self.grants.get(client_id.lower())
        return named if named is not None else self._sandbox.all_permissions()

    def _claims(self, call: Call, scope: str, client_id: str) -> Json:
        now, tenant = int(self._sandbox.clock.now()), self._sandbox.tenant
        resources = [each.rsplit("/", 1)[0] for each in scope.split() if "://" in each]
        audience = resources[0] if resources else call.origin
        return {
            "aud": audience,
            "iss": f"{call.origin}/{tenant.id}/v2.0",
            "tid": tenant.id,
            "appid": client_id,
            "azp": client_id,
            "iat": now,
            "nbf": now,
            "exp": now + _TOKEN_SECONDS + 1,
            "ver": "1.0",
            "app_displayname": "sandbox client",
        }


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
        raise _Refused("invalid_request", 900144, f"The request body must contain the following parameter: '{name}'.")
    return value


def _encoded(value: Json) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")
