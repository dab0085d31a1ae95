"""Facts with indexes, and what single rule sets let pass; each is worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap.proofs.network.addresses import EVERYWHERE, IPV4, IPV6, prefix_length
from tap.proofs.network.facts import PrefixList
from tap.proofs.network.ranges import IMPOSSIBLE, NOTHING, Bounds, Ranges, bounded, exactly
from tap.proofs.network.traffic import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.proofs.network.facts import (
        Acl,
        AclRule,
        Facts,
        GroupRule,
        Route,
        Subnet,
        Target,
    )
    from tap.proofs.network.places import Place

PASSING = exactly(ALL)
DOUBTFUL = Bounds(NOTHING, ALL)
# Of a prefix list whose content is not known: no list of AWS holds a wider block.
_LIST_LENGTH = 8
# https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
_SHORTEST_BLOCK = 16
_EXACT = 128


@dataclass(frozen=True, slots=True)
class Found:
    """What a route table says of a destination.

    Attributes:
        target: Where it leads; None if nowhere, or if that is not known.
        clear: Whether that is certain.
        route: The route that decided; None if it is a local one or there is none.
    """

    target: Target | None
    clear: bool = True
    route: Route | None = None
    local: bool = False


class Network:
    """Facts as questions need them.

    Args:
        facts: What is there.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.vpcs = {item.id: item for item in facts.vpcs}
        self.subnets = {item.id: item for item in facts.subnets}
        self.tables = {item.id: item for item in facts.tables}
        self.acls = {item.id: item for item in facts.acls}
        self.groups = {item.id: item for item in facts.groups}
        self.nat_gateways = {item.id: item for item in facts.nat_gateways}
        self.peerings = {item.id: item for item in facts.peerings}
        self.prefix_lists = {item.id: item for item in facts.prefix_lists}
        self.inside = Ranges.of(
            *(span for vpc in facts.vpcs for block in vpc.blocks or () for span in block.spans)
        )
        self._group_rules = {
            (item.id, egress): tuple(rule for rule in item.rules if rule.egress is egress)
            for item in facts.groups
            for egress in (True, False)
        }
        self._acl_rules = {
            (item.id, egress): _in_order(item, egress=egress)
            for item in facts.acls
            for egress in (True, False)
        }
        self._acl_admits: dict[tuple[str, bool, Ranges], Bounds] = {}
        self._acl_answers: dict[tuple[str, bool, tuple[bool | None, ...]], Bounds] = {}
        self._group_admits: dict[object, Bounds] = {}
        self._routes: dict[object, Found] = {}
        self._cuts: dict[object, tuple[int, ...]] = {}
        self._families: dict[Place, tuple[Place | None, Place | None]] = {}
        self._parts: dict[tuple[Place, int], tuple[Place, ...]] = {}

    def prefix_list(self, identity: str) -> PrefixList:
        """Return a prefix list; of one that is not among the facts nothing is known."""
        return self.prefix_lists.get(identity) or PrefixList(id=identity)

    def acl_admits(self, subnet: Subnet | None, other: Place, *, egress: bool) -> Bounds:
        """Return what the network ACL of a subnet lets pass to or from another place."""
        if subnet is None or subnet.acl is None or subnet.acl not in self.acls:
            return DOUBTFUL
        key = (subnet.acl, egress, other.addresses)
        found = self._acl_admits.get(key)
        if found is None:
            rules = self._acl_rules[subnet.acl, egress]
            takes = tuple(covers(rule.addresses, other.addresses) for rule in rules)
            # Most addresses are told apart by no rule, so that few answers are worked out.
            same = (subnet.acl, egress, takes)
            if same not in self._acl_answers:
                self._acl_answers[same] = _first_match(zip(rules, takes, strict=True))
            found = self._acl_admits[key] = self._acl_answers[same]
        return found

    def groups_admit(self, place: Place, other: Place, *, egress: bool) -> Bounds:
        """Return what the security groups of a place let pass to or from another place."""
        if place.groups is None:
            return DOUBTFUL
        key = (place.groups, egress, other.addresses, other.groups, other.lists)
        found = self._group_admits.get(key)
        if found is None:
            found = IMPOSSIBLE
            for identity in place.groups:
                found |= self._group_bounds(identity, other, egress=egress)
            self._group_admits[key] = found
        return found

    def acl_rule(self, acl: str, other: Place, point: int, *, egress: bool) -> AclRule | None:
        """Return the rule of a network ACL that decides on a packet; None if it is the last one."""
        for rule in self._acl_rules.get((acl, egress), ()):
            takes = covers(rule.addresses, other.addresses)
            if takes is not False and (rule.traffic is None or point in rule.traffic):
                return rule
        return None

    def group_rules(
        self, place: Place, other: Place, point: int, *, egress: bool
    ) -> list[tuple[str, GroupRule]]:
        """Return the rules of security groups that may take a packet, those that do first."""
        found = [
            (identity, rule, self._meets(rule, other))
            for identity in place.groups or ()
            for rule in self._group_rules.get((identity, egress), ())
            if rule.traffic is None or point in rule.traffic
        ]
        sure = [each for each in found if each[2] and each[1].certain]
        return [(identity, rule) for identity, rule, takes in sure or found if takes is not False]

    def route(self, subnet: Subnet | None, other: Place) -> Found:
        """Return where the route table of a subnet sends packets to another place."""
        if subnet is None or subnet.table is None or subnet.table not in self.tables:
            return Found(None, clear=False)
        same = other.subnet is not None and other.subnet.vpc == subnet.vpc
        key = (subnet.table, other.addresses, other.lists, same)
        found = self._routes.get(key)
        if found is None:
            found = self._longest(subnet, other, same=same)
            self._routes[key] = found
        return found

    def families(self, place: Place) -> tuple[Place | None, Place | None]:
        """Return the parts of a place that have IPv4 and IPv6 addresses."""
        found = self._families.get(place)
        if found is None:
            found = place.of(IPV4), place.of(IPV6)
            self._families[place] = found
        return found

    def parts(self, place: Place, other: Place) -> tuple[Place, ...]:
        """Return the parts of a place that the rules of another one, or of its way, tell apart."""
        cuts = self.cuts(other)
        key = (place, id(cuts))
        found = self._parts.get(key)
        if found is None:
            found = place.split(cuts)
            self._parts[key] = found
        return found

    def cuts(self, place: Place) -> tuple[int, ...]:
        """Return where the addresses begin and end that a place's rules tell apart."""
        subnet = place.subnet
        key = (subnet.table, subnet.acl, place.groups) if subnet else place.groups
        found = self._cuts.get(key)
        if found is None:
            blocks = [*self._named_by_groups(place.groups or ())]
            if subnet:
                blocks += self._named_by_subnet(subnet)
            found = tuple(sorted({cut for block in blocks for cut in block.cuts()}))
            self._cuts[key] = found
        return found

    def _named_by_subnet(self, subnet: Subnet, *, through_nat: bool = True) -> Iterable[Ranges]:
        for egress in (True, False):
            for rule in self._acl_rules.get((subnet.acl or "", egress), ()):
                yield rule.addresses or NOTHING
        yield from self.vpcs[subnet.vpc].blocks or ()
        table = self.tables.get(subnet.table or "")
        for route in table.routes if table else ():
            yield route.addresses or NOTHING
            if route.prefix_list:
                yield self.prefix_list(route.prefix_list).addresses or NOTHING
            if through_nat and route.target and route.target.kind == "nat":
                gateway = self.nat_gateways.get(route.target.id)
                behind = self.subnets.get(gateway.subnet or "") if gateway else None
                if behind:
                    yield from self._named_by_subnet(behind, through_nat=False)

    def _named_by_groups(self, groups: Iterable[str]) -> Iterable[Ranges]:
        for identity in groups:
            for egress in (True, False):
                for rule in self._group_rules.get((identity, egress), ()):
                    yield rule.addresses or NOTHING
                    if rule.prefix_list:
                        yield self.prefix_list(rule.prefix_list).addresses or NOTHING

    def _group_bounds(self, identity: str, other: Place, *, egress: bool) -> Bounds:
        if identity not in self.groups:
            return DOUBTFUL
        surely, perhaps = NOTHING, NOTHING
        for rule in self._group_rules[identity, egress]:
            takes = self._meets(rule, other)
            if takes is False:
                continue
            perhaps |= ALL if rule.traffic is None else rule.traffic
            if takes and rule.certain and rule.traffic is not None:
                surely |= rule.traffic
        return bounded(surely, perhaps)

    def _meets(self, rule: GroupRule, other: Place) -> bool | None:
        """Tell whether a rule is about another place; None if that is not known."""
        if rule.group:
            return None if other.groups is None else rule.group in other.groups
        if rule.prefix_list:
            return self._listed(rule.prefix_list, other)
        return covers(rule.addresses, other.addresses)

    def _listed(self, identity: str, other: Place) -> bool | None:
        if identity in other.lists:
            return True
        found = self.prefix_list(identity)
        if found.addresses is not None:
            return covers(found.addresses, other.addresses)
        # What is in the list of a service has a place of its own, so it is not this one.
        return False if found.service else None

    def _longest(self, subnet: Subnet, other: Place, *, same: bool) -> Found:
        best, length = Found(None), -1
        for block in self.vpcs[subnet.vpc].blocks or ():
            if covers(block, other.addresses):
                best, length = Found(None, local=True), prefix_length(block)
        # Of a block that is not known, the local route is for these bits at least: default routes
        # do not come before it, others may.
        unclear = same and length < 0
        if unclear:
            best, length = Found(None, local=True), _SHORTEST_BLOCK
        doubts: list[tuple[int, Route]] = []
        for route in self.tables[subnet.table or ""].routes:
            takes, bits = self._routed(route, other)
            if takes is False:
                continue
            if takes is None or unclear or not route.certain:
                doubts.append((bits, route))
            elif bits > length or (bits == length and best.local):
                best, length = Found(route.target, route.target is not None, route), bits
        if any(
            bits >= length and (best.local or route.target != best.target) for bits, route in doubts
        ):
            return Found(None, clear=False, route=best.route)
        return best

    def _routed(self, route: Route, other: Place) -> tuple[bool | None, int]:
        """Tell whether a route is taken by a destination, and how specific it is."""
        if route.prefix_list:
            found = self.prefix_list(route.prefix_list)
            taken = self._listed(route.prefix_list, other)
            if found.addresses is None:
                return taken, _LIST_LENGTH if found.service else _EXACT
            each = (Ranges((span,)) for span in found.addresses.spans)
            blocks = [block for block in each if block.meets(other.addresses)]
            return taken, min(map(prefix_length, blocks), default=_LIST_LENGTH)
        if route.addresses is None:
            return None, _EXACT
        return covers(route.addresses, other.addresses), prefix_length(route.addresses)


