"""Rows of Graph's JSON into columns, many at a time: whatever many rows have in common is looked up, not made again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from migrate.exchange.result_lists import ResultLists
from migrate.exchange.sign_in_columns import SignInColumns
from migrate.model.sign_in_rows import GraphDevice, GraphSignIn, shape_with

ROWS_AT_ONCE = 256
"""So many that a call of numpy for all of them is cheap, so few that they stay in the cache of the processor."""

_MEMBERS = GraphSignIn.__struct_fields__
_FIRST_ALIKE = _MEMBERS.index("app_id")
_ALIKE = _MEMBERS[_FIRST_ALIKE:]
"""Members that many rows have in common and that make their shape; the device and the results go apart."""
_alike = itemgetter(slice(_FIRST_ALIKE, None))
_rest = itemgetter(slice(_FIRST_ALIKE))
_device_id = attrgetter("device_id")
_of_device = attrgetter("operating_system", "is_compliant", "trust_type")
_NO_DEVICE = GraphDevice()
"""Says as much as none."""
_SOME_ID = "known"

_SLOTS = 1 << 17


class Numbers:
    """Numbers of keys, found by 64 bits of each, many at a time."""

    def __init__(self, number_of: Callable[[Any], int]) -> None:
        """Begin empty.

        Args:
            number_of: The number of a key that was not there before, or was forgotten.
        """
        import numpy as np

        self._number_of = number_of
        self._known = np.full((_SLOTS, 2), -1, np.int64)
        """In the place that the lowest bits of a hash name: that hash, and the number of its key."""

    def of(self, keys: Sequence[Any]) -> Any:
        """Return the numbers of keys, as an array."""
        import numpy as np

        hashes = np.fromiter(map(hash, keys), np.int64, len(keys))
        slots = hashes & (_SLOTS - 1)
        known = self._known[slots]
        numbers = known[:, 1].astype(np.int32)
        for place in np.flatnonzero((known[:, 0] != hashes) | (numbers < 0)).tolist():
            number = numbers[place] = self._number_of(keys[place])
            self._known[slots[place]] = hashes[place], number
        return numbers


class GraphColumns:
    """Adds decoded rows to columns."""

    def __init__(self, columns: SignInColumns) -> None:
        self._columns = columns
        self.lists = ResultLists()
        self._shapes = Numbers(self._number_of)
        self._addresses = Numbers(lambda pair: columns.addresses[_both(pair)])
        self._users = Numbers(lambda user_id: columns.users[(user_id or "").lower()])

    def add(self, rows: Sequence[GraphSignIn], interactive: Iterable[bool | None], results: Iterable[int]) -> None:
        """Add rows.

        Args:
            rows: As they were decoded.
            interactive: Which of the two each is, where that is known better than from the rows.
            results: The numbers of their lists of results among `lists`.
        """
        members = list(map(msgspec.structs.astuple, rows))
        ids, times, users, correlations, addresses, seen, devices, _ = zip(*map(_rest, members), strict=True)
        if None in devices:
            devices = tuple(_NO_DEVICE if one is None else one for one in devices)
        has_id = map(bool, map(_device_id, devices))
        keys = zip(map(_alike, members), map(_of_device, devices), has_id, results, interactive, strict=True)
        if not all(correlations):
            correlations = tuple(one or row_id for one, row_id in zip(correlations, ids, strict=True))
        self._columns.add_columns(
            shapes=self._shapes.of(list(keys)),
            addresses=self._addresses.of(list(zip(addresses, seen, strict=True))),
            users=self._users.of(users),
            times=times,
            ids=ids,
            correlations=correlations,
        )

    def _number_of(self, key: tuple[tuple[Any, ...], tuple[Any, ...], bool, int, bool | None]) -> int:
        """Return the number of a shape that was not there before."""
        alike, (system, compliant, trust), has_id, results, interactive = key
        device = GraphDevice(
            device_id=_SOME_ID if has_id else None, operating_system=system, is_compliant=compliant, trust_type=trust
        )
        row = GraphSignIn(**dict(zip(_ALIKE, alike, strict=True)), device_detail=device)
        return self._columns.shapes[shape_with(row, interactive, self.lists.results.values_made[results])]


def _both(pair: tuple[str | None, str | None]) -> tuple[str, str]:
    """Return the address, and the one that the service saw where it is another one."""
    address, seen = pair[0] or "", pair[1] or ""
    return address, "" if seen == address else seen
