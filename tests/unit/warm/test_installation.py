"""Real ``terraform init`` with a small package in the place of the provider."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tap.errors import TerraformError
from tap.terraform.installation import PROVIDER, find_terraform, platform_name
from tap.terraform.root import Root
from tap.warm.cache import AnswerCache
from tap.warm.installation import required
from tap.warm.package import package_hash
from tap.warm.providers import WarmProviders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-6", "STK-9")

MAIN = (
    'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", VERSION }\n  }\n}\n'
)


@dataclass(frozen=True)
class Mirror:
    """A mirror with one package."""

    folder: Path

    @property
    def package(self) -> Path:
        return self.folder / PROVIDER / "5.1.0" / platform_name()

    @property
    def program(self) -> Path:
        return self.package / "terraform-provider-aws_v5.1.0_x5"


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    made = Mirror(tmp_path / "mirror")
    made.package.mkdir(parents=True)
    made.program.write_text("#!/bin/sh\n")
    made.program.chmod(0o755)
    return made


@pytest.fixture
def make_root(tmp_path: Path, mirror: Mirror) -> Iterator[Callable[..., Root]]:
    """Return a function that writes a root; its lock file names the package of the mirror."""
    digest = package_hash(mirror.package, AnswerCache(tmp_path / "hash"))
    configuration = tmp_path / "terraformrc"
    configuration.write_text(
        "provider_installation {\n  filesystem_mirror {\n"
        f'    path = "{mirror.folder}"\n  }}\n}}\n'
    )
    environ = {
        "PATH": os.environ["PATH"],
        "CHECKPOINT_DISABLE": "1",
        "TF_CLI_CONFIG_FILE": str(configuration),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }
    with WarmProviders() as warm:

        def make(name: str, version: str = 'version = "~> 5.0"') -> Root:
            folder = tmp_path / name
            folder.mkdir()
            (folder / "main.tf").write_text(MAIN.replace("VERSION", version))
            (folder / ".terraform.lock.hcl").write_text(
                f'provider "{PROVIDER}" {{\n  version = "5.1.0"\n  hashes = [\n'
                f'    "{digest}",\n  ]\n}}\n'
            )
            return Root(
                directory=folder,
                data_directory=folder / ".terraform",
                terraform=find_terraform(os.environ).path,
                environ=environ,
                warm=warm,
            )

        yield make


def known(root: Root) -> bool:
    """Tell whether the provider would be linked without a look of ``init`` at it."""
    assert root.warm is not None
    environ = {**root.environ, "TF_DATA_DIR": str(root.data_directory)}
    return bool(root.warm.install(root.terraform, root.directory, environ))


def installed(root: Root, mirror: Mirror) -> bool:
    link = root.data_directory / "providers" / PROVIDER / "5.1.0" / platform_name()
    return link.is_symlink() and link.resolve() == mirror.package.resolve()


def test_what_init_took_once_from_a_mirror_is_linked_where_the_same_is_required(
    make_root: Callable[..., Root], mirror: Mirror
) -> None:
    first, second = make_root("first"), make_root("second")
    assert not known(first)
    first.init(None)
    assert installed(first, mirror)

    assert known(second)
    assert installed(second, mirror)
    lock = (second.directory / ".terraform.lock.hcl").read_bytes()
    assert second.init(None), "init has to do what is left for it"
    assert (second.directory / ".terraform.lock.hcl").read_bytes() == lock


def test_a_version_that_is_not_locked_is_still_refused_by_init(
    make_root: Callable[..., Root],
) -> None:
    make_root("first").init(None)
    other = make_root("other", 'version = "~> 6.0"')
    assert not known(other)
    with pytest.raises(TerraformError, match="does not match configured version constraint"):
        other.init(None)


def test_a_package_that_is_not_the_locked_one_is_still_refused_by_init(
    make_root: Callable[..., Root], mirror: Mirror
) -> None:
    make_root("first").init(None)
    second = make_root("second")
    mirror.program.write_text("#!/bin/sh\n: another one\n")
    assert not known(second)
    with pytest.raises(TerraformError, match="doesn't match any of the checksums"):
        second.init(None)


def test_another_mirror_another_lock_file_or_a_lost_package_is_left_to_init(
    make_root: Callable[..., Root], mirror: Mirror, tmp_path: Path
) -> None:
    make_root("first").init(None)
    second = make_root("second")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("")
    other = {**second.environ, "TF_CLI_CONFIG_FILE": str(elsewhere)}
    assert not known(replace(second, environ=other))
    assert not known(replace(second, environ={**second.environ, "TF_CLI_ARGS_init": "-upgrade"}))
    locked = second.directory / ".terraform.lock.hcl"
    text = locked.read_text()
    locked.write_text(f"{text}\n")
    assert not known(second)
    locked.write_text(text)
    mirror.folder.rename(tmp_path / "moved")
    assert not known(second)


def test_without_warm_providers_init_does_everything(
    make_root: Callable[..., Root], mirror: Mirror
) -> None:
    make_root("first").init(None)
    cold = replace(make_root("cold"), warm=None)
    mirror.program.write_text("#!/bin/sh\n: another one\n")
    with pytest.raises(TerraformError, match="doesn't match any of the checksums"):
        cold.init(None)


def test_requirements_are_those_of_all_local_modules_in_hcl_and_json(tmp_path: Path) -> None:
    child, grandchild = tmp_path / "child", tmp_path / "child" / "deep"
    grandchild.mkdir(parents=True)
    (tmp_path / "main.tf").write_text('module "one" {\n  source = "./child"\n}\n')
    (child / "main.tf.json").write_text(
        json.dumps(
            {
                "terraform": {
                    "required_providers": {
                        "aws": {"source": "hashicorp/aws", "version": "~> 5.0"},
                        "random": "3.0",
                    }
                },
                "module": {"two": {"source": str(grandchild)}},
            }
        )
    )
    (grandchild / "main.tf").write_text(
        "terraform {\n  required_providers {\n    aws = {\n"
        '      source                = "hashicorp/aws"\n      version               = ">= 5.1"\n'
        "      configuration_aliases = [aws.replica]\n    }\n  }\n}\n"
        'provider "aws" {\n  version = "< 6"\n}\n'
    )
    assert required(tmp_path) == frozenset(
        {"aws hashicorp/aws ~> 5.0", "random 3.0", "aws hashicorp/aws >= 5.1", "< 6"}
    )


@pytest.mark.parametrize("source", ["hashicorp/consul/aws", "git::https://example.com/x", "./none"])
def test_a_module_that_is_not_here_makes_the_requirements_unknown(
    tmp_path: Path, source: str
) -> None:
    (tmp_path / "main.tf").write_text(f'module "one" {{ source = "{source}" }}\n')
    assert required(tmp_path) is None
