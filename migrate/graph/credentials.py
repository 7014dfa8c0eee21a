"""Sign in through azure-identity and hold the token; a token for the sandbox is a constant.

Tokens stay in memory. The claims inside are read for display and for explaining refusals, never trusted.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, assert_never, cast

from migrate.errors import SignInFailed, Unreachable, UsageProblem
from migrate.graph.session import Connection, authority_host
from migrate.graph.together import apart
from migrate.model.access import SignInMethod
from migrate.model.record import JsonObject
from migrate.model.snapshot import Actor, TokenPermissions

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential
    from azure.core.exceptions import AzureError

PUBLIC_CLIENT_ID = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft Graph Command Line Tools: the public client that Connect-MgGraph uses too."""
_FRESH_SECONDS = 300
_NEWER = '{"access_token":{"nbf":{"essential":true,"value":"%d"}}}'
"""The claims that Entra itself sends to ask for a token issued from now on; they go past azure-identity's cache."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A credential that has delivered its first token."""

    credential: ThreadedCredential
    claims: JsonObject
    """What the token says about itself; empty when it is opaque."""

    def actor(self) -> Actor | None:
        """Return who the token is for; None when it does not say."""
        return actor_of(self.claims)

    def permissions(self) -> TokenPermissions | None:
        """Return what the token says that it allows; None when it is opaque."""
        if not self.claims:
            return None
        return TokenPermissions(
            scopes=tuple(sorted(str(self.claims.get("scp", "")).split())),
            roles=tuple(sorted(map(str, self.claims.get("roles") or ()))),
            directory_roles=tuple(sorted(map(str, self.claims.get("wids") or ()))),
        )

    def grants(self, permission: str) -> bool:
        """Tell whether the token lists a permission, as an application role or a delegated scope."""
        return permission in self.claims.get("roles", ()) or permission in str(self.claims.get("scp", "")).split()


class ThreadedCredential:
    """Give tokens to the SDK without stopping the event loop: a refresh runs in a thread, a fresh token is reused."""

    def __init__(self, credential: TokenCredential, first: AccessToken) -> None:
        self._credential = credential
        self._token = first
        self._is_refused = False
        self._lock = asyncio.Lock()

    def refused(self) -> None:
        """Note that the present token was not accepted, so that the next request asks for one again."""
        self._is_refused = True

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
                self._token = await apart(
                    partial(_token, self._credential, scopes, claims=claims, enable_cae=enable_cae)
                )
            return self._token


def signed_in(connection: Connection, *, prompt: Callable[[str], None]) -> SignedIn:
    """Sign in and return the credential with its first token; see `migrate.graph.opening.sign_in`."""
    credential = (
        cast("TokenCredential", _ConstantCredential())
        if connection.has_constant_token
        else _credential(connection, prompt)
    )
    first = _token(credential, (connection.scope,), claims=None, enable_cae=True)
    return SignedIn(credential=ThreadedCredential(credential, first), claims=claims_of(first.token))


def _token(
    credential: TokenCredential, scopes: tuple[str, ...], *, claims: str | None, enable_cae: bool
) -> AccessToken:
    from azure.core.exceptions import AzureError

    try:
        return credential.get_token(*scopes, claims=claims, enable_cae=enable_cae)
    except AzureError as problem:
        raise _failure(problem) from problem


def _failure(problem: AzureError) -> SignInFailed | Unreachable:
    """Tell a no of the sign-in service from silence; azure-identity reports both as a failed authentication."""
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError
    from azure.identity import CredentialUnavailableError

    causes: list[BaseException] = [problem]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    silent = any(isinstance(cause, ServiceRequestError | ServiceResponseError) for cause in causes)
    if isinstance(problem, CredentialUnavailableError):
        return SignInFailed(
            f"This way of signing in is not available here: {_first_line(problem)}",
            hint="Do what it says, such as `az login` for the Azure CLI, or choose another way with --sign-in.",
        )
    if isinstance(problem, ClientAuthenticationError) and not silent:
        return SignInFailed(
            f"Signing in failed: {_first_line(problem)}",
            hint="Check --tenant, --client-id and the secret or certificate, then run the command again.",
        )
    return Unreachable(
        f"The sign-in service did not answer: {_first_line(problem)}",
        hint="Check the network, the proxy and `ca_bundle` in mfa-migrate.toml, then run the command again.",
    )


