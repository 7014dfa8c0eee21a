"""Check 1: the sign-in reaches the tenant that was asked for, in a way that is worth keeping."""

from __future__ import annotations

from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.model.access import SignInMethod
from migrate.model.doctor import CheckName, CheckResult, TenantFacts

_ME = CheckName.SIGN_IN
_PAGE = "https://learn.microsoft.com/entra/identity/conditional-access/policy-block-authentication-flows"


def check(facts: TenantFacts) -> CheckResult:
    """Compare the token's tenant with the organization, and look at the way of signing in."""
    sign_in, organization = facts.sign_in, facts.organization
    if facts.from_export or sign_in is None:
        return skipped(_ME, "an export tells nothing of a sign-in")
    if sign_in.problem is not None:
        return failed(_ME, sign_in.problem, fix=sign_in.hint)
    if organization is None:
        return skipped(_ME, "the organization could not be read; User.Read.All is what it takes")
    found = f"{organization.default_domain} ({organization.tenant_id}), cloud {sign_in.cloud}"
    if sign_in.token_tenant is not None and sign_in.token_tenant.lower() != organization.tenant_id.lower():
        return failed(
            _ME,
            f"The token is for the tenant {sign_in.token_tenant}, and Graph shows {organization.tenant_id}.",
            fix="Sign in again with --tenant and the tenant's id.",
        )
    if sign_in.method == SignInMethod.DEVICE_CODE:
        return warned(
            _ME,
            "A device code works here, which Microsoft, CISA and CIS advise to block.",
            [found],
            fix="Sign in with --sign-in browser, and block the flow.",
            page=_PAGE,
        )
    if sign_in.method == SignInMethod.CLIENT_SECRET:
        return warned(
            _ME,
            "The application signs in with a secret, which can be copied.",
            [found],
            fix="Use --sign-in certificate, or a managed identity.",
        )
    return passed(_ME, f"Signed in to {found}.", [f"by {sign_in.method}"])
