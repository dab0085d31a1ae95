"""A network read from the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.aws import Target
from tap.errors import AwsError
from tap.proofs.network.from_live import read_facts

if TYPE_CHECKING:
    from tests.unit.conftest import World

pytestmark = [pytest.mark.requirement("NET-2", "NET-3", "TST-2"), pytest.mark.timeout(120)]


def test_one_vpc_is_read_with_its_subnets_routes_and_groups(world: World) -> None:
    ec2 = world.target.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    ec2.create_tags(Resources=[subnet], Tags=[{"Key": "Tier", "Value": "web"}])
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    listed = ec2.create_managed_prefix_list(
        PrefixListName="offices",
        MaxEntries=2,
        AddressFamily="IPv4",
        Entries=[{"Cidr": "203.0.113.0/24"}],
    )["PrefixList"]["PrefixListId"]
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "PrefixListIds": [{"PrefixListId": listed}],
            }
        ],
    )
    ec2.create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={"SecurityGroupIds": [group], "InstanceType": "t3.micro"},
    )
    world.target.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="web",
        MinSize=1,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateName": "web", "Version": "$Latest"},
        VPCZoneIdentifier=subnet,
    )

    facts = read_facts(world.target.client, vpcs=[vpc])

    assert [each.id for each in facts.vpcs] == [vpc]
    assert [(each.id, each.tier) for each in facts.subnets] == [(subnet, "web")]
    assert facts.subnets[0].table == facts.tables[0].id
    assert {each.name for each in facts.groups} >= {"web", "default"}
    assert listed in {each.id for each in facts.prefix_lists}
    assert {name for each in facts.interfaces for name in each.groups or ()} >= {group}


def test_an_account_that_does_not_answer_is_one_error() -> None:
    nobody = Target(name="local", endpoint="http://127.0.0.1:1", region="eu-west-1")

    with pytest.raises(AwsError):
        read_facts(nobody.client, vpcs=["vpc-1"])
