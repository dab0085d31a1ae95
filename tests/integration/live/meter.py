"""Count what passes the load balancer and tell CloudWatch, as an ALB and the probe do.

Only the time differs: an ALB reports once a minute, this one as often as :meth:`Meter.report` is
called.
"""

from __future__ import annotations

import statistics
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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
        requests: Answers of each color that were reported.
    """

    def __init__(self, cloudwatch: Any, dimensions: Dimensions) -> None:
        self._cloudwatch = cloudwatch
        self.dimensions = dimensions
        self._tally = Tally()
        self._lock = threading.Lock()
        self.requests: Counter[str] = Counter()

    def read(self, log: Iterable[str]) -> None:
        """Count every line until the log ends."""
        for line in log:
            with self._lock:
                self._tally.add(line)

    def report(self) -> None:
        """Put what was seen since the last report."""
        with self._lock:
            tally, self._tally = self._tally, Tally()
        self.requests += tally.requests
        data = [
            datum for color in _COLORS if tally.requests[color] for datum in self._of(color, tally)
        ]
        if tally.unanswered:
            data.append(self._count("HTTPCode_ELB_5XX_Count", tally.unanswered))
        if data:
            self._cloudwatch.put_metric_data(Namespace="AWS/ApplicationELB", MetricData=data)

    def report_probe(self, data: Sequence[Any]) -> None:
        """Put what the probe has measured."""
        self._cloudwatch.put_metric_data(Namespace=self.dimensions.namespace, MetricData=data)

    def _of(self, color: str, tally: Tally) -> list[dict[str, Any]]:
        # Like an ALB, nothing is said of errors where there are none.
        errors = tally.errors[color]
        counted = [self._count("HTTPCode_Target_5XX_Count", errors, color)] if errors else []
        times = {
            "MetricName": "TargetResponseTime",
            "Unit": "Seconds",
            "Values": thinned(tally.times[color]),
            **self._where(color),
        }
        return [self._count("RequestCount", tally.requests[color], color), *counted, times]

    def _count(self, metric: str, number: int, color: str | None = None) -> dict[str, Any]:
        each = {"Minimum": 1.0, "Maximum": 1.0, "SampleCount": number, "Sum": number}
        where = self._where(color)
        return {"MetricName": metric, "Unit": "Count", "StatisticValues": each, **where}

    def _where(self, color: str | None) -> dict[str, Any]:
        named = {"LoadBalancer": self.dimensions.load_balancer}
        if color is not None:
            named["TargetGroup"] = self.dimensions.target_groups[color]
        return {
            "Timestamp": datetime.now(UTC),
            "Dimensions": [{"Name": name, "Value": value} for name, value in named.items()],
        }


def thinned(times: Sequence[float]) -> list[float]:
    """Return few values with the quantiles of many, the greatest among them."""
    if len(times) <= _TIMES:
        return list(times)
    return [*statistics.quantiles(times, n=_TIMES, method="inclusive"), max(times)]
