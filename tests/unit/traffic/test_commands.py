"""``tap status``, ``tap shift``, ``tap rollback`` and ``tap emulator traffic`` on the emulator."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tap.traffic.metrics import read_shares
from tap.traffic.phases import green_share
from tap.traffic.switch import read_weights, wanted, write_weights
from tests.unit.traffic.stage import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.conftest import Tap
    from tests.unit.traffic.stage import Stage

pytestmark = [
    pytest.mark.requirement("TRF-1", "TRF-2", "TRF-3", "TRF-4"),
    pytest.mark.xdist_group("colored"),
    pytest.mark.timeout(300),
]


def told(stage: Stage, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = stage.run(*arguments, "--output", "json")
    assert done.returncode == code, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_traffic_is_made_up_moved_held_shown_and_taken_back(stage: Stage) -> None:
    made = told(stage, "emulator", "traffic", NAME, "--minutes", "3")
    assert (made["gate"]["name"], made["gate"]["state"]) == (stage.places.gate, "OK")
    assert made["colors"]["green"] == {"requests": 0, "errors": 0}
    assert made["colors"]["blue"]["requests"] > 1000

    held = told(stage, "shift", NAME, "--to", "canary", "--bake", "0s", code=4)
    assert (held["outcome"], held["phase"], held["weights"]) == (
        "stopped",
        "canary",
        {"blue": 90, "green": 10},
    )
    assert "it cannot be judged" in held["reason"]
    assert read_weights(stage.target, stage.places) == wanted(green_share(10), "listener")

    status = told(stage, "status", NAME)
    assert (status["agrees"], status["live"]["preview"]) == (True, "green")
    assert [entry["to"] for entry in status["record"]["history"]] == [10]
    assert status["evidence"]["probe_percent"] == 100

    back = stage.run("rollback", NAME)
    assert (back.returncode, back.stdout) == (0, "rolled-back: blue 100, green 0\n")
    assert read_weights(stage.target, stage.places) == wanted(green_share(0), "listener")


def test_errors_and_sick_targets_are_seen_by_the_gate_and_by_a_person(stage: Stage) -> None:
    write_weights(stage.target, stage.places, green_share(50))
    sick = ("--errors", "green=0.5", "--unhealthy", "green=1", "--minutes", "2")
    made = stage.run("emulator", "traffic", NAME, *sick)
    shown = stage.run("status", NAME)
    # For the other tests of this stage.
    green = stage.places.target_groups["green"]
    described = stage.client("elbv2").describe_target_health(TargetGroupArn=green)
    for each in described["TargetHealthDescriptions"]:
        one = {"target_group_arn": green, "target_id": each["Target"]["Id"]}
        stage.emulator.call("elbv2/health", **one)

    assert f"gate   {stage.places.gate} is ALARM: in ALARM: {NAME}-errors (" in made.stdout
    assert shown.returncode == 0
    assert f"{NAME}: record and live weights differ\n" in shown.stdout
    assert "green      1 healthy of 2 targets" in shown.stdout
    assert f"go back to blue: tap rollback {NAME}\n" in shown.stderr


def test_traffic_goes_on_until_it_is_interrupted(stage: Stage) -> None:
    since = datetime.now(UTC)
    command = [
        str(stage.world.tap.program),
        "emulator",
        "traffic",
        NAME,
        "--minutes",
        "1",
        "--follow",
    ]
    tap = stage.world.tap
    with subprocess.Popen(
        command, cwd=tap.project, env=tap.environ(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = ""
        while "going on with the live weights" not in line:
            line = process.stderr.readline()
            assert line, "it ended by itself"
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        assert process.stderr.read() == "no more requests come\n"
        assert process.wait() == 0
    shares = read_shares(stage.target, stage.places, since, datetime.now(UTC), period=1)
    assert sum(share.requests["blue"] for share in shares) > 0


def test_a_broken_record_is_named_and_a_rollback_makes_it_again(stage: Stage) -> None:
    ssm = stage.client("ssm")
    ssm.put_parameter(Name=stage.places.parameter, Type="String", Value="{", Overwrite=True)

    shown = stage.run("status", NAME)
    assert shown.stdout.startswith(f"{NAME}: the traffic record cannot be used\n")
    assert stage.run("rollback", NAME, "--to", "0").stdout == "initial: blue 100, green 0\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--auto", "--finish"), "one of --to PHASE, --auto and --finish has to be given"),
        (("--auto", "--bake", "soon"), "--bake 'soon' is no duration"),
        (("--to", "most"), "there is no phase 'most'"),
    ],
)
def test_what_cannot_be_asked_for_is_one_error(
    tap: Tap, looks: Path, words: tuple[str, ...], message: str
) -> None:
    done = tap("shift", "dev", "--simulate", str(looks), *words)

    assert done.returncode == 2
    assert f"Error: {message}\n" in done.stderr
    assert "\nNext: " in done.stderr


def test_a_simulated_shift_goes_all_the_way_or_says_what_it_would_do(tap: Tap, looks: Path) -> None:
    simulated = ("shift", "dev", "--simulate", str(looks), "--bake", "60s")

    moved = tap(*simulated, "--auto")
    assert (moved.returncode, moved.stdout) == (0, "complete: blue 0, green 100\n")

    previewed = tap(*simulated, "--to", "canary", "--dry-run")
    assert (previewed.returncode, previewed.stdout) == (0, "")

    refused = tap(*simulated, "--finish")
    assert refused.returncode == 4
    assert "Error: green has 0 % of the traffic; blue is needed until" in refused.stderr


@pytest.fixture
def looks(tmp_path: Path) -> Path:
    """A file of looks in which everything is well."""
    fine = {"requests": 5000, "errors": 5, "p99_seconds": 0.2}
    document = {"looks": [{"share": share, "blue": fine, "green": fine} for share in (10, 50, 100)]}
    file = tmp_path / "looks.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    return file
