"""Find what policies name and what was not read whole: it is said wherever the evidence is shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migrate.decide.coverage.locations import NotUnderstood, read_locations
from migrate.model.evidence import (
    ConditionalAccessPolicy,
    Evidence,
    GroupEvidence,
    PolicyState,
    ReadStatus,
    RoleEvidence,
)
from migrate.model.lost_objects import LostKind, LostObject
from migrate.model.record import JsonObject
from migrate.model.stand_in import is_stand_in
from migrate.model.words import counted

_NAMED_WITHOUT_AN_OBJECT = frozenset({"00000000-0000-0000-0000-000000000000", "3d46dbda-8382-466a-856d-eb00cbc6b910"})
"""Locations that no list shows: the MFA trusted IPs of the old settings page, and the compliant network (beta)."""


def lost_objects(evidence: Evidence) -> Iterator[LostObject]:
    """Yield the policies that are not disabled and were not read whole, then what they or the configuration name."""
    for policy in _counted(evidence):
        if lacks := policy.not_shown:
            problem = f"Graph does not show its {', '.join(lacks)}"
            yield _lost(evidence, LostKind.POLICY, policy.id, policy.display_name, ReadStatus.UNREADABLE, problem, 0)
    read: list[tuple[LostKind, str, GroupEvidence | RoleEvidence]] = [
        *((LostKind.GROUP, id_, group) for id_, group in sorted(evidence.groups.items())),
        *((LostKind.ROLE, id_, role) for id_, role in sorted(evidence.roles.items())),
    ]
    for kind, id_, one in read:
        if one.status is not ReadStatus.READ or one.unnamed:
            yield _lost(evidence, kind, id_, one.display_name, one.status, one.problem, one.unnamed)
    for kind, raws in (
        (LostKind.LOCATION, evidence.named_locations),
        (LostKind.STRENGTH, evidence.authentication_strengths),
    ):
        known = {str(raw.get("id")).lower() for raw in raws}
        named = frozenset(
            id_ for policy in _counted(evidence) for way in _WAYS for id_ in _named(policy, kind, way) if "-" in id_
        )
        nameless = _without_an_id(raws)
        for id_ in sorted(named - known - _NAMED_WITHOUT_AN_OBJECT):
            status = ReadStatus.UNREADABLE if nameless else ReadStatus.GONE
            yield _lost(evidence, kind, id_, None, status, nameless, 0)
        for id_, name, problem in _not_understood(kind, raws):
            if id_ in named:
                yield _lost(evidence, kind, id_, name, ReadStatus.UNREADABLE, problem, 0)


_STRENGTH_PARTS = ("requirementsSatisfied", "allowedCombinations")


def _without_an_id(raws: Sequence[JsonObject]) -> str | None:
    """Return why one that is not among these may be there all the same; None where each of them has an id."""
    nameless = sum(is_stand_in(str(raw.get("id"))) for raw in raws)
    return f"Graph lists {counted(nameless, 'object')} without an id, and it may be there." if nameless else None


def _not_understood(kind: LostKind, raws: Sequence[JsonObject]) -> Iterator[tuple[str, str | None, str]]:
    """Yield the id (lower case) and name of what was read and cannot be used, and why."""
    names = {str(raw.get("id")).lower(): str(raw.get("displayName") or raw.get("id")) for raw in raws}
    if kind is LostKind.LOCATION:
        for id_, location in sorted(read_locations(raws).items()):
            if isinstance(location, NotUnderstood):
                yield id_, names[id_], f"{location.sentence}."
        return
    for raw in raws:
        if lacks := [part for part in _STRENGTH_PARTS if part not in raw]:
            id_ = str(raw.get("id")).lower()
            yield id_, names[id_], f"Graph does not show its {', '.join(lacks)}."


_WAYS = ("include", "exclude")


def _lost(
    evidence: Evidence,
    kind: LostKind,
    id_: str,
    name: str | None,
    status: ReadStatus,
    problem: str | None,
    unnamed: int,
) -> LostObject:
    included_by, excluded_by = (
        tuple(policy.display_name for policy in _counted(evidence) if id_ in _named(policy, kind, way)) for way in _WAYS
    )
    return LostObject(
        kind=kind,
        id=id_,
        display_name=name,
        status=status,
        problem=problem,
        unnamed=unnamed,
        included_by=included_by,
        excluded_by=excluded_by,
    )


def _counted(evidence: Evidence) -> list[ConditionalAccessPolicy]:
    return [policy for policy in evidence.policies if policy.policy_state is not PolicyState.DISABLED]


def _named(policy: ConditionalAccessPolicy, kind: LostKind, way: str) -> frozenset[str]:
    """Return the ids (lower case) of this kind that a policy includes or excludes; a strength is only ever granted."""
    if kind is LostKind.STRENGTH:
        strength = _part(_part(policy.raw, "grantControls"), "authenticationStrength").get("id")
        return frozenset({str(strength).lower()} if strength and way == "include" else ())
    conditions = _part(policy.raw, "conditions")
    match kind:
        case LostKind.POLICY:
            return frozenset()  # a policy names none
        case LostKind.LOCATION:
            found = _part(conditions, "locations").get(f"{way}Locations")
        case LostKind.GROUP:
            found = _part(conditions, "users").get(f"{way}Groups")
        case LostKind.ROLE:
            found = _part(conditions, "users").get(f"{way}Roles")
    return frozenset(str(id_).lower() for id_ in found or ())


def _part(raw: JsonObject, name: str) -> JsonObject:
    value = raw.get(name)
    return value if isinstance(value, dict) else {}
