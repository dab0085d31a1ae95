"""Changes by hand of an applied environment, and what has to name each; all are undone."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tap.testing.deployment import Deployment

    Change = Callable[[Deployment], AbstractContextManager[None]]

EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class LiveMutation:
    """One change.

    Attributes:
        name: What it is.
        kind: Which proofs have to find it.
        change: Makes it, and undoes it.
        named: A pattern of the line that names it.
    """

    name: str
    kind: Literal["network", "access"]
    change: Change
    named: str


def permission(protocol: str, first: int, last: int, peer: str) -> dict[str, Any]:
    """Return a rule of a security group; the peer is a block or a group."""
    ports = {} if protocol == "-1" else {"FromPort": first, "ToPort": last}
    to = (
        {"UserIdGroupPairs": [{"GroupId": peer}]}
        if peer.startswith("sg-")
        else {"PrefixListIds": [{"PrefixListId": peer}]}
        if peer.startswith("pl-")
        else {"IpRanges": [{"CidrIp": peer}]}
    )
    return {"IpProtocol": protocol, **ports, **to}


def groups(deployment: Deployment) -> dict[str, str]:
    found: dict[str, str] = deployment.outputs["security"]["security_group_ids"]
    return found


@contextmanager
def opened(
    deployment: Deployment, *, group: str, way: str, protocol: str, first: int, last: int, peer: str
) -> Iterator[None]:
    """Add a rule to a security group."""
    ec2, known = deployment.client("ec2"), groups(deployment)
    rule = [permission(protocol, first, last, known.get(peer, peer))]
    getattr(ec2, f"authorize_security_group_{way}")(GroupId=known[group], IpPermissions=rule)
    try:
        yield
    finally:
        getattr(ec2, f"revoke_security_group_{way}")(GroupId=known[group], IpPermissions=rule)


@contextmanager
def closed(deployment: Deployment, *, group: str, way: str, port: int, peer: str) -> Iterator[None]:
    """Move a rule of a security group to a port of nobody; Terraform knows it by its id."""
    ec2, known = deployment.client("ec2"), groups(deployment)
    of_group = [{"Name": "group-id", "Values": [known[group]]}]
    [rule] = [
        each
        for each in ec2.describe_security_group_rules(Filters=of_group)["SecurityGroupRules"]
        if (each["IsEgress"], each.get("FromPort")) == (way == "egress", port)
        and known.get(peer, peer)
        in {each.get("CidrIpv4"), each.get("ReferencedGroupInfo", {}).get("GroupId")}
    ]
    given = {key: rule[key] for key in ("IpProtocol", "CidrIpv4", "Description") if key in rule}
    if "ReferencedGroupInfo" in rule:
        given["ReferencedGroupId"] = rule["ReferencedGroupInfo"]["GroupId"]

    def move(number: int) -> None:
        moved = {**given, "FromPort": number, "ToPort": number}
        named = {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": moved}
        ec2.modify_security_group_rules(GroupId=known[group], SecurityGroupRules=[named])

    move(1)
    try:
        yield
    finally:
        move(port)


@contextmanager
def entry(
    deployment: Deployment,
    *,
    tier: str,
    number: int,
    action: str,
    first: int,
    last: int,
    egress: bool = False,
    both: bool = False,
) -> Iterator[None]:
    """Add rules for everywhere to a network ACL; with ``both`` answers on high ports as well."""
    ec2 = deployment.client("ec2")
    acl = deployment.outputs["vpc"]["network_acl_ids"][tier]
    made = [(egress, first, last), *([(not egress, 1024, 65535)] if both else [])]
    for way, low, high in made:
        ec2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=number, Protocol="6", Egress=way, RuleAction=action,
            CidrBlock=EVERYWHERE, PortRange={"From": low, "To": high},
        )  # fmt: skip
    try:
        yield
    finally:
        for way, _, _ in made:
            ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=number, Egress=way)


@contextmanager
def without_entry(
    deployment: Deployment, tier: str, number: int, *, egress: bool
) -> Iterator[None]:
    """Take a rule out of a network ACL."""
    ec2 = deployment.client("ec2")
    acl = deployment.outputs["vpc"]["network_acl_ids"][tier]
    [found] = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    [rule] = [
        each
        for each in found["Entries"]
        if (each["RuleNumber"], each["Egress"]) == (number, egress)
    ]
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=number, Egress=egress)
    try:
        yield
    finally:
        kept = ("Protocol", "RuleAction", "CidrBlock", "PortRange")
        ec2.create_network_acl_entry(
            NetworkAclId=acl, RuleNumber=number, Egress=egress,
            **{key: rule[key] for key in kept if key in rule},
        )  # fmt: skip


@contextmanager
def without_route(deployment: Deployment, tier: str) -> Iterator[None]:
    """Take the default route out of one table of a tier."""
    ec2 = deployment.client("ec2")
    tables = deployment.outputs["vpc"]["route_table_ids"][tier]
    table = tables if isinstance(tables, str) else next(iter(tables.values()))
    [found] = ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    [route] = [each for each in found["Routes"] if each.get("DestinationCidrBlock") == EVERYWHERE]
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE)
    try:
        yield
    finally:
        kept = {key: route[key] for key in ("NatGatewayId", "GatewayId") if route.get(key)}
        ec2.create_route(RouteTableId=table, DestinationCidrBlock=EVERYWHERE, **kept)


@contextmanager
def under_acl(deployment: Deployment, tier: str, other: str) -> Iterator[None]:
    """Put one subnet of a tier under the network ACL of another."""
    ec2 = deployment.client("ec2")
    acls = deployment.outputs["vpc"]["network_acl_ids"]
    [found] = ec2.describe_network_acls(NetworkAclIds=[acls[tier]])["NetworkAcls"]
    association = found["Associations"][0]["NetworkAclAssociationId"]
    moved = ec2.replace_network_acl_association(
        AssociationId=association, NetworkAclId=acls[other]
    )["NewAssociationId"]
    try:
        yield
    finally:
        ec2.replace_network_acl_association(AssociationId=moved, NetworkAclId=acls[tier])


def role(deployment: Deployment, name: str = "application") -> str:
    return f"{deployment.outputs['stack']['prefix']}-{name}"


@contextmanager
def allowed(
    deployment: Deployment, action: str, resource: str = "*", name: str = "application"
) -> Iterator[None]:
    """Give a role another policy."""
    iam = deployment.client("iam")
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    named = {"RoleName": role(deployment, name), "PolicyName": "by-hand"}
    iam.put_role_policy(**named, PolicyDocument=document)
    try:
        yield
    finally:
        iam.delete_role_policy(**named)


@contextmanager
def without_policy(deployment: Deployment, ending: str) -> Iterator[None]:
    """Take one of its policies from the application's role."""
    iam = deployment.client("iam")
    named = {"RoleName": role(deployment), "PolicyName": f"{role(deployment)}-{ending}"}
    document = iam.get_role_policy(**named)["PolicyDocument"]
    iam.delete_role_policy(**named)
    try:
        yield
    finally:
        iam.put_role_policy(**named, PolicyDocument=json.dumps(document))


