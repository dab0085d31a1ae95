"""The process in which one call of a Python function runs, as AWS Lambda's runtime does it.

Run by its path, never imported: arguments are the folder of the code, the handler, a file that
holds the event, and the file that takes the result.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

_REQUEST_ID = os.environ.pop("_TAP_REQUEST_ID", "")


class Context:
    """What a handler is told about its call.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    def __init__(self) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = os.environ.pop("_TAP_FUNCTION_ARN")
        self.aws_request_id = _REQUEST_ID
        self.identity = None
        self.client_context = None
        self._deadline = time.monotonic() + float(os.environ.pop("_TAP_SECONDS"))

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the call may still take."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class _JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
    """

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": _REQUEST_ID,
        }
        if record.exc_info:
            entry["stackTrace"] = self.formatException(record.exc_info)
        return json.dumps(entry)


def _start_logging() -> None:
    handler = logging.StreamHandler(sys.stdout)
    root = logging.getLogger()
    root.addHandler(handler)
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        handler.setFormatter(_JsonFormatter())
        level = os.environ["AWS_LAMBDA_LOG_LEVEL"]
        root.setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level))
    else:
        handler.setFormatter(
            logging.Formatter(f"[%(levelname)s]\t%(asctime)s\t{_REQUEST_ID}\t%(message)s")
        )


def _tell(error: BaseException) -> None:
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        logging.getLogger().error("%s: %s", type(error).__name__, error, exc_info=error)
    else:
        print(f"[ERROR] {type(error).__name__}: {error}")  # noqa: T201 - as AWS does
        traceback.print_exception(error, file=sys.stdout)


def _call(folder: str, handler: str, event: Path) -> tuple[bool, Any]:
    sys.path.insert(0, folder)
    try:
        module, _, name = handler.rpartition(".")
        function = getattr(importlib.import_module(module.replace("/", ".")), name)
        result = function(json.loads(event.read_text()), Context())
        json.dumps(result)
    except BaseException as error:  # noqa: BLE001 - whatever a function raises is its answer
        _tell(error)
        frames = traceback.format_tb(error.__traceback__)[1:]
        return False, {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "requestId": _REQUEST_ID,
            "stackTrace": frames,
        }
    return True, result


if __name__ == "__main__":
    # An interruption is the end of the function's time: it must not be caught.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _start_logging()
    succeeded, answer = _call(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    Path(sys.argv[4]).write_text(json.dumps({"succeeded": succeeded, "answer": answer}))
