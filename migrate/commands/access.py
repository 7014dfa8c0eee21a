"""What a token lacks, seen before the first write; a refusal told apart by it; a warning of what it has too much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrate.commands.call import Call
from migrate.decide.access import METHODS_OF_PEOPLE, dangerous_of, lack_of, lacks_role, unmet
from migrate.errors import PermissionMissing
from migrate.model.permissions import STATE_WRITES, Need, Writes, needs_of
from migrate.model.token import LackKind, TokenFacts
from migrate.views.access import lack_told

if TYPE_CHECKING:
    from migrate.graph.refusals import AccessRefused
    from migrate.graph.session import Connection
    from migrate.graph.tenant import GraphTenant


async def refuse_what_is_missing(
    call: Call, connection: Connection, tenant: GraphTenant, verb: str, writes: Writes
) -> None:
    """Raise PermissionMissing, before anything is read or written, for what the token certainly lacks to write.

    A token that says nothing decides nothing: Graph itself refuses then, and reads come before writes.
    """
    token = tenant.token
    if token is None or not writes.asks:
        return
    warn_of_surplus(call, token)
    needs = needs_of(verb, states=writes.states, policies=writes.policies)
    for need in unmet(needs, token):
        if need is STATE_WRITES or (need.refuses and not writes.goes_back):
            raise await missing(connection, tenant, need)
        call.screen.warn(f"The token lacks the permission {need.permissions_told}: {need.what}.")
    for need in needs:
        if need.is_write and lacks_role(need, token):
            problem = await missing(connection, tenant, need)
            if not writes.goes_back:
                raise problem
            call.screen.warn(f"{problem.what} {problem.hint}")


async def missing(connection: Connection, tenant: GraphTenant, need: Need) -> PermissionMissing:
    """Return the error for a call that is not sent, since the token tells that it would be refused."""
    what, hint = await _told(connection, tenant, need)
    return PermissionMissing(f"{what}.", hint=hint)


async def explained(connection: Connection, tenant: GraphTenant, refused: AccessRefused) -> PermissionMissing:
    """Return the same refusal with what the token tells about it: which permission, or which role, is missing."""
    if tenant.token is None:
        return refused
    what, hint = await _told(connection, tenant, refused.need)
    return PermissionMissing(f"{refused.what} {what}.", unchanged=refused.unchanged, hint=hint)


async def _told(connection: Connection, tenant: GraphTenant, need: Need) -> tuple[str, str]:
    from migrate.graph.sign_in_problems import consent_link, who_consents

    token = tenant.token
    lack = lack_of(need, token, None)
    if lack.kind is LackKind.ROLE:
        lack = lack_of(need, token, await tenant.read_own_eligibility())
    return lack_told(
        lack,
        who_consents=who_consents(connection),
        link=consent_link(connection, (need.permission, *need.together, *need.sometimes)),
    )


def warn_of_surplus(call: Call, token: TokenFacts) -> None:
    """Warn of what the token allows and no command of ours needs."""
    surplus = dangerous_of(token)
    if not surplus:
        return
    methods = any(permission.startswith(METHODS_OF_PEOPLE) for permission in surplus)
    worst = " With it anybody's authentication methods could be taken away." if methods else ""
    call.screen.warn(
        f"The token holds more than this program ever needs: {', '.join(surplus)}.{worst} Use an application of your "
        "own; `mfa-migrate doctor --only permissions` prints how to make one."
    )
