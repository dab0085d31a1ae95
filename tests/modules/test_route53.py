"""The module ``route53``: zone, weighted records, health checks, query log, signatures."""

from __future__ import annotations

import json
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
LOAD_BALANCER = {
    "dns_name": "payments-prod-1.eu-west-1.elb.amazonaws.com",
    "zone_id": "Z32O12XQLNTSW2",
}
LEGACY = {"dns_name": "legacy-2.eu-central-1.elb.amazonaws.com", "zone_id": "Z215JYRZR1TBD5"}
TEAM = {"team": {"endpoint": "payments@example.com", "protocol": "email"}}
SMALLEST: dict[str, Any] = {
    "account_id": ACCOUNT_ID,
    "endpoints": {"load_balancer": {"alias": LOAD_BALANCER, "weight": 100}},
    "prefix": "payments-prod",
    "record_name": "pay.example.com",
    "subscriptions": TEAM,
    "tags": TAGS,
    "zone": {"name": "example.com"},
}
# From another stack: both load balancers, a zone that exists, signed answers.
MIGRATION: dict[str, Any] = SMALLEST | {
    "dnssec": True,
    "endpoints": {
        "legacy": {"alias": LEGACY, "health_check_path": "/status", "weight": 90},
        "load_balancer": {"alias": LOAD_BALANCER, "weight": 10},
    },
    "health_check": {
        "failure_threshold": 2,
        "interval_in_seconds": 10,
        "regions": ["eu-west-1", "us-east-1", "us-west-2"],
    },
    "key_deletion_window_in_days": 7,
    "query_log": {"retention_in_days": 400},
    "record_name": "example.com",
    "subscriptions": TEAM
    | {"incidents": {"endpoint": "https://alarms.example.com/hook", "protocol": "https"}},
    "zone": {"id": "Z0123456789ABCDEFGHIJ", "name": "example.com"},
}
# From a host that is no load balancer of AWS: the name becomes a CNAME for both. As in the stack,
# the load balancer's name and the weights, which are in the traffic record, are unknown.
FOREIGN: dict[str, Any] = SMALLEST | {
    "endpoints": {
        "legacy": {"cname": {"target": "pay.old.example.net", "ttl": 30}, "weight": 50},
        "load_balancer": {"cname": {"target": "${uuid()}"}, "weight": 50},
    },
    "prefix": "payments-dev-pr42",
    "query_log": None,
}
UNKNOWN_WEIGHTS: dict[str, Any] = SMALLEST | {
    "endpoints": {
        "load_balancer": {
            "alias": {"dns_name": "${uuid()}", "zone_id": "${uuid()}"},
            "weight": "${length(uuid())}",
        }
    }
}
WRONG: dict[str, Any] = SMALLEST | {
    "account_id": "12345",
    "endpoints": {
        "Legacy": {"weight": 50.5, "cname": {"target": "old.example.net", "ttl": 300}},
        "both": {"weight": 100, "alias": LEGACY, "cname": {"target": "old.example.net"}},
        "nothing": {"weight": 0, "health_check_path": "health"},
    },
    "health_check": {"failure_threshold": 0, "interval_in_seconds": 60, "regions": ["eu-west-1"]},
    "key_deletion_window_in_days": 31,
    "prefix": "Payments",
    "query_log": {"retention_in_days": 42},
    "subscriptions": {
        "hook": {"endpoint": "http://alarms.example.com", "protocol": "https"},
        "pager": {"endpoint": "+491701234567", "protocol": "sms"},
        "team": {"endpoint": "payments", "protocol": "email"},
    },
    "tags": {"Environment": "prod", "Owner": "payments", "Project": "payments"},
    "zone": {"id": "zone", "name": "Example.com"},
}
# Terraform compares variables with each other only once each of them is right by itself.
WRONG_NAMES: list[dict[str, Any]] = [
    SMALLEST | {"endpoints": {}, "subscriptions": {}},
    SMALLEST | {"record_name": "Pay.example.com"},
    SMALLEST | {"record_name": "pay.example.org"},
    FOREIGN | {"record_name": "example.com"},
]

Plan = Any
Planner = Any


@pytest.fixture(scope="module")
def planner(module_planner: Any) -> Planner:
    return module_planner("route53", aliases={"us_east_1": "us-east-1"})


@pytest.fixture(scope="module")
def smallest(planner: Planner) -> Plan:
    return planner.plan(**SMALLEST)


@pytest.fixture(scope="module")
def migration(planner: Planner) -> Plan:
    return planner.plan(**MIGRATION)


