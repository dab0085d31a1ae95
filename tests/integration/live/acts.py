"""Run a command while requests pass, and keep what came of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.integration.live import figures
from tests.integration.live.programs import Load

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.testing.project import Ended
    from tests.integration.live.figures import Step
    from tests.integration.live.follower import Change
    from tests.integration.live.load import Request
    from tests.integration.live.plane import Plane

CLIENTS = 24
RATE = 1000.0

_AROUND = 500
"""Requests that pass before the command and after it."""


@dataclass(frozen=True)
class Act:
    """A command and the requests that passed meanwhile.

    Attributes:
        ended: How the command ended.
        requests: All requests, from before the command to after it.
        changes: The weights at the beginning, then every change of them.
    """

    ended: Ended
    requests: list[Request]
    changes: list[Change]

    @property
    def failed(self) -> list[Request]:
        """The requests that failed."""
        return [request for request in self.requests if request.fault]

    @property
    def green(self) -> list[int]:
        """Share of green in percent, at the beginning and after each change."""
        return [change.green for change in self.changes]

    @property
    def steps(self) -> list[Step]:
        """What came of each share."""
        return figures.steps(self.requests, self.changes)


def perform(plane: Plane, command: Callable[[], Ended], *, minimum: int = 0) -> Act:
    """Run a command under load.

    Args:
        plane: What the requests pass.
        command: Returns when the rule has its last weights.
        minimum: How many requests to send at least; the load goes on until then.
    """
    known = len(plane.follower.changes)
    load = Load(plane.balancer.port, clients=CLIENTS, rate=RATE, minimum=minimum)
    plane.carry(_AROUND)
    ended = command()
    plane.carry(_AROUND)
    return Act(ended, load.stop(), plane.follower.changes[known - 1 :])
