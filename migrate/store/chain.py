"""Verify the hash chain of a journal, whether its rows come from the database or from audit.csv."""

from __future__ import annotations

from collections.abc import Iterable

from migrate.model.journal import GENESIS, JournalEntry
from migrate.model.record import Record


class ChainReport(Record, frozen=True, kw_only=True):
    """What a check of the chain found. It shows edits made later than a head noted elsewhere; it is no signature."""

    count: int
    """Entries that hold, from the first one on."""
    head: str
    """Hash of the last entry that holds; 64 zeros when there is none."""
    broken_at: int | None
    """Sequence number that the first broken row has or should have; None when every row holds."""
    problem: str
    """What is wrong with it, or with the expected head; empty when all is well."""
    expected_at: int | None
    """Sequence number of the entry whose hash is the expected one; None when there is none, or none was asked for."""

    @property
    def holds(self) -> bool:
        """Tell whether every row holds and the expected head, when there is one, was found."""
        return not self.problem


def verify_chain(
    entries: Iterable[JournalEntry], *, expect: str | None = None, after: tuple[int, str] = (0, GENESIS)
) -> ChainReport:
    """Check that each entry follows the one before it and says what its hash says.

    Args:
        entries: In the order in which they were found; read one at a time.
        expect: A head noted earlier (hash, any case). The chain may have grown since, so it may be the hash of any
            entry.
        after: Sequence number and hash of the entry before the first one given; for checking the end of a chain.
    """
    count, head = after
    wanted = None if expect is None else expect.strip().lower()
    expected_at = count if wanted == head else None
    for entry in entries:
        problem = _problem(entry, count + 1, head)
        if problem:
            return ChainReport(count=count, head=head, broken_at=count + 1, problem=problem, expected_at=expected_at)
        count, head = entry.sequence, entry.hash
        if head == wanted:
            expected_at = count
    missing = wanted is not None and expected_at is None
    return ChainReport(
        count=count,
        head=head,
        broken_at=None,
        problem="No entry has the expected hash: rows were removed from the end, or the chain was made anew."
        if missing
        else "",
        expected_at=expected_at,
    )


def _problem(entry: JournalEntry, sequence: int, previous: str) -> str:
    if entry.sequence != sequence:
        return f"Row {sequence} is missing: the number {entry.sequence} stands in its place."
    if entry.previous_hash != previous:
        return f"Row {sequence} does not follow the row before it: its previous hash is another one."
    if entry.hash != entry.expected_hash():
        return f"Row {sequence} was changed: its content does not fit its hash."
    return ""
