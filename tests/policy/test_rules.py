from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tap.policy import all_rules
from tests.policy.conftest import FIXTURES, Case, all_cases

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.policy import Finding, Rule


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.name)
def test_a_rule_finds_what_is_expected_of_it_and_nothing_else(
    case: Case, found: Callable[[Case], tuple[Finding, ...]]
) -> None:
    findings = list(found(case))
    said = "\n".join(f"{item.outcome} {item.address} {item.message}" for item in findings)
    assert bool(case.expected) == case.path.name.startswith("bad")
    for outcome, address, part in case.expected:
        fitting = [
            item
            for item in findings
            if (item.outcome, item.address) == (outcome, address) and part in item.message
        ]
        assert fitting, f"{case.name}: no {outcome} {address} {part!r} in:\n{said}"
        findings.remove(fitting[0])
    assert findings == [], f"{case.name}: more than expected:\n{said}"


@pytest.mark.requirement("TAP-3")
def test_every_rule_has_a_fixture_with_the_fault_and_one_without() -> None:
    cases = Counter((case.rule, case.path.name.startswith("bad")) for case in all_cases())
    wanted = {(rule.id, bad) for rule in all_rules() for bad in (True, False)}
    assert wanted - cases.keys() == set()
    assert {folder.name for folder in FIXTURES.iterdir()} == {rule.id for rule in all_rules()}


@pytest.mark.requirement("TAP-3")
@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_a_rule_says_why_and_what_to_do(rule: Rule) -> None:
    assert rule.title[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.rationale.endswith(".")
    assert rule.remediation.endswith("\n")
    assert len(set(rule.references)) == len(rule.references)
