"""One answer for all attempts of one call.

An AWS SDK that loses an answer (a connection reset on a busy machine) sends the same call again,
under the same ``amz-sdk-invocation-id``. Where the first attempt has made something, a second
one would be told that it exists, and Terraform would never learn of it. So a successful answer
to a call that changes something is kept for a while and given again.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from werkzeug.test import run_wsgi_app

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_READING = {"GET", "HEAD", "OPTIONS"}
_KEPT = 500
_WAIT_SECONDS = 60.0
_FIRST_FAILURE = 400

_Answer = tuple[str, list[tuple[str, str]], bytes]


@dataclass
class _Call:
    """A call that is being answered, or was with success."""

    done: threading.Event = field(default_factory=threading.Event)
    answer: _Answer | None = None


class AnswersOnce:
    """Passes calls on to an application, and each successful one only once.

    Args:
        application: What answers.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._calls: OrderedDict[str, _Call] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request, as WSGI asks for it."""
        invocation = str(environ.get("HTTP_AMZ_SDK_INVOCATION_ID", ""))
        if not invocation or environ.get("REQUEST_METHOD") in _READING:
            return self._application(environ, start_response)
        with self._lock:
            earlier = self._calls.get(invocation)
            call = self._calls[invocation] = _Call() if earlier is None else earlier
            while len(self._calls) > _KEPT:
                self._calls.popitem(last=False)
        if earlier is not None:
            earlier.done.wait(_WAIT_SECONDS)
        status, headers, body = call.answer or self._answer(call, environ)
        start_response(status, headers)
        return [body]

    def _answer(self, call: _Call, environ: WSGIEnvironment) -> _Answer:
        try:
            parts, status, headers = run_wsgi_app(self._application, environ, buffered=True)
            answer = (status, list(headers), b"".join(parts))
            if int(status.split()[0]) < _FIRST_FAILURE:
                call.answer = answer
            return answer
        finally:
            call.done.set()
