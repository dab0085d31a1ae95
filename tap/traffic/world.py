"""What a shift needs of the world outside: AWS, the state lock, the clock and a person to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from tap.traffic.parameter import Parameter
    from tap.traffic.phases import Color, Weights
    from tap.traffic.places import Split
    from tap.traffic.record import Lease
    from tap.traffic.samples import Evidence
    from tap.traffic.switch import LiveWeights


class World(Protocol):
    """One environment whose traffic is moved; :mod:`tap.traffic.live` has the real one."""

    @property
    def words(self) -> str:
        """What names the environment in a command, such as ``prod --target aws``."""

    @property
    def name(self) -> str:
        """Name of the SSM parameter, for messages."""

    @property
    def split(self) -> Split:
        """What splits the traffic."""

    @property
    def by(self) -> str:
        """User and machine of whoever moves it."""

    @property
    def say(self) -> Callable[[str], None]:
        """Tells the person who watches."""

    def read_parameter(self) -> Parameter | None:
        """Return what stands in the parameter."""

    def write_parameter(self, text: str) -> int:
        """Write the parameter and return its new version."""

    def read_weights(self) -> LiveWeights:
        """Return what steers the traffic now."""

    def write_weights(self, weights: Weights) -> None:
        """Steer the traffic."""

    def take_evidence(self, since: datetime) -> Evidence:
        """Return all that is known since a time."""

    def locked(self, *, patience: float = 0) -> AbstractContextManager[None]:
        """Hold the state lock, and let no signal cut off what is done meanwhile.

        Args:
            patience: Seconds to wait for it at least.
        """

    def scale(self, color: Color, *, on: bool) -> None:
        """Give a color the capacity of the configuration, or none."""

    def notify(self, subject: str, document: dict[str, object]) -> str:
        """Tell the topic; return what failed."""

    def keep(self, document: dict[str, object]) -> str:
        """Keep the evidence of a verdict in a file; return its name."""

    def lease(self, until: datetime) -> Lease:
        """Return a lease of this process."""

    def gone(self, lease: Lease) -> bool:
        """Tell whether the process behind a lease is known to have ended."""

    def own(self, lease: Lease) -> bool:
        """Tell whether a lease is that of this process."""

    def now(self) -> datetime:
        """Return the time."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
