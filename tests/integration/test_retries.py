"""What passes by itself is tried again by commands that only read, and by no other."""

from __future__ import annotations

import re
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.integration.faults import FaultProxy, Faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.testing.project import Ended, Project
    from tests.integration.faults import Kind
    from tests.integration.stage import Stage

pytestmark = [pytest.mark.requirement("TAP-6"), pytest.mark.timeout(120)]

MAIN = """
resource "terraform_data" "this" {
  input = "content"
}
"""
# The SDK inside of the backend gives up at once, so that tap's own attempts are what is seen.
IMPATIENT = """
terraform {
  required_version = "~> 1.11"

  backend "s3" {
    max_retries = 1
  }
}
"""

# The first call of every command. (Struck while a lock is held, a call may leave the lock behind.)
LISTING = r"^s3:GET /[^/]+$"


@pytest.fixture(scope="module")
def environments(stage: Stage) -> Stage:
    for name in ("calm", "fresh", "planned", "broken"):
        folder = stage.environment(name, MAIN)
        (folder / "impatient_override.tf").write_text(IMPATIENT)
    stage.project.run("apply", "calm")
    stage.project.run("init", "planned")
    return stage


@contextmanager
def proxied(stage: Stage) -> Iterator[tuple[FaultProxy, Project]]:
    proxy = FaultProxy(stage.endpoint)
    with proxy.serving() as endpoint:
        yield proxy, stage.through(endpoint)


def again(ended: Ended) -> list[str]:
    """Return what was said about further attempts, without the seconds."""
    lines = [line for line in ended.stderr.splitlines() if "trying again" in line]
    return [re.sub(r"in \d+\.\d s", "in N s", line) for line in lines]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("throttle", "throttled"),
        ("error", "a fault of the service"),
        ("reset", "connection lost"),
        ("lost", "connection lost"),
    ],
)
def test_a_plan_is_tried_again_and_the_user_is_told(
    environments: Stage, kind: Kind, name: str
) -> None:
    with proxied(environments) as (proxy, project):
        proxy.inject(Faults(first=1, kinds=(kind,), operations=LISTING))
        ended = project.run("plan", "calm")

    assert again(ended) == [f"{name}; trying again in N s (2 of 4)"]
    assert "No changes." in ended.stdout
    assert environments.locks("calm") == set()


def test_throttling_of_the_lock_table_is_waited_out_without_leaving_the_other_lock(
    environments: Stage,
) -> None:
    with proxied(environments) as (proxy, project):
        proxy.inject(Faults(first=1, kinds=("throttle",), operations="^dynamodb:PutItem"))
        ended = project.run("plan", "calm")

    assert again(ended) == ["throttled; trying again in N s (2 of 4)"]
    assert environments.locks("calm") == set()


@pytest.mark.parametrize("command", ["init", "output", "drift"])
def test_other_reading_commands_are_tried_again(environments: Stage, command: str) -> None:
    name = "fresh" if command == "init" else "calm"
    with proxied(environments) as (proxy, project):
        # Another endpoint is another backend, so that init has to run first.
        project.run("init", "calm")
        proxy.inject(Faults(first=1, kinds=("throttle",), operations=LISTING))
        ended = project.run(command, name)

    assert again(ended) == ["throttled; trying again in N s (2 of 4)"]


@pytest.mark.requirement("TAP-7")
def test_after_the_last_attempt_the_failure_is_told_as_it_is(environments: Stage) -> None:
    with proxied(environments) as (proxy, project):
        proxy.inject(Faults(rate=1, kinds=("throttle",), operations=LISTING))
        ended = project.run("plan", "calm", expected=1, TAP_RETRIES="2")

    assert again(ended) == ["throttled; trying again in N s (2 of 2)"]
    assert "Error: terraform plan failed:" in ended.stderr
    assert "api error SlowDown: Please reduce your request rate." in ended.stderr
    assert proxy.struck.total() == 2


def test_one_attempt_means_that_nothing_is_repeated(environments: Stage) -> None:
    with proxied(environments) as (proxy, project):
        proxy.inject(Faults(rate=1, kinds=("error",), operations=LISTING))
        ended = project.run("plan", "calm", expected=1, TAP_RETRIES="1")

    assert again(ended) == []
    assert proxy.struck.total() == 1


def test_an_apply_is_never_repeated(environments: Stage) -> None:
    with proxied(environments) as (proxy, project):
        project.run("plan", "planned")
        proxy.inject(Faults(rate=1, kinds=("throttle",), operations="^dynamodb:PutItem"))
        ended = project.run("apply", "planned", expected=1)

    assert again(ended) == []
    assert proxy.struck.total() == 1
    assert "Error: terraform apply failed:" in ended.stderr


def test_a_mistake_in_the_configuration_is_never_repeated(environments: Stage) -> None:
    folder = environments.project.directory / "environments" / "broken"
    (folder / "mistake.tf").write_text(
        'output "wrong" {\n  value = terraform_data.nothing.output\n}\n'
    )
    ended = environments.project.run("plan", "broken", expected=1)

    assert again(ended) == []
    assert "Reference to undeclared resource" in ended.stderr


def test_an_emulator_that_goes_away_during_a_plan_ends_it_cleanly(environments: Stage) -> None:
    proxy = FaultProxy(environments.endpoint)
    with proxy.serving() as endpoint:
        proxy.inject(Faults(rate=1, kinds=("reset",)))
        process = environments.through(endpoint).start("plan", "calm", TAP_RETRIES="2")
        wait_for_strike(proxy)
    # From here on nothing listens there.
    stdout, stderr = process.communicate()
    assert process.returncode == 1, stdout + stderr
    assert "connection lost; trying again in " in stderr
    assert "Error: terraform plan failed:" in stderr
    assert "connection refused" in stderr
    assert "Traceback" not in stderr
    assert environments.locks("calm") == set()


@pytest.mark.requirement("TAP-7")
def test_a_name_that_nobody_knows_is_told_with_the_name(environments: Stage) -> None:
    folder = environments.environment("nameless", MAIN)
    (folder / "impatient_override.tf").write_text(
        IMPATIENT.replace(
            "max_retries = 1", 'max_retries = 1\n    endpoints = { s3 = "http://s3.invalid:1" }'
        )
    )
    ended = environments.project.run("plan", "nameless", expected=1, TAP_RETRIES="2")

    assert ended.stderr.count("Error: ") == 1
    assert "s3.invalid" in ended.stderr
    assert "Traceback" not in ended.stderr


def wait_for_strike(proxy: FaultProxy) -> None:
    until = time.monotonic() + 60
    while not proxy.struck:
        assert time.monotonic() < until, "no call of Terraform came"
        time.sleep(0.02)


def test_ctrl_c_while_waiting_for_the_next_attempt_ends_at_once(environments: Stage) -> None:
    with proxied(environments) as (proxy, project):
        proxy.inject(Faults(rate=1, kinds=("throttle",), operations=LISTING))
        with project.start("plan", "calm", TAP_RETRIES="10") as process:
            assert process.stderr is not None
            while "(4 of 10)" not in process.stderr.readline():
                pass
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, stderr = process.communicate()
    assert process.returncode == 130
    assert "Error: interrupted" in stderr
    # The third wait takes 2 s at least.
    assert time.monotonic() - started < 1.9
