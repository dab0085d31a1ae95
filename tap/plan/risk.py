"""What cannot be undone: data that ends with a resource, and changes that AWS does not take back.

Sources: the deletion chapters of the services' user guides, such as
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html and
https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap.plan.model import Action

if TYPE_CHECKING:
    from tap.plan.model import ResourceChange


@dataclass(frozen=True, kw_only=True)
class Risk:
    """Why a change cannot be undone.

    Attributes:
        kind: What holds the data, such as ``database``.
        consequence: What is lost, as a clause; it quotes no value of the plan.
        stateful: Whether the resource itself ends, and what it holds with it.
    """

    kind: str
    consequence: str
    stateful: bool

    def __str__(self) -> str:
        return f"{self.kind}: {self.consequence}"


_DATABASE = ("database", "data is lost unless a snapshot exists")
_CACHE = ("cache", "what it holds is lost unless a snapshot exists")
_TABLE = ("table", "its items are lost unless a backup exists")
_BACKUP = ("backup", "what it could restore cannot be restored any more")
_BUCKET = ("bucket", "all objects in it are lost, with every version")
_FILES = ("file system", "its files are lost unless a backup exists")
_IMAGES = ("image repository", "its images are lost")
_KEY = ("key", "nothing encrypted with it can be read again after the waiting period")
_SECRET = ("secret", "its value and earlier versions are lost")
_LOGS = ("log group", "its events are lost")
_STREAM = ("stream", "messages in it are lost")
_SIGNING_KEY = ("signing key", "the zone fails validation until its parent has a new DS record")
_ZONE = ("hosted zone", "its name servers change, names fail until the parent zone delegates anew")

# Types of the AWS provider 5.100 whose end takes something along that no apply brings back.
STATEFUL: Mapping[str, tuple[str, str]] = {
    "aws_acmpca_certificate_authority": ("certificate authority", "it cannot issue or revoke"),
    "aws_backup_logically_air_gapped_vault": _BACKUP,
    "aws_backup_vault": _BACKUP,
    "aws_cloudfront_key_value_store": _TABLE,
    "aws_cloudhsm_v2_cluster": _KEY,
    "aws_cloudtrail_event_data_store": _LOGS,
    "aws_cloudwatch_log_group": _LOGS,
    "aws_codecommit_repository": ("repository", "its commits are lost unless a clone exists"),
    "aws_cognito_user_pool": ("user pool", "its users have to register anew"),
    "aws_db_cluster_snapshot": _BACKUP,
    "aws_db_instance": _DATABASE,
    "aws_db_snapshot": _BACKUP,
    "aws_db_snapshot_copy": _BACKUP,
    "aws_docdb_cluster": _DATABASE,
    "aws_docdb_cluster_snapshot": _BACKUP,
    "aws_docdbelastic_cluster": _DATABASE,
    "aws_dsql_cluster": _DATABASE,
    "aws_dynamodb_global_table": _TABLE,
    "aws_dynamodb_table": _TABLE,
    "aws_dynamodb_table_item": ("item", "what it holds is lost unless a backup exists"),
    "aws_dynamodb_table_replica": _TABLE,
    "aws_ebs_snapshot": _BACKUP,
    "aws_ebs_snapshot_copy": _BACKUP,
    "aws_ebs_volume": ("volume", "its data is lost unless a snapshot exists"),
    "aws_ecr_repository": _IMAGES,
    "aws_ecrpublic_repository": _IMAGES,
    "aws_efs_file_system": _FILES,
    "aws_eip": ("public address", "it is given back and cannot be had again"),
    "aws_elasticache_cluster": _CACHE,
    "aws_elasticache_replication_group": _CACHE,
    "aws_elasticsearch_domain": _DATABASE,
    "aws_fsx_lustre_file_system": _FILES,
    "aws_fsx_ontap_file_system": _FILES,
    "aws_fsx_ontap_volume": _FILES,
    "aws_fsx_openzfs_file_system": _FILES,
    "aws_fsx_openzfs_snapshot": _BACKUP,
    "aws_fsx_openzfs_volume": _FILES,
    "aws_fsx_windows_file_system": _FILES,
    "aws_glacier_vault": _BUCKET,
    "aws_keyspaces_table": _TABLE,
    "aws_kinesis_stream": _STREAM,
    "aws_kinesis_video_stream": _STREAM,
    "aws_kms_external_key": _KEY,
    "aws_kms_key": _KEY,
    "aws_kms_replica_external_key": _KEY,
    "aws_kms_replica_key": _KEY,
    "aws_lightsail_bucket": _BUCKET,
    "aws_lightsail_database": _DATABASE,
    "aws_memorydb_cluster": _CACHE,
    "aws_memorydb_snapshot": _BACKUP,
    "aws_mq_broker": _STREAM,
    "aws_msk_cluster": _STREAM,
    "aws_msk_serverless_cluster": _STREAM,
    "aws_neptune_cluster": _DATABASE,
    "aws_neptune_cluster_snapshot": _BACKUP,
    "aws_opensearch_domain": _DATABASE,
    "aws_opensearchserverless_collection": _DATABASE,
    "aws_qldb_ledger": _DATABASE,
    "aws_rds_cluster": _DATABASE,
    "aws_rds_cluster_snapshot_copy": _BACKUP,
    "aws_redshift_cluster": _DATABASE,
    "aws_redshift_cluster_snapshot": _BACKUP,
    "aws_redshiftserverless_namespace": _DATABASE,
    "aws_redshiftserverless_snapshot": _BACKUP,
    "aws_route53_key_signing_key": _SIGNING_KEY,
    "aws_route53_zone": _ZONE,
    "aws_route53domains_domain": ("domain", "its registration is given up and others can take it"),
    "aws_s3_bucket": _BUCKET,
    "aws_s3_directory_bucket": _BUCKET,
    "aws_s3control_bucket": _BUCKET,
    "aws_s3tables_table": _TABLE,
    "aws_s3tables_table_bucket": _BUCKET,
    "aws_secretsmanager_secret": _SECRET,
    "aws_simpledb_domain": _DATABASE,
    "aws_sqs_queue": ("queue", "messages in it are lost"),
    "aws_ssm_parameter": ("parameter", "its value and history are lost"),
    "aws_timestreamwrite_database": _DATABASE,
    "aws_timestreamwrite_table": _TABLE,
}

_Values = Mapping[str, Any]


def _less(before: object, after: object) -> bool:
    return isinstance(before, int | float) and isinstance(after, int | float) and after < before


def _shorter(before: object, after: object) -> bool:
    """Compare retentions, of which 0 means for ever."""
    return _less(before or float("inf"), after or float("inf"))


def _other(before: object, after: object) -> bool:
    return after is not None and before is not None and before != after


# Updates in place that lose something: type, attribute, the kind of change, and the loss.
_UPDATES: tuple[tuple[str, str, Callable[[object, object], bool], tuple[str, str]], ...] = (
    (
        "aws_cloudwatch_log_group",
        "retention_in_days",
        _shorter,
        ("log group", "events older than the new retention are lost"),
    ),
    (
        "aws_db_instance",
        "backup_retention_period",
        _less,
        ("database", "automated backups older than the new retention are lost"),
    ),
    (
        "aws_rds_cluster",
        "backup_retention_period",
        _less,
        ("database", "automated backups older than the new retention are lost"),
    ),
    (
        "aws_db_instance",
        "engine_version",
        _other,
        ("database", "another engine version cannot be taken back"),
    ),
    (
        "aws_rds_cluster",
        "engine_version",
        _other,
        ("database", "another engine version cannot be taken back"),
    ),
    (
        "aws_sqs_queue",
        "message_retention_seconds",
        _less,
        ("queue", "messages older than the new retention are lost"),
    ),
)


def risk_of(change: ResourceChange) -> Risk | None:
    """Return why a change cannot be undone; None if it can."""
    before = change.change.before if isinstance(change.change.before, dict) else {}
    if change.change.destroys and change.mode == "managed":
        return _of_end(change.type, before)
    after = change.change.after if isinstance(change.change.after, dict) else {}
    if change.action is not Action.UPDATE:
        return None
    losses = [
        loss
        for kind, attribute, worse, loss in _UPDATES
        if kind == change.type and worse(before.get(attribute), after.get(attribute))
    ]
    if not losses:
        return None
    consequences = ", ".join(consequence for _, consequence in losses)
    return Risk(kind=losses[0][0], consequence=consequences, stateful=False)


def _of_end(kind: str, before: _Values) -> Risk | None:
    # Terraform only forgets such a resource; AWS keeps it.
    if kind not in STATEFUL or before.get("skip_destroy") is True:
        return None
    # A read replica is a copy of what stays.
    if before.get("replicate_source_db"):
        return None
    name, consequence = STATEFUL[kind]
    if name == "database" and before.get("skip_final_snapshot") is False:
        consequence = "all data that the final snapshot does not hold is lost"
    if kind == "aws_s3_bucket" and before.get("force_destroy") is False:
        consequence = "its name can be taken by others; AWS refuses while it holds objects"
    return Risk(kind=name, consequence=consequence, stateful=True)
