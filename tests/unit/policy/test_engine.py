from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap.policy import Outcome, Severity, all_rules, find_rule, judge, resource_rule
from tests.unit.policy.conftest import change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.policy import Fault, Planned, Resource


@resource_rule("AB-01", Severity.HIGH, "It is off", "a", rationale="-", remediation="-")
def off(resource: Resource) -> Iterator[Fault]:
    if not resource.flag("on"):
        yield resource.fault(resource.quote("on"))
    if resource.number("size") == 0:
        yield resource.fault(resource.quote("size"))


@pytest.mark.requirement("TAP-3")
def test_what_is_not_known_is_an_outcome_of_its_own_and_ends_nothing_else(
    planned: Callable[..., Planned],
) -> None:
    plan = planned(
        [
            change("a.passes", {"on": True, "size": 1}),
            change("a.unknown", {}, unknown={"on": True}),
            change("a.half", {"on": False}, unknown={"size": True}),
            change("a.fails", {"on": False, "size": 0}),
        ]
    )
    found = judge([off], plan=plan)
    assert [(item.address, item.outcome, item.message) for item in found] == [
        ("a.fails", Outcome.FAILED, "on = false"),
        ("a.fails", Outcome.FAILED, "size = 0"),
        ("a.half", Outcome.FAILED, "on = false"),
        ("a.half", Outcome.UNKNOWN, "size is known only after apply"),
        ("a.unknown", Outcome.UNKNOWN, "on is known only after apply"),
    ]


@pytest.mark.requirement("TAP-3")
def test_a_rule_says_nothing_where_what_it_reads_is_not_at_hand() -> None:
    assert judge(all_rules()) == ()


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize(("identifier", "reference"), [("sg1", "CKV_AWS_1"), ("SG-01", "made up")])
def test_a_rule_has_an_id_and_references_of_a_known_form(identifier: str, reference: str) -> None:
    make = resource_rule(
        identifier, Severity.LOW, "T", rationale="-", remediation="-", references=(reference,)
    )
    with pytest.raises(ValueError, match=r"is like SG-01|unknown form"):
        make(lambda _: ())


@pytest.mark.requirement("TAP-3")
def test_a_rule_is_found_in_any_case_of_letters() -> None:
    assert find_rule("sg-01").id == "SG-01"
