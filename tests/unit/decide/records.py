"""Makers of small invented tenants for the tests of planning: users, policies, evidence, rules, readings."""

from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from migrate.model.evidence import (
    BetaEvidence,
    ConditionalAccessPolicy,
    Evidence,
    GroupEvidence,
    PolicyState,
    ReadStatus,
    RoleEvidence,
)
from migrate.model.plan import PLAN_FORMAT, Limits, PlanHeader, PlanKind, Wave
from migrate.model.reasons import why_of
from migrate.model.replies import StateReading
from migrate.model.rules import DIRECTORY_SYNC_ROLE, Rules
from migrate.model.snapshot import Actor, Organization, SnapshotHeader, SubscribedSku
from migrate.model.steps import SetMfaState, SetPolicyState
from migrate.model.tenant_settings import UNANSWERED
from migrate.model.users import MfaState, Registration, UnreadableUser, UserProfile, UserRecord

P1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
SKU = "05e9a617-0261-4cee-bb44-138d3ef5d965"
ROOM_SKU = "6070a4c8-34c6-4937-8dfb-39bbc6397a60"


def object_id(name: str) -> str:
    """Return the id that stands for an invented object in every test."""
    return str(uuid5(NAMESPACE_URL, f"https://contoso.example/{name}"))


TENANT = object_id("tenant")
ORGANIZATION = Organization(
    tenant_id=TENANT,
    display_name="Contoso",
    default_domain="contoso.example",
    verified_domains=("contoso.example",),
)
REGISTERED = Registration(
    is_mfa_registered=True,
    is_mfa_capable=True,
    methods_registered=("mobilePhone",),
    last_updated_date_time="2026-11-24T08:00:00Z",
)
UNREGISTERED = Registration(
    is_mfa_registered=False, is_mfa_capable=False, methods_registered=(), last_updated_date_time=None
)


def profile(name: str, **others: Any) -> UserProfile:
    """Return a licensed member; `others` replace single fields."""
    fields: dict[str, Any] = {
        "id": object_id(name),
        "user_principal_name": f"{name}@contoso.example",
        "display_name": name.title(),
        "user_type": "Member",
        "creation_type": None,
        "external_user_state": None,
        "identities": (),
        "account_enabled": True,
        "on_premises_sync_enabled": False,
        "assigned_licenses": (SKU,),
        "created_date_time": None,
    }
    return UserProfile(**{**fields, **others})


def guest(name: str, **others: Any) -> UserProfile:
    """Return an invited guest."""
    fields = {
        "user_type": "Guest",
        "creation_type": "Invitation",
        "external_user_state": "Accepted",
        "assigned_licenses": (),
    }
    return profile(name, **{**fields, **others})


def user(who: str | UserProfile, state: str = "enforced", registration: Registration | None = REGISTERED) -> UserRecord:
    """Return a user whose state was read."""
    person = profile(who) if isinstance(who, str) else who
    return UserRecord(profile=person, mfa_state=MfaState(state), registration=registration)


def unreadable(name: str, reason: str = "403 Forbidden") -> UnreadableUser:
    """Return a user whose state could not be read."""
    return UnreadableUser(profile=profile(name), reason=why_of(reason), request_id="r-1", registration=None)


