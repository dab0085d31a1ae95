"""Facts from a live account, or from what stands in for it, by boto3."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from tap.errors import AwsError
from tap.proofs.access.facts import Facts, Resource, Role
from tap.proofs.access.model import Kind, Policy
from tap.proofs.access.parse import parse_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Client(Protocol):
    """Makes a boto3 client."""

    def __call__(self, service: str, region: str) -> Any:  # noqa: ANN401 - boto3 has no common type
        """Return a client of a service in a region."""


# What "there is none" is called, by service.
_NO_POLICY = {"NoSuchBucketPolicy", "ResourceNotFoundException", "NotFoundException"}


def read_facts(client: Client, *, account: str, prefix: str, regions: Iterable[str]) -> Facts:
    """Read roles, and resources with their policies.

    Args:
        client: Makes a client for a service and a region.
        account: The account's id.
        prefix: Only what has a name beginning with this: the environment's own.
        regions: The regions the environment lives in, its main region first.

    Raises:
        AwsError: A call was refused.
        PolicyError: A policy is not usable.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - takes 0.2 s

    places = tuple(dict.fromkeys(regions))
    try:
        roles, trusts = _roles(client("iam", places[0]), account, prefix)
        resources = [
            *trusts,
            *_buckets(client("s3", places[0]), account, prefix),
            *(
                resource
                for place in places
                for kind in (_keys, _secrets, _topics, _queues, _functions, _database_users)
                for resource in kind(partial(client, region=place), account, prefix)
            ),
        ]
    except (BotoCoreError, ClientError) as error:
        raise AwsError(
            f"cannot read who may do what of {prefix}: {error}",
            "check that the credentials may read IAM and the policies of resources",
        ) from None
    return Facts(account=account, roles=tuple(roles), resources=tuple(resources))


def _roles(iam: Any, account: str, prefix: str) -> tuple[list[Role], list[Resource]]:  # noqa: ANN401 - a boto3 client, as below
    roles: list[Role] = []
    trusts: list[Resource] = []
    for found in _pages(iam, "list_roles", "Roles"):
        name, arn = found["RoleName"], found["Arn"]
        if not name.startswith(prefix):
            continue
        # The list leaves the boundary out.
        details = iam.get_role(RoleName=name)["Role"]
        bound = details.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        roles.append(
            Role(
                name=name,
                arn=arn,
                policies=tuple(_policies_of(iam, name)),
                boundary=_managed(iam, bound, Kind.BOUNDARY) if bound else None,
            )
        )
        trust = parse_policy(details["AssumeRolePolicyDocument"], name=name, kind=Kind.TRUST)
        trusts.append(Resource(kind="role", names=(name,), arn=arn, account=account, policy=trust))
    return roles, trusts


def _policies_of(iam: Any, role: str) -> Iterator[Policy]:  # noqa: ANN401
    for name in _pages(iam, "list_role_policies", "PolicyNames", RoleName=role):
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        yield parse_policy(document, name=name, kind=Kind.IDENTITY)
    for found in _pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role):
        yield _managed(iam, found["PolicyArn"], Kind.IDENTITY)


def _managed(iam: Any, arn: str, kind: Kind) -> Policy:  # noqa: ANN401
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]
    return parse_policy(found["Document"], name=arn, kind=kind)


def _buckets(s3: Any, account: str, prefix: str) -> Iterator[Resource]:  # noqa: ANN401
    for bucket in s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if name.startswith(prefix):
            partition = _partition(s3)
            yield _resource(
                "bucket",
                (name,),
                f"arn:{partition}:s3:::{name}",
                account,
                _if_any(partial(s3.get_bucket_policy, Bucket=name), "Policy"),
            )


def _keys(client: Callable[[str], Any], account: str, prefix: str) -> Iterator[Resource]:
    kms = client("kms")
    for alias in _pages(kms, "list_aliases", "Aliases"):
        name = alias["AliasName"].removeprefix("alias/")
        if name.startswith(prefix) and "TargetKeyId" in alias:
            key = kms.describe_key(KeyId=alias["TargetKeyId"])["KeyMetadata"]["Arn"]
            policy = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
            yield _resource("key", (name,), key, account, policy)


def _secrets(client: Callable[[str], Any], account: str, prefix: str) -> Iterator[Resource]:
    secrets = client("secretsmanager")
    names = {
        found["ARN"]: (found["Name"],)
        for found in _pages(secrets, "list_secrets", "SecretList")
        if found["Name"].startswith(prefix)
    }
    # RDS gives the secret of a master password a name of its own.
    for instance in _pages(client("rds"), "describe_db_instances", "DBInstances"):
        name, secret = instance["DBInstanceIdentifier"], instance.get("MasterUserSecret")
        if name.startswith(prefix) and secret:
            names[secret["SecretArn"]] = (name,)
    for arn, known in names.items():
        policy = _if_any(partial(secrets.get_resource_policy, SecretId=arn), "ResourcePolicy")
        yield _resource("secret", known, arn, account, policy)


def _topics(client: Callable[[str], Any], account: str, prefix: str) -> Iterator[Resource]:
    sns = client("sns")
    for topic in _pages(sns, "list_topics", "Topics"):
        arn = topic["TopicArn"]
        name = arn.rpartition(":")[2]
        if name.startswith(prefix):
            attributes = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
            yield _resource("topic", (name,), arn, account, attributes.get("Policy"))


def _queues(client: Callable[[str], Any], account: str, prefix: str) -> Iterator[Resource]:
    sqs = client("sqs")
    for url in _pages(sqs, "list_queues", "QueueUrls", QueueNamePrefix=prefix):
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        name = url.rpartition("/")[2]
        policy = attributes.get("Policy")
        yield _resource("queue", (name,), attributes["QueueArn"], account, policy)


def _functions(client: Callable[[str], Any], account: str, prefix: str) -> Iterator[Resource]:
    functions = client("lambda")
    for found in _pages(functions, "list_functions", "Functions"):
        name = found["FunctionName"]
        if name.startswith(prefix):
            policy = _if_any(partial(functions.get_policy, FunctionName=name), "Policy")
            yield _resource("function", (name,), found["FunctionArn"], account, policy)


def _database_users(client: Callable[[str], Any], account: str, prefix: str) -> Iterator[Resource]:
    rds = client("rds")
    for found in _pages(rds, "describe_db_instances", "DBInstances"):
        name = found["DBInstanceIdentifier"]
        if name.startswith(prefix):
            region, made = rds.meta.region_name, found["DbiResourceId"]
            arn = f"arn:{_partition(rds)}:rds-db:{region}:{account}:dbuser:{made}"
            yield _resource("dbuser", (name,), arn, account, None)


def _resource(
    kind: str, names: tuple[str, ...], arn: str, account: str, document: str | None
) -> Resource:
    policy = (
        parse_policy(document, name=f"of {kind} {names[0]}", kind=Kind.RESOURCE)
        if document
        else None
    )
    return Resource(kind=kind, names=names, arn=arn, account=account, policy=policy)


def _if_any(ask: Callable[[], dict[str, Any]], key: str) -> str | None:
    """Return a part of the answer, or None where the service says that there is no policy."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - takes 0.2 s

    try:
        return ask().get(key)
    except ClientError as error:
        if error.response["Error"]["Code"] in _NO_POLICY:
            return None
        raise


def _partition(client: Any) -> str:  # noqa: ANN401
    return str(client.meta.partition)


def _pages(client: Any, operation: str, key: str, **asked: str) -> Iterator[Any]:  # noqa: ANN401
    for page in client.get_paginator(operation).paginate(**asked):
        yield from page.get(key, [])
