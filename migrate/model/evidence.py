"""Everything that a coverage verdict rests on: policies, locations, strengths, group members, role holders."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from migrate.model.capability import CapabilityEvidence
from migrate.model.record import JsonObject, Record, sha256_of
from migrate.model.stand_in import is_stand_in
from migrate.model.words import counted


class PolicyState(StrEnum):
    """The state of a Conditional Access policy, in Graph's spelling."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    REPORT_ONLY = "enabledForReportingButNotEnforced"


_ALWAYS_SHOWN = ("displayName", "state", "conditions", "grantControls")


class ConditionalAccessPolicy(Record, frozen=True, kw_only=True):
    """A policy: the few members that planning needs, and the whole JSON for deciding and for exact restore."""

    id: str
    display_name: str
    policy_state: PolicyState | None
    """None when Graph sent a state that we do not know: it may or may not be in force, so it proves nothing."""
    description: str | None
    created_date_time: str | None
    modified_date_time: str | None
    raw: JsonObject
    """The policy as Graph sent it, every member kept."""
    lacks: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """What Graph always sends, empty or not, and left out here: it may have narrowed the policy. Mostly unset."""

    @property
    def not_shown(self) -> tuple[str, ...]:
        """Members that Graph writes for every policy and left out of this one: then the policy proves nothing."""
        if is_stand_in(self.id):
            return ("id",)
        return (*(name for name in _ALWAYS_SHOWN if name not in self.raw), *(self.lacks or ()))

    @property
    def last_changed(self) -> str | None:
        """When the policy was last changed (ISO 8601): modified, or else created."""
        return self.modified_date_time or self.created_date_time


class ReadStatus(StrEnum):
    """How well a group or role could be read. Empty and unread are different things."""

    READ = "read"
    GONE = "gone"
    """Repeated readings, apart in time, agree that the object does not exist, so nobody is in it."""
    VANISHED = "vanished"
    """Not found any more although earlier evidence of the plan or run holds it: who was in it then is unknown now."""
    HIDDEN = "hidden"
    """Hidden membership, and the token may not see it: the empty list that Graph sends means nothing."""
    UNREADABLE = "unreadable"


class NestedGroup(Record, frozen=True, kw_only=True):
    """Who and what is directly inside one group of a nesting."""

    display_name: str | None
    groups: frozenset[str]
    """Ids of the groups directly inside (lower case)."""
    users: frozenset[str]
    """Ids of the users directly inside."""


class ChangedBy(StrEnum):
    """Who may change the members of a group, besides holders of privileged roles.

    Source: Entra page "Use Microsoft Entra groups to manage role assignments": members of a role-assignable group are
    changed by Privileged Role Administrators and Global Administrators, and by its owners, whom these alone appoint.
    """

    LESSER_ROLES = "ownersAndLesserRoles"
    """It is not role-assignable: whoever owns it, user administrators, groups administrators and applications may."""
    OWNERS = "owners"
    """It has owners, role-assignable or not: they may."""
    RULE = "rule"
    """A rule over properties of the users: whoever may edit such a property."""
    ACTIVE_DIRECTORY = "activeDirectory"
    """It is synchronised: whoever may in the local directory."""


class GroupEvidence(Record, frozen=True, kw_only=True):
    """A group that a policy names."""

    id: str
    display_name: str | None
    visibility: str | None
    """`Public`, `Private` or `HiddenMembership`; None where Graph has none."""
    status: ReadStatus
    problem: str | None
    """Why the members could not be read, with the request id; None when they were."""
    members: frozenset[str]
    """Ids of the users who are members, through nested groups too."""
    eligible: frozenset[str]
    """Ids of the users who could become members through PIM for Groups."""
    nested: dict[str, NestedGroup] | None = None
    """How the members come in: this group and all groups inside it by id (lower case); empty when no group is inside,
    so that all members are direct; None when it was not read. It serves to name paths and decides nothing."""
    unnamed: int = 0
    """Members whom Graph showed as null: somebody is in the group, and nobody knows who."""
    changed_by: frozenset[ChangedBy] | None = None
    """None where it was not read, as in exports of older versions. It decides no verdict."""
    owners: frozenset[str] | None = None
    """Ids of its owners; None where they were not read, or could not be. They decide no verdict."""


class RoleEvidence(Record, frozen=True, kw_only=True):
    """A directory role that a policy names, by its template id."""

    template_id: str
    display_name: str | None
    status: ReadStatus
    problem: str | None
    holders: frozenset[str]
    """Ids of the users who hold it now for the whole directory, directly or through a role-assignable group."""
    eligible: frozenset[str]
    """Ids of the users who could activate it (PIM)."""
    scoped: frozenset[str]
    """Ids of the users who hold it for a part of the directory only."""
    unnamed: int = 0
    """Assignments that show nobody, not even an id."""
    built_in: bool | None = None
    """Policies reach holders of built-in roles only; None where it was not read, as in exports of older versions."""


