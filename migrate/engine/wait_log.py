"""Keep every longer wait in the journal too, with its reason: the screen is gone when somebody asks next morning."""

from __future__ import annotations

from collections.abc import Callable

from migrate.engine.ports import Journal, Progress
from migrate.model.journal import Draft, Operation, Outcome, TargetType
from migrate.model.waits import Waiting

WORTH_KEEPING_SECONDS = 5.0
"""Shorter waits are the normal pace of a run; the same one over and over counts as one."""


class WaitLog:
    """A `Progress` that hands everything on and journals the waits worth keeping, each reason once in a row."""

    def __init__(self, screen: Progress) -> None:
        """Wrap a screen; nothing is journalled before `keep_in`."""
        self._screen = screen
        self._journal: Journal | None = None
        self._server_date: Callable[[], str] = str
        self._last: Waiting | None = None
        self._seconds = 0.0
        """How long the last one was waited for in a row; not counted on once it is kept."""

    def keep_in(self, journal: Journal, *, server_date: Callable[[], str]) -> None:
        """Journal waits from now on; the journal is open for a run."""
        self._journal, self._server_date = journal, server_date

    def advance(self, done: int, total: int | None, what: str) -> None:
        """Report progress."""
        self._screen.advance(done, total, what)

    def note(self, sentence: str) -> None:
        """Say one sentence."""
        self._screen.note(sentence)

    def waiting(self, waiting: Waiting, seconds: float) -> None:
        """Report a wait and keep it."""
        self._screen.waiting(waiting, seconds)
        if self._journal is None:
            return
        if not waiting.is_like(self._last):
            self._last, self._seconds = waiting, 0.0
        if self._seconds >= WORTH_KEEPING_SECONDS:
            return
        self._seconds += seconds
        if self._seconds < WORTH_KEEPING_SECONDS:
            return
        self._journal.append(
            [
                Draft(
                    operation=Operation.WAIT,
                    target_type=TargetType.RUN,
                    outcome=Outcome.WAITING,
                    reason=waiting.reason,
                    server_date=self._server_date(),
                )
            ]
        )