@pytest.fixture(scope="module")
def foreign(planner: Planner) -> Plan:
    return planner.plan(**FOREIGN)


@pytest.fixture(scope="module")
def refusal(planner: Planner) -> str:
    return " ".join(planner.refused(**wrong) for wrong in (WRONG, *WRONG_NAMES))


def addresses(plan: Plan) -> set[str]:
    return set(plan.modules["module.this"].resources)


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


def by_sid(policy: str) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(policy)["Statement"]}


# Zone and records


@pytest.mark.requirement("DNS-1")
def test_a_zone_without_an_id_is_created(smallest: Plan) -> None:
    assert values(smallest, "aws_route53_zone.this[0]")["name"] == "example.com"


@pytest.mark.requirement("DNS-1")
def test_a_zone_with_an_id_is_used_and_not_created(migration: Plan) -> None:
    assert "aws_route53_zone.this[0]" not in addresses(migration)
    for record in instances(migration, "aws_route53_record.endpoint").values():
        assert record["zone_id"] == "Z0123456789ABCDEFGHIJ"
    query_log = values(migration, "aws_route53_query_log.this[0]")
    assert query_log["zone_id"] == "Z0123456789ABCDEFGHIJ"
    outputs = migration["output_changes"]["this"]["after"]
    assert (outputs["zone_id"], outputs["name_servers"]) == ("Z0123456789ABCDEFGHIJ", None)


@pytest.mark.requirement("DNS-1", "DNS-2")
def test_the_name_is_an_alias_of_the_load_balancer_while_its_targets_are_healthy(
    smallest: Plan,
) -> None:
    [(key, record)] = instances(smallest, "aws_route53_record.endpoint").items()
    assert key == "load_balancer"
    assert (record["name"], record["type"], record["ttl"]) == ("pay.example.com", "A", None)
    assert record["set_identifier"] == "load_balancer"
    assert record["weighted_routing_policy"] == [{"weight": 100}]
    assert record["alias"] == [
        {
            "evaluate_target_health": True,
            "name": LOAD_BALANCER["dns_name"],
            "zone_id": LOAD_BALANCER["zone_id"],
        }
    ]


@pytest.mark.requirement("DNS-1")
def test_a_migration_weighs_both_load_balancers_under_one_name(migration: Plan) -> None:
    records = instances(migration, "aws_route53_record.endpoint")
    assert {record["name"] for record in records.values()} == {"example.com"}
    assert {
        key: (record["type"], record["set_identifier"], record["weighted_routing_policy"])
        for key, record in records.items()
    } == {
        "legacy": ("A", "legacy", [{"weight": 90}]),
        "load_balancer": ("A", "load_balancer", [{"weight": 10}]),
    }
    assert records["legacy"]["alias"][0]["name"] == LEGACY["dns_name"]
    assert records["legacy"]["alias"][0]["zone_id"] == LEGACY["zone_id"]
    assert records["legacy"]["alias"][0]["evaluate_target_health"] is True


@pytest.mark.requirement("DNS-1")
def test_a_foreign_host_makes_the_name_a_cname_with_a_short_time_to_live(foreign: Plan) -> None:
    records = instances(foreign, "aws_route53_record.endpoint")
    assert {record["type"] for record in records.values()} == {"CNAME"}
    assert {key: record["ttl"] for key, record in records.items()} == {
        "legacy": 30,
        "load_balancer": 60,
    }
    assert records["legacy"]["records"] == ["pay.old.example.net"]
    assert all(record["alias"] == [] for record in records.values())


@pytest.mark.requirement("DNS-1")
def test_weights_and_hosts_may_be_unknown_until_apply(planner: Planner) -> None:
    plan = planner.plan(**UNKNOWN_WEIGHTS)
    [record] = instances(plan, "aws_route53_record.endpoint").values()
    assert (record["type"], record["name"]) == ("A", "pay.example.com")


# Health


@pytest.mark.requirement("DNS-2")
def test_each_endpoint_is_checked_over_https_at_its_own_host(
    smallest: Plan, migration: Plan, foreign: Plan
) -> None:
    [check] = instances(smallest, "aws_route53_health_check.endpoint").values()
    assert (check["type"], check["port"], check["enable_sni"]) == ("HTTPS", 443, True)
    assert (check["fqdn"], check["resource_path"]) == (LOAD_BALANCER["dns_name"], "/health")
    assert (check["failure_threshold"], check["request_interval"]) == (3, 30)
    assert check["measure_latency"] is True
    checks = instances(migration, "aws_route53_health_check.endpoint")
    assert {key: (each["fqdn"], each["resource_path"]) for key, each in checks.items()} == {
        "legacy": (LEGACY["dns_name"], "/status"),
        "load_balancer": (LOAD_BALANCER["dns_name"], "/health"),
    }
    assert {each["failure_threshold"] for each in checks.values()} == {2}
    assert {each["request_interval"] for each in checks.values()} == {10}
    assert sorted(checks["legacy"]["regions"]) == ["eu-west-1", "us-east-1", "us-west-2"]
    assert (
        instances(foreign, "aws_route53_health_check.endpoint")["legacy"]["fqdn"]
        == "pay.old.example.net"
    )


