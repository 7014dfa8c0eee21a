"""What a token says of whoever signed in. It is shown and explains refusals; nothing is permitted because of it."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.permissions import Need
from migrate.model.record import Record
from migrate.model.snapshot import TokenPermissions

EVERY_MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""In `wids` of every user's token, and of no meaning. Source: access token claims reference."""
EVERY_APPLICATION = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"


class Kind(StrEnum):
    """Who is signed in."""

    PERSON = "person"
    APPLICATION = "application"
    PARTNER = "partner"
    """A person of a service provider (GDAP), who is no user of the tenant."""


class TokenFacts(Record, frozen=True, kw_only=True):
    """The claims that we look at."""

    tenant_id: str | None
    object_id: str | None
    name: str
    kind: Kind
    """`person` also for a partner's, who is told apart only by reading."""
    home_tenant: str | None
    """The tenant that the person comes from, where it is another one: a guest, or a partner's operator."""
    client_id: str | None
    client_name: str | None
    permissions: TokenPermissions
    roles_known: bool
    """Whether the token tells directory roles at all; Microsoft does not promise it."""
    issued_at: int | None
    """Seconds since 1970."""
    expires_at: int | None
    proof: str | None
    """How the application proved who it is (`appidacr`): 0 public, 1 secret, 2 certificate or federation."""

    @property
    def held(self) -> frozenset[str]:
        """Return the permissions of whoever is signed in."""
        given = self.permissions.roles if self.kind is Kind.APPLICATION else self.permissions.scopes
        return frozenset(given)

    @property
    def directory_roles(self) -> frozenset[str]:
        """Return the template ids of the roles, without those that stand in every token."""
        return frozenset(self.permissions.directory_roles) - {EVERY_MEMBER, EVERY_APPLICATION}


class LackKind(StrEnum):
    """Why something is refused, as far as the token tells."""

    PERMISSION = "permission"
    ROLE = "role"
    ROLE_ELIGIBLE = "role-eligible"
    """The person could activate it (PIM) and has not."""
    PERMISSION_BESIDES = "permission-besides"
    """It holds the least one, and not the one that some page names besides."""
    NEITHER = "neither"
    """Both stand in the token, so it may be older than what was given since, or the role is for a unit only."""
    UNKNOWN = "unknown"
    """The token says nothing that can be read."""


class Lack(Record, frozen=True, kw_only=True):
    """What somebody lacks for one call."""

    kind: LackKind
    need: Need
    eligible: tuple[str, ...] = ()
    """Template ids of the fitting roles that could be activated."""


class Identity(Record, frozen=True, kw_only=True):
    """What `whoami` shows."""

    tenant_id: str
    tenant_name: str
    tenant_domain: str
    cloud: str
    endpoint: str | None
    name: str
    kind: Kind | None
    """None for the sandbox's constant token, which says nothing."""
    home_tenant: str | None
    home_is_service_provider: bool | None
    """What the tenant's partner settings say of the home tenant; None where nothing was said or read."""
    object_id: str | None
    client_id: str | None
    client_name: str | None
    signed_in_by: str
    roles: tuple[str, ...]
    """Names of the directory roles; the id where a role is not one that we know."""
    roles_known: bool
    eligible: tuple[str, ...]
    """Names of the roles that could be activated (PIM)."""
    held: tuple[str, ...]
    missing: tuple[str, ...]
    """Of what reading asks for."""
    missing_for_writing: tuple[str, ...]
    """Of what `apply` asks for on top."""
    surplus: tuple[str, ...]
    """What this program never needs."""
    dangerous: tuple[str, ...]
    """What of that may change things, or act as anybody."""
    issued_at: str | None
    expires_at: str | None
    age_seconds: int | None
