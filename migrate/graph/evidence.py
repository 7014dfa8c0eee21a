"""Everything that a coverage verdict rests on: policies, locations, strengths, and each group and role they name.

A group or role that cannot be read whole is marked so; it never comes back with fewer people than it has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

import msgspec

from migrate.errors import GraphRefused, IncompleteRead, PermissionMissing
from migrate.graph import wire
from migrate.graph.channel import Call, Channel
from migrate.graph.pace import Bucket
from migrate.graph.pages import whole
from migrate.graph.policies import KEEP_UNKNOWN, PolicyRoom
from migrate.graph.refusals import GROUP_ELIGIBILITY, GROUPS, POLICIES, ROLES, LicenceRefused, Needs, NotFound
from migrate.graph.together import all_of
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, GroupEvidence, ReadStatus, RoleEvidence

_HIDDEN = "HiddenMembership"
_NOTHING: frozenset[str] = frozenset()


def named_in(policies: Iterable[ConditionalAccessPolicy], kind: str) -> list[str]:
    """Return the ids that policies include or exclude as `kind` (`Groups` or `Roles`), lower case, sorted."""
    found: set[str] = set()
    for policy in policies:
        users = (policy.raw.get("conditions") or {}).get("users") or {}
        for way in ("include", "exclude"):
            found.update(str(id_).lower() for id_ in users.get(way + kind) or ())
    return sorted(found)


class EvidenceReader:
    """Reads the evidence of one tenant."""

    def __init__(self, channel: Channel, policies: PolicyRoom, *, sees_hidden: bool, objects_at_once: int) -> None:
        self._channel = channel
        self._policies = policies
        self._sees_hidden = sees_hidden
        """Whether the token holds Member.Read.Hidden; without it a hidden membership looks empty."""
        self._at_once = objects_at_once

    async def read(self, *, groups: Sequence[str] = (), roles: Sequence[str] = ()) -> Evidence:
        """Read everything in one go; whatever fails as a whole raises a `RemoteProblem`.

        `groups` and `roles` (template ids) are read as well, although no policy may name them yet.
        """
        policies = await self._policies.list()
        locations = await whole(
            self._channel, _conditional_access("namedLocations", "reading named locations"), wire.json_object
        )
        strengths = await whole(
            self._channel,
            _conditional_access("authenticationStrength/policies", "reading authentication strengths"),
            wire.json_object,
        )
        defaults = await self._channel.read(_SECURITY_DEFAULTS, wire.security_defaults_enabled)
        group_ids = sorted({*named_in(policies, "Groups"), *map(str.lower, groups)})
        role_ids = sorted({*named_in(policies, "Roles"), *map(str.lower, roles)})
        read_groups = await all_of((self._group(id_) for id_ in group_ids), at_once=self._at_once)
        read_roles = await all_of((self._role(id_) for id_ in role_ids), at_once=self._at_once)
        return Evidence(
            policies=policies,
            named_locations=tuple(locations),
            authentication_strengths=tuple(strengths),
            security_defaults_enabled=defaults,
            groups={group.id: group for group in read_groups},
            roles={role.template_id: role for role in read_roles},
        )

    async def _group(self, group_id: str) -> GroupEvidence:
        try:
            return await self._group_whole(group_id)
        except NotFound:
            return _group(group_id, None, ReadStatus.GONE, "the group does not exist any more")
        except (GraphRefused, PermissionMissing, IncompleteRead) as problem:
            return _group(group_id, None, ReadStatus.UNREADABLE, _in_full(problem))

    async def _group_whole(self, group_id: str) -> GroupEvidence:
        head = await self._channel.read(
            _read(
                f"groups/{group_id}?$select=id,displayName,visibility,isAssignableToRole", f"group {group_id}", GROUPS
            ),
            lambda body: msgspec.json.decode(body, type=wire.GroupHead),
        )
        if head.visibility == _HIDDEN and not self._sees_hidden:
            why = "its membership is hidden and the token lacks Member.Read.Hidden"
            return _group(group_id, head, ReadStatus.HIDDEN, why)
        members = await self._members(group_id)
        return _group(group_id, head, ReadStatus.READ, None, members, await self._eligible_for_group(group_id))

    async def _members(self, group_id: str) -> frozenset[str]:
        """Return the users in a group, through nested groups too."""
        path = f"groups/{group_id}/transitiveMembers/microsoft.graph.user?$select=id&$top=999"
        call = _read(path, f"the members of group {group_id}", GROUPS, cost=4)
        return frozenset(await whole(self._channel, call, wire.object_id))

    async def _eligible_for_group(self, group_id: str) -> frozenset[str]:
        path = "identityGovernance/privilegedAccess/group/eligibilitySchedules"
        call = _read(
            f"{path}?$filter={_equals('groupId', group_id)}&$expand=principal",
            f"who is eligible for group {group_id}",
            GROUP_ELIGIBILITY,
        )
        try:
            rows = await whole(self._channel, call, lambda raw: msgspec.json.decode(raw, type=wire.GroupEligibility))
        except LicenceRefused:
            # Without the licence there is no PIM for Groups, so nobody can be eligible.
            return _NOTHING
        return await self._people(row.principal for row in rows if row.access_id == "member")

    async def _role(self, template_id: str) -> RoleEvidence:
        try:
            return await self._role_whole(template_id)
        except NotFound:
            return _role(template_id, None, ReadStatus.GONE, "the role does not exist in this tenant")
        except (GraphRefused, PermissionMissing, IncompleteRead) as problem:
            return _role(template_id, None, ReadStatus.UNREADABLE, _in_full(problem))

    async def _role_whole(self, template_id: str) -> RoleEvidence:
        head = await self._channel.read(
            _read(
                f"roleManagement/directory/roleDefinitions/{template_id}?$select=id,displayName",
                f"role {template_id}",
                ROLES,
            ),
            lambda body: msgspec.json.decode(body, type=wire.RoleHead),
        )
        held = await self._assignments("roleAssignments", template_id)
        try:
            eligible = await self._assignments("roleEligibilitySchedules", template_id)
        except LicenceRefused:
            # Without the licence there is no PIM, so nobody can be eligible.
            eligible = []
        return RoleEvidence(
            template_id=template_id,
            display_name=head.display_name,
            status=ReadStatus.READ,
            problem=None,
            holders=await self._people(row.principal for row in held if row.is_for_whole_directory),
            eligible=await self._people(row.principal for row in eligible),
            scoped=await self._people(row.principal for row in held if not row.is_for_whole_directory),
        )

    async def _assignments(self, collection: str, template_id: str) -> list[wire.Assignment]:
        call = _read(
            f"roleManagement/directory/{collection}?$filter={_equals('roleDefinitionId', template_id)}"
            "&$expand=principal",
            f"who holds role {template_id}",
            ROLES,
        )
        return await whole(self._channel, call, lambda raw: msgspec.json.decode(raw, type=wire.Assignment))

    async def _people(self, principals: Iterable[wire.Principal]) -> frozenset[str]:
        """Return the users among the principals and in the groups among them; applications are no people."""
        found: set[str] = set()
        for principal in principals:
            match wire.kind_of(principal):
                case "user":
                    found.add(principal.id.lower())
                case "group":
                    found |= await self._members(principal.id)
        return frozenset(found)


def _equals(name: str, value: str) -> str:
    return quote(f"{name} eq '{value}'")


def _in_full(problem: GraphRefused | PermissionMissing | IncompleteRead) -> str:
    return f"{problem.what} {problem.hint}".strip()


def _group(
    group_id: str,
    head: wire.GroupHead | None,
    status: ReadStatus,
    problem: str | None,
    members: frozenset[str] = _NOTHING,
    eligible: frozenset[str] = _NOTHING,
) -> GroupEvidence:
    return GroupEvidence(
        id=group_id,
        display_name=head.display_name if head else None,
        visibility=head.visibility if head else None,
        status=status,
        problem=problem,
        members=members,
        eligible=eligible,
    )


def _role(template_id: str, name: str | None, status: ReadStatus, problem: str) -> RoleEvidence:
    return RoleEvidence(
        template_id=template_id,
        display_name=name,
        status=status,
        problem=problem,
        holders=_NOTHING,
        eligible=_NOTHING,
        scoped=_NOTHING,
    )


def _read(path: str, what: str, needs: Needs, *, cost: float = 1) -> Call:
    return Call(path=f"/v1.0/{path}", bucket=Bucket.READS, cost=cost, doing=f"reading {what}", needs=needs)


def _conditional_access(path: str, doing: str) -> Call:
    return Call(
        path=f"/v1.0/identity/conditionalAccess/{path}",
        bucket=Bucket.CONDITIONAL_ACCESS,
        cost=1,
        doing=doing,
        needs=POLICIES,
        headers=KEEP_UNKNOWN,
        doubt_400=True,
    )


_SECURITY_DEFAULTS = _read("policies/identitySecurityDefaultsEnforcementPolicy", "security defaults", POLICIES)
