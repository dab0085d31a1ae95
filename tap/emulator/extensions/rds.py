"""RDS: all that Terraform reads back of a database instance, and its managed password."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import json
import secrets
import string
from typing import Any

from moto.rds.exceptions import InvalidParameterCombination
from moto.rds.models import DBInstance, MasterUserSecret, RDSBackend

from tap.emulator.extensions import Client, Extension, Patch, wrap
from tap.emulator.extensions.refusals import REFUSED

_CERTIFICATE = "rds-ca-rsa2048-g1"
"""Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html"""

_INSIGHTS_DAYS = 7
_ROTATION_DAYS = 7
"""Source: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html"""

_MINOR_VERSIONS = {"mysql": {"5.7": "5.7.44", "8.0": "8.0.42", "8.4": "8.4.5"}}
"""What AWS chooses for an engine version that names no minor one."""

_ID_LETTERS = string.ascii_uppercase + string.digits
_PASSWORD_LETTERS = string.ascii_letters + string.digits + "-_.!#%"


def _give_resource_ids() -> None:
    @wrap(DBInstance, "__init__")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.dbi_resource_id = "db-" + "".join(secrets.choice(_ID_LETTERS) for _ in range(26))


def _share_resource_id(client: Client) -> bool:
    rds = client("rds")
    ids = {create_instance(rds, f"tap-probe-id-{n}")["DbiResourceId"] for n in range(2)}
    return len(ids) == 1


def _keep_settings() -> None:
    @wrap(DBInstance, "__init__")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.performance_insights_enabled = False
        self.database_insights_mode = "standard"
        self.network_type = kwargs.get("network_type") or "IPV4"
        self.backup_target = "region"
        self.dedicated_log_volume = bool(kwargs.get("dedicated_log_volume"))
        self.engine_lifecycle_support = (
            kwargs.get("engine_lifecycle_support") or "open-source-rds-extended-support"
        )
        if self.ca_certificate_identifier == "rds-ca-default":
            self.ca_certificate_identifier = _CERTIFICATE
        _set_insights(self, kwargs)

    @wrap(DBInstance, "update")
    def _(original: Any, self: Any, **kwargs: Any) -> None:
        exports = kwargs.pop("cloudwatch_logs_export_configuration", None) or {}
        managed = getattr(self, "manage_master_user_password", False)
        if kwargs.get("manage_master_user_password") and managed:
            # It has one; moto would make a second and forget the first.
            kwargs["manage_master_user_password"] = None
        # To moto, a value of its own is a keyword of its own; the port has another name.
        if port := kwargs.pop("db_port_number", None):
            self.port = port
        original(self, **kwargs)
        _set_insights(self, kwargs)
        disabled = set(exports.get("DisableLogTypes", []))
        enabled = set(exports.get("EnableLogTypes", []))
        kept = set(self.enabled_cloudwatch_logs_exports) - disabled
        self.enabled_cloudwatch_logs_exports = sorted(kept | enabled)

    def arn_of_stream(self: Any) -> str | None:
        if not self.monitoring_interval:
            return None
        return (
            f"arn:{self.partition}:logs:{self.region}:{self.account_id}:"
            f"log-group:RDSOSMetrics:log-stream:{self.dbi_resource_id}"
        )

    DBInstance.enhanced_monitoring_resource_arn = property(arn_of_stream)  # type: ignore[attr-defined] # the cure


def _set_insights(instance: Any, asked: Any) -> None:
    enabled = asked.get("enable_performance_insights")
    if enabled is not None:
        instance.performance_insights_enabled = enabled
    if not instance.performance_insights_enabled:
        instance.performance_insights_kms_key_id = None
        instance.performance_insights_retention_period = None
        return
    for name, default in (
        ("performance_insights_kms_key_id", None),
        ("performance_insights_retention_period", _INSIGHTS_DAYS),
    ):
        known = getattr(instance, name, None)
        setattr(instance, name, asked.get(name) or known or default)
    if mode := asked.get("database_insights_mode"):
        instance.database_insights_mode = mode


def _loses_settings(client: Client) -> bool:
    rds = client("rds")
    created = create_instance(
        rds,
        "tap-probe-settings",
        EnablePerformanceInsights=True,
        EnableCloudwatchLogsExports=["error", "audit"],
    )
    try:
        modified = rds.modify_db_instance(
            DBInstanceIdentifier="tap-probe-settings",
            PerformanceInsightsRetentionPeriod=31,
            CloudwatchLogsExportConfiguration={
                "EnableLogTypes": ["error"],
                "DisableLogTypes": ["audit", "general"],
            },
        )["DBInstance"]
    except REFUSED:
        return True
    return (
        created.get("PerformanceInsightsRetentionPeriod"),
        modified.get("PerformanceInsightsRetentionPeriod"),
        modified["EnabledCloudwatchLogsExports"],
    ) != (7, 31, ["error"])


def _choose_minor_version() -> None:
    @wrap(DBInstance, "__init__")
    def _(original: Any, self: Any, *args: Any, **kwargs: Any) -> None:
        engine, version = kwargs.get("engine"), kwargs.get("engine_version")
        kwargs["engine_version"] = _MINOR_VERSIONS.get(str(engine), {}).get(str(version), version)
        original(self, *args, **kwargs)


def _lacks_minor_version(client: Client) -> bool:
    created = create_instance(client("rds"), "tap-probe-version", EngineVersion="8.0")
    return bool(created["EngineVersion"] == "8.0")


def _manage_passwords() -> None:
    @wrap(MasterUserSecret, "_generate_secret_string")
    def _(_original: Any, self: Any) -> str:
        return _credentials(self.resource)

    @wrap(MasterUserSecret, "_create_secret")
    def _(original: Any, self: Any, kms_key_id: str | None) -> Any:
        secret = original(self, kms_key_id)
        secret.rotation_requested = True
        secret.rotation_enabled = True
        secret.auto_rotate_after_days = _ROTATION_DAYS
        return secret


def _credentials(resource: Any) -> str:
    password = "".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(28))
    return json.dumps({"username": resource.master_username, "password": password})


def _has_foreign_password(client: Client) -> bool:
    created = create_instance(
        client("rds"), "tap-probe-password", MasterUserPassword=None, ManageMasterUserPassword=True
    )
    manager = client("secretsmanager")
    arn = created["MasterUserSecret"]["SecretArn"]
    try:
        first = json.loads(manager.get_secret_value(SecretId=arn)["SecretString"])
        client("rds").modify_db_instance(
            DBInstanceIdentifier="tap-probe-password",
            RotateMasterUserPassword=True,
            ApplyImmediately=True,
        )
        second = json.loads(manager.get_secret_value(SecretId=arn)["SecretString"])
    except REFUSED:
        return True
    return not (
        first["username"] == second["username"] == "probe"
        and first["password"] != second["password"]
        and manager.describe_secret(SecretId=arn).get("RotationEnabled")
    )


def _want_final_snapshot() -> None:
    @wrap(RDSBackend, "delete_db_instance")
    def _(original: Any, self: Any, db_instance_identifier: str, **kwargs: Any) -> Any:
        instance = self.databases.get(db_instance_identifier)
        stands_alone = instance is not None and not instance.is_replica
        named = kwargs.get("final_db_snapshot_identifier")
        if stands_alone and not named and not kwargs.get("skip_final_snapshot"):
            raise InvalidParameterCombination(
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified."
            )
        return original(self, db_instance_identifier, **kwargs)


def _deletes_without_snapshot(client: Client) -> bool:
    rds = client("rds")
    create_instance(rds, "tap-probe-final")
    try:
        rds.delete_db_instance(DBInstanceIdentifier="tap-probe-final")
    except REFUSED:
        return False
    return True


def create_instance(rds: Any, name: str, **settings: Any) -> dict[str, Any]:
    """Create a small MySQL database for a probe; a setting of None is left out."""
    asked = {
        "Engine": "mysql",
        "EngineVersion": "8.0.42",
        "DBInstanceClass": "db.t3.micro",
        "AllocatedStorage": 20,
        "MasterUsername": "probe",
        "MasterUserPassword": "probe-probe",
        **settings,
    }
    given = {key: value for key, value in asked.items() if value is not None}
    created = rds.create_db_instance(DBInstanceIdentifier=name, **given)
    answer: dict[str, Any] = created["DBInstance"]
    return answer


EXTENSION = Extension(
    patches=(
        Patch(
            id="rds-resource-ids",
            symptom="a second aws_db_instance is taken for the first: couldn't find resource",
            apply=_give_resource_ids,
            probe=_share_resource_id,
        ),
        Patch(
            id="rds-settings",
            symptom="Performance Insights of an aws_db_instance show as added in every plan, and "
            "a log export that is switched off twice fails",
            apply=_keep_settings,
            probe=_loses_settings,
        ),
        Patch(
            id="rds-minor-version",
            symptom="an aws_db_instance of engine version 8.0 reports no full version, and its "
            "default parameter group is that of mysql8",
            apply=_choose_minor_version,
            probe=_lacks_minor_version,
        ),
        Patch(
            id="rds-managed-password",
            symptom="every managed password is the same, belongs to a user admin, does not rotate "
            "by itself and is gone after a rotation",
            apply=_manage_passwords,
            probe=_has_foreign_password,
        ),
        Patch(
            id="rds-final-snapshot",
            symptom="a database is deleted without a final snapshot that nobody declined",
            apply=_want_final_snapshot,
            probe=_deletes_without_snapshot,
        ),
    ),
)
