"""Who is in a group, and who could get in: members through nested groups, and eligibility through PIM for Groups.

A membership that the token may not see raises; it never comes back with fewer people than the group has.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import msgspec

from migrate.graph import principals, wire
from migrate.graph.absence import Absences
from migrate.graph.channel import Call, Channel, read_of
from migrate.graph.pages import whole
from migrate.graph.refusals import LicenceRefused, NotFound
from migrate.graph.together import all_of
from migrate.model.permissions import GROUP_ELIGIBILITY, GROUPS, USERS

_HIDDEN = "hiddenmembership"
_EXPANDED = re.compile(r"[?&]\$expand=principal$")
_HEAD = "$select=id,displayName,visibility,groupTypes,onPremisesSyncEnabled,isAssignableToRole"


Row = TypeVar("Row", principals.Assignment, principals.GroupEligibility)
Holder = tuple[str | None, principals.Principal | None]
"""Id and expanded principal of whoever holds a role or may enter a group; either may be missing."""


_GONE = principals.Principal(id="", odata_type="")
"""Stands for a principal that was deleted, or that is an application."""

_NO_PEOPLE = frozenset({"servicePrincipal", "device", "orgContact", "application"})
"""Kinds of principals that are surely neither users nor groups."""


class MembershipHidden(Exception):
    """Somewhere in the group is a membership that the token may not see; Graph shows it as empty."""


def equals(name: str, value: str) -> str:
    """Return an OData filter, encoded for a query."""
    return quote(f"{name} eq '{value}'")


@dataclass(frozen=True, kw_only=True)
class Members:
    """Who was found: people by id, and how many entries stand for somebody whom Graph did not name."""

    users: frozenset[str] = frozenset()
    unnamed: int = 0

    def __or__(self, more: Members) -> Members:
        return Members(users=self.users | more.users, unnamed=self.unnamed + more.unnamed)


class GroupReader:
    """Reads groups once each, for one reading of the evidence; several policies often rest on the same groups."""

    def __init__(self, channel: Channel, absences: Absences, *, sees_hidden: bool, at_once: int) -> None:
        self._channel = channel
        self._absences = absences
        self._sees_hidden = sees_hidden
        """Whether the token holds Member.Read.Hidden."""
        self.at_once = at_once
        """How many objects are read together."""
        self._members: dict[str, Members] = {}
        self._nested: dict[str, list[principals.GroupHead]] = {}
        self._unnamed_groups: dict[str, int] = {}
        self._direct: dict[str, Members] = {}
        self._inside: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        self._principals: dict[str, principals.Principal] = {}

    async def head(self, group_id: str) -> principals.GroupHead:
        """Read what a group is called; raises `NotFound` when the rule says that it does not exist."""
        return await self._absences.told(f"group {group_id}", lambda: self._head_once(group_id))

    async def _head_once(self, group_id: str) -> principals.GroupHead:
        return await self._channel.read(
            read_of(f"groups/{group_id}?{_HEAD}", f"group {group_id}", GROUPS),
            lambda body: msgspec.json.decode(body, type=principals.GroupHead),
        )

    async def members(self, head: principals.GroupHead) -> Members:
        """Return the users in a group, through nested groups too; raises `MembershipHidden`.

        A 404 here is about something inside; it is no proof that nobody is in the group, but it may pass.
        """
        return await self._absences.told(f"the members of group {head.id}", lambda: self._members_once(head))

    async def _members_once(self, head: principals.GroupHead) -> Members:
        hidden = [
            group for group in (head, *await self.nested(head.id)) if (group.visibility or "").casefold() == _HIDDEN
        ]
        if hidden and not self._sees_hidden:
            names = ", ".join(repr(group.display_name or group.id) for group in hidden)
            raise MembershipHidden(f"the membership of {names} is hidden and the token lacks Member.Read.Hidden")
        if (known := self._members.get(head.id)) is not None:
            return known
        path = f"groups/{head.id}/transitiveMembers/microsoft.graph.user?$select=id&$top=999"
        call = read_of(path, f"the members of group {head.id}", GROUPS, cost=4)
        rows = await whole(self._channel, call, wire.member_id)
        found = self._members[head.id] = Members(
            users=frozenset(row for row in rows if row is not None),
            # Somebody unnamed may also be in a group that is not named.
            unnamed=rows.count(None) + self._unnamed_groups.get(head.id, 0),
        )
        return found

    async def nested(self, group_id: str) -> list[principals.GroupHead]:
        """Return the groups in a group, through further groups too."""
        if (known := self._nested.get(group_id)) is not None:
            return known
        path = f"groups/{group_id}/transitiveMembers/microsoft.graph.group?{_HEAD}&$top=999"
        call = read_of(path, f"the groups in group {group_id}", GROUPS, cost=4)
        rows = await whole(self._channel, call, principals.listed_group)
        found = self._nested[group_id] = [row for row in rows if row is not None]
        self._unnamed_groups[group_id] = len(rows) - len(found)
        return found

    async def directly_inside(self, group_id: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return the ids of the users and of the groups directly in a group; one request for each 999 of them."""
        if (known := self._inside.get(group_id)) is not None:
            return known
        path = f"groups/{group_id}/members?$select=id&$top=999"
        call = read_of(path, f"the direct members of group {group_id}", GROUPS, cost=2)
        found = await whole(self._channel, call, lambda raw: msgspec.json.decode(raw, type=principals.Principal | None))
        users, groups = (
            frozenset(each.id.lower() for each in found if each is not None and each.kind == kind)
            for kind in ("user", "group")
        )
        self._inside[group_id] = users, groups
        return users, groups

    async def eligible(self, head: principals.GroupHead) -> Members:
        """Return the users who could become members: of the group, or of a group inside it."""
        return await self._absences.told(f"who is eligible for group {head.id}", lambda: self._eligible_once(head))

    async def _eligible_once(self, head: principals.GroupHead) -> Members:
        groups = [group for group in (head, *await self.nested(head.id)) if group.can_be_in_pim]
        found = await all_of((self._eligible_directly(group.id) for group in groups), at_once=self.at_once)
        return _together(found)

    async def _eligible_directly(self, group_id: str) -> Members:
        if (known := self._direct.get(group_id)) is not None:
            return known
        path = "identityGovernance/privilegedAccess/group/eligibilitySchedules"
        call = read_of(
            f"{path}?$filter={equals('groupId', group_id)}&$expand=principal",
            f"who is eligible for group {group_id}",
            GROUP_ELIGIBILITY,
        )
        try:
            rows = await self.expanded(call, principals.listed_eligibility)
        except LicenceRefused:
            # Without the licence there is no PIM for Groups, so nobody can be eligible.
            rows = []
        found = self._direct[group_id] = await self.people(
            (row.principal_id, row.principal) for row in rows if row.access_id.casefold() != "owner"
        )
        return found

    async def expanded(self, call: Call, decode: Callable[[msgspec.Raw], Row]) -> list[Row]:
        """Read rows with `$expand=principal`; where Graph refuses to expand a deleted principal, read them without.

        Seen in the wild: one orphaned assignment makes the whole list answer 404.
        """
        try:
            return await whole(self._channel, call, decode)
        except NotFound:
            plain = dataclasses.replace(call, path=_EXPANDED.sub("", call.path))
            return await whole(self._channel, plain, decode)

    async def people(self, holders: Iterable[Holder]) -> Members:
        """Return the users among the holders and in the groups among them; applications are no people."""
        return _together([await self._people_of(principal) for principal in await self._named(holders)])

    async def _people_of(self, principal: principals.Principal | None) -> Members:
        if principal is None:
            return Members(unnamed=1)
        match principal.kind:
            case "group":
                return await self._inside_group(principal.id, self.members)
            case kind if kind in _NO_PEOPLE:
                return Members()
            case _:
                # A kind that is not known here may be one of users; the id of anything else is no user's.
                return Members(users=frozenset({principal.id.lower()}))

    async def people_to_be(self, holders: Iterable[Holder]) -> Members:
        """Return the users who could get into the groups among the holders."""
        groups = [one.id for one in await self._named(holders) if one is not None and one.kind == "group"]
        return _together([await self._inside_group(id_, self.eligible) for id_ in groups])

    async def _inside_group(self, group_id: str, read: Callable[[principals.GroupHead], Awaitable[Members]]) -> Members:
        try:
            head = await self.head(group_id)
        except NotFound:
            return Members()
        return await read(head)

    async def _named(self, holders: Iterable[Holder]) -> list[principals.Principal | None]:
        """Return the principals; None stands for somebody unnamed. Whoever was deleted since is left out."""
        found = await all_of((self._principal(*holder) for holder in list(holders)), at_once=self.at_once)
        return [one for one in found if one is not _GONE]

    async def _principal(self, id_: str | None, principal: principals.Principal | None) -> principals.Principal | None:
        if principal is not None or id_ is None:
            return principal
        known = self._principals.get(id_)
        if known is None:
            try:
                known = await self._absences.told(f"principal {id_}", lambda: self._look_up(id_))
            except NotFound:
                known = _GONE
            self._principals[id_] = known
        return known

    async def _look_up(self, id_: str) -> principals.Principal:
        """Return the user or group with this id; raises `NotFound` for an application too, which is no person."""
        try:
            call = read_of(f"users/{id_}?$select=id", f"principal {id_}", USERS)
            await self._channel.read(call, wire.member_id)
        except NotFound:
            await self._head_once(id_)
            return principals.Principal(id=id_, odata_type="#microsoft.graph.group")
        return principals.Principal(id=id_, odata_type="#microsoft.graph.user")


def _together(found: Iterable[Members]) -> Members:
    result = Members()
    for one in found:
        result |= one
    return result
