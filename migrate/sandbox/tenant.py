"""A tenant: everything the sandbox serves, in memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from migrate.sandbox.groups import Groups
from migrate.sandbox.listed_people import ListedPeople
from migrate.sandbox.messages import Json
from migrate.sandbox.people import People
from migrate.sandbox.roles import GLOBAL_ADMINISTRATOR, Roles
from migrate.sandbox.unseen import Unseen

P1_PLAN = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
P2_PLAN = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
EMPTY_TENANT_ID = "6a1f0e52-7c8d-4d4e-9a55-0c2f4b1d9e77"

_IDS = UUID("d2c1b7a4-4df8-4f8e-bd0c-3f9ad9f2f0a3")


@dataclass(slots=True)
class Tenant:
    """One directory. Everything in it may be changed through Graph or the control plane."""

    id: str = EMPTY_TENANT_ID
    domain: str = "contoso.example"
    """The default domain."""
    people: People = field(default_factory=lambda: ListedPeople(()))
    groups: Groups = field(default_factory=Groups)
    roles: Roles = field(default_factory=Roles)
    group_eligibility: list[Json] = field(default_factory=list)
    policies: dict[str, Json] = field(default_factory=dict)
    deleted_policies: dict[str, Json] = field(default_factory=dict)
    named_locations: dict[str, Json] = field(default_factory=dict)
    strengths: dict[str, Json] = field(default_factory=dict)
    security_defaults: bool = False
    organization: Json = field(default_factory=dict)
    domains: list[Json] = field(default_factory=list)
    federations: dict[str, list[Json]] = field(default_factory=dict)
    """Configurations of federated domains, by the domain in lower case; one for each at most."""
    skus: list[Json] = field(default_factory=list)
    methods_policy: Json = field(default_factory=dict)
    authorization_policy: Json = field(default_factory=dict)
    sign_ins: list[Json] = field(default_factory=list)
    """Oldest first."""
    audits: list[Json] = field(default_factory=list)
    """Oldest first."""
    cross_tenant_default: Json = field(default_factory=dict)
    partners: list[Json] = field(default_factory=list)
    """Configurations of the cross-tenant access policy for single tenants."""
    plans: list[Json] = field(default_factory=list)
    """Conditional Access policy plans, each with its rules; beta only."""
    access_settings: Json = field(default_factory=dict)
    """Tenant-wide settings of Conditional Access; beta only."""
    backups: list[Json] | None = None
    """Snapshots of Entra Backup; None: one a day, as Microsoft makes them."""
    unseen: Unseen = field(default_factory=Unseen)
    extras: dict[str, Any] = field(default_factory=dict)
    """Values of other paths, by the path in lower case, served as they stand."""
    clock_advanced: float = 0.0
    """How far the clock of the sandbox that saved this tenant was ahead, seconds."""
    origin: tuple[str, int, int] | None = None
    """What it was generated from: kind, seed, users; None for a tenant file."""

    def has_premium(self) -> bool:
        """Tell whether the tenant has P1 (P2 holds it too)."""
        return bool(self._plans() & {P1_PLAN, P2_PLAN})

    def has_premium_2(self) -> bool:
        """Tell whether the tenant has P2."""
        return P2_PLAN in self._plans()

    def _plans(self) -> set[str]:
        return {
            str(plan.get("servicePlanId")).lower()
            for sku in self.skus
            if sku.get("capabilityStatus") in ("Enabled", "Warning")
            for plan in sku.get("servicePlans") or ()
            if plan.get("provisioningStatus") == "Success"
        }

    def role_places(self, template_id: str) -> set[int]:
        """Return the places of users who hold a role now, also through a group."""
        found: set[int] = set()
        for principal in self.roles.holders(template_id):
            found.update(self.places_of(principal))
        return found

    def places_of(self, principal_id: str) -> Iterator[int]:
        """Yield the user with this id, or the users in the group with this id."""
        place = self.people.find(principal_id)
        if place is not None:
            yield place
        elif (group := self.groups.find(principal_id)) is not None:
            yield from self.groups.transitive(group)[0]

    def privileged_places(self) -> set[int]:
        """Return the places of all users who hold any directory role, also through a group."""
        return {place for each in self.roles.assignments for place in self.places_of(str(each.get("principalId")))}

    def administrator(self) -> str | None:
        """Return the id of the administrator as whom a token that is no JWT acts.

        That is the first holder of Global Administrator who is no emergency access account, else the first holder.
        """
        holders = [
            place
            for principal in self.roles.holders(GLOBAL_ADMINISTRATOR)
            if (place := self.people.find(principal)) is not None
        ]
        for place in holders:
            if not str(self.people.user(place).get("displayName", "")).lower().startswith("emergency"):
                return self.people.user_id(place)
        return self.people.user_id(holders[0]) if holders else None

    def new_id(self, *of: object) -> str:
        """Derive an id from the tenant and anything else."""
        return str(uuid5(_IDS, "/".join([self.id, *map(str, of)])))
