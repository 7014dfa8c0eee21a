"""Tables of sign-ins: Log Analytics and Sentinel, and the portal's CSV. Columns are found by name, in any order.

Cells come again and again, so each different one is read once; whole columns are handed on at a time.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import BadInput
from migrate.exchange.sign_in_columns import Remembered, SignInColumns
from migrate.exchange.sign_in_dates import reader_of_dates, unchanged
from migrate.exchange.split_rows import split_rows
from migrate.model.sign_in_rows import (
    GraphAudience,
    GraphContext,
    GraphDemand,
    GraphDevice,
    GraphPlace,
    RowShape,
    code_of,
    flag_of,
    results_of,
)
from migrate.model.sign_ins import SourceFormat

ROWS_AT_ONCE = 200
"""So few that a chunk stays in the cache of the processor."""
_WIDEST = 1 << 24
"""Characters of a cell at most; lists of policy results may be long."""


@dataclass(frozen=True, kw_only=True)
class SignInTable:
    """A table whose columns are known."""

    path: Path
    form: SourceFormat
    delimiter: str
    places: Mapping[str, int]
    """Place of each column by its normalised name."""
    encoding: str

    def read_into(self, columns: SignInColumns, advance: Callable[[int], None]) -> int:
        """Add all rows to the columns and return how many there were. Raises BadInput for a row of another width."""
        layout = _PORTAL if self.form is SourceFormat.PORTAL_CSV else _LOG_ANALYTICS
        cells = _Cells(self, layout)
        shape = Remembered(lambda raw: columns.shapes[layout.shape_of(cells.named(raw), self)])
        address = Remembered(lambda raw: columns.addresses[_both(raw)])
        user = Remembered(lambda raw: columns.users[raw.strip().lower()])
        at, row_id, correlation = (itemgetter(self.places[name]) for name in layout.keys)
        user_cell = itemgetter(self.places[layout.user])
        address_cells = itemgetter(*[self.places[name] for name in layout.addresses if name in self.places])
        times: Callable[[str], str] | None = None
        number = 0
        for rows in self._chunks():
            written = list(map(at, rows))
            if times is None:
                times = reader_of_dates(written[0], (at(row) for row in self.rows() if row), self.path.name)
            columns.add_columns(
                shapes=map(shape.__getitem__, cells.keys_of(rows)),
                addresses=map(address.__getitem__, map(address_cells, rows)),
                users=map(user.__getitem__, map(user_cell, rows)),
                times=written if times is unchanged else list(map(times, written)),
                ids=map(row_id, rows),
                correlations=map(correlation, rows),
            )
            number += len(rows)
            advance(number)
        return number

    def rows(self) -> Iterator[list[str]]:
        """Yield the rows below the header."""
        csv.field_size_limit(_WIDEST)
        with self.path.open(encoding=self.encoding, newline="") as stream:
            try:
                next(csv.reader(stream, delimiter=self.delimiter))
                yield from split_rows(stream, self.delimiter)
            except (csv.Error, UnicodeDecodeError) as problem:
                raise BadInput(f"{self.path.name} cannot be read: {problem}.") from problem

    def _chunks(self) -> Iterator[list[list[str]]]:
        rows = self.rows()
        width = 1 + max(self.places.values())
        number = 1
        while chunk := list(islice(rows, ROWS_AT_ONCE)):
            chunk = [row for row in chunk if row] if [] in chunk else chunk
            if min(map(len, chunk), default=width) < width:
                short = next(index for index, row in enumerate(chunk) if len(row) < width)
                raise BadInput(
                    f"Row {number + short} of {self.path.name} has {len(chunk[short])} cells; its header has {width} "
                    "columns.",
                    hint="The file may be cut off: export it again.",
                )
            number += len(chunk)
            if chunk:
                yield chunk


def _both(written: str | tuple[str, str]) -> tuple[str, str]:
    """Return the address, and the one that the service saw where it is another one."""
    if isinstance(written, str):
        return written, ""
    return written[0], "" if written[1] == written[0] else written[1]


def table_of(path: Path) -> SignInTable:
    """Return what a table of sign-ins is.

    Raises:
        BadInput: It is none; the message names the columns that are missing.
    """
    encoding = _encoding(path)
    try:
        with path.open(encoding=encoding, newline="") as stream:
            first = stream.readline(1 << 20)
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(f"{path.name} cannot be read: {problem}.") from problem
    delimiter = max(",;\t", key=first.count)
    header = next(csv.reader([first], delimiter=delimiter), [])
    places: dict[str, int] = {}
    for place, name in enumerate(header):
        places.setdefault(normalised(name), place)
    for layout in (_LOG_ANALYTICS, _PORTAL):
        if not layout.required - set(places):
            return SignInTable(path=path, form=layout.form, delimiter=delimiter, places=places, encoding=encoding)
    nearest = min((_LOG_ANALYTICS, _PORTAL), key=lambda layout: len(layout.required - set(places)))
    missing = ", ".join(layout_name for layout_name in sorted(nearest.required - set(places)))
    raise BadInput(
        f"{path.name} is no table of sign-ins that is known here. Nearest is {nearest.called}, without the columns: "
        f"{missing}.",
        hint="Export it with all columns and English headers; docs/sign-ins.md lists the formats.",
    )


def normalised(name: str) -> str:
    """Return a column's name as it is compared: one space between words, none around, no case."""
    return " ".join(name.replace("\ufeff", "").split()).casefold()


