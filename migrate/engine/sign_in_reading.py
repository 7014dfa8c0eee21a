"""Read the sign-in log hour by hour, so that whatever stops the reading costs an hour and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from migrate.errors import GraphRefused, IncompleteRead
from migrate.model.instants import iso_utc, moment_of
from migrate.model.record import Record
from migrate.model.sign_in_rows import Row
from migrate.model.sign_ins import (
    Coordinate,
    Form,
    Hole,
    HoleWhy,
    OpenAttempt,
    Seen,
    SetAside,
    SignInKind,
    SignInSource,
)

LONGEST_SLICE = 24
"""Hours that are asked for at once at most, where few people sign in."""
_WIDER, _NARROWER = 400, 2000
"""With fewer rows than this in a slice the next one is twice as long; with more, half as long."""
_FAILURES_IN_A_ROW = 3


class Log(Protocol):
    """Where rows come from."""

    def iter_sign_ins(self, form: Form, since: datetime, until: datetime) -> AsyncIterator[list[Row]]:
        """Yield the pages of one window, both ends in it."""
        ...


class Counted(Protocol):
    """Rows counted by kind and person."""

    @property
    def rows(self) -> int:
        """Rows without the repeated ones."""
        ...

    @property
    def repeated(self) -> int:
        """Rows that were there before."""
        ...

    @property
    def set_aside(self) -> Mapping[SetAside, int]:
        """Rows that go no further."""
        ...

    @property
    def kinds(self) -> Sequence[SignInKind]:
        """The kinds."""
        ...

    @property
    def people(self) -> Callable[[], Iterator[tuple[int, str, Seen]]]:
        """Who, by the places of kinds."""
        ...


class Columns(Protocol):
    """Rows in memory until they are counted."""

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        ...

    def add_open(self, attempts: Sequence[OpenAttempt]) -> None:
        """Add rows that an earlier process had left open."""
        ...

    def settle(self, until: int | None = None) -> Counted:
        """Count what is there, but for attempts that may go on after `until`."""
        ...

    def open_attempts(self) -> tuple[OpenAttempt, ...]:
        """Return the rows that are still here."""
        ...

    def lost(self) -> tuple[Coordinate, ...]:
        """Return what no row said anything about: everything, where there was none."""
        ...


class Book(Protocol):
    """Where kinds are kept."""

    def add(
        self, number: int, source: SignInSource, kinds: Sequence[SignInKind], people: Iterable[tuple[int, str, Seen]]
    ) -> None:
        """Add to a reading, all or nothing."""
        ...


class Standing(Record, frozen=True, kw_only=True):
    """How far a reading is."""

    rows: int
    hours: int
    """Hours done, of both forms together."""
    of_hours: int


class Slice(Record, frozen=True, kw_only=True):
    """A part of the window that is still to be read."""

    form: Form
    since: datetime
    until: datetime
    redone: bool
    """It failed before."""


class LogReading:
    """One reading of the log into one book."""

    def __init__(
        self,
        log: Log,
        columns: Callable[[], Columns],
        book: Book,
        number: int,
        source: SignInSource,
        *,
        most_rows: int,
        tell: Callable[[Standing], None],
    ) -> None:
        """Wire a reading.

        Args:
            log, book: Where rows come from and kinds go.
            columns: Makes empty columns; their ids are hashed alike in every process.
            number, source: The reading in the book, which may be one that was begun before.
            most_rows: After so many rows of a form the rest of its window is a hole.
            tell: Called after each slice.
        """
        self._log, self._columns, self._book, self._number = log, columns, book, number
        self._source = msgspec.structs.replace(source, refused=None)
        self._most_rows = most_rows
        self._tell = tell
        self._rows_of = dict.fromkeys(Form, 0)
        self._lost = set(source.lost) if source.rows else set(Coordinate)

    async def run(self) -> None:
        """Read what is missing.

        Raises:
            RemoteProblem: Graph refused, throttled for too long, or failed three hours running. What was read is kept.
        """
        for one in missing_of(self._source):
            await self._read(one)
        self._keep(None, complete=True)

    async def _read(self, part: Slice) -> None:
        columns = self._columns()
        if not part.redone:
            columns.add_open([one for one in self._source.open_attempts if one.kind.form is part.form])
        at, hours, failures = part.since, 1, 0
        while at < part.until:
            if self._rows_of[part.form] >= self._most_rows:
                self._hole(part.form, at, part.until, HoleWhy.MOST_ROWS, f"{self._most_rows:,} rows")
                break
            end = min(at + timedelta(hours=hours), part.until)
            try:
                rows = [page async for page in self._log.iter_sign_ins(part.form, at, end)]
            except (GraphRefused, IncompleteRead) as problem:
                if hours > 1:
                    hours = 1
                    continue
                failures += 1
                if failures == _FAILURES_IN_A_ROW or isinstance(problem, GraphRefused):
                    raise
                self._hole(part.form, at, end, HoleWhy.FAILED, problem.what)
                at = end
                continue
            failures = 0
            for page in rows:
                columns.add(page if not part.redone else self._not_yet_counted(page, part))
            number = sum(map(len, rows))
            self._rows_of[part.form] += number
            hours = _next_length(hours, number)
            self._keep(columns.settle(int(end.timestamp())), columns=columns, part=part, done=end)
            at = end
        self._keep(columns.settle(), columns=columns, part=part, done=part.until)

    def _not_yet_counted(self, rows: list[Row], part: Slice) -> list[Row]:
        """Leave out rows at the ends of an hour that is asked for again: they came with the hours beside it."""
        # Where the hour beside it failed, too, its rows at that end never came.
        beside = [
            hole
            for hole in self._source.holes
            if hole.why is HoleWhy.FAILED and hole.form is part.form and hole.until != iso_utc(part.until)
        ]
        missing = {end for hole in beside for end in (hole.since, hole.until)}
        ends = {end for end in (part.since, part.until) if iso_utc(end) not in missing}
        return [row for row in rows if moment_of(row.at) not in ends]

    def _hole(self, form: Form, since: datetime, until: datetime, why: HoleWhy, said: str) -> None:
        hole = Hole(form=form, since=iso_utc(since), until=iso_utc(until), why=why, said=said)
        self._source = msgspec.structs.replace(
            self._source, holes=(*self._source.holes, hole), done={**self._source.done, form: iso_utc(until)}
        )

    def _keep(
        self,
        counted: Counted | None,
        *,
        columns: Columns | None = None,
        part: Slice | None = None,
        done: datetime | None = None,
        complete: bool = False,
    ) -> None:
        source, kinds, people = self._source, (), ()
        changes: dict[str, Any] = {"complete": complete}
        if counted is not None and columns is not None and part is not None and done is not None:
            self._lost &= set(columns.lost())
            changes |= {
                "rows": source.rows + counted.rows,
                "repeated": source.repeated + counted.repeated,
                "set_aside": _summed(source.set_aside, counted.set_aside),
                "unknown_results": source.unknown_results or has_unknown_results(counted.kinds),
                "lost": tuple(sorted(self._lost)) if source.rows + counted.rows else (),
                "open_attempts": (
                    *(one for one in source.open_attempts if one.kind.form is not part.form),
                    *columns.open_attempts(),
                ),
            }
            if part.redone:
                changes["holes"] = tuple(without_part(source.holes, part, done))
            else:
                changes["done"] = {**source.done, part.form: iso_utc(done)}
        self._source = msgspec.structs.replace(source, **changes)
        if counted is not None:
            self._book.add(self._number, self._source, counted.kinds, counted.people())
            self._tell(standing_of(self._source))
            return
        self._book.add(self._number, self._source, kinds, people)


def missing_of(source: SignInSource) -> list[Slice]:
    """Return what is still to be read: what failed before, then the rest of each form's window."""
    found = [
        Slice(form=hole.form, since=_moment(hole.since), until=_moment(hole.until), redone=True)
        for hole in source.holes
        if hole.why is HoleWhy.FAILED
    ]
    for form in source.forms:
        since, until = _moment(source.done.get(form, source.since)), _moment(source.until)
        if since < until:
            found.append(Slice(form=form, since=since, until=until, redone=False))
    return found


