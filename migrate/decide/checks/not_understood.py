"""Check 12: what this program does not understand of the tenant's policies, by name."""

from __future__ import annotations

from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.decide.coverage.context import context_of
from migrate.model.doctor import CheckName, CheckResult, TenantFacts
from migrate.model.evidence import PolicyState

_ME = CheckName.NOT_UNDERSTOOD
_PAGE = "mfa-migrate help coverage"


def check(facts: TenantFacts) -> CheckResult:
    """Read each policy strictly and name what remains; plans and beta members that were not read are named too."""
    evidence = facts.evidence
    if evidence is None:
        return skipped(_ME, facts.evidence_problem or "policies were not read")
    readings = [one for one in context_of(evidence).readings if one.policy.policy_state is not PolicyState.DISABLED]
    doubtful = [f"{one.name}: {problem.sentence}" for one in readings for problem in one.problems]
    if any(one.problems and one.policy.policy_state is None for one in readings):
        return failed(
            _ME,
            "A policy is in a state that this version does not know, so nothing that rests on it is proven.",
            doubtful,
            fix="Use a newer version of mfa-migrate, or look at the policy in the portal.",
            page=_PAGE,
        )
    notes = list(evidence.beta.notes.values()) if evidence.beta is not None else []
    if doubtful or notes:
        return warned(
            _ME,
            "Not everything is understood; whoever would rest on it is held back.",
            [*doubtful, *notes],
            fix="Read the page on what is not understood, and look at these in the portal.",
            page=_PAGE,
        )
    return passed(_ME, f"All {len(readings)} policies that are not switched off are understood.")