def _encoding(path: Path) -> str:
    from migrate.exchange.encodings import encoding_of

    try:
        with path.open("rb") as stream:
            found = encoding_of(stream.read(4096))
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}.") from problem
    return "utf-8-sig" if found == "utf-8" else found


def is_interactive(path: Path) -> bool:
    """Tell which of the two the portal's file holds, by its name; no column says so.

    Raises:
        BadInput: The name does not begin as the portal writes it.
    """
    name = path.name.casefold()
    if name.startswith("interactive"):
        return True
    if name.startswith("noninteractive"):
        return False
    raise BadInput(
        f"Whether {path.name} holds interactive sign-ins cannot be told: no column says so, and its name does not.",
        hint="Give the file the name that the portal gave it: InteractiveSignIns_… or NonInteractiveSignIns_….",
    )


# Layouts


@dataclass(frozen=True, kw_only=True)
class _Layout:
    form: SourceFormat
    called: str
    required: frozenset[str]
    keys: tuple[str, str, str]
    """Columns of time, id and correlation id."""
    user: str
    addresses: tuple[str, ...]
    shape: tuple[str, ...]
    """The columns of the shape; those that a table lacks are left out."""
    reduced: Mapping[str, Callable[[str], Any]]
    """Columns whose cells hold more than the shape needs, such as times, with what is taken of them."""
    shape_of: Callable[[Callable[[str], Any], SignInTable], RowShape]


_BETWEEN = "\x1f"
"""Stands in no cell: the unit separator of ASCII."""


class _Cells:
    """Takes the cells of the shape out of rows, the ones with ids and times in them reduced."""

    def __init__(self, table: SignInTable, layout: _Layout) -> None:
        self._names = [name for name in layout.shape if name in table.places]
        plain = [name for name in self._names if name not in layout.reduced]
        self._order = [*plain, *[name for name in self._names if name in layout.reduced]]
        self._plain = itemgetter(*[table.places[name] for name in plain])
        self._reduced = [
            (itemgetter(table.places[name]), Remembered(layout.reduced[name], most=50_000))
            for name in self._order[len(plain) :]
        ]

    def keys_of(self, rows: list[list[str]]) -> Iterable[Any]:
        """Return what tells the shapes of these rows apart: one text is compared faster than twenty."""
        plain = map(_BETWEEN.join, map(self._plain, rows))
        if not self._reduced:
            return plain
        made = [map(known.__getitem__, map(cell, rows)) for cell, known in self._reduced]
        return zip(plain, *made, strict=True)

    def named(self, key: Any) -> Callable[[str], Any]:
        """Return the lookup of one shape's cells by column."""
        values = [*key[0].split(_BETWEEN), *key[1:]] if self._reduced else key.split(_BETWEEN)
        if len(values) != len(self._order):
            raise BadInput("A cell holds a control character, the unit separator; it is no file of sign-ins as made.")
        return dict(zip(self._order, values, strict=True)).get


