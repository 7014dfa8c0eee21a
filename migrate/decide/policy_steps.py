"""Which policies a plan creates or switches on, the evidence as it will be then, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import assert_never

import msgspec

from migrate.decide.directory_sync import are_unknown, sync_accounts, would_catch
from migrate.decide.own_policies import MARKER_PREFIX, found_again, is_named_by, marker_for
from migrate.decide.policy_bodies import body_of, said_by
from migrate.decide.templates import as_created, is_for_emergency_access_only, rescoped, template
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState
from migrate.model.plan import PlanNote, blocker
from migrate.model.policy_scope import SetPolicyScope, strength_of, users_of
from migrate.model.record import JsonObject, Record
from migrate.model.rules import DIRECTORY_SYNC_ROLE, Rules
from migrate.model.steps import CreatePolicy, DeletePolicy, PolicyStep, SetPolicyState
from migrate.model.templates import Template, Wish

POLICY_CAP = 195
"""Policies a tenant may have in any state, by Microsoft's planning page; newer notes say 240."""
POLICY_CAP_NEWER = 240


class Prepared(Record, frozen=True, kw_only=True):
    """The policy steps of a plan and the evidence as it will be once they are done."""

    steps: tuple[PolicyStep, ...]
    taking_effect: dict[str, ConditionalAccessPolicy]
    """By the key of their steps the policies that ask more of somebody once the plan is done, as they will be."""
    evidence: Evidence
    kinds: tuple[Template, ...]
    """Which of ours the plan switches on."""
    own: ConditionalAccessPolicy | None
    """Our policy for users, as it will be; None where the plan has none."""

    @property
    def switched_on(self) -> tuple[ConditionalAccessPolicy, ...]:
        """Return the policies that ask more of somebody once the plan is done, as they will be."""
        return tuple(self.taking_effect.values())

    @property
    def widened(self) -> frozenset[str]:
        """Return the keys of the policies that are enabled already and will be for more people."""
        return frozenset(step.key for step in self.steps if takes_effect_at_once(step))


class OwnPast(Record, frozen=True, kw_only=True):
    """What this folder did before and a new plan has to know."""

    written: dict[str, JsonObject]
    """By marker the last body that was written of each of our policies."""
    disabled: frozenset[str]
    """Ids of the people whose per-user MFA any run disabled and nothing has set to something else since."""


NO_PAST = OwnPast(written={}, disabled=frozenset())


def prepare(tenant_id: str, evidence: Evidence, rules: Rules, past: OwnPast = NO_PAST) -> Prepared:
    """Return the steps that the rules ask for. What is there already is not asked for again."""
    work = _Work(tenant_id=tenant_id, evidence=evidence, rules=rules, past=past)
    own = None
    if rules.emergency_none is None:
        if rules.create:
            own = work.have(Wish(template=Template.ALL_USERS, switch_on=True))
        for wish in rules.wishes:
            work.have(wish)
        for policy_id in rules.switch_on:
            # As it is by now: it may be the one that is ours, and on already.
            policy = next((one for one in work.policies if one.id == policy_id), None)
            if policy is not None and policy.policy_state is not PolicyState.ENABLED:
                work.switch_on(policy, key=policy.id)
    seen = _beta_after(evidence, [step for step in work.steps if isinstance(step, SetPolicyScope)])
    planned = with_policies(seen, tuple(work.policies))
    # Report-only binds nobody: behind a wait of days for another policy its own days would only begin later.
    steps = sorted(work.steps, key=lambda step: not isinstance(step, CreatePolicy))
    return Prepared(steps=tuple(steps), taking_effect=work.effect, evidence=planned, kinds=tuple(work.kinds), own=own)


class _Work:
    """The steps of a plan while they are gathered, and the policies as they will be."""

    def __init__(self, *, tenant_id: str, evidence: Evidence, rules: Rules, past: OwnPast) -> None:
        self._tenant_id, self._evidence, self._rules, self._past = tenant_id, evidence, rules, past
        self.steps: list[PolicyStep] = []
        self.effect: dict[str, ConditionalAccessPolicy] = {}
        self.policies = list(evidence.policies)
        self.kinds: list[Template] = []

    def have(self, wish: Wish) -> ConditionalAccessPolicy:
        """Add what makes a policy of ours be there, be for whom the rules say, and be in its state; return it then."""
        known = own_policy(self._tenant_id, self._evidence, self._rules, wish.template)
        is_new = known is None
        if known is None:
            key, found = self._created(wish.template)
        else:
            key, found = self._rescoped(*known, wish.template)
        if not wish.switch_on or found.policy_state is PolicyState.ENABLED:
            return found
        if is_new and not wish.template.is_seen_in_report_only:
            return found  # no time passes in which anything could be seen: a later plan, by a person's decision
        self.kinds.append(wish.template)
        return self.switch_on(found, key=key)

    def _created(self, kind: Template) -> tuple[str, ConditionalAccessPolicy]:
        key = marker_for(self._tenant_id, kind)
        body = template(key, self._rules, self._evidence, kind)
        why = "policy.mode is create" if kind is Template.ALL_USERS else f"policy.template names {kind}"
        self.steps.append(CreatePolicy(key=key, display_name=body["displayName"], body=body, because=why))
        found = _as_policy(key, as_created(body, self._evidence))
        self.policies.append(found)
        return key, found

    def _rescoped(
        self, key: str, found: ConditionalAccessPolicy, kind: Template
    ) -> tuple[str, ConditionalAccessPolicy]:
        after = rescoped(found, self._rules, self._evidence, self._past.written.get(key), kind)
        if after is None or not key.startswith(MARKER_PREFIX):
            return key, found
        step = _change_of_scope(key, found, after)
        self.steps.append(step)
        changed = _with_scope(found, step)
        self.policies[:] = [changed if policy.id == found.id else policy for policy in self.policies]
        if takes_effect_at_once(step):
            self.effect[key] = changed
        return key, changed

    def switch_on(self, policy: ConditionalAccessPolicy, *, key: str) -> ConditionalAccessPolicy:
        """Add the step that enables a policy; return the policy as it is then."""
        enabled = _switch_on(policy, self.steps, self.policies, key=key)
        self.effect[key] = enabled
        return enabled


