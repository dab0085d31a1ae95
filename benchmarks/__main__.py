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
from benchmarks.prod import REPOSITORY, as_people_have_it, prod
from benchmarks.prove import Proved, prove_rows, prove_table
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
    from collections.abc import Callable, Iterator

Row = Pairs | Proved

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


def environment_rows(bench: Bench, work: Path, parts: list[str]) -> Iterator[tuple[str, Pairs]]:
    """Measure prod from nothing, apply it, and measure the rest; yield results with their row."""
    with prod(work) as applied:
        if "environments" in parts:
            for other in ("dev", "staging"):
                made = replace(applied, name=other)
                same_plan(bench, made.root, made.environ, f"{other} from nothing")
            nothing = replace(applied, suffix="bench")
            yield "warm-providers", environment_row(bench, nothing, "from nothing")
        print("applying prod", file=sys.stderr)
        applied.tap("apply", "prod")
        if "environments" in parts:
            yield "warm-providers", environment_row(bench, applied, "applied")
        if "wrapper" in parts:
            for row in wrapper_rows(bench, applied):
                yield "wrapper", row


def measured(options: argparse.Namespace, parts: list[str]) -> Iterator[tuple[str, Row]]:
    """Measure what is asked for; yield the name of the results with each row."""
    with tempfile.TemporaryDirectory(prefix="tap-bench-") as folder, WarmProviders() as providers:
        work = Path(folder)
        own = {
            key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))
        }
        bench = Bench(str(find_terraform(os.environ).path), providers, options.pairs)
        if "modules" in parts:
            environ = as_people_have_it(terraform_environ(own, folder=work), own)
            for row in module_rows(bench, work, environ):
                yield "warm-providers", row
        if {"environments", "wrapper"} & set(parts):
            yield from environment_rows(bench, work, parts)
        if "check" in parts:
            for row in check_rows(work / "check", pairs=options.check_pairs):
                yield "check", row
        if "prove" in parts:
            for proved in prove_rows(work / "prove"):
                yield "prove", proved
    if "suite" in parts:
        yield "warm-providers", suite_row(options.suite_pairs)


def main() -> None:
    """Measure, write JSON and print tables."""
    everything = ["modules", "environments", "wrapper", "check", "prove", "suite"]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--pairs", type=int, default=7, help="pairs after the warm-up")
    parser.add_argument("--suite-pairs", type=int, default=1, help="pairs of the test suite")
    parser.add_argument("--check-pairs", type=int, default=3, help="pairs of the check of prod")
    parser.add_argument("--only", choices=everything, action="append")
    options = parser.parse_args()
    tables: dict[str, list[Any]] = {}
    try:
        for name, row in measured(options, options.only or everything):
            tables.setdefault(name, []).append(row)
            # At once: what is measured is not lost when a later part fails.
            keep(name, row)
    finally:
        for name, rows in tables.items():
            print(TABLES[name](rows), end="\n\n")


def keep(name: str, row: Row) -> None:
    """Write a row into its file of results; rows that were not measured this time stay."""
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"{name}.json"
    before = json.loads(file.read_text())["rows"] if file.exists() else []
    kept = {item["work"]: item for item in before} | {row.name: row.report()}
    document: dict[str, Any] = {"machine": machine(), "rows": list(kept.values())}
    file.write_text(json.dumps(document, indent=2) + "\n")


def kept_table(file: Path) -> str:
    """Return the table of a file of results, as the README has it."""
    rows: list[Row] = [
        Proved(row["work"], row["all_seconds"])
        if "all_seconds" in row
        else Pairs(
            row["work"], row["all_plain_seconds"], row["all_tap_seconds"], row["memory_bytes"]
        )
        for row in json.loads(file.read_text())["rows"]
    ]
    return TABLES[file.stem](rows)


TABLES: dict[str, Callable[[list[Any]], str]] = {
    "check": check_table,
    "prove": prove_table,
    "warm-providers": warm_table,
    "wrapper": wrapper_table,
}

if __name__ == "__main__":
    main()
