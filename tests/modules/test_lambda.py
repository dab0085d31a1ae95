"""The module ``lambda``: the function, its package, its role, its schedule.

What the probe does when it runs is tested in ``test_probe.py``.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

MODULE = Path(__file__).resolve().parents[2] / "modules" / "lambda"
PACKAGE = MODULE / "functions" / "probe.zip"
TAGS = {
    "CostCenter": "4711",
    "Environment": "prod",
    "ManagedBy": "terraform",
    "Owner": "payments",
    "Project": "payments",
}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1b2c3d4e"
BOUNDARY = "arn:aws:iam::123456789012:policy/payments-boundary"
SMALLEST: dict[str, Any] = {
    "account_id": "123456789012",
    "function": {
        "description": "Checks the health endpoint",
        "handler": "probe.handler",
        "name": "probe",
    },
    "kms_key_arn": KEY,
    "metric_namespace": "payments-dev",
    "prefix": "payments-dev",
    "region": "eu-west-1",
    "tags": TAGS | {"Environment": "dev"},
}
PRODUCTION: dict[str, Any] = SMALLEST | {
    "dead_letter_queue": {},
    "environment_variables": {"PROBE_URL": "https://pay.example.com/health"},
    "limits": {"reserved_concurrency": 1},
    "log_retention_in_days": 400,
    "metric_namespace": "payments-prod",
    "permissions_boundary_arn": BOUNDARY,
    "prefix": "payments-prod",
    "schedule": {"expression": "rate(1 minute)"},
    "tags": TAGS,
}
OWN_PACKAGE: dict[str, Any] = SMALLEST | {
    "dead_letter_queue": {"retention_in_days": 2},
    "function": {
        "description": "Settles the day",
        "handler": "settlement.daily.run",
        "name": "settlement",
        "package": str(PACKAGE),
    },
    "kms_key_arn": "${uuid()}",
    "limits": {"memory_in_mb": 1024, "timeout_in_seconds": 300},
    "log_retention_in_days": 30,
    "partition": "aws-us-gov",
    "prefix": "payments-gov",
    "region": "us-gov-west-1",
    "schedule": {"expression": "cron(0 2 * * ? *)"},
}
WRONG: dict[str, Any] = SMALLEST | {
    "account_id": "12345",
    "dead_letter_queue": {"retention_in_days": 30},
    "environment_variables": {
        "API_TOKEN": "1234",
        "AWS_REGION": "eu-west-1",
        "FUNCTION_NAME": "probe",
        "lower": "case",
    },
    "limits": {"memory_in_mb": 64, "reserved_concurrency": 0, "timeout_in_seconds": 1000},
    "log_retention_in_days": 42,
    "metric_namespace": "AWS/Lambda",
    "partition": "azure",
    "permissions_boundary_arn": "boundary",
    "prefix": "payments_prod",
    "region": "nowhere",
    "schedule": {"expression": "every minute"},
    "tags": {"Environment": "prod", "Owner": "payments", "Project": "payments"},
}

# Terraform compares variables with each other only once each of them is right by itself.
WRONG_FUNCTION: dict[str, Any] = SMALLEST | {
    "function": {"description": "Wrong", "handler": "run", "name": "Settle_"}
}
LONG_NAME: dict[str, Any] = SMALLEST | {
    "function": {
        "description": "Long",
        "handler": "settle.run",
        "name": "settle" + "e" * 60,
        "package": str(PACKAGE),
    }
}

Plan = Any


@pytest.fixture(scope="module")
def smallest(module_planner: Any) -> Plan:
    return module_planner("lambda").plan(**SMALLEST)


@pytest.fixture(scope="module")
def production(module_planner: Any) -> Plan:
    return module_planner("lambda").plan(**PRODUCTION)


@pytest.fixture(scope="module")
def own_package(module_planner: Any) -> Plan:
    return module_planner("lambda").plan(**OWN_PACKAGE)


@pytest.fixture(scope="module")
def refusal(module_planner: Any) -> str:
    planner = module_planner("lambda")
    return " ".join(planner.refused(**wrong) for wrong in (WRONG, WRONG_FUNCTION, LONG_NAME))


@pytest.fixture(scope="module")
def build() -> Any:
    """Return the script that packs the functions."""
    spec = importlib.util.spec_from_file_location("build_functions", MODULE / "build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def addresses(plan: Plan) -> set[str]:
    return set(plan.modules["module.this"].resources)


def values(plan: Plan, address: str) -> dict[str, Any]:
    found: dict[str, Any] = plan.modules["module.this"].resources[address]["values"]
    return found


def statements(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return what the role may do that is known before apply, by Sid."""
    policies = [
        resource["values"]["policy"]
        for address, resource in plan.modules["module.this"].resources.items()
        if address.startswith("aws_iam_role_policy.") and "policy" in resource["values"]
    ]
    return {each["Sid"]: each for policy in policies for each in json.loads(policy)["Statement"]}


