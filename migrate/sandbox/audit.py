"""Directory audit events: one for each change, visible after their lag."""

import json
from typing import Any
from uuid import uuid4

from migrate.sandbox.clock import SandboxClock, iso
from migrate.sandbox.messages import Caller, Json
from migrate.sandbox.settings import SandboxSettings
from migrate.sandbox.tenant import Tenant

_LEGACY_STATES = {"disabled": 0, "enabled": 1, "enforced": 2}
"""How the directory numbers the states; only 0 is confirmed."""
_KEPT_SECONDS = 30 * 86_400


class AuditLog:
    """Write audit events into a tenant and show those whose time has come."""

    def __init__(self, tenant: Tenant, clock: SandboxClock, settings: SandboxSettings) -> None:
        self._tenant, self._clock, self._settings = tenant, clock, settings

    def visible(self) -> list[Json]:
        """Return the events that can be read by now, newest first."""
        return visible(self._tenant.audits, "activityDateTime", self._clock.now(), self._settings.audit_lag_seconds)

    def state_changed(self, caller: Caller | None, place: int, before: str, after: str) -> None:
        """Record a change of somebody's per-user MFA state."""
        kind = self._settings.state_audit_activity
        changed = [
            _modified("StrongAuthenticationRequirement", _requirement(before), _requirement(after)),
            _modified("Included Updated Properties", None, "StrongAuthenticationRequirement"),
        ]
        if kind != "updateUser":
            verb = "Disable" if after == "disabled" else "Enable"
            self._add(caller, f"{verb} Strong Authentication", "UserManagement", "Update", self._user(place, changed))
        if kind != "strongAuthentication":
            self._add(caller, "Update user", "UserManagement", "Update", self._user(place, changed))

    def policy_changed(self, caller: Caller | None, activity: str, before: Json | None, after: Json | None) -> None:
        """Record a change of a Conditional Access policy."""
        self._part_changed(caller, activity, "ConditionalAccessPolicy", before, after)

    def location_changed(self, caller: Caller | None, verb: str, before: Json | None, after: Json | None) -> None:
        """Record that a named location was added, updated or deleted."""
        self._part_changed(caller, f"{verb} named location", "NamedLocation", before, after)

    def security_defaults_changed(self, caller: Caller | None, before: bool, after: bool) -> None:
        """Record that security defaults were switched."""
        named: Json = {"id": self._tenant.id, "displayName": "Security Defaults"}
        states = ({**named, "isEnabled": before}, {**named, "isEnabled": after})
        self._part_changed(caller, "Update security defaults", "SecurityDefaults", *states)

    def _part_changed(
        self, caller: Caller | None, activity: str, name: str, before: Json | None, after: Json | None
    ) -> None:
        thing = after or before or {}
        target: Json = {
            "id": thing.get("id"),
            "displayName": thing.get("displayName"),
            "type": "Policy",
            "userPrincipalName": None,
            "groupType": None,
            "modifiedProperties": [_modified(name, before, after)],
        }
        kind = activity.split(" ", 1)[0]
        operation = kind if kind in ("Add", "Delete") else "Update"
        self._add(caller, activity, "Policy", operation, target, service="Conditional Access")

    def user_changed(self, place: int, before: Json, members: Json) -> None:
        """Record that another administrator changed members of a user."""
        changed = [_modified(name, before.get(name), value) for name, value in members.items()]
        self._add(None, "Update user", "UserManagement", "Update", self._user(place, changed))

    def preferences_changed(self, caller: Caller | None, place: int, before: Json, after: Json) -> None:
        """Record that an administrator changed how somebody prefers to be asked for the second factor."""
        changed = [
            _modified(name, before.get(name), value) for name, value in after.items() if before.get(name) != value
        ]
        self._add(
            caller,
            "Admin updated security info",
            "UserManagement",
            "Update",
            self._user(place, changed),
            service="Authentication Methods",
        )

    def membership_changed(self, place: int, group: Json, *, added: bool) -> None:
        """Record that another administrator put somebody into a group, or took them out."""
        names = [_modified(each, *values) for each, values in _names_of(group, added=added).items()]
        activity = "Add member to group" if added else "Remove member from group"
        operation = "Assign" if added else "Unassign"
        self._add(None, activity, "GroupManagement", operation, self._user(place, names))

    def method_registered(self, place: int, kind: str) -> None:
        """Record that somebody registered a method."""
        user = self._user(place, [])
        who: Json = {"app": None, "user": {"id": user["id"], "userPrincipalName": user["userPrincipalName"]}}
        self._add(
            None,
            "User registered security info",
            "UserManagement",
            "Add",
            user,
            service="Authentication Methods",
            who=who,
            detail=kind,
        )

    def _user(self, place: int, changed: list[Json]) -> Json:
        user = self._tenant.people.user(place)
        return {
            "id": user["id"],
            "displayName": user.get("displayName"),
            "type": "User",
            "groupType": None,
            "userPrincipalName": user.get("userPrincipalName"),
            "modifiedProperties": changed,
        }

    def _add(
        self,
        caller: Caller | None,
        activity: str,
        category: str,
        operation: str,
        target: Json,
        *,
        service: str = "Core Directory",
        who: Json | None = None,
        detail: str | None = None,
    ) -> None:
        self._tenant.audits.append(
            {
                "id": f"Directory_{uuid4()}",
                "category": category,
                "correlationId": str(uuid4()),
                "result": "success",
                "resultReason": detail or "",
                "activityDisplayName": activity,
                "activityDateTime": self._clock.iso(),
                "loggedByService": service,
                "operationType": operation,
                "initiatedBy": who or self._initiator(caller),
                "targetResources": [target],
                "additionalDetails": [],
            }
        )

    def _initiator(self, caller: Caller | None) -> Json:
        if caller is not None and caller.app_only:
            app: Json = {"appId": caller.app_id, "displayName": None, "servicePrincipalId": None}
            return {"app": app, "user": None}
        user_id = caller.user_id if caller is not None else None
        if caller is not None and caller.opaque:
            user_id = self._tenant.administrator()
        place = self._tenant.people.find(user_id) if user_id else None
        name = self._tenant.people.user(place).get("userPrincipalName") if place is not None else None
        return {"app": None, "user": {"id": user_id, "displayName": None, "userPrincipalName": name, "ipAddress": None}}


def visible(events: list[Json], member: str, now: float, lag: float) -> list[Json]:
    """Return log entries, newest first: older than the lag, younger than the 30 days that logs are kept."""
    newest, oldest = iso(now - lag), iso(now - _KEPT_SECONDS)
    found = [each for each in reversed(events) if oldest <= str(each.get(member)) <= newest]
    found.sort(key=lambda each: str(each[member]), reverse=True)  # of one second, the later one stays before
    return found


def _names_of(group: Json, *, added: bool) -> dict[str, tuple[Any, Any]]:
    values = {"Group.ObjectID": group.get("id"), "Group.DisplayName": group.get("displayName")}
    return {name: (None, value) if added else (value, None) for name, value in values.items()}


def _requirement(state: str) -> list[Json]:
    if state == "disabled":
        return []
    return [{"RelyingParty": "*", "State": _LEGACY_STATES.get(state), "RememberDevicesNotIssuedBefore": None}]


def _modified(name: str, before: Any, after: Any) -> Json:
    """Graph writes both values as JSON in a string."""
    return {
        "displayName": name,
        "oldValue": None if before is None else json.dumps(before),
        "newValue": None if after is None else json.dumps(after),
    }
