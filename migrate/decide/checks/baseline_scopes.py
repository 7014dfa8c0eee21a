"""Check 6: how sign-ins for baseline scopes are judged is known, where a policy excludes a resource."""

from __future__ import annotations

from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.model.doctor import CheckName, CheckResult, TenantFacts
from migrate.model.evidence import ConditionalAccessPolicy, PolicyState
from migrate.model.tenant_settings import BASELINE_PAGE, BaselineSetting

_ME = CheckName.BASELINE_SCOPES


def check(facts: TenantFacts) -> CheckResult:
    """Compare the operator's answer with the policies for all resources that exclude one."""
    if facts.evidence is None:
        return skipped(_ME, facts.evidence_problem or "policies were not read")
    excluding = [policy.display_name for policy in facts.evidence.policies if _excludes_a_resource(policy)]
    answer = facts.baseline
    if answer.setting is BaselineSetting.ENFORCED:
        return passed(_ME, f"Baseline scopes are {answer.words}.")
    if not excluding:
        return passed(_ME, "No enabled policy for all resources excludes one, so the setting changes nothing.")
    if answer.setting is BaselineSetting.UNANSWERED:
        return warned(
            _ME,
            "Whether sign-ins for baseline scopes are enforced is not known; whoever rests on these policies is held.",
            excluding,
            fix='Look at the page and write baseline_scopes = "enforced" (or what it shows), with by and on.',
            page=BASELINE_PAGE,
        )
    return failed(
        _ME,
        f"Baseline scopes are {answer.words}: policies that exclude a resource do not reach them.",
        excluding,
        fix="Enforce them on the page, or take the exclusion of resources out of the policies.",
        page=BASELINE_PAGE,
    )


def _excludes_a_resource(policy: ConditionalAccessPolicy) -> bool:
    applications = (policy.raw.get("conditions") or {}).get("applications") or {}
    everything = "All" in (applications.get("includeApplications") or ())
    return policy.policy_state is PolicyState.ENABLED and everything and bool(applications.get("excludeApplications"))
