"""What Graph shows in part is named, with what it lacks, and covers nobody."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
import pytest

from migrate.decide.coverage.judge import Judge
from migrate.decide.lost_objects import lost_objects
from migrate.model.coverage import Verdict
from migrate.model.evidence import Evidence, ReadStatus
from migrate.model.lost_objects import LostKind
from migrate.model.stand_in import stand_in_id
from tests.unit.decide.coverage import tenants
from tests.unit.decide.coverage.tenants import CUSTOM_STRENGTH, HOME, LOCATIONS, PEOPLE, STRENGTHS, policy

evidence = partial(tenants.evidence, groups={}, roles={})
ADA = PEOPLE["ada"]
EVERYWHERE_BUT_HOME = policy(locations={"includeLocations": ["All"], "excludeLocations": [HOME]})
AT_HOME = policy("At home", locations={"includeLocations": [HOME], "excludeLocations": []})
WITH_KEYS = policy(grant={"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": CUSTOM_STRENGTH}})


def without(raw: Mapping[str, Any], member: str) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key != member}


def verdict(read: Evidence) -> Verdict:
    return Judge(read).coverage_of(ADA).verdict


def test_what_is_whole_is_not_named() -> None:
    for read in (evidence(policy()), evidence(EVERYWHERE_BUT_HOME, AT_HOME), evidence(WITH_KEYS)):
        assert verdict(read) is Verdict.COVERED
        assert not list(lost_objects(read))


@pytest.mark.parametrize("member", ["displayName", "state", "conditions", "grantControls"])
@pytest.mark.parametrize("in_beta", [True, False])
def test_a_policy_shown_in_part_covers_nobody_and_is_named_with_what_it_lacks(member: str, in_beta: bool) -> None:
    """Also where beta shows what v1.0 left out: one reading of two says that something was taken away."""
    whole = evidence(policy())
    [one] = whole.policies
    part = msgspec.structs.replace(
        one, raw=without(one.raw, member), policy_state=None if member == "state" else one.policy_state
    )
    assert whole.beta is not None
    beta = whole.beta if in_beta else msgspec.structs.replace(whole.beta, policies={one.id: part.raw})
    read = msgspec.structs.replace(whole, policies=(part,), beta=beta)
    found = Judge(read).coverage_of(ADA)
    assert found.verdict is Verdict.UNKNOWN
    assert any(member in words for words in found.not_understood)
    [lost] = lost_objects(read)
    assert (lost.kind, lost.status) == (LostKind.POLICY, ReadStatus.UNREADABLE)
    assert f"covers nobody: Graph does not show its {member}." in lost.sentence


def test_a_policy_without_an_id_takes_nothing_from_the_others() -> None:
    whole = evidence(policy())
    [one] = whole.policies
    raw = {"id": stand_in_id(1), "displayName": "Some policy"}
    nameless = msgspec.structs.replace(one, id=raw["id"], display_name="Some policy", policy_state=None, raw=raw)
    assert verdict(msgspec.structs.replace(whole, policies=(one, nameless))) is Verdict.COVERED
    alone = msgspec.structs.replace(whole, policies=(nameless,))
    assert verdict(alone) is Verdict.UNKNOWN
    [lost] = lost_objects(alone)
    assert "Policy 'Some policy'" in lost.sentence
    assert "does not show its id" in lost.sentence


@pytest.mark.parametrize(
    "member", ["countriesAndRegions", "includeUnknownCountriesAndRegions", "countryLookupMethod", "id"]
)
def test_a_location_shown_in_part_excludes_nobody_for_sure_and_is_named(member: str) -> None:
    strange = without(LOCATIONS[2], member) if member != "id" else {**LOCATIONS[2], "id": stand_in_id(1)}
    locations = (*LOCATIONS[:2], strange, LOCATIONS[3])
    read = evidence(EVERYWHERE_BUT_HOME, AT_HOME, named_locations=locations)
    assert verdict(read) is Verdict.UNKNOWN
    [lost] = lost_objects(read)
    assert (lost.kind, lost.status) == (LostKind.LOCATION, ReadStatus.UNREADABLE)
    assert "could not be read" in lost.sentence
    assert member in lost.sentence or "without an id" in lost.sentence
    others = evidence(policy(), named_locations=locations)
    assert verdict(others) is Verdict.COVERED
    assert not list(lost_objects(others)), "nobody names it"


@pytest.mark.parametrize("member", ["requirementsSatisfied", "allowedCombinations", "id"])
def test_a_strength_shown_in_part_demands_nothing_for_sure_and_is_named(member: str) -> None:
    strengths = tuple(
        raw
        if raw["id"] != CUSTOM_STRENGTH
        else {**raw, "id": stand_in_id(1)}
        if member == "id"
        else without(raw, member)
        for raw in STRENGTHS
    )
    read = evidence(WITH_KEYS, authentication_strengths=strengths)
    assert verdict(read) is not Verdict.COVERED
    [lost] = lost_objects(read)
    assert (lost.kind, lost.status) == (LostKind.STRENGTH, ReadStatus.UNREADABLE)
