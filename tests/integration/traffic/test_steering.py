"""Record, rules and weighted records of an applied environment, read and moved."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING, Any

import pytest

from tap.errors import AwsError
from tap.traffic.notify import notify
from tap.traffic.parameter import read_parameter, write_parameter
from tap.traffic.phases import SHARES, green_share
from tap.traffic.places import Places, Records
from tap.traffic.switch import read_weights, wanted, write_weights
from tests.integration.traffic.applied import places_of, target_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap.aws import Target
    from tests.conftest import Deployment

# Five deviations: of a million right runs, one is beyond them. Half of 10 and of 50 percent is far.
QUESTIONS, DEVIATIONS = 300, 5

pytestmark = [
    pytest.mark.requirement("TRF-2", "TRF-3"),
    pytest.mark.xdist_group("dev"),
    pytest.mark.timeout(900),
]


@dataclass(frozen=True)
class Stage:
    """An applied environment whose weights a test may move."""

    deployment: Deployment
    target: Target
    places: Places

    def actions(self, arn: str) -> list[dict[str, Any]]:
        """Return what a rule does."""
        elb = self.deployment.client("elbv2")
        actions: list[dict[str, Any]] = elb.describe_rules(RuleArns=[arn])["Rules"][0]["Actions"]
        return actions

    def act(self, arn: str, *actions: dict[str, Any]) -> None:
        """Let a rule do something else, as by hand."""
        self.deployment.client("elbv2").modify_rule(RuleArn=arn, Actions=list(actions))

    def weights(self) -> dict[str, int]:
        """Return the weights of the traffic rule by ARN."""
        (action,) = self.actions(self.places.traffic_rule)
        groups = action["ForwardConfig"]["TargetGroups"]
        return {group["TargetGroupArn"]: group["Weight"] for group in groups}


@pytest.fixture
def dev(named_deployment: Callable[[str], Deployment]) -> Iterator[Stage]:
    """Return dev, and put its rules back afterwards."""
    deployment = named_deployment("dev")
    stage = Stage(deployment, target_of(deployment), places_of(deployment))
    before = {
        arn: stage.actions(arn) for arn in (stage.places.traffic_rule, stage.places.preview_rule)
    }
    yield stage
    for arn, actions in before.items():
        stage.act(arn, *actions)


def test_weights_are_moved_read_back_and_leave_the_rest_of_the_rule(dev: Stage) -> None:
    groups = dev.places.target_groups
    (action,) = dev.actions(dev.places.traffic_rule)
    sticky = {"Enabled": True, "DurationSeconds": 60}
    action["ForwardConfig"]["TargetGroupStickinessConfig"] = sticky
    dev.act(dev.places.traffic_rule, action)

    for percent in (10, 100, 0):
        write_weights(dev.target, dev.places, green_share(percent))
        assert dev.weights() == {groups["blue"]: 100 - percent, groups["green"]: percent}
        (preview,) = dev.actions(dev.places.preview_rule)
        idle = groups["blue"] if percent == 100 else groups["green"]
        assert preview["TargetGroupArn"] == idle
        assert read_weights(dev.target, dev.places) == wanted(green_share(percent), "listener")

    (action,) = dev.actions(dev.places.traffic_rule)
    assert action["ForwardConfig"]["TargetGroupStickinessConfig"] == sticky


def test_a_rule_changed_by_hand_is_read_as_it_is(dev: Stage) -> None:
    groups = dev.places.target_groups
    dev.act(dev.places.traffic_rule, {"Type": "forward", "TargetGroupArn": groups["green"]})

    live = read_weights(dev.target, dev.places)

    assert live.listener == {"blue": 0, "green": 1}
    assert live.shares == green_share(100)
    assert live != wanted(green_share(100), "listener")


def test_an_odd_rule_is_named_and_a_rollback_cures_what_still_forwards(dev: Stage) -> None:
    elb, groups = dev.deployment.client("elbv2"), dev.places.target_groups
    foreign = elb.create_target_group(
        Name="tap-foreign",
        Protocol="HTTP",
        Port=80,
        VpcId=dev.deployment.outputs["vpc"]["vpc_id"],
    )["TargetGroups"][0]["TargetGroupArn"]
    listed = [{"TargetGroupArn": arn, "Weight": 1} for arn in (groups["blue"], foreign)]
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": listed}}
    try:
        dev.act(dev.places.traffic_rule, forward)
        with pytest.raises(AwsError) as caught:
            read_weights(dev.target, dev.places)
        assert caught.value.message == (
            f"the listener rule {dev.places.traffic_rule} leads to {foreign}, which is neither "
            "blue nor green"
        )
        write_weights(dev.target, dev.places, green_share(0))
        assert dev.weights() == {groups["blue"]: 100, groups["green"]: 0}
    finally:
        write_weights(dev.target, dev.places, green_share(0))
        elb.delete_target_group(TargetGroupArn=foreign)

    closed = {"StatusCode": "503", "ContentType": "text/plain"}
    dev.act(dev.places.preview_rule, {"Type": "fixed-response", "FixedResponseConfig": closed})
    for call in (
        lambda: read_weights(dev.target, dev.places),
        lambda: write_weights(dev.target, dev.places, green_share(10)),
    ):
        with pytest.raises(AwsError, match=r"preview|does not forward .*; it does: fixed-response"):
            call()


def test_a_rule_that_is_gone_is_named(dev: Stage) -> None:
    gone = dev.places.traffic_rule[:-4] + "0000"

    with pytest.raises(AwsError, match=f"cannot read the listener rules {gone}"):
        read_weights(dev.target, replace(dev.places, traffic_rule=gone))


@pytest.mark.requirement("DNS-1")
def test_where_dns_splits_both_records_are_moved_at_once(dev: Stage) -> None:
    route53 = dev.deployment.client("route53")
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
    places = replace(dev.places, records=Records(zone_id=zone_id, name="pay.split.example.com"))

    try:
        assert read_weights(dev.target, places).records == {"blue": 100, "green": 0}
        write_weights(dev.target, places, green_share(10))
        assert read_weights(dev.target, places) == wanted(green_share(10), "dns")
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
            read_weights(dev.target, lost)
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


@pytest.mark.requirement("DNS-1", "TRF-1", "TST-2")
def test_answers_of_the_zone_share_out_as_every_phase_says(dev: Stage) -> None:
    outputs, route53 = dev.deployment.outputs["dns"], dev.deployment.client("route53")
    zone_id, name = outputs["zone_id"], outputs["record_names"]["stack"]
    (own,) = (
        each
        for each in route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
        if each.get("SetIdentifier") == "stack"
    )
    old = "old-1.eu-west-1.elb.amazonaws.com."
    legacy = {
        **own,
        "SetIdentifier": "legacy",
        "Weight": 0,
        "AliasTarget": {**own["AliasTarget"], "DNSName": old},
    }
    del legacy["HealthCheckId"]

    def change(action: str, *records: dict[str, Any]) -> None:
        changes = [{"Action": action, "ResourceRecordSet": each} for each in records]
        route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})

    def ask() -> str:
        answer = route53.test_dns_answer(HostedZoneId=zone_id, RecordName=name, RecordType="A")
        (host,) = answer["RecordData"]
        return str(host).rstrip(".")

    balancer = dev.deployment.outputs["load_balancer"]["dns_name"]
    places = replace(dev.places, records=Records(zone_id=zone_id, name=name))
    change("CREATE", legacy)
    try:
        for phase, percent in SHARES.items():
            write_weights(dev.target, places, green_share(percent))
            answers = Counter(ask() for _ in range(QUESTIONS))
            assert set(answers) <= {balancer, old.rstrip(".")}
            # Exactly none and all at 0 and at 100 percent, whose deviation is none.
            expected = QUESTIONS * percent / 100
            deviation = sqrt(expected * (1 - percent / 100))
            assert abs(answers[balancer] - expected) <= DEVIATIONS * deviation, (phase, answers)
    finally:
        (moved,) = (
            each
            for each in route53.list_resource_record_sets(HostedZoneId=zone_id)[
                "ResourceRecordSets"
            ]
            if each.get("SetIdentifier") == "legacy"
        )
        change("DELETE", moved)
        change("UPSERT", own)


@pytest.mark.requirement("TRF-4")
def test_the_parameter_counts_who_writes_it(dev: Stage) -> None:
    before = read_parameter(dev.target, dev.places)
    assert before is not None
    assert json.loads(before.text)["version"] == 1

    first = write_parameter(dev.target, dev.places, before.text)
    second = write_parameter(dev.target, dev.places, before.text)
    after = read_parameter(dev.target, dev.places)

    assert (first, second) == (before.version + 1, before.version + 2)
    assert after is not None
    assert (after.text, after.version) == (before.text, second)


def test_a_parameter_that_is_missing_is_none_and_can_be_made(dev: Stage) -> None:
    elsewhere = replace(dev.places, parameter="/elsewhere/traffic")
    assert read_parameter(dev.target, elsewhere) is None

    assert write_parameter(dev.target, elsewhere, "{}") == 1

    found = dev.deployment.client("ssm").get_parameter(Name="/elsewhere/traffic")["Parameter"]
    assert (found["Value"], found["Type"]) == ("{}", "String")
    dev.deployment.client("ssm").delete_parameter(Name="/elsewhere/traffic")


@pytest.mark.requirement("TRF-4", "MON-1")
def test_a_message_reaches_a_subscriber_of_the_topic(dev: Stage) -> None:
    sns, sqs = dev.deployment.client("sns"), dev.deployment.client("sqs")
    queue = sqs.create_queue(QueueName="tap-told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    subscribed = sns.subscribe(TopicArn=dev.places.topic, Protocol="sqs", Endpoint=arn["QueueArn"])[
        "SubscriptionArn"
    ]
    try:
        assert notify(dev.target, dev.places, "dev: half", {"to": "half"}) == ""
        found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    finally:
        sns.unsubscribe(SubscriptionArn=subscribed)
        sqs.delete_queue(QueueUrl=queue)
    # An alarm of the environment may have spoken as well.
    bodies = [json.loads(message["Body"]) for message in found]
    (body,) = [each for each in bodies if not each["Subject"].startswith(("ALARM: ", "OK: "))]
    assert (body["Subject"], json.loads(body["Message"])) == ("dev: half", {"to": "half"})

    lost = replace(dev.places, topic=dev.places.topic + "-gone")
    assert "NotFound" in notify(dev.target, lost, "dev: half", "half")
