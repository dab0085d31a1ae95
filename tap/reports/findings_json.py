"""What rules found, for a program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from tap.policy import Accepted, Finding, Judgement


def findings_json(judgement: Judgement) -> str:
    """Return everything as one JSON document."""
    document = findings_document(judgement)
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def findings_document(judgement: Judgement) -> dict[str, Any]:
    """Return everything as a value that can be encoded.

    ``blocks`` of a finding says whether it fails the check; ``outcome`` is ``failed`` or
    ``unknown``.
    """
    verdict = judgement.verdict
    return {
        "subject": judgement.subject,
        "passed": judgement.passed,
        "fail_on": judgement.fail_on,
        "fail_on_unknown": judgement.fail_on_unknown,
        "rules": [rule.id for rule in judgement.rules],
        "findings": [
            {**_finding(item), "blocks": judgement.blocks(item)} for item in verdict.findings
        ],
        "waived": [
            {**_finding(item), "waiver": _waiver(accepted)} for item, accepted in verdict.waived
        ],
        "expired_waivers": list(map(_waiver, verdict.expired)),
        "unused_waivers": list(map(_waiver, verdict.unused)),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "severity": finding.rule.severity,
        "title": finding.rule.title,
        "outcome": finding.outcome,
        "address": finding.address,
        "message": finding.message,
        "file": finding.file or None,
        "line": finding.line or None,
    }


def _waiver(accepted: Accepted) -> dict[str, Any]:
    return {**msgspec.to_builtins(accepted.waiver), "place": accepted.place}
