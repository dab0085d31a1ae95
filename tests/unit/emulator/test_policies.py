"""Policy statements and calls, as the evaluation logic of IAM describes them."""

from __future__ import annotations

from typing import Any

import pytest

from tap.emulator.policies import Call, decide

pytestmark = pytest.mark.requirement("TST-2")

BUCKET = "arn:aws:s3:::state"
ROOT = "arn:aws:iam::123456789012:root"


def put(**context: str) -> Call:
    """A put of one object by the account's root user."""
    return Call(
        action="s3:PutObject",
        resource=f"{BUCKET}/a[1].txt",
        principals=frozenset({ROOT, "123456789012"}),
        context={key.replace("__", ":"): (value,) for key, value in context.items()},
    )


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """A statement about every object of the bucket, unless told otherwise."""
    return {
        "Effect": effect,
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"{BUCKET}/*",
        **elements,
    }


def concerns(**elements: Any) -> bool:
    return decide([statement(**elements)], put()) is True


def meets(condition: dict[str, dict[str, Any]], **context: str) -> bool:
    return decide([statement(Condition=condition)], put(**context)) is True


def test_nothing_is_decided_without_a_statement_about_the_call() -> None:
    assert decide([], put()) is None
    assert decide([statement("Deny", Action="s3:GetObject")], put()) is None


def test_a_denial_beats_every_permission() -> None:
    assert decide([statement()], put()) is True
    assert decide([statement(), statement("Deny"), statement()], put()) is False


def test_actions_match_in_any_case_and_resources_do_not() -> None:
    assert concerns(Action=["s3:GetObject", "S3:putO?ject"])
    assert not concerns(Action="s3:Get*")
    assert concerns(Resource=[BUCKET, f"{BUCKET}/a[1]*"])
    assert not concerns(Resource=f"{BUCKET.upper()}/*")


def test_not_elements_match_the_rest() -> None:
    elements = statement()
    del elements["Action"], elements["Principal"], elements["Resource"]
    others = elements | {"NotAction": "s3:Get*", "NotResource": "arn:aws:s3:::other/*"}

    assert decide([others | {"NotPrincipal": {"AWS": "999999999999"}}], put()) is True
    assert decide([others | {"NotPrincipal": {"AWS": ROOT}}], put()) is None
    assert decide([others | {"NotAction": "s3:Put*"}], put()) is None


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": ROOT}, True),
        ({"AWS": ["999999999999", "123456789012"]}, True),
        ({"AWS": "999999999999"}, False),
        ({"Service": "logging.s3.amazonaws.com"}, False),
    ],
    ids=str,
)
def test_principals_are_compared_with_all_names_of_the_caller(
    principal: Any, *, expected: bool
) -> None:
    assert concerns(Principal=principal) is expected


@pytest.mark.parametrize(
    ("operator", "wanted", "actual", "expected"),
    [
        ("Bool", False, "false", True),
        ("Bool", "false", "true", False),
        ("StringEquals", ["a", "aws:kms"], "aws:kms", True),
        ("StringEquals", "AWS:KMS", "aws:kms", False),
        ("StringNotEquals", ["a", "aws:kms"], "aws:kms", False),
        ("StringNotEquals", "a", "aws:kms", True),
        ("StringEqualsIgnoreCase", "AWS:KMS", "aws:kms", True),
        ("StringLike", "aws:*", "aws:kms", True),
        ("StringNotLike", "aws:*", "aws:kms", False),
        ("NumericLessThan", 1.2, "1.1", True),
        ("NumericLessThan", "1.2", "1.2", False),
        ("NumericLessThanEquals", "1.2", "1.2", True),
        ("NumericGreaterThan", "9", "10", True),
        ("NumericGreaterThanEquals", "10", "9", False),
        ("NumericEquals", "10.0", "10", True),
        ("DateLessThan", "2030-01-01T00:00:00Z", "2029-12-31T23:59:59Z", True),
        ("DateGreaterThan", "2030-01-01T00:00:00Z", "1893456000", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("NotIpAddress", ["10.0.0.0/8", "127.0.0.1/32"], "127.0.0.1", False),
        ("ArnLike", "arn:aws:s3:::*", "arn:aws:s3:::state", True),
        ("ArnLike", "arn:aws:*", "arn:aws:s3:::state", False),
        ("ArnNotEquals", "arn:aws:iam::1:role/*", "arn:aws:iam::1:role/app", False),
        ("ForAnyValue:StringLike", ["x", "aws*"], "aws:kms", True),
        ("ForAllValues:StringEquals", ["x"], "aws:kms", False),
    ],
)
def test_condition_operators_compare_a_known_key(
    operator: str, wanted: Any, actual: str, *, expected: bool
) -> None:
    assert meets({operator: {"AWS:Key": wanted}}, aws__key=actual) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
    ],
)
def test_a_key_that_is_not_known_meets_negations_only(operator: str, *, expected: bool) -> None:
    assert meets({operator: {"aws:key": "x"}}) is expected


def test_null_asks_whether_a_key_is_known() -> None:
    assert meets({"Null": {"aws:key": "true"}})
    assert meets({"Null": {"aws:key": False}}, aws__key="x")
    assert not meets({"Null": {"aws:key": True}}, aws__key="x")


def test_all_conditions_must_be_met() -> None:
    both = {"Bool": {"aws:securetransport": "true"}, "StringEquals": {"aws:key": "x"}}

    assert meets(both, aws__securetransport="true", aws__key="x")
    assert not meets(both, aws__securetransport="true", aws__key="y")
    assert not meets(both, aws__securetransport="false", aws__key="x")


@pytest.mark.parametrize(
    ("operator", "wanted", "expected"),
    [
        ("StringEquals", ["x"], True),
        ("StringNotEquals", ["x"], False),
        ("ForAllValues:StringEquals", ["x"], False),
        ("ForAllValues:StringEquals", ["x", "y", "z"], True),
        ("ForAnyValue:StringEquals", ["y"], True),
    ],
)
def test_a_key_with_several_values_is_compared_as_a_set(
    operator: str, wanted: list[str], *, expected: bool
) -> None:
    call = Call(action="s3:PutObject", resource=f"{BUCKET}/a", context={"aws:tagkeys": ("x", "y")})

    decided = decide([statement(Condition={operator: {"aws:TagKeys": wanted}})], call)

    assert (decided is True) is expected
