"""Lambda: what the platform writes to the log group of a function.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html
"""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any


def write_log(
    function: Any, stream: str, request_id: str, ended: Any, written: dict[str, Any]
) -> str:
    """Write what a call printed, and what the platform says about it; return all of it.

    Args:
        function: The function that was called.
        stream: The log stream to write to; made by this.
        request_id: Id of the call.
        ended: The process, as :func:`tap.process.run` returns it.
        written: The answer of the call.
    """
    group = function.logging_config["LogGroup"]
    lines = [
        *_platform(function, "start", request_id),
        *ended.stdout.splitlines(),
        *ended.stderr.splitlines(),
        *([written["answer"]["errorMessage"]] if ended.timed_out else []),
        *_platform(function, "report", request_id, ended.seconds),
    ]
    logs = function.logs_backend
    logs.ensure_log_group(group)
    logs.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    logs.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])
    return "\n".join(lines)


def _platform(
    function: Any, event: str, request_id: str, seconds: float | None = None
) -> tuple[str, ...]:
    """Return the platform's own lines, if they are wanted."""
    milliseconds = round((seconds or 0) * 1000, 2)
    if function.logging_config["LogFormat"] == "JSON":
        if function.logging_config["SystemLogLevel"] == "WARN":
            return ()
        record: dict[str, Any] = {"requestId": request_id}
        if seconds is None:
            record["version"] = str(function.version)
        else:
            record["metrics"] = {"durationMs": milliseconds, "memorySizeMB": function.memory_size}
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return (json.dumps({"time": now, "type": f"platform.{event}", "record": record}),)
    if seconds is None:
        return (f"START RequestId: {request_id} Version: {function.version}",)
    duration = f"Duration: {milliseconds} ms\tMemory Size: {function.memory_size} MB"
    return (f"END RequestId: {request_id}", f"REPORT RequestId: {request_id}\t{duration}")