def own_policy(
    tenant_id: str, evidence: Evidence, rules: Rules, kind: Template = Template.ALL_USERS
) -> tuple[str, ConditionalAccessPolicy] | None:
    """Return our policy of a template with its marker, or one that says the same as ours would, with its id.

    Of several of ours it is one that is for whom the rules say, else the first.
    """
    found = found_again(tenant_id, kind, evidence.policies)
    fitting = (each for each in found if rescoped(each[1], rules, evidence, None, kind) is None)
    ours = next(fitting, None) or next(iter(found), None)
    if ours is not None:
        return ours
    wanted = _deciding(template("", rules, evidence, kind))
    return next(((one.id, one) for one in evidence.policies if _deciding(one.raw) == wanted), None)


def _deciding(body: JsonObject) -> JsonObject:
    return {name: value for name, value in said_by(body).items() if name not in ("displayName", "description")}


def _change_of_scope(key: str, policy: ConditionalAccessPolicy, after: JsonObject) -> SetPolicyScope:
    before = body_of(policy)
    return SetPolicyScope(
        key=key,
        display_name=policy.display_name,
        before=before,
        after=after,
        policy_state=policy.policy_state or PolicyState.DISABLED,
        because="the configuration says whom it is for"
        if strength_of(before) == strength_of(after)
        else "the configuration says how strong a sign-in it asks for",
    )


def _with_scope(policy: ConditionalAccessPolicy, step: SetPolicyScope) -> ConditionalAccessPolicy:
    name = str(step.after.get("displayName", policy.display_name))
    return msgspec.structs.replace(policy, display_name=name, raw={**policy.raw, **step.after})


def evidence_after(evidence: Evidence, steps: Sequence[PolicyStep]) -> Evidence:
    """Return the evidence as it will be once these steps are carried out."""
    policies = list(evidence.policies)
    for step in steps:
        match step:
            case CreatePolicy():
                policies.append(_as_policy(step.key, as_created(step.body, evidence)))
            case DeletePolicy():
                policies = [policy for policy in policies if not is_named_by(step.key, policy)]
            case SetPolicyState():
                policies = [_in_state(p, step.after) if is_named_by(step.key, p) else p for p in policies]
            case SetPolicyScope():
                policies = [_with_scope(p, step) if is_named_by(step.key, p) else p for p in policies]
            case _:
                assert_never(step)
    seen = _beta_after(evidence, [step for step in steps if isinstance(step, SetPolicyScope)])
    return with_policies(seen, tuple(policies))


