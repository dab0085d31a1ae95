"""Rules of ports that have to agree from the edge to the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.forwarding import BALANCERS, LISTENER, forwards
from tap.policy.openings import groups_of, openings
from tap.policy.rule import Severity, resource_rule
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Planned, Resource

_TARGETS = "aws_lb_target_group"
_TEMPLATE = "aws_launch_template"
_FLEET = "aws_autoscaling_group"
_SERVICE_TARGETS = ("load_balancer", 0, "target_group_arn")
_PUBLIC = (80, 443)
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html, Port
_DATABASE_PORTS = {
    "aurora-mysql": 3306,
    "aurora-postgresql": 5432,
    "db2": 50000,
    "mariadb": 3306,
    "mysql": 3306,
    "oracle": 1521,
    "postgres": 5432,
    "sqlserver": 1433,
}
_PORT_RULE = """\
resource "aws_vpc_security_group_ingress_rule" "this" {{
  security_group_id            = aws_security_group.{to}.id
  {peer}
  ip_protocol                  = "tcp"
  from_port                    = {port}
  to_port                      = {port}
}}
"""


def _is_open(groups: Iterable[Resource], port: int, *, ingress: bool) -> bool:
    """Tell whether any of some groups has a rule for a port.

    Raises:
        UnknownValueError: None certainly has, but one may.
    """
    unknown: UnknownValueError | None = None
    for group in groups:
        found = openings(group.planned).of(group, lambda o: port in o.ports(), ingress=ingress)
        try:
            if any(found):
                return True
        except UnknownValueError as error:
            unknown = unknown or error
    if unknown is not None:
        raise unknown
    return False


def _names(resources: Iterable[Resource]) -> str:
    return ", ".join(item.address for item in resources)


@resource_rule(
    "NET-01",
    Severity.HIGH,
    "A load balancer listens on a port that its group does not open",
    LISTENER,
    rationale="Every request times out, while the listener and its targets look healthy.",
    remediation=_PORT_RULE.format(to="load_balancer", peer='cidr_ipv4 = "0.0.0.0/0"', port=443),
)
def closed_listener(listener: Resource) -> Iterator[Fault]:
    """What a load balancer listens on is open in one of its groups."""
    balancer = listener.target("load_balancer_arn", *BALANCERS)
    groups = groups_of(balancer, "security_groups") if balancer else ()
    port = listener.number("port")
    if groups and port is not None and not _is_open(groups, int(port), ingress=True):
        yield listener.fault(f"{listener.quote('port')} is not open in {_names(groups)}", at="port")


def _ports(group: Resource) -> dict[str, int]:
    """Return the ports of a target group that its targets have to open, by what they are for."""
    port = group.number("port")
    if group.text("target_type") == "lambda" or port is None:
        return {}
    found = {"requests": int(port)}
    check = group.block("health_check")
    own = check.text("port") if check and not check.is_unknown("port") else None
    if own is not None and own.isdecimal() and int(own) != port:
        found["health checks"] = int(own)
    return found


def _member_groups(target_group: Resource) -> tuple[Resource, ...]:
    """Return the security groups of what is in a target group."""
    plan = target_group.planned
    fleets = list(plan.users(target_group, _FLEET, "target_group_arns"))
    joined = plan.users(target_group, "aws_autoscaling_attachment", "lb_target_group_arn")
    fleets += [it for link in joined if (it := link.target("autoscaling_group_name", _FLEET))]
    found = [group for fleet in fleets for group in _fleet_groups(fleet)]
    for item in plan.users(target_group, "aws_lb_target_group_attachment", "target_group_arn"):
        if instance := item.target("target_id", "aws_instance"):
            found += groups_of(instance, "vpc_security_group_ids")
    for service in plan.users(target_group, "aws_ecs_service", *_SERVICE_TARGETS):
        found += groups_of(service, "network_configuration", "security_groups")
    return tuple({group.address: group for group in found}.values())


def _fleet_groups(fleet: Resource) -> tuple[Resource, ...]:
    """Return the security groups of the instances of an Auto Scaling group."""
    block = fleet.block("launch_template")
    template = (block.target("id", _TEMPLATE) or block.target("name", _TEMPLATE)) if block else None
    return _template_groups(template) if template else ()


def _template_groups(template: Resource) -> tuple[Resource, ...]:
    return (
        *groups_of(template, "vpc_security_group_ids"),
        *groups_of(template, "network_interfaces", "security_groups"),
    )


@resource_rule(
    "NET-02",
    Severity.HIGH,
    "The port of a target group is closed",
    _TARGETS,
    rationale="Target group, health check and security groups have to name the same port, or no "
    "target ever becomes healthy.",
    remediation=_PORT_RULE.format(
        to="application",
        peer="referenced_security_group_id = aws_security_group.load_balancer.id",
        port=8080,
    ),
)
def closed_target(group: Resource) -> Iterator[Fault]:
    """Ports of a target group may be left by the load balancer, and entered at the targets."""
    ports = _ports(group)
    if not ports:
        return
    members = _member_groups(group)
    for what, port in ports.items():
        if members and not _is_open(members, port, ingress=True):
            yield group.fault(f"port {port} of {what} is not open in {_names(members)}", at="port")
    for balancer, certain in forwards(group.planned).to(group):
        groups = groups_of(balancer, "security_groups")
        for what, port in ports.items():
            if not groups or _is_open(groups, port, ingress=False):
                continue
            if not certain:
                raise UnknownValueError(group.address, f"whether {balancer.address} forwards to it")
            yield group.fault(
                f"port {port} of {what} cannot be reached from {_names(groups)}", at="port"
            )


@resource_rule(
    "NET-03",
    Severity.MEDIUM,
    "The group of a load balancer opens a port on which nothing listens",
    *BALANCERS,
    rationale="Either the port is not needed, or it is the one on which it was to listen: a group "
    "that is open on 80 while the listener is on 443 refuses every request.",
    remediation="""\
resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  ...
}
""",
    references=("PCI 1.2.5",),
)
def deaf_port(balancer: Resource) -> Iterator[Fault]:
    """Ports 80 and 443 are open only where a load balancer listens on them."""
    groups = groups_of(balancer, "security_groups")
    listeners = balancer.planned.users(balancer, LISTENER, "load_balancer_arn")
    ports = {listener.number("port") for listener in listeners}
    if not ports:
        return
    for port in _PUBLIC:
        if port not in ports and _is_open(groups, port, ingress=True):
            said = ", ".join(str(item) for item in sorted(item for item in ports if item))
            yield balancer.fault(
                f"port {port} is open in {_names(groups)}, but it listens on {said}",
                at="security_groups",
            )


def _workloads(plan: Planned) -> tuple[Resource, ...]:
    """Return the security groups of everything in a plan that could be an application."""
    found: dict[str, Resource] = {}
    for template in plan.resources(_TEMPLATE):
        found |= {group.address: group for group in _template_groups(template)}
    for kind, *path in (
        ("aws_instance", "vpc_security_group_ids"),
        ("aws_ecs_service", "network_configuration", "security_groups"),
        ("aws_lambda_function", "vpc_config", "security_group_ids"),
    ):
        for item in plan.resources(kind):
            found |= {group.address: group for group in groups_of(item, *path)}
    return tuple(found.values())


@resource_rule(
    "NET-04",
    Severity.HIGH,
    "The application cannot reach the database",
    "aws_db_instance",
    "aws_rds_cluster",
    rationale="The port of the database, the rule of its group and the rule of the application's "
    "group have to agree, or the stack starts and never answers.",
    remediation=_PORT_RULE.format(
        to="database",
        peer="referenced_security_group_id = aws_security_group.application.id",
        port=3306,
    ),
    references=("PCI 1.4.4",),
)
def unreachable_database(database: Resource) -> Iterator[Fault]:
    """The port of a database is open to an application, which may go there."""
    groups = groups_of(database, "vpc_security_group_ids")
    port = _database_port(database)
    if not groups or port is None:
        return
    if not _is_open(groups, port, ingress=True):
        yield database.fault(f"port {port} is not open in {_names(groups)}", at="port")
        return
    clients = [group for group in database.planned.once(_workloads) if group not in groups]
    if clients and not any(_reaches(client, groups, port) for client in clients):
        yield database.fault(
            f"port {port} of {_names(groups)} cannot be reached from {_names(clients)}", at="port"
        )


def _database_port(database: Resource) -> int | None:
    if not database.is_unknown("port") and (port := database.number("port")):
        return int(port)
    if database.is_set("port") or database.is_unknown("engine"):
        raise UnknownValueError(database.address, "port")
    engine = database.text("engine") or ""
    return next((port for name, port in _DATABASE_PORTS.items() if engine.startswith(name)), None)


def _reaches(client: Resource, groups: tuple[Resource, ...], port: int) -> bool:
    """Tell whether members of a group may connect to members of others, by both sides' rules."""
    return any(
        _passes(client, group, port, ingress=False) and _passes(group, client, port, ingress=True)
        for group in groups
    )


def _passes(group: Resource, other: Resource, port: int, *, ingress: bool) -> bool:
    """Tell whether a group has a rule for a port and another group."""
    found = openings(group.planned).of(
        group, lambda opening: port in opening.ports() and opening.may_reach(other), ingress=ingress
    )
    return any(found)
