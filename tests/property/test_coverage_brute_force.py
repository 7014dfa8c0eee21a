"""The exact proof agrees with looking at every single sign-in, on thousands of random tenants."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from migrate.decide.coverage.judge import Judge
from migrate.decide.coverage.principals import Match
from migrate.model.coverage import Coverage, Gap, Verdict
from migrate.model.tenant_settings import UNANSWERED, BaselineScopes
from tests.property import brute_force
from tests.property.random_tenants import BASELINES, DOUBTFUL_USERS, USER_NAMES, policies, tenants
from tests.unit.decide.coverage.tenants import LOCATIONS, PEOPLE, evidence

MOST_POINTS = 20_000
IN_SHORT = settings(max_examples=300, suppress_health_check=list(HealthCheck))
AT_LENGTH = settings(max_examples=5_000, suppress_health_check=list(HealthCheck))


def assert_agreement(raws: list[dict[str, Any]], name: str, baseline: BaselineScopes = UNANSWERED) -> None:
    """Compare verdict and gaps with every sign-in of one user."""
    judge = Judge(evidence(*raws), baseline=baseline)
    answer = (baseline.setting.value, baseline.placeholder)
    profile = PEOPLE[name]
    coverage = judge.coverage_of(profile)
    assigned = _assigned(judge, raws, name)
    weighed = {reading.id for reading in judge.weighed}
    axes = brute_force.axes_of([raw for raw in raws if raw["id"] in weighed], list(LOCATIONS), answer[0])
    assume(brute_force.size(axes) <= MOST_POINTS)
    still_open = []
    closed: dict[str, set[frozenset[str]]] = {}
    for sign_in in brute_force.points(axes):
        if any(brute_force.demands(raw, sign_in, list(LOCATIONS), *answer) for raw in assigned):
            closed.setdefault(sign_in["app"][0], set()).add(sign_in["app"][1])
        else:
            still_open.append(sign_in)
    expected = Verdict.COVERED if not still_open else Verdict.PARTLY if is_sure(closed, axes) else Verdict.UNCOVERED
    assert coverage.verdict is expected
    assert_gaps_hold(coverage, still_open)
    proof = [raw for raw in assigned if raw["id"] in coverage.covered_by_ids]
    if expected is Verdict.COVERED:
        assert all(
            any(brute_force.demands(raw, sign_in, list(LOCATIONS), *answer) for raw in proof)
            for sign_in in brute_force.points(axes)
        )


def is_sure(closed: dict[str, set[frozenset[str]]], axes: dict[str, list[Any]]) -> bool:
    """Tell whether something is demanded whatever suites the named applications belong to."""
    if brute_force.NOBODYS in closed:
        return True
    possible = {app: {suites for name, suites in axes["app"] if name == app} for app in closed}
    return any(closed[app] == possible[app] for app in closed)


def _assigned(judge: Judge, raws: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """Return the enabled policies that are assigned to a user. Assignment has its own tests, by example."""
    answers = {
        reading.id: answer for reading, answer in zip(judge.weighed, judge.class_of(PEOPLE[name]).answers, strict=True)
    }
    return [
        raw
        for raw in raws
        if raw["state"] == "enabled" and raw["id"] in answers and answers[raw["id"]].match is Match.YES
    ]


def assert_gaps_hold(coverage: Coverage, still_open: list[brute_force.SignIn]) -> None:
    """Check that every open sign-in lies in a region that a gap names, and every gap holds an open sign-in."""
    if coverage.verdict is not Verdict.PARTLY:
        assert bool(coverage.gaps) is (coverage.verdict is Verdict.UNCOVERED)
        return
    for sign_in in still_open:
        assert any(_lies_in(gap.tag, sign_in) for gap in coverage.gaps), (sign_in, coverage.gaps)
    for gap in coverage.gaps:
        assert any(_lies_in_all(gap, sign_in) for sign_in in still_open), gap


def _lies_in_all(gap: Gap, sign_in: brute_force.SignIn) -> bool:
    return _lies_in(gap.tag, sign_in) and all(any(_lies_in(tag, sign_in) for tag in tags) for tags in gap.within)


def _lies_in(tag: str, sign_in: brute_force.SignIn) -> bool:
    axis, _, value = tag.partition(":")
    match axis:
        case "app":
            app, suites = sign_in["app"]
            named = {app.casefold(), *(suite.casefold() for suite in suites)}
            return value.casefold() in named or (value == "other" and app == brute_force.NOBODYS and not suites)
        case "clientAppType":
            return value == sign_in["client"] or (value, sign_in["client"]) == ("exchangeActiveSync", "easSupported")
        case "platform":
            return sign_in["platform"] == ("something else" if value == "unknown" else value)
        case "location":
            return _is_place(value, sign_in["place"])
        case "signInRisk" | "userRisk":
            return bool(sign_in[f"{axis}Levels"] == value)
        case "insiderRisk":
            return bool(sign_in["insider"] == value)
        case "flow":
            return bool(sign_in["flow"] == value)
        case "deviceFilter":
            negated = value.startswith("not:")
            return bool(sign_in[f"rule {value.removeprefix('not:')}"] is not negated)
        case "device" | "control":
            names = {"compliant": "compliantDevice", "hybridJoined": "domainJoinedDevice"}
            return bool(sign_in[f"control {names.get(value, value)}"])
    raise AssertionError(f"no such tag: {tag}")


def _is_place(value: str, place: brute_force.Place) -> bool:
    everywhere = [str(location["id"]) for location in LOCATIONS]
    if value == "trusted":
        return brute_force._place_in(["AllTrusted"], place, list(LOCATIONS))
    if value == "other":
        return True
    if value == "compliantNetwork":
        return brute_force._place_in([brute_force.COMPLIANT_NETWORK], place, list(LOCATIONS))
    assert value in everywhere
    return brute_force._place_in([value], place, list(LOCATIONS))


@IN_SHORT
@given(raws=tenants(), name=USER_NAMES, baseline=BASELINES)
def test_the_verdict_is_what_every_single_sign_in_says(
    raws: list[dict[str, Any]], name: str, baseline: BaselineScopes
) -> None:
    assert_agreement(raws, name, baseline)


@pytest.mark.long
@AT_LENGTH
@given(raws=tenants(most=10), name=USER_NAMES, baseline=BASELINES)
def test_the_verdict_is_what_every_single_sign_in_says_at_length(
    raws: list[dict[str, Any]], name: str, baseline: BaselineScopes
) -> None:
    assert_agreement(raws, name, baseline)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    raws=tenants(most=4),
    doubtful=st.lists(policies(["clientAppTypes", "signInRiskLevels"], 9), max_size=2),
    unknown=st.sampled_from(["grant", "member", "people"]),
    people=DOUBTFUL_USERS,
)
def test_what_is_not_understood_never_counts_and_makes_unknown_only_what_it_might_close(
    raws: list[dict[str, Any]], doubtful: list[dict[str, Any]], unknown: str, people: dict[str, Any]
) -> None:
    for number, raw in enumerate(doubtful):
        raw.update(id=f"00000000-0000-0000-0000-{number:012}", state="enabled")
        raw["conditions"]["users"] = {"includeUsers": ["All"]}
        if unknown == "grant":
            raw["grantControls"] = {"operator": "OR", "builtInControls": ["mfa", "retinaScan"]}
        elif unknown == "member":
            raw["conditions"]["moonPhases"] = ["full"]
        else:
            raw["conditions"]["users"] = people
            raw["grantControls"] = {"operator": "OR", "builtInControls": ["mfa"]}
    without = Judge(evidence(*raws)).coverage_of(PEOPLE["adam"])
    coverage = Judge(evidence(*raws, *doubtful)).coverage_of(PEOPLE["adam"])
    most = [raw | {"grantControls": {"operator": "OR", "builtInControls": ["block"]}} for raw in doubtful]
    for raw in most:
        raw["conditions"] = {k: v for k, v in raw["conditions"].items() if k != "moonPhases"} | {
            "users": {"includeUsers": ["All"]}
        }
    with_most = Judge(evidence(*raws, *most)).coverage_of(PEOPLE["adam"])
    match without.verdict:
        case Verdict.COVERED:
            assert coverage.verdict is Verdict.COVERED
        case Verdict.PARTLY:
            assert coverage.verdict in (Verdict.PARTLY, Verdict.UNKNOWN)
        case _:
            assert coverage.verdict in (Verdict.UNCOVERED, Verdict.UNKNOWN)
    if with_most.verdict is not Verdict.COVERED and without.verdict is Verdict.PARTLY:
        assert coverage.verdict is Verdict.PARTLY
    if unknown == "grant" and with_most.verdict is Verdict.COVERED and without.verdict is not Verdict.COVERED:
        assert coverage.verdict is Verdict.UNKNOWN
        assert any("retinaScan" in sentence for sentence in coverage.not_understood)
