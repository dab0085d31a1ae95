"""Plans of single modules, through tftest, without a network.

Every module is called as ``module.this`` by a small root that is written into a temporary
folder, with providers that ask nobody anything. One folder per module and session is
initialised once and planned many times.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tftest

from tap.terraform.installation import find_provider, find_terraform
from tests.conftest import OFFLINE_PROVIDER, comparable

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap.coverage.recording import TerraformCoverage

REGION = "eu-west-1"
REPLICA_REGION = "eu-central-1"
ACCOUNT_ID = "123456789012"


@dataclass
class ModulePlanner:
    """Plans one module of ``modules/`` with the given inputs."""

    module: str
    folder: Path
    environ: dict[str, str]
    terraform: str
    warm_variables: Callable[..., dict[str, str]]
    coverage: TerraformCoverage
    aliases: dict[str, str] = field(default_factory=dict)
    record: Path | None = None
    _ready: bool = field(default=False)

    def plan(self, *, refresh: bool = True, **inputs: Any) -> Any:
        """Return tftest's plan: ``.modules['module.this'].resources``, ``.outputs``...

        Args:
            refresh: Whether Terraform asks the provider for what is in a state.
            inputs: The variables of the module.
        """
        plan = self._test(inputs).plan(output=True, refresh=refresh)
        if self.record is not None:
            text = json.dumps(comparable(plan._raw), indent=1, sort_keys=True)
            asked = json.dumps([inputs, sorted(self.aliases.items())], sort_keys=True)
            digest = hashlib.sha256(asked.encode()).hexdigest()[:16]
            (self.record / f"{self.module}-{digest}.json").write_text(text)
        return tftest.TerraformPlanOutput(self.coverage.plan(plan._raw, self.folder))

    def refused(self, *, refresh: bool = True, **inputs: Any) -> str:
        """Return the errors of a plan that must fail, as one line with single spaces."""
        with pytest.raises(tftest.TerraformTestError) as caught:
            self._test(inputs).plan(refresh=refresh)
        self.coverage.refused(str(caught.value.cmd_error), self.folder)
        return " ".join(str(caught.value.cmd_error).replace("\u2502", " ").split())

    def _test(self, inputs: dict[str, Any]) -> Any:
        test = tftest.TerraformTest(str(self.folder), binary=self.terraform, env=self.environ)
        self._write_root(inputs)
        if not self._ready:
            test.init(input=False)
            self._ready = True
        test.env.update(self.warm_variables(self.folder, self.environ))
        return test

    def _write_root(self, inputs: dict[str, Any]) -> None:
        source = os.path.relpath(Path(__file__).parents[2] / "modules" / self.module, self.folder)
        call: dict[str, Any] = {"source": source, **inputs}
        providers: list[dict[str, Any]] = [{"region": REGION, **OFFLINE_PROVIDER}]
        if self.aliases:
            call["providers"] = {"aws": "aws"}
        for alias, region in self.aliases.items():
            providers.append({"alias": alias, "region": region, **OFFLINE_PROVIDER})
            call["providers"][f"aws.{alias}"] = f"aws.{alias}"
        root = {
            "terraform": {
                "required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5.100"}}
            },
            "provider": {"aws": providers},
            "module": {"this": call},
            "output": {"this": {"value": "${module.this}"}},
        }
        (self.folder / "main.tf.json").write_text(json.dumps(root, indent=2))


@pytest.fixture(scope="session")
def module_planner(
    tmp_path_factory: pytest.TempPathFactory,
    warm_variables: Callable[..., dict[str, str]],
    terraform_coverage: TerraformCoverage,
    pytestconfig: pytest.Config,
) -> Any:
    """Return a function: module name -> :class:`ModulePlanner`.

    Its ``aliases`` are the further providers the module asks for, by alias, each with its region;
    ``replica=True`` is short for the one of the second region.
    """
    planners: dict[tuple[str, frozenset[tuple[str, str]]], ModulePlanner] = {}
    provider = find_provider(os.environ, home=Path.home())
    terraform = find_terraform(os.environ)
    lock_file = Path(__file__).parents[2] / "environments" / "dev" / ".terraform.lock.hcl"

    def planner(
        module: str, *, replica: bool = False, aliases: dict[str, str] | None = None
    ) -> ModulePlanner:
        aliases = (aliases or {}) | ({"replica": REPLICA_REGION} if replica else {})
        key = (module, frozenset(aliases.items()))
        if key not in planners:
            folder = tmp_path_factory.mktemp(module)
            shutil.copy(lock_file, folder)
            configuration = folder / "terraformrc"
            configuration.write_text(provider.configuration)
            planners[key] = ModulePlanner(
                module=module,
                folder=folder,
                environ={
                    "TF_CLI_CONFIG_FILE": str(configuration),
                    "CHECKPOINT_DISABLE": "1",
                    "AWS_EC2_METADATA_DISABLED": "true",
                    "NO_COLOR": "1",
                },
                terraform=str(terraform.path),
                warm_variables=warm_variables,
                coverage=terraform_coverage,
                aliases=aliases,
                record=pytestconfig.getoption("--record-plans", default=None),
            )
        return planners[key]

    return planner


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--record-plans``, by which two runs can be compared."""
    parser.addoption(
        "--record-plans",
        type=Path,
        metavar="FOLDER",
        help="write every plan of a module as JSON into this folder, which exists",
    )
