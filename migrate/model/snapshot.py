"""The header of a snapshot: which tenant was read, when, by whom, and what was counted."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from migrate.model.record import Record

P1_PLANS = frozenset({"41781fb2-bc02-4b7c-bd55-b576c07bb09d", "eec0eb4f-6444-4f95-aba0-50c24d67f998"})
"""Service plan ids of Entra ID P1 and P2; either allows Conditional Access."""

_IN_FORCE = frozenset({"Enabled", "Warning"})
"""Capability states of a subscription that works; the others are Suspended, Deleted and LockedOut."""


class Organization(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The tenant, as `/organization` describes it."""

    tenant_id: str
    display_name: str
    default_domain: str
    verified_domains: tuple[str, ...]
    federated_domains: tuple[str, ...] | None = None
    """Those of them whose people sign in at another identity provider; None where an older version read them."""


class TenantAddress(Record, frozen=True, kw_only=True):
    """What the sign-in service says of a tenant to everybody (openid-configuration)."""

    tenant_id: str | None
    graph_host: str | None
    region: str | None


class SubscribedSku(Record, frozen=True, kw_only=True):
    """A subscription of the tenant, as far as licences for Conditional Access matter."""

    sku_id: str
    sku_part_number: str
    capability_status: str | None
    service_plan_ids: tuple[str, ...]
    """Ids of the plans whose provisioning succeeded."""
    enabled_units: int
    lacks: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """What Graph always shows and left out here; nothing stands for it, so that it allows less. Mostly unset."""

    @property
    def allows_conditional_access(self) -> bool:
        """Tell whether the subscription is in force and brings Entra ID P1 or P2."""
        return bool(P1_PLANS.intersection(self.service_plan_ids)) and self.capability_status in _IN_FORCE


UNTOLD_ACTOR = "sandbox operator"
"""How whoever uses a sandbox is called, whose token says nothing."""


class Actor(Record, frozen=True, kw_only=True):
    """Who is signed in: the account or application behind the token."""

    object_id: str | None
    """Object id of the signed-in user or service principal; None where the token does not say."""
    name: str
    """User principal name, or the application's name or id."""
    is_user: bool


class Compared(Record, frozen=True, kw_only=True):
    """One user whose state was read a second way."""

    user_id: str
    first: str
    second: str
    """Empty where the second reading gave no state."""


class CrossCheck(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What a second way of reading states said about a sample."""

    asked: int
    agreed: int
    given_up: str = ""
    """Why the accelerator was not trusted, so that every state was read by the documented call; empty when it was."""
    sample: tuple[Compared, ...] = ()
    seed: str = ""
    """With which the sample was drawn; empty in exports of older versions."""


class TokenPermissions(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What the reading token said that it allows; None in a header of an opaque token, or of an older version."""

    scopes: tuple[str, ...] = ()
    """Delegated permissions (`scp`)."""
    roles: tuple[str, ...] = ()
    """Permissions of an application (`roles`)."""
    directory_roles: tuple[str, ...] = ()
    """Template ids of the directory roles of whoever is signed in (`wids`)."""


class Reading(Record, frozen=True, kw_only=True, omit_defaults=True):
    """How an export was read, for whoever asks later by what its numbers came about."""

    until: str
    """When it ended, by the server's clock (ISO 8601, UTC)."""
    answers: int
    """How many answers came, a batch counted as one."""
    repeated: int
    """How often something was asked for again after a passing failure."""


class SnapshotHeader(Record, frozen=True, kw_only=True):
    """What one export read. The bulk lies beside it in the database."""

    id: str
    """Digest of the content, 64 hex digits: the snapshot digest that plans name."""
    taken_at: str
    """When the reading began, by the server's clock (ISO 8601, UTC)."""
    tool_version: str
    cloud: str
    endpoint: str | None
    """The sandbox's address; None for Microsoft Graph itself."""
    organization: Organization
    skus: tuple[SubscribedSku, ...]
    actor: Actor
    states_read_by: str
    """`requirements` (documented, one read a user) or `select` (the accelerator, cross-checked)."""
    users: int
    unreadable: int
    counts: dict[str, int]
    """Users by state and type, keys such as `enforced/member`."""
    cross_check: CrossCheck | None = None
    """None where states were read in one way only."""
    permissions: TokenPermissions | None = None
    group_names: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Names of groups that the configuration used, with the ids of all groups of the tenant that were called so."""
    reading: Reading | None = None
    """None in exports of older versions."""

    @property
    def taken_on(self) -> date:
        """Return the day of the reading by the server's clock: what expires does so by it, not by this machine's."""
        return datetime.fromisoformat(self.taken_at).date()
