"""Facts from a plan.

What AWS will choose, such as the id of a key, is not known before the apply. In its place an ARN
has the address of the resource in braces, which no pattern takes that does not mean it. A document
that is made of such a value is not known as a whole: Terraform says so of what ``jsonencode``
returns, even where most of it is known. ``documents`` works it out of the configuration. What is
left of such policies may say anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.errors import PolicyError
from tap.proofs.access.arns import Arns, stand_in
from tap.proofs.access.documents import Documents
from tap.proofs.access.facts import Facts, Resource, Role
from tap.proofs.access.model import Kind, Policy
from tap.proofs.access.parse import parse_policy
from tap.proofs.access.planned import Inventory, Planned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.plan import Plan
    from tap.proofs.sources import Sources

# The policy of a key that is given none:
# https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
_DEFAULT_KEY_POLICY = {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}
_VERSION = "2012-10-17"


def read_plan(plan: Plan, *, region: str, sources: Sources | None = None) -> Facts:
    """Read roles, and resources with their policies.

    Args:
        plan: The plan; what it destroys is left out.
        region: The region of the default provider, for ARNs that are not known yet.
        sources: The configuration, to work out documents that the plan does not know.

    Raises:
        HclError: A ``.tf`` file cannot be read.
        PolicyError: A policy is not usable, or the plan does not say for which account it is.
    """
    inventory = Inventory(plan)
    account = inventory.account()
    if not account:
        raise PolicyError(
            "the plan does not say which account it is for",
            "read data.aws_caller_identity in the configuration",
        )
    reader = _Reader(inventory, Arns(account=account, region=region), sources)
    return Facts(
        account=account,
        roles=tuple(map(reader.role, inventory.of("aws_iam_role"))),
        resources=tuple(reader.resources()),
    )


class _Reader:
    def __init__(self, inventory: Inventory, arns: Arns, sources: Sources | None) -> None:
        self.inventory = inventory
        self.arns = arns
        self.documents = Documents(inventory.plan, arns, sources) if sources else None

    def role(self, role: Planned) -> Role:
        """Return a role with its inline and attached policies."""
        bound = role.get("permissions_boundary")
        boundary = None
        if bound or role.is_unknown("permissions_boundary"):
            boundary = self.managed(role, "permissions_boundary", bound, Kind.BOUNDARY)
        return Role(
            name=role.get("name") or role.address,
            arn=self.arn(role),
            policies=tuple(self.policies_of(role)),
            boundary=boundary,
        )

    def policies_of(self, role: Planned) -> Iterator[Policy]:
        """Yield everything that is attached to a role by itself or by another resource."""
        for inline in role.get("inline_policy") or ():
            if inline.get("policy"):
                yield self.parsed(inline["policy"], role.address, Kind.IDENTITY)
        for arn in role.get("managed_policy_arns") or ():
            yield self.managed(role, "managed_policy_arns", arn, Kind.IDENTITY)
        for item in self.inventory.of("aws_iam_role_policy"):
            if self.belongs(item, "role", role, "aws_iam_role", "name"):
                yield self.policy(item, "policy", Kind.IDENTITY)
        for item in self.inventory.of("aws_iam_role_policy_attachment"):
            if self.belongs(item, "role", role, "aws_iam_role", "name"):
                yield self.managed(item, "policy_arn", item.get("policy_arn"), Kind.IDENTITY)

    def managed(self, source: Planned, attribute: str, arn: str | None, kind: Kind) -> Policy:
        """Return a managed policy of the plan, or say that its document is elsewhere."""
        found = self.inventory.target(source, attribute, "aws_iam_policy") or next(
            (
                each
                for each in self.inventory.of("aws_iam_policy")
                if arn and each.get("arn") == arn
            ),
            None,
        )
        if found:
            return self.policy(found, "policy", kind)
        name = arn or source.address
        return Policy(name=name, kind=kind, unknown="its document is not in the plan")

    def resources(self) -> Iterator[Resource]:
        """Yield everything that can carry a policy of its own."""
        for role in self.inventory.of("aws_iam_role"):
            name = role.get("name") or role.address
            trust = self.policy(role, "assume_role_policy", Kind.TRUST)
            yield self.resource("role", (name,), self.arn(role), trust)
        for bucket in self.inventory.of("aws_s3_bucket"):
            name = bucket.get("bucket") or bucket.address
            policy = self.attached(bucket, "aws_s3_bucket", "aws_s3_bucket_policy", "bucket")
            yield self.resource("bucket", (name,), self.arn(bucket), policy)
        yield from self.keys()
        yield from self.secrets()
        for topic in self.inventory.of("aws_sns_topic"):
            policy = self.attached(topic, "aws_sns_topic", "aws_sns_topic_policy", "arn")
            name = topic.get("name") or topic.address
            yield self.resource("topic", (name,), self.arn(topic), policy)
        for queue in self.inventory.of("aws_sqs_queue"):
            policy = self.attached(queue, "aws_sqs_queue", "aws_sqs_queue_policy", "queue_url")
            name = queue.get("name") or queue.address
            yield self.resource("queue", (name,), self.arn(queue), policy)
        for function in self.inventory.of("aws_lambda_function"):
            policy = self.permissions(function)
            name = function.get("function_name") or function.address
            yield self.resource("function", (name,), self.arn(function), policy)

    def keys(self) -> Iterator[Resource]:
        """Yield keys, named by their aliases."""
        for key in self.inventory.of("aws_kms_key"):
            names = [
                str(alias.get("name")).removeprefix("alias/")
                for alias in self.inventory.of("aws_kms_alias")
                if self.belongs(alias, "target_key_id", key, "aws_kms_key", "key_id")
            ]
            policy = (
                self.policy(key, "policy", Kind.RESOURCE)
                if key.is_written("policy") or key.get("policy")
                else self.default_key_policy(key)
            )
            yield self.resource("key", (*names, key.address), self.arn(key), policy)

    def secrets(self) -> Iterator[Resource]:
        """Yield secrets, those that RDS makes for master passwords, and users of databases."""
        kind = "aws_secretsmanager_secret"
        for secret in self.inventory.of(kind):
            name = secret.get("name") or secret.address
            policy = self.attached(secret, kind, f"{kind}_policy", "secret_arn")
            yield self.resource("secret", (name, secret.address), self.arn(secret), policy)
        for database in self.inventory.of("aws_db_instance"):
            name = database.get("identifier") or database.address
            yield self.resource("dbuser", (name,), self.arns.of_database_users(database), None)
            if database.get("manage_master_user_password"):
                yield self.resource("secret", (name,), self.arns.of_master_secret(database), None)

    def permissions(self, function: Planned) -> Policy | None:
        """Return the policy that permissions of a function add up to."""
        found = [
            each
            for each in self.inventory.of("aws_lambda_permission")
            if self.belongs(each, "function_name", function, "aws_lambda_function", "function_name")
        ]
        if not found:
            return None
        arn = self.arn(function)
        statements = [_permission(each, arn) for each in found]
        return self.parsed(
            {"Version": _VERSION, "Statement": statements}, function.address, Kind.RESOURCE
        )

    def attached(self, target: Planned, kind: str, carrier: str, attribute: str) -> Policy | None:
        """Return the policy that a resource carries itself or that another one gives it."""
        for item in self.inventory.of(carrier):
            if self.belongs(item, attribute, target, kind, "id"):
                return self.policy(item, "policy", Kind.RESOURCE)
        # Without an expression an unknown policy is what AWS reports later: the one above, or none.
        if target.is_written("policy"):
            return self.policy(target, "policy", Kind.RESOURCE)
        return (
            self.parsed(target.get("policy"), target.address, Kind.RESOURCE)
            if (target.get("policy"))
            else None
        )

    def belongs(
        self, item: Planned, attribute: str, target: Planned, kind: str, identity: str
    ) -> bool:
        """Tell whether an attribute names a resource, by its value or by reference."""
        value = item.get(attribute)
        if value is not None and target.get(identity) is not None:
            return bool(value == target.get(identity))
        if value is not None and value in {target.get("bucket"), target.get("name")}:
            return True
        found = self.inventory.target(item, attribute, kind)
        return found is not None and found.address == target.address

    def policy(self, item: Planned, attribute: str, kind: Kind) -> Policy:
        """Return a policy document of a resource."""
        document = item.get(attribute)
        if document is None and self.documents and item.is_unknown(attribute):
            document = self.documents.work_out(item, attribute)
        if document:
            return self.parsed(document, item.address, kind)
        why = "Terraform knows it only after the apply"
        if item.references(attribute):
            why += f"; it is made of {', '.join(item.references(attribute))}"
        return Policy(name=item.address, kind=kind, unknown=why)

    def parsed(self, document: Any, name: str, kind: Kind) -> Policy:  # noqa: ANN401 - JSON
        return parse_policy(document, name=name, kind=kind)

    def default_key_policy(self, key: Planned) -> Policy:
        root = f"arn:{self.arns.partition}:iam::{self.arns.account}:root"
        document = {"Statement": [{**_DEFAULT_KEY_POLICY, "Principal": {"AWS": root}}]}
        return self.parsed(document, key.address, Kind.RESOURCE)

    def arn(self, item: Planned) -> str:
        return self.arns.of(item) or stand_in(item)

    def resource(
        self, kind: str, names: tuple[str, ...], arn: str, policy: Policy | None
    ) -> Resource:
        return Resource(kind=kind, names=names, arn=arn, account=self.arns.account, policy=policy)


def _permission(permission: Planned, arn: str) -> dict[str, Any]:
    """Write a permission the way Lambda does.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/permissions-function-services.html
    """
    principal = permission.get("principal") or ""
    is_service = principal.endswith((".amazonaws.com", ".amazonaws.com.cn"))
    conditions: dict[str, dict[str, str]] = {}
    if source := permission.get("source_arn"):
        conditions["ArnLike"] = {"AWS:SourceArn": source}
    if account := permission.get("source_account"):
        conditions["StringEquals"] = {"AWS:SourceAccount": account}
    return {
        "Sid": permission.get("statement_id") or "",
        "Effect": "Allow",
        "Principal": principal
        if principal == "*"
        else {"Service" if is_service else "AWS": principal},
        "Action": permission.get("action"),
        "Resource": arn,
        "Condition": conditions,
    }
