"""Rules and routes of a plan, by what they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.proofs.network.addresses import network, networks
from tap.proofs.network.facts import AclRule, GroupRule, Route, Target
from tap.proofs.network.traffic import traffic

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap.evaluation import Step
    from tap.proofs.access.planned import Planned
    from tap.proofs.network.facts import TargetKind
    from tap.proofs.network.identities import Identities
    from tap.proofs.network.ranges import Ranges

# Where a route can lead, by attribute.
_TARGETS: dict[str, TargetKind] = {
    "carrier_gateway_id": "other",
    "core_network_arn": "other",
    "egress_only_gateway_id": "egress-only",
    "gateway_id": "other",
    "instance_id": "other",
    "local_gateway_id": "other",
    "nat_gateway_id": "nat",
    "network_interface_id": "other",
    "transit_gateway_id": "other",
    "vpc_endpoint_id": "other",
    "vpc_peering_connection_id": "peering",
}
_LISTS = {"destination_prefix_list_id"}
_BLOCKS = ("destination_cidr_block", "destination_ipv6_cidr_block", "cidr_block", "ipv6_cidr_block")


def routes(known: Identities, tables: Sequence[str]) -> tuple[dict[str, list[Route]], list[Route]]:
    """Return routes by table, and those of which the table is not known."""
    found: dict[str, list[Route]] = {table: [] for table in tables}
    loose: list[Route] = []
    for item in known.of("aws_route_table", "aws_default_route_table"):
        table = found[known.identity(item)]
        table += [_route(known, item, "route", place) for place in _places(item, "route")]
        if item.is_unknown("route") and item.is_written("route"):
            table.append(Route(target=None, certain=False))
    for item in known.of("aws_route"):
        _sort(known.names(item, "route_table_id").one, _route(known, item), found, loose)
    for item in known.of("aws_vpc_endpoint"):
        if item.get("vpc_endpoint_type") in {None, "Gateway"}:
            _endpoint_routes(known, item, found, loose)
    return found, [_doubtful_route(route) for route in loose]


def _route(known: Identities, item: Planned, *path: Step) -> Route:
    block: Ranges | None = None
    for name in _BLOCKS:
        value, _ = known.value(item, *path, name)
        block = block or (network(value) if value else None)
    listed = [known.names(item, *path, name).one or "" for name in _LISTS]
    return Route(target=_target(known, item, path), addresses=block, prefix_list="".join(listed))


def _target(known: Identities, item: Planned, path: tuple[Step, ...]) -> Target | None:
    for name, kind in _TARGETS.items():
        named = known.names(item, *path, name)
        if named.one == "local":
            return Target(kind="local")
        if named.one and name == "gateway_id":
            return _gateway(known, named.one)
        if named.one:
            return Target(kind=kind, id=named.one)
    return None


def _gateway(known: Identities, identity: str) -> Target:
    item = known.item(identity)
    of_internet = (
        item.change.type == "aws_internet_gateway" if item else identity.startswith("igw-")
    )
    return Target(kind="internet" if of_internet else "other", id=identity)


def _endpoint_routes(
    known: Identities, item: Planned, found: dict[str, list[Route]], loose: list[Route]
) -> None:
    """Add what a gateway endpoint adds to the route tables it is associated with."""
    identity = known.identity(item)
    target = Target(kind="endpoint", id=identity)
    route = Route(target=target, prefix_list=identity)
    named = [known.names(item, "route_table_ids")]
    named += [
        known.names(each, "route_table_id")
        for each in known.of("aws_vpc_endpoint_route_table_association")
        if known.names(each, "vpc_endpoint_id").one == identity
    ]
    for tables in named:
        for table in tables.ids:
            _sort(table, route, found, loose)
        if not tables.known:
            loose.append(route)


def _doubtful_route(route: Route) -> Route:
    return Route(
        target=route.target,
        addresses=route.addresses,
        prefix_list=route.prefix_list,
        certain=False,
    )


def acl_rules(
    known: Identities, items: Sequence[Planned]
) -> tuple[dict[str, list[AclRule]], list[AclRule]]:
    """Return rules by network ACL, and those of which the ACL is not known."""
    found: dict[str, list[AclRule]] = {known.identity(item): [] for item in items}
    loose: list[AclRule] = []
    for item in known.of("aws_network_acl_rule"):
        rule = _acl_rule(known, item)
        _sort(known.names(item, "network_acl_id").one, rule, found, loose)
    for item in items:
        rules = found[known.identity(item)]
        # Once it is applied, an ACL reports as its own what other resources put into it.
        apart = {(rule.egress, rule.number) for rule in rules}
        for name in ("ingress", "egress"):
            value, certain = known.value(item, name)
            given = value if certain else []
            inline = (_inline_acl_rule(each, item, egress=name == "egress") for each in given or ())
            rules += [rule for rule in inline if (rule.egress, rule.number) not in apart]
            if not certain:
                rules += list(_any_acl_rule(egress=name == "egress"))
    return found, [_doubtful_acl_rule(rule) for rule in loose]


def _acl_rule(known: Identities, item: Planned) -> AclRule:
    sure = all(
        known.value(item, name)[1]
        for name in ("protocol", "from_port", "to_port", "icmp_type", "icmp_code")
    )
    return AclRule(
        number=item.get("rule_number"),
        egress=bool(item.get("egress")),
        allow=item.get("rule_action") == "allow",
        addresses=_first_block(item.get("cidr_block"), item.get("ipv6_cidr_block")),
        traffic=_acl_traffic(item.change.change.after, item.get("protocol")) if sure else None,
        id=item.address,
    )


def _inline_acl_rule(rule: dict[str, Any], item: Planned, *, egress: bool) -> AclRule:
    return AclRule(
        number=rule.get("rule_no"),
        egress=egress,
        allow=rule.get("action") == "allow",
        addresses=_first_block(rule.get("cidr_block"), rule.get("ipv6_cidr_block")),
        traffic=_acl_traffic(rule, rule.get("protocol")),
        id=f"{item.address}, {'egress' if egress else 'ingress'} {rule.get('rule_no')}",
    )


def _acl_traffic(rule: dict[str, Any], protocol: Any) -> Ranges:  # noqa: ANN401 - text or number
    if str(protocol) in {"1", "icmp", "58", "icmpv6"}:
        return traffic(str(protocol), rule.get("icmp_type"), rule.get("icmp_code"))
    return traffic(str(protocol), rule.get("from_port"), rule.get("to_port"))


def _any_acl_rule(*, egress: bool) -> Iterator[AclRule]:
    """Yield what a list of rules that is not known may hold."""
    for allow in (True, False):
        yield AclRule(
            number=None, egress=egress, allow=allow, addresses=None, traffic=None, certain=False
        )


def _doubtful_acl_rule(rule: AclRule) -> AclRule:
    return AclRule(
        number=rule.number,
        egress=rule.egress,
        allow=rule.allow,
        addresses=rule.addresses,
        traffic=rule.traffic,
        certain=False,
        id=rule.id,
    )


def _places(item: Planned, name: str) -> range:
    """Return the places in a list of blocks, also of those with a part that is not known."""
    return range(len(item.get(name) or ()))


def _first_block(*blocks: str | None) -> Ranges | None:
    return next((network(block) for block in blocks if block), None)


def group_rules(
    known: Identities, items: Sequence[Planned]
) -> tuple[dict[str, list[GroupRule]], list[GroupRule]]:
    """Return rules by security group, and those of which the group is not known."""
    found: dict[str, list[GroupRule]] = {known.identity(item): [] for item in items}
    loose: list[GroupRule] = []
    for item in items:
        rules = found[known.identity(item)]
        for name in ("ingress", "egress"):
            if item.is_unknown(name) and item.is_written(name):
                rules.append(GroupRule(egress=name == "egress", traffic=None, certain=False))
            for place in _places(item, name):
                rules += _several(known, item, (name, place), egress=name == "egress")
    for direction in ("ingress", "egress"):
        for item in known.of(f"aws_vpc_security_group_{direction}_rule"):
            rule = _single(known, item, egress=direction == "egress")
            _sort(known.names(item, "security_group_id").one, rule, found, loose)
    for item in known.of("aws_security_group_rule"):
        for rule in _several(known, item, (), egress=item.get("type") == "egress"):
            _sort(known.names(item, "security_group_id").one, rule, found, loose)
    return found, [_doubtful_group_rule(rule) for rule in loose]


def _single(known: Identities, item: Planned, *, egress: bool) -> GroupRule:
    """Return a rule that has one other end."""
    block = _first_block(item.get("cidr_ipv4"), item.get("cidr_ipv6"))
    group = known.names(item, "referenced_security_group_id")
    listed = known.names(item, "prefix_list_id")
    clear = block is not None or (group.known and listed.known)
    return GroupRule(
        egress=egress,
        traffic=_group_traffic(known, item, (), item.get("ip_protocol")),
        addresses=block,
        group=group.one or "" if clear else "",
        prefix_list=listed.one or "" if clear else "",
        id=item.address,
    )


def _several(
    known: Identities, item: Planned, path: tuple[Step, ...], *, egress: bool
) -> Iterator[GroupRule]:
    """Yield a rule for each other end that an older form of a rule lists."""
    protocol, _ = known.value(item, *path, "protocol")
    what = _group_traffic(known, item, path, protocol)

    def rule(addresses: Ranges | None = None, group: str = "", listed: str = "") -> GroupRule:
        return GroupRule(
            egress=egress, traffic=what, addresses=addresses, group=group, prefix_list=listed,
            id=".".join([item.address, *map(str, path)]),
        )  # fmt: skip

    blocks: list[str] = []
    unclear = False
    for name in ("cidr_blocks", "ipv6_cidr_blocks"):
        value, certain = known.value(item, *path, name)
        blocks += filter(None, value or ())
        unclear |= not certain
    if blocks:
        yield rule(networks(*blocks))
    for name in ("security_groups", "source_security_group_id"):
        groups = known.names(item, *path, name)
        yield from (rule(group=group) for group in groups.ids)
        unclear |= not groups.known
    lists = known.names(item, *path, "prefix_list_ids")
    yield from (rule(listed=listed) for listed in lists.ids)
    is_own, certain = known.value(item, *path, "self")
    if is_own:
        # A group in the rule resource, the group itself in an inline rule.
        own = known.names(item, "security_group_id").one or known.identity(item)
        yield rule(group=own)
    # Some other end is not known, so it may be any.
    if unclear or not lists.known or not certain:
        yield rule()


def _group_traffic(
    known: Identities,
    item: Planned,
    path: tuple[Step, ...],
    protocol: Any,  # noqa: ANN401
) -> Ranges | None:
    ends = [known.value(item, *path, name) for name in ("from_port", "to_port")]
    if protocol is None or not all(certain for _, certain in ends):
        return None
    return traffic(str(protocol), ends[0][0], ends[1][0])


def _doubtful_group_rule(rule: GroupRule) -> GroupRule:
    return GroupRule(
        egress=rule.egress,
        traffic=rule.traffic,
        addresses=rule.addresses,
        group=rule.group,
        prefix_list=rule.prefix_list,
        certain=False,
        id=rule.id,
    )


def _sort(owner: str | None, thing: Any, found: dict[str, list[Any]], loose: list[Any]) -> None:  # noqa: ANN401
    """Put something where it belongs; what belongs outside of the plan is left out."""
    if owner in found:
        found[owner].append(thing)
    elif owner is None:
        loose.append(thing)
