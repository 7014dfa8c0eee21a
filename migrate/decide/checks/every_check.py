"""All checks in one table, with what each stops when it fails."""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum

from migrate.decide.checks import (
    backup,
    baseline_scopes,
    clock,
    directory_sync,
    emergency_accounts,
    licence,
    managed_policies,
    methods_policy,
    not_understood,
    operator,
    permissions,
    role,
    security_defaults,
    sign_in,
)
from migrate.model.doctor import CheckName, CheckResult, Standing, TenantFacts


class Stops(StrEnum):
    """What a failed check stops."""

    EVERYTHING = "every command that asks the tenant"
    APPLY = "apply"
    WAVES = "the people who rest on it"
    NOTHING = "nothing"


Check = Callable[[TenantFacts], CheckResult]

CHECKS: dict[CheckName, tuple[Check, Stops]] = {
    CheckName.SIGN_IN: (sign_in.check, Stops.EVERYTHING),
    CheckName.PERMISSIONS: (permissions.check, Stops.APPLY),
    CheckName.ROLE: (role.check, Stops.APPLY),
    CheckName.LICENCE: (licence.check, Stops.APPLY),
    CheckName.SECURITY_DEFAULTS: (security_defaults.check, Stops.APPLY),
    CheckName.BASELINE_SCOPES: (baseline_scopes.check, Stops.WAVES),
    CheckName.EMERGENCY_ACCOUNTS: (emergency_accounts.check, Stops.APPLY),
    CheckName.OPERATOR: (operator.check, Stops.APPLY),
    CheckName.DIRECTORY_SYNC: (directory_sync.check, Stops.APPLY),
    CheckName.METHODS_POLICY: (methods_policy.check, Stops.NOTHING),
    CheckName.MANAGED_POLICIES: (managed_policies.check, Stops.NOTHING),
    CheckName.NOT_UNDERSTOOD: (not_understood.check, Stops.WAVES),
    CheckName.BACKUP: (backup.check, Stops.NOTHING),
    CheckName.CLOCK: (clock.check, Stops.NOTHING),
}


def looked_at(facts: TenantFacts, wanted: Collection[CheckName]) -> tuple[CheckResult, ...]:
    """Make the checks that are wanted; where nobody could sign in, all others are skipped by name."""
    no_sign_in = facts.sign_in is not None and facts.sign_in.problem is not None
    results = []
    for name, (check, _) in CHECKS.items():
        if name not in wanted:
            continue
        if no_sign_in and name is not CheckName.SIGN_IN:
            results.append(CheckResult(check=name, standing=Standing.SKIPPED, says="nobody could sign in"))
        else:
            results.append(check(facts))
    return tuple(results)
