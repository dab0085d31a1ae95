"""What requests and changes of weights come to, in numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.integration.live.follower import Change
    from tests.integration.live.load import Request

CONFIDENCE = 0.999_999
"""That a sound load balancer keeps to the bound of one step: it fails a test by chance once in a
million steps."""


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
        """By how much the share may differ from the configured one, in percent.

        The normal approximation of a binomial distribution, with the half of a request for
        continuity; 0 at 0 and 100 %, where nothing is left to chance, and without a request.

        Source: https://www.itl.nist.gov/div898/handbook/prc/section2/prc24.htm
        """
        if self.percent in {0, 100} or not self.requests:
            return 0.0
        share = self.percent / 100
        spread = math.sqrt(self.requests * share * (1 - share))
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        return 100 * (z * spread + 0.5) / self.requests

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
        requests: Sent in all.
        failed: Those of them that failed.
        carried: Requests from the first failure to the end of green's traffic.
        seconds: How long that was.
    """

    requests: int
    failed: int
    carried: int
    seconds: float


def damage(requests: Sequence[Request], changes: Iterable[Change]) -> Damage:
    """Return what failed, and how long it did so.

    Args:
        requests: All that were sent; one of them failed at least.
        changes: All changes of weights, the oldest first; the last takes green's away.
    """
    failed = [each for each in requests if each.fault]
    first = min(each.ended_at for each in failed)
    end = list(changes)[-1].done_at
    carried = sum(first <= each.ended_at <= end for each in requests)
    return Damage(len(requests), len(failed), carried, end - first)
