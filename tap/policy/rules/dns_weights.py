"""Rules of records that split traffic by weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.plan import references
from tap.policy.rule import Severity, resource_rule, source_rule
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.policy.finding import Fault
    from tap.policy.planned import Planned, Resource
    from tap.policy.sources import SourceModule

_RECORD = "aws_route53_record"
_POLICY = "weighted_routing_policy"
_TOTAL = 100
# The longest time, in seconds, that clients may stay where they were before a shift.
_LONGEST_TTL = 60
_SPLIT = """\
resource "aws_route53_record" "endpoint" {
  for_each = { blue = var.blue_weight, green = 100 - var.blue_weight }

  set_identifier = each.key
  ttl            = 60

  weighted_routing_policy {
    weight = each.value
  }
}
"""


@resource_rule(
    "DNS-06",
    Severity.HIGH,
    "All records of a name have the weight zero",
    _RECORD,
    rationale="Route 53 then takes every record as often as any other, also the ones that were "
    "to get nothing.",
    remediation=_SPLIT,
)
def all_zero(record: Resource) -> Iterator[Fault]:
    """At least one record of a name has a weight above zero."""
    weights = _weights(record)
    if weights and not any(weights.values()):
        yield record.fault(_told(record, weights))


@resource_rule(
    "DNS-07",
    Severity.MEDIUM,
    "Weights of a name do not add up to 100",
    _RECORD,
    rationale="Weights that are no percentages are read as such: 10 of 50 is a fifth and not a "
    "tenth, and a forgotten record makes a canary of half of the traffic.",
    remediation=_SPLIT,
)
def wrong_sum(record: Resource) -> Iterator[Fault]:
    """The weights of all records of a name add up to 100."""
    weights = _weights(record)
    total = sum(weights.values())
    if total not in {0, _TOTAL}:
        yield record.fault(f"{_told(record, weights)}, together {total:g}")


@resource_rule(
    "DNS-08",
    Severity.MEDIUM,
    "A weighted record is kept for long",
    _RECORD,
    rationale="Clients stay where they are for as long after a shift, also after a rollback.",
    remediation=_SPLIT,
)
def long_ttl(record: Resource) -> Iterator[Fault]:
    """Resolvers keep a weighted record for 60 seconds at most."""
    if record.block(_POLICY) is None:
        return
    ttl = record.number("ttl")
    if ttl is not None and ttl > _LONGEST_TTL:
        yield record.fault(f"{record.quote('ttl')} is more than {_LONGEST_TTL}", at="ttl")


@source_rule(
    "DNS-09",
    Severity.MEDIUM,
    "Nothing can shift a weighted record",
    rationale="A weight that is written into the resource changes with the code only: there is no "
    "canary and no way back in a hurry.",
    remediation=_SPLIT,
)
def fixed_weight(module: SourceModule) -> Iterator[Fault]:
    """A weight comes from outside the resource, or changes outside Terraform."""
    for resource in module.declared.resources.values():
        if resource.type != _RECORD or {_POLICY, "all"}.intersection(resource.ignore_changes):
            continue
        for block in resource.body.of_type(_POLICY):
            weight = block.attributes.get("weight")
            if weight is not None and weight.is_literal:
                yield module.fault(resource, f"weight = {weight.text} is a literal")


def _told(record: Resource, weights: dict[str, float]) -> str:
    shares = ", ".join(f"{name} {weight:g}" for name, weight in sorted(weights.items()))
    return f"weights of {record.text('name')}: {shares}"


def _weights(record: Resource) -> dict[str, float]:
    """Return the weights of all records of a name by what tells them apart.

    Only its first record has them, so that a fault is told once.
    """
    if record.block(_POLICY) is None:
        return {}
    key = record.text("name"), record.text("type")
    beside = record.planned.once(_weighted)[key]
    together = [item for item in beside if item is record or _is_same_zone(item, record)]
    if together[0] is not record:
        return {}
    return {item.text("set_identifier") or item.address: _weight(item) for item in together}


def _weighted(planned: Planned) -> dict[tuple[str | None, str | None], list[Resource]]:
    """Return the weighted records by name and type."""
    found: dict[tuple[str | None, str | None], list[Resource]] = {}
    for item in planned.resources(_RECORD):
        if item.known.get(_POLICY):
            found.setdefault((item.known.get("name"), item.known.get("type")), []).append(item)
    return found


def _is_same_zone(one: Resource, other: Resource) -> bool:
    if not one.is_unknown("zone_id") and not other.is_unknown("zone_id"):
        return bool(one.text("zone_id") == other.text("zone_id"))
    if (one.module_address, one.block_address) == (other.module_address, other.block_address):
        expressions = one.configuration.expressions if one.configuration else {}
        if not any(item.startswith("each.") for item in references(expressions.get("zone_id"))):
            return True
    return one.targets("zone_id") == other.targets("zone_id")


def _weight(record: Resource) -> float:
    block = record.block(_POLICY)
    weight = block.number("weight") if block else None
    if weight is None:
        raise UnknownValueError(record.address, f"{_POLICY}[0].weight")
    return weight
