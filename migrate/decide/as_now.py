"""Shows an export or a reading as it is now. For screens: nothing that decides may rest on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from migrate.decide.now import is_marked, seen_otherwise
from migrate.model.evidence import ConditionalAccessPolicy, Evidence, PolicyState
from migrate.model.now import Moment, Now, PolicyNow, UserNow
from migrate.model.record import JsonObject
from migrate.model.users import AnyUser, MfaState, UnreadableUser, UserRecord


def user_as_now(user: AnyUser, now: Now) -> AnyUser:
    """Return a user of the export as they are now, as far as this folder knows."""
    return user_after(user, now.users.get(user.profile.id))


def user_after(user: AnyUser, found: UserNow | None) -> AnyUser:
    """Return a user of the export after what this tool did to them, if anything."""
    if found is None:
        return user
    doubt = found.doubt
    exported = user.mfa_state if isinstance(user, UserRecord) else None
    if doubt is None and found.mfa_state is None and found.seen not in (None, exported):
        doubt = seen_otherwise("exported as", exported or "unreadable", found.seen, found.seen_at)
    if doubt is not None:
        return UnreadableUser(profile=user.profile, reason=doubt, request_id=None, registration=user.registration)
    if found.mfa_state is None:
        return user
    return UserRecord(profile=user.profile, mfa_state=found.mfa_state, registration=user.registration)


def users_as_now(users: Iterable[AnyUser], now: Now) -> Iterator[AnyUser]:
    """Yield users of the export as they are now."""
    return (user_as_now(user, now) for user in users)


def as_of(user_id: str, now: Now) -> str:
    """Return the moment for which a user's state is true."""
    found = now.users.get(user_id)
    return (found.as_of if found is not None else "") or now.moment.exported_at


def evidence_as_now(evidence: Evidence, now: Now) -> Evidence:
    """Return the evidence with the policies that this tool created, changed or deleted since."""
    for policy in now.policies.values():
        if policy.changed_after_export or policy.doubt is not None:
            evidence = _with_policy(evidence, policy)
    return evidence


def _with_policy(evidence: Evidence, policy: PolicyNow) -> Evidence:
    there = next((one for one in evidence.policies if one.id.casefold() == policy.id.casefold()), None)
    others = tuple(one for one in evidence.policies if one is not there)
    raw = policy.body if there is None else there.raw
    if raw is None or (policy.deleted and policy.doubt is None):
        return msgspec.structs.replace(evidence, policies=others)
    # A state that is not known proves nothing; the strict reading says so of a policy without one.
    state = policy.policy_state if policy.doubt is None else None
    raw = {**raw, **(policy.rescoped or {}), "id": policy.id, "state": None if state is None else state.value}
    changed = msgspec.structs.replace(evidence, policies=(*others, _policy(policy, raw, there, state)))
    beta = evidence.beta
    if beta is None or beta.policies is None:
        return changed
    # What was sent says everything there is to say about a policy that the export does not have.
    in_beta = beta.policies.get(policy.id.casefold(), raw)
    shown = {**beta.policies, policy.id.casefold(): {**in_beta, **(policy.rescoped or {})}}
    return msgspec.structs.replace(changed, beta=msgspec.structs.replace(beta, policies=shown))


def _policy(
    policy: PolicyNow, raw: JsonObject, there: ConditionalAccessPolicy | None, state: PolicyState | None
) -> ConditionalAccessPolicy:
    if there is not None:
        name = str(raw.get("displayName", there.display_name))
        return msgspec.structs.replace(there, display_name=name, policy_state=state, raw=raw)
    return ConditionalAccessPolicy(
        id=policy.id,
        display_name=policy.display_name,
        policy_state=state,
        description=raw.get("description"),
        created_date_time=policy.since or None,
        modified_date_time=None,
        raw=raw,
    )


def policies_as_read(now: Now, evidence: Evidence, read_at: str) -> Now:
    """Return what this tool did to policies, with their states as a reading of the tenant has just found them.

    What became of a change that was in doubt is seen there, too; a policy that never got an id stays in doubt. Users
    are left out: the reading itself says how they are.
    """
    there = {policy.id.casefold(): policy.policy_state for policy in evidence.policies}
    policies = {key: _as_read(policy, there) for key, policy in now.policies.items()}
    doubts = sum(policy.doubt is not None for policy in policies.values())
    return Now(moment=Moment(exported_at=read_at, live=True, in_doubt=doubts), users={}, policies=policies)


def _as_read(policy: PolicyNow, there: Mapping[str, PolicyState | None]) -> PolicyNow:
    key = policy.id.casefold()
    if is_marked(key):
        return policy
    found = there.get(key)
    left = policy.policy_state if policy.doubt is None and found is not policy.policy_state else None
    return msgspec.structs.replace(policy, policy_state=found, deleted=key not in there, doubt=None, left=left)


def back_on(now: Now, users: Iterable[AnyUser]) -> Iterator[AnyUser]:
    """Yield who has per-user MFA although the last that this tool did was to disable it.

    Args:
        now: Everything that this tool ever did, folded.
        users: As they were read since.
    """
    for user in users:
        done = now.users.get(user.profile.id)
        is_off = not isinstance(user, UserRecord) or user.mfa_state is MfaState.DISABLED
        if done is not None and done.mfa_state is MfaState.DISABLED and not is_off:
            yield user


def off_without_a_book(now: Now, users: Iterable[AnyUser], planned: frozenset[str]) -> Iterator[AnyUser]:
    """Yield whose per-user MFA is disabled as a plan meant it, although nothing says that this tool did it.

    Args:
        now: Everything that this tool ever did, folded.
        users: As they were read since.
        planned: Ids of everybody whom a plan meant to disable.
    """
    for user in users:
        is_off = isinstance(user, UserRecord) and user.mfa_state is MfaState.DISABLED
        if is_off and user.profile.id in planned and user.profile.id not in now.users:
            yield user
