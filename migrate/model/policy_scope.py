"""Whom one of our own policies is for and how strong a sign-in it asks for, and the step that changes either."""

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
    """Change whom one of our own policies is for, or which strength it asks for; its state stays as it is."""

    key: str
    """The marker in the policy's description."""
    display_name: str
    """How the policy is called before the step."""
    before: JsonObject
    """All that the policy says before, its state aside: it must still say so."""
    after: JsonObject
    """All that it says afterwards; other than `before` in its name, whom it is for and its strength only."""
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
        """Tell whether somebody whom the policy was for may be left out; what is not seen to be wider weakens.

        So does whatever else is asked for: that it is the stronger of two is nothing that an id tells.
        """
        return self.reaches_fewer or self.asks_otherwise

    @property
    def widens(self) -> bool:
        """Tell whether the policy may ask something of somebody of whom it did not ask it."""
        return self.reaches_more or (self.asks_otherwise and strength_of(self.after) is not None)

    @property
    def reaches_more(self) -> bool:
        """Tell whether the policy may reach somebody whom it did not reach."""
        return not is_within(self.after, self.before)

    @property
    def reaches_fewer(self) -> bool:
        """Tell whether somebody whom the policy was for may be left out."""
        return not is_within(self.before, self.after)

    @property
    def asks_otherwise(self) -> bool:
        """Tell whether the strength that the policy asks for changes; without one it asks for MFA."""
        return strength_of(self.before) != strength_of(self.after)


def users_of(body: JsonObject) -> JsonObject:
    """Return the condition of a policy's body that says whom it is for."""
    return dict((body.get("conditions") or {}).get("users") or {})


def strength_of(body: JsonObject) -> str | None:
    """Return the id of the authentication strength that a policy's body asks for (lower case); None without one."""
    strength = (body.get("grantControls") or {}).get("authenticationStrength") or {}
    return str(strength["id"]).lower() if strength.get("id") else None


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
    """Return what is sent: the whole condition, every list of it named, and the whole grant where that changes.

    Whether a change of a condition is merged into the old one is not documented: a list that is sent is replaced
    either way, one that is left out may stay.
    """
    users = users_of(step.after)
    whole: dict[str, Any] = {name: list(users.get(name) or []) for name in (*_INCLUDED, *_EXCLUDED)}
    whole |= {name: users.get(name) for name in _GUESTS}
    conditions = {**(step.after.get("conditions") or {}), "users": whole}
    sent: JsonObject = {
        "displayName": step.after.get("displayName", step.display_name),
        "description": step.after.get("description"),
        "conditions": conditions,
    }
    return {**sent, "grantControls": _grant(step.after)} if step.asks_otherwise else sent


def _grant(body: JsonObject) -> JsonObject:
    """Return the whole grant as it is sent: a strength by its id, and null where there is none any more."""
    grant, strength = body.get("grantControls") or {}, strength_of(body)
    return {
        "operator": grant.get("operator") or "OR",
        "builtInControls": list(grant.get("builtInControls") or []),
        "customAuthenticationFactors": list(grant.get("customAuthenticationFactors") or []),
        "termsOfUse": list(grant.get("termsOfUse") or []),
        "authenticationStrength": None if strength is None else {"id": strength},
    }


def _ids(users: JsonObject, name: str) -> frozenset[str]:
    return frozenset(str(one).lower() for one in users.get(name) or ())
