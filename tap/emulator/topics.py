"""Publish to topics as a service of AWS does: only where topic and key let it."""

# ruff: noqa: ANN401 - moto's objects have any type

from __future__ import annotations

from typing import Any

from moto.kms.models import kms_backends
from moto.sns.models import sns_backends

from tap.emulator.policies import Call
from tap.emulator.service_access import allows


def publish(
    service: str, topic_arn: str, source_arn: str, subject: str, message: str
) -> str | None:
    """Publish a message in the name of a service.

    Args:
        service: Such as ``cloudwatch.amazonaws.com``.
        topic_arn: Where to.
        source_arn: What it is about, such as an alarm.
        subject: Of the message.
        message: Its text.

    Returns:
        What keeps the service from it; None if the message is published.
    """
    region, account_id = topic_arn.split(":")[3:5]
    backend = sns_backends[account_id][region]
    topic = backend.topics.get(topic_arn)
    if topic is None:
        return "the topic does not exist"
    context: dict[str, tuple[str, ...]] = {
        "aws:sourceaccount": (source_arn.split(":")[4],),
        "aws:sourceowner": (source_arn.split(":")[4],),
        "aws:sourcearn": (source_arn,),
        "kms:viaservice": (f"sns.{region}.amazonaws.com",),
    }
    call = Call(action="sns:Publish", resource=topic_arn, context=context)
    if not allows(topic.policy, service, call):
        return f"the policy of the topic does not let {service} publish"
    if topic.kms_master_key_id and not _may_use_key(topic, service, context):
        return f"the policy of the topic's key does not let {service} use it"
    backend.publish(message, topic_arn, subject=subject)
    return None


def _may_use_key(topic: Any, service: str, context: dict[str, tuple[str, ...]]) -> bool:
    region = topic.arn.split(":")[3]
    backend = kms_backends[topic.account_id][region]
    key = backend.keys.get(backend.any_id_to_key_id(topic.kms_master_key_id))
    # A key that AWS manages cannot let another service use it.
    return key is not None and all(
        allows(key.policy, service, Call(action=action, resource=key.arn, context=context))
        for action in ("kms:Decrypt", "kms:GenerateDataKey")
    )
