"""Count an audit for people, in one pass over its entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from migrate.model.audit_summary import AuditedRun, AuditSummary
from migrate.model.journal import JournalEntry, Operation, Outcome

_OF_POLICIES = frozenset(
    {Operation.CREATE_POLICY, Operation.SET_POLICY_STATE, Operation.SET_POLICY_SCOPE, Operation.DELETE_POLICY}
)


def audit_summary(entries: Iterable[JournalEntry]) -> AuditSummary:
    """Return what the entries amount to; they come in order and are taken one at a time."""
    operations: dict[str, Counter[str]] = {}
    runs: dict[str, _Run] = {}
    first = last = ""
    number = 0
    for entry in entries:
        number += 1
        first, last = first or entry.time_utc, entry.time_utc
        operations.setdefault(entry.operation.value, Counter())[entry.outcome.value] += 1
        if entry.plan_digest:
            runs.setdefault(entry.plan_digest, _Run(entry.time_utc)).take(entry)
    return AuditSummary(
        entries=number,
        first=first,
        last=last,
        operations={name: dict(sorted(counts.items())) for name, counts in sorted(operations.items())},
        runs=tuple(run.found(digest) for digest, run in runs.items()),
    )


class _Run:
    """The entries of one run."""

    def __init__(self, first: str) -> None:
        self._first = self._last = first
        self._actors: dict[str, None] = {}
        self._people: dict[str, Outcome] = {}
        self._policies: Counter[str] = Counter()
        self._closed = False

    def take(self, entry: JournalEntry) -> None:
        self._last = entry.time_utc
        self._actors[entry.actor] = None
        if entry.operation is Operation.SET_MFA_STATE:
            self._people[entry.object_id] = entry.outcome
        elif entry.operation is Operation.CLOSE_RUN and entry.outcome is Outcome.CLOSED:
            self._closed = True
        elif entry.operation in _OF_POLICIES and entry.outcome is not Outcome.INTENT:
            self._policies[entry.outcome.value] += 1

    def found(self, digest: str) -> AuditedRun:
        people = Counter(outcome.value for outcome in self._people.values())
        return AuditedRun(
            plan_digest=digest,
            first=self._first,
            last=self._last,
            actors=tuple(self._actors),
            people=dict(sorted(people.items())),
            policies=dict(sorted(self._policies.items())),
            closed=self._closed,
        )
