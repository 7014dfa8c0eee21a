"""Check 13: a backup of Microsoft's own that is younger than a day, where it is asked for."""

from __future__ import annotations

from migrate.decide.checks.verdicts import passed, skipped, warned
from migrate.model.doctor import CheckName, CheckResult, TenantFacts

_ME = CheckName.BACKUP
_PAGE = "https://learn.microsoft.com/entra/backup/"
FRESH_HOURS = 26
"""One a day is made; two hours of grace."""


def check(facts: TenantFacts) -> CheckResult:
    """Look at the age of the newest snapshot."""
    if facts.from_export:
        return skipped(_ME, "an export tells nothing of it")
    if not facts.backup_asked:
        needs = "EntraBackup.Read.All, and of a person the role Entra Backup Reader"
        return skipped(_ME, f"not asked for; add --with backup (it needs {needs})")
    if facts.backup_problem:
        return skipped(_ME, facts.backup_problem)
    if facts.backup_age_hours is None:
        return warned(_ME, "Entra Backup has no snapshot.", fix="Our own way back does not need it.", page=_PAGE)
    if facts.backup_age_hours >= FRESH_HOURS:
        return warned(
            _ME,
            f"The newest snapshot of Entra Backup is {facts.backup_age_hours:.0f} hours old.",
            fix="Look at Backup and recovery in the portal; our own way back does not need it.",
            page=_PAGE,
        )
    return passed(_ME, f"The newest snapshot of Entra Backup is {facts.backup_age_hours:.0f} hours old.")
