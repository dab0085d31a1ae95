"""Which Terraform runs, and where it takes the AWS provider from.

The provider comes from the first of:

1. the ``provider_installation`` of the user's own CLI configuration;
2. the unpacked filesystem mirror named by ``TAP_PROVIDER_MIRROR``;
3. a mirror in one of Terraform's implied directories;
4. a mirror one level under the usual software folders of the machine;
5. the public registry.

Source: https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
"""

from __future__ import annotations

import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from tap.errors import SettingsError
from tap.process import run
from tap.warm.provider import GARBAGE_PERCENT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MINIMUM_VERSION = (1, 11, 0)
PROVIDER_HOST = "registry.terraform.io"
PROVIDER = f"{PROVIDER_HOST}/hashicorp/aws"

SOFTWARE_FOLDERS = ("/opt", "/srv", "/usr/local", "/usr/local/lib", "/usr/local/share", "/var/lib")
_VERSION_TIMEOUT_SECONDS = 30

Origin = Literal[
    "user configuration", "TAP_PROVIDER_MIRROR", "implied directory", "found", "registry"
]


@dataclass(frozen=True, kw_only=True)
class Terraform:
    """A Terraform (or OpenTofu) executable that was found and answered."""

    path: Path
    version: str


@dataclass(frozen=True, kw_only=True)
class ProviderSource:
    """Where ``terraform init`` takes the AWS provider from.

    Attributes:
        origin: Which of the five rules found it.
        location: The mirror folder or the user's configuration file; None for the registry.
        configuration: The text of the CLI configuration that ``tap`` gives to Terraform.
        versions: Versions of the provider in the mirror for this platform; empty if unknown.
    """

    origin: Origin
    location: Path | None
    configuration: str
    versions: tuple[str, ...] = ()


def find_terraform(environ: Mapping[str, str]) -> Terraform:
    """Find Terraform by ``TAP_TERRAFORM`` or on the PATH and ask for its version.

    Raises:
        SettingsError: It is missing, does not run, or is older than 1.11.
    """
    wanted = environ.get("TAP_TERRAFORM") or "terraform"
    found = shutil.which(wanted, path=environ.get("PATH"))
    if found is None:
        raise SettingsError(
            f"Terraform not found: no executable {wanted!r} on the PATH",
            "install Terraform >= 1.11, or set TAP_TERRAFORM to its path",
        )
    # Without a configuration file of its own Terraform would warn about a missing one.
    quiet = {**environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    try:
        answer = run(
            [found, "version", "-json"], env=quiet, timeout=_VERSION_TIMEOUT_SECONDS
        ).stdout
        version = str(msgspec.json.decode(answer)["terraform_version"])
    except OSError as error:
        raise _unusable(found, str(error)) from None
    except (msgspec.DecodeError, KeyError, TypeError):
        raise _unusable(found, f"'version -json' answered {answer[:80]!r}") from None
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:3])
    if numbers < MINIMUM_VERSION:
        raise SettingsError(
            f"Terraform {version} at {found} is too old; 1.11 or newer is needed",
            "install a newer one, or set TAP_TERRAFORM to its path",
        )
    return Terraform(path=Path(found), version=version)


def _unusable(path: str, reason: str) -> SettingsError:
    return SettingsError(
        f"{path} is not a usable Terraform: {reason}",
        "install Terraform >= 1.11, or set TAP_TERRAFORM to its path",
    )


