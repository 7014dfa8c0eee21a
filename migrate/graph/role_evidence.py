"""A role that policies name, as evidence: who holds it, who could, or why that could not be read.

Sources: Graph pages "List unifiedRoleAssignments" and "List roleEligibilitySchedules".
"""

from __future__ import annotations

import msgspec

from migrate.graph import principals
from migrate.graph.absence import Absences
from migrate.graph.channel import Channel, read_of
from migrate.graph.groups import GroupReader, MembershipHidden, equals
from migrate.graph.refusals import LicenceRefused, NotFound
from migrate.graph.unreadable import UNREADABLE, in_full
from migrate.model.evidence import ReadStatus, RoleEvidence
from migrate.model.permissions import ROLES


async def role_evidence_of(channel: Channel, absences: Absences, reader: GroupReader, template_id: str) -> RoleEvidence:
    """Read a role with the people who hold it, for the directory or a part of it, and those who could."""
    call = read_of(
        f"roleManagement/directory/roleDefinitions/{template_id}?$select=id,displayName,isBuiltIn",
        f"role {template_id}",
        ROLES,
    )
    try:
        head = await absences.told(
            f"role {template_id}",
            lambda: channel.read(call, lambda body: msgspec.json.decode(body, type=principals.RoleHead)),
        )
    except NotFound:
        return _unread(template_id, None, ReadStatus.GONE, "the role does not exist in this tenant")
    except UNREADABLE as problem:
        return _unread(template_id, None, ReadStatus.UNREADABLE, in_full(problem))
    try:
        return await _whole(reader, template_id, head)
    except MembershipHidden as problem:
        return _unread(template_id, head, ReadStatus.UNREADABLE, str(problem))
    except UNREADABLE as problem:
        return _unread(template_id, head, ReadStatus.UNREADABLE, in_full(problem))


async def _whole(reader: GroupReader, template_id: str, head: principals.RoleHead) -> RoleEvidence:
    assigned = await _assignments(reader, "roleAssignments", template_id)
    try:
        rows = await _assignments(reader, "roleEligibilitySchedules", template_id)
        eligible = [(row.principal_id, row.principal) for row in rows]
    except LicenceRefused:
        # Without the licence there is no PIM, so nobody can be eligible.
        eligible = []
    held = [(row.principal_id, row.principal) for row in assigned if row.is_for_whole_directory]
    scoped = [(row.principal_id, row.principal) for row in assigned if not row.is_for_whole_directory]
    holders, parts = await reader.people(held), await reader.people(scoped)
    could_hold = await reader.people(eligible)
    # Whoever can get into a group that holds the role, or may activate it, can get the role.
    could_hold |= await reader.people_to_be([*held, *eligible])
    return RoleEvidence(
        template_id=template_id,
        display_name=head.display_name,
        status=ReadStatus.READ,
        problem=None,
        holders=holders.users,
        eligible=could_hold.users,
        scoped=parts.users,
        unnamed=(holders | could_hold | parts).unnamed,
        built_in=head.is_built_in,
    )


async def _assignments(reader: GroupReader, collection: str, template_id: str) -> list[principals.Assignment]:
    call = read_of(
        f"roleManagement/directory/{collection}?$filter={equals('roleDefinitionId', template_id)}&$expand=principal",
        f"who holds role {template_id}",
        ROLES,
    )
    return await reader.expanded(call, principals.listed_assignment)


def _unread(template_id: str, head: principals.RoleHead | None, status: ReadStatus, problem: str) -> RoleEvidence:
    return RoleEvidence(
        template_id=template_id,
        display_name=head.display_name if head else None,
        status=status,
        problem=problem,
        holders=frozenset(),
        eligible=frozenset(),
        scoped=frozenset(),
    )
