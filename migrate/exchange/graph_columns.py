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

_ALIKE = GraphSignIn.__struct_fields__.index("app_id")
"""From this member on rows have much in common, and their shape is made of it."""
_of_device = attrgetter("operating_system", "is_compliant", "trust_type")
_MOST_SHAPES = 200_000


class GraphColumns:
    """Adds decoded rows to columns.

    Shapes, addresses and people are known again by 64 bits of each, as rows are by those of their ids: what stands in
    the row is the only thing that is looked at, and it is gone before the next row comes.
    """

    def __init__(self, columns: SignInColumns) -> None:
        self._columns = columns
        self.lists = ResultLists()
        self._shapes: dict[int, int] = {}
        self._addresses: dict[int, int] = {}
        self._users: dict[int, int] = {}

    def add(self, rows: Iterable[Found]) -> int:
        """Add rows, some hundreds of them, and return how many there were."""
        members_of, hashed = msgspec.structs.astuple, self._columns.hashed
        shape_of, address_of, user_of = self._shapes.get, self._addresses.get, self._users.get
        shapes: list[int] = []
        addresses: list[int] = []
        users: list[int] = []
        times: list[str] = []
        ids: list[int] = []
        correlations: list[int] = []
        for row, interactive, results in rows:
            members = members_of(row)
            row_id, time, user, correlation, _, _, device, *_ = members
            on = device and (_of_device(device), not device.device_id)
            key = hash((members[_ALIKE:], on, interactive, results))
            shape = shape_of(key)
            shapes.append(self._new_shape(key, row, interactive, results) if shape is None else shape)
            key = hash(members[4:6])
            address = address_of(key)
            addresses.append(self._new_address(key, row) if address is None else address)
            key = hash(user)
            number = user_of(key)
            users.append(self._new_user(key, row) if number is None else number)
            times.append(time)
            ids.append(hashed(row_id))
            correlations.append(hashed(correlation or row_id))
        self._columns.add_columns(
            shapes=shapes, addresses=addresses, users=users, times=times, ids=ids, correlations=correlations
        )
        return len(times)

    def _new_shape(self, key: int, row: GraphSignIn, interactive: bool | None, results: int) -> int:
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        shape = shape_with(row, interactive, self.lists.results.values_made[results])
        number = self._shapes[key] = self._columns.shapes[shape]
        return number

    def _new_address(self, key: int, row: GraphSignIn) -> int:
        address, seen = row.ip_address or "", row.ip_address_from_resource_provider or ""
        number = self._addresses[key] = self._columns.addresses[address, "" if seen == address else seen]
        return number

    def _new_user(self, key: int, row: GraphSignIn) -> int:
        number = self._users[key] = self._columns.users[(row.user_id or "").lower()]
        return number
