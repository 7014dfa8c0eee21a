"""All modelled calls in one table."""

from migrate.sandbox.endpoints import (
    backups,
    conditional_access_parts,
    cross_tenant,
    groups,
    logs,
    methods,
    mfa_state,
    plans,
    policies,
    roles,
    tenant_settings,
    users,
    what_if,
)
from migrate.sandbox.routing import Route


def all_routes() -> tuple[Route, ...]:
    """Return every modelled call, in the order of the documentation."""
    return (
        *users.routes(),
        *mfa_state.routes(),
        *methods.routes(),
        *groups.routes(),
        *roles.routes(),
        *policies.routes(),
        *conditional_access_parts.routes(),
        *plans.routes(),
        *what_if.routes(),
        *tenant_settings.routes(),
        *cross_tenant.routes(),
        *backups.routes(),
        *logs.routes(),
    )
