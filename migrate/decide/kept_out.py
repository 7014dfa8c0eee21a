"""Who stays out of a plan whatever the policies say: nobody's coverage is asked, and no advice is about them."""

from __future__ import annotations

from migrate.decide.directory_sync import is_sync_account
from migrate.model.evidence import Evidence
from migrate.model.plan import NO_HOLD_PARTS, HoldParts, HoldReason
from migrate.model.rules import Rules
from migrate.model.users import AnyUser, UnreadableUser

Kept = tuple[HoldReason, str, HoldParts]
"""The reason, in words too, and what else there is to say."""


def kept_out(user: AnyUser, evidence: Evidence, rules: Rules) -> Kept | None:
    """Return why a user stays out, or None."""
    profile = user.profile
    if profile.is_agent:
        return HoldReason.AGENT, "the account of an agent, which is no person: never touched", NO_HOLD_PARTS
    if profile.id in rules.emergency_access:
        return HoldReason.EMERGENCY_ACCESS, "emergency access account: never touched", NO_HOLD_PARTS
    if is_sync_account(profile, evidence):
        why = "directory synchronization account: it cannot answer an MFA prompt"
        return HoldReason.DIRECTORY_SYNC, why, NO_HOLD_PARTS
    if (excluded := rules.exclusions.get(profile.id)) is not None:
        return HoldReason.EXCLUDED, excluded.sentence, HoldParts(ends=excluded.expires)
    if rules.only is not None and profile.id not in rules.only:
        return HoldReason.EXCLUDED, "not in the list that --only names", NO_HOLD_PARTS
    if profile.is_guest and not rules.guests:
        return HoldReason.GUEST, "guest, and the configuration says guests = false", NO_HOLD_PARTS
    if isinstance(user, UnreadableUser):
        return HoldReason.UNREADABLE, str(user.reason), NO_HOLD_PARTS
    return None
