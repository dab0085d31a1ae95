from __future__ import annotations

from typing import Any

import pytest

from tap.errors import PolicyError
from tap.proofs.access.facts import Facts, Resource
from tap.proofs.access.intents import Judgement, judge, parse_intent
from tap.proofs.access.model import Kind, Policy
from tap.proofs.access.outsiders import outsiders
from tap.proofs.answer import Answer
from tests.unit.proofs.access.documents import ACCOUNT, KEY, OTHER, ROLE, ROOT, attached, statement
from tests.unit.proofs.access.documents import policy as written

pytestmark = pytest.mark.requirement("TST-2", "SEC-3")

BUCKET = "arn:aws:s3:::shop-data"
NOBODY = "000000000000"
INTENT = "deny outsiders can anything"


def facts(kind: str = "bucket", arn: str = BUCKET, own: Policy | None = None) -> Facts:
    """Return an environment that has one thing."""
    resource = Resource(kind=kind, names=("shop-data",), arn=arn, account=ACCOUNT, policy=own)
    return Facts(account=ACCOUNT, resources=(resource,))


def asked(known: Facts, text: str = INTENT) -> Judgement:
    return judge([parse_intent(text)], known)[0]


def to(principal: Any, action: str = "s3:GetObject", **more: Any) -> Policy:
    """Return a policy of the bucket that lets somebody in."""
    return attached(statement("Allow", action, f"{BUCKET}/*", Principal=principal, **more))


@pytest.mark.parametrize(
    ("own", "caller"),
    [
        (to("*"), NOBODY),
        (to({"AWS": "*"}), NOBODY),
        (to({"AWS": OTHER}), OTHER),
        (to({"AWS": f"arn:aws:iam::{OTHER}:root"}), OTHER),
        (to({"AWS": f"arn:aws:iam::{OTHER}:role/partner"}), "role/partner"),
        (to({"AWS": [ROOT, f"arn:aws:iam::{OTHER}:user/eve"]}), "user/eve"),
        (attached(statement("Allow", "s3:*", "*", NotPrincipal={"AWS": ROOT})), NOBODY),
        (to("*", Condition={"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}), NOBODY),
        (to("*", Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}), NOBODY),
    ],
)
def test_whoever_lets_another_account_in_is_named(own: Policy, caller: str) -> None:
    found = asked(facts(own=own))

    assert found.answer is Answer.REFUTED
    assert caller in found.lines()[0]
    assert any("resource policy test" in line for line in found.lines())


@pytest.mark.parametrize(
    "own",
    [
        None,
        to({"AWS": ROOT}),
        to({"AWS": ROLE}),
        to({"Service": "s3.amazonaws.com"}),
        to("*", Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}),
        to("*", Condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}}),
        attached(statement("Deny", "s3:*", "*", Principal="*")),
        attached(
            statement("Allow", "s3:*", "*", Principal={"AWS": OTHER}),
            statement("Deny", "s3:*", "*", Principal="*"),
        ),
    ],
)
def test_what_is_for_the_account_alone_is_closed_to_outsiders(own: Policy | None) -> None:
    assert asked(facts(own=own)).answer is Answer.PROVED


def test_a_key_is_closed_as_long_as_its_policy_names_nobody_else() -> None:
    own = attached(statement("Allow", "kms:*", Principal={"AWS": ROOT}))
    shared = attached(
        statement("Allow", "kms:*", Principal={"AWS": ROOT}),
        statement("Allow", "kms:Decrypt", Principal={"AWS": OTHER}),
    )

    assert asked(facts("key", KEY, own)).answer is Answer.PROVED
    assert asked(facts("key", KEY, shared)).answer is Answer.REFUTED
    assert asked(facts("key", KEY, shared), "deny outsiders can kms:Encrypt").answer is (
        Answer.PROVED
    )


def test_a_role_that_trusts_another_account_is_named() -> None:
    trust = written(
        statement("Allow", "sts:AssumeRole", None, Principal={"AWS": OTHER}), kind=Kind.TRUST
    )
    found = asked(facts("role", ROLE, trust))

    assert found.answer is Answer.REFUTED
    assert found.lines()[0] == (
        f"allowed: arn:aws:iam::{OTHER}:user/outsider sts:AssumeRole on {ROLE}"
    )


def test_a_policy_that_is_not_known_yet_is_not_known_to_keep_outsiders_out() -> None:
    unknown = Policy(name="of it", kind=Kind.RESOURCE, unknown="it is made by the apply")

    assert asked(facts(own=unknown)).answer is Answer.UNKNOWN


def test_every_account_that_a_policy_names_is_an_outsider_but_ones_own() -> None:
    found = outsiders(facts(own=to({"AWS": [ROOT, OTHER, f"arn:aws:iam::{OTHER}:role/partner"]})))

    assert [each.account for each in found] == [NOBODY, OTHER, OTHER]
    assert {each.arn.rpartition(":")[2] for each in found} == {"user/outsider", "role/partner"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("allow outsiders can s3:GetObject on app bucket", "outsiders can only be denied"),
        ("allow app can anything", "'anything' can only be denied"),
        ("deny outsiders can anything on app bucket", "and on all resources"),
    ],
)
def test_what_cannot_be_asked_of_outsiders_is_refused(text: str, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_intent(text)
