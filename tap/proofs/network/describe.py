"""What AWS says of a network: the calls, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tap.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class Client(Protocol):
    """Makes a boto3 client."""

    def __call__(self, service: str) -> Any:  # noqa: ANN401 - boto3 has no common type
        """Return a client of a service in the region of the network."""


Described = dict[str, list[dict[str, Any]]]
"""Name of what a call returns, such as ``Subnets`` -> all that it returned, of all pages."""

# Service and operation of each kind; all of them come in pages.
_CALLS = {
    "Vpcs": ("ec2", "describe_vpcs"),
    "Subnets": ("ec2", "describe_subnets"),
    "RouteTables": ("ec2", "describe_route_tables"),
    "NetworkAcls": ("ec2", "describe_network_acls"),
    "SecurityGroups": ("ec2", "describe_security_groups"),
    "SecurityGroupRules": ("ec2", "describe_security_group_rules"),
    "NatGateways": ("ec2", "describe_nat_gateways"),
    "InternetGateways": ("ec2", "describe_internet_gateways"),
    "EgressOnlyInternetGateways": ("ec2", "describe_egress_only_internet_gateways"),
    "VpcPeeringConnections": ("ec2", "describe_vpc_peering_connections"),
    "VpcEndpoints": ("ec2", "describe_vpc_endpoints"),
    "PrefixLists": ("ec2", "describe_managed_prefix_lists"),
    "Reservations": ("ec2", "describe_instances"),
    "LoadBalancers": ("elbv2", "describe_load_balancers"),
    "TargetGroups": ("elbv2", "describe_target_groups"),
    "AutoScalingGroups": ("autoscaling", "describe_auto_scaling_groups"),
    "DBInstances": ("rds", "describe_db_instances"),
    "Functions": ("lambda", "list_functions"),
}


def describe(client: Client, *, vpcs: Collection[str]) -> Described:
    """Ask for everything that decides which packets get where.

    Args:
        client: Makes a client of a service.
        vpcs: Ids of the VPCs whose load balancers are asked for their listeners.

    Raises:
        AwsError: A call was refused.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - takes 0.2 s

    try:
        clients = {service: client(service) for service in {each[0] for each in _CALLS.values()}}
        found = {
            key: list(_pages(clients[service], operation, key))
            for key, (service, operation) in _CALLS.items()
        }
        found["Listeners"] = [
            listener
            for balancer in found["LoadBalancers"]
            if balancer.get("VpcId") in vpcs
            for listener in _pages(
                clients["elbv2"], "describe_listeners", "Listeners",
                LoadBalancerArn=balancer["LoadBalancerArn"],
            )
        ]  # fmt: skip
        found["LaunchTemplateVersions"] = list(_templates(clients["ec2"], found))
        found["PrefixListEntries"] = list(_entries(clients["ec2"], found))
    except (BotoCoreError, ClientError) as error:
        raise AwsError(
            f"cannot read the network of {', '.join(vpcs)}: {error}",
            "check that the credentials may describe EC2, load balancers, Auto Scaling and RDS",
        ) from None
    return found


def launched_by(group: dict[str, Any]) -> dict[str, Any]:
    """Return which launch template an Auto Scaling group uses, and in which version."""
    mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {})
    found: dict[str, Any] = group.get("LaunchTemplate") or mixed.get("LaunchTemplateSpecification")
    return found or {}


def _templates(ec2: Any, found: Described) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - a client, as below
    """Yield the versions of launch templates that are in use, by the version that is asked for."""
    asked = {
        (used["LaunchTemplateId"], used.get("Version", "$Default"))
        for used in map(launched_by, found["AutoScalingGroups"])
        if "LaunchTemplateId" in used
    }
    for template, version in sorted(asked):
        for each in _pages(
            ec2, "describe_launch_template_versions", "LaunchTemplateVersions",
            LaunchTemplateId=template, Versions=[version],
        ):  # fmt: skip
            yield {**each, "Asked": version}


def _entries(ec2: Any, found: Described) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Yield the entries of prefix lists that a rule or route names."""
    named = {rule.get("PrefixListId") for rule in found["SecurityGroupRules"]} | {
        route.get("DestinationPrefixListId")
        for table in found["RouteTables"]
        for route in table["Routes"]
    }
    for item in found["PrefixLists"]:
        if item["PrefixListId"] in named:
            for entry in _pages(
                ec2, "get_managed_prefix_list_entries", "Entries",
                PrefixListId=item["PrefixListId"],
            ):  # fmt: skip
                yield {**entry, "PrefixListId": item["PrefixListId"]}


def _pages(client: Any, operation: str, key: str, **asked: Any) -> Iterator[Any]:  # noqa: ANN401
    for page in client.get_paginator(operation).paginate(**asked):
        yield from page.get(key, [])
