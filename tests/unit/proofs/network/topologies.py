"""Networks written by hand.

One thing stands in each line::

    vpc main 10.0.0.0/16
    igw gateway main
    eigw gateway main
    subnet web main 10.0.0.0/24 table=web acl=web tier=public
    table web main: 0.0.0.0/0 internet gateway; list:s3 endpoint s3
    acl web main: 100 in allow tcp/443 0.0.0.0/0; 100 out allow all 0.0.0.0/0
    group alb main: in tcp/443 0.0.0.0/0; out tcp/8080 group:app; maybe out all list:s3
    list s3 com.amazonaws.eu-west-1.s3 52.218.0.0/17
    nat nat web
    peering px main other inactive
    alb edge in web groups=alb public at=10.0.0.5

Of two lines about the same thing the last one counts; a ``-`` before it takes the thing away. ``?``
stands for what is not known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.proofs.network.addresses import networks
from tap.proofs.network.facts import (
    Acl,
    AclRule,
    Facts,
    GroupRule,
    Interface,
    Listener,
    NatGateway,
    Peering,
    PrefixList,
    Route,
    RouteTable,
    SecurityGroup,
    Subnet,
    Target,
    Vpc,
)
from tap.proofs.network.network import Network
from tap.proofs.network.tiers import Tiers
from tap.proofs.network.traffic import parse_traffic

if TYPE_CHECKING:
    from tap.proofs.network.ranges import Ranges

BASE = """
vpc main 10.0.0.0/16
igw gateway main
subnet web main 10.0.0.0/24 table=web acl=web tier=public
subnet app main 10.0.1.0/24 table=app acl=app tier=private
subnet data main 10.0.2.0/24 table=data acl=data tier=database
table web main: 0.0.0.0/0 internet gateway
table app main: 0.0.0.0/0 nat nat
table data main:
nat nat web
acl web main: 100 in allow tcp/443 0.0.0.0/0; 110 in allow tcp/1024-65535 0.0.0.0/0; \
  100 out allow tcp/8080 10.0.1.0/24; 110 out allow tcp/1024-65535 0.0.0.0/0; \
  120 out allow tcp/443 0.0.0.0/0
acl app main: 100 in allow tcp/8080 10.0.0.0/24; 110 in allow tcp/1024-65535 0.0.0.0/0; \
  100 out allow tcp/443 0.0.0.0/0; 110 out allow tcp/3306 10.0.2.0/24; \
  120 out allow tcp/1024-65535 10.0.0.0/16
