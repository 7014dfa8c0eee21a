"""Each way to sign in as azure-identity's own credential; no prompt of theirs ever comes by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, assert_never, cast

import httpx

from migrate.errors import SignInFailed, UsageProblem
from migrate.graph.browser import Browse, browser_can_open, show_addresses
from migrate.graph.session import PUBLIC_CLIENT_ID, Connection, authority_host
from migrate.graph.sign_in_problems import first_line
from migrate.graph.token_cache import CACHE_NAME, account_of
from migrate.graph.transport import proxy_for, trust_of
from migrate.model.access import SignInMethod
from migrate.named_files import refuse_no_file

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential
    from azure.identity import AuthenticationRecord

AUDIENCE = "api://AzureADTokenExchange"
"""For whom another identity provider's token has to be. Source: Microsoft Entra, workload identity federation."""
_AZ_SECONDS = 60
"""`az` may take longer than the ten seconds that azure-identity gives it."""
_CHOICES = (
    "On this machine: --sign-in device-code (often blocked, and rightly), certificate, client-secret, "
    "managed-identity, workload-identity or github. Or `--sign-in browser`, and open the address that is shown on "
    "another machine over `ssh -L 8400:localhost:8400 HOST`."
)


class AsksAPerson(Protocol):
    """A credential that lets a person sign in, when it is told to and not otherwise."""

    def authenticate(self, *, scopes: tuple[str, ...], enable_cae: bool) -> AuthenticationRecord:
        """Ask the person."""
        ...

    def get_token(self, *scopes: str, enable_cae: bool) -> AccessToken:
        """Return a token without asking anybody."""
        ...


def resolved(auth: SignInMethod, *, can_open: Callable[[], bool] = browser_can_open) -> SignInMethod:
    """Return the way that `auto` stands for; a device code is never chosen unasked.

    Raises `SignInFailed` where no browser can open.
    """
    if auth is not SignInMethod.AUTO:
        return auth
    if can_open():
        return SignInMethod.BROWSER
    raise SignInFailed("No browser can open on this machine, and no other way to sign in was chosen.", hint=_CHOICES)


def credential_for(
    connection: Connection, prompt: Callable[[str], None], *, browse: Browse | None = None
) -> TokenCredential:
    """Build the azure-identity credential that the connection asks for.

    Args:
        connection: Whom to sign in, and how; `auto` has been resolved.
        prompt: Shows a person what to do.
        browse: Opens an address in place of the system's browser.

    Raises `UsageProblem` where something is missing.
    """
    from azure import identity

    # Without a handler Python prints to stderr what azure-identity warns of, beside our own message that repeats it.
    azure_log = logging.getLogger("azure.identity")
    if not azure_log.handlers:
        azure_log.addHandler(logging.NullHandler())
    options = _options(connection)
    tenant = connection.tenant or "organizations"
    match connection.auth:
        case SignInMethod.AUTO:
            raise AssertionError("auto stands for another way, see `resolved`")
        case SignInMethod.BROWSER:
            show_addresses(prompt, browse)
            return identity.InteractiveBrowserCredential(
                client_id=connection.client_id or PUBLIC_CLIENT_ID,
                tenant_id=tenant,
                disable_automatic_authentication=True,
                **options,
            )
        case SignInMethod.DEVICE_CODE:
            return identity.DeviceCodeCredential(
                connection.client_id or PUBLIC_CLIENT_ID,
                tenant_id=tenant,
                prompt_callback=lambda uri, code, _expires: prompt(
                    f"To sign in, open {uri} and enter the code {code}."
                ),
                disable_automatic_authentication=True,
                **options,
            )
        case SignInMethod.CLIENT_SECRET:
            tenant, client = _application(connection)
            if not connection.client_secret:
                raise UsageProblem(
                    "Signing in with a client secret needs the secret.", hint="Set MFA_MIGRATE_CLIENT_SECRET."
                )
            return identity.ClientSecretCredential(tenant, client, connection.client_secret, **options)
        case SignInMethod.CERTIFICATE:
            return _certificate(connection, options)
        case SignInMethod.MANAGED_IDENTITY:
            return _managed_identity(connection)
        case SignInMethod.WORKLOAD_IDENTITY:
            return _workload_identity(connection, options)
        case SignInMethod.GITHUB:
            return _github(connection, options)
        case SignInMethod.AZURE_CLI:
            return identity.AzureCliCredential(tenant_id=connection.tenant or "", process_timeout=_AZ_SECONDS)
        case _:
            assert_never(connection.auth)


