"""Sign in through azure-identity and hold the token; a token for the sandbox is a constant.

Tokens stay in memory. The claims inside are read for display and for explaining refusals, never trusted.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import math
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, cast

from migrate.errors import Guarded, SignInFailed
from migrate.graph.browser import Browse
from migrate.graph.credential_kinds import AsksAPerson, credential_for, resolved
from migrate.graph.openid import look_up
from migrate.graph.session import Connection
from migrate.graph.sign_in_codes import Next
from migrate.graph.sign_in_problems import failure_of
from migrate.graph.together import apart
from migrate.graph.token_cache import note_account
from migrate.model.access import SignInMethod
from migrate.model.record import JsonObject
from migrate.model.snapshot import Actor, TenantAddress, TokenPermissions
from migrate.model.token import Kind, TokenFacts

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

_FRESH_SECONDS = 300
_NEWER = '{"access_token":{"nbf":{"essential":true,"value":"%d"}}}'
"""The claims that Entra itself sends to ask for a token issued from now on; they go past azure-identity's cache."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A credential that has delivered its first token."""

    credential: ThreadedCredential
    claims: JsonObject
    """What the token says about itself; empty when it is opaque."""
    address: TenantAddress | None = None
    """What the sign-in service says of the tenant; None where it was not asked."""
    auth: SignInMethod = SignInMethod.AUTO
    """How it was done."""

    def actor(self) -> Actor | None:
        """Return who the token is for; None when it does not say."""
        return actor_of(self.claims)

    def permissions(self) -> TokenPermissions | None:
        """Return what the token says that it allows; None when it is opaque."""
        if not self.claims:
            return None
        return permissions_of(self.claims)

    def facts(self) -> TokenFacts | None:
        """Return what the token says of whoever is signed in; None when it is opaque."""
        return facts_of(self.claims)

    def grants(self, permission: str) -> bool:
        """Tell whether the token lists a permission, as an application role or a delegated scope."""
        return permission in self.claims.get("roles", ()) or permission in str(self.claims.get("scp", "")).split()


class ThreadedCredential:
    """Give tokens to the SDK without stopping the event loop: a refresh runs in a thread, a fresh token is reused."""

    def __init__(self, credential: TokenCredential, first: AccessToken, connection: Connection) -> None:
        self._credential = credential
        self._connection = connection
        self._token = first
        self._is_refused = False
        self._lock = asyncio.Lock()

    def refused(self) -> None:
        """Note that the present token was not accepted, so that the next request asks for one again."""
        self._is_refused = True

    def close(self) -> None:
        """Close the connections to the sign-in service that azure-identity keeps open."""
        close = getattr(self._credential, "close", None)
        if close is not None:
            close()

    async def get_token(self, *scopes: str, claims: str | None = None, **options: Any) -> AccessToken:
        """Return a token that is good for five minutes at least, or one that answers `claims`."""
        async with self._lock:
            # azure-identity documents expires_on in the machine's wall clock.
            is_stale = self._token.expires_on - time.time() < _FRESH_SECONDS
            if self._is_refused and claims is None:
                claims = _NEWER % time.time()
            if is_stale or claims is not None:
                self._is_refused = False
                enable_cae = bool(options.get("enable_cae", True))
                claims = claims if self._connection.auth.takes_claims else None
                self._token = await apart(
                    partial(_token, self._connection, self._credential, scopes, claims=claims, enable_cae=enable_cae)
                )
            return self._token


def signed_in(connection: Connection, *, prompt: Callable[[str], None], browse: Browse | None = None) -> SignedIn:
    """Sign in and return the credential with its first token; see `migrate.graph.opening.sign_in`.

    A person is asked here and nowhere else: what cannot be renewed silently later ends the run, to be taken up again.
    """
    if connection.has_constant_token:
        return _held(connection, cast("TokenCredential", _ConstantCredential()), None)
    address = look_up(connection)
    connection = replace(connection, auth=resolved(connection.auth))
    credential = credential_for(connection, prompt, browse=browse)
    if connection.auth.is_for_people:
        _ask(connection, cast(AsksAPerson, credential))
    held = _held(connection, credential, address)
    _refuse_person_of_az(connection, held)
    return held


def _held(connection: Connection, credential: TokenCredential, address: TenantAddress | None) -> SignedIn:
    first = _token(connection, credential, connection.scopes, claims=None, enable_cae=True)
    claims = claims_of(first.token)
    tenant_id = str(claims.get("tid") or "").casefold()
    if address is not None and address.tenant_id and tenant_id and tenant_id != address.tenant_id:
        raise Guarded(
            f"You asked for tenant {connection.tenant}; this sign-in is for the tenant {tenant_id}.",
            hint="Sign in to the right tenant, or correct --tenant or `tenant` in the configuration.",
        )
    return SignedIn(
        credential=ThreadedCredential(credential, first, connection),
        claims=claims,
        address=address,
        auth=connection.auth,
    )


