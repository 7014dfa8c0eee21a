"""Find the policies that this tool made again, whatever version made them and whomever they were for then."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.policy_scope import users_of
from migrate.model.templates import Template

MARKER_PREFIX = "mfa-migrate:"


def marker_for(tenant_id: str, template: Template) -> str:
    """Return the marker that finds our policy again: the same for every plan of this tenant, whatever its scope."""
    return f"{MARKER_PREFIX}{template}:{_digest(f'{tenant_id}/{template}')}"


def is_named_by(key: str, policy: ConditionalAccessPolicy) -> bool:
    """Tell whether a step's key names this policy: by its id, or by our marker in the description."""
    if key.startswith(MARKER_PREFIX):
        return key in (policy.description or "")
    return policy.id.lower() == key.lower()


def found_again(
    tenant_id: str, template: Template, policies: Iterable[ConditionalAccessPolicy]
) -> tuple[tuple[str, ConditionalAccessPolicy], ...]:
    """Return our policies of a template, each with the marker that it carries; more than one where there are copies.

    Older versions wrote a marker for each scope: of the tenant for everybody, of the tenant and a group for that.
    """
    return tuple(
        (key, policy)
        for policy in policies
        if MARKER_PREFIX in (policy.description or "")
        for key in [_marker_on(policy, tenant_id, template)]
        if key is not None
    )


def _marker_on(policy: ConditionalAccessPolicy, tenant_id: str, template: Template) -> str | None:
    markers = [marker_for(tenant_id, template)]
    if template is Template.ALL_USERS:
        scopes = ["all", *map(str, users_of(policy.raw).get("includeGroups") or ())]
        markers += [older_marker(tenant_id, scope) for scope in scopes]
    return next((marker for marker in markers if is_named_by(marker, policy)), None)


def older_marker(tenant_id: str, scope: str) -> str:
    """Return the marker as older versions wrote it: `scope` is `all` or the id of a group."""
    return f"{MARKER_PREFIX}{_digest(f'{tenant_id}/{scope}')}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
