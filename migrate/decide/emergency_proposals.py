"""Who looks like an emergency access account: cloud-only and left out of every policy. Proposed, never taken."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.decide.directory_sync import would_catch
from migrate.model.evidence import Evidence, PolicyState, ReadStatus
from migrate.model.permissions import DirectoryRole
from migrate.model.users import UserProfile

_MOST = 4


def proposed_accounts(evidence: Evidence, profiles: Iterable[UserProfile]) -> tuple[str, ...]:
    """Return user principal names, a few at most; nobody where no enabled policy names anybody to leave out."""
    enabled = [policy for policy in evidence.policies if policy.policy_state is PolicyState.ENABLED]
    users = [(policy.raw.get("conditions") or {}).get("users") or {} for policy in enabled]
    candidates = {str(one).lower() for named in users for one in named.get("excludeUsers") or ()}
    role = evidence.roles.get(DirectoryRole.GLOBAL_ADMINISTRATOR.value)
    holders = role.holders if role is not None and role.status is ReadStatus.READ else None
    found = [
        profile.user_principal_name
        for profile in profiles
        if profile.id in candidates
        and profile.account_enabled
        and not profile.on_premises_sync_enabled
        and (holders is None or profile.id in holders)
        and not any(would_catch(policy, profile.id, evidence) for policy in enabled)
    ]
    return tuple(sorted(found)[:_MOST])
