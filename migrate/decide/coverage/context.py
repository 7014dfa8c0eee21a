"""Reads the evidence once into what the judge and the offline What If both work on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from msgspec import structs

from migrate.decide.coverage.locations import NamedLocation, read_locations
from migrate.decide.coverage.policy import PolicyReading
from migrate.decide.coverage.projection import read_strictly
from migrate.decide.coverage.strictly import is_guid
from migrate.decide.coverage.versions import both_versions
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState
from migrate.model.record import JsonObject


@dataclass(frozen=True, slots=True)
class Context:
    """The policies and named locations of one tenant, read strictly."""

    readings: tuple[PolicyReading, ...]
    """Every policy, the oldest first; the order in which Graph sends them does not matter."""
    locations: Mapping[str, NamedLocation]


class Reader:
    """Reads single policies of one tenant strictly, as they are or as they would be after a change."""

    def __init__(self, evidence: Evidence) -> None:
        """Take the evidence that a policy is read against; its own policies are not looked at."""
        self.locations: Mapping[str, NamedLocation] = read_locations(evidence.named_locations)
        self._strengths: dict[str, list[JsonObject]] = {}
        for raw in evidence.authentication_strengths:
            self._strengths.setdefault(str(raw.get("id")).casefold(), []).append(raw)
        self._shown_in_beta = None if evidence.beta is None else evidence.beta.policies

    def read(self, policy: ConditionalAccessPolicy, change: Change | None = None) -> PolicyReading:
        """Read a policy with what only beta says of it, both after the change where there is one."""
        if change is not None:
            policy = changed(policy, change)
        doubts = tuple(
            f"{name} is missing from what Graph sent, so what the policy asks for is not known"
            for name in policy.not_shown
        )
        # A policy that a plan is going to create has no id of Graph's yet.
        if self._shown_in_beta is None or not is_guid(policy.id):
            return read_strictly(policy, self._strengths, self.locations, doubtful=doubts)
        beta = self._shown_in_beta.get(policy.id.casefold())
        if beta is None:
            doubts = (*doubts, "it is not there in beta")
            return read_strictly(policy, self._strengths, self.locations, doubtful=doubts)
        raw, contradictions = both_versions(policy.raw, beta if change is None else change(beta))
        reading = read_strictly(
            structs.replace(policy, raw=raw), self._strengths, self.locations, doubtful=(*doubts, *contradictions)
        )
        return replace(reading, policy=policy)


Change = Callable[[JsonObject], JsonObject]
"""Returns the JSON of a policy, of either version of Graph, as it is after a change."""


def changed(policy: ConditionalAccessPolicy, change: Change) -> ConditionalAccessPolicy:
    """Return a policy as it is after a change; its state is taken from the JSON."""
    raw = change(policy.raw)
    known = {state.value.casefold(): state for state in PolicyState}
    return structs.replace(policy, raw=raw, policy_state=known.get(str(raw.get("state")).casefold()))


def context_of(evidence: Evidence) -> Context:
    """Return the readings of all policies."""
    reader = Reader(evidence)
    return Context(tuple(map(reader.read, sorted(evidence.policies, key=_by_age))), reader.locations)


def is_beta_unread(evidence: Evidence) -> bool:
    """Tell whether members that only beta shows are not known."""
    return evidence.beta is None or evidence.beta.policies is None


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
    beta = evidence.beta
    if beta is not None and beta.policies is not None:
        # A file says everything there is to say about a policy that is only supposed.
        beta = structs.replace(beta, policies={**beta.policies, **{p.id.casefold(): p.raw for p in supposed}})
    return structs.replace(evidence, policies=(*kept, *supposed), beta=beta)


def evidence_without(evidence: Evidence, gone: ConditionalAccessPolicy) -> Evidence:
    """Return the evidence as if one of its policies were not there."""
    return structs.replace(evidence, policies=tuple(policy for policy in evidence.policies if policy.id != gone.id))
