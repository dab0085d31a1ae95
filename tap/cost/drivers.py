"""What drives the monthly cost of an environment, counted from its plan.

Counted is what costs something as long as it is there. Of what is paid by use (traffic, requests,
stored and ingested data) the plan only knows that it will be there; it is listed without a price.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.policy import Planned, Resource

# Insights that are kept longer than this many days are paid for.
# Source: https://aws.amazon.com/rds/performance-insights/pricing/
_FREE_INSIGHTS_DAYS = 7

# Checks at this interval, in seconds, cost more than those at 30.
# Source: https://aws.amazon.com/route53/pricing/
_FAST_INTERVAL = 10

_ZONE = re.compile(r"^([a-z]{2}(?:-[a-z]+)+-\d)[a-z]$")


@dataclass(frozen=True, kw_only=True)
class Driver:
    """Something that is paid for every month.

    Attributes:
        kind: What it is, as the prices name it, such as ``ec2:t3.micro``.
        name: What it is, for a person.
        quantity: How many; for storage GB.
        region: Where; empty where the plan does not tell.
        detail: How it was counted, or what the price does not cover.
        by_use: Whether nothing is paid for it but its use.
    """

    kind: str
    name: str
    quantity: Decimal
    region: str
    detail: str = ""
    by_use: bool = False


def find_drivers(plan: Planned) -> tuple[Driver, ...]:
    """Return what drives the cost of a plan; equal things of a region are one driver."""
    found: dict[tuple[str, str], Driver] = {}
    for count in _COUNTERS:
        for driver in count(plan):
            key = (driver.kind, driver.region)
            earlier = found.get(key)
            quantity = driver.quantity + (earlier.quantity if earlier else 0)
            details = dict.fromkeys(
                text for each in (earlier, driver) if each for text in [each.detail] if text
            )
            found[key] = Driver(
                kind=driver.kind,
                name=driver.name,
                quantity=quantity,
                region=driver.region,
                detail="; ".join(details),
                by_use=driver.by_use,
            )
    return tuple(driver for driver in found.values() if driver.quantity)


def _network(plan: Planned) -> Iterator[Driver]:
    for gateway in plan.resources("aws_nat_gateway"):
        yield _driver(gateway, "nat-gateway", "NAT gateway")
    for address in plan.resources("aws_eip"):
        yield _driver(address, "public-ipv4", "Public IPv4 address")
    for balancer in plan.resources("aws_lb"):
        kind = _text(balancer, "load_balancer_type", "application")
        yield _driver(balancer, f"load-balancer:{kind}", f"{kind.title()} load balancer")
        if not balancer.known.get("internal"):
            yield _driver(
                balancer,
                "public-ipv4",
                "Public IPv4 address",
                quantity=_linked(plan, balancer, "subnets"),
                detail="one of the load balancer in each zone",
            )
    for endpoint in plan.resources("aws_vpc_endpoint"):
        if _text(endpoint, "vpc_endpoint_type", "Gateway") == "Interface":
            yield _driver(
                endpoint,
                "interface-endpoint",
                "Interface endpoint in a zone",
                quantity=_linked(plan, endpoint, "subnet_ids"),
            )


def _compute(plan: Planned) -> Iterator[Driver]:
    for group in plan.resources("aws_autoscaling_group"):
        known = group.known
        number = known.get("desired_capacity") or known.get("min_size") or 0
        for template in _named(plan, group, ("launch_template", 0, "id")):
            kind = _text(template, "instance_type", "unknown type")
            yield _driver(
                group,
                f"ec2:{kind}",
                f"Instance {kind}",
                quantity=number,
                detail=f"{number} to {known.get('max_size')} in {known.get('name')}",
            )
            for mapping in template.known.get("block_device_mappings") or ():
                for volume in mapping.get("ebs") or ():
                    yield _driver(
                        group,
                        f"ebs:{volume.get('volume_type')}",
                        f"Volume {volume.get('volume_type')}, GB",
                        quantity=number * (volume.get("volume_size") or 0),
                    )


def _databases(plan: Planned) -> Iterator[Driver]:
    for database in plan.resources("aws_db_instance"):
        known = database.known
        zones = "multi-az" if known.get("multi_az") else "single-az"
        spoken = "Multi-AZ" if known.get("multi_az") else "one zone"
        engine = _text(database, "engine", "unknown engine")
        kind, storage = known.get("instance_class"), known.get("storage_type")
        yield _driver(
            database, f"rds:{engine}:{kind}:{zones}", f"Database {kind}, {engine}, {spoken}"
        )
        yield _driver(
            database,
            f"rds-storage:{storage}:{zones}",
            f"Database storage {storage}, {spoken}, GB",
            quantity=known.get("allocated_storage") or 0,
            detail=f"grows to {known['max_allocated_storage']}"
            if known.get("max_allocated_storage")
            else "",
        )
        days = known.get("performance_insights_retention_period") or 0
        if known.get("performance_insights_enabled") and days > _FREE_INSIGHTS_DAYS:
            yield _driver(
                database,
                "performance-insights",
                "Performance Insights of a database",
                detail=f"kept {days} days; {_FREE_INSIGHTS_DAYS} are free",
            )
        if known.get("manage_master_user_password"):
            yield _driver(database, "secret", "Secret", detail="the database's password is one")


def _security(plan: Planned) -> Iterator[Driver]:
    for key in plan.resources("aws_kms_key", "aws_kms_replica_key"):
        yield _driver(
            key,
            "kms-key",
            "KMS key",
            detail="each of the first two rotations adds as much"
            if key.known.get("enable_key_rotation")
            else "",
        )
    for secret in plan.resources("aws_secretsmanager_secret"):
        yield _driver(secret, "secret", "Secret")
    for acl in plan.resources("aws_wafv2_web_acl"):
        yield _driver(acl, "web-acl", "Web ACL")
        yield _driver(
            acl, "web-acl-rule", "Rule of a web ACL", quantity=len(acl.known.get("rule") or ())
        )


def _dns(plan: Planned) -> Iterator[Driver]:
    for zone in plan.resources("aws_route53_zone"):
        yield _driver(zone, "hosted-zone", "Hosted zone")
    for check in plan.resources("aws_route53_health_check"):
        known = check.known
        yield _driver(
            check, "health-check", "Health check", detail="of an endpoint in the same account"
        )
        kind = _text(check, "type", "")
        options = (
            kind.startswith("HTTPS"),
            kind.endswith("STR_MATCH"),
            bool(known.get("measure_latency")),
            known.get("request_interval") == _FAST_INTERVAL,
        )
        yield _driver(
            check,
            "health-check-option",
            "Option of a health check",
            quantity=sum(options),
            detail="HTTPS, text, latency and short interval are one each",
        )


def _monitoring(plan: Planned) -> Iterator[Driver]:
    for alarm in plan.resources("aws_cloudwatch_metric_alarm"):
        number = _metrics(plan, alarm)
        yield _driver(
            alarm,
            "alarm-metric",
            "Metric of an alarm",
            quantity=number or 1,
            detail="" if number else "at least",
        )
    for composite in plan.resources("aws_cloudwatch_composite_alarm"):
        yield _driver(composite, "composite-alarm", "Composite alarm")
    for dashboard in plan.resources("aws_cloudwatch_dashboard"):
        yield _driver(dashboard, "dashboard", "Dashboard")


def _by_use(plan: Planned) -> Iterator[Driver]:
    groups = plan.resources("aws_cloudwatch_log_group")
    days = Counter((group.known.get("retention_in_days"), _region(group)) for group in groups)
    for (kept, region), number in sorted(days.items(), key=str):
        yield Driver(
            kind=f"log-group:{kept}",
            name=f"Log group kept {kept} days" if kept else "Log group kept for ever",
            quantity=Decimal(number),
            region=region,
            by_use=True,
        )
    for kind, name in (("aws_s3_bucket", "Bucket"), ("aws_lambda_function", "Function")):
        for item in plan.resources(kind):
            yield Driver(
                kind=kind, name=name, quantity=Decimal(1), region=_region(item), by_use=True
            )


# In the order of the report.
_COUNTERS: tuple[Callable[[Planned], Iterator[Driver]], ...] = (
    *(_network, _compute, _databases, _security, _dns, _monitoring, _by_use),
)


def _driver(
    resource: Resource, kind: str, name: str, *, quantity: int = 1, detail: str = ""
) -> Driver:
    return Driver(
        kind=kind,
        name=name,
        quantity=Decimal(quantity),
        region=_region(resource),
        detail=detail,
    )


def _text(resource: Resource, name: str, default: str) -> str:
    value = resource.known.get(name)
    return value if isinstance(value, str) and value else default


def _linked(plan: Planned, resource: Resource, attribute: str) -> int:
    """Return how many resources an attribute names: ids that are known, or will be."""
    known = resource.known.get(attribute)
    return len(known) if known else len(plan.links.of(resource, (attribute,)).addresses)


def _named(plan: Planned, resource: Resource, path: tuple[str | int, ...]) -> list[Resource]:
    addresses = plan.links.of(resource, path).addresses
    return [plan.by_address[address] for address in sorted(addresses)]


def _metrics(plan: Planned, alarm: Resource) -> int:
    """Return how many metrics an alarm watches; 0 where only an apply will tell."""
    queries: Any = alarm.known.get("metric_query") or []
    if alarm.is_unknown("metric_query"):
        queries = plan.worked_out(alarm, ("metric_query",))
    if not isinstance(queries, list) or not all(isinstance(query, dict) for query in queries):
        return 0
    return sum(bool(query.get("metric")) for query in queries) if queries else 1


def _region(resource: Resource) -> str:
    """Return the region of a resource; empty where the plan does not tell.

    Terraform leaves regions that are computed out of a plan; that of the default provider shows
    in the zones of its subnets.
    """
    plan = resource.planned
    block = resource.configuration
    key = block.provider_config_key if block else ""
    if "." in key:
        provider = plan.plan.configuration.provider_config.get(key[key.rfind("aws.") :], {})
        written = provider.get("expressions", {}).get("region", {})
        region = written.get("constant_value", "")
        return region if isinstance(region, str) else ""
    return plan.once(_main_region)


def _main_region(plan: Planned) -> str:
    zones = (subnet.known.get("availability_zone") for subnet in plan.resources("aws_subnet"))
    regions = {found[1] for zone in zones if zone and (found := _ZONE.match(zone))}
    return regions.pop() if len(regions) == 1 else ""
