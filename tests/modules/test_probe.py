"""The probe, run from its package against a real HTTP server and CloudWatch of stock moto."""

from __future__ import annotations

import http.server
import socket
import sys
import threading
import time
import zipimport
from importlib.util import module_from_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).resolve().parents[2] / "modules" / "lambda" / "functions" / "probe.zip"


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Answers by the path: what is asked for is what happens."""

    seen: list[str]
    connections: set[tuple[str, int]]

    def do_GET(self) -> None:
        self.seen.append(f"{self.path} {self.headers['User-Agent']}")
        self.connections.add(self.client_address)
        match self.path:
            case "/sick":
                self.send_response(503)
            case "/elsewhere":
                self.send_response(301)
                self.send_header("Location", "/health")
            case "/half":
                self.send_response(200 if len(self.seen) % 2 else 502)
            case "/hangs":
                time.sleep(0.5)
                return
            case _:
                self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def probe() -> Iterator[Any]:
    """Return the module as Lambda loads it: from the zip file."""
    spec = zipimport.zipimporter(str(PACKAGE)).find_spec("probe")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    sys.modules["probe"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["probe"]


@pytest.fixture
def endpoint() -> Iterator[Any]:
    """Return a server with ``url``, ``seen`` requests and the client's ``connections``."""
    answers: Any = type("Answers", (Endpoint,), {"seen": [], "connections": set()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        answers.url = f"http://127.0.0.1:{server.server_port}"
        yield answers
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def cloudwatch(moto_url: str, monkeypatch: pytest.MonkeyPatch, request: Any) -> Any:
    """Return a client, and let the probe find the same CloudWatch; the namespace is the test's."""
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    monkeypatch.setenv("REGION", "eu-west-1")
    monkeypatch.setenv("FUNCTION_NAME", "payments-dev-probe")
    monkeypatch.setenv("METRIC_NAMESPACE", request.node.name[:200])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return boto3.session.Session().client("cloudwatch", region_name="eu-west-1")


def published(cloudwatch: Any, namespace: str) -> dict[str, list[float]]:
    """Return average and sample count of what the function has published, by metric."""
    found = {}
    for metric in cloudwatch.list_metrics(Namespace=namespace)["Metrics"]:
        assert metric["Dimensions"] == [{"Name": "FunctionName", "Value": "payments-dev-probe"}]
        now = time.time()
        [point] = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=metric["MetricName"],
            Dimensions=metric["Dimensions"],
            StartTime=now - 3600,
            EndTime=now + 3600,
            Period=7200,
            Statistics=["Average", "SampleCount"],
        )["Datapoints"]
        found[metric["MetricName"]] = [point["Average"], point["SampleCount"]]
    return found


# Asking


@pytest.mark.requirement("FUN-3")
def test_each_request_opens_a_connection_of_its_own(
    probe: Any, endpoint: Any, cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cloudwatch
    monkeypatch.setenv("PROBE_URL", f"{endpoint.url}/health")
    probe.handler({}, None)
    assert endpoint.seen == ["/health probe"] * 10
    assert len(endpoint.connections) == 10


@pytest.mark.requirement("FUN-3")
def test_an_answer_of_200_is_good_and_has_a_latency(probe: Any, endpoint: Any) -> None:
    answer = probe.ask(urlsplit(f"{endpoint.url}/health?deep=1"), 5)
    assert endpoint.seen == ["/health?deep=1 probe"]
    assert (answer.status, answer.good, answer.error) == (200, True, None)
    assert 0 < answer.milliseconds < 5000


@pytest.mark.requirement("FUN-3")
@pytest.mark.parametrize(("path", "status"), [("/sick", 503), ("/elsewhere", 301)])
def test_every_other_answer_is_bad_and_no_redirect_is_followed(
    probe: Any, endpoint: Any, path: str, status: int
) -> None:
    answer = probe.ask(urlsplit(endpoint.url + path), 5)
    assert (answer.status, answer.good) == (status, False)
    assert endpoint.seen == [f"{path} probe"]


@pytest.mark.requirement("FUN-3")
def test_an_answer_that_does_not_come_in_time_is_bad(probe: Any, endpoint: Any) -> None:
    answer = probe.ask(urlsplit(f"{endpoint.url}/hangs"), 0.1)
    assert (answer.status, answer.good) == (None, False)
    assert answer.error == "TimeoutError: timed out"


@pytest.mark.requirement("FUN-3")
def test_a_closed_port_is_bad(probe: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        answer = probe.ask(urlsplit(f"http://127.0.0.1:{taken.getsockname()[1]}/health"), 1)
    assert not answer.good
    assert answer.error.startswith("ConnectionRefusedError: ")


@pytest.mark.requirement("FUN-3")
def test_an_https_endpoint_without_tls_is_bad(probe: Any, endpoint: Any) -> None:
    answer = probe.ask(urlsplit(endpoint.url.replace("http:", "https:") + "/health"), 5)
    assert not answer.good
    assert answer.error.startswith("SSLError: ")
    assert endpoint.seen == []


# Publishing


@pytest.mark.requirement("FUN-3")
def test_a_healthy_endpoint_is_published_as_a_success_of_one(
    probe: Any, endpoint: Any, cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_URL", f"{endpoint.url}/health")
    monkeypatch.setenv("METRIC_NAMESPACE", "healthy")
    summary = probe.handler({}, None)
    found = published(cloudwatch, "healthy")
    assert found["ProbeSuccess"] == [1.0, 10.0]
    assert found["ProbeLatency"][1] == 10.0
    assert 0 < found["ProbeLatency"][0] < 2000
    assert summary == {
        "url": f"{endpoint.url}/health",
        "requests": 10,
        "good": 10,
        "reasons": [],
    }


@pytest.mark.requirement("FUN-3")
def test_the_share_of_good_answers_is_the_average(
    probe: Any, endpoint: Any, cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_URL", f"{endpoint.url}/half")
    monkeypatch.setenv("PROBE_REQUESTS", "8")
    monkeypatch.setenv("METRIC_NAMESPACE", "half")
    summary = probe.handler({}, None)
    assert published(cloudwatch, "half")["ProbeSuccess"] == [0.5, 8.0]
    assert (summary["good"], summary["reasons"]) == (4, ["status 502"])


@pytest.mark.requirement("FUN-3")
def test_a_dead_endpoint_is_published_as_zero_without_any_latency(
    probe: Any, endpoint: Any, cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROBE_URL", f"{endpoint.url}/hangs")
    monkeypatch.setenv("PROBE_REQUESTS", "2")
    monkeypatch.setenv("PROBE_TIMEOUT_SECONDS", "0.1")
    monkeypatch.setenv("METRIC_NAMESPACE", "dead")
    summary = probe.handler({}, None)
    assert published(cloudwatch, "dead") == {"ProbeSuccess": [0.0, 2.0]}
    assert summary["reasons"] == ["TimeoutError: timed out"]


@pytest.mark.requirement("FUN-3")
def test_equal_values_are_published_once_with_their_count(probe: Any) -> None:
    answers = [
        probe.Answer(status=200, milliseconds=8.0),
        probe.Answer(status=200, milliseconds=8.0),
        probe.Answer(status=500, milliseconds=3.0),
    ]
    data = {each["MetricName"]: each for each in probe.metrics(answers, "payments-dev-probe")}
    assert data["ProbeSuccess"]["Values"] == [1.0, 0.0]
    assert data["ProbeSuccess"]["Counts"] == [2.0, 1.0]
    assert data["ProbeLatency"]["Values"] == [8.0, 3.0]
    assert data["ProbeLatency"]["Counts"] == [2.0, 1.0]
    assert data["ProbeLatency"]["Unit"] == "Milliseconds"


# Settings


@pytest.mark.requirement("FUN-3")
@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "PROBE_URL must be an http or https URL; got ''"),
        ({"PROBE_URL": "file://localhost/etc/passwd"}, "got 'file://localhost/etc/passwd'"),
        ({"PROBE_URL": "https:///health"}, "PROBE_URL must be an http or https URL"),
        (
            {"PROBE_URL": "https://pay.example.com", "PROBE_REQUESTS": "21"},
            "PROBE_REQUESTS must be 1 to 20; got 21",
        ),
        (
            {"PROBE_URL": "https://pay.example.com", "PROBE_REQUESTS": "0"},
            "PROBE_REQUESTS must be 1 to 20; got 0",
        ),
        (
            {"PROBE_URL": "https://pay.example.com", "PROBE_TIMEOUT_SECONDS": "0"},
            "PROBE_TIMEOUT_SECONDS must be more than 0; got 0",
        ),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(
    probe: Any, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match="PROBE_") as caught:
        probe.Settings.read(environ)
    assert message in str(caught.value)
