"""What `whoami` prints: tenant, person or application, roles, and the permissions with missing and surplus marked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, assert_never

from migrate.model.token import Identity, Kind
from migrate.model.words import counted
from migrate.views.screen import Answer
from migrate.views.tables import table

COLUMNS = ("Permission", "Standing")


def whoami_answer(identity: Identity) -> Answer:
    """Return the answer."""
    return Answer(
        kind="whoami",
        document=identity,
        columns=COLUMNS,
        rows=lambda: _permissions(identity),
        lines=lambda: _lines(identity),
    )


def _lines(who: Identity) -> Iterator[Any]:
    yield f"Tenant:    {who.tenant_name} ({who.tenant_domain}, {who.tenant_id})"
    yield f"Cloud:     {who.cloud}" + (f", a sandbox at {who.endpoint}" if who.endpoint else "")
    yield f"Signed in: {_who(who)}"
    if who.client_id is not None:
        yield f"Through:   {who.client_name or 'application'} ({who.client_id}), by {who.signed_in_by}"
    yield f"Roles:     {_roles(who)}"
    if who.eligible:
        yield f"Eligible:  {', '.join(who.eligible)} (activate in PIM before signing in)"
    if who.age_seconds is not None:
        yield f"Token:     {counted(who.age_seconds // 60, 'minute')} old, until {who.expires_at}"
    if who.kind is None:
        yield "The token is opaque, so what it allows is seen only when Graph is asked."
        return
    yield table(COLUMNS, _permissions(who))
    if who.missing:
        yield "Missing for reading: `mfa-migrate doctor --only permissions` prints the link for an administrator."
    elif who.missing_for_writing:
        yield "Everything up to and including the plan can be read. The write permissions are asked for by `apply`."


def _who(who: Identity) -> str:
    match who.kind:
        case None:
            return who.name
        case Kind.PERSON:
            if who.home_tenant is None:
                return f"{who.name} (person)"
            provider = "not read" if who.home_is_service_provider is None else "no"
            return f"{who.name} (person of the tenant {who.home_tenant}; a service provider here: {provider})"
        case Kind.APPLICATION:
            return f"{who.name} (application)"
        case Kind.PARTNER:
            return f"{who.name} of {who.home_tenant}, service provider"
        case _:
            assert_never(who.kind)


def _roles(who: Identity) -> str:
    if who.kind is Kind.APPLICATION:
        return "an application needs none"
    if not who.roles_known:
        return "the token does not tell"
    return ", ".join(who.roles) or "none for the whole directory"


def _permissions(who: Identity) -> Iterator[tuple[str, str]]:
    for name in who.missing:
        yield name, "missing"
    for name in who.missing_for_writing:
        yield name, "missing, for apply only"
    for name in who.held:
        if name in who.dangerous:
            yield name, "held, NEVER NEEDED, may change things"
        elif name in who.surplus:
            yield name, "held, never needed"
        else:
            yield name, "held"
