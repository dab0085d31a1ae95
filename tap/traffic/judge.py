"""Whether green may have its share, from facts alone.

Two questions, in this order. May a color carry a share at all: alarm, healthy targets, Auto Scaling
group, probe (the gates). And does green serve worse than blue: its errors by Fisher's exact test,
its latency by ratio. What is not known is its own answer and never a pass.
"""

from __future__ import annotations

from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

import msgspec

from tap.traffic.statistics import binomial_greater, fisher_greater

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap.settings import TrafficSettings
    from tap.traffic.phases import Color
    from tap.traffic.samples import ColorFacts, Evidence


class Outcome(StrEnum):
    """What a judgement comes to."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement.

    Attributes:
        outcome: What it comes to.
        reasons: Why it is not a pass; each names value and limit.
        notes: What was looked at besides, or could not be.
    """

    outcome: Outcome
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def judge_gates(
    evidence: Evidence, *, share: int, color: Color, limits: TrafficSettings
) -> Verdict:
    """Judge whether a color may carry a share of the traffic.

    Args:
        evidence: What is known.
        share: Percent of the traffic that it carries, or will carry.
        color: Which color.
        limits: The thresholds.
    """
    failed: list[str] = []
    unknown = [f"not known: {text}" for text in evidence.unreadable]
    if evidence.gate == "ALARM":
        failed.append(f"the alarm that gates shifts is closed: {evidence.gate_reason}")
    elif evidence.gate != "OK":
        unknown.append(f"the alarm that gates shifts is {evidence.gate or 'unknown'}")
    if evidence.probe_percent is None:
        unknown.append("the probe has reported nothing")
    elif evidence.probe_percent < limits.probe_percent:
        failed.append(
            f"{evidence.probe_percent:.0f} % of the probes succeeded; {limits.probe_percent} % "
            "are needed"
        )
    if not evidence.unreadable:
        failed += _capacity(evidence.colors[color], share=share, color=color)
    return _verdict(failed, unknown)


def judge(evidence: Evidence, *, share: int, limits: TrafficSettings, looks: int = 1) -> Verdict:
    """Judge green while it carries a share of the traffic.

    Args:
        evidence: What is known since it has this share.
        share: Green's share in percent.
        limits: The thresholds.
        looks: How often this step is judged. A difference that chance makes in one look of twenty
            would otherwise be met in most steps, so the level of significance is divided by it
            (Bonferroni's correction).
    """
    gates = judge_gates(evidence, share=share, color="green", limits=limits)
    failed: list[str] = []
    unknown: list[str] = []
    notes: list[str] = []
    if gates.outcome is Outcome.FAIL:
        failed += gates.reasons
    else:
        unknown += gates.reasons
    green, blue = evidence.colors["green"], evidence.colors["blue"]
    compared = blue if blue.requests >= limits.minimum_requests else None
    worse, doubtful = _errors(green, compared, limits, looks)
    failed += worse
    unknown += doubtful
    if green.requests < limits.minimum_requests:
        unknown.append(
            f"green had {green.requests} requests; {limits.minimum_requests} are needed to judge"
        )
    else:
        slower, notes = _latency(green, compared, limits)
        failed += slower
    found = _verdict(failed, unknown)
    return msgspec.structs.replace(found, notes=tuple(notes))


def needed_targets(facts: ColorFacts, share: int) -> int:
    """Return how many healthy targets a share takes.

    A color is sized to carry all of the traffic with the instances its group is meant to have, so
    a share takes that part of them, rounded up, and never less than the group's minimum or 1.
    """
    return max(1, facts.minimum, ceil(facts.desired * share / 100)) if share else 0


def _capacity(facts: ColorFacts, *, share: int, color: Color) -> list[str]:
    needed = needed_targets(facts, share)
    failed = []
    if facts.healthy < needed:
        failed.append(
            f"{color} has {facts.healthy} healthy targets; {share} % of the traffic takes {needed}"
        )
    if facts.in_service < needed:
        failed.append(
            f"{color} has {facts.in_service} instances in service; {share} % of the traffic takes "
            f"{needed}"
        )
    if facts.refreshing:
        failed.append(f"an instance refresh of {color} runs ({facts.refreshing})")
    return failed


def _errors(
    green: ColorFacts, blue: ColorFacts | None, limits: TrafficSettings, looks: int
) -> tuple[list[str], list[str]]:
    """Return what fails, and what may be chance or not.

    The tests are exact, so what they find in few requests counts as well.
    """
    if green.requests == 0:
        return [], []
    errors = min(green.errors, green.requests)
    ratio = errors / green.requests
    percent = f"{100 * ratio:.2f} % of green's {green.requests} requests failed"
    if blue is None:
        chance = binomial_greater(errors, green.requests, limits.error_percent / 100)
        beyond = 100 * ratio > limits.error_percent
        told = f"{percent}; the limit is {limits.error_percent} % (p {chance:.2g})"
    else:
        others = min(blue.errors, blue.requests)
        other = others / blue.requests
        chance = fisher_greater(errors, green.requests, others, blue.requests)
        beyond = 100 * (ratio - other) > limits.error_margin_percent
        compared = f"{percent}, and {100 * other:.2f} % of blue's {blue.requests}"
        told = f"{compared} (p {chance:.2g}, margin {limits.error_margin_percent} %)"
    if not beyond or chance >= limits.significance:
        return [], []
    if chance < limits.significance / looks:
        return [told], []
    return [], [f"{told}: it may be chance in {looks} looks"]


def _latency(
    green: ColorFacts, blue: ColorFacts | None, limits: TrafficSettings
) -> tuple[list[str], list[str]]:
    """Return what fails, and what could not be judged."""
    least = limits.latency_minimum_requests
    if green.p99_seconds is None or green.requests < least:
        return [], [f"latency was not judged: {green.requests} requests of green, {least} needed"]
    if blue is None or blue.p99_seconds is None or blue.requests < least:
        if green.p99_seconds > limits.latency_seconds:
            return [
                f"green's p99 is {green.p99_seconds:.3f} s; the limit is {limits.latency_seconds} s"
            ], []
        return [], []
    worst = max(
        blue.p99_seconds * limits.latency_ratio, blue.p99_seconds + limits.latency_margin_seconds
    )
    if green.p99_seconds > worst:
        both = f"green's p99 is {green.p99_seconds:.3f} s, blue's {blue.p99_seconds:.3f} s"
        return [f"{both}; {worst:.3f} s are tolerated"], []
    return [], []


def _verdict(failed: Sequence[str], unknown: Sequence[str]) -> Verdict:
    if failed:
        return Verdict(outcome=Outcome.FAIL, reasons=tuple(failed))
    if unknown:
        return Verdict(outcome=Outcome.INCONCLUSIVE, reasons=tuple(unknown))
    return Verdict(outcome=Outcome.PASS)
