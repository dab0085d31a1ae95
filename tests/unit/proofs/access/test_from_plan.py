from __future__ import annotations

import json
from typing import Any

import pytest

from tap.errors import PolicyError
from tap.plan import Plan
from tap.proofs.access.facts import Facts
from tap.proofs.access.from_plan import read_plan
from tap.proofs.access.model import Kind
from tests.unit.proofs.access.documents import ACCOUNT

pytestmark = pytest.mark.requirement("TST-2", "TAP-3")

DOCUMENT = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "a:b", "Resource": "*"}}
)
FOR_ALL = json.dumps(
    {"Statement": {"Effect": "Deny", "Principal": "*", "Action": "a:b", "Resource": "*"}}
)
TRUST = json.dumps({"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}})
CALLER = {
    "address": "data.aws_caller_identity.current",
    "mode": "data",
    "type": "aws_caller_identity",
    "name": "current",
    "values": {"account_id": ACCOUNT},
}


class Written:
    """A plan in the making."""

    def __init__(self) -> None:
        self.changes: list[Any] = []
        self.blocks: dict[str, Any] = {}
        self.data = [CALLER]

    def add(
        self,
        kind: str,
        label: str,
        /,
        *,
        index: Any = None,
        refers: dict[str, str] | None = None,
        unknown: tuple[str, ...] = (),
        actions: tuple[str, ...] = ("create",),
        provider: str = "aws",
        **values: Any,
    ) -> None:
        """Add a resource; ``refers`` are attributes that are not known, with what they refer to."""
        key = "" if index is None else f"[{json.dumps(index)}]"
        marks = dict.fromkeys((*unknown, *(refers or {})), True)
        self.changes.append(
            {
                "address": f"{kind}.{label}{key}",
                "mode": "managed",
                "type": kind,
                "name": label,
                "index": index,
                "change": {"actions": actions, "after": values, "after_unknown": marks},
            }
        )
        expressions = {each: {"constant_value": value} for each, value in values.items()}
        for attribute, target in (refers or {}).items():
            expressions[attribute] = {"references": [target]}
        self.blocks[f"{kind}.{label}"] = {
            "address": f"{kind}.{label}",
            "mode": "managed",
            "type": kind,
            "name": label,
            "provider_config_key": provider,
            "expressions": expressions,
        }

    def role(self, **more: Any) -> None:
        """Add the role that policies are for."""
        self.add("aws_iam_role", "app", name="app", assume_role_policy=TRUST, **more)

    def facts(self, **more: Any) -> Facts:
        """Read the plan."""
        plan = {
            "format_version": "1.2",
            "planned_values": {},
            "resource_changes": self.changes,
            "configuration": {"root_module": {"resources": list(self.blocks.values())}},
            "prior_state": {"values": {"root_module": {"resources": self.data}}},
        }
        return read_plan(Plan.decode(json.dumps(plan).encode()), region="eu-west-1", **more)


@pytest.fixture
def written() -> Written:
    return Written()


def test_a_role_has_all_policies_that_anything_gives_it(written: Written) -> None:
    written.role(inline_policy=[{"name": "in", "policy": DOCUMENT}])
    written.add("aws_iam_role", "other", name="other", assume_role_policy=TRUST)
    written.add("aws_iam_role_policy", "named", role="app", policy=DOCUMENT)
    written.add(
        "aws_iam_role_policy", "referring", policy=DOCUMENT, refers={"role": "aws_iam_role.app.id"}
    )
    written.add("aws_iam_role_policy", "foreign", role="other", policy=DOCUMENT)
    written.add("aws_iam_policy", "managed", name="m", policy=DOCUMENT)
    written.add(
        "aws_iam_role_policy_attachment",
        "a",
        role="app",
        refers={"policy_arn": "aws_iam_policy.managed.arn"},
    )
    written.add(
        "aws_iam_role_policy_attachment",
        "b",
        role="app",
        policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess",
    )

    app, other = written.facts().roles

    assert app.arn == f"arn:aws:iam::{ACCOUNT}:role/app"
    assert [(each.name, bool(each.unknown)) for each in app.policies] == [
        ("aws_iam_role.app", False),
        ("aws_iam_role_policy.named", False),
        ("aws_iam_role_policy.referring", False),
        ("aws_iam_policy.managed", False),
        ("arn:aws:iam::aws:policy/ReadOnlyAccess", True),
    ]
    assert [each.name for each in other.policies] == ["aws_iam_role_policy.foreign"]


def test_a_policy_that_terraform_does_not_know_yet_says_what_it_is_made_of(
    written: Written,
) -> None:
    written.role()
    written.add("aws_iam_role_policy", "late", role="app", refers={"policy": "aws_kms_key.k.arn"})

    ((policy,),) = [role.policies for role in written.facts().roles]
    assert (
        policy.unknown == "Terraform knows it only after the apply; it is made of aws_kms_key.k.arn"
    )


@pytest.mark.parametrize(
    ("given", "name", "unknown"),
    [
        ({"refers": {"permissions_boundary": "aws_iam_policy.limit.arn"}},
         "aws_iam_policy.limit", ""),
        ({"permissions_boundary": "arn:aws:iam::1:policy/x"}, "arn:aws:iam::1:policy/x",
         "its document is not in the plan"),
    ],
)  # fmt: skip
def test_a_boundary_is_read_or_said_to_be_elsewhere(
    written: Written, given: dict[str, Any], name: str, unknown: str
) -> None:
    written.add("aws_iam_policy", "limit", name="limit", policy=DOCUMENT)
    written.role(**given)

    (role,) = written.facts().roles

    assert role.boundary is not None
    assert (role.boundary.name, role.boundary.kind) == (name, Kind.BOUNDARY)
    assert role.boundary.unknown == unknown


def test_resources_have_the_policies_that_others_carry_for_them(written: Written) -> None:
    written.add("aws_s3_bucket", "b", bucket="data", unknown=("policy", "id"))
    written.add(
        "aws_s3_bucket_policy", "b", policy=FOR_ALL, refers={"bucket": "aws_s3_bucket.b.id"}
    )
    written.add("aws_s3_bucket", "bare", bucket="bare", unknown=("policy", "id"))
    written.add("aws_sns_topic", "t", name="alarms", unknown=("policy", "arn"))
    written.add("aws_sns_topic_policy", "t", policy=FOR_ALL, refers={"arn": "aws_sns_topic.t.arn"})
    written.add("aws_sqs_queue", "q", name="late", refers={"policy": "aws_sns_topic.t.arn"})

    found = {each.arn: each.policy for each in written.facts().resources}

    told = {arn: each and (each.name, bool(each.unknown)) for arn, each in found.items()}
    assert told == {
        "arn:aws:s3:::data": ("aws_s3_bucket_policy.b", False),
        "arn:aws:s3:::bare": None,
        f"arn:aws:sns:eu-west-1:{ACCOUNT}:alarms": ("aws_sns_topic_policy.t", False),
        f"arn:aws:sqs:eu-west-1:{ACCOUNT}:late": ("aws_sqs_queue.q", True),
    }


def test_keys_are_known_by_their_aliases_and_have_a_default_policy(written: Written) -> None:
    for index in ("a", "b"):
        written.add("aws_kms_key", "k", index=index, policy=FOR_ALL)
        written.add(
            "aws_kms_alias",
            "k",
            index=index,
            name=f"alias/x-{index}",
            refers={"target_key_id": "aws_kms_key.k.key_id"},
        )
    written.add("aws_kms_key", "bare", provider="aws.other", unknown=("policy",))

    a, b, bare = written.facts().resources

    assert (a.names, b.names) == (("x-a", 'aws_kms_key.k["a"]'), ("x-b", 'aws_kms_key.k["b"]'))
    assert a.arn == f'arn:aws:kms:eu-west-1:{ACCOUNT}:key/{{aws_kms_key.k["a"]}}'
    assert bare.arn == f"arn:aws:kms:*:{ACCOUNT}:key/{{aws_kms_key.bare}}"
    assert bare.policy is not None
    (statement,) = bare.policy.statements
    assert statement.principals is not None
    assert statement.principals.aws == (f"arn:aws:iam::{ACCOUNT}:root",)


def test_the_permissions_of_a_function_are_its_policy(written: Written) -> None:
    written.add("aws_lambda_function", "f", function_name="f", unknown=("arn",))
    written.add(
        "aws_lambda_permission",
        "p",
        function_name="f",
        action="lambda:InvokeFunction",
        principal="events.amazonaws.com",
        source_arn="arn:aws:events:x",
        source_account="1",
        statement_id="S",
    )
    written.add("aws_lambda_permission", "q", function_name="g", action="lambda:*", principal="*")

    (function,) = written.facts().resources

    assert function.policy is not None
    (statement,) = function.policy.statements
    assert statement.label == "S"
    assert [str(each) for each in statement.conditions] == [
        "AWS:SourceArn ArnLike arn:aws:events:x",
        "AWS:SourceAccount StringEquals 1",
    ]


def test_the_secret_of_a_master_password_is_known_by_its_database(written: Written) -> None:
    written.add("aws_db_instance", "d", identifier="shop", manage_master_user_password=True)
    written.add(
        "aws_db_instance",
        "e",
        identifier="old",
        manage_master_user_password=True,
        master_user_secret=[{"secret_arn": "arn:aws:secretsmanager:x"}],
    )
    written.add("aws_db_instance", "plain", identifier="plain")

    new, old = (each for each in written.facts().resources if each.kind == "secret")

    assert new.names == ("shop",)
    assert (
        new.arn == f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:rds!db-{{aws_db_instance.d}}"
    )
    assert old.arn == "arn:aws:secretsmanager:x"


def test_what_the_plan_destroys_is_no_fact(written: Written) -> None:
    written.role(actions=("delete",))

    assert written.facts() == Facts(account=ACCOUNT)


def test_a_plan_without_an_account_is_refused(written: Written) -> None:
    written.data = []

    with pytest.raises(PolicyError, match="does not say which account"):
        written.facts()
