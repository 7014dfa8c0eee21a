"""Paths of memberships: read only when asked for, in few requests, and never at the cost of the membership itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from migrate.errors import Unreachable
from migrate.graph.nesting import MOST_GROUPS, MOST_MEMBERS
from migrate.model.evidence import Evidence, NestedGroup, ReadStatus
from tests.unit.graph.test_evidence import INNER, OTHER, TOP, Directory, error, gid, group


def member(id_: str, kind: str = "user") -> dict[str, Any]:
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": id_}


def nested_directory(reply: Any) -> Directory:
    """Return a directory where b is in INNER, INNER in TOP, and TOP in INNER."""
    directory = Directory(reply)
    directory.members = {TOP: [{"id": "a"}, {"id": "b"}]}
    directory.nested = {TOP: [group(INNER.upper(), displayName="Sales"), group(TOP)]}
    directory.inside = {
        TOP: [member("A"), member(INNER.upper(), "group"), member("x", "device")],
        INNER: [member("b"), member(TOP, "group")],
    }
    return directory


def read(opened: Any, directory: Directory, *, paths: bool = True, **options: Any) -> Evidence:
    async def run() -> Evidence:
        async with opened(directory, **options) as o:
            found: Evidence = await o.tenant.read_evidence(paths=paths)
            return found

    return asyncio.run(run())


def test_each_group_of_a_nesting_says_who_is_directly_inside(opened: Any, reply: Any) -> None:
    found = read(opened, nested_directory(reply)).groups[TOP]
    assert found.members == {"a", "b"}
    assert found.nested == {
        TOP: NestedGroup(display_name="Group 1", groups=frozenset({INNER}), users=frozenset({"a"})),
        INNER: NestedGroup(display_name="Sales", groups=frozenset({TOP}), users=frozenset({"b"})),
    }


def test_paths_are_not_read_unless_asked_for(opened: Any, reply: Any) -> None:
    directory = nested_directory(reply)
    assert read(opened, directory, paths=False).groups[TOP].nested is None
    assert directory.asked_inside == []


def test_a_group_without_groups_inside_costs_no_request(opened: Any, reply: Any) -> None:
    directory = nested_directory(reply)
    directory.nested = {}
    assert read(opened, directory).groups[TOP].nested == {}
    assert directory.asked_inside == []


def test_a_group_inside_several_groups_is_read_once(opened: Any, reply: Any) -> None:
    directory = nested_directory(reply)
    directory.policy_users = {"includeUsers": ["All"], "excludeGroups": [TOP, OTHER]}
    directory.heads[OTHER] = group(OTHER)
    directory.members[OTHER] = [{"id": "b"}]
    directory.nested = {TOP: [group(INNER)], OTHER: [group(INNER)]}
    directory.inside[OTHER] = [member(INNER, "group")]
    groups = read(opened, directory, concurrency=1).groups
    assert groups[OTHER].nested is not None
    assert groups[TOP].nested is not None
    assert groups[OTHER].nested[INNER] == groups[TOP].nested[INNER]
    assert sorted(directory.asked_inside) == sorted([TOP, INNER, OTHER])


@pytest.mark.parametrize(
    "answer",
    [
        (404, error("Request_ResourceNotFound", "gone in the meantime")),
        (403, error("Authorization_RequestDenied", "no right")),
        (400, error("Request_BadRequest", "odd")),
        (200, {"value": [{"error": {"code": "InternalServerError"}}]}),
        (200, {"value": [{"id": "b"}]}),
        (500, b""),
    ],
)
def test_a_nested_group_that_cannot_be_read_leaves_the_path_unknown_and_the_members_as_they_are(
    opened: Any, reply: Any, answer: Any
) -> None:
    directory = nested_directory(reply)
    directory.inside[INNER] = reply(*answer)
    found = read(opened, directory).groups[TOP]
    assert (found.status, found.members, found.problem) == (ReadStatus.READ, {"a", "b"}, None)
    assert found.nested is None


def test_a_lost_connection_ends_the_reading_here_too(opened: Any, reply: Any) -> None:
    directory = nested_directory(reply)
    directory.inside[INNER] = reply(reset=True)
    with pytest.raises(Unreachable):
        read(opened, directory)


@pytest.mark.parametrize("what", ["groups", "members"])
def test_a_large_group_is_worth_no_requests_for_a_better_message(opened: Any, reply: Any, what: str) -> None:
    directory = nested_directory(reply)
    if what == "groups":
        directory.nested = {TOP: [group(gid(number)) for number in range(100, 101 + MOST_GROUPS)]}
        directory.eligible = {}
    else:
        directory.members = {TOP: [{"id": f"u{number}"} for number in range(MOST_MEMBERS + 1)]}
    found = read(opened, directory).groups[TOP]
    assert found.status is ReadStatus.READ
    assert found.nested is None
    assert directory.asked_inside == []


def test_a_group_that_cannot_be_read_has_no_paths(opened: Any, reply: Any) -> None:
    directory = nested_directory(reply)
    directory.heads[TOP] = group(TOP, visibility="HiddenMembership")
    found = read(opened, directory).groups[TOP]
    assert (found.status, found.nested, directory.asked_inside) == (ReadStatus.HIDDEN, None, [])
