"""Read how a group is nested, so that a membership can be named with its path. Decides nothing about who is a member.

What cannot be read here leaves the path unknown; it never takes a member away.
"""

from __future__ import annotations

from migrate.graph import principals
from migrate.graph.groups import GroupReader
from migrate.graph.together import all_of
from migrate.graph.unreadable import UNREADABLE
from migrate.model.evidence import NestedGroup

MOST_GROUPS = 100
"""Groups inside one group beyond which its nesting is not read: it takes a request for each."""
MOST_MEMBERS = 20_000
"""Members of one group beyond which its nesting is not read: it takes a request for each 999 direct ones."""


async def nesting_of(reader: GroupReader, head: principals.GroupHead, members: int) -> dict[str, NestedGroup] | None:
    """Return who is directly in a group and in each group inside it, by id (lower case).

    Args:
        reader: Has read the members of the group; what it knows already is not asked for again.
        head: The group.
        members: How many users are in it, through nested groups too.

    Returns:
        Empty when no group is inside, so that all members are direct. None when the group is too large to spend
        requests on a better message, or when one of the reads failed.

    Raises:
        RemoteProblem: Whatever ends the whole reading; never because of one group.
    """
    if not members:
        return {}
    try:
        inside = await reader.nested(head.id)
        if not inside:
            return {}
        if len(inside) > MOST_GROUPS or members > MOST_MEMBERS:
            return None
        # Groups may hold each other: then a group is among those inside itself.
        names = {group.id.lower(): group.display_name for group in (*inside, head)}
        found = await all_of((reader.directly_inside(id_) for id_ in names), at_once=reader.at_once)
    except UNREADABLE:
        return None
    return {
        id_: NestedGroup(display_name=name, users=users, groups=groups)
        for (id_, name), (users, groups) in zip(names.items(), found, strict=True)
    }
