"""Gathers rows of the sign-in log as narrow columns of numbers and counts them by kind and person.

A million rows take some thirty megabytes here; nothing of a row but its numbers is held.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

from migrate.exchange.sign_in_arrays import (
    NO_TIME,
    ends_of_attempts,
    last_of_each,
    people_of,
    rearrange,
    repeated_in,
    seconds_of,
)
from migrate.model.sign_in_rows import Row, RowShape
from migrate.model.sign_ins import Coordinate, OpenAttempt, Places, Seen, SetAside, SignInKind

ATTEMPT_SECONDS = 1800
"""Rows of one person and one correlation id that are no further apart belong to one attempt."""

_USER, _TIME, _ROW, _ATTEMPT = 2, 3, 4, 5
"""Places of some columns; the first two are shape and place."""
_NOBODY = 0
"""The number of the empty object id."""
_TIMELESS_KEPT = 3
_LOOSE_ROWS = 1 << 16


class Reduces(Protocol):
    """Whatever turns a shape and places into a kind; `decide.sign_ins.reduction.Reducer`."""

    def places_of(self, addresses: tuple[str, str]) -> Places:
        """Return where a sign-in came from, without its addresses."""
        ...

    def kind_of(self, shape: RowShape, places: Places) -> SignInKind | SetAside:
        """Return the kind of a row, or why it is set aside."""
        ...


class Numbering(dict[Any, int]):
    """Gives each new key the next number and keeps what was made of it."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make
        self.values_made: list[Any] = []

    def __missing__(self, key: Any) -> int:
        """Number a key that was not there before."""
        self.values_made.append(self._make(key))
        number = self[key] = len(self.values_made) - 1
        return number


class Remembered(dict[Any, Any]):
    """What was made of cells that come again and again; forgets all of them rather than grow without end."""

    def __init__(self, make: Callable[[Any], Any], *, most: int = 200_000) -> None:
        super().__init__()
        self._make, self._most = make, most

    def __missing__(self, key: Any) -> Any:
        """Make what was not made before."""
        if len(self) >= self._most:
            self.clear()
        value = self[key] = self._make(key)
        return value


def digest(text: str) -> int:
    """Return 64 bits of a text that are the same in every process."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Rows counted by kind and person."""

    rows: int
    repeated: int
    set_aside: dict[SetAside, int]
    first: int | None
    """When the earliest row was, in seconds since 1970; None without rows."""
    last: int | None
    kinds: Sequence[SignInKind]
    people: Callable[[], Iterator[tuple[int, str, Seen]]]
    """Yields (place of the kind, object id, counts), ordered by the two."""


