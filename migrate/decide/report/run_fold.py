"""Fold the journal into what the report needs of a run: when each wave began and ended, and the last of each kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from migrate.model.instants import iso_utc, moment_of
from migrate.model.journal import DONE, JournalEntry, Operation, Outcome

_SENT = DONE | {Outcome.INTENT, Outcome.UNCONFIRMED, Outcome.FAILED}
_CHANGES = frozenset(
    {
        Operation.SET_MFA_STATE,
        Operation.CREATE_POLICY,
        Operation.SET_POLICY_STATE,
        Operation.SET_POLICY_SCOPE,
        Operation.DELETE_POLICY,
    }
)


class RunFold:
    """Goes through the entries once."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self.last_write = ""
        self.last_write_number = 0
        self.verified: JournalEntry | None = None
        self.opened: JournalEntry | None = None
        """How the last run of any kind was opened."""
        self.actor = ""
        self.latest = ""
        self.began: dict[tuple[str, int], str] = {}
        """When the first change of a wave was read back, by run and wave."""
        self.ended: dict[tuple[str, int], str] = {}

    def passing(self, entries: Iterable[JournalEntry]) -> Iterator[JournalEntry]:
        """Pass the entries on and note what they tell."""
        for entry in entries:
            self._take(entry)
            yield entry

    def _take(self, entry: JournalEntry) -> None:
        at = _time_of(entry)
        if at > self.latest:
            self.latest = at
        match entry.operation:
            case Operation.VERIFIED:
                self.verified = entry
            case Operation.OPEN_RUN if entry.outcome is Outcome.OPENED:
                self.opened = entry
            case operation if operation in _CHANGES and entry.outcome in _SENT:
                self.last_write, self.last_write_number, self.actor = at, entry.sequence, entry.actor
            case _:
                pass
        if entry.operation is Operation.SET_MFA_STATE and entry.outcome in DONE and entry.wave is not None:
            place = (entry.plan_digest, entry.wave)
            self.began.setdefault(place, at)
            self.ended[place] = at


def _time_of(entry: JournalEntry) -> str:
    if entry.server_date.endswith("Z") and "T" in entry.server_date:
        return entry.server_date
    moment = moment_of(entry.server_date or entry.time_utc)
    return entry.time_utc if moment is None else iso_utc(moment)
