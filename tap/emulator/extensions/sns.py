"""SNS: delivery to subscribers on this machine, after they have confirmed; raw delivery."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import contextlib
import json
import os
import queue
import secrets
import sys
import threading
import urllib.parse
import uuid
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import requests
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto.core.responses import ActionResult
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import SNSBackend, Subscription, sns_backends
from moto.sns.responses import SNSResponse

from tap.emulator.extensions import Client, Extension, Patch, arguments, wrap
from tap.emulator.record import HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOCAL = {"127.0.0.1", "::1", "localhost"}
_TIMEOUT_SECONDS = 5.0

_deliveries = ThreadPoolExecutor(2, thread_name_prefix="sns")
"""A subscriber may itself call the emulator, so nobody waits for it."""


def _deliver_on_this_machine() -> None:
    @wrap(Subscription, "publish")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        if self.protocol not in {"http", "https"}:
            original(self, *args, **kwargs)
            return
        asked = arguments(original, self, *args, **kwargs)
        attributes = asked.get("message_attributes")
        matcher = self._filter_policy_matcher
        if self.attributes["PendingConfirmation"] == "true" or (
            matcher is not None and not matcher.matches(attributes, asked["message"])
        ):
            return
        message = asked["message"]
        if asked.get("message_structure") == "json":
            message = self._parse_message_structure(message, self.protocol)
        data = self.get_post_data(message, asked["message_id"], asked.get("subject"), attributes)
        _send(self, data)

    @wrap(SNSBackend, "set_subscription_attributes")
    def _(original: Any, self: SNSBackend, arn: str, name: str, value: Any) -> None:
        original(self, arn, name, value)
        if name == "RawMessageDelivery":
            # moto takes the text "false" for true.
            self.subscriptions[arn].attributes[name] = str(value).lower() == "true"


def _ask_for_confirmation() -> None:
    @wrap(SNSBackend, "subscribe")
    def _(original: Any, self: SNSBackend, *args: Any, **kwargs: Any) -> Any:
        known = set(self.subscriptions)
        subscription = original(self, *args, **kwargs)
        if subscription.arn not in known and subscription.protocol in {"http", "https"}:
            subscription.token = secrets.token_hex(32)
            subscription.attributes["PendingConfirmation"] = "true"
            _send(subscription, _request_to_confirm(subscription))
        return subscription

    def confirm_subscription(self: SNSResponse) -> Any:
        topic_arn, token = self._get_param("TopicArn"), self._get_param("Token")
        backend = sns_backends[topic_arn.split(":")[4]][topic_arn.split(":")[3]]
        for subscription in backend.subscriptions.values():
            if getattr(subscription, "token", None) == token:
                subscription.attributes["PendingConfirmation"] = "false"
                return ActionResult({"SubscriptionArn": subscription.arn})
        raise SNSInvalidParameter("Invalid token")

    SNSResponse.confirm_subscription = confirm_subscription  # type: ignore[method-assign] # the cure

    @wrap(DomainDispatcherApplication, "infer_service_region_host")
    def _(original: Any, self: Any, environ: Any, path: str) -> Any:
        # Whoever follows the link of a request to confirm signs nothing.
        if "Action=ConfirmSubscription" in environ.get("QUERY_STRING", ""):
            return "sns.us-east-1.amazonaws.com"
        return original(self, environ, path)


def _request_to_confirm(subscription: Any) -> dict[str, Any]:
    topic_arn = subscription.topic.arn
    text = (
        f"You have chosen to subscribe to the topic {topic_arn}.\n"
        "To confirm the subscription, visit the SubscribeURL included in this message."
    )
    query = urllib.parse.urlencode(
        {
            "Action": "ConfirmSubscription",
            "TopicArn": topic_arn,
            "Token": subscription.token,
            "Version": "2010-03-31",
        }
    )
    data: dict[str, Any] = subscription.get_post_data(text, str(uuid.uuid4()), None)
    del data["UnsubscribeURL"]
    return {
        **data,
        "Type": "SubscriptionConfirmation",
        "Token": subscription.token,
        "SubscribeURL": f"http://{HOST}:{os.environ['MOTO_PORT']}/?{query}",
    }


def _send(subscription: Any, data: dict[str, Any]) -> None:
    """Post to a subscriber on this machine; nothing is sent anywhere else."""
    if urllib.parse.urlsplit(subscription.endpoint).hostname not in _LOCAL:
        return
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-id": data["MessageId"],
        "x-amz-sns-message-type": data["Type"],
        "x-amz-sns-topic-arn": subscription.topic.arn,
    }
    body = json.dumps(data)
    if data["Type"] == "Notification":
        headers["x-amz-sns-subscription-arn"] = subscription.arn
        if subscription.attributes["RawMessageDelivery"] is True:
            headers["x-amz-sns-rawdelivery"] = "true"
            body = data["Message"]
    _deliveries.submit(_post, subscription.endpoint, body.encode(), headers)


def _post(endpoint: str, body: bytes, headers: dict[str, str]) -> None:
    session = requests.Session()
    session.trust_env = False
    try:
        session.post(endpoint, data=body, headers=headers, timeout=_TIMEOUT_SECONDS)
    except requests.RequestException as error:
        print(f"sns: {endpoint} took no message: {error}", file=sys.stderr, flush=True)  # noqa: T201 - the log


def _fails_for_unreachable_subscriber(client: Client) -> bool:
    sns = client("sns")
    topic = sns.create_topic(Name="tap-probe-unreachable")["TopicArn"]
    # Nothing listens on port 1.
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:1/")
    try:
        sns.publish(TopicArn=topic, Message="m")
    except (ClientError, ResponseParserError):
        return True
    return False


def _asks_nobody(client: Client) -> bool:
    sns = client("sns")
    topic = sns.create_topic(Name="tap-probe-confirmation")["TopicArn"]
    with _subscriber() as (endpoint, received):
        arn = sns.subscribe(
            TopicArn=topic, Protocol="http", Endpoint=endpoint, ReturnSubscriptionArn=True
        )["SubscriptionArn"]
        try:
            asked = json.loads(received.get(timeout=3))
        except queue.Empty:
            return True
        before = sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
        if before["PendingConfirmation"] != "true":
            return True
        requests.get(asked["SubscribeURL"], timeout=3)
        sns.publish(TopicArn=topic, Message="m")
        return bool(json.loads(received.get(timeout=3))["Message"] != "m")


@contextlib.contextmanager
def _subscriber() -> Iterator[tuple[str, queue.Queue[bytes]]]:
    received: queue.Queue[bytes] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer((HOST, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}/", received
        server.shutdown()


EXTENSION = Extension(
    patches=(
        Patch(
            id="sns-local-delivery",
            symptom="publishing fails with HTTP 500 if an HTTP subscriber cannot be reached; raw "
            "delivery that is switched off is on",
            apply=_deliver_on_this_machine,
            probe=_fails_for_unreachable_subscriber,
        ),
        Patch(
            id="sns-confirmation",
            symptom="HTTP subscribers are never asked to confirm their subscription",
            apply=_ask_for_confirmation,
            probe=_asks_nobody,
        ),
    ),
)
