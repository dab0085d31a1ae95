"""What warm providers save: the same commands with and without them, in turn."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Pairs, largest_memory, measure, run
from benchmarks.prod import REPOSITORY
from tap.testing.planner import OFFLINE_PROVIDER
from tap.warm.providers import WarmProviders
from tests.conftest import comparable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.prod import Prod

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


def environment_row(bench: Bench, prod: Prod, name: str) -> Pairs:
    """Measure a plan of prod as it is now, ``from nothing`` or ``applied``."""
    same_plan(bench, prod.root, prod.environ, f"prod {name}")
    return bench.compare(f"plan of prod {name}", prod.root, prod.environ, "plan", "-lock=false")


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
        raise SystemExit(f"plan of {name}: warm providers change the plan")
    print(f"plan of {name}: the same plan both ways", file=sys.stderr)


def suite_row(pairs: int) -> Pairs:
    """Measure the tests of all modules, and compare every plan that they make."""
    print("measuring: the module test suite", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="tap-bench-") as folder:
        recorded = {value: Path(folder) / value for value in ("0", "1")}

        def tests(value: str) -> Callable[[], None]:
            recorded[value].mkdir()
            command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup"]
            command += ["--no-loadscope-reorder", "tests/modules"]
            command.append(f"--record-plans={recorded[value]}")

            def work() -> None:
                # A cache of its own, because plans of modules are kept there.
                cache = tempfile.mkdtemp(dir=folder)
                # Go's default, which is what plain Terraform runs with.
                go = {"GOGC": "100"} if value == "0" else {}
                subprocess.run(
                    [*command, "-o", f"cache_dir={cache}"],
                    cwd=REPOSITORY,
                    env={**os.environ, "TAP_WARM": value, **go},
                    check=True,
                    stdout=sys.stderr,
                )

            return work

        row = measure(
            "the whole module test suite", tests("0"), tests("1"), pairs=pairs, warm_up=False
        )
        plain, warm = (
            {file.name: file.read_text() for file in recorded[value].iterdir()}
            for value in ("0", "1")
        )
        different = sorted(name for name in plain | warm if plain.get(name) != warm.get(name))
        if different:
            for name in different:
                before, after = (found.get(name, "").splitlines() for found in (plain, warm))
                lines = difflib.unified_diff(before, after, f"plain/{name}", f"warm/{name}", n=0)
                print(*lines, sep="\n", file=sys.stderr)
            names = ", ".join(different)
            raise SystemExit(f"the module test suite: warm providers change {names}")
        print(f"the module test suite: the same {len(plain)} plans both ways", file=sys.stderr)
    return row
