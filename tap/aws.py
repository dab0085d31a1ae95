"""AWS, or what stands in for it: credentials, endpoints and sessions per target."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap.errors import AwsError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import boto3

    from tap.settings import TargetName

# The default of botocore.
_BOTO_SECONDS = 60.0
_MAKING_CLIENTS = threading.Lock()
# An emulator takes any credentials; the user's own must never be sent to one.
_EMULATOR_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "emulator", "AWS_SECRET_ACCESS_KEY": "emulator"}
# What botocore would read from the user's files, and fail on if a profile is missing.
_NO_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@dataclass(frozen=True, kw_only=True)
class Target:
    """What Terraform and ``tap`` talk to.

    Attributes:
        name: ``local``, ``localstack`` or ``aws``.
        endpoint: URL of the emulator; None for AWS.
        region: Region for calls that no resource's region decides.
    """

    name: TargetName
    endpoint: str | None
    region: str

    def __post_init__(self) -> None:
        # Without an endpoint boto3 and Terraform would talk to AWS.
        if (self.endpoint is None) != (self.name == "aws"):
            raise ValueError(f"target {self.name} with endpoint {self.endpoint}")

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the variables for a child process or session that talks to this target.

        Args:
            environ: The variables of the user; those about AWS reach AWS only.
        """
        if self.endpoint is None:
            return dict(environ)
        kept = {key: value for key, value in environ.items() if not key.startswith("AWS_")}
        no_proxy = environ.get("NO_PROXY") or environ.get("no_proxy")
        return {
            **kept,
            **_EMULATOR_CREDENTIALS,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": ",".join(filter(None, [no_proxy, "127.0.0.1", "localhost"])),
        }

    def client(
        self,
        service: str,
        region: str | None = None,
        *,
        timeout: float = _BOTO_SECONDS,
        attempts: int | None = None,
    ) -> Any:  # noqa: ANN401 - of any service
        """Return a client of boto3's core for this target, the same one for the same arguments.

        Clients may be used by several threads; making one takes a tenth of a second.

        Args:
            service: The name boto3 gives the service, such as ``elbv2``.
            region: Another region than the target's own.
            timeout: Seconds that connecting and each read may take in each attempt.
            attempts: How often a call is tried that fails in passing, such as by throttling; by
                default 5 times on AWS and twice on an emulator.
        """
        key = (service, region or self.region, timeout, attempts)
        # Sessions are for one thread at a time.
        with _MAKING_CLIENTS:
            if key not in self._clients:
                self._clients[key] = self._new_client(*key)
            return self._clients[key]

    @cached_property
    def _clients(self) -> dict[tuple[str, str, float, int | None], Any]:
        return {}

    def _new_client(self, service: str, region: str, timeout: float, attempts: int | None) -> Any:  # noqa: ANN401
        from botocore.config import Config  # noqa: PLC0415

        tries = attempts or (5 if self.endpoint is None else 2)
        config = Config(
            connect_timeout=timeout,
            read_timeout=timeout,
            retries={"mode": "standard", "max_attempts": tries},
        )
        return self._core.create_client(service, region_name=region, config=config)

    def session(self) -> boto3.Session:
        """Return a new boto3 session whose clients talk to this target."""
        import boto3  # noqa: PLC0415 - takes 0.4 s

        return boto3.Session(region_name=self.region, botocore_session=self._new_core())

    @cached_property
    def _core(self) -> Any:  # noqa: ANN401 - its types know services by literal names only
        """A session keeps what it read of the services' descriptions."""
        return self._new_core()

    def _new_core(self) -> Any:  # noqa: ANN401 - as above
        """Return what boto3 is made of, which takes a third less to load."""
        from botocore.config import Config  # noqa: PLC0415
        from botocore.session import Session  # noqa: PLC0415

        if self.endpoint is None:
            return _quick(Session())
        alone: Any = _quick(Session(session_vars=_NO_FILES))
        create = alone.create_client

        def create_here(*args: object, endpoint_url: str | None = None, **more: object) -> object:
            return create(*args, endpoint_url=endpoint_url or self.endpoint, **more)

        # A session has no option for it that holds for its clients, and none must reach AWS.
        alone.create_client = create_here
        alone.set_credentials(
            _EMULATOR_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            _EMULATOR_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        alone.set_default_client_config(Config(proxies={}, s3={"addressing_style": "path"}))
        return alone


def _quick(core: Any) -> Any:  # noqa: ANN401 - as above
    from tap.service_models import ServiceModelFiles  # noqa: PLC0415 - imports botocore

    core.get_component("data_loader").file_loader = ServiceModelFiles()
    return core


def localstack_endpoint(environ: Mapping[str, str]) -> str:
    """Return the endpoint of a LocalStack that already runs.

    ``AWS_ENDPOINT_URL`` wins; else ``LOCALSTACK_HOST`` and the like, as ``localstack-client``
    reads them.

    Args:
        environ: The variables of the user.

    Raises:
        SettingsError: ``LOCALSTACK_HOST`` is no host and port.
    """
    if url := environ.get("AWS_ENDPOINT_URL"):
        return url
    from localstack_client.config import get_service_endpoint  # noqa: PLC0415 - loads boto3

    try:
        return str(get_service_endpoint("s3"))
    except (RuntimeError, ValueError) as error:
        raise SettingsError(
            f"LOCALSTACK_HOST={environ.get('LOCALSTACK_HOST')} is no host: {error}",
            "set it to HOST:PORT, or set AWS_ENDPOINT_URL",
        ) from None


def account_id(target: Target) -> str:
    """Ask STS which account the credentials of a target belong to.

    Raises:
        AwsError: STS gave no answer, or the endpoint is no URL.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        return str(target.client("sts").get_caller_identity()["Account"])
    except (BotoCoreError, ClientError, ValueError) as error:
        where = target.endpoint or "AWS"
        raise AwsError(
            f"cannot ask {where} which account this is: {error}",
            "check the credentials (aws sts get-caller-identity)"
            if target.endpoint is None
            else "check that the emulator runs: tap doctor",
        ) from None


def check_account(target: Target, *, environment: str, allowed: str | None) -> str:
    """Return the account of a target after checking that an environment may touch it.

    An emulator has an account of its own, which is always allowed.

    Raises:
        SettingsError: The environment names no account, or another one.
        AwsError: STS gave no answer.
    """
    if target.endpoint is None and allowed is None:
        raise SettingsError(
            f"environment {environment!r} names no AWS account",
            f"set account_id in [environments.{environment}] of tap.toml",
        )
    found = account_id(target)
    if target.endpoint is None and found != allowed:
        raise SettingsError(
            f"the credentials belong to account {found}, but {environment!r} may only touch "
            f"{allowed}",
            "use credentials of that account",
        )
    return found


def read_object(target: Target, *, bucket: str, key: str) -> bytes | None:
    """Return what an object holds; None if there is no such object or bucket.

    Raises:
        AwsError: S3 gave no answer, or does not let it be read.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        answer = target.client("s3").get_object(Bucket=bucket, Key=key)
        return bytes(answer["Body"].read())
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004
            return None
        raise AwsError(
            f"s3://{bucket}/{key} cannot be read: {error}", "check the rights to bucket and key"
        ) from None
    except (BotoCoreError, ValueError) as error:
        raise AwsError(
            f"S3 gave no answer about s3://{bucket}/{key}: {error}", "run: tap doctor"
        ) from None


def object_exists(target: Target, *, bucket: str, key: str) -> bool:
    """Tell whether an object is in a bucket; False as well when there is no such bucket.

    Raises:
        AwsError: S3 gave no answer, or another account owns the bucket.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        # Listing asks for less than reading: who may use one environment's state may see that the
        # storage is complete, and not what is in the state of the storage.
        found = target.client("s3").list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004
            return False
        raise AwsError(
            f"s3://{bucket}/{key} cannot be read: {error}",
            "check the credentials, and whose bucket it is: all accounts share bucket names",
        ) from None
    except (BotoCoreError, ValueError) as error:
        raise AwsError(
            f"S3 gave no answer about s3://{bucket}/{key}: {error}", "run: tap doctor"
        ) from None
    return any(item["Key"] == key for item in found.get("Contents", ()))
