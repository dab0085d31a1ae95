"""S3: bucket policies with conditions, lifecycle rules as they were given, log delivery."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import contextlib
import copy
import json
import threading
from typing import Any

import flask
from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.iam.access_control import PermissionResult
from moto.s3.exceptions import NoSuchLifecycleConfiguration
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response
from moto.sts.models import sts_backends

from tap.emulator.extensions import Client, Extension, Patch, attempts_that_win, wrap
from tap.emulator.policies import Call, decide

_LOG_DELIVERY = "logging.s3.amazonaws.com"

_METHODS = {"s3:HeadObject": "s3:GetObject", "s3:PostObject": "s3:PutObject"}
"""moto names the action after the HTTP method; these two are no actions of S3."""

_SUBRESOURCES = {
    "acl": "Acl",
    "legal-hold": "LegalHold",
    "retention": "Retention",
    "tagging": "Tagging",
}

_DEFAULT_TRANSITION_SIZE = "all_storage_classes_128K"


def _evaluate_policies() -> None:
    def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
        call = Call(
            action=_METHODS.get(action, action) + _subresource(),
            resource=resource,
            principals=_principals(self.account_id),
            context=_context(self),
        )
        allowed = decide(_statements(self), call)
        if allowed is None:
            return PermissionResult.NEUTRAL
        return PermissionResult.PERMITTED if allowed else PermissionResult.DENIED

    FakeBucket.get_permission = get_permission  # type: ignore[method-assign] # the cure itself


def _statements(bucket: FakeBucket) -> list[dict[str, Any]]:
    statements = json.loads(bucket.policy)["Statement"] if bucket.policy else []
    return statements if isinstance(statements, list) else [statements]


def _subresource() -> str:
    return next((name for query, name in _SUBRESOURCES.items() if query in flask.request.args), "")


def _principals(account_id: str) -> frozenset[str]:
    """Return the names of the caller: a role of the account, or else its root user."""
    names = {account_id, f"arn:aws:iam::{account_id}:root"}
    role = sts_backends[account_id]["aws"].get_assumed_role_from_access_key(_access_key())
    return frozenset(names if role is None else names | {role.arn, role.role_arn})


def _access_key() -> str:
    authorization = flask.request.headers.get("Authorization", "")
    return authorization.partition("Credential=")[2].partition("/")[0]


def _context(bucket: FakeBucket) -> dict[str, tuple[str, ...]]:
    account_id = bucket.account_id
    role = sts_backends[account_id]["aws"].get_assumed_role_from_access_key(_access_key())
    context = {
        # The endpoint is plain HTTP on the loopback interface; it stands for a TLS one.
        "aws:securetransport": "true",
        "s3:tlsversion": "1.3",
        "aws:sourceip": flask.request.remote_addr or "127.0.0.1",
        "aws:principalaccount": account_id,
        "aws:resourceaccount": account_id,
        "s3:resourceaccount": account_id,
        "aws:principalarn": role.role_arn if role else f"arn:aws:iam::{account_id}:root",
    }
    # A part of an upload is encrypted as the upload was when it began.
    upload = bucket.multiparts.get(flask.request.args.get("uploadId", ""))
    if upload is not None and upload.sse_encryption:
        context["s3:x-amz-server-side-encryption"] = upload.sse_encryption
    for header, value in flask.request.headers.items():
        if header.lower().startswith("x-amz-"):
            context[f"s3:{header.lower()}"] = value
    return {key: (value,) for key, value in context.items()}


def _denies_what_the_policy_does_not(client: Client) -> bool:
    s3 = client("s3")
    _create_bucket(s3, "tap-probe-conditions")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::tap-probe-conditions/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_bucket_policy(
        Bucket="tap-probe-conditions",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return _fails(lambda: s3.put_object(Bucket="tap-probe-conditions", Key="k", Body=b""))


def _keep_lifecycle_rules() -> None:
    @wrap(FakeBucket, "set_lifecycle")
    def _(original: Any, self: Any, rules: list[dict[str, Any]]) -> None:
        given = copy.deepcopy(rules)
        original(self, rules)
        self.lifecycle_as_given = given
        self.lifecycle_transition_size = flask.request.headers.get(
            "x-amz-transition-default-minimum-object-size", _DEFAULT_TRANSITION_SIZE
        )

    def get_bucket_lifecycle(self: S3Response) -> Any:
        self.data["Action"] = "GetBucketLifecycleConfiguration"
        bucket: Any = self.backend.get_bucket(self.bucket_name)
        if not bucket.rules:
            raise NoSuchLifecycleConfiguration(bucket_name=self.bucket_name)
        result = {
            "Rules": [_lifecycle_rule(rule) for rule in bucket.lifecycle_as_given],
            "TransitionDefaultMinimumObjectSize": bucket.lifecycle_transition_size,
        }
        return self.serialized(ActionResult(result))

    S3Response.get_bucket_lifecycle = get_bucket_lifecycle  # type: ignore[method-assign] # the cure


def _lifecycle_rule(given: dict[str, Any]) -> dict[str, Any]:
    """Turn a rule as parsed from XML into the members that the API's model has."""
    plural = {
        "Transition": "Transitions",
        "NoncurrentVersionTransition": "NoncurrentVersionTransitions",
    }
    rule = {plural.get(name, name): value for name, value in given.items()}
    for name in plural.values():
        if name in rule and not isinstance(rule[name], list):
            rule[name] = [rule[name]]
    if "Prefix" in rule:
        rule["Prefix"] = rule["Prefix"] or ""
    if "Filter" in rule:
        rule["Filter"] = _lifecycle_filter(rule["Filter"] or {})
    return rule


