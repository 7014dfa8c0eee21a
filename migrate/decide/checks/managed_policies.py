"""Check 11: policies that Microsoft made and will switch on by itself."""

from __future__ import annotations

from datetime import date, timedelta

from migrate.decide.checks.verdicts import passed, skipped, warned
from migrate.model.doctor import CheckName, CheckResult, TenantFacts
from migrate.model.evidence import ConditionalAccessPolicy, PolicyState
from migrate.model.managed import is_managed

_ME = CheckName.MANAGED_POLICIES
_PAGE = "https://learn.microsoft.com/entra/identity/conditional-access/managed-policies"
SWITCHED_ON_AFTER = timedelta(days=45)
"""Usually not before; sometimes sooner, which Message Center tells."""


def check(facts: TenantFacts) -> CheckResult:
    """List those that are report-only, with the day from which they may be switched on."""
    if facts.evidence is None:
        return skipped(_ME, facts.evidence_problem or "policies were not read")
    managed = [policy for policy in facts.evidence.policies if is_managed(policy)]
    waiting = [policy for policy in managed if policy.policy_state is PolicyState.REPORT_ONLY]
    if not waiting:
        return passed(_ME, f"{len(managed)} policies are Microsoft's own, none waits to be switched on.")
    return warned(
        _ME,
        "Microsoft switches these on by itself, usually 45 days after it made them:",
        [f"{policy.display_name}: from {_day(policy)}" for policy in waiting],
        fix="Adopt each (switch it on when it suits you) or exclude the people whom it must not reach.",
        page=_PAGE,
    )


def _day(policy: ConditionalAccessPolicy) -> str:
    made = (policy.created_date_time or "")[:10]
    try:
        return (date.fromisoformat(made) + SWITCHED_ON_AFTER).isoformat()
    except (ValueError, OverflowError):
        return "a day that is not known"
