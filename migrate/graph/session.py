"""Where Graph is, who asks, and what may be sent: hosts, connection options and the one allow-list.

No other module writes a Graph host name, and nothing but GET leaves the process unless the list below names it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from migrate.errors import ForbiddenRequest, UsageProblem
from migrate.model.access import Cloud, SignInMethod, sandbox_address
from migrate.model.permissions import READ_SET
from migrate.model.waits import Waiting

OnWait = Callable[[Waiting, float], None]
"""Called with the reason of a wait and its length in seconds, before the wait begins."""


_GRAPH_HOSTS = {
    Cloud.GLOBAL: "graph.microsoft.com",
    Cloud.USGOV: "graph.microsoft.us",
    Cloud.USGOV_DOD: "dod-graph.microsoft.us",
    Cloud.CHINA: "microsoftgraph.chinacloudapi.cn",
    Cloud.BLEU: "graph.svc.sovcloud.fr",
    Cloud.DELOS: "graph.svc.sovcloud.de",
    Cloud.GOVSG: "graph.svc.sovcloud.sg",
}
_AUTHORITY_HOSTS = {
    Cloud.GLOBAL: "login.microsoftonline.com",
    Cloud.USGOV: "login.microsoftonline.us",
    Cloud.USGOV_DOD: "login.microsoftonline.us",
    Cloud.CHINA: "login.chinacloudapi.cn",
    Cloud.BLEU: "login.sovcloud-identity.fr",
    Cloud.DELOS: "login.sovcloud-identity.de",
    Cloud.GOVSG: "login.sovcloud-identity.sg",
}


PUBLIC_CLIENT_ID = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft Graph Command Line Tools: the public client that Connect-MgGraph uses too."""
ANY_TENANT = frozenset({"", "common", "organizations", "consumers"})
"""Authorities that stand for whatever tenant the account belongs to."""


def cloud_of(host: str) -> Cloud | None:
    """Return the cloud whose Graph has this host; None for a host that we do not know."""
    return next((cloud for cloud, known in _GRAPH_HOSTS.items() if known == host.casefold()), None)


def graph_host(cloud: Cloud) -> str:
    """Return the host of Microsoft Graph.

    Source: Graph docs, national cloud deployments; for the clouds that are untried, Graph PowerShell's own table.
    """
    return _GRAPH_HOSTS[cloud]


def authority_host(cloud: Cloud) -> str:
    """Return the host that issues tokens."""
    return _AUTHORITY_HOSTS[cloud]


