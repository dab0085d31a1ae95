"""What warm providers save: the same commands with and without them, in turn.

    make bench

The environments' part needs the embedded emulator: prod is applied there first, which takes
some minutes. Results are printed as a table and written to ``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.measure import Pairs, largest_memory, machine, measure, run
from tap.emulator.control import Emulator
from tap.settings import load_settings
from tap.terraform.installation import find_terraform, terraform_environ
from tap.warm.providers import WarmProviders
from tap.workspace import Request, open_workspace
from tests.conftest import OFFLINE_PROVIDER, comparable, copy_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = REPOSITORY / "benchmarks" / "results"

# What has to be reached at least: plain / warm.
GOALS = {
    "validate of a module": 15.0,
    "plan of a module of 10 resources": 5.0,
    "plan of prod from nothing": 3.0,
    "plan of prod applied": 2.0,
    "test with 20 mocked runs": 5.0,
}

SMALL = """
resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "this" {
  count      = 8
  vpc_id     = aws_vpc.this.id
  cidr_block = cidrsubnet(aws_vpc.this.cidr_block, 8, count.index)
}

resource "aws_security_group" "this" {
  vpc_id = aws_vpc.this.id
}
"""


@dataclass
class Bench:
    """A terraform and warm providers to compare it with.

    Attributes:
        terraform: The executable.
        providers: As a test session or a ``tap`` command has them.
        pairs: How many pairs to measure.
    """

    terraform: str
    providers: WarmProviders
    pairs: int

    def compare(self, name: str, folder: Path, environ: dict[str, str], *words: str) -> Pairs:
        """Measure one command in one root."""
        print(f"measuring: {name}", file=sys.stderr)

        def plain() -> None:
            run([self.terraform, *words], cwd=folder, environ=environ)

        def warm() -> None:
            attached = self.providers.attach(folder, environ)
            if attached is None:
                raise SystemExit(f"{folder} cannot have warm providers")
            run([self.terraform, *words], cwd=folder, environ={**environ, **attached.variables})

        found = measure(name, plain, warm, pairs=self.pairs)
        found.memory = {
            "plain": largest_memory(plain),
            "tap": self._fresh_memory(folder, environ, words),
        }
        return found

    def _fresh_memory(self, folder: Path, environ: dict[str, str], words: tuple[str, ...]) -> int:
        """Measure with relay and spare processes of this command alone, as ``tap`` has them."""

        def work() -> None:
            with WarmProviders() as providers:
                attached = providers.attach(folder, environ)
                variables = attached.variables if attached else {}
                run([self.terraform, *words], cwd=folder, environ={**environ, **variables})

        return largest_memory(work)


def prepared(folder: Path, text: str, environ: dict[str, str], terraform: str) -> Path:
    """Return a root after ``terraform init``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.tf").write_text(text)
    shutil.copy(REPOSITORY / "environments" / "dev" / ".terraform.lock.hcl", folder)
    run([terraform, "init", "-input=false"], cwd=folder, environ=environ)
    return folder


def small_root(body: str) -> str:
    """Return a root that plans without asking anybody."""
    lines = "\n".join(f"  {key} = {json.dumps(value)}" for key, value in OFFLINE_PROVIDER.items())
    required = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}'
    return f'{required}\nprovider "aws" {{\n  region = "eu-west-1"\n{lines}\n}}\n{body}'


def module_rows(bench: Bench, work: Path, environ: dict[str, str]) -> Iterator[Pairs]:
    """Measure what needs no emulator."""
    module = work / "module"
    shutil.copytree(REPOSITORY / "modules" / "lambda", module)
    shutil.rmtree(module / "tests")
    shutil.copy(REPOSITORY / "environments" / "dev" / ".terraform.lock.hcl", module)
    run([bench.terraform, "init", "-input=false"], cwd=module, environ=environ)
    yield bench.compare("validate of a module", module, environ, "validate")

    root = prepared(work / "small", small_root(SMALL), environ, bench.terraform)
    yield bench.compare("plan of a module of 10 resources", root, environ, "plan", "-lock=false")

    runs = "".join(
        f'run "mocked_{number}" {{\n  command = plan\n'
        f"  assert {{\n    condition     = length(aws_subnet.this) == 8\n"
        f'    error_message = "subnets"\n  }}\n}}\n'
        for number in range(20)
    )
    tests = prepared(work / "tested", SMALL, environ, bench.terraform)
    (tests / "tests").mkdir()
    (tests / "tests" / "runs.tftest.hcl").write_text('mock_provider "aws" {}\n' + runs)
    yield bench.compare("test with 20 mocked runs", tests, environ, "test")


