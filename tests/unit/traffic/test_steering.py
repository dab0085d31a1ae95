"""Record, rules and weighted records of the emulator, read and moved."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tap.errors import AwsError
from tap.traffic.notify import notify
from tap.traffic.parameter import read_parameter, write_parameter
from tap.traffic.phases import green_share
from tap.traffic.places import Records
from tap.traffic.switch import read_weights, wanted, write_weights

if TYPE_CHECKING:
    from tests.unit.traffic.stage import Stage

pytestmark = [
    pytest.mark.requirement("TRF-2", "TRF-3"),
    pytest.mark.xdist_group("colored"),
    pytest.mark.timeout(300),
]


def test_weights_are_moved_read_back_and_leave_the_rest_of_the_rule(stage: Stage) -> None:
    groups = stage.places.target_groups
    (action,) = stage.actions(stage.places.traffic_rule)
    sticky = {"Enabled": True, "DurationSeconds": 60}
    action["ForwardConfig"]["TargetGroupStickinessConfig"] = sticky
    stage.act(stage.places.traffic_rule, action)

    for percent in (10, 100, 0):
        write_weights(stage.target, stage.places, green_share(percent))
        assert stage.weights() == {groups["blue"]: 100 - percent, groups["green"]: percent}
        (preview,) = stage.actions(stage.places.preview_rule)
        idle = groups["blue"] if percent == 100 else groups["green"]
        assert preview["TargetGroupArn"] == idle
        assert read_weights(stage.target, stage.places) == wanted(green_share(percent), "listener")

    (action,) = stage.actions(stage.places.traffic_rule)
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == sticky


def test_a_rule_changed_by_hand_is_read_as_it_is(stage: Stage) -> None:
    groups = stage.places.target_groups
    stage.act(stage.places.traffic_rule, {"Type": "forward", "TargetGroupArn": groups["green"]})

    live = read_weights(stage.target, stage.places)

    assert live.listener == {"blue": 0, "green": 1}
    assert live.shares == green_share(100)
    assert live != wanted(green_share(100), "listener")


def test_an_odd_rule_is_named_and_a_rollback_cures_what_still_forwards(stage: Stage) -> None:
    elb, groups = stage.client("elbv2"), stage.places.target_groups
    foreign = elb.create_target_group(
        Name="tap-foreign",
        Protocol="HTTP",
        Port=80,
        VpcId=stage.vpc,
    )["TargetGroups"][0]["TargetGroupArn"]
    listed = [{"TargetGroupArn": arn, "Weight": 1} for arn in (groups["blue"], foreign)]
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": listed}}
    try:
        stage.act(stage.places.traffic_rule, forward)
        with pytest.raises(AwsError) as caught:
            read_weights(stage.target, stage.places)
        assert caught.value.message == (
            f"the listener rule {stage.places.traffic_rule} leads to {foreign}, which is neither "
            "blue nor green"
        )
        write_weights(stage.target, stage.places, green_share(0))
        assert stage.weights() == {groups["blue"]: 100, groups["green"]: 0}
    finally:
        write_weights(stage.target, stage.places, green_share(0))
        elb.delete_target_group(TargetGroupArn=foreign)

    closed = {"StatusCode": "503", "ContentType": "text/plain"}
    stage.act(stage.places.preview_rule, {"Type": "fixed-response", "FixedResponseConfig": closed})
    for call in (
        lambda: read_weights(stage.target, stage.places),
        lambda: write_weights(stage.target, stage.places, green_share(10)),
    ):
        with pytest.raises(AwsError, match=r"preview|does not forward .*; it does: fixed-response"):
            call()


def test_a_rule_that_is_gone_is_named(stage: Stage) -> None:
    gone = stage.places.traffic_rule[:-4] + "0000"

    with pytest.raises(AwsError, match=f"cannot read the listener rules {gone}"):
        read_weights(stage.target, replace(stage.places, traffic_rule=gone))


@pytest.mark.requirement("DNS-1")
def test_where_dns_splits_both_records_are_moved_at_once(stage: Stage) -> None:
    route53 = stage.client("route53")
    zone = route53.create_hosted_zone(Name="split.example.com", CallerReference="split")
    zone_id = zone["HostedZone"]["Id"].rpartition("/")[2]
    balancer = {"HostedZoneId": "Z32O12XQLNTSW2", "EvaluateTargetHealth": True}

    def record(name: str, endpoint: str, **rest: Any) -> dict[str, Any]:
        alias = {**balancer, "DNSName": f"{endpoint}.elb.amazonaws.com."}
        return {"Name": name, "Type": "A", "AliasTarget": alias, **rest}

    sets = [
        record("pay.split.example.com", "old", SetIdentifier="legacy", Weight=100),
        record("pay.split.example.com", "new", SetIdentifier="stack", Weight=0),
        record("zzz.split.example.com", "new", SetIdentifier="stack", Weight=7),
    ]
    changes = [{"Action": "CREATE", "ResourceRecordSet": each} for each in sets]
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})
    places = replace(stage.places, records=Records(zone_id=zone_id, name="pay.split.example.com"))

    try:
        assert read_weights(stage.target, places).records == {"blue": 100, "green": 0}
        write_weights(stage.target, places, green_share(10))
        assert read_weights(stage.target, places) == wanted(green_share(10), "dns")
        found = {
            (each["Name"], each.get("SetIdentifier")): each
            for each in route53.list_resource_record_sets(HostedZoneId=zone_id)[
                "ResourceRecordSets"
            ]
        }
        legacy = found["pay.split.example.com.", "legacy"]
        assert (legacy["Weight"], legacy["AliasTarget"]["DNSName"]) == (
            90,
            "old.elb.amazonaws.com.",
        )
        assert found["zzz.split.example.com.", "stack"]["Weight"] == 7
        lost = replace(places, records=Records(zone_id=zone_id, name="zzz.split.example.com"))
        with pytest.raises(AwsError, match=r"no weighted record zzz\..* for legacy, which .* blue"):
            read_weights(stage.target, lost)
    finally:
        kept = [
            {"Action": "DELETE", "ResourceRecordSet": each}
            for each in route53.list_resource_record_sets(HostedZoneId=zone_id)[
                "ResourceRecordSets"
            ]
            if "SetIdentifier" in each
        ]
        route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": kept})
        route53.delete_hosted_zone(Id=zone_id)


@pytest.mark.requirement("TRF-4")
def test_the_parameter_counts_who_writes_it(stage: Stage) -> None:
    before = read_parameter(stage.target, stage.places)
    assert before is not None
    assert json.loads(before.text)["version"] == 1

    first = write_parameter(stage.target, stage.places, before.text)
    second = write_parameter(stage.target, stage.places, before.text)
    after = read_parameter(stage.target, stage.places)

    assert (first, second) == (before.version + 1, before.version + 2)
    assert after is not None
    assert (after.text, after.version) == (before.text, second)


def test_a_parameter_that_is_missing_is_none_and_can_be_made(stage: Stage) -> None:
    elsewhere = replace(stage.places, parameter="/elsewhere/traffic")
    assert read_parameter(stage.target, elsewhere) is None

    assert write_parameter(stage.target, elsewhere, "{}") == 1

    found = stage.client("ssm").get_parameter(Name="/elsewhere/traffic")["Parameter"]
    assert (found["Value"], found["Type"]) == ("{}", "String")
    stage.client("ssm").delete_parameter(Name="/elsewhere/traffic")


@pytest.mark.requirement("TRF-4", "MON-1")
def test_a_message_reaches_a_subscriber_of_the_topic(stage: Stage) -> None:
    sns, sqs = stage.client("sns"), stage.client("sqs")
    queue = sqs.create_queue(QueueName="tap-told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    subscribed = sns.subscribe(
        TopicArn=stage.places.topic, Protocol="sqs", Endpoint=arn["QueueArn"]
    )["SubscriptionArn"]
    try:
        assert notify(stage.target, stage.places, "dev: half", {"to": "half"}) == ""
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    finally:
        sns.unsubscribe(SubscriptionArn=subscribed)
        sqs.delete_queue(QueueUrl=queue)
    # An alarm of the environment may have spoken as well.
    bodies = [json.loads(message["Body"]) for message in found]
    (body,) = [each for each in bodies if not each["Subject"].startswith(("ALARM: ", "OK: "))]
    assert (body["Subject"], json.loads(body["Message"])) == ("dev: half", {"to": "half"})

    lost = replace(stage.places, topic=stage.places.topic + "-gone")
    assert "NotFound" in notify(stage.target, lost, "dev: half", "half")
