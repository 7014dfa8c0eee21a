"""Check 4: Entra ID P1 or P2 is there, with a seat for everybody who is planned."""

from __future__ import annotations

from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.model.doctor import CheckName, CheckResult, TenantFacts

_ME = CheckName.LICENCE
_PAGE = "https://learn.microsoft.com/entra/identity/authentication/concept-mfa-licensing"


def check(facts: TenantFacts) -> CheckResult:
    """Count the seats of subscriptions that bring Conditional Access."""
    if facts.skus is None:
        return skipped(_ME, facts.skus_problem or "the subscriptions were not read")
    fitting = [sku for sku in facts.skus if sku.allows_conditional_access]
    if not fitting:
        return failed(
            _ME,
            "No subscription in force brings Entra ID P1 or P2, so there is no Conditional Access.",
            [f"{sku.sku_part_number}: {sku.capability_status}" for sku in facts.skus],
            fix="Get Entra ID P1, or take security defaults; keep per-user MFA until then.",
            page=_PAGE,
        )
    seats = sum(sku.enabled_units for sku in fitting)
    shown = [f"{sku.sku_part_number}: {sku.enabled_units} seats" for sku in fitting]
    if facts.planned_users is not None and seats < facts.planned_users:
        return warned(
            _ME,
            f"{facts.planned_users} people are planned, and there are {seats} seats.",
            shown,
            fix="Conditional Access works all the same; each missing seat is one to be had.",
            page=_PAGE,
        )
    return passed(_ME, f"{seats} seats of Entra ID P1 or P2.", shown)
