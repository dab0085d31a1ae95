from __future__ import annotations

import pytest

from tap.errors import PolicyError
from tap.proofs.access.facts import Facts, Resource, Role
from tap.proofs.access.intents import Intent, Judgement, judge, parse_intent
from tap.proofs.access.model import Kind, Policy
from tap.proofs.answer import Answer
from tests.unit.proofs.access.documents import (
    ACCOUNT,
    OTHER,
    ROOT,
    allow,
    attached,
    deny,
    policy,
    statement,
)

pytestmark = pytest.mark.requirement("TST-2", "SEC-3")

PREFIX = "shop-prod"
BUCKET = f"arn:aws:s3:::{PREFIX}-application-{ACCOUNT}"
LOGS = f"arn:aws:s3:::{PREFIX}-logs-{ACCOUNT}"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:rds!db-1"
KEY = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-application"
VIA = "s3.eu-west-1.amazonaws.com"
TLS_ONLY = statement(
    "Deny",
    "s3:*",
    [BUCKET, f"{BUCKET}/*"],
    Principal="*",
    Condition={"Bool": {"aws:SecureTransport": "false"}},
)
TRUST = statement("Allow", "sts:AssumeRole", None, Principal={"Service": "ec2.amazonaws.com"})
OWN = (
    allow(["s3:GetObject", "s3:PutObject"], f"{BUCKET}/data/*"),
    allow("s3:ListBucket", BUCKET, Condition={"StringLike": {"s3:prefix": "data/*"}}),
    allow("secretsmanager:GetSecretValue", SECRET),
    allow("kms:Decrypt", KEY, Condition={"StringEquals": {"kms:ViaService": VIA}}),
)
ALLOWED = [
    "allow app can s3:GetObject, s3:PutObject on app bucket/data/*",
    "allow app can s3:ListBucket on app bucket with s3:prefix=data/x",
    "allow app can secretsmanager:GetSecretValue on database secret",
    f"allow app can kms:Decrypt on data key with kms:ViaService={VIA}",
]


def resource(kind: str, name: str, arn: str, own: Policy | None = None) -> Resource:
    return Resource(kind=kind, names=(f"{PREFIX}-{name}",), arn=arn, account=ACCOUNT, policy=own)


def facts(*policies: Policy, boundary: Policy | None = None, bucket: Policy | None = None) -> Facts:
    """Return an environment with one role, which has these policies."""
    key = attached(statement("Allow", "kms:*", Principal={"AWS": ROOT}))
    role = Role(name=f"{PREFIX}-app", arn=ROLE, policies=policies or OWN, boundary=boundary)
    other = Role(name=f"{PREFIX}-probe", arn=ROLE.replace("application", "probe"))
    return Facts(
        account=ACCOUNT,
        roles=(role, other),
        resources=(
            resource("bucket", f"app-{ACCOUNT}", BUCKET, bucket or attached(TLS_ONLY)),
            resource("bucket", f"logs-{ACCOUNT}", LOGS),
            resource("secret", "database", SECRET),
            resource("key", "data", KEY, key),
            resource("role", "app", ROLE, policy(TRUST, kind=Kind.TRUST)),
        ),
    )