def _ask(connection: Connection, credential: AsksAPerson) -> None:
    """Let the person sign in, unless the cache of this machine still has a token."""
    from azure.core.exceptions import AzureError
    from azure.identity import AuthenticationRequiredError

    if connection.keeps_cache:
        with suppress(AuthenticationRequiredError):
            credential.get_token(*connection.scopes, enable_cae=True)
            return
    try:
        record = credential.authenticate(scopes=connection.scopes, enable_cae=True)
    except AzureError as problem:
        raise failure_of(problem, connection) from problem
    if connection.keeps_cache:
        note_account(connection, record)


def _refuse_person_of_az(connection: Connection, held: SignedIn) -> None:
    """Say what is true of `az login` as a person: its application is consented to for a fixed set, without ours."""
    if connection.auth is SignInMethod.AZURE_CLI and "scp" in held.claims and not held.grants("Policy.Read.All"):
        raise SignInFailed(
            "`az` is signed in as a person, and the Azure CLI's own application can never get what this program needs.",
            hint=Next.OWN_CLIENT.value,
        )


def _token(
    connection: Connection,
    credential: TokenCredential,
    scopes: tuple[str, ...],
    *,
    claims: str | None,
    enable_cae: bool,
) -> AccessToken:
    from azure.core.exceptions import AzureError

    try:
        return credential.get_token(*scopes, claims=claims, enable_cae=enable_cae)
    except AzureError as problem:
        raise failure_of(problem, connection) from problem


class _ConstantCredential:
    """The sandbox takes any token; another one is given when one was refused, so that expiry can be rehearsed."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        from azure.core.credentials import AccessToken

        number = next(self._numbers)
        return AccessToken("sandbox" if number == 1 else f"sandbox-{number}", 2**40)


def facts_of(claims: JsonObject) -> TokenFacts | None:
    """Return what the claims say of whoever is signed in; None for an opaque token.

    Source: Microsoft identity platform, access token claims reference.
    """
    if not claims:
        return None
    actor = actor_of(claims)
    is_application = claims.get("idtyp") == "app" or ("scp" not in claims and actor is not None and not actor.is_user)
    tenant_id, home = _text(claims.get("tid")), _home_of(claims.get("idp"))
    return TokenFacts(
        tenant_id=tenant_id,
        object_id=_text(claims.get("oid")),
        name=actor.name if actor is not None else "somebody whom the token does not name",
        kind=Kind.APPLICATION if is_application else Kind.PERSON,
        home_tenant=home if home and home != (tenant_id or "").lower() else None,
        client_id=_text(claims.get("appid") or claims.get("azp")),
        client_name=_text(claims.get("app_displayname")),
        permissions=permissions_of(claims),
        roles_known=isinstance(claims.get("wids"), list),
        issued_at=_seconds(claims.get("iat")),
        expires_at=_seconds(claims.get("exp")),
        proof=_text(claims.get("appidacr")),
    )


def permissions_of(claims: JsonObject) -> TokenPermissions:
    """Return what the claims say that the token allows."""
    return TokenPermissions(
        scopes=tuple(sorted(str(claims.get("scp", "")).split())),
        roles=_texts(claims.get("roles")),
        directory_roles=_texts(claims.get("wids")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(sorted(map(str, value))) if isinstance(value, list) else ()


def _seconds(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _home_of(provider: object) -> str | None:
    """Return the tenant id in the issuer of another tenant, such as https://sts.windows.net/ID/."""
    found = re.search(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", str(provider or "").lower())
    return found[0] if found else None


def claims_of(token: str) -> JsonObject:
    """Return the claims inside a JWT; empty when the token is opaque, as Microsoft allows it to become."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        value = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def actor_of(claims: JsonObject) -> Actor | None:
    """Return the user or application that the claims name; None when they name neither.

    Source: Microsoft identity platform, access token claims reference (oid, upn, idtyp, appid).
    """
    object_id = claims.get("oid")
    user = claims.get("upn") or claims.get("preferred_username") or claims.get("unique_name")
    if user and claims.get("idtyp") != "app":
        return Actor(object_id=object_id, name=str(user), is_user=True)
    application = claims.get("app_displayname") or claims.get("appid") or claims.get("azp")
    if application and "scp" not in claims:
        return Actor(object_id=object_id, name=str(application), is_user=False)
    return None
