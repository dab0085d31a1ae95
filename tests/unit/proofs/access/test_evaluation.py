"""Single requests, with the answers that the documentation of AWS gives.

The pages below https://docs.aws.amazon.com/IAM/latest/UserGuide/ by the letter in each case:
E  reference_policies_evaluation-logic_policy-eval-denyallow.html
X  reference_policies_evaluation-logic-cross-account.html
B  access_policies_boundaries.html
A  reference_policies_elements_action.html, ..._notaction.html
R  reference_policies_elements_resource.html, ..._notresource.html
P  reference_policies_elements_principal.html, ..._notprincipal.html
V  reference_policies_variables.html
C  reference_policies_elements_condition_operators.html
M  reference_policies_condition-single-vs-multi-valued-context-keys.html
K  https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tap.proofs.access.conditions import Context
from tap.proofs.access.evaluation import Guard, Request, Verdict, decide
from tap.proofs.access.model import Kind, Policy
from tap.proofs.access.principals import Caller
from tests.unit.proofs.access.documents import (
    ACCOUNT,
    BUCKET,
    KEY,
    OBJECT,
    OTHER,
    ROLE,
    ROOT,
    SESSION,
    USER,
    allow,
    attached,
    deny,
    policy,
    statement,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.requirement("TST-2", "SEC-3")

APP = Caller(arn=ROLE, account=ACCOUNT, session=SESSION)
ADA = Caller(arn=USER, account=ACCOUNT)
EC2 = Caller(service="ec2.amazonaws.com")
ALLOWED, DENIED, UNKNOWN = Verdict.ALLOWED, Verdict.DENIED, Verdict.UNKNOWN


@dataclass(frozen=True)
class Case:
    """What is asked of which policies, and the answer."""

    name: str
    answer: Verdict
    policies: tuple[Policy, ...] = ()
    caller: Caller = APP
    action: str = "s3:GetObject"
    resource: str = OBJECT
    context: Mapping[str, tuple[str, ...] | None] = field(default_factory=dict)
    boundary: Policy | None = None
    guard: Guard | None = None
    is_open: bool = False


def on(*statements: Any, account: str = "", required: bool = False) -> Guard:
    """Return the policy of a resource."""
    return Guard(policy=attached(*statements), account=account, required=required)


def granted(to: Any, effect: str = "Allow", action: str = "s3:GetObject") -> Any:
    """Return a statement of a resource's policy."""
    return statement(effect, action, Principal=to)


def trust(*principals: Any) -> Guard:
    """Return the trust policy of a role."""
    found = [statement("Allow", "sts:AssumeRole", None, Principal=each) for each in principals]
    return Guard(policy=policy(*found, kind=Kind.TRUST), required=True)


def key(*statements: Any) -> Guard:
    """Return the policy of a key."""
    return on(*statements, required=True)


def when(operator: str, name: str, value: Any) -> tuple[Policy, ...]:
    """Return a policy that allows under one condition."""
    return (allow(Condition={operator: {name: value}}),)


def by(text: str, answer: Verdict, operator: str, wanted: Any, *values: str) -> Case:
    """Return a case of one condition on ``aws:x``; no value is a missing key."""
    context = {"aws:x": values} if values else {}
    return Case(f"C {text}", answer, when(operator, "aws:x", wanted), context=context)


ONLY_ROLE = {"AWS": ROLE}
USE: dict[str, Any] = {"caller": APP, "action": "kms:Decrypt", "resource": KEY}
TAKE: dict[str, Any] = {
    "action": "sts:AssumeRole",
    "resource": f"arn:aws:iam::{ACCOUNT}:role/target",
}