class PolicyPlan(Record, frozen=True, kw_only=True):
    """A policy plan (beta): its rules may demand something, and are not counted."""

    id: str
    display_name: str | None
    rules: int | None
    """None when they could not be read."""


class BetaEvidence(Record, frozen=True, kw_only=True):
    """What only Graph's beta version shows. A part without value and without problem was not asked for."""

    policies: dict[str, JsonObject] | None
    """The policies by id (lower case), as beta sends them."""
    policies_problem: str | None
    plans: tuple[PolicyPlan, ...] | None = None
    plans_problem: str | None = None
    settings: JsonObject | None = None
    """The conditional access settings, which are about user actions only."""
    settings_problem: str | None = None

    @property
    def _user_action_exclusions(self) -> int:
        """Source: Graph beta resource conditionalAccessSettings, `exclusions.allResourcesExclusions`."""
        found: object = self.settings
        for key in ("exclusions", "allResourcesExclusions", "userActionExclusions"):
            found = found.get(key) if isinstance(found, dict) else None
        return len(found) if isinstance(found, list) else 0

    @property
    def notes(self) -> dict[str, str]:
        """Return what has to be said wherever the evidence is shown, by its code."""
        found = {}
        if self.policies is None:
            found["beta-unread"] = (
                "Policies could not be read in Graph's beta version, so members that only it shows are not known: "
                f"{self.policies_problem}"
            )
        if self.plans:
            named = ", ".join(repr(plan.display_name or plan.id) for plan in self.plans)
            rules = sum(plan.rules or 0 for plan in self.plans)
            are = "is" if len(self.plans) == 1 else "are"
            found["plans-not-counted"] = (
                f"{counted(len(self.plans), 'plan')} {are} not counted ({counted(rules, 'rule')}): {named}."
            )
        if self.plans_problem is not None:
            found["plans-not-read"] = f"Plans of policies were not read: {self.plans_problem}"
        if self.settings_problem is not None:
            found["settings-not-read"] = f"Conditional access settings were not read: {self.settings_problem}"
        elif self._user_action_exclusions:
            found["settings"] = (
                f"Conditional access settings exclude {counted(self._user_action_exclusions, 'user action')} from "
                "policies for all resources; that changes no sign-in to an application."
            )
        return found


class Evidence(Record, frozen=True, kw_only=True):
    """Everything outside a user's own profile that a coverage verdict rests on, read in one go."""

    policies: tuple[ConditionalAccessPolicy, ...]
    named_locations: tuple[JsonObject, ...]
    authentication_strengths: tuple[JsonObject, ...]
    security_defaults_enabled: bool
    groups: dict[str, GroupEvidence]
    """By group id (lower case)."""
    roles: dict[str, RoleEvidence]
    """By role template id (lower case)."""
    beta: BetaEvidence | None = None
    """None in exports of older versions, which did not read it."""
    capability: CapabilityEvidence | None = None
    """What tells who could answer a request for MFA; None where it was not asked for, as in older exports."""
    administrators: frozenset[str] | None = None
    """Ids of everybody who holds or could get any role; None where it is not known. It decides no verdict."""

    def policy(self, policy_id: str) -> ConditionalAccessPolicy | None:
        """Return the policy with this id, or None."""
        return next((policy for policy in self.policies if policy.id == policy_id), None)


_NOT_DECIDING = frozenset({"id", "createdDateTime", "modifiedDateTime", "deletedDateTime", "templateId", "description"})


def deciding_projection(policy: ConditionalAccessPolicy) -> JsonObject:
    """Return what of a policy decides about coverage: no id, no dates, no prose."""
    return {
        key: value for key, value in policy.raw.items() if key not in _NOT_DECIDING and not is_control_information(key)
    }


def is_control_information(member: str) -> bool:
    """Tell whether a member's name is OData's own: an annotation, or an action that the service advertises.

    Source: OData JSON format 4.01, "Control information" and "Advertised functions and actions".
    """
    return "@odata." in member or member.startswith("#")


def evidence_digest(evidence: Evidence) -> str:
    """Return a digest of the policies, locations, strengths and security defaults.

    Group members and role holders are left out on purpose: people come and go every day, and each user's own
    proof is made again before the write.
    """
    policies = [deciding_projection(policy) for policy in evidence.policies]
    return sha256_of(
        {
            "policies": sorted(sha256_of(policy) for policy in policies),
            "namedLocations": sorted(sha256_of(_without_dates(raw)) for raw in evidence.named_locations),
            "authenticationStrengths": sorted(
                sha256_of(_without_dates(raw)) for raw in evidence.authentication_strengths
            ),
            "securityDefaults": evidence.security_defaults_enabled,
        }
    )


def _without_dates(raw: JsonObject) -> JsonObject:
    return {key: value for key, value in raw.items() if not key.endswith("DateTime") and "@odata.context" not in key}