# The function


@pytest.mark.requirement("FUN-1")
def test_a_function_has_the_runtime_the_time_and_the_memory_by_default(smallest: Plan) -> None:
    function = values(smallest, "aws_lambda_function.this")
    assert function["function_name"] == "payments-dev-probe"
    assert function["runtime"] == "python3.12"
    assert function["handler"] == "probe.handler"
    assert function["timeout"] == 60
    assert function["memory_size"] == 512
    assert function["reserved_concurrent_executions"] == -1
    assert function["kms_key_arn"] == KEY
    assert function["tracing_config"] == [{"mode": "Active"}]


@pytest.mark.requirement("FUN-1")
def test_a_function_knows_where_it_is_and_what_it_is_called(
    smallest: Plan, production: Plan
) -> None:
    [environment] = values(smallest, "aws_lambda_function.this")["environment"]
    assert environment["variables"] == {
        "ENVIRONMENT": "dev",
        "FUNCTION_NAME": "payments-dev-probe",
        "METRIC_NAMESPACE": "payments-dev",
        "REGION": "eu-west-1",
    }
    [environment] = values(production, "aws_lambda_function.this")["environment"]
    assert environment["variables"] == {
        "ENVIRONMENT": "prod",
        "FUNCTION_NAME": "payments-prod-probe",
        "METRIC_NAMESPACE": "payments-prod",
        "PROBE_URL": "https://pay.example.com/health",
        "REGION": "eu-west-1",
    }


@pytest.mark.requirement("FUN-1")
def test_the_code_of_a_function_of_the_module_is_its_package(smallest: Plan) -> None:
    function = values(smallest, "aws_lambda_function.this")
    digest = hashlib.sha256(PACKAGE.read_bytes()).digest()
    assert function["source_code_hash"] == base64.b64encode(digest).decode()
    assert function["filename"].endswith("modules/lambda/functions/probe.zip")


@pytest.mark.requirement("FUN-1")
def test_another_package_limits_and_handler_can_be_given(own_package: Plan) -> None:
    function = values(own_package, "aws_lambda_function.this")
    assert function["filename"] == str(PACKAGE)
    assert function["handler"] == "settlement.daily.run"
    assert function["memory_size"] == 1024
    assert function["timeout"] == 300


@pytest.mark.requirement("FUN-1")
@pytest.mark.parametrize(("name", "days"), [("smallest", 365), ("production", 400)])
def test_the_log_group_is_made_with_key_and_retention(
    name: str, days: int, request: pytest.FixtureRequest
) -> None:
    plan = request.getfixturevalue(name)
    function = values(plan, "aws_lambda_function.this")
    group = values(plan, "aws_cloudwatch_log_group.this")
    assert group["name"] == f"/aws/lambda/{function['function_name']}"
    assert group["retention_in_days"] == days
    assert group["kms_key_id"] == KEY
    assert function["logging_config"] == [
        {
            "application_log_level": "INFO",
            "log_format": "JSON",
            "log_group": group["name"],
            "system_log_level": "WARN",
        }
    ]


@pytest.mark.requirement("FUN-1")
def test_concurrency_is_reserved_where_asked(production: Plan) -> None:
    assert values(production, "aws_lambda_function.this")["reserved_concurrent_executions"] == 1


@pytest.mark.requirement("FUN-1")
def test_a_dead_letter_queue_is_there_only_where_asked(
    smallest: Plan, production: Plan, own_package: Plan
) -> None:
    assert "aws_sqs_queue.dead_letters[0]" not in addresses(smallest)
    assert values(smallest, "aws_lambda_function.this")["dead_letter_config"] == []
    queue = values(production, "aws_sqs_queue.dead_letters[0]")
    assert queue["name"] == "payments-prod-probe-failed"
    assert queue["kms_master_key_id"] == KEY
    assert queue["message_retention_seconds"] == 14 * 86400
    other = values(own_package, "aws_sqs_queue.dead_letters[0]")
    assert other["message_retention_seconds"] == 2 * 86400
    assert len(values(production, "aws_lambda_function.this")["dead_letter_config"]) == 1


@pytest.mark.requirement("STK-5")
def test_every_taggable_resource_carries_all_tags(production: Plan) -> None:
    resources = production.modules["module.this"].resources
    tagged = {
        address: resource["values"]["tags"]
        for address, resource in resources.items()
        if "tags" in resource["values"]
    }
    assert {address.split("[")[0] for address in tagged} == {
        "aws_cloudwatch_event_rule.schedule",
        "aws_cloudwatch_log_group.this",
        "aws_iam_role.this",
        "aws_lambda_function.this",
        "aws_sqs_queue.dead_letters",
    }
    assert all(TAGS.items() <= tags.items() for tags in tagged.values())


