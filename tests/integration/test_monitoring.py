"""Alarms, dashboard, topic and logs of every environment, held against what exists."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Deployment

COLORS = ("blue", "green")
NAT_ZONES = {"dev": ["eu-west-1a"], "prod": ["eu-west-1a", "eu-west-1b", "eu-west-1c"]}
LOG_DAYS = {"dev": 7, "prod": 365}
SUBSCRIBERS = {
    "dev": {"team": ("email", "payments-dev@example.com")},
    "prod": {
        "on-call": ("https", "https://alerts.example.com/payments"),
        "team": ("email", "payments@example.com"),
    },
}
MEBIBYTE, GIBIBYTE = 2**20, 2**30
THRESHOLDS = {
    "dev": {
        "database_connections": 40,
        "database_free_memory": 100 * MEBIBYTE,
        "database_free_storage": 2 * GIBIBYTE,
        "error_ratio_blue": 5,
        "error_ratio_green": 5,
        "latency_p99_blue": 3,
        "latency_p99_green": 3,
    },
    "prod": {
        "database_connections": 500,
        "database_free_memory": 500 * MEBIBYTE,
        "database_free_storage": 20 * GIBIBYTE,
        "error_ratio_blue": 1,
        "error_ratio_green": 1,
        "latency_p99_blue": 1,
        "latency_p99_green": 1,
    },
}
COMMON_THRESHOLDS = {
    "application_errors": 10,
    "autoscaling_cpu_blue": 80,
    "autoscaling_cpu_green": 80,
    "database_cpu": 80,
    "failed_events_probe": 0,
    "function_errors_probe": 0,
    "load_balancer_errors": 10,
    "probe": 0.9,
    "unhealthy_hosts_blue": 0,
    "unhealthy_hosts_green": 0,
}
GATES = {
    "database_connections",
    "database_cpu",
    "database_free_memory",
    "database_free_storage",
    "load_balancer_errors",
    "probe",
    *(f"{name}_{color}" for name in ("error_ratio", "latency_p99") for color in COLORS),
    *(f"unhealthy_hosts_{color}" for color in COLORS),
}

# Under which names of dimensions AWS publishes the metrics used here:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
BALANCER, TARGETS = frozenset({"LoadBalancer"}), frozenset({"LoadBalancer", "TargetGroup"})
PUBLISHED = {
    ("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count"): BALANCER,
    ("AWS/ApplicationELB", "HTTPCode_Target_4XX_Count"): TARGETS,
    ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"): TARGETS,
    ("AWS/ApplicationELB", "HealthyHostCount"): TARGETS,
    ("AWS/ApplicationELB", "RequestCount"): TARGETS,
    ("AWS/ApplicationELB", "TargetResponseTime"): TARGETS,
    ("AWS/ApplicationELB", "UnHealthyHostCount"): TARGETS,
    ("AWS/EC2", "CPUUtilization"): frozenset({"AutoScalingGroupName"}),
    ("AWS/Lambda", "Errors"): frozenset({"FunctionName"}),
    ("AWS/Lambda", "Invocations"): frozenset({"FunctionName"}),
    ("AWS/NATGateway", "ActiveConnectionCount"): frozenset({"NatGatewayId"}),
    ("AWS/NATGateway", "BytesOutToDestination"): frozenset({"NatGatewayId"}),
    ("AWS/NATGateway", "ErrorPortAllocation"): frozenset({"NatGatewayId"}),
    ("AWS/RDS", "CPUUtilization"): frozenset({"DBInstanceIdentifier"}),
    ("AWS/RDS", "DatabaseConnections"): frozenset({"DBInstanceIdentifier"}),
    ("AWS/RDS", "FreeStorageSpace"): frozenset({"DBInstanceIdentifier"}),
    ("AWS/RDS", "FreeableMemory"): frozenset({"DBInstanceIdentifier"}),
    ("AWS/RDS", "ReadLatency"): frozenset({"DBInstanceIdentifier"}),
    ("AWS/RDS", "WriteLatency"): frozenset({"DBInstanceIdentifier"}),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible"): frozenset({"QueueName"}),
    ("AWS/WAFV2", "AllowedRequests"): frozenset({"WebACL", "Region", "Rule"}),
    ("AWS/WAFV2", "BlockedRequests"): frozenset({"WebACL", "Region", "Rule"}),
}
OWN_METRICS = {
    "ApplicationErrors": frozenset[str](),
    "ProbeLatency": frozenset({"FunctionName"}),
    "ProbeSuccess": frozenset({"FunctionName"}),
}

Metric = tuple[str, str, frozenset[tuple[str, str]]]


def existing(deployment: Deployment) -> dict[str, set[str]]:
    """Return the values that dimensions may have: what AWS itself says exists in this stack."""
    vpc = deployment.outputs["vpc"]["vpc_id"]
    elb, here = deployment.client("elbv2"), [{"Name": "vpc-id", "Values": [vpc]}]
    balancers = [
        each["LoadBalancerArn"]
        for each in elb.describe_load_balancers()["LoadBalancers"]
        if each["VpcId"] == vpc
    ]
    groups = [
        each["TargetGroupArn"]
        for each in elb.describe_target_groups()["TargetGroups"]
        if each["VpcId"] == vpc
    ]
    subnets = {
        subnet["SubnetId"]
        for subnet in deployment.client("ec2").describe_subnets(Filters=here)["Subnets"]
    }
    scaling = deployment.client("autoscaling").describe_auto_scaling_groups()
    nat = deployment.client("ec2").describe_nat_gateways(Filters=here)["NatGateways"]
    databases = deployment.client("rds").describe_db_instances()["DBInstances"]
    prefix = f"payments-{deployment.name}-"
    functions = deployment.client("lambda").list_functions()["Functions"]
    queues = deployment.client("sqs").list_queues(QueueNamePrefix=prefix)["QueueUrls"]
    acl = deployment.client("wafv2").get_web_acl_for_resource(ResourceArn=balancers[0])["WebACL"]
    return {
        "AutoScalingGroupName": {
            each["AutoScalingGroupName"]
            for each in scaling["AutoScalingGroups"]
            if set(each["VPCZoneIdentifier"].split(",")) <= subnets
        },
        "DBInstanceIdentifier": {
            each["DBInstanceIdentifier"]
            for each in databases
            if each["DBSubnetGroup"]["VpcId"] == vpc
        },
        "FunctionName": {
            each["FunctionName"] for each in functions if each["FunctionName"].startswith(prefix)
        },
        "LoadBalancer": {arn.partition(":loadbalancer/")[2] for arn in balancers},
        "NatGatewayId": {each["NatGatewayId"] for each in nat if each["State"] == "available"},
        "QueueName": {url.rsplit("/", 1)[1] for url in queues},
        "Region": {"eu-west-1"},
        "Rule": {"ALL"},
        "TargetGroup": {arn.rsplit(":", 1)[1] for arn in groups},
        "WebACL": {acl["VisibilityConfig"]["MetricName"]},
    }


def assert_published(deployment: Deployment, metrics: set[Metric]) -> None:
    """Check that AWS or this stack publishes each metric, under dimensions that exist."""
    world = existing(deployment)
    own = {(f"payments-{deployment.name}", name): names for name, names in OWN_METRICS.items()}
    known = PUBLISHED | own
    for namespace, metric, dimensions in metrics:
        assert (namespace, metric) in known
        assert {name for name, _ in dimensions} == known[(namespace, metric)], (namespace, metric)
        for name, value in dimensions:
            assert value in world[name], f"{metric} is drawn for {name} {value}"


def alarms(deployment: Deployment) -> dict[str, dict[str, Any]]:
    """Return the metric alarms by the key of the output."""
    names = {name: key for key, name in deployment.outputs["monitoring"]["alarm_names"].items()}
    found = deployment.client("cloudwatch").describe_alarms(
        AlarmNames=list(names), AlarmTypes=["MetricAlarm"]
    )["MetricAlarms"]
    return {names[alarm["AlarmName"]]: alarm for alarm in found}


def read(alarm: dict[str, Any]) -> set[Metric]:
    """Return the metrics that an alarm looks at."""
    queries = [
        each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each
    ]
    return {
        (
            each["Namespace"],
            each["MetricName"],
            frozenset((one["Name"], one["Value"]) for one in each["Dimensions"]),
        )
        for each in queries or [alarm]
    }


def gate(deployment: Deployment) -> dict[str, Any]:
    """Return the composite alarm."""
    name = deployment.outputs["monitoring"]["gate_alarm_name"]
    (found,) = deployment.client("cloudwatch").describe_alarms(
        AlarmNames=[name], AlarmTypes=["CompositeAlarm"]
    )["CompositeAlarms"]
    alarm: dict[str, Any] = found
    return alarm


def widgets(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the widgets of the dashboard."""
    name = deployment.outputs["monitoring"]["dashboard_name"]
    answer = deployment.client("cloudwatch").get_dashboard(DashboardName=name)
    assert answer["DashboardArn"] == deployment.outputs["monitoring"]["dashboard_arn"]
    found: list[dict[str, Any]] = json.loads(answer["DashboardBody"])["widgets"]
    return found


