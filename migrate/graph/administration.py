"""Who administers: holders of any role, and owners of a group. Decides no verdict; what cannot be read is not known.

Sources: Graph pages "List unifiedRoleAssignments", "List roleEligibilitySchedules" and "List group owners".
"""

from __future__ import annotations

from migrate.graph import principals
from migrate.graph.channel import Channel, read_of
from migrate.graph.groups import GroupReader, MembershipHidden
from migrate.graph.pages import whole
from migrate.graph.refusals import LicenceRefused
from migrate.graph.unreadable import UNREADABLE
from migrate.model.permissions import OWNERS, ROLES

_ASSIGNMENTS = read_of("roleManagement/directory/roleAssignments?$expand=principal", "who holds a role", ROLES)
_ELIGIBLE = read_of(
    "roleManagement/directory/roleEligibilitySchedules?$expand=principal", "who could activate a role", ROLES
)


async def administrators(reader: GroupReader) -> frozenset[str] | None:
    """Return the ids of all users who hold or could get any role, for the directory or a part of it; None if unknown.

    Somebody whom Graph does not name is left out: it is a list of people whom nothing is proposed for, and no proof.
    """
    try:
        held = await reader.expanded(_ASSIGNMENTS, principals.listed_assignment)
        try:
            rows = await reader.expanded(_ELIGIBLE, principals.listed_assignment)
        except LicenceRefused:
            rows = []  # without the licence there is no PIM, so nobody can be eligible
        holders = [(row.principal_id, row.principal) for row in (*held, *rows)]
        return ((await reader.people(holders)) | (await reader.people_to_be(holders))).users
    except (*UNREADABLE, MembershipHidden):
        return None


async def owners_of(channel: Channel, head: principals.GroupHead) -> frozenset[str] | None:
    """Return the ids of the owners of a group that are known to Graph; None where they could not be read.

    It knows none of groups made in Exchange or synchronised, and v1.0 lists no service principals.
    """
    call = read_of(f"groups/{head.id}/owners?$select=id&$top=999", f"the owners of group {head.id}", OWNERS, cost=2)
    try:
        rows = await whole(channel, call, principals.listed_principal)
    except UNREADABLE:
        return None
    return frozenset(row.id.lower() for row in rows if row is not None)
