"""``tap test`` on modules that need no provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Tap

pytestmark = [pytest.mark.requirement("TST-1"), pytest.mark.timeout(120)]

TESTS = """\
run "says_hello" {
  command = plan

  assert {
    condition     = output.said == "%s"
    error_message = "It does not say it."
  }
}
"""


@pytest.fixture(autouse=True)
def leaf(project: Path) -> Path:
    """A module with one output and one test."""
    folder = project / "modules" / "leaf"
    (folder / "tests").mkdir(parents=True)
    (folder / "main.tf").write_text('output "said" {\n  value = "hello"\n}\n', encoding="utf-8")
    (folder / "tests" / "said.tftest.hcl").write_text(TESTS % "hello", encoding="utf-8")
    return folder


def test_passed_tests_are_counted(tap: Tap) -> None:
    done = tap("test")

    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("modules/leaf: 1 passed\n")


def test_a_test_that_fails_is_named(tap: Tap, leaf: Path) -> None:
    (leaf / "tests" / "said.tftest.hcl").write_text(TESTS % "goodbye", encoding="utf-8")

    done = tap("test", "leaf")

    assert done.returncode == 1
    assert "says_hello" in done.stderr


def test_a_module_that_has_no_tests_is_one_error(tap: Tap) -> None:
    done = tap("test", "branch")

    assert (done.returncode, done.stderr) == (
        2,
        (
            "Error: no module 'branch' with tests; there are: leaf\n"
            "Next: give one of these names, or none for all of them\n"
        ),
    )