@contextmanager
def attached(deployment: Deployment) -> Iterator[None]:
    """Attach a managed policy that allows everything."""
    iam = deployment.client("iam")
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    arn = iam.create_policy(
        PolicyName=f"{role(deployment)}-by-hand",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=role(deployment), PolicyArn=arn)
    try:
        yield
    finally:
        iam.detach_role_policy(RoleName=role(deployment), PolicyArn=arn)
        iam.delete_policy(PolicyArn=arn)


@contextmanager
def trusting(deployment: Deployment, service: str) -> Iterator[None]:
    """Let only a service take the application's role."""
    iam, name = deployment.client("iam"), role(deployment)
    before = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": service},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(before))


@contextmanager
def without_tls(deployment: Deployment) -> Iterator[None]:
    """Take the policy from the application's bucket."""
    s3 = deployment.client("s3")
    prefix = f"{deployment.outputs['stack']['prefix']}-application"
    [bucket] = [
        each["Name"] for each in s3.list_buckets()["Buckets"] if each["Name"].startswith(prefix)
    ]
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=before)


@contextmanager
def callable_by(deployment: Deployment, service: str) -> Iterator[None]:
    """Let another service call the probe."""
    functions = deployment.client("lambda")
    name = f"{deployment.outputs['stack']['prefix']}-probe"
    named = {"FunctionName": name, "StatementId": "by-hand"}
    functions.add_permission(**named, Action="lambda:InvokeFunction", Principal=service)
    try:
        yield
    finally:
        functions.remove_permission(**named)


