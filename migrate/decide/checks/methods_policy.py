"""Check 10: which methods are allowed is said in one place."""

from __future__ import annotations

from migrate.decide.checks.verdicts import passed, skipped, warned
from migrate.model.doctor import CheckName, CheckResult, TenantFacts

_ME = CheckName.METHODS_POLICY
_PAGE = "https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-methods-manage"


def check(facts: TenantFacts) -> CheckResult:
    """Look at the state of the methods policy's own migration."""
    capability = None if facts.evidence is None else facts.evidence.capability
    methods = None if capability is None else capability.methods
    if methods is None:
        problem = capability.methods_problem if capability is not None else facts.evidence_problem
        return skipped(_ME, problem or "the methods policy was not read")
    allowed = sorted(name for name, state in methods.states.items() if state == "enabled")
    if methods.migration_complete:
        return passed(_ME, "The methods policy alone says what is allowed.", allowed)
    return warned(
        _ME,
        "The migration of the methods policy is not complete: the old lists of methods still count.",
        allowed,
        fix="Complete it before the last wave, so that nobody's method hangs on the old page.",
        page=_PAGE,
    )
