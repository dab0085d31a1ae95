"""Grants by hand to whom no line of the application speaks of, and what has to name each."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.integration.live_mutations import EVERYWHERE, LiveMutation, allowed, callable_by, role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap.testing.deployment import Deployment

FOREIGN = "arn:aws:iam::999999999999:root"
OUTSIDERS = r"refuted: deny outsiders can anything "


def with_statement(document: str, action: str, resource: str | None, principal: str) -> str:
    """Return a policy with one more statement."""
    policy = json.loads(document)
    statement: dict[str, Any] = {
        "Sid": "ByHand",
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": principal},
        "Action": action,
    }
    if resource:
        statement["Resource"] = resource
    return json.dumps({**policy, "Statement": [*policy["Statement"], statement]})


EMPTY = json.dumps({"Version": "2012-10-17", "Statement": []})


@contextmanager
def bucket_open(deployment: Deployment, name: str, action: str, principal: str) -> Iterator[None]:
    """Let somebody into a bucket."""
    s3 = deployment.client("s3")
    prefix = f"{deployment.outputs['stack']['prefix']}-{name}-"
    [bucket] = [
        each["Name"] for each in s3.list_buckets()["Buckets"] if each["Name"].startswith(prefix)
    ]
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    opened = with_statement(before, action, f"arn:aws:s3:::{bucket}/*", principal)
    s3.put_bucket_policy(Bucket=bucket, Policy=opened)
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=before)


@contextmanager
def key_open(deployment: Deployment, name: str, action: str, principal: str) -> Iterator[None]:
    """Let somebody use a key."""
    kms = deployment.client("kms")
    alias = f"alias/{deployment.outputs['stack']['prefix']}-{name}"
    key = {"KeyId": kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"], "PolicyName": "default"}
    before = kms.get_key_policy(**key)["Policy"]
    kms.put_key_policy(**key, Policy=with_statement(before, action, "*", principal))
    try:
        yield
    finally:
        kms.put_key_policy(**key, Policy=before)


@contextmanager
def topic_open(deployment: Deployment, principal: str) -> Iterator[None]:
    """Let somebody read along what alarms say."""
    sns = deployment.client("sns")
    end = f":{deployment.outputs['stack']['prefix']}-alarms"
    [arn] = [
        each["TopicArn"]
        for each in sns.list_topics()["Topics"]
        if each["TopicArn"].endswith(end)
    ]  # fmt: skip
    before = sns.get_topic_attributes(TopicArn=arn)["Attributes"]["Policy"]
    named = {"TopicArn": arn, "AttributeName": "Policy"}
    opened = with_statement(before, "sns:Subscribe", arn, principal)
    sns.set_topic_attributes(**named, AttributeValue=opened)
    try:
        yield
    finally:
        sns.set_topic_attributes(**named, AttributeValue=before)


@contextmanager
def queue_open(deployment: Deployment, principal: str) -> Iterator[None]:
    """Let somebody take messages from the queue of the probe, which has no policy of its own."""
    sqs = deployment.client("sqs")
    name = f"{deployment.outputs['stack']['prefix']}-probe-failed"
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    opened = with_statement(EMPTY, "sqs:ReceiveMessage", "*", principal)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": opened})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})


@contextmanager
def secret_open(deployment: Deployment, principal: str) -> Iterator[None]:
    """Let somebody read the password of the database, which has no policy of its own."""
    secrets = deployment.client("secretsmanager")
    secret = deployment.outputs["database"]["secret_arn"]
    opened = with_statement(EMPTY, "secretsmanager:GetSecretValue", "*", principal)
    secrets.put_resource_policy(SecretId=secret, ResourcePolicy=opened)
    try:
        yield
    finally:
        secrets.delete_resource_policy(SecretId=secret)


@contextmanager
def role_open(deployment: Deployment, name: str, principal: str) -> Iterator[None]:
    """Let somebody take a role."""
    iam = deployment.client("iam")
    before = json.dumps(
        iam.get_role(RoleName=role(deployment, name))["Role"]["AssumeRolePolicyDocument"]
    )
    named = {"RoleName": role(deployment, name)}
    opened = with_statement(before, "sts:AssumeRole", None, principal)
    iam.update_assume_role_policy(**named, PolicyDocument=opened)
    try:
        yield
    finally:
        iam.update_assume_role_policy(**named, PolicyDocument=before)


@contextmanager
def without_gateway(deployment: Deployment) -> Iterator[None]:
    """Detach the internet gateway."""
    ec2, vpc = deployment.client("ec2"), deployment.outputs["vpc"]["vpc_id"]
    [found] = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [vpc]}]
    )["InternetGateways"]
    named = {"InternetGatewayId": found["InternetGatewayId"], "VpcId": vpc}
    ec2.detach_internet_gateway(**named)
    try:
        yield
    finally:
        ec2.attach_internet_gateway(**named)


@contextmanager
def routed_as_public(deployment: Deployment) -> Iterator[None]:
    """Let the way out of one private subnet be the internet gateway."""
    ec2, vpc = deployment.client("ec2"), deployment.outputs["vpc"]
    [found] = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [vpc["vpc_id"]]}]
    )["InternetGateways"]
    table = next(iter(vpc["route_table_ids"]["private"].values()))
    named = {"RouteTableId": table, "DestinationCidrBlock": EVERYWHERE}
    [known] = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    [nat] = {each["NatGatewayId"] for each in known["Routes"] if each.get("NatGatewayId")}
    ec2.delete_route(**named)
    ec2.create_route(**named, GatewayId=found["InternetGatewayId"])
    try:
        yield
    finally:
        ec2.delete_route(**named)
        ec2.create_route(**named, NatGatewayId=nat)


@contextmanager
def database_in(deployment: Deployment, group: str) -> Iterator[None]:
    """Put the database into another security group."""
    rds, known = deployment.client("rds"), deployment.outputs["security"]["security_group_ids"]
    named = {"DBInstanceIdentifier": deployment.outputs["database"]["instance_id"]}

    def put(name: str) -> None:
        rds.modify_db_instance(**named, VpcSecurityGroupIds=[known[name]], ApplyImmediately=True)

    put(group)
    try:
        yield
    finally:
        put("database")


@contextmanager
def public_database(deployment: Deployment) -> Iterator[None]:
    """Give the database a public address."""
    rds = deployment.client("rds")
    named = {"DBInstanceIdentifier": deployment.outputs["database"]["instance_id"]}
    rds.modify_db_instance(**named, PubliclyAccessible=True, ApplyImmediately=True)
    try:
        yield
    finally:
        rds.modify_db_instance(**named, PubliclyAccessible=False, ApplyImmediately=True)


@contextmanager
def way_out_of_databases(deployment: Deployment) -> Iterator[None]:
    """Give one subnet of databases a default route to the internet gateway."""
    ec2, vpc = deployment.client("ec2"), deployment.outputs["vpc"]
    [found] = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [vpc["vpc_id"]]}]
    )["InternetGateways"]
    named = {
        "RouteTableId": next(iter(vpc["route_table_ids"]["database"].values())),
        "DestinationCidrBlock": EVERYWHERE,
    }
    ec2.create_route(**named, GatewayId=found["InternetGatewayId"])
    try:
        yield
    finally:
        ec2.delete_route(**named)


def right(name: str, named: str, *, of: str, action: str) -> LiveMutation:
    return LiveMutation(name, "access", partial(allowed, action=action, name=of), named)


def open_to(title: str, change: Any, **given: str) -> LiveMutation:
    return LiveMutation(title, "access", partial(change, **given), OUTSIDERS)


GRANTS = (
    open_to("another account reads the application's bucket", bucket_open,
            name="application", action="s3:GetObject", principal=FOREIGN),
    open_to("anybody writes access logs", bucket_open,
            name="access-logs", action="s3:PutObject", principal="*"),
    open_to("another account uses the data key", key_open,
            name="data", action="kms:Decrypt", principal=FOREIGN),
    open_to("anybody uses the key of logs", key_open,
            name="logs", action="kms:*", principal="*"),
    open_to("another account listens to alarms", topic_open, principal=FOREIGN),
    open_to("anybody takes failed events", queue_open, principal="*"),
    open_to("another account reads the password of the database", secret_open, principal=FOREIGN),
    open_to("another account takes the application's role", role_open,
            name="application", principal=FOREIGN),
    open_to("anybody takes the role of the flow logs", role_open, name="flow-logs", principal="*"),
    open_to("anybody calls the probe", callable_by, service="*"),
    right("the probe reads a table", r"refuted: deny probe can anything else ",
          of="probe", action="dynamodb:GetItem"),
    right("the role of flow logs reads every object", r"refuted: deny flow-logs can anything else ",
          of="flow-logs", action="s3:GetObject"),
    right("the role of Enhanced Monitoring passes roles",
          r"refuted: deny database-monitoring can anything else ",
          of="database-monitoring", action="iam:PassRole"),
    LiveMutation("the VPC has no internet gateway", "network", without_gateway,
                 r"refuted: allow internet -> alb:80,443 "),
    LiveMutation("a private subnet is routed as a public one", "network",
                 routed_as_public, r"refuted: deny internet -> private:\* "),
    LiveMutation("the database is in the application's group", "network",
                 partial(database_in, group="application"), r"refuted: allow app -> db:3306 "),
)  # fmt: skip

SURVIVORS = (
    LiveMutation("the database has a public address", "network", public_database, r"."),
    LiveMutation("databases have a way out", "network", way_out_of_databases, r"."),
)
"""By themselves they let nobody through; docs/concepts/mutations.md says why, and what does."""