def drawn(widget: dict[str, Any]) -> set[Metric]:
    """Return the metrics that a widget draws, written as CloudWatch writes them in a row."""
    rows = [
        [word for word in row if isinstance(word, str)] for row in widget["properties"]["metrics"]
    ]
    return {
        (row[0], row[1], frozenset(zip(row[2::2], row[3::2], strict=True))) for row in rows if row
    }


@pytest.mark.requirement("MON-1", "STK-2")
def test_alarms_reach_the_subscribers_through_an_encrypted_topic(deployment: Deployment) -> None:
    told, sns = deployment.outputs["monitoring"], deployment.client("sns")
    arn = f"arn:aws:sns:eu-west-1:123456789012:payments-{deployment.name}-alarms"
    assert told["topic_arn"] == arn
    found = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert found["KmsMasterKeyId"] == deployment.outputs["security"]["kms_key_arns"]["logs"]
    (statement,) = json.loads(found["Policy"])["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Action"] == "sns:Publish"
    assert statement["Resource"] == arn
    assert set(statement["Principal"]) == {"Service"}
    assert set(statement["Principal"]["Service"]) == {
        "cloudwatch.amazonaws.com",
        "events.rds.amazonaws.com",
    }
    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    listed = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    by_arn = {each["SubscriptionArn"]: (each["Protocol"], each["Endpoint"]) for each in listed}
    subscribers = {name: by_arn[each] for name, each in told["subscription_arns"].items()}
    assert subscribers == SUBSCRIBERS[deployment.name]


