"""What a change of the configuration since the plan was made amounts to."""

from __future__ import annotations

from enum import StrEnum

from migrate.model.plan import AcceptedGap, Limits
from migrate.model.record import Record


class ConfigPart(StrEnum):
    """A key of the configuration that a plan depends on."""

    EMERGENCY_ACCESS = "emergency_access.accounts"
    EXCLUDE = "exclude"
    ACCEPT_PARTIAL = "accept_partial"
    GUESTS = "guests"
    MODE = "policy.mode"
    SCOPE = "policy.scope"
    STRENGTH = "policy.strength"
    TEMPLATE = "policy.template"
    POLICY_EXCLUDE = "policy.exclude"
    DIRECTORY_SYNC = "policy.directory_sync"
    SWITCH_ON = "policy.switch_on"
    CANARY = "waves.canary"
    PERCENTAGES = "waves.percentages"
    WAVES = "waves.wave"
    WAVE_START = "waves.start"
    APPS = "coverage.apps"
    BASELINE_SCOPES = "tenant_settings.baseline_scopes"
    MAX_USERS = "limits.max_users"
    MAX_NEWLY_REQUIRED = "limits.max_newly_required"
    MAX_NOT_MFA_CAPABLE = "limits.max_not_mfa_capable"
    MAX_NEWLY_BLOCKED = "limits.max_newly_blocked"
    MAX_FAILURES = "limits.max_failures"
    PLAN_MAX_AGE = "limits.plan_max_age"
    REPORT_ONLY = "policy.report_only_days"
    SETTLE = "policy.policy_settle"
    WAVE_WAIT = "waves.minimum_wait"
    EXIT_RULE = "sign_ins.exit_rule"
    GATE = "waves.gate"
    WAVE_GATE = "sign_ins.wave_gate"


class ConfigDifference(Record, frozen=True, kw_only=True):
    """One key that says something else now than when the plan was made."""

    part: ConfigPart
    then: str
    now: str
    tightens: bool
    """Obeyed at once; anything else needs a new plan."""


class Tightening(Record, frozen=True, kw_only=True):
    """What a run obeys besides its plan, since the configuration says so now. All of it only holds back."""

    emergency_access: tuple[str, ...] = ()
    """Ids of accounts that were added."""
    excluded: tuple[str, ...] = ()
    """Ids of people who were added."""
    accepted_gaps: tuple[AcceptedGap, ...]
    """Those of the plan that are still accepted."""
    apps_that_matter: tuple[str, ...] | None
    """As in the plan, or more."""
    answer_withdrawn: bool = False
    """Whether the answer about baseline scopes is gone: then there is none."""
    limits: Limits
    """The stricter ones, each by itself."""

    @property
    def people(self) -> frozenset[str]:
        """Return the ids of everybody who is left alone although the plan names them."""
        return frozenset((*self.emergency_access, *self.excluded))
