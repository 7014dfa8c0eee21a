"""What the sign-in service says of a tenant without any token: a wrong tenant or cloud is refused before all else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from migrate.errors import SignInFailed, Unreachable
from migrate.graph.session import Connection, cloud_of
from migrate.graph.sign_in_problems import refusal_of_sign_in
from migrate.graph.transport import proxy_for, trust_of
from migrate.model.snapshot import TenantAddress

_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class _Said:
    issuer: str
    graph_host: str | None
    region: str | None


def look_up(connection: Connection) -> TenantAddress | None:
    """Return what the sign-in service says of the tenant that is named; None where none is named.

    Raises `SignInFailed` for a tenant that does not exist or is in another cloud, and `Unreachable`.

    Source: OpenID Connect discovery; `msgraph_host` and `tenant_region_scope` as azure-cli logs them.
    """
    if not connection.names_a_tenant or not connection.auth.asks_the_authority:
        return None
    said = _asked(connection)
    expected = urlsplit(connection.origin).netloc
    host = said.graph_host
    cloud = cloud_of(host) if host else None
    if host and host.casefold() != expected and (cloud is not None or connection.is_sandbox):
        where = cloud.value if cloud is not None else f"with Graph at {host}"
        raise SignInFailed(
            f"The tenant {connection.tenant} is in the cloud {where}, and this command would go to {expected}.",
            hint=f"Give --cloud {cloud.value}."
            if cloud is not None and cloud is not connection.cloud
            else "Check --cloud, --tenant and `endpoint` in the configuration.",
        )
    return TenantAddress(tenant_id=_tenant_id(said.issuer), graph_host=host, region=said.region)


def _asked(connection: Connection) -> _Said:
    url = f"{connection.login_origin}/{connection.tenant}/v2.0/.well-known/openid-configuration"
    proxy = None if connection.is_sandbox else proxy_for(connection.login_origin)
    try:
        with httpx.Client(verify=trust_of(connection), proxy=proxy, timeout=_SECONDS, trust_env=False) as client:
            answer = client.get(url)
            body: Any = answer.json()
    except httpx.HTTPError as problem:
        raise _silent(connection, str(problem) or type(problem).__name__) from problem
    except ValueError as problem:
        raise Unreachable(
            f"{connection.login_origin} answered with something that is not the sign-in service's.",
            hint="A proxy or sign-in page of the network may stand between; check it, then run the command again.",
        ) from problem
    if answer.status_code != 200 or not isinstance(body, dict) or not isinstance(body.get("issuer"), str):
        said = body.get("error_description") if isinstance(body, dict) else None
        raise refusal_of_sign_in(str(said or f"the answer was {answer.status_code}"), connection)
    return _Said(
        issuer=body["issuer"],
        graph_host=_text(body.get("msgraph_host")),
        region=_text(body.get("tenant_region_scope")),
    )


def _silent(connection: Connection, said: str) -> Unreachable:
    hint = "Check the network, the proxy and `ca_bundle` in mfa-migrate.toml, then run the command again."
    if connection.cloud.is_untried:
        hint += f" The cloud {connection.cloud.value} is untried: no page says whether per-user MFA states exist there."
    return Unreachable(f"The sign-in service {connection.login_origin} did not answer: {said}", hint=hint)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _tenant_id(issuer: str) -> str | None:
    parts = urlsplit(issuer).path.strip("/").split("/")
    return parts[0].lower() if parts[0].count("-") == 4 else None
