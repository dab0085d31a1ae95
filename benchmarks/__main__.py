"""Measure ``tap`` against plain Terraform and checkov, in pairs: ``make bench``.

Most of it needs the embedded emulator: prod is applied there first, which takes some minutes.
Results are printed as tables and written to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.check import check_rows, check_table
from benchmarks.measure import Pairs, machine
from benchmarks.prod import REPOSITORY, prod
from benchmarks.warm_providers import (
    GOALS,
    Bench,
    environment_row,
    module_rows,
    same_plan,
    suite_row,
)
from benchmarks.wrapper import wrapper_rows
from tap.terraform.installation import find_terraform, terraform_environ
from tap.warm.providers import WarmProviders

if TYPE_CHECKING:
    from collections.abc import Callable

RESULTS = REPOSITORY / "benchmarks" / "results"


def warm_table(rows: list[Pairs]) -> str:
    """Return what warm providers save as Markdown."""
    lines = [
        "| work | plain | warm | plain / warm | goal | memory plain | memory warm |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        report = row.report()
        goal = f"{GOALS[row.name]:g}x" if row.name in GOALS else ""
        memory = [
            f"{row.memory[way] / 2**20:.0f} MiB" if row.memory else "" for way in ("plain", "tap")
        ]
        lines.append(
            f"| {row.name} | {report['plain_seconds']:.2f} s | {report['tap_seconds']:.2f} s "
            f"| {row.ratio:.1f}x | {goal} | {memory[0]} | {memory[1]} |"
        )
    return "\n".join(lines)


def wrapper_table(rows: list[Pairs]) -> str:
    """Return what ``tap`` adds to Terraform as Markdown."""
    lines = ["| on prod | Terraform | tap | added |", "|---|---|---|---|"]
    for row in rows:
        report = row.report()
        share = 100 * row.added / report["plain_seconds"]
        lines.append(
            f"| {row.name} | {report['plain_seconds']:.2f} s | {report['tap_seconds']:.2f} s "
            f"| {row.added:+.2f} s ({share:+.0f} %) |"
        )
    return "\n".join(lines)


def environment_rows(bench: Bench, work: Path, parts: list[str]) -> tuple[list[Pairs], list[Pairs]]:
    """Measure prod from nothing, apply it, and measure the rest."""
    warm: list[Pairs] = []
    with prod(work) as applied:
        if "environments" in parts:
            for other in ("dev", "staging"):
                made = replace(applied, name=other)
                same_plan(bench, made.root, made.environ, f"{other} from nothing")
            nothing = replace(applied, suffix="bench")
            warm.append(environment_row(bench, nothing, "from nothing"))
        print("applying prod", file=sys.stderr)
        applied.tap("apply", "prod")
        if "environments" in parts:
            warm.append(environment_row(bench, applied, "applied"))
        wrapper = list(wrapper_rows(bench, applied)) if "wrapper" in parts else []
    return warm, wrapper


def main() -> None:
    """Measure, print tables and write JSON."""
    everything = ["modules", "environments", "wrapper", "check", "suite"]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=7, help="pairs after the warm-up")
    parser.add_argument("--suite-pairs", type=int, default=1, help="pairs of the test suite")
    parser.add_argument("--check-pairs", type=int, default=3, help="pairs of the check of prod")
    parser.add_argument("--only", choices=everything, action="append")
    options = parser.parse_args()
    parts = options.only or everything
    warm: list[Pairs] = []
    wrapper: list[Pairs] = []
    with tempfile.TemporaryDirectory(prefix="tap-bench-") as folder, WarmProviders() as providers:
        work = Path(folder)
        own = {
            key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))
        }
        bench = Bench(str(find_terraform(os.environ).path), providers, options.pairs)
        if "modules" in parts:
            warm += module_rows(bench, work, terraform_environ(own, folder=work))
        if {"environments", "wrapper"} & set(parts):
            found, wrapper = environment_rows(bench, work, parts)
            warm += found
        if "check" in parts:
            report(
                "check", list(check_rows(work / "check", pairs=options.check_pairs)), check_table
            )
        report("wrapper", wrapper, wrapper_table)
        report("warm-providers", warm, warm_table)
    if "suite" in parts:
        warm.append(suite_row(options.suite_pairs))
        report("warm-providers", warm, warm_table)


def report(name: str, rows: list[Pairs], table: Callable[[list[Pairs]], str]) -> None:
    """Print a table and write it as JSON, if anything was measured."""
    if not rows:
        return
    print(table(rows), end="\n\n")
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.json"
    # Rows that were not measured this time stay; each compares two ways of one run.
    before = json.loads(file.read_text())["rows"] if file.exists() else []
    kept = {row["work"]: row for row in before} | {row.name: row.report() for row in rows}
    document: dict[str, Any] = {"machine": machine(), "rows": list(kept.values())}
    file.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    main()
