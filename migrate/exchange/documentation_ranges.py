"""Replace IP ranges by documentation ranges so that the same ranges still lie within, beside and around each other.

Nothing of the original addresses can be read off the result: only which range holds which others is kept, since
that is all that a trusted or excluded location depends on.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from migrate.errors import BadInput

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_BLOCKS = tuple(ipaddress.IPv4Network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
"""RFC 5737."""
_BLOCK_BITS = 8
_WIDE = int(ipaddress.IPv6Address("2001:db8::"))
"""RFC 3849; where the three small blocks do not suffice, and for IPv6 itself."""
_SLOT_BITS = 64
"""Each outermost range gets a /64 of its own there."""


def documentation_ranges(ranges: Iterable[str]) -> dict[str, str]:
    """Return a replacement for each range in CIDR notation; texts that are no range are left out.

    A range inside another stays inside its replacement, ranges that fill another exactly still fill it, and ranges
    that have nothing in common still have nothing in common. A range over all addresses stays what it is. IPv4 ranges
    become IPv6 ones where there are too many for the IPv4 documentation blocks. Entra takes no IPv4 range wider than
    /8, so a set of ranges that covers all addresses without naming them does not occur.

    Raises BadInput when ranges are nested more than 64 deep.
    """
    networks = {text: network for text in ranges if (network := _network(text)) is not None}
    replaced: dict[Network, str] = {network: str(network) for network in networks.values() if network.prefixlen == 0}
    small: list[tuple[int, Network, dict[Network, str]]] = []
    for outer, inner in _nests(sorted(set(networks.values()) - set(replaced), key=_order)):
        places: dict[Network, str] = {}
        _place(inner, outer, "", places)
        small.append((max(map(len, places.values())), outer, places))
    small.sort(key=lambda nest: (-nest[0], _order(nest[1])))
    taken, slot = 0, 0
    for bits, outer, places in small:
        if bits > _SLOT_BITS:
            raise BadInput(
                "The named locations hold IP ranges nested more than 64 deep.", hint="Leave out --anonymise."
            )
        if outer.version == 4 and bits <= _BLOCK_BITS and taken + 2**bits <= len(_BLOCKS) * 2**_BLOCK_BITS:
            block, offset = divmod(taken, 2**_BLOCK_BITS)
            start, width, last = int(_BLOCKS[block][0]) + offset, bits, 32
            taken += 2**bits
        else:
            start, width, last = _WIDE + (slot << _SLOT_BITS), _SLOT_BITS, 128
            slot += 1
        for network, path in places.items():
            replaced[network] = _within(start, width, last, path)
    return {text: replaced[network] for text, network in networks.items()}


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _order(network: Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen


def _nests(ordered: list[Network]) -> list[tuple[Network, list[Network]]]:
    """Return the ranges that lie in no other, each with everything inside it, itself included."""
    nests: list[tuple[Network, list[Network]]] = []
    for network in ordered:
        if nests and _holds(nests[-1][0], network):
            nests[-1][1].append(network)
        else:
            nests.append((network, [network]))
    return nests


def _holds(outer: Network, inner: Network) -> bool:
    return (
        outer.version == inner.version
        and outer.prefixlen <= inner.prefixlen
        and int(outer.network_address) <= int(inner.network_address)
        and int(inner.broadcast_address) <= int(outer.broadcast_address)
    )


def _place(networks: list[Network], region: Network, path: str, places: dict[Network, str]) -> None:
    """Give each range inside `region` a path of bits below the path of the region, as short as the nesting allows."""
    rest = [network for network in networks if network != region]
    if len(rest) < len(networks):
        places[region] = path
    if not rest:
        return
    common = _common(rest)
    if common != region:
        # One bit that nobody shares: what is inside must not fill the region unless it did.
        _place(rest, common, path + "0", places)
        return
    left, right = region.subnets()
    for half, bit in ((left, "0"), (right, "1")):
        inside = [network for network in rest if _holds(half, network)]
        if inside:
            _place(inside, half, path + bit, places)


def _common(networks: list[Network]) -> Network:
    """Return the smallest range that holds all of these."""
    found = min(networks, key=lambda network: network.prefixlen)
    while not all(_holds(found, network) for network in networks):
        found = found.supernet()
    return found


def _within(start: int, width: int, last: int, path: str) -> str:
    offset = int(path or "0", 2) << (width - len(path))
    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    address = ipaddress.IPv4Address(start + offset) if last == 32 else ipaddress.IPv6Address(start + offset)
    return f"{address}/{last - width + len(path)}"
