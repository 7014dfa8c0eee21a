"""Tenant files: one JSON object whose keys are Graph paths and whose values are what Graph serves there."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from migrate.sandbox.groups import Group, Groups
from migrate.sandbox.listed_people import ListedPeople
from migrate.sandbox.messages import Json
from migrate.sandbox.method_kinds import report_names
from migrate.sandbox.people import STATES
from migrate.sandbox.policy_shape import whole_policy
from migrate.sandbox.policy_types import has_policy_types
from migrate.sandbox.roles import Roles, assignment
from migrate.sandbox.standing import P1_PLANS, furnish, sku
from migrate.sandbox.tenant import EMPTY_TENANT_ID, Tenant
from migrate.sandbox.tenant_sections import Sections, TenantFileError, objects_in
from migrate.sandbox.unseen import unseen_of

CA = "identity/conditionalAccess"
_STRENGTHS = ("policies/authenticationStrengthPolicies", f"{CA}/authenticationStrength/policies")
_REGISTRATION = "reports/authenticationMethods/userRegistrationDetails"
_PIM = "identityGovernance/privilegedAccess/group/eligibilitySchedules"
_ROLES = "roleManagement/directory"
_OF_USER = re.compile(r"^users/([^/]+)/authentication/(requirements|methods|signInPreferences)$", re.IGNORECASE)
_CROSS_TENANT = "policies/crossTenantAccessPolicy"
_BACKUPS = "directory/recovery/snapshots"
_RULES = re.compile(rf"^{CA}/plans/([^/]+)/rules$", re.IGNORECASE)
_MEMBERS = re.compile(r"^(groups|directoryRoles)/([^/]+)/members$", re.IGNORECASE)
_FEDERATION = re.compile(r"^domains/([^/]+)/federationConfiguration$", re.IGNORECASE)
_OWNERS = re.compile(r"^groups/([^/]+)/owners$", re.IGNORECASE)


_MOST_ADVANCED = 1e11


def load_tenant_file(source: str | Path | bytes) -> Tenant:
    """Read a tenant file, from a path or from its bytes.

    Raises TenantFileError, whose message says what is wrong and where.
    """
    if isinstance(source, bytes):
        return tenant_of(_decoded(source))
    try:
        return tenant_of(_decoded(Path(source).read_bytes()))
    except OSError as error:
        raise TenantFileError(f"The tenant file {source} could not be read: {error.strerror}.") from error


def _decoded(data: bytes) -> Json:
    try:
        document = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TenantFileError(f"The tenant file is no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise TenantFileError("A tenant file is one JSON object whose keys are Graph paths.")
    return document


def tenant_of(document: Json) -> Tenant:
    """Build the tenant of a decoded tenant file."""
    file = Sections(document)
    organization = file.object("organization")
    tenant = Tenant(id=file.text("_tenantId", str(organization.get("id") or EMPTY_TENANT_ID)))
    tenant.clock_advanced = file.number("_clockAdvanced")
    if not 0 <= tenant.clock_advanced <= _MOST_ADVANCED:
        raise TenantFileError("'_clockAdvanced' must be a number of seconds that a date can hold.")
    _check_lists(organization, "organization", "verifiedDomains", "assignedPlans")
    tenant.organization = organization
    tenant.domains = file.objects("domains")
    tenant.federations = {
        match[1].lower(): objects_in(name, value) for name, match, value in file.matching(_FEDERATION)
    }
    tenant.domain = _default_domain(organization, tenant.domains) or tenant.domain
    people = _people(file)
    tenant.people = people
    _read_of_users(file, people)
    tenant.groups = Groups(_groups(file, tenant))
    _read_roles(file, tenant)
    tenant.group_eligibility = file.objects(_PIM)
    tenant.strengths = _keyed(
        [each for path in _STRENGTHS for each in file.objects(path)], "an authentication strength"
    )
    licensed = len(people)
    tenant.skus = (
        file.objects("subscribedSkus")
        if file.has("subscribedSkus")
        else [sku("AAD_PREMIUM", "078d2b04-f1bd-4111-bbd4-b4b1b354cef4", P1_PLANS, licensed, licensed)]
    )
    for each in tenant.skus:
        _check_lists(each, "subscribedSkus", "servicePlans")
    tenant.methods_policy = file.object("policies/authenticationMethodsPolicy")
    _check_lists(tenant.methods_policy, "policies/authenticationMethodsPolicy", "authenticationMethodConfigurations")
    tenant.authorization_policy = file.object("policies/authorizationPolicy")
    tenant.cross_tenant_default = file.object(f"{_CROSS_TENANT}/default")
    tenant.partners = file.objects(f"{_CROSS_TENANT}/partners")
    tenant.plans = _plans(file)
    tenant.access_settings = file.object(f"{CA}/settings")
    tenant.backups = file.objects(_BACKUPS) if file.has(_BACKUPS) else None
    try:
        tenant.unseen = unseen_of(file.object("_unseen"))
    except ValueError as error:
        raise TenantFileError(f"'_unseen' is not understood: {error}.") from error
    tenant.security_defaults = bool(file.object("policies/identitySecurityDefaultsEnforcementPolicy").get("isEnabled"))
    tenant.named_locations = _keyed(file.objects(f"{CA}/namedLocations"), "a named location")
    furnish(tenant)
    _keep_expanded_strengths(file.peek(f"{CA}/policies"), tenant)
    for policy in file.objects(f"{CA}/policies"):
        policy_id = _id(policy, "a policy").lower()
        tenant.policies[policy_id] = _policy(policy, tenant)
    for policy in file.objects(f"{CA}/deletedItems/policies"):
        policy_id = _id(policy, "a deleted policy").lower()
        tenant.deleted_policies[policy_id] = _policy(policy, tenant)
    # Graph lists logs newest first; inside they are kept oldest first.
    tenant.sign_ins = file.objects("auditLogs/signIns")[::-1]
    tenant.audits = file.objects("auditLogs/directoryAudits")[::-1]
    tenant.extras = file.rest()
    return tenant


def _id(thing: Json, what: str, key: str = "id") -> str:
    found = thing.get(key)
    if not isinstance(found, str) or not found:
        raise TenantFileError(f"{what[0].upper()}{what[1:]} without a usable {key}: {str(thing)[:80]}.")
    return found


def _keyed(things: list[Json], what: str) -> dict[str, Json]:
    """Return objects by id; a second one with the same id is served too, and stands for nothing."""
    found: dict[str, Json] = {}
    for each in things:
        key = _id(each, what).lower()
        found[f"{key}#{len(found)}" if key in found else key] = each
    return found


def _plans(file: Sections) -> list[Json]:
    """Read Conditional Access policy plans, with the rules that stand in paths of their own."""
    rules = {match[1].lower(): objects_in(name, value) for name, match, value in file.matching(_RULES)}
    plans = file.objects(f"{CA}/plans")
    return [{**each, "rules": rules.get(_id(each, "a plan").lower(), each.get("rules") or [])} for each in plans]


def _policy(given: Json, tenant: Tenant) -> Json:
    try:
        policy = whole_policy(given, tenant)
        copy = (given.get("grantControls") or {}).get("authenticationStrength") or {}
        if "allowedCombinations" in copy:  # the copy in a policy may differ from what the tenant has by now
            policy["grantControls"]["authenticationStrength"] = copy
        shaped = has_policy_types(policy)
    except (AttributeError, TypeError, ValueError):
        shaped = False
    if not shaped:
        raise TenantFileError(f"The policy {given['id']} is not of a Conditional Access policy's shape.")
    return policy


def _check_lists(thing: Json, where: str, *names: str) -> None:
    for name in names:
        value = thing.get(name) or []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise TenantFileError(f"{name!r} in {where!r} must be a list of JSON objects.")


def _keep_expanded_strengths(policies: list[Json], tenant: Tenant) -> None:
    """A policy carries its authentication strength whole; one of the tenant's own may be nowhere else in the file."""
    for policy in policies:
        grant = policy.get("grantControls")
        strength = grant.get("authenticationStrength") if isinstance(grant, dict) else None
        if isinstance(strength, dict) and strength.get("displayName"):
            tenant.strengths.setdefault(str(strength.get("id")), strength)


