"""The weighted DNS records that split the traffic while another stack is migrated from.

Resolvers keep an answer for up to the record's TTL (60 s of an alias to a load balancer), so what
is written here takes a minute and more to be seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.errors import AwsError
from tap.traffic.calls import asked, client
from tap.traffic.phases import COLORS, Color
from tap.traffic.places import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.aws import Target
    from tap.traffic.places import Records


def read_records(target: Target, records: Records, region: str) -> dict[Color, int]:
    """Return the weights of both records.

    Args:
        target: What is talked to.
        records: Where they are.
        region: Region of the client; Route 53 itself has none.

    Raises:
        AwsError: One of them is gone, or Route 53 gave no answer.
    """
    return {color: int(each["Weight"]) for color, each in _sets(target, records, region).items()}


def write_records(
    target: Target, records: Records, weights: Mapping[Color, int], region: str
) -> None:
    """Give both records new weights in one change, unless they have them.

    Raises:
        AwsError: One of them is gone, or Route 53 refused or gave no answer.
    """
    found = _sets(target, records, region)
    if all(int(found[color]["Weight"]) == weights[color] for color in COLORS):
        return
    changes = [
        {"Action": "UPSERT", "ResourceRecordSet": {**found[color], "Weight": weights[color]}}
        for color in COLORS
    ]
    route53 = client(target, "route53", region)
    asked(
        f"change the weighted records of {records.name}",
        lambda: route53.change_resource_record_sets(
            HostedZoneId=records.zone_id, ChangeBatch={"Changes": changes}
        ),
        rights="route53:ChangeResourceRecordSets",
    )


def _sets(target: Target, records: Records, region: str) -> dict[Color, dict[str, Any]]:
    name = records.name.rstrip(".").lower()
    route53 = client(target, "route53", region)
    answer = asked(
        f"read the records of {name}",
        lambda: route53.list_resource_record_sets(
            HostedZoneId=records.zone_id, StartRecordName=name, MaxItems="100"
        ),
        rights="route53:ListResourceRecordSets",
    )
    by_id = {
        each["SetIdentifier"]: each
        for each in answer["ResourceRecordSets"]
        if each["Name"].rstrip(".").lower() == name and "Weight" in each
    }
    for color in COLORS:
        if ENDPOINTS[color] not in by_id:
            raise AwsError(
                f"zone {records.zone_id} has no weighted record {name} for {ENDPOINTS[color]}, "
                f"which carries {color}",
                "see what is missing with tap plan",
            )
    return {color: by_id[ENDPOINTS[color]] for color in COLORS}