def _lifecycle_filter(given: dict[str, Any]) -> dict[str, Any]:
    rule_filter = dict(given)
    if "Prefix" in rule_filter:
        rule_filter["Prefix"] = rule_filter["Prefix"] or ""
    if "And" in rule_filter:
        both = _lifecycle_filter(rule_filter["And"])
        if "Tag" in both:
            tags = both.pop("Tag")
            both["Tags"] = tags if isinstance(tags, list) else [tags]
        rule_filter["And"] = both
    return rule_filter


def _loses_lifecycle_members(client: Client) -> bool:
    s3 = client("s3")
    _create_bucket(s3, "tap-probe-lifecycle")
    rule = {
        "ID": "versions",
        "Status": "Enabled",
        "Filter": {"And": {"Prefix": "a/", "ObjectSizeGreaterThan": 1024}},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 20},
    }
    s3.put_bucket_lifecycle_configuration(
        Bucket="tap-probe-lifecycle", LifecycleConfiguration={"Rules": [rule]}
    )
    answer = s3.get_bucket_lifecycle_configuration(Bucket="tap-probe-lifecycle")
    return bool(answer["Rules"] != [rule])


def _read_log_delivery_permissions() -> None:
    def permitted(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
        return any(
            isinstance(statement.get("Principal"), dict)
            and _LOG_DELIVERY in _list(statement["Principal"].get("Service"))
            and decide(
                # Who logs, and for which bucket, is left to the statement's own conditions.
                [{key: statement[key] for key in ("Effect", "Action", "Resource")}],
                Call(
                    action="s3:PutObject",
                    resource=f"{target_bucket.arn}/{target_prefix or ''}object",
                ),
            )
            for statement in _statements(target_bucket)
        )

    FakeBucket._log_permissions_enabled_policy = staticmethod(permitted)  # type: ignore[method-assign] # noqa: SLF001 - the cure


def _fails_to_read_log_delivery_permissions(client: Client) -> bool:
    s3 = client("s3")
    for name in ("tap-probe-logs", "tap-probe-logged"):
        _create_bucket(s3, name)
    arn = "arn:aws:s3:::tap-probe-logs"
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": f"{arn}/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": _LOG_DELIVERY},
        "Action": "s3:PutObject",
        "Resource": f"{arn}/*",
    }
    s3.put_bucket_policy(
        Bucket="tap-probe-logs",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny, allow]}),
    )
    target = {"TargetBucket": "tap-probe-logs", "TargetPrefix": "a/"}
    return _fails(
        lambda: s3.put_bucket_logging(
            Bucket="tap-probe-logged", BucketLoggingStatus={"LoggingEnabled": target}
        )
    )


