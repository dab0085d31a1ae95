from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap.proofs.network.addresses import network
from tap.proofs.network.facts import Acl, AclRule, Facts, GroupRule, SecurityGroup
from tap.proofs.network.network import Network
from tap.proofs.network.reachability import reached
from tap.proofs.network.tiers import Tiers
from tap.proofs.network.traffic import ALL, HOSTS, MANAGED, parse_traffic
from tests.unit.proofs.network.topologies import BASE, facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tap.proofs.network.ranges import Ranges
    from tap.proofs.network.reach import Reach

pytestmark = pytest.mark.requirement("TST-2", "NET-3", "SEC-1")

BLOCKS = ("0.0.0.0/0", "10.0.0.0/16", "10.0.0.0/24", "10.0.1.0/24", "10.0.1.0/25", "10.0.2.0/24",
          "10.0.2.128/25", "192.0.2.0/24", "0.0.0.0/1")  # fmt: skip
TRAFFIC = ("all", "tcp", "tcp/443", "tcp/3306", "tcp/1024-65535", "tcp/32768-65535", "udp/53",
           "tcp/3300-3310", "icmp/8", "icmp/0")  # fmt: skip
NAMES = ("internet", "alb", "app", "db", "private", "database")
FACTS = facts_of(BASE)

HIDINGS: tuple[Callable[[AclRule], AclRule], ...] = (
    lambda rule: replace(rule, addresses=None),
    lambda rule: replace(rule, traffic=None),
    lambda rule: replace(rule, number=None),
    lambda rule: replace(rule, certain=False),
)

PLACES = st.integers(0, 2)

examples = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def block() -> st.SearchStrategy[Ranges]:
    return st.sampled_from(BLOCKS).map(network)


def what() -> st.SearchStrategy[Ranges]:
    return st.sampled_from(TRAFFIC).map(parse_traffic)


def group_rules() -> st.SearchStrategy[GroupRule]:
    by_block = st.builds(GroupRule, egress=st.booleans(), traffic=what(), addresses=block())
    by_group = st.builds(
        GroupRule, egress=st.booleans(), traffic=what(), group=st.sampled_from(["alb", "app", "db"])
    )
    return by_block | by_group


