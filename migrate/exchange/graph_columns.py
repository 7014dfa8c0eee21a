"""Rows of Graph's JSON into columns: of each only numbers are held, and what many have in common is made once."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

import msgspec

from migrate.exchange.result_lists import ResultLists
from migrate.exchange.sign_in_columns import SignInColumns
from migrate.model.sign_in_rows import GraphSignIn, shape_with

Found = tuple[GraphSignIn, bool | None, int]
"""A row, whether somebody was at the keyboard where that is known better than from it, and its list of results."""

_ID, _TIME, _CORRELATION, _USER, _DEVICE, _ALIKE = map(
    GraphSignIn.__struct_fields__.index,
    ("id", "created_date_time", "correlation_id", "user_id", "device_detail", "app_id"),
)
"""Places of members: who and the addresses lie before the device, and what many rows have in common is the rest."""
_of_device = attrgetter("operating_system", "is_compliant", "trust_type")
_MOST = 200_000
_LOW = (1 << 32) - 1


class GraphColumns:
    """Adds decoded rows to columns.

    Shapes, and people with their addresses, are known again by 64 bits of each, as rows are by those of their ids: only
    what stands in the row is looked at, and it is gone before the next row comes.
    """

    def __init__(self, columns: SignInColumns) -> None:
        self._columns = columns
        self.lists = ResultLists()
        self._shapes: dict[int, int] = {}
        self._whence: dict[int, int] = {}
        """The number of a person in the upper half, of the addresses in the lower one."""

    def add(self, rows: Iterable[Found]) -> int:
        """Add rows, some hundreds of them, and return how many there were."""
        import numpy as np

        members_of, hashed = msgspec.structs.astuple, self._columns.hashed
        shape_of, whence_of = self._shapes.get, self._whence.get
        shapes: list[int] = []
        whence: list[int] = []
        times: list[str] = []
        ids: list[int] = []
        correlations: list[int] = []
        for row, interactive, results in rows:
            members = members_of(row)
            device = members[_DEVICE]
            on = device and (_of_device(device), not device.device_id)
            key = hash((members[_ALIKE:], on, interactive, results))
            number = shape_of(key)
            shapes.append(self._new_shape(key, row, interactive, results) if number is None else number)
            key = hash(members[_USER:_DEVICE])
            number = whence_of(key)
            whence.append(self._new_whence(key, row) if number is None else number)
            times.append(members[_TIME])
            ids.append(hashed(members[_ID]))
            correlations.append(hashed(members[_CORRELATION] or members[_ID]))
        both = np.array(whence, np.int64)
        self._columns.add_columns(
            shapes=shapes, addresses=both & _LOW, users=both >> 32, times=times, ids=ids, correlations=correlations
        )
        return len(times)

    def _new_shape(self, key: int, row: GraphSignIn, interactive: bool | None, results: int) -> int:
        if len(self._shapes) >= _MOST:
            self._shapes.clear()
        shape = shape_with(row, interactive, self.lists.results.values_made[results])
        number = self._shapes[key] = self._columns.shapes[shape]
        return number

    def _new_whence(self, key: int, row: GraphSignIn) -> int:
        if len(self._whence) >= _MOST:
            self._whence.clear()
        address, seen = row.ip_address or "", row.ip_address_from_resource_provider or ""
        place = self._columns.addresses[address, "" if seen == address else seen]
        number = self._whence[key] = self._columns.users[(row.user_id or "").lower()] << 32 | place
        return number
