"""KMS: rotation periods, and replicas of keys in other regions."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import json
from typing import Any

from moto.kms.models import Key, kms_backends
from moto.kms.responses import KmsResponse

from tap.emulator.extensions import Client, Extension, Patch, unless, wrap

_DEFAULT_PERIOD_DAYS = 365
"""Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html"""


def _keep_rotation_period() -> None:
    @wrap(KmsResponse, "enable_key_rotation")
    def _(original: Any, self: KmsResponse) -> Any:
        answer = original(self)
        asked: Any = self._get_param("RotationPeriodInDays")
        key: Any = _key(self)
        key.rotation_period_days = asked or getattr(
            key, "rotation_period_days", _DEFAULT_PERIOD_DAYS
        )
        return answer

    @wrap(KmsResponse, "get_key_rotation_status")
    def _(original: Any, self: KmsResponse) -> Any:
        answer = json.loads(original(self))
        if answer["KeyRotationEnabled"]:
            period = getattr(_key(self), "rotation_period_days", _DEFAULT_PERIOD_DAYS)
            answer["RotationPeriodInDays"] = period
        return json.dumps(answer)


def _key(response: KmsResponse) -> Key:
    backend = response.kms_backend
    return backend.keys[backend.get_key_id(response._get_param("KeyId"))]  # noqa: SLF001 - see above


def _loses_rotation_period(client: Client) -> bool:
    kms = client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    return bool(kms.get_key_rotation_status(KeyId=key).get("RotationPeriodInDays") != 180)  # noqa: PLR2004


def _make_real_replicas() -> None:
    @wrap(KmsResponse, "replicate_key")
    def _(original: Any, self: KmsResponse) -> Any:
        original(self)
        backend = self.kms_backend
        key_id = self._get_param("KeyId")
        region = self._get_param("ReplicaRegion")
        primary = backend.keys[backend.get_key_id(key_id)]
        elsewhere = kms_backends[backend.account_id][region]
        replica = elsewhere.keys[primary.id]
        # moto copies the primary key one level deep: what it shares must be its own.
        replica.description = self._get_param("Description") or ""
        replica.policy = self._get_param("Policy") or replica.generate_default_policy()
        replica.aliases = {}
        replica.grants = {}
        replica.multi_region_configuration = {
            **primary.multi_region_configuration,
            "MultiRegionKeyType": "REPLICA",
        }
        tags = self._get_param("Tags") or []
        elsewhere.tag_resource(
            replica.id,
            {tag["TagKey"]: tag.get("TagValue", "") for tag in tags},
        )
        return json.dumps(
            {
                "ReplicaKeyMetadata": replica.to_dict()["KeyMetadata"],
                "ReplicaPolicy": replica.policy,
                "ReplicaTags": tags,
            }
        )


def _shares_state_with_replica(client: Client) -> bool:
    kms = client("kms")
    key = kms.create_key(MultiRegion=True, Description="primary")["KeyMetadata"]["KeyId"]
    answer = kms.replicate_key(
        KeyId=key,
        ReplicaRegion="eu-central-1",
        Description="replica",
        Tags=[{"TagKey": "a", "TagValue": "b"}],
    )
    return not (
        answer["ReplicaKeyMetadata"]["Description"] == "replica"
        and answer.get("ReplicaTags") == [{"TagKey": "a", "TagValue": "b"}]
        and answer["ReplicaKeyMetadata"]["MultiRegionConfiguration"]["MultiRegionKeyType"]
        == "REPLICA"
    )


def _is_of_aws(key: Key) -> bool:
    return any(alias.startswith("alias/aws/") for alias in key.aliases)


EXTENSION = Extension(
    patches=(
        Patch(
            id="kms-rotation-period",
            symptom="a key with rotation_period_in_days shows a change in every plan",
            apply=_keep_rotation_period,
            probe=_loses_rotation_period,
        ),
        Patch(
            id="kms-replica-keys",
            symptom="aws_kms_replica_key waits for its description and tags until it fails, and "
            "turns the primary key into a replica",
            apply=_make_real_replicas,
            probe=_shares_state_with_replica,
        ),
    ),
    counted={
        "kms.Key": unless(lambda key: key.key_state == "PendingDeletion" or _is_of_aws(key)),
    },
)