def policy(name: str = "MFA for everybody", state: str = "enabled", **users: Any) -> ConditionalAccessPolicy:
    """Return a policy that demands MFA for all resources; `users` are members of `conditions.users`."""
    raw: dict[str, Any] = {
        "id": object_id(name),
        "displayName": name,
        "description": None,
        "state": state,
        "createdDateTime": "2024-01-01T00:00:00Z",
        "modifiedDateTime": None,
        "conditions": {
            "users": {"includeUsers": ["All"], **users},
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }
    return policy_of(raw)


def policy_of(raw: dict[str, Any]) -> ConditionalAccessPolicy:
    """Return the policy that this JSON describes."""
    known = {each.value: each for each in PolicyState}
    return ConditionalAccessPolicy(
        id=raw["id"],
        display_name=raw["displayName"],
        policy_state=known.get(raw["state"]),
        description=raw.get("description"),
        created_date_time=raw.get("createdDateTime"),
        modified_date_time=raw.get("modifiedDateTime"),
        raw=raw,
    )


def group(name: str, *members: str, status: ReadStatus = ReadStatus.READ) -> GroupEvidence:
    """Return a group of the users with these names."""
    return GroupEvidence(
        id=object_id(name),
        display_name=name,
        visibility="HiddenMembership" if status is ReadStatus.HIDDEN else None,
        status=status,
        problem=None if status is ReadStatus.READ else "its members could not be seen",
        members=frozenset(object_id(member) for member in members),
        eligible=frozenset(),
    )


def sync_role(*holders: str) -> RoleEvidence:
    """Return the role of directory synchronization accounts."""
    return RoleEvidence(
        template_id=DIRECTORY_SYNC_ROLE,
        display_name="Directory Synchronization Accounts",
        status=ReadStatus.READ,
        problem=None,
        holders=frozenset(object_id(holder) for holder in holders),
        eligible=frozenset(),
        scoped=frozenset(),
        built_in=True,
    )


def evidence(
    *policies: ConditionalAccessPolicy,
    groups: tuple[GroupEvidence, ...] = (),
    roles: tuple[RoleEvidence, ...] = (),
    **others: Any,
) -> Evidence:
    """Return evidence with these policies; the synchronization role is held by nobody unless given."""
    found = {role.template_id: role for role in (sync_role(), *roles)}
    fields: dict[str, Any] = {
        "policies": policies,
        "named_locations": (),
        "authentication_strengths": (),
        "security_defaults_enabled": False,
        "groups": {each.id: each for each in groups},
        "roles": found,
    }
    shown: tuple[ConditionalAccessPolicy, ...] = fields["policies"]
    fields["beta"] = BetaEvidence(policies={one.id.lower(): one.raw for one in shown}, policies_problem=None)
    return Evidence(**{**fields, **others})


def sku(part: str = "SPE_E3", sku_id: str = SKU, *, plan: str = P1, status: str = "Enabled") -> SubscribedSku:
    """Return a subscription with Entra ID P1."""
    return SubscribedSku(
        sku_id=sku_id, sku_part_number=part, capability_status=status, service_plan_ids=(plan,), enabled_units=100
    )


def snapshot(users: int = 10, *skus: SubscribedSku) -> SnapshotHeader:
    """Return the header of a snapshot with P1, unless other subscriptions are given."""
    return SnapshotHeader(
        id="ab" * 32,
        taken_at="2026-11-24T08:00:00Z",
        tool_version="0.1.0",
        cloud="global",
        endpoint=None,
        organization=ORGANIZATION,
        skus=skus or (sku(),),
        actor=Actor(object_id=object_id("operator"), name="operator@contoso.example", is_user=True),
        states_read_by="requirements",
        users=users,
        unreadable=0,
        counts={},
    )


def limits(**others: Any) -> Limits:
    """Return the default limits."""
    fields: dict[str, Any] = {
        "max_users": None,
        "max_newly_required": 0,
        "max_failures": "5%",
        "report_only_seconds": 7 * 86400,
        "policy_settle_seconds": 86400,
        "plan_max_age_seconds": 86400,
        "readback_timeout_seconds": 60,
    }
    return Limits(**{**fields, **others})


def rules(**others: Any) -> Rules:
    """Return rules that adopt what is enabled, with two emergency access accounts."""
    fields: dict[str, Any] = {
        "create": False,
        "scope_group": None,
        "switch_on": (),
        "emergency_access": (object_id("emergency1"), object_id("emergency2")),
        "emergency_none": None,
        "exclusions": {},
        "guests": True,
        "canary": frozenset(),
        "percentages": (10, 50, 100),
        "accepted_gaps": (),
        "apps_that_matter": None,
        "baseline": UNANSWERED,
        "sync_by_account": False,
        "limits": limits(),
        "operator": None,
        "only": None,
    }
    return Rules(**{**fields, **others})


def header(**others: Any) -> PlanHeader:
    """Return the header of an empty migration plan."""
    fields: dict[str, Any] = {
        "format": PLAN_FORMAT,
        "kind": PlanKind.MIGRATE,
        "tool_version": "0.1.0",
        "created_at": "2026-11-24T08:00:00Z",
        "tenant_id": TENANT,
        "tenant_name": "Contoso",
        "tenant_domain": "contoso.example",
        "cloud": "global",
        "endpoint": None,
        "snapshot_id": "ab" * 32,
        "snapshot_taken_at": "2026-11-24T08:00:00Z",
        "evidence_digest": "",
        "policy_steps": (),
        "rests_on": (),
        "waves": (Wave(number=1, name="canary", users=3), Wave(number=2, name="to 100%", users=7)),
        "counts": {"disable": 10},
        "total_users": 40,
        "notes": (),
        "newly_prompted": (),
        "accepted_gaps": (),
        "apps_that_matter": None,
        "emergency_access": (),
        "limits": limits(),
        "rows_sha256": "cd" * 32,
    }
    return PlanHeader(**{**fields, **others})


def step(name: str = "ada", before: str = "enforced", after: str = "disabled", **others: Any) -> SetMfaState:
    """Return a step that switches a user off."""
    fields: dict[str, Any] = {
        "user_id": object_id(name),
        "user_principal_name": f"{name}@contoso.example",
        "before": MfaState(before),
        "after": MfaState(after),
        "wave": 1,
        "because": "covered by MFA for everybody",
    }
    return SetMfaState(**{**fields, **others})


def switch(before: str, after: str, name: str = "MFA for everybody") -> SetPolicyState:
    """Return a step that moves a policy from one state to another."""
    return SetPolicyState(
        key=object_id(name), display_name=name, before=PolicyState(before), after=PolicyState(after), because="test"
    )


def reading(name: str = "ada", state: str | None = "enforced", **others: Any) -> StateReading:
    """Return what reading a user's state gave."""
    fields: dict[str, Any] = {
        "user_id": object_id(name),
        "mfa_state": None if state is None else MfaState(state),
        "problem": None if state is not None else "403 Forbidden",
        "status": 200 if state is not None else 403,
        "request_id": "r-2",
        "server_date": "2026-11-24T08:00:00Z",
    }
    return StateReading(**{**fields, **others})
