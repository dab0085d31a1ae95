"""Who reaches whom in the applied environments: asked of the plan, and of what is live."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tap.errors import PolicyError
from tap.proofs.answer import Answer
from tap.proofs.intents import Flow, Intents
from tap.proofs.network.from_live import read_facts
from tap.proofs.network.from_plan import read_plan
from tap.proofs.network.matrix import matrix
from tap.proofs.network.network import Network
from tap.proofs.network.reachability import Question, always, never
from tap.proofs.network.tiers import Tiers
from tap.proofs.network.traffic import describe_traffic, parse_traffic
from tap.proofs.sources import Sources
from tap.proofs.verdict import prove
from tap.reports.proofs import broken_lines
from tests.integration.intents import intents_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap.proofs.network.facts import Facts
    from tap.testing.deployment import Deployment

pytestmark = [
    pytest.mark.requirement("TST-2", "NET-2", "NET-3", "NET-4", "SEC-1"),
    pytest.mark.timeout(1200),
]

# Between things, all that gets through; between subnets, whatever is in them.
THINGS = ("internet", "alb", "app", "db", "endpoints", "dynamodb", "s3")
FLOWS = {
    "internet -> alb": "tcp/80, tcp/443",
    "alb -> app": "tcp/8080",
    "app -> db": "tcp/3306",
    "app -> dynamodb": "tcp/443",
    "app -> endpoints": "tcp/443",
    "app -> s3": "tcp/443",
}


class Networks:
    """The networks of the environments, each read once."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._found: dict[tuple[str, str], Tiers] = {}

    def planned(self, deployment: Deployment) -> Tiers:
        """Return the network in the plan from nothing."""

        def read() -> Facts:
            root = deployment.project.directory / "environments" / deployment.name
            return read_plan(deployment.plan, sources=Sources(root=root, cache=self._cache))

        return self._once(deployment.name, "planned", read)

    def live(self, deployment: Deployment) -> Tiers:
        """Return the network as it was applied."""
        return self._once(deployment.name, "live", lambda: read_live(deployment))

    def tampered(self, deployment: Deployment) -> Tiers:
        """Return the network after it was changed by hand in three places."""

        def read() -> Facts:
            with ExitStack() as changes:
                for change in (denying_rule, without_way_out, open_group):
                    changes.enter_context(change(deployment))
                return read_live(deployment)

        return self._once(deployment.name, "tampered", read)

    def _once(self, name: str, what: str, read: Callable[[], Facts]) -> Tiers:
        if (name, what) not in self._found:
            self._found[name, what] = Tiers(Network(read()))
        return self._found[name, what]


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Networks:
    """Return the networks of the environments."""
    return Networks(tmp_path_factory.mktemp("parsed"))


def read_live(deployment: Deployment) -> Facts:
    """Read the network as it is now."""
    return read_facts(deployment.client, vpcs=[deployment.outputs["vpc"]["vpc_id"]])


@contextmanager
def denying_rule(deployment: Deployment) -> Iterator[None]:
    """Put a rule into the network ACL of the database, and take it away again."""
    acl = deployment.outputs["vpc"]["network_acl_ids"]["database"]
    ec2 = deployment.client("ec2")
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=7, Protocol="6", Egress=True, RuleAction="deny",
        CidrBlock="0.0.0.0/0", PortRange={"From": 40000, "To": 40000},
    )  # fmt: skip
    try:
        yield
    finally:
        ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=7, Egress=True)


@contextmanager
def without_way_out(deployment: Deployment) -> Iterator[None]:
    """Take the default route out of one private table, and put it back."""
    table = private_table(deployment)
    ec2 = deployment.client("ec2")
    [found] = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    [route] = [each for each in found["Routes"] if "NatGatewayId" in each]
    block = route["DestinationCidrBlock"]
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock=block)
    try:
        yield
    finally:
        ec2.create_route(
            RouteTableId=table, DestinationCidrBlock=block, NatGatewayId=route["NatGatewayId"]
        )


