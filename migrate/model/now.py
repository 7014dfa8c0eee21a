"""What is true now, as far as this folder knows: the export, and what this tool has done since it began.

For screens. Nothing that plans, guards or sends rests on it: those read the tenant.
"""

from __future__ import annotations

from collections.abc import Mapping

from migrate.model.evidence import PolicyState
from migrate.model.reasons import Reason
from migrate.model.record import JsonObject, Record
from migrate.model.users import MfaState


class LastChange(Record, frozen=True, kw_only=True):
    """The last real change of a user by this tool; looking again, and leaving alone, is none."""

    requested: str
    outcome: str
    time_utc: str
    """By the server's clock where the answer named it (ISO 8601)."""


class UserNow(Record, frozen=True, kw_only=True):
    """What this tool did to one user."""

    mfa_state: MfaState | None = None
    """The state that was read back after the export began; None where the export's own reading is the latest."""
    as_of: str = ""
    """When that state was read back (ISO 8601); empty where none was."""
    request_id: str = ""
    """Of the request that changed it."""
    doubt: Reason | None = None
    """Why the state is not known: a change is under way, or nobody saw what became of it."""
    seen: MfaState | None = None
    """How a run found the user after the export, where it changed nothing; it decides nothing, and may contradict."""
    seen_at: str = ""
    last_change: LastChange | None = None


class PolicyNow(Record, frozen=True, kw_only=True):
    """What this tool did to one policy."""

    id: str
    """The id, or our marker where the policy was never seen."""
    display_name: str
    policy_state: PolicyState | None
    """As this tool last read it back; None where it never did, and where the policy is deleted."""
    deleted: bool = False
    since: str = ""
    """When this tool last changed it (ISO 8601); empty where that is not known to have happened."""
    before: str = ""
    """The state before the first change; empty for a policy that this tool created."""
    body: JsonObject | None = None
    """What was created; None for a policy that was there before."""
    rescoped: JsonObject | None = None
    """What it says since whom it is for was changed after the export; None where that was not."""
    doubt: Reason | None = None
    changed_after_export: bool = False
    """Whether it was changed since the export began."""
    left: PolicyState | None = None
    """The state in which this tool left it, where the tenant, just read, shows another one or no such policy."""


class Moment(Record, frozen=True, kw_only=True):
    """The moment that an answer is true for."""

    exported_at: str
    """When the export began, or with --live the reading, by the server's clock (ISO 8601)."""
    live: bool = False
    """Whether it was read from the tenant for this answer."""
    changes: int = 0
    """Confirmed changes by this tool since."""
    until: str = ""
    """When the last of them was read back; empty where there was none."""
    in_doubt: int = 0
    """Users and policies of whom nobody knows what became of a change."""


class Now(Record, frozen=True, kw_only=True):
    """Everything that this tool did since an export began, folded."""

    moment: Moment
    users: Mapping[str, UserNow]
    """By object id: everybody whom a run meant to change."""
    policies: Mapping[str, PolicyNow]
    """By the id that the journal names: every policy that a run meant to change."""
