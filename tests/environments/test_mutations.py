"""Faults put into our own modules: rules or proofs name every one of them in the plan."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.environments.mutations import GROUPS, SURVIVORS

if TYPE_CHECKING:
    from tests.conftest import Project

pytestmark = [
    pytest.mark.requirement("TAP-3", "TST-1", "TST-2"),
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("mutations"),
]


@pytest.mark.parametrize("group", GROUPS)
def test_every_fault_that_is_put_into_a_module_is_named(own_project: Project, group: str) -> None:
    beside = SURVIVORS if group == "first" else ()
    for mutation in (*GROUPS[group], *beside):
        mutation.apply(own_project.directory)

    words = ("--target", "localstack", "--suffix", f"m{group[0]}")
    told = own_project.run("plan", "prod", *words).stderr

    survivors = [each.name for each in GROUPS[group] if not re.search(each.named, told)]
    assert survivors == [], told
    # What is named by now is no survivor any more: move it to a group.
    assert [each.name for each in beside if re.search(each.named, told)] == []


def test_there_are_at_least_thirty_faults_each_with_a_name_of_its_own() -> None:
    names = [mutation.name for group in GROUPS.values() for mutation in group]
    assert len(set(names)) == len(names) >= 30
