"""Tell the topic of an environment's alarms what became of a shift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap.errors import AwsError
from tap.traffic.calls import asked, client

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.aws import Target
    from tap.traffic.places import Places

# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
_SUBJECT_CHARACTERS = 100
_MESSAGE_BYTES = 262_144


def notify(
    target: Target, places: Places, subject: str, message: str | Mapping[str, object]
) -> str:
    """Publish a message to the topic; who cannot be told stops no shift.

    Args:
        target: What is talked to.
        places: Where the topic is.
        subject: Is made fit for e-mail: at most 100 characters of printable ASCII.
        message: Text, or what becomes a JSON document.

    Returns:
        What failed; empty if it was published.
    """
    text = message if isinstance(message, str) else msgspec.json.encode(message).decode()
    sns = client(target, "sns", places.region)
    try:
        asked(
            f"publish to {places.topic}",
            lambda: sns.publish(TopicArn=places.topic, Subject=_fit(subject), Message=_cut(text)),
            rights="sns:Publish, and the use of the topic's key",
        )
    except AwsError as error:
        return error.message
    return ""


def _fit(subject: str) -> str:
    plain = "".join(each if each.isascii() and each.isprintable() else " " for each in subject)
    return " ".join(plain.split())[:_SUBJECT_CHARACTERS].rstrip() or "traffic"


def _cut(text: str) -> str:
    return text.encode()[:_MESSAGE_BYTES].decode(errors="ignore") or "-"
