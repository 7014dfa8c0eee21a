"""Knows the accounts of the directory synchronization, which cannot answer an MFA prompt, and whom a policy catches.

Holders that are applications need nothing: no policy for people reaches them.
"""

from __future__ import annotations

from migrate.model.evidence import ConditionalAccessPolicy, Evidence, ReadStatus
from migrate.model.rules import DIRECTORY_SYNC_NAME, DIRECTORY_SYNC_ROLES
from migrate.model.users import UserProfile

_ROLE_IDS = frozenset(DIRECTORY_SYNC_ROLES)


def sync_accounts(evidence: Evidence) -> frozenset[str]:
    """Return the ids of the users who hold, or may activate, one of the two roles."""
    found: set[str] = set()
    for role_id in DIRECTORY_SYNC_ROLES:
        role = evidence.roles.get(role_id)
        if role is not None:
            found |= role.holders | role.eligible | role.scoped
    return frozenset(found)


def is_sync_account(profile: UserProfile, evidence: Evidence) -> bool:
    """Tell whether a user is one of them, by role or by the name that Microsoft gives them in every tenant."""
    return profile.id in sync_accounts(evidence) or profile.display_name == DIRECTORY_SYNC_NAME


def are_unknown(evidence: Evidence) -> bool:
    """Tell whether the holders of one of the roles were not read: then anybody may be one of them."""
    read = (ReadStatus.READ, ReadStatus.GONE)
    return any(evidence.roles[one].status not in read for one in _ROLE_IDS & evidence.roles.keys()) or not (
        evidence.roles.keys() & _ROLE_IDS
    )


def would_catch(policy: ConditionalAccessPolicy, account: str, evidence: Evidence) -> bool:
    """Tell whether a policy may be assigned to an account, however little is known: certain exclusions only count."""
    users = (policy.raw.get("conditions") or {}).get("users") or {}
    return _may_include(users, account, evidence) and not _excludes(users, account, evidence)


def _named(users: dict[str, object], key: str) -> frozenset[str]:
    value = users.get(key)
    return frozenset(str(one).lower() for one in value) if isinstance(value, list) else frozenset()


def _may_include(users: dict[str, object], account: str, evidence: Evidence) -> bool:
    people = _named(users, "includeUsers")
    if people - {"none", "allagentidusers"} and (account in people or not all("-" in one for one in people)):
        return True
    if users.get("includeGuestsOrExternalUsers"):
        return True
    for group_id in _named(users, "includeGroups"):
        group = evidence.groups.get(group_id)
        if group is None or group.status not in (ReadStatus.READ, ReadStatus.GONE):
            return True
        if account in group.members | group.eligible:
            return True
    for role_id in _named(users, "includeRoles"):
        role = evidence.roles.get(role_id)
        if role is None or role.status not in (ReadStatus.READ, ReadStatus.GONE):
            return True
        if account in role.holders | role.eligible | role.scoped:
            return True
    return False


def _excludes(users: dict[str, object], account: str, evidence: Evidence) -> bool:
    if account in _named(users, "excludeUsers"):
        return True
    groups = (evidence.groups.get(one) for one in _named(users, "excludeGroups"))
    if any(group is not None and group.status is ReadStatus.READ and account in group.members for group in groups):
        return True
    roles = (evidence.roles.get(one) for one in _named(users, "excludeRoles"))
    return any(role is not None and role.status is ReadStatus.READ and account in role.holders for role in roles)