def _text(cell: str | None) -> str:
    return cell or ""


def _json(cell: str, kind: Any) -> Any:
    """Decode a cell that holds JSON; None where it is empty or null."""
    if not cell:
        return None
    try:
        return msgspec.json.decode(cell, type=kind | None)
    except msgspec.DecodeError as problem:
        raise BadInput(f"A cell does not hold the JSON that it should: {cell[:80]!r} ({problem}).") from problem


def _device(cell: str) -> tuple[str, bool | None, bool, str]:
    found = _json(cell, GraphDevice) or GraphDevice()
    return (found.operating_system or "", flag_of(found.is_compliant), bool(found.device_id), found.trust_type or "")


def _country(cell: str) -> str | None:
    found = _json(cell, GraphPlace)
    return None if found is None else found.country_or_region or ""


_METHOD = re.compile(r'"authenticationMethod"\s*:\s*"([^"]*)"')


def _methods(cell: str) -> tuple[str, ...]:
    return tuple(sorted(set(_METHOD.findall(cell))))


def _results(cell: str) -> Any:
    try:
        return results_of(cell)
    except msgspec.DecodeError as problem:
        raise BadInput(f"A cell does not hold policy results: {cell[:80]!r} ({problem}).") from problem


def _log_analytics_shape(of: Callable[[str], Any], _table: SignInTable) -> RowShape:
    system, compliant, known, trust = of("devicedetail") or ("", None, False, "")
    audiences = _json(_text(of("conditionalaccessaudiences")), tuple[GraphAudience | str, ...])
    contexts = _json(_text(of("authenticationcontextclassreferences")), tuple[GraphContext, ...])
    demands = _json(_text(of("authenticationrequirementpolicies")), tuple[GraphDemand, ...])
    requirement = _text(of("authenticationrequirement"))
    country = of("locationdetails")
    agent = _json(_text(of("agent")), dict[str, Any]) or {}
    return RowShape(
        interactive=_text(of("type")).casefold() != "aadnoninteractiveusersigninlogs"
        if of("type")
        else flag_of(of("isinteractive")) is not False,
        application=_text(of("appid")).lower(),
        resource=_text(of("resourceidentity")).lower(),
        audiences=None
        if audiences is None
        else tuple(sorted((one if isinstance(one, str) else one.application_id or "").lower() for one in audiences)),
        contexts=None if contexts is None else tuple(sorted(one.id or "" for one in contexts)),
        client=_text(of("clientappused")),
        protocol=of("authenticationprotocol"),
        flow=of("originaltransfermethod"),
        token=of("incomingtokentype"),
        operating_system=system,
        compliant=compliant,
        known_device=known,
        trust=trust,
        country=of("location") if country is None else country,
        global_secure_access=flag_of(of("isthroughglobalsecureaccess")),
        user_type=_text(of("usertype")),
        cross_tenant=of("crosstenantaccesstype"),
        resource_tenant=_text(of("resourcetenantid")).lower(),
        risk=of("risklevelduringsignin"),
        code=code_of(of("resulttype")),
        multifactor=requirement[:5].casefold() == "multi" if requirement else None,
        asked_by=None if demands is None else tuple(sorted({one.requirement_provider or "" for one in demands})),
        methods=of("authenticationdetails"),
        results=of("conditionalaccesspolicies"),
        agent=str(agent.get("agentType") or ""),
    )