# The role


@pytest.mark.requirement("FUN-2")
def test_the_role_writes_traces_own_logs_own_metrics_and_nothing_else(smallest: Plan) -> None:
    assert statements(smallest) == {
        "WriteOwnLogStreams": {
            "Sid": "WriteOwnLogStreams",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": (
                "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/payments-dev-probe"
                ":log-stream:*"
            ),
        },
        "WriteMetricsOfOneNamespace": {
            "Sid": "WriteMetricsOfOneNamespace",
            "Effect": "Allow",
            "Action": ["cloudwatch:PutMetricData"],
            "Resource": "*",
            "Condition": {"StringEquals": {"cloudwatch:namespace": "payments-dev"}},
        },
        "WriteTraces": {
            "Sid": "WriteTraces",
            "Effect": "Allow",
            "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
    }
    assert not [name for name in addresses(smallest) if "policy_attachment" in name]


@pytest.mark.requirement("FUN-2")
def test_a_dead_letter_queue_adds_the_queue_and_the_key_through_sqs(
    smallest: Plan, production: Plan
) -> None:
    found = statements(production)
    assert set(found) - set(statements(smallest)) == {"EncryptFailedEvents", "KeepFailedEvents"}
    assert found["KeepFailedEvents"]["Action"] == ["sqs:SendMessage"]
    assert found["KeepFailedEvents"]["Resource"] == (
        "arn:aws:sqs:eu-west-1:123456789012:payments-prod-probe-failed"
    )
    assert found["EncryptFailedEvents"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert found["EncryptFailedEvents"]["Resource"] == KEY
    assert found["EncryptFailedEvents"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "sqs.eu-west-1.amazonaws.com"}
    }


@pytest.mark.requirement("FUN-2")
def test_policies_are_scoped_to_the_environment(own_package: Plan) -> None:
    found = statements(own_package)
    assert found["WriteOwnLogStreams"]["Resource"] == (
        "arn:aws-us-gov:logs:us-gov-west-1:123456789012:log-group:"
        "/aws/lambda/payments-gov-settlement:log-stream:*"
    )
    assert found["WriteTraces"]["Condition"] == {
        "StringEquals": {"aws:RequestedRegion": "us-gov-west-1"}
    }


