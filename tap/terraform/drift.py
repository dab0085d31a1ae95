"""Whether there is anything that could have drifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap.errors import AwsError

if TYPE_CHECKING:
    from tap.terraform.backend import Backend


class _State(msgspec.Struct, frozen=True):
    """The little of a state that tells whether it is empty."""

    resources: list[msgspec.Raw] = []


def is_applied(backend: Backend, key: str) -> bool:
    """Tell whether a state holds any object.

    Terraform cannot make a refresh-only plan without one: whatever refers to an object that is
    not there is an error then.

    Args:
        backend: Where the state is kept.
        key: Key of the state in its bucket.

    Raises:
        AwsError: It cannot be read.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - takes 0.3 s

    where = f"s3://{backend.bucket}/{key}"
    client = backend.target.client("s3", backend.settings.state.region)
    try:
        body = client.get_object(Bucket=backend.bucket, Key=key)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return False
        raise AwsError(
            f"{where} cannot be read: {error}", "check the rights to bucket, key and object"
        ) from None
    except BotoCoreError as error:
        raise AwsError(f"S3 gave no answer about {where}: {error}", "run: tap doctor") from None
    try:
        return bool(msgspec.json.decode(body, type=_State).resources)
    except msgspec.DecodeError:
        # Terraform says better what is wrong with it.
        return True
