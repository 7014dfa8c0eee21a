"""Verify the hash chain of a journal, whether its rows come from the database or from audit.csv."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from migrate.errors import UsageProblem
from migrate.model.journal import CHAIN_VERSION, GENESIS, JournalEntry, Operation
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


class WavesSeal:
    """Takes in the waves of the entries of version 1, whose hashes leave them out; its digest is kept in the link."""

    def __init__(self) -> None:
        self.entries = 0
        self._digest = hashlib.sha256()

    def add(self, sequence: int, wave: int | None) -> None:
        """Take in the wave of one entry; they come in order."""
        self.entries += 1
        self._digest.update(f"{sequence}:{'' if wave is None else wave}\n".encode())

    @property
    def digest(self) -> str:
        """Return the digest over what was taken in."""
        return self._digest.hexdigest()


def refuse_no_hash(text: str) -> None:
    """Raise UsageProblem for what cannot be the hash of an entry, so that nobody takes a cut one for a cut journal."""
    typed = text.strip()
    if re.fullmatch(r"[0-9a-fA-F]{64}", typed):
        return
    why = f"this has {len(typed)}" if re.fullmatch(r"[0-9a-fA-F]*", typed) else "this is something else"
    raise UsageProblem(
        f"A hash has 64 hexadecimal digits; {why}.",
        hint="Give the whole last hash; `mfa-migrate audit verify` prints it.",
    )


def verify_chain(
    entries: Iterable[JournalEntry],
    *,
    expect: str | None = None,
    after: tuple[int, str] = (0, GENESIS),
    version: int = 1,
) -> ChainReport:
    """Check that each entry follows the one before it and says what its hash says.

    Args:
        entries: In the order in which they were found; read one at a time.
        expect: A head noted earlier (hash, any case). The chain may have grown since, so it may be the hash of any
            entry.
        after: Sequence number and hash of the entry before the first one given; for checking the end of a chain.
        version: Version of that entry: none of an earlier version may follow.
    """
    start = after[0]
    count, head = after
    seal = WavesSeal()
    wanted = None if expect is None else expect.strip().lower()
    expected_at = count if wanted == head else None
    for entry in entries:
        problem = _problem(entry, count + 1, head, version)
        if not problem and entry.operation is Operation.LINK_CHAIN and start == 0:
            problem = _problem_with_waves(entry, seal)
        if problem:
            return ChainReport(count=count, head=head, broken_at=count + 1, problem=problem, expected_at=expected_at)
        count, head, version = entry.sequence, entry.hash, entry.chain_version
        if version < CHAIN_VERSION:
            seal.add(entry.sequence, entry.wave)
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


def _problem(entry: JournalEntry, sequence: int, previous: str, version: int) -> str:
    if entry.sequence != sequence:
        return f"Row {sequence} is missing: the number {entry.sequence} stands in its place."
    if entry.previous_hash != previous:
        return f"Row {sequence} does not follow the row before it: its previous hash is another one."
    if entry.chain_version < version:
        return f"Row {sequence} is of version {entry.chain_version} of the chain, after rows of version {version}."
    if entry.hash != entry.expected_hash():
        return f"Row {sequence} was changed: its content does not fit its hash."
    return ""


def _problem_with_waves(link: JournalEntry, seal: WavesSeal) -> str:
    sealed = link.reason.parts
    if (sealed.entries, sealed.waves) == (seal.entries, seal.digest):
        return ""
    return f"A wave in the rows before row {link.sequence} was changed: they do not fit the digest that it holds."
