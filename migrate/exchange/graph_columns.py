"""Rows of Graph's JSON into columns, many at a time: whatever many rows have in common is looked up, not made again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from operator import attrgetter
from typing import Any

import msgspec

from migrate.exchange.sign_in_columns import Numbering, Remembered, SignInColumns
from migrate.model.sign_in_rows import GraphDevice, GraphSignIn, results_or_nothing, shape_with

ROWS_AT_ONCE = 128
"""So few that a chunk, with the lines that it refers to, stays in the cache of the processor."""
_MOST_LISTS = 2_000

_ALIKE = (
    "is_interactive",
    "sign_in_event_types",
    "app_id",
    "resource_id",
    "resource_tenant_id",
    "client_app_used",
    "user_type",
    "cross_tenant_access_type",
    "authentication_requirement",
    "authentication_protocol",
    "original_transfer_method",
    "incoming_token_type",
    "is_through_global_secure_access",
    "risk_level_during_sign_in",
    "conditional_access_audiences",
    "authentication_context_class_references",
    "status",
    "location",
    "authentication_details",
    "authentication_requirement_policies",
    "agent",
)
"""Members that many rows have in common and that make their shape; the device and the results go apart."""
_alike = attrgetter(*_ALIKE)
_device = attrgetter("device_detail")
_results = attrgetter("applied_conditional_access_policies")
_addresses = attrgetter("ip_address", "ip_address_from_resource_provider")
_user = attrgetter("user_id")
_time = attrgetter("created_date_time")
_id = attrgetter("id")
_correlation = attrgetter("correlation_id")


class GraphColumns:
    """Adds decoded rows to columns."""

    def __init__(self, columns: SignInColumns) -> None:
        self._columns = columns
        self._shape = Remembered(self._number_of)
        self._known_device = Remembered(_without_id)
        self._results = Numbering(lambda results: results)
        # Lists are long as they are written, and few: what is kept of the others is what they say.
        self._list = Remembered(lambda written: self._results[results_or_nothing(written)], most=_MOST_LISTS)
        self._address = Remembered(lambda pair: columns.addresses[_both(pair)])
        self._user = Remembered(lambda user_id: columns.users[(user_id or "").lower()])

    def add(self, rows: Sequence[GraphSignIn], interactive: Sequence[bool | None] | None = None) -> None:
        """Add rows.

        Args:
            rows: As they were decoded.
            interactive: Which of the two each is, where that is known better than from the rows.

        Raises:
            msgspec.DecodeError: The results of policies are no list of results.
        """
        keys = zip(
            map(_alike, rows),
            map(self._known_device.__getitem__, map(_device, rows)),
            map(self._list.__getitem__, map(bytes, map(_results, rows))),
            repeat(None) if interactive is None else interactive,
            strict=False,
        )
        ids = list(map(_id, rows))
        correlations = list(map(_correlation, rows))
        if not all(correlations):
            correlations = [one or row_id for one, row_id in zip(correlations, ids, strict=True)]
        self._columns.add_columns(
            shapes=map(self._shape.__getitem__, keys),
            addresses=map(self._address.__getitem__, map(_addresses, rows)),
            users=map(self._user.__getitem__, map(_user, rows)),
            times=list(map(_time, rows)),
            ids=ids,
            correlations=correlations,
        )

    def _number_of(self, key: tuple[tuple[Any, ...], GraphDevice | None, int, bool | None]) -> int:
        """Return the number of a shape that was not there before."""
        alike, device, results, interactive = key
        row = GraphSignIn(**dict(zip(_ALIKE, alike, strict=True)), device_detail=device)
        return self._columns.shapes[shape_with(row, interactive, self._results.values_made[results])]


def _both(pair: tuple[str | None, str | None]) -> tuple[str, str]:
    """Return the address, and the one that the service saw where it is another one."""
    address, seen = pair[0] or "", pair[1] or ""
    return address, "" if seen == address else seen


_SOME_ID = "known"


def _without_id(device: GraphDevice | None) -> GraphDevice | None:
    """Return a device without its own id: only whether it has one tells shapes apart."""
    if device is None or not device.device_id:
        return device
    return msgspec.structs.replace(device, device_id=_SOME_ID)
