"""Faults put into the HCL of this repository one by one, and what names them.

A mutation is a replacement of text. Several are planned together, because most of a plan's time
does not depend on them; what each of them must be named by tells them apart.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tap.aws import Target
from tap.plan import Plan
from tap.policy import Outcome, Planned, Sources, all_rules, judge
from tap.proofs.access.from_plan import read_plan as read_access
from tap.proofs.intents import read_intents
from tap.proofs.network.from_plan import read_plan as read_network
from tap.proofs.network.network import Network
from tap.proofs.network.tiers import Tiers
from tap.proofs.sources import Sources as ProofSources
from tap.proofs.verdict import prove
from tap.terraform.installation import find_provider, find_terraform
from tests.conftest import ENVIRONMENTS, REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FILE = Path(__file__).parent / "mutations.toml"
ENVIRONMENT = "prod"
REGION = "eu-west-1"

_ACCOUNT = "123456789012"
_COPIED = ("environments", "modules")
# The state of a copy is empty and its own.
_OWN_STATE = 'terraform {\n  backend "local" {}\n}\n'


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One fault.

    Attributes:
        name: Short, and its own.
        fault: What is wrong with it, as a person would say.
        file: Which file it is put into, from the root of the repository.
        old: Text that is there once.
        new: What stands there instead.
        batch: Those of one batch are planned together.
        found: What must name it: ``RULE ADDRESS``, ``unexpected: A -> B: TRAFFIC`` or
            ``refuted: INTENT``. Empty for one that nothing finds.
        survives: Why nothing finds it; only where nothing does.
    """

    name: str
    fault: str
    file: str
    old: str
    new: str
    batch: int
    found: tuple[str, ...] = ()
    survives: str = ""

    def apply(self, root: Path) -> None:
        """Put the fault in.

        Raises:
            ValueError: Its text is not there exactly once; what it mutates has changed.
        """
        path = root / self.file
        text = path.read_text()
        if (count := text.count(self.old)) != 1:
            raise ValueError(f"{self.name}: its text is {count} times in {self.file}, not once")
        path.write_text(text.replace(self.old, self.new))


def read_mutations(file: Path = FILE) -> tuple[Mutation, ...]:
    """Return all mutations, in the order of the file."""
    written = tomllib.loads(file.read_text())["mutation"]
    return tuple(Mutation(**{**each, "found": tuple(each.get("found", ()))}) for each in written)


@dataclass
class MutationPlanner:
    """Plans one environment with faults in it, and says what rules and proofs have to say.

    Attributes:
        folder: Where the copy is made.
        endpoint: The emulator that the data sources of the composition ask.
        warm_variables: Gives Terraform a provider that is ready.
    """

    folder: Path
    endpoint: str
    warm_variables: Callable[..., dict[str, str]]
    _found: dict[tuple[str, ...], frozenset[str]] = field(default_factory=dict)

    def named(self, mutations: Iterable[Mutation]) -> frozenset[str]:
        """Return what is said of some mutations together, and not without them."""
        chosen = tuple(mutations)
        return self._said(chosen) - self._said(())

    def _said(self, mutations: tuple[Mutation, ...]) -> frozenset[str]:
        key = tuple(each.name for each in mutations)
        if key not in self._found:
            self._write(mutations)
            self._found[key] = frozenset(said(self._plan(), self.root))
        return self._found[key]

    @property
    def root(self) -> Path:
        """The root module of the copy."""
        return self.folder / "environments" / ENVIRONMENT

    def _write(self, mutations: tuple[Mutation, ...]) -> None:
        """Make the copy as the repository is, but for the mutations; what init left stays."""
        for name in _COPIED:
            shutil.copytree(
                REPOSITORY / name,
                self.folder / name,
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns(".terraform"),
            )
        self.root.joinpath("backend.tf").write_text(_OWN_STATE)
        for each in mutations:
            each.apply(self.folder)

    def _plan(self) -> Plan:
        environ = {**self._environ, **self.warm_variables(self.root, self._environ)}
        self._terraform("plan", "-out=mutated", "-refresh=false", "-lock=false", **environ)
        return Plan.decode(self._terraform("show", "-json", "mutated", **environ))

    @cached_property
    def _environ(self) -> Mapping[str, str]:
        """The variables of Terraform, in a folder that is initialised once."""
        provider = find_provider(os.environ, home=Path.home())
        configuration = self.folder / "terraformrc"
        configuration.write_text(provider.configuration)
        target = Target(name="local", endpoint=self.endpoint, region=REGION)
        environ = {
            **target.environ({}),
            "TF_CLI_CONFIG_FILE": str(configuration),
            "TF_VAR_target": "local",
            "CHECKPOINT_DISABLE": "1",
            "NO_COLOR": "1",
        }
        self._terraform("init", "-lockfile=readonly", **environ)
        return environ

    def _terraform(self, command: str, *arguments: str, **environ: str) -> bytes:
        done = subprocess.run(
            [find_terraform(os.environ).path, command, "-input=false", *arguments]
            if command != "show"
            else [find_terraform(os.environ).path, command, *arguments],
            cwd=self.root,
            env={**os.environ, **environ},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"terraform {command}: {done.stderr.decode()}"
        return done.stdout


def said(plan: Plan, root: Path) -> Iterable[str]:
    """Yield everything that rules and proofs say against a plan."""
    base = root.parents[1]
    sources = Sources(root, base=base, cache=base / "parsed")
    planned = Planned(plan, sources=sources, environment=ENVIRONMENT, protected=True)
    for finding in judge(all_rules(), plan=planned, sources=sources):
        if finding.outcome is Outcome.FAILED:
            yield f"{finding.rule.id} {finding.address}"
    parsed = ProofSources(root=root, cache=base / "parsed")
    verdict = prove(
        "it",
        read_intents(
            REPOSITORY / "environments" / "_stack" / "intents.txt",
            environment=ENVIRONMENT,
            environments=ENVIRONMENTS,
            words={
                "account": _ACCOUNT,
                "environment": ENVIRONMENT,
                "prefix": f"payments-{ENVIRONMENT}",
                "region": REGION,
            },
        ),
        tiers=Tiers(Network(read_network(plan, sources=parsed))),
        access=read_access(plan, region=REGION, sources=parsed),
    )
    for proof in verdict.broken:
        yield f"{proof.answer}: {proof.line.text}"
    for each in verdict.unexpected:
        yield f"unexpected: {each.source} -> {each.destination}: {each.traffic}"


def shared_names(mutations: Iterable[Mutation]) -> list[str]:
    """Return what two mutations of one batch are both named by, so that it tells neither apart."""
    claims = Counter((each.batch, text) for each in mutations for text in each.found)
    return sorted(text for (_, text), count in claims.items() if count > 1)
