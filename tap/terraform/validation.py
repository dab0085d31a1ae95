"""``terraform validate`` and ``terraform test``, without an account or a backend."""

from __future__ import annotations

import re
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from tap.errors import TerraformError
from tap.terraform.installation import find_terraform, terraform_environ
from tap.terraform.root import Root

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tap.settings import Settings
    from tap.terraform.root import Reporter
    from tap.warm.providers import WarmProviders

_ALIASES = re.compile(r"configuration_aliases\s*=\s*\[([^\]]*)\]")


def validated_folders(settings: Settings) -> list[Path]:
    """Return every folder that Terraform can validate: modules, environments, backend, if there."""
    modules = sorted(file.parent for file in settings.root.glob("modules/*/main.tf"))
    roots = [environment.directory for environment in settings.environments.values()]
    stack, backend = settings.root / "environments" / "_stack", settings.root / "backend"
    return [folder for folder in (*modules, stack, *roots, backend) if any(folder.glob("*.tf"))]


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
    root = _prepared(folder, settings, environ, reporter, warm, purpose="validate")
    with _named(folder, settings):
        root.init(None)
        root.validate()


def module_tests(settings: Settings) -> list[Path]:
    """Return every module that has tests of its own, ``tests/*.tftest.hcl``."""
    return sorted({file.parents[1] for file in settings.root.glob("modules/*/tests/*.tftest.hcl")})


def run_module_tests(
    folder: Path,
    settings: Settings,
    environ: Mapping[str, str],
    reporter: Reporter,
    warm: WarmProviders | None = None,
) -> int:
    """Run the tests of one module by ``terraform test``, in a copy of it.

    Args:
        folder: The module.
        settings: The project.
        environ: The variables of the user.
        reporter: Who is told what happens.
        warm: Serves the provider; None lets Terraform start it.

    Returns:
        How many runs passed.

    Raises:
        TerraformError: A run failed; the message holds file and line.
    """
    root = _prepared(folder, settings, environ, reporter, warm, purpose="test")
    with _named(folder, settings):
        root.init(None)
        return root.test()


def observe_module_tests(
    folder: Path,
    settings: Settings,
    environ: Mapping[str, str],
    reporter: Reporter,
    warm: WarmProviders | None = None,
    *,
    rewrite: Callable[[Path], None],
    on_line: Callable[[str], None],
) -> None:
    """Run the tests of one module in a copy of it, whatever becomes of them.

    Args:
        folder: The module.
        settings: The project.
        environ: The variables of the user.
        reporter: Who is told what happens.
        warm: Serves the provider; None lets Terraform start it.
        rewrite: Called with the copy's folder of tests before they are run.
        on_line: Called with each line of Terraform's output in JSON, plans and states included.

    Raises:
        TerraformError: Terraform could not begin.
    """
    root = _prepared(folder, settings, environ, reporter, warm, purpose="coverage")
    rewrite(root.directory / "tests")
    with _named(folder, settings):
        root.init(None)
        root.observe_tests(on_line)


@contextmanager
def _named(folder: Path, settings: Settings) -> Iterator[None]:
    """Begin the messages of errors with the folder."""
    try:
        yield
    except TerraformError as error:
        name = folder.relative_to(settings.root)
        raise type(error)(f"{name}: {error.message}", error.hint) from None


def _prepared(
    folder: Path,
    settings: Settings,
    environ: Mapping[str, str],
    reporter: Reporter,
    warm: WarmProviders | None,
    *,
    purpose: Literal["coverage", "test", "validate"],
) -> Root:
    """Return a root: the folder itself if it has a lock file, else a copy of it with one."""
    work = settings.work_directory / purpose / folder.relative_to(settings.root)
    directory = folder
    if not (folder / ".terraform.lock.hcl").is_file():
        directory = work / "module"
        _copy(folder, directory, settings, with_tests=purpose != "validate")
    return Root(
        directory=directory,
        data_directory=work / "data",
        terraform=find_terraform(environ).path,
        environ=terraform_environ(environ, folder=settings.work_directory),
        reporter=reporter,
        warm=warm,
    )


def _copy(folder: Path, directory: Path, settings: Settings, *, with_tests: bool) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    # All files, because templates and scripts are read by validate, too; values are not, and are
    # what people keep out of git.
    left_out = [".*", "*.tfvars", "*.tfvars.json", *(() if with_tests else ("tests",))]
    shutil.copytree(folder, directory, ignore=shutil.ignore_patterns(*left_out))
    text = ""
    for file in directory.glob("*.tf"):
        content = file.read_text(encoding="utf-8")
        text += content
        file.write_text(_absolute_sources(content, folder), encoding="utf-8")
    # The tests of a module give it mocks of the providers that its caller passes in.
    for aliases in () if with_tests else _ALIASES.findall(text):
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
