from __future__ import annotations

import pytest

from tap.proofs.network.addresses import network
from tap.proofs.network.network import Network
from tap.proofs.network.places import Place
from tap.proofs.network.ranges import Bounds, exactly
from tap.proofs.network.traffic import parse_traffic
from tests.unit.proofs.network.topologies import BASE, facts_of

pytestmark = pytest.mark.requirement("TST-2", "NET-3")


def admitted(rules: str) -> Bounds:
    """Return what a network ACL lets into the database's subnet from the application's."""
    found = Network(facts_of(f"{BASE}\nacl data main: {rules}"))
    return found.acl_admits(
        found.subnets["data"], Place("app", "inside", network("10.0.1.0/24")), egress=False
    )


@pytest.mark.parametrize(
    ("rules", "traffic"),
    [
        ("10 in allow tcp/22-443 0.0.0.0/0", "tcp/22-443"),
        ("10 in deny tcp/80 0.0.0.0/0; 20 in allow tcp/22-443 0.0.0.0/0", "tcp/22-79, tcp/81-443"),
        ("10 in deny tcp/80 10.9.0.0/16; 20 in allow tcp/22-443 0.0.0.0/0", "tcp/22-443"),
        ("20 in deny tcp/80 0.0.0.0/0; 10 in allow tcp/22-443 0.0.0.0/0", "tcp/22-443"),
        ("10 out allow all 0.0.0.0/0; 20 in allow udp/53 10.0.1.0/24", "udp/53"),
    ],
)
def test_of_known_rules_everything_is_certain(rules: str, traffic: str) -> None:
    assert admitted(rules) == exactly(parse_traffic(traffic))


@pytest.mark.parametrize(
    ("rules", "surely", "perhaps"),
    [
        ("? in deny tcp/80 0.0.0.0/0; 20 in allow tcp/80-81 0.0.0.0/0", "tcp/81", "tcp/80-81"),
        ("10 in deny tcp/80 ?; 20 in allow tcp/80-81 0.0.0.0/0", "tcp/81", "tcp/80-81"),
        ("10 in deny tcp/80 10.0.1.0/25; 20 in allow tcp/80-81 0.0.0.0/0", "tcp/81", "tcp/80-81"),
        ("10 in allow tcp/80 ?; 20 in allow tcp/81 0.0.0.0/0", "tcp/81", "tcp/80-81"),
        ("10 in allow tcp/80 ?; 20 in allow tcp/80 0.0.0.0/0", "tcp/80", "tcp/80"),
        ("maybe 10 in deny tcp/80 0.0.0.0/0; 20 in allow tcp/80-81 0.0.0.0/0", "tcp/81",
         "tcp/80-81"),
    ],
)  # fmt: skip
def test_of_unknown_rules_both_outcomes_are_kept(rules: str, surely: str, perhaps: str) -> None:
    assert admitted(rules) == Bounds(parse_traffic(surely), parse_traffic(perhaps))
