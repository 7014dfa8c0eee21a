"""The user steps of a run: those of the plan until it is opened, and from then on those that the journal keeps.

So what is acted on is what was verified, whatever becomes of plan.csv while the run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from migrate.engine.history import steps_kept
from migrate.engine.ports import Journal
from migrate.model.steps import SetMfaState


class StepsOfRun:
    """Yields the user steps of a run in order, from the start at each call."""

    def __init__(self, journal: Journal, plan_digest: str, planned: Callable[[], Iterator[SetMfaState]]) -> None:
        self._journal, self._plan_digest, self._planned = journal, plan_digest, planned
        self._kept = ""

    def __call__(self) -> Iterator[SetMfaState]:
        return self._journal.steps(self._plan_digest, self._kept) if self.are_kept else self._planned()

    @property
    def are_kept(self) -> bool:
        """Tell whether the journal keeps them; a rollback and set-state hold theirs in memory."""
        self._kept = self._kept or steps_kept(self._journal, self._plan_digest)
        return bool(self._kept)
