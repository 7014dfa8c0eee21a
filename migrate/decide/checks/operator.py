"""Check 8: whoever carries the migration out is not locked out by it."""

from __future__ import annotations

from migrate.decide.checks.partner import check_partner, may_be_partner
from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.decide.coverage.judge import Judge
from migrate.model.coverage import Verdict
from migrate.model.doctor import CheckName, CheckResult, TenantFacts
from migrate.model.token import Kind

_ME = CheckName.OPERATOR
_PAGE = "https://aka.ms/mysecurityinfo"


def check(facts: TenantFacts) -> CheckResult:
    """Judge the operator as any other user; a partner's cannot be judged so, see `partner`."""
    token, operator = facts.token, facts.operator
    if token is not None and token.kind is Kind.APPLICATION:
        return skipped(_ME, "an application signs in, which no policy for people reaches")
    if token is not None and may_be_partner(facts):
        return check_partner(facts)
    if operator is None:
        return skipped(_ME, "who is signed in was not told")
    if operator.profile is None:
        return warned(
            _ME,
            f"{operator.named} is no user of this tenant, so whether it stays covered cannot be judged.",
            fix="A partner's operator needs the customer's own emergency account; anybody else signs in as a user.",
        )
    if facts.evidence is None:
        return skipped(_ME, facts.evidence_problem or "policies were not read")
    coverage = Judge(facts.evidence, apps_that_matter=None, baseline=facts.baseline).coverage_of(operator.profile)
    shown = [f"coverage: {coverage.verdict.value}", *coverage.covered_by]
    registration = operator.registration
    if registration is not None and not registration.is_mfa_capable:
        return failed(
            _ME,
            f"{operator.named} has no method that the tenant allows, and would be locked out by a policy.",
            shown,
            fix="Register a method first, or let somebody else carry the migration out.",
            page=_PAGE,
        )
    if coverage.verdict is not Verdict.COVERED:
        return warned(
            _ME,
            f"{operator.named} is not covered itself yet: {coverage.reason}.",
            shown,
            fix="Have the account covered first: a plan that disables people is stopped until then.",
        )
    if registration is None:
        return warned(
            _ME,
            f"{operator.named} is covered; its methods are not known.",
            shown,
            fix="Look at the account's security information, and sign in once with MFA.",
            page=_PAGE,
        )
    return passed(_ME, f"{operator.named} is covered and MFA capable.", [*shown, *registration.methods_registered])
