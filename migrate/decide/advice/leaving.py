"""Ways for one person out of the groups by which enabled policies leave them out. Whether one helps others judge.

A step takes one member out of one group: the person, or a group that they are in. Everything that follows for other
groups is in the evidence of the step. Where who is in a group through what is not known, there is no step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from msgspec import structs

from migrate.decide.advice.candidates import Bans
from migrate.model.advice import EnoughStep, LeaveGroup
from migrate.model.evidence import ChangedBy, Evidence, GroupEvidence, NestedGroup, PolicyState, ReadStatus
from migrate.model.managed import is_for_per_user_mfa
from migrate.model.users import UserProfile

MOST = 12
"""So many steps are looked at for one person at most: each is judged with evidence of its own."""


class Leaving(NamedTuple):
    """A step, and the tenant after it."""

    step: EnoughStep
    evidence: Evidence


def leaving_steps(profile: UserProfile, evidence: Evidence, bans: Bans) -> Iterator[Leaving]:
    """Yield the steps by which somebody leaves a group that an enabled policy excludes, with what follows."""
    return islice(_leaving(profile, evidence, bans), MOST)


def _leaving(profile: UserProfile, evidence: Evidence, bans: Bans) -> Iterator[Leaving]:
    known = all(_is_known(group) or profile.id not in group.members for group in evidence.groups.values())
    done: set[tuple[str, str]] = set()
    for group in evidence.groups.values() if known else ():
        excluded_from = _excluding(group.id, evidence)
        if profile.id not in group.members or not excluded_from:
            continue
        for parent, member in _edges(group, profile.id):
            if (parent, member) in done:
                continue
            done.add((parent, member))
            after, lost = _without(evidence, parent, member)
            # Who leaves is reached by what excluded them: that must never be one who has to stay out.
            if profile.id not in lost or bans.why_not_reach(lost) is not None:
                continue
            is_user = member == profile.id
            step = LeaveGroup(
                group_id=parent,
                group=_name(group, parent),
                member_id=member,
                member=profile.user_principal_name if is_user else _name(group, member),
                excluded_from=excluded_from,
            )
            yield Leaving(EnoughStep(do=step, effect=None, leaving=len(lost)), after)


def _is_known(group: GroupEvidence) -> bool:
    return group.nested is not None and group.status is ReadStatus.READ and not group.unnamed


def _excluding(group_id: str, evidence: Evidence) -> tuple[str, ...]:
    """Return the names of the enabled policies that exclude a group."""
    found = []
    for policy in evidence.policies:
        users = (policy.raw.get("conditions") or {}).get("users") or {}
        excluded = {str(one).casefold() for one in users.get("excludeGroups") or ()}
        in_force = policy.policy_state is PolicyState.ENABLED and not is_for_per_user_mfa(policy)
        if in_force and group_id.casefold() in excluded:
            found.append(policy.display_name)
    return tuple(found)


def _nesting(group: GroupEvidence) -> Mapping[str, NestedGroup]:
    """Return the nesting of a group; of one without groups inside, that all members are direct."""
    if group.nested:
        return group.nested
    return {group.id.casefold(): NestedGroup(display_name=group.display_name, groups=frozenset(), users=group.members)}


def _edges(group: GroupEvidence, user_id: str) -> Iterator[tuple[str, str]]:
    """Yield the memberships on the ways by which somebody is in a group, as its group and its member."""
    if group.changed_by is not None and ChangedBy.RULE in group.changed_by:
        return
    nesting = _nesting(group)
    for parent, inside in nesting.items():
        if user_id in inside.users:
            yield parent, user_id
        for child in sorted(inside.groups):
            if user_id in _reached(nesting, child):
                yield parent, child


def _reached(nesting: Mapping[str, NestedGroup], start: str) -> frozenset[str]:
    """Return the users in a group and in all groups inside it."""
    found: set[str] = set()
    seen, waiting = {start}, [start]
    while waiting:
        inside = nesting.get(waiting.pop())
        if inside is not None:
            found |= inside.users
            waiting += inside.groups - seen
            seen |= inside.groups
    return frozenset(found)


def _without(evidence: Evidence, parent: str, member: str) -> tuple[Evidence, frozenset[str]]:
    """Return the evidence without one membership, and whom some group loses by it."""
    groups, lost = dict(evidence.groups), frozenset[str]()
    for key, group in evidence.groups.items():
        nesting = dict(_nesting(group))
        if group.nested is None or parent not in nesting:
            continue
        inside = nesting[parent]
        nesting[parent] = structs.replace(inside, groups=inside.groups - {member}, users=inside.users - {member})
        members = _reached(nesting, group.id.casefold())
        lost |= group.members - members
        groups[key] = structs.replace(group, members=group.members & members, nested=nesting if group.nested else {})
    return structs.replace(evidence, groups=groups), lost


def _name(group: GroupEvidence, group_id: str) -> str:
    inside = _nesting(group).get(group_id)
    return (inside.display_name if inside is not None else None) or group_id