def named_by(steps: Sequence[PolicyStep]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the ids of the groups and of the roles that policies will name by these steps."""
    bodies = [step.body for step in steps if isinstance(step, CreatePolicy)]
    bodies += [step.after for step in steps if isinstance(step, SetPolicyScope)]
    users = [users_of(body) for body in bodies]

    def named(kind: str) -> tuple[str, ...]:
        found = (one for each in users for way in ("include", "exclude") for one in each.get(way + kind) or ())
        return tuple(dict.fromkeys(str(one).lower() for one in found))

    return named("Groups"), named("Roles")


def _beta_after(evidence: Evidence, steps: Sequence[SetPolicyScope]) -> Evidence:
    """Return the evidence with what beta says of these policies: both versions show the change."""
    beta = evidence.beta
    if beta is None or beta.policies is None or not steps:
        return evidence
    seen = dict(beta.policies)
    for step in steps:
        for policy in evidence.policies:
            if is_named_by(step.key, policy) and (raw := seen.get(policy.id.lower())) is not None:
                conditions = {**(raw.get("conditions") or {})}
                conditions["users"] = {**(conditions.get("users") or {}), **users_of(step.after)}
                seen[policy.id.lower()] = {**raw, "conditions": conditions}
                if step.asks_otherwise:
                    before = {**(raw.get("grantControls") or {}), "authenticationStrength": None}
                    seen[policy.id.lower()]["grantControls"] = before | (step.after.get("grantControls") or {})
    return msgspec.structs.replace(evidence, beta=msgspec.structs.replace(beta, policies=seen))


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
    evidence: Evidence,
    rules: Rules,
    steps: tuple[PolicyStep, ...],
    known_sync_accounts: frozenset[str],
    *,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[PlanNote]:
    """Yield what speaks against the policy steps.

    `known_sync_accounts` are ids of accounts of the directory synchronization that no role shows, `names` the user
    names of those accounts and of the emergency access accounts by id, as far as they are known.
    """
    if rules.emergency_none is not None and (rules.create or rules.switch_on or rules.wishes):
        yield blocker(
            "no-emergency-access",
            "Without an emergency access account no policy is created or switched on: use policy.mode = adopt, "
            "or name at least one account under emergency_access.",
        )
    creates = sum(isinstance(step, CreatePolicy) for step in steps)
    if creates and len(evidence.policies) + creates > POLICY_CAP:
        yield blocker(
            "policy-cap",
            f"The tenant has {len(evidence.policies)} Conditional Access policies; Microsoft's limit is {POLICY_CAP} "
            f"(newer notes say {POLICY_CAP_NEWER}). Remove one before another is created.",
            n=len(evidence.policies),
            cap=POLICY_CAP,
            newer=POLICY_CAP_NEWER,
        )
    scoped = evidence_after(evidence, [step for step in steps if isinstance(step, SetPolicyScope)])
    for step in steps:
        if isinstance(step, SetPolicyState) or takes_effect_at_once(step):
            for policy in scoped.policies:
                if is_named_by(step.key, policy):
                    if isinstance(step, SetPolicyState) and not _is_never_report_only(policy):
                        yield from _not_report_only(policy)
                    yield from missing_exclusions(
                        policy, evidence, rules.emergency_access, known_sync_accounts, names=names
                    )


def takes_effect_at_once(step: PolicyStep) -> bool:
    """Tell whether a step makes an enabled policy ask somebody whom it did not ask before."""
    return isinstance(step, SetPolicyScope) and step.widens and step.policy_state is PolicyState.ENABLED


def _is_never_report_only(policy: ConditionalAccessPolicy) -> bool:
    """Tell whether it is one of ours that report-only would show nothing of: other blockers stand before it."""
    kinds = (kind for kind in Template if not kind.is_seen_in_report_only)
    return any(f"{MARKER_PREFIX}{kind}:" in (policy.description or "") for kind in kinds)


def _not_report_only(policy: ConditionalAccessPolicy) -> Iterator[PlanNote]:
    """Yield a blocker for a policy that was switched off: nobody has seen yet whom it would hit."""
    if policy.policy_state is not PolicyState.REPORT_ONLY:
        state = policy.raw.get("state")
        yield blocker(
            "not-report-only",
            f"{policy.display_name!r} is {state}, not report-only; switching it on would skip the time in which its "
            "effect can be seen. Set it to report-only in the Entra admin center, then export again.",
            policy=policy.display_name,
            state=str(state),
        )


def missing_exclusions(
    policy: ConditionalAccessPolicy,
    evidence: Evidence,
    emergency_access: tuple[str, ...],
    known_sync_accounts: frozenset[str] = frozenset(),
    *,
    names: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[PlanNote]:
    """Yield a blocker for each account that this policy would catch and must not, before it may be switched on.

    A policy that does not include an account need not exclude it, which matters for policies that Microsoft scopes.
    """
    missing = [account for account in emergency_access if would_catch(policy, account, evidence)]
    if missing and not is_for_emergency_access_only(policy, emergency_access):
        yield blocker(
            "emergency-access-not-excluded",
            f"{policy.display_name!r} does not exclude the emergency access accounts {_called(missing, names)}; "
            "switching it on could lock everybody out.",
            policy=policy.display_name,
            n=len(missing),
            names=tuple(names.get(account, account) for account in missing),
        )
    users = (policy.raw.get("conditions") or {}).get("users") or {}
    excluded_roles = {str(role).lower() for role in users.get("excludeRoles") or ()}
    unknown = are_unknown(evidence) and DIRECTORY_SYNC_ROLE not in excluded_roles
    accounts = sorted(sync_accounts(evidence) | known_sync_accounts)
    caught = [account for account in accounts if would_catch(policy, account, evidence)]
    if caught or unknown:
        whom = f"the accounts {_called(caught, names)}" if caught else "the role Directory Synchronization Accounts"
        yield blocker(
            "directory-sync-not-excluded",
            f"{policy.display_name!r} does not exclude {whom}; switching it on could stop the directory "
            "synchronization.",
        )


def _called(accounts: Iterable[str], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(account, account) for account in accounts)
