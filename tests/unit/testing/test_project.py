"""How commands of tests are run, and with which variables."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tap.testing.forked import preloaded
from tap.testing.project import Ended, Project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.requirement("TST-1", "TAP-6")
@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, "1"),
        ({"TAP_TARGET": "localstack"}, "1"),
        ({"TAP_WARM_APPLY": "0"}, "0"),
        ({"TAP_TARGET": "aws"}, None),
    ],
)
def test_an_apply_of_a_test_shares_providers_only_on_an_emulator(
    tmp_path: Path, variables: dict[str, str], wanted: str | None
) -> None:
    assert Project(tmp_path, variables).environ().get("TAP_WARM_APPLY") == wanted


@pytest.mark.requirement("TST-1")
@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--version",), 0),
        (("rules", "--output", "json"), 0),
        (("plan", "nowhere"), 2),
        (("apply", "--no-such-option"), 2),
    ],
    ids=lambda value: value if isinstance(value, int) else value[0],
)
def test_a_command_ends_as_the_program_itself_does(
    tmp_path: Path, args: tuple[str, ...], code: int
) -> None:
    (tmp_path / "home").mkdir()
    project = Project(tmp_path, {"TAP_TERRAFORM": "/nowhere/terraform"})
    with project.start(*args) as process:
        stdout, stderr = process.communicate()
    assert project.run(*args, expected=code) == Ended(("tap", *args), code, stdout, stderr)


@pytest.mark.requirement("TST-1", "TAP-6")
def test_a_command_knows_the_secrets_and_the_folder_of_its_own_call_alone(tmp_path: Path) -> None:
    words = ("plan", "not-so-secret")
    for folder, secret, said in (
        ("first", "not-so-secret", "(redacted)"),
        ("second", "another-word", "not-so-secret"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tap.toml").write_text('project = "shop"\n')
        project = Project(tmp_path / folder, {"AWS_SECRET_ACCESS_KEY": secret})
        ended = project.run(*words, expected=2)
        assert f"'{said}'" in ended.stderr, ended.text
    assert "AWS_SECRET_ACCESS_KEY" not in os.environ


@pytest.mark.requirement("TST-1")
def test_what_is_imported_before_a_command_exists_and_is_not_the_command_line() -> None:
    # Python's server passes over a module that it does not find.
    names = preloaded()
    assert [name for name in names if find_spec(name) is None] == []
    assert "tap.policy.rules.s3" in names
    assert "tap.plan" in names
    program = "import sys; [__import__(name) for name in sys.argv[1:]]; print(*sys.modules)"
    imported = subprocess.run(
        [sys.executable, "-c", program, *names], capture_output=True, check=True, text=True
    ).stdout.split()
    assert [name for name in imported if name.startswith(("tap.cli", "moto"))] == []