CASES = [
    Case("E nothing allows it", DENIED),
    Case("E an identity policy allows it", ALLOWED, (allow(),)),
    Case("E a denial beats an allowance", DENIED, (allow(), deny())),
    Case("E the order does not matter", DENIED, (deny(), allow())),
    Case("E a denial of something else", ALLOWED, (allow(), deny("s3:PutObject"))),
    Case("E the resource's policy alone", ALLOWED, guard=on(granted(ONLY_ROLE))),
    Case("E the resource's policy denies", DENIED, (allow(),), guard=on(granted("*", "Deny"))),
    Case("E an account in a resource's policy grants nothing itself", DENIED, guard=on(
        granted({"AWS": ROOT}))),
    Case("E an account with an identity policy", ALLOWED, (allow(),), guard=on(
        granted({"AWS": ACCOUNT}))),
    Case("E a silent resource's policy takes nothing away", ALLOWED, (allow(),), guard=on(
        granted({"AWS": OTHER}))),
    Case("B a boundary grants nothing", DENIED, boundary=allow()),
    Case("B both allow", ALLOWED, (allow(),), boundary=allow("s3:*")),
    Case("B a boundary without the action", DENIED, (allow(),), boundary=allow("ec2:*")),
    Case("B a boundary that denies", DENIED, (allow(),), boundary=policy(
        statement("Allow", "*"), statement("Deny", "s3:*"))),
    Case("E a role in a resource's policy is limited by its boundary", DENIED, guard=on(
        granted(ONLY_ROLE)), boundary=allow("ec2:*")),
    Case("E a session in a resource's policy is not", ALLOWED, guard=on(
        granted({"AWS": SESSION})), boundary=allow("ec2:*")),
    Case("E a user in a resource's policy is not", ALLOWED, caller=ADA, guard=on(
        granted({"AWS": USER})), boundary=allow("ec2:*")),
    Case("E an explicit denial in a boundary limits a session too", DENIED, guard=on(
        granted({"AWS": SESSION})), boundary=deny()),
    Case("X another account's resource without its policy", DENIED, (allow(),), guard=Guard(
        account=OTHER)),
    Case("X another account's policy alone", DENIED, guard=on(
        granted(ONLY_ROLE), account=OTHER)),
    Case("X both accounts", ALLOWED, (allow(),), guard=on(granted(ONLY_ROLE), account=OTHER)),
    Case("X both accounts, by naming the account", ALLOWED, (allow(),), guard=on(
        granted({"AWS": ACCOUNT}), account=OTHER)),
    Case("A case does not matter", ALLOWED, (allow("S3:getobject"),)),
    Case("A a star", ALLOWED, (allow("s3:Get*"),)),
    Case("A a question mark is one character", DENIED, (allow("s3:GetObjec?t"),)),
    Case("A of another service", DENIED, (allow("s4:GetObject"),)),
    Case("A every action", ALLOWED, (allow("*"),)),
    Case("A NotAction leaves out", DENIED, (policy(
        {"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "*"}),)),
    Case("A NotAction allows the rest", ALLOWED, (policy(
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),)),
    Case("R a bucket is not its objects", DENIED, (allow(resource=BUCKET),)),
    Case("R objects are not the bucket", DENIED, (allow("s3:*", f"{BUCKET}/*"),),
         resource=BUCKET, action="s3:ListBucket"),
    Case("R a star reaches across slashes", ALLOWED, (allow(resource=f"{BUCKET}/*"),),
         resource=f"{BUCKET}/a/b/c"),
    Case("R a bucket whose name begins alike", DENIED, (allow(resource=f"{BUCKET}/*"),),
         resource="arn:aws:s3:::data-2/a"),
    Case("R case matters", DENIED, (allow(resource=OBJECT.upper().replace("ARN:AWS:S3",
         "arn:aws:s3")),)),
    Case("R NotResource in a denial", DENIED, (allow(), policy(
        {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"}))),
    Case("R NotResource spares", ALLOWED, (allow(), policy(
        {"Effect": "Deny", "Action": "s3:*", "NotResource": f"{BUCKET}/*"}))),
    Case("P everybody", ALLOWED, guard=on(granted("*"))),
    Case("P everybody, as AWS", ALLOWED, guard=on(granted({"AWS": "*"}))),
    Case("P another role", DENIED, guard=on(granted({"AWS": ROLE + "2"}))),
    Case("P no wildcards within an ARN", DENIED, guard=on(granted({"AWS": ROLE[:-1] + "*"}))),
    Case("P a service", ALLOWED, caller=EC2, guard=on(granted({"Service": EC2.service}))),
    Case("P another service", DENIED, caller=EC2, guard=on(
        granted({"Service": "lambda.amazonaws.com"}))),
    Case("P a role is no service", DENIED, guard=on(granted({"Service": EC2.service}))),
    Case("P NotPrincipal spares who is named as session, role and account", ALLOWED, (allow(),),
         guard=on(statement("Deny", NotPrincipal={"AWS": [ROLE, SESSION, ROOT]}))),
    Case("P NotPrincipal denies who is named in part", DENIED, (allow(),),
         guard=on(statement("Deny", NotPrincipal={"AWS": [ROOT]}))),
    Case("P NotPrincipal spares a user with its account", ALLOWED, (allow(),), caller=ADA,
         guard=on(statement("Deny", NotPrincipal={"AWS": [USER, ROOT]}))),
    Case("B NotPrincipal in a denial hits everybody with a boundary", DENIED, (allow(),),
         boundary=allow(), guard=on(
             statement("Deny", NotPrincipal={"AWS": [ROLE, SESSION, ROOT]}))),
    Case("P NotPrincipal in an allowance leaves out", DENIED, caller=ADA, guard=on(
        statement("Allow", NotPrincipal={"AWS": [USER, ROOT]}))),
    Case("K a key whose policy is silent", DENIED, (allow("kms:*"),), **USE, guard=key(
        granted({"AWS": OTHER}, action="kms:*"))),
    Case("K a key that leaves it to IAM", ALLOWED, (allow("kms:*"),), **USE, guard=key(
        granted({"AWS": ROOT}, action="kms:*"))),
    Case("K a key that leaves it to IAM, which is silent", DENIED, **USE, guard=key(
        granted({"AWS": ROOT}, action="kms:*"))),
    Case("K a key that leaves another action to IAM", DENIED, (allow("kms:*"),), **USE, guard=key(
        granted({"AWS": ROOT}, action="kms:Describe*"))),
    Case("K a key that names the role", ALLOWED, **USE, guard=key(
        granted(ONLY_ROLE, action="kms:Decrypt"))),
    Case("K a key through a service only, asked directly", DENIED, (allow("kms:*"),), **USE,
         guard=key(statement("Allow", "kms:*", Principal={"AWS": ROOT}, Condition={
             "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}))),
    Case("K a key through a service only, asked by it", ALLOWED, (allow("kms:*"),), **USE,
         context={"kms:viaservice": ("s3.eu-west-1.amazonaws.com",)},
         guard=key(statement("Allow", "kms:*", Principal={"AWS": ROOT}, Condition={
             "StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}))),
    Case("K an encryption context", DENIED, **USE, guard=key(statement(
        "Allow", "kms:*", Principal=ONLY_ROLE, Condition={
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": f"{BUCKET}*"}})),
         context={"kms:encryptioncontext:aws:s3:arn": ("arn:aws:s3:::other",)}),
    Case("E a trust policy that names a service", ALLOWED, caller=EC2, **TAKE, guard=trust(
        {"Service": EC2.service})),
    Case("E a trust policy must name the principal", DENIED, (allow("sts:*"),), **TAKE,
         guard=trust({"Service": EC2.service})),
    Case("E a trust policy that names a role of its account", ALLOWED, **TAKE, guard=trust(
        ONLY_ROLE)),
    Case("E a trust policy that names its account asks for IAM too", DENIED, **TAKE, guard=trust(
        {"AWS": ROOT})),
    Case("V a variable", ALLOWED, (allow(resource=f"{BUCKET}/${{aws:username}}/*"),), caller=ADA,
         resource=f"{BUCKET}/ada/x", context={"aws:username": ("ada",)}),
    Case("V another value", DENIED, (allow(resource=f"{BUCKET}/${{aws:username}}/*"),),
         caller=ADA, resource=f"{BUCKET}/bob/x", context={"aws:username": ("ada",)}),
    Case("V a missing value matches nothing", DENIED,
         (allow(resource=f"{BUCKET}/${{aws:username}}*"),), resource=f"{BUCKET}/x"),
    Case("V a default", ALLOWED, (allow(resource=f"{BUCKET}/${{aws:username, 'all'}}/*"),),
         resource=f"{BUCKET}/all/x"),
    Case("V the old version has none", DENIED, (policy(statement(
        "Allow", resource=f"{BUCKET}/${{aws:username}}/*"), version="2008-10-17"),),
         resource=f"{BUCKET}/ada/x", context={"aws:username": ("ada",)}),
    Case("V an escaped star is a star", DENIED,
         when("StringLike", "aws:x", "a${*}"), context={"aws:x": ("ab",)}),
    Case("V an escaped star takes a star", ALLOWED,
         when("StringLike", "aws:x", "a${*}"), context={"aws:x": ("a*",)}),
    by("equal", ALLOWED, "StringEquals", "a", "a"),
    by("one of several", ALLOWED, "StringEquals", ["b", "a"], "a"),
    by("case matters", DENIED, "StringEquals", "a", "A"),
    by("case is ignored", ALLOWED, "StringEqualsIgnoreCase", "a", "A"),
    by("no wildcard in an equality", DENIED, "StringEquals", "a*", "ab"),
    by("wildcard", ALLOWED, "StringLike", "a*", "ab"),
    by("a missing key is not equal", DENIED, "StringEquals", "a"),
    by("a missing key is not like anything", DENIED, "StringLike", "*"),
    by("a missing key meets a negation", ALLOWED, "StringNotEquals", "a"),
    by("a negation means none of the values", DENIED, "StringNotEquals", ["a", "b"], "b"),
    by("a negation holds for each of several values", DENIED, "StringNotEquals", "a", "b", "a"),
    by("not like", DENIED, "StringNotLike", "a*", "ab"),
    by("if it exists, and does not", ALLOWED, "StringEqualsIfExists", "a"),
    by("if it exists, and is another", DENIED, "StringEqualsIfExists", "a", "b"),
    by("null wants it missing", ALLOWED, "Null", "true"),
    by("null wants it missing, and it is there", DENIED, "Null", "true", "a"),
    by("null wants it there", ALLOWED, "Null", "false", "a"),
    by("a truth in any case", ALLOWED, "Bool", "TRUE", "true"),
    by("a truth without value", DENIED, "Bool", "false"),
    by("a number", ALLOWED, "NumericLessThanEquals", 10, "10"),
    by("numbers are not compared as text", ALLOWED, "NumericLessThan", "10", "9"),
    by("what is no number", DENIED, "NumericLessThan", "10", "x"),
    by("a date", ALLOWED, "DateGreaterThan", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    by("a date in seconds", DENIED, "DateLessThan", "2026-01-01T00:00:00Z", "1800000000"),
    by("an address in a network", ALLOWED, "IpAddress", "10.0.0.0/8", "10.1.2.3"),
    by("an address outside", DENIED, "IpAddress", "10.0.0.0/8", "11.1.2.3"),
    by("an address is not in any", ALLOWED, "NotIpAddress", ["10.0.0.0/8"], "11.1.2.3"),
    by("an address of IPv6", ALLOWED, "IpAddress", "2001:db8::/32", "2001:db8::1"),
    by("an ARN part by part", DENIED, "ArnLike", "arn:aws:sns:*:1:t", "arn:aws:sns:a:b:1:t"),
    by("ArnEquals takes wildcards too", ALLOWED, "ArnEquals", "arn:aws:s3:::d*", BUCKET),
    by("ArnNotLike", DENIED, "ArnNotLike", "arn:aws:s3:::d*", BUCKET),
    by("all values", ALLOWED, "ForAllValues:StringEquals", ["a", "b"], "a", "b"),
    by("not all values", DENIED, "ForAllValues:StringEquals", ["a", "b"], "a", "c"),
    by("all of none", ALLOWED, "ForAllValues:StringEquals", "a"),
    by("any value", ALLOWED, "ForAnyValue:StringEquals", ["a"], "b", "a"),
    by("any of none", DENIED, "ForAnyValue:StringEquals", "a"),
    by("any of none, negated", DENIED, "ForAnyValue:StringNotEquals", "a"),
    by("any value that is another", ALLOWED, "ForAnyValue:StringNotEquals", "a", "a", "b"),
    by("all values are others", DENIED, "ForAllValues:StringNotEquals", "a", "a", "b"),
    Case("C all keys and operators must be met", DENIED, (allow(Condition={
        "StringEquals": {"aws:x": "1", "aws:y": "1"}, "Bool": {"aws:z": "true"}}),),
         context={"aws:x": ("1",), "aws:y": ("1",), "aws:z": ("false",)}),
    Case("C the name of a key in any case", ALLOWED, when("StringEquals", "AWS:sourceACCOUNT",
         ACCOUNT), context={"aws:sourceaccount": (ACCOUNT,)}),
    Case("C insecure transport is denied", DENIED, (allow(),), guard=on(statement(
        "Deny", "s3:*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})),
         context={"aws:securetransport": ("false",)}),
    Case("C a value that is not known yet", UNKNOWN, when("StringEquals", "aws:x", "a"),
         context={"aws:x": None}),
    Case("C a value that is not known, and allowed otherwise", ALLOWED, (
        *when("StringEquals", "aws:x", "a"), allow()), context={"aws:x": None}),
    Case("C a denial that is not certain", UNKNOWN, (allow(), deny(Condition={
        "StringEquals": {"aws:x": "a"}})), context={"aws:x": None}),
    Case("C a denial that is not certain of what nothing allows", DENIED, (deny(Condition={
        "StringEquals": {"aws:x": "a"}}),), context={"aws:x": None}),
    Case("C circumstances that are left open", UNKNOWN, when("StringEquals", "aws:x", "a"),
         is_open=True),
    Case("E a policy that is not known", UNKNOWN, (Policy(
        name="later", kind=Kind.IDENTITY, unknown="after the apply"),)),
    Case("E a policy that is not known cannot lift a denial", DENIED, (deny(), Policy(
        name="later", kind=Kind.IDENTITY, unknown="after the apply"))),
    Case("E a policy that is not known might deny", UNKNOWN, (allow(), Policy(
        name="later", kind=Kind.IDENTITY, unknown="after the apply"))),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_request_gets_the_documented_answer(case: Case) -> None:
    request = Request(
        caller=case.caller,
        action=case.action,
        resource=case.resource,
        context=Context(values=case.context, open=case.is_open),
    )

    found = decide(request, case.policies, boundary=case.boundary, guard=case.guard)

    assert found.verdict is case.answer


def test_the_witness_of_a_denial_is_the_statement_that_denies() -> None:
    policies = [allow(), policy(statement("Deny", "s3:*", Sid="Never"))]

    found = decide(Request(caller=APP, action="s3:GetObject", resource=OBJECT), policies)

    assert list(map(str, found.witnesses)) == ["Deny by statement Never of identity policy test"]


def test_a_denial_by_the_boundary_alone_is_told_from_one_by_silence() -> None:
    request = Request(caller=APP, action="s3:GetObject", resource=OBJECT)

    assert decide(request, [allow()], boundary=allow("ec2:*")).limited
    assert not decide(request, [], boundary=allow("ec2:*")).limited


def test_the_witness_of_an_open_answer_names_the_condition() -> None:
    request = Request(
        caller=APP, action="s3:GetObject", resource=OBJECT, context=Context(open=True)
    )

    found = decide(request, when("StringLike", "aws:x", ["a*", "b"]))

    assert [str(each) for each in found.witnesses] == [
        "Allow by statement 1 of identity policy test if aws:x StringLike a* | b"
    ]
