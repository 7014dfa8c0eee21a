"""Find what policies name and what was not read whole: it is said wherever the evidence is shown."""

from __future__ import annotations

from collections.abc import Iterator

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

_NAMED_WITHOUT_AN_OBJECT = frozenset({"00000000-0000-0000-0000-000000000000", "3d46dbda-8382-466a-856d-eb00cbc6b910"})
"""Locations that no list shows: the MFA trusted IPs of the old settings page, and the compliant network (beta)."""


def lost_objects(evidence: Evidence) -> Iterator[LostObject]:
    """Yield the objects, named by a policy that is not disabled or by the configuration, that were not read whole."""
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
        for id_ in sorted(named - known - _NAMED_WITHOUT_AN_OBJECT):
            yield _lost(evidence, kind, id_, None, ReadStatus.GONE, None, 0)


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
