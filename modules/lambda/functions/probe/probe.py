"""Asks the health endpoint of an environment from outside and publishes what it saw.

Settings, all from the environment:

- ``PROBE_URL``: the endpoint, such as ``https://pay.example.com/health``.
- ``PROBE_REQUESTS``: requests in one run, 1 to 20, 10 by default. Each opens a connection of its
  own, so that the load balancer weighs each anew and a canary is seen, too.
- ``PROBE_TIMEOUT_SECONDS``: how long connecting and each read may take, 2 by default.
- ``METRIC_NAMESPACE``, ``FUNCTION_NAME``, ``REGION``: where and under what the metrics go.

Metrics, with the dimension ``FunctionName``: ``ProbeSuccess`` has 1 for each answer 200 and 0 for
everything else, so its average is the share of good answers; ``ProbeLatency`` has the
milliseconds until the head of each answer, whatever its status.
"""  # noqa: INP001 - Lambda loads the file by itself

from __future__ import annotations

import http.client
import json
import logging
import os
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, urlsplit

import boto3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

_CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
_MOST_REQUESTS = 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to ask, and how.

    Attributes:
        url: The endpoint.
        requests: Requests in one run.
        timeout: Seconds that connecting and each read may take.
    """

    url: SplitResult
    requests: int
    timeout: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Read the settings from environment variables.

        Raises:
            ValueError: One is missing or makes no sense.
        """
        url = urlsplit(environ.get("PROBE_URL", ""))
        if url.scheme not in _CONNECTIONS or not url.hostname:
            raise ValueError(f"PROBE_URL must be an http or https URL; got {url.geturl()!r}")
        requests = int(environ.get("PROBE_REQUESTS", "10"))
        if not 1 <= requests <= _MOST_REQUESTS:
            raise ValueError(f"PROBE_REQUESTS must be 1 to {_MOST_REQUESTS}; got {requests}")
        timeout = float(environ.get("PROBE_TIMEOUT_SECONDS", "2"))
        if timeout <= 0:
            raise ValueError(f"PROBE_TIMEOUT_SECONDS must be more than 0; got {timeout:g}")
        return cls(url=url, requests=requests, timeout=timeout)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one request came to.

    Attributes:
        status: The status code, or None if there was no answer.
        milliseconds: From the start of connecting to the end of the answer's head.
        error: Why there was no answer.
    """

    status: int | None
    milliseconds: float
    error: str | None = None

    @property
    def good(self) -> bool:
        """Whether the endpoint said it is healthy. A redirect is none of its answers."""
        return self.status == http.client.OK


def ask(url: SplitResult, timeout: float) -> Answer:
    """Send one request, over a connection of its own, and follow no redirect."""
    started = time.monotonic()
    connection = _CONNECTIONS[url.scheme](url.hostname or "", url.port, timeout=timeout)
    status, error = None, None
    try:
        path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        connection.request("GET", path, headers={"User-Agent": "probe", "Connection": "close"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as failure:
        error = f"{type(failure).__name__}: {failure}"
    finally:
        connection.close()
    return Answer(status=status, milliseconds=(time.monotonic() - started) * 1000, error=error)


def metrics(answers: list[Answer], function_name: str) -> list[MetricDatumTypeDef]:
    """Return what PutMetricData takes.

    A run without any answer has no latency: how long a failure took says nothing about it.
    """
    values: dict[str, tuple[Literal["Milliseconds", "None"], list[float]]] = {
        "ProbeSuccess": ("None", [float(answer.good) for answer in answers]),
        "ProbeLatency": (
            "Milliseconds",
            [answer.milliseconds for answer in answers if answer.status is not None],
        ),
    }
    data: list[MetricDatumTypeDef] = []
    for name, (unit, seen) in values.items():
        # CloudWatch wants each value once, with how often it was seen.
        tally = Counter(seen)
        if tally:
            data.append(
                {
                    "MetricName": name,
                    "Dimensions": [{"Name": "FunctionName", "Value": function_name}],
                    "Unit": unit,
                    "Values": list(tally.keys()),
                    "Counts": [float(count) for count in tally.values()],
                }
            )
    return data


def handler(event: object, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Ask, publish, and return what was published in short.

    An unhealthy endpoint is a result, not an error of the function.

    Raises:
        ValueError: A setting is missing or makes no sense.
        botocore.exceptions.ClientError: CloudWatch refused the metrics.
    """
    settings = Settings.read(os.environ)
    answers = [ask(settings.url, settings.timeout) for _ in range(settings.requests)]
    boto3.client("cloudwatch", region_name=os.environ["REGION"]).put_metric_data(
        Namespace=os.environ["METRIC_NAMESPACE"],
        MetricData=metrics(answers, os.environ["FUNCTION_NAME"]),
    )
    bad = [answer for answer in answers if not answer.good]
    summary = {
        "url": settings.url.geturl(),
        "requests": len(answers),
        "good": len(answers) - len(bad),
        "reasons": sorted({answer.error or f"status {answer.status}" for answer in bad}),
    }
    _log.log(logging.WARNING if bad else logging.INFO, json.dumps(summary))
    return summary
