"""Targets: what reaches an emulator, what reaches AWS, and what both answer."""

from __future__ import annotations

import os
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tap.aws import (
    Target,
    account_id,
    check_account,
    localstack_endpoint,
    object_exists,
    read_object,
)
from tap.emulator.control import Emulator
from tap.errors import AwsError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.requirement("TAP-2"), pytest.mark.timeout(60)]

AWS = Target(name="aws", endpoint=None, region="eu-central-1")
LOCALSTACK = Target(name="localstack", endpoint="http://127.0.0.1:4566", region="eu-central-1")

USERS = {
    "PATH": "/usr/bin",
    "HTTPS_PROXY": "http://proxy:3128",
    "AWS_ACCESS_KEY_ID": "AKIAUSER",
    "AWS_CA_BUNDLE": "/etc/ca.pem",
    "AWS_CONFIG_FILE": "/home/user/.aws/config",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.2/",
    "AWS_DEFAULT_PROFILE": "prod",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_ENDPOINT_URL": "http://elsewhere:1",
    "AWS_ENDPOINT_URL_S3": "http://elsewhere:2",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_PROFILE": "prod",
    "AWS_REGION": "us-west-1",
    "AWS_ROLE_ARN": "arn:aws:iam::333333333333:role/deployer",
    "AWS_S3_ENDPOINT": "http://elsewhere:3",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SECURITY_TOKEN": "token",
    "AWS_SESSION_TOKEN": "token",
    "AWS_SHARED_CREDENTIALS_FILE": "/home/user/.aws/credentials",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The embedded emulator as a target, with the bucket ``shop-state`` that holds ``key``."""
    control = Emulator(tmp_path_factory.mktemp("aws") / "emulator")
    target = Target(name="local", endpoint=control.start().endpoint, region="eu-west-1")
    client = target.client("s3")
    client.create_bucket(
        Bucket="shop-state", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    client.put_object(Bucket="shop-state", Key="key", Body=b"{}")
    yield target
    control.stop()


@pytest.fixture
def deaf() -> Iterator[Target]:
    """A target at a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        yield Target(name="localstack", endpoint=f"http://127.0.0.1:{port}", region="eu-west-1")


class _Forbidding(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def forbidding() -> Iterator[Target]:
    """A target that forbids everything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Forbidding) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        yield Target(name="localstack", endpoint=endpoint, region="eu-west-1")
        server.shutdown()


@pytest.mark.requirement("TAP-6")
def test_nothing_of_the_users_own_aws_reaches_an_emulator() -> None:
    assert LOCALSTACK.environ(USERS) == {
        "PATH": "/usr/bin",
        "HTTPS_PROXY": "http://proxy:3128",
        "AWS_ACCESS_KEY_ID": "emulator",
        "AWS_SECRET_ACCESS_KEY": "emulator",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_REGION": "eu-central-1",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def test_everything_of_the_user_reaches_aws() -> None:
    assert AWS.environ(USERS) == USERS


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"NO_PROXY": ".corp"}, ".corp,127.0.0.1,localhost"),
        ({"no_proxy": ".corp"}, ".corp,127.0.0.1,localhost"),
        ({"NO_PROXY": ""}, "127.0.0.1,localhost"),
    ],
)
def test_an_emulator_is_reached_without_a_proxy(environ: Mapping[str, str], expected: str) -> None:
    assert LOCALSTACK.environ(environ)["NO_PROXY"] == expected


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({}, "http://localhost:4566"),
        ({"LOCALSTACK_HOST": "ci-host:4000"}, "http://ci-host:4000"),
        ({"LOCALSTACK_HOST": "ci-host"}, "http://ci-host:4566"),
        ({"USE_SSL": "1"}, "https://localhost:4566"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}, "http://127.0.0.1:5000"),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:5000", "LOCALSTACK_HOST": "ci-host"},
            "http://127.0.0.1:5000",
        ),
    ],
)
@pytest.mark.requirement("TST-3")
def test_localstack_is_found_as_its_client_finds_it(
    monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str], endpoint: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    assert localstack_endpoint(os.environ) == endpoint


@pytest.mark.requirement("TAP-7")
def test_a_localstack_host_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALSTACK_HOST", "http://ci-host:4566")

    with pytest.raises(SettingsError, match=r"^LOCALSTACK_HOST=http://ci-host:4566 is no host: "):
        localstack_endpoint(os.environ)


def test_an_emulator_answers_whatever_the_users_own_settings_are(
    emulator: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "config"
    broken.write_text("[broken\n")
    for name, value in {**USERS, "AWS_CONFIG_FILE": str(broken)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert account_id(emulator) == "123456789012"
    assert object_exists(emulator, bucket="shop-state", key="key")
    assert emulator.client("s3")._request_signer._credentials.token is None


def test_a_client_speaks_to_the_region_of_the_target_or_the_one_given(emulator: Target) -> None:
    assert emulator.client("sqs").meta.region_name == "eu-west-1"
    assert emulator.client("sqs", "us-east-1").meta.region_name == "us-east-1"
    assert emulator.client("sqs").meta.endpoint_url == emulator.endpoint


def test_clients_are_made_once_for_each_service_region_and_patience(emulator: Target) -> None:
    client = emulator.client("sqs")

    assert emulator.client("sqs", "eu-west-1") is client
    others = [
        emulator.client("sns"),
        emulator.client("sqs", "us-east-1"),
        emulator.client("sqs", timeout=1),
        emulator.client("sqs", attempts=1),
    ]
    assert client not in others


def test_a_client_of_aws_uses_the_users_credentials_and_the_real_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUSER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    client = replace(AWS).client("sqs")

    assert client.meta.endpoint_url == "https://sqs.eu-central-1.amazonaws.com"
    assert client._request_signer._credentials.access_key == "AKIAUSER"


def test_the_account_of_an_emulator_is_always_allowed(emulator: Target) -> None:
    for allowed in (None, "333333333333"):
        assert check_account(emulator, environment="prod", allowed=allowed) == "123456789012"


@pytest.mark.requirement("TAP-5", "TAP-7")
def test_an_environment_without_an_account_may_not_touch_aws() -> None:
    with pytest.raises(SettingsError) as caught:
        check_account(AWS, environment="prod", allowed=None)

    assert caught.value.message == "environment 'prod' names no AWS account"
    assert caught.value.hint == "set account_id in [environments.prod] of tap.toml"
    assert caught.value.exit_code == 2


@pytest.fixture
def aws_that_is_the_emulator(emulator: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Target ``aws`` whose calls end at the emulator, as the user's variables may say."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUSER")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert emulator.endpoint is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    # A target keeps its clients, and those what the variables said when they were made.
    return replace(AWS)


@pytest.mark.requirement("TAP-5", "TAP-7")
def test_credentials_of_another_account_are_refused_with_both(
    aws_that_is_the_emulator: Target,
) -> None:
    with pytest.raises(SettingsError) as caught:
        check_account(aws_that_is_the_emulator, environment="prod", allowed="333333333333")

    assert caught.value.message == (
        "the credentials belong to account 123456789012, but 'prod' may only touch 333333333333"
    )
    assert caught.value.exit_code == 2


@pytest.mark.requirement("TAP-5")
def test_credentials_of_the_right_account_are_taken(aws_that_is_the_emulator: Target) -> None:
    found = check_account(aws_that_is_the_emulator, environment="prod", allowed="123456789012")

    assert found == "123456789012"


@pytest.mark.requirement("TAP-7")
def test_a_missing_profile_is_an_error_of_aws_with_the_command_that_shows_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "gone")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    with pytest.raises(AwsError) as caught:
        check_account(replace(AWS), environment="prod", allowed="333333333333")

    assert caught.value.message == (
        "cannot ask AWS which account this is: The config profile (gone) could not be found"
    )
    assert caught.value.hint == "check the credentials (aws sts get-caller-identity)"


@pytest.mark.requirement("TAP-7")
def test_an_emulator_that_does_not_listen_is_named(deaf: Target) -> None:
    with pytest.raises(AwsError) as caught:
        account_id(deaf)

    assert caught.value.message.startswith(f"cannot ask {deaf.endpoint} which account this is: ")
    assert "Could not connect" in caught.value.message
    assert caught.value.hint == "check that the emulator runs: tap doctor"
    assert caught.value.exit_code == 1


@pytest.mark.requirement("TAP-7")
def test_an_endpoint_that_is_no_url_is_an_error_and_no_bug() -> None:
    nonsense = Target(name="localstack", endpoint="nonsense", region="eu-west-1")

    with pytest.raises(AwsError, match=r"cannot ask nonsense .*: Invalid endpoint: nonsense"):
        account_id(nonsense)
    with pytest.raises(AwsError, match="Invalid endpoint: nonsense"):
        object_exists(nonsense, bucket="shop-state", key="key")


@pytest.mark.requirement("STA-1")
def test_an_object_is_there_or_not(emulator: Target) -> None:
    assert object_exists(emulator, bucket="shop-state", key="key")
    assert not object_exists(emulator, bucket="shop-state", key="other")
    assert not object_exists(emulator, bucket="no-such-bucket", key="key")


@pytest.mark.requirement("TAP-1")
def test_an_object_is_read_whole_and_a_missing_one_is_nothing(emulator: Target) -> None:
    emulator.client("s3").put_object(Bucket="shop-state", Key="read", Body=b"a" * 100_000)

    assert read_object(emulator, bucket="shop-state", key="read") == b"a" * 100_000
    assert read_object(emulator, bucket="shop-state", key="other") is None
    assert read_object(emulator, bucket="no-such-bucket", key="read") is None


@pytest.mark.requirement("TAP-1", "TAP-7")
def test_an_object_that_cannot_be_asked_for_is_named(deaf: Target) -> None:
    with pytest.raises(AwsError) as caught:
        read_object(deaf, bucket="shop-state", key="key")

    assert caught.value.message.startswith("S3 gave no answer about s3://shop-state/key: ")


@pytest.mark.requirement("STA-1", "TAP-7")
def test_a_bucket_that_gives_no_answer_is_neither_there_nor_not(deaf: Target) -> None:
    with pytest.raises(AwsError) as caught:
        object_exists(deaf, bucket="shop-state", key="key")

    assert caught.value.message.startswith("S3 gave no answer about s3://shop-state/key: ")


@pytest.mark.requirement("STA-1", "TAP-7")
def test_a_bucket_that_may_not_be_listed_is_an_error(forbidding: Target) -> None:
    with pytest.raises(AwsError) as caught:
        object_exists(forbidding, bucket="closed", key="key")

    assert caught.value.message.startswith("s3://closed/key cannot be read: ")
    assert "403" in caught.value.message
    assert "whose bucket it is" in caught.value.hint
    with pytest.raises(AwsError, match=r"^s3://closed/key cannot be read: .*403"):
        read_object(forbidding, bucket="closed", key="key")


@pytest.mark.requirement("STA-3")
def test_an_object_that_may_be_listed_need_not_be_readable(emulator: Target) -> None:
    client = emulator.client("s3")
    client.create_bucket(
        Bucket="unreadable", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    client.put_object(Bucket="unreadable", Key="key")
    client.put_bucket_policy(
        Bucket="unreadable",
        Policy='{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",'
        ' "Action": "s3:GetObject", "Resource": "arn:aws:s3:::unreadable/*"}]}',
    )

    assert object_exists(emulator, bucket="unreadable", key="key")
    assert not object_exists(emulator, bucket="unreadable", key="ke")
