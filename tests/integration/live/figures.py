"""What requests and changes of weights come to, in numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.integration.live.follower import Change
    from tests.integration.live.load import Request

CONFIDENCE = 0.999_999
"""That a sound load balancer keeps to the bound of one step: it fails a test by chance once in a
million steps."""


def by_chance(requests: int, share: float) -> float:
    """Return by how many requests a draw may miss its share.

    The normal approximation of a binomial distribution, with the half of a request for continuity;
    0 for none and all, where nothing is left to chance.

    Source: https://www.itl.nist.gov/div898/handbook/prc/section2/prc24.htm

    Args:
        requests: How many were drawn.
        share: Of those that were to be drawn, from 0 to 1.
    """
    if share in {0, 1}:
        return 0.0
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return z * math.sqrt(requests * share * (1 - share)) + 0.5


@dataclass(frozen=True)
class Step:
    """The steady part of a step: all requests that began and ended while its weights held.

    Attributes:
        percent: Configured share of green.
        requests: How many there were.
        green: How many of them green got.
    """

    percent: int
    requests: int
    green: int

    @property
    def share(self) -> float:
        """Realised share of green, in percent."""
        return 100 * self.green / self.requests if self.requests else math.nan

    @property
    def bound(self) -> float:
        """By how much the share may differ from the configured one, in percent."""
        chance = by_chance(self.requests, self.percent / 100)
        return 100 * chance / self.requests if self.requests else 0.0

    @property
    def within(self) -> bool:
        """Whether the realised share agrees with the configured one."""
        return abs(self.share - self.percent) <= self.bound


def steps(requests: Sequence[Request], changes: Sequence[Change]) -> list[Step]:
    """Return the steady part of every step, in order.

    Args:
        requests: All that were sent.
        changes: All changes of weights, the oldest first.
    """
    ends = [later.begun_at for _, later in pairwise(changes)] + [math.inf]
    found = []
    for change, end in zip(changes, ends, strict=True):
        inside = [
            each for each in requests if each.sent_at >= change.done_at and each.ended_at <= end
        ]
        green = sum(each.color == "green" for each in inside)
        found.append(Step(change.green, len(inside), green))
    return found


@dataclass(frozen=True)
class Damage:
    """What a bad green cost.

    Attributes:
        failed: Requests that failed.
        exposed: All requests from the change that gave green traffic to the one that took it away.
        seconds: From the first failure to the end of green's traffic.
    """

    failed: int
    exposed: int
    seconds: float


def damage(requests: Sequence[Request], changes: Sequence[Change]) -> Damage:
    """Return what failed, and how long it did so.

    Args:
        requests: All that were sent; one of them failed at least.
        changes: The first gives blue all traffic, and so does the last.
    """
    failed = [each for each in requests if each.fault]
    begin, end = changes[1].begun_at, changes[-1].done_at
    exposed = sum(begin <= each.ended_at and each.sent_at <= end for each in requests)
    return Damage(len(failed), exposed, end - min(each.ended_at for each in failed))
