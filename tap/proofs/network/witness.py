"""A single packet on its way, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tap.proofs.network.addresses import describe
from tap.proofs.network.paths import steps
from tap.proofs.network.ranges import Ranges
from tap.proofs.network.traffic import ALL, describe_traffic, replies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.proofs.network.facts import AclRule, GroupRule
    from tap.proofs.network.network import Network
    from tap.proofs.network.paths import Step
    from tap.proofs.network.places import Place

Verdict = Literal["passes", "stopped", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Hop:
    """One thing that a packet, or its answer, meets.

    Attributes:
        where: Such as ``network ACL private of private-a, outbound``.
        rule: What decides there.
        verdict: What comes of it.
        returning: Whether it is about the answer.
        ids: The ids, or addresses in the plan, of the rule and of what it belongs to.
    """

    where: str
    rule: str
    verdict: Verdict
    returning: bool = False
    ids: tuple[str, ...] = ()

    def __str__(self) -> str:
        direction = "answer: " if self.returning else ""
        ending = "" if self.verdict == "passes" else f" [{self.verdict}]"
        return f"{direction}{self.where}: {self.rule}{ending}"


def follow(
    network: Network, source: Place, destination: Place, point: int, *, always: bool
) -> Iterator[Hop]:
    """Yield what a packet meets, up to where it is stopped.

    Args:
        network: The facts.
        source: Where it comes from.
        destination: Where it goes.
        point: What it is, on the line of ``traffic``.
        always: Whether the answer has to come back to every port that the client may choose.
    """
    packet = Ranges(((point, point),))
    left: dict[int, Ranges] = {}
    for step in steps(network, source, destination):
        asked = packet
        if step.clients is not None:
            ports = step.clients.needed if always else step.clients.possible
            asked = left.get(step.leg, replies(point, ports))
        if not asked:
            # No answer is needed.
            continue
        passing = step.admits.perhaps & asked
        stops = passing != asked if always else not passing
        certain = step.admits.surely & asked
        clear = certain == asked if always else bool(certain)
        verdict: Verdict = "stopped" if stops else "passes" if clear else "unknown"
        shown = asked - passing if stops and always else asked if stops else passing
        yield _hop(network, step, shown, verdict)
        if stops:
            return
        if step.clients is not None:
            left[step.leg] = passing


def _hop(network: Network, step: Step, asked: Ranges, verdict: Verdict) -> Hop:
    returning = step.leg > 0
    if step.kind == "acl":
        where, rule, ids = _acl(network, step, asked)
    elif step.kind == "group":
        where, rule, ids = _group(network, step, asked)
    else:
        subnet = step.at.subnet
        where = f"routes of {subnet.name or subnet.id}" if subnet else step.at.label
        rule = step.text
        ids = (subnet.table or "",) if subnet else ()
        if step.kind == "gateway":
            where = "gateway"
    return Hop(where=where, rule=rule, verdict=verdict, returning=returning, ids=ids)


def _acl(network: Network, step: Step, asked: Ranges) -> tuple[str, str, tuple[str, ...]]:
    subnet = step.at.subnet
    name = (subnet.name or subnet.id) if subnet else step.at.label
    direction = "outbound" if step.egress else "inbound"
    acl = network.acls.get(subnet.acl or "") if subnet else None
    if acl is None:
        return f"network ACL of {name}, {direction}", "which one is not known", ()
    where = f"network ACL {acl.name or acl.id} of {name}, {direction}"
    found = network.acl_rule(acl.id, step.other, asked.first, egress=step.egress)
    if found is None:
        return where, f"no rule allows {describe_traffic(asked)} {_ends(step)}", (acl.id,)
    return where, _acl_words(found), (found.id, acl.id)


def _acl_words(rule: AclRule) -> str:
    action = "allows" if rule.allow else "denies"
    peer = describe(rule.addresses) if rule.addresses else "addresses known only after apply"
    what = describe_traffic(rule.traffic) if rule.traffic else "traffic known only after apply"
    return f"rule {rule.number} {action} {what} {'to' if rule.egress else 'from'} {peer}"


def _group(network: Network, step: Step, asked: Ranges) -> tuple[str, str, tuple[str, ...]]:
    direction = "outbound" if step.egress else "inbound"
    names = [
        network.groups[each].name or each for each in step.at.groups or () if each in network.groups
    ]
    where = f"security group {' + '.join(names)} of {step.at.label}, {direction}"
    if step.at.groups is None:
        return f"security groups of {step.at.label}, {direction}", "which ones is not known", ()
    if not step.at.groups:
        return f"security groups of {step.at.label}, {direction}", "there is none", ()
    found = network.group_rules(step.at, step.other, asked.first, egress=step.egress)
    if not found:
        return where, f"no rule allows {describe_traffic(asked)} {_ends(step)}", step.at.groups
    identity, rule = found[0]
    return where, _group_words(network, rule), tuple(filter(None, (rule.id, identity)))


def _group_words(network: Network, rule: GroupRule) -> str:
    if rule.group:
        group = network.groups.get(rule.group)
        peer = f"group {group.name or group.id if group else rule.group}"
    elif rule.prefix_list:
        found = network.prefix_list(rule.prefix_list)
        peer = f"prefix list {found.name or found.id}"
    else:
        peer = describe(rule.addresses) if rule.addresses else "what is known only after apply"
    what = describe_traffic(ALL if rule.traffic is None else rule.traffic)
    return f"allows {what} {'to' if rule.egress else 'from'} {peer}"


def _ends(step: Step) -> str:
    return f"{'to' if step.egress else 'from'} {step.other.label}"
