"""The layouts of tables of sign-ins: which columns Log Analytics and the portal write, and what their cells mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec

from migrate.errors import BadInput
from migrate.exchange.sign_in_columns import Remembered
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


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which columns a table has, and how the shape of a row is made of them."""

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
    shape_of: Callable[[Callable[[str], Any], Path], RowShape]


_BETWEEN = "\x1f"
"""Stands in no cell: the unit separator of ASCII."""


class Cells:
    """Takes the cells of the shape out of rows, the ones with ids and times in them reduced."""

    def __init__(self, places: Mapping[str, int], layout: Layout) -> None:
        self._names = [name for name in layout.shape if name in places]
        plain = [name for name in self._names if name not in layout.reduced]
        self._order = [*plain, *[name for name in self._names if name in layout.reduced]]
        self._plain = itemgetter(*[places[name] for name in plain])
        self._reduced = [
            (itemgetter(places[name]), Remembered(layout.reduced[name], most=50_000))
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


def _log_analytics_shape(of: Callable[[str], Any], _path: Path) -> RowShape:
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


LOG_ANALYTICS = Layout(
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


def _portal_shape(of: Callable[[str], Any], path: Path) -> RowShape:
    requirement = _text(of("authentication requirement"))
    written = _text(of("sign-in error code"))
    succeeded = _text(of("status")).casefold() == "success"
    place = of("location")
    return RowShape(
        interactive=is_interactive(path),
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


PORTAL = Layout(
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
