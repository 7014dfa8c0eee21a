"""Recognises the policies that Microsoft makes and changes in a tenant by itself.

Graph has no documented mark for them. They cannot be renamed, and their names begin alike; the page lists the titles.
Source: Entra page "Microsoft-managed Conditional Access policies".
"""

from __future__ import annotations

from migrate.model.evidence import ConditionalAccessPolicy

_PREFIX = "microsoft-managed:"
_PER_USER_TITLE = "multifactor authentication for per-user multifactor authentication users"


def is_managed(policy: ConditionalAccessPolicy) -> bool:
    """Tell whether Microsoft may change the scope of a policy."""
    return policy.display_name.strip().casefold().startswith(_PREFIX)


def is_for_per_user_mfa(policy: ConditionalAccessPolicy) -> bool:
    """Tell whether it is the one for users of per-user MFA: whoever is disabled may leave it.

    A policy that bears its title without the prefix is taken for it too: that only holds people back.
    """
    name = policy.display_name.strip().casefold()
    return name == _PER_USER_TITLE or (is_managed(policy) and "per-user" in name)