def answer(text: str, known: Facts, *others: str) -> Judgement:
    """Judge one intent among others."""
    return judge([parse_intent(text), *map(parse_intent, others)], known)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, Answer.PROVED) for text in ALLOWED),
        ("allow app can s3:GetObject on app bucket", Answer.REFUTED),
        ("allow app can s3:GetObject on app bucket/data*", Answer.REFUTED),
        ("allow app can s3:ListBucket on app bucket", Answer.REFUTED),
        ("allow app can s3:ListBucket on app bucket with s3:prefix=other/", Answer.REFUTED),
        ("allow app can kms:Decrypt on data key", Answer.REFUTED),
        ("allow app can s3:* on app bucket/data/*", Answer.REFUTED),
        ("allow ec2.amazonaws.com can sts:AssumeRole on app role", Answer.PROVED),
        ("allow lambda.amazonaws.com can sts:AssumeRole on app role", Answer.REFUTED),
        ("allow app can s3:GetObject on app bucket/data/* with aws:SecureTransport=false",
         Answer.REFUTED),
        ("deny app can iam:*", Answer.PROVED),
        ("deny app can *:PassRole on any role", Answer.PROVED),
        ("deny app can s3:DeleteObject on any bucket", Answer.PROVED),
        ("deny app can s3:* on logs bucket", Answer.PROVED),
        ("deny app can s3:GetObject on app bucket/other/*", Answer.PROVED),
        ("deny app can s3:GetObject on app bucket", Answer.REFUTED),
        ("deny app can s3:GetObject on app bucket with aws:SecureTransport=false", Answer.PROVED),
        ("deny app can kms:Decrypt on data key", Answer.REFUTED),
        ("deny app can kms:Decrypt on data key with kms:ViaService=ec2.amazonaws.com",
         Answer.PROVED),
        ("deny app can secretsmanager:GetSecretValue on other secrets", Answer.PROVED),
        ("deny app can s3:GetObject on other buckets", Answer.PROVED),
        ("deny app can kms:* on other keys", Answer.PROVED),
        ("deny app can anything else", Answer.PROVED),
        ("deny app can sts:AssumeRole on any roles", Answer.PROVED),
        ("deny probe can *", Answer.PROVED),
        ("deny app can secretsmanager:* on *", Answer.REFUTED),
        (f"deny app can s3:GetObject on {BUCKET}/data/?", Answer.REFUTED),
    ],
)  # fmt: skip
def test_an_intent_of_a_role_with_narrow_rights(text: str, expected: Answer) -> None:
    text = text.replace("*:PassRole", "iam:PassRole")

    assert answer(text, facts(), *ALLOWED).answer is expected


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (allow("*"), "deny app can iam:*"),
        (allow("iam:PassRole", ROLE), "deny app can iam:*"),
        (allow("i*:CreateUser"), "deny app can iam:*"),
        (policy({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}), "deny app can iam:*"),
        (allow("secretsmanager:GetSecretValue", f"{SECRET}*"),
         "deny app can secretsmanager:GetSecretValue on other secrets"),
        (allow("secretsmanager:Get*", f"arn:aws:secretsmanager:*:{ACCOUNT}:secret:??s*"),
         "deny app can secretsmanager:GetSecretValue on other secrets"),
        (policy({"Effect": "Allow", "Action": "secretsmanager:*", "NotResource": SECRET}),
         "deny app can secretsmanager:GetSecretValue on other secrets"),
        (allow("s3:GetObject", f"{BUCKET}/*"), "deny app can s3:GetObject on other buckets"),
        (allow("s3:GetObject", f"{BUCKET}/data*"), "deny app can anything else"),
        (allow("s3:GetObject", LOGS + "/*"), "deny app can s3:* on logs bucket"),
        (allow("kms:Decrypt", "*"), "deny app can kms:Decrypt on other keys"),
        (allow("sqs:SendMessage", "*", Condition={"StringEquals": {"aws:x": "1"}}),
         "deny app can anything else"),
        (allow("sts:AssumeRole", "*"), "deny app can sts:* on any roles"),
    ],
)  # fmt: skip
def test_one_policy_too_many_is_found(more: Policy, text: str) -> None:
    before = answer(text, facts(), *ALLOWED)
    after = answer(text, facts(*OWN, more), *ALLOWED)

    assert before.answer is Answer.PROVED
    assert after.answer is Answer.REFUTED
    assert "identity policy test" in "\n".join(after.lines())


def test_a_denial_or_a_boundary_takes_the_excess_away_again() -> None:
    wide = (*OWN, allow("*"))
    text = "deny app can iam:*"

    assert answer(text, facts(*wide, deny("iam:*"))).answer is Answer.PROVED
    assert answer(text, facts(*wide, boundary=allow("s3:*"))).answer is Answer.PROVED
    assert answer(text, facts(*wide, deny("iam:Get*"))).answer is Answer.REFUTED
    assert answer(text, facts(*wide, deny("iam:*", ROLE))).answer is Answer.REFUTED


