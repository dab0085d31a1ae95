"""What holds for all policies, and an outside opinion: the policy engine of the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap.emulator import policies as emulator
from tap.proofs.access.conditions import Context
from tap.proofs.access.evaluation import Request, Verdict, decide
from tap.proofs.access.facts import Facts, Role
from tap.proofs.access.principals import Caller
from tap.proofs.access.questions import always, never
from tap.proofs.access.requests import Question
from tap.proofs.answer import Answer
from tests.unit.proofs.access.documents import ACCOUNT, ROLE, policy, statement

if TYPE_CHECKING:
    from tap.proofs.access.model import Policy

pytestmark = pytest.mark.requirement("TST-2", "SEC-3")

APP = Caller(arn=ROLE, account=ACCOUNT)
ORDER = {Verdict.DENIED: 0, Verdict.UNKNOWN: 1, Verdict.ALLOWED: 2}
QUICK = settings(max_examples=120, deadline=None)

ACTIONS = st.sampled_from(["*", "s3:*", "s3:Get*", "s3:GetObject", "s3:?etObject", "iam:*"])
RESOURCES = st.sampled_from(
    ["*", "arn:aws:s3:::a", "arn:aws:s3:::a/*", "arn:aws:s3:::*b", "arn:aws:s3:::a/?"]
)
CONDITIONS = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:x": ["1", "2"]}},
        {"StringNotEquals": {"aws:x": "1"}},
        {"StringLike": {"aws:x": "1*"}},
        {"StringEqualsIfExists": {"aws:x": "2"}},
        {"Null": {"aws:x": "true"}},
        {"ForAllValues:StringLike": {"aws:x": ["1", "2*"]}},
        {"ForAnyValue:StringEquals": {"aws:x": ["1"]}},
        {"Bool": {"aws:y": "true"}},
        {"NumericLessThan": {"aws:x": "2"}},
        {"ArnLike": {"aws:y": "arn:aws:s3:::a*"}},
        {"IpAddress": {"aws:y": "10.0.0.0/8"}},
        {"NotIpAddress": {"aws:y": "10.0.0.0/8"}},
        {"StringEquals": {"aws:x": "1"}, "StringNotLike": {"aws:y": "t*"}},
    ]
)


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> Any:
    """Draw a statement of an identity's policy."""
    which = effect or draw(st.sampled_from(["Allow", "Deny"]))
    found = statement(which, draw(st.lists(ACTIONS, min_size=1, max_size=2)), draw(RESOURCES))
    for name in ("Action", "Resource"):
        if draw(st.integers(0, 5)) == 0:
            found[f"Not{name}"] = found.pop(name)
    return {**found, "Condition": draw(CONDITIONS)}


