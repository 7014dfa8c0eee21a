"""Who signs in: users of the tenant, and operators of partners, who act in it without being in it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from migrate.sandbox.messages import Json, bad_request
from migrate.sandbox.sign_in_errors import Person, refused

if TYPE_CHECKING:
    from migrate.sandbox.service import Sandbox

MEMBER_ROLE = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""In `wids` of every user's token."""


@dataclass(slots=True)
class SignInPeople:
    """Find people by name or id."""

    sandbox: "Sandbox"
    _partners: dict[str, Person] = field(default_factory=dict)

    def find(self, key: str | None) -> Person:
        """Return who signs in; nobody named is the administrator. Raises 50034 for a stranger, 50057 when disabled."""
        tenant = self.sandbox.tenant
        name = key or tenant.administrator() or ""
        if (partner := self._partners.get(name.lower())) is not None:
            return partner
        place = tenant.people.find(name)
        if place is None:
            raise refused(50034)
        if not tenant.people.account_enabled(place):
            raise refused(50057)
        user = tenant.people.user(place)
        roles = {str(each.get("roleDefinitionId")).lower() for each in tenant.roles.assignments}
        return Person(
            id=tenant.people.user_id(place),
            name=str(user.get("userPrincipalName")),
            display_name=str(user.get("displayName")),
            roles=tuple(sorted(role for role in roles if place in tenant.role_places(role))),
        )

    def add_partner(self, body: Json) -> Json:
        """Let a partner's operator sign in (GDAP): no user of this tenant, but holder of roles in it."""
        name, home, roles = body.get("user"), body.get("homeTenantId"), body.get("roles", [])
        if not isinstance(name, str) or not isinstance(home, str) or not isinstance(roles, list):
            raise bad_request(
                'A partner is named with {"user": "op@partner.example", "homeTenantId": "...", "roles": ["<id>"]}.'
            )
        person = Person(
            id=self.sandbox.tenant.new_id("partner", name.lower()),
            name=name,
            display_name=name,
            roles=tuple(map(str, roles)),
            home=home,
        )
        self._partners[name.lower()] = self._partners[person.id.lower()] = person
        if "isServiceProvider" in body:
            partners = self.sandbox.tenant.partners
            partners[:] = [each for each in partners if str(each.get("tenantId")).lower() != home.lower()]
            partners.append({"tenantId": home, "isServiceProvider": bool(body["isServiceProvider"])})
        return {"id": person.id, "user": name, "homeTenantId": home, "roles": list(person.roles)}

    def clear(self) -> None:
        """Forget all partners."""
        self._partners.clear()
