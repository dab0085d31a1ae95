"""Answers of the zone of an applied environment, shared out as every phase says."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING, Any

import pytest

from tap.traffic.phases import SHARES, green_share
from tap.traffic.places import Records
from tap.traffic.switch import read_weights, write_weights
from tests.integration.traffic.applied import places_of, target_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.testing.deployment import Deployment

# Five deviations: of a million right runs, one is beyond them. Half of 10 and of 50 percent is far.
QUESTIONS, DEVIATIONS = 300, 5

pytestmark = [
    pytest.mark.xdist_group("dev"),
    pytest.mark.timeout(900),
]


@pytest.mark.requirement("DNS-1", "TRF-1", "TST-2")
def test_answers_of_the_zone_share_out_as_every_phase_says(
    named_deployment: Callable[[str], Deployment],
) -> None:
    dev = named_deployment("dev")
    target, applied = target_of(dev), places_of(dev)
    before = read_weights(target, applied)
    assert before.shares is not None
    outputs, route53 = dev.outputs["dns"], dev.client("route53")
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

    balancer = dev.outputs["load_balancer"]["dns_name"]
    places = replace(applied, records=Records(zone_id=zone_id, name=name))
    change("CREATE", legacy)
    try:
        for phase, percent in SHARES.items():
            write_weights(target, places, green_share(percent))
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
        write_weights(target, applied, before.shares)
