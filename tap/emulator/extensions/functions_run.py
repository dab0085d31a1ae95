"""Lambda: Python functions that run, each call in a process of its own."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import base64
import json
import os
import sys
import threading
import time
import uuid
import zipfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaFunction
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends

from tap.emulator.extensions import Client, Extension, Patch, wrap
from tap.emulator.extensions.functions import create_function
from tap.emulator.extensions.refusals import REFUSED
from tap.process import run

if TYPE_CHECKING:
    from collections.abc import Iterator

_BOOTSTRAP = Path(__file__).with_name("functions_bootstrap.py")
_LOG_TAIL_BYTES = 4096
_RETRIES = 2
_SESSION_SECONDS = 3600
"""Sources:
    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

_endpoint = ""
_running: Counter[str] = Counter()
_running_lock = threading.Lock()


class TooManyRequestsError(LambdaClientError):
    """As many calls of a function run as are reserved for it."""

    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


@dataclass(frozen=True, kw_only=True)
class _Answer:
    request_id: str
    payload: bytes
    failed: bool
    log: str


def _started(endpoint: str) -> None:
    global _endpoint  # noqa: PLW0603 - known once, after the patches were applied
    _endpoint = endpoint


def _run_functions() -> None:
    @wrap(LambdaFunction, "invoke")
    def _(_original: Any, self: Any, body: Any, request_headers: Any, headers: Any) -> bytes:
        given = {str(name).lower(): value for name, value in dict(request_headers or {}).items()}
        kind = given.get("x-amz-invocation-type", "RequestResponse")
        text = body.decode() if isinstance(body, bytes) else body or "{}"
        if kind == "DryRun":
            return b""
        if kind == "Event":
            threading.Thread(target=_run_later, args=(self, text), daemon=True).start()
            return b""
        with _reserved(self):
            answer = _run(self, text)
        headers["x-amz-executed-version"] = str(self.version)
        tail = answer.log.encode()[-_LOG_TAIL_BYTES:]
        headers["x-amz-log-result"] = base64.b64encode(tail).decode()
        if answer.failed:
            headers["x-amz-function-error"] = "Unhandled"
        return answer.payload


@contextmanager
def _reserved(function: Any) -> Iterator[None]:
    """Hold one of the calls that are reserved for a function.

    Raises:
        TooManyRequestsError: All of them are held.
    """
    name, limit = function.function_arn, function.reserved_concurrency
    with _running_lock:
        if limit is not None and _running[name] >= int(limit):
            raise TooManyRequestsError
        _running[name] += 1
    try:
        yield
    finally:
        with _running_lock:
            _running[name] -= 1


def _run_later(function: Any, event: str) -> None:
    """Run a call that nobody waits for; repeat it and hand it on as AWS does, but at once."""
    configuration = function.event_invoke_config
    settings = configuration[0].config if configuration else {}
    answer = None
    for _ in range(1 + int(settings.get("MaximumRetryAttempts", _RETRIES))):
        try:
            with _reserved(function):
                answer = _run(function, event)
        except TooManyRequestsError:
            if not int(function.reserved_concurrency):
                break
            time.sleep(1)
            continue
        if not answer.failed:
            return
    _give_up(function, event, answer)


def _give_up(function: Any, event: str, answer: _Answer | None) -> None:
    target = (function.dead_letter_config or {}).get("TargetArn")
    if not target:
        return
    message = json.loads(answer.payload).get("errorMessage", "") if answer else "Rate Exceeded."
    attributes = {
        "RequestID": answer.request_id if answer else str(uuid.uuid4()),
        "ErrorCode": "200" if answer else "429",
        "ErrorMessage": message,
    }
    typed = {
        name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
    }
    _, _, service, region, account, name = target.split(":", 5)
    if service == "sqs":
        sqs_backends[account][region].send_message(name, event, message_attributes=typed)
    else:
        sns_backends[account][region].publish(event, arn=target)


def _run(function: Any, event: str) -> _Answer:
    request_id = str(uuid.uuid4())
    now = datetime.now(UTC)
    stream = f"{now:%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
    with TemporaryDirectory(prefix="tap-function-") as name:
        folder = Path(name)
        code, asked, answered = folder / "code", folder / "event.json", folder / "answer.json"
        with zipfile.ZipFile(BytesIO(function.code_bytes)) as package:
            package.extractall(code)
        asked.write_text(event)
        ended = run(
            [sys.executable, "-I", _BOOTSTRAP, code, function.handler, asked, answered],
            env=_environment(function, request_id, stream, code),
            cwd=code,
            timeout=float(function.timeout),
        )
        written = json.loads(answered.read_text()) if answered.exists() else None
    if written is None:
        written = {"succeeded": False, "answer": _death(function, ended, request_id)}
    elif not written["succeeded"]:
        written["answer"]["requestId"] = request_id
    log = _write_log(function, stream, request_id, ended, written)
    payload = json.dumps(written["answer"]).encode()
    return _Answer(request_id=request_id, payload=payload, failed=not written["succeeded"], log=log)