def platform_name() -> str:
    """Return this machine's platform as the registry names it, such as ``linux_amd64``."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{platform.system().lower()}_{machine.lower()}"


def find_provider(
    environ: Mapping[str, str],
    *,
    home: Path,
    software_folders: tuple[str, ...] = SOFTWARE_FOLDERS,
) -> ProviderSource:
    """Find out where the AWS provider comes from.

    Raises:
        SettingsError: ``TAP_PROVIDER_MIRROR`` names a folder without the provider.
    """
    user_file = _user_configuration(environ, home)
    user_text = user_file.read_text(errors="replace") if user_file else ""
    if user_file and re.search(r"^\s*provider_installation\b", user_text, re.MULTILINE):
        return ProviderSource(
            origin="user configuration", location=user_file, configuration=user_text
        )
    if named := environ.get("TAP_PROVIDER_MIRROR"):
        if not _versions(Path(named)):
            raise SettingsError(
                f"TAP_PROVIDER_MIRROR={named} holds no {PROVIDER} for {platform_name()}",
                "point it at the folder that holds registry.terraform.io/, or unset it",
            )
        return _mirror("TAP_PROVIDER_MIRROR", Path(named), user_text)
    for folder in _implied_directories(environ, home):
        if _versions(folder):
            return _mirror("implied directory", folder, user_text)
    for folder in _folders_below(software_folders, home):
        if _versions(folder):
            return _mirror("found", folder, user_text)
    return ProviderSource(origin="registry", location=None, configuration=user_text)


def terraform_environ(environ: Mapping[str, str], *, folder: Path) -> dict[str, str]:
    """Return the variables Terraform is run with on this machine.

    ``GOGC`` is one of them, unless the user has set it: collecting garbage less often takes a fifth
    off most commands, for a third more memory.

    Args:
        environ: What to start from.
        folder: Where the CLI configuration is written.

    Raises:
        SettingsError: The provider's source cannot be used.
    """
    source = find_provider(environ, home=Path.home())
    configuration = folder / "terraformrc"
    folder.mkdir(parents=True, exist_ok=True)
    if not configuration.is_file() or configuration.read_text() != source.configuration:
        # Replaced in one step, because another tap may be reading it.
        fresh = folder / f"terraformrc.{os.getpid()}"
        # The user's own configuration may hold tokens.
        fresh.touch(mode=0o600)
        fresh.write_text(source.configuration)
        fresh.replace(configuration)
    return {
        "GOGC": GARBAGE_PERCENT,
        **environ,
        "CHECKPOINT_DISABLE": "1",
        "NO_COLOR": "1",
        "TF_CLI_CONFIG_FILE": str(configuration),
        "TF_IN_AUTOMATION": "1",
    }


def _user_configuration(environ: Mapping[str, str], home: Path) -> Path | None:
    named = environ.get("TF_CLI_CONFIG_FILE")
    candidates = [Path(named)] if named else [home / ".terraformrc", home / ".tofurc"]
    return next((file for file in candidates if file.is_file()), None)


def _implied_directories(environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    data_home = environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    data_dirs = environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    yield home / ".terraform.d" / "plugins"
    for folder in [data_home, *data_dirs.split(":")]:
        yield Path(folder) / "terraform" / "plugins"


def _folders_below(parents: tuple[str, ...], home: Path) -> Iterator[Path]:
    for parent in [*map(Path, parents), home]:
        yield parent
        try:
            yield from sorted(child for child in parent.iterdir() if child.is_dir())
        except OSError:
            continue


def _versions(mirror: Path) -> tuple[str, ...]:
    try:
        found = [
            folder.name
            for folder in (mirror / PROVIDER).iterdir()
            if (folder / platform_name()).is_dir()
        ]
    except OSError:
        return ()
    return tuple(sorted(found))


def _mirror(origin: Origin, folder: Path, user_text: str) -> ProviderSource:
    folder = folder.resolve()
    path = str(folder).replace("\\", "\\\\").replace('"', '\\"')
    block = (
        "provider_installation {\n"
        "  filesystem_mirror {\n"
        f'    path    = "{path}"\n'
        f'    include = ["{PROVIDER}"]\n'
        "  }\n"
        "  direct {\n"
        f'    exclude = ["{PROVIDER}"]\n'
        "  }\n"
        "}\n"
    )
    return ProviderSource(
        origin=origin,
        location=folder,
        configuration=f"{user_text}\n{block}" if user_text else block,
        versions=_versions(folder),
    )
