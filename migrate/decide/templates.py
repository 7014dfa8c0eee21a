"""The bodies of the policies that a plan creates, and what of them a changed configuration changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from migrate.decide.directory_sync import sync_accounts
from migrate.decide.policy_bodies import body_of, says_the_same
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState, ReadStatus
from migrate.model.policy_exclusions import ExcludedBy, ExcludedKind
from migrate.model.policy_scope import users_of
from migrate.model.record import JsonObject
from migrate.model.rules import DIRECTORY_SYNC_ROLE, DIRECTORY_SYNC_ROLES, Rules

TEMPLATE_NAME = "Require MFA for all users (mfa-migrate)"
PILOT_NAME = "Require MFA for all users (mfa-migrate, pilot)"
GUESTS = "GuestsOrExternalUsers"
_LISTS = ("includeUsers", "includeGroups", "excludeUsers", "excludeGroups", "excludeRoles")


def template(key: str, rules: Rules, evidence: Evidence) -> JsonObject:
    """Return the body of the policy that create mode makes: MFA for all resources and all client app types."""
    return {
        "displayName": _name(rules),
        "description": f"Created by mfa-migrate, marker {key}. Excludes emergency access and directory sync.",
        "state": PolicyState.REPORT_ONLY.value,
        "conditions": {
            "users": _users(rules, evidence),
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }


def rescoped(
    policy: ConditionalAccessPolicy, rules: Rules, evidence: Evidence, written: JsonObject | None
) -> JsonObject | None:
    """Return what our policy should say by the configuration of now; None where it says so already.

    Whatever somebody else excluded stays excluded: only a policy that says what we wrote last, word for word, loses
    exclusions that the configuration does not name any more.

    Args:
        policy: As it was read.
        rules: The configuration.
        evidence: What else was read.
        written: The last body that this folder wrote of it; None where it does not know.
    """
    found, wanted = users_of(policy.raw), _users(rules, evidence)
    groups = [one.id for one in rules.policy_exclusions if one.by is ExcludedBy.GROUP]
    users = {
        **wanted,
        "excludeUsers": _with(found.get("excludeUsers"), _left_out(rules)),
        "excludeGroups": _with(found.get("excludeGroups"), groups),
        "excludeRoles": list(found.get("excludeRoles") or ()),
    }
    if written is not None and says_the_same(written, policy):
        users = dict(wanted)
    if all(_same(found.get(name), users.get(name)) for name in _LISTS):
        return None
    before = body_of(policy)
    name = _name(rules) if policy.display_name in (TEMPLATE_NAME, PILOT_NAME) else policy.display_name
    lists = {each: users.get(each) or [] for each in _LISTS}
    conditions = {**(before.get("conditions") or {}), "users": {**found, **lists}}
    return {**before, "displayName": name, "conditions": conditions}


def _name(rules: Rules) -> str:
    return TEMPLATE_NAME if rules.scope_group is None else PILOT_NAME


def _users(rules: Rules, evidence: Evidence) -> JsonObject:
    accounts = sorted(sync_accounts(evidence) - set(rules.emergency_access)) if rules.sync_by_account else []
    people = [*rules.emergency_access, *accounts, *_left_out(rules)]
    groups = [one.id for one in rules.policy_exclusions if one.by is ExcludedBy.GROUP]
    return {
        "includeUsers": [] if rules.scope_group else ["All"],
        "includeGroups": [rules.scope_group] if rules.scope_group else [],
        "excludeUsers": list(dict.fromkeys(people)),
        **({"excludeGroups": groups} if groups else {}),
        "excludeRoles": [] if rules.sync_by_account else _sync_roles(evidence),
    }


def _left_out(rules: Rules) -> Iterator[str]:
    for one in rules.policy_exclusions:
        if one.by is ExcludedBy.KIND and one.id == ExcludedKind.GUESTS:
            yield GUESTS
        elif one.by is not ExcludedBy.GROUP:
            yield one.id


def _sync_roles(evidence: Evidence) -> list[str]:
    """Return the roles to exclude; Graph refuses one that a tenant has not, and one that was not read is not known."""
    read = [one for one in DIRECTORY_SYNC_ROLES if (role := evidence.roles.get(one)) and role.status is ReadStatus.READ]
    return read or [DIRECTORY_SYNC_ROLE]


def _with(there: Iterable[str] | None, more: Iterable[str]) -> list[str]:
    """Return a list with what it lacks, in any case."""
    kept = list(there or ())
    known = {one.lower() for one in kept}
    return [*kept, *(one for one in dict.fromkeys(more) if one.lower() not in known)]


def _same(one: Iterable[Any] | None, other: Iterable[Any] | None) -> bool:
    return {str(each).lower() for each in one or ()} == {str(each).lower() for each in other or ()}
