#!/usr/bin/python3
"""Answers the health path of the load balancer where no application is installed.

It runs under the Python 3.9 of Amazon Linux 2023 and reads COLOR, HEALTH_PATH and PORT from its
environment.
"""

import json
import os
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Responder(BaseHTTPRequestHandler):
    """Says which color it is on the health path, and 404 everywhere else."""

    protocol_version = "HTTP/1.1"
    server_version = "responder"
    sys_version = ""
    timeout = 75  # seconds, above the 60 after which the load balancer drops an idle connection

    def do_GET(self) -> None:
        """Answer a request with a JSON document."""
        if self.path.partition("?")[0] == os.environ["HEALTH_PATH"]:
            self._answer(HTTPStatus.OK, {"status": "ok", "color": os.environ["COLOR"]})
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"status": "not found"})

    def do_HEAD(self) -> None:
        """Answer as a GET does, without the document."""
        self.do_GET()

    def log_request(self, code: "int | str" = "-", size: "int | str" = "-") -> None:
        """Log what failed only; a health check comes every few seconds."""
        if code != HTTPStatus.OK:
            super().log_request(code, size)

    def _answer(self, code: HTTPStatus, document: "dict[str, str]") -> None:
        body = json.dumps(document).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ["PORT"])), Responder).serve_forever()
