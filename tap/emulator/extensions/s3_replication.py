"""S3: replication rules as they were given, and objects that are carried to the replica."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.s3.exceptions import ReplicationConfigurationNotFoundError, S3ClientError
from moto.s3.models import FakeBucket, FakeDeleteMarker, FakeKey, S3Backend
from moto.s3.responses import S3Response

from tap.emulator.extensions import Client, Extension, Patch, wrap
from tap.emulator.replication_permissions import Replication
from tap.emulator.replication_rules import Rule, Subject, applying, from_xml

_SETTLED_SECONDS = 0.2
"""How long moto may take from storing an object to storing its metadata and tags."""


def _keep_rules() -> None:
    @wrap(S3Backend, "put_bucket_replication")
    def _(original: Any, self: S3Backend, bucket_name: str, replication: dict[str, Any]) -> None:
        given = replication["Rule"]
        for rule in given if isinstance(given, list) else [given]:
            destination = self.buckets.get(_name(rule["Destination"]["Bucket"]))
            if destination is None:
                raise _invalid("Destination bucket must exist.")
            if not destination.is_versioned:
                raise _invalid("Destination bucket must have versioning enabled.")
        original(self, bucket_name, replication)
        replication["Rule"] = [from_xml(rule) for rule in replication["Rule"]]

    def get_bucket_replication(self: S3Response) -> Any:
        self.data["Action"] = "GetBucketReplication"
        found = self.backend.get_bucket_replication(self.bucket_name)
        if not found:
            raise ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
        configuration = {"Role": found["Role"], "Rules": found["Rule"]}
        return self.serialized(ActionResult({"ReplicationConfiguration": configuration}))

    S3Response.get_bucket_replication = get_bucket_replication  # type: ignore[method-assign] # the cure


def _invalid(message: str) -> S3ClientError:
    return S3ClientError("InvalidRequest", message)


def _name(arn: str) -> str:
    return arn.rpartition(":")[2]


@dataclass(frozen=True)
class _Change:
    """A new version or delete marker that waits for its replication."""

    backend: S3Backend
    bucket: FakeBucket
    version: Any
    rules: dict[str, Any]
    at: float = field(default_factory=time.monotonic)

    @property
    def subject(self) -> Subject:
        if isinstance(self.version, FakeDeleteMarker):
            return Subject(key=self.version.name, marker=True)
        return Subject(
            key=self.version.name,
            tags=self.backend.tagger.get_tag_dict_for_resource(self.version.arn),
            kms=self.version.encryption == "aws:kms",
        )

    def applying(self) -> list[Rule]:
        return applying(self.rules["Rule"], self.subject)


_waiting: deque[_Change] = deque()
_store: list[Any] = []
"""moto's own ``put_object``: what is replicated is not replicated again."""


def _carry_objects() -> None:
    _store.append(S3Backend.put_object)

    @wrap(S3Backend, "put_object")
    def _(original: Any, self: S3Backend, bucket_name: str, *args: Any, **kwargs: Any) -> Any:
        version = original(self, bucket_name, *args, **kwargs)
        _note(self, bucket_name, version)
        return version

    @wrap(S3Backend, "_set_delete_marker")
    def _(original: Any, self: S3Backend, bucket_name: str, key_name: str) -> Any:
        marker = original(self, bucket_name, key_name)
        _note(self, bucket_name, marker)
        return marker

    headers: Any = FakeKey.response_dict

    def response_dict(self: Any) -> dict[str, Any]:
        found: dict[str, Any] = headers.fget(self)
        if status := _status(self):
            found["x-amz-replication-status"] = status
        return found

    FakeKey.response_dict = property(response_dict)  # type: ignore[assignment,method-assign] # the cure


def _note(backend: S3Backend, bucket_name: str, version: Any) -> None:
    bucket = backend.get_bucket(bucket_name)
    if rules := getattr(bucket, "replication", None):
        version.replication = _Change(backend, bucket, version, rules)
        _waiting.append(version.replication)


def _status(version: Any) -> str | None:
    status = getattr(version, "replication_status", None)
    change = getattr(version, "replication", None)
    if status is None and change is not None and change.applying():
        return "PENDING"
    return status


def _tick() -> None:
    while _waiting and time.monotonic() - _waiting[0].at >= _SETTLED_SECONDS:
        change = _waiting.popleft()
        if rules := change.applying():
            done = [_replicate(change, rule) for rule in rules]
            change.version.replication_status = "COMPLETED" if all(done) else "FAILED"
        change.version.replication = None


