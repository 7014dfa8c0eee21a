"""Replacing IP ranges keeps which range holds which, and nothing else of the addresses."""

from __future__ import annotations

import ipaddress
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.errors import BadInput
from migrate.exchange.documentation_ranges import Network, documentation_ranges

DOCUMENTATION = [
    ipaddress.ip_network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]


def holds(outer: Network, inner: Network) -> bool:
    return outer.version == inner.version and int(outer[0]) <= int(inner[0]) and int(inner[-1]) <= int(outer[-1])


def filled(outer: Network, parts: list[Network]) -> bool:
    """Tell whether the parts inside `outer` leave no address of it free."""
    inside = [part for part in parts if part != outer and holds(outer, part)]
    return sum(part.num_addresses for part in ipaddress.collapse_addresses(inside)) == outer.num_addresses


v4 = st.builds(
    lambda number, length: str(ipaddress.ip_network((number, length), strict=False)),
    st.integers(0, 2**32 - 1),
    st.integers(9, 32),
)
# Numbers with many common leading bits, or hardly any would ever lie in each other.
near = st.builds(
    lambda number, length: str(ipaddress.ip_network((0x0A000000 + number, length), strict=False)),
    st.integers(0, 63),
    st.integers(24, 32),
)
v6 = st.builds(
    lambda number, length: str(ipaddress.ip_network((0x2A00 << 112 | number, length), strict=False)),
    st.integers(0, 255),
    st.integers(116, 128),
)


@given(st.lists(v4 | near | v6, max_size=40))
def test_what_held_another_range_still_does_and_what_did_not_does_not(texts: list[str]) -> None:
    replaced = documentation_ranges(texts)
    assert replaced.keys() == set(texts)
    before = {text: ipaddress.ip_network(text) for text in texts}
    after = {text: ipaddress.ip_network(replaced[text]) for text in texts}
    for one, other in product(before, before):
        assert holds(after[one], after[other]) == holds(before[one], before[other])
        assert after[one].overlaps(after[other]) == before[one].overlaps(before[other])
    for text in texts:
        assert filled(after[text], list(after.values())) == filled(before[text], list(before.values()))
        assert any(holds(block, after[text]) for block in DOCUMENTATION)


def test_a_few_offices_stay_ipv4() -> None:
    replaced = documentation_ranges([f"10.{number % 256}.{number // 256}.0/24" for number in range(700)])
    assert {ipaddress.ip_network(text).version for text in replaced.values()} == {4}
    assert len(set(replaced.values())) == 700


def test_more_ranges_than_the_ipv4_blocks_hold_become_ipv6() -> None:
    replaced = documentation_ranges([f"10.{number // 256}.{number % 256}.0/24" for number in range(1000)])
    assert len(set(replaced.values())) == 1000
    versions = [ipaddress.ip_network(text).version for text in replaced.values()]
    assert versions.count(4) == 3 * 256


def test_all_addresses_stay_all_addresses_and_host_bits_do_not_matter() -> None:
    replaced = documentation_ranges(["0.0.0.0/0", "::/0", "10.1.2.3/24", "10.1.2.0/24", "nonsense", ""])
    assert replaced["0.0.0.0/0"] == "0.0.0.0/0"
    assert replaced["::/0"] == "::/0"
    assert replaced["10.1.2.3/24"] == replaced["10.1.2.0/24"] == "192.0.2.0/32"
    assert "nonsense" not in replaced


def test_nesting_deeper_than_the_block_is_refused_and_not_flattened() -> None:
    with pytest.raises(BadInput, match="nested more than 64 deep"):
        documentation_ranges([f"2a00::/{length}" for length in range(40, 128)])