def test_conditions_that_exclude_each_other_are_never_met_together() -> None:
    text = "deny app can sqs:*"
    one = {"StringEquals": {"aws:x": "1"}}

    contradiction = {**one, "StringNotLike": {"aws:x": "1*"}}
    assert answer(text, facts(allow("sqs:*", Condition=contradiction))).answer is Answer.PROVED
    under = facts(allow("sqs:*", Condition=one), deny("sqs:*", Condition=one))
    assert answer(text, under).answer is Answer.PROVED
    besides = facts(
        allow("sqs:*", Condition={"StringLike": {"aws:x": "1*"}}), deny("sqs:*", Condition=one)
    )
    found = answer(text, besides)
    assert found.answer is Answer.REFUTED
    assert found.finding.values["aws:x"] != ("1",)


def test_a_bucket_that_names_the_role_is_found() -> None:
    opened = attached(
        TLS_ONLY, statement("Allow", "s3:*", [BUCKET, f"{BUCKET}/*"], Principal={"AWS": ROLE})
    )
    found = answer("deny app can s3:DeleteObject on app bucket", facts(bucket=opened))

    assert found.answer is Answer.REFUTED
    assert found.lines()[1] == "Allow by statement 2 of resource policy test"


def test_what_a_policy_that_is_not_known_might_say_stays_unknown() -> None:
    later = Policy(name="later", kind=Kind.IDENTITY, unknown="only after the apply")

    found = answer("deny app can iam:*", facts(*OWN, later))

    assert found.answer is Answer.UNKNOWN
    assert "identity policy later is not known: only after the apply" in found.lines()
    assert answer(ALLOWED[2], facts(*OWN, later)).answer is Answer.UNKNOWN
    assert answer("deny app can iam:*", facts(later, deny("iam:*"))).answer is Answer.PROVED


def test_a_resource_that_depends_on_the_request_is_not_judged_by_its_form() -> None:
    variable = allow("s3:GetObject", "arn:aws:s3:::x/${aws:PrincipalTag/team}/*")

    found = answer("deny app can s3:GetObject on arn:aws:s3:::x/*", facts(variable))

    assert found.answer is Answer.UNKNOWN


def test_the_bucket_of_another_account_must_allow_too() -> None:
    foreign = f"arn:aws:sqs:eu-west-1:{OTHER}:q"
    role = facts(allow("sqs:*"))

    assert answer(f"allow app can sqs:SendMessage on {foreign}", role).answer is Answer.UNKNOWN
    assert answer(f"deny app can sqs:SendMessage on {foreign}", role).answer is Answer.REFUTED
    own = foreign.replace(OTHER, ACCOUNT)
    assert answer(f"allow app can sqs:SendMessage on {own}", role).answer is Answer.PROVED


def test_a_witness_says_who_may_do_what_and_under_which_circumstances() -> None:
    found = answer("deny app can kms:Decrypt on data key", facts())

    assert found.lines() == [
        f"allowed: {ROLE} kms:Decrypt on {KEY} with kms:viaservice={VIA}",
        "Allow by statement 1 of identity policy test",
        "Allow by statement 1 of resource policy test",
        "assuming that policies of resources outside of the environment do not name the caller",
        "assuming that nobody has given the caller a grant of a key",
    ]
    silent = answer("allow app can s3:DeleteObject on app bucket/data/*", facts())
    assert silent.lines()[1] == "no statement allows it"
    limited = answer(ALLOWED[2], facts(boundary=allow("s3:*")))
    assert limited.lines()[1] == "only the permissions boundary does not allow it"


