from __future__ import annotations

import ipaddress
import json
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TAGS = {
    "CostCenter": "payments",
    "Environment": "dev",
    "ManagedBy": "terraform",
    "Owner": "platform",
    "Project": "shop",
}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e"
SMALL: dict[str, Any] = {
    "account_id": "123456789012",
    "availability_zones": ["eu-west-1a", "eu-west-1b"],
    "cidr_block": "10.0.0.0/16",
    "flow_logs": {"kms_key_arn": KEY, "retention_in_days": 30},
    "nat_gateways": "none",
    "prefix": "shop-dev",
    "region": "eu-west-1",
    "tags": TAGS,
}
SERVICES = ["ec2", "kms", "logs", "ssm"]
# As in the stack: the key and the group are made by the same apply, so they are unknown here.
PROD: dict[str, Any] = SMALL | {
    "availability_zones": ["eu-west-1a", "eu-west-1b", "eu-west-1c"],
    "cidr_block": "10.20.0.0/16",
    "flow_logs": {"kms_key_arn": KEY + "${uuid()}"},
    "interface_endpoints": {"security_group_ids": ["sg-${uuid()}"], "services": SERVICES},
    "nat_gateways": "per_az",
    "prefix": "shop-prod",
}
# The zone is put first: a position in the list must mean nothing.
PROD_AND_A_ZONE = PROD | {
    "availability_zones": ["eu-west-1d", "eu-west-1a", "eu-west-1b", "eu-west-1c"]
}
STAGING = PROD | {
    "availability_zones": ["eu-west-1c", "eu-west-1a"],
    "cidr_block": "192.168.32.0/19",
    "flow_logs": {"aggregation_seconds": 600, "kms_key_arn": KEY, "traffic_type": "REJECT"},
    "nat_gateways": "single",
    "ports": {"application": 9090, "database": 5432},
    "prefix": "shop-staging",
    "ssh_cidr_blocks": ["10.250.0.0/24", "100.64.0.0/10"],
}
TOKYO = SMALL | {
    "availability_zones": ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"],
    "nat_gateways": "per_az",
    # Below the ports that clients choose, so that no rule for answers covers them.
    "ports": {"application": 81, "database": 1023},
    "region": "ap-northeast-1",
    "subnet_cidr_blocks": {
        "public": {
            "ap-northeast-1a": "10.0.192.0/27",
            "ap-northeast-1c": "10.0.192.32/27",
            "ap-northeast-1d": "10.0.192.64/26",
        }
    },
}
GOV_ZONES = [f"us-gov-west-1{letter}" for letter in "abcdef"]
# The most rules that a network ACL can come to hold.
GOV = PROD | {
    "availability_zones": GOV_ZONES,
    "cidr_block": "172.31.0.0/16",
    "partition": "aws-us-gov",
    "region": "us-gov-west-1",
    "ssh_cidr_blocks": ["10.250.0.0/24", "10.251.0.0/24", "10.252.0.0/24"],
    "subnet_cidr_blocks": {
        "database": {zone: f"172.31.{place}.0/28" for place, zone in enumerate(GOV_ZONES)},
        "private": {zone: f"172.31.{16 + place}.0/24" for place, zone in enumerate(GOV_ZONES)},
        "public": {zone: f"172.31.{32 + place}.0/27" for place, zone in enumerate(GOV_ZONES)},
    },
}
CONFIGURATIONS = {
    "small": SMALL,
    "prod": PROD,
    "prod and a zone": PROD_AND_A_ZONE,
    "staging": STAGING,
    "tokyo": TOKYO,
    "gov": GOV,
}

INTERNET = "203.0.113.7"
# Ports that clients choose: the lowest, those of Linux, the highest.
CLIENT_PORTS = (1024, 32768, 60999, 65535)


