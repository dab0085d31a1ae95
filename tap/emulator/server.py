"""The emulator's process: moto's own application, the extensions, and a few routes of tap.

``GET /_tap/health``, ``GET /_tap/resources``, ``POST /_tap/reset``, and one POST route for each
that an extension declares. Only requests that name the loopback interface as their host are
answered: a web page must not reach the emulator through a name of its own (DNS rebinding).

Source: moto/server.py of moto 5.2.5, which starts the same application.
"""

from __future__ import annotations

import argparse
import functools
import gc
import gzip
import os
import secrets
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import moto.core.responses
import moto.core.utils
import moto.utilities.utils
import msgspec
from botocore.loaders import Loader
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tap import __version__
from tap.emulator import extensions, listing, processes
from tap.emulator import record as records
from tap.emulator.attempts import AnswersOnce
from tap.emulator.record import HOST, PORT_TAKEN, Record
from tap.redaction import RedactedStream
from tap.service_models import ServiceModelFiles

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from tap.emulator.extensions import Extension, Route

_PREFIX = "/_tap/"
_BACKLOG = 128
_TICK_SECONDS = 1.0
_SERVER_FAULT = 500


class _Handler(MotoRequestHandler):
    """Logs failures only: a line for each request costs time and says nothing."""

    # An answer leaves as a whole. Sent as head and body, a busy client sometimes loses the body of
    # a connection that is closed behind it ("use of closed network connection").
    wbufsize = 2**20
    # What does not fit must not wait for an acknowledgement.
    disable_nagle_algorithm = True

    def handle_expect_100(self) -> bool:
        """Tell a client at once, and once, that its body is awaited."""
        del self.headers["Expect"]
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        if str(code).isdigit() and int(code) >= _SERVER_FAULT:
            super().log_request(code, size)


class _Dispatcher(DomainDispatcherApplication):
    """Finds the service of a host once; moto lists its own folders for each request."""

    get_backend_for_host = functools.cache(DomainDispatcherApplication.get_backend_for_host)


# Likewise it sorts the names of all methods of a service for each request.
_method_names = functools.cache(moto.core.utils.method_names_from_class)
setattr(moto.core.responses, "method_names_from_class", _method_names)  # noqa: B010 - not exported


@dataclass(frozen=True, kw_only=True)
class Application:
    """Answers the routes of tap and passes everything else on to moto."""

    record: Record
    extensions: tuple[Extension, ...]
    moto: WSGIApplication = field(
        default_factory=lambda: AnswersOnce(_Dispatcher(create_backend_app))
    )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI asks for it."""
        if not _from_this_machine(environ):
            return Response("not for this host\n", status=403)(environ, start_response)
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith(_PREFIX):
            answer: Iterable[bytes] = self.moto(environ, start_response)
            return answer
        return self._own(Request(environ), path.removeprefix(_PREFIX))(environ, start_response)

    def _own(self, request: Request, path: str) -> Response:
        routes = self._routes()
        if path not in routes:
            known = ", ".join(sorted(routes))
            return Response(f"no route {path}; there are: {known}\n", status=404)
        method, route = routes[path]
        if request.method != method:
            return Response(f"{path} wants {method}\n", status=405)
        try:
            answer = route(**msgspec.json.decode(request.get_data() or b"{}"))
        except (LookupError, TypeError, ValueError) as error:
            return Response(f"{type(error).__name__}: {error}\n", status=400)
        return Response(msgspec.json.encode(answer), content_type="application/json")

    def _routes(self) -> Mapping[str, tuple[str, Route]]:
        return {
            path: ("POST", route)
            for extension in self.extensions
            for path, route in extension.routes.items()
        } | {
            "health": ("GET", lambda: self.record),
            "resources": ("GET", lambda: listing.resources(self.extensions)),
            "reset": ("POST", self._reset),
        }

    def _reset(self) -> None:
        BackendDict.reset()
        reset_model_data()
        for extension in self.extensions:
            extension.reset()


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM, or until the record in the folder is gone.

    Returns:
        98 if the port is taken.
    """
    arguments = _parse(argv)
    # A third of the start would be json's, a sixth a search for garbage where there is none yet.
    gc.disable()
    _decode_quickly()
    # The log of the emulator is a file that people pass on.
    sys.stdout, sys.stderr = RedactedStream(sys.stdout), RedactedStream(sys.stderr)
    try:
        listener = _listen(arguments.port)
    except OSError as error:
        print(f"port {arguments.port}: {error.strerror}", file=sys.stderr)  # noqa: T201 - the log
        return PORT_TAKEN
    port = int(listener.getsockname()[1])
    os.environ["MOTO_PORT"] = str(port)
    loaded = () if arguments.stock else extensions.load()
    listing.watch_new_backends()
    applied = extensions.apply(loaded, without=arguments.without)
    record = Record(
        pid=os.getpid(),
        process_started=processes.started(os.getpid()) or "",
        port=port,
        nonce=secrets.token_hex(16),
        started_at=datetime.now(UTC),
        tap=__version__,
        moto=version("moto"),
        digest=records.digest_of_sources(),
        patches=applied,
    )
    # What was loaded stays; a search for garbage in it would only hold up an answer.
    gc.freeze()
    gc.enable()
    server = make_server(
        HOST,
        port,
        Application(record=record, extensions=loaded),
        threaded=True,
        request_handler=_Handler,
        fd=listener.fileno(),
    )
    signal.signal(signal.SIGTERM, _end)
    records.write(arguments.directory, record)
    for extension in loaded:
        extension.started(record.endpoint)
    threading.Thread(
        target=_background, args=(arguments.directory, record, loaded), daemon=True
    ).start()
    try:
        server.serve_forever()
    finally:
        if _is_current(arguments.directory, record):
            records.remove(arguments.directory)
    return 0