@pytest.mark.requirement("MON-2", "STK-2")
def test_every_alarm_exists_with_the_threshold_of_its_environment(deployment: Deployment) -> None:
    found = alarms(deployment)
    nat = {f"nat_ports_{zone}": 0 for zone in NAT_ZONES[deployment.name]}
    expected = COMMON_THRESHOLDS | THRESHOLDS[deployment.name] | nat
    assert {key: alarm["Threshold"] for key, alarm in found.items()} == expected
    low = {"database_free_memory", "database_free_storage", "probe"}
    for key, alarm in found.items():
        below = "LessThanThreshold" if key in low else "GreaterThanThreshold"
        assert alarm["ComparisonOperator"] == below
        assert alarm["AlarmArn"] == deployment.outputs["monitoring"]["alarm_arns"][key]
        assert 1 <= alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"] <= 5
    assert found["probe"]["TreatMissingData"] == "breaching"


@pytest.mark.requirement("MON-1", "MON-2")
def test_every_alarm_tells_the_topic_when_it_starts_and_when_it_ends(
    deployment: Deployment,
) -> None:
    topic = [deployment.outputs["monitoring"]["topic_arn"]]
    every = [*alarms(deployment).values(), gate(deployment)]
    assert len(every) == 18 + len(NAT_ZONES[deployment.name])
    for alarm in every:
        assert alarm["ActionsEnabled"] is True
        assert alarm["AlarmActions"] == topic
        assert alarm["OKActions"] == topic
        assert alarm["AlarmDescription"]


@pytest.mark.requirement("MON-2")
def test_every_alarm_looks_at_something_that_exists(deployment: Deployment) -> None:
    found = alarms(deployment)
    assert_published(deployment, {metric for alarm in found.values() for metric in read(alarm)})
    compute = deployment.outputs["compute"]
    for color in COLORS:
        suffix = compute["target_group_arn_suffixes"][color]
        for name in ("error_ratio", "latency_p99", "unhealthy_hosts"):
            for _, _, dimensions in read(found[f"{name}_{color}"]):
                assert ("TargetGroup", suffix) in dimensions
        ((_, _, dimensions),) = read(found[f"autoscaling_cpu_{color}"])
        name = compute["autoscaling_group_names"][color]
        assert dimensions == {("AutoScalingGroupName", name)}
    for zone in NAT_ZONES[deployment.name]:
        ((_, _, dimensions),) = read(found[f"nat_ports_{zone}"])
        assert dimensions == {("NatGatewayId", deployment.outputs["vpc"]["nat_gateway_ids"][zone])}


