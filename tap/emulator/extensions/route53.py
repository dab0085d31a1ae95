"""Route 53: records that change one by one, answers, query logging."""

# ruff: noqa: ANN401 - what is replaced in moto has any type

from __future__ import annotations

import json
import random
import time
from typing import Any

from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.logs.models import logs_backends
from moto.route53 import urls
from moto.route53.exceptions import DnsNameInvalidForZone, InvalidActionValue, Route53ClientError
from moto.route53.models import (
    LOGS_GROUP_REGION,
    ChangeList,
    FakeZone,
    Route53Backend,
)
from moto.route53.responses import Route53

from tap.emulator import dns_answers
from tap.emulator.extensions import Client, Extension, Patch, unless, wrap
from tap.emulator.extensions.route53_health import is_healthy, sign_for_virginia, unhealthy
from tap.emulator.policies import Call
from tap.emulator.service_access import allows

_SERVICE = "route53.amazonaws.com"


def _change_single_records() -> None:
    def change_resource_record_sets(
        self: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]
    ) -> None:
        zone = self.get_hosted_zone(zoneid)
        before, changes = list(zone.rrsets), zone.rr_changes
        try:
            for change in change_list:
                _change(zone, change["Action"], _normal(zone, change["ResourceRecordSet"]))
        except Route53ClientError:
            # A batch is applied as a whole or not at all.
            zone.rrsets, zone.rr_changes = before, changes
            raise
        zone.rr_changes = ChangeList()

    Route53Backend.change_resource_record_sets = change_resource_record_sets  # type: ignore[method-assign] # the cure


def _normal(zone: FakeZone, asked: dict[str, Any]) -> dict[str, Any]:
    name = asked["Name"].lower().rstrip(".") + "."
    if name != zone.name and not name.endswith(f".{zone.name}"):
        raise DnsNameInvalidForZone(name=asked["Name"], zone_name=zone.name)
    values = [
        each["Value"] if isinstance(each, dict) else each
        for each in asked.get("ResourceRecords") or []
    ]
    return {**asked, "Name": name, "ResourceRecords": values}


def _change(zone: FakeZone, action: str, record: dict[str, Any]) -> None:
    if action not in {"CREATE", "DELETE", "UPSERT"}:
        raise InvalidActionValue(action)
    named = [
        each for each in zone.rrsets if (each.name, each.type) == (record["Name"], record["Type"])
    ]
    same = [each for each in named if each.set_identifier == record.get("SetIdentifier")]
    what = f"[name='{record['Name']}', type='{record['Type']}'"
    if "SetIdentifier" in record:
        what += f", set identifier='{record['SetIdentifier']}'"
    if action == "DELETE":
        if not same:
            raise _refused(f"Tried to delete resource record set {what}] but it was not found")
        if _data(vars(same[0])) != _data(_members(record)):
            raise _refused(
                f"Tried to delete resource record set {what}] but the values provided do not "
                "match the current values"
            )
        zone.rrsets = [each for each in zone.rrsets if each is not same[0]]
        return
    if action == "CREATE" and same:
        raise _refused(f"Tried to create resource record set {what}] but it already exists")
    if any((each.set_identifier is None) != ("SetIdentifier" not in record) for each in named):
        raise _refused(
            f"RRSet {what}] cannot be created as other RRSets exist with the same name and type."
        )
    zone.upsert_rrset(record)


def _refused(message: str) -> Route53ClientError:
    return Route53ClientError("InvalidChangeBatch", f"[{message}]")


def _members(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "ttl": record.get("TTL"),
        "records": record["ResourceRecords"],
        "alias_target": record.get("AliasTarget"),
    }


def _data(record: dict[str, Any]) -> tuple[Any, ...]:
    alias = record["alias_target"] or {}
    return (
        None if record["ttl"] is None else int(record["ttl"]),
        sorted(record["records"] or []),
        alias.get("HostedZoneId"),
        (alias.get("DNSName") or "").lower().rstrip("."),
    )


def _mixes_up_records(client: Client) -> bool:
    route53 = client("route53")
    zone = _create_zone(route53)
    for name in ("a", "b"):
        _change_record(route53, zone, "CREATE", name)
    _change_record(route53, zone, "DELETE", "a")
    found = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    if [each["Name"] for each in found if each["Type"] == "CNAME"] != ["b.probe.test."]:
        return True
    try:
        _change_record(route53, zone, "CREATE", "a")
    except ClientError:
        return True
    return False


