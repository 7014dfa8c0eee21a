"""Reads the evidence once into what the judge and the offline What If both work on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec import structs

from migrate.decide.coverage.locations import NamedLocation, read_locations
from migrate.decide.coverage.policy import PolicyReading
from migrate.decide.coverage.projection import read_strictly
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState
from migrate.model.record import JsonObject


@dataclass(frozen=True, slots=True)
class Context:
    """The policies and named locations of one tenant, read strictly."""

    readings: tuple[PolicyReading, ...]
    """Every policy, the oldest first; the order in which Graph sends them does not matter."""
    locations: Mapping[str, NamedLocation]


def context_of(evidence: Evidence) -> Context:
    """Return the readings of all policies."""
    locations = read_locations(evidence.named_locations)
    strengths: dict[str, list[JsonObject]] = {}
    for raw in evidence.authentication_strengths:
        strengths.setdefault(str(raw.get("id")).casefold(), []).append(raw)
    ordered = sorted(evidence.policies, key=_by_age)
    return Context(tuple(read_strictly(policy, strengths, locations) for policy in ordered), locations)


def _by_age(policy: ConditionalAccessPolicy) -> tuple[bool, str, str]:
    """Order the oldest first; a policy without a date is one that is only planned."""
    return (policy.created_date_time is None, policy.created_date_time or "", policy.id)


def evidence_with(evidence: Evidence, policies: tuple[ConditionalAccessPolicy, ...]) -> Evidence:
    """Return the evidence as if these policies were there and enabled, whatever state their files say."""
    supposed = tuple(
        structs.replace(
            policy, policy_state=PolicyState.ENABLED, raw={**policy.raw, "state": PolicyState.ENABLED.value}
        )
        for policy in policies
    )
    ids = {policy.id for policy in supposed}
    kept = tuple(policy for policy in evidence.policies if policy.id not in ids)
    return structs.replace(evidence, policies=(*kept, *supposed))
