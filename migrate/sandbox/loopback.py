"""Who may speak to the sandbox: programs of this machine, under a loopback name, and no page of another site.

A web page in the operator's browser reaches loopback too, also under a name of its own that resolves to it (DNS
rebinding), and with a tenant file this is a real tenant's data.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from migrate.sandbox.messages import GraphError

_LOCALHOST = "localhost"
_OTHER_SITES = frozenset({"cross-site", "same-site"})
"""What browsers say of a request that a page of another origin makes; another port of this machine is `same-site`."""


def check_from_here(headers: Mapping[str, str], scheme: str) -> None:
    """Check the Host and Origin of a request, whatever its path.

    Raises 421 for a host that is no loopback name, and 403 for a page of another origin.
    """
    host = headers.get("host")
    if host is None or not _is_loopback(_split(f"//{host}")):
        raise GraphError(
            421,
            "MisdirectedRequest",
            "The sandbox answers to loopback names only (127.0.0.1, localhost, [::1]), not to "
            f"{'a request without a host' if host is None else repr(host)}.",
        )
    origin = headers.get("origin")
    foreign = origin is not None and origin.lower() != f"{scheme}://{host}".lower()
    if foreign or headers.get("sec-fetch-site", "").lower() in _OTHER_SITES:
        raise GraphError(
            403, "ForeignOrigin", f"The sandbox does not answer to pages of another origin ({origin or 'unnamed'})."
        )


def _split(address: str) -> SplitResult | None:
    try:
        found = urlsplit(address)
        _ = found.port  # a port that is no number raises here
    except ValueError:
        return None
    return found


def _is_loopback(address: SplitResult | None) -> bool:
    if address is None or address.username is not None or address.path or address.query or address.fragment:
        return False
    name = (address.hostname or "").removesuffix(".")
    return name == _LOCALHOST or _is_loopback_address(name)


def _is_loopback_address(name: str) -> bool:
    try:
        found: IPv4Address | IPv6Address = ip_address(name)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback
