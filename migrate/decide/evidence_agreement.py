"""Hold the CIS answer of an evidence folder against the tables beside it: counted again, it has to be the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from migrate.decide.cis import StateTally, cis_answer
from migrate.model.cis import SampleRead
from migrate.model.evidence_folder import (
    CisDocument,
    Flaw,
    FlawKind,
    Part,
    Population,
    SampleRow,
    StateRow,
    UnreadableRow,
)
from migrate.model.users import MfaState


class People:
    """Who stands in a table: a number, and a sum that does not depend on the order, so that nobody is held."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, *words: str) -> None:
        """Take in one row."""
        digest = hashlib.sha256("\0".join(words).encode()).digest()
        self._sum = (self._sum + int.from_bytes(digest, "big")) % (1 << 256)
        self.count += 1

    def __eq__(self, other: object) -> bool:
        """Tell whether the same rows were taken in, in whatever order."""
        return isinstance(other, People) and (self.count, self._sum) == (other.count, other._sum)

    __hash__ = None  # type: ignore[assignment]  # it grows


class CountedTable:
    """states.csv, counted again."""

    def __init__(self, rows: Iterable[StateRow]) -> None:
        """Go through the rows once."""
        self.tally = StateTally()
        self.everybody, self.unread = People(), People()
        for row in rows:
            self.tally.take(row.user_type, row.account, row.mfa_state)
            self.everybody.add(row.user_id, row.mfa_state or "")
            if row.mfa_state is None:
                self.unread.add(row.user_id, row.user_principal_name, row.request_id)


def answer_flaws(document: CisDocument, table: CountedTable) -> Iterator[Flaw]:
    """Yield where the answer is not the one that states.csv gives."""
    said, counted = document.answer, cis_answer(table.tally.states(), document.answer.sample)
    for name in ("result", "because", "total", "disabled", "enabled", "enforced", "unreadable", "states"):
        here, there = getattr(said, name), getattr(counted, name)
        if here != there:
            shown = "" if name in ("states", "because") else f": {here}, and states.csv gives {there}"
            yield Flaw(kind=FlawKind.ANSWER_DIFFERS, file=Part.CIS, detail=f"{name}{shown}")


def unreadable_flaws(table: CountedTable, rows: Iterable[UnreadableRow]) -> Iterator[Flaw]:
    """Yield where unreadable.csv does not name those who have no state in states.csv."""
    named = People()
    for row in rows:
        named.add(row.user_id, row.user_principal_name, row.request_id)
    if named != table.unread:
        counts = f"{named.count} stand there, {table.unread.count} have no state in states.csv"
        detail = "others than have no state in states.csv" if named.count == table.unread.count else counts
        yield Flaw(kind=FlawKind.ANSWER_DIFFERS, file=Part.UNREADABLE, detail=detail)


def sample_flaws(said: SampleRead, rows: Iterable[SampleRow]) -> Iterator[Flaw]:
    """Yield where cross-check.csv is not the sample that the answer speaks of."""
    asked = agreed = 0
    for row in rows:
        asked += 1
        agreed += row.first == row.second
        if row.agree is not (row.first == row.second) or (row.size, row.seed) != (said.asked, said.seed):
            yield Flaw(kind=FlawKind.ANSWER_DIFFERS, file=Part.CROSS_CHECK, detail=f"row {asked}")
            return
    if (asked, agreed) != (said.asked, said.agreed):
        detail = f"{agreed} of {asked} agree there, {said.agreed} of {said.asked} in {Part.CIS}"
        yield Flaw(kind=FlawKind.ANSWER_DIFFERS, file=Part.CROSS_CHECK, detail=detail)


def coverage_flaws(
    said: Iterable[Population], table: CountedTable, rows: Iterable[tuple[str, str, str]]
) -> Iterator[Flaw]:
    """Yield where coverage.csv holds other people, states or verdicts than the answer and states.csv.

    Args:
        said: The counts by verdict of the answer.
        table: states.csv.
        rows: Object id, state and verdict of each row.
    """
    everybody, populations = People(), PopulationTally()
    for user_id, state, verdict in rows:
        everybody.add(user_id, state)
        populations.take(verdict, state == MfaState.DISABLED)
    if everybody != table.everybody:
        counts = f"{everybody.count} accounts with their states there, {table.everybody.count} in states.csv"
        same = everybody.count == table.everybody.count
        detail = "other accounts or states than in states.csv" if same else counts
        yield Flaw(kind=FlawKind.ANSWER_DIFFERS, file=Part.COVERAGE, detail=detail)
    if populations.found() != tuple(said):
        yield Flaw(kind=FlawKind.ANSWER_DIFFERS, file=Part.CIS, detail="coverage is not what coverage.csv gives")


class PopulationTally:
    """Counts verdicts, and those with per-user MFA disabled among them."""

    def __init__(self) -> None:
        self._users: Counter[str] = Counter()
        self._disabled: Counter[str] = Counter()

    def take(self, verdict: str, disabled: bool) -> None:
        """Take in one account."""
        self._users[verdict] += 1
        self._disabled[verdict] += disabled

    def found(self) -> tuple[Population, ...]:
        """Return what was counted, by verdict."""
        return tuple(
            Population(verdict=verdict, users=users, disabled=self._disabled[verdict])
            for verdict, users in sorted(self._users.items())
        )
