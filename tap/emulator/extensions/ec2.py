"""EC2: all that Terraform reads back of rules and flow logs, and what goes with a VPC."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from moto.ec2.exceptions import (
    InvalidSecurityGroupNotFoundError,
    InvalidSecurityGroupRuleIdNotFoundError,
)
from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupRule
from moto.ec2.responses.flow_logs import FlowLogs
from moto.ec2.responses.network_acls import NetworkACLs

from tap.emulator.extensions import Client, Extension, Patch, arguments, unless, wrap

_CIDR = "10.99.0.0/16"
_IMAGE = "ami-12c6146b"
"""One of the public images that moto knows."""


def _keep_rule_descriptions() -> None:
    @wrap(SecurityGroupRule, "__init__")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.prefix_list = arguments(original, self, *args, **kwargs).get("prefix_list_id") or {}

    @wrap(SecurityGroupRule, "__eq__")
    def _(original: Any, self: Any, other: Any) -> bool:
        # To AWS, rules that differ in their description alone are the same rule.
        mine, theirs = self.source_group, other.source_group
        self.source_group, other.source_group = _undescribed(mine), _undescribed(theirs)
        try:
            return bool(original(self, other))
        finally:
            self.source_group, other.source_group = mine, theirs

    @wrap(SecurityGroup, "_flattened_rules")
    def _(original: Any, self: Any, rules: list[Any]) -> Any:
        views = original(self, rules)
        described = {rule.prefix_list_id: rule.prefix_list for rule in rules if rule.prefix_list}
        for view in views:
            view.prefix_list_ids = [
                described[item["PrefixListId"]] for item in view.prefix_list_ids
            ]
        return views

    SecurityGroupRule.description = property(lambda rule: _target(rule).get("Description"))  # type: ignore[method-assign,assignment] # the cure


def _target(rule: Any) -> dict[str, str]:
    """Return what moto keeps of a rule's other end; its description stands there."""
    target: dict[str, str] = rule.prefix_list or rule.source_group or rule.ip_range
    return target


def _undescribed(group: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in group.items() if key != "Description"}


def _loses_rule_descriptions(client: Client) -> bool:
    ec2 = client("ec2")
    group = _create_group(ec2)
    rule = _create_rule(ec2, group)
    return bool(_describe_rule(ec2, rule).get("Description") != "itself")


def _modify_whole_rules() -> None:
    def modify_security_group_rules(
        self: EC2Backend, group_id: str, rules: dict[str, dict[str, Any]]
    ) -> None:
        group = self.get_security_group_by_name_or_id(group_id)
        if group is None:
            raise InvalidSecurityGroupNotFoundError(group_id)
        for rule_id, asked in rules.items():
            rule: Any = group.get_rule(rule_id)
            if rule is None:
                raise InvalidSecurityGroupRuleIdNotFoundError(rule_id)
            _modify_rule(self, rule, asked)

    EC2Backend.modify_security_group_rules = modify_security_group_rules  # type: ignore[method-assign,assignment] # the cure


def _modify_rule(backend: EC2Backend, rule: Any, asked: dict[str, Any]) -> None:
    all_protocols = asked["IpProtocol"] == "-1"
    rule.ip_protocol = asked["IpProtocol"]
    rule.from_port = None if all_protocols else asked["FromPort"]
    rule.to_port = None if all_protocols else asked["ToPort"]
    rule.ip_range, rule.source_group, rule.prefix_list = {}, {}, {}
    if cidr := asked.get("CidrIpv4"):
        rule.ip_range = {"CidrIp": cidr}
    elif cidr := asked.get("CidrIpv6"):
        rule.ip_range = {"CidrIpv6": cidr}
    elif prefix_list := asked.get("PrefixListId"):
        rule.prefix_list = {"PrefixListId": prefix_list}
    else:
        owner = backend.account_id
        rule.source_group = {
            "GroupId": asked["ReferencedGroupId"],
            "OwnerId": owner,
            "UserId": owner,
        }
    rule.prefix_list_id = rule.prefix_list.get("PrefixListId")
    if description := asked.get("Description"):
        _target(rule)["Description"] = description


