"""What the operator accepts by name: whole regions only, and only where they contain everything that is open."""

from __future__ import annotations

from typing import Any

import pytest

from migrate.decide.coverage.judge import Judge
from migrate.model.coverage import Coverage
from tests.unit.decide.coverage.tenants import LEAVERS, PAYROLL, PEOPLE, evidence, policy

TRUSTED: dict[str, Any] = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
MODERN = ["browser", "mobileAppsAndDesktopClients"]


def coverage_of(*raws: dict[str, Any], person: str = "ada") -> Coverage:
    return Judge(evidence(*raws)).coverage_of(PEOPLE[person])


def test_a_region_that_holds_all_that_is_open_can_be_accepted() -> None:
    coverage = coverage_of(policy(locations=TRUSTED))
    assert not coverage.is_proven()
    assert coverage.is_proven(frozenset({"location:trusted"}))
    assert not coverage.is_proven(frozenset({"platform:linux"}))


def test_accepting_one_of_two_open_regions_is_not_enough() -> None:
    coverage = coverage_of(policy(locations=TRUSTED, clientAppTypes=MODERN))
    assert not coverage.is_proven(frozenset({"location:trusted"}))
    assert not coverage.is_proven(frozenset({"location:trusted", "clientAppType:other"}))
    accepted = frozenset({"location:trusted", "clientAppType:other", "clientAppType:exchangeActiveSync"})
    assert coverage.is_proven(accepted)


def test_a_gap_in_two_coordinates_lies_in_either_of_its_regions() -> None:
    no_linux = {"includePlatforms": ["all"], "excludePlatforms": ["linux"]}
    coverage = coverage_of(policy("A", locations=TRUSTED), policy("B", platforms=no_linux))
    assert coverage.is_proven(frozenset({"location:trusted"}))
    assert coverage.is_proven(frozenset({"platform:linux"}))
    assert not coverage.is_proven(frozenset({"platform:android"}))


@pytest.mark.parametrize("tag", ["excluded", "notIncluded", "noPolicy", "tooMany", "everything"])
def test_being_left_out_altogether_can_never_be_accepted(tag: str) -> None:
    left_out = coverage_of(policy(users={"includeUsers": ["All"], "excludeGroups": [LEAVERS]}), person="leo")
    assert not left_out.is_proven(frozenset({tag}))
    assert not coverage_of().is_proven(frozenset({tag}))


def test_what_is_unknown_can_never_be_accepted() -> None:
    coverage = coverage_of(policy(clientAppTypes=MODERN), policy("New", times={"from": "09:00"}))
    assert not coverage.is_proven(frozenset(gap.tag for gap in coverage.gaps))


def test_baseline_scopes_can_be_accepted_by_name() -> None:
    coverage = coverage_of(
        policy("All but", apps={"excludeApplications": [PAYROLL]}),
        policy("Only", apps={"includeApplications": [PAYROLL]}),
    )
    assert not coverage.is_proven()
    assert coverage.is_proven(frozenset({"app:baselineScopes"}))
    assert coverage.leans_on(frozenset({"app:baselineScopes", "location:trusted"})) == {"app:baselineScopes"}
