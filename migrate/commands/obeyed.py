"""Compare the configuration of this call with the one that a plan was made with, and say what is obeyed or refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from migrate.commands.call import Call
from migrate.commands.plan import excluded_by, rules_for
from migrate.errors import NothingHere, StalePlan
from migrate.model.findings import Finding, FindingCode
from migrate.model.made_with import ConfigDifference, Tightening
from migrate.model.plan import PlanHeader
from migrate.model.plan_basis import MadeWith
from migrate.model.rules import Rules
from migrate.store.folder import Workspace
from migrate.store.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from migrate.store.journal import JournalDb

BOTH_WAYS = (
    "Undo the edit of the configuration, or make a new plan by it: `mfa-migrate plan`, with --supersede where the run "
    "is begun."
)


def obeyed(call: Call, workspace: Workspace, plan: PlanHeader, *, today: date) -> Tightening | None:
    """Return what the configuration holds back since the plan was made; None where it says what it said then.

    Raises:
        StalePlan: Something was loosened, or its scope is another; the differences are named.
        ConfigProblem: A name in it is nobody's.
    """
    if plan.made_with is None:
        call.screen.warn(
            "this plan does not know its configuration, it is of an older version: what was edited since is not noticed"
        )
        return None
    if call.settings.config.emergency_access is None:
        raise StalePlan(
            "The configuration here names no emergency access, and the plan was made with one that does.",
            hint="Run it where mfa-migrate.toml lies, or name the file with --config.",
        )
    with _any_snapshot(workspace, plan) as snapshot:
        rules = rules_for(call.settings, snapshot, today=today)
        found = _differences(call, snapshot, plan, plan.made_with, rules)
    refuse(found)
    for difference in found:
        call.screen.warn(f"obeyed, though the plan is older: {said(difference)}")
    from migrate.decide.configuration import tightening

    return tightening(plan, plan.made_with, rules) if found else None


def refuse(found: Sequence[ConfigDifference]) -> None:
    """Raise StalePlan where a difference does more than tighten."""
    if loose := [said(each) for each in found if not each.tightens]:
        raise StalePlan(
            f"The configuration has changed since the plan was made, not only to hold back more: {'; '.join(loose)}.",
            hint=BOTH_WAYS,
        )


def configuration_findings(
    call: Call, snapshot: Snapshot, journal: JournalDb | None, plan: PlanHeader | None, *, today: date
) -> list[Finding]:
    """Return what the configuration says otherwise than a plan, and whom the run disabled whom it leaves out now."""
    if journal is None or plan is None or plan.made_with is None or call.settings.config.emergency_access is None:
        return []
    from migrate.decide.configuration import tightening
    from migrate.engine.history import disabled_by

    rules = rules_for(call.settings, snapshot, today=today)
    found = [
        Finding(
            code=FindingCode.CONFIGURATION_DIFFERS,
            subject=each.part.value,
            subject_id="",
            sentence="says something else than when the plan was made",
            evidence=f"then {each.then}; now {each.now}",
        )
        for each in _differences(call, snapshot, plan, plan.made_with, rules)
    ]
    people = tightening(plan, plan.made_with, rules).people
    return found + [
        Finding(
            code=FindingCode.CONFIGURATION_DIFFERS,
            subject=name,
            subject_id=user_id,
            sentence="was disabled by the run, and the configuration leaves this user out now",
            evidence=f"goes back with `mfa-migrate rollback --users {name}`",
        )
        for user_id, name in disabled_by(journal, plan.digest).items()
        if user_id in people
    ]


def accepted_by_name(call: Call, snapshot: Snapshot, *, today: date) -> frozenset[str]:
    """Return the ids of the people whom `[[policy.exclude]]` accepts by name now. Raises ConfigProblem."""
    if call.settings.config.emergency_access is None:
        return frozenset()
    exclusions = rules_for(call.settings, snapshot, today=today).policy_exclusions
    return frozenset(one.id for one in exclusions if one.accepted)


def said(difference: ConfigDifference) -> str:
    """Return a difference in words."""
    return f"{difference.part.value}: {difference.then} -> {difference.now}"


def say_who_is_off(call: Call, journal: JournalDb, plan: PlanHeader, held: Tightening | None) -> None:
    """Warn about people whom the run disabled before the configuration took them out."""
    from migrate.engine.history import disabled_by

    if held is None:
        return
    if off := [name for user, name in disabled_by(journal, plan.digest).items() if user in held.people]:
        call.screen.warn(
            f"disabled by this run before the configuration left them out: {', '.join(sorted(off))}. "
            f"Put them back with: mfa-migrate rollback --users {','.join(sorted(off))}"
        )


def _differences(
    call: Call, snapshot: Snapshot, plan: PlanHeader, then: MadeWith, rules: Rules
) -> list[ConfigDifference]:
    from migrate.decide.configuration import differences, made_with

    def name(user_id: str) -> str:
        user = snapshot.user(user_id)
        return user_id if user is None else user.profile.user_principal_name

    now = made_with(rules, excluded_by(call.settings.config, snapshot))
    return differences(plan, then, rules, now, name)


def _any_snapshot(workspace: Workspace, plan: PlanHeader) -> Snapshot:
    """Return the plan's snapshot, or where that is gone the present one: names mean the same people in both."""
    try:
        return open_snapshot(workspace, plan.snapshot_id)
    except NothingHere:
        return open_snapshot(workspace)
