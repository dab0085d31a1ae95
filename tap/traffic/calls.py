"""Calls to AWS about the traffic of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from tap.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.aws import Target

_T = TypeVar("_T")

_ANSWER_SECONDS = 5.0
_ATTEMPTS = 3
"""A rollback must not wait for minutes for a service that is down."""


def client(target: Target, service: str, region: str, attempts: int = _ATTEMPTS) -> Any:  # noqa: ANN401 - boto3 knows services by name only
    """Return a boto3 client that gives up soon.

    Args:
        target: What is talked to.
        service: The name boto3 gives the service.
        region: Region of the environment.
        attempts: How often a call is tried that fails in passing.
    """
    return target.client(service, region, timeout=_ANSWER_SECONDS, attempts=attempts)


def asked(what: str, call: Callable[[], _T], *, rights: str = "") -> _T:
    """Return the answer of a call.

    Args:
        what: What is done, for the message, such as ``read the rule arn:...``.
        call: The call.
        rights: What it takes, such as ``elasticloadbalancing:ModifyRule``.

    Raises:
        AwsError: It was refused, or nothing answered.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - heavy

    try:
        return call()
    except ClientError as error:
        hint = f"check the rights ({rights})" if rights else "check the rights"
        raise AwsError(f"cannot {what}: {error}", hint) from None
    except (BotoCoreError, ValueError) as error:
        raise AwsError(f"cannot {what}, no answer: {error}", "run: tap doctor") from None