def standing_of(source: SignInSource) -> Standing:
    """Return how far a reading is."""
    whole = _moment(source.until) - _moment(source.since)
    done = sum(
        (_moment(source.done.get(form, source.since)) - _moment(source.since) for form in source.forms), timedelta()
    )
    return Standing(rows=source.rows, hours=_hours(done), of_hours=_hours(whole * len(source.forms)))


def has_unknown_results(kinds: Iterable[SignInKind]) -> bool:
    """Tell whether a policy result has no name: the Prefer header was not there, or Graph has a newer word."""
    return any(result.casefold() == "unknownfuturevalue" for kind in kinds for _, result in kind.results or ())


def without_part(holes: Iterable[Hole], part: Slice, done: datetime) -> Iterator[Hole]:
    """Yield the holes after a part of one was read up to `done`."""
    for hole in holes:
        if (hole.form, hole.until) != (part.form, iso_utc(part.until)) or hole.why is not HoleWhy.FAILED:
            yield hole
        elif done < part.until:
            yield msgspec.structs.replace(hole, since=iso_utc(done))


def _next_length(hours: int, rows: int) -> int:
    if rows > _NARROWER:
        return max(1, hours // 2)
    return min(LONGEST_SLICE, hours * 2) if rows < _WIDER else hours


def _summed(one: Mapping[SetAside, int], other: Mapping[SetAside, int]) -> dict[SetAside, int]:
    return {why: one.get(why, 0) + other.get(why, 0) for why in (*one, *other)}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _hours(span: timedelta) -> int:
    return -(-int(span.total_seconds()) // 3600)
