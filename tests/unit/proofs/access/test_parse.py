from __future__ import annotations

from typing import Any

import pytest

from tap.errors import PolicyError
from tap.proofs.access.model import Condition, Effect, Kind
from tap.proofs.access.parse import parse_policy

pytestmark = pytest.mark.requirement("TAP-7")

GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
FOR_ALL: dict[str, Any] = {**GOOD, "Principal": "*"}


def read(document: Any, kind: Kind = Kind.IDENTITY) -> Any:
    return parse_policy(document, name="of app", kind=kind)


@pytest.mark.parametrize(
    ("document", "kind", "message"),
    [
        ("{", Kind.IDENTITY, "Expecting property name"),
        ("[]", Kind.IDENTITY, "the document is [], not an object"),
        ({"Version": "2012-10-17"}, Kind.IDENTITY, "it has no Statement"),
        ({"Version": "2013-01-01", "Statement": []}, Kind.IDENTITY, "Version is '2013-01-01'"),
        ({"Statement": [], "Version": "2012-10-17", "Statements": []}, Kind.IDENTITY,
         "the document has the unknown element 'Statements'"),
        ({"Statement": ["x"]}, Kind.IDENTITY, 'statement 1 is "x", not an object'),
        ({"Statement": {**GOOD, "Effect": "allow"}}, Kind.IDENTITY, "Effect is 'allow'"),
        ({"Statement": {**GOOD, "Actions": "s3:*"}}, Kind.IDENTITY, "element 'Actions'"),
        ({"Statement": {**GOOD, "NotAction": "s3:*"}}, Kind.IDENTITY, "both Action and NotAction"),
        ({"Statement": {"Effect": "Allow", "Resource": "*"}}, Kind.IDENTITY, "it has no Action"),
        ({"Statement": {**GOOD, "Action": []}}, Kind.IDENTITY, "Action is empty"),
        ({"Statement": {**GOOD, "Action": "GetObject"}}, Kind.IDENTITY,
         "action 'GetObject' is not SERVICE:NAME"),
        ({"Statement": {**GOOD, "Action": 3}}, Kind.IDENTITY, "Action is 3, not text"),
        ({"Statement": {"Effect": "Deny", "Action": "*"}}, Kind.IDENTITY, "it has no Resource"),
        ({"Statement": {**GOOD, "Resource": "my-bucket"}}, Kind.IDENTITY,
         "resource 'my-bucket' is neither an ARN nor *"),
        ({"Statement": FOR_ALL}, Kind.IDENTITY, "Principal is not allowed"),
        ({"Statement": GOOD}, Kind.RESOURCE, "it needs either Principal or NotPrincipal"),
        ({"Statement": FOR_ALL}, Kind.TRUST, "a trust policy has no Resource"),
        ({"Statement": {**GOOD, "Principal": {"Aws": "x"}}}, Kind.RESOURCE, "element 'Aws'"),
        ({"Statement": {**GOOD, "Sid": "Read", "Condition": {"StringIs": {"a:b": "c"}}}},
         Kind.IDENTITY, "statement Read: unknown condition operator 'StringIs'"),
        ({"Statement": {**GOOD, "Condition": {"ForSome:StringLike": {"a:b": "c"}}}},
         Kind.IDENTITY, "unknown condition operator 'ForSome:StringLike'"),
        ({"Statement": {**GOOD, "Condition": {"StringLike": "c"}}}, Kind.IDENTITY,
         'StringLike is "c", not an object'),
        ({"Statement": {**GOOD, "Condition": {"StringLike": {"a:b": {}}}}}, Kind.IDENTITY,
         "StringLike a:b is {}, not text"),
    ],
)  # fmt: skip
def test_what_iam_would_refuse_is_refused_with_its_place(
    document: Any, kind: Kind, message: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        read(document, kind)

    assert caught.value.message.startswith(f"{kind} of app is not usable: ")
    assert message in caught.value.message
    assert "grammar" in caught.value.hint


def test_a_document_is_read_in_full() -> None:
    found = read(
        {
            "Version": "2012-10-17",
            "Id": "x",
            "Statement": [
                {
                    "Effect": "Deny",
                    "NotAction": ["s3:Get*", "s3:List*"],
                    "NotResource": "arn:aws:s3:::a",
                    "NotPrincipal": {"AWS": ["1", "2"], "Service": "a.b", "Federated": "c"},
                    "Condition": {"ForAllValues:StringNotLikeIfExists": {"aws:x": ["a", 3, True]}},
                }
            ],
        },
        Kind.RESOURCE,
    )

    (statement,) = found.statements
    assert (statement.label, statement.effect) == ("1", Effect.DENY)
    assert (statement.actions.patterns, statement.actions.negated) == (
        ("s3:Get*", "s3:List*"),
        True,
    )
    assert (statement.resources.patterns, statement.resources.negated) == (
        ("arn:aws:s3:::a",),
        True,
    )
    principals = statement.principals
    assert (principals.aws, principals.services) == (("1", "2"), ("a.b",))
    assert (principals.others, principals.negated) == (("c",), True)
    assert statement.conditions == (
        Condition(
            operator="StringNotLike",
            key="aws:x",
            values=("a", "3", "true"),
            quantifier="ForAllValues",
            if_exists=True,
        ),
    )
    assert str(statement.conditions[0]) == ("aws:x ForAllValues:StringNotLikeIfExists a | 3 | true")


def test_a_document_without_a_version_is_of_the_first_one() -> None:
    assert not read({"Statement": GOOD}).variables
    assert read({"Version": "2012-10-17", "Statement": GOOD}).variables
