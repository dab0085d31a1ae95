"""SNS: attributes of topics that Terraform reads back."""

from __future__ import annotations

from typing import Any

from moto.sns.responses import SNSResponse

from tap.emulator.extensions import Client, Extension, Patch, wrap

_ATTRIBUTES = {"SignatureVersion": "signature_version", "TracingConfig": "tracing_config"}


def _return_all_attributes() -> None:
    @wrap(SNSResponse, "get_topic_attributes")
    def _(original: Any, self: SNSResponse) -> Any:  # noqa: ANN401 - moto's type is its own
        answer = original(self)
        topic = self.backend.get_topic(self._get_param("TopicArn"))
        for name, attribute in _ATTRIBUTES.items():
            # moto stores whatever it is given.
            if (value := getattr(topic, attribute, None)) is not None:
                answer.result["Attributes"][name] = value
        return answer


def _loses_attributes(client: Client) -> bool:
    sns = client("sns")
    topic = sns.create_topic(Name="tap-probe-attributes")["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="2")
    found = sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    sns.delete_topic(TopicArn=topic)
    return bool(found.get("SignatureVersion") != "2")


EXTENSION = Extension(
    patches=(
        Patch(
            id="sns-topic-attributes",
            symptom="the signature version of a topic shows as changed in every plan",
            apply=_return_all_attributes,
            probe=_loses_attributes,
        ),
    )
)
