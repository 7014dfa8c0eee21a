"""Past its limits the proof says unknown, never a guess."""

from __future__ import annotations

from typing import Any

from migrate.decide.coverage.judge import Judge
from migrate.model.coverage import Verdict
from tests.unit.decide.coverage.tenants import PEOPLE, evidence, object_id, policy


def countries(number: int, method: str) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.countryNamedLocation",
        "id": object_id(f"{method} {number}"),
        "displayName": f"Countries {number}",
        "countriesAndRegions": [f"{chr(65 + number // 26)}{chr(65 + number % 26)}"],
        "includeUnknownCountriesAndRegions": False,
        "countryLookupMethod": method,
    }


def crowded() -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """Return so many locations by address and by GPS that their combinations pass every limit."""
    locations = tuple(
        countries(number, method) for number in range(600) for method in ("clientIpAddress", "authenticatorAppGps")
    )
    excluded = [location["id"] for location in locations]
    return locations, policy(locations={"includeLocations": ["All"], "excludeLocations": excluded})


def test_too_many_places_make_the_policy_that_asks_about_them_prove_nothing() -> None:
    locations, raw = crowded()
    coverage = Judge(evidence(raw, named_locations=locations)).coverage_of(PEOPLE["ada"])
    assert coverage.verdict is Verdict.UNKNOWN
    assert any("too many combinations of named locations" in sentence for sentence in coverage.not_understood)


def test_too_many_places_take_nothing_from_a_policy_that_does_not_ask() -> None:
    locations, raw = crowded()
    coverage = Judge(evidence(raw, policy("Plain"), named_locations=locations)).coverage_of(PEOPLE["ada"])
    assert coverage.verdict is Verdict.COVERED
    assert coverage.covered_by == ("Plain",)


def test_a_proof_that_takes_too_much_work_is_given_up_as_unknown() -> None:
    raws = [
        policy(f"{risk} {client}", signInRiskLevels=[risk], clientAppTypes=[client])
        for risk in ("low", "high")
        for client in ("browser", "other")
    ]
    coverage = Judge(evidence(*raws), work_limit=0).coverage_of(PEOPLE["ada"])
    assert coverage.verdict is Verdict.UNKNOWN
    assert coverage.gaps == ()
    assert any("too many combinations" in sentence for sentence in coverage.not_understood)


def test_hundreds_of_policies_with_filters_for_devices_are_judged_without_running_out_of_depth() -> None:
    raws = [
        policy(f"P{number}", devices={"deviceFilter": {"mode": "include", "rule": f'device.model -eq "m{number}"'}})
        for number in range(400)
    ]
    alone = Judge(evidence(*raws)).coverage_of(PEOPLE["ada"])
    assert alone.verdict in (Verdict.PARTLY, Verdict.UNCOVERED, Verdict.UNKNOWN)
    assert Judge(evidence(*raws, policy("Plain"))).coverage_of(PEOPLE["ada"]).verdict is Verdict.COVERED


def test_regions_that_are_too_many_to_list_cannot_be_accepted_by_name() -> None:
    raws = [
        policy(
            f"Policy {number}",
            clientAppTypes=[("browser", "other")[number % 2]],
            signInRiskLevels=[("low", "medium", "high")[number % 3]],
            userRiskLevels=[("low", "medium", "high", "none")[number % 4]],
            devices={"deviceFilter": {"mode": "exclude", "rule": f"rule {number}"}},
        )
        for number in range(40)
    ]
    coverage = Judge(evidence(*raws), work_limit=3_000).coverage_of(PEOPLE["ada"])
    assert coverage.verdict is Verdict.PARTLY
    assert [gap.tag for gap in coverage.gaps] == ["tooMany"]
    assert not coverage.is_proven(frozenset({"clientAppType:other", "signInRisk:none", "tooMany"}))


def test_a_trusted_location_of_a_kind_that_is_not_known_leaves_trusted_places_understood() -> None:
    """Places outside the trusted ranges may be trusted anyhow, so one more unknown kind changes nothing."""
    compliant_network = {
        "@odata.type": "#microsoft.graph.compliantNetworkNamedLocation",
        "id": object_id("location compliant network"),
        "displayName": "All compliant network locations",
        "isTrusted": True,
    }
    raw = policy(locations={"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]})
    coverage = Judge(evidence(raw, named_locations=(compliant_network,))).coverage_of(PEOPLE["ada"])
    assert (coverage.verdict, [gap.tag for gap in coverage.gaps]) == (Verdict.PARTLY, ["location:trusted"])


def test_a_location_of_a_kind_that_is_not_known_makes_a_policy_that_names_it_not_understood() -> None:
    unknown = {"@odata.type": "#microsoft.graph.moonLocation", "id": object_id("moon"), "displayName": "Moon"}
    raw = policy(locations={"includeLocations": ["All"], "excludeLocations": [object_id("moon")]})
    coverage = Judge(evidence(raw, named_locations=(unknown,))).coverage_of(PEOPLE["ada"])
    assert coverage.verdict is Verdict.UNKNOWN
    assert any("'Moon' is not understood" in sentence for sentence in coverage.not_understood)
