"""Which errors of Terraform pass by themselves, and how the waiting goes."""

from __future__ import annotations

import pytest

from tap.terraform.events import Diagnostic
from tap.terraform.retries import Retries, reasons, transient

pytestmark = pytest.mark.requirement("TAP-6")

# As Terraform 1.11, its S3 backend and the AWS provider 5.100 printed them.
LISTING = (
    'error loading state: Unable to list objects in S3 bucket "shop" with prefix "env:/": '
    "operation error S3: ListObjectsV2, exceeded maximum number of attempts, 1, "
)
READING = "reading SSM Parameter (/a): operation error SSM: GetParameter, "
REGISTRY = (
    "Failed to query available provider packages\n"
    "  Could not retrieve the list of available versions for provider hashicorp/aws: could not "
    "connect to registry: "
)
PASSING = [
    (
        "throttled",
        (
            f"{LISTING}https response error StatusCode: 503, RequestID: 0, HostID: , api error "
            "SlowDown: Please reduce your request rate."
        ),
    ),
    (
        "throttled",
        (
            f"{READING}https response error StatusCode: 400, RequestID: 0, api error "
            "ThrottlingException: Rate exceeded"
        ),
    ),
    ("throttled", f"{READING}failed to get rate limit token, retry quota exceeded, 3 available"),
    ("throttled", "reading IAM Role (a): ... api error Throttling: Rate exceeded"),
    ("throttled", "reading EC2 VPC: ... api error RequestLimitExceeded: Request limit exceeded."),
    (
        "a fault of the service",
        (
            f"{LISTING}https response error StatusCode: 500, RequestID: 0, HostID: , api error "
            "InternalError: We encountered an internal error."
        ),
    ),
    (
        "a fault of the service",
        (
            f"{READING}https response error StatusCode: 500, RequestID: 0, InternalServerError: An "
            "error occurred on the server side"
        ),
    ),
    ("a fault of the service", f"{REGISTRY}the request failed: 502 Bad Gateway"),
    (
        "connection lost",
        (
            f"{LISTING}https response error StatusCode: 0, RequestID: , HostID: , request send "
            'failed, Get "http://127.0.0.1:1/shop": read tcp 127.0.0.1:2->127.0.0.1:1: read: '
            "connection reset by peer"
        ),
    ),
    (
        "connection lost",
        (
            f'{READING}request send failed, Post "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: '
            "connect: connection refused"
        ),
    ),
    ("connection lost", f'{READING}request send failed, Post "http://127.0.0.1:1/": EOF'),
    ("TLS handshake timeout", f"{REGISTRY}net/http: TLS handshake timeout"),
    (
        "network timeout",
        (
            f"{REGISTRY}net/http: request canceled while waiting for connection (Client.Timeout "
            "exceeded while awaiting headers)"
        ),
    ),
    ("network timeout", f"{REGISTRY}dial tcp: lookup example.com: i/o timeout"),
    (
        "name server failure",
        f"{REGISTRY}dial tcp: lookup example.com on 10.0.0.2:53: server misbehaving",
    ),
    (
        "provider too slow to start",
        "Failed to instantiate provider: timeout while waiting for plugin to start",
    ),
]
LASTING = [
    'Unsupported argument\n  at main.tf:3\n  An argument named "nam" is not expected here.',
    "Invalid value for variable\n  The connection must be reset by peers of the owner.",
    f"{LISTING}https response error StatusCode: 403, RequestID: 0, api error AccessDenied: denied",
    f"{LISTING}https response error StatusCode: 404, RequestID: 0, NoSuchBucket: ",
    "creating KMS Alias: operation error KMS: CreateAlias, ... LimitExceededException: too many",
    (
        f'{READING}request send failed, Post "https://ssm.eu-nowhere-1.amazonaws.com/": dial tcp: '
        "lookup ssm.eu-nowhere-1.amazonaws.com on 10.0.0.2:53: no such host"
    ),
    (
        "Error releasing the state lock\n  Error message: failed to unlock DynamoDB: ... api error "
        "ThrottlingException: Rate exceeded"
    ),
    "it printed no reason",
    "",
]


@pytest.mark.parametrize(("name", "text"), PASSING)
def test_a_failure_that_passes_has_a_name(name: str, text: str) -> None:
    assert transient([text]) == name


@pytest.mark.parametrize("text", LASTING)
def test_any_other_failure_has_none(text: str) -> None:
    assert transient([text]) is None


def test_one_error_that_does_not_pass_makes_repeating_useless() -> None:
    passing = PASSING[0][1]

    assert transient([passing, PASSING[5][1]]) == "throttled"
    assert transient([passing, LASTING[0]]) is None
    assert transient([]) is None


def test_reasons_are_the_errors_or_else_standard_error_without_its_box() -> None:
    error = Diagnostic(severity="error", summary="first", detail="more")
    warning = Diagnostic(severity="warning", summary="second")
    box = "\u2577\n\u2502 Error: read: connection reset\n\u2502 by peer\n\u2575\n"

    assert reasons([warning, error], "ignored") == ["first\n  more"]
    assert reasons([warning], box) == [" Error: read: connection reset by peer "]
    assert transient(reasons([], box)) == "connection lost"


def _run(outcomes: list[str], attempts: int = 4) -> tuple[str, list[str], list[float]]:
    """Return the last outcome, what was said, and how long was waited."""
    said: list[str] = []
    waited: list[float] = []
    retries = Retries(attempts=attempts, sleep=waited.append, chance=lambda: 0.5)
    left = iter(outcomes)
    last = retries.run(
        lambda: next(left),
        passing=lambda outcome: outcome if outcome == "throttled" else None,
        notice=said.append,
    )
    return last, said, waited


def test_success_and_what_does_not_pass_end_it_at_once() -> None:
    assert _run(["done", "never"]) == ("done", [], [])
    assert _run(["broken", "never"]) == ("broken", [], [])


def test_each_wait_is_twice_the_last_and_told_before() -> None:
    assert _run(["throttled", "throttled", "done"]) == (
        "done",
        [
            "throttled; trying again in 0.8 s (2 of 4)",
            "throttled; trying again in 1.5 s (3 of 4)",
        ],
        [0.75, 1.5],
    )


def test_after_the_last_attempt_the_failure_stays() -> None:
    last, said, waited = _run(["throttled"] * 3, attempts=3)

    assert (last, len(said), len(waited)) == ("throttled", 2, 2)
    assert _run(["throttled"], attempts=1) == ("throttled", [], [])


def test_a_wait_is_between_half_and_all_of_its_length_and_20_s_at_most() -> None:
    assert [Retries(chance=lambda: 0.0).delay(n) for n in (1, 2, 5, 6, 60)] == [1, 2, 16, 20, 20]
    assert [Retries(chance=lambda: 1.0).delay(n) for n in (1, 2, 6)] == [0.5, 1, 10]
