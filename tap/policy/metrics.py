"""Which metrics exist: those that AWS emits, and those that something in the plan does.

Only namespaces that stacks of this kind use are listed; nothing is said of others of AWS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tap.policy.documents import statements_of
from tap.policy.values import UnknownValueError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap.policy.planned import Planned, Resource

_WRITERS = ("CloudWatchAgentServerPolicy", "CloudWatchFullAccess", "CloudWatchFullAccessV2")
_PUT = "cloudwatch:putmetricdata"
_NAMESPACE_KEY = "cloudwatch:namespace"


class Metric(NamedTuple):
    """A metric as an alarm or a dashboard names it.

    Attributes:
        dimensions: Their names; None where they are not known.
    """

    namespace: str
    name: str
    dimensions: frozenset[str] | None


@dataclass(frozen=True)
class _Known:
    """What a service emits.

    Attributes:
        names: Of its metrics; one that ends with ``*`` stands for all that begin so.
        dimensions: Each set of dimensions under which it emits them.
    """

    names: frozenset[str]
    dimensions: frozenset[frozenset[str]]


def _known(names: str, *dimensions: str) -> _Known:
    return _Known(
        frozenset(names.split()), frozenset(frozenset(each.split()) for each in dimensions)
    )


_AWS = {
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    "AWS/ApplicationELB": _known(
        "ActiveConnectionCount AnomalousHostCount BYoIPUtilPercentage"
        " ClientTLSNegotiationErrorCount ConsumedLCUs"
        " DesyncMitigationMode_NonCompliant_Request_Count"
        " DroppedInvalidHeaderRequestCount ELBAuth*"
        " ForwardedInvalidHeaderRequestCount GrpcRequestCount HTTPCode_ELB_3XX_Count"
        " HTTPCode_ELB_4XX_Count HTTPCode_ELB_5XX_Count HTTPCode_ELB_500_Count"
        " HTTPCode_ELB_502_Count"
        " HTTPCode_ELB_503_Count HTTPCode_ELB_504_Count HTTPCode_Target_2XX_Count"
        " HTTPCode_Target_3XX_Count HTTPCode_Target_4XX_Count HTTPCode_Target_5XX_Count"
        " HTTP_Fixed_Response_Count HTTP_Redirect_Count HTTP_Redirect_Url_Limit_Exceeded_Count"
        " HealthyHostCount HealthyStateDNS HealthyStateRouting IPv6ProcessedBytes IPv6RequestCount"
        " Lambda* LoadBalancerTargetGroup* MitigatedHostCount NewConnectionCount"
        " NonStickyRequestCount PeakLCUs ProcessedBytes RejectedConnectionCount RequestCount"
        " RequestCountPerTarget ReservedLCUs RuleEvaluations StandardProcessedBytes"
        " TargetConnectionErrorCount TargetResponseTime TargetTLSNegotiationErrorCount"
        " UnHealthyHostCount UnhealthyRoutingRequestCount UnhealthyStateDNS UnhealthyStateRouting",
        "LoadBalancer",
        "LoadBalancer AvailabilityZone",
        "LoadBalancer TargetGroup",
        "LoadBalancer TargetGroup AvailabilityZone",
        "TargetGroup",
    ),
    # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-metrics.html
    "AWS/AutoScaling": _known(
        "Group* PredictiveScaling* WarmPool*",
        "AutoScalingGroupName",
        "AutoScalingGroupName PairIndex PolicyName",
    ),
    # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/viewing_metrics_with_cloudwatch.html
    "AWS/EC2": _known(
        "CPUCredit* CPUSurplusCredit* CPUUtilization DedicatedHostCPUUtilization Disk* EBS*"
        " InstanceEBS* MetadataNoToken MetadataNoTokenRejected NetworkIn NetworkOut"
        " NetworkPacketsIn NetworkPacketsOut StatusCheckFailed StatusCheckFailed_AttachedEBS"
        " StatusCheckFailed_Instance StatusCheckFailed_System",
        "",
        "AutoScalingGroupName",
        "ImageId",
        "InstanceId",
        "InstanceType",
    ),
    # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
    "AWS/Lambda": _known(
        "AsyncEventAge AsyncEventsDropped AsyncEventsReceived ClaimedAccountConcurrency"
        " ConcurrentExecutions DeadLetterErrors DestinationDeliveryFailures Duration Errors"
        " Invocations IteratorAge OffsetLag OversizedRecordCount PostRuntimeExtensionsDuration"
        " Provisioned* RecursiveInvocationsDropped SignatureValidationErrors Throttles"
        " UnreservedConcurrentExecutions UrlRequestCount UrlRequestLatency Url4xxCount Url5xxCount"
        " PolledEventCount InvokedEventCount FilteredOutEventCount FailedInvokeEventCount"
        " DroppedEventCount DeletedEventCount OnFailureDestinationDeliveredEventCount",
        "",
        "EventSourceMappingUUID",
        "ExecutedVersion FunctionName Resource",
        "FunctionName",
        "FunctionName Resource",
    ),
    # https://docs.aws.amazon.com/vpc/latest/userguide/metrics-dimensions-nat-gateway.html
    "AWS/NATGateway": _known(
        "ActiveConnectionCount BytesInFromDestination BytesInFromSource BytesOutToDestination"
        " BytesOutToSource ConnectionAttemptCount ConnectionEstablishedCount ErrorPortAllocation"
        " IdleTimeoutCount PacketsDropCount PacketsInFromDestination PacketsInFromSource"
        " PacketsOutToDestination PacketsOutToSource PeakBytesPerSecond PeakPacketsPerSecond",
        "NatGatewayId",
    ),
    # https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
    "AWS/Route53": _known(
        "ChildHealthCheckHealthyCount ConnectionTime DNSQueries DNSSECInternalFailure"
        " DNSSECKeySigningKey* HealthCheckPercentageHealthy HealthCheckStatus SSLHandshakeTime"
        " TimeToFirstByte",
        "HealthCheckId",
        "HealthCheckId Region",
        "HostedZoneId",
        "KeySigningKeyId HostedZoneId",
    ),
    "AWS/RDS": _known(
        "*",
        "",
        "DBClusterIdentifier",
        "DBClusterIdentifier DBInstanceIdentifier",
        "DBClusterIdentifier EngineName",
        "DBClusterIdentifier Role",
        "DBInstanceIdentifier",
        "DatabaseClass",
        "DatabaseClass EngineName",
        "EngineName",
        "SourceRegion",
    ),
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    "AWS/SQS": _known(
        "Approximate* NumberOf* SentMessageSize",
        "QueueName",
    ),
    # https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html
    "AWS/WAFV2": _known(
        "AllowedRequests BlockedRequests CaptchaRequests CaptchasAttempted CaptchasSolved"
        " ChallengeRequests CountedRequests PassedRequests Requests* Sample* Challenge*",
        "Region Rule WebACL",
        "Rule WebACL",
        "Region Rule RuleGroup",
        "Rule RuleGroup",
        "Region WebACL",
        "WebACL",
        "LabelName LabelNamespace Region WebACL",
    ),
}
# Databases have further ones by engine, so only those are told that none has.
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
# Agents, and extensions of services, that write by rights of AWS.
_OF_AGENTS = frozenset(
    {
        "CWAgent",
        "ContainerInsights",
        "ECS/ContainerInsights",
        "Glue",
        "LambdaInsights",
        "System/Linux",
    }
)
_NOT_OF_RDS = frozenset(
    {
        "CPUUtilisation",
        "Connections",
        "DiskSpaceUtilization",
        "FreeMemory",
        "FreeStorage",
        "FreeableStorageSpace",
        "MemoryUtilization",
        "ReplicationLag",
        "StorageUtilization",
    }
)


def missing(metric: Metric, asker: Resource) -> str | None:
    """Return why nobody emits a metric; None if somebody does, or may do so.

    Args:
        metric: The metric.
        asker: The alarm or dashboard that names it.

    Raises:
        UnknownValueError: Whether something in the plan does cannot be told before apply.
    """
    namespace, name, _ = metric
    planned = asker.planned
    if namespace == "AWS/RDS" and name in _NOT_OF_RDS:
        return f"{namespace} has no metric {name}"
    if namespace in _AWS:
        return _missing_of(_AWS[namespace], metric) or _not_collected(metric, planned)
    if namespace.startswith("AWS/") or namespace in _OF_AGENTS:
        return None
    if (namespace, name) in planned.once(_filtered):
        return None
    writers = planned.once(_Puts)
    if {namespace, "*"} & writers.namespaces:
        return None
    if writers.unread:
        raise UnknownValueError(
            asker.address, f"whether {writers.unread} allows to write {namespace}"
        )
    return f"nothing in the plan emits {name} in {namespace}"


def _missing_of(known: _Known, metric: Metric) -> str | None:
    namespace, name, dimensions = metric
    if not any(
        name.startswith(item[:-1]) if item.endswith("*") else name == item for item in known.names
    ):
        return f"{namespace} has no metric {name}"
    if dimensions is not None and dimensions not in known.dimensions:
        told = ", ".join(sorted(dimensions)) or "no dimension"
        return f"{namespace} has no {name} by {told}"
    return None


def _not_collected(metric: Metric, planned: Planned) -> str | None:
    """Return that the metrics of Auto Scaling groups are off, as they are by default."""
    if metric.namespace != "AWS/AutoScaling" or not metric.name.startswith("Group"):
        return None
    groups = planned.resources("aws_autoscaling_group")
    if not groups or any(metric.name in (group.get("enabled_metrics") or ()) for group in groups):
        return None
    return f"enabled_metrics of no aws_autoscaling_group has {metric.name}"


def _filtered(planned: Planned) -> frozenset[tuple[str, str]]:
    """Return namespace and name of what filters count in logs."""
    return frozenset(
        (block.text("namespace") or "", block.text("name") or "")
        for item in planned.resources("aws_cloudwatch_log_metric_filter")
        for block in item.blocks("metric_transformation")
    )


class _Puts:
    """The namespaces that policies of the plan allow to write to.

    What publishes a metric is code, which a plan does not show; but it needs the right to.
    """

    def __init__(self, planned: Planned) -> None:
        self.namespaces: set[str] = set()
        self.unread = ""
        for policy in planned.resources("aws_iam_role_policy", "aws_iam_policy"):
            try:
                for statement in statements_of(policy, "policy"):
                    if statement.allows and _may_put(statement.actions):
                        self.namespaces.update(_bound(statement.conditions) or ("*",))
            except UnknownValueError:
                self.unread = policy.address
        for attachment in planned.resources("aws_iam_role_policy_attachment"):
            arn = str(attachment.known.get("policy_arn"))
            if arn.rpartition("/")[2] in _WRITERS:
                self.namespaces.add("*")


def _may_put(actions: Iterable[str]) -> bool:
    return bool({_PUT, "cloudwatch:put*", "cloudwatch:*", "*"} & {item.lower() for item in actions})


def _bound(conditions: object) -> set[str]:
    """Return the namespaces that conditions name."""
    operators = conditions if isinstance(conditions, dict) else {}
    return {
        value
        for keys in operators.values()
        for key, values in keys.items()
        if key.lower() == _NAMESPACE_KEY
        for value in values
    }
