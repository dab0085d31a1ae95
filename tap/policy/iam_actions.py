"""What actions of IAM policies are good for, worst use first.

The sets follow those of cloudsplaining and Rhino Security Labs:
https://github.com/salesforce/cloudsplaining,
https://rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation/
"""

from __future__ import annotations

import re
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache


class Use(StrEnum):
    """What a principal can do with an action that it should not be able to do."""

    ESCALATION = "give itself more rights"
    CREDENTIALS = "get credentials of others"
    EXFILTRATION = "take data out"
    PERMISSIONS = "change who may do what"
    SABOTAGE = "stop what is recorded or kept"
    OTHER = ""


_LISTED: dict[Use, tuple[str, ...]] = {
    Use.ESCALATION: (
        "cloudformation:createstack",
        "codestar:createproject",
        "datapipeline:createpipeline",
        "ec2:runinstances",
        "glue:createdevendpoint",
        "glue:updatedevendpoint",
        "iam:addusertogroup",
        "iam:attachgrouppolicy",
        "iam:attachrolepolicy",
        "iam:attachuserpolicy",
        "iam:createpolicyversion",
        "iam:deleterolepermissionsboundary",
        "iam:deleteuserpermissionsboundary",
        "iam:passrole",
        "iam:putgrouppolicy",
        "iam:putrolepolicy",
        "iam:putuserpolicy",
        "iam:setdefaultpolicyversion",
        "iam:updateassumerolepolicy",
        "lambda:createeventsourcemapping",
        "lambda:createfunction",
        "lambda:updatefunctioncode",
        "lambda:updatefunctionconfiguration",
        "ssm:sendcommand",
        "ssm:startsession",
    ),
    Use.CREDENTIALS: (
        "cognito-identity:getcredentialsforidentity",
        "ec2:getpassworddata",
        "iam:createaccesskey",
        "iam:createloginprofile",
        "iam:createservicespecificcredential",
        "iam:resetservicespecificcredential",
        "iam:updateaccesskey",
        "iam:updateloginprofile",
        "rds-db:connect",
        "redshift:getclustercredentials",
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:getfederationtoken",
        "sts:getsessiontoken",
    ),
    Use.EXFILTRATION: (
        "dynamodb:batchgetitem",
        "dynamodb:exporttabletopointintime",
        "dynamodb:getitem",
        "dynamodb:query",
        "dynamodb:scan",
        "ebs:getsnapshotblock",
        "ec2:createsnapshot",
        "ec2:modifyimageattribute",
        "ec2:modifysnapshotattribute",
        "kms:decrypt",
        "lambda:getfunction",
        "rds:copydbsnapshot",
        "rds:createdbsnapshot",
        "rds:modifydbsnapshotattribute",
        "rds:startexporttask",
        "s3:getobject",
        "s3:getobjectversion",
        "secretsmanager:batchgetsecretvalue",
        "secretsmanager:getsecretvalue",
        "ssm:getparameter",
        "ssm:getparameterhistory",
        "ssm:getparameters",
        "ssm:getparametersbypath",
    ),
    Use.PERMISSIONS: (
        "ec2:authorizesecuritygroupegress",
        "ec2:authorizesecuritygroupingress",
        "ecr:setrepositorypolicy",
        "kms:creategrant",
        "kms:putkeypolicy",
        "lambda:addlayerversionpermission",
        "lambda:addpermission",
        "s3:deletebucketpolicy",
        "s3:putaccesspointpolicy",
        "s3:putbucketacl",
        "s3:putbucketpolicy",
        "s3:putbucketpublicaccessblock",
        "s3:putobjectacl",
        "secretsmanager:deleteresourcepolicy",
        "secretsmanager:putresourcepolicy",
        "sns:addpermission",
        "sns:settopicattributes",
        "sqs:addpermission",
        "sqs:setqueueattributes",
    ),
    Use.SABOTAGE: (
        "cloudtrail:deletetrail",
        "cloudtrail:stoplogging",
        "cloudtrail:updatetrail",
        "config:deleteconfigurationrecorder",
        "config:stopconfigurationrecorder",
        "ec2:deleteflowlogs",
        "guardduty:deletedetector",
        "kms:disablekey",
        "kms:schedulekeydeletion",
        "logs:deleteloggroup",
        "logs:deletelogstream",
        "rds:deletedbinstance",
        "s3:deletebucket",
        "s3:putbucketversioning",
        "s3:putlifecycleconfiguration",
    ),
}
_USE = {action: use for use, actions in _LISTED.items() for action in actions}

# Whoever runs a workload needs these on one resource each; that is what the workload does.
_EVERYDAY = frozenset(
    {
        "dynamodb:batchgetitem",
        "dynamodb:getitem",
        "dynamodb:query",
        "dynamodb:scan",
        "iam:passrole",
        "kms:creategrant",
        "kms:decrypt",
        "rds-db:connect",
        "s3:getobject",
        "s3:getobjectversion",
        "s3:putobjectacl",
        "secretsmanager:batchgetsecretvalue",
        "secretsmanager:getsecretvalue",
        "ssm:getparameter",
        "ssm:getparameterhistory",
        "ssm:getparameters",
        "ssm:getparametersbypath",
        "sts:assumerole",
    }
)

# Actions that IAM cannot bind to a resource.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
_UNBOUND = re.compile(
    r"cloudwatch:(putmetricdata|getmetricdata|getmetricstatistics|listmetrics)"
    r"|xray:(put(trace|telemetry)\w+|getsampling\w+)"
    r"|ec2messages:\w+|ssmmessages:\w+|ssm:updateinstanceinformation|ssm:describe\w+"
    r"|ec2:describe\w+|ec2:(create|delete)networkinterface|ec2:(un)?assignprivateipaddresses"
    r"|autoscaling:describe\w+|elasticloadbalancing:describe\w+|rds:describe\w+"
    r"|ecr:getauthorizationtoken|sts:getcalleridentity|s3:listallmybuckets|s3:getaccountpublic\w+"
    r"|kms:(listkeys|listaliases|createkey|generaterandom)|secretsmanager:(listsecrets|getrandom\w+)"
    r"|logs:(describeloggroups|describeresourcepolicies|describeloggroups|putresourcepolicy)"
    r"|logs:(create|delete|get|list|update)logdelivery|logs:listlogdeliveries|tag:get\w+"
    r"|sqs:listqueues|sns:list(topics|subscriptions)|lambda:list(functions|layers)"
    r"|iam:(list(roles|users|policies|groups|instanceprofiles|accountaliases)|getaccount\w+)"
)


@cache
def uses(action: str) -> frozenset[Use]:
    """Return everything an action, which may hold wildcards, is good for."""
    return frozenset(_USE[item] for item in _matched(action))


@cache
def is_admin_like(action: str) -> bool:
    """Tell whether an action is none that a workload needs, on whatever resource."""
    service = action.lower().partition(":")[0]
    if service in {"organizations", "account", "sso", "sso-admin", "identitystore"}:
        return True
    return bool(_matched(action) - _EVERYDAY)


@cache
def can_be_bound(action: str) -> bool:
    """Tell whether IAM can bind an action to single resources."""
    return _UNBOUND.fullmatch(action.lower().replace("*", "x")) is None


def _matched(action: str) -> frozenset[str]:
    pattern = action.lower()
    if "*" not in pattern and "?" not in pattern:
        return frozenset({pattern} & _USE.keys())
    return frozenset(item for item in _USE if fnmatchcase(item, pattern))
