"""Whether the tenant of the sign-in is the one that the export is of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.errors import UsageProblem
from migrate.store.snapshot import Snapshot

if TYPE_CHECKING:
    from migrate.graph.tenant import GraphTenant


async def refuse_other_tenant(tenant: GraphTenant, snapshot: Snapshot) -> None:
    """Raise UsageProblem when the sign-in is to another tenant than the export is of."""
    organization, exported = await tenant.read_organization(), snapshot.header.organization
    if organization.tenant_id != exported.tenant_id:
        raise UsageProblem(
            f"The sign-in is to the tenant {organization.display_name} ({organization.tenant_id}), and the "
            f"export is of {exported.display_name} ({exported.tenant_id}).",
            hint="Sign in to the other tenant, or run `mfa-migrate export` again.",
        )
