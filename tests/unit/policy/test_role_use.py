"""Rules of roles: who may assume them, and what in a plan is given one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap.policy import Outcome, find_rule, judge
from tests.unit.policy.conftest import block, change

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.policy import Planned

pytestmark = pytest.mark.requirement("TAP-3", "SEC-1")

ROLE = "aws_iam_role.this"
OTHER = "aws_iam_role.other"
SERVICE = {"Service": "ec2.amazonaws.com"}


def statement(principal: Any, effect: str = "Allow", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "sts:AssumeRole", "Principal": principal, **more}


def role(*statements: dict[str, Any], address: str = ROLE) -> dict[str, Any]:
    after = {"name": "this", "assume_role_policy": json.dumps({"Statement": statements})}
    return change(address, after, unknown={"id": True, "arn": True})


def told(plan: Planned, rule: str) -> list[tuple[Outcome, str, str]]:
    found = judge([find_rule(rule)], plan=plan)
    return [(item.outcome, item.address, item.message) for item in found]


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        ([statement("*", "Deny"), statement(SERVICE)], None),
        ([statement("*", "Deny"), statement("*")], "it trusts * *"),
        ([statement({"AWS": "123456789012"})], "it trusts AWS 123456789012"),
        # Whoever knows the id, or has a second factor, and nobody else.
        ([statement({"AWS": "123456789012"},
                    Condition={"StringEquals": {"sts:ExternalId": "x"}})], None),
        ([statement({"AWS": "123456789012"},
                    Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})], None),
        ([statement({"AWS": "123456789012"},
                    Condition={"Bool": {"aws:SecureTransport": "true"}})],
         "it trusts AWS 123456789012"),
    ],
)  # fmt: skip
def test_a_role_trusts_whom_its_statements_allow(
    planned: Callable[..., Planned], statements: list[dict[str, Any]], message: str | None
) -> None:
    found = told(planned([role(*statements)], resources=[block(ROLE)]), "IAM-08")

    assert found == ([(Outcome.FAILED, ROLE, message)] if message else [])


@pytest.fixture
def idle(planned: Callable[..., Planned]) -> Callable[..., list[tuple[Outcome, str, str]]]:
    """Return a function: a user, its arguments -> what the rule says of two roles."""

    def make(
        address: str, after: dict[str, Any], unknown: dict[str, Any], written: dict[str, Any]
    ) -> list[tuple[Outcome, str, str]]:
        user = change(address, after, unknown=unknown)
        blocks = [block(ROLE), block(OTHER), block(address) | {"expressions": written}]
        roles = (role(statement(SERVICE), address=each) for each in (ROLE, OTHER))
        return told(planned([*roles, user], resources=blocks), "IAM-09")

    return make


def idle_as(address: str) -> tuple[Outcome, str, str]:
    return (Outcome.FAILED, address, 'nothing in the plan is given name = "this"')


def references(*names: str) -> dict[str, Any]:
    return {"references": [text for each in names for text in (f"{each}.arn", each)]}


def test_a_role_is_given_in_an_argument_whose_name_says_so(
    idle: Callable[..., list[tuple[Outcome, str, str]]],
) -> None:
    given: tuple[dict[str, Any], dict[str, Any]] = ({}, {"role": True, "note": True})

    assert idle("aws_lambda_function.this", *given, {"role": references(ROLE)}) == [idle_as(OTHER)]
    # A policy is about a role, and another argument may say anything of it.
    assert idle("aws_iam_role_policy.this", *given, {"role": references(ROLE)}) == [
        idle_as(OTHER), idle_as(ROLE),
    ]  # fmt: skip
    assert idle("aws_lambda_function.this", *given, {"note": references(ROLE)}) == [
        idle_as(OTHER), idle_as(ROLE),
    ]  # fmt: skip


def test_a_role_is_given_in_a_block_within_a_block(
    idle: Callable[..., list[tuple[Outcome, str, str]]],
) -> None:
    after: dict[str, Any] = {"rule": [{"destination": [{}]}]}
    unknown = {"rule": [{"destination": [{"replication_role": True}]}]}
    written = {"rule": [{"destination": [{"replication_role": references(ROLE)}]}]}

    assert idle("aws_bucket.this", after, unknown, written) == [idle_as(OTHER)]


def test_of_roles_among_which_something_chooses_each_may_be_given(
    idle: Callable[..., list[tuple[Outcome, str, str]]],
) -> None:
    written = {"role": {"references": [*references(ROLE, OTHER)["references"], "local.which"]}}
    message = "whether aws_lambda_function.this is given it is known only after apply"

    assert idle("aws_lambda_function.this", {}, {"role": True}, written) == [
        (Outcome.UNKNOWN, OTHER, message),
        (Outcome.UNKNOWN, ROLE, message),
    ]


def test_a_role_that_others_assume_is_not_looked_for_in_the_plan(
    planned: Callable[..., Planned],
) -> None:
    person = {"AWS": "arn:aws:iam::123456789012:role/a"}
    plan = planned([role(statement(SERVICE), statement(person))], resources=[block(ROLE)])

    assert told(plan, "IAM-09") == []