def test_an_intent_is_read_word_by_word() -> None:
    text = "allow  app can s3:GetObject, s3:Put* on app bucket/a/* with aws:x=1|2 and aws:y=z"

    assert parse_intent(text) == Intent(
        text=" ".join(text.split()),
        allows=True,
        who="app",
        actions=("s3:GetObject", "s3:Put*"),
        what="app bucket/a/*",
        context={"aws:x": ("1", "2"), "aws:y": ("z",)},
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("permit app can iam:*", "not an intent about access: 'permit app can iam:*'"),
        ("allow app can iam:*", "does not say on what"),
        ("allow app can s3:* on other buckets", "does not say on what"),
        ("allow app can anything else", "can only be denied"),
        ("deny app can anything else on app bucket", "can only be denied"),
        ("deny app can read on app bucket", "'read' is no action"),
        ("deny app can s3:* on app bucket with aws:x", "'aws:x' is not KEY=VALUE"),
        ("deny app can s3:* on app table", "'app table' is no resource"),
        ("deny app can s3:* on lost bucket", "no bucket 'lost'; there are: shop-prod-app-"),
        ("deny nobody can s3:*", "no role 'nobody'; there are: shop-prod-app, shop-prod-probe"),
        ("deny app can s3:* on prod bucket", "more than one bucket 'prod'"),
    ],
)
def test_a_bad_intent_is_refused_with_the_part_that_is_bad(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        judge([parse_intent(text)], facts())

    assert message in caught.value.message


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Null": {"aws:x": "true"}}, Answer.REFUTED),
        ({"Null": {"aws:x": "true"}, "StringLike": {"aws:x": "*"}}, Answer.PROVED),
        ({"NumericGreaterThan": {"aws:x": "5"}}, Answer.REFUTED),
        ({"NumericGreaterThan": {"aws:x": "5"}, "NumericLessThan": {"aws:x": "3"}}, Answer.UNKNOWN),
        ({"IpAddress": {"aws:x": "10.0.0.0/8"}, "NotIpAddress": {"aws:x": "10.0.0.0/9"}},
         Answer.REFUTED),
        ({"ForAnyValue:StringEquals": {"aws:x": "a"}, "ForAllValues:StringEquals": {
            "aws:x": ["a", "b"]}}, Answer.REFUTED),
        ({"ArnLike": {"aws:x": "arn:aws:sns:*:1:*"}}, Answer.REFUTED),
        ({"DateGreaterThan": {"aws:x": "2026-01-01T00:00:00Z"}}, Answer.REFUTED),
        ({"StringEquals": {"aws:PrincipalAccount": OTHER}}, Answer.PROVED),
        ({"StringEquals": {"aws:username": "app"}}, Answer.PROVED),
    ],
)  # fmt: skip
def test_circumstances_are_searched_for_one_that_allows(
    condition: dict[str, dict[str, str]], expected: Answer
) -> None:
    known = facts(allow("sqs:SendMessage", Condition=condition))

    assert answer("deny app can sqs:*", known).answer is expected


def test_a_role_has_no_user_name_to_put_in_a_resource() -> None:
    own = facts(allow("s3:GetObject", "arn:aws:s3:::x/${aws:username}/*"))

    assert answer("deny app can s3:* on arn:aws:s3:::x/*", own).answer is Answer.PROVED


def test_a_variable_whose_value_is_known_is_put_in() -> None:
    own = facts(allow("s3:GetObject", "arn:aws:s3:::x/${aws:PrincipalAccount}/*"))

    inside = answer(f"deny app can s3:* on arn:aws:s3:::x/{ACCOUNT}/?", own)
    outside = answer(f"deny app can s3:* on arn:aws:s3:::x/{OTHER}/*", own)

    assert (inside.answer, outside.answer) == (Answer.REFUTED, Answer.PROVED)


def test_other_leaves_out_only_the_actions_that_are_allowed_there() -> None:
    reading = "allow app can s3:GetObject on app bucket/data/*"

    got = answer("deny app can s3:GetObject on other buckets", facts(), reading)
    put = answer("deny app can s3:PutObject on other buckets", facts(), reading)

    assert (got.answer, put.answer) == (Answer.PROVED, Answer.REFUTED)


def test_a_key_that_nobody_knows_may_refuse_what_iam_allows() -> None:
    role = facts(allow("kms:Decrypt"))
    elsewhere = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/elsewhere"

    assert answer(f"allow app can kms:Decrypt on {elsewhere}", role).answer is Answer.UNKNOWN
    assert answer(f"deny app can kms:Decrypt on {elsewhere}", role).answer is Answer.REFUTED


def test_short_names_stand_for_longer_ones() -> None:
    intent = parse_intent("allow web can s3:GetObject on files bucket/data/*")

    (found,) = judge([intent], facts(), {"web": "app", "files": "app"})

    assert found.answer is Answer.PROVED
