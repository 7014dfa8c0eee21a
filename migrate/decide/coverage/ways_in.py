"""Says how a member comes into a group: directly, or through which nested groups. It decides nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.model.evidence import GroupEvidence, NestedGroup

SHOWN_WAYS = 3
"""How many ways into one group are spelled out for a user."""


def member_words(group: GroupEvidence) -> str:
    """Return what is true of every member of the group: direct where nothing is nested, or else either way."""
    name = _name_of_group(group)
    if group.nested is not None and not group.nested:
        return f"direct member of {name}"
    return f"member of {name}, directly or through nested groups"


class WaysIn:
    """The ways into one group that was read with its nesting."""

    def __init__(self, group: GroupEvidence) -> None:
        self._name = _name_of_group(group)
        self._ways: dict[str, list[tuple[str, ...]]] = {}
        """By user: for each group that holds the user directly the names on the way there, the outermost first."""
        nested = group.nested or {}
        for group_id, names in _shortest_ways(group.id.lower(), nested):
            for user_id in nested[group_id].users:
                self._ways.setdefault(user_id, []).append(names)

    def of(self, user_id: str) -> tuple[str, ...]:
        """Return each way in words, the shortest first; empty when none is known."""
        ways = sorted(self._ways.get(user_id, ()), key=lambda names: (len(names), names))
        words = [self._words(names) for names in ways[:SHOWN_WAYS]]
        if len(ways) > SHOWN_WAYS:
            words.append(f"member of {self._name} in {len(ways) - SHOWN_WAYS} more ways")
        return tuple(words)

    def _words(self, names: Sequence[str]) -> str:
        if not names:
            return f"direct member of {self._name}"
        *first, last = (repr(name) for name in names)
        return f"member of {self._name} through {', '.join(first)}{' and ' if first else ''}{last}"


def _name_of_group(group: GroupEvidence) -> str:
    return f"group {(group.display_name or group.id)!r}"


def _shortest_ways(root: str, nested: dict[str, NestedGroup]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each group of a nesting with the names on a shortest way to it; the root has none.

    Of equally short ways the first by name is taken, so that the words do not depend on the order of the groups.
    """
    level: dict[str, tuple[str, ...]] = {root: ()} if root in nested else {}
    seen = set(level)
    while level:
        yield from level.items()
        following: dict[str, tuple[str, ...]] = {}
        for group_id, names in sorted(level.items(), key=lambda item: (item[1], item[0])):
            for inner in nested[group_id].groups:
                if inner in nested and inner not in seen:
                    following.setdefault(inner, (*names, nested[inner].display_name or inner))
        seen.update(following)
        level = following
