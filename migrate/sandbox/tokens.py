"""Access tokens: making them, and reading what a caller sends."""

import base64
import hashlib
import hmac
from typing import Any

import msgspec

from migrate.sandbox.messages import Caller, GraphError, Json

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
UNKNOWN_APP_ID = "00000000-0000-0000-0000-00000000a11a"


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(value)).decode().rstrip("=")


def make_token(claims: Json, key: bytes) -> str:
    """Make a JWT. It is signed, so that under permission enforcement only our own count."""
    head = f"{_part({'typ': 'JWT', 'alg': 'HS256', 'kid': 'sandbox'})}.{_part(claims)}"
    return f"{head}.{_signature(head, key)}"


def _signature(head: str, key: bytes) -> str:
    return base64.urlsafe_b64encode(hmac.new(key, head.encode(), hashlib.sha256).digest()).decode().rstrip("=")


def claims_of(token: str) -> Json | None:
    """Return the claims of a JWT-shaped token, or None for any other text."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=="))
    except (ValueError, msgspec.DecodeError):
        return None
    return claims if isinstance(claims, dict) else None


def refusal(origin: str, message: str, **more: str) -> GraphError:
    """Return Graph's 401, with the header that tells where to sign in."""
    extra = "".join(f', {name}="{value}"' for name, value in more.items())
    header = f'Bearer realm="", authorization_uri="{origin}/common/oauth2/authorize", client_id="{GRAPH_APP_ID}"{extra}'
    return GraphError(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": header})


class TokenReader:
    """Turn an Authorization header into a caller, remembering tokens already read."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._known: dict[str, tuple[Caller, float]] = {}
        self.expired: set[str] = set()
        """Headers that a fault has declared expired."""

    def caller(self, header: str | None, origin: str, now: float, *, own_only: bool) -> Caller:
        """Return who calls.

        Raises 401 without a bearer token, for an expired one and, if `own_only`, for one that the sandbox did not make.
        """
        if not header or not header.lower().startswith("bearer ") or not header[7:].strip():
            raise refusal(origin, "Access token is empty.")
        if header in self.expired:
            raise refusal(origin, "Lifetime validation failed, the token is expired.", error="invalid_token")
        found = self._known.get(header)
        if found is None:
            found = self._read(header[7:].strip(), origin, own_only=own_only)
            if len(self._known) > 1000:
                self._known.clear()
            self._known[header] = found
        if found[1] <= now:
            raise refusal(origin, "Lifetime validation failed, the token is expired.", error="invalid_token")
        return found[0]

    def _read(self, token: str, origin: str, *, own_only: bool) -> tuple[Caller, float]:
        claims = claims_of(token)
        head, _, signature = token.rpartition(".")
        if own_only and (claims is None or not hmac.compare_digest(signature, _signature(head, self._key))):
            raise refusal(origin, "Access token validation failure. Invalid audience.", error="invalid_token")
        if claims is None:
            return Caller(UNKNOWN_APP_ID, None, None, app_only=False, permissions=frozenset(), opaque=True), float(
                "inf"
            )
        roles, scopes, end = claims.get("roles") or [], str(claims.get("scp") or "").split(), claims.get("exp")
        if not isinstance(roles, list) or not isinstance(end, int | float | None):
            raise refusal(origin, "IDX14100: JWT is not well formed.", error="invalid_token")
        app_only = claims.get("idtyp") == "app" or ("scp" not in claims and "roles" in claims)
        caller = Caller(
            app_id=str(claims.get("appid") or claims.get("azp") or UNKNOWN_APP_ID),
            tenant_id=claims.get("tid"),
            user_id=None if app_only else claims.get("oid"),
            app_only=app_only,
            permissions=frozenset(map(str, roles) if app_only else scopes),
            roles=frozenset(map(str, wids)) if isinstance(wids := claims.get("wids"), list) else frozenset(),
        )
        return caller, float(end or "inf")
