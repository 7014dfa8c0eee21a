"""Reading the log costs an hour where it is stopped, names what it could not get, and counts nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
import pytest

from migrate.engine.sign_in_reading import LogReading, Standing, missing_of
from migrate.errors import IncompleteRead, PermissionMissing
from migrate.exchange.sign_in_columns import SignInColumns, digest
from migrate.model.instants import iso_utc
from migrate.model.sign_in_rows import GraphRows, GraphSignIn, Row
from migrate.model.sign_ins import Form, HoleWhy, Seen, SignInKind, SignInSource, SourceFormat
from tests.unit.exchange.sign_in_rows import graph_row, reducer

BEGIN = datetime.fromisoformat("2026-11-24T00:00:00Z")
SOURCE = SignInSource(
    form=SourceFormat.GRAPH,
    files=(),
    read_at="2026-11-24T12:00:00Z",
    since="2026-11-24T00:00:00Z",
    until="2026-11-24T12:00:00Z",
    forms=(Form.INTERACTIVE,),
    complete=False,
)


class FakeLog:
    """A log with one row each ten minutes, and answers that fail on demand."""

    def __init__(self, fails: Callable[[datetime, datetime], Exception | None] = lambda since, until: None) -> None:
        self.asked: list[tuple[datetime, datetime]] = []
        self._fails = fails

    async def iter_sign_ins(self, form: Form, since: datetime, until: datetime) -> AsyncIterator[list[Row]]:
        self.asked.append((since, until))
        rows = GraphRows()
        moments = [BEGIN + timedelta(minutes=10 * number) for number in range(72 + 1)]
        found = [
            rows.row_of(
                msgspec.convert(
                    {
                        **graph_row(number, createdDateTime=iso_utc(at)),
                        "appliedConditionalAccessPolicies": msgspec.Raw(),
                    },
                    GraphSignIn,
                ),
                interactive=form is Form.INTERACTIVE,
            )
            for number, at in enumerate(moments)
            if since <= at <= until
        ]
        yield found[: len(found) // 2]
        failure = self._fails(since, until)
        if failure is not None:
            raise failure
        yield found[len(found) // 2 :]


class FakeBook:
    """Keeps what was added."""

    def __init__(self, source: SignInSource) -> None:
        self.source = source
        self.rows = 0
        self.attempts = 0

    def add(
        self, number: int, source: SignInSource, kinds: Sequence[SignInKind], people: Iterable[tuple[int, str, Seen]]
    ) -> None:
        self.source = source
        for _, _, seen in people:
            self.rows += seen.rows
            self.attempts += seen.attempts


def read(log: FakeLog, book: FakeBook, *, most_rows: int = 1000) -> list[Standing]:
    told: list[Standing] = []
    reading = LogReading(
        log,
        lambda: SignInColumns(reducer(), hashed=digest),
        book,
        1,
        book.source,
        most_rows=most_rows,
        tell=told.append,
    )
    asyncio.run(reading.run())
    return told


def test_every_row_counts_once_although_borders_belong_to_both_hours() -> None:
    log, book = FakeLog(), FakeBook(SOURCE)
    told = read(log, book)
    assert (book.rows, book.attempts, book.source.rows, book.source.complete) == (73, 73, 73, True)
    assert [until - since for since, until in log.asked[:4]] == [timedelta(hours=hours) for hours in (1, 2, 4, 5)]
    assert (told[-1].hours, told[-1].of_hours, told[-1].rows) == (12, 12, 73)
    assert book.source.open_attempts == ()


def test_a_reading_that_was_stopped_goes_on_in_another_process_without_a_loss() -> None:
    stops = iter([None, asyncio.CancelledError()])
    book = FakeBook(SOURCE)
    with pytest.raises(asyncio.CancelledError):
        read(FakeLog(lambda since, until: next(stops)), book)  # type: ignore[arg-type]
    assert (book.source.complete, book.source.done) == (False, {Form.INTERACTIVE: "2026-11-24T01:00:00Z"})
    assert book.source.open_attempts
    kept = msgspec.json.decode(msgspec.json.encode(book.source), type=SignInSource)
    again = FakeBook(kept)
    log = FakeLog()
    read(log, again)
    assert log.asked[0][0] == datetime.fromisoformat("2026-11-24T01:00:00Z")
    assert book.rows + again.rows == again.source.rows == 73


def test_an_hour_that_fails_is_a_hole_and_the_next_command_asks_for_it_again() -> None:
    six = datetime.fromisoformat("2026-11-24T06:30:00Z")

    def fails(since: datetime, until: datetime) -> Exception | None:
        return IncompleteRead("A page was cut short.") if since <= six < until else None

    book = FakeBook(SOURCE)
    read(FakeLog(fails), book)
    (hole,) = book.source.holes
    assert (hole.why, hole.said) == (HoleWhy.FAILED, "A page was cut short.")
    assert hole.since <= "2026-11-24T06:30:00Z" < hole.until
    assert book.source.rows < 73
    assert [one.redone for one in missing_of(book.source)] == [True]
    again = FakeBook(book.source)
    log = FakeLog()
    read(log, again)
    assert len(log.asked) == 1
    assert (again.source.holes, again.source.complete) == ((), True)
    # The rows at both ends of the hour had been counted with the hours beside it.
    assert again.source.rows == book.rows + again.rows == 73


class Undated(FakeLog):
    """A log in which one row of each answer does not say when it was."""

    async def iter_sign_ins(self, form: Form, since: datetime, until: datetime) -> AsyncIterator[list[Row]]:
        async for page in super().iter_sign_ins(form, since, until):
            yield page
        yield [page[0]._replace(at="", id="undated")]


def test_a_row_without_its_time_in_an_hour_that_is_asked_for_again_ends_nothing() -> None:
    six = datetime.fromisoformat("2026-11-24T06:30:00Z")

    def fails(since: datetime, until: datetime) -> Exception | None:
        return IncompleteRead("A page was cut short.") if since <= six < until else None

    book = FakeBook(SOURCE)
    read(FakeLog(fails), book)
    again = FakeBook(book.source)
    read(Undated(), again)
    assert (again.source.holes, again.source.complete) == ((), True)
    assert book.rows + again.rows == 73, "the undated one is set aside"


def test_two_hours_that_fail_beside_each_other_lose_no_row_between_them() -> None:
    two, four = (datetime.fromisoformat(f"2026-11-24T0{hour}:00:00Z") for hour in (2, 4))

    def fails(since: datetime, until: datetime) -> Exception | None:
        return IncompleteRead("A page was cut short.") if since < four and until > two else None

    book = FakeBook(SOURCE)
    read(FakeLog(fails), book)
    assert [hole.since for hole in book.source.holes] == ["2026-11-24T02:00:00Z", "2026-11-24T03:00:00Z"]
    again = FakeBook(book.source)
    read(FakeLog(), again)
    assert again.source.rows == book.rows + again.rows == 73


def test_three_hours_that_fail_in_a_row_end_the_reading() -> None:
    book = FakeBook(SOURCE)
    with pytest.raises(IncompleteRead):
        read(FakeLog(lambda since, until: IncompleteRead("No.")), book)
    assert book.source.complete is False


def test_a_missing_permission_ends_the_reading_at_once() -> None:
    log, book = FakeLog(lambda since, until: PermissionMissing("Graph refused access.")), FakeBook(SOURCE)
    with pytest.raises(PermissionMissing):
        read(log, book)
    assert len(log.asked) == 1


def test_more_rows_than_allowed_leave_the_rest_out_by_name() -> None:
    book = FakeBook(SOURCE)
    read(FakeLog(), book, most_rows=20)
    (hole,) = book.source.holes
    assert (hole.why, hole.until) == (HoleWhy.MOST_ROWS, SOURCE.until)
    assert 0 < book.source.rows == book.rows < 73
    assert missing_of(book.source) == []
