"""Lambda: all that Terraform reads back of a function."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import io
import zipfile
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction

from tap.emulator.extensions import Client, Extension, Patch, arguments, wrap

_UPDATED = {
    "Architectures": "architectures",
    "KMSKeyArn": "kms_key_arn",
    "TracingConfig": "tracing_config",
}
"""Settings that moto takes at creation only, and the attributes that hold them."""


def _keep_settings() -> None:
    @wrap(LambdaFunction, "__init__")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        spec = arguments(original, self, *args, **kwargs)["spec"]
        self.dead_letter_config = spec.get("DeadLetterConfig")
        original(self, *args, **kwargs)
        # Listed by it.
        self.name = self.function_name
        self.logging_config = _logging(self.function_name, spec.get("LoggingConfig"))

    _return_settings()
    _update_settings()


def _update_settings() -> None:
    @wrap(LambdaFunction, "update_configuration")
    def _(original: Any, self: Any, updates: dict[str, Any]) -> dict[str, Any]:
        for name, attribute in _UPDATED.items():
            if name in updates:
                setattr(self, attribute, updates[name])
        if storage := updates.get("EphemeralStorage"):
            self.ephemeral_storage = storage["Size"]
        if "DeadLetterConfig" in updates:
            self.dead_letter_config = updates["DeadLetterConfig"]
        if "LoggingConfig" in updates:
            self.logging_config = _logging(self.function_name, updates["LoggingConfig"])
        original(self, updates)
        configuration: dict[str, Any] = self.get_configuration()
        return configuration

    @wrap(LambdaFunction, "update_function_code")
    def _(original: Any, self: Any, updated_spec: dict[str, Any]) -> Any:
        if architectures := updated_spec.get("Architectures"):
            self.architectures = architectures
        return original(self, updated_spec)


def _return_settings() -> None:
    @wrap(LambdaFunction, "get_configuration")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        configuration: dict[str, Any] = original(self, *args, **kwargs)
        configuration["LoggingConfig"] = self.logging_config
        if (self.dead_letter_config or {}).get("TargetArn"):
            configuration["DeadLetterConfig"] = self.dead_letter_config
        return configuration

    @wrap(LambdaFunction, "get_code")
    def _(original: Any, self: Any) -> dict[str, Any]:
        answer: dict[str, Any] = original(self)
        # To moto, a function that may not run has no limit.
        if self.reserved_concurrency is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": self.reserved_concurrency}
        return answer


def _logging(name: str, asked: dict[str, Any] | None) -> dict[str, Any]:
    """Add what AWS fills in.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
    """
    settings = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"} | (asked or {})
    if settings["LogFormat"] == "JSON":
        return {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} | settings
    return settings


def _loses_settings(client: Client) -> bool:
    functions = client("lambda")
    queue = "arn:aws:sqs:eu-west-1:123456789012:probe"
    create_function(
        client,
        "tap-probe-settings",
        "def handler(event, context): pass",
        LoggingConfig={"LogFormat": "JSON", "LogGroup": "probe"},
    )
    functions.update_function_configuration(
        FunctionName="tap-probe-settings",
        DeadLetterConfig={"TargetArn": queue},
        TracingConfig={"Mode": "Active"},
    )
    functions.put_function_concurrency(
        FunctionName="tap-probe-settings", ReservedConcurrentExecutions=0
    )
    found = functions.get_function(FunctionName="tap-probe-settings")
    configuration = found["Configuration"]
    return (
        configuration.get("LoggingConfig", {}).get("LogGroup"),
        configuration.get("DeadLetterConfig", {}).get("TargetArn"),
        configuration["TracingConfig"]["Mode"],
        found.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
    ) != ("probe", queue, "Active", 0)


def _replace_invoke_settings() -> None:
    @wrap(LambdaBackend, "put_function_event_invoke_config")
    def _(original: Any, self: Any, function_name: str, config: dict[str, Any]) -> Any:
        self.get_function(function_name).event_invoke_config = []
        return original(self, function_name, config)


def _keeps_first_invoke_settings(client: Client) -> bool:
    functions = client("lambda")
    name = "tap-probe-retries"
    create_function(client, name, "def handler(event, context): pass")
    for attempts in (1, 0):
        functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=attempts)
    found = functions.get_function_event_invoke_config(FunctionName=name)
    return bool(found["MaximumRetryAttempts"] != 0)


def create_function(client: Client, name: str, code: str, **settings: Any) -> None:
    """Create a Python function for a probe; its handler is ``main.handler``."""
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("main.py", code)
    client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.12",
        Handler="main.handler",
        Code={"ZipFile": archive.getvalue()},
        **settings,
    )


EXTENSION = Extension(
    patches=(
        Patch(
            id="lambda-settings",
            symptom="logging_config and dead_letter_config of an aws_lambda_function show as "
            "added in every plan, and tracing cannot be changed",
            apply=_keep_settings,
            probe=_loses_settings,
        ),
        Patch(
            id="lambda-invoke-settings",
            symptom="a changed aws_lambda_function_event_invoke_config shows in every plan",
            apply=_replace_invoke_settings,
            probe=_keeps_first_invoke_settings,
        ),
    ),
    counted={"lambda.LambdaStorage": lambda storage: storage.latest()},
)
