"""What ``tap check`` takes, with start-up, and checkov on the same plans."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.checkov import install, planned, scan
from benchmarks.measure import Pairs, measure
from benchmarks.prod import prod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# By row: the most seconds, and how many times as fast as checkov.
GOALS = {
    "plan of prod": (0.5, 20.0),
    "10 000 resources": (3.0, 20.0),
}
SIZES = (1_000, 3_000, 10_000, 30_000)
_RUNS = 3
_PASSED, _FAILED = 0, 3


def check_rows(work: Path, *, pairs: int) -> Iterator[Pairs]:
    """Measure prod in pairs, then plans made of many copies of it, once by checkov each.

    Args:
        work: A folder for plans.
        pairs: How many times prod is measured.
    """
    program = install()
    work.mkdir()
    file = work / "prod.json"
    with prod(work) as applied:
        file.write_bytes(planned(applied))
    plan = json.loads(file.read_bytes())
    print("measuring: plan of prod", file=sys.stderr)
    yield measure(
        "plan of prod", partial(scan, program, file), partial(tap_check, file), pairs=pairs
    )
    for size in SIZES:
        name = f"{size:,} resources".replace(",", " ")
        print(f"measuring: {name}", file=sys.stderr)
        large = work / f"{size}.json"
        large.write_text(json.dumps(copies(plan, size)))
        taps = [seconds(partial(tap_check, large)) for _ in range(_RUNS)]
        yield Pairs(name, [seconds(partial(scan, program, large))], [statistics.median(taps)])
        large.unlink()


def tap_check(file: Path) -> None:
    """Judge a plan as a person does, in a process of its own."""
    command = [
        str(Path(sys.executable).parent / "tap"),
        "check",
        "--plan",
        str(file),
        "--output",
        "json",
    ]
    done = subprocess.run(command, capture_output=True, check=False, cwd=file.parent)
    if done.returncode not in {_PASSED, _FAILED}:
        raise SystemExit(f"tap check failed:\n{done.stderr.decode()}")


def copies(plan: dict[str, Any], size: int) -> dict[str, Any]:
    """Return a plan that makes the stack of another one many times, under other names.

    Args:
        plan: A plan of an environment, whose root calls one module.
        size: How many resources it has, exactly; the last copy is cut off.
    """
    changes = plan["resource_changes"]
    values = plan["planned_values"]["root_module"]["child_modules"]
    calls = plan["configuration"]["root_module"]["module_calls"]
    numbers = range(math.ceil(size / len(changes)))
    return {
        **plan,
        "resource_changes": [renamed(change, number) for number in numbers for change in changes][
            :size
        ],
        "planned_values": {
            "root_module": {
                "child_modules": [renamed(value, number) for number in numbers for value in values]
            }
        },
        "configuration": {
            **plan["configuration"],
            "root_module": {
                "module_calls": {f"stack{number}": calls["stack"] for number in numbers}
            },
        },
        "output_changes": {},
        "prior_state": None,
        "relevant_attributes": [],
    }


def renamed(tree: Any, number: int) -> Any:  # noqa: ANN401 - free-form JSON
    """Return a part of a plan with another module and other names of resources."""
    if isinstance(tree, dict):
        return {key: renamed(value, number) for key, value in tree.items()}
    if isinstance(tree, list):
        return [renamed(value, number) for value in tree]
    if isinstance(tree, str):
        moved = tree.replace("module.stack", f"module.stack{number}")
        return moved.replace("payments-", f"payments{number}-")
    return tree


def seconds(work: Callable[[], object]) -> float:
    """Return how long a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def check_table(rows: list[Pairs]) -> str:
    """Return the figures as Markdown."""
    lines = [
        "| what is judged | checkov | tap check | checkov / tap | goal |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        report = row.report()
        goal = ""
        if row.name in GOALS:
            most, ratio = GOALS[row.name]
            goal = f"{most:g} s, {ratio:g}x"
        lines.append(
            f"| {row.name} | {report['plain_seconds']:.1f} s | {report['tap_seconds']:.2f} s "
            f"| {row.ratio:.0f}x | {goal} |"
        )
    return "\n".join(lines)
