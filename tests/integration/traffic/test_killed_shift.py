"""Shifts of an applied dev that are killed half way."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tap.testing.project import Project
from tests.integration.faults import FaultProxy
from tests.integration.traffic.applied import good_traffic, green, record, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.testing.deployment import Deployment

NAME = "dev"

pytestmark = [
    pytest.mark.requirement("TRF-3", "TRF-4"),
    pytest.mark.xdist_group(NAME),
    pytest.mark.timeout(900),
]


@dataclass
class KillingProxy(FaultProxy):
    """Kills whoever makes the n-th write, after it was carried out and before it is answered.

    Attributes:
        left: Writes until then.
        kill: Does it.
        written: The writes, by name.
    """

    left: int = 0
    kill: Callable[[], None] = lambda: None
    written: list[str] = field(default_factory=list)

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        answer = super().forward(method, path, headers, body)
        write = self._write(method, path, headers, body)
        if write and "HashiCorp" not in headers.get("User-Agent", ""):
            self.written.append(write)
            self.left -= 1
            if self.left == 0:
                self.kill()
        return answer

    @staticmethod
    def _write(method: str, path: str, headers: dict[str, str], body: bytes) -> str:
        target = headers.get("X-Amz-Target", "").rpartition(".")[2]
        if target in {"PutItem", "DeleteItem", "PutParameter"}:
            return target
        if b"Action=ModifyRule" in body:
            return "ModifyRule"
        return f"{method} lock" if method in {"PUT", "DELETE"} and ".tflock" in path else ""


def through(deployment: Deployment, endpoint: str) -> Project:
    """Return the project, whose commands reach the emulator as target ``localstack``."""
    variables = {"AWS_ENDPOINT_URL": endpoint, "TAP_TARGET": "localstack"}
    return Project(deployment.project.directory, {**deployment.project.variables, **variables})


WRITES = ["PUT lock", "PutItem", "PutParameter", "ModifyRule", "PutParameter"]


@pytest.fixture(scope="module")
def killing(
    named_deployment: Callable[[str], Deployment],
) -> Iterator[tuple[KillingProxy, Project]]:
    """Return what kills a shift, and dev behind it, initialized once for all tests."""
    dev = named_deployment(NAME)
    dev.require()
    proxy = KillingProxy(str(target_of(dev).endpoint))
    with proxy.serving() as endpoint:
        project = through(dev, endpoint)
        project.run("init", NAME)
        yield proxy, project


@pytest.mark.requirement("TAP-6")
# Kills after every write are tried in a simulated world: tests/unit/traffic/test_shift.py
@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_shift_that_is_killed_after_a_write_is_explained_and_taken_back(
    applied: Deployment, killing: tuple[KillingProxy, Project], number: int
) -> None:
    good_traffic(applied)
    proxy, project = killing
    proxy.written.clear()
    proxy.left = number
    with project.start("shift", NAME, "--to", "canary", "--bake", "60s") as process:
        proxy.kill = process.kill
        process.communicate()
    written = list(proxy.written)
    # What is noted of a process is noted by target. The proxy kills nobody any more.
    told = project.run("status", NAME)
    lock_id = re.search(r"lock id +(\S+)", told.stdout)
    release = ("--release-lock", lock_id[1]) if lock_id else ()
    refused = project.run("shift", NAME, "--to", "canary", expected=6)
    project.run("rollback", NAME, *release)

    assert process.returncode == -signal.SIGKILL
    assert written == WRITES[:number]
    # All of these points lie before the lock is given back.
    assert lock_id is not None
    assert "process     gone: its tap" in told.stdout
    assert lock_id[1] in refused.stderr
    if number in {3, 4}:
        assert "a move was cut off half way" in told.stdout
        assert "cut off    on the way to blue 90, green 10" in told.stdout
    assert ("green 10 (preview" in told.stdout) == (number >= 4)
    assert green(applied) == 0
    assert record(applied)["weights"] == {"blue": 100, "green": 0}
    assert "moving" not in record(applied)
