"""Decode who is in groups and who holds roles: principals, groups and assignments, of which some are shown in part."""

from __future__ import annotations

from typing import Any

import msgspec

from migrate.graph.in_part import decoded_in_part
from migrate.graph.wire import Text, Wire


class Principal(Wire, frozen=True, kw_only=True):
    """Somebody or something that holds a role or may enter a group."""

    id: Text
    odata_type: Text = msgspec.field(name="@odata.type")

    @property
    def kind(self) -> str:
        """Return `user`, `group`, `servicePrincipal`, …"""
        return self.odata_type.rpartition(".")[2]


class GroupHead(Wire, frozen=True, kw_only=True):
    """What a group is called, who may see its members, and where its membership comes from."""

    id: Text
    display_name: Text | None
    visibility: Text | None
    group_types: list[Text]
    on_premises_sync_enabled: bool | None
    is_assignable_to_role: bool | None = None
    """Only True says something: then members are changed by holders of privileged roles alone."""

    @property
    def follows_a_rule(self) -> bool:
        """Tell whether a rule over properties of the users makes the membership."""
        return "DynamicMembership" in self.group_types

    @property
    def can_be_in_pim(self) -> bool:
        """Tell whether people can be eligible for it: not where a rule or a local directory makes the membership.

        Source: Entra docs, bring groups into Privileged Identity Management.
        """
        return not self.follows_a_rule and self.on_premises_sync_enabled is not True


class RoleHead(Wire, frozen=True, kw_only=True):
    """What a directory role is called, and whether it is one of Microsoft's own."""

    display_name: Text | None
    is_built_in: bool | None = None
    """None where Graph does not say; then it is not taken for built in."""


class Assignment(Wire, frozen=True, kw_only=True):
    """A role assignment or role eligibility, with its principal where Graph expanded it."""

    principal_id: Text | None
    directory_scope_id: Text | None
    """None where Graph does not show it; then it is not taken for the whole directory."""
    principal: Principal | None = None
    """None where the expansion was not asked for, or where the principal was deleted and the assignment stayed."""

    @property
    def is_for_whole_directory(self) -> bool:
        """Tell whether the role is held everywhere, not for a part of the directory only."""
        return self.directory_scope_id == "/"


class GroupEligibility(Wire, frozen=True, kw_only=True):
    """An eligibility of PIM for Groups, with its principal where Graph expanded it."""

    principal_id: Text | None
    access_id: Text
    """`member` or `owner`; owners are not members."""
    principal: Principal | None = None


_NO_GROUP: dict[str, Any] = {
    "id": "",
    "displayName": None,
    "visibility": None,
    "groupTypes": [],
    "onPremisesSyncEnabled": None,
}
_NO_PRINCIPAL = {"id": "", "@odata.type": ""}
_NO_ASSIGNMENT = {"principalId": None, "directoryScopeId": None}
_NO_ELIGIBILITY = {"principalId": None, "accessId": "member"}


def listed_group(raw: msgspec.Raw | bytes) -> GroupHead | None:
    """Return a group of a list; None where anything of it is not shown, so that nobody knows who is in it."""
    head, lacks = decoded_in_part(raw, GroupHead, _NO_GROUP)
    return None if lacks else head


def listed_principal(raw: msgspec.Raw | bytes) -> Principal | None:
    """Return somebody of a list; None where Graph does not say who or what it is."""
    one, lacks = decoded_in_part(raw, Principal, _NO_PRINCIPAL)
    return None if lacks else one


def listed_assignment(raw: msgspec.Raw | bytes) -> Assignment:
    """Return a role assignment or eligibility; what it lacks is None.

    Whoever is shown in part is somebody unnamed: by the id alone nobody knows what was left out.
    """
    row, lacks = decoded_in_part(raw, Assignment, _NO_ASSIGNMENT)
    return msgspec.structs.replace(row, principal_id=None) if "principal" in lacks else row


def listed_eligibility(raw: msgspec.Raw | bytes) -> GroupEligibility:
    """Return an eligibility of PIM for Groups, as `listed_assignment`; for a membership where it does not say."""
    row, lacks = decoded_in_part(raw, GroupEligibility, _NO_ELIGIBILITY)
    return msgspec.structs.replace(row, principal_id=None) if "principal" in lacks else row
