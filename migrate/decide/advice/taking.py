"""A tenant as it would be after steps of advice were taken: nothing here changes any tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from msgspec import structs

from migrate.decide import policy_steps
from migrate.decide.coverage.context import Change, changed
from migrate.model.advice import AllClientApps, CreateOurs, Ended, EndExclusion, Remedy, SwitchOn
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState
from migrate.model.record import JsonObject
from migrate.model.rules import Rules

_PLACE: Mapping[Ended, tuple[str, str]] = {
    Ended.GROUP: ("users", "excludeGroups"),
    Ended.PERSON: ("users", "excludeUsers"),
    Ended.LOCATION: ("locations", "excludeLocations"),
    Ended.APPLICATION: ("applications", "excludeApplications"),
    Ended.PLATFORM: ("platforms", "excludePlatforms"),
    Ended.ROLE: ("users", "excludeRoles"),
    Ended.GUESTS: ("users", "excludeGuestsOrExternalUsers"),
}
"""Where in a policy's conditions each kind of exclusion stands."""


def excluded_in(raw: JsonObject, what: Ended) -> tuple[str, ...]:
    """Return what a policy excludes, as it is written there."""
    part, key = _PLACE[what]
    listed = ((raw.get("conditions") or {}).get(part) or {}).get(key)
    if what is Ended.GUESTS:
        return ("",) if listed else ()
    return tuple(one for one in listed if isinstance(one, str)) if isinstance(listed, list) else ()


def change_by(remedies: Iterable[Remedy]) -> Change:
    """Return what these steps make of the JSON of the one policy that they are about."""
    taken = tuple(remedies)

    def change(raw: JsonObject) -> JsonObject:
        for remedy in taken:
            raw = _changed_by(remedy, raw)
        return raw

    return change


def _changed_by(remedy: Remedy, raw: JsonObject) -> JsonObject:
    match remedy:
        case SwitchOn() | CreateOurs():
            return {**raw, "state": PolicyState.ENABLED.value}
        case AllClientApps():
            return {**raw, "conditions": {**raw["conditions"], "clientAppTypes": ["all"]}}
        case EndExclusion():
            part, key = _PLACE[remedy.what]
            held = (raw.get("conditions") or {}).get(part) or {}
            listed = held.get(key)
            if remedy.what is Ended.GUESTS:
                return {**raw, "conditions": {**raw["conditions"], part: {**held, key: None}}}
            if not isinstance(listed, list):
                return raw
            kept = [one for one in listed if str(one).casefold() != remedy.target.casefold()]
            return {**raw, "conditions": {**raw["conditions"], part: {**held, key: kept}}}
        case _:
            assert_never(remedy)


def ours(tenant_id: str, evidence: Evidence, rules: Rules) -> ConditionalAccessPolicy | None:
    """Return the policy that create mode would add for all users, enabled; None where it is there, or cannot be."""
    wanted = structs.replace(rules, create=True, scope_group=None)
    before = {policy.id for policy in evidence.policies}
    prepared = policy_steps.prepare(tenant_id, evidence, wanted)
    new = [policy for policy in prepared.switched_on if policy.id not in before]
    return new[0] if new else None


def rules_after(rules: Rules, remedies: Iterable[Remedy]) -> Rules:
    """Return the rules with those steps in them that are the configuration's to take."""
    for remedy in remedies:
        match remedy:
            case SwitchOn():
                rules = structs.replace(rules, switch_on=(*rules.switch_on, remedy.policy_id))
            case CreateOurs():
                rules = structs.replace(rules, create=True, scope_group=None)
            case EndExclusion() | AllClientApps():
                pass
            case _:
                assert_never(remedy)
    return rules


def evidence_after(evidence: Evidence, remedies: Iterable[Remedy]) -> Evidence:
    """Return the tenant as it is once the administrator's own steps are done: the rest is a plan's."""
    by_policy: dict[str, list[Remedy]] = {}
    for remedy in remedies:
        if isinstance(remedy, EndExclusion | AllClientApps):
            by_policy.setdefault(remedy.policy_id, []).append(remedy)
    changes = {policy_id: change_by(taken) for policy_id, taken in by_policy.items()}
    policies = tuple(
        changed(policy, changes[policy.id]) if policy.id in changes else policy for policy in evidence.policies
    )
    beta = evidence.beta
    if beta is not None and beta.policies is not None:
        by_id = {policy_id.casefold(): change for policy_id, change in changes.items()}
        shown = {key: by_id[key](raw) if key in by_id else raw for key, raw in beta.policies.items()}
        beta = structs.replace(beta, policies=shown)
    return structs.replace(evidence, policies=policies, beta=beta)
