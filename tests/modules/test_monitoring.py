"""The module ``monitoring``: topic, alarms, the gate of traffic, dashboard, metrics from logs."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

ACCOUNT_ID = "123456789012"
TAGS = {
    "CostCenter": "4711",
    "Environment": "prod",
    "ManagedBy": "terraform",
    "Owner": "payments",
    "Project": "payments",
}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e"
LOAD_BALANCER = "app/payments-prod/50dc6c495c0c9188"
TARGET_GROUPS = {
    "blue": "targetgroup/payments-prod-blue/73e2d6bc24d8a067",
    "green": "targetgroup/payments-prod-green/943f017f100becff",
}
ZONES = {"eu-west-1a": "nat-0a", "eu-west-1b": "nat-0b"}
PRODUCTION: dict[str, Any] = {
    "account_id": ACCOUNT_ID,
    "autoscaling_group_names": {"blue": "payments-prod-blue", "green": "payments-prod-green"},
    "database": {
        "instance_id": "payments-prod",
        "replica": {"instance_id": "payments-prod-replica"},
    },
    "functions": {
        "probe": {
            "dead_letter_queue": {"name": "payments-prod-probe-failed"},
            "function_name": "payments-prod-probe",
        }
    },
    "kms_key_arn": KEY,
    "load_balancer": {"arn_suffix": LOAD_BALANCER, "target_group_arn_suffixes": TARGET_GROUPS},
    "logs": {
        "application": {
            "access": {"name": "/payments-prod/access", "error_pattern": '{ $.status = "5*" }'},
            "application": {"name": "/payments-prod/application"},
        },
        "cloudtrail": {"name": "/aws/cloudtrail/organization"},
    },
    "metric_namespace": "payments-prod",
    "network": {
        "nat_gateway_ids": ZONES,
        "web_acl": {"metric_name": "payments-prod-web-acl"},
    },
    "prefix": "payments-prod",
    "probe": {"function_name": "payments-prod-probe"},
    "region": "eu-west-1",
    "subscriptions": {
        "incidents": {"endpoint": "https://alarms.example.com/hook", "protocol": "https"},
        "team": {"endpoint": "payments@example.com", "protocol": "email"},
    },
    "tags": TAGS,
    "thresholds": {
        "database_connections": 500,
        "database_free_memory_in_mb": 512,
        "database_free_storage_in_gb": 20,
        "error_ratio_percent": 0.5,
        "latency_p99_in_seconds": 0.8,
        "minimum_requests": 100,
        "probe_success_percent": 95,
    },
}
SMALLEST: dict[str, Any] = {
    **PRODUCTION,
    "autoscaling_group_names": {"blue": "payments-dev-blue"},
    "database": {"instance_id": "payments-dev"},
    "functions": {},
    "load_balancer": {
        "arn_suffix": "app/payments-dev/1",
        "target_group_arn_suffixes": {"blue": "targetgroup/payments-dev-blue/2"},
    },
    "logs": {},
    "metric_namespace": "payments-dev",
    "network": {},
    "prefix": "payments-dev",
    "probe": None,
    "subscriptions": {"team": {"endpoint": "payments@example.com", "protocol": "email"}},
    "thresholds": {
        "database_connections": 60,
        "database_cpu_percent": 95,
        "database_free_memory_in_mb": 64,
        "database_free_storage_in_gb": 2,
    },
}
# As in the stack: what the same apply makes is unknown here.
UNKNOWN_NAMES: dict[str, Any] = {
    **PRODUCTION,
    "autoscaling_group_names": {"blue": "a-${uuid()}", "green": "b-${uuid()}"},
    "database": {"instance_id": "${uuid()}", "replica": {"instance_id": "${uuid()}"}},
    "functions": {
        "probe": {"dead_letter_queue": {"name": "${uuid()}"}, "function_name": "${uuid()}"}
    },
    "kms_key_arn": "${uuid()}",
    "load_balancer": {
        "arn_suffix": "app/${uuid()}",
        "target_group_arn_suffixes": {"blue": "targetgroup/${uuid()}"},
    },
    "logs": {"application": {"application": {"name": "${uuid()}"}}},
    "network": {
        "nat_gateway_ids": {"us-gov-west-1a": "${uuid()}"},
        "web_acl": {"metric_name": "${uuid()}"},
    },
    "partition": "aws-us-gov",
    "probe": {"function_name": "${uuid()}"},
    "region": "us-gov-west-1",
}
WRONG: dict[str, Any] = {
    **PRODUCTION,
    "account_id": "12345",
    "autoscaling_group_names": {"Blue": "payments-prod-blue"},
    "functions": {"Probe-1": {"function_name": "payments-prod-probe"}},
    "load_balancer": {
        "arn_suffix": "net/payments-prod/1",
        "target_group_arn_suffixes": {"blue": "arn:aws:elb", "dark_blue": "targetgroup/b/1"},
    },
    "logs": {"application": {"app/log": {"name": "/payments-prod/application"}}},
    "metric_namespace": "AWS/EC2",
    "partition": "azure",
    "prefix": "Payments",
    "region": "nowhere",
    "subscriptions": {
        "hook": {"endpoint": "http://alarms.example.com", "protocol": "https"},
        "pager": {"endpoint": "+491701234567", "protocol": "sms"},
        "team": {"endpoint": "payments", "protocol": "email"},
    },
    "tags": {"Environment": "prod", "Owner": "payments", "Project": "payments"},
    "thresholds": {
        "database_connections": 0,
        "database_cpu_percent": 100,
        "database_free_memory_in_mb": 512,
        "database_free_storage_in_gb": 20,
        "latency_p99_in_seconds": -1,
    },
}

Plan = Any


@pytest.fixture(scope="module")
def production(module_planner: Any) -> Plan:
    return module_planner("monitoring").plan(**PRODUCTION)


@pytest.fixture(scope="module")
def smallest(module_planner: Any) -> Plan:
    return module_planner("monitoring").plan(**SMALLEST)


@pytest.fixture(scope="module")
def unknown_names(module_planner: Any) -> Plan:
    return module_planner("monitoring").plan(**UNKNOWN_NAMES)


@pytest.fixture(scope="module")
def refusal(module_planner: Any) -> str:
    planner = module_planner("monitoring")
    return " ".join(planner.refused(**wrong) for wrong in (WRONG, {**WRONG, "subscriptions": {}}))


def values(plan: Plan, address: str) -> dict[str, Any]:
    found: dict[str, Any] = plan.modules["module.this"].resources[address]["values"]
    return found


def instances(plan: Plan, address: str) -> dict[str, dict[str, Any]]:
    """Return the planned values of all instances of ``type.name``, by their key."""
    return {
        resource["index"]: resource["values"]
        for name, resource in plan.modules["module.this"].resources.items()
        if name.split("[")[0] == address
    }


def alarms(plan: Plan) -> dict[str, dict[str, Any]]:
    return instances(plan, "aws_cloudwatch_metric_alarm.this")


def measured(plan: Plan, name: str) -> dict[str, tuple[str, str, dict[str, str], str]]:
    """Return the metrics an expression is made of: namespace, name, dimensions, statistic."""
    return {
        query["id"]: (
            metric["namespace"],
            metric["metric_name"],
            metric["dimensions"],
            metric["stat"],
        )
        for query in alarms(plan)[name]["metric_query"]
        for metric in query["metric"]
    }


def expression(plan: Plan, name: str) -> str:
    [result] = [query for query in alarms(plan)[name]["metric_query"] if query["return_data"]]
    found: str = result["expression"]
    return found


def single(plan: Plan, name: str) -> tuple[Any, ...]:
    """Return what an alarm over one metric looks at and when it goes off."""
    alarm = alarms(plan)[name]
    sign = {"GreaterThanThreshold": ">", "LessThanThreshold": "<"}[alarm["comparison_operator"]]
    return (
        alarm["namespace"],
        alarm["metric_name"],
        alarm["dimensions"],
        f"{alarm['statistic']} {sign} {alarm['threshold']:g}",
        f"{alarm['datapoints_to_alarm']} of {alarm['evaluation_periods']} x {alarm['period']}",
        alarm["treat_missing_data"],
    )


def widgets(plan: Plan) -> list[dict[str, Any]]:
    body = json.loads(values(plan, "aws_cloudwatch_dashboard.this")["dashboard_body"])
    found: list[dict[str, Any]] = body["widgets"]
    return found


def drawn(plan: Plan) -> set[tuple[str, str, frozenset[tuple[str, str]]]]:
    """Return namespace, name and dimensions of every metric of the dashboard."""
    rows = [
        row
        for widget in widgets(plan)
        if widget["type"] == "metric"
        for row in widget["properties"]["metrics"]
        if isinstance(row[0], str)
    ]
    found = set()
    for namespace, name, *dimensions, _ in rows:
        pairs = zip(dimensions[::2], dimensions[1::2], strict=True)
        found.add((namespace, name, frozenset(pairs)))
    return found


# The topic


@pytest.mark.requirement("MON-1")
def test_the_topic_is_encrypted_and_admits_services_of_this_account_only(production: Plan) -> None:
    topic = values(production, "aws_sns_topic.alarms")
    assert topic["name"] == "payments-prod-alarms"
    assert topic["kms_master_key_id"] == KEY
    policy = json.loads(values(production, "aws_sns_topic_policy.alarms")["policy"])
    assert policy["Statement"] == [
        {
            "Sid": "PublishByServicesOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]},
            "Action": "sns:Publish",
            "Resource": "arn:aws:sns:eu-west-1:123456789012:payments-prod-alarms",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}},
        }
    ]


@pytest.mark.requirement("MON-1")
def test_everybody_named_is_subscribed(production: Plan) -> None:
    found = instances(production, "aws_sns_topic_subscription.alarms")
    assert {key: (each["protocol"], each["endpoint"]) for key, each in found.items()} == {
        "incidents": ("https", "https://alarms.example.com/hook"),
        "team": ("email", "payments@example.com"),
    }


@pytest.mark.requirement("MON-1")
@pytest.mark.parametrize("name", ["production", "smallest", "unknown_names"])
def test_every_alarm_tells_the_topic_when_it_goes_off_and_when_it_ends(
    name: str, request: pytest.FixtureRequest
) -> None:
    configuration = request.getfixturevalue(name)["configuration"]["root_module"]
    resources = configuration["module_calls"]["this"]["module"]["resources"]
    kinds = {"aws_cloudwatch_metric_alarm", "aws_cloudwatch_composite_alarm"}
    found = [each["expressions"] for each in resources if each["type"] in kinds]
    assert len(found) == 2
    for expressions in found:
        for actions in ("alarm_actions", "ok_actions"):
            assert "aws_sns_topic.alarms.arn" in expressions[actions]["references"]
            assert "constant_value" not in expressions[actions]


# Alarms


@pytest.mark.requirement("MON-2")
def test_these_alarms_exist_and_no_others(production: Plan) -> None:
    assert set(alarms(production)) == {
        "application_errors",
        "autoscaling_cpu_blue",
        "autoscaling_cpu_green",
        "database_connections",
        "database_cpu",
        "database_free_memory",
        "database_free_storage",
        "error_ratio_blue",
        "error_ratio_green",
        "failed_events_probe",
        "function_errors_probe",
        "latency_p99_blue",
        "latency_p99_green",
        "load_balancer_errors",
        "nat_ports_eu-west-1a",
        "nat_ports_eu-west-1b",
        "probe",
        "replica_connections",
        "replica_cpu",
        "replica_free_memory",
        "replica_free_storage",
        "replica_lag",
        "root_use",
        "unauthorized_calls",
        "unhealthy_hosts_blue",
        "unhealthy_hosts_green",
    }
    names = {alarm["alarm_name"] for alarm in alarms(production).values()}
    assert "payments-prod-error-ratio-green" in names
    assert all(re.fullmatch(r"payments-prod-[a-z0-9-]+", name) for name in names)


@pytest.mark.requirement("MON-2")
def test_what_an_environment_does_not_have_has_no_alarm(smallest: Plan) -> None:
    assert set(alarms(smallest)) == {
        "autoscaling_cpu_blue",
        "database_connections",
        "database_cpu",
        "database_free_memory",
        "database_free_storage",
        "error_ratio_blue",
        "latency_p99_blue",
        "load_balancer_errors",
        "unhealthy_hosts_blue",
    }


@pytest.mark.requirement("MON-2")
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "autoscaling_cpu_green",
            (
                "AWS/EC2",
                "CPUUtilization",
                {"AutoScalingGroupName": "payments-prod-green"},
                "Average > 80",
                "2 of 2 x 300",
                "notBreaching",
            ),
        ),
        (
            "database_connections",
            (
                "AWS/RDS",
                "DatabaseConnections",
                {"DBInstanceIdentifier": "payments-prod"},
                "Maximum > 500",
                "5 of 5 x 60",
                "missing",
            ),
        ),
        (
            "database_free_memory",
            (
                "AWS/RDS",
                "FreeableMemory",
                {"DBInstanceIdentifier": "payments-prod"},
                f"Minimum < {512 * 1024**2:g}",
                "5 of 5 x 60",
                "missing",
            ),
        ),
        (
            "database_free_storage",
            (
                "AWS/RDS",
                "FreeStorageSpace",
                {"DBInstanceIdentifier": "payments-prod"},
                f"Minimum < {20 * 1024**3:g}",
                "5 of 5 x 60",
                "missing",
            ),
        ),
        (
            "failed_events_probe",
            (
                "AWS/SQS",
                "ApproximateNumberOfMessagesVisible",
                {"QueueName": "payments-prod-probe-failed"},
                "Maximum > 0",
                "1 of 1 x 300",
                "notBreaching",
            ),
        ),
        (
            "function_errors_probe",
            (
                "AWS/Lambda",
                "Errors",
                {"FunctionName": "payments-prod-probe"},
                "Sum > 0",
                "1 of 1 x 300",
                "notBreaching",
            ),
        ),
        (
            "load_balancer_errors",
            (
                "AWS/ApplicationELB",
                "HTTPCode_ELB_5XX_Count",
                {"LoadBalancer": LOAD_BALANCER},
                "Sum > 10",
                "2 of 3 x 60",
                "notBreaching",
            ),
        ),
        (
            "nat_ports_eu-west-1b",
            (
                "AWS/NATGateway",
                "ErrorPortAllocation",
                {"NatGatewayId": "nat-0b"},
                "Sum > 0",
                "1 of 1 x 300",
                "notBreaching",
            ),
        ),
        (
            "probe",
            (
                "payments-prod",
                "ProbeSuccess",
                {"FunctionName": "payments-prod-probe"},
                "Average < 0.95",
                "3 of 3 x 60",
                "breaching",
            ),
        ),
        (
            "replica_cpu",
            (
                "AWS/RDS",
                "CPUUtilization",
                {"DBInstanceIdentifier": "payments-prod-replica"},
                "Average > 80",
                "5 of 5 x 60",
                "missing",
            ),
        ),
        (
            "unhealthy_hosts_green",
            (
                "AWS/ApplicationELB",
                "UnHealthyHostCount",
                {"LoadBalancer": LOAD_BALANCER, "TargetGroup": TARGET_GROUPS["green"]},
                "Maximum > 0",
                "3 of 3 x 60",
                "notBreaching",
            ),
        ),
    ],
)
def test_an_alarm_over_one_metric_looks_at_it_and_goes_off_like_this(
    production: Plan, name: str, expected: tuple[Any, ...]
) -> None:
    assert single(production, name) == expected


@pytest.mark.requirement("MON-2")
@pytest.mark.parametrize("color", ["blue", "green"])
def test_the_error_ratio_of_a_color_is_made_of_its_own_requests(
    production: Plan, color: str
) -> None:
    dimensions = {"LoadBalancer": LOAD_BALANCER, "TargetGroup": TARGET_GROUPS[color]}
    name = f"error_ratio_{color}"
    assert measured(production, name) == {
        "errors": ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", dimensions, "Sum"),
        "requests": ("AWS/ApplicationELB", "RequestCount", dimensions, "Sum"),
    }
    assert expression(production, name) == "IF(requests >= 100, 100 * errors / requests, 0)"
    alarm = alarms(production)[name]
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanThreshold", 0.5)
    assert (alarm["datapoints_to_alarm"], alarm["evaluation_periods"]) == (2, 3)
    assert alarm["treat_missing_data"] == "notBreaching"


@pytest.mark.requirement("MON-2")
@pytest.mark.parametrize("color", ["blue", "green"])
def test_the_latency_of_a_color_is_its_99th_percentile(production: Plan, color: str) -> None:
    dimensions = {"LoadBalancer": LOAD_BALANCER, "TargetGroup": TARGET_GROUPS[color]}
    name = f"latency_p99_{color}"
    assert measured(production, name) == {
        "latency": ("AWS/ApplicationELB", "TargetResponseTime", dimensions, "p99"),
        "requests": ("AWS/ApplicationELB", "RequestCount", dimensions, "Sum"),
    }
    assert expression(production, name) == "IF(requests >= 100, latency, 0)"
    alarm = alarms(production)[name]
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanThreshold", 0.8)


@pytest.mark.requirement("MON-2")
def test_a_replica_that_does_not_replicate_counts_as_one_that_lags(production: Plan) -> None:
    assert measured(production, "replica_lag") == {
        "lag": (
            "AWS/RDS",
            "ReplicaLag",
            {"DBInstanceIdentifier": "payments-prod-replica"},
            "Maximum",
        )
    }
    assert expression(production, "replica_lag") == "IF(lag < 0, 31, lag)"
    assert alarms(production)["replica_lag"]["threshold"] == 30


@pytest.mark.requirement("MON-2")
def test_thresholds_are_those_of_the_environment(smallest: Plan, production: Plan) -> None:
    for name in (
        "database_connections",
        "database_cpu",
        "database_free_memory",
        "database_free_storage",
        "error_ratio_blue",
        "latency_p99_blue",
    ):
        assert alarms(smallest)[name]["threshold"] != alarms(production)[name]["threshold"]
    assert alarms(smallest)["database_cpu"]["threshold"] == 95
    assert alarms(smallest)["latency_p99_blue"]["threshold"] == 1


@pytest.mark.requirement("MON-2")
def test_the_gate_closes_on_what_a_shift_would_make_worse(production: Plan) -> None:
    gate = values(production, "aws_cloudwatch_composite_alarm.gate")
    assert gate["alarm_name"] == "payments-prod-traffic-gate"
    terms = gate["alarm_rule"].split(" OR ")
    assert set(terms) == {
        f'ALARM("payments-prod-{name}")'
        for name in (
            "database-connections",
            "database-cpu",
            "database-free-memory",
            "database-free-storage",
            "error-ratio-blue",
            "error-ratio-green",
            "latency-p99-blue",
            "latency-p99-green",
            "load-balancer-errors",
            "probe",
            "unhealthy-hosts-blue",
            "unhealthy-hosts-green",
        )
    }
    named = {term.removeprefix('ALARM("').removesuffix('")') for term in terms}
    assert named <= {alarm["alarm_name"] for alarm in alarms(production).values()}
    outputs = production["output_changes"]["this"]["after"]
    assert set(outputs["gating_alarm_names"].values()) == named


# Logs


@pytest.mark.requirement("MON-4")
def test_logs_become_metrics_that_feed_alarms(production: Plan) -> None:
    filters = instances(production, "aws_cloudwatch_log_metric_filter.this")
    found = {}
    for key, each in filters.items():
        [metric] = each["metric_transformation"]
        assert (metric["namespace"], metric["value"], metric["default_value"]) == (
            "payments-prod",
            "1",
            "0",
        )
        found[key] = (each["log_group_name"], metric["name"], each["pattern"])
    assert found == {
        "application_errors_access": (
            "/payments-prod/access",
            "ApplicationErrors",
            '{ $.status = "5*" }',
        ),
        "application_errors_application": (
            "/payments-prod/application",
            "ApplicationErrors",
            "?ERROR ?CRITICAL ?FATAL",
        ),
        "root_use": (
            "/aws/cloudtrail/organization",
            "RootUse",
            (
                '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS'
                ' && $.eventType != "AwsServiceEvent" }'
            ),
        ),
        "unauthorized_calls": (
            "/aws/cloudtrail/organization",
            "UnauthorizedCalls",
            '{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }',
        ),
    }
    for name, metric, limit in (
        ("application_errors", "ApplicationErrors", "Sum > 10"),
        ("root_use", "RootUse", "Sum > 0"),
        ("unauthorized_calls", "UnauthorizedCalls", "Sum > 10"),
    ):
        alarm = single(production, name)
        assert alarm[0:2] == ("payments-prod", metric)
        assert not alarm[2]
        assert alarm[3:] == (limit, "1 of 1 x 300", "notBreaching")


# The dashboard


@pytest.mark.requirement("MON-3")
def test_the_dashboard_draws_these_metrics_under_dimensions_that_aws_fills(
    production: Plan,
) -> None:
    expected = {
        ("payments-prod", metric, frozenset({("FunctionName", "payments-prod-probe")}))
        for metric in ("ProbeLatency", "ProbeSuccess")
    }
    expected |= {
        ("payments-prod", metric, frozenset())
        for metric in ("ApplicationErrors", "RootUse", "UnauthorizedCalls")
    }
    for group in TARGET_GROUPS.values():
        dimensions = frozenset({("LoadBalancer", LOAD_BALANCER), ("TargetGroup", group)})
        expected |= {
            ("AWS/ApplicationELB", metric, dimensions)
            for metric in (
                "HTTPCode_Target_4XX_Count",
                "HTTPCode_Target_5XX_Count",
                "HealthyHostCount",
                "RequestCount",
                "TargetResponseTime",
                "UnHealthyHostCount",
            )
        }
    expected.add(
        (
            "AWS/ApplicationELB",
            "HTTPCode_ELB_5XX_Count",
            frozenset({("LoadBalancer", LOAD_BALANCER)}),
        )
    )
    expected |= {
        (
            "AWS/EC2",
            "CPUUtilization",
            frozenset({("AutoScalingGroupName", f"payments-prod-{color}")}),
        )
        for color in TARGET_GROUPS
    }
    for instance in ("payments-prod", "payments-prod-replica"):
        expected |= {
            ("AWS/RDS", metric, frozenset({("DBInstanceIdentifier", instance)}))
            for metric in (
                "CPUUtilization",
                "DatabaseConnections",
                "FreeStorageSpace",
                "FreeableMemory",
                "ReadLatency",
                "WriteLatency",
            )
        }
    expected.add(
        (
            "AWS/RDS",
            "ReplicaLag",
            frozenset({("DBInstanceIdentifier", "payments-prod-replica")}),
        )
    )
    expected |= {
        ("AWS/NATGateway", metric, frozenset({("NatGatewayId", gateway)}))
        for gateway in ZONES.values()
        for metric in ("ActiveConnectionCount", "BytesOutToDestination", "ErrorPortAllocation")
    }
    web_acl = {("Region", "eu-west-1"), ("Rule", "ALL"), ("WebACL", "payments-prod-web-acl")}
    expected |= {
        ("AWS/WAFV2", metric, frozenset(web_acl))
        for metric in ("AllowedRequests", "BlockedRequests")
    }
    function = frozenset({("FunctionName", "payments-prod-probe")})
    expected |= {("AWS/Lambda", metric, function) for metric in ("Errors", "Invocations")}
    expected.add(
        (
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            frozenset({("QueueName", "payments-prod-probe-failed")}),
        )
    )
    assert drawn(production) == expected


@pytest.mark.requirement("MON-3")
def test_every_metric_of_an_alarm_is_drawn(production: Plan) -> None:
    watched = set()
    for name, alarm in alarms(production).items():
        if alarm["metric_name"]:
            dimensions = frozenset((alarm["dimensions"] or {}).items())
            watched.add((alarm["namespace"], alarm["metric_name"], dimensions))
        for namespace, metric, found, _ in measured(production, name).values():
            watched.add((namespace, metric, frozenset(found.items())))
    assert watched <= drawn(production)


@pytest.mark.requirement("MON-3")
def test_traffic_is_drawn_as_shares_beside_the_weights_of_the_phases(production: Plan) -> None:
    [widget] = [each for each in widgets(production) if "Share" in each["properties"]["title"]]
    properties = widget["properties"]
    shares = {row[0]["id"]: row[0]["expression"] for row in properties["metrics"] if len(row) == 1}
    total = "(FILL(requests_blue, 0) + FILL(requests_green, 0))"
    assert shares == {
        "share_blue": f"100 * FILL(requests_blue, 0) / {total}",
        "share_green": f"100 * FILL(requests_green, 0) / {total}",
    }
    assert properties["annotations"]["horizontal"] == [
        {"label": "canary", "value": 10},
        {"label": "half", "value": 50},
        {"label": "complete", "value": 100},
    ]
    assert properties["yAxis"]["left"] == {"min": 0, "max": 100}


@pytest.mark.requirement("MON-3")
@pytest.mark.parametrize("name", ["production", "smallest"])
def test_expressions_use_only_what_their_widget_defines(
    name: str, request: pytest.FixtureRequest
) -> None:
    for widget in widgets(request.getfixturevalue(name))[1:]:
        rows = widget["properties"]["metrics"]
        ids = [row[-1]["id"] for row in rows if "id" in row[-1]]
        assert len(ids) == len(set(ids))
        for row in rows:
            if "expression" in row[-1]:
                used = set(re.findall(r"[a-z]+_[a-z]+", row[-1]["expression"]))
                assert used
                assert used <= set(ids)


@pytest.mark.requirement("MON-3")
def test_the_dashboard_shows_every_alarm_with_the_gate_first(production: Plan) -> None:
    [widget] = [each for each in widgets(production) if each["type"] == "alarm"]
    shown = widget["properties"]["alarms"]
    start = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:"
    assert shown[0] == f"{start}payments-prod-traffic-gate"
    assert set(shown[1:]) == {start + alarm["alarm_name"] for alarm in alarms(production).values()}


@pytest.mark.requirement("MON-3")
@pytest.mark.parametrize(("name", "count"), [("production", 21), ("smallest", 14)])
def test_widgets_fill_the_page_without_overlapping(
    name: str, count: int, request: pytest.FixtureRequest
) -> None:
    placed = widgets(request.getfixturevalue(name))
    assert len(placed) == count
    taken: set[tuple[int, int]] = set()
    for widget in placed:
        assert widget["x"] + widget["width"] <= 24
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        taken |= cells
        if widget["type"] == "metric":
            assert widget["properties"]["metrics"]
            assert widget["properties"]["region"] == "eu-west-1"
            assert widget["properties"]["title"]


# All of it


@pytest.mark.requirement("STK-5")
def test_every_taggable_resource_carries_all_tags(production: Plan) -> None:
    resources = production.modules["module.this"].resources
    tagged = {
        address.split("[")[0]: resource["values"]["tags"]
        for address, resource in resources.items()
        if "tags" in resource["values"]
    }
    assert set(tagged) == {
        "aws_cloudwatch_composite_alarm.gate",
        "aws_cloudwatch_metric_alarm.this",
        "aws_sns_topic.alarms",
    }
    assert all(TAGS.items() <= tags.items() for tags in tagged.values())


@pytest.mark.requirement("STK-7")
def test_outputs_name_what_others_need(production: Plan) -> None:
    outputs = production["output_changes"]["this"]["after"]
    assert outputs["dashboard_name"] == "payments-prod"
    assert outputs["gate_alarm_name"] == "payments-prod-traffic-gate"
    assert outputs["topic_name"] == "payments-prod-alarms"
    assert outputs["alarm_names"]["probe"] == "payments-prod-probe"
    assert set(outputs["alarm_names"]) == set(alarms(production))
    assert outputs["metric_filter_names"]["root_use"] == "payments-prod-root-use"
    unknown = production["output_changes"]["this"]["after_unknown"]
    assert {"dashboard_arn", "gate_alarm_arn", "topic_arn"} <= set(unknown)


@pytest.mark.requirement("MON-2")
def test_what_the_same_apply_makes_can_be_watched(unknown_names: Plan) -> None:
    assert {"replica_lag", "failed_events_probe", "nat_ports_us-gov-west-1a", "probe"} <= set(
        alarms(unknown_names)
    )
    policy = json.loads(values(unknown_names, "aws_sns_topic_policy.alarms")["policy"])
    assert policy["Statement"][0]["Resource"] == (
        "arn:aws-us-gov:sns:us-gov-west-1:123456789012:payments-prod-alarms"
    )


@pytest.mark.requirement("STK-3")
@pytest.mark.parametrize(
    "message",
    [
        'account_id must be 12 digits; got "12345".',
        "autoscaling_group_names keys must be colors in lower-case letters; got: Blue.",
        (
            "functions keys must be lower-case letters, digits and underscores, starting with a "
            "letter; got: Probe-1."
        ),
        (
            "load_balancer.arn_suffix must be the suffix of an application load balancer, "
            'app/<name>/<id>; got "net/payments-prod/1".'
        ),
        (
            "load_balancer.target_group_arn_suffixes keys must be colors in lower-case letters; "
            "got: dark_blue."
        ),
        (
            "load_balancer.target_group_arn_suffixes must be targetgroup/<name>/<id>; "
            "got: blue=arn:aws:elb."
        ),
        (
            "logs.application keys must be lower-case letters, digits and underscores, starting "
            "with a letter; got: app/log."
        ),
        'must not start with "AWS/", which belongs to AWS; got "AWS/EC2".',
        'partition must be aws, aws-cn or aws-us-gov; got "azure".',
        'starting with a letter and not ending with a hyphen; got "Payments".',
        'region must be the name of a region, such as eu-west-1; got "nowhere".',
        (
            "subscriptions must hold at least one: a topic that nobody listens to makes no alarm "
            "heard; got none."
        ),
        "subscriptions protocol must be email or https; got: pager=sms.",
        (
            "subscriptions endpoint of an email must be an address, such as alarms@example.com; "
            "got: team=payments."
        ),
        (
            "subscriptions endpoint of https must be a URL, such as "
            "https://alarms.example.com/hook; got: hook=http://alarms.example.com."
        ),
        "ManagedBy, Owner and Project; missing: CostCenter, ManagedBy.",
        (
            "thresholds in percent must be more than 0 and less than 100; "
            "got: database_cpu_percent=100."
        ),
        "thresholds must be more than 0; got: database_connections=0, latency_p99_in_seconds=-1.",
    ],
)
def test_a_wrong_input_is_refused_with_field_rule_and_value(refusal: str, message: str) -> None:
    assert message in refusal
