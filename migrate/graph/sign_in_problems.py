"""Turn what azure-identity and the sign-in service say into the error that says what to type next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from migrate.errors import MfaMigrateError, SignInFailed, Unreachable, UsageProblem
from migrate.graph.session import PUBLIC_CLIENT_ID, Connection, page_of_code
from migrate.graph.sign_in_codes import CODES, DEVICE_CODE_BLOCKED, Meaning, Next, code_in
from migrate.graph.token_cache import why_nothing_is_kept
from migrate.model.access import SignInMethod
from migrate.model.permissions import DirectoryRole

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

DEVICE_CODE_POLICY = 53003


def failure_of(problem: AzureError, connection: Connection) -> MfaMigrateError:
    """Tell a no of the sign-in service from silence; azure-identity reports both as a failed authentication."""
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError
    from azure.identity import AuthenticationRequiredError, CredentialUnavailableError

    causes: list[BaseException] = [problem]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    ours = next((cause for cause in causes if isinstance(cause, MfaMigrateError)), None)
    if ours is not None:
        return ours
    silent = any(isinstance(cause, ServiceRequestError | ServiceResponseError) for cause in causes)
    if isinstance(problem, AuthenticationRequiredError):
        return SignInFailed(
            "The sign-in has run out and could not be renewed without a person, who is never asked in mid-run.",
            unchanged="What was sent before stands in the journal; nothing else was sent.",
            hint="Run the same command again and sign in; it goes on where it stopped.",
        )
    if code_in(str(problem)) is not None:
        return refusal_of_sign_in(str(problem), connection)
    if connection.keeps_cache and not silent and (unkept := why_nothing_is_kept(causes)):
        why, step = unkept
        return UsageProblem(f"Tokens cannot be kept encrypted here, and in plain text they never are: {why}", hint=step)
    if isinstance(problem, CredentialUnavailableError):
        return SignInFailed(
            f"This way of signing in is not available here: {first_line(problem)}",
            hint="Do what it says, such as `az login` for the Azure CLI, or choose another way with --sign-in.",
        )
    if isinstance(problem, ClientAuthenticationError) and not silent:
        return refusal_of_sign_in(first_line(problem), connection)
    return Unreachable(
        f"The sign-in service did not answer: {first_line(problem)}",
        hint="Check the network, the proxy and `ca_bundle` in mfa-migrate.toml, then run the command again.",
    )


def refusal_of_sign_in(said: str, connection: Connection) -> SignInFailed:
    """Return the error for a no of the sign-in service; what it said itself is always shown."""
    code = code_in(said)
    shown = _without_trace(said)
    if code is None:
        return SignInFailed(
            f"Signing in failed: {shown}",
            hint="Check --tenant, --client-id and the secret or certificate, then run the command again.",
        )
    meaning = CODES.get(code)
    if meaning is None:
        return SignInFailed(f"Signing in failed: {shown}", hint=Next.UNKNOWN.value.format(page=page_of_code(code)))
    if code == DEVICE_CODE_POLICY and connection.auth is SignInMethod.DEVICE_CODE:
        meaning = Meaning(DEVICE_CODE_BLOCKED, Next.BROWSER)
    return SignInFailed(f"{meaning.sentence}. Microsoft says: {shown}", hint=_hint(meaning.next, connection))


def _hint(step: Next, connection: Connection) -> str:
    if step is Next.BROWSER and connection.auth is SignInMethod.BROWSER:
        step = Next.IN_THIS_BROWSER
    if step not in (Next.CONSENT, Next.PARTNER_CONSENT):
        return str(step.value)
    return str(step.value).format(who=who_consents(connection), link=consent_link(connection))


def who_consents(connection: Connection) -> str:
    """Return who may agree: to an application's own permissions for Graph only those who may give any role."""
    if connection.auth.is_for_people:
        return f"{DirectoryRole.CLOUD_APPLICATION_ADMINISTRATOR.label} (a Global Reader cannot agree)"
    return f"{DirectoryRole.PRIVILEGED_ROLE_ADMINISTRATOR.label} (a Global Reader cannot agree)"


def consent_link(connection: Connection, besides: tuple[str, ...] = ()) -> str:
    """Return the page on which an administrator agrees for the tenant, to permissions `besides` too.

    For people it names the scopes; nothing listens at its end, so "cannot be reached" with `admin_consent=True` in the
    address is success. Source: Microsoft identity platform, admin consent protocols.
    """
    tenant, client = connection.tenant or "organizations", connection.client_id or PUBLIC_CLIENT_ID
    if not connection.auth.is_for_people:
        return f"{connection.login_origin}/{tenant}/adminconsent?client_id={client}"
    asked = replace(connection, asks=tuple(dict.fromkeys([*connection.asks, *besides])))
    scopes = quote(" ".join(asked.scopes), safe="/:")
    return (
        f"{connection.login_origin}/{tenant}/v2.0/adminconsent?client_id={client}&scope={scopes}"
        "&redirect_uri=http://localhost&state=1"
    )


def first_line(problem: Exception) -> str:
    """Return the first line of what an exception says."""
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]


def _without_trace(said: str) -> str:
    """Return the service's words up to its trace ids, which are about that one attempt."""
    line = (said.strip().splitlines() or [""])[0].removeprefix("Authentication failed: ")
    return line.partition(" Trace ID:")[0].strip().rstrip(".") + "."
