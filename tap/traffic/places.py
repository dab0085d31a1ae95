"""Where the traffic of an environment is steered and watched, from its Terraform outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from tap.errors import TapError
from tap.traffic.phases import COLORS, Color

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.terraform.root import Output

Split = Literal["listener", "dns"]

ENDPOINTS: Mapping[Color, str] = {"blue": "legacy", "green": "stack"}
"""Set identifiers of the weighted records (``environments/_stack/dns.tf``): while another stack is
migrated from, blue stands for it."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of an Auto Scaling group, in instances.

    Attributes:
        min: It never has fewer.
        desired: It is created with so many.
        max: It never has more.
    """

    min: int
    desired: int
    max: int


@dataclass(frozen=True, kw_only=True)
class Records:
    """Weighted DNS records that split the traffic.

    Attributes:
        zone_id: The hosted zone.
        name: Fully qualified name of both records.
    """

    zone_id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Places:
    """Names and ARNs of all that a shift reads or writes.

    Attributes:
        region: Region of the environment, which the state's need not be.
        prefix: Begin of all its names.
        parameter: Name of the SSM parameter that holds the traffic record.
        traffic_rule: ARN of the listener rule with the weights.
        preview_rule: ARN of the listener rule that leads to the idle color.
        load_balancer: ARN suffix of the load balancer, a dimension of its metrics.
        target_groups: ARNs of the target groups.
        target_group_suffixes: ARN suffixes of the target groups, a dimension of their metrics.
        scaling_groups: Names of the Auto Scaling groups.
        sizes: Bounds of these groups while they have capacity.
        gate: Name of the composite alarm that gates shifts.
        topic: ARN of the topic that is told.
        probe: Name of the function that probes the endpoint, the dimension of its metrics.
        probe_namespace: Namespace of its metrics.
        records: The weighted records where DNS splits the traffic; None where the listener does.
    """

    region: str
    prefix: str
    parameter: str
    traffic_rule: str
    preview_rule: str
    load_balancer: str
    target_groups: Mapping[Color, str]
    target_group_suffixes: Mapping[Color, str]
    scaling_groups: Mapping[Color, str]
    sizes: Mapping[Color, Size]
    gate: str
    topic: str
    probe: str
    probe_namespace: str
    records: Records | None = None

    @property
    def split(self) -> Split:
        """What splits the traffic."""
        return "dns" if self.records else "listener"


def find_places(outputs: Mapping[str, Output], words: str) -> Places:
    """Return where an environment's traffic is steered and watched.

    Args:
        outputs: As :meth:`tap.terraform.root.Root.output` returns them; see
            ``docs/reference/outputs.md``.
        words: What names the environment in a command, such as ``prod --target aws``.

    Raises:
        TapError: Nothing is applied, or by a configuration that lacks an output.
    """
    if not outputs:
        raise TapError(f"nothing is applied of {words}", f"apply it first: tap apply {words}")
    try:
        found = msgspec.convert({name: each.value for name, each in outputs.items()}, _Outputs)
    except msgspec.ValidationError as error:
        raise TapError(
            f"the outputs of {words} do not say where its traffic is steered: {error}",
            f"it was applied by another version; apply it again: tap apply {words}",
        ) from None
    return Places(
        region=found.stack.region,
        prefix=found.stack.prefix,
        parameter=found.traffic.parameter_name,
        traffic_rule=found.load_balancer.traffic_rule_arn,
        preview_rule=found.load_balancer.preview_rule_arn,
        load_balancer=found.load_balancer.arn_suffix,
        target_groups=found.compute.target_group_arns.by_color(),
        target_group_suffixes=found.compute.target_group_arn_suffixes.by_color(),
        scaling_groups=found.compute.autoscaling_group_names.by_color(),
        sizes={
            "blue": found.compute.autoscaling_group_sizes.blue,
            "green": found.compute.autoscaling_group_sizes.green,
        },
        gate=found.monitoring.gate_alarm_name,
        topic=found.monitoring.topic_arn,
        probe=found.probe.function_name,
        probe_namespace=found.probe.metric_namespace,
        records=_records(found, words),
    )


def _records(found: _Outputs, words: str) -> Records | None:
    if found.traffic.split == "listener":
        return None
    names = found.dns.record_names
    if missing := [ENDPOINTS[color] for color in COLORS if ENDPOINTS[color] not in names]:
        raise TapError(
            f"the outputs of {words} say that DNS splits the traffic, but name no weighted record "
            f"for {' and '.join(missing)}",
            f"apply it again: tap apply {words}",
        )
    return Records(zone_id=found.dns.zone_id, name=names[ENDPOINTS["green"]])


class _ByColor(msgspec.Struct, frozen=True):
    blue: str
    green: str

    def by_color(self) -> dict[Color, str]:
        return {"blue": self.blue, "green": self.green}


class _Sizes(msgspec.Struct, frozen=True):
    blue: Size
    green: Size


class _Compute(msgspec.Struct, frozen=True):
    autoscaling_group_names: _ByColor
    autoscaling_group_sizes: _Sizes
    target_group_arn_suffixes: _ByColor
    target_group_arns: _ByColor


class _Dns(msgspec.Struct, frozen=True):
    record_names: dict[str, str]
    zone_id: str


class _LoadBalancer(msgspec.Struct, frozen=True):
    arn_suffix: str
    preview_rule_arn: str
    traffic_rule_arn: str


class _Monitoring(msgspec.Struct, frozen=True):
    gate_alarm_name: str
    topic_arn: str


class _Probe(msgspec.Struct, frozen=True):
    function_name: str
    metric_namespace: str


class _Stack(msgspec.Struct, frozen=True):
    prefix: str
    region: str


class _Traffic(msgspec.Struct, frozen=True):
    parameter_name: str
    split: Split


class _Outputs(msgspec.Struct, frozen=True):
    compute: _Compute
    dns: _Dns
    load_balancer: _LoadBalancer
    monitoring: _Monitoring
    probe: _Probe
    stack: _Stack
    traffic: _Traffic
