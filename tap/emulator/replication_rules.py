"""Choose the replication rules that apply to an object.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Rule = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What may be replicated.

    Attributes:
        key: Of the object.
        tags: Of the object.
        kms: Whether the object is encrypted with a key of KMS.
        marker: Whether it is a delete marker rather than a version.
    """

    key: str
    tags: Mapping[str, str] = field(default_factory=dict)
    kms: bool = False
    marker: bool = False


def from_xml(parsed: Mapping[str, Any]) -> Rule:
    """Turn a rule as parsed from XML into the members that the API's model has."""
    rule = dict(parsed)
    if "Priority" in rule:
        rule["Priority"] = int(rule["Priority"])
    if "Prefix" in rule:
        rule["Prefix"] = rule["Prefix"] or ""
    if "Filter" in rule:
        rule["Filter"] = _filter(rule["Filter"] or {})
    return rule


def applying(rules: Iterable[Rule], subject: Subject) -> list[Rule]:
    """Return the rules that apply: for each destination the one with the highest priority."""
    chosen: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda rule: int(rule.get("Priority", 0)), reverse=True):
        if _applies(rule, subject):
            chosen.setdefault(rule["Destination"]["Bucket"], rule)
    return list(chosen.values())


def _applies(rule: Rule, subject: Subject) -> bool:
    prefix, tags = _wanted(rule)
    if rule["Status"] != "Enabled" or not subject.key.startswith(prefix):
        return False
    if subject.marker:
        # Rules of the first version, which have no filter, always replicate delete markers.
        default = "Disabled" if "Filter" in rule else "Enabled"
        replicated = rule.get("DeleteMarkerReplication", {}).get("Status", default)
        return bool(replicated == "Enabled" and not tags)
    criteria = rule.get("SourceSelectionCriteria") or {}
    takes_kms = (criteria.get("SseKmsEncryptedObjects") or {}).get("Status") == "Enabled"
    return (takes_kms or not subject.kms) and tags.items() <= dict(subject.tags).items()


def _wanted(rule: Rule) -> tuple[str, dict[str, str]]:
    given = rule.get("Filter") or {}
    given = given.get("And") or given
    tags = given.get("Tags") or ([given["Tag"]] if "Tag" in given else [])
    prefix = given.get("Prefix") or rule.get("Prefix") or ""
    return prefix, {tag["Key"]: tag.get("Value") or "" for tag in tags}


def _filter(parsed: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(parsed)
    if "Prefix" in found:
        found["Prefix"] = found["Prefix"] or ""
    if "And" in found:
        both = _filter(found["And"])
        if "Tag" in both:
            tags = both.pop("Tag")
            both["Tags"] = tags if isinstance(tags, list) else [tags]
        found["And"] = both
    return found
