"""Managed identities: the endpoint of virtual machines (IMDS) and the one of App Service, each in its own shape."""

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from migrate.sandbox.messages import Answer, Call, Json
from migrate.sandbox.token_answers import CERTIFICATE, DAY, PLAIN, application_token

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

IMDS, APP_SERVICE = ["metadata", "identity", "oauth2", "token"], ["msi", "token"]
"""Their paths. A client finds the first by AZURE_POD_IDENTITY_AUTHORITY_HOST, the other by IDENTITY_ENDPOINT."""
APP_SERVICE_SECRET = "sandbox"  # noqa: S105 - what IDENTITY_HEADER has to hold
_CHOICES = ("client_id", "object_id", "principal_id", "mi_res_id", "msi_res_id")


def owns(parts: list[str]) -> bool:
    """Tell whether a path is one of a managed identity."""
    return parts in (IMDS, APP_SERVICE)


def answer(sandbox: "Sandbox", call: Call) -> Answer:
    """Answer a token for the system's own identity, or for the one that is named."""
    given = {name: values[-1] for name, values in parse_qs(call.raw_query).items()}
    imds = [each.lower() for each in call.segments] == IMDS
    if imds and call.headers.get("metadata", "").lower() != "true":
        return _refused("invalid_request", "The header Metadata: true is missing.")
    if not imds and call.headers.get("x-identity-header") != APP_SERVICE_SECRET:
        return _refused("unauthorized", "The header X-IDENTITY-HEADER is missing or wrong.", 401)
    if "api-version" not in given or "resource" not in given:
        return _refused("invalid_request", "api-version and resource are required.")
    client = _identity(sandbox, given)
    if client is None:
        return _refused("invalid_request", "Identity not found")
    scope = f"{given['resource']}/.default"
    # Whoever asks again within a day is answered the same token by Azure, whatever was granted since.
    token = application_token(sandbox, call, client, scope, proof=CERTIFICATE, seconds=DAY)
    ends = int(sandbox.clock.now()) + DAY
    body: Json = {
        "access_token": token,
        "expires_on": str(ends),
        "resource": given["resource"],
        "token_type": "Bearer",
        "client_id": client,
    }
    if imds:
        body |= {"expires_in": str(DAY), "ext_expires_in": str(DAY), "not_before": str(ends - DAY)}
    return Answer(200, body, content_type=PLAIN)


def system_identity(sandbox: "Sandbox") -> str:
    """Return the client id of the identity that belongs to the machine itself."""
    return sandbox.tenant.new_id("managed identity", "system")


def _identity(sandbox: "Sandbox", given: dict[str, str]) -> str | None:
    """Return the client id of the identity asked for; those of users' own are the applications with permissions."""
    named = next((given[name] for name in _CHOICES if given.get(name)), None)
    if named is None:
        return system_identity(sandbox)
    for client in sandbox.sign_in.consents.grants:
        if named.lower() in (client, sandbox.tenant.new_id("principal", client)) or named.lower().endswith(
            f"/{client}"
        ):
            return client
    return None


def _refused(error: str, text: str, status: int = 400) -> Answer:
    return Answer(status, {"error": error, "error_description": text}, content_type=PLAIN)
