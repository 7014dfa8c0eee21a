"""Groups, who is in them directly and through nesting, and the way back from a member to its groups."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from migrate.sandbox.messages import Json


@dataclass(slots=True)
class Group:
    """One group: its JSON and its direct members."""

    json: Json
    users: list[range] = field(default_factory=list)
    """Places of member users, as disjoint ranges."""
    groups: list[str] = field(default_factory=list)
    """Ids of nested groups."""
    others: list[Json] = field(default_factory=list)
    """Members of other kinds, served as they stand."""
    owners: list[str] = field(default_factory=list)
    """Ids of the users who own it."""

    @property
    def id(self) -> str:
        """Return the object id."""
        return str(self.json["id"])

    def direct_places(self) -> Iterator[int]:
        """Yield the places of the users that are members themselves."""
        for each in self.users:
            yield from each


class Groups:
    """All groups of a tenant."""

    def __init__(self, groups: Iterable[Group] = ()) -> None:
        self._groups = {group.id.lower(): group for group in groups}
        self._closures: dict[str, tuple[Sequence[int], list[str], list[Json]]] = {}

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups.values())

    def __len__(self) -> int:
        return len(self._groups)

    def find(self, group_id: str) -> Group | None:
        """Return the group with this id."""
        return self._groups.get(group_id.lower())

    def add_user(self, group: Group, place: int) -> None:
        """Make a user a member."""
        if not any(place in each for each in group.users):
            group.users.append(range(place, place + 1))
            self._closures.clear()

    def remove_user(self, group: Group, place: int) -> None:
        """End a user's membership."""
        kept: list[range] = []
        for each in group.users:
            if place in each:
                at = each.index(place)
                kept.extend(part for part in (each[:at], each[at + 1 :]) if part)
            else:
                kept.append(each)
        group.users = kept
        self._closures.clear()

    def transitive(self, group: Group) -> tuple[Sequence[int], list[str], list[Json]]:
        """Return places of users (ascending), ids of groups and other members, through any nesting."""
        if group.id not in self._closures:
            self._closures[group.id] = self._closure(group)
        return self._closures[group.id]

    def _closure(self, group: Group) -> tuple[Sequence[int], list[str], list[Json]]:
        seen: dict[str, Group] = {group.id.lower(): group}
        waiting = [group]
        while waiting:
            for nested_id in waiting.pop().groups:
                nested = self.find(nested_id)
                if nested is not None and nested_id.lower() not in seen:
                    seen[nested_id.lower()] = nested
                    waiting.append(nested)
        places: set[int] = set()
        for each in seen.values():
            for part in each.users:
                places.update(part)
        others = {str(other.get("id")): other for each in seen.values() for other in each.others}
        nested_ids = [each.id for each in seen.values() if each is not group]
        return array("I", sorted(places)), nested_ids, list(others.values())

    def holding_user(self, place: int, *, transitive: bool) -> list[Group]:
        """Return the groups that a user is in."""
        if not transitive:
            return [group for group in self if any(place in each for each in group.users)]
        return [group for group in self if contains(self.transitive(group)[0], place)]

    def has_user(self, group_id: str, place: int) -> bool:
        """Tell whether a user is in a group, through any nesting."""
        group = self.find(group_id)
        return group is not None and contains(self.transitive(group)[0], place)


def contains(ascending: Sequence[int], place: int) -> bool:
    """Tell whether an ascending sequence holds a number."""
    at = bisect_left(ascending, place)
    return at < len(ascending) and ascending[at] == place
