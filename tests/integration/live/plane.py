"""The live data plane: two servers, a load balancer that follows the rule, and its metrics."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.conftest import REPOSITORY
from tests.integration.live.background import Background, repeat
from tests.integration.live.follower import LOOK_SECONDS, Follower
from tests.integration.live.haproxy import LoadBalancer
from tests.integration.live.meter import REPORT_SECONDS, Dimensions, Meter
from tests.integration.live.programs import Origin, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PROBE = REPOSITORY / "modules" / "lambda" / "functions" / "probe" / "probe.py"
_CARRY_SECONDS = 60.0
_PROBE_TIMEOUT_SECONDS = 2.0


class Plane:
    """What requests pass, all of it on loopback.

    Attributes:
        origins: The servers by color.
        balancer: What clients reach.
        follower: Knows when which weights held.
        meter: Knows what passed.
    """

    def __init__(
        self, binary: str, stack: ExitStack, read: Callable[[], Mapping[str, int]], meter: Meter
    ) -> None:
        """Start everything.

        Args:
            binary: Path of HAProxy.
            stack: Ends everything.
            read: Returns the weights to follow.
            meter: Is given the log.
        """
        self.meter = meter
        self.origins = {color: Origin(color) for color in ("blue", "green")}
        for origin in self.origins.values():
            stack.callback(origin.stop)
            origin.behave()
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="tap-live-"))
        ports = {color: origin.port for color, origin in self.origins.items()}
        with listen() as listener:
            self.balancer = LoadBalancer(binary, Path(directory), listener, ports)
        log = Background(lambda _: meter.read(self.balancer.log))
        stack.callback(log.stop)
        stack.callback(self.balancer.stop)
        self.follower = Follower(read, self.balancer.set_weights)
        self.follower.look()
        for action, seconds in (
            (self.follower.look, LOOK_SECONDS),
            (meter.report, REPORT_SECONDS),
            (self._probe(), REPORT_SECONDS),
        ):
            stack.callback(Background(repeat(action, seconds)).stop)

    def carry(self, requests: int) -> None:
        """Wait until the weights of the rule are followed, and so many requests have passed then.

        Raises:
            TimeoutError: They do not pass.
        """
        deadline = time.monotonic() + _CARRY_SECONDS
        seen = None
        while seen is None or self.meter.seen < seen + requests:
            if seen is None and self.follower.followed:
                seen = self.meter.seen
            if time.monotonic() > deadline:
                raise TimeoutError(f"{requests} requests did not pass in {_CARRY_SECONDS:.0f} s")
            time.sleep(0.02)

    def _probe(self) -> Callable[[], None]:
        """Return what asks once with the code of the stack's own probe and reports it."""
        probe = _load_probe()
        url = urlsplit(f"http://127.0.0.1:{self.balancer.port}/health")

        def ask() -> None:
            answer = probe.ask(url, _PROBE_TIMEOUT_SECONDS)
            self.meter.report_probe(probe.metrics([answer], self.meter.dimensions.probe))

        return ask


@contextmanager
def running(
    binary: str, read: Callable[[], Mapping[str, int]], cloudwatch: Any, dimensions: Dimensions
) -> Iterator[Plane]:
    """Run a data plane and end it, with what went wrong in it.

    Args:
        binary: Path of HAProxy.
        read: Returns the weights to follow, by color.
        cloudwatch: A client of boto3.
        dimensions: Of the environment.
    """
    with ExitStack() as stack:
        yield Plane(binary, stack, read, Meter(cloudwatch, dimensions))


def _load_probe() -> Any:
    spec = importlib.util.spec_from_file_location("live_probe", PROBE)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{PROBE} is no module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module
