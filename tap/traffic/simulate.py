"""A shift over recorded or made-up metrics: the same judge and the same steps, nothing real moved.

A file of looks is a JSON document::

    {
      "looks": [
        {
          "share": 10,
          "gate": "OK",
          "probe_percent": 100,
          "blue":  {"requests": 9000, "errors": 9, "p99_seconds": 0.2},
          "green": {"requests": 1000, "errors": 1, "p99_seconds": 0.2}
        }
      ]
    }

Each look is what is known while green has that share in percent. Looks of one share are taken in
their order, and the last one again for as long as the step is watched. What a look leaves out is
in order: the alarm OK, the probe at 100 %, three healthy targets of three.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from tap.errors import SettingsError
from tap.traffic.parameter import Parameter
from tap.traffic.phases import COLORS, Color, Phase, Weights, green_share
from tap.traffic.record import Capacity, Lease, Record, encode
from tap.traffic.samples import ColorFacts, Evidence
from tap.traffic.switch import LiveWeights, wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tap.traffic.places import Split


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a look says of one color; see :class:`tap.traffic.samples.ColorFacts`."""

    requests: int = 0
    errors: int = 0
    p99_seconds: float | None = None
    healthy: int = 3
    unhealthy: int = 0
    in_service: int = 3
    desired: int = 3
    minimum: int = 3
    refreshing: str = ""


class Look(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known at one time while green has a share in percent."""

    share: int
    gate: str = "OK"
    gate_reason: str = ""
    probe_percent: float | None = 100.0
    blue: Facts = Facts()
    green: Facts = Facts()
    unreadable: tuple[str, ...] = ()

    def evidence(self, since: datetime, until: datetime) -> Evidence:
        """Return it in the form that the judge takes."""
        facts: dict[Color, Facts] = {"blue": self.blue, "green": self.green}
        return Evidence(
            since=since,
            until=until,
            gate=self.gate,
            gate_reason=self.gate_reason,
            probe_percent=self.probe_percent,
            colors={
                color: msgspec.convert(msgspec.to_builtins(facts[color]), ColorFacts)
                for color in COLORS
            },
            unreadable=self.unreadable,
        )


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    looks: tuple[Look, ...]


def read_looks(file: Path) -> tuple[Look, ...]:
    """Read a file of looks.

    Raises:
        SettingsError: It cannot be read, or is no such document.
    """
    example = "the format is in docs/concepts/traffic-shift.md#try-thresholds"
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Document).looks
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}", example) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise SettingsError(f"{file} holds no looks: {error}", example) from None


@dataclass
class SimulatedWorld:
    """An environment that is not there; see :class:`tap.traffic.world.World`.

    Attributes:
        looks: What is known, by share.
        say: Tells the person who watches.
        live: What steers the traffic.
        text: What stands in the parameter; None if there is none.
        version: How often it was written.
        clock: The time, which passes only by waiting.
    """

    looks: tuple[Look, ...]
    say: Callable[[str], None]
    words: str = "(simulated)"
    name: str = "(simulated)"
    split: Split = "listener"
    by: str = "simulation"
    live: LiveWeights = field(default_factory=lambda: wanted(green_share(0), "listener"))
    text: str | None = None
    version: int = 1
    clock: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    _taken: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.text is None:
            self.text = encode(
                Record(
                    phase=Phase.INITIAL,
                    weights=green_share(0),
                    capacity=Capacity(blue=True, green=True),
                    revision=0,
                )
            )

    def read_parameter(self) -> Parameter | None:
        """Return what stands in the parameter."""
        if self.text is None:
            return None
        return Parameter(text=self.text, version=self.version)

    def write_parameter(self, text: str) -> int:
        """Write the parameter and return its new version."""
        self.text = text
        self.version += 1
        return self.version

    def read_weights(self) -> LiveWeights:
        """Return what steers the traffic now."""
        return self.live

    def write_weights(self, weights: Weights) -> None:
        """Steer the traffic."""
        self.live = wanted(weights, self.split)

    def take_evidence(self, since: datetime) -> Evidence:
        """Return the next look of green's share."""
        shares = self.live.shares
        share = shares.green if shares is not None else 0
        fitting = [look for look in self.looks if look.share == share] or [Look(share=share)]
        number = self._taken.get(share, 0)
        # Before the step nobody looks at requests, and no look is used up.
        if since == self.clock - timedelta(minutes=5):
            return fitting[0].evidence(since, self.clock)
        self._taken[share] = number + 1
        return fitting[min(number, len(fitting) - 1)].evidence(since, self.clock)

    @contextmanager
    def locked(self, *, patience: float = 0) -> Iterator[None]:  # noqa: ARG002 - of the real world
        """Hold no lock: nobody else is here."""
        yield

    def scale(self, color: Color, *, on: bool) -> None:
        """Say that a color would get its capacity, or lose it."""
        self.say(f"{color} {'gets its' if on else 'loses its'} capacity")

    def notify(self, subject: str, _document: dict[str, object]) -> str:
        """Say what the topic would be told."""
        self.say(f"the topic would be told: {subject}")
        return ""

    def keep(self, _document: dict[str, object]) -> str:
        """Keep nothing."""
        return "not kept"

    def lease(self, until: datetime) -> Lease:
        """Return a lease."""
        return Lease(by=self.by, host=self.by, pid=1, until=until)

    def gone(self, _lease: Lease) -> bool:
        """Tell that everybody else has ended."""
        return True

    def own(self, lease: Lease) -> bool:
        """Tell whether a lease is that of this simulation."""
        return lease.by == self.by

    def now(self) -> datetime:
        """Return the time."""
        return self.clock

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.clock += timedelta(seconds=seconds)
