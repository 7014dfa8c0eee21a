"""Check 8: whoever carries the migration out is not locked out by it."""

from __future__ import annotations

from migrate.decide.capability import Capabilities
from migrate.decide.checks.partner import check_partner, may_be_partner
from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.decide.coverage.judge import Judge
from migrate.decide.microsofts_what_if import disagreements_between, sign_ins_to_confirm
from migrate.decide.what_if import WhatIf
from migrate.model.capability import MfaCapable
from migrate.model.coverage import Verdict
from migrate.model.doctor import CheckName, CheckResult, TenantFacts
from migrate.model.explanation import SignIn
from migrate.model.token import Kind
from migrate.model.users import UserProfile

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
    judge = Judge(facts.evidence, apps_that_matter=None, baseline=facts.baseline)
    coverage = judge.coverage_of(operator.profile)
    capability = Capabilities(facts.evidence, judge).of(operator.profile, operator.registration)
    shown = [f"coverage: {coverage.verdict.value}", *coverage.covered_by, *_told_by_what_if(facts)]
    if capability.value is MfaCapable.NOT_CAPABLE:
        return failed(
            _ME,
            f"{operator.named} is {capability.sentence}; a policy would lock the account out.",
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
    if not capability.value.can_pass:
        return warned(
            _ME,
            f"{operator.named} is covered; MFA capable: {capability.sentence}.",
            shown,
            fix="Look at the account's security information, and sign in once with MFA.",
            page=_PAGE,
        )
    if disagreements := _disagreements(facts, operator.profile):
        return warned(
            _ME,
            f"{operator.named} is covered here, and Microsoft's What If says otherwise of one sign-in:",
            [*shown, *disagreements],
            fix="Look at the policies named with `mfa-migrate what-if --live`, before anybody rests on them.",
        )
    if facts.evaluated is None and not facts.from_export:
        return warned(
            _ME,
            f"{operator.named} is covered and MFA capable; Microsoft's What If could not be asked.",
            shown,
            fix="Try `mfa-migrate what-if --live` later, or the What If page in the portal.",
        )
    methods = operator.registration.methods_registered if operator.registration is not None else ()
    return passed(_ME, f"{operator.named} is covered and MFA capable.", [*shown, *methods])


def _told_by_what_if(facts: TenantFacts) -> list[str]:
    if facts.evaluated is None:
        asked = "is asked only where the tenant is" if facts.from_export else facts.evaluated_problem or "was not asked"
        return [f"Microsoft's What If {asked}"]
    applying = sorted(one.display_name for one in facts.evaluated if one.applies)
    return [f"applies by Microsoft's What If: {name}" for name in applying] or [
        "by Microsoft's What If no policy applies"
    ]


def _disagreements(facts: TenantFacts, profile: UserProfile) -> list[str]:
    """Return where Microsoft's own answer about the operator's ordinary sign-in is another than ours."""
    if facts.evaluated is None or facts.evidence is None:
        return []
    ours = WhatIf(facts.evidence).answer_for(profile, operators_sign_in())
    return disagreements_between(ours.policies, facts.evaluated)


def operators_sign_in() -> SignIn:
    """Return the one sign-in that Microsoft's What If is asked about: an ordinary one, in a browser."""
    return sign_ins_to_confirm(None)[0]
