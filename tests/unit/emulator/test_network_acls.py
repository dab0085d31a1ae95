"""A rule of a network ACL keeps what it was made with, whatever else is made meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from moto.ec2.models import EC2Backend
from moto.ec2.responses.network_acls import NetworkACLs

from tap.emulator.extensions import Extension, ec2

if TYPE_CHECKING:
    from tests.unit.emulator.conftest import Patched

pytestmark = pytest.mark.requirement("TAP-2")

MESSAGES = {"Type": 3, "Code": 4}


@pytest.fixture
def client(patched: Patched) -> Any:
    [cure] = [patch for patch in ec2.EXTENSION.patches if patch.id == "ec2-icmp-types"]
    return patched(Extension(patches=(cure,)), NetworkACLs)("ec2")


@pytest.fixture
def rule(client: Any) -> dict[str, Any]:
    """Return the arguments of a rule about ICMP, of an ACL that is there."""
    vpc = client.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    return {
        "NetworkAclId": client.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"],
        "RuleNumber": 7,
        "Protocol": "1",
        "RuleAction": "allow",
        "Egress": False,
        "CidrBlock": "10.9.0.0/16",
    }


def kept(client: Any, rule: dict[str, Any]) -> dict[int, Any]:
    """Return the messages of each rule of the ACL that says any."""
    [found] = client.describe_network_acls(NetworkAclIds=[rule["NetworkAclId"]])["NetworkAcls"]
    return {
        each["RuleNumber"]: each["IcmpTypeCode"]
        for each in found["Entries"]
        if "IcmpTypeCode" in each
    }


def test_a_rule_made_by_another_request_at_the_same_time_gets_no_messages(
    client: Any, rule: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make = EC2Backend.create_network_acl_entry

    def make_two(self: Any, **given: Any) -> Any:
        made = make(self, **given)
        if given["rule_number"] == rule["RuleNumber"]:
            ports = {"protocol": "6", "icmp_type": None, "icmp_code": None}
            make(self, **{**given, **ports, "rule_number": 8})
        return made

    monkeypatch.setattr(EC2Backend, "create_network_acl_entry", make_two)
    client.create_network_acl_entry(**rule, IcmpTypeCode=MESSAGES)

    assert kept(client, rule) == {7: MESSAGES}


def test_a_rule_that_is_replaced_is_about_other_messages(client: Any, rule: dict[str, Any]) -> None:
    client.create_network_acl_entry(**rule, IcmpTypeCode=MESSAGES)
    client.replace_network_acl_entry(**rule, IcmpTypeCode={"Type": 8, "Code": -1})

    assert kept(client, rule) == {7: {"Type": 8, "Code": -1}}