@pytest.mark.requirement("DNS-2")
def test_an_unhealthy_or_silent_endpoint_raises_an_alarm(migration: Plan) -> None:
    alarms = instances(migration, "aws_cloudwatch_metric_alarm.health_check")
    assert {key: alarm["alarm_name"] for key, alarm in alarms.items()} == {
        "legacy": "payments-prod-health-check-legacy",
        "load_balancer": "payments-prod-health-check-load-balancer",
    }
    for alarm in alarms.values():
        assert (alarm["namespace"], alarm["metric_name"]) == ("AWS/Route53", "HealthCheckStatus")
        assert (alarm["statistic"], alarm["comparison_operator"], alarm["threshold"]) == (
            "Minimum",
            "LessThanThreshold",
            1,
        )
        assert (alarm["period"], alarm["evaluation_periods"]) == (60, 3)
        assert alarm["treat_missing_data"] == "breaching"


@pytest.mark.requirement("DNS-2")
def test_alarms_look_at_their_own_health_check_and_tell_the_topic(smallest: Plan) -> None:
    configuration = smallest["configuration"]["root_module"]["module_calls"]["this"]["module"]
    [alarm] = [
        each["expressions"]
        for each in configuration["resources"]
        if each["type"] == "aws_cloudwatch_metric_alarm"
    ]
    assert "aws_route53_health_check.endpoint" in alarm["dimensions"]["references"]
    assert "each.key" in alarm["dimensions"]["references"]
    for actions in ("alarm_actions", "ok_actions"):
        assert "aws_sns_topic.alarms.arn" in alarm[actions]["references"]


@pytest.mark.requirement("DNS-2")
def test_what_route_53_reports_to_is_made_in_us_east_1(migration: Plan) -> None:
    configuration = migration["configuration"]["root_module"]["module_calls"]["this"]["module"]
    providers: dict[bool, set[str]] = {True: set(), False: set()}
    for resource in configuration["resources"]:
        there = resource["provider_config_key"].endswith("aws.us_east_1")
        providers[there].add(f"{resource['type']}.{resource['name']}")
    assert providers[True] == {
        "aws_cloudwatch_log_group.queries",
        "aws_cloudwatch_log_resource_policy.queries",
        "aws_cloudwatch_metric_alarm.health_check",
        "aws_kms_alias.dnssec",
        "aws_kms_alias.logs",
        "aws_kms_key.dnssec",
        "aws_kms_key.logs",
        "aws_sns_topic.alarms",
        "aws_sns_topic_policy.alarms",
        "aws_sns_topic_subscription.alarms",
    }
    assert all(name.startswith("aws_route53_") for name in providers[False])


@pytest.mark.requirement("DNS-2", "MON-1")
def test_the_topic_admits_alarms_of_this_account_and_has_subscribers(migration: Plan) -> None:
    policy = by_sid(values(migration, "aws_sns_topic_policy.alarms")["policy"])
    assert policy["PublishByAlarmsOfThisAccount"] == {
        "Sid": "PublishByAlarmsOfThisAccount",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": "arn:aws:sns:us-east-1:123456789012:payments-prod-dns-alarms",
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT_ID}},
    }
    found = instances(migration, "aws_sns_topic_subscription.alarms")
    assert {key: (each["protocol"], each["endpoint"]) for key, each in found.items()} == {
        "incidents": ("https", "https://alarms.example.com/hook"),
        "team": ("email", "payments@example.com"),
    }


# Queries