def acl_rules(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[AclRule]:
    return st.builds(
        AclRule,
        number=numbers,
        egress=st.booleans(),
        allow=st.booleans(),
        addresses=block(),
        traffic=what(),
    )


def an_acl(name: str) -> st.SearchStrategy[Acl]:
    # Even numbers, each once in a direction; odd ones are for what is added.
    rules = st.lists(
        acl_rules(st.integers(1, 20).map(lambda number: number * 2)),
        max_size=6,
        unique_by=lambda rule: (rule.number, rule.egress),
    )
    return rules.map(lambda found: Acl(id=name, vpc="main", rules=tuple(found), name=name))


def a_group(name: str) -> st.SearchStrategy[SecurityGroup]:
    return st.lists(group_rules(), max_size=5).map(
        lambda found: SecurityGroup(id=name, vpc="main", name=name, rules=tuple(found))
    )


def open_group(name: str) -> SecurityGroup:
    rules = (
        GroupRule(egress=egress, traffic=ALL, addresses=network("0.0.0.0/0"))
        for egress in (True, False)
    )
    return SecurityGroup(id=name, vpc="main", name=name, rules=tuple(rules))


def networks(*, open_groups: bool = False) -> st.SearchStrategy[Facts]:
    """Return networks; with open groups, so that more depends on the network ACLs."""
    names = ("alb", "app", "db")
    groups = (st.just(open_group(name)) if open_groups else a_group(name) for name in names)
    return st.tuples(
        st.tuples(*(an_acl(name) for name in ("web", "app", "data"))),
        st.tuples(*groups),
    ).map(lambda found: replace(FACTS, acls=found[0], groups=found[1]))


def everything(facts: Facts) -> dict[tuple[str, str], Reach]:
    tiers = Tiers(Network(facts))
    found = {
        (source, destination): reached(tiers, source, destination)
        for source in NAMES
        for destination in NAMES
        if source != destination
    }
    known = {key: value for key, value in found.items() if value is not None}
    for value in known.values():
        assert value.some.surely <= value.some.perhaps
        assert value.every.surely <= value.every.perhaps
        assert value.every.surely <= value.some.surely
    return known


@examples
@given(networks(), group_rules(), st.integers(0, 2))
def test_one_more_allowing_rule_takes_nothing_away(
    facts: Facts, rule: GroupRule, place: int
) -> None:
    groups = list(facts.groups)
    groups[place] = replace(groups[place], rules=(*groups[place].rules, rule))
    before, after = everything(facts), everything(replace(facts, groups=tuple(groups)))
    for key, old in before.items():
        assert after[key].some.surely >= old.some.surely
        assert after[key].some.perhaps >= old.some.perhaps
        assert after[key].every.surely >= old.every.surely
        assert after[key].every.perhaps >= old.every.perhaps


@examples
@given(
    networks(), acl_rules(st.integers(0, 20).map(lambda number: number * 2 + 1)), st.integers(0, 2)
)
def test_one_more_denying_rule_adds_nothing(facts: Facts, rule: AclRule, place: int) -> None:
    acls = list(facts.acls)
    acls[place] = replace(acls[place], rules=(*acls[place].rules, replace(rule, allow=False)))
    before, after = everything(facts), everything(replace(facts, acls=tuple(acls)))
    for key, old in before.items():
        assert after[key].some.surely <= old.some.surely
        assert after[key].some.perhaps <= old.some.perhaps
        assert after[key].every.surely <= old.every.surely
        assert after[key].every.perhaps <= old.every.perhaps


@examples
@given(networks(), st.integers(0, 1000))
def test_the_order_of_facts_and_rules_does_not_matter(facts: Facts, seed: int) -> None:
    def shuffled(items: Sequence[Any]) -> tuple[Any, ...]:
        found = list(items)
        random.Random(seed).shuffle(found)  # noqa: S311 - no secret
        return tuple(found)

    other = Facts(
        vpcs=shuffled(facts.vpcs),
        subnets=shuffled(facts.subnets),
        tables=shuffled(facts.tables),
        acls=shuffled([replace(acl, rules=shuffled(acl.rules)) for acl in facts.acls]),
        groups=shuffled([replace(group, rules=shuffled(group.rules)) for group in facts.groups]),
        interfaces=shuffled(facts.interfaces),
        nat_gateways=facts.nat_gateways,
        internet_gateways=facts.internet_gateways,
    )
    assert everything(facts) == everything(other)


@examples
@given(networks(open_groups=True), st.data())
def test_what_is_not_known_of_a_rule_is_never_guessed(facts: Facts, data: st.DataObject) -> None:
    known = everything(facts)
    places = [
        (number, index)
        for number, acl in enumerate(facts.acls)
        for index, _ in enumerate(acl.rules)
    ]
    if not places:
        return
    number, index = data.draw(st.sampled_from(places))
    acl = facts.acls[number]
    hidden = data.draw(st.sampled_from(HIDINGS))
    rules = list(acl.rules)
    rules[index] = hidden(rules[index])
    acls = list(facts.acls)
    acls[number] = replace(acl, rules=tuple(rules))
    for key, found in everything(replace(facts, acls=tuple(acls))).items():
        assert found.some.surely <= known[key].some.surely
        assert found.some.perhaps >= known[key].some.perhaps
        assert found.every.surely <= known[key].every.surely
        assert found.every.perhaps >= known[key].every.perhaps


def passes(rules: Sequence[AclRule], *, egress: bool, address: int, point: int) -> bool:
    """Judge a packet as the user guide says it: the lowest number that fits decides."""
    for rule in sorted(rules, key=lambda rule: rule.number or 0):
        assert rule.addresses is not None
        assert rule.traffic is not None
        if rule.egress is egress and address in rule.addresses and point in rule.traffic:
            return rule.allow
    return False


def allows(group: SecurityGroup, *, egress: bool, address: int, other: str, point: int) -> bool:
    return any(
        rule.egress is egress
        and rule.traffic is not None
        and point in rule.traffic
        and (rule.group == other if rule.group else address in (rule.addresses or network("::1")))
        for rule in group.rules
    )


@examples
@given(
    networks() | networks(open_groups=True),
    st.sampled_from([("alb", "app"), ("app", "db"), ("db", "app")]),
    st.data(),
)
def test_single_packets_agree_with_the_sets(
    facts: Facts, ends: tuple[str, str], data: st.DataObject
) -> None:
    """Each packet is judged once more, by itself and without any set."""
    subnets = {"alb": ("web", "10.0.0.9"), "app": ("app", "10.0.1.9"), "db": ("data", "10.0.2.9")}
    acls = {acl.id: acl.rules for acl in facts.acls}
    groups = {group.id: group for group in facts.groups}
    source, destination = ends
    (here, near), (there, far) = subnets[source], subnets[destination]
    start, end = network(near).first, network(far).first
    placed = tuple(
        replace(item, addresses=network(subnets[item.kind][1])) for item in facts.interfaces
    )
    found = reached(Tiers(Network(replace(facts, interfaces=placed))), source, destination)
    port = data.draw(st.sampled_from([22, 443, 3299, 3300, 3306, 3310, 3311, 8080, 65535]))

    def gets_through(client: int) -> bool:
        return (
            allows(groups[source], egress=True, address=end, other=destination, point=port)
            and passes(acls[here], egress=True, address=end, point=port)
            and passes(acls[there], egress=False, address=start, point=port)
            and allows(groups[destination], egress=False, address=start, other=source, point=port)
            and passes(acls[there], egress=True, address=start, point=client)
            and passes(acls[here], egress=False, address=end, point=client)
        )

    clients = HOSTS if source == "app" else MANAGED
    # Where the outcome for client ports can change.
    edges = [1, 52, 53, 54, 442, 443, 444, 1023, 1024, 3299, 3300, 3305, 3306, 3307, 3310, 3311,
             3388, 3390, 32767, 32768, 65535]  # fmt: skip
    some = any(gets_through(edge) for edge in edges if edge in clients.possible)
    every = all(gets_through(edge) for edge in edges if edge in clients.needed)
    assert found is not None
    assert (port in found.some.surely, port in found.some.perhaps) == (some, some)
    assert (port in found.every.surely, port in found.every.perhaps) == (every, every)