def _cannot_modify_rules(client: Client) -> bool:
    ec2 = client("ec2")
    group = _create_group(ec2)
    rule = _create_rule(ec2, group)
    wanted = {"IpProtocol": "-1", "ReferencedGroupId": group, "Description": "changed"}
    try:
        ec2.modify_security_group_rules(
            GroupId=group,
            SecurityGroupRules=[{"SecurityGroupRuleId": rule, "SecurityGroupRule": wanted}],
        )
    except ClientError:
        return True
    found = _describe_rule(ec2, rule)
    return (found["IpProtocol"], found.get("Description")) != ("-1", "changed")


def _delete_default_acl_with_vpc() -> None:
    @wrap(EC2Backend, "delete_vpc")
    def _(original: Any, self: Any, vpc_id: str) -> Any:
        vpc = original(self, vpc_id)
        for acl in list(self.network_acls.values()):
            if acl.vpc_id == vpc_id:
                del self.network_acls[acl.id]
        return vpc


def _keeps_acl_of_deleted_vpc(client: Client) -> bool:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock=_CIDR)["Vpc"]["VpcId"]
    ec2.delete_vpc(VpcId=vpc)
    acls = ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    return bool(acls["NetworkAcls"])


def _keep_types_of_icmp() -> None:
    def keep(original: Any, self: Any) -> Any:
        result = original(self)
        acl = self.ec2_backend.network_acls[self._get_param("NetworkAclId")]
        made = (self._get_param("RuleNumber"), self._get_param("Egress"))
        # moto asks for them by the names of the wire, under which they are not kept any more.
        kind, code = (self._get_param(f"IcmpTypeCode.{name}") for name in ("Type", "Code"))
        # By now the last one may be that of another request.
        for entry in list(acl.network_acl_entries):
            if (entry.rule_number, entry.egress) == made:
                entry.icmp_type, entry.icmp_code = kind, code
        return result

    for name in ("create_network_acl_entry", "replace_network_acl_entry"):
        wrap(NetworkACLs, name)(keep)


def _forgets_types_of_icmp(client: Client) -> bool:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock=_CIDR)["Vpc"]["VpcId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    ec2.create_network_acl_entry(
        NetworkAclId=acl, RuleNumber=7, Protocol="1", RuleAction="allow", Egress=True,
        CidrBlock=_CIDR, IcmpTypeCode={"Type": 3, "Code": 4},
    )  # fmt: skip
    [found] = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    [entry] = [each for each in found["Entries"] if each["RuleNumber"] == 7]  # noqa: PLR2004
    return bool(entry.get("IcmpTypeCode") != {"Type": 3, "Code": 4})


def _delete_interfaces_with_owners() -> None:
    @wrap(EC2Backend, "delete_nat_gateway")
    def _(original: Any, self: Any, nat_gateway_id: str) -> Any:
        gateway = original(self, nat_gateway_id)
        self.enis.pop(gateway._eni.id, None)  # noqa: SLF001 - there is no other way to it
        return gateway

    @wrap(Instance, "prep_nics")
    def _(original: Any, self: Any, nic_spec: list[dict[str, Any]], *rest: Any, **more: Any) -> Any:
        kept = {
            int(nic["DeviceIndex"])
            for nic in nic_spec
            if "NetworkInterfaceId" in nic or nic.get("DeleteOnTermination") is False
        }
        answer = original(self, nic_spec, *rest, **more)
        for index, interface in self.nics.items():
            interface.delete_on_termination = int(index) not in kept
        return answer


