"""Network ACLs as lists of rules in the order in which AWS asks them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.values import Values

ACLS = ("aws_network_acl", "aws_default_network_acl")
RULE = "aws_network_acl_rule"
EVERY_PORT = range(65536)

_TCP = ("tcp", "6")
_ALL = ("-1", "all")


@dataclass(frozen=True)
class Entry:
    """One rule of a network ACL.

    Attributes:
        values: The resource, or the block in an ACL.
        is_egress: Whether it is for what leaves the subnet.
    """

    values: Values
    is_egress: bool

    @property
    def number(self) -> float:
        """Its place: the lowest that fits decides."""
        found = self.values.number("rule_number" if self._is_resource else "rule_no")
        return found or 0

    @property
    def allows(self) -> bool:
        """Whether it allows; else it denies."""
        return self.values.text("rule_action" if self._is_resource else "action") == "allow"

    @property
    def is_for_all_protocols(self) -> bool:
        """Whether it asks for no protocol, and thus for no port."""
        return (self.values.text("protocol") or "").lower() in _ALL

    @property
    def ports(self) -> range:
        """The TCP ports it is for."""
        if self.is_for_all_protocols:
            return EVERY_PORT
        first, last = self.values.number("from_port"), self.values.number("to_port")
        if (self.values.text("protocol") or "").lower() not in _TCP:
            return range(0)
        return EVERY_PORT if first is None or last is None else range(int(first), int(last) + 1)

    @property
    def network(self) -> str:
        """The addresses it is for, as a CIDR block."""
        return self.values.text("cidr_block") or self.values.text("ipv6_cidr_block") or ""

    @property
    def network_argument(self) -> str:
        """The name of the argument with the addresses."""
        return "cidr_block" if self.values.text("cidr_block") else "ipv6_cidr_block"

    @property
    def is_for_anywhere(self) -> bool:
        """Whether it is for every address of the internet."""
        return self.network in {"0.0.0.0/0", "::/0"}

    def fault(self, message: str, *, at: str = "") -> Fault:
        """Return a fault of this rule."""
        return self.values.fault(message, at=at)

    @property
    def _is_resource(self) -> bool:
        return self.values is self.values.resource


def entries(resource: Resource) -> Iterator[Entry]:
    """Yield the rules that a resource makes, which is a rule or an ACL."""
    if resource.type == RULE:
        yield Entry(resource, resource.flag("egress"))
        return
    for name in ("ingress", "egress"):
        # Not given and not known before apply is the same to Terraform.
        if resource.is_unknown(name) and not resource.is_set(name):
            continue
        for block in resource.blocks(name):
            yield Entry(block, name == "egress")


def entries_of(acl: Resource) -> list[Entry]:
    """Return all rules of an ACL, as resources or as blocks, in the order AWS asks them.

    Raises:
        UnknownValueError: Only an apply will tell which these are.
    """
    apart = [
        entry for rule in acl.planned.users(acl, RULE, "network_acl_id") for entry in entries(rule)
    ]
    return sorted(apart or entries(acl), key=lambda entry: entry.number)


def is_allowed(rules: Iterable[Entry], address: str, port: int) -> bool:
    """Tell whether a TCP packet passes.

    Args:
        rules: Those of one direction, in order.
        address: The other end.
        port: The port it is for.
    """
    for rule in rules:
        if port in rule.ports and _holds(rule, address):
            return rule.allows
    return False


def ends(entry: Entry) -> tuple[str, str]:
    """Return the first and the last address that a rule is for.

    Raises:
        UnknownValueError: It has no addresses.
    """
    try:
        network = ip_network(entry.network, strict=False)
    except ValueError:
        raise UnknownValueError(
            entry.values.resource.address, "cidr_block", "is no network"
        ) from None
    return str(network[0]), str(network[-1])


def _holds(entry: Entry, address: str) -> bool:
    try:
        return ip_address(address) in ip_network(entry.network, strict=False)
    except ValueError:
        return False
