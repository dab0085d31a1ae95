"""How long proofs take once a plan is read: of prod, and of a large network."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.checkov import planned
from benchmarks.prod import prod
from tap.cli.proving import prove_plan
from tap.plan import Plan
from tap.proofs.network.matrix import matrix
from tap.proofs.network.network import Network
from tap.proofs.network.tiers import Tiers
from tests.unit.proofs.network.topologies import facts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SUBNETS = 200
GROUPS = 200
RULES_OF_A_GROUP = 8
ACLS = 20
RULES_OF_AN_ACL = 20
GOALS = {"intents and matrix of prod": 1.0, "matrix of 200 subnets and 2 000 rules": 10.0}
_RUNS = 5


@dataclass
class Proved:
    """Measurements of one piece of work, for which there is no other tool.

    Attributes:
        name: The work.
        seconds: Of each run.
    """

    name: str
    seconds: list[float]

    def report(self) -> dict[str, Any]:
        """Return the median and all single figures."""
        median = statistics.median(self.seconds)
        return {"work": self.name, "seconds": median, "all_seconds": self.seconds}


def prove_rows(work: Path) -> Iterator[Proved]:
    """Measure; the first run of each, which fills the caches of parsed files, does not count."""
    work.mkdir()
    with prod(work) as applied:
        plan = Plan.decode(json.dumps(json.loads(planned(applied))).encode())
        environment = applied.settings.environment("prod")
        yield _measured(
            "intents and matrix of prod",
            lambda: prove_plan(plan, applied.settings, environment, "prod"),
        )
    facts = facts_of(large_network())
    yield _measured("matrix of 200 subnets and 2 000 rules", lambda: matrix(Tiers(Network(facts))))


def large_network() -> str:
    """Return a network as ``tests/unit/proofs/network/topologies.py`` reads it."""
    lines = [
        "vpc main 10.0.0.0/16",
        "igw gateway main",
        "table out main: 0.0.0.0/0 internet gateway",
    ]
    tiers = ("public", "private", "database", "batch")
    for number in range(ACLS):
        rules = "; ".join(
            f"{100 + place} {'in' if place % 2 else 'out'} allow tcp/{1024 + place} 10.0.0.0/16"
            for place in range(RULES_OF_AN_ACL)
        )
        lines.append(f"acl a{number} main: {rules}")
    for number in range(SUBNETS):
        tier = tiers[number % len(tiers)]
        lines.append(
            f"subnet s{number} main 10.0.{number}.0/24 table=out acl=a{number % ACLS} tier={tier}"
        )
    for number in range(GROUPS):
        rules = "; ".join(
            f"{'in' if place % 2 else 'out'} tcp/{8000 + place} group:g{(number + place) % GROUPS}"
            for place in range(RULES_OF_A_GROUP)
        )
        lines.append(f"group g{number} main: {rules}")
        lines.append(f"app h{number} in s{number % SUBNETS} groups=g{number}")
    return "\n".join(lines)


def prove_table(rows: list[Proved]) -> str:
    """Return the figures as Markdown."""
    lines = ["| what is proved, once the plan is read | seconds | goal |", "|---|---|---|"]
    for row in rows:
        goal = f"{GOALS[row.name]:g} s" if row.name in GOALS else ""
        lines.append(f"| {row.name} | {row.report()['seconds']:.2f} s | {goal} |")
    return "\n".join(lines)


def _measured(name: str, work: Callable[[], object]) -> Proved:
    work()
    found = Proved(name, [])
    for _ in range(_RUNS):
        started = time.perf_counter()
        work()
        found.seconds.append(time.perf_counter() - started)
    return found
