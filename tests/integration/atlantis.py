"""Runs the steps of a workflow as Atlantis does.

Sources: https://www.runatlantis.io/docs/custom-workflows.html and, in
https://github.com/runatlantis/atlantis, ``server/core/runtime/run_step_runner.go`` (variables,
shell and folder of a step), ``env_step_runner.go``, ``models/shell_command_runner.go`` (both
streams become one text) and ``server/events/project_command_runner.go`` (what becomes of it).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml

from tap.testing.project import TAP
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.stage import Stage

REPOS = REPOSITORY / "docs" / "examples" / "atlantis" / "repos.yaml"

TERRAFORM_VERSION = "1.11.4"


@dataclass(frozen=True)
class Comment:
    """What a stage would say on the pull request."""

    text: str
    failed: bool

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()


@dataclass(frozen=True)
class Atlantis:
    """A server with one pull request.

    Attributes:
        stage: The clone, and the emulator in the place of AWS.
        binaries: Where it has put the versions of Terraform that it downloaded.
    """

    stage: Stage
    binaries: Path

    def run(self, name: str, stage: str, **server: str) -> Comment:
        """Run the steps of a stage for one project.

        Args:
            name: The project.
            stage: ``plan``, ``policy_check`` or ``apply``.
            server: Variables of the server itself.
        """
        steps = yaml.safe_load(REPOS.read_text())["workflows"]["tap"][stage]["steps"]
        base = {**self._server(), **server, **self._variables(name)}
        added: dict[str, str] = {}
        outputs = []
        for step in steps:
            ((kind, value),) = step.items()
            if kind == "env" and "command" in value:
                code, said = self._shell(value["command"], name, base | added)
                added[value["name"]] = said.removesuffix("\n")
            elif kind == "env":
                code = 0
                added[value["name"]] = value["value"]
            else:
                assert kind == "run", f"a step that this does not know: {kind}"
                code, said = self._shell(value, name, base | added)
                if said:
                    outputs.append(said)
            if code != 0:
                return Comment("\n".join(outputs), failed=True)
        return Comment("\n".join(outputs), failed=False)

    def path(self, name: str, ending: str) -> Path:
        """Return a file that Atlantis names after project and workspace."""
        return self._folder(name) / f"{name}-default{ending}"

    def _shell(self, command: str, name: str, variables: dict[str, str]) -> tuple[int, str]:
        # The two pipes are read at the same time, so nothing is known of their order.
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self._folder(name),
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        text = (done.stderr + done.stdout).decode()
        if done.stderr:
            assert done.returncode, f"a step prints to both streams: {command}"
        return done.returncode, text

    def _folder(self, name: str) -> Path:
        return self.stage.project.directory / "environments" / name

    def _server(self) -> dict[str, str]:
        kept = ("LANG", "LC_ALL", "TMPDIR", "XDG_CACHE_HOME", "PYTHONPATH")
        folders = [str(TAP.parent), os.defpath]
        return {
            **{key: os.environ[key] for key in kept if key in os.environ},
            "HOME": str(self.stage.project.directory / "home"),
            "PATH": os.pathsep.join([*folders, str(self.binaries)]),
            "AWS_ENDPOINT_URL": self.stage.endpoint,
            "TAP_TARGET": "localstack",
        }

    def _variables(self, name: str) -> dict[str, str]:
        return {
            "ATLANTIS_TERRAFORM_DISTRIBUTION": "terraform",
            "ATLANTIS_TERRAFORM_VERSION": TERRAFORM_VERSION,
            "BASE_BRANCH_NAME": "main",
            "BASE_REPO_NAME": "environments",
            "BASE_REPO_OWNER": "example",
            "COMMENT_ARGS": "",
            "DIR": str(self._folder(name)),
            "HEAD_BRANCH_NAME": "change",
            "HEAD_COMMIT": "8c2d3f1f2a6d0b1c9e7f4a5b6c7d8e9f0a1b2c3d",
            "HEAD_REPO_NAME": "environments",
            "HEAD_REPO_OWNER": "example",
            "PLANFILE": str(self.path(name, ".tfplan")),
            "POLICYCHECKFILE": str(self.path(name, "-policyout.json")),
            "PROJECT_NAME": name,
            "PULL_AUTHOR": "author",
            "PULL_NUM": "42",
            "PULL_URL": "https://github.com/example/environments/pull/42",
            "REPO_REL_DIR": f"environments/{name}",
            "SHOWFILE": str(self.path(name, ".json")),
            "USER_NAME": "reviewer",
            "WORKSPACE": "default",
        }


def serve(stage: Stage, folder: Path) -> Atlantis:
    """Return a server that has downloaded Terraform, with no other one on its PATH."""
    terraform = shutil.which("terraform")
    assert terraform is not None
    folder.mkdir()
    (folder / f"terraform{TERRAFORM_VERSION}").symlink_to(terraform)
    return Atlantis(stage, folder)


def policy_passed(text: str) -> set[bool]:
    """Return what versions of Atlantis take the text of a custom policy check for.

    The older rule looks for a word, the newer one for a number of failures above zero or for a line
    that begins with FAIL: https://github.com/runatlantis/atlantis/pull/6019
    """
    counted = re.search(r"\b[1-9]\d* failures?\b", text) or re.search(
        r"^FAIL\b", text, re.MULTILINE
    )
    return {"fail" not in text.lower(), counted is None}
