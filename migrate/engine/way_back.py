"""What the journal holds of the way back: a row for everybody who was touched, and what a rollback makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from migrate.decide.reverser import Rollback, Source, facts_of, rollback_for
from migrate.engine.history import (
    begun_plans,
    latest_entries,
    latest_migration,
    net_touched,
    plans_in_force,
    policy_steps_begun,
)
from migrate.engine.ports import Journal
from migrate.errors import NothingHere, UsageProblem
from migrate.model.journal import JournalEntry, Outcome
from migrate.model.plan import Limits
from migrate.model.rollback import RollbackRow


def rollback_rows(journal: Journal, digests: Sequence[str], tenant_id: str) -> Iterator[RollbackRow]:
    """Yield one row for every user whom these runs touched, by wave and id."""
    for touched in net_touched(journal, digests):
        yield RollbackRow(
            user_id=touched.user_id,
            user_principal_name=touched.user_principal_name,
            previous_state=touched.before,
            target_state=touched.requested,
            wave=touched.wave,
            tenant_id=tenant_id,
            plan_digest=touched.plan_digest,
        )


def still_owed(rows: Iterable[RollbackRow], journal: Journal, digests: Sequence[str]) -> Iterator[RollbackRow]:
    """Yield those of the rows of these runs whose users the journal does not show to be as before.

    A row is written before the intent. Where the intent was lost since, with the end of the journal, the user may be
    off all the same.
    """
    latest: dict[str, dict[str, JournalEntry]] = {}
    for row in rows:
        if row.plan_digest in digests:
            if row.plan_digest not in latest:
                latest[row.plan_digest] = latest_entries(journal, row.plan_digest)
            entry = latest[row.plan_digest].get(row.user_id)
            if entry is None or entry.outcome is not Outcome.SKIPPED or entry.observed == row.target_state:
                yield row


def source_in(journal: Journal, *, run: str | None, tenant_id: str) -> Source:
    """Return what can be put back of all runs in force, or of the one whose digest begins with `run`.

    Raises UsageProblem when there is no such run, or more than one, and NothingHere when there is none at all.
    """
    plans = plans_in_force(journal)
    if run is not None:
        plans = [entry for entry in begun_plans(journal) if entry[0].startswith(run.lower())]
    if not plans and run is None and not begun_plans(journal):
        raise NothingHere(
            "Nothing has been applied from this folder yet, only rehearsed, so there is nothing to roll back.",
            hint="Use --file rollback.csv to roll back from the files of another folder.",
        )
    if not plans and run is None:
        raise UsageProblem(
            "The journal holds no run that could be rolled back: here was only rolled back from files.",
            hint="Give the file again with --file, or undo the rollback with --run DIGEST (see `audit export`).",
        )
    if len(plans) != 1 and run is not None:
        raise UsageProblem(
            f"There is {'more than one' if plans else 'no'} run {run} in the journal.",
            hint="`mfa-migrate audit export` lists every run with its PlanDigest.",
        )
    digests = tuple(digest for digest, _ in plans)
    return Source(
        rows=tuple(rollback_rows(journal, digests, tenant_id)),
        policy_steps=tuple(policy_steps_begun(journal, plans)),
        facts=facts_of(plans[-1][1]),
        whole=digests,
    )


def runs_undone(journal: Journal, source: Source, rolled: Rollback) -> tuple[str, ...]:
    """Return the runs of this journal that a rollback puts back as a whole.

    An older file does not know who was switched off after it was written.
    """
    begun = {digest for digest, _ in begun_plans(journal)}
    restored = {step.user_id for step in rolled.steps}
    return tuple(
        digest
        for digest in source.whole
        if digest in begun and all(user.user_id in restored for user in journal.touched([digest]))
    )


def rollback_from(source: Source, journal: Journal, limits: Limits, *, created_at: str, tool_version: str) -> Rollback:
    """Return the plan that puts a source back, with the exceptions of the migration that was begun last.

    `limits` are those of the configuration; how long policies settle says that migration, where there is one.
    """
    latest = latest_migration(journal)
    settle = limits if latest is None else latest.limits
    return rollback_for(
        source.rows,
        source.policy_steps,
        source.facts,
        created_at=created_at,
        tool_version=tool_version,
        readback_timeout_seconds=limits.readback_timeout_seconds,
        apps_that_matter=None if latest is None else latest.apps_that_matter,
        baseline_scopes=None if latest is None else latest.baseline_scopes,
        accepted_gaps=() if latest is None else latest.accepted_gaps,
        emergency_access=() if latest is None else latest.emergency_access,
        policy_settle_seconds=settle.policy_settle_seconds,
        made_from=journal.head[1],
        may_be_off=source.may_be_off,
    )
