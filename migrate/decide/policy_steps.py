"""Which policies a plan creates or switches on, the evidence as it will be then, and what speaks against it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import assert_never

import msgspec

from migrate.decide.directory_sync import are_unknown, sync_accounts, would_catch
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState, ReadStatus
from migrate.model.plan import CreatePolicy, DeletePolicy, PlanNote, PolicyStep, SetPolicyState, Severity
from migrate.model.record import JsonObject, Record
from migrate.model.rules import DIRECTORY_SYNC_ROLE, DIRECTORY_SYNC_ROLES, Rules

POLICY_CAP = 195
"""Policies a tenant may have in any state, by Microsoft's planning page; newer notes say 240."""
POLICY_CAP_NEWER = 240
MARKER_PREFIX = "mfa-migrate:"
TEMPLATE_NAME = "Require MFA for all users (mfa-migrate)"


class Prepared(Record, frozen=True, kw_only=True):
    """The policy steps of a plan and the evidence as it will be once they are done."""

    steps: tuple[PolicyStep, ...]
    switched_on: tuple[ConditionalAccessPolicy, ...]
    """The policies that the plan switches on, as they will be."""
    evidence: Evidence


def prepare(tenant_id: str, evidence: Evidence, rules: Rules) -> Prepared:
    """Return the steps that the rules ask for. What is there already is not asked for again."""
    steps: list[PolicyStep] = []
    switched: list[ConditionalAccessPolicy] = []
    policies = list(evidence.policies)
    if rules.create and rules.emergency_none is None:
        key = marker_for(tenant_id, rules.scope_group)
        found = next((policy for policy in policies if key in (policy.description or "")), None)
        if found is None:
            body = template(key, rules, evidence)
            steps.append(
                CreatePolicy(key=key, display_name=body["displayName"], body=body, because="policy.mode is create")
            )
            found = _as_policy(key, body)
            policies.append(found)
        if found.policy_state is not PolicyState.ENABLED:
            switched.append(_switch_on(found, steps, policies, key=key))
    for policy_id in rules.switch_on if rules.emergency_none is None else ():
        policy = evidence.policy(policy_id)
        if policy is not None and policy.policy_state is not PolicyState.ENABLED:
            switched.append(_switch_on(policy, steps, policies, key=policy.id))
    return Prepared(steps=tuple(steps), switched_on=tuple(switched), evidence=with_policies(evidence, tuple(policies)))


def is_named_by(key: str, policy: ConditionalAccessPolicy) -> bool:
    """Tell whether a step's key names this policy: by its id, or by our marker in the description."""
    if key.startswith(MARKER_PREFIX):
        return key in (policy.description or "")
    return policy.id.lower() == key.lower()


def evidence_after(evidence: Evidence, steps: Sequence[PolicyStep]) -> Evidence:
    """Return the evidence as it will be once these steps are carried out."""
    policies = list(evidence.policies)
    for step in steps:
        match step:
            case CreatePolicy():
                policies.append(_as_policy(step.key, step.body))
            case DeletePolicy():
                policies = [policy for policy in policies if not is_named_by(step.key, policy)]
            case SetPolicyState():
                policies = [_in_state(p, step.after) if is_named_by(step.key, p) else p for p in policies]
            case _:
                assert_never(step)
    return with_policies(evidence, tuple(policies))


def _in_state(policy: ConditionalAccessPolicy, state: PolicyState) -> ConditionalAccessPolicy:
    return msgspec.structs.replace(policy, policy_state=state, raw={**policy.raw, "state": state.value})


def _switch_on(
    policy: ConditionalAccessPolicy, steps: list[PolicyStep], policies: list[ConditionalAccessPolicy], *, key: str
) -> ConditionalAccessPolicy:
    steps.append(
        SetPolicyState(
            key=key,
            display_name=policy.display_name,
            before=policy.policy_state or PolicyState.DISABLED,
            after=PolicyState.ENABLED,
            because="the plan's users rest on it",
        )
    )
    enabled = _in_state(policy, PolicyState.ENABLED)
    policies[policies.index(policy)] = enabled
    return enabled


def with_policies(evidence: Evidence, policies: tuple[ConditionalAccessPolicy, ...]) -> Evidence:
    """Return the evidence as it would be with these policies."""
    return msgspec.structs.replace(evidence, policies=policies)


def marker_for(tenant_id: str, scope_group: str | None) -> str:
    """Return the marker that finds our policy again: the same for every plan of this tenant and scope."""
    digest = hashlib.sha256(f"{tenant_id}/{scope_group or 'all'}".encode()).hexdigest()
    return f"{MARKER_PREFIX}{digest[:12]}"


