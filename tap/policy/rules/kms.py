"""Rules of encryption keys, and of what has to use one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.policy.documents import statements_of
from tap.policy.policies import is_narrowed
from tap.policy.rule import Severity, resource_rule, source_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.hcl import Resource as Declared
    from tap.policy.finding import Fault
    from tap.policy.planned import Resource
    from tap.policy.sources import SourceModule
    from tap.policy.values import Values

_KEY = "aws_kms_key"
# Key material that AWS cannot rotate.
# https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
_ROTATED = ("SYMMETRIC_DEFAULT", None)

# Type and where its key is; the types of other areas have rules there.
_TAKES_KEY: dict[str, tuple[str, ...]] = {
    "aws_backup_vault": ("kms_key_arn",),
    "aws_cloudtrail": ("kms_key_id",),
    "aws_codebuild_project": ("encryption_key",),
    "aws_docdb_cluster": ("kms_key_id",),
    "aws_dynamodb_table": ("server_side_encryption", "kms_key_arn"),
    "aws_ebs_volume": ("kms_key_id",),
    "aws_ecr_repository": ("encryption_configuration", "kms_key"),
    "aws_efs_file_system": ("kms_key_id",),
    "aws_elasticache_replication_group": ("kms_key_id",),
    "aws_kinesis_stream": ("kms_key_id",),
    "aws_neptune_cluster": ("kms_key_arn",),
    "aws_rds_cluster": ("kms_key_id",),
    "aws_redshift_cluster": ("kms_key_id",),
    "aws_sqs_queue": ("kms_master_key_id",),
}


@resource_rule(
    "KMS-01",
    Severity.MEDIUM,
    "A key is never rotated",
    _KEY,
    rationale="The longer a key lives, the more is readable to whoever gets hold of it.",
    remediation="""\
resource "aws_kms_key" "this" {
  enable_key_rotation = true
}
""",
    references=("CKV_AWS_7", "AWS-0065", "FSBP KMS.4", "PCI 3.7.4"),
)
def unrotated_key(key: Resource) -> Iterator[Fault]:
    """Every symmetric key is rotated by AWS."""
    # A key in a store of one's own cannot be rotated either.
    if key.text("customer_master_key_spec") not in _ROTATED or key.text("custom_key_store_id"):
        return
    if not key.flag("enable_key_rotation"):
        yield key.fault(key.quote("enable_key_rotation"), at="enable_key_rotation")


@resource_rule(
    "KMS-02",
    Severity.CRITICAL,
    "Anybody may use a key",
    _KEY,
    "aws_kms_key_policy",
    "aws_kms_external_key",
    "aws_kms_replica_key",
    rationale="A key whose policy names every principal can be used from every account of AWS.",
    remediation="""\
policy = jsonencode({
  Version = "2012-10-17"
  Statement = [{
    Effect    = "Allow"
    Principal = { AWS = "arn:aws:iam::123456789012:root" }
    Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource  = "*"
    Condition = { StringEquals = { "kms:ViaService" = "rds.eu-west-1.amazonaws.com" } }
  }]
})
""",
    references=("CKV_AWS_33", "FSBP KMS.5", "PCI 3.6.1", "PCI 7.2.1"),
    reads_sources=True,
)
def public_key(resource: Resource) -> Iterator[Fault]:
    """Whoever a key's policy allows something is named, or is of a named account."""
    for statement in statements_of(resource, "policy"):
        if statement.allows and statement.is_for_anybody and not is_narrowed(statement):
            sid = statement.sid or "without Sid"
            yield resource.fault(f'statement "{sid}" allows Principal "*"', at="policy")


@resource_rule(
    "KMS-03",
    Severity.LOW,
    "A key has no policy of its own",
    _KEY,
    rationale="Without one AWS lets every administrator of the account use the key, and who "
    "that is changes without the key's owner.",
    remediation="""\
resource "aws_kms_key" "this" {
  policy = data.aws_iam_policy_document.key.json
}
""",
    references=("CKV2_AWS_64", "PCI 7.2.1"),
)
def default_policy(key: Resource) -> Iterator[Fault]:
    """Every key says who may use it."""
    if any(key.planned.users(key, "aws_kms_key_policy", "key_id")):
        return
    # Terraform leaves a policy out of the plan that the provider will compute.
    if not key.is_set("policy"):
        yield key.fault("policy is not set")


@resource_rule(
    "KMS-04",
    Severity.LOW,
    "A key has no alias",
    _KEY,
    rationale="In a console and a log it is one of many random ids, and the wrong one is deleted.",
    remediation="""\
resource "aws_kms_alias" "this" {
  name          = "alias/payments-prod-data"
  target_key_id = aws_kms_key.this.key_id
}
""",
)
def nameless_key(key: Resource) -> Iterator[Fault]:
    """Every key has an alias."""
    if not any(key.planned.users(key, "aws_kms_alias", "target_key_id")):
        yield key.fault(f"no aws_kms_alias is for {key.quote('description')}")


@source_rule(
    "KMS-05",
    Severity.LOW,
    "A key cannot be used by anything",
    rationale="A key that its module neither uses nor gives out encrypts nothing, whatever its "
    "description says.",
    remediation="""\
output "kms_key_arn" {
  description = "ARN of the key."
  value       = aws_kms_key.this.arn
}
""",
)
def hidden_key(module: SourceModule) -> Iterator[Fault]:
    """Every key is an output of its module, or used in it by more than alias and policy."""
    if not module.complete:
        return
    for declared in module.declared.resources.values():
        if declared.type == _KEY and not _is_used(module, declared):
            yield module.fault(
                declared, "no output, local value, module or other resource refers to it"
            )


def _is_used(module: SourceModule, key: Declared) -> bool:
    about_it = {"aws_kms_alias", "aws_kms_key_policy", _KEY}
    declared = module.declared
    blocks = [item.body for item in declared.resources.values() if item.type not in about_it]
    blocks += [item.body for item in declared.outputs.values()]
    blocks += [item.body for item in declared.module_calls.values()]
    found = {reference for block in blocks for reference in block.references()}
    found.update(
        reference for local in declared.locals.values() for reference in local.value.references
    )
    name = f"{_KEY}.{key.name}"
    return any(item == name or item.startswith(f"{name}.") for item in found)


@resource_rule(
    "KMS-06",
    Severity.MEDIUM,
    "What takes a key has none",
    *_TAKES_KEY,
    rationale="Without a key of one's own, AWS decides who may read the data and when the key is "
    "rotated, and nobody can be kept from it.",
    remediation="""\
resource "aws_sqs_queue" "this" {
  kms_master_key_id = aws_kms_key.this.arn
}
""",
    references=(
        "CKV_AWS_27",
        "CKV_AWS_35",
        "CKV_AWS_119",
        "CKV_AWS_136",
        "CKV_AWS_184",
        "CKV_AWS_189",
        "PCI 3.5.1",
    ),
)
def keyless(resource: Resource) -> Iterator[Fault]:
    """Whatever can be encrypted is encrypted with a key of its owner."""
    *blocks, name = _TAKES_KEY[resource.type]
    values: Values | None = resource
    for block in blocks:
        # Not given and not known before apply is the same to Terraform.
        given = values is not None and (not values.is_unknown(block) or values.is_set(block))
        values = values.block(block) if values and given else None
    if values is None:
        yield resource.fault(f"{blocks[0]} with {name} is missing")
    elif not values.is_set(name):
        yield values.fault(f"{name} is not set")
    elif not values.is_unknown(name) and "alias/aws/" in (values.text(name) or ""):
        yield values.fault(f"{values.quote(name)} is the key of AWS", at=name)
