"""The bodies of the policies that a plan creates, and what of them a changed configuration changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

from migrate.decide.directory_sync import sync_accounts
from migrate.decide.own_policies import MARKER_PREFIX
from migrate.decide.policy_bodies import body_of, said_by, says_the_same
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState, ReadStatus
from migrate.model.policy_exclusions import ExcludedBy, ExcludedKind
from migrate.model.policy_scope import users_of
from migrate.model.record import JsonObject
from migrate.model.rules import DIRECTORY_SYNC_ROLE, DIRECTORY_SYNC_ROLES, Rules
from migrate.model.templates import Template

TEMPLATE_NAME = "Require MFA for all users (mfa-migrate)"
PILOT_NAME = "Require MFA for all users (mfa-migrate, pilot)"
GUESTS = "GuestsOrExternalUsers"
_MFA: JsonObject = {"operator": "OR", "builtInControls": ["mfa"]}
_LISTS = ("includeUsers", "includeGroups", "excludeUsers", "excludeGroups", "excludeRoles")


PHISHING_RESISTANT = "00000000-0000-0000-0000-000000000004"
"""Id of the built-in strength, the same in every tenant (Entra page on authentication strengths)."""
NAMES = {
    Template.ALL_USERS: TEMPLATE_NAME,
    Template.LEGACY_AUTHENTICATION: "Block legacy authentication (mfa-migrate)",
    Template.SECURITY_INFORMATION: "Secure registration of security information (mfa-migrate)",
    Template.EMERGENCY_ACCESS: "Phishing-resistant MFA for emergency access (mfa-migrate)",
}


def template(key: str, rules: Rules, evidence: Evidence, kind: Template = Template.ALL_USERS) -> JsonObject:
    """Return the body of a policy of ours: report-only, or off where report-only would show nothing."""
    state = PolicyState.REPORT_ONLY if kind.is_seen_in_report_only else PolicyState.DISABLED
    applications: JsonObject = {"includeApplications": ["All"]}
    if kind is Template.SECURITY_INFORMATION:
        applications = {"includeUserActions": ["urn:user:registersecurityinfo"]}
    legacy = kind is Template.LEGACY_AUTHENTICATION
    spared = "Excludes emergency access and directory sync."
    return {
        "displayName": _name(rules, kind),
        "description": f"Created by mfa-migrate, marker {key}."
        + (f" {spared}" if kind is not Template.EMERGENCY_ACCESS else ""),
        "state": state.value,
        "conditions": {
            "users": _users(rules, evidence, kind),
            "applications": applications,
            "clientAppTypes": ["exchangeActiveSync", "other"] if legacy else ["all"],
        },
        "grantControls": _grant(rules, kind),
    }


def _grant(rules: Rules, kind: Template) -> JsonObject:
    match kind:
        case Template.ALL_USERS:
            return _strength(rules.strength) if rules.strength else dict(_MFA)
        case Template.LEGACY_AUTHENTICATION:
            return {"operator": "OR", "builtInControls": ["block"]}
        case Template.SECURITY_INFORMATION:
            return {"operator": "OR", "builtInControls": ["mfa"]}
        case Template.EMERGENCY_ACCESS:
            return _strength(PHISHING_RESISTANT)
        case _:
            assert_never(kind)


def _strength(strength_id: str) -> JsonObject:
    return {"operator": "OR", "builtInControls": [], "authenticationStrength": {"id": strength_id}}


def rescoped(
    policy: ConditionalAccessPolicy,
    rules: Rules,
    evidence: Evidence,
    written: JsonObject | None,
    kind: Template = Template.ALL_USERS,
) -> JsonObject | None:
    """Return what our policy should say by the configuration of now; None where it says so already.

    Whatever somebody else excluded stays excluded: only a policy that says what we wrote last, word for word, loses
    exclusions that the configuration does not name any more.

    Args:
        policy: As it was read.
        rules: The configuration.
        evidence: What else was read.
        written: The last body that this folder wrote of it; None where it does not know.
        kind: Which of ours it is.
    """
    found, wanted = users_of(policy.raw), _users(rules, evidence, kind)
    emergency = kind is Template.EMERGENCY_ACCESS
    groups = [one.id for one in rules.policy_exclusions if one.by is ExcludedBy.GROUP and not emergency]
    users = {
        **wanted,
        "excludeUsers": _with(found.get("excludeUsers"), () if emergency else _left_out(rules)),
        "excludeGroups": _with(found.get("excludeGroups"), groups),
        "excludeRoles": list(found.get("excludeRoles") or ()),
    }
    if written is not None and says_the_same(written, policy):
        users = dict(wanted)
    grant = _grant_then(policy.raw, rules, written) if kind is Template.ALL_USERS else None
    if grant is None and all(_same(found.get(name), users.get(name)) for name in _LISTS):
        return None
    before = body_of(policy) if grant is None else as_created(body_of(policy) | {"grantControls": grant}, evidence)
    name = _name(rules, kind) if policy.display_name in (TEMPLATE_NAME, PILOT_NAME) else policy.display_name
    lists = {each: users.get(each) or [] for each in _LISTS}
    conditions = {**(before.get("conditions") or {}), "users": {**found, **lists}}
    return {**before, "displayName": name, "conditions": conditions}


def _grant_then(raw: JsonObject, rules: Rules, written: JsonObject | None) -> JsonObject | None:
    """Return the grant that the configuration asks for where our policy for users has another; None where it stays.

    Whoever made it ask for something else than we could have written, or for another strength than we wrote last, has
    decided so; only plain MFA gives way to a strength in any case.
    """
    wanted = _grant(rules, Template.ALL_USERS)
    found = _said_in({"grantControls": raw.get("grantControls")})
    if found == _said_in({"grantControls": wanted}):
        return None
    is_mfa = found == _said_in({"grantControls": _MFA})
    is_known_strength = set(found) == {"operator", "authenticationStrength"} and found == _said_in(written or {})
    return wanted if is_mfa or is_known_strength else None


def _said_in(body: JsonObject) -> JsonObject:
    grant: JsonObject = said_by({"grantControls": body.get("grantControls")}).get("grantControls") or {}
    return grant


def is_for_emergency_access_only(policy: ConditionalAccessPolicy, accounts: Iterable[str]) -> bool:
    """Tell whether a policy is the one that asks more of the emergency access accounts, and reaches nobody else."""
    users, known = users_of(policy.raw), {each.lower() for each in accounts}
    included = {str(each).lower() for each in users.get("includeUsers") or ()}
    others = any(users.get(name) for name in ("includeGroups", "includeRoles", "includeGuestsOrExternalUsers"))
    ours = f"{MARKER_PREFIX}{Template.EMERGENCY_ACCESS}:" in (policy.description or "")
    return ours and bool(included) and included <= known and not others


def as_created(body: JsonObject, evidence: Evidence) -> JsonObject:
    """Return a body as Graph will show it: a strength whole, where its id is sent."""
    grant = body.get("grantControls") or {}
    strength_id = str((grant.get("authenticationStrength") or {}).get("id", "")).lower()
    whole = next((raw for raw in evidence.authentication_strengths if str(raw.get("id")).lower() == strength_id), None)
    return body if whole is None else {**body, "grantControls": {**grant, "authenticationStrength": whole}}


def _name(rules: Rules, kind: Template) -> str:
    return PILOT_NAME if kind is Template.ALL_USERS and rules.scope_group is not None else NAMES[kind]


def _users(rules: Rules, evidence: Evidence, kind: Template) -> JsonObject:
    if kind is Template.EMERGENCY_ACCESS:
        return {"includeUsers": list(rules.emergency_access)}
    scope = rules.scope_group if kind is Template.ALL_USERS else None
    accounts = sorted(sync_accounts(evidence) - set(rules.emergency_access)) if rules.sync_by_account else []
    guests = [GUESTS] if kind is Template.SECURITY_INFORMATION else []  # a Temporary Access Pass is not for guests
    people = [*rules.emergency_access, *accounts, *_left_out(rules), *guests]
    groups = [one.id for one in rules.policy_exclusions if one.by is ExcludedBy.GROUP]
    return {
        "includeUsers": [] if scope else ["All"],
        "includeGroups": [scope] if scope else [],
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
