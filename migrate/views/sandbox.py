"""What `sandbox` prints once it serves: where, and which tenant."""

from __future__ import annotations

from migrate.model.words import counted
from migrate.views.screen import Answer


def sandbox_answer(url: str, tenant_id: str, domain: str, users: int) -> Answer:
    """Return the answer for a sandbox that accepts connections."""
    return Answer(
        kind="sandbox",
        document={"url": url, "tenantId": tenant_id, "domain": domain, "users": users},
        columns=("Url", "TenantId", "Domain", "Users"),
        rows=lambda: [(url, tenant_id, domain, str(users))],
        lines=lambda: [f"SANDBOX {url} serves {domain} with {counted(users, 'user')}; Ctrl-C ends it"],
    )
