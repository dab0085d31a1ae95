"""An environment that is planned once and applied once in a run, whoever of its workers asks."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest

from tap.aws import account_id
from tap.emulator.control import Emulator
from tap.plan import Plan
from tap.process import run as run_program
from tap.terraform.installation import find_terraform
from tap.testing.project import TAP, Ended

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tap.aws import Target
    from tap.testing.project import Project
    from tap.testing.run import Run


_FOLDER = "deployments"
_NOTE = "environment"
_AGAIN = "again.json"


def applied_in(run: Run) -> list[tuple[str, str]]:
    """Return name and suffix of each environment that a run has applied, or tried to."""
    notes = sorted((run.folder / _FOLDER).glob(f"*/{_NOTE}"))
    return [
        (name, suffix) for name, _, suffix in (note.read_text().partition(" ") for note in notes)
    ]


@dataclass
class Deployment:
    """One environment in a project that a run shares.

    Each step is made by the first worker that asks for it and read by the others.

    Attributes:
        name: The environment.
        project: Where it is planned and applied.
        shared: The run of tests.
        suffix: Of a copy of the environment.
        plan_command: What plans it, for a shell.
        apply_command: What applies the saved plan, for a shell.
    """

    name: str
    project: Project
    shared: Run
    suffix: str = ""
    plan_command: str = f"{shlex.quote(str(TAP))} plan {{name}}"
    apply_command: str = f"{shlex.quote(str(TAP))} apply {{name}} --yes"

    @property
    def label(self) -> str:
        """Name of this copy of the environment, such as ``dev-pr42``."""
        return f"{self.name}-{self.suffix}" if self.suffix else self.name

    def progress(self, text: str) -> None:
        """Show one line at once."""
        self.shared.progress(text)

    @cached_property
    def planned(self) -> Ended:
        """How the plan from nothing ended."""
        return self._once("planned", self._plan)["planned"]

    @cached_property
    def plan(self) -> Plan:
        """The plan from nothing."""
        return Plan.decode(self.plan_json)

    @property
    def plan_json(self) -> bytes:
        """The plan from nothing, as Terraform shows it."""
        if self.planned.returncode != 0:
            pytest.fail(self.planned.text)
        return (self._folder / "plan.json").read_bytes()

    @cached_property
    def apply(self) -> Ended:
        """How the first apply ended, of the saved plan; fails the test if it failed."""
        return self._applied["applied"]

    @property
    def plan_again(self) -> Plan | None:
        """The plan right after the first apply; None if it changes nothing."""
        self.require()
        file = self._folder / _AGAIN
        return Plan.decode(file.read_bytes()) if file.exists() else None

    def accepted(self, ended: Ended) -> bool:
        """Tell whether an apply has done all that can be done on the target."""
        return ended.returncode == 0

    def require_whole(self) -> None:
        """Apply it, and skip the test if the target could not take all of it."""
        self.require()

    def require(self) -> None:
        """Apply it unless that has been done; fail the test if it cannot be."""
        self._applied  # noqa: B018 - worked out once

    @property
    def again(self) -> Ended:
        """How the plan right after the first apply ended."""
        return self._applied["again"]

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """The outputs of the applied environment, by ``tap output``."""
        self.require()
        ended = self._tap("output", self.name, "--output", "json")
        return cast("dict[str, Any]", json.loads(ended.stdout))

    def plan_file(self, label: str) -> Path:
        """Return where ``tap plan`` saves the plan of a copy of the environment."""
        return self._work / self._target_name / "plans" / f"{label}.tfplan"

    def show(self, label: str) -> Plan:
        """Return a saved plan, read by Terraform itself."""
        return Plan.decode(self.show_json(label))

    def show_json(self, label: str) -> bytes:
        """Return a saved plan in JSON."""
        return self._terraform("show", "-json", self.plan_file(label), environ=self._environ(label))

    def changes(self) -> list[str]:
        """Plan by Terraform alone and return the addresses of what would change.

        Nothing is judged, shown or saved, which is all that ``tap plan`` adds.
        """
        self.require()
        variables = {"TF_VAR_name_suffix": self.suffix, "TF_VAR_target": self._target_name}
        environ = self.target.environ({**self._environ(self.label), **variables})
        plan = ("plan", "-input=false", "-lock=false", "-json")
        printed = self._terraform(*plan, environ=environ)
        events = [json.loads(line) for line in printed.splitlines()]
        if not any(event["type"] == "change_summary" for event in events):
            pytest.fail(printed.decode())
        return [
            event["change"]["resource"]["addr"]
            for event in events
            if event["type"] == "planned_change"
        ]

    def _environ(self, label: str) -> dict[str, str]:
        """Return what Terraform itself needs in a copy of the environment."""
        return self.project.environ(
            CHECKPOINT_DISABLE="1",
            TF_CLI_CONFIG_FILE=str(self._work / "terraformrc"),
            TF_DATA_DIR=str(self._work / self._target_name / "data" / label),
        )

    def _terraform(self, *words: str | Path, environ: dict[str, str]) -> bytes:
        """Run a command of Terraform that reads, with a warm provider."""
        ended = run_program(
            [TAP, "warm", "--", find_terraform(environ).path, *words],
            env=environ,
            cwd=self.project.directory / "environments" / self.name,
        )
        if ended.returncode != 0:
            pytest.fail(ended.stdout + ended.stderr)
        return ended.stdout.encode()

    @property
    def emulator(self) -> Emulator:
        """The embedded emulator that the project's commands use."""
        if self._target_name != "local":
            pytest.skip("asks the embedded emulator about itself")
        return Emulator(self._work / "emulator")

    def client(self, service: str, region: str | None = None) -> Any:  # noqa: ANN401 - boto3's
        """Return a boto3 client of what the environment was applied to.

        Args:
            service: The name boto3 gives the service, such as ``elbv2``.
            region: Another region than that of the states.
        """
        self.require()
        return self.target.client(service, region)

    @cached_property
    def account_id(self) -> str:
        """The account that it was applied to."""
        return account_id(self.target)

    @cached_property
    def target(self) -> Target:
        """What it was applied to."""
        return self.project.target

    @cached_property
    def _applied(self) -> dict[str, Ended]:
        if not self.plan.resource_changes:
            pytest.fail(f"the plan of {self.label} changes nothing")
        ended = self._once("applied", self._apply)
        if not self.accepted(ended["applied"]):
            pytest.fail(ended["applied"].text)
        return ended

    def _plan(self) -> dict[str, Ended]:
        self.progress(f"{self.label}: planning")
        ended = self.project.shell(
            self.plan_command.format(name=self.name), expected=None, **self._variables
        )
        if ended.returncode == 0:
            (self._folder / "plan.json").write_bytes(self.show_json(self.label))
        return {"planned": ended}

    def _apply(self) -> dict[str, Ended]:
        self.progress(f"{self.label}: applying")
        # Also what is applied in part has to be destroyed.
        (self._folder / _NOTE).write_text(f"{self.name} {self.suffix}")
        ended = self.project.shell(
            self.apply_command.format(name=self.name), expected=None, **self._variables
        )
        if not self.accepted(ended):
            self.progress(f"{self.label}: apply failed")
            return {"applied": ended}
        self.progress(f"{self.label}: applied")
        # At once, before any test changes anything.
        again = self._tap("plan", self.name)
        if self.plan_file(self.label).exists():
            (self._folder / _AGAIN).write_bytes(self.show_json(self.label))
        return {"applied": ended, "again": again}

    def _once(self, step: str, make: Callable[[], dict[str, Ended]]) -> dict[str, Ended]:
        """Take a step, or read how it ended in the worker that has taken it."""
        file = self._folder / f"{step}.json"
        with self.shared.alone(f"{self.label}-{step}"):
            if not file.exists():
                self._folder.mkdir(parents=True, exist_ok=True)
                file.write_bytes(msgspec.json.encode(make()))
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Ended])

    def _tap(self, *args: str) -> Ended:
        return self.project.run(*args, *(["--suffix", self.suffix] if self.suffix else []))

    @property
    def _variables(self) -> dict[str, str]:
        return {"TAP_SUFFIX": self.suffix} if self.suffix else {}

    @property
    def _folder(self) -> Path:
        return self.shared.made() / _FOLDER / self.label

    @property
    def _work(self) -> Path:
        return self.project.directory / ".tap"

    @property
    def _target_name(self) -> str:
        return self.project.variables.get("TAP_TARGET", "local")