def page_of_code(code: int) -> str:
    """Return Microsoft's page about a code of the sign-in service."""
    return f"https://{authority_host(Cloud.GLOBAL)}/error?code={code}"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Everything needed to reach one tenant. Secrets are held in memory only and never shown by `repr`."""

    cloud: Cloud = Cloud.GLOBAL
    endpoint: str | None = None
    """Origin of a sandbox on this machine, such as `http://127.0.0.1:8765`; None for Microsoft Graph."""
    authority: str | None = None
    """Origin of a sandbox's own sign-in service (https, this machine); without it a sandbox takes a constant token."""
    tenant: str | None = None
    """Tenant id or domain to sign in to."""
    client_id: str | None = None
    """The application; for a managed identity the client id of one that is not the system's own."""
    auth: SignInMethod = SignInMethod.AUTO
    asks: tuple[str, ...] = READ_SET
    """The permissions that a person is asked to consent to; applications hold what was granted to them."""
    client_secret: str | None = field(default=None, repr=False)
    certificate_path: Path | None = None
    """PEM or PKCS #12 file with the private key."""
    certificate_password: str | None = field(default=None, repr=False)
    object_id: str | None = None
    """Object id of a managed identity, in place of its client id."""
    token_file: Path | None = None
    """File with another identity provider's token, for a federated application."""
    job_token_url: str | None = None
    """Where a job of GitHub Actions gets its token from, and what it shows there."""
    job_token_secret: str | None = field(default=None, repr=False)
    keeps_cache: bool = False
    """Keep tokens between commands in the encrypted cache of this machine; never in plain text."""
    ca_bundle: Path | None = None
    """PEM file of the authorities to trust instead of the built-in ones."""
    pacing: bool = True
    """False sends as fast as answers come; only for a sandbox that does not throttle."""
    timeout_seconds: float = 100.0
    """How long to wait for an answer before the connection counts as dead."""
    patience_seconds: float = 600.0
    """How long one read may go on being tried again in all."""
    patience_attempts: int = 8
    """How many times one read is sent at most."""
    concurrency: int = 24
    """Requests in flight at once: enough for twice the documented read rate at a third of a second an answer."""

    def __post_init__(self) -> None:
        """Refuse what cannot work before anything is sent."""
        if self.endpoint is not None:
            sandbox_address(self.endpoint)
        if self.authority is not None:
            sandbox_address(self.authority)
            if self.endpoint is None or not self.authority.startswith("https://"):
                raise UsageProblem(
                    f"The authority {self.authority!r} is for a sandbox behind https only.",
                    hint="Give --endpoint too; Microsoft's sign-in service is chosen by --cloud.",
                )
        if self.endpoint is None and not self.pacing:
            raise UsageProblem("Pacing can only be switched off for a sandbox, not for Microsoft Graph.")
        if self.ca_bundle is not None:
            _check_ca_bundle(self.ca_bundle)
        if self.tenant and not re.fullmatch(r"[0-9A-Za-z.-]+", self.tenant):
            # What else there is azure-identity refuses with a ValueError, in the middle of signing in.
            raise UsageProblem(
                f"{self.tenant!r} is neither the id nor a domain of a tenant.",
                hint="Give --tenant an id or a domain, such as contoso.onmicrosoft.com.",
            )

    @property
    def is_sandbox(self) -> bool:
        """Tell whether this goes to an emulator on this machine."""
        return self.endpoint is not None

    @property
    def origin(self) -> str:
        """Return scheme, host and port of every request, without a trailing slash."""
        if self.endpoint is None:
            return f"https://{graph_host(self.cloud)}"
        origin = self.endpoint.rstrip("/").lower()
        # HTTP clients leave the default port out, and origins are compared letter by letter.
        default = ":443" if origin.startswith("https:") else ":80"
        return origin.removesuffix(default)

    @property
    def has_constant_token(self) -> bool:
        """Tell whether nobody signs in: the sandbox takes any token."""
        return self.is_sandbox and self.authority is None

    @property
    def scope(self) -> str:
        """Return the scope that stands for whatever was granted beforehand."""
        return f"https://{graph_host(self.cloud)}/.default"

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the scopes to ask tokens for.

        `.default` would give a person what was consented to at any time, and never ask for what is missing (Microsoft
        identity platform, "Scopes and permissions").
        """
        if not self.auth.is_for_people:
            return (self.scope,)
        return tuple(f"https://{graph_host(self.cloud)}/{permission}" for permission in self.asks)

    @property
    def login_origin(self) -> str:
        """Return scheme and host of the sign-in service."""
        return self.authority or f"https://{authority_host(self.cloud)}"

    @property
    def names_a_tenant(self) -> bool:
        """Tell whether one tenant is named, and not whatever tenant the account belongs to."""
        return (self.tenant or "").casefold() not in ANY_TENANT


def _check_ca_bundle(path: Path) -> None:
    import ssl

    try:
        ssl.create_default_context(cafile=str(path))
    except (OSError, ValueError) as problem:
        raise UsageProblem(
            f"The CA bundle {path} cannot be used: {problem}.",
            hint="Name a PEM file of the authorities to trust as ca_bundle in mfa-migrate.toml.",
        ) from problem


# --- what may be sent ---------------------------------------------------------------------------------------------

_GUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_BATCH = re.compile(r"/(?P<version>beta|v1\.0)/\$batch")

ALLOWED: tuple[tuple[str, str], ...] = (
    ("POST", _BATCH.pattern),
    ("PATCH", rf"/beta/users/{_GUID}/authentication/requirements"),
    ("POST", r"/v1\.0/identity/conditionalAccess/policies"),
    ("PATCH", rf"/v1\.0/identity/conditionalAccess/policies/{_GUID}"),
    ("DELETE", rf"/v1\.0/identity/conditionalAccess/policies/{_GUID}"),
    ("POST", r"/v1\.0/identity/conditionalAccess/evaluate"),
)
"""Every method and path, other than GET, that may leave the process. The path must match whole, letter by letter
as it goes over the wire: no query, no percent-encoding, no other case. Items of a batch are held to the same list."""


def check_request(origin: str, method: str, url: str, body: bytes) -> None:
    """Raise `ForbiddenRequest` unless this request may leave the process.

    `origin` is the one that the connection may talk to; `url` is the absolute address as it goes over the wire;
    `body` is looked at for batches, whose items are held to the same list.
    """
    path = path_below(origin, method, url)
    _check_path(method, path)
    if (batch := _BATCH.fullmatch(path)) is not None and method == "POST":
        _check_items(batch["version"], body)


def path_below(origin: str, method: str, url: str) -> str:
    """Return path and query of `url`; raise `ForbiddenRequest` when it goes anywhere but to `origin`.

    Graph's own links are followed only through this, so that a token never goes to a host that a link names.
    """
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if f"{scheme}{separator}{host}".lower() != origin or not slash or not (url.isascii() and url.isprintable()):
        raise _forbidden(method, url, f"it does not go to {origin}")
    return slash + path


def _check_path(method: str, path: str) -> None:
    if method == "GET":
        if not path.startswith(("/v1.0/", "/beta/")):
            raise _forbidden(method, path, "it is no Graph path")
        return
    if not any(method == verb and re.fullmatch(pattern, path) for verb, pattern in ALLOWED):
        raise _forbidden(method, path, "the list of allowed requests does not name it")


def _check_items(version: str, body: bytes) -> None:
    try:
        items = [(str(item["method"]), str(item["url"])) for item in json.loads(body)["requests"]]
    except (ValueError, KeyError, TypeError) as problem:
        raise _forbidden("POST", "$batch", f"its body cannot be read ({problem!r})") from problem
    for method, url in items:
        if not url.startswith("/") or url.startswith("//") or _BATCH.search(f"/{version}{url}"):
            raise _forbidden(method, url, "an item of a batch must be a path below the version")
        _check_path(method, f"/{version}{url}")


def _forbidden(method: str, url: str, why: str) -> ForbiddenRequest:
    return ForbiddenRequest(
        f"The request {method} {url} was stopped before it left the process: {why}.",
        unchanged="It was not sent.",
        hint="This is a defect of mfa-migrate; please report it.",
    )
