"""Everything that a coverage verdict rests on: policies, locations, strengths, and each group and role they name.

A group or role that cannot be read whole is marked so; it never comes back with fewer people than it has.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import msgspec

from migrate.errors import IncompleteRead
from migrate.graph import wire
from migrate.graph.absence import Absences
from migrate.graph.administration import administrators
from migrate.graph.capability import read_capability
from migrate.graph.channel import Call, Channel, read_of
from migrate.graph.group_evidence import group_evidence_of
from migrate.graph.groups import GroupReader
from migrate.graph.in_part import NeverShown
from migrate.graph.pace import Bucket
from migrate.graph.pages import whole, whole_once
from migrate.graph.policies import KEEP_UNKNOWN, PolicyAccess
from migrate.graph.role_evidence import role_evidence_of
from migrate.graph.together import all_of
from migrate.graph.unreadable import or_problem
from migrate.model.evidence import (
    BetaEvidence,
    ConditionalAccessPolicy,
    Evidence,
    GroupEvidence,
    PolicyPlan,
    ReadStatus,
    RoleEvidence,
)
from migrate.model.permissions import PLANS, POLICIES
from migrate.model.record import JsonObject
from migrate.model.stand_in import stand_in_id


def named_in(policies: Iterable[ConditionalAccessPolicy], kind: str) -> list[str]:
    """Return the ids that policies include or exclude as `kind` (`Groups` or `Roles`), lower case, sorted."""
    found: set[str] = set()
    for policy in policies:
        users = (policy.raw.get("conditions") or {}).get("users") or {}
        for way in ("include", "exclude"):
            found.update(str(id_).lower() for id_ in users.get(way + kind) or ())
    return sorted(found)


def locations_named_in(policies: Iterable[ConditionalAccessPolicy]) -> frozenset[str]:
    """Return the ids (lower case) of the named locations that policies name; the words of Graph are none."""
    found: set[str] = set()
    for policy in policies:
        locations = (policy.raw.get("conditions") or {}).get("locations") or {}
        for way in ("includeLocations", "excludeLocations"):
            found.update(str(id_).lower() for id_ in locations.get(way) or ())
    return frozenset(id_ for id_ in found if "-" in id_) - _NO_LOCATIONS


def with_stand_ins(found: Iterable[JsonObject], what: str) -> list[JsonObject]:
    """Return the objects of a list, those without an id under one that stands for it.

    Raises `IncompleteRead` when none of them has an id.
    """
    ids, kept, without = NeverShown(f"object while reading {what}", ("id",)), list[JsonObject](), 0
    for raw in found:
        has_id = isinstance(raw.get("id"), str)
        ids.note(() if has_id else ("id",))
        without += not has_id
        kept.append(raw if has_id else {**raw, "id": stand_in_id(without)})
    ids.end()
    return kept


def strengths_named_in(policies: Iterable[ConditionalAccessPolicy]) -> frozenset[str]:
    """Return the ids (lower case) of the authentication strengths that policies grant with."""
    found = (
        str(strength["id"]).lower()
        for policy in policies
        if (strength := (policy.raw.get("grantControls") or {}).get("authenticationStrength") or {}).get("id")
    )
    return frozenset(found)


_MOST_LOOKS = 5
"""So often policies may name somebody new while they are read."""
_NO_LOCATIONS = frozenset({"00000000-0000-0000-0000-000000000000", "3d46dbda-8382-466a-856d-eb00cbc6b910"})
"""Ids that no list shows: the MFA trusted IPs of the old settings page, and the compliant network (beta)."""


class EvidenceReader:
    """Reads the evidence of one tenant."""

    def __init__(
        self,
        channel: Channel,
        policies: PolicyAccess,
        *,
        sees_hidden: bool,
        objects_at_once: int,
        apart: float,
    ) -> None:
        """Wire a reader.

        Args:
            apart: Seconds between two readings that have to agree before an object counts as gone.
            channel, policies, sees_hidden, objects_at_once: What it reads through, what the token may see, and how
                many objects are read together.
        """
        self._channel = channel
        self._policies = policies
        self._absences = Absences(channel, apart=apart)
        self._groups_known: dict[str, GroupEvidence] = {}
        self._roles_known: dict[str, RoleEvidence] = {}
        self._sees_hidden = sees_hidden
        """Whether the token holds Member.Read.Hidden; without it a hidden membership looks empty."""
        self._at_once = objects_at_once

    def remember(self, evidence: Evidence) -> None:
        """Take in earlier evidence: what was there then is not taken for empty when it cannot be found now."""
        self._groups_known.update(
            (id_, group) for id_, group in evidence.groups.items() if group.status is ReadStatus.READ
        )
        self._roles_known.update((id_, role) for id_, role in evidence.roles.items() if role.status is ReadStatus.READ)

    async def read(self, *, groups: Sequence[str] = (), roles: Sequence[str] = (), paths: bool = False) -> Evidence:
        """Read everything in one go; whatever fails as a whole raises a `RemoteProblem`.

        Policies are looked at for what they name, and read again last: a large group takes minutes, and a policy is
        switched off in a moment. `groups` and `roles` (template ids) are read as well, although no policy may name
        them yet. With `paths` it is read also through which nested groups people come in, who owns the groups, who
        holds any role, and what tells who is MFA capable.
        """
        policies = await self._policies.list()
        reader = GroupReader(self._channel, self._absences, sees_hidden=self._sees_hidden, at_once=self._at_once)
        named_groups = {*named_in(policies, "Groups"), *map(str.lower, groups)}
        named_roles = {*named_in(policies, "Roles"), *map(str.lower, roles)}
        capability = await read_capability(self._channel) if paths else None
        evidence = await self._rules_last(
            await self._groups(reader, named_groups, paths=paths),
            await self._roles(reader, named_roles),
            everything=paths,
        )
        everyone = await administrators(reader) if paths else None
        return msgspec.structs.replace(evidence, capability=capability, administrators=everyone)

    async def renew(self, evidence: Evidence) -> Evidence:
        """Return evidence with all but the people read again: policies, locations, strengths, security defaults.

        A group or role that is named only now is read with them.
        """
        return await self._rules_last(evidence.groups, evidence.roles, everything=False)

    async def _rules_last(
        self, groups: dict[str, GroupEvidence], roles: dict[str, RoleEvidence], *, everything: bool
    ) -> Evidence:
        """Read what is no people's; whom it names and nobody read yet is read, and then it is read once more."""
        reader = GroupReader(self._channel, self._absences, sees_hidden=self._sees_hidden, at_once=self._at_once)
        for _ in range(_MOST_LOOKS):
            # Before v1.0: whatever changes between the two is then looked at once more, with the policies that decide.
            beta = await self._beta(everything=everything)
            policies = await self._policies.list()
            locations = await self._list("namedLocations", "named locations", locations_named_in(policies))
            strengths = await self._list(
                "authenticationStrength/policies", "authentication strengths", strengths_named_in(policies)
            )
            defaults = await self._channel.read(_SECURITY_DEFAULTS, wire.security_defaults_enabled)
            new_groups = {*named_in(policies, "Groups")} - groups.keys()
            new_roles = {*named_in(policies, "Roles")} - roles.keys()
            if not new_groups and not new_roles:
                evidence = Evidence(
                    policies=policies,
                    named_locations=tuple(locations),
                    authentication_strengths=tuple(strengths),
                    security_defaults_enabled=defaults,
                    groups=groups,
                    roles=roles,
                    beta=beta,
                )
                self.remember(evidence)
                return evidence
            groups = groups | await self._groups(reader, new_groups, paths=False)
            roles = roles | await self._roles(reader, new_roles)
        raise IncompleteRead(
            f"Conditional Access policies named other groups or roles each time they were read, {_MOST_LOOKS} times.",
            hint="Somebody is changing them; run the command again when that is done.",
        )

    async def _groups(self, reader: GroupReader, ids: Iterable[str], *, paths: bool) -> dict[str, GroupEvidence]:
        read = await all_of((self._group(reader, id_, paths=paths) for id_ in sorted(ids)), at_once=self._at_once)
        return {group.id: group for group in read}

    async def _roles(self, reader: GroupReader, ids: Iterable[str]) -> dict[str, RoleEvidence]:
        read = await all_of((self._role(reader, id_) for id_ in sorted(ids)), at_once=self._at_once)
        return {role.template_id: role for role in read}

    async def _beta(self, *, everything: bool) -> BetaEvidence:
        """Read what only beta shows; `everything` includes plans and settings, which decide nothing."""
        policies, problem = await or_problem(self._policies.list_beta())
        if not everything:
            return BetaEvidence(policies=policies, policies_problem=problem)
        plans, plans_problem = await or_problem(self._plans())
        settings, settings_problem = await or_problem(self._channel.read(_SETTINGS, wire.object_without_id))
        return BetaEvidence(
            policies=policies,
            policies_problem=problem,
            plans=plans,
            plans_problem=plans_problem,
            settings=settings,
            settings_problem=settings_problem,
        )

    async def _plans(self) -> tuple[PolicyPlan, ...]:
        found = []
        for raw in await whole(self._channel, _PLANS, wire.json_object):
            plan_id = str(raw.get("id"))
            rules, _ = await or_problem(whole(self._channel, _rules_of(plan_id), wire.json_object))
            name = raw.get("displayName")
            found.append(
                PolicyPlan(
                    id=plan_id,
                    display_name=name if isinstance(name, str) else None,
                    rules=None if rules is None else len(rules),
                )
            )
        return tuple(found)

    async def _list(self, path: str, what: str, named: frozenset[str]) -> list[JsonObject]:
        """Read named locations or strengths; one that a policy names and the list lacks is looked for again."""
        call = _conditional_access(path, f"reading {what}")
        found = await self._absences.listed(
            what,
            lambda found: named - {str(raw.get("id")).lower() for raw in found},
            lambda: whole_once(self._channel, call, wire.listed_object, said=lambda raw: raw),
        )
        return with_stand_ins(found, what)

    async def _group(self, reader: GroupReader, group_id: str, *, paths: bool) -> GroupEvidence:
        found = await group_evidence_of(self._channel, reader, group_id, paths=paths)
        former = self._groups_known.get(group_id)
        if found.status is not ReadStatus.GONE or former is None:
            return found
        return msgspec.structs.replace(former, status=ReadStatus.VANISHED, problem=found.problem, nested=None)

    async def _role(self, reader: GroupReader, template_id: str) -> RoleEvidence:
        found = await role_evidence_of(self._channel, self._absences, reader, template_id)
        former = self._roles_known.get(template_id)
        if found.status is not ReadStatus.GONE or former is None:
            return found
        return msgspec.structs.replace(former, status=ReadStatus.VANISHED, problem=found.problem)


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


def _in_beta(path: str, doing: str) -> Call:
    call = _conditional_access(path, doing)
    return dataclasses.replace(call, path=f"/beta/identity/conditionalAccess/{path}", needs=PLANS)


def _rules_of(plan_id: str) -> Call:
    return _in_beta(f"plans/{plan_id}/rules", f"reading the rules of plan {plan_id}")


_PLANS = _in_beta("plans", "reading plans of policies")
_SETTINGS = _in_beta("settings", "reading conditional access settings")
_SECURITY_DEFAULTS = read_of("policies/identitySecurityDefaultsEnforcementPolicy", "security defaults", POLICIES)