def _decode_quickly() -> None:
    """Let moto and botocore decode their own files, megabytes of JSON, by msgspec."""

    def load_resource(resource: str) -> Any:  # noqa: ANN401 - as in moto
        try:
            text = gzip.decompress(load(f"{resource.removesuffix('.gz')}.gz"))
        except FileNotFoundError:
            text = load(resource)
        return msgspec.json.decode(text)

    load = moto.utilities.utils.load_resource_as_bytes
    Loader.FILE_LOADER_CLASS = ServiceModelFiles
    moto.utilities.utils.load_resource = load_resource


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tap.emulator.server")
    parser.add_argument("--directory", type=Path, required=True, help="where its record goes")
    parser.add_argument("--port", type=int, default=0, help="loopback port; 0 for a free one")
    parser.add_argument("--stock", action="store_true", help="apply no patch")
    parser.add_argument(
        "--without", action="append", default=[], metavar="PATCH", help="leave out one patch"
    )
    return parser.parse_args(argv)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((HOST, port))
    listener.listen(_BACKLOG)
    return listener


def _from_this_machine(environ: Mapping[str, Any]) -> bool:
    """Tell whether host and, for a browser, origin of a request are the loopback interface."""
    origin = str(environ.get("HTTP_ORIGIN", "")).rpartition("//")[2]
    names = [str(environ.get("HTTP_HOST", "")), *([origin] if origin else [])]
    return all(_is_loopback(name) for name in names)


def _is_loopback(host: str) -> bool:
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in {HOST, "localhost", "[::1]"} or name.endswith((f".{HOST}", ".localhost"))


def _end(*_: object) -> None:
    # The background asks again once the record is gone, and must not cut off the exit itself.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def _is_current(directory: Path, record: Record) -> bool:
    found = records.read(directory)
    return found is not None and found.nonce == record.nonce


def _background(directory: Path, record: Record, loaded: tuple[Extension, ...]) -> None:
    """Let extensions work between requests; end with the record, so that none is orphaned."""
    while True:
        time.sleep(_TICK_SECONDS)
        if not _is_current(directory, record):
            os.kill(os.getpid(), signal.SIGTERM)
            return
        for extension in loaded:
            _tick(extension)


def _tick(extension: Extension) -> None:
    try:
        extension.tick()
    except Exception:  # noqa: BLE001 - one extension's fault must not stop the others' clock
        traceback.print_exc()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