class Network:
    """One planned VPC, asked about its addresses, rules and routes."""

    def __init__(self, plan: Any, inputs: dict[str, Any]) -> None:
        self.inputs = inputs
        # The part of the outputs that is known before the apply.
        self.outputs = plan["output_changes"]["this"]["after"]
        self.resources: dict[str, dict[str, Any]] = {
            address.removeprefix("module.this."): resource
            for address, resource in plan.modules["module.this"].resources.items()
        }

    def values(self, address: str) -> dict[str, Any]:
        values: dict[str, Any] = self.resources[address]["values"]
        return values

    def keyed(self, address: str) -> dict[str, dict[str, Any]]:
        """Return the instances of a resource by their key."""
        return {
            resource["index"]: resource["values"]
            for name, resource in self.resources.items()
            if name.startswith(f"{address}[")
        }

    def cidrs(self, tier: str) -> dict[str, str]:
        return {
            zone: subnet["cidr_block"] for zone, subnet in self.keyed(f"aws_subnet.{tier}").items()
        }

    def host(self, tier: str, place: int = 0) -> str:
        """Return an address in the subnet of the zone at that place."""
        zone = sorted(self.inputs["availability_zones"])[place]
        return str(ipaddress.ip_network(self.cidrs(tier)[zone])[9])

    def rules(self, tier: str, *, egress: bool) -> dict[str, dict[str, Any]]:
        direction = "egress" if egress else "ingress"
        return {
            key: rule
            for key, rule in self.keyed("aws_network_acl_rule.tier").items()
            if key.startswith(f"{tier}/{direction}/")
        }

    def passes(self, tier: str, peer: str, port: int, *, egress: bool) -> bool:
        """Judge one TCP packet as a network ACL does: the first matching rule decides."""
        rules = self.rules(tier, egress=egress).values()
        for rule in sorted(rules, key=lambda rule: int(rule["rule_number"])):
            if (
                rule["protocol"] == "tcp"
                and ipaddress.ip_address(peer) in ipaddress.ip_network(rule["cidr_block"])
                and rule["from_port"] <= port <= rule["to_port"]
            ):
                return bool(rule["rule_action"] == "allow")
        return False

    def tier_of(self, address: str) -> str | None:
        for tier in ("public", "private", "database"):
            for block in self.cidrs(tier).values():
                if ipaddress.ip_address(address) in ipaddress.ip_network(block):
                    return tier
        return None

    def opens(self, client: str, server: str, port: int) -> bool:
        """Return whether the first packet of a connection leaves the client and arrives."""
        return self._arrives(client, server, port)

    def converses(self, client: str, server: str, port: int, client_port: int) -> bool:
        """Return whether question and answer both arrive."""
        return self._arrives(client, server, port) and self._arrives(server, client, client_port)

    def _arrives(self, source: str, target: str, port: int) -> bool:
        leaves, enters = self.tier_of(source), self.tier_of(target)
        return (leaves is None or self.passes(leaves, target, port, egress=True)) and (
            enters is None or self.passes(enters, source, port, egress=False)
        )


@pytest.fixture(scope="module")
def network(module_planner: Any) -> Callable[[str], Network]:
    """Return a function: name of a configuration -> its network, planned once."""

    @cache
    def planned(name: str) -> Network:
        return Network(module_planner("vpc").plan(**CONFIGURATIONS[name]), CONFIGURATIONS[name])

    return planned


@pytest.fixture(scope="module")
def refused(module_planner: Any) -> Callable[[str], str]:
    """Return a function: name of a set of bad inputs -> the errors of its plan."""

    @cache
    def errors(name: str) -> str:
        text: str = module_planner("vpc").refused(**SMALL | REFUSED[name])
        return text

    return errors


every_configuration = pytest.mark.parametrize("name", CONFIGURATIONS)


@pytest.mark.requirement("NET-1")
@every_configuration
def test_the_vpc_answers_dns(network: Callable[[str], Network], name: str) -> None:
    vpc = network(name).values("aws_vpc.this")

    assert vpc["cidr_block"] == CONFIGURATIONS[name]["cidr_block"]
    assert vpc["enable_dns_support"] is True
    assert vpc["enable_dns_hostnames"] is True


@pytest.mark.requirement("NET-1", "STK-4")
@pytest.mark.parametrize(
    ("name", "tier", "blocks"),
    [
        ("small", "private", {"eu-west-1a": "10.0.0.0/20", "eu-west-1b": "10.0.16.0/20"}),
        ("small", "public", {"eu-west-1a": "10.0.128.0/24", "eu-west-1b": "10.0.129.0/24"}),
        ("small", "database", {"eu-west-1a": "10.0.144.0/24", "eu-west-1b": "10.0.145.0/24"}),
        ("staging", "private", {"eu-west-1a": "192.168.32.0/23", "eu-west-1c": "192.168.36.0/23"}),
        ("staging", "public", {"eu-west-1a": "192.168.48.0/27", "eu-west-1c": "192.168.48.64/27"}),
        (
            "tokyo",
            "private",
            {
                "ap-northeast-1a": "10.0.0.0/20",
                "ap-northeast-1c": "10.0.32.0/20",
                "ap-northeast-1d": "10.0.48.0/20",
            },
        ),
        ("tokyo", "public", TOKYO["subnet_cidr_blocks"]["public"]),
        ("gov", "database", GOV["subnet_cidr_blocks"]["database"]),
        ("gov", "private", GOV["subnet_cidr_blocks"]["private"]),
        ("gov", "public", GOV["subnet_cidr_blocks"]["public"]),
    ],
)
def test_subnets_have_the_computed_or_the_given_blocks(
    network: Callable[[str], Network], name: str, tier: str, blocks: dict[str, str]
) -> None:
    assert network(name).cidrs(tier) == blocks
    assert network(name).outputs["subnet_cidr_blocks"][tier] == blocks


@pytest.mark.requirement("NET-1")
@every_configuration
@pytest.mark.parametrize("tier", ["database", "private", "public"])
def test_every_zone_has_a_subnet_in_each_tier_without_public_addresses(
    network: Callable[[str], Network], name: str, tier: str
) -> None:
    subnets = network(name).keyed(f"aws_subnet.{tier}")

    assert sorted(subnets) == sorted(CONFIGURATIONS[name]["availability_zones"])
    for zone, subnet in subnets.items():
        assert subnet["availability_zone"] == zone
        assert subnet["map_public_ip_on_launch"] is False