@pytest.mark.requirement("FUN-2")
def test_only_lambda_may_assume_the_role_within_the_boundary(production: Plan) -> None:
    role = values(production, "aws_iam_role.this")
    [trust] = json.loads(role["assume_role_policy"])["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert trust["Action"] == "sts:AssumeRole"
    assert role["permissions_boundary"] == BOUNDARY


# The schedule


@pytest.mark.requirement("FUN-3")
def test_a_schedule_calls_the_function_and_nobody_else_may(production: Plan) -> None:
    rule = values(production, "aws_cloudwatch_event_rule.schedule[0]")
    assert rule["name"] == "payments-prod-probe"
    assert rule["schedule_expression"] == "rate(1 minute)"
    target = values(production, "aws_cloudwatch_event_target.schedule[0]")
    assert (target["rule"], target["target_id"]) == ("payments-prod-probe", "function")
    permission = values(production, "aws_lambda_permission.schedule[0]")
    assert permission["action"] == "lambda:InvokeFunction"
    assert permission["function_name"] == "payments-prod-probe"
    assert permission["principal"] == "events.amazonaws.com"
    assert permission["source_account"] == "123456789012"
    assert permission["source_arn"] == (
        "arn:aws:events:eu-west-1:123456789012:rule/payments-prod-probe"
    )


@pytest.mark.requirement("FUN-1")
def test_without_a_schedule_nobody_may_call_the_function(smallest: Plan) -> None:
    assert addresses(smallest) == {
        "aws_cloudwatch_log_group.this",
        "aws_iam_role.this",
        'aws_iam_role_policy.this["logs"]',
        'aws_iam_role_policy.this["metrics"]',
        'aws_iam_role_policy.this["traces"]',
        "aws_lambda_function.this",
    }


@pytest.mark.requirement("STK-7")
def test_outputs_name_what_others_need(smallest: Plan, production: Plan) -> None:
    outputs = production["output_changes"]["this"]["after"]
    assert {key: outputs[key] for key in sorted(outputs)} == {
        "dead_letter_queue_name": "payments-prod-probe-failed",
        "function_name": "payments-prod-probe",
        "log_group_name": "/aws/lambda/payments-prod-probe",
        "metric_namespace": "payments-prod",
        "role_name": "payments-prod-probe",
        "schedule_rule_name": "payments-prod-probe",
    }
    assert set(production["output_changes"]["this"]["after_unknown"]) >= {
        "dead_letter_queue_arn",
        "function_arn",
        "log_group_arn",
        "role_arn",
    }
    assert smallest["output_changes"]["this"]["after"]["dead_letter_queue_name"] is None


# The package


@pytest.mark.requirement("FUN-1")
def test_building_again_gives_the_same_bytes(build: Any) -> None:
    assert build.pack(MODULE / "functions" / "probe") == PACKAGE.read_bytes()
    assert build.main(["--check"]) == 0


@pytest.mark.requirement("FUN-1")
def test_times_permissions_caches_and_order_of_a_checkout_change_no_byte(
    build: Any, tmp_path: Path
) -> None:
    copy = tmp_path / "probe"
    shutil.copytree(MODULE / "functions" / "probe", copy)
    (copy / "zeta.py").touch()
    (copy / "parts").mkdir()
    (copy / "parts" / "alpha.py").write_text("ALPHA = 1\n")
    before = build.pack(copy)
    os.utime(copy / "probe.py", (0, 2_000_000_000))
    (copy / "probe.py").chmod(stat.S_IRUSR)
    (copy / "__pycache__").mkdir(exist_ok=True)
    (copy / "__pycache__" / "probe.cpython-312.pyc").write_bytes(b"cache")
    assert build.pack(copy) == before
    packed = tmp_path / "packed.zip"
    packed.write_bytes(before)
    with zipfile.ZipFile(packed) as package:
        assert package.namelist() == ["parts/alpha.py", "probe.py", "zeta.py"]
        for entry in package.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.external_attr >> 16 == stat.S_IFREG | 0o644
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.create_system == 3


@pytest.mark.requirement("FUN-1")
def test_a_stale_package_is_named_and_written_again(
    build: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(MODULE / "functions", tmp_path / "functions")
    (tmp_path / "functions" / "probe" / "probe.py").write_text("print(1)\n")
    folder = ["--functions", str(tmp_path / "functions")]
    assert build.main(["--check", *folder]) == 1
    assert capsys.readouterr().err == "stale: probe.zip\n"
    assert build.main(folder) == 0
    assert capsys.readouterr().err == "written: probe.zip\n"
    assert build.main(["--check", *folder]) == 0
    with zipfile.ZipFile(tmp_path / "functions" / "probe.zip") as package:
        assert package.read("probe.py") == b"print(1)\n"


# Refusals


@pytest.mark.requirement("STK-3")
@pytest.mark.parametrize(
    "message",
    [
        'account_id must be 12 digits; got "12345".',
        "dead_letter_queue.retention_in_days must be 1 to 14; got 30.",
        (
            "environment_variables keys must be capitals, digits and underscores, and must not "
            "start with AWS_ or LAMBDA_, which belong to Lambda; got: AWS_REGION, lower."
        ),
        "environment_variables must not hold what the module sets itself; got: FUNCTION_NAME.",
        (
            "environment_variables must hold no secret, only where it is (PASSWORD_ARN instead of "
            "PASSWORD); got: API_TOKEN."
        ),
        (
            "function.name must be lower-case letters, digits and hyphens, starting with a letter "
            'and not ending with a hyphen; got "Settle_".'
        ),
        'function.handler must be <module>.<function>, such as probe.handler; got "run".',
        "in this module, which has: probe.",
        "limits.memory_in_mb must be a whole number from 128 to 10240; got 64.",
        "limits.timeout_in_seconds must be a whole number from 1 to 900; got 1000.",
        (
            "limits.reserved_concurrency must be a whole number from 1 (0 would stop the function) "
            "or null; got 0."
        ),
        "3288 or 3653; got 42.",
        'must not start with "AWS/", which belongs to AWS; got "AWS/Lambda".',
        'partition must be aws, aws-cn or aws-us-gov; got "azure".',
        "permissions_boundary_arn must be the ARN of an IAM policy",
        "prefix must be 3 to 40 lower-case letters, digits and hyphens",
        (
            "function.name must make, with the prefix, a name of at most 64 characters, the limit "
            "of functions, roles and rules; got 79: payments-dev-settleee"
        ),
        'region must be the name of a region, such as eu-west-1; got "nowhere".',
        (
            "schedule.expression must be rate(1 minute), rate(<number> minutes), the same with "
            'hours or days, or cron(...) with six fields; got "every minute".'
        ),
        "ManagedBy, Owner and Project; missing: CostCenter, ManagedBy.",
    ],
)
def test_a_wrong_input_is_refused_with_field_rule_and_value(refusal: str, message: str) -> None:
    assert message in refusal