def _default_domain(organization: Json, domains: list[Json]) -> str | None:
    for each in organization.get("verifiedDomains") or ():
        if each.get("isDefault"):
            return str(each.get("name"))
    return next((str(each.get("id")) for each in domains if each.get("isDefault")), None)


def _people(file: Sections) -> ListedPeople:
    users = file.objects("users")
    seen: set[str] = set()
    for user in users:
        user_id = _id(user, "a user").lower()
        if user_id in seen:
            raise TenantFileError(f"Two users have the id {user_id}.")
        seen.add(user_id)
    return ListedPeople(users)


def _read_of_users(file: Sections, people: ListedPeople) -> None:
    setters: dict[str, Callable[[int, Any], None]] = {
        "requirements": people.set_requirements,
        "signinpreferences": people.set_preferences,
    }
    for name, match, value in file.matching(_OF_USER):
        place = people.find(match[1])
        if place is None:
            raise TenantFileError(f"{name!r} belongs to no user of the file.")
        if match[2].lower() == "methods":
            people.set_methods(place, objects_in(name, value))
            continue
        if not isinstance(value, dict):
            raise TenantFileError(f"{name!r} must be one JSON object.")
        state = value.get("perUserMfaState")
        if state is not None and state not in STATES:
            raise TenantFileError(f"{name!r}: {state!r} is no per-user MFA state ({', '.join(STATES)}).")
        setters[match[2].lower()](place, value)
    for row in file.objects(_REGISTRATION):
        place = people.find(_id(row, "a registration row"))
        if place is not None:  # the report may still list somebody deleted since
            people.set_registration(place, row)


