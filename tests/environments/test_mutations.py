"""Faults put into our own modules: rules or proofs name every one of them in the plan."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY
from tests.environments import mutations, wider_mutations
from tests.environments.wider_mutations import SURVIVORS
from tests.integration.live_grants import SURVIVORS as BY_HAND

if TYPE_CHECKING:
    from tap.testing.project import Project

pytestmark = [
    pytest.mark.requirement("TAP-3", "TST-1", "TST-2"),
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("mutations"),
]

GROUPS = {name: (*group, *wider_mutations.GROUPS[name]) for name, group in mutations.GROUPS.items()}
# With these, nothing else in the plan is about what they are named by.
BESIDE = {"apart": SURVIVORS}


@pytest.mark.parametrize("group", GROUPS)
def test_every_fault_that_is_put_into_a_module_is_named(own_project: Project, group: str) -> None:
    beside = BESIDE.get(group, ())
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


def test_the_document_lists_the_survivors_and_nothing_else() -> None:
    text = (REPOSITORY / "docs" / "concepts" / "mutations.md").read_text()
    listed = re.findall(r"^\| (.+?) \| (HCL|by hand) \|", text, re.MULTILINE)

    assert sorted(listed) == sorted(
        [*((each.name, "HCL") for each in SURVIVORS), *((each.name, "by hand") for each in BY_HAND)]
    )
