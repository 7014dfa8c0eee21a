"""Check 14: this machine's clock agrees with Microsoft's; assertions and tokens are refused when it is far off."""

from __future__ import annotations

from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.model.doctor import CheckName, CheckResult, TenantFacts
from migrate.model.words import counted

_ME = CheckName.CLOCK
NEAR, FAR = 60, 300
"""Seconds."""


def check(facts: TenantFacts) -> CheckResult:
    """Compare the clocks."""
    if facts.from_export:
        return skipped(_ME, "an export was not made now")
    off = facts.clock_seconds
    if off is None:
        return skipped(_ME, "nothing was asked of the server")
    if abs(off) <= NEAR:
        return passed(_ME, f"The clocks agree within {_seconds(off)}.")
    said = f"This machine's clock is {_seconds(off)} {'ahead of' if off > 0 else 'behind'} Microsoft's."
    if abs(off) <= FAR:
        return warned(_ME, said, fix="Set the clock, or let the machine keep it by itself.")
    return failed(_ME, said, fix="Set the clock: certificates and tokens are refused with it.")


def _seconds(off: float) -> str:
    return counted(round(abs(off)), "second")
