"""Orders and counts columns of the sign-in log; each column is an array of numpy, which is imported when it is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any

from migrate.model.instants import moment_of
from migrate.model.sign_ins import Seen

NO_TIME = -1
"""Stands for a moment that cannot be read."""
_to_the_second = itemgetter(slice(19))
_DIGITS_AS_ZERO = bytes.maketrans(b"123456789", b"000000000")
_ONE_IN_UTC = r"(?:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?)?"
_ALL_IN_UTC = re.compile(rf"{_ONE_IN_UTC}(?:\n{_ONE_IN_UTC})*", re.ASCII)
_PEOPLE_AT_ONCE = 1 << 13
"""Of so many the counts are Python's own numbers at one time, which take five times the memory."""


def people_of(kind: Any, user: Any, time: Any, ends: Any, names: list[str]) -> Iterator[tuple[int, str, Seen]]:
    """Yield the counts of each person in each kind."""
    import numpy as np

    order = np.lexsort((time, user, kind))
    kind, user, time, ends = (column[order] for column in (kind, user, time, ends))
    del order
    total = len(kind)
    if not total:
        return
    new = np.concatenate((np.array([True]), (kind[1:] != kind[:-1]) | (user[1:] != user[:-1])))
    begins = np.flatnonzero(new)
    stops = np.append(begins[1:], total)
    # Narrow numbers: a million rows have a handful of such columns, which is the most that is ever held.
    group = np.cumsum(new, dtype=np.int32)[ends] - 1
    hour = (time[ends] // 3600).astype(np.int32)
    del new
    # The hours of each group in which attempts ended, with their number; both are in order already.
    if len(group):
        other = np.concatenate((np.array([True]), (group[1:] != group[:-1]) | (hour[1:] != hour[:-1])))
        places = np.flatnonzero(other).astype(np.int32)
        numbers = np.diff(places, append=np.int32(len(group)))
        group, hour = group[places], hour[places]
        del other, places
    else:
        numbers = group
    edges = np.searchsorted(group, np.arange(len(begins) + 1))
    del group
    for block in range(0, len(begins), _PEOPLE_AT_ONCE):
        begin, stop = begins[block : block + _PEOPLE_AT_ONCE], stops[block : block + _PEOPLE_AT_ONCE]
        edge = edges[block : block + _PEOPLE_AT_ONCE + 1]
        hours = list(zip(hour[edge[0] : edge[-1]].tolist(), numbers[edge[0] : edge[-1]].tolist(), strict=True))
        spans = pairwise((edge - edge[0]).tolist())
        counts = zip((stop - begin).tolist(), time[begin].tolist(), time[stop - 1].tolist(), spans, strict=True)
        for of_kind, of_user, (rows, first, last, (low, high)) in zip(
            kind[begin].tolist(), user[begin].tolist(), counts, strict=True
        ):
            yield of_kind, names[of_user], Seen(rows=rows, first=first, last=last, hours=tuple(hours[low:high]))


def rearrange(columns: list[Any], order: Any) -> None:
    """Put columns in another order, one after the other: both forms of all of them would fill the memory."""
    for number, column in enumerate(columns):
        if len(column):
            columns[number] = column[order]


def repeated_in(row: Any) -> int:
    """Return how many rows have an id that another one has."""
    ordered = row.copy()
    ordered.sort()
    return int((ordered[1:] == ordered[:-1]).sum())


def last_of_each(row: Any, time: Any) -> Any:
    """Return the places of the last row of each id, in the order in which they came."""
    import numpy as np

    order = np.lexsort((time, row))
    ordered = row[order]
    last = np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.empty(0, bool)
    return np.sort(order[last])


def ends_of_attempts(user: Any, attempt: Any, time: Any, apart: int) -> Any:
    """Tell for each row, ordered by person, correlation and time, whether it is the last one of its attempt."""
    import numpy as np

    if not len(user):
        return np.empty(0, bool)
    ends = (user[1:] != user[:-1]) | (attempt[1:] != attempt[:-1]) | (time[1:] - time[:-1] > apart)
    return np.append(ends, True)


def seconds_of(times: Sequence[str]) -> Any:
    """Return moments as seconds since 1970; NO_TIME for what is none."""
    import numpy as np

    # numpy takes "now" for a moment, and would need the difference to UTC that is cut off here.
    if not _are_in_utc(times):
        return np.array([_second(text) for text in times], np.int64)
    try:
        # From a list of texts numpy reads them in a third of the time that an array of texts takes it.
        moments = np.array(list(map(_to_the_second, times)), "M8[s]")
        return np.where(np.isnat(moments), NO_TIME, moments.astype(np.int64))
    except ValueError:
        return np.array([_second(text) for text in times], np.int64)


def _are_in_utc(times: Sequence[str]) -> bool:
    """Tell whether each of the texts is a moment in UTC as numpy reads it, or empty."""
    joined = "\n".join(times)
    # Mostly all are written alike, and then the first one tells of all: to compare bytes is several times as fast.
    shapes = f"{joined}\n".encode("ascii", "replace").translate(_DIGITS_AS_ZERO)
    alike = bool(times) and shapes == shapes[: len(times[0]) + 1] * len(times)
    return bool(_ALL_IN_UTC.fullmatch(times[0] if alike else joined))


def _second(text: str) -> int:
    moment = moment_of(text)
    return NO_TIME if moment is None else int(moment.timestamp())
