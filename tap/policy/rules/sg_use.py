"""Rules of security groups that are empty, in no use, or closed to each other."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tap.policy.openings import GROUPS, RULES, openings, written
from tap.policy.rule import Severity, resource_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.openings import Opening
    from tap.policy.planned import Resource

_SSH = 22
_BASTION = ("bastion", "jump")
# What can be in a group: type and the argument that names it.
# A block that can be there once is a list of one in a plan.
_MEMBERS: tuple[tuple[str | int, ...], ...] = (
    ("aws_instance", "vpc_security_group_ids"),
    ("aws_launch_template", "vpc_security_group_ids"),
    ("aws_launch_template", "network_interfaces", 0, "security_groups"),
    ("aws_launch_configuration", "security_groups"),
    ("aws_network_interface", "security_groups"),
    ("aws_network_interface_sg_attachment", "security_group_id"),
    ("aws_lb", "security_groups"),
    ("aws_alb", "security_groups"),
    ("aws_elb", "security_groups"),
    ("aws_db_instance", "vpc_security_group_ids"),
    ("aws_db_proxy", "vpc_security_group_ids"),
    ("aws_rds_cluster", "vpc_security_group_ids"),
    ("aws_docdb_cluster", "vpc_security_group_ids"),
    ("aws_neptune_cluster", "vpc_security_group_ids"),
    ("aws_redshift_cluster", "vpc_security_group_ids"),
    ("aws_vpc_endpoint", "security_group_ids"),
    ("aws_lambda_function", "vpc_config", 0, "security_group_ids"),
    ("aws_ecs_service", "network_configuration", 0, "security_groups"),
    ("aws_eks_cluster", "vpc_config", 0, "security_group_ids"),
    ("aws_efs_mount_target", "security_groups"),
    ("aws_elasticache_cluster", "security_group_ids"),
    ("aws_elasticache_replication_group", "security_group_ids"),
    ("aws_opensearch_domain", "vpc_options", 0, "security_group_ids"),
    ("aws_msk_cluster", "broker_node_group_info", 0, "security_groups"),
    ("aws_mq_broker", "security_groups"),
    ("aws_codebuild_project", "vpc_config", 0, "security_group_ids"),
    ("aws_route53_resolver_endpoint", "security_group_ids"),
    ("aws_ec2_client_vpn_endpoint", "security_group_ids"),
)


@resource_rule(
    "SG-02",
    Severity.MEDIUM,
    "A security group has no rule",
    "aws_security_group",
    rationale="Whatever is in it can neither be reached nor reach anything, so either the group is "
    "not needed or its rules are attached to another one.",
    remediation="""\
resource "aws_vpc_security_group_ingress_rule" "https" {
  security_group_id = aws_security_group.this.id
  ...
}
""",
)
def empty_group(group: Resource) -> Iterator[Fault]:
    """Each group has a rule, inside its block or as a resource of its own."""
    table = openings(group.planned)
    if any(any(table.of(group, lambda _: True, ingress=ingress)) for ingress in (True, False)):
        return
    yield group.fault(f"{group.quote('name')} has no rule")


@resource_rule(
    "SG-08",
    Severity.MEDIUM,
    "Nothing is in a security group",
    "aws_security_group",
    rationale="A group without members protects nothing, and what it was meant for is in another "
    "one, often the default group.",
    remediation="""\
resource "aws_launch_template" "this" {
  vpc_security_group_ids = [aws_security_group.this.id]
}
""",
    references=("CKV2_AWS_5", "PCI 1.2.7"),
)
def unused_group(group: Resource) -> Iterator[Fault]:
    """Each group has members in the plan."""
    if not any(group.planned.users_at(group, _MEMBERS)):
        yield group.fault(f"nothing is in {group.quote('name')}", at="name")


@resource_rule(
    "SG-11",
    Severity.MEDIUM,
    "A bastion leads nowhere",
    "aws_security_group",
    rationale="A bastion that no other group lets in is open to attack and of no use, and the way "
    "that is used instead is not the one that is watched.",
    remediation="""\
resource "aws_vpc_security_group_ingress_rule" "from_bastion" {
  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = aws_security_group.bastion.id
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
}
""",
)
def idle_bastion(group: Resource) -> Iterator[Fault]:
    """The group of a bastion is named by a rule that lets it in somewhere."""
    names = (group.name, str(group.key or ""), group.known.get("name"), group.known.get("tags"))
    said = " ".join(map(str, names)).lower()
    if not any(word in said for word in _BASTION):
        return
    for opening in _everything(group):
        # Its own rules lead nowhere either.
        if opening.is_ingress and opening.may_name(group) and not opening.is_rule_of(group):
            return
    yield group.fault(f"no rule lets {group.quote('name')} in anywhere", at="name")


def _everything(group: Resource) -> Iterator[Opening]:
    for resource in group.planned.resources(*RULES, *GROUPS):
        yield from written(resource)


@resource_rule(
    "SG-12",
    Severity.HIGH,
    "A group lets traffic out that the other one does not let in, or the other way round",
    *GROUPS,
    *RULES,
    rationale="Tiers that are cut off from each other are found only when the first request "
    "times out.",
    remediation="""\
resource "aws_vpc_security_group_egress_rule" "to_database" {
  security_group_id            = aws_security_group.application.id
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
}

resource "aws_vpc_security_group_ingress_rule" "from_application" {
  security_group_id            = aws_security_group.database.id
  referenced_security_group_id = aws_security_group.application.id
  ip_protocol                  = "tcp"
  from_port                    = 3306
  to_port                      = 3306
}
""",
)
def one_sided(resource: Resource) -> Iterator[Fault]:
    """What one group allows towards another, the other one allows too."""
    table = openings(resource.planned)
    for opening in written(resource):
        ports = opening.ports()
        peers = opening.values.targets(opening.peers, "aws_security_group") if ports else ()
        for peer in peers:
            own = opening.group()
            if own is None:
                continue
            answering = table.of(
                peer, partial(_answers, ports, own), ingress=not opening.is_ingress
            )
            if not any(answering):
                way = "let it out" if opening.is_ingress else "let it in"
                yield opening.fault(
                    f"{opening.values.quote('from_port')}: {peer.address} does not {way}",
                    at=opening.peers,
                )


def _answers(ports: range, group: Resource, opening: Opening) -> bool:
    """Tell whether a rule has some of the ports, and a group as its other end."""
    found = opening.ports()
    common = range(max(ports.start, found.start), min(ports.stop, found.stop))
    return bool(common) and opening.may_reach(group)