class SignInColumns:
    """Rows in memory until they are counted."""

    def __init__(
        self, reducer: Reduces, *, hashed: Callable[[str], int] = hash, attempt_seconds: int = ATTEMPT_SECONDS
    ) -> None:
        """Begin empty.

        Args:
            reducer: Turns shapes and places into kinds.
            hashed: 64 bits of an id. Python's own is the fastest, and another one in the next process.
            attempt_seconds: Rows of one attempt are no further apart.
        """
        self._reducer = reducer
        self.shapes = Numbering(lambda shape: shape)
        self.addresses = Numbering(reducer.places_of)
        self.users = Numbering(lambda user_id: user_id)
        self.users[""] = _NOBODY
        self.users.values_made.append("")
        self.hashed = hashed
        self._attempt_seconds = attempt_seconds
        self._parts: list[tuple[Any, ...]] = []
        self.rows = 0
        """Rows that were added so far."""
        self.timeless: list[tuple[int, str]] = []
        """The first few of those whose time is none: which row it was, counted from 1, and what stood there."""
        self._bound = self._loose = 0
        """So many parts are put together already, and so many rows came since."""
        self._known: dict[int, SignInKind] = {}
        """Kinds of rows that were carried over, by the number of their shape; they have no shape any more."""

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows as they came; their user ids are in lower case, their times in ISO 8601 and UTC."""
        if not rows:
            return
        shapes, addresses, users, times, ids, correlations = zip(*rows, strict=True)
        self.add_columns(
            shapes=map(self.shapes.__getitem__, shapes),
            addresses=map(self.addresses.__getitem__, addresses),
            users=map(self.users.__getitem__, users),
            times=times,
            ids=map(self.hashed, ids),
            correlations=map(self.hashed, correlations),
        )

    def add_columns(
        self,
        *,
        shapes: Any,
        addresses: Any,
        users: Any,
        times: Sequence[str],
        ids: Iterable[int],
        correlations: Iterable[int],
    ) -> None:
        """Add rows column by column: the numbers of shapes, addresses and users, the times, and hashes of the ids.

        Numbers may come as arrays of numpy.
        """
        import numpy as np

        number = len(times)
        narrow = (
            column.astype(np.int32) if isinstance(column, np.ndarray) else np.fromiter(column, np.int32, number)
            for column in (shapes, addresses, users)
        )
        wide = (np.fromiter(column, np.int64, number) for column in (ids, correlations))
        moments = seconds_of(times)
        if len(self.timeless) < _TIMELESS_KEPT and (none := np.flatnonzero(moments == NO_TIME)).size:
            self.timeless += [(self.rows + index + 1, times[index]) for index in none[:_TIMELESS_KEPT].tolist()]
        self._parts.append((*narrow, moments, *wide))
        self.rows += number
        self._loose += number
        if self._loose >= _LOOSE_ROWS:
            self._bind()

    def _bind(self) -> None:
        """Put the parts since the last time together: thousands of small ones leave their holes in memory."""
        import numpy as np

        loose = self._parts[self._bound :]
        del self._parts[self._bound :]
        self._parts.append(tuple(np.concatenate(column) for column in zip(*loose, strict=True)))
        self._bound, self._loose = len(self._parts), 0

    def add_open(self, attempts: Sequence[OpenAttempt]) -> None:
        """Add rows that an earlier process had left open."""
        import numpy as np

        if not attempts:
            return
        numbers = []
        for one in attempts:
            key = ("open", one.kind)
            number = self.shapes.get(key)
            if number is None:
                number = self.shapes[key] = len(self.shapes.values_made)
                self.shapes.values_made.append(None)
                self._known[number] = one.kind
            numbers.append(number)
        self._parts.append(
            (
                np.array(numbers, np.int32),
                np.array([self.addresses["", ""]] * len(numbers), np.int32),
                np.array([self.users[one.user_id] for one in attempts], np.int32),
                np.array([one.at for one in attempts], np.int64),
                np.array([int(one.row, 16) - 2**63 for one in attempts], np.int64),
                np.array([int(one.attempt, 16) - 2**63 for one in attempts], np.int64),
            )
        )

    def settle(self, until: int | None = None) -> Counted:
        """Count what is there; rows of attempts that may go on after `until` stay. None: nothing more will come."""
        import numpy as np

        columns = list(self._taken())
        repeated = repeated_in(columns[_ROW])
        if repeated:
            rearrange(columns, last_of_each(columns[_ROW], columns[_TIME]))
        if until is None:
            columns[_ROW] = np.empty(0, np.int64)  # nothing stays, so that ids are of no more use
        rearrange(columns, np.lexsort((columns[_TIME], columns[_ATTEMPT], columns[_USER])))
        shape, place, user, time, row, attempt = columns
        columns.clear()
        ends = ends_of_attempts(user, attempt, time, self._attempt_seconds)
        if until is not None:
            # Each row knows when the last row of its attempt was.
            last = np.repeat(time[ends], np.diff(np.concatenate((np.array([-1]), np.flatnonzero(ends)))))
            stays = last > until - self._attempt_seconds
            if stays.any():
                self._parts.append(tuple(column[stays] for column in (shape, place, user, time, row, attempt)))
            goes = ~stays
            shape, place, user, time, ends = (column[goes] for column in (shape, place, user, time, ends))
        del row, attempt
        pairs = shape.astype(np.int64) << 32 | place
        del shape, place
        return self._counted([pairs, user, time, ends], repeated)

    def open_attempts(self) -> tuple[OpenAttempt, ...]:
        """Return the rows that are still here, as they are kept between two processes.

        Rows that are set aside are left out: they belong to no attempt.
        """
        shape, place, user, time, row, attempt = columns = self._taken()
        if len(shape):
            self._parts.append(columns)
        found = []
        for index in range(len(shape)):
            kind = self._kind(int(shape[index]), int(place[index]))
            if isinstance(kind, SignInKind):
                found.append(
                    OpenAttempt(
                        kind=kind,
                        user_id=self.users.values_made[int(user[index])],
                        attempt=f"{int(attempt[index]) + 2**63:x}",
                        row=f"{int(row[index]) + 2**63:x}",
                        at=int(time[index]),
                    )
                )
        return tuple(found)

    def lost(self) -> tuple[Coordinate, ...]:
        """Return what no row said anything about: everything, where there was none."""
        return lost_in(self.shapes.values_made)

    def _taken(self) -> tuple[Any, ...]:
        """Take the columns out, each as one."""
        import numpy as np

        if not self._parts:
            return tuple(np.empty(0, np.int64) for _ in range(6))
        columns = list(zip(*self._parts, strict=True))
        self._parts, self._bound, self._loose = [], 0, 0
        found = []
        while columns:
            found.append(np.concatenate(columns.pop(0)))
        return tuple(found)

    def _kind(self, shape: int, place: int) -> SignInKind | SetAside:
        known = self._known.get(shape)
        if known is not None:
            return known
        return self._reducer.kind_of(self.shapes.values_made[shape], self.addresses.values_made[place])

    def _counted(self, columns: list[Any], repeated: int) -> Counted:
        """Count; takes the columns out of the list, so that none of them lives twice."""
        import numpy as np

        pairs, user, time, ends = columns
        columns.clear()
        total, first, last = len(pairs), None, None
        timed = time[time != NO_TIME]
        if len(timed):
            first, last = int(timed.min()), int(timed.max())
        known = np.unique(pairs)
        which = np.searchsorted(known, pairs).astype(np.int32)
        pairs = known
        kinds = Numbering(lambda kind: kind)
        aside: list[SetAside] = []
        numbers = np.empty(len(pairs), np.int32)
        for index, pair in enumerate(pairs.tolist()):
            kind = self._kind(pair >> 32, pair & 0xFFFFFFFF)
            if isinstance(kind, SignInKind):
                numbers[index] = kinds[kind]
            else:
                aside.append(kind)
                numbers[index] = -len(aside)
        kind_of_row = numbers[which] if total else np.empty(0, np.int32)
        del which
        set_aside: Counter[SetAside] = Counter()
        for number, why in enumerate(aside, start=1):
            set_aside[why] += int((kind_of_row == -number).sum())
        broken = (kind_of_row >= 0) & ((user == _NOBODY) | (time == NO_TIME))
        if broken.any():
            set_aside[SetAside.UNREADABLE] += int(broken.sum())
        counts = (kind_of_row >= 0) & ~broken
        if not counts.all():
            kind_of_row, user, time, ends = (column[counts] for column in (kind_of_row, user, time, ends))
        del counts, broken
        return Counted(
            rows=total,
            repeated=repeated,
            set_aside=dict(set_aside),
            first=first,
            last=last,
            kinds=kinds.values_made,
            people=lambda: people_of(kind_of_row, user, time, ends, self.users.values_made),
        )


def lost_in(shapes: Iterable[RowShape | None]) -> tuple[Coordinate, ...]:
    """Return what none of these shapes says anything about: everything, where there is none."""
    known = [shape for shape in shapes if shape is not None]
    return tuple(
        sorted(which for which, name in _TOLD_BY.items() if all(getattr(shape, name) is None for shape in known))
    )


_TOLD_BY = {
    Coordinate.AUDIENCES: "audiences",
    Coordinate.CONTEXTS: "contexts",
    Coordinate.PROTOCOL: "protocol",
    Coordinate.FLOW: "flow",
    Coordinate.TOKEN: "token",
    Coordinate.GLOBAL_SECURE_ACCESS: "global_secure_access",
    Coordinate.SIGN_IN_RISK: "risk",
    Coordinate.ASKED_BY: "asked_by",
    Coordinate.METHODS: "methods",
    Coordinate.RESULTS: "results",
    Coordinate.REQUIREMENT: "multifactor",
    Coordinate.CROSS_TENANT: "cross_tenant",
}
