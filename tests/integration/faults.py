"""A proxy between Terraform and the emulator that answers some calls with a fault.

Made of the standard library: the ready-made proxies are either a program of another language
(toxiproxy) or a browser's worth of dependencies (mitmproxy), and none of them knows the shapes in
which AWS answers. Which calls are struck depends on the seed, the operation and how many times it
was called before, not on the order in which parallel calls happen to arrive.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import socket
import struct
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar, Literal
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = Literal["throttle", "error", "reset", "lost"]
"""Too many calls; a fault of the service; the connection breaks before, or after the call was
carried out."""

# RST instead of FIN, as a machine that goes away does.
_NO_LINGER = struct.pack("ii", 1, 0)

# Code, status and message as each service gives them for the same two faults.
# Source: "Common Errors" of each service's API reference.
_JSON_ERRORS = {
    ("dynamodb", "throttle"): (400, "ThrottlingException", "Rate of requests exceeds the limit"),
    ("", "throttle"): (400, "ThrottlingException", "Rate exceeded"),
    ("", "error"): (500, "InternalServerError", "An error occurred on the server side"),
}
_XML_ERRORS = {
    ("s3", "throttle"): (503, "SlowDown", "Please reduce your request rate."),
    ("s3", "error"): (500, "InternalError", "We encountered an internal error."),
    ("", "throttle"): (400, "Throttling", "Rate exceeded"),
    ("", "error"): (500, "InternalFailure", "The request processing has failed."),
}
_REQUEST_ID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Faults:
    """Which calls of Terraform are struck.

    Attributes:
        rate: Share of the calls, from 0 to 1.
        kinds: What happens to them, in turn.
        seed: Other calls are struck with another one.
        operations: Pattern of ``service:operation``; calls that do not match pass.
        first: How many calls of each operation are struck in any case.
    """

    rate: float = 0.0
    kinds: tuple[Kind, ...] = ("throttle", "error", "reset")
    seed: int = 0
    operations: str = ""
    first: int = 0

    def strike(self, call: str, number: int) -> Kind | None:
        """Return what happens to the n-th call of an operation, if anything."""
        if re.search(self.operations, call) is None:
            return None
        digest = hashlib.sha256(f"{self.seed} {call} {number}".encode()).digest()
        if number > self.first and int.from_bytes(digest[:4]) >= self.rate * 2**32:
            return None
        return self.kinds[digest[4] % len(self.kinds)]


@dataclass
class FaultProxy:
    """Forwards to an endpoint; what it did is counted by call and kind.

    Attributes:
        upstream: The endpoint behind it.
        faults: What is struck from now on.
        passed: Calls that reached the endpoint.
        struck: Calls that did not, or whose answer was lost, by kind.
    """

    upstream: str
    faults: Faults = field(default_factory=Faults)
    passed: Counter[str] = field(default_factory=Counter)
    struck: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    _calls: Counter[str] = field(default_factory=Counter)
    _lost: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve on a free loopback port and yield the endpoint."""
        handler = type("Handler", (_Handler,), {"proxy": self})
        server = _Server(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def inject(self, faults: Faults) -> None:
        """Strike by other rules from now on, and count anew."""
        with self._lock:
            self.faults = faults
            for counter in (self.passed, self.struck, self._calls):
                counter.clear()

    def decide(self, call: str, *, invocation: str) -> Kind | None:
        """Count a call and return what happens to it.

        An answer is lost once: what the SDK sends again under the same id gets through. If no
        answer ever came, nobody could know what was made.

        Args:
            call: Service and operation.
            invocation: What the SDK of Terraform knows the call by; empty for other callers.
        """
        with self._lock:
            self._calls[call] += bool(invocation)
            spared = not invocation or invocation in self._lost
            kind = None if spared else self.faults.strike(call, self._calls[call])
            if kind == "lost":
                self._lost.add(invocation)
            if kind is not None:
                self.struck[call, kind] += 1
            if kind in {None, "lost"}:
                self.passed[call] += 1
            return kind

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Send a call on and return status, headers and body of the answer."""
        host = urlsplit(self.upstream).netloc
        connection = http.client.HTTPConnection(host, timeout=60)
        try:
            # The emulator makes URLs of queues from the host; they must outlive this proxy.
            connection.request(method, path, body, {**headers, "Host": host})
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is none of the test's business."""


class _Handler(BaseHTTPRequestHandler):
    proxy: ClassVar[FaultProxy]
    protocol_version = "HTTP/1.1"
    wbufsize = 2**20  # an answer leaves as a whole
    disable_nagle_algorithm = True

    def handle_expect_100(self) -> bool:
        """Tell a client at once that its body is awaited."""
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: standard error belongs to the test."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service, operation = self._call(body)
        agent = self.headers.get("User-Agent", "")
        by_terraform = "HashiCorp" in agent
        invocation = self.headers.get("Amz-Sdk-Invocation-Id", "") if by_terraform else ""
        kind = self.proxy.decide(f"{service}:{operation}", invocation=invocation)
        if kind == "reset":
            self._break()
        elif kind in {"throttle", "error"}:
            self._send(*_fault(service, kind, json_protocol=self._speaks_json()))
        else:
            answer = self.proxy.forward(self.command, self.path, dict(self.headers), body)
            if kind == "lost":
                self._break()
            else:
                self._send(*answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the base's names

    def _call(self, body: bytes) -> tuple[str, str]:
        """Return service and operation, in the words of AWS where the call has them."""
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers["Authorization"])
        service = scope[1] if scope else ""
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        action = "" if target else parse_qs(body.decode(errors="replace")).get("Action", [""])[0]
        return service, target or action or f"{self.command} {urlsplit(self.path).path}"

    def _speaks_json(self) -> bool:
        return "amz-json" in self.headers.get("Content-Type", "")

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                self.send_header(name, value)
        if self.command == "HEAD":
            length = next((v for n, v in headers if n.lower() == "content-length"), "0")
            self.send_header("Content-Length", length)
            self.end_headers()
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def _break(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            # The socket is closed when its last reader is.
            self.rfile.close()
            self.connection.close()


def _fault(
    service: str, kind: str, *, json_protocol: bool
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return a fault as the service itself would answer."""
    table = _JSON_ERRORS if json_protocol else _XML_ERRORS
    status, code, message = table.get((service, kind)) or table["", kind]
    if json_protocol:
        text = json.dumps({"__type": code, "message": message})
        headers = [("Content-Type", "application/x-amz-json-1.0"), ("x-amzn-ErrorType", code)]
        return status, [*headers, ("x-amzn-RequestId", _REQUEST_ID)], text.encode()
    error = f"<Code>{code}</Code><Message>{message}</Message>"
    if service == "s3":
        text = f"<Error>{error}<RequestId>{_REQUEST_ID}</RequestId></Error>"
    elif service == "ec2":
        text = f"<Response><Errors><Error>{error}</Error></Errors></Response>"
    else:
        text = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
    return status, [("Content-Type", "text/xml")], text.encode()
