"""Changes that another administrator makes, without a call of their own."""

from typing import TYPE_CHECKING

from migrate.sandbox.faults import Change
from migrate.sandbox.messages import GraphError, bad_request
from migrate.sandbox.policy_shape import merged, whole_policy
from migrate.sandbox.roles import assignment, eligibility

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox


def apply_change(sandbox: "Sandbox", change: Change) -> None:
    """Carry out one change. Raises 400 when it names nothing that exists, or nothing to change in it."""
    if not change.does_something():
        raise bad_request("A change names a user, a policy or a group, and what becomes of it, or a number of writes.")
    if change.writes:
        sandbox.throttle.charge_others(change.writes)
    if change.policy is not None:
        _change_policy(sandbox, change)
    elif change.group is not None:
        _change_group(sandbox, change)
    elif change.user is not None:
        _change_user(sandbox, change)


def _place(sandbox: "Sandbox", key: str | None) -> int:
    place = sandbox.tenant.people.find(key) if key else None
    if place is None:
        raise bad_request(f"The change names no user of this tenant: {key!r}.")
    return place


def _change_user(sandbox: "Sandbox", change: Change) -> None:
    place = _place(sandbox, change.user)
    if change.state is not None:
        sandbox.change_state(place, change.state, None)
    roles = sandbox.tenant.roles
    if change.unassign is not None:
        held = (sandbox.tenant.people.user_id(place), change.unassign.lower())
        roles.assignments[:] = [
            each
            for each in roles.assignments
            if (str(each.get("principalId")), str(each.get("roleDefinitionId")).lower()) != held
        ]
    if change.assign is not None:
        roles.assignments.append(assignment(sandbox.tenant.people.user_id(place), change.assign))
    if change.eligible is not None:
        user_id = sandbox.tenant.people.user_id(place)
        roles.eligibility.append(eligibility(user_id, change.eligible, sandbox.clock.iso()))
    if change.set:
        if "id" in change.set:
            raise bad_request("The id of a user does not change.")
        if "perUserMfaState" in change.set:
            raise bad_request("The per-user MFA state is changed with `state`, not with `set`.")
        before = dict(sandbox.tenant.people.user(place))
        sandbox.tenant.people.amend(place, change.set)
        sandbox.audit.user_changed(place, before, change.set)


def _change_policy(sandbox: "Sandbox", change: Change) -> None:
    policies = sandbox.tenant.policies
    key = str(change.policy).lower()
    policy = policies.get(key) or next(
        (each for each in policies.values() if each["displayName"] == change.policy), None
    )
    if policy is None:
        raise GraphError(400, "BadRequest", f"The change names no policy of this tenant: {change.policy!r}.")
    if change.delete:
        del policies[policy["id"].lower()]
        sandbox.tenant.deleted_policies[policy["id"].lower()] = {**policy, "deletedDateTime": sandbox.clock.iso()}
        sandbox.audit.policy_changed(None, "Delete conditional access policy", policy, None)
        return
    new = whole_policy({**merged(policy, change.set or {}), "modifiedDateTime": sandbox.clock.iso()}, sandbox.tenant)
    policies[policy["id"].lower()] = new
    sandbox.audit.policy_changed(None, "Update conditional access policy", policy, new)


def _change_group(sandbox: "Sandbox", change: Change) -> None:
    group = sandbox.tenant.groups.find(str(change.group))
    if group is None:
        raise bad_request(f"The change names no group of this tenant: {change.group!r}.")
    if change.add is not None:
        added = _place(sandbox, change.add)
        sandbox.tenant.groups.add_user(group, added)
        sandbox.audit.membership_changed(added, group.json, added=True)
    if change.remove is not None:
        removed = _place(sandbox, change.remove)
        sandbox.tenant.groups.remove_user(group, removed)
        sandbox.audit.membership_changed(removed, group.json, added=False)
