"""Who is in a group, and who could get in: members through nested groups, and eligibility through PIM for Groups.

A membership that the token may not see raises; it never comes back with fewer people than the group has.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import msgspec

from migrate.graph import wire
from migrate.graph.channel import Call, Channel
from migrate.graph.pace import Bucket
from migrate.graph.pages import whole
from migrate.graph.refusals import GROUP_ELIGIBILITY, GROUPS, LicenceRefused, Needs
from migrate.graph.together import all_of

_HIDDEN = "HiddenMembership"
_HEAD = "$select=id,displayName,visibility,groupTypes,onPremisesSyncEnabled"


class MembershipHidden(Exception):
    """Somewhere in the group is a membership that the token may not see; Graph shows it as empty."""


def directory_read(path: str, what: str, needs: Needs, *, cost: float = 1) -> Call:
    """Return a read of the directory; `cost` is in resource units."""
    return Call(path=f"/v1.0/{path}", bucket=Bucket.READS, cost=cost, doing=f"reading {what}", needs=needs)


def equals(name: str, value: str) -> str:
    """Return an OData filter, encoded for a query."""
    return quote(f"{name} eq '{value}'")


class GroupReader:
    """Reads groups once each, for one reading of the evidence; several policies often rest on the same groups."""

    def __init__(self, channel: Channel, *, sees_hidden: bool, at_once: int) -> None:
        self._channel = channel
        self._sees_hidden = sees_hidden
        """Whether the token holds Member.Read.Hidden."""
        self.at_once = at_once
        """How many objects are read together."""
        self._members: dict[str, frozenset[str]] = {}
        self._nested: dict[str, list[wire.GroupHead]] = {}
        self._direct: dict[str, frozenset[str]] = {}
        self._inside: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    async def head(self, group_id: str) -> wire.GroupHead:
        """Read what a group is called; raises `NotFound` when it does not exist."""
        return await self._channel.read(
            directory_read(f"groups/{group_id}?{_HEAD}", f"group {group_id}", GROUPS),
            lambda body: msgspec.json.decode(body, type=wire.GroupHead),
        )

    async def members(self, head: wire.GroupHead) -> frozenset[str]:
        """Return the ids of the users in a group, through nested groups too; raises `MembershipHidden`."""
        hidden = [group for group in (head, *await self.nested(head.id)) if group.visibility == _HIDDEN]
        if hidden and not self._sees_hidden:
            names = ", ".join(repr(group.display_name or group.id) for group in hidden)
            raise MembershipHidden(f"the membership of {names} is hidden and the token lacks Member.Read.Hidden")
        if (known := self._members.get(head.id)) is not None:
            return known
        path = f"groups/{head.id}/transitiveMembers/microsoft.graph.user?$select=id&$top=999"
        call = directory_read(path, f"the members of group {head.id}", GROUPS, cost=4)
        found = self._members[head.id] = frozenset(await whole(self._channel, call, wire.object_id))
        return found

    async def nested(self, group_id: str) -> list[wire.GroupHead]:
        """Return the groups in a group, through further groups too."""
        if (known := self._nested.get(group_id)) is not None:
            return known
        path = f"groups/{group_id}/transitiveMembers/microsoft.graph.group?{_HEAD}&$top=999"
        call = directory_read(path, f"the groups in group {group_id}", GROUPS, cost=4)
        found = self._nested[group_id] = await whole(
            self._channel, call, lambda raw: msgspec.json.decode(raw, type=wire.GroupHead)
        )
        return found

    async def directly_inside(self, group_id: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return the ids of the users and of the groups directly in a group; one request for each 999 of them."""
        if (known := self._inside.get(group_id)) is not None:
            return known
        path = f"groups/{group_id}/members?$select=id&$top=999"
        call = directory_read(path, f"the direct members of group {group_id}", GROUPS, cost=2)
        found = await whole(self._channel, call, lambda raw: msgspec.json.decode(raw, type=wire.Principal))
        users, groups = (
            frozenset(each.id.lower() for each in found if each.kind == kind) for kind in ("user", "group")
        )
        self._inside[group_id] = users, groups
        return users, groups

    async def eligible(self, head: wire.GroupHead) -> frozenset[str]:
        """Return the ids of the users who could become members: of the group, or of a group inside it."""
        groups = [group for group in (head, *await self.nested(head.id)) if group.can_be_in_pim]
        found = await all_of((self._eligible_directly(group.id) for group in groups), at_once=self.at_once)
        return frozenset().union(*found)

    async def _eligible_directly(self, group_id: str) -> frozenset[str]:
        if (known := self._direct.get(group_id)) is not None:
            return known
        path = "identityGovernance/privilegedAccess/group/eligibilitySchedules"
        call = directory_read(
            f"{path}?$filter={equals('groupId', group_id)}&$expand=principal",
            f"who is eligible for group {group_id}",
            GROUP_ELIGIBILITY,
        )
        try:
            rows = await whole(self._channel, call, lambda raw: msgspec.json.decode(raw, type=wire.GroupEligibility))
        except LicenceRefused:
            # Without the licence there is no PIM for Groups, so nobody can be eligible.
            rows = []
        principals = [row.principal for row in rows if row.access_id == "member"]
        found = self._direct[group_id] = await self.people(principals)
        return found

    async def people(self, principals: Iterable[wire.Principal]) -> frozenset[str]:
        """Return the users among the principals and in the groups among them; applications are no people."""
        found: set[str] = set()
        for principal in principals:
            match principal.kind:
                case "user":
                    found.add(principal.id.lower())
                case "group":
                    found |= await self.members(await self.head(principal.id))
        return frozenset(found)

    async def people_to_be(self, principals: Iterable[wire.Principal]) -> frozenset[str]:
        """Return the users who could get into the groups among the principals."""
        found: set[str] = set()
        for principal in principals:
            if principal.kind == "group":
                found |= await self.eligible(await self.head(principal.id))
        return frozenset(found)
