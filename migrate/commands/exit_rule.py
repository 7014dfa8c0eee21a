"""Numbers of report-only policies from what was read of the sign-in log, for the one who asks and for `apply`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import TYPE_CHECKING

from migrate.commands.sign_in_evidence import folders_log
from migrate.config import Config
from migrate.errors import NothingHere
from migrate.model.evidence import ConditionalAccessPolicy
from migrate.model.sign_ins import SeenAs, SignInSource
from migrate.store.folder import Workspace
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from migrate.decide.sign_ins.report_only import InScope
    from migrate.decide.what_if import WhatIf
    from migrate.model.report_only import ReportOnlyNumbers


def log_in(workspace: Workspace) -> tuple[tuple[SignInSource, ...], list[SeenAs]]:
    """Return the readings and everybody in them.

    Raises:
        FolderDamaged: It is not what was written.
    """
    log = folders_log(workspace)
    return log.sources, log.people


def numbers_of(
    policies: Iterable[ConditionalAccessPolicy], workspace: Workspace, snapshot: Snapshot, config: Config, today: date
) -> Iterator[ReportOnlyNumbers]:
    """Yield the numbers of these policies. Raises as `log_in`."""
    from migrate.decide.coverage.context import evidence_with
    from migrate.decide.sign_ins.report_only import report_only_numbers
    from migrate.decide.what_if import WhatIf

    sources, people = log_in(workspace)
    accepted = frozenset(entry.user.casefold() for entry in config.accept_caught if today < entry.expires)
    for policy in policies:
        what_if = WhatIf(evidence_with(snapshot.evidence(), (policy,)))
        scope = dict(_scope(policy, what_if, snapshot, accepted))
        yield report_only_numbers(policy, people, sources, scope, config.sign_ins.exit_rule.limits)


def _scope(
    policy: ConditionalAccessPolicy, what_if: WhatIf, snapshot: Snapshot, accepted: frozenset[str]
) -> Iterator[tuple[str, InScope]]:
    """Yield the enabled people to whom a policy is, or may be, assigned."""
    from migrate.decide.capability import capabilities_today
    from migrate.decide.sign_ins.report_only import InScope
    from migrate.model.capability import MfaCapable

    capable = capabilities_today(snapshot.evidence())
    place = next(number for number, reading in enumerate(what_if.readings) if reading.id == policy.id)
    for user in snapshot.users():
        profile = user.profile
        if profile.is_agent or profile.account_enabled is False or what_if.assigned_to(profile)[place] is False:
            continue
        value = capable.of(profile, user.registration).value
        yield (
            profile.id.lower(),
            InScope(
                capable=None if value is MfaCapable.UNKNOWN else value.can_pass,
                accepted=bool({profile.id.casefold(), profile.user_principal_name.casefold()} & accepted),
            ),
        )


def numbers_for_apply(policy: ConditionalAccessPolicy, workspace: Workspace, config: Config) -> ReportOnlyNumbers:
    """Return the numbers that a policy is switched on by. Raises as `log_in`."""
    from migrate.decide.sign_ins.report_only import numbers_without
    from migrate.model.report_only import MissingData

    try:
        snapshot = open_snapshot(workspace)
    except NothingHere:
        return numbers_without(policy, MissingData.NO_LOG)
    with snapshot:
        return next(numbers_of([policy], workspace, snapshot, config, snapshot.header.taken_on))