def _keep_log_key_format() -> None:
    @wrap(S3Response, "serialized")
    def _(original: Any, self: Any, answer: Any) -> Any:
        if self.data.get("Action") == "GetBucketLogging":
            given = self.backend.get_bucket_logging(self.bucket_name).get("TargetObjectKeyFormat")
            if given is not None:
                answer.result["LoggingEnabled"]["TargetObjectKeyFormat"] = {
                    name: members or {} for name, members in given.items()
                }
        return original(self, answer)


def _loses_log_key_format(client: Client) -> bool:
    s3 = client("s3")
    for name in ("tap-probe-format", "tap-probe-formatted"):
        _create_bucket(s3, name)
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": _LOG_DELIVERY},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::tap-probe-format/*",
    }
    s3.put_bucket_policy(
        Bucket="tap-probe-format",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    target = {
        "TargetBucket": "tap-probe-format",
        "TargetPrefix": "",
        "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}},
    }
    s3.put_bucket_logging(
        Bucket="tap-probe-formatted", BucketLoggingStatus={"LoggingEnabled": target}
    )
    answer = s3.get_bucket_logging(Bucket="tap-probe-formatted")
    return bool(answer["LoggingEnabled"] != target)


def _exclude_conditional_puts() -> None:
    lock = threading.RLock()

    @wrap(S3Response, "put_object")
    def _(original: Any, self: S3Response) -> Any:
        if "If-Match" not in self.headers and "If-None-Match" not in self.headers:
            return original(self)
        with lock:
            return original(self)


def _lets_several_writers_win(client: Client) -> bool:
    s3 = client("s3")
    _create_bucket(s3, "tap-probe-lock-file")
    # Between check and write moto searches the body for a checksum if the header lacks it;
    # this body makes the search slow, and so the gap wide.
    body = b"x-amz-checksum-a:" * 600

    def drop_checksum(request: Any, **_: Any) -> None:
        del request.headers["x-amz-checksum-crc32"]

    s3.meta.events.register("before-sign.s3.PutObject", drop_checksum)

    def put(key: str) -> None:
        s3.put_object(
            Bucket="tap-probe-lock-file",
            Key=key,
            Body=body,
            ChecksumAlgorithm="CRC32",
            IfNoneMatch="*",
        )

    return attempts_that_win(put, "lock") > 1


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _create_bucket(s3: Any, name: str) -> None:
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
        )


def _fails(call: Any) -> bool:
    try:
        call()
    except ClientError:
        return True
    return False


EXTENSION = Extension(
    patches=(
        Patch(
            id="s3-policy-conditions",
            symptom="a bucket policy that denies everything but TLS makes every put, get and "
            "delete of an object a 403",
            apply=_evaluate_policies,
            probe=_denies_what_the_policy_does_not,
        ),
        Patch(
            id="s3-lifecycle-members",
            symptom="aws_s3_bucket_lifecycle_configuration with newer_noncurrent_versions or "
            "object sizes waits for them until it fails",
            apply=_keep_lifecycle_rules,
            probe=_loses_lifecycle_members,
        ),
        Patch(
            id="s3-log-delivery-policy",
            symptom="aws_s3_bucket_logging fails with HTTP 500 if the target's policy holds a "
            "statement for every principal",
            apply=_read_log_delivery_permissions,
            probe=_fails_to_read_log_delivery_permissions,
        ),
        Patch(
            id="s3-log-key-format",
            symptom="aws_s3_bucket_logging shows target_object_key_format as added in every plan",
            apply=_keep_log_key_format,
            probe=_loses_log_key_format,
        ),
        Patch(
            id="s3-conditional-puts",
            symptom="two runs that lock a state at the same moment may both get the lock file",
            apply=_exclude_conditional_puts,
            probe=_lets_several_writers_win,
        ),
    ),
)
