"""What a missing permission or role is told as, with what to type or to whom to send what."""

from __future__ import annotations

from typing import assert_never

from migrate.model.permissions import DirectoryRole, Need
from migrate.model.token import Lack, LackKind


def role_name(template_id: str) -> str:
    """Return the name of a role, or its id where it is not one that we know."""
    try:
        return DirectoryRole(template_id).label
    except ValueError:
        return template_id


def _role_to_have(need: Need) -> str:
    """Return the role to ask for: one that reads everything, so that the next read is not refused for another one."""
    if DirectoryRole.GLOBAL_READER in need.roles:
        return f"{DirectoryRole.GLOBAL_READER.label}, which is enough for all that has to be read,"
    return need.role_by_name or need.roles[0].label


def lack_told(lack: Lack, *, who_consents: str, link: str) -> tuple[str, str]:
    """Return what is missing, as a sentence, and the next step."""
    need = lack.need
    match lack.kind:
        case LackKind.PERMISSION:
            return (
                f"The token lacks the permission {need.permissions_told}",
                f"Have it consented to. Send this to a {who_consents}: {link}",
            )
        case LackKind.PERMISSION_BESIDES:
            return (
                f"The token holds {need.permission}, and this tenant seems to ask for {', '.join(need.sometimes)} too",
                f"Have it consented to as well. Send this to a {who_consents}: {link}",
            )
        case LackKind.ROLE:
            return (
                f"The signed-in account has no role that allows it: {need.roles_told}",
                f"Have the role {_role_to_have(need)} assigned, then sign in again.",
            )
        case LackKind.ROLE_ELIGIBLE:
            could = " or ".join(role_name(role) for role in lack.eligible)
            return (
                f"The signed-in account may have the role {could}, and has not activated it",
                f"Activate {could} in PIM, then sign in again.",
            )
        case LackKind.NEITHER:
            return (
                "The token holds the permission, and no role is known to be missing",
                "Sign in again: the token may be older than the role or consent. A role for one administrative unit "
                "does not count; an application's grant may take some minutes, a managed identity's token up to a day.",
            )
        case LackKind.UNKNOWN:
            return (
                f"Needed is the permission {need.permissions_told}; of a person also the role {need.roles_told}",
                f"Have both given. Consent, for a {who_consents}: {link}",
            )
        case _:
            assert_never(lack.kind)