def _options(connection: Connection) -> dict[str, Any]:
    from azure import identity

    options: dict[str, Any] = {"authority": connection.authority or authority_host(connection.cloud)}
    if connection.authority is not None or connection.cloud.is_untried:
        # Instance discovery would ask Microsoft's global cloud about an authority that it need not know.
        options["disable_instance_discovery"] = True
    if connection.ca_bundle is not None:
        # The only setting that azure-identity's transports all honour.
        options["connection_verify"] = str(connection.ca_bundle)
    if connection.keeps_cache:
        options["cache_persistence_options"] = identity.TokenCachePersistenceOptions(name=CACHE_NAME)
        if connection.auth.is_for_people and (account := account_of(connection)) is not None:
            options["authentication_record"] = account
            # The record names its own sign-in service, and azure-identity takes no second one beside it.
            del options["authority"]
    return options


def _application(connection: Connection) -> tuple[str, str]:
    if not connection.tenant or not connection.client_id:
        raise UsageProblem(
            f"Signing in with {connection.auth.value} needs the tenant and the application's id.",
            hint="Give --tenant and --client-id.",
        )
    return connection.tenant, connection.client_id


def _certificate(connection: Connection, options: dict[str, Any]) -> TokenCredential:
    from azure import identity

    tenant, client = _application(connection)
    path = connection.certificate_path
    holds = "It is a PEM or PKCS #12 file that holds certificate and private key."
    if path is None:
        raise UsageProblem("No certificate is named.", hint=f"Name it as `certificate` under [sign_in]. {holds}")
    refuse_no_file(path, hint=holds)
    try:
        return identity.CertificateCredential(
            tenant, client, str(path), password=connection.certificate_password, **options
        )
    except (ValueError, TypeError) as problem:
        raise UsageProblem(
            f"The certificate {path} cannot be used: {first_line(problem)}",
            hint="It must hold the private key, unencrypted or with the password given.",
        ) from problem


def _managed_identity(connection: Connection) -> TokenCredential:
    from azure import identity

    if connection.client_id and connection.object_id:
        raise UsageProblem(
            "A managed identity is named by its client id or by its object id, not by both.",
            hint="Leave --client-id or `sign_in.object_id` away.",
        )
    options: dict[str, Any] = {}
    if connection.ca_bundle is not None:
        options["connection_verify"] = str(connection.ca_bundle)
    if connection.object_id:
        options["identity_config"] = {"object_id": connection.object_id}
    return identity.ManagedIdentityCredential(client_id=connection.client_id, **options)


def _workload_identity(connection: Connection, options: dict[str, Any]) -> TokenCredential:
    from azure import identity

    tenant, client = _application(connection)
    path = connection.token_file
    named = "`token_file` under [sign_in], or MFA_MIGRATE_FEDERATED_TOKEN_FILE, names it."
    if path is None:
        raise UsageProblem("No token file is named.", hint=named.replace("names it", "names one"))
    refuse_no_file(path, hint=named)
    return cast(
        "TokenCredential",
        identity.WorkloadIdentityCredential(tenant_id=tenant, client_id=client, token_file_path=str(path), **options),
    )


def _github(connection: Connection, options: dict[str, Any]) -> TokenCredential:
    from azure import identity

    tenant, client = _application(connection)
    if not connection.job_token_url or not connection.job_token_secret:
        raise UsageProblem(
            "This is no job of GitHub Actions that may ask for a token.",
            hint="Give the job `permissions: id-token: write`; its variables then hold what is needed.",
        )
    return identity.ClientAssertionCredential(tenant, client, lambda: _job_token(connection), **options)


def _job_token(connection: Connection) -> str:
    """Return a fresh token of the job. Source: GitHub Docs, "OpenID Connect reference"."""
    address = httpx.URL(connection.job_token_url or "").copy_merge_params({"audience": AUDIENCE})
    headers = {"Authorization": f"Bearer {connection.job_token_secret}"}
    proxy = proxy_for(f"{address.scheme}://{address.netloc.decode()}")
    try:
        with httpx.Client(verify=trust_of(connection), proxy=proxy, trust_env=False) as client:
            token = client.get(address, headers=headers).raise_for_status().json()["value"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as problem:
        raise SignInFailed(
            f"The token of the job could not be had: {first_line(problem)}",
            hint="Check that the job has `permissions: id-token: write`, and run it again.",
        ) from problem
    return str(token)
