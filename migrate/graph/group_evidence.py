"""A group that policies name, as evidence: who is in it, who could get in, or why that could not be read."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from migrate.graph import principals
from migrate.graph.administration import owners_of
from migrate.graph.channel import Channel
from migrate.graph.groups import GroupReader, Members, MembershipHidden
from migrate.graph.nesting import nesting_of
from migrate.graph.refusals import NotFound
from migrate.graph.unreadable import UNREADABLE, in_full
from migrate.model.evidence import ChangedBy, GroupEvidence, ReadStatus

_NOBODY = Members()


async def group_evidence_of(channel: Channel, reader: GroupReader, group_id: str, *, paths: bool) -> GroupEvidence:
    """Read a group with the people in it; with `paths` also through which groups they come, and who may change it."""
    try:
        head = await reader.head(group_id)
    except NotFound:
        return _with_people(group_id, None, ReadStatus.GONE, "the group does not exist any more")
    except UNREADABLE as problem:
        return _with_people(group_id, None, ReadStatus.UNREADABLE, in_full(problem))
    # From here on a 404 is about something inside, and no proof that nobody is in the group.
    try:
        members, eligible = await reader.members(head), await reader.eligible(head)
    except MembershipHidden as problem:
        return _with_people(group_id, head, ReadStatus.HIDDEN, str(problem))
    except UNREADABLE as problem:
        return _with_people(group_id, head, ReadStatus.UNREADABLE, in_full(problem))
    found = _with_people(group_id, head, ReadStatus.READ, None, members, eligible)
    if not paths:
        return found
    owners = await owners_of(channel, head)
    return msgspec.structs.replace(
        found,
        nested=await nesting_of(reader, head, len(members.users)),
        owners=owners,
        changed_by=frozenset(_changed_by(head, owners)),
    )


def _with_people(
    group_id: str,
    head: principals.GroupHead | None,
    status: ReadStatus,
    problem: str | None,
    members: Members = _NOBODY,
    eligible: Members = _NOBODY,
) -> GroupEvidence:
    return GroupEvidence(
        id=group_id,
        display_name=head.display_name if head else None,
        visibility=head.visibility if head else None,
        status=status,
        problem=problem,
        members=members.users,
        eligible=eligible.users,
        unnamed=members.unnamed + eligible.unnamed,
        changed_by=None if head is None else frozenset(_changed_by(head)),
    )


def _changed_by(head: principals.GroupHead, owners: frozenset[str] | None = None) -> Iterator[ChangedBy]:
    """Yield who besides administrators of privileged roles may change who is in a group."""
    if head.follows_a_rule:
        yield ChangedBy.RULE
    if head.on_premises_sync_enabled:
        yield ChangedBy.ACTIVE_DIRECTORY
    if head.is_assignable_to_role is not True:
        yield ChangedBy.LESSER_ROLES
    if owners:
        yield ChangedBy.OWNERS
