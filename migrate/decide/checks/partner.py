"""What takes the place of "the operator stays covered" where a partner's operator (GDAP) works in a customer's tenant.

A partner is no user of the tenant, so coverage cannot be judged. What can be: which policies reach service providers,
and whether the customer has an emergency account of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from migrate.decide.checks.verdicts import failed, passed, warned
from migrate.model.doctor import CheckName, CheckResult, TenantFacts
from migrate.model.evidence import ConditionalAccessPolicy, PolicyState
from migrate.model.record import JsonObject

_ME = CheckName.OPERATOR
_PAGE = "https://learn.microsoft.com/partner-center/customers/gdap-faq"


def may_be_partner(facts: TenantFacts) -> bool:
    """Tell whether the person comes from another tenant and is no user here."""
    if facts.token is None or facts.token.home_tenant is None:
        return False
    return bool(facts.is_partner) or facts.operator is None or facts.operator.profile is None


def check_partner(facts: TenantFacts) -> CheckResult:
    """Look at what can be judged."""
    assert facts.token is not None
    known = "the tenant's settings name it as a service provider" if facts.is_partner else "not confirmed by the tenant"
    who = f"{facts.token.name} of {facts.token.home_tenant} ({known})"
    own = [account.named for account in facts.emergency if account.profile is not None]
    if not own:
        return failed(
            _ME,
            "A partner works here, and the customer has no emergency account of its own.",
            [who],
            fix="Name one of the customer's own under [emergency_access].",
            page=_PAGE,
        )
    if facts.evidence is None:
        return warned(_ME, "A partner works here, and the policies were not read.", [who], fix=facts.evidence_problem)
    reaching = list(_reaching(facts, facts.token.home_tenant or ""))
    if reaching:
        return warned(
            _ME,
            "A partner works here, whom these policies reach; strengths, devices and locations can shut it out:",
            [who, *reaching],
            fix="Exclude service provider users of the partner's tenant from them, or keep the customer at hand.",
            page=_PAGE,
        )
    return passed(_ME, "A partner works here; no policy in force or planned reaches it.", [who, *own])


def _reaching(facts: TenantFacts, home: str) -> Iterator[str]:
    assert facts.evidence is not None
    wanted = {name.casefold() for name in facts.switch_on}
    for policy in facts.evidence.policies:
        planned = policy.id.casefold() in wanted or policy.display_name.casefold() in wanted
        if (policy.policy_state is PolicyState.ENABLED or planned) and reaches_providers(policy, home):
            yield policy.display_name


def reaches_providers(policy: ConditionalAccessPolicy, home: str) -> bool:
    """Tell whether a policy reaches service provider users of a tenant and does not exclude them."""
    users = (policy.raw.get("conditions") or {}).get("users") or {}
    included = "All" in (users.get("includeUsers") or ()) or _names(users.get("includeGuestsOrExternalUsers"), home)
    return bool(included) and not _names(users.get("excludeGuestsOrExternalUsers"), home)


def _names(guests: JsonObject | None, home: str) -> bool:
    kinds = str((guests or {}).get("guestOrExternalUserTypes") or "").casefold()
    if "serviceprovider" not in kinds:
        return False
    tenants = ((guests or {}).get("externalTenants") or {}).get("members")
    return tenants is None or home.casefold() in {str(one).casefold() for one in tenants}