def _replicate(change: _Change, rule: Rule) -> bool:
    bucket = change.backend.buckets.get(_name(rule["Destination"]["Bucket"]))
    if bucket is None or not bucket.is_versioned or not change.bucket.is_versioned:
        return False
    subject = change.subject
    replication = Replication(
        role=change.rules["Role"],
        source=change.bucket,
        target=bucket,
        key=subject.key,
        marker=subject.marker,
        source_key=(change.version.kms_key_id or "") if subject.kms else "",
        target_key=_replica_key(rule),
    )
    if not replication.is_permitted():
        return False
    if subject.marker:
        _copy_marker(change, bucket)
    else:
        _copy_version(change, rule, bucket)
    return True


def _copy_marker(change: _Change, bucket: FakeBucket) -> None:
    if change.version.name in bucket.keys:
        marker = FakeDeleteMarker(key=bucket.keys[change.version.name])
        marker._version_id = change.version.version_id  # noqa: SLF001 - there is no other way to it
        bucket.keys[change.version.name] = marker


def _copy_version(change: _Change, rule: Rule, bucket: FakeBucket) -> None:
    source, destination = change.version, rule["Destination"]
    kms = {"encryption": "aws:kms", "kms_key_id": _replica_key(rule)} if change.subject.kms else {}
    replica = _store[0](
        change.backend,
        bucket.name,
        source.name,
        source.value,
        storage=destination.get("StorageClass") or source.storage_class,
        etag=source.etag.strip('"'),
        **(kms or {"encryption": source.encryption}),
    )
    # A replica has the version id and the times of what it is a replica of.
    replica._version_id = source.version_id  # noqa: SLF001 - there is no other way to it
    replica.last_modified = source.last_modified
    replica.set_metadata(dict(source.metadata), replace=True)
    for name in ("checksum_algorithm", "checksum_value", "checksum_type"):
        setattr(replica, name, getattr(source, name))
    tags = change.backend.tagger.get_tag_dict_for_resource(source.arn)
    change.backend.put_object_tagging(replica, tags)
    replica.replication_status = "REPLICA"


def _replica_key(rule: Rule) -> str:
    encryption = rule["Destination"].get("EncryptionConfiguration") or {}
    return str(encryption.get("ReplicaKmsKeyID", ""))


def _loses_rule_members(client: Client) -> bool:
    s3 = client("s3")
    rule = _rule("tap-probe-rule-target") | {
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Filter": {"And": {"Prefix": "a/", "Tags": [{"Key": "b", "Value": "c"}]}},
        "SourceSelectionCriteria": {"SseKmsEncryptedObjects": {"Status": "Enabled"}},
    }
    _create_buckets(s3, "tap-probe-rule-source", "tap-probe-rule-target")
    s3.put_bucket_replication(
        Bucket="tap-probe-rule-source",
        ReplicationConfiguration={"Role": _create_role(client), "Rules": [rule]},
    )
    found = s3.get_bucket_replication(Bucket="tap-probe-rule-source")
    return bool(found["ReplicationConfiguration"]["Rules"] != [rule])


def _carries_nothing(client: Client) -> bool:
    s3 = client("s3")
    _create_buckets(s3, "tap-probe-carry-source", "tap-probe-carry-target")
    s3.put_bucket_replication(
        Bucket="tap-probe-carry-source",
        ReplicationConfiguration={
            "Role": _create_role(client),
            "Rules": [_rule("tap-probe-carry-target")],
        },
    )
    s3.put_object(Bucket="tap-probe-carry-source", Key="k", Body=b"carried")
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        with contextlib.suppress(ClientError):
            found = s3.get_object(Bucket="tap-probe-carry-target", Key="k")
            return bool(found["Body"].read() != b"carried")
        time.sleep(0.2)
    return True


def _rule(target: str) -> dict[str, Any]:
    return {
        "ID": "probe",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
    }


def _create_buckets(s3: Any, *names: str) -> None:
    for name in names:
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(
                Bucket=name, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
            )
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def _create_role(client: Client) -> str:
    iam = client("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(
            RoleName="tap-probe-replication",
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    iam.put_role_policy(
        RoleName="tap-probe-replication",
        PolicyName="all",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    return str(iam.get_role(RoleName="tap-probe-replication")["Role"]["Arn"])


EXTENSION = Extension(
    patches=(
        Patch(
            id="s3-replication-rules",
            symptom="aws_s3_bucket_replication_configuration shows delete markers, filters and "
            "source selection as changed in every plan",
            apply=_keep_rules,
            probe=_loses_rule_members,
        ),
        Patch(
            id="s3-replication-objects",
            symptom="nothing that is put into a replicated bucket reaches the replica",
            apply=_carry_objects,
            probe=_carries_nothing,
        ),
    ),
    tick=_tick,
    reset=_waiting.clear,
)