@contextmanager
def open_group(deployment: Deployment) -> Iterator[None]:
    """Open the application's security group to everywhere, and close it again."""
    opened = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
              "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}  # fmt: skip
    group = deployment.outputs["security"]["security_group_ids"]["application"]
    ec2 = deployment.client("ec2")
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[opened])
    try:
        yield
    finally:
        ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[opened])


def private_table(deployment: Deployment) -> str:
    return str(next(iter(deployment.outputs["vpc"]["route_table_ids"]["private"].values())))


def flows(tiers: Tiers) -> dict[str, str]:
    """Return all that gets through between things, on any port, and nothing that is unclear."""
    told: dict[str, str] = {}
    for (source, destination), cell in matrix(tiers, THINGS).cells.items():
        assert cell.reach is not None
        some, every = cell.reach.some, cell.reach.every
        assert some.surely == some.perhaps == every.surely, f"{source} -> {destination}"
        if some.surely:
            told[f"{source} -> {destination}"] = describe_traffic(some.surely)
    return told


def unmet(deployment: Deployment, tiers: Tiers) -> list[str]:
    """Return the flows that do not hold as intended, and those that nobody expects."""
    flows = [line for line in intents_of(deployment).lines if isinstance(line.asked, Flow)]
    intents = Intents(lines=tuple(flows))
    return broken_lines(prove("it", intents, tiers=tiers, access=PolicyError("not asked here", "")))


def test_a_plan_from_nothing_proves_who_reaches_whom(
    deployment: Deployment, networks: Networks
) -> None:
    tiers = networks.planned(deployment)

    assert flows(tiers) == FLOWS
    assert unmet(deployment, tiers) == []


def test_the_live_network_proves_who_reaches_whom(
    deployment: Deployment, networks: Networks
) -> None:
    tiers = networks.live(deployment)

    assert flows(tiers) == FLOWS
    assert unmet(deployment, tiers) == []


def test_plan_and_live_agree_on_every_port_in_use(
    deployment: Deployment, networks: Networks
) -> None:
    asked = [parse_traffic(text) for text in ("tcp/22", "tcp/3389", "udp/53")]
    found = networks.planned(deployment), networks.live(deployment)
    before, after = (matrix(each, traffic=asked) for each in found)

    assert before.tiers == after.tiers
    assert before.traffic == after.traffic
    for key, cell in before.cells.items():
        for traffic in before.traffic:
            assert cell.word(traffic) == after.cells[key].word(traffic), (key, traffic)


def test_a_denying_rule_that_is_put_in_by_hand_is_found_and_named(
    deployment: Deployment, networks: Networks
) -> None:
    question = Question(source="app", destination="db", traffic=parse_traffic("tcp/3306"))
    finding = always(networks.tampered(deployment), question)

    assert finding.answer is Answer.REFUTED
    assert "rule 7 denies tcp/40000 to 0.0.0.0/0 [stopped]" in finding.lines()[-1]
    assert deployment.outputs["vpc"]["network_acl_ids"]["database"] in finding.path[-1].ids


def test_a_route_that_is_taken_away_by_hand_is_found_and_named(
    deployment: Deployment, networks: Networks
) -> None:
    question = Question(source="private", destination="internet", traffic=parse_traffic("tcp/443"))
    finding = always(networks.tampered(deployment), question)

    assert finding.answer is Answer.REFUTED
    assert finding.lines()[-1].endswith("no route [stopped]")
    assert private_table(deployment) in finding.path[-1].ids


def test_a_group_that_is_opened_by_hand_is_found_and_named(
    deployment: Deployment, networks: Networks
) -> None:
    question = Question(source="app", destination="internet", traffic=parse_traffic("all"))
    finding = never(networks.tampered(deployment), question)

    assert finding.answer is Answer.REFUTED
    assert "allows tcp/443 to 0.0.0.0/0" in "\n".join(finding.lines())
