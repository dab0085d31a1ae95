"""The real world of a shift: AWS or an emulator, the state lock, this machine's clock."""

from __future__ import annotations

import getpass
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from tap.process import deferred_signals
from tap.terraform.holding import hold
from tap.terraform.operations import this_host
from tap.traffic.calls import asked, client
from tap.traffic.evidence import take_evidence
from tap.traffic.notify import notify
from tap.traffic.parameter import read_parameter, write_parameter
from tap.traffic.record import Lease
from tap.traffic.switch import read_weights, write_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap.aws import Target
    from tap.terraform.backend import Backend
    from tap.terraform.root import Root
    from tap.traffic.parameter import Parameter
    from tap.traffic.phases import Color, Weights
    from tap.traffic.places import Places, Split
    from tap.traffic.samples import Evidence
    from tap.traffic.switch import LiveWeights


@dataclass(frozen=True, kw_only=True)
class LiveWorld:
    """An environment on a target; see :class:`tap.traffic.world.World`.

    Attributes:
        target: What is talked to.
        places: Where the traffic is steered and watched.
        root: Whose state is locked.
        backend: Where that state is.
        key: Its key.
        folder: Where evidence is kept.
        words: What names the environment in a command.
        say: Tells the person who watches.
        timeout: Seconds to wait for the state lock.
        by: User and machine.
    """

    target: Target
    places: Places
    root: Root
    backend: Backend
    key: str
    folder: Path
    words: str
    say: Callable[[str], None]
    timeout: float = 0.0
    by: str = field(default_factory=lambda: f"{getpass.getuser()}@{this_host()}")

    @property
    def name(self) -> str:
        """Name of the SSM parameter."""
        return self.places.parameter

    @property
    def split(self) -> Split:
        """What splits the traffic."""
        return self.places.split

    def read_parameter(self) -> Parameter | None:
        """Return what stands in the parameter."""
        return read_parameter(self.target, self.places)

    def write_parameter(self, text: str) -> int:
        """Write the parameter and return its new version."""
        return write_parameter(self.target, self.places, text)

    def read_weights(self) -> LiveWeights:
        """Return what steers the traffic now."""
        return read_weights(self.target, self.places)

    def write_weights(self, weights: Weights) -> None:
        """Steer the traffic."""
        write_weights(self.target, self.places, weights)

    def take_evidence(self, since: datetime) -> Evidence:
        """Return all that is known since a time."""
        return take_evidence(self.target, self.places, since=since, until=self.now())

    @contextmanager
    def locked(self, *, patience: float = 0) -> Iterator[None]:
        """Hold the state lock; a signal waits until the block has ended."""
        timeout = max(self.timeout, patience)
        with (
            hold(self.root, self.backend, self.key, "shift", timeout=timeout),
            deferred_signals(),
        ):
            yield

    def scale(self, color: Color, *, on: bool) -> None:
        """Give a color the capacity of the configuration, or none.

        Raises:
            AwsError: Auto Scaling refused or gave no answer.
        """
        size = self.places.sizes[color]
        bounds = (size.min, size.max, size.desired) if on else (0, 0, 0)
        name = self.places.scaling_groups[color]
        scaling = client(self.target, "autoscaling", self.places.region)
        asked(
            f"set the bounds of the Auto Scaling group {name}",
            lambda: scaling.update_auto_scaling_group(
                AutoScalingGroupName=name,
                MinSize=bounds[0],
                MaxSize=bounds[1],
                DesiredCapacity=bounds[2],
            ),
            rights="autoscaling:UpdateAutoScalingGroup",
        )

    def notify(self, subject: str, document: dict[str, object]) -> str:
        """Tell the topic; return what failed."""
        return notify(self.target, self.places, subject, document)

    def keep(self, document: dict[str, object]) -> str:
        """Keep the evidence of a verdict in a file of this user's and return its name."""
        file = self.folder / f"{self.now():%Y%m%dT%H%M%S.%fZ}.json"
        text = msgspec.json.format(msgspec.json.encode(document), indent=2)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as stream:  # noqa: PTH123 - with a mode
                stream.write(text)
        except OSError as error:
            # What was decided counts more than the file about it.
            return f"not kept: {error}"
        return str(file)

    def lease(self, until: datetime) -> Lease:
        """Return a lease of this process."""
        until = until.replace(microsecond=0)
        return Lease(by=self.by, host=this_host(), pid=os.getpid(), until=until)

    def gone(self, lease: Lease) -> bool:
        """Tell whether the process behind a lease is known to have ended: on this machine only."""
        if lease.host != this_host():
            return False
        with suppress(PermissionError):
            try:
                os.kill(lease.pid, 0)
            except ProcessLookupError:
                return True
        return False

    def own(self, lease: Lease) -> bool:
        """Tell whether a lease is that of this process."""
        return (lease.host, lease.pid) == (this_host(), os.getpid())

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
