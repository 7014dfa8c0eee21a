"""The four things that a check can come to, as functions, so that each check reads as sentences."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.model.doctor import CheckName, CheckResult, Standing


def passed(check: CheckName, says: str, evidence: Sequence[str] = ()) -> CheckResult:
    """Return that all is well."""
    return CheckResult(check=check, standing=Standing.PASS, says=says, evidence=tuple(evidence))


def warned(check: CheckName, says: str, evidence: Sequence[str] = (), *, fix: str, page: str = "") -> CheckResult:
    """Return that it works, and what to look at."""
    return CheckResult(check=check, standing=Standing.WARN, says=says, evidence=tuple(evidence), fix=fix, page=page)


def failed(check: CheckName, says: str, evidence: Sequence[str] = (), *, fix: str, page: str = "") -> CheckResult:
    """Return that it does not work, and what to do."""
    return CheckResult(check=check, standing=Standing.FAIL, says=says, evidence=tuple(evidence), fix=fix, page=page)


def skipped(check: CheckName, because: str) -> CheckResult:
    """Return that it was not looked at, which is no pass."""
    return CheckResult(check=check, standing=Standing.SKIPPED, says=because)
