"""Which replication rules apply to what."""

from __future__ import annotations

from typing import Any

import pytest

from tap.emulator.replication_rules import Subject, applying, from_xml

pytestmark = pytest.mark.requirement("S3R-2", "TST-2")


def rule(name: str = "all", target: str = "replica", **more: Any) -> dict[str, Any]:
    return {
        "ID": name,
        "Priority": 0,
        "Status": "Enabled",
        "Filter": {},
        "Destination": {"Bucket": f"arn:aws:s3:::{target}"},
        **more,
    }


def names(rules: list[dict[str, Any]], **subject: Any) -> list[str]:
    return [each["ID"] for each in applying(rules, Subject(**({"key": "a/b"} | subject)))]


def test_a_rule_without_filter_applies_to_all_while_it_is_enabled() -> None:
    assert names([rule()]) == ["all"]
    assert names([rule(Status="Disabled")]) == []


@pytest.mark.parametrize(
    ("rule_filter", "applies"),
    [
        ({"Prefix": "a/"}, True),
        ({"Prefix": "b/"}, False),
        ({"Tag": {"Key": "t", "Value": "v"}}, True),
        ({"Tag": {"Key": "t", "Value": "w"}}, False),
        ({"And": {"Prefix": "a/", "Tags": [{"Key": "t", "Value": "v"}]}}, True),
        ({"And": {"Prefix": "b/", "Tags": [{"Key": "t", "Value": "v"}]}}, False),
        ({"And": {"Tags": [{"Key": "t", "Value": "v"}, {"Key": "u", "Value": "v"}]}}, False),
    ],
)
def test_a_filter_wants_prefix_and_tags(rule_filter: dict[str, Any], *, applies: bool) -> None:
    assert names([rule(Filter=rule_filter)], tags={"t": "v", "x": "y"}) == ["all"] * applies


def test_encrypted_objects_are_taken_only_where_the_rule_selects_them() -> None:
    selects = rule(SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}})

    assert names([rule()], kms=True) == []
    assert names([selects], kms=True) == ["all"]
    assert names([selects], kms=False) == ["all"]


def test_delete_markers_are_taken_only_where_the_rule_says_so() -> None:
    enabled: dict[str, Any] = {"DeleteMarkerReplication": {"Status": "Enabled"}}
    old = rule(Prefix="a/")
    del old["Filter"]

    assert names([rule()], marker=True) == []
    assert names([rule(**enabled)], marker=True) == ["all"]
    assert names([rule(**enabled, Filter={"Tag": {"Key": "t"}})], marker=True) == []
    assert names([old], marker=True) == ["all"]


def test_the_highest_priority_wins_for_each_destination() -> None:
    rules = [
        rule("low", Priority=1),
        rule("high", Priority=2),
        rule("elsewhere", "other", Priority=0),
    ]

    assert names(rules) == ["high", "elsewhere"]


def test_parsed_xml_becomes_what_the_api_returns() -> None:
    parsed = {
        "ID": "x",
        "Priority": "3",
        "Prefix": None,
        "Filter": {"And": {"Prefix": None, "Tag": {"Key": "a", "Value": "b"}}},
    }

    assert from_xml(parsed) == {
        "ID": "x",
        "Priority": 3,
        "Prefix": "",
        "Filter": {"And": {"Prefix": "", "Tags": [{"Key": "a", "Value": "b"}]}},
    }
    assert from_xml({"Filter": None}) == {"Filter": {}}
