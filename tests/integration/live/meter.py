"""Count what passes the load balancer and tell CloudWatch, as an ALB and the probe do.

Only the time differs: an ALB reports once a minute, this one as often as :meth:`Meter.report` is
called.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import quantiles
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

REPORT_SECONDS = 1.0

_COLORS = ("blue", "green")
_SERVER_ERRORS = 500
_WELL = "--"

# The emulator keeps each value by itself and goes through all of them in every query.
_TIMES = 40


@dataclass
class Tally:
    """What was seen.

    Attributes:
        requests: Answers of each color.
        errors: Those of them that were a 5xx.
        times: Seconds each answer took, by color.
        unanswered: 5xx that the load balancer gave by itself.
    """

    requests: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    times: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    unanswered: int = 0

    def add(self, line: str) -> None:
        """Count one line of the load balancer's log."""
        server, status, milliseconds, ended = line.split()
        failed = int(status) >= _SERVER_ERRORS
        if server in _COLORS and ended == _WELL:
            self.requests[server] += 1
            self.errors[server] += failed
            self.times[server].append(int(milliseconds) / 1000)
        else:
            self.unanswered += failed


@dataclass(frozen=True)
class Dimensions:
    """Under what the metrics of one environment are kept.

    Attributes:
        load_balancer: ARN suffix.
        target_groups: ARN suffix by color.
        namespace: Of the probe.
        probe: Name of the probe's function.
    """

    load_balancer: str
    target_groups: Mapping[str, str]
    namespace: str
    probe: str

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Dimensions:
        """Take them from the outputs of an environment."""
        return cls(
            load_balancer=outputs["load_balancer"]["arn_suffix"],
            target_groups=outputs["compute"]["target_group_arn_suffixes"],
            namespace=outputs["stack"]["prefix"],
            probe=outputs["probe"]["function_name"],
        )


class Meter:
    """Follows the log of the load balancer.

    Attributes:
        dimensions: Under what it reports.
        seen: Requests that have passed.
        requests: Answers of each color that were reported.
    """

    def __init__(self, cloudwatch: Any, dimensions: Dimensions) -> None:
        self._cloudwatch = cloudwatch
        self.dimensions = dimensions
        self._seconds: defaultdict[int, Tally] = defaultdict(Tally)
        self._lock = threading.Lock()
        self.seen = 0
        self.requests: Counter[str] = Counter()

    def read(self, log: IO[str]) -> None:
        """Count every line until the log ends."""
        with log:
            for line in log:
                with self._lock:
                    self._seconds[int(time.time())].add(line)
                    self.seen += 1

    def report(self) -> None:
        """Put what was seen since the last report, each second by itself."""
        with self._lock:
            seconds, self._seconds = self._seconds, defaultdict(Tally)
        data = [datum for second, tally in seconds.items() for datum in self._data(second, tally)]
        if data:
            self._cloudwatch.put_metric_data(Namespace="AWS/ApplicationELB", MetricData=data)
        for tally in seconds.values():
            self.requests += tally.requests

    def report_probe(self, data: Sequence[Any]) -> None:
        """Put what the probe has measured."""
        self._cloudwatch.put_metric_data(Namespace=self.dimensions.namespace, MetricData=data)

    def _data(self, second: int, tally: Tally) -> Iterator[dict[str, Any]]:
        at = datetime.fromtimestamp(second, UTC)
        for color, times in tally.times.items():
            where = self._where(at, self.dimensions.target_groups[color])
            yield {"MetricName": "RequestCount", **_count(tally.requests[color]), **where}
            # Like an ALB, nothing is said of errors where there are none.
            if errors := tally.errors[color]:
                yield {"MetricName": "HTTPCode_Target_5XX_Count", **_count(errors), **where}
            values = {"Unit": "Seconds", "Values": thinned(times)}
            yield {"MetricName": "TargetResponseTime", **values, **where}
        if tally.unanswered:
            count = _count(tally.unanswered)
            yield {"MetricName": "HTTPCode_ELB_5XX_Count", **count, **self._where(at)}

    def _where(self, at: datetime, target_group: str | None = None) -> dict[str, Any]:
        named = {"LoadBalancer": self.dimensions.load_balancer}
        if target_group is not None:
            named["TargetGroup"] = target_group
        return {
            "Timestamp": at,
            "Dimensions": [{"Name": name, "Value": value} for name, value in named.items()],
        }


def _count(number: int) -> dict[str, Any]:
    statistics = {"Minimum": 1.0, "Maximum": 1.0, "SampleCount": number, "Sum": number}
    return {"Unit": "Count", "StatisticValues": statistics}


def thinned(times: Sequence[float]) -> list[float]:
    """Return few values with the quantiles of many, the greatest among them."""
    if len(times) <= _TIMES:
        return list(times)
    return [*quantiles(times, n=_TIMES, method="inclusive"), max(times)]
