"""A tenant as it would be after steps of advice were taken: nothing here changes any tenant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from msgspec import structs

from migrate.decide import policy_steps
from migrate.decide.coverage.context import Change, changed
from migrate.decide.own_policies import MARKER_PREFIX
from migrate.model.advice import AllClientApps, CreateOurs, Ended, EndExclusion, Remedy, SwitchOn, WidenOurs
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState
from migrate.model.policy_scope import SetPolicyScope, users_of
from migrate.model.record import JsonObject
from migrate.model.rules import Rules
from migrate.model.templates import Template, Wish

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
    """Return what a policy excludes, as it is written there; what is written twice, in any case, is one."""
    part, key = _PLACE[what]
    listed = ((raw.get("conditions") or {}).get(part) or {}).get(key)
    if what is Ended.GUESTS:
        return ("",) if listed else ()
    if not isinstance(listed, list):
        return ()
    return tuple({one.casefold(): one for one in reversed(listed) if isinstance(one, str)}.values())[::-1]


def change_by(remedies: Iterable[Remedy], made: ConditionalAccessPolicy | None = None) -> Change:
    """Return what these steps make of the JSON of the one policy that they are about.

    `made` is the policy as a step of ours among them leaves it.
    """
    taken = tuple(remedies)

    def change(raw: JsonObject) -> JsonObject:
        for remedy in taken:
            raw = _changed_by(remedy, raw, made)
        return raw

    return change


def _changed_by(remedy: Remedy, raw: JsonObject, made: ConditionalAccessPolicy | None) -> JsonObject:
    match remedy:
        case SwitchOn() | CreateOurs():
            return {**raw, "state": PolicyState.ENABLED.value}
        case WidenOurs():
            users = users_of(raw) | users_of({} if made is None else made.raw)
            return {**raw, "state": PolicyState.ENABLED.value, "conditions": {**raw["conditions"], "users": users}}
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


def ours(
    tenant_id: str, evidence: Evidence, rules: Rules
) -> tuple[tuple[CreateOurs | WidenOurs, ConditionalAccessPolicy], ...]:
    """Return what the configuration could make of the policies of ours, each with the policy as it would be, enabled.

    The other templates close nothing of what the proof asks: one is for a user action, one for emergency access.
    """
    found = (_for_users(tenant_id, evidence, rules), _against_legacy(tenant_id, evidence, rules))
    return tuple(one for one in found if one is not None)


def _for_users(
    tenant_id: str, evidence: Evidence, rules: Rules
) -> tuple[CreateOurs | WidenOurs, ConditionalAccessPolicy] | None:
    """Return our policy for all users, created or widened; None where it is there, or cannot be."""
    prepared = policy_steps.prepare(tenant_id, evidence, _all_users(rules))
    own, before = prepared.own, {policy.id: policy for policy in evidence.policies}
    if own is None or own.policy_state is not PolicyState.ENABLED:
        return None
    if own.id not in before:
        return CreateOurs(policy_id=own.id, policy=own.display_name, template=Template.ALL_USERS), own
    changes = [step for step in prepared.steps if isinstance(step, SetPolicyScope)]
    # What leaves somebody out whom the pilot is for is no advice; one that is off was put there by somebody's hand.
    if not changes or any(step.weakens for step in changes) or _is_off(before[own.id]):
        return None
    return WidenOurs(policy_id=own.id, policy=before[own.id].display_name), own


def _against_legacy(
    tenant_id: str, evidence: Evidence, rules: Rules
) -> tuple[CreateOurs, ConditionalAccessPolicy] | None:
    """Return our policy that blocks legacy authentication; None where the tenant has it: then it is switched on."""
    there = {policy.id for policy in evidence.policies if not policy.id.startswith(MARKER_PREFIX)}
    prepared = policy_steps.prepare(tenant_id, evidence, _blocking_legacy(rules))
    key = next((key for key, one in prepared.taking_effect.items() if _is_against_legacy(key)), None)
    if key is None or prepared.taking_effect[key].id in there:
        return None
    own = prepared.taking_effect[key]
    return CreateOurs(policy_id=own.id, policy=own.display_name, template=Template.LEGACY_AUTHENTICATION), own


def _is_against_legacy(key: str) -> bool:
    return key.startswith(f"{MARKER_PREFIX}{Template.LEGACY_AUTHENTICATION}:")


def _is_off(policy: ConditionalAccessPolicy) -> bool:
    return policy.policy_state is PolicyState.DISABLED


def _all_users(rules: Rules) -> Rules:
    return structs.replace(rules, create=True, scope_group=None)


def _blocking_legacy(rules: Rules) -> Rules:
    others = (wish for wish in rules.wishes if wish.template is not Template.LEGACY_AUTHENTICATION)
    return structs.replace(rules, wishes=(*others, Wish(template=Template.LEGACY_AUTHENTICATION, switch_on=True)))


def rules_after(rules: Rules, remedies: Iterable[Remedy]) -> Rules:
    """Return the rules with those steps in them that are the configuration's to take."""
    for remedy in remedies:
        match remedy:
            case SwitchOn():
                rules = structs.replace(rules, switch_on=(*rules.switch_on, remedy.policy_id))
            case CreateOurs(template=Template.LEGACY_AUTHENTICATION):
                rules = _blocking_legacy(rules)
            case CreateOurs() | WidenOurs():
                rules = _all_users(rules)
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
