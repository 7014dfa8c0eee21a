"""Say what the journal tells of each account, asked in the order of the ids: nobody but the one is held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from migrate.decide.now import NowByUser
from migrate.model.journal import DONE, JournalEntry, Outcome
from migrate.model.now import UserNow
from migrate.model.record import Record
from migrate.model.users import MfaState

_STATES = {state.value: state for state in MfaState}


class Told(Record, frozen=True, kw_only=True):
    """What the journal tells of one user."""

    now: UserNow
    outcome: Outcome
    """Of the latest entry."""
    before: MfaState | None
    """The state before this tool first disabled the user, or first meant to."""
    was_disabled: bool
    """Whether this tool disabled the user at least once, and read it back."""


class Followed:
    """Goes through the entries about users beside whoever goes through the users."""

    def __init__(self, since: NowByUser, entries: Iterable[JournalEntry]) -> None:
        """Take the entries about users, ordered by object id and then as they were written."""
        self._since = since
        self._coming = groupby(entries, key=attrgetter("object_id"))
        self._next = self._ahead()

    def of(self, user_id: str) -> Told | None:
        """Return what is told of a user; ids are asked in ascending order. Who is passed over counts all the same."""
        while self._next is not None and self._next[0].object_id < user_id:
            self._since.user(self._next)
            self._next = self._ahead()
        if self._next is None or self._next[0].object_id != user_id:
            return None
        entries, self._next = self._next, self._ahead()
        return _told(entries, self._since.user(entries))

    def rest(self) -> None:
        """Let those count whom nobody asked for: they are in no export any more."""
        while self._next is not None:
            self._since.user(self._next)
            self._next = self._ahead()

    def _ahead(self) -> list[JournalEntry] | None:
        found = next(self._coming, None)
        return None if found is None else list(found[1])


def _told(entries: Sequence[JournalEntry], now: UserNow) -> Told:
    before, was_disabled = _STATES.get(entries[0].before), False
    for entry in entries:
        if entry.outcome in DONE and entry.requested == MfaState.DISABLED:
            if not was_disabled:
                before = _STATES.get(entry.before, before)
            was_disabled = True
    return Told(now=now, outcome=entries[-1].outcome, before=before, was_disabled=was_disabled)
