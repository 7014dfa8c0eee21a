"""What the checks of `doctor` mean for a plan: a check that failed is a blocker or a warning of it.

Only what an export shows is looked at here; what the plan says by itself is not said twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from migrate.decide.checks.emergency_accounts import Trouble, troubles
from migrate.decide.checks.every_check import CHECKS, Stops, looked_at
from migrate.model.doctor import CheckName, CheckResult, Standing, TenantFacts
from migrate.model.plan import PlanNote, Severity

SAID_BY_THE_PLAN: dict[CheckName, frozenset[str]] = {
    CheckName.LICENCE: frozenset({"no-licence"}),
    CheckName.SECURITY_DEFAULTS: frozenset({"security-defaults"}),
    CheckName.OPERATOR: frozenset({"operator-not-covered"}),
    CheckName.DIRECTORY_SYNC: frozenset({"directory-sync-not-excluded"}),
}
"""Notes by which a plan says itself what a check found."""


def code_of(check: CheckName) -> str:
    """Return the code of the note that a failed check leaves in a plan."""
    return f"doctor-{check}"


def check_notes(facts: TenantFacts, *, said: Collection[str], planned: int) -> Iterator[PlanNote]:
    """Yield a note for each check that the export fails.

    Args:
        facts: What the export tells.
        said: Codes of the notes that the plan has already.
        planned: How many people the plan disables.
    """
    facts = msgspec.structs.replace(facts, planned_users=planned)
    for result in looked_at(facts, frozenset(CheckName)):
        if result.standing is not Standing.FAIL or SAID_BY_THE_PLAN.get(result.check, frozenset()) & set(said):
            continue
        evidence = _left_to_say(result, facts, said)
        if evidence is None:
            continue
        stops = CHECKS[result.check][1] is Stops.APPLY
        shown = f" ({'; '.join(evidence)})" if evidence else ""
        yield PlanNote(
            severity=Severity.BLOCKER if stops else Severity.WARNING,
            code=code_of(result.check),
            sentence=f"{result.says.rstrip('.')}{shown}. {result.fix}",
        )


def _left_to_say(result: CheckResult, facts: TenantFacts, said: Collection[str]) -> tuple[str, ...] | None:
    """Return the evidence that is new; None where the plan names every account that is switched off, and all are."""
    is_said = "emergency-access-disabled" in said
    if result.check is not CheckName.EMERGENCY_ACCOUNTS or not is_said or facts.evidence is None:
        return result.evidence
    return tuple(told for kind, told in troubles(facts, facts.evidence) if kind is not Trouble.SWITCHED_OFF) or None
