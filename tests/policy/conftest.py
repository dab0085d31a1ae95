"""Fixtures of rules: small configurations, each with what a rule must say about it.

A case is a file or folder below ``fixtures/<RULE>/`` whose name begins with ``bad`` or ``good``.
Each is a module; all that belong to one area are called by one root and planned together,
because most of a plan's time does not depend on its size. The plan is then cut apart again.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from tap.plan import Configuration, Plan
from tap.policy import Finding, Outcome, Planned, Scope, Sources, find_rule, judge
from tap.testing.planner import OFFLINE_PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.terraform.root import Root

FIXTURES = Path(__file__).parent / "fixtures"
LOCK_FILE = Path(__file__).parents[2] / "environments" / "dev" / ".terraform.lock.hcl"
_EXPECTED = re.compile(r"(?:#|//|\"//\":\s*\")\s*expect(?P<unknown> unknown)?:\s*(?P<text>.*)")


@dataclass(frozen=True)
class Case:
    """One configuration for one rule.

    Attributes:
        rule: Id of the rule.
        path: A single file, or a folder.
    """

    rule: str
    path: Path

    @property
    def name(self) -> str:
        """Such as ``SG-01/bad_ipv6``."""
        return f"{self.rule}/{self.path.name.partition('.')[0]}"

    @property
    def call(self) -> str:
        """The name of its module in the root that plans it; links to one file share a module."""
        path = self.path.resolve()
        return re.sub(r"\W", "_", f"{path.parent.name}/{path.name.partition('.')[0]}").lower()

    @property
    def is_planned(self) -> bool:
        """Whether its rule reads a plan."""
        return find_rule(self.rule).scope is not Scope.HCL

    @property
    def expected(self) -> list[tuple[Outcome, str, str]]:
        """Outcome, address and a part of the message of all that must be found.

        They stand in comments such as ``# expect: aws_security_group.a "0.0.0.0/0"``.
        """
        files = sorted(self.path.rglob("*.tf*")) if self.path.is_dir() else [self.path]
        found = []
        for match in _EXPECTED.finditer("\n".join(file.read_text() for file in files)):
            address, _, part = match["text"].strip(' ",').partition(" ")
            assert part, f"{self.name}: write 'expect: ADDRESS PART-OF-MESSAGE'"
            outcome = Outcome.UNKNOWN if match["unknown"] else Outcome.FAILED
            found.append((outcome, address, part))
        return found


@dataclass
class Planner:
    """Plans the cases of one area at a time, all in one folder that is initialised once.

    Attributes:
        folder: Where the root and its modules are written.
        initialized: Returns Terraform in a folder, after init.
    """

    folder: Path
    initialized: Callable[[Path], Root]
    _plans: dict[str, Plan] = field(default_factory=dict)

    def source(self, case: Case) -> Path:
        """Return the folder of a case's module."""
        return self.folder / case.call

    def plan(self, case: Case) -> Plan:
        """Return what is planned for a case, as if it were a root."""
        area = find_rule(case.rule).area
        if area not in self._plans:
            self._plans[area] = self._planned(area)
        return cut(self._plans[area], case.call)

    def _planned(self, area: str) -> Plan:
        root = self._root
        self._write_root([case for case in self._cases if find_rule(case.rule).area == area])
        saved = self.folder / "plan"
        root.plan(saved)
        return root.show(saved).plan

    def _write_root(self, cases: list[Case]) -> None:
        root = {
            "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
            "provider": {"aws": {"region": "eu-west-1", **OFFLINE_PROVIDER}},
            "module": {case.call: {"source": f"./{case.call}"} for case in cases},
        }
        self.folder.joinpath("main.tf.json").write_text(json.dumps(root))

    @cached_property
    def _cases(self) -> list[Case]:
        return [case for case in all_cases() if case.is_planned]

    @cached_property
    def _root(self) -> Root:
        """Terraform in a folder that is initialised for all areas."""
        shutil.copy(LOCK_FILE, self.folder)
        for case in {case.call: case for case in self._cases}.values():
            copy_case(case, self.source(case))
        self._write_root(self._cases)
        return self.initialized(self.folder)


def copy_case(case: Case, folder: Path) -> None:
    """Make a module of a case."""
    if case.path.is_dir():
        shutil.copytree(case.path, folder)
    else:
        folder.mkdir(parents=True)
        shutil.copy(case.path, folder)


def cut(plan: Plan, call: str) -> Plan:
    """Return of a plan what one module of its root makes, as the plan of a root."""
    prefix = f"module.{call}"
    changes = tuple(
        msgspec.structs.replace(
            change,
            address=change.address.removeprefix(f"{prefix}."),
            module_address=change.module_address.removeprefix(prefix).removeprefix("."),
        )
        for change in plan.resource_changes
        if change.address.startswith(f"{prefix}.")
    )
    module = plan.configuration.root_module.module_calls[call].module
    return msgspec.structs.replace(
        plan, resource_changes=changes, configuration=Configuration(root_module=module)
    )


def all_cases() -> list[Case]:
    """Return every case there is."""
    return [
        Case(folder.name, path)
        for folder in sorted(FIXTURES.iterdir())
        for path in sorted(folder.iterdir())
        if path.name.startswith(("bad", "good"))
    ]


@pytest.fixture(scope="session")
def found(
    tmp_path_factory: pytest.TempPathFactory, warm_root: Callable[[Path], Root]
) -> Callable[[Case], tuple[Finding, ...]]:
    """Return a function: case -> what its rule finds in it."""
    planner = Planner(tmp_path_factory.mktemp("rules"), warm_root)

    def findings(case: Case) -> tuple[Finding, ...]:
        rule = find_rule(case.rule)
        if case.is_planned:
            # The files are read where Terraform has planned them.
            plan = planner.plan(case)
            sources = Sources(planner.source(case), base=planner.source(case))
            planned = Planned(plan, sources=sources, environment="prod", protected=True)
            return judge([rule], plan=planned, sources=sources)
        folder = tmp_path_factory.mktemp("case") / "root"
        copy_case(case, folder)
        # A case of several roots beside each other has the one that is judged in ``root``.
        root = folder / "root" if (folder / "root").is_dir() else folder
        return judge([rule], sources=Sources(root, base=folder))

    return findings
