"""What rules found, as SARIF 2.1.0 for code scanning.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html; the severities
that GitHub reads: https://docs.github.com/en/code-security/code-scanning
"""

from __future__ import annotations

import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from tap import __version__
from tap.policy import Outcome, Severity
from tap.reports.findings import verdict_line, waiver_text

if TYPE_CHECKING:
    from tap.policy import Accepted, Finding, Judgement, Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
# Within the ranges by which GitHub calls a rule low, medium, high or critical.
_SCORES = {
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.0",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


def findings_sarif(judgement: Judgement) -> str:
    """Return everything as a SARIF log with one run.

    What is not known before apply is a result of kind ``review``; what is waived is suppressed.
    """
    index = {rule.id: position for position, rule in enumerate(judgement.rules)}
    verdict = judgement.verdict
    results = [_result(item, index) for item in verdict.findings]
    results += [
        {**_result(item, index), "suppressions": [_suppression(accepted)]}
        for item, accepted in verdict.waived
    ]
    driver = {"name": "tap", "version": __version__, "rules": list(map(_rule, judgement.rules))}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "exitCodeDescription": verdict_line(judgement),
                "toolConfigurationNotifications": _notifications(judgement),
            }
        ],
        "results": results,
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.rationale},
        "help": {"text": rule.remediation},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "security-severity": _SCORES[rule.severity],
            "severity": rule.severity,
            "tags": [rule.area, *rule.references],
        },
    }


def _result(finding: Finding, index: dict[str, int]) -> dict[str, Any]:
    known = finding.outcome is Outcome.FAILED
    severity = finding.rule.severity
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": index[finding.rule.id],
        # A result of any other kind than fail has level none.
        "kind": "fail" if known else "review",
        "level": _LEVELS[severity] if known else "none",
        "message": {"text": f"{finding.rule.title}: {finding.message}"},
        "locations": [_location(finding)],
        "partialFingerprints": {"tapFinding/v1": _fingerprint(finding)},
    }


def _location(finding: Finding) -> dict[str, Any]:
    named = {"fullyQualifiedName": finding.address, "kind": "resource"}
    location: dict[str, Any] = {"logicalLocations": [named]}
    if finding.file:
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.file)}}
        if finding.line:
            place["region"] = {"startLine": finding.line}
        location["physicalLocation"] = place
    return location


def _uri(file: str) -> str:
    path = PurePosixPath(file)
    return path.as_uri() if path.is_absolute() else quote(file)


def _fingerprint(finding: Finding) -> str:
    """Return what stays the same when lines move."""
    text = f"{finding.rule.id}\n{finding.address}\n{finding.message}"
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _suppression(accepted: Accepted) -> dict[str, str]:
    kind = "inSource" if accepted.file else "external"
    return {"kind": kind, "status": "accepted", "justification": waiver_text(accepted)}


def _notifications(judgement: Judgement) -> list[dict[str, Any]]:
    verdict = judgement.verdict
    said = [f"waiver has expired: {waiver_text(item)}" for item in verdict.expired]
    said += [f"waiver covers nothing: {waiver_text(item)}" for item in verdict.unused]
    return [{"level": "error", "message": {"text": text}} for text in said]
