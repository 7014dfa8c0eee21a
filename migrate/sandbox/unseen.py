"""What decides sign-ins in a tenant and no call of Graph shows: a tenant file states it under `_unseen`."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from migrate.sandbox.messages import Json

ENFORCED, DISABLED, CUSTOMISED = "enforced", "disabled", "customised:"
"""How the tenant wants baseline scopes to be judged; the last one is followed by a placeholder application's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where somebody external comes from."""

    tenant: str | None = None
    kind: str | None = None
    """One of Graph's kinds of guests and external users."""


@dataclass(slots=True, kw_only=True)
class Unseen:
    """The facts, each with what holds where a file says nothing."""

    baseline_scopes: str = ENFORCED
    homes: dict[str, Home] = field(default_factory=dict)
    """By the user's id in lower case."""
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    """More applications of a group, by its name; all in lower case."""
    managed: dict[str, str] = field(default_factory=dict)
    """Policies that Microsoft manages: the kind by the policy's id in lower case."""

    def dumped(self) -> Json:
        """Return the facts as a tenant file has them."""
        return {
            "baselineScopes": self.baseline_scopes,
            "guests": {
                user: {"externalTenantId": home.tenant, "externalUserType": home.kind}
                for user, home in self.homes.items()
            },
            "applicationGroups": {name: sorted(apps) for name, apps in self.members.items()},
            "managedPolicies": dict(self.managed),
        }


class _Guest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    external_tenant_id: str | None = None
    external_user_type: str | None = None


class _Given(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    baseline_scopes: str = ENFORCED
    guests: dict[str, _Guest] = msgspec.field(default_factory=dict)
    application_groups: dict[str, list[str]] = msgspec.field(default_factory=dict)
    managed_policies: dict[str, str] = msgspec.field(default_factory=dict)


def unseen_of(document: Any) -> Unseen:
    """Read the facts of a tenant file. Raises ValueError, which msgspec's is too, for what they cannot be."""
    given = msgspec.convert(document, _Given)
    known = given.baseline_scopes in (ENFORCED, DISABLED)
    if not known and not given.baseline_scopes.removeprefix(CUSTOMISED) != given.baseline_scopes:
        raise ValueError(f"baselineScopes is {ENFORCED}, {DISABLED} or {CUSTOMISED}<application id>")
    return Unseen(
        baseline_scopes=given.baseline_scopes,
        homes={
            user.lower(): Home(tenant=guest.external_tenant_id, kind=guest.external_user_type)
            for user, guest in given.guests.items()
        },
        members={name.lower(): frozenset(map(str.lower, apps)) for name, apps in given.application_groups.items()},
        managed={policy.lower(): kind for policy, kind in given.managed_policies.items()},
    )
