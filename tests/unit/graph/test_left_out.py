"""A policy of which Graph shows only a part: what may have narrowed it is named, and never read as "nothing"."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from migrate.graph import wire
from migrate.graph.evidence import locations_named_in, named_in, strengths_named_in

LISTS = ("users.excludeUsers", "users.excludeGroups", "users.excludeRoles", "applications.excludeApplications")


def whole() -> dict[str, Any]:
    return {
        "id": "0d6d4dd4-1f9c-4a4e-9c3c-6d3b3f5f0a01",
        "displayName": "MFA for everybody",
        "state": "enabled",
        "conditions": {
            "users": {"includeUsers": ["All"], "excludeUsers": [], "excludeGroups": [], "excludeRoles": []},
            "applications": {"includeApplications": ["All"], "excludeApplications": []},
            "clientAppTypes": ["all"],
            "signInRiskLevels": [],
            "platforms": None,
            "locations": None,
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }


def lacks_of(raw: dict[str, Any]) -> tuple[str, ...] | msgspec.UnsetType:
    return wire.policy(json.dumps(raw).encode()).lacks


def test_a_whole_policy_lacks_nothing_and_keeps_its_json() -> None:
    read = wire.policy(json.dumps(whole()).encode())
    assert read.lacks is msgspec.UNSET
    assert read.raw == whole()


@pytest.mark.parametrize("path", [*LISTS, "clientAppTypes", "signInRiskLevels", "platforms", "locations"])
def test_what_an_answer_leaves_out_is_named(path: str) -> None:
    raw = whole()
    holder, _, name = path.rpartition(".")
    inside = raw["conditions"][holder] if holder else raw["conditions"]
    del inside[name]
    assert lacks_of(raw) == (f"conditions.{path}",)


@pytest.mark.parametrize("path", [*LISTS, "clientAppTypes", "signInRiskLevels"])
def test_null_in_the_place_of_a_list_says_nothing_either(path: str) -> None:
    raw = whole()
    holder, _, name = path.rpartition(".")
    (raw["conditions"][holder] if holder else raw["conditions"])[name] = None
    assert lacks_of(raw) == (f"conditions.{path}",)


STRANGE = [
    ("conditions", "all"),
    ("conditions.users", ["All"]),
    ("conditions.users.includeGroups", 7),
    ("conditions.users.excludeGroups", "one"),
    ("conditions.users.excludeRoles", [7]),
    ("conditions.users.excludeGuestsOrExternalUsers", "b2bCollaborationGuest"),
    ("conditions.applications", ["All"]),
    ("conditions.locations", "All"),
    ("conditions.clientAppTypes", "all"),
    ("grantControls", ["mfa"]),
    ("grantControls.builtInControls", {"mfa": True}),
    ("grantControls.authenticationStrength", "one"),
]


@pytest.mark.parametrize(("path", "value"), STRANGE)
def test_a_part_of_another_type_is_not_shown_and_trips_nobody(path: str, value: Any) -> None:
    raw = whole()
    *holders, name = path.split(".")
    inside = raw
    for holder in holders:
        inside = inside[holder]
    inside[name] = value
    part = path.partition(".")[0]
    for read in (wire.policy(json.dumps(raw).encode()), wire.listed_policy(json.dumps(raw).encode())[0]):
        assert part in read.not_shown
        assert read.raw == {name: one for name, one in raw.items() if name != part}
        assert named_in([read], "Groups") == named_in([read], "Roles") == []
        assert locations_named_in([read]) == strengths_named_in([read]) == frozenset()
