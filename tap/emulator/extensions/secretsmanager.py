"""Secrets Manager: rotation by a function, and of the secrets that a service manages.

Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import json
import secrets
import string
import time
import uuid
from typing import Any

from moto.awslambda.utils import get_backend
from moto.secretsmanager.exceptions import InvalidRequestException
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend

from tap.emulator.extensions import Client, Extension, Patch, arguments, wrap
from tap.emulator.extensions.functions import create_function
from tap.emulator.extensions.refusals import REFUSED

_STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_PASSWORD_LETTERS = string.ascii_letters + string.digits + "-_.!#%"
_DAY_SECONDS = 86_400


def _rotate() -> None:
    @wrap(SecretsManagerBackend, "rotate_secret")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> str:
        asked = arguments(original, self, *args, **kwargs)
        secret = self.describe_secret(asked["secret_id"])
        function = asked.get("rotation_lambda_arn") or secret.rotation_lambda_arn
        _refuse_rotation(self, secret, function)
        _keep_rules(secret, function, asked.get("rotation_rules") or {})
        token = asked.get("client_request_token") or str(uuid.uuid4())
        if not asked.get("rotate_immediately", True):
            token = secret.default_version_id
            if function:
                _invoke(self, secret, function, "testSecret", token)
        elif function:
            _call_function(self, secret, function, token)
        else:
            _renew(secret, token)
        return str(secret.to_short_dict(version_id=token))

    @wrap(SecretsManagerBackend, "cancel_rotate_secret")
    def _(original: Any, self: Any, secret_id: str) -> str:
        secret = self.describe_secret(secret_id)
        if secret.owning_service:
            # The service goes on rotating it.
            return str(secret.to_short_dict())
        return str(original(self, secret_id))

    @wrap(FakeSecret, "to_dict")
    def _(original: Any, self: Any) -> dict[str, Any]:
        description: dict[str, Any] = original(self)
        if rules := getattr(self, "rotation_rules", None):
            description["RotationRules"] = rules
        if self.rotation_requested and not self.rotation_lambda_arn:
            description.pop("RotationLambdaARN", None)
        return description


def _refuse_rotation(backend: Any, secret: Any, function: str) -> None:
    if secret.is_deleted():
        raise InvalidRequestException(
            "You tried to perform the operation on a secret that's currently marked deleted."
        )
    if not function and not secret.owning_service:
        raise InvalidRequestException(
            "No Lambda rotation function ARN is associated with this secret."
        )
    if _pending(secret):
        raise InvalidRequestException(
            "A previous rotation isn't complete. That rotation will be reattempted."
        )
    if function:
        # Refused by moto if there is none.
        get_backend(backend.account_id, backend.region_name).get_function(function)


def _pending(secret: Any) -> bool:
    stages = [version["version_stages"] for version in secret.versions.values()]
    return any("AWSPENDING" in each and "AWSCURRENT" not in each for each in stages)


def _keep_rules(secret: Any, function: str, rules: dict[str, Any]) -> None:
    secret.rotation_requested = secret.rotation_enabled = True
    secret.rotation_lambda_arn = function or ""
    if not rules:
        return
    secret.rotation_rules = rules
    secret.auto_rotate_after_days = days = int(rules.get("AutomaticallyAfterDays", 0))
    if days:
        secret.next_rotation_date = int(time.time()) + days * _DAY_SECONDS


def _renew(secret: Any, token: str) -> None:
    """Give a managed secret another password, as the service that owns it does."""
    current = json.loads(secret.versions[secret.default_version_id]["secret_string"])
    current["password"] = "".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(28))
    version = _version(token, "AWSCURRENT") | {"secret_string": json.dumps(current)}
    secret.reset_default_version(version, token)
    secret.last_rotation_date = int(time.time())


def _call_function(backend: Any, secret: Any, function: str, token: str) -> None:
    secret.remove_version_stages_from_old_versions(["AWSPENDING"])
    secret.versions[token] = _version(token, "AWSPENDING")
    if not all(_invoke(backend, secret, function, step, token) for step in _STEPS):
        return
    for version_id, version in secret.versions.items():
        if "AWSCURRENT" in version["version_stages"]:
            secret.default_version_id = version_id
            secret.last_rotation_date = int(time.time())


def _version(token: str, stage: str) -> dict[str, Any]:
    return {"createdate": int(time.time()), "version_id": token, "version_stages": [stage]}


def _invoke(backend: Any, secret: Any, function: str, step: str, token: str) -> bool:
    """Call the function for one step and return whether it succeeded."""
    headers: dict[str, str] = {}
    event = {"Step": step, "SecretId": secret.arn, "ClientRequestToken": token}
    functions = get_backend(backend.account_id, backend.region_name)
    functions.invoke(function, None, json.dumps(event), {}, headers)
    return "x-amz-function-error" not in headers


_CODE = """
import boto3
def handler(event, context):
    secret, token = event["SecretId"], event["ClientRequestToken"]
    client = boto3.client("secretsmanager")
    if event["Step"] == "createSecret":
        client.put_secret_value(
            SecretId=secret, ClientRequestToken=token, SecretString="new",
            VersionStages=["AWSPENDING"],
        )
    if event["Step"] == "finishSecret":
        stages = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
        current = next(id for id, each in stages.items() if "AWSCURRENT" in each)
        client.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token,
            RemoveFromVersionId=current,
        )
"""


def _cannot_rotate_twice(client: Client) -> bool:
    name = "tap-probe-rotate"
    create_function(client, name, _CODE, Timeout=20)
    function = client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    manager = client("secretsmanager")
    manager.create_secret(Name=name, SecretString="old")
    rules = {"ScheduleExpression": "rate(10 days)"}
    try:
        manager.rotate_secret(SecretId=name, RotationLambdaARN=function, RotationRules=rules)
        manager.rotate_secret(SecretId=name)
        value = manager.get_secret_value(SecretId=name)["SecretString"]
    except REFUSED:
        return True
    found = manager.describe_secret(SecretId=name)
    return (value, found["RotationRules"], found["RotationLambdaARN"]) != ("new", rules, function)


EXTENSION = Extension(
    patches=(
        Patch(
            id="secretsmanager-rotation",
            symptom="a rotated secret has no value, cannot be rotated again, and "
            "schedule_expression of its rotation shows in every plan",
            apply=_rotate,
            probe=_cannot_rotate_twice,
        ),
    ),
)