@pytest.mark.requirement("NET-1")
@every_configuration
def test_subnets_do_not_overlap(network: Callable[[str], Network], name: str) -> None:
    tiers = ("database", "private", "public")
    blocks = [
        ipaddress.ip_network(block)
        for tier in tiers
        for block in network(name).cidrs(tier).values()
    ]

    assert len(blocks) == 3 * len(CONFIGURATIONS[name]["availability_zones"])
    assert not [
        (str(one), str(other))
        for place, one in enumerate(blocks)
        for other in blocks[place + 1 :]
        if one.overlaps(other)
    ]


@pytest.mark.requirement("NET-1")
def test_adding_a_zone_changes_no_resource_of_another(network: Callable[[str], Network]) -> None:
    before, after = network("prod").resources, network("prod and a zone").resources

    assert set(before) <= set(after)
    added = set(after) - set(before)
    assert added
    assert all('["eu-west-1d"]' in address for address in added)
    changed = [name for name in before if before[name]["values"] != after[name]["values"]]
    assert changed == []


@pytest.mark.requirement("NET-2")
@pytest.mark.parametrize(
    ("name", "zones"),
    [
        ("small", []),
        ("prod", ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ("staging", ["eu-west-1c"]),
        ("gov", GOV_ZONES),
    ],
)
def test_nat_gateways_stand_where_they_are_asked_for(
    network: Callable[[str], Network], name: str, zones: list[str]
) -> None:
    gateways = network(name).keyed("aws_nat_gateway.this")
    assert sorted(gateways) == zones
    assert {gateway["connectivity_type"] for gateway in gateways.values()} <= {"public"}
    assert sorted(network(name).keyed("aws_eip.nat")) == zones


@pytest.mark.requirement("NET-2")
@pytest.mark.parametrize(("name", "leaves"), [("small", False), ("prod", True), ("staging", True)])
def test_private_subnets_have_a_default_route_if_there_is_nat(
    network: Callable[[str], Network], name: str, *, leaves: bool
) -> None:
    routes = network(name).keyed("aws_route.nat")

    zones = sorted(CONFIGURATIONS[name]["availability_zones"])
    assert sorted(routes) == (zones if leaves else [])
    assert {route["destination_cidr_block"] for route in routes.values()} <= {"0.0.0.0/0"}


@pytest.mark.requirement("NET-2")
@every_configuration
def test_the_public_tier_has_a_route_to_the_internet(
    network: Callable[[str], Network], name: str
) -> None:
    route = network(name).values("aws_route.internet")

    assert route["destination_cidr_block"] == "0.0.0.0/0"


@pytest.mark.requirement("NET-2")
@every_configuration
def test_no_route_is_made_for_the_database_tier(
    network: Callable[[str], Network], name: str
) -> None:
    resources = network(name).resources

    routes = {
        resource["name"] for resource in resources.values() if resource["type"] == "aws_route"
    }
    assert routes <= {"internet", "nat"}
    assert all("route" not in table for table in network(name).keyed("aws_route_table.database"))
    assert len(network(name).keyed("aws_route_table.database")) == len(
        CONFIGURATIONS[name]["availability_zones"]
    )


@pytest.mark.requirement("NET-3")
@every_configuration
def test_what_the_vpc_came_with_is_closed(network: Callable[[str], Network], name: str) -> None:
    acl = network(name).values("aws_default_network_acl.this")
    assert (acl["ingress"], acl["egress"]) == ([], [])
    assert network(name).values("aws_default_route_table.this")["route"] == []
    group = network(name).values("aws_default_security_group.this")
    # Rules that nobody names are read back from AWS unless they are set to none.
    assert (group["ingress"], group["egress"]) == ([], [])


@pytest.mark.requirement("NET-3")
@every_configuration
@pytest.mark.parametrize("client_port", CLIENT_PORTS)
def test_the_allowed_conversations_pass_in_both_directions(
    network: Callable[[str], Network], name: str, client_port: int
) -> None:
    net = network(name)
    ports = {"application": 8080, "database": 3306} | CONFIGURATIONS[name].get("ports", {})

    assert net.converses(INTERNET, net.host("public"), 443, client_port)
    assert net.converses(INTERNET, net.host("public"), 80, client_port)
    for place in (0, -1):
        application, balancer = net.host("private", place), net.host("public")
        assert net.converses(balancer, application, ports["application"], client_port)
        assert net.converses(application, net.host("database"), ports["database"], client_port)
        assert net.converses(application, INTERNET, 443, client_port)


@pytest.mark.requirement("NET-3")
@pytest.mark.parametrize("client_port", [3388, 3389, 3390])
def test_answers_to_the_load_balancer_come_on_every_port(
    network: Callable[[str], Network], client_port: int
) -> None:
    net = network("prod")

    assert net.converses(net.host("public"), net.host("private", 1), 8080, client_port)


@pytest.mark.requirement("NET-3", "NET-2")
@pytest.mark.parametrize(
    ("name", "passes"), [("small", False), ("prod", True), ("staging", True), ("gov", True)]
)
def test_the_public_tier_carries_nat_only_where_there_is_a_gateway(
    network: Callable[[str], Network], name: str, *, passes: bool
) -> None:
    net = network(name)

    assert net.passes("public", INTERNET, 443, egress=True) is passes
    for port in (1024, 3388, 3390, 65535):
        assert net.passes("public", INTERNET, port, egress=False) is passes


@pytest.mark.requirement("NET-3", "NET-4")
@pytest.mark.parametrize(
    ("name", "passes"), [("small", False), ("tokyo", False), ("prod", True), ("gov", True)]
)
def test_https_enters_the_private_tier_only_where_there_are_endpoints(
    network: Callable[[str], Network], name: str, *, passes: bool
) -> None:
    net = network(name)

    assert net.converses(net.host("private"), net.host("private", 1), 443, 40000) is passes
    assert not net.opens(net.host("public"), net.host("private"), 443)
    assert not net.opens(net.host("database"), net.host("private"), 443)
    assert not net.opens(INTERNET, net.host("private"), 443)


@pytest.mark.requirement("NET-3")
@every_configuration
def test_the_application_port_is_closed_to_all_but_the_public_tier(
    network: Callable[[str], Network], name: str
) -> None:
    net = network(name)
    port = CONFIGURATIONS[name].get("ports", {}).get("application", 8080)

    assert net.opens(net.host("public", 1), net.host("private"), port)
    assert not net.opens(INTERNET, net.host("private"), port)
    assert not net.opens(net.host("database"), net.host("private"), port)
    assert not net.opens(net.host("private", 1), net.host("private"), port)


@pytest.mark.requirement("NET-3")
@every_configuration
def test_the_database_tier_is_reached_from_the_private_tier_only(
    network: Callable[[str], Network], name: str
) -> None:
    net = network(name)
    database = net.host("database")
    port = CONFIGURATIONS[name].get("ports", {}).get("database", 3306)

    assert net.opens(net.host("private", 1), database, port)
    assert not net.opens(net.host("public"), database, port)
    assert not net.opens(net.host("database", 1), database, port)
    assert not net.opens(INTERNET, database, port)
    for other in (22, 443, 1024, 8443, 65535):
        assert not net.opens(net.host("private", 1), database, other)


@pytest.mark.requirement("NET-3", "NET-2")
@every_configuration
def test_the_database_tier_sends_nothing_but_answers_to_the_private_tier(
    network: Callable[[str], Network], name: str
) -> None:
    net = network(name)

    for port in (22, 80, 443, 40000):
        assert not net.passes("database", INTERNET, port, egress=True)
        assert not net.passes("database", net.host("public"), port, egress=True)
        assert net.passes("database", net.host("private"), port, egress=True) is (port == 40000)


@pytest.mark.requirement("NET-3")
@every_configuration
def test_the_private_tier_sends_https_and_nothing_else_to_the_internet(
    network: Callable[[str], Network], name: str
) -> None:
    net = network(name)

    sent = [
        p for p in (22, 80, 443, 8080, 40000) if net.passes("private", INTERNET, p, egress=True)
    ]
    assert sent == [443]


@pytest.mark.requirement("NET-3")
def test_the_rules_of_all_network_acls_are_exactly_these(
    network: Callable[[str], Network],
) -> None:
    anywhere, vpc = "0.0.0.0/0", "192.168.32.0/19"
    public, private, database = "192.168.48.0/23", "192.168.32.0/20", "192.168.50.0/23"
    office, carrier = "10.250.0.0/24", "100.64.0.0/10"

    rules = {
        key: (
            rule["rule_number"],
            rule["rule_action"],
            rule["protocol"],
            rule["cidr_block"],
            rule["from_port"],
            rule["to_port"],
        )
        for key, rule in network("staging").keyed("aws_network_acl_rule.tier").items()
    }

    assert rules == {
        "database/egress/answers/all": (100, "allow", "tcp", private, 1024, 65535),
        "database/ingress/database/all": (100, "allow", "tcp", private, 5432, 5432),
        "private/egress/answers/vpc": (300, "allow", "tcp", vpc, 1024, 65535),
        "private/egress/database/all": (200, "allow", "tcp", database, 5432, 5432),
        "private/egress/https/internet": (100, "allow", "tcp", anywhere, 443, 443),
        "private/egress/path-mtu/internet": (600, "allow", "icmp", anywhere, None, None),
        "private/egress/ssh-answers/0": (400, "allow", "tcp", office, 1024, 65535),
        "private/egress/ssh-answers/1": (401, "allow", "tcp", carrier, 1024, 65535),
        "private/ingress/application-closed/internet": (400, "deny", "tcp", anywhere, 9090, 9090),
        "private/ingress/application/all": (100, "allow", "tcp", public, 9090, 9090),
        "private/ingress/endpoints/all": (300, "allow", "tcp", private, 443, 443),
        "private/ingress/internet-answers-high/internet": (
            (510, "allow", "tcp", anywhere, 3390, 65535)
        ),
        "private/ingress/internet-answers-low/internet": (
            (500, "allow", "tcp", anywhere, 1024, 3388)
        ),
        "private/ingress/path-mtu/internet": (600, "allow", "icmp", anywhere, None, None),
        "private/ingress/ssh/0": (200, "allow", "tcp", office, 22, 22),
        "private/ingress/ssh/1": (201, "allow", "tcp", carrier, 22, 22),
        "public/egress/answers/internet": (300, "allow", "tcp", anywhere, 1024, 65535),
        "public/egress/application/all": (100, "allow", "tcp", private, 9090, 9090),
        "public/egress/https/internet": (200, "allow", "tcp", anywhere, 443, 443),
        "public/egress/path-mtu/internet": (400, "allow", "icmp", anywhere, None, None),
        "public/ingress/application-answers/all": (200, "allow", "tcp", private, 1024, 65535),
        "public/ingress/http/internet": (110, "allow", "tcp", anywhere, 80, 80),
        "public/ingress/https/internet": (100, "allow", "tcp", anywhere, 443, 443),
        "public/ingress/internet-answers-high/internet": (
            (310, "allow", "tcp", anywhere, 3390, 65535)
        ),
        "public/ingress/internet-answers-low/internet": (
            (300, "allow", "tcp", anywhere, 1024, 3388)
        ),
        "public/ingress/path-mtu/internet": (400, "allow", "icmp", anywhere, None, None),
    }


@pytest.mark.requirement("NET-3")
@every_configuration
@pytest.mark.parametrize("port", [22, 3389])
def test_no_rule_opens_administration_to_the_internet(
    network: Callable[[str], Network], name: str, port: int
) -> None:
    for tier in ("database", "private", "public"):
        assert not network(name).passes(tier, INTERNET, port, egress=False)
        assert not [
            key
            for key, rule in network(name).rules(tier, egress=False).items()
            if rule["cidr_block"] == "0.0.0.0/0"
            and rule["rule_action"] == "allow"
            and rule["protocol"] != "icmp"
            and rule["from_port"] <= port <= rule["to_port"]
        ]


@pytest.mark.requirement("NET-3")
def test_ssh_enters_the_private_tier_from_the_named_networks_only(
    network: Callable[[str], Network],
) -> None:
    staging, prod = network("staging"), network("prod")

    for source in ("10.250.0.17", "100.127.255.1"):
        assert staging.converses(source, staging.host("private"), 22, 50000)
        assert not staging.opens(source, staging.host("public"), 22)
        assert not staging.opens(source, staging.host("database"), 22)
        assert not prod.opens(source, prod.host("private"), 22)
    assert not staging.opens("10.250.1.1", staging.host("private"), 22)
    assert not staging.opens(staging.host("private", 1), staging.host("private"), 22)


@pytest.mark.requirement("NET-3")
@every_configuration
@pytest.mark.parametrize("egress", [False, True])
def test_path_mtu_discovery_works_where_packets_come_from_the_internet(
    network: Callable[[str], Network], name: str, *, egress: bool
) -> None:
    for tier, expected in (("public", 1), ("private", 1), ("database", 0)):
        rules = network(name).rules(tier, egress=egress).values()
        icmp = [rule for rule in rules if rule["protocol"] == "icmp"]
        assert len(icmp) == expected
        for rule in icmp:
            # The provider holds type and code as text.
            assert (int(rule["icmp_type"]), int(rule["icmp_code"])) == (3, 4)
            assert rule["cidr_block"] == "0.0.0.0/0"


@pytest.mark.requirement("NET-3")
@every_configuration
@pytest.mark.parametrize("egress", [False, True])
@pytest.mark.parametrize("tier", ["database", "private", "public"])
def test_a_network_acl_keeps_within_the_quota_and_uses_each_number_once(
    network: Callable[[str], Network], name: str, tier: str, *, egress: bool
) -> None:
    rules = network(name).rules(tier, egress=egress)

    numbers = [rule["rule_number"] for rule in rules.values()]
    assert 0 < len(numbers) <= 19
    assert len(set(numbers)) == len(numbers)
    assert all(rule["egress"] is egress for rule in rules.values())


@pytest.mark.requirement("NET-3")
def test_the_largest_network_fills_the_quota(network: Callable[[str], Network]) -> None:
    assert len(network("gov").rules("private", egress=False)) == 19


@pytest.mark.requirement("NET-3")
def test_given_blocks_have_rules_numbered_by_the_letter_of_their_zone(
    network: Callable[[str], Network],
) -> None:
    rules = network("tokyo").keyed("aws_network_acl_rule.tier")

    assert {
        key.rsplit("/", 1)[1]: (rule["rule_number"], rule["cidr_block"])
        for key, rule in rules.items()
        if key.startswith("private/ingress/application/")
    } == {
        "ap-northeast-1a": (101, "10.0.192.0/27"),
        "ap-northeast-1c": (103, "10.0.192.32/27"),
        "ap-northeast-1d": (104, "10.0.192.64/26"),
    }


@pytest.mark.requirement("NET-4")
@pytest.mark.parametrize(
    ("name", "region"),
    [("small", "eu-west-1"), ("tokyo", "ap-northeast-1"), ("gov", "us-gov-west-1")],
)
def test_s3_and_dynamodb_have_gateway_endpoints(
    network: Callable[[str], Network], name: str, region: str
) -> None:
    endpoints = network(name).keyed("aws_vpc_endpoint.gateway")

    assert {key: endpoint["service_name"] for key, endpoint in endpoints.items()} == {
        "dynamodb": f"com.amazonaws.{region}.dynamodb",
        "s3": f"com.amazonaws.{region}.s3",
    }
    assert {endpoint["vpc_endpoint_type"] for endpoint in endpoints.values()} == {"Gateway"}


@pytest.mark.requirement("NET-4")
@pytest.mark.parametrize("service", ["dynamodb", "s3"])
def test_a_gateway_endpoint_serves_this_account_on_its_own_resources(
    network: Callable[[str], Network], service: str
) -> None:
    endpoint = network("prod").keyed("aws_vpc_endpoint.gateway")[service]
    own, *named = json.loads(endpoint["policy"])["Statement"]

    assert own["Action"] == f"{service}:*"
    assert own["Condition"]["StringEquals"] == {
        "aws:PrincipalAccount": "123456789012",
        "aws:ResourceAccount": "123456789012",
    }
    assert {statement["Action"] for statement in named} == (
        {"s3:GetObject"} if service == "s3" else set()
    )


@pytest.mark.requirement("NET-4")
@pytest.mark.parametrize(
    ("name", "bucket"),
    [
        ("prod", "arn:aws:s3:::al2023-repos-eu-west-1-de612dc2/*"),
        ("gov", "arn:aws-us-gov:s3:::al2023-repos-us-gov-west-1-de612dc2/*"),
    ],
)
def test_packages_of_amazon_linux_are_read_from_their_one_bucket(
    network: Callable[[str], Network], name: str, bucket: str
) -> None:
    policy = json.loads(network(name).keyed("aws_vpc_endpoint.gateway")["s3"]["policy"])

    without_condition = [s for s in policy["Statement"] if "Condition" not in s]
    assert [s["Resource"] for s in without_condition] == [bucket]


@pytest.mark.requirement("NET-4")
def test_interface_endpoints_are_made_for_the_services_named(
    network: Callable[[str], Network],
) -> None:
    endpoints = network("prod").keyed("aws_vpc_endpoint.interface")

    assert {key: endpoint["service_name"] for key, endpoint in endpoints.items()} == {
        service: f"com.amazonaws.eu-west-1.{service}" for service in SERVICES
    }
    assert {endpoint["private_dns_enabled"] for endpoint in endpoints.values()} == {True}
    assert {endpoint["vpc_endpoint_type"] for endpoint in endpoints.values()} == {"Interface"}
    assert network("small").keyed("aws_vpc_endpoint.interface") == {}


@pytest.mark.requirement("NET-5")
@pytest.mark.parametrize(
    ("name", "group", "retention", "captured"),
    [
        ("small", "/aws/vpc/shop-dev/flow-logs", 30, (60, "ALL")),
        ("prod", "/aws/vpc/shop-prod/flow-logs", 365, (60, "ALL")),
        ("staging", "/aws/vpc/shop-staging/flow-logs", 365, (600, "REJECT")),
    ],
)
def test_flow_logs_go_to_an_encrypted_group_with_retention(
    network: Callable[[str], Network],
    name: str,
    group: str,
    retention: int,
    captured: tuple[int, str],
) -> None:
    logs = network(name).values("aws_cloudwatch_log_group.flow_logs")
    flow_log = network(name).values("aws_flow_log.this")

    assert (logs["name"], logs["retention_in_days"]) == (group, retention)
    # The key of prod is made by the same apply.
    assert logs.get("kms_key_id") == (None if name == "prod" else KEY)
    assert flow_log["log_destination_type"] == "cloud-watch-logs"
    assert (flow_log["max_aggregation_interval"], flow_log["traffic_type"]) == captured


@pytest.mark.requirement("NET-5")
@pytest.mark.parametrize(
    ("name", "partition", "region"),
    [("staging", "aws", "eu-west-1"), ("gov", "aws-us-gov", "us-gov-west-1")],
)
def test_the_flow_log_role_writes_to_its_own_group_only(
    network: Callable[[str], Network], name: str, partition: str, region: str
) -> None:
    prefix = CONFIGURATIONS[name]["prefix"]
    group = f"arn:{partition}:logs:{region}:123456789012:log-group:/aws/vpc/{prefix}/flow-logs"
    policy = json.loads(network(name).values("aws_iam_role_policy.flow_logs")["policy"])

    [statement] = policy["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == [group, f"{group}:*"]
    assert statement["Action"] == [
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
    ]


@pytest.mark.requirement("NET-5")
@pytest.mark.parametrize(
    ("name", "flow_logs"),
    [
        ("small", "arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*"),
        ("gov", "arn:aws-us-gov:ec2:us-gov-west-1:123456789012:vpc-flow-log/*"),
    ],
)
def test_the_flow_log_role_serves_flow_logs_of_this_account_only(
    network: Callable[[str], Network], name: str, flow_logs: str
) -> None:
    role = network(name).values("aws_iam_role.flow_logs")
    trust = json.loads(role["assume_role_policy"])

    assert role["name"] == f"{CONFIGURATIONS[name]['prefix']}-flow-logs"
    [statement] = trust["Statement"]
    assert statement["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": flow_logs},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }


@pytest.mark.requirement("NET-6")
@pytest.mark.parametrize("name", ["small", "prod", "gov"])
def test_the_database_subnet_group_has_the_name_of_the_stack(
    network: Callable[[str], Network], name: str
) -> None:
    group = f"{CONFIGURATIONS[name]['prefix']}-database"

    assert network(name).values("aws_db_subnet_group.this")["name"] == group
    assert network(name).outputs["database_subnet_group_name"] == group


@pytest.mark.requirement("STK-5")
@every_configuration
def test_every_taggable_resource_has_the_tags_and_a_name(
    network: Callable[[str], Network], name: str
) -> None:
    untaggable = {
        "aws_iam_role_policy",
        "aws_network_acl_rule",
        "aws_route",
        "aws_route_table_association",
    }
    for address, resource in network(name).resources.items():
        if resource["type"] in untaggable:
            assert "tags" not in resource["values"], address
            continue
        tags = resource["values"]["tags"]
        assert tags | TAGS == tags, address
        assert tags["Name"].startswith(CONFIGURATIONS[name]["prefix"] + "-"), address


@pytest.mark.requirement("STK-7")
def test_outputs_known_in_the_plan_are_keyed_by_zone(network: Callable[[str], Network]) -> None:
    outputs = network("staging").outputs

    assert outputs["availability_zones"] == ["eu-west-1a", "eu-west-1c"]
    assert outputs["vpc_cidr_block"] == "192.168.32.0/19"
    assert outputs["flow_log_group_name"] == "/aws/vpc/shop-staging/flow-logs"


REFUSED: dict[str, dict[str, Any]] = {
    "values": {
        "account_id": "1234",
        "availability_zones": ["eu-west-1a", "eu-west-1a", "eu-west-1b"],
        "cidr_block": "10.0.1.0/20",
        "flow_logs": {
            "aggregation_seconds": 300,
            "kms_key_arn": "alias/logs",
            "retention_in_days": 366,
            "traffic_type": "DROP",
        },
        "interface_endpoints": {
            "security_group_ids": [],
            "services": ["SSM", "s3"],
        },
        "nat_gateways": "two",
        "ports": {"application": 22, "database": 70000},
        "prefix": "Shop",
        "ssh_cidr_blocks": ["10.9.0.1/24", "0.0.0.0/0", "0.0.0.0/0"],
        "tags": {"Environment": "dev", "Owner": "platform"},
    },
    "too few": {
        "availability_zones": ["eu-west-1a"],
        "interface_endpoints": {"security_group_ids": ["sg-1"], "services": []},
    },
    "region": {"region": "cn-north-1"},
    # Terraform looks at rules between inputs once each input is right by itself.
    "between inputs": {
        "availability_zones": ["eu-west-1a", "eu-west-1g", "us-east-1a"],
        "interface_endpoints": {
            "security_group_ids": ["sg-1"],
            "services": ["com.amazonaws.eu-west-1.ec2"],
        },
        "partition": "aws-us-gov",
    },
    "zones of blocks": {
        "subnet_cidr_blocks": {
            "private": {"eu-west-1a": "10.0.0.0/24", "eu-west-1c": "10.0.1.0/24"},
        }
    },
    "given blocks": {
        "subnet_cidr_blocks": {
            "database": {"eu-west-1a": "10.0.144.0/29", "eu-west-1b": "10.0.145.1/24"},
            "public": {"eu-west-1a": "10.0.128.0/28", "eu-west-1b": "10.0.129.0/24"},
        }
    },
    "places": {
        "subnet_cidr_blocks": {
            "database": {"eu-west-1a": "10.0.8.0/24", "eu-west-1b": "11.0.0.0/24"},
            "private": {"eu-west-1a": "10.0.0.0/20", "eu-west-1b": "10.0.15.0/24"},
            "public": {"eu-west-1a": "10.0.200.0/24", "eu-west-1b": "10.0.201.0/24"},
        }
    },
    "kept ranges": {
        "subnet_cidr_blocks": {
            "public": {"eu-west-1a": "10.0.127.0/24", "eu-west-1b": "10.0.144.0/24"}
        }
    },
    "quota": {"ssh_cidr_blocks": [f"10.9.{number}.0/24" for number in range(15)]},
}


@pytest.mark.requirement("STK-3", "NET-1")
@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("values", 'account_id must be 12 digits; got "1234".'),
        (
            "values",
            "availability_zones must name each zone once; repeated: eu-west-1a.",
        ),
        (
            "between inputs",
            (
                "availability_zones must be zones of eu-west-1, that is eu-west-1a to"
                " eu-west-1f; got eu-west-1g, us-east-1a."
            ),
        ),
        ("too few", "availability_zones must hold 2 to 6 different zones; got 1: eu-west-1a."),
        (
            "values",
            (
                "cidr_block must be an IPv4 range of 10.0.0.0/8, 172.16.0.0/12 or"
                ' 192.168.0.0/16 with a prefix of /16 to /19; got "10.0.1.0/20".'
            ),
        ),
        (
            "values",
            'cidr_block must be written by its network address, 10.0.0.0/20; got "10.0.1.0/20".',
        ),
        ("values", "flow_logs.aggregation_seconds must be 60 or 600; got 300."),
        ("values", "flow_logs.kms_key_arn must be the ARN of a KMS key"),
        ("values", 'key/<id>; got "alias/logs".'),
        ("values", "flow_logs.retention_in_days must be a number of days CloudWatch Logs accepts"),
        ("values", "3288 or 3653; got 366."),
        ("values", 'flow_logs.traffic_type must be ALL, ACCEPT or REJECT; got "DROP".'),
        ("values", "interface_endpoints.security_group_ids must hold at least one group"),
        ("too few", "interface_endpoints.services must name at least one service; got none."),
        (
            "values",
            (
                "interface_endpoints.services must be short service names of lower-case"
                ' letters, digits, dots and hyphens, such as ssm or ecr.api; got "SSM".'
            ),
        ),
        (
            "values",
            (
                "interface_endpoints.services must not hold dynamodb or s3, which always have"
                " gateway endpoints; got s3."
            ),
        ),
        (
            "between inputs",
            (
                "interface_endpoints.services must be short names (ssm, not"
                " com.amazonaws.eu-west-1.ssm); got com.amazonaws.eu-west-1.ec2."
            ),
        ),
        ("values", 'nat_gateways must be per_az, single or none; got "two".'),
        ("between inputs", 'partition must be aws in eu-west-1; got "aws-us-gov".'),
        ("values", "ports must be whole numbers from 1 to 65535; got database = 70000."),
        (
            "values",
            "ports must not be 22 or 3389, which are for administration; got application = 22.",
        ),
        ("values", 'not end with a hyphen; got "Shop".'),
        (
            "region",
            (
                "region must be a region of the partition aws or aws-us-gov, such as"
                ' eu-west-1 or us-gov-west-1; got "cn-north-1".'
            ),
        ),
        (
            "values",
            (
                "ssh_cidr_blocks must be IPv4 ranges written by their network address, such"
                ' as 10.9.0.0/24; got "10.9.0.1/24".'
            ),
        ),
        (
            "values",
            (
                "ssh_cidr_blocks must be named networks with a prefix of /8 to /32, never the"
                " whole internet; got 0.0.0.0/0, 0.0.0.0/0."
            ),
        ),
        ("values", "ssh_cidr_blocks must name each network once; repeated: 0.0.0.0/0."),
        (
            "quota",
            (
                "ssh_cidr_blocks must leave each direction of a network ACL at most 19 rules,"
                " the quota of AWS less the default rule; the private tier gets 20 ingress"
                " and 19 egress rules from 15 networks."
            ),
        ),
        (
            "zones of blocks",
            (
                "subnet_cidr_blocks must have, for each tier given, exactly the zones of"
                " availability_zones (eu-west-1a, eu-west-1b); got private = eu-west-1a,"
                " eu-west-1c."
            ),
        ),
        (
            "given blocks",
            (
                "subnet_cidr_blocks must be IPv4 ranges written by their network address,"
                ' such as 10.0.1.0/24; got database/eu-west-1b = "10.0.145.1/24".'
            ),
        ),
        (
            "given blocks",
            (
                "subnet_cidr_blocks must be /28 or larger, and /27 or larger in the public"
                " tier, where the load balancer needs room; got database/eu-west-1a ="
                " 10.0.144.0/29, public/eu-west-1a = 10.0.128.0/28."
            ),
        ),
        (
            "places",
            (
                "subnet_cidr_blocks must lie inside cidr_block 10.0.0.0/16; outside:"
                " database/eu-west-1b = 11.0.0.0/24."
            ),
        ),
        (
            "places",
            (
                "overlapping: database/eu-west-1a = 10.0.8.0/24 and private/eu-west-1a ="
                " 10.0.0.0/20; private/eu-west-1a = 10.0.0.0/20 and private/eu-west-1b ="
                " 10.0.15.0/24."
            ),
        ),
        (
            "kept ranges",
            (
                "overlapping: database (computed) = 10.0.144.0/20 and public/eu-west-1b ="
                " 10.0.144.0/24; private (computed) = 10.0.0.0/17 and public/eu-west-1a ="
                " 10.0.127.0/24."
            ),
        ),
        (
            "values",
            (
                "tags must have the keys Environment, Project, Owner, ManagedBy and"
                " CostCenter; missing: CostCenter, ManagedBy, Project."
            ),
        ),
    ],
)
def test_bad_inputs_are_refused_with_the_reason(
    refused: Callable[[str], str], plan: str, message: str
) -> None:
    assert message in refused(plan)