def _log_queries_where_allowed() -> None:
    @wrap(Route53Backend, "create_query_logging_config")
    def _(original: Any, self: Route53Backend, zone_id: str, log_group_arn: str) -> Any:
        group = log_group_arn.removesuffix(":*")
        policies = logs_backends[self.account_id][LOGS_GROUP_REGION].resource_policies.values()
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            call = Call(
                action=action,
                resource=f"{group}:log-stream:{zone_id}",
                context={"aws:sourceaccount": (self.account_id,), "aws:sourcearn": _arns(zone_id)},
            )
            if not any(allows(policy.policy_document, _SERVICE, call) for policy in policies):
                raise Route53ClientError(
                    "InsufficientCloudWatchLogsResourcePolicy",
                    "The resource policy that you're using for Route 53 query logging doesn't "
                    "grant Route 53 sufficient permission to create a log stream in the specified "
                    "log group.",
                )
        config = original(self, zone_id, f"{group}:*")
        config.cloud_watch_logs_log_group_arn = log_group_arn
        return config


def _arns(zone_id: str) -> tuple[str, ...]:
    return (f"arn:aws:route53:::hostedzone/{zone_id}",)


def _refuses_log_group(client: Client) -> bool:
    # Query logs go to us-east-1 alone.
    route53 = client("route53")
    logs: Any = client("logs")
    logs.meta.events.register("before-sign.*", sign_for_virginia)
    zone = _create_zone(route53)
    name = f"/tap/probe/{zone}"
    logs.create_log_group(logGroupName=name)
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{name}"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": _SERVICE},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"{arn}:*",
    }
    logs.put_resource_policy(
        policyName="tap-probe",
        policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    try:
        route53.create_query_logging_config(HostedZoneId=zone, CloudWatchLogsLogGroupArn=arn)
    except ClientError:
        return True
    return False


def _answer_questions() -> None:
    urls.url_paths[r"{0}/(?P<api_version>[\d_-]+)/testdnsanswer$"] = Route53.dispatch

    def test_dns_answer(self: Route53) -> Any:
        zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
        name, type_ = self._get_param("RecordName"), self._get_param("RecordType")
        found = dns_answers.answer(
            [_record(self.backend, each) for each in list(zone.rrsets)],
            name.lower().rstrip(".") + ".",
            type_,
            lambda limit: random.random() * limit,  # noqa: S311 - as name servers draw
        )
        servers = zone.delegation_set.name_servers if zone.delegation_set else [""]
        return ActionResult(
            {
                "Nameserver": servers[0],
                "RecordName": name,
                "RecordType": found.type,
                "RecordData": list(found.values),
                "ResponseCode": found.code,
                "Protocol": "UDP",
            }
        )

    Route53.test_dns_answer = test_dns_answer  # type: ignore[attr-defined] # the cure


def _record(backend: Route53Backend, given: Any) -> dns_answers.Record:
    alias = given.alias_target or {}
    target = (alias.get("DNSName") or "").lower()
    target = f"{target.rstrip('.')}." if target else ""
    evaluated = str(alias.get("EvaluateTargetHealth")).lower() == "true"
    return dns_answers.Record(
        name=given.name,
        type=given.type,
        values=tuple(given.records or ()),
        alias=target,
        weight=None if given.weight is None else int(given.weight),
        failover=given.failover,
        healthy=is_healthy(backend, given.health_check_id)
        and not (evaluated and target in unhealthy),
    )


def _lacks_answers(client: Client) -> bool:
    route53 = client("route53")
    zone = _create_zone(route53)
    _change_record(route53, zone, "CREATE", "a")
    try:
        found = route53.test_dns_answer(
            HostedZoneId=zone, RecordName="a.probe.test", RecordType="CNAME"
        )
    except ClientError:
        return True
    return bool(found["RecordData"] != ["target.test"])


def _create_zone(route53: Any) -> str:
    reference = f"tap-probe-{time.monotonic_ns()}"
    zone = route53.create_hosted_zone(Name="probe.test", CallerReference=reference)
    return str(zone["HostedZone"]["Id"]).rpartition("/")[2]


def _change_record(route53: Any, zone: str, action: str, name: str) -> None:
    record = {
        "Name": f"{name}.probe.test",
        "Type": "CNAME",
        "TTL": 60,
        "ResourceRecords": [{"Value": "target.test"}],
        "SetIdentifier": "one",
        "Weight": 1,
    }
    route53.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": record}]},
    )


EXTENSION = Extension(
    patches=(
        Patch(
            id="route53-single-records",
            symptom="destroying a weighted record drops all records of the zone with the same "
            "identifier, and creating a record again fails",
            apply=_change_single_records,
            probe=_mixes_up_records,
        ),
        Patch(
            id="route53-query-logging",
            symptom="aws_route53_query_log fails: the log group does not exist",
            apply=_log_queries_where_allowed,
            probe=_refuses_log_group,
        ),
        Patch(
            id="route53-answers",
            symptom="test_dns_answer fails with HTTP 404",
            apply=_answer_questions,
            probe=_lacks_answers,
        ),
    ),
    # Each zone has name servers of its own, which go with it.
    counted={
        "route53.DelegationSet": unless(lambda each: each.caller_reference.startswith("DelSet_")),
    },
)