@pytest.mark.requirement("DNS-2")
@pytest.mark.parametrize(("name", "days"), [("smallest", 365), ("migration", 400)])
def test_queries_are_logged_to_a_group_that_only_route_53_writes_to(
    name: str, days: int, request: pytest.FixtureRequest
) -> None:
    plan = request.getfixturevalue(name)
    group = values(plan, "aws_cloudwatch_log_group.queries[0]")
    assert group["name"] == "/aws/route53/payments-prod/example.com"
    assert group["retention_in_days"] == days
    policy = values(plan, "aws_cloudwatch_log_resource_policy.queries[0]")
    assert policy["policy_name"] == "payments-prod-dns-queries"
    assert json.loads(policy["policy_document"])["Statement"] == [
        {
            "Sid": "WriteQueryLog",
            "Effect": "Allow",
            "Principal": {"Service": "route53.amazonaws.com"},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": (
                "arn:aws:logs:us-east-1:123456789012:log-group:"
                "/aws/route53/payments-prod/example.com:*"
            ),
            "Condition": {
                "ArnLike": {"aws:SourceArn": "arn:aws:route53:::hostedzone/*"},
                "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
            },
        }
    ]


@pytest.mark.requirement("DNS-2")
def test_without_a_query_log_nothing_of_it_is_made(foreign: Plan) -> None:
    assert not [name for name in addresses(foreign) if ".queries" in name or "query_log" in name]
    assert foreign["output_changes"]["this"]["after"]["query_log_group_name"] is None


# Keys and signatures


@pytest.mark.requirement("SEC-2", "DNS-2")
def test_the_key_rotates_and_serves_the_query_log_and_the_topic_only(migration: Plan) -> None:
    key = values(migration, "aws_kms_key.logs")
    assert key["enable_key_rotation"] is True
    assert key["deletion_window_in_days"] == 7
    assert values(migration, "aws_kms_alias.logs")["name"] == "alias/payments-prod-dns"
    policy = by_sid(key["policy"])
    assert set(policy) == {"AdministerByIam", "EncryptQueryLog", "PublishToEncryptedTopic"}
    assert policy["EncryptQueryLog"]["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert policy["EncryptQueryLog"]["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": (
                "arn:aws:logs:us-east-1:123456789012:log-group:"
                "/aws/route53/payments-prod/example.com"
            )
        }
    }
    assert policy["PublishToEncryptedTopic"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert policy["PublishToEncryptedTopic"]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT_ID}
    }