@pytest.mark.requirement("MON-2")
def test_ratio_and_latency_of_a_color_are_judged_only_with_enough_requests(
    deployment: Deployment,
) -> None:
    found = alarms(deployment)
    expressions = {
        "error_ratio": ("IF(requests >= 20, 100 * errors / requests, 0)", {"errors", "requests"}),
        "latency_p99": ("IF(requests >= 20, latency, 0)", {"latency", "requests"}),
    }
    for name, (expression, ids) in expressions.items():
        for color in COLORS:
            queries = {each["Id"]: each for each in found[f"{name}_{color}"]["Metrics"]}
            assert set(queries) == {"result", *ids}
            assert queries["result"]["Expression"] == expression
            returned = {key for key, each in queries.items() if each["ReturnData"]}
            assert returned == {"result"}
    latency = found["latency_p99_green"]["Metrics"]
    statistics = {
        each["Id"]: each["MetricStat"]["Stat"] for each in latency if each["Id"] != "result"
    }
    assert statistics == {"latency": "p99", "requests": "Sum"}


@pytest.mark.requirement("MON-2", "TRF-3")
def test_the_gate_of_traffic_watches_alarms_that_exist(deployment: Deployment) -> None:
    told, found = deployment.outputs["monitoring"], gate(deployment)
    assert found["AlarmArn"] == told["gate_alarm_arn"]
    terms = found["AlarmRule"].split(" OR ")
    watched = [re.fullmatch(r'ALARM\("([^"]+)"\)', term) for term in terms]
    names = {match[1] for match in watched if match}
    assert len(names) == len(terms)
    assert names == {told["alarm_names"][key] for key in GATES}
    assert names <= {alarm["AlarmName"] for alarm in alarms(deployment).values()}


@pytest.mark.requirement("MON-3")
def test_everything_that_the_dashboard_draws_exists(deployment: Deployment) -> None:
    shown = [each for each in widgets(deployment) if each["type"] == "metric"]
    metrics: set[Metric] = set()
    for widget in shown:
        found = drawn(widget)
        assert found, widget["properties"]["title"]
        metrics |= found
    assert_published(deployment, metrics)
    # Whatever AWS is known to publish here is drawn.
    own = {(f"payments-{deployment.name}", name) for name in OWN_METRICS}
    assert {metric[:2] for metric in metrics} == PUBLISHED.keys() | own
    world = existing(deployment)
    for kind in world.keys() - {"Region", "Rule", "WebACL"}:
        values = {value for *_, dims in metrics for name, value in dims if name == kind}
        assert values == world[kind], kind


@pytest.mark.requirement("MON-3")
def test_expressions_of_the_dashboard_refer_to_metrics_of_their_widget(
    deployment: Deployment,
) -> None:
    found = 0
    for widget in widgets(deployment):
        rows = widget["properties"].get("metrics", [])
        options = [row[-1] for row in rows if isinstance(row[-1], dict)]
        ids = [each["id"] for each in options if "id" in each]
        assert len(ids) == len(set(ids))
        for each in options:
            used = set(re.findall(r"\b[a-z]\w*", each.get("expression", "")))
            assert used <= set(ids)
            found += bool(used)
    assert found == 4


@pytest.mark.requirement("MON-3")
def test_the_dashboard_shows_all_alarms_and_leaves_no_widget_cut_off(
    deployment: Deployment,
) -> None:
    told, found = deployment.outputs["monitoring"], widgets(deployment)
    (first,) = [each for each in found if each["type"] == "alarm"]
    assert first["properties"]["alarms"][0] == told["gate_alarm_arn"]
    assert set(first["properties"]["alarms"][1:]) == set(told["alarm_arns"].values())
    cells = Counter(
        (x, y)
        for each in found
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    )
    assert set(cells.values()) == {1}
    assert max(x for x, _ in cells) == 23
    titles = " ".join(each["properties"]["title"].lower() for each in found)
    for topic in ("share", "weight", "latency", "5xx", "hosts", "cpu", "database", "nat", "alarms"):
        assert topic in titles
    share = next(each for each in found if "Share" in each["properties"]["title"])
    lines = share["properties"]["annotations"]["horizontal"]
    assert {line["label"]: line["value"] for line in lines} == {
        "canary": 10,
        "half": 50,
        "complete": 100,
    }


@pytest.mark.requirement("MON-4", "STK-2")
def test_every_log_group_is_encrypted_and_expires(deployment: Deployment) -> None:
    outputs, prefix = deployment.outputs, f"payments-{deployment.name}"
    told = {
        outputs["probe"]["log_group_name"],
        outputs["security"]["waf_log_group_name"],
        outputs["vpc"]["flow_log_group_name"],
        *outputs["compute"]["application_log_group_names"].values(),
        *outputs["database"]["log_group_names"].values(),
    }
    assert len(told) == 8
    pages = deployment.client("logs").get_paginator("describe_log_groups").paginate()
    groups = {each["logGroupName"]: each for page in pages for each in page["logGroups"]}
    mine = {name: each for name, each in groups.items() if re.search(rf"{prefix}\b(?!-pr\d)", name)}
    assert set(mine) == told
    key = outputs["security"]["kms_key_arns"]["logs"]
    kept = {(each["retentionInDays"], each["kmsKeyId"]) for each in mine.values()}
    assert kept == {(LOG_DAYS[deployment.name], key)}


