"""Check 9: the accounts of the directory synchronization, which cannot answer a prompt, are caught by no policy."""

from __future__ import annotations

from migrate.decide.checks.verdicts import failed, passed, skipped, warned
from migrate.decide.directory_sync import are_unknown, sync_accounts, would_catch
from migrate.model.doctor import CheckName, CheckResult, TenantFacts
from migrate.model.evidence import PolicyState
from migrate.model.words import counted

_ME = CheckName.DIRECTORY_SYNC
_PAGE = "https://learn.microsoft.com/entra/identity/hybrid/connect/reference-connect-accounts-permissions"


def check(facts: TenantFacts) -> CheckResult:
    """Look at who holds the two roles, and whom the policies catch."""
    evidence = facts.evidence
    if evidence is None:
        return skipped(_ME, facts.evidence_problem or "policies were not read")
    if are_unknown(evidence):
        return warned(
            _ME,
            "Who holds the roles of the directory synchronization was not read.",
            fix="Have RoleManagement.Read.Directory granted, and run it again.",
        )
    accounts = sorted(sync_accounts(evidence))
    wanted = {name.casefold() for name in facts.switch_on}
    planned, enabled = list[str](), list[str]()
    for policy in evidence.policies:
        caught = [
            f"{policy.display_name} catches {facts.names.get(one, one)}"
            for one in accounts
            if would_catch(policy, one, evidence)
        ]
        if policy.id.casefold() in wanted or policy.display_name.casefold() in wanted:
            planned += caught
        elif policy.policy_state is PolicyState.ENABLED:
            enabled += caught
    fix = "Exclude the role Directory Synchronization Accounts from these policies."
    if planned:
        said = "A policy that is to be switched on asks an account of the synchronization for what it cannot answer."
        return failed(_ME, said, planned, fix=fix, page=_PAGE)
    if enabled:
        said = "An enabled policy reaches an account of the synchronization; it works as long as it asks elsewhere."
        return warned(_ME, said, enabled, fix=fix, page=_PAGE)
    return passed(_ME, f"{counted(len(accounts), 'account')} of the directory synchronization, none caught.")
