"""Shifts by the real command on an applied prod, with made-up traffic."""

from __future__ import annotations

import json
import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.integration.traffic.applied import green, places_of, record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap.testing.deployment import Deployment
    from tap.testing.project import Ended

NAME = "prod"

pytestmark = [
    pytest.mark.requirement("TRF-3", "TRF-4"),
    pytest.mark.xdist_group(NAME),
    pytest.mark.timeout(900),
]


@contextmanager
def traffic(deployment: Deployment, *words: str) -> Iterator[None]:
    """Let requests come while something is tried."""
    numbers = words if "--requests" in words else ("--requests", "60000", *words)
    with deployment.project.start("emulator", "traffic", NAME, "--follow", *numbers) as process:
        assert any(line.startswith("going on with the live") for line in process.stderr or ())
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate()


def changes(deployment: Deployment, folder: Path) -> list[object]:
    """Plan, and leave no plan that somebody else would apply."""
    words = ("--out", str(folder / "plan"), "--output", "json")
    ended = deployment.project.run("plan", NAME, *words)
    return list(json.loads(ended.stdout)["changes"])


def shift(deployment: Deployment, *words: str, expected: int = 0, bake: str = "6s") -> Ended:
    return deployment.project.run("shift", NAME, *words, "--bake", bake, expected=expected)


@pytest.mark.requirement("TRF-1", "TRF-2")
def test_traffic_moves_step_by_step_and_back_and_terraform_sees_no_change(
    applied: Deployment, tmp_path: Path
) -> None:
    with traffic(applied):
        dry = shift(applied, "--auto", "--dry-run")
        before = green(applied)
        shift(applied, "--to", "canary")
        seen = [green(applied)]
        planned = changes(applied, tmp_path)
        left_out = shift(applied, "--to", "complete", expected=2)
        done = json.loads(shift(applied, "--auto", "--output", "json").stdout)
        seen.append(green(applied))
    told = json.loads(applied.project.run("status", NAME, "--output", "json").stdout)
    applied.project.run("rollback", NAME)

    assert dry.stderr.count("gates pass") == 3
    assert before == 0
    assert seen == [10, 100]
    assert planned == []
    assert "legal moves: initial (0 %), half (50 %)" in left_out.stderr
    assert (done["outcome"], done["phase"]) == ("done", "complete")
    assert [(step["from"], step["to"]) for step in done["steps"]] == [(10, 50), (50, 100)]
    assert {step["verdict"]["outcome"] for step in done["steps"]} == {"pass"}
    assert all(step["evidence"]["colors"]["green"]["requests"] > 100 for step in done["steps"])
    assert told["agrees"]
    moves = [(each["from"], each["to"]) for each in told["record"]["history"][-3:]]
    assert moves == [(0, 10), (10, 50), (50, 100)]
    assert green(applied) == 0
    assert record(applied)["phase"] == "rolled-back"


@pytest.mark.requirement("MON-2", "FUN-3")
@pytest.mark.parametrize(
    ("words", "bake", "reason"),
    [
        (
            ("--errors", "green=0.3"),
            "6s",
            r"[23]\d\.\d\d % of green's \d+ requests failed, and 0.00 % of",
        ),
        # Latency takes 1000 requests of green.
        (
            ("--latency", "green=3"),
            "14s",
            r"green's p99 is 3\.\d+ s, blue's 0\.\d+ s; 0\.\d+ s are tol",
        ),
    ],
    ids=["errors", "latency"],
)
def test_a_green_that_serves_worse_is_taken_back(
    applied: Deployment, words: tuple[str, ...], bake: str, reason: str
) -> None:
    with traffic(applied, *words):
        ended = shift(applied, "--auto", expected=4, bake=bake)

    assert "Error: green failed at 10 %; it was taken back to 0 %\n" in ended.stderr
    assert re.search(reason, ended.stderr.replace("29.", "30.").replace("28.", "30.")), ended.text
    assert green(applied) == 0
    assert record(applied)["phase"] == "rolled-back"
    assert record(applied)["history"][-1]["why"].startswith("failed: ")
    kept = ended.stderr.partition("evidence: ")[2].partition("\n")[0]
    with open(kept) as stream:  # noqa: PTH123
        assert json.load(stream)["verdict"]["outcome"] == "fail"


def test_a_green_with_sick_targets_gets_nothing(applied: Deployment) -> None:
    with traffic(applied, "--unhealthy", "green=1"):
        ended = shift(applied, "--auto", expected=4)

    assert "Error: held before green gets 10 %; nothing was moved\n" in ended.stderr
    assert "green has 2 healthy targets; 10 % of the traffic takes 3" in ended.stderr
    assert green(applied) == 0


def test_an_alarm_keeps_the_gate_closed(applied: Deployment) -> None:
    applied.project.run("emulator", "traffic", NAME, "--probe", "50")
    ended = shift(applied, "--to", "canary", expected=4)

    assert "the alarm that gates shifts is closed: in ALARM: payments-prod-probe" in ended.stderr
    assert "50 % of the probes succeeded; 90 % are needed" in ended.stderr
    assert green(applied) == 0


def test_too_few_requests_are_held_and_not_judged(applied: Deployment) -> None:
    with traffic(applied, "--requests", "60"):
        ended = shift(applied, "--auto", expected=4)

    assert "Error: held at 10 %: it cannot be judged\n" in ended.stderr
    assert re.search(r"green had \d requests; 100 are needed to judge", ended.stderr)
    assert green(applied) == 10
    assert record(applied)["history"][-1]["why"].startswith("held: ")


@pytest.mark.requirement("TRF-5")
def test_blue_ends_at_the_finish_and_is_back_before_a_rollback(
    applied: Deployment, tmp_path: Path
) -> None:
    scaling, name = applied.client("autoscaling"), places_of(applied).scaling_groups["blue"]

    def bounds() -> tuple[int, int, int]:
        (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])[
            "AutoScalingGroups"
        ]
        return group["MinSize"], group["DesiredCapacity"], group["MaxSize"]

    before = bounds()
    with traffic(applied):
        early = shift(applied, "--finish", expected=4)
        shift(applied, "--auto")
        shift(applied, "--finish")
    finished = bounds()
    planned = changes(applied, tmp_path)
    back = applied.project.run("rollback", NAME)

    assert "green has 0 % of the traffic; blue is needed until it has 100 %" in early.stderr
    assert finished == (0, 0, 0)
    assert planned == []
    assert "blue has no capacity: bringing it back first" in back.stderr
    assert bounds() == before
    assert green(applied) == 0