_LOG_ANALYTICS = _Layout(
    form=SourceFormat.LOG_ANALYTICS,
    called="a table of Log Analytics (SigninLogs, AADNonInteractiveUserSignInLogs)",
    required=frozenset(
        [
            "timegenerated",
            "id",
            "correlationid",
            "userid",
            "appid",
            "resourceidentity",
            "clientappused",
            "ipaddress",
            "devicedetail",
            "resulttype",
        ]
    ),
    keys=("timegenerated", "id", "correlationid"),
    user="userid",
    addresses=("ipaddress", "ipaddressfromresourceprovider"),
    shape=(
        "type",
        "isinteractive",
        "appid",
        "resourceidentity",
        "conditionalaccessaudiences",
        "authenticationcontextclassreferences",
        "clientappused",
        "authenticationprotocol",
        "originaltransfermethod",
        "incomingtokentype",
        "location",
        "isthroughglobalsecureaccess",
        "usertype",
        "crosstenantaccesstype",
        "resourcetenantid",
        "risklevelduringsignin",
        "resulttype",
        "authenticationrequirement",
        "authenticationrequirementpolicies",
        "agent",
        "devicedetail",
        "locationdetails",
        "authenticationdetails",
        "conditionalaccesspolicies",
    ),
    reduced={
        "devicedetail": _device,
        "locationdetails": _country,
        "authenticationdetails": _methods,
        "conditionalaccesspolicies": _results,
    },
    shape_of=_log_analytics_shape,
)


def _portal_shape(of: Callable[[str], Any], table: SignInTable) -> RowShape:
    requirement = _text(of("authentication requirement"))
    written = _text(of("sign-in error code"))
    succeeded = _text(of("status")).casefold() == "success"
    place = of("location")
    return RowShape(
        interactive=is_interactive(table.path),
        application=_text(of("application id")).lower(),
        resource=_text(of("resource id")).lower(),
        audiences=None,
        contexts=None,
        client=_text(of("client app")),
        protocol=of("authentication protocol"),
        flow=of("original transfer method"),
        token=of("incoming token type"),
        operating_system=_text(of("operating system")),
        compliant=flag_of(of("compliant") or None),
        known_device=bool(of("device id")),
        trust=_text(of("join type")),
        country=place,
        global_secure_access=flag_of(of("through global secure access")),
        user_type=_text(of("user type")),
        cross_tenant=of("cross tenant access type"),
        resource_tenant=_text(of("resource tenant id")).lower(),
        risk=None,
        code=0 if not written and succeeded else code_of(written),
        multifactor=requirement[:5].casefold() == "multi" if requirement else None,
        asked_by=None,
        methods=None,
        results=None,
        agent="",
    )


def _country_of_place(place: str) -> str:
    """Return the country of `City, State, CC`."""
    last = place.rsplit(",", 1)[-1].strip()
    return last if len(last) == 2 else ""


_PORTAL = _Layout(
    form=SourceFormat.PORTAL_CSV,
    called="a CSV file of the portal",
    required=frozenset(
        [
            "date (utc)",
            "request id",
            "correlation id",
            "user id",
            "application id",
            "resource id",
            "client app",
            "ip address",
            "status",
            "sign-in error code",
            "operating system",
        ]
    ),
    keys=("date (utc)", "request id", "correlation id"),
    user="user id",
    addresses=("ip address", "ip address (seen by resource)"),
    shape=(
        "application id",
        "resource id",
        "client app",
        "authentication protocol",
        "original transfer method",
        "incoming token type",
        "operating system",
        "compliant",
        "join type",
        "location",
        "through global secure access",
        "user type",
        "cross tenant access type",
        "resource tenant id",
        "sign-in error code",
        "status",
        "authentication requirement",
        "device id",
    ),
    reduced={"device id": bool, "location": _country_of_place},
    shape_of=_portal_shape,
)
