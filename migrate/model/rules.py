"""What the operator decided before planning: the configuration with every name resolved to an object id."""

from __future__ import annotations

from migrate.model.impact import AcceptedPerson
from migrate.model.named import Named
from migrate.model.plan import AcceptedGap, Decision, ExcludedUser, Limits
from migrate.model.policy_exclusions import PolicyExclusion
from migrate.model.record import Record
from migrate.model.templates import Wish
from migrate.model.tenant_settings import BaselineScopes
from migrate.model.waves import WaveRule

DIRECTORY_SYNC_ROLE = "d29b2b05-8046-44ba-8758-1e26182fcf32"
"""Role template id of Directory Synchronization Accounts."""

ON_PREMISES_SYNC_ROLE = "a92aed5d-d78a-4d16-b381-09adb37eb3b0"
"""Role template id of On Premises Directory Sync Account."""

DIRECTORY_SYNC_ROLES = (DIRECTORY_SYNC_ROLE, ON_PREMISES_SYNC_ROLE)

DIRECTORY_SYNC_NAME = "On-Premises Directory Synchronization Service Account"
"""Display name that Microsoft gives the account of the directory synchronization in every tenant."""


class Rules(Record, frozen=True, kw_only=True):
    """The rules of one plan. Expired exclusions and accepted gaps are left out before it is made."""

    create: bool
    """Create the template policy; otherwise adopt what is enabled already."""
    scope_group: str | None
    """Group id of a pilot; None means all users."""
    switch_on: tuple[str, ...]
    """Ids of existing report-only policies that the plan switches on."""
    emergency_access: tuple[str, ...]
    """Object ids."""
    emergency_none: str | None
    """The reason why there is no emergency access account; then nothing is created or switched on."""
    exclusions: dict[str, ExcludedUser]
    """By object id."""
    guests: bool
    canary: frozenset[str]
    percentages: tuple[float, ...]
    accepted_gaps: tuple[AcceptedGap, ...]
    apps_that_matter: frozenset[str] | None
    """Application ids; None means every application."""
    baseline: BaselineScopes
    """The operator's answer about baseline scopes, as it counts today."""
    limits: Limits
    sync_by_account: bool
    """The created policy excludes accounts of the directory synchronization by id instead of by role."""
    operator: str | None
    """Object id of the signed-in account: it comes last, unless the canary names it."""
    only: frozenset[str] | None
    """When given, nobody else is planned."""
    emergency_decision: Decision = Decision()
    """Who chose the emergency access accounts, or that there is none."""
    waves: tuple[WaveRule, ...] = ()
    """The waves one by one, instead of canary and percentages."""
    not_before: tuple[tuple[int, str], ...] = ()
    """Numbers of waves, and when each may begin at the earliest (ISO 8601 with its offset)."""
    strength: str | None = None
    """Id of the authentication strength that our policy for users asks for; None asks for MFA."""
    wishes: tuple[Wish, ...] = ()
    """Policies of ours besides the one for users."""
    policy_exclusions: tuple[PolicyExclusion, ...] = ()
    """Whom the created policy leaves out, those whose day has come too: expiry never edits a policy."""
    names: tuple[Named, ...] = ()
    """Names of the configuration with the ids that they stand for."""
    accepted_caught: tuple[AcceptedPerson, ...] = ()
    """Whom the operator accepts by name as caught by a policy that is switched on."""
