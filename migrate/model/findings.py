"""What verify found: where the tenant is not as it should be."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.record import Record


class FindingCode(StrEnum):
    """The closed list of findings."""

    STATE_DIFFERS = "state-differs"
    USER_MISSING = "user-missing"
    USER_UNREADABLE = "user-unreadable"
    POLICY_DIFFERS = "policy-differs"
    POLICY_MISSING = "policy-missing"
    NOT_COVERED = "not-covered"
    METHOD_MISSING = "method-missing"
    REGISTRATION_MISSING = "registration-missing"
    IN_DOUBT = "in-doubt"
    SYNC_NOT_EXCLUDED = "sync-not-excluded"
    ACCEPTED_GAP_EXPIRED = "accepted-gap-expired"
    MANAGED_SCOPE_CHANGED = "managed-scope-changed"
    """Microsoft changed a policy of its own that a proof rests on, since the plan."""
    EXCLUDED_WITHOUT_MFA = "excluded-without-mfa"
    POLICY_EXCLUSION_EXPIRED = "policy-exclusion-expired"
    CONFIGURATION_DIFFERS = "configuration-differs"


class Finding(Record, frozen=True, kw_only=True):
    """One place where the tenant differs from what it should be."""

    code: FindingCode
    subject: str
    """User principal name or policy name."""
    subject_id: str
    sentence: str
    evidence: str
    """What was expected and what was read."""
