from __future__ import annotations

import pytest

from tap.proofs.network.ranges import NOTHING
from tap.proofs.network.traffic import (
    ALL,
    HOSTS,
    MANAGED,
    answered,
    describe_traffic,
    parse_traffic,
    replies,
    traffic,
)

pytestmark = pytest.mark.requirement("TST-2")


@pytest.mark.parametrize(
    ("rule", "means"),
    [
        (("-1", None, None), "all"),
        (("all", 0, 0), "all"),
        (("tcp", 443, 443), "tcp/443"),
        (("6", 0, 65535), "tcp"),
        (("17", 53, 53), "udp/53"),
        (("tcp", 0, 0), "tcp/0"),
        (("tcp", -1, -1), "tcp"),
        (("icmp", -1, -1), "icmp/0-255"),
        (("icmp", 3, 4), "icmp/3/4"),
        (("icmp", 8, -1), "icmp/8"),
        (("58", 128, 0), "icmpv6/128/0"),
        (("50", None, None), "protocol 50"),
    ],
)
def test_a_rule_means_the_traffic_that_aws_says(
    rule: tuple[str, int | None, int | None], means: str
) -> None:
    assert traffic(*rule) <= ALL
    assert describe_traffic(traffic(*rule)) in {means, means.replace("/0-255", "")}


@pytest.mark.parametrize(
    "text", ["all", "tcp", "udp/53", "tcp/443, udp/53", "tcp/1024-65535", "icmp/3/4", "protocol 50"]
)
def test_traffic_is_told_as_it_is_asked_for(text: str) -> None:
    asked = traffic("50") if text.startswith("protocol") else parse_traffic(text)
    assert describe_traffic(asked) == text


@pytest.mark.parametrize("text", ["tcp/70000", "tcp/5-4", "tcp/x", "ssh"])
def test_what_is_no_traffic_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_traffic(text)


def test_answers_go_to_the_port_of_the_client() -> None:
    port = parse_traffic("udp/53").first
    assert describe_traffic(replies(port, HOSTS.needed)) == "udp/32768-65535"
    assert describe_traffic(replies(parse_traffic("icmp").first, HOSTS.needed)) == "icmp/0/0"
    assert replies(parse_traffic("icmp/3/4").first, HOSTS.needed) == NOTHING


@pytest.mark.parametrize(
    ("passing", "some", "every"),
    [
        ("tcp/1024-65535", "tcp", "tcp"),
        ("tcp/32768-65535", "tcp", ""),
        ("tcp/443", "", ""),
        ("icmp/0/0", "icmp/8/0", "icmp/8/0"),
        ("icmp/8", "", ""),
    ],
)
def test_traffic_passes_if_its_answers_do(passing: str, some: str, every: str) -> None:
    for always, ports, expected in (
        (False, MANAGED.possible, some),
        (True, MANAGED.needed, every),
    ):
        found = answered(parse_traffic(passing), ports, always=always)
        for asked in ("tcp", "icmp/8/0"):
            assert (found >= parse_traffic(asked)) == (asked == expected), asked