def environment_rows(bench: Bench, work: Path) -> Iterator[Pairs]:
    """Measure plans of prod, from nothing and applied."""
    project = work / "project"
    copy_project(project)
    own = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))}
    settings = load_settings(project, own)
    tap = [str(Path(sys.executable).parent / "tap")]
    try:
        for suffix, name in (("bench", "from nothing"), ("", "applied")):
            if not suffix:
                print("applying prod", file=sys.stderr)
                run([*tap, "apply", "prod"], cwd=project, environ=own)
            workspace = open_workspace(
                Request(
                    settings=settings,
                    environment=settings.environment("prod"),
                    target="local",
                    suffix=suffix,
                    environ=own,
                )
            )
            root = workspace.root
            environ = {**root.environ, "TF_DATA_DIR": str(root.data_directory)}
            same_plan(bench, root.directory, environ, name)
            yield bench.compare(
                f"plan of prod {name}", root.directory, environ, "plan", "-lock=false"
            )
    finally:
        Emulator(settings.work_directory / "emulator", environ=own).stop()


def same_plan(bench: Bench, folder: Path, environ: dict[str, str], name: str) -> None:
    """Fail unless both ways plan the same."""
    shown = []
    for attached in (None, bench.providers.attach(folder, environ)):
        variables = attached.variables if attached else {}
        file = str(folder.parent / "bench.tfplan")
        words = ["plan", "-lock=false", f"-out={file}"]
        run([bench.terraform, *words], cwd=folder, environ={**environ, **variables})
        shown.append(
            comparable(
                json.loads(
                    run([bench.terraform, "show", "-json", file], cwd=folder, environ=environ)
                )
            )
        )
    if shown[0] != shown[1]:
        raise SystemExit(f"plan of prod {name}: warm providers change the plan")
    print(f"plan of prod {name}: the same plan both ways", file=sys.stderr)


def suite_row(pairs: int) -> Pairs:
    """Measure the tests of all modules."""
    print("measuring: the module test suite", file=sys.stderr)

    def tests(value: str) -> Callable[[], None]:
        command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup"]
        command += ["--no-loadscope-reorder", "tests/modules", "tests/docs"]

        def work() -> None:
            subprocess.run(
                command,
                cwd=REPOSITORY,
                env={**os.environ, "TAP_WARM": value},
                check=True,
                capture_output=True,
            )

        return work

    return measure("the whole module test suite", tests("0"), tests("1"), pairs=pairs)


def table(rows: list[Pairs]) -> str:
    """Return the results as Markdown."""
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


def main() -> None:
    """Measure, print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=7, help="pairs after the warm-up")
    parser.add_argument("--suite-pairs", type=int, default=1, help="pairs of the test suite")
    parser.add_argument("--only", choices=["modules", "environments", "suite"], action="append")
    options = parser.parse_args()
    parts = options.only or ["modules", "environments", "suite"]
    rows: list[Pairs] = []
    with tempfile.TemporaryDirectory(prefix="tap-bench-") as folder, WarmProviders() as providers:
        work = Path(folder)
        own = {
            key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "TF_"))
        }
        environ = terraform_environ(own, folder=work)
        bench = Bench(str(find_terraform(os.environ).path), providers, options.pairs)
        if "modules" in parts:
            rows += module_rows(bench, work, environ)
        if "environments" in parts:
            rows += environment_rows(bench, work)
    if "suite" in parts:
        rows.append(suite_row(options.suite_pairs))
    print(table(rows))
    report: dict[str, Any] = {"machine": machine(), "rows": [row.report() for row in rows]}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "warm-providers.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
