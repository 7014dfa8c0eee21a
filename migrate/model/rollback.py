"""The way back on paper: rollback.csv and rollback.json work even when the databases are gone."""

from __future__ import annotations

from migrate.model.policy_scope import SetPolicyScope
from migrate.model.record import JsonObject, Record
from migrate.model.steps import SetPolicyState
from migrate.model.users import MfaState

ROLLBACK_FORMAT = 1
"""Version of rollback.json. A newer one is refused."""

ROLLBACK_KIND = "mfa-migrate-rollback"
"""What `kind` says in rollback.json, so that no other JSON file passes for one."""


class RollbackRow(Record, frozen=True, kw_only=True):
    """One row of rollback.csv: one user, as read right before the first write of the wave."""

    user_id: str
    user_principal_name: str
    previous_state: MfaState
    """What rollback restores."""
    target_state: MfaState
    """What the wave asked for; a user found in neither of the two is drift."""
    wave: int
    tenant_id: str
    plan_digest: str


class CreatedPolicy(Record, frozen=True, kw_only=True):
    """A policy that the run created, so that rollback finds it and sees whether anybody edited it."""

    key: str
    """The marker in the policy's description."""
    id: str
    body: JsonObject
    """What was sent to create it."""


class RollbackHeader(Record, frozen=True, kw_only=True):
    """rollback.json: where the rows of rollback.csv belong, and everything but the users that has to go back."""

    format: int
    kind: str
    """Always `ROLLBACK_KIND`."""
    tool_version: str
    created_at: str
    """ISO 8601, UTC."""
    tenant_id: str
    tenant_name: str
    tenant_domain: str
    cloud: str
    endpoint: str | None
    """The sandbox's address; None for Microsoft Graph itself."""
    plan_digests: tuple[str, ...]
    """Every plan that the rows name, oldest first."""
    former_policies: dict[str, JsonObject]
    """Raw JSON of each policy before the first step that touched it, by policy id.

    For people who have to put a policy back by hand: rollback itself sets states only.
    """
    policies_created: tuple[CreatedPolicy, ...]
    policies_switched: tuple[SetPolicyState, ...]
    """In the order in which they were carried out; rollback reverses each and the order."""
    csv_sha256: str
    """SHA-256 of rollback.csv, byte for byte."""
    journal_entries: int
    """How many entries the journal had when this was written."""
    journal_hash: str
    """The hash of its last entry: the head that shows later edits of the audit."""
    former_csv_sha256: str = ""
    """SHA-256 of the rollback.csv before this one: a crash between the two files leaves that one beside this."""
    may_be_off: tuple[str, ...] = ()
    """Ids of users who are not in rollback.csv and whom the run may have switched off since: those of later waves.

    Where the journal is not at hand, a rollback asks for their states before it lowers a policy.
    """

    policies_rescoped: tuple[SetPolicyScope, ...] = ()
    """Changes of whom our own policies are for, in their order; of a created policy it is the last that stands."""

    def fits(self, csv_sha256: str) -> bool:
        """Tell whether a rollback.csv with this digest belongs to this header."""
        return csv_sha256 in (self.csv_sha256, self.former_csv_sha256 or self.csv_sha256)
