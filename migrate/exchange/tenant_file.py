"""Write a snapshot as a tenant file of the sandbox, so that a migration can be rehearsed with one's own tenant.

The format is described in docs/sandbox.md: one JSON object whose keys are Graph paths and whose values are the
Graph JSON served there. What the export could not read stays unreadable in the rehearsal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import Any

import msgspec

from migrate.exchange.pseudonyms import AsItIs, Disguise, Pseudonyms
from migrate.model.evidence import ChangedBy, ConditionalAccessPolicy, Evidence, GroupEvidence, ReadStatus, RoleEvidence
from migrate.model.record import JsonObject
from migrate.model.snapshot import Organization, SnapshotHeader, SubscribedSku
from migrate.model.stand_in import is_stand_in
from migrate.model.users import AnyUser, Registration, UserProfile, UserRecord

_CA = "identity/conditionalAccess"
_ROLES = "roleManagement/directory"
_CROSS_TENANT = "policies/crossTenantAccessPolicy"
_IN_MEMORY = 1 << 22
"""Bytes of the sections that are written after the users before they move to a file."""
_CHUNK = 1 << 16
_SINCE = "2020-01-01T00:00:00Z"
"""When eligibilities began: the export does not keep it, and nothing depends on it."""


def tenant_file_chunks(
    header: SnapshotHeader, users: Iterable[AnyUser], evidence: Evidence, *, anonymise: bool, key: bytes = b""
) -> Iterator[bytes]:
    """Yield a tenant file as UTF-8 JSON; users are read once and never held.

    What Graph showed without an id is left out, and so is a policy without its state: no tenant can hold it.

    Args:
        header: The snapshot's header.
        users: The users of the snapshot.
        evidence: Its policies, locations, strengths, groups and roles, allowed methods and trust.
        anonymise: Replace every name, address and id, the same always by the same. Kept are role templates,
            applications, licences, countries, registered methods, dates of policies and all that decides coverage.
        key: Secret bytes that the new ids are made with; fresh for each file. Needed to anonymise.
    """
    disguise: Disguise = Pseudonyms(key, header.organization, evidence.named_locations) if anonymise else AsItIs()
    organization = disguise.organization(header.organization)
    yield _member("_tenantId", organization.tenant_id, first=True)
    yield _member("organization", [_organization(organization)])
    yield _member("subscribedSkus", [_sku(sku) for sku in header.skus])
    with SpooledTemporaryFile(_IN_MEMORY) as states, SpooledTemporaryFile(_IN_MEMORY) as reports:
        yield b',\n"users": ['
        known = (user for user in users if not is_stand_in(user.profile.id))
        for number, user in enumerate(known, 1):
            profile = disguise.profile(user.profile, number)
            yield (b",\n" if number > 1 else b"\n") + msgspec.json.encode(_user(profile))
            states.write(_member(f"users/{profile.id}/authentication/requirements", _requirements(user)))
            if user.registration is not None:
                row = msgspec.json.encode(_registration(profile, user.registration))
                reports.write((b",\n" if reports.tell() else b"\n") + row)
        yield b"\n]"
        yield from _content(states)
        yield b',\n"reports/authenticationMethods/userRegistrationDetails": ['
        yield from _content(reports)
        yield b"\n]"
    sections = (_groups, _roles, _policies, _capability)
    for name, value in chain.from_iterable(section(evidence, disguise) for section in sections):
        yield _member(name, value)
    yield b"\n}\n"


def _member(name: str, value: object, *, first: bool = False) -> bytes:
    return (b"{\n" if first else b",\n") + msgspec.json.encode(name) + b": " + msgspec.json.encode(value)


def _content(spool: Any) -> Iterator[bytes]:
    spool.seek(0)
    while chunk := spool.read(_CHUNK):
        yield chunk


def _organization(organization: Organization) -> JsonObject:
    federated = organization.federated_domains or ()
    return {
        "id": organization.tenant_id,
        "displayName": organization.display_name,
        "verifiedDomains": [
            {
                "name": name,
                "isDefault": name == organization.default_domain,
                "isInitial": False,
                "type": "Federated" if name in federated else "Managed",
            }
            for name in organization.verified_domains
        ],
    }


def _sku(sku: SubscribedSku) -> JsonObject:
    return {
        "id": f"{sku.sku_id}_{sku.sku_part_number}",
        "skuId": sku.sku_id,
        "skuPartNumber": sku.sku_part_number,
        "capabilityStatus": sku.capability_status,
        "appliesTo": "User",
        "consumedUnits": 0,
        "prepaidUnits": {"enabled": sku.enabled_units, "suspended": 0, "warning": 0, "lockedOut": 0},
        "servicePlans": [
            {"servicePlanId": plan, "servicePlanName": plan, "provisioningStatus": "Success", "appliesTo": "User"}
            for plan in sku.service_plan_ids
        ],
    }


def _user(profile: UserProfile) -> JsonObject:
    user = {
        **({"@odata.type": "#microsoft.graph.agentUser"} if profile.is_agent else {}),
        "id": profile.id,
        "userPrincipalName": profile.user_principal_name,
        "displayName": profile.display_name,
        "userType": profile.user_type,
        "creationType": profile.creation_type,
        "externalUserState": profile.external_user_state,
        "identities": [
            {"signInType": identity.sign_in_type, "issuer": identity.issuer} for identity in profile.identities
        ],
        "accountEnabled": profile.account_enabled,
        "onPremisesSyncEnabled": profile.on_premises_sync_enabled or None,
        "assignedLicenses": [{"skuId": sku_id, "disabledPlans": []} for sku_id in profile.assigned_licenses or ()],
        "createdDateTime": profile.created_date_time,
    }
    return {name: value for name, value in user.items() if name not in (profile.lacks or ())}


def _requirements(user: AnyUser) -> JsonObject:
    # An answer without the property is what makes a user unreadable.
    return {"perUserMfaState": user.mfa_state.value} if isinstance(user, UserRecord) else {}


def _registration(profile: UserProfile, registration: Registration) -> JsonObject:
    return {
        "id": profile.id,
        "userPrincipalName": profile.user_principal_name,
        "userDisplayName": profile.display_name,
        "userType": "guest" if profile.is_guest else "member",
        "isMfaRegistered": registration.is_mfa_registered,
        "isMfaCapable": registration.is_mfa_capable,
        "methodsRegistered": list(registration.methods_registered),
        "lastUpdatedDateTime": registration.last_updated_date_time,
    }


def _groups(evidence: Evidence, disguise: Disguise) -> Iterator[tuple[str, object]]:
    """Yield the groups with their members, those of nested groups included, and who is eligible."""
    groups = [group for group in evidence.groups.values() if group.status is not ReadStatus.GONE]
    yield "groups", [_group(group, disguise) for group in groups]
    for group in groups:
        yield (
            f"groups/{disguise.identifier(group.id)}/members",
            [
                {"@odata.type": "#microsoft.graph.user", "id": disguise.identifier(user_id)}
                for user_id in sorted(group.members)
            ],
        )
        if group.owners:
            yield (
                f"groups/{disguise.identifier(group.id)}/owners",
                [
                    {"@odata.type": "#microsoft.graph.user", "id": disguise.identifier(user_id)}
                    for user_id in sorted(group.owners)
                ],
            )
    yield (
        "identityGovernance/privilegedAccess/group/eligibilitySchedules",
        [
            {
                "id": f"{disguise.identifier(group.id)}_member_{disguise.identifier(user_id)}",
                "principalId": disguise.identifier(user_id),
                "groupId": disguise.identifier(group.id),
                "accessId": "member",
                **_SCHEDULE,
            }
            for group in groups
            for user_id in sorted(group.eligible)
        ],
    )


def _group(group: GroupEvidence, disguise: Disguise) -> JsonObject:
    changed_by = group.changed_by or frozenset()
    shown: JsonObject = {
        "id": disguise.identifier(group.id),
        "displayName": disguise.name("Group", group.display_name, group.id),
        "securityEnabled": True,
        "mailEnabled": False,
        "groupTypes": ["DynamicMembership"] if ChangedBy.RULE in changed_by else [],
        "isAssignableToRole": None if group.changed_by is None else ChangedBy.LESSER_ROLES not in changed_by,
    }
    if ChangedBy.ACTIVE_DIRECTORY in changed_by:
        shown["onPremisesSyncEnabled"] = True
    if group.unnamed:
        # A file knows no member without an id; unreadable is the nearest thing to it that holds people back.
        return shown
    match group.status:
        case ReadStatus.READ if group.visibility == "HiddenMembership":
            # The token of the export could see the members; that of the sandbox could not.
            return {**shown, "visibility": "Private"}
        case ReadStatus.HIDDEN:
            # It may be a group inside that hides its members; the file knows no nesting.
            return {**shown, "visibility": "HiddenMembership"}
        case ReadStatus.UNREADABLE | ReadStatus.VANISHED:
            # Without this property the answer cannot be used, so that the group is unreadable in the sandbox too.
            return shown
        case _:
            return {**shown, "visibility": group.visibility}


def _roles(evidence: Evidence, disguise: Disguise) -> Iterator[tuple[str, object]]:
    roles = [role for role in evidence.roles.values() if role.status is not ReadStatus.GONE]
    known = (role.holders | role.scoped | role.eligible for role in roles)
    others = sorted((evidence.administrators or frozenset()).difference(*known))
    yield f"{_ROLES}/roleDefinitions", [*map(_definition, roles), *([_ANOTHER_ROLE] if others else [])]
    yield (
        f"{_ROLES}/roleAssignments",
        [
            {
                "id": f"{role.template_id}_{disguise.identifier(user_id)}_{scope.rpartition('/')[2]}",
                "principalId": disguise.identifier(user_id),
                "roleDefinitionId": role.template_id,
                "directoryScopeId": scope,
                "appScopeId": None,
            }
            for role in roles
            for scope, holders in (("/", role.holders), (_A_PART, role.scoped))
            for user_id in sorted(holders)
        ]
        + [
            {
                "id": f"{_ANOTHER_ROLE['id']}_{disguise.identifier(user_id)}",
                "principalId": disguise.identifier(user_id),
                "roleDefinitionId": _ANOTHER_ROLE["id"],
                "directoryScopeId": "/",
                "appScopeId": None,
            }
            for user_id in others
        ],
    )
    yield (
        f"{_ROLES}/roleEligibilitySchedules",
        [
            {
                "id": f"{role.template_id}_{disguise.identifier(user_id)}",
                "principalId": disguise.identifier(user_id),
                "roleDefinitionId": role.template_id,
                "directoryScopeId": "/",
                "appScopeId": None,
                **_SCHEDULE,
            }
            for role in roles
            for user_id in sorted(role.eligible)
        ],
    )


_A_PART = "/administrativeUnits/5b7f5a3e-0000-4000-8000-000000000001"
"""The export keeps that a role is held for a part of the directory, not for which."""

_ANOTHER_ROLE: JsonObject = {
    "id": "5b7f5a3e-0000-4000-8000-000000000002",
    "templateId": "5b7f5a3e-0000-4000-8000-000000000002",
    "displayName": "A role that no policy names",
    "isBuiltIn": False,
    "isEnabled": True,
}
"""The export keeps who holds some role that no policy names, not which."""

_SCHEDULE: JsonObject = {
    "memberType": "Direct",
    "status": "Provisioned",
    "createdDateTime": _SINCE,
    "modifiedDateTime": _SINCE,
    "createdUsing": None,
    "scheduleInfo": {"startDateTime": _SINCE, "recurrence": None, "expiration": {"type": "noExpiration"}},
}


def _definition(role: RoleEvidence) -> JsonObject:
    # Exports of older versions did not ask; nearly every role that a policy names is a built-in one.
    built_in = role.built_in is not False
    shown: JsonObject = {
        "id": role.template_id,
        "templateId": role.template_id,
        "isBuiltIn": built_in,
        "isEnabled": True,
    }
    # Role names are Microsoft's. Without one the answer cannot be used, so that an unreadable role stays so.
    return shown if role.status is not ReadStatus.READ or role.unnamed else {**shown, "displayName": role.display_name}


def _policies(evidence: Evidence, disguise: Disguise) -> Iterator[tuple[str, object]]:
    locations = [raw for raw in evidence.named_locations if not is_stand_in(str(raw.get("id")))]
    yield f"{_CA}/namedLocations", [disguise.json("Location", raw) for raw in locations]
    yield (
        "policies/authenticationStrengthPolicies",
        [
            (AsItIs() if raw.get("policyType") == "builtIn" else disguise).json("Strength", raw)
            for raw in evidence.authentication_strengths
            if not is_stand_in(str(raw.get("id")))
        ],
    )
    policies = [policy for policy in evidence.policies if not is_stand_in(policy.id) and "state" in policy.raw]
    yield f"{_CA}/policies", [disguise.json("Policy", _whole(policy, evidence)) for policy in policies]
    yield "policies/identitySecurityDefaultsEnforcementPolicy", {"isEnabled": evidence.security_defaults_enabled}


def _capability(evidence: Evidence, disguise: Disguise) -> Iterator[tuple[str, object]]:
    """Yield which methods are allowed and whose MFA is trusted; exports of older versions did not ask.

    An answer that lacks what makes it usable stands for what could not be read.
    """
    read = evidence.capability
    if read is None:
        return
    methods, trust = read.methods, read.trust
    allowed: JsonObject = {"id": "authenticationMethodsPolicy"}
    if methods is not None:
        allowed["policyMigrationState"] = "migrationComplete" if methods.migration_complete else "migrationInProgress"
        allowed["authenticationMethodConfigurations"] = [
            {"id": name, "state": state} for name, state in sorted(methods.states.items())
        ]
    yield "policies/authenticationMethodsPolicy", allowed
    yield f"{_CROSS_TENANT}/default", {"inboundTrust": None if trust is None else _accepts(trust.default)}
    yield (
        f"{_CROSS_TENANT}/partners",
        [
            {
                "tenantId": disguise.identifier(tenant_id),
                "inboundTrust": None if accepted is None else _accepts(accepted),
            }
            for tenant_id, accepted in sorted(trust.partners.items() if trust is not None else ())
        ],
    )


def _accepts(mfa: bool) -> JsonObject:
    return {
        "isMfaAccepted": mfa,
        "isCompliantDeviceAccepted": False,
        "isHybridAzureADJoinedDeviceAccepted": False,
    }


def _whole(policy: ConditionalAccessPolicy, evidence: Evidence) -> JsonObject:
    """Return a policy with what only beta says: a rehearsal must not prove more than the tenant does."""
    shown = (evidence.beta.policies if evidence.beta is not None else None) or {}
    return {**shown.get(policy.id.lower(), policy.raw), "state": policy.raw.get("state")}
