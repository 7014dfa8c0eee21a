"""The last look before a change leaves, and its intents: nothing is waited for between them and the sending."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from migrate.engine.ports import Journal
from migrate.model.journal import Draft


class Departure:
    """Tells whether one request may leave at this very moment, and writes down once that it does.

    It is asked after every queue: a process that was stopped for an hour, or a machine that slept, finds here that
    what it had read is too old, however far the request had come.
    """

    def __init__(self, journal: Journal, *, is_due: Callable[[], bool], intents: Callable[[], Sequence[Draft]]) -> None:
        """Wire a departure.

        Args:
            journal: Of the run.
            is_due: Tells, without waiting, whether nothing speaks against the request: all of it is read and proven,
                lately enough, and wanted.
            intents: Makes the intents.
        """
        self._journal, self._is_due, self._intents = journal, is_due, intents
        self.is_written = False
        """Whether the intents are in the journal."""

    def __call__(self) -> bool:
        """Tell whether the request may leave; its intents are on disk before it does, in one durable transaction."""
        if not self._is_due():
            return False
        if not self.is_written:
            self._journal.append(self._intents())
            self.is_written = True
            return self._is_due()  # the disk may have taken its time
        return True
