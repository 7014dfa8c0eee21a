"""Turns named locations into a finite partition of the places a sign-in can come from.

A place is an address, the country that the address is looked up to, the country by GPS, and whether it is one of
the MFA trusted IPs of the old settings page, which no API shows. Nothing relates these to each other.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby, product
from math import prod

from migrate.decide.coverage.strictly import shown
from migrate.decide.coverage.vocabulary import COMPLIANT_NETWORK, MFA_TRUSTED_IPS
from migrate.model.evidence import is_control_information
from migrate.model.record import JsonObject

ALL, ALL_TRUSTED = "all", "alltrusted"
_NOT_DECIDING = frozenset({"id", "displayName", "createdDateTime", "modifiedDateTime", "deletedDateTime"})
_BY_ID = frozenset({COMPLIANT_NETWORK, MFA_TRUSTED_IPS})
"""Locations that are known by their id: nobody can list what lies in them, so each is a place of its own."""
_FAMILIES = (ipaddress.IPv4Network("0.0.0.0/0"), ipaddress.IPv6Network("::/0"))
MOST_PARTS = 200_000
"""Beyond it the named locations are not cut against each other: a second of work and tens of megabytes."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Ranges:
    """A named location made of address ranges."""

    id: str
    name: str
    trusted: bool
    networks: tuple[Network, ...]