@pytest.mark.requirement("SEC-2")
def test_who_administers_a_key_cannot_use_it(migration: Plan) -> None:
    for name in ("aws_kms_key.logs", "aws_kms_key.dnssec[0]"):
        administration = by_sid(values(migration, name)["policy"])["AdministerByIam"]
        assert administration["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}
        use = {"Decrypt", "Encrypt", "GenerateDataKey", "Sign", "CreateGrant", "*"}
        assert not {action.removeprefix("kms:") for action in administration["Action"]} & use


@pytest.mark.requirement("DNS-2")
def test_answers_are_signed_where_asked_with_a_key_only_route_53_uses(migration: Plan) -> None:
    key = values(migration, "aws_kms_key.dnssec[0]")
    assert (key["customer_master_key_spec"], key["key_usage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    assert values(migration, "aws_kms_alias.dnssec[0]")["name"] == "alias/payments-prod-dnssec"
    policy = by_sid(key["policy"])
    assert set(policy) == {"AdministerByIam", "GrantToRoute53", "SignAnswers"}
    assert policy["SignAnswers"]["Principal"] == {"Service": "dnssec-route53.amazonaws.com"}
    assert policy["SignAnswers"]["Action"] == ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]
    assert policy["SignAnswers"]["Condition"] == {
        "ArnLike": {"aws:SourceArn": "arn:aws:route53:::hostedzone/*"},
        "StringEquals": {"aws:SourceAccount": ACCOUNT_ID},
    }
    assert policy["GrantToRoute53"]["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    signing = values(migration, "aws_route53_key_signing_key.this[0]")
    assert signing["name"] == "payments_prod"
    assert signing["hosted_zone_id"] == "Z0123456789ABCDEFGHIJ"
    assert values(migration, "aws_route53_hosted_zone_dnssec.this[0]")["signing_status"] == (
        "SIGNING"
    )


@pytest.mark.requirement("DNS-2")
def test_answers_are_not_signed_unless_asked(smallest: Plan) -> None:
    assert not [name for name in addresses(smallest) if "dnssec" in name or "signing" in name]
    assert smallest["output_changes"]["this"]["after"]["ds_record"] is None


# All of it


@pytest.mark.requirement("STK-5")
def test_every_taggable_resource_carries_all_tags(smallest: Plan, migration: Plan) -> None:
    assert TAGS.items() <= values(smallest, "aws_route53_zone.this[0]")["tags"].items()
    resources = migration.modules["module.this"].resources
    tagged = {
        address.split("[")[0]: resource["values"]["tags"]
        for address, resource in resources.items()
        if "tags" in resource["values"]
    }
    assert set(tagged) == {
        "aws_cloudwatch_log_group.queries",
        "aws_cloudwatch_metric_alarm.health_check",
        "aws_kms_key.dnssec",
        "aws_kms_key.logs",
        "aws_route53_health_check.endpoint",
        "aws_sns_topic.alarms",
    }
    assert all(TAGS.items() <= tags.items() for tags in tagged.values())


@pytest.mark.requirement("STK-6")
def test_a_copy_of_an_environment_has_names_of_its_own(smallest: Plan, foreign: Plan) -> None:
    names = [
        {
            f"{address}: {resource['values'][field]}"
            for address, resource in plan.modules["module.this"].resources.items()
            for field in ("name", "alarm_name", "policy_name")
            if address.startswith(("aws_cloudwatch", "aws_kms", "aws_sns"))
            and resource["values"].get(field)
        }
        for plan in (smallest, foreign)
    ]
    assert names[1]
    assert not names[0] & names[1]


@pytest.mark.requirement("STK-7")
def test_outputs_name_what_others_need(migration: Plan) -> None:
    outputs = migration["output_changes"]["this"]["after"]
    assert outputs["zone_name"] == "example.com"
    assert outputs["record_name"] == "example.com"
    assert outputs["weights"] == {"legacy": 90, "load_balancer": 10}
    assert outputs["alarm_names"]["legacy"] == "payments-prod-health-check-legacy"
    assert outputs["query_log_group_name"] == "/aws/route53/payments-prod/example.com"
    unknown = migration["output_changes"]["this"]["after_unknown"]
    assert {"alarm_arns", "ds_record", "health_check_ids", "topic_arn"} <= set(unknown)
    assert set(unknown["kms_key_arns"]) == {"dnssec", "logs"}


@pytest.mark.requirement("STK-3", "DNS-1")
@pytest.mark.parametrize(
    "message",
    [
        'account_id must be 12 digits; got "12345".',
        (
            "endpoints must hold at least one, and its keys must be 1 to 32 lower-case letters, "
            "digits and underscores, starting with a letter; got: Legacy."
        ),
        "digits and underscores, starting with a letter; got: none.",
        "endpoints must each have either alias or cname; got both or none: both, nothing.",
        (
            "endpoints must all be alias or all be cname, because a name with a CNAME has no other "
            "record; cname: Legacy, nothing, alias: both."
        ),
        (
            "endpoints weight must be whole numbers from 0 to 100 that add up to 100; "
            "got: Legacy=50.5, both=100, nothing=0."
        ),
        (
            "endpoints cname.ttl must be 1 to 60 seconds, because a longer one would keep clients "
            "where they are after a shift; got: Legacy=300."
        ),
        (
            'endpoints health_check_path must start with "/", without spaces, and have at most 255 '
            "characters; got: nothing=health."
        ),
        "health_check.failure_threshold must be a whole number from 1 to 10; got 0.",
        "health_check.interval_in_seconds must be 10 or 30; got 60.",
        "us-west-1 and us-west-2, or null; got: eu-west-1.",
        "key_deletion_window_in_days must be 7 to 30; got 31.",
        'starting with a letter and not ending with a hyphen; got "Payments".',
        "3288 or 3653; got 42.",
        (
            "record_name must be a domain name in lower-case letters without a dot at its end, "
            'such as pay.example.com; got "Pay.example.com".'
        ),
        (
            "record_name must be the zone's name (example.com) or end with .example.com; "
            'got "pay.example.org".'
        ),
        (
            "record_name must be below the zone example.com where endpoints are cname: the name of "
            'a zone cannot have a CNAME; got "example.com".'
        ),
        (
            "subscriptions must hold at least one: a topic that nobody listens to makes no alarm "
            "heard; got none."
        ),
        "subscriptions protocol must be email or https; got: pager=sms.",
        "such as alarms@example.com; got: team=payments.",
        "such as https://alarms.example.com/hook; got: hook=http://alarms.example.com.",
        "ManagedBy, Owner and Project; missing: CostCenter, ManagedBy.",
        (
            "zone.name must be a domain name in lower-case letters without a dot at its end, such "
            'as example.com; got "Example.com".'
        ),
        'of a hosted zone, such as Z0123456789ABCDEFGHIJ, or null; got "zone".',
    ],
)
def test_a_wrong_input_is_refused_with_field_rule_and_value(refusal: str, message: str) -> None:
    assert message in refusal
