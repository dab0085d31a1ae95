"""Who reaches whom in the applied environments: asked of the plan, and of what is live."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tap.proofs.access.scopes import Sources
from tap.proofs.answer import Answer
from tap.proofs.network.from_live import read_facts
from tap.proofs.network.from_plan import read_plan
from tap.proofs.network.matrix import matrix
from tap.proofs.network.network import Network
from tap.proofs.network.reachability import Question, always, never
from tap.proofs.network.tiers import Tiers
from tap.proofs.network.traffic import describe_traffic, parse_traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Deployment

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
NEVER = (
    ("internet", "app", "all"),
    ("internet", "db", "all"),
    ("internet", "private", "all"),
    ("internet", "database", "all"),
    ("db", "internet", "all"),
    ("database", "internet", "all"),
    ("public", "database", "all"),
    ("private", "database", "tcp/22"),
    ("app", "app", "tcp/22"),
)
ALWAYS = (
    ("internet", "public", "tcp/443"),
    ("public", "private", "tcp/8080"),
    ("private", "database", "tcp/3306"),
    ("private", "internet", "tcp/443"),
)


@pytest.fixture(scope="module")
def planned() -> Callable[[Deployment], Tiers]:
    """Return a function: environment -> the network in its plan from nothing, read once."""
    found: dict[str, Tiers] = {}

    def kept(deployment: Deployment) -> Tiers:
        if deployment.name not in found:
            root = deployment.project.directory / "environments" / deployment.name
            found[deployment.name] = Tiers(
                Network(read_plan(deployment.plan, sources=Sources(root=root)))
            )
        return found[deployment.name]

    return kept


def live(deployment: Deployment) -> Tiers:
    """Read the network as it is now."""
    vpc = deployment.outputs["vpc"]["vpc_id"]
    return Tiers(Network(read_facts(deployment.client, vpcs=[vpc])))


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


def unmet(tiers: Tiers) -> list[str]:
    """Return what should hold between tiers of subnets and does not, with the reason."""
    found = []
    for judge, asked in ((never, NEVER), (always, ALWAYS)):
        for source, destination, traffic in asked:
            question = Question(
                source=source, destination=destination, traffic=parse_traffic(traffic)
            )
            finding = judge(tiers, question)
            if finding.answer is not Answer.PROVED:
                claim = f"{judge.__name__} {source} -> {destination} {traffic}: {finding.answer}"
                found.append("\n  ".join([claim, *finding.lines()]))
    return found


def test_a_plan_from_nothing_proves_who_reaches_whom(
    deployment: Deployment, planned: Callable[[Deployment], Tiers]
) -> None:
    tiers = planned(deployment)

    assert flows(tiers) == FLOWS
    assert unmet(tiers) == []


def test_the_live_network_proves_who_reaches_whom(deployment: Deployment) -> None:
    tiers = live(deployment)

    assert flows(tiers) == FLOWS
    assert unmet(tiers) == []


def test_plan_and_live_agree_on_every_port_in_use(
    deployment: Deployment, planned: Callable[[Deployment], Tiers]
) -> None:
    asked = [parse_traffic(text) for text in ("tcp/22", "tcp/3389", "udp/53")]
    before, after = (
        matrix(each, traffic=asked) for each in (planned(deployment), live(deployment))
    )

    assert before.tiers == after.tiers
    assert before.traffic == after.traffic
    for key, cell in before.cells.items():
        for traffic in before.traffic:
            assert cell.word(traffic) == after.cells[key].word(traffic), (key, traffic)


def test_a_denying_rule_that_is_put_in_by_hand_is_found_and_named(deployment: Deployment) -> None:
    acl = deployment.outputs["vpc"]["network_acl_ids"]["database"]
    rule = {"NetworkAclId": acl, "RuleNumber": 7, "Protocol": "6", "Egress": True}
    ec2 = deployment.client("ec2")
    ec2.create_network_acl_entry(
        **rule, RuleAction="deny", CidrBlock="0.0.0.0/0", PortRange={"From": 40000, "To": 40000}
    )
    try:
        tiers = live(deployment)
    finally:
        ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=7, Egress=True)

    question = Question(source="app", destination="db", traffic=parse_traffic("tcp/3306"))
    finding = always(tiers, question)
    assert finding.answer is Answer.REFUTED
    assert "rule 7 denies tcp/40000 to 0.0.0.0/0 [stopped]" in finding.lines()[-1]
    assert acl in finding.path[-1].ids


def test_a_route_that_is_taken_away_by_hand_is_found_and_named(deployment: Deployment) -> None:
    table = next(iter(deployment.outputs["vpc"]["route_table_ids"]["private"].values()))
    with without_way_out(deployment, table):
        tiers = live(deployment)

    question = Question(source="private", destination="internet", traffic=parse_traffic("tcp/443"))
    finding = always(tiers, question)
    assert finding.answer is Answer.REFUTED
    assert finding.lines()[-1].endswith("no route [stopped]")
    assert table in finding.path[-1].ids


@contextmanager
def without_way_out(deployment: Deployment, table: str) -> Iterator[None]:
    """Take the default route out of a table, and put it back."""
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


def test_a_group_that_is_opened_by_hand_is_found_and_named(deployment: Deployment) -> None:
    groups = deployment.outputs["security"]["security_group_ids"]
    opened = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
              "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}  # fmt: skip
    ec2 = deployment.client("ec2")
    asked = {"GroupId": groups["application"], "IpPermissions": [opened]}
    ec2.authorize_security_group_egress(**asked)
    try:
        tiers = live(deployment)
    finally:
        ec2.revoke_security_group_egress(**asked)

    question = Question(source="app", destination="internet", traffic=parse_traffic("all"))
    finding = never(tiers, question)
    assert finding.answer is Answer.REFUTED
    assert "allows tcp/443 to 0.0.0.0/0" in "\n".join(finding.lines())
    assert flows(live(deployment)) == FLOWS