def _groups(file: Sections, tenant: Tenant) -> Iterator[Group]:
    groups = {_id(each, "a group").lower(): Group(each) for each in file.objects("groups")}
    role_members = []
    for name, match, value in file.matching(_MEMBERS):
        members = objects_in(name, value)
        if match[1].lower() == "directoryroles":
            role_members.append((match[2], members))
            continue
        group = groups.get(match[2].lower())
        if group is None:
            raise TenantFileError(f"{name!r} belongs to no group of the file.")
        taken: set[str] = set()
        for member in members:
            member_id = _id(member, "a group member").lower()
            if member_id not in taken:
                taken.add(member_id)
                _add_member(group, member, groups, tenant)
    for name, match, value in file.matching(_OWNERS):
        group = groups.get(match[1].lower())
        if group is None:
            raise TenantFileError(f"{name!r} belongs to no group of the file.")
        group.owners += [_id(owner, "a group owner") for owner in objects_in(name, value)]
    tenant.roles = Roles(directory_roles=file.objects("directoryRoles") or None)
    _assign_role_members(tenant, role_members)
    yield from groups.values()


def _add_member(group: Group, member: Json, groups: dict[str, Group], tenant: Tenant) -> None:
    member_id = str(member["id"])
    place = tenant.people.find(member_id)
    if place is not None:
        group.users.append(range(place, place + 1))
    elif member_id.lower() in groups:
        group.groups.append(groups[member_id.lower()].id)
    else:
        group.others.append(member)


def _assign_role_members(tenant: Tenant, role_members: list[tuple[str, list[Json]]]) -> None:
    templates = {
        str(key).lower(): str(role.get("roleTemplateId"))
        for role in tenant.roles.directory_roles or ()
        for key in (role.get("id"), role.get("roleTemplateId"))
    }
    for role_id, members in role_members:
        template = templates.get(role_id.lower())
        if template is None:
            raise TenantFileError(f"'directoryRoles/{role_id}/members' belongs to no directory role of the file.")
        tenant.roles.assignments += [assignment(_id(each, "a role member"), template) for each in members]