def _keeps_interfaces_of_gone_owners(client: Client) -> bool:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock=_CIDR)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=_CIDR)["Subnet"]["SubnetId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnet, ConnectivityType="private")
    instances = ec2.run_instances(ImageId=_IMAGE, SubnetId=subnet, MinCount=1, MaxCount=1)
    ec2.delete_nat_gateway(NatGatewayId=gateway["NatGateway"]["NatGatewayId"])
    ec2.terminate_instances(InstanceIds=[instances["Instances"][0]["InstanceId"]])
    left = ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [subnet]}])
    return bool(left["NetworkInterfaces"])


def _keep_flow_log_options() -> None:
    @wrap(FlowLogs, "create_flow_logs")
    def _(original: Any, self: Any) -> Any:
        answer = original(self)
        options = self._get_param("DestinationOptions")
        for flow_log_id in answer.result["FlowLogIds"]:
            self.ec2_backend.flow_logs[flow_log_id].destination_options = options
        return answer


def _loses_flow_log_options(client: Client) -> bool:
    ec2 = client("ec2")
    client("s3").create_bucket(
        Bucket="tap-probe-flow-logs",
        CreateBucketConfiguration={"LocationConstraint": ec2.meta.region_name},
    )
    options = {
        "FileFormat": "parquet",
        "HiveCompatiblePartitions": False,
        "PerHourPartition": True,
    }
    flow_log = ec2.create_flow_logs(
        ResourceType="VPC",
        ResourceIds=[ec2.create_vpc(CidrBlock=_CIDR)["Vpc"]["VpcId"]],
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::tap-probe-flow-logs",
        DestinationOptions=options,
    )["FlowLogIds"][0]
    found = ec2.describe_flow_logs(FlowLogIds=[flow_log])["FlowLogs"][0]
    return bool(found.get("DestinationOptions") != options)


def _create_group(ec2: Any) -> str:
    vpc = ec2.create_vpc(CidrBlock=_CIDR)["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="probe", Description="probe", VpcId=vpc)
    return str(group["GroupId"])


def _create_rule(ec2: Any, group: str) -> str:
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "UserIdGroupPairs": [{"GroupId": group, "Description": "itself"}],
    }
    answer = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def _describe_rule(ec2: Any, rule: str) -> dict[str, Any]:
    answer = ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])
    found: dict[str, Any] = answer["SecurityGroupRules"][0]
    return found


EXTENSION = Extension(
    patches=(
        Patch(
            id="ec2-rule-descriptions",
            symptom="security group rules that refer to a group or a prefix list show their "
            "description as added in every plan",
            apply=_keep_rule_descriptions,
            probe=_loses_rule_descriptions,
        ),
        Patch(
            id="ec2-modify-rules",
            symptom="changing a security group rule fails for all protocols, and changes neither "
            "source nor description",
            apply=_modify_whole_rules,
            probe=_cannot_modify_rules,
        ),
        Patch(
            id="ec2-acl-of-deleted-vpc",
            symptom="the default network ACL of a VPC stays when the VPC is destroyed",
            apply=_delete_default_acl_with_vpc,
            probe=_keeps_acl_of_deleted_vpc,
        ),
        Patch(
            id="ec2-icmp-types",
            symptom="a rule of a network ACL forgets which messages of ICMP it is about",
            apply=_keep_types_of_icmp,
            probe=_forgets_types_of_icmp,
        ),
        Patch(
            id="ec2-interfaces-of-gone-owners",
            symptom="network interfaces of NAT gateways and instances stay after a destroy",
            apply=_delete_interfaces_with_owners,
            probe=_keeps_interfaces_of_gone_owners,
        ),
        Patch(
            id="ec2-flow-log-options",
            symptom="aws_flow_log with destination_options is replaced in every plan",
            apply=_keep_flow_log_options,
            probe=_loses_flow_log_options,
        ),
    ),
    counted={
        "ec2.NatGateway": unless(lambda gateway: gateway.state == "deleted"),
        "ec2.Reservation": lambda reservation: (
            instance for instance in reservation.instances if instance.state != "terminated"
        ),
        "ec2.VPCEndPoint": unless(lambda endpoint: endpoint.state == "deleted"),
    },
)
