"""Check 3: a signed-in person holds a directory role that suffices, now and not only by PIM."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.decide.access import lacks_role
from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.model.doctor import CheckName, CheckResult, TenantFacts
from migrate.model.permissions import POLICIES, STATE_WRITES, USERS, DirectoryRole
from migrate.model.token import Kind

_ME = CheckName.ROLE
_PAGE = "https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference"


def check(facts: TenantFacts) -> CheckResult:
    """Look at the roles in the token."""
    token = facts.token
    if facts.from_export:
        return skipped(_ME, "an export is no token")
    if token is None:
        return skipped(_ME, "the token is opaque")
    if token.kind is Kind.APPLICATION:
        return skipped(_ME, "an application needs no role")
    if not token.roles_known:
        return skipped(_ME, "the token does not tell roles, which Microsoft does not promise")
    names = _names(token.directory_roles)
    if lacks_role(USERS, token) and lacks_role(POLICIES, token) and lacks_role(STATE_WRITES, token):
        could = _names(facts.eligible or ())
        if could:
            return failed(
                _ME, "Roles could be activated, and none is.", could, fix="Activate one in PIM, then sign in again."
            )
        return failed(
            _ME,
            "The signed-in account holds no role that lets it read the tenant.",
            names,
            fix="Have Global Reader assigned for looking and planning.",
            page=_PAGE,
        )
    if facts.planned_users and lacks_role(STATE_WRITES, token):
        could = _names(set(facts.eligible or ()) & {role.value for role in STATE_WRITES.roles})
        return warned(
            _ME,
            "A plan waits to be applied, and the account can only read.",
            [*names, *(f"could be activated: {name}" for name in could)],
            fix=f"Activate or have assigned: {STATE_WRITES.roles[0].label}; then sign in again.",
            page=_PAGE,
        )
    return passed(_ME, f"The account holds {', '.join(names) or 'a role'}.")


def _names(roles: Iterable[str]) -> list[str]:
    known = {role.value: role.label for role in DirectoryRole}
    return sorted(known.get(role, role) for role in roles)
