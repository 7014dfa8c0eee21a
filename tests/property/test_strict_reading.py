"""Whatever JSON stands where in a policy: reading it never raises, and never proves more than the policy did."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from migrate.decide.coverage.judge import Judge
from migrate.decide.what_if import WhatIf
from migrate.model.coverage import Verdict
from migrate.model.explanation import SignIn
from tests.unit.decide.coverage.tenants import LOCATIONS, PAYROLL, PEOPLE, evidence, policy

MANY = settings(max_examples=300, suppress_health_check=list(HealthCheck))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=6)
    | st.sampled_from(["All", "mfa", "all", "high"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def paths_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every member, inside out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths_in(inner, (*path, key))
            yield (*path, key)


def rich_policy() -> dict[str, Any]:
    return policy(
        grant={"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]},
        users={"includeUsers": ["All"]},
        platforms={"includePlatforms": ["all"], "excludePlatforms": []},
        locations={"includeLocations": ["All"], "excludeLocations": []},
        authenticationFlows={"transferMethods": "deviceCodeFlow,authenticationTransfer"},
        devices={"deviceFilter": {"mode": "include", "rule": "x"}},
        insiderRiskLevels="minor,moderate",
    )


PATHS = list(paths_in(rich_policy()))


@MANY
@given(path=st.sampled_from(PATHS), value=JSON)
def test_any_value_anywhere_in_a_policy_is_read_without_an_exception(path: tuple[Any, ...], value: Any) -> None:
    raw = copy.deepcopy(rich_policy())
    holder = raw
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    if path in (("id",), ("displayName",), ("state",)):
        return
    read = evidence(raw)
    Judge(read).coverage_of(PEOPLE["ada"])
    WhatIf(read).answer_for(PEOPLE["ada"], SignIn(app=PAYROLL))


@MANY
@given(path=st.sampled_from([path for path in paths_in(policy()) if path[0] == "conditions"]), value=JSON)
def test_an_odd_value_in_a_plain_policy_never_proves_what_the_plain_one_does_not(
    path: tuple[Any, ...], value: Any
) -> None:
    """The plain policy covers every sign-in of one pilot group; no value of a condition may widen it."""
    plain = policy(users={"includeUsers": [PEOPLE["leo"].id]})
    raw = copy.deepcopy(plain)
    holder = raw
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    found = Judge(evidence(raw)).coverage_of(PEOPLE["ada"])
    names_users = path[:2] == ("conditions", "users") or path == ("conditions",)
    assert found.verdict in (Verdict.UNCOVERED, Verdict.UNKNOWN) or names_users


@MANY
@given(
    member=st.sampled_from(sorted({*LOCATIONS[0], *LOCATIONS[2]} - {"id"})), index=st.sampled_from([0, 2]), value=JSON
)
def test_any_value_in_a_named_location_is_read_without_an_exception(member: str, index: int, value: Any) -> None:
    locations = copy.deepcopy(list(LOCATIONS))
    locations[index][member] = value
    raws = [
        policy("A", locations={"includeLocations": ["All"], "excludeLocations": [locations[index]["id"]]}),
        policy("B", locations={"includeLocations": ["AllTrusted"], "excludeLocations": []}),
    ]
    read = evidence(*raws, named_locations=tuple(locations))
    Judge(read).coverage_of(PEOPLE["ada"])
    WhatIf(read).answer_for(PEOPLE["ada"], SignIn(app=PAYROLL, ip="203.0.113.9", country="NL"))


@pytest.mark.parametrize("odd", ["NL", {"NL": True}, ["Netherlands"], [7], None])
def test_countries_that_are_no_list_of_codes_exclude_nobody_for_sure(odd: Any) -> None:
    locations = copy.deepcopy(list(LOCATIONS))
    locations[2]["countriesAndRegions"] = odd
    raw = policy(locations={"includeLocations": ["All"], "excludeLocations": [locations[2]["id"]]})
    found = Judge(evidence(raw, named_locations=tuple(locations))).coverage_of(PEOPLE["ada"])
    assert found.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("odd", ["203.0.113.0/24", [5], [{"cidrAddress": 5}], [{"cidrAddress": "many"}], [{}], None])
def test_ranges_that_are_no_list_of_addresses_exclude_nobody_for_sure(odd: Any) -> None:
    locations = copy.deepcopy(list(LOCATIONS))
    locations[1]["ipRanges"] = odd
    raw = policy(locations={"includeLocations": ["All"], "excludeLocations": [locations[1]["id"]]})
    found = Judge(evidence(raw, named_locations=tuple(locations))).coverage_of(PEOPLE["ada"])
    assert found.verdict is Verdict.UNKNOWN
