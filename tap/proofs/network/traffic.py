"""Protocols and ports as numbers on one line, so that a set of them is one set of ranges.

TCP ports come first, then UDP ports, then types and codes of ICMP and of ICMPv6, then all other
protocols by number. An answer to a packet has its own place on the line: what a network ACL must
let pass for it is the port that the client has chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tap.proofs.network.ranges import NOTHING, Ranges

_SIZE = 1 << 16
_BASES = {6: 0, 17: _SIZE, 1: 2 * _SIZE, 58: 3 * _SIZE}
_OTHERS = 4 * _SIZE
_NUMBERS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}
_NAMES = {number: name for name, number in _NUMBERS.items()}
_EVERY_PORT = 65535
_EVERY_TYPE = 255

# https://www.iana.org/assignments/icmp-parameters and icmpv6-parameters
_ECHOES = {1: (8, 0), 58: (128, 129)}

ALL = Ranges(((0, _OTHERS + 255),))
TCP = Ranges(((0, _SIZE - 1),))
UDP = Ranges(((_SIZE, 2 * _SIZE - 1),))
ICMP = Ranges(((2 * _SIZE, 4 * _SIZE - 1),))


def traffic(protocol: str, first: int | None = None, last: int | None = None) -> Ranges:
    """Return the traffic that a rule of AWS means.

    Args:
        protocol: A name or number; ``-1`` or ``all`` for everything.
        first: Of TCP and UDP the first port, of ICMP the type; -1 or None for all.
        last: Of TCP and UDP the last port, of ICMP the code; -1 or None for all.

    Raises:
        ValueError: The protocol is none.
    """
    if protocol in {"-1", "all"}:
        return ALL
    number = _NUMBERS[protocol] if protocol in _NUMBERS else int(protocol)
    if number not in _BASES:
        return Ranges.of((_OTHERS + number, _OTHERS + number))
    base = _BASES[number]
    if number in _ECHOES:
        return _messages(base, first, last)
    if first is None or first < 0:
        first, last = 0, _EVERY_PORT
    return Ranges.of((base + first, base + (last if last is not None else first)))


def _messages(base: int, kind: int | None, code: int | None) -> Ranges:
    if kind is None or kind < 0:
        return Ranges.of((base, base + _SIZE - 1))
    start = base + kind * (_EVERY_TYPE + 1)
    if code is None or code < 0:
        return Ranges.of((start, start + _EVERY_TYPE))
    return Ranges.of((start + code, start + code))


def parse_traffic(text: str) -> Ranges:
    """Read ``tcp/443``, ``udp/1000-2000``, ``tcp``, ``icmp`` (a ping), ``icmp/3/4`` or ``all``.

    Several are joined by commas.

    Raises:
        ValueError: It is of no such form.
    """
    found = NOTHING
    for part in text.replace(" ", "").split(","):
        protocol, _, ports = part.partition("/")
        if protocol in {"icmp", "icmpv6"}:
            kind, _, code = ports.partition("/")
            echo = _ECHOES[_NUMBERS[protocol]][0]
            found |= traffic(protocol, int(kind) if kind else echo, int(code) if code else None)
        elif ports:
            first, _, last = ports.partition("-")
            low, high = int(first), int(last or first)
            if not 0 <= low <= high <= _EVERY_PORT:
                raise ValueError(f"no range of ports: {ports}")
            found |= traffic(protocol, low, high)
        else:
            found |= traffic(protocol)
    return found


def describe_traffic(found: Ranges) -> str:
    """Return traffic in words that a person reads, such as ``tcp/443, udp/53``."""
    if found >= ALL:
        return "all"
    parts: list[str] = []
    for number, base in _BASES.items():
        here = found & Ranges(((base, base + _SIZE - 1),))
        if not here:
            continue
        name = _NAMES[number]
        if here.spans == ((base, base + _SIZE - 1),):
            parts.append(name)
        elif number in _ECHOES:
            parts += [_describe_messages(name, low - base, high - base) for low, high in here.spans]
        else:
            parts += [_describe_ports(name, low - base, high - base) for low, high in here.spans]
    others = found & Ranges(((_OTHERS, ALL.spans[0][1]),))
    parts += [
        f"protocol {low - _OTHERS}"
        if low == high
        else f"protocols {low - _OTHERS}-{high - _OTHERS}"
        for low, high in others.spans
    ]
    return ", ".join(parts) or "nothing"


def _describe_ports(name: str, low: int, high: int) -> str:
    return f"{name}/{low}" if low == high else f"{name}/{low}-{high}"


def _describe_messages(name: str, low: int, high: int) -> str:
    kind, code = divmod(low, _EVERY_TYPE + 1)
    if low == high:
        return f"{name}/{kind}/{code}"
    last = high // (_EVERY_TYPE + 1)
    return f"{name}/{kind}" if kind == last else f"{name}/{kind}-{last}"


@dataclass(frozen=True, slots=True)
class Clients:
    """The ports from which something begins a connection, to which the answers go.

    Attributes:
        needed: Those that it chooses by itself, so that it works only if all get answers.
        possible: Those that it can be made to choose.
    """

    needed: Ranges
    possible: Ranges


# https://docs.aws.amazon.com/vpc/latest/userguide/nacl-ephemeral-ports.html: load balancers, NAT
# gateways and functions choose from 1024 on, Linux from 32768 and Windows from 49152 on. Without
# 3389: controls such as EC2.21 forbid to open it to the internet, and a connection that happens to
# draw it is tried again from another port.
_WIDE = Ranges(((1024, 3388), (3390, _EVERY_PORT)))
MANAGED = Clients(_WIDE, Ranges(((1024, _EVERY_PORT),)))
HOSTS = Clients(Ranges(((32768, _EVERY_PORT),)), Ranges(((1, _EVERY_PORT),)))
STRANGERS = Clients(_WIDE, HOSTS.possible)


@lru_cache(maxsize=65536)
def replies(point: int, ports: Ranges) -> Ranges:
    """Return what answers a packet: nothing where none is needed.

    Args:
        point: The packet's place on the line.
        ports: From which it may come.
    """
    for number in (6, 17):
        base = _BASES[number]
        if base <= point < base + _SIZE:
            return Ranges(tuple((base + low, base + high) for low, high in ports.spans))
    for number, (echo, reply) in _ECHOES.items():
        if point in traffic(str(number)):
            asked = traffic(str(number), echo)
            return traffic(str(number), reply, 0) if point in asked else NOTHING
    return Ranges(((point, point),))


_PINGS = {number: traffic(str(number), echo) for number, (echo, _) in _ECHOES.items()}
_UNANSWERED = ICMP - _PINGS[1] - _PINGS[58]
_SAME = ALL - TCP - UDP - ICMP


@lru_cache(maxsize=65536)
def answered(passing: Ranges, ports: Ranges, *, always: bool) -> Ranges:
    """Return the traffic that gets its answers.

    Args:
        passing: The answers that pass.
        ports: From which it comes.
        always: Whether it must be so for all of these, or for one of them.
    """
    if passing >= ALL:
        return ALL
    found = _UNANSWERED | (passing & _SAME)
    for asked in (TCP, UDP, *_PINGS.values()):
        reply = replies(asked.first, ports)
        if passing >= reply if always else passing.meets(reply):
            found |= asked
    return found