def covers(block: Ranges | None, addresses: Ranges) -> bool | None:
    """Tell whether a block holds all of some addresses, or none of them; None otherwise."""
    if block is None:
        return None
    if block == EVERYWHERE:
        return True
    met = block & addresses
    if not met:
        return False
    return True if met == addresses else None


def _in_order(acl: Acl, *, egress: bool) -> tuple[AclRule, ...]:
    # What has no number yet may come first.
    chosen = (rule for rule in acl.rules if rule.egress is egress)
    return tuple(sorted(chosen, key=lambda rule: (rule.number or 0, rule.id)))


def _first_match(rules: Iterable[tuple[AclRule, bool | None]]) -> Bounds:
    """Return what an ordered list of rules lets pass, each with whether it takes the addresses.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
    """
    surely, perhaps = NOTHING, NOTHING
    # Traffic that surely, or perhaps, no earlier rule has decided on.
    untouched, open_ = ALL, ALL
    for rule, takes in rules:
        if takes is False:
            continue
        meant = ALL if rule.traffic is None else rule.traffic
        if takes and rule.certain and rule.traffic is not None and rule.number is not None:
            if rule.allow:
                surely |= meant & untouched
                perhaps |= meant & open_
            untouched -= meant
            open_ -= meant
        elif rule.allow:
            perhaps |= meant & open_
        else:
            untouched -= meant
    return bounded(surely, perhaps)
