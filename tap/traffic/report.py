"""What ``tap status`` says of the traffic, as text and as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from tap.traffic.judge import needed_targets
from tap.traffic.phases import COLORS
from tap.traffic.switch import wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap.traffic.metrics import Share
    from tap.traffic.places import Split
    from tap.traffic.record import Record
    from tap.traffic.samples import Evidence
    from tap.traffic.switch import LiveWeights

_SHOWN = 10
_BARS = " .:-=+*#%@"


@dataclass(frozen=True, kw_only=True)
class Status:
    """What is known of the traffic at one time.

    Attributes:
        label: The environment.
        split: What splits the traffic.
        record: The traffic record; None if it cannot be used.
        problem: Why it cannot be, and what to do.
        live: What steers the traffic.
        evidence: What it is judged by.
        shares: How requests were shared out, oldest first.
        lock: What is known of the state lock, one fact a line; empty if nobody holds it.
    """

    label: str
    split: Split
    record: Record | None
    problem: str
    live: LiveWeights
    evidence: Evidence
    shares: Sequence[Share]
    lock: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether record and live weights are the same, and nothing is half done."""
        if self.record is None or self.record.moving is not None:
            return False
        return self.live == wanted(self.record.weights, self.split)

    @property
    def realised(self) -> float | None:
        """Green's share of the requests in the window of the evidence; None without a request."""
        counted = [self.evidence.colors[color].requests for color in COLORS]
        return 100 * counted[1] / sum(counted) if sum(counted) else None


def status_text(status: Status, *, chart: bool) -> str:
    """Return the status for a person.

    Args:
        status: What is known.
        chart: Whether to draw the shares over time, for a terminal.
    """
    lines = [f"{status.label}: {_headline(status)}"]
    if status.problem:
        lines.append(f"  record     {status.problem}")
    if status.record is not None:
        lines.append(f"  record     {status.record.weights} (revision {status.record.revision})")
        if status.record.moving is not None:
            lines.append(f"  cut off    on the way to {status.record.moving}")
        if status.record.lease is not None:
            lease = status.record.lease
            until = f"{lease.until:%H:%M:%S} UTC"
            lines.append(f"  watched    by {lease.by} (process {lease.pid}) until {until}")
    lines.append(f"  live       {status.live}")
    realised = "no requests" if status.realised is None else f"green {status.realised:.1f} %"
    lines.append(f"  realised   {realised}")
    lines += [f"  lock       {line}" for line in status.lock]
    lines += _health(status.evidence)
    if chart and status.shares:
        lines.append(f"  green      |{_chart(status.shares)}| 0 to 100 %, a minute each")
    if status.record is not None and status.record.history:
        lines.append("  history")
        for entry in status.record.history[-_SHOWN:]:
            at = f"{entry.at:%Y-%m-%d %H:%M:%S}"
            lines.append(f"    {at}  {entry.start} % -> {entry.end} %  {entry.by}  {entry.why}")
    return "\n".join(lines)


def status_json(status: Status) -> str:
    """Return the status as a JSON document."""
    document: dict[str, Any] = {
        "environment": status.label,
        "agrees": status.agrees,
        "problem": status.problem,
        "record": msgspec.to_builtins(status.record) if status.record is not None else None,
        "live": {
            "listener": dict(status.live.listener),
            "preview": status.live.preview,
            "records": dict(status.live.records) if status.live.records is not None else None,
        },
        "realised_green_percent": status.realised,
        "evidence": msgspec.to_builtins(status.evidence),
        "shares": [
            {"at": share.at, "requests": dict(share.requests), "green": share.percent("green")}
            for share in status.shares
        ],
        "lock": list(status.lock),
    }
    return msgspec.json.encode(document).decode()


def _headline(status: Status) -> str:
    if status.record is None:
        return "the traffic record cannot be used"
    if status.record.moving is not None:
        return "a move was cut off half way"
    if not status.agrees:
        return "record and live weights differ"
    return f"{status.record.phase}, green has {status.record.weights.green} %"


def _health(evidence: Evidence) -> list[str]:
    gate = (
        f"{evidence.gate or 'unknown'}{f': {evidence.gate_reason}' if evidence.gate_reason else ''}"
    )
    probe = "nothing reported"
    if evidence.probe_percent is not None:
        probe = f"{evidence.probe_percent:.0f} % succeeded"
    lines = [f"  gate       {gate}", f"  probe      {probe}"]
    for color in COLORS:
        facts = evidence.colors[color]
        p99 = "" if facts.p99_seconds is None else f", p99 {facts.p99_seconds:.3f} s"
        refresh = f", refresh {facts.refreshing}" if facts.refreshing else ""
        lines.append(
            f"  {color:<9}  {facts.healthy} healthy of {facts.healthy + facts.unhealthy} targets "
            f"({needed_targets(facts, 100)} for all traffic), {facts.requests} requests, "
            f"{facts.errors} failed{p99}{refresh}"
        )
    return lines + [f"  not known  {text}" for text in evidence.unreadable]


def _chart(shares: Sequence[Share]) -> str:
    drawn = []
    for share in shares:
        percent = share.percent("green")
        drawn.append("?" if percent is None else _BARS[round(percent / 100 * (len(_BARS) - 1))])
    return "".join(drawn)