def _read_roles(file: Sections, tenant: Tenant) -> None:
    given = file.objects(f"{_ROLES}/roleAssignments")
    what = "a role assignment"
    known = {(_id(each, what, "principalId"), _id(each, what, "roleDefinitionId")) for each in given}
    from_members = [
        each for each in tenant.roles.assignments if (each["principalId"], each["roleDefinitionId"]) not in known
    ]
    tenant.roles = Roles(
        definitions=file.objects(f"{_ROLES}/roleDefinitions"),
        assignments=given + from_members,
        eligibility=file.objects(f"{_ROLES}/roleEligibilitySchedules"),
        directory_roles=tenant.roles.directory_roles,
    )


def dump_tenant(tenant: Tenant) -> Json:
    """Write a tenant in the file format; loading it again serves the same."""
    people = tenant.people
    document: Json = {
        "_tenantId": tenant.id,
        "_clockAdvanced": tenant.clock_advanced,
        "organization": [tenant.organization],
        "domains": tenant.domains,
        "subscribedSkus": tenant.skus,
        "users": [people.user(place) for place in range(len(people))],
        "groups": [group.json for group in tenant.groups],
    }
    document |= {f"domains/{name}/federationConfiguration": rows for name, rows in tenant.federations.items()}
    for group in tenant.groups:
        document[f"groups/{group.id}/members"] = _dumped_members(group, tenant)
        if group.owners:
            document[f"groups/{group.id}/owners"] = [
                {"@odata.type": "#microsoft.graph.user", "id": each} for each in group.owners
            ]
    document |= {
        f"{_ROLES}/roleDefinitions": tenant.roles.definitions,
        f"{_ROLES}/roleAssignments": tenant.roles.assignments,
        f"{_ROLES}/roleEligibilitySchedules": tenant.roles.eligibility,
        "directoryRoles": tenant.roles.active(),
        _PIM: tenant.group_eligibility,
        _STRENGTHS[0]: list(tenant.strengths.values()),
        f"{CA}/namedLocations": list(tenant.named_locations.values()),
        f"{CA}/policies": list(tenant.policies.values()),
        f"{CA}/plans": tenant.plans,
        f"{CA}/settings": tenant.access_settings,
        f"{_CROSS_TENANT}/default": tenant.cross_tenant_default,
        f"{_CROSS_TENANT}/partners": tenant.partners,
        "_unseen": tenant.unseen.dumped(),
        f"{CA}/deletedItems/policies": list(tenant.deleted_policies.values()),
        "policies/identitySecurityDefaultsEnforcementPolicy": {"isEnabled": tenant.security_defaults},
        "policies/authenticationMethodsPolicy": tenant.methods_policy,
        "policies/authorizationPolicy": tenant.authorization_policy,
        "auditLogs/signIns": tenant.sign_ins[::-1],
        "auditLogs/directoryAudits": tenant.audits[::-1],
    }
    if tenant.backups is not None:
        document[_BACKUPS] = tenant.backups
    rows = []
    for place in range(len(people)):
        user_id = people.user_id(place)
        document[f"users/{user_id}/authentication/requirements"] = people.requirements(place)
        methods = people.methods(place)
        if report_names(methods):
            document[f"users/{user_id}/authentication/methods"] = methods
        if (preferences := people.preferences(place)) is not None:
            document[f"users/{user_id}/authentication/signInPreferences"] = preferences
        if (row := people.registration(place)) is not None:
            rows.append(row)
    if rows:
        document[_REGISTRATION] = rows
    return document | tenant.extras


def _dumped_members(group: Group, tenant: Tenant) -> list[Json]:
    users = [
        {"@odata.type": "#microsoft.graph.user", "id": tenant.people.user_id(place)} for place in group.direct_places()
    ]
    nested = [{"@odata.type": "#microsoft.graph.group", "id": each} for each in group.groups]
    return users + nested + group.others


def save_tenant(tenant: Tenant, path: str | Path) -> None:
    """Write a tenant file so that it is whole or not there at all."""
    target = Path(path)
    partial = target.with_name(f"{target.name}.partial")
    partial.write_bytes(msgspec.json.format(msgspec.json.encode(dump_tenant(tenant)), indent=1))
    partial.replace(target)
