"""Check 5: security defaults are off, since policies cannot be enabled beside them."""

from __future__ import annotations

from migrate.decide.checks.verdicts import failed, passed, skipped
from migrate.model.doctor import CheckName, CheckResult, TenantFacts

_ME = CheckName.SECURITY_DEFAULTS
_PAGE = "https://learn.microsoft.com/entra/fundamentals/security-defaults"


def check(facts: TenantFacts) -> CheckResult:
    """Look at the switch."""
    if facts.evidence is None:
        return skipped(_ME, facts.evidence_problem or "security defaults were not read")
    if not facts.evidence.security_defaults_enabled:
        return passed(_ME, "Security defaults are off.")
    return failed(
        _ME,
        "Security defaults are on: no policy can be enabled beside them, and they count for nothing here.",
        [
            "Per-user MFA stays on everywhere meanwhile.",
            "It takes up to a day until a change counts everywhere.",
            "Switching them off may let four Microsoft-managed policies appear.",
        ],
        fix="Stage the policies report-only first; then switch the defaults off and the policies on in one sitting.",
        page=_PAGE,
    )