acl data main: 100 in allow tcp/3306 10.0.1.0/24; 100 out allow tcp/1024-65535 10.0.1.0/24
group alb main: in tcp/443 0.0.0.0/0; out tcp/8080 group:app
group app main: in tcp/8080 group:alb; out tcp/3306 group:db; out tcp/443 0.0.0.0/0
group db main: in tcp/3306 group:app
alb edge in web groups=alb public
app shop in app groups=app
db store in data groups=db
"""

_UNKNOWN = "?"


def facts_of(text: str) -> Facts:
    """Read a network."""
    lines: dict[tuple[str, str], str] = {}
    for line in text.replace("\\\n", " ").splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "-":
            del lines[words[1], " ".join(words[2:])]
        else:
            # An interface stands in one subnet each.
            key = f"{words[1]} {words[3]}" if words[2:3] == ["in"] else words[1]
            lines[words[0], key.rstrip(":")] = line
    found: dict[str, list[Any]] = {}
    gateways: dict[str, dict[str, str]] = {"igw": {}, "eigw": {}}
    for (kind, name), line in lines.items():
        head, _, details = line.partition(": ") if ": " in line else (line.rstrip(":"), "", "")
        words = head.rstrip(":").split()[2:]
        if kind in gateways:
            gateways[kind][name] = words[0] if words else ""
        elif kind in _READERS:
            parts = [part.split() for part in details.split(";") if part.strip()]
            found.setdefault(kind, []).append(_READERS[kind](name, words, parts))
        else:
            found.setdefault("interface", []).append(_interface(kind, name, words))
    return Facts(
        vpcs=tuple(found.get("vpc", ())),
        subnets=tuple(found.get("subnet", ())),
        tables=tuple(found.get("table", ())),
        acls=tuple(found.get("acl", ())),
        groups=tuple(found.get("group", ())),
        interfaces=tuple(found.get("interface", ())),
        nat_gateways=tuple(found.get("nat", ())),
        prefix_lists=tuple(found.get("list", ())),
        peerings=tuple(found.get("peering", ())),
        listeners=tuple(found.get("listener", ())),
        internet_gateways=gateways["igw"],
        egress_only_gateways=gateways["eigw"],
    )


def tiers_of(text: str) -> Tiers:
    """Read a network, to be asked."""
    return Tiers(Network(facts_of(text)))


def _vpc(name: str, words: list[str], _: list[list[str]]) -> Vpc:
    known = None if words == [_UNKNOWN] else tuple(networks(word) for word in words)
    return Vpc(id=name, blocks=known, name=name)


def _subnet(name: str, words: list[str], _: list[list[str]]) -> Subnet:
    options = dict(word.split("=") for word in words if "=" in word)
    blocks = [word for word in words[1:] if "=" not in word]
    return Subnet(
        id=name,
        vpc=words[0],
        addresses=None if blocks == [_UNKNOWN] else networks(*blocks),
        table=_known(options["table"]),
        acl=_known(options["acl"]),
        tier=options.get("tier", ""),
        name=name,
    )


def _table(name: str, words: list[str], parts: list[list[str]]) -> RouteTable:
    return RouteTable(id=name, vpc=words[0], routes=tuple(map(_route, parts)), name=name)


def _route(words: list[str]) -> Route:
    certain = words[0] != "maybe"
    to, kind, *names = words if certain else words[1:]
    target: Any = None if kind == _UNKNOWN else Target(kind=kind, id="".join(names))  # type: ignore[arg-type] # a word
    listed = to.removeprefix("list:") if to.startswith("list:") else ""
    addresses = None if listed or to == _UNKNOWN else networks(to)
    return Route(target=target, addresses=addresses, prefix_list=listed, certain=certain)


def _acl(name: str, words: list[str], parts: list[list[str]]) -> Acl:
    return Acl(id=name, vpc=words[0], rules=tuple(map(_acl_rule, parts)), name=name)


def _acl_rule(words: list[str]) -> AclRule:
    certain = words[0] != "maybe"
    number, direction, action, what, addresses = words if certain else words[1:]
    return AclRule(
        number=None if number == _UNKNOWN else int(number),
        egress=direction == "out",
        allow=action == "allow",
        addresses=None if addresses == _UNKNOWN else networks(addresses),
        traffic=_traffic(what),
        certain=certain,
        id=f"{direction} {number}",
    )


def _group(name: str, words: list[str], parts: list[list[str]]) -> SecurityGroup:
    return SecurityGroup(id=name, vpc=words[0], name=name, rules=tuple(map(_group_rule, parts)))


def _group_rule(words: list[str]) -> GroupRule:
    certain = words[0] != "maybe"
    direction, what, peer = words if certain else words[1:]
    kind, _, name = peer.partition(":")
    addresses = None if kind in {"group", "list", _UNKNOWN} else networks(peer)
    return GroupRule(
        egress=direction == "out",
        traffic=_traffic(what),
        addresses=addresses,
        group=name if kind == "group" else "",
        prefix_list=name if kind == "list" else "",
        certain=certain,
    )


def _traffic(text: str) -> Ranges | None:
    return None if text == _UNKNOWN else parse_traffic(text)


def _known(word: str) -> str | None:
    return None if word == _UNKNOWN else word


def _interface(kind: Any, name: str, words: list[str]) -> Interface:
    options = dict(word.split("=") for word in words if "=" in word)
    groups = options.get("groups", "")
    public = options.get("public", "yes" if "public" in words else "no")
    return Interface(
        id=name,
        kind=kind,
        owner=name.split(maxsplit=1)[0],
        subnet=_known(words[1]),
        groups=None if groups == _UNKNOWN else tuple(filter(None, groups.split(","))),
        addresses=networks(options["at"]) if "at" in options else None,
        public=None if public == _UNKNOWN else public == "yes",
        ipv6="ipv6" in words,
    )


_READERS: dict[str, Any] = {
    "acl": _acl,
    "group": _group,
    "list": lambda name, words, _: PrefixList(
        id=name,
        name=words[0],
        addresses=None if words[1:] == [_UNKNOWN] else networks(*words[1:]),
        service=words[0].startswith("com.amazonaws."),
    ),
    "listener": lambda name, words, _: Listener(owner=name, traffic=parse_traffic(words[0])),
    "nat": lambda name, words, _: NatGateway(
        id=name, subnet=_known(words[0]), public="private" not in words
    ),
    "peering": lambda name, words, _: Peering(
        id=name,
        vpcs=(words[0], words[1]),
        active=None if _UNKNOWN in words else "inactive" not in words,
    ),
    "subnet": _subnet,
    "table": _table,
    "vpc": _vpc,
}
