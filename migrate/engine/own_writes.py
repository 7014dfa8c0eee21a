"""Every change that the journal knows of, with the time in which an audit event of it may lie."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime

from migrate.engine.ports import Journal
from migrate.model.directory_audit import OwnWrite
from migrate.model.instants import moment_of
from migrate.model.journal import ACCEPTED, JournalEntry, Operation, Outcome
from migrate.model.snapshot import UNTOLD_ACTOR

_WRITES = (
    Operation.SET_MFA_STATE,
    Operation.CREATE_POLICY,
    Operation.SET_POLICY_STATE,
    Operation.SET_POLICY_SCOPE,
    Operation.DELETE_POLICY,
)


def own_writes(journal: Journal, plan_digest: str | None = None) -> Iterator[OwnWrite]:
    """Yield the changes of one run, or of every run and way back, in the order of the journal.

    Those that failed left no event; the ones that were accepted and not read back may have.
    """
    for operation in _WRITES:
        yield from _of(journal, operation, plan_digest)


def _of(journal: Journal, operation: Operation, plan_digest: str | None) -> Iterator[OwnWrite]:
    begun: dict[str, datetime] = {}
    outcomes = [Outcome.INTENT, *ACCEPTED]
    for entry in journal.entries(plan_digest=plan_digest, operation=operation, outcomes=outcomes):
        machine = moment_of(entry.time_utc)
        if entry.outcome is Outcome.INTENT:
            if machine is not None:
                begun[entry.client_request_id or entry.object_id] = machine
            continue
        key = entry.client_request_id or entry.object_id
        # Nothing follows a confirmation: what is kept of intents is what is open, not all that ever was.
        intended = begun.pop(key, None) if entry.outcome is Outcome.CONFIRMED else begun.get(key)
        write = _write(entry, intended, machine)
        if write is not None:
            yield write


def _write(entry: JournalEntry, begun: datetime | None, machine: datetime | None) -> OwnWrite | None:
    ended = moment_of(entry.server_date) or machine
    if ended is None or not entry.object_id:
        return None
    # The intent has this machine's time alone; how long the change took is the same by either clock.
    took = (machine - begun).total_seconds() if begun is not None and machine is not None else 0.0
    end = int(ended.timestamp())
    return OwnWrite(
        wave=entry.wave or 0,
        target_id=entry.object_id.lower(),
        target_name=entry.user_principal_name,
        is_user=entry.operation is Operation.SET_MFA_STATE,
        requested=entry.requested,
        begun=int(end - max(0.0, took)),
        ended=end,
        # A million writes are of a few people.
        actor=None if entry.actor in ("", UNTOLD_ACTOR) else sys.intern(entry.actor.lower()),
    )
