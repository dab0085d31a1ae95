"""Rotation of secrets by the emulator: when it is refused, and whose it is."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend, secretsmanager_backends

from tap.emulator.extensions import secretsmanager as extension

if TYPE_CHECKING:
    from tests.unit.emulator.conftest import Patched

pytestmark = pytest.mark.requirement("TAP-2", "TST-2")

OLD = {"username": "shop", "password": "old"}


@pytest.fixture
def manager(patched: Patched) -> Any:
    client = patched(extension.EXTENSION, SecretsManagerBackend, FakeSecret)("secretsmanager")
    client.create_secret(Name="own", SecretString="old")
    # As RDS makes the secret of a database.
    backend = secretsmanager_backends["123456789012"]["eu-west-1"]
    backend.create_managed_secret("rds", "managed", secret_string=json.dumps(OLD))
    return client


def refusal(manager: Any, secret: str, **more: Any) -> str:
    with pytest.raises(ClientError) as refused:
        manager.rotate_secret(SecretId=secret, **more)
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidRequestException"
    return str(error["Message"])


def value(manager: Any, secret: str) -> str:
    return str(manager.get_secret_value(SecretId=secret)["SecretString"])


def test_a_secret_without_a_function_is_not_rotated(manager: Any) -> None:
    assert "No Lambda rotation function ARN" in refusal(manager, "own")
    assert value(manager, "own") == "old"


def test_a_deleted_secret_is_not_rotated(manager: Any) -> None:
    manager.delete_secret(SecretId="managed", RecoveryWindowInDays=7)

    assert "currently marked deleted" in refusal(manager, "managed")


def test_a_rotation_is_refused_while_another_is_not_complete(manager: Any) -> None:
    manager.put_secret_value(SecretId="managed", SecretString="next", VersionStages=["AWSPENDING"])

    assert "A previous rotation isn't complete" in refusal(manager, "managed")


def test_a_managed_secret_gets_another_password_at_once(manager: Any) -> None:
    manager.rotate_secret(SecretId="managed", RotationRules={"AutomaticallyAfterDays": 10})

    new = json.loads(value(manager, "managed"))
    assert (new["username"], len(new["password"])) == ("shop", 28)
    found = manager.describe_secret(SecretId="managed")
    assert found["RotationRules"] == {"AutomaticallyAfterDays": 10}
    assert "RotationLambdaARN" not in found
    in_days = (found["NextRotationDate"] - datetime.fromtimestamp(time.time(), UTC)).days
    assert in_days in {9, 10}


def test_a_managed_secret_that_is_not_rotated_at_once_keeps_its_password(manager: Any) -> None:
    manager.rotate_secret(SecretId="managed", RotateImmediately=False)

    assert json.loads(value(manager, "managed")) == OLD
    assert manager.describe_secret(SecretId="managed")["RotationEnabled"]


def test_the_service_goes_on_rotating_what_it_manages(manager: Any) -> None:
    manager.rotate_secret(SecretId="managed")

    manager.cancel_rotate_secret(SecretId="managed")

    assert manager.describe_secret(SecretId="managed")["RotationEnabled"]


def test_a_rotation_that_was_never_asked_for_cannot_be_cancelled(manager: Any) -> None:
    with pytest.raises(ClientError, match="doesn't already have a Lambda function"):
        manager.cancel_rotate_secret(SecretId="own")
