"""Find the samples that moto keeps of a metric, and answer queries for them."""

# ruff: noqa: ANN401 - moto's objects have any type

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tap.emulator import metric_math
from tap.emulator.metric_statistics import Sample, Series, series

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from moto.cloudwatch.models import CloudWatchBackend

    from tap.emulator.metric_math import Range

Dimensions = frozenset[tuple[str, str]]

_PROVIDED = {"AWS/S3", "AWS/SQS"}
"""Namespaces whose data moto computes when it is asked."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """One part of a request for metric data: a metric, or an expression over other parts.

    Attributes:
        id: What expressions call it.
        period: Seconds.
        returned: Whether its result is wanted, or only what is computed from it.
        expression: Of metric math; empty for a metric.
        metric: Namespace, name and dimensions.
        statistic: Such as ``Sum`` or ``p99``.
        unit: Only samples with this unit count; None for all.
        label: What a person calls it.
    """

    id: str
    period: int
    returned: bool = True
    expression: str = ""
    metric: tuple[str, str, Dimensions] = ("", "", frozenset())
    statistic: str = ""
    unit: str | None = None
    label: str = ""


@dataclass
class Data:
    """The samples of one account and region, by metric."""

    read: int = 0
    samples: dict[tuple[str, str, Dimensions], list[tuple[str | None, Sample]]] = field(
        default_factory=dict
    )

    def add(self, data: Iterable[Any]) -> None:
        """Take samples over from moto."""
        for datum in data:
            dimensions = frozenset((each.name, each.value) for each in datum.dimensions)
            key = (datum.namespace, datum.name, dimensions)
            self.samples.setdefault(key, []).append((datum.unit, _sample(datum)))

    def has_since(self, queries: Sequence[Query], start: float) -> bool:
        """Tell whether any metric of the queries has samples since a time."""
        return any(True for query in queries for _ in self._samples(query, start))

    def samples_since(self, queries: Sequence[Query], start: float) -> float:
        """Count the samples of the queries' metrics since a time."""
        return sum(each.number for query in queries for each in self._samples(query, start))

    def result(self, queries: Sequence[Query], span: Range) -> Series:
        """Return the values of the one query whose result is wanted.

        Raises:
            ValueError: An expression or statistic is none, or no query's result is wanted.
        """
        for query, found in self.results(queries, span):
            if query.returned:
                return found
        raise ValueError("no query returns data")

    def results(self, queries: Sequence[Query], span: Range) -> list[tuple[Query, Series]]:
        """Return the values of all queries, in their order.

        Raises:
            ValueError: An expression or statistic is none.
        """
        known = {query.id: self._series(query, span) for query in queries if not query.expression}
        waiting = [query for query in queries if query.expression]
        while waiting:
            # An expression may refer to one that comes after it.
            ready = [query for query in waiting if not _refers(query, waiting)] or waiting
            for query in ready:
                known[query.id] = metric_math.evaluate(query.expression, known, span)
            waiting = [query for query in waiting if query not in ready]
        return [(query, known[query.id]) for query in queries]

    def _series(self, query: Query, span: Range) -> Series:
        found = (each for each in self._samples(query, span.start) if each.at < span.end)
        return series(found, query.statistic, query.period)

    def _samples(self, query: Query, start: float) -> Iterable[Sample]:
        if query.expression:
            return ()
        return (
            sample
            for unit, sample in list(self.samples.get(query.metric, ()))
            if sample.at >= start and query.unit in {None, unit}
        )


_read: WeakKeyDictionary[CloudWatchBackend, Data] = WeakKeyDictionary()


def of(backend: CloudWatchBackend) -> Data:
    """Return all samples of an account and region; only new ones are read."""
    data = _read.setdefault(backend, Data())
    new = backend.metric_data[data.read :]
    data.read += len(new)
    data.add(new)
    used = {alarm.namespace for alarm in list(backend.alarms.values())}
    if not used & _PROVIDED:
        return data
    both = Data(samples={key: list(samples) for key, samples in data.samples.items()})
    both.add(backend.aws_metric_data)
    return both


def read_again(backend: CloudWatchBackend) -> None:
    """Take the samples anew the next time, because some of them are gone."""
    _read.pop(backend, None)


def is_of(datum: Any, dimension: str, value: str, since: float) -> bool:
    """Tell whether a data point of moto has a dimension and is not older than a time."""
    found = any(each.name == dimension and each.value == value for each in datum.dimensions)
    return found and _sample(datum).at >= since


def queries_of(alarm: Any) -> list[Query]:
    """Return what a metric alarm is computed from."""
    if not alarm.metric_data_queries:
        return [
            Query(
                id="metric",
                period=int(alarm.period),
                metric=(alarm.namespace, alarm.metric_name, _dimensions(alarm.dimensions)),
                statistic=alarm.extended_statistic or alarm.statistic,
                unit=alarm.unit,
            )
        ]
    periods = [
        int(each.metric_stat.period) for each in alarm.metric_data_queries if each.metric_stat
    ]
    return [_query(each, max(periods, default=60)) for each in alarm.metric_data_queries]


def query(asked: dict[str, Any], period: int) -> Query:
    """Return one query of a GetMetricData request.

    Args:
        asked: As in the request.
        period: Seconds, of expressions that give none.
    """
    common = {
        "id": asked["Id"],
        "returned": asked.get("ReturnData") is not False,
        "label": asked.get("Label") or "",
    }
    if "Expression" in asked:
        return Query(
            **common, expression=asked["Expression"], period=int(asked.get("Period") or period)
        )
    stat = asked["MetricStat"]
    metric = stat["Metric"]
    dimensions = frozenset((each["Name"], each["Value"]) for each in metric.get("Dimensions") or [])
    return Query(
        **common,
        metric=(metric["Namespace"], metric["MetricName"], dimensions),
        period=int(stat["Period"]),
        statistic=stat["Stat"],
        unit=stat.get("Unit"),
    )


def _query(given: Any, period: int) -> Query:
    returned = str(given.return_data).lower() != "false"
    if given.metric_stat is None:
        return Query(id=given.id, expression=given.expression, period=period, returned=returned)
    stat = given.metric_stat
    metric = (stat.metric.namespace, stat.metric.metric_name, _dimensions(stat.metric.dimensions))
    return Query(
        id=given.id,
        metric=metric,
        period=int(stat.period),
        returned=returned,
        statistic=stat.stat,
        unit=stat.unit,
    )


def _refers(query_: Query, others: Iterable[Query]) -> bool:
    words = set(metric_math.words(query_.expression))
    return any(other.id in words for other in others if other is not query_)


def _dimensions(given: Iterable[Any]) -> Dimensions:
    return frozenset((each.name, each.value) for each in given)


def _sample(datum: Any) -> Sample:
    at = datum.timestamp if isinstance(datum.timestamp, datetime) else datetime.now(UTC)
    seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    if hasattr(datum, "value"):
        return Sample(seconds, datum.value, datum.value, datum.value)
    return Sample(seconds, datum.min, datum.max, datum.sum, datum.sample_count)
