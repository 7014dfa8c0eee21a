"""Compare a token with what a command needs: which permission or role is missing, and what is held without need."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.model.permissions import READ_SET, TABLE, WRITE_POLICIES, WRITE_STATES, DirectoryRole, Need
from migrate.model.token import Kind, Lack, LackKind, TokenFacts

OWN = frozenset(permission for need in TABLE for permission in (need.permission, *need.narrower))
"""Every permission that some command of ours asks for, and what does as well and allows less."""
_HARMLESS = frozenset({"openid", "profile", "email", "offline_access", "User.Read"})
METHODS_OF_PEOPLE = "UserAuthenticationMethod.ReadWrite"
"""Whoever holds such a permission can take anybody's methods away; this program never asks for one."""
_ROLES = frozenset(role.value for role in DirectoryRole)


def unmet(needs: Iterable[Need], token: TokenFacts) -> tuple[Need, ...]:
    """Return the needs whose permission the token does not hold, neither the least nor a wider one."""
    return tuple(need for need in needs if not need.is_met(token.held))


def lacks_role(need: Need, token: TokenFacts) -> bool:
    """Tell whether it is certain by the token that the signed-in person has no role for a call.

    A role that we do not know may be a custom one that allows it, and a token need not tell roles at all.
    """
    if token.kind is Kind.APPLICATION or not token.roles_known:
        return False
    held = token.directory_roles
    fitting = {DirectoryRole.GLOBAL_ADMINISTRATOR.value, *(role.value for role in need.roles)}
    return not held & fitting and held <= _ROLES


def lack_of(need: Need, token: TokenFacts | None, eligible: frozenset[str] | None) -> Lack:
    """Return what is missing for a call that was refused, or would be.

    Args:
        need: What the call takes.
        token: None where it is opaque.
        eligible: Template ids of the roles that the person could activate; None where that is not known.
    """
    if token is None:
        return Lack(kind=LackKind.UNKNOWN, need=need)
    if not need.is_met(token.held):
        return Lack(kind=LackKind.PERMISSION, need=need)
    if not lacks_role(need, token):
        besides = not frozenset(need.sometimes) <= token.held
        return Lack(kind=LackKind.PERMISSION_BESIDES if besides else LackKind.NEITHER, need=need)
    could = tuple(role.value for role in need.roles if role.value in (eligible or frozenset()))
    return Lack(kind=LackKind.ROLE_ELIGIBLE if could else LackKind.ROLE, need=need, eligible=could)


def missing_of(needed: Iterable[str], token: TokenFacts) -> tuple[str, ...]:
    """Return those of these permissions that the token lacks, a wider one in their place counted."""
    rows = {permission: [need for need in TABLE if need.permission == permission] for permission in needed}
    return tuple(
        permission
        for permission, needs in rows.items()
        if permission not in token.held and not all(need.is_met(token.held) for need in needs)
    )


def missing_for_reading(token: TokenFacts) -> tuple[str, ...]:
    """Return what of the read set the token lacks."""
    return missing_of(READ_SET, token)


def missing_for_writing(token: TokenFacts) -> tuple[str, ...]:
    """Return what of the write set the token lacks."""
    return missing_of((*WRITE_STATES, *WRITE_POLICIES), token)


def surplus_of(token: TokenFacts) -> tuple[str, ...]:
    """Return what the token holds and no command of ours ever needs."""
    return tuple(sorted(token.held - OWN - _HARMLESS))


def dangerous_of(token: TokenFacts) -> tuple[str, ...]:
    """Return the surplus that may change something, or act as anybody."""
    return tuple(permission for permission in surplus_of(token) if is_dangerous(permission))


def is_dangerous(permission: str) -> bool:
    """Tell whether a permission lets its holder change something or act as whoever is signed in."""
    parts = permission.split(".")
    return (
        any(part.startswith(("ReadWrite", "Manage", "Update", "Create", "Delete")) for part in parts)
        or permission == "Directory.AccessAsUser.All"
        or parts[0].startswith("AppRoleAssignment")
    )