@dataclass(frozen=True, slots=True)
class Countries:
    """A named location made of countries."""

    id: str
    name: str
    countries: frozenset[str]
    """Two-letter codes, upper case."""
    unknown: bool
    """Places whose country is not known belong to it."""
    by_gps: bool


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A named location that cannot be used."""

    id: str
    sentence: str


NamedLocation = Ranges | Countries | NotUnderstood


def read_locations(raws: Iterable[JsonObject]) -> dict[str, NamedLocation]:
    """Return the named locations by id (lower case). Source: Graph resources ipNamedLocation, countryNamedLocation."""
    found: dict[str, NamedLocation] = {}
    seen: dict[str, JsonObject] = {}
    for raw in raws:
        location = _read(raw)
        deciding = {key: value for key, value in raw.items() if key not in _NOT_DECIDING and _decides(key)}
        if seen.setdefault(location.id, deciding) == deciding:
            found.setdefault(location.id, location)
        else:
            # Graph may send an object twice; where the two disagree nobody knows which one holds.
            sentence = f"the named location {_name_of(raw)!r} was sent twice, and not alike"
            found[location.id] = NotUnderstood(location.id, sentence)
    return found


def _decides(key: str) -> bool:
    return key == "@odata.type" or not is_control_information(key)


def _name_of(raw: JsonObject) -> str:
    return str(raw.get("displayName") or raw.get("id"))


def _read(raw: JsonObject) -> NamedLocation:
    location_id, name = str(raw.get("id", "")).casefold(), _name_of(raw)
    kind = str(raw.get("@odata.type") or _guessed_type(raw)).rsplit(".", 1)[-1].casefold()
    try:
        if kind == "ipnamedlocation":
            networks = tuple(_network(entry) for entry in _list(raw, "ipRanges"))
            # Not shown, it is no place that is surely trusted; whether any address is trusted nobody knows anyway.
            return Ranges(location_id, name, _flag("isTrusted", raw.get("isTrusted", False)), networks)
        if kind == "countrynamedlocation":
            method = str(raw["countryLookupMethod"]).casefold()
            if method in ("clientipaddress", "authenticatorappgps"):
                unknown_places = "includeUnknownCountriesAndRegions"
                countries = frozenset(_country(code) for code in _list(raw, "countriesAndRegions"))
                unknown = _flag(unknown_places, raw[unknown_places])
                return Countries(location_id, name, countries, unknown, method == "authenticatorappgps")
    except KeyError as missing:
        sentence = f"the named location {name!r} is not understood: {missing.args[0]} is not shown"
        return NotUnderstood(location_id, sentence)
    except (TypeError, ValueError) as problem:
        return NotUnderstood(location_id, f"the named location {name!r} is not understood: {problem}")
    return NotUnderstood(location_id, f"the named location {name!r} is not understood: {shown(raw)}")


def _guessed_type(raw: JsonObject) -> str:
    return "ipNamedLocation" if "ipRanges" in raw else "countryNamedLocation" if "countriesAndRegions" in raw else ""


def _list(raw: JsonObject, key: str) -> list[object]:
    value = raw[key]
    if not isinstance(value, list):
        raise TypeError(f"{key} is {shown(value)}")
    return value


def _network(entry: object) -> Network:
    if not isinstance(entry, dict) or not isinstance(entry.get("cidrAddress"), str):
        raise TypeError(f"an address range is {shown(entry)}")
    return ipaddress.ip_network(entry["cidrAddress"], strict=False)


def _country(code: object) -> str:
    if not isinstance(code, str) or len(code) != 2:
        raise TypeError(f"a country is {shown(code)}")
    return code.upper()


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{key} is {shown(value)}")
    return value


class PlacesPartition:
    """All places, cut into the fewest parts that the mentioned locations can tell apart.

    Each part is a set of conditions that hold in it: ids of named locations, and `alltrusted`.
    """

    def __init__(self, known: Mapping[str, NamedLocation], mentioned: frozenset[str]) -> None:
        self._known = known
        self._mentioned = mentioned - {ALL}
        ranges = [where for where in self._relevant() if isinstance(where, Ranges)]
        countries = [where for where in self._relevant() if isinstance(where, Countries)]
        # A trusted place need not lie in a named location that is understood: the MFA trusted IPs count too, and no
        # API shows them. So `alltrusted` holds for sure inside trusted ranges, and may hold anywhere else.
        hidden = [key for key in (ALL_TRUSTED, *sorted(_BY_ID)) if key in self._mentioned]
        cuts = (
            _address_parts(ranges),
            _country_parts([where for where in countries if not where.by_gps]),
            _country_parts([where for where in countries if where.by_gps]),
            _subsets(hidden),
        )
        parts = product(*cuts) if prod(len(cut) for cut in cuts) <= MOST_PARTS else ()
        self.too_many = parts == ()
        """The locations tell so many places apart that nothing is decided about them; then there are no parts."""
        found = {self._conditions(address, country | gps, flags) for address, country, gps, flags in parts}
        self.parts: tuple[frozenset[str], ...] = tuple(sorted(found, key=sorted))

    def _relevant(self) -> Iterator[NamedLocation]:
        for location_id in sorted(self._known):
            location = self._known[location_id]
            if location_id in _BY_ID:
                continue
            trusted = isinstance(location, Ranges) and location.trusted and ALL_TRUSTED in self._mentioned
            if trusted or location_id in self._mentioned:
                yield location

    def _conditions(self, address: frozenset[str], countries: frozenset[str], flags: frozenset[str]) -> frozenset[str]:
        if ALL_TRUSTED in self._mentioned and any(self._is_trusted(location_id) for location_id in address):
            flags |= {ALL_TRUSTED}
        return (address & self._mentioned) | countries | flags

    def _is_trusted(self, location_id: str) -> bool:
        location = self._known[location_id]
        return isinstance(location, Ranges) and location.trusted


def problems_with(ids: frozenset[str], known: Mapping[str, NamedLocation]) -> list[str]:
    """Return sentences for the ones of these location names that are not understood."""
    sentences = []
    for location_id in sorted(ids - {ALL, ALL_TRUSTED} - _BY_ID):
        if location_id not in known:
            sentences.append(f"the named location {location_id} is not among those that were read")
        else:
            location = known[location_id]
            if isinstance(location, NotUnderstood):
                sentences.append(location.sentence)
    return sentences


def _subsets(keys: list[str]) -> list[frozenset[str]]:
    return [
        frozenset(key for key, on in zip(keys, choice, strict=True) if on)
        for choice in product((0, 1), repeat=len(keys))
    ]


def _country_parts(locations: list[Countries]) -> set[frozenset[str]]:
    codes = frozenset[str]().union(*(location.countries for location in locations))
    parts = {frozenset(where.id for where in locations if code in where.countries) for code in codes}
    parts.add(frozenset(where.id for where in locations if where.unknown))
    parts.add(frozenset())
    return parts


def _address_parts(locations: list[Ranges]) -> set[frozenset[str]]:
    """Return the different sets of locations that one address can lie in, exactly, by a sweep over the bounds.

    An address that Microsoft cannot place lies in none of them, even where they hold all of IPv4 and IPv6.
    """
    parts: set[frozenset[str]] = {frozenset()}
    for family in _FAMILIES:
        parts |= _sweep(locations, family.version, int(family[-1]))
    return parts


def _sweep(locations: list[Ranges], version: int, last: int) -> set[frozenset[str]]:
    bounds: list[tuple[int, int, int]] = []
    for index, location in enumerate(locations):
        for network in location.networks:
            if network.version == version:
                bounds.append((int(network.network_address), 1, index))
                bounds.append((int(network.broadcast_address) + 1, -1, index))
    depths = [0] * len(locations)
    # As bits: a tenant may have hundreds of thousands of bounds, and few different sets of locations between them.
    inside, found = 0, set[int]()
    position = 0
    for where, changes in groupby(sorted(bounds), key=lambda bound: bound[0]):
        if where > position:
            found.add(inside)
        for _, step, index in changes:
            depths[index] += step
            inside = inside | 1 << index if depths[index] else inside & ~(1 << index)
        position = where
    if position <= last:
        found.add(inside)
    return {frozenset(each.id for index, each in enumerate(locations) if bits >> index & 1) for bits in found}


def lies_in(location: Ranges, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether an address lies in the location's ranges."""
    return any(address in network for network in location.networks if network.version == address.version)
