"""Whom a policy of ours leaves out, by whose decision and until when; and whom the plan proposes to leave out."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.plan_part import PlanPart


class ExcludedKind(StrEnum):
    """A kind of accounts that `[[policy.exclude]]` may name."""

    GUESTS = "guests"
    ROOMS = "rooms"
    SERVICE_ACCOUNTS = "service-accounts"


class ExcludedBy(StrEnum):
    """What an exclusion names."""

    USER = "user"
    GROUP = "group"
    KIND = "kind"
    KEEPS_MFA = "exclude"
    """Somebody of `[[exclude]]` with `from_policy = true`: left out while per-user MFA is read as enforced."""


class PolicyExclusion(PlanPart, frozen=True, kw_only=True):
    """One exclusion from the policy that the plan creates or has created."""

    by: ExcludedBy
    id: str
    """Of the user or the group; the kind."""
    name: str
    """As the configuration has it."""
    reason: str
    expires: str
    """ISO date. From this day on `verify` reports it; the policy stays as it is."""
    decided_by: str = ""
    since: str = ""
    """ISO date."""
    accepted: bool = False
    """Accepted by name: neither way requires MFA."""


class Sign(StrEnum):
    """A piece of evidence that nobody stands behind an account who could answer."""

    ROOM_LICENCE = "licence of a room"
    NO_LICENCE = "no licence"
    ACCOUNT_DISABLED = "account disabled"
    NAME_PATTERN = "name"
    NEVER_REGISTERED = "never registered"


class Nobody(StrEnum):
    """As what an account is proposed."""

    ROOM = "room"
    SHARED_MAILBOX = "shared mailbox"
    SERVICE_ACCOUNT = "service account"


class Proposal(PlanPart, frozen=True, kw_only=True):
    """An account that the policy catches and that may be no person: proposed with its evidence, never assumed."""

    user_id: str
    user_principal_name: str
    is_like: Nobody
    signs: tuple[Sign, ...]
