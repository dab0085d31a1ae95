"""The guide for the first hour, command by command, on the prod that all tests share.

Its last commands are run by the test that destroys prod, and by tests/docs/test_commands.py.
"""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.docs.blocks import all_blocks, commands

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.testing.deployment import Deployment

GUIDE = "docs/guides/first-hour.md"

NAME = "prod"

pytestmark = [
    pytest.mark.requirement("DOC-1", "TRF-3"),
    pytest.mark.xdist_group(NAME),
    pytest.mark.timeout(900),
]


def test_the_guide_has_15_commands_at_most_and_a_test_for_each() -> None:
    blocks = [block for block in all_blocks() if block.document == GUIDE]

    assert 10 <= sum(len(block.commands) for block in blocks) <= 15
    assert not [block for block in blocks if block.not_run]


def test_prod_is_planned_and_applied(named_deployment: Callable[[str], Deployment]) -> None:
    prod = named_deployment("prod")
    assert prod.apply.returncode == 0

    assert [prod.planned.args[0], prod.apply.args[0]] == commands(GUIDE, "Plan and apply")
    assert "apply it with: tap apply prod" in prod.planned.stderr + prod.planned.stdout


def test_traffic_is_shifted_and_taken_back(applied: Deployment) -> None:
    background, *foreground = commands(GUIDE, "Shift traffic")
    project = applied.project
    with subprocess.Popen(
        ["bash", "-c", f"exec {background}"],
        cwd=project.directory,
        env=project.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as terminal:
        assert any(line.startswith("going on with the live") for line in terminal.stderr or ())
        try:
            before, rehearsed, _shifted, back, after = map(project.shell, foreground)
            terminal.send_signal(signal.SIGINT)
            terminal.communicate(timeout=60)
        finally:
            terminal.kill()

    assert before.stdout.startswith("prod: initial, green has 0 %")
    assert rehearsed.stderr.count("gates pass") == 3
    assert back.returncode == 0
    assert after.stdout.startswith("prod: rolled-back, green has 0 %")
    for step in ("0 % -> 10 %", "10 % -> 50 %", "50 % -> 100 %", "100 % -> 0 %"):
        assert f"  {step}  " in after.stdout
