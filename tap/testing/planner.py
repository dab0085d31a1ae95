"""Plans of single modules and roots, from nothing and, for modules, without asking anybody.

The module is called as ``module.this`` by a root that is written for it. A plan is a function of
the files of the module and of those it calls, the lock file, the variables and the programs; so
it is kept under the digest of all that, and made again when one of them has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap import __version__
from tap.errors import SettingsError
from tap.folders import cache_folder
from tap.hcl import load_module
from tap.plan import Plan
from tap.terraform.inputs import LOCK_FILE, digest_file, digest_files
from tap.terraform.installation import find_provider, find_terraform, terraform_environ
from tap.terraform.root import Root
from tap.warm.commands import reason_against

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap.hcl import Module
    from tap.warm.providers import WarmProviders

DEFAULT_REGION = "us-east-1"
STATE = "terraform.tfstate"

# Of a provider that plans without asking anybody.
OFFLINE_PROVIDER: dict[str, Any] = {
    "access_key": "offline",
    "secret_key": "offline",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": "true",
    "skip_region_validation": True,
    "skip_requesting_account_id": True,
}

_LOCAL = ("./", "../")
_FOREIGN_VARIABLES = ("AWS_", "TF_", "LOCALSTACK_")
_KEPT_SECONDS = 30 * 24 * 3600.0


@dataclass(frozen=True)
class Calling:
    """A root that calls one module.

    Attributes:
        module: The folder of the module.
        variables: Its inputs.
        regions: The region of each provider ``aws`` by alias; the empty alias is the default.
    """

    module: Path
    variables: Mapping[str, Any]
    regions: Mapping[str, str]

    @cached_property
    def parsed(self) -> Module:
        """The module."""
        return _parsed(self.module)

    @property
    def is_root(self) -> bool:
        """Whether it configures its own providers, and so talks to what they talk to."""
        return bool(self.parsed.providers)

    @property
    def uses_aws(self) -> bool:
        """Whether it or a module it calls needs the provider."""
        modules = [_parsed(folder) for folder in _closure(self.module)]
        return any(
            "aws" in module.settings.required_providers
            or any(each.type.startswith("aws_") for each in module.resources.values())
            for module in modules
        )

    def text(self, folder: Path) -> str:
        """Return ``main.tf.json`` of the calling root in a folder."""
        call: dict[str, Any] = {"source": os.path.relpath(self.module, folder), **self.variables}
        output: dict[str, Any] = {"value": "${module.this}"}
        if any(each.sensitive for each in self.parsed.outputs.values()):
            output["sensitive"] = True
        required = {
            name: {key: value for key in ("source", "version") if (value := getattr(each, key))}
            for name, each in self.parsed.settings.required_providers.items()
        }
        root: dict[str, Any] = {
            "terraform": {"required_providers": required},
            "module": {"this": call},
            "output": {"this": output},
        }
        if self.uses_aws and not self.is_root:
            regions = {"": DEFAULT_REGION, **self.regions}
            root["provider"] = {
                "aws": [
                    ({"alias": alias} if alias else {}) | {"region": region} | OFFLINE_PROVIDER
                    for alias, region in regions.items()
                ]
            }
            if aliases := [alias for alias in regions if alias]:
                names = ["aws", *(f"aws.{alias}" for alias in aliases)]
                call["providers"] = {name: name for name in names}
        return json.dumps(root, indent=2, sort_keys=True)


@dataclass
class Planner:
    """Plans modules in folders of its own.

    Attributes:
        folder: For the calling roots.
        kept: For plans that were made; None keeps none.
        lock_file: Of the provider, for modules that have none of their own.
        warm: Serves the provider.
        target_environ: The variables with which a root finds its target, asked for the first
            time that a root is planned.
        keep_roots: Whether plans of roots may be kept: not when what they ask may change.
    """

    folder: Path
    kept: Path | None
    lock_file: Path | None
    warm: WarmProviders
    target_environ: Callable[[], Mapping[str, str]]
    keep_roots: bool = False
    _ready: dict[str, Root] = field(default_factory=dict)

    def plan(
        self,
        module: Path,
        variables: Mapping[str, Any],
        regions: Mapping[str, str] | None = None,
    ) -> Plan:
        """Return the plan of a module or root from nothing, as ``module.this``.

        Args:
            module: Its folder.
            variables: Its inputs.
            regions: The region of each provider ``aws`` by alias; the empty alias is the default.

        Raises:
            SettingsError: There is no lock file for it.
            TerraformError: Terraform refused; the message says what the module said.
        """
        return Plan.decode(self.plan_json(Calling(module.resolve(), variables, regions or {})))

    def plan_json(self, calling: Calling) -> bytes:
        """Return a plan as Terraform shows it in JSON."""
        root = self.prepare(calling)
        keep = self.kept is not None and (self.keep_roots or not calling.is_root)
        file = (self.kept or self.folder) / f"{self._digest(calling, root)}.json"
        if keep and file.exists():
            file.touch()
            return file.read_bytes()
        root.init(None)
        saved = root.directory / "this.tfplan"
        root.plan(saved)
        shown = root.show(saved).text
        if keep:
            fresh = file.with_suffix(f".{os.getpid()}")
            # A plan can hold secrets.
            fresh.touch(mode=0o600)
            fresh.write_bytes(shown)
            fresh.replace(file)
        return shown

    def prepare(self, calling: Calling) -> Root:
        """Write the calling root, and return Terraform in it."""
        root = self.root(calling)
        (root.directory / "main.tf.json").write_text(calling.text(root.directory))
        return root

    def root(self, calling: Calling) -> Root:
        """Return Terraform where a module is called with the given regions."""
        key = f"{calling.module}{sorted(calling.regions.items())}"
        if key not in self._ready:
            name = f"{calling.module.name}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
            self._ready[key] = self._root(calling, self.folder / name)
        return self._ready[key]

    def forget_old(self) -> None:
        """Remove plans that nobody has asked for in a month."""
        for file in self.kept.glob("*.json") if self.kept else ():
            if time.time() - file.stat().st_mtime > _KEPT_SECONDS:
                file.unlink(missing_ok=True)

    def _root(self, calling: Calling, folder: Path) -> Root:
        folder.mkdir(parents=True)
        (folder / LOCK_FILE).write_bytes(self._lock_file(calling).read_bytes())
        if calling.is_root:
            environ = dict(self.target_environ())
        else:
            environ = {
                key: value
                for key, value in os.environ.items()
                if not key.startswith(_FOREIGN_VARIABLES)
            } | {"AWS_EC2_METADATA_DISABLED": "true"}
        return Root(
            directory=folder,
            data_directory=folder / ".terraform",
            terraform=find_terraform(os.environ).path,
            environ=terraform_environ(environ, folder=folder),
            warm=self.warm,
        )

    def _lock_file(self, calling: Calling) -> Path:
        own = calling.module / LOCK_FILE
        lock_file = own if own.is_file() else self.lock_file
        if lock_file is not None and lock_file.is_file():
            return lock_file
        if not calling.uses_aws and not calling.parsed.settings.required_providers:
            return Path(os.devnull)
        raise SettingsError(
            f"no {LOCK_FILE} for {calling.module}",
            "name one in the ini tap_lock_file; terraform providers lock writes it",
        )

    def _digest(self, calling: Calling, root: Root) -> str:
        folders = _closure(calling.module)
        files = digest_files(
            folders, project=root.directory, plan=root.directory, salt="", environ={}
        )
        state = root.directory / STATE
        parts = [
            __version__,
            str(calling.module),
            self._programs,
            "warm" if not reason_against(os.environ) else "cold",
            (root.directory / "main.tf.json").read_text(),
            (root.directory / LOCK_FILE).read_text(),
            state.read_text() if state.is_file() else "",
            sorted(files.items()),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @cached_property
    def _programs(self) -> str:
        """Terraform itself, and the place that the provider comes from; its lock file names it."""
        source = find_provider(os.environ, home=Path.home())
        return f"{digest_file(find_terraform(os.environ).path)} {source.configuration}"


def _parsed(folder: Path) -> Module:
    return load_module(folder, cache=cache_folder(os.environ, "hcl"))


def _closure(folder: Path) -> list[Path]:
    """Return a module and all local ones it calls."""
    found: list[Path] = []
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        if here in found or not here.is_dir():
            continue
        found.append(here)
        waiting += [
            (here / call.source).resolve()
            for call in _parsed(here).module_calls.values()
            if call.source.startswith(_LOCAL)
        ]
    return found
