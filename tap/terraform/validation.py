"""``terraform validate`` of modules and roots, without an account or a backend."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from tap.errors import TerraformError
from tap.terraform.installation import find_terraform, terraform_environ
from tap.terraform.root import Root

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tap.settings import Settings
    from tap.terraform.root import Reporter
    from tap.warm.providers import WarmProviders

_ALIASES = re.compile(r"configuration_aliases\s*=\s*\[([^\]]*)\]")


def validated_folders(settings: Settings) -> list[Path]:
    """Return every folder that Terraform can validate: modules, environments, backend."""
    modules = sorted(file.parent for file in settings.root.glob("modules/*/main.tf"))
    roots = [environment.directory for environment in settings.environments.values()]
    backend = settings.root / "backend"
    return [*modules, settings.root / "environments" / "_stack", *roots, backend]


def validate_folder(
    folder: Path,
    settings: Settings,
    environ: Mapping[str, str],
    reporter: Reporter,
    warm: WarmProviders | None = None,
) -> None:
    """Validate one module or root.

    A module has no lock file, and maybe providers that its caller passes in. So a copy of it
    is validated, with both added.

    Args:
        folder: The module or root.
        settings: The project.
        environ: The variables of the user.
        reporter: Who is told what happens.
        warm: Serves the provider; None lets Terraform start it.

    Raises:
        TerraformError: It is invalid; the message holds file and line.
    """
    name = folder.relative_to(settings.root)
    work = settings.work_directory / "validate" / name
    directory = folder
    if not (folder / ".terraform.lock.hcl").is_file():
        directory = work / "module"
        _copy(folder, directory, settings)
    root = Root(
        directory=directory,
        data_directory=work / "data",
        terraform=find_terraform(environ).path,
        environ=terraform_environ(environ, folder=settings.work_directory),
        reporter=reporter,
        warm=warm,
    )
    try:
        root.init(None)
        root.validate()
    except TerraformError as error:
        raise type(error)(f"{name}: {error.message}", error.hint) from None


def _copy(folder: Path, directory: Path, settings: Settings) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    # All files, because templates and scripts are read by validate, too.
    shutil.copytree(folder, directory, ignore=shutil.ignore_patterns(".*", "tests"))
    text = ""
    for file in directory.glob("*.tf"):
        content = file.read_text(encoding="utf-8")
        text += content
        file.write_text(_absolute_sources(content, folder), encoding="utf-8")
    for aliases in _ALIASES.findall(text):
        for provider, alias in re.findall(r"(\w+)\.(\w+)", aliases):
            (directory / f"provider-{alias}.tf").write_text(
                f'provider "{provider}" {{\n  alias = "{alias}"\n}}\n', encoding="utf-8"
            )
    lock_files = sorted(settings.root.glob("environments/*/.terraform.lock.hcl"))
    if lock_files:
        (directory / ".terraform.lock.hcl").write_bytes(lock_files[0].read_bytes())


def _absolute_sources(content: str, folder: Path) -> str:
    """Point relative module sources at the folder they were written for."""
    return re.sub(
        r'^(\s*source\s*=\s*)"(\.\.?/[^"]*)"',
        lambda match: f'{match[1]}"{(folder / match[2]).resolve()}"',
        content,
        flags=re.MULTILINE,
    )
