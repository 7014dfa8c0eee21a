"""`whoami`: which tenant this is, who is signed in, and what the token allows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from migrate.commands.call import Call
from migrate.commands.options import verb
from migrate.commands.wiring import open_tenant
from migrate.errors import ExitCode
from migrate.model.instants import iso_utc
from migrate.model.token import Identity, Kind, TokenFacts
from migrate.views.access import role_name
from migrate.views.whoami import whoami_answer

if TYPE_CHECKING:
    from migrate.graph.tenant import GraphTenant


@verb
def whoami(call: Call) -> ExitCode:
    """Show the tenant, who is signed in, and what the token allows.

    Tells a person from an application and from a partner's operator, names the directory roles, marks the permissions
    that are missing and those that no command ever needs, and how old the token is. Only reads.

    \b
    Examples:
        mfa-migrate whoami
        mfa-migrate whoami --tenant contoso.example -o json
    """
    from migrate.commands.access import warn_of_surplus

    identity, token = call.run(_read(call))
    if token is not None:
        warn_of_surplus(call, token)
    call.answer(whoami_answer(identity))
    return ExitCode.OK


async def _read(call: Call) -> tuple[Identity, TokenFacts | None]:
    async with open_tenant(call) as tenant:
        return await identity_of(call, tenant), tenant.token


async def identity_of(call: Call, tenant: GraphTenant) -> Identity:
    """Read who is signed in; a partner is told apart by the tenant's own settings, not by the token alone."""
    from migrate.decide.access import dangerous_of, missing_for_reading, missing_for_writing, surplus_of

    organization, token = await tenant.read_organization(), tenant.token
    is_person = token is not None and token.kind is Kind.PERSON
    eligible = await tenant.read_own_eligibility() if is_person else None
    provider = None
    if token is not None and token.home_tenant is not None:
        provider = await tenant.read_is_service_provider(token.home_tenant)
    kind = None if token is None else Kind.PARTNER if provider else token.kind
    now = int(tenant.server_now().timestamp())
    return Identity(
        tenant_id=organization.tenant_id,
        tenant_name=organization.display_name,
        tenant_domain=organization.default_domain,
        cloud=call.settings.cloud.value,
        endpoint=call.settings.endpoint,
        name=(await tenant.read_actor()).name if token is None else token.name,
        kind=kind,
        home_tenant=token.home_tenant if token else None,
        home_is_service_provider=provider,
        object_id=token.object_id if token else None,
        client_id=token.client_id if token else None,
        client_name=token.client_name if token else None,
        signed_in_by=tenant.signed_in_by.value,
        roles=tuple(sorted(role_name(role) for role in token.directory_roles)) if token else (),
        roles_known=token.roles_known if token else False,
        eligible=tuple(sorted(role_name(role) for role in eligible or ())),
        held=tuple(sorted(token.held)) if token else (),
        missing=missing_for_reading(token) if token else (),
        missing_for_writing=missing_for_writing(token) if token else (),
        surplus=surplus_of(token) if token else (),
        dangerous=dangerous_of(token) if token else (),
        issued_at=_moment(token.issued_at) if token else None,
        expires_at=_moment(token.expires_at) if token else None,
        age_seconds=None if token is None or token.issued_at is None else max(0, now - token.issued_at),
    )


def _moment(seconds: int | None) -> str | None:
    try:
        return None if seconds is None else iso_utc(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, ValueError, OSError):
        return None