@pytest.mark.requirement("MON-4")
def test_filters_of_the_application_logs_feed_the_alarm(deployment: Deployment) -> None:
    outputs, logs = deployment.outputs, deployment.client("logs")
    names = outputs["monitoring"]["metric_filter_names"]
    groups = outputs["compute"]["application_log_group_names"]
    assert set(names) == {f"application_errors_{name}" for name in groups}
    alarm = alarms(deployment)["application_errors"]
    for name, group in groups.items():
        (found,) = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
        assert found["filterName"] == names[f"application_errors_{name}"]
        assert found["filterPattern"] == "?ERROR ?CRITICAL ?FATAL"
        (into,) = found["metricTransformations"]
        feeds = (into["metricNamespace"], into["metricName"])
        assert feeds == (alarm["Namespace"], alarm["MetricName"])
        assert (into["metricValue"], into["defaultValue"]) == ("1", 0)


@pytest.mark.requirement("MON-4", "TST-2")
def test_an_error_in_the_log_becomes_a_point_of_the_metric(deployment: Deployment) -> None:
    logs, cloudwatch = deployment.client("logs"), deployment.client("cloudwatch")
    group = deployment.outputs["compute"]["application_log_group_names"]["application"]

    def counted() -> float:
        now = datetime.now(UTC)
        points = cloudwatch.get_metric_statistics(
            Namespace=f"payments-{deployment.name}",
            MetricName="ApplicationErrors",
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=3600,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(float(point["Sum"]) for point in points)

    before, stream = counted(), "green/i-0123456789abcdef0"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    lines = ["INFO paid", "ERROR the card was refused twice", "DEBUG no errors here"]
    events = [{"timestamp": now, "message": line} for line in lines]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    logs.delete_log_stream(logGroupName=group, logStreamName=stream)
    deadline = time.monotonic() + 20
    while counted() == before and time.monotonic() < deadline:
        time.sleep(0.2)
    assert counted() == before + 1


@pytest.mark.requirement("MON-1", "MON-2", "MON-4", "TST-2")
@pytest.mark.xdist_group("dev")
def test_errors_that_the_application_logs_reach_a_subscriber_of_the_topic(
    named_deployment: Callable[[str], Deployment],
) -> None:
    dev = named_deployment("dev")
    told, logs, sns, sqs = (
        dev.outputs["monitoring"],
        *(dev.client(service) for service in ("logs", "sns", "sqs")),
    )
    name = told["alarm_names"]["application_errors"]
    group = min(dev.outputs["compute"]["application_log_group_names"].values())
    queue = sqs.create_queue(QueueName="on-call")["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    subscription = sns.subscribe(
        TopicArn=told["topic_arn"], Protocol="sqs", Endpoint=answer["Attributes"]["QueueArn"]
    )["SubscriptionArn"]
    logs.create_log_stream(logGroupName=group, logStreamName="i-0a1b2c3d4e5f60718")
    try:
        threshold = int(COMMON_THRESHOLDS["application_errors"])
        # One more, for the alarm goes off above it only.
        events = [
            {"timestamp": int(time.time() * 1000), "message": f"ERROR the bank refused {number}"}
            for number in range(threshold + 1)
        ]
        logs.put_log_events(
            logGroupName=group, logStreamName="i-0a1b2c3d4e5f60718", logEvents=events
        )
        heard: dict[str, dict[str, Any]] = {}
        deadline = time.monotonic() + 30
        while name not in heard and time.monotonic() < deadline:
            messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2).get("Messages", [])
            for message in messages:
                body = json.loads(message["Body"])
                assert body["TopicArn"] == told["topic_arn"]
                said = json.loads(body["Message"])
                heard[said["AlarmName"]] = said
    finally:
        sns.unsubscribe(SubscriptionArn=subscription)
        sqs.delete_queue(QueueUrl=queue)
        logs.delete_log_stream(logGroupName=group, logStreamName="i-0a1b2c3d4e5f60718")
    said = heard[name]
    assert (said["NewStateValue"], said["AWSAccountId"]) == ("ALARM", "123456789012")
    assert said["Trigger"]["MetricName"] == "ApplicationErrors"
    assert said["Trigger"]["Threshold"] == threshold
