"""The last look before a batch leaves, and its intents: nothing is waited for between them and the sending."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from migrate.engine.age import Moment
from migrate.engine.ports import Journal
from migrate.engine.proof import Judged, Proof
from migrate.engine.run_parts import RunParts
from migrate.model.journal import Draft


class Departure:
    """Tells whether one batch may leave at this very moment, and writes down once that it does.

    It is asked after every queue: a process that was stopped for an hour, or a machine that slept, finds here that
    what it had read is too old, however far the batch had come.
    """

    def __init__(
        self,
        parts: RunParts,
        proof: Proof,
        *,
        read_at: Moment,
        proofs: Sequence[Judged],
        intents: Callable[[], Sequence[Draft]],
    ) -> None:
        """Wire a departure.

        Args:
            read_at: When the reading of the users' states and profiles began.
            proofs: What the steps rest on that need a proof; none in a batch that only restores.
            intents: Makes the intents.
            parts, proof: Of the run.
        """
        self._ages, self._limit, self._stop = parts.ages, parts.freshness.reading_seconds, parts.stop
        self._journal: Journal = parts.journal
        self._proof, self._read_at, self._proofs, self._intents = proof, read_at, proofs, intents
        self.is_written = False
        """Whether the intents are in the journal."""

    def is_due(self) -> bool:
        """Tell whether nothing speaks against the batch: all of it is read and proven, lately enough, and wanted."""
        if self._stop() or self._ages.since(self._read_at) > self._limit:
            return False
        return not self._proofs or (self._proof.is_fresh() and all(map(self._proof.holds, self._proofs)))

    def __call__(self) -> bool:
        """Tell whether the batch may leave; the way back is on disk before it does, in one durable transaction."""
        if not self.is_due():
            return False
        if not self.is_written:
            self._journal.append(self._intents())
            self.is_written = True
            return self.is_due()  # the disk may have taken its time
        return True