def _first_line(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]


class _ConstantCredential:
    """The sandbox takes any token; another one is given when one was refused, so that expiry can be rehearsed."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        from azure.core.credentials import AccessToken

        number = next(self._numbers)
        return AccessToken("sandbox" if number == 1 else f"sandbox-{number}", 2**40)


def _credential(connection: Connection, prompt: Callable[[str], None]) -> TokenCredential:
    """Build the azure-identity credential that the connection asks for."""
    from azure import identity

    # Without a handler Python prints to stderr what azure-identity warns of, beside our own message that repeats it.
    azure_log = logging.getLogger("azure.identity")
    if not azure_log.handlers:
        azure_log.addHandler(logging.NullHandler())
    options: dict[str, Any] = {"authority": connection.authority or authority_host(connection.cloud)}
    if connection.authority is not None or connection.cloud.is_untried:
        # Instance discovery would ask Microsoft's global cloud about an authority that it need not know.
        options["disable_instance_discovery"] = True
    if connection.ca_bundle is not None:
        # The only setting that azure-identity's transports all honour.
        options["connection_verify"] = str(connection.ca_bundle)
    match connection.auth:
        case SignInMethod.CLIENT_SECRET:
            tenant, client = _application(connection)
            if not connection.client_secret:
                raise UsageProblem(
                    "Signing in with a client secret needs the secret.", hint="Set MFA_MIGRATE_CLIENT_SECRET."
                )
            return identity.ClientSecretCredential(tenant, client, connection.client_secret, **options)
        case SignInMethod.CERTIFICATE:
            tenant, client = _application(connection)
            return _certificate_credential(connection, tenant, client, options)
        case SignInMethod.DEVICE_CODE:
            return identity.DeviceCodeCredential(
                connection.client_id or PUBLIC_CLIENT_ID,
                tenant_id=connection.tenant or "organizations",
                prompt_callback=lambda uri, code, _expires: prompt(
                    f"To sign in, open {uri} and enter the code {code}."
                ),
                **options,
            )
        case SignInMethod.INTERACTIVE:
            return identity.InteractiveBrowserCredential(
                client_id=connection.client_id or PUBLIC_CLIENT_ID,
                tenant_id=connection.tenant or "organizations",
                **options,
            )
        case SignInMethod.AZURE_CLI:
            return identity.AzureCliCredential(tenant_id=connection.tenant or "")
        case _:
            assert_never(connection.auth)


def _application(connection: Connection) -> tuple[str, str]:
    if not connection.tenant or not connection.client_id:
        raise UsageProblem(
            f"Signing in with {connection.auth.value} needs the tenant and the application's id.",
            hint="Give --tenant and --client-id.",
        )
    return connection.tenant, connection.client_id


def _certificate_credential(
    connection: Connection, tenant: str, client: str, options: dict[str, Any]
) -> TokenCredential:
    from azure import identity

    path = connection.certificate_path
    if path is None or not path.is_file():
        raise UsageProblem(
            f"The certificate {path or ''} is no file.".replace("  ", " "),
            hint="Give a PEM or PKCS #12 file that holds certificate and private key.",
        )
    try:
        return identity.CertificateCredential(
            tenant, client, str(path), password=connection.certificate_password, **options
        )
    except (ValueError, TypeError) as problem:
        raise UsageProblem(
            f"The certificate {path} cannot be used: {_first_line(problem)}",
            hint="It must hold the private key, unencrypted or with the password given.",
        ) from problem


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