def template(key: str, rules: Rules, evidence: Evidence) -> JsonObject:
    """Return the body of the policy that create mode makes: MFA for all resources and all client app types."""
    accounts = sorted(sync_accounts(evidence) - set(rules.emergency_access))
    users: JsonObject = {
        "includeUsers": [] if rules.scope_group else ["All"],
        "includeGroups": [rules.scope_group] if rules.scope_group else [],
        "excludeUsers": [*rules.emergency_access, *(accounts if rules.sync_by_account else ())],
        "excludeRoles": [] if rules.sync_by_account else _sync_roles(evidence),
    }
    name = TEMPLATE_NAME if rules.scope_group is None else f"{TEMPLATE_NAME[:-1]}, pilot)"
    return {
        "displayName": name,
        "description": f"Created by mfa-migrate, marker {key}. Excludes emergency access and directory sync.",
        "state": PolicyState.REPORT_ONLY.value,
        "conditions": {
            "users": users,
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }


def _sync_roles(evidence: Evidence) -> list[str]:
    """Return the roles to exclude; Graph refuses one that a tenant has not, and one that was not read is not known."""
    read = [one for one in DIRECTORY_SYNC_ROLES if (role := evidence.roles.get(one)) and role.status is ReadStatus.READ]
    return read or [DIRECTORY_SYNC_ROLE]


def _as_policy(key: str, body: JsonObject) -> ConditionalAccessPolicy:
    return ConditionalAccessPolicy(
        id=key,
        display_name=body["displayName"],
        policy_state=PolicyState(body["state"]),
        description=body["description"],
        created_date_time=None,
        modified_date_time=None,
        raw={**body, "id": key},
    )


def blockers(
    evidence: Evidence, rules: Rules, steps: tuple[PolicyStep, ...], known_sync_accounts: frozenset[str]
) -> Iterator[PlanNote]:
    """Yield what speaks against the policy steps.

    `known_sync_accounts` are ids of accounts of the directory synchronization that no role shows.
    """
    if rules.emergency_none is not None and (rules.create or rules.switch_on):
        yield _blocker(
            "no-emergency-access",
            "Without an emergency access account no policy is created or switched on: use policy.mode = adopt, "
            "or name at least one account under emergency_access.",
        )
    creates = sum(isinstance(step, CreatePolicy) for step in steps)
    if creates and len(evidence.policies) + creates > POLICY_CAP:
        yield _blocker(
            "policy-cap",
            f"The tenant has {len(evidence.policies)} Conditional Access policies; Microsoft's limit is {POLICY_CAP} "
            f"(newer notes say {POLICY_CAP_NEWER}). Remove one before another is created.",
        )
    for step in steps:
        if isinstance(step, SetPolicyState):
            for policy in evidence.policies:
                if is_named_by(step.key, policy):
                    yield from _not_report_only(policy)
                    yield from missing_exclusions(policy, evidence, rules.emergency_access, known_sync_accounts)


def _not_report_only(policy: ConditionalAccessPolicy) -> Iterator[PlanNote]:
    """Yield a blocker for a policy that was switched off: nobody has seen yet whom it would hit."""
    if policy.policy_state is not PolicyState.REPORT_ONLY:
        state = policy.raw.get("state")
        yield _blocker(
            "not-report-only",
            f"{policy.display_name!r} is {state}, not report-only; switching it on would skip the time in which its "
            "effect can be seen. Set it to report-only in the Entra admin center, then export again.",
        )


def missing_exclusions(
    policy: ConditionalAccessPolicy,
    evidence: Evidence,
    emergency_access: tuple[str, ...],
    known_sync_accounts: frozenset[str] = frozenset(),
) -> Iterator[PlanNote]:
    """Yield a blocker for each account that this policy would catch and must not, before it may be switched on.

    A policy that does not include an account need not exclude it, which matters for policies that Microsoft scopes.
    """
    missing = [account for account in emergency_access if would_catch(policy, account, evidence)]
    if missing:
        yield _blocker(
            "emergency-access-not-excluded",
            f"{policy.display_name!r} does not exclude the emergency access accounts {', '.join(missing)}; "
            "switching it on could lock everybody out.",
        )
    users = (policy.raw.get("conditions") or {}).get("users") or {}
    excluded_roles = {str(role).lower() for role in users.get("excludeRoles") or ()}
    unknown = are_unknown(evidence) and DIRECTORY_SYNC_ROLE not in excluded_roles
    accounts = sorted(sync_accounts(evidence) | known_sync_accounts)
    caught = [account for account in accounts if would_catch(policy, account, evidence)]
    if caught or unknown:
        whom = f"the accounts {', '.join(caught)}" if caught else "the role Directory Synchronization Accounts"
        yield _blocker(
            "directory-sync-not-excluded",
            f"{policy.display_name!r} does not exclude {whom}; switching it on could stop the directory "
            "synchronization.",
        )


def _blocker(code: str, sentence: str) -> PlanNote:
    return PlanNote(severity=Severity.BLOCKER, code=code, sentence=sentence)
