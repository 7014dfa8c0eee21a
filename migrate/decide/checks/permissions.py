"""Check 2: the token holds what reading needs, and nothing that could do harm besides."""

from __future__ import annotations

from migrate.decide.access import METHODS_OF_PEOPLE, dangerous_of, missing_for_reading, missing_for_writing
from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.model.doctor import CheckName, CheckResult, TenantFacts
from migrate.model.words import counted

_ME = CheckName.PERMISSIONS


def check(facts: TenantFacts) -> CheckResult:
    """Compare the token with the table of permissions; an opaque one is judged by what could be read with it."""
    if facts.from_export:
        return skipped(_ME, "an export is no token")
    token = facts.token
    if token is None:
        return _by_reading(facts)
    missing = missing_for_reading(token)
    if missing:
        return failed(
            _ME,
            f"The token lacks {counted(len(missing), 'permission')} for reading.",
            missing,
            fix="Have it consented to with the link below, or make an application of your own with the commands below.",
        )
    surplus = dangerous_of(token)
    if surplus:
        worst = [name for name in surplus if name.startswith(METHODS_OF_PEOPLE)]
        said = " Among them are permissions over people's AUTHENTICATION METHODS." if worst else ""
        return warned(
            _ME,
            f"The token holds {counted(len(surplus), 'permission')} that no command needs.{said}",
            surplus,
            fix="Use an application of your own, with the commands below.",
        )
    if facts.planned_users and (wanting := missing_for_writing(token)):
        return warned(
            _ME,
            "A plan waits, and the token can read only; people are asked for the rest by `apply` itself.",
            wanting,
            fix="Grant an application the write permissions for the run, and take them away after it.",
        )
    return passed(_ME, f"All {counted(len(token.held), 'permission')} of the token are ours.", sorted(token.held))


def _by_reading(facts: TenantFacts) -> CheckResult:
    problems = [problem for problem in (facts.skus_problem, facts.evidence_problem) if problem]
    if problems:
        return failed(_ME, "The token is opaque, and not everything could be read with it.", problems, fix=problems[0])
    return passed(_ME, "The token is opaque; everything that the checks need could be read with it.")