def of_group(  # noqa: PLR0917 - a row of the table below
    name: str, named: str, group: str, way: str, protocol: str, ports: tuple[int, int], peer: str
) -> LiveMutation:
    change = partial(
        opened, group=group, way=way, protocol=protocol, first=ports[0], last=ports[1], peer=peer
    )
    return LiveMutation(name, "network", change, named)


def not_in(  # noqa: PLR0917 - likewise
    name: str, named: str, group: str, way: str, port: int, peer: str
) -> LiveMutation:
    change = partial(closed, group=group, way=way, port=port, peer=peer)
    return LiveMutation(name, "network", change, named)


VPC = "10.0.0.0/8"
MUTATIONS = (
    of_group("SSH to the application", r"unexpected: private -> app: tcp/22$",
             "application", "ingress", "tcp", (22, 22), VPC),
    of_group("the application calls everybody", r"unexpected: app -> internet: tcp/443$",
             "application", "egress", "tcp", (443, 443), EVERYWHERE),
    of_group("the application calls all of the VPC", r"unexpected: app -> private: ",
             "application", "egress", "-1", (0, 0), VPC),
    of_group("anybody inside reaches the database", r"unexpected: private -> db: tcp/3306$",
             "database", "ingress", "tcp", (3306, 3306), VPC),
    of_group("the database calls out", r"unexpected: db -> private: ",
             "database", "egress", "-1", (0, 0), EVERYWHERE),
    of_group("a second port of the load balancer", r"unexpected: internet -> alb: tcp/8443$",
             "load_balancer", "ingress", "tcp", (8443, 8443), EVERYWHERE),
    of_group("every port of the load balancer", r"unexpected: internet -> alb: ",
             "load_balancer", "ingress", "-1", (0, 0), EVERYWHERE),
    of_group("the load balancer calls out", r"unexpected: alb -> internet: tcp/443$",
             "load_balancer", "egress", "tcp", (443, 443), EVERYWHERE),
    of_group("anybody inside reaches the endpoints", r"unexpected: private -> endpoints: tcp/443$",
             "endpoints", "ingress", "tcp", (443, 443), VPC),
    of_group("endpoints call out", r"unexpected: endpoints -> internet: ",
             "endpoints", "egress", "tcp", (443, 443), EVERYWHERE),
    not_in("the application may not ask the database", r"refuted: allow app -> db:3306 ",
           "application", "egress", 3306, "database"),
    not_in("the database does not let the application in", r"refuted: allow app -> db:3306 ",
           "database", "ingress", 3306, "application"),
    not_in("the load balancer may not ask the application", r"refuted: allow alb -> app:8080 ",
           "load_balancer", "egress", 8080, "application"),
    not_in("the application lets the load balancer not in", r"refuted: allow alb -> app:8080 ",
           "application", "ingress", 8080, "load_balancer"),
    not_in("the load balancer is closed", r"refuted: allow internet -> alb:80,443 ",
           "load_balancer", "ingress", 443, EVERYWHERE),
    not_in("endpoints are closed", r"refuted: allow app -> endpoints:443 ",
           "endpoints", "ingress", 443, "application"),
    LiveMutation("answers of the database on one port are denied", "network",
                 partial(entry, tier="database", number=7, action="deny", first=40000, last=40000,
                         egress=True), r"refuted: allow app -> db:3306 "),
    LiveMutation("customers are denied", "network",
                 partial(entry, tier="public", number=1, action="deny", first=443, last=443),
                 r"refuted: allow internet -> alb:80,443 "),
    LiveMutation("the database tier is open", "network",
                 partial(entry, tier="database", number=9, action="allow", first=443, last=443,
                         both=True), r"unexpected: public -> database: "),
    LiveMutation("nothing comes to the private tier", "network",
                 partial(entry, tier="private", number=1, action="deny", first=0, last=65535),
                 r"refuted: allow alb -> app:8080 "),
    LiveMutation("requests are not let into the private tier", "network",
                 partial(without_entry, tier="private", number=100, egress=False),
                 r"refuted: allow alb -> app:8080 "),
    LiveMutation("answers do not leave the database tier", "network",
                 partial(without_entry, tier="database", number=100, egress=True),
                 r"refuted: allow app -> db:3306 "),
    LiveMutation("answers to customers do not leave", "network",
                 partial(without_entry, tier="public", number=300, egress=True),
                 r"refuted: allow internet -> alb:80,443 "),
    LiveMutation("the private tier has no way out", "network",
                 partial(without_route, tier="private"),
                 r"refuted: allow private -> internet:443 "),
    LiveMutation("the public tier has no way out", "network",
                 partial(without_route, tier="public"),
                 r"refuted: allow internet -> alb:80,443 "),
    LiveMutation("a database subnet is under the ACL of the public tier", "network",
                 partial(under_acl, tier="database", other="public"),
                 r"refuted: deny public -> database:"),
    LiveMutation("a private subnet is under the ACL of the database tier", "network",
                 partial(under_acl, tier="private", other="database"),
                 r"refuted: allow alb -> app:8080 "),
    LiveMutation("every secret may be read", "access",
                 partial(allowed, action="secretsmanager:GetSecretValue"),
                 r"refuted: deny app can secretsmanager:GetSecretValue on other secrets"),
    LiveMutation("everything of S3 is allowed", "access", partial(allowed, action="s3:*"),
                 r"refuted: deny app can s3:PutObject on other buckets"),
    LiveMutation("roles may be passed", "access", partial(allowed, action="iam:PassRole"),
                 r"refuted: deny app can iam:\*"),
    LiveMutation("other roles may be taken", "access", partial(allowed, action="sts:AssumeRole"),
                 r"refuted: deny app can sts:\*"),
    LiveMutation("functions may be called", "access",
                 partial(allowed, action="lambda:InvokeFunction"),
                 r"refuted: deny app can lambda:\* on any function"),
    LiveMutation("messages may be sent", "access", partial(allowed, action="sqs:SendMessage"),
                 r"refuted: deny app can sqs:\* on any queue"),
    LiveMutation("keys may be used by themselves", "access",
                 partial(allowed, action="kms:Decrypt"),
                 r"refuted: deny app can kms:Decrypt on data key with "),
    LiveMutation("keys may be deleted", "access",
                 partial(allowed, action="kms:ScheduleKeyDeletion"),
                 r"refuted: deny app can kms:ScheduleKeyDeletion on any key"),
    LiveMutation("the probe reads data", "access",
                 partial(allowed, action="s3:GetObject", name="probe"),
                 r"refuted: deny probe can s3:\* on any bucket"),
    LiveMutation("the application may do everything", "access", attached,
                 r"refuted: deny app can anything else"),
    LiveMutation("the secret cannot be read any more", "access",
                 partial(without_policy, ending="secret"),
                 r"refuted: allow app can secretsmanager:GetSecretValue"),
    LiveMutation("logs cannot be written any more", "access",
                 partial(without_policy, ending="logs"),
                 r"refuted: allow app can logs:CreateLogStream"),
    LiveMutation("a function can take the role, and instances cannot", "access",
                 partial(trusting, service="lambda.amazonaws.com"),
                 r"refuted: deny lambda\.amazonaws\.com can sts:AssumeRole on app role"),
    LiveMutation("the bucket takes requests without TLS", "access", without_tls,
                 r"refuted: deny app can s3:\* on app bucket/application/\* with "),
    LiveMutation("S3 may call the probe", "access",
                 partial(callable_by, service="s3.amazonaws.com"),
                 r"refuted: deny s3\.amazonaws\.com can lambda:\* on probe function"),
)  # fmt: skip