VALUES = st.sampled_from([(), ("1",), ("2",), ("2", "1"), ("12",), ("10.1.1.1",)])
TRUTHS = st.sampled_from([(), ("true",), ("false",), ("10.1.1.1",), ("arn:aws:s3:::ab",)])


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Draw a request of the role; of some keys the value is not known."""
    drawn = {"aws:x": draw(VALUES | st.none()), "aws:y": draw(TRUTHS | st.none())}
    return Request(
        caller=APP,
        action=draw(st.sampled_from(["s3:GetObject", "s3:PutObject", "iam:PassRole"])),
        resource=draw(st.sampled_from(["arn:aws:s3:::a", "arn:aws:s3:::a/b", "arn:aws:s3:::a/bc"])),
        context=Context(values=drawn),
    )


MANY = st.lists(statements(), max_size=5)


@QUICK
@given(MANY, statements("Deny"), requests())
def test_one_more_denial_never_allows_more(found: Any, more: Any, request: Request) -> None:
    before = decide(request, [policy(*found)]).verdict
    after = decide(request, [policy(*found, more)]).verdict

    assert ORDER[after] <= ORDER[before]


@QUICK
@given(MANY, statements("Allow"), requests())
def test_one_more_allowance_never_denies_more(found: Any, more: Any, request: Request) -> None:
    before = decide(request, [policy(*found)]).verdict
    after = decide(request, [policy(*found, more)]).verdict

    assert ORDER[after] >= ORDER[before]


@QUICK
@given(MANY, MANY, requests())
def test_a_boundary_never_allows_more(found: Any, limit: Any, request: Request) -> None:
    free = decide(request, [policy(*found)]).verdict
    bounded = decide(request, [policy(*found)], boundary=policy(*limit)).verdict

    assert ORDER[bounded] <= ORDER[free]


@QUICK
@given(MANY, requests(), st.randoms(use_true_random=False))
def test_order_and_partition_of_statements_do_not_matter(
    found: Any, request: Request, chance: Any
) -> None:
    shuffled = [policy(each) for each in chance.sample(found, len(found))]

    assert decide(request, shuffled).verdict is decide(request, [policy(*found)]).verdict


@QUICK
@given(MANY, requests())
def test_what_is_certain_stays_so_when_more_is_known(found: Any, request: Request) -> None:
    answer = decide(request, [policy(*found)]).verdict
    for value in [(), ("1",), ("true",), ("10.9.9.9",)]:
        values = {key: value if old is None else old
                  for key, old in request.context.values.items()}  # fmt: skip
        fuller = Request(
            caller=APP,
            action=request.action,
            resource=request.resource,
            context=Context(values=values),
        )
        assert answer in {Verdict.UNKNOWN, decide(fuller, [policy(*found)]).verdict}


def facts(*found: Policy) -> Facts:
    """Return the facts of one role."""
    return Facts(account=ACCOUNT, roles=(Role(name="app", arn=ROLE, policies=found),))


@QUICK
@given(MANY, requests())
def test_what_never_happens_is_allowed_in_no_single_case(found: Any, request: Request) -> None:
    known = facts(policy(*found))
    question = Question(role=known.roles[0], actions=("s3:*",), resources=("arn:aws:s3:::a*",))
    values = {key: value or () for key, value in request.context.values.items()}
    single = Request(
        caller=APP,
        action=request.action,
        resource=request.resource,
        context=Context(values=values),
    )
    allowed = decide(single, [policy(*found)]).verdict is Verdict.ALLOWED
    is_inside = request.action.startswith("s3:")

    answer = never(known, question).answer

    assert not (answer is Answer.PROVED and allowed and is_inside)


@QUICK
@given(MANY)
def test_a_refuted_denial_shows_a_request_that_is_allowed(found: Any) -> None:
    known = facts(policy(*found))
    question = Question(role=known.roles[0], actions=("*",), resources=("arn:aws:s3:::a*",))

    finding = never(known, question)

    if finding.answer is Answer.REFUTED:
        assert finding.request is not None
        assert decide(finding.request, [policy(*found)]).verdict is Verdict.ALLOWED


@QUICK
@given(MANY, requests())
def test_what_is_always_allowed_is_allowed_in_every_single_case(
    found: Any, request: Request
) -> None:
    known = facts(policy(*found))
    values = {key: value or () for key, value in request.context.values.items()}
    question = Question(
        role=known.roles[0], actions=("s3:*",), resources=("arn:aws:s3:::a*",), context=values
    )
    if request.action.startswith("s3:") and always(known, question).answer is Answer.PROVED:
        single = Request(
            caller=APP,
            action=request.action,
            resource=request.resource,
            context=Context(values=values),
        )
        assert decide(single, [policy(*found)]).verdict is Verdict.ALLOWED


@settings(max_examples=300, deadline=None)
@given(MANY, requests())
def test_the_emulator_has_the_same_opinion(found: Any, request: Request) -> None:
    values = {key: value for key, value in request.context.values.items() if value}
    call = emulator.Call(action=request.action, resource=request.resource, context=values)
    closed = Request(
        caller=APP, action=request.action, resource=request.resource, context=Context(values=values)
    )

    opinion = emulator.decide(_without_pitfalls(found), call)

    ours = decide(closed, [policy(*_without_pitfalls(found))]).verdict
    assert (ours is Verdict.ALLOWED) == (opinion is True)


def _without_pitfalls(found: list[Any]) -> list[Any]:
    """Leave out what the emulator's engine does not know: values that are no number or address."""
    typed = {"NumericLessThan", "IpAddress", "NotIpAddress"}
    return [each for each in found if not typed & each["Condition"].keys()]
