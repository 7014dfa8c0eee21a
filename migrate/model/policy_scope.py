"""Whom one of our own policies is for, and the step that changes it: wider, narrower, or both."""

from __future__ import annotations

from typing import Any

from migrate.model.evidence import PolicyState
from migrate.model.plan_part import PlanPart
from migrate.model.record import JsonObject

_EVERYBODY, _AGENTS = "all", "allagentidusers"
"""All people; accounts of agents are no part of them."""
_INCLUDED = ("includeUsers", "includeGroups", "includeRoles")
_EXCLUDED = ("excludeUsers", "excludeGroups", "excludeRoles")
_GUESTS = ("includeGuestsOrExternalUsers", "excludeGuestsOrExternalUsers")


class SetPolicyScope(PlanPart, frozen=True, kw_only=True, tag_field="step", tag="SetPolicyScope"):
    """Change whom one of our own policies is for; what it asks, and its state, stay as they are."""

    key: str
    """The marker in the policy's description."""
    display_name: str
    """How the policy is called before the step."""
    before: JsonObject
    """All that the policy says before, its state aside: it must still say so."""
    after: JsonObject
    """All that it says afterwards; other than `before` in its name and in whom it is for only."""
    policy_state: PolicyState
    """The state in which it is widened: an enabled one asks those who are new at once."""
    because: str

    def reverse(self) -> SetPolicyScope:
        """Return the step that gives the policy the scope it had."""
        return SetPolicyScope(
            key=self.key,
            display_name=str(self.after.get("displayName", self.display_name)),
            before=self.after,
            after=self.before,
            policy_state=self.policy_state,
            because=f"undoes: {self.because}",
        )

    @property
    def weakens(self) -> bool:
        """Tell whether somebody whom the policy was for may be left out; what is not seen to be wider weakens."""
        return not is_within(self.before, self.after)

    @property
    def widens(self) -> bool:
        """Tell whether the policy may reach somebody whom it did not reach."""
        return not is_within(self.after, self.before)


def users_of(body: JsonObject) -> JsonObject:
    """Return the condition of a policy's body that says whom it is for."""
    return dict((body.get("conditions") or {}).get("users") or {})


def is_within(narrow: JsonObject, wide: JsonObject) -> bool:
    """Tell whether everybody whom one body is for is surely one whom the other is for, by their lists alone."""
    inner, outer = users_of(narrow), users_of(wide)
    if not all(_ids(outer, name) <= _ids(inner, name) for name in _EXCLUDED):
        return False
    if outer.get(_GUESTS[1]) and outer.get(_GUESTS[1]) != inner.get(_GUESTS[1]):
        return False
    if _EVERYBODY in _ids(outer, "includeUsers"):
        return _AGENTS not in _ids(inner, "includeUsers")
    same_guests = not inner.get(_GUESTS[0]) or inner.get(_GUESTS[0]) == outer.get(_GUESTS[0])
    return same_guests and all(_ids(inner, name) <= _ids(outer, name) for name in _INCLUDED)


def change_of(step: SetPolicyScope) -> JsonObject:
    """Return what is sent: the whole condition, every list of it named.

    Whether a change of a condition is merged into the old one is not documented: a list that is sent is replaced
    either way, one that is left out may stay.
    """
    users = users_of(step.after)
    whole: dict[str, Any] = {name: list(users.get(name) or []) for name in (*_INCLUDED, *_EXCLUDED)}
    whole |= {name: users.get(name) for name in _GUESTS}
    conditions = {**(step.after.get("conditions") or {}), "users": whole}
    return {
        "displayName": step.after.get("displayName", step.display_name),
        "description": step.after.get("description"),
        "conditions": conditions,
    }


def _ids(users: JsonObject, name: str) -> frozenset[str]:
    return frozenset(str(one).lower() for one in users.get(name) or ())
