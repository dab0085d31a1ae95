"""Addresses as numbers on one line: IPv4 first, then IPv6."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_network, summarize_address_range

from tap.proofs.network.ranges import Ranges

_IPV6 = 1 << 32
IPV4 = Ranges(((0, _IPV6 - 1),))
IPV6 = Ranges(((_IPV6, _IPV6 + (1 << 128) - 1),))
EVERYWHERE = IPV4 | IPV6


@lru_cache(maxsize=65536)
def network(block: str) -> Ranges:
    """Return the addresses of a block such as ``10.0.0.0/16``, ``2001:db8::/32`` or ``10.0.0.1``.

    Raises:
        ValueError: It is none.
    """
    found = ip_network(block, strict=False)
    base = 0 if isinstance(found, IPv4Network) else _IPV6
    first = int(found.network_address)
    return Ranges(((base + first, base + first + found.num_addresses - 1),))


def networks(*blocks: str) -> Ranges:
    """Return the addresses of several blocks."""
    return Ranges.of(*(span for block in blocks for span in network(block).spans))


def prefix_length(addresses: Ranges) -> int:
    """Return how specific a block is, as the number of fixed bits."""
    [(first, last)] = addresses.spans
    return (32 if first < _IPV6 else 128) - (last - first + 1).bit_length() + 1


def describe(addresses: Ranges) -> str:
    """Return addresses as blocks, with ``...`` after the fourth."""
    blocks: list[str] = []
    for first, last in (addresses & IPV4).spans:
        blocks += map(str, summarize_address_range(IPv4Address(first), IPv4Address(last)))
    for first, last in (addresses & IPV6).spans:
        low, high = IPv6Address(first - _IPV6), IPv6Address(last - _IPV6)
        blocks += map(str, summarize_address_range(low, high))
    shown = [block.removesuffix("/32") if "." in block else block for block in blocks[:4]]
    return ", ".join([*shown, *(["..."] if len(blocks) > len(shown) else [])])


# What is routed in the internet: https://www.iana.org/assignments/iana-ipv4-special-registry
# and https://www.iana.org/assignments/ipv6-unicast-address-assignments
PUBLIC = (
    IPV4
    - networks(
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/3",
    )
) | network("2000::/3")
