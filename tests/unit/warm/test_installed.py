"""A provider that init has found before: when it is linked, and when Terraform must look again.

The package is a small file: Terraform compares it with the lock file, but never starts it here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from tap.errors import TerraformError
from tap.terraform.installation import find_terraform, platform_name
from tap.terraform.root import Reporter, Root
from tap.warm.cache import AnswerCache
from tap.warm.package import package_hash
from tap.warm.providers import WarmProviders

if TYPE_CHECKING:
    from pathlib import Path

    from tap.terraform.events import Event

pytestmark = [pytest.mark.requirement("TAP-6", "STK-9"), pytest.mark.timeout(60)]

SOURCE = "registry.terraform.io/hashicorp/aws"
MAIN = """\
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.1"
    }
  }
}
"""


@dataclass
class Mirror:
    """Roots whose provider comes from a mirror."""

    folder: Path
    said: list[str]

    @property
    def program(self) -> Path:
        return next(self.folder.glob(f"mirror/{SOURCE}/*/*/terraform-provider-aws*"))

    def publish(self, content: str, version: str = "5.1.0") -> str:
        """Put a package there and return its hash."""
        package = self.folder / "mirror" / SOURCE / version / platform_name()
        package.mkdir(parents=True)
        (package / f"terraform-provider-aws_v{version}_x5").write_text(content)
        return package_hash(package, AnswerCache(self.folder / "hashes"))

    def root(self, name: str, digest: str, *, text: str = MAIN) -> Root:
        directory = self.folder / name
        directory.mkdir()
        (directory / "main.tf").write_text(text)
        (directory / ".terraform.lock.hcl").write_text(
            f'provider "{SOURCE}" {{\n  version = "5.1.0"\n  hashes = [\n    "{digest}",\n  ]\n}}\n'
        )
        return Root(
            directory=directory,
            data_directory=directory / "data",
            terraform=find_terraform(os.environ).path,
            environ={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "CHECKPOINT_DISABLE": "1",
                "TF_CLI_CONFIG_FILE": str(self.folder / "terraformrc"),
            },
            reporter=Reporter(event=self._hear),
            warm=WarmProviders(),
        )

    def _hear(self, event: Event) -> None:
        self.said.append(event.message)

    def looked(self) -> bool:
        """Tell whether Terraform has looked for the package since this was last asked."""
        found = any("Installing provider version" in text for text in self.said)
        self.said.clear()
        return found


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    (tmp_path / "terraformrc").write_text(
        "provider_installation {\n  filesystem_mirror {\n"
        f'    path = "{tmp_path}/mirror"\n  }}\n}}\n'
    )
    return Mirror(tmp_path, [])


def linked(root: Root) -> str:
    (link,) = root.data_directory.glob(f"providers/{SOURCE}/*/*")
    return str(link.readlink())


def test_a_known_package_is_linked_as_terraform_itself_links_it(mirror: Mirror) -> None:
    digest = mirror.publish("program")
    first, second = mirror.root("first", digest), mirror.root("second", digest)

    assert first.init(None)
    assert mirror.looked()
    assert second.init(None)
    assert not mirror.looked()

    assert linked(first) == linked(second) == str(mirror.program.parent)
    # Terraform itself is content with it.
    replace(second, warm=None).output()


@pytest.mark.parametrize("change", ["constraint", "old place", "configuration", "option"])
def test_another_requirement_is_left_to_terraform(mirror: Mirror, change: str) -> None:
    digest = mirror.publish("program")
    mirror.root("first", digest).init(None)
    mirror.looked()
    text = MAIN.replace("~> 5.1", ">= 5.0") if change == "constraint" else MAIN
    if change == "old place":
        text += 'provider "aws" {\n  version = ">= 5.0"\n}\n'
    if change == "configuration":
        configuration = mirror.folder / "terraformrc"
        configuration.write_text(f"{configuration.read_text()}disable_checkpoint = true\n")
    second = mirror.root("second", digest, text=text)
    if change == "option":
        second = replace(second, environ={**second.environ, "TF_CLI_ARGS_init": "-get=true"})

    assert second.init(None)
    assert mirror.looked()


def test_a_constraint_that_the_locked_version_breaks_is_still_refused(mirror: Mirror) -> None:
    digest = mirror.publish("program")
    mirror.root("first", digest).init(None)

    with pytest.raises(
        TerraformError, match=r"5\.1\.0 does not match configured version constraint"
    ):
        mirror.root("second", digest, text=MAIN.replace("~> 5.1", "~> 6.0")).init(None)


def test_a_package_that_has_changed_is_refused_by_terraform(mirror: Mirror) -> None:
    digest = mirror.publish("program")
    mirror.root("first", digest).init(None)
    mirror.program.write_text("malware")

    second = mirror.root("second", digest)
    with pytest.raises(TerraformError, match="doesn't match any of the checksums"):
        second.init(None)
    assert not list(second.data_directory.glob("providers/*"))


def test_a_root_that_was_linked_follows_its_lock_file_to_another_version(mirror: Mirror) -> None:
    old, new = mirror.publish("program"), mirror.publish("newer", "5.2.0")
    root = mirror.root("first", old)
    root.init(None)
    lock_file = root.directory / ".terraform.lock.hcl"
    lock_file.write_text(lock_file.read_text().replace("5.1.0", "5.2.0").replace(old, new))

    assert root.init(None)
    assert (root.data_directory / "providers" / SOURCE / "5.2.0" / "linux_amd64").exists()


def test_a_file_that_cannot_be_read_gets_the_word_of_terraform(mirror: Mirror) -> None:
    digest = mirror.publish("program")
    mirror.root("first", digest).init(None)

    with pytest.raises(TerraformError, match=r"main\.tf:1"):
        mirror.root("second", digest, text="terraform {").init(None)


def test_outputs_are_read_without_the_provider(mirror: Mirror) -> None:
    root = mirror.root("first", mirror.publish("program"))
    root.init(None)
    mirror.program.write_text("cannot be what the lock file names")

    assert root.output() == {}
    with pytest.raises(TerraformError, match="checksums"):
        replace(root, warm=None).output()