def _death(function: Any, ended: Any, request_id: str) -> dict[str, str]:
    if ended.timed_out:
        seconds = float(function.timeout)
        return {
            "errorType": "Sandbox.Timedout",
            "errorMessage": f"RequestId: {request_id} Error: Task timed out after "
            f"{seconds:.2f} seconds",
        }
    return {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request_id} Error: Runtime exited with error: exit status "
        f"{ended.returncode}",
    }


def _environment(function: Any, request_id: str, stream: str, code: Path) -> dict[str, str]:
    """Return what AWS sets, the function's own variables, and the way to the emulator.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    partition = function.partition
    role = sts_backends[function.account_id][partition].assume_role(
        region_name=function.region,
        role_session_name=function.function_name,
        role_arn=function.role,
        policy="",
        duration=_SESSION_SECONDS,
        external_id="",
    )
    provided = {
        "AWS_ACCESS_KEY_ID": role.access_key_id,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": _endpoint,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.run_time}",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(function.version),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.logging_config["LogGroup"],
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
        "AWS_REGION": function.region,
        "AWS_SECRET_ACCESS_KEY": role.secret_access_key,
        "AWS_SESSION_TOKEN": role.session_token,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "LAMBDA_TASK_ROOT": str(code),
        "LANG": "en_US.UTF-8",
        "PATH": os.defpath,
        "TZ": ":UTC",
        "_HANDLER": function.handler,
        "_TAP_FUNCTION_ARN": function.function_arn,
        "_TAP_REQUEST_ID": request_id,
        "_TAP_SECONDS": str(function.timeout),
    }
    return {**function.environment_vars, **provided}


def _write_log(
    function: Any, stream: str, request_id: str, ended: Any, written: dict[str, Any]
) -> str:
    group = function.logging_config["LogGroup"]
    lines = [
        f"START RequestId: {request_id} Version: {function.version}",
        *ended.stdout.splitlines(),
        *ended.stderr.splitlines(),
    ]
    if ended.timed_out:
        lines.append(written["answer"]["errorMessage"])
    milliseconds = ended.seconds * 1000
    lines += [
        f"END RequestId: {request_id}",
        "\t".join(
            [
                f"REPORT RequestId: {request_id}",
                f"Duration: {milliseconds:.2f} ms",
                f"Billed Duration: {milliseconds:.0f} ms",
                f"Memory Size: {function.memory_size} MB",
            ]
        ),
    ]
    logs = function.logs_backend
    logs.ensure_log_group(group)
    logs.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    logs.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])
    return "\n".join(lines)


_CODE = """
import os, time, boto3
def handler(event, context):
    print("seen", event["word"])
    if event["word"] == "fail":
        raise ValueError("told to")
    time.sleep(event.get("seconds", 0))
    return [os.environ["OWN"], boto3.client("sts").get_caller_identity()["Arn"]]
"""


def _cannot_run_functions(client: Client) -> bool:
    name = "tap-probe-run"
    create_function(client, name, _CODE, Environment={"Variables": {"OWN": "mine"}})

    def call(**event: Any) -> tuple[str | None, Any]:
        answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return answer.get("FunctionError"), json.loads(answer["Payload"].read())

    try:
        error, result = call(word="hello")
        failure, reason = call(word="fail")
        events = client("logs").filter_log_events(
            logGroupName=f"/aws/lambda/{name}", filterPattern="seen"
        )["events"]
    except (*REFUSED, ValueError):
        return True
    role = f"arn:aws:sts::123456789012:assumed-role/{name}/{name}"
    return not (
        (error, result) == (None, ["mine", role])
        and failure == "Unhandled"
        and reason["errorType"] == "ValueError"
        and {event["message"] for event in events} >= {"seen hello", "seen fail"}
    )


def _does_not_stop_functions(client: Client) -> bool:
    name = "tap-probe-timeout"
    create_function(client, name, _CODE, Environment={"Variables": {"OWN": "mine"}}, Timeout=1)
    functions = client("lambda")
    payload = json.dumps({"word": "slow", "seconds": 20})
    try:
        answer = functions.invoke(FunctionName=name, Payload=payload)
        reason = json.loads(answer["Payload"].read())
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        functions.invoke(FunctionName=name, Payload=payload)
    except functions.exceptions.TooManyRequestsException:
        return bool(reason.get("errorType") != "Sandbox.Timedout")
    except (*REFUSED, ValueError):
        return True
    return True


EXTENSION = Extension(
    patches=(
        Patch(
            id="lambda-run",
            symptom="a function cannot be called without Docker",
            apply=_run_functions,
            probe=lambda client: _cannot_run_functions(client) or _does_not_stop_functions(client),
        ),
    ),
    started=_started,
)
