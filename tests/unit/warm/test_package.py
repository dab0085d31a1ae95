"""The installed provider and the lock file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tap.errors import ProviderMismatchError
from tap.warm.cache import AnswerCache
from tap.warm.package import (
    UnusablePackageError,
    data_directory,
    find_package,
    package_hash,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.requirement("TAP-6", "STK-9")

SOURCE = "registry.example.com/hashicorp/aws"


@dataclass
class Installed:
    root: Path
    cache: AnswerCache

    @property
    def data(self) -> Path:
        return self.root / ".terraform"

    @property
    def package(self) -> Path:
        return self.data / "providers" / SOURCE / "5.1.0" / "linux_amd64"

    def lock(self, *hashes: str) -> None:
        listed = "\n".join(f'    "{entry}",' for entry in hashes)
        (self.root / ".terraform.lock.hcl").write_text(
            f'provider "{SOURCE}" {{\n  version     = "5.1.0"\n  constraints = "~> 5.1"\n'
            f"  hashes = [\n{listed}\n  ]\n}}\n"
        )


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """Return a root with a package of two files."""
    found = Installed(tmp_path / "root", AnswerCache(tmp_path / "cache"))
    found.package.mkdir(parents=True)
    (found.package / "terraform-provider-aws_v5.1.0_x5").write_bytes(b"program")
    (found.package / "LICENSE.txt").write_bytes(b"licence")
    return found


def test_the_hash_is_the_one_terraform_computes(installed: Installed) -> None:
    # sha256sum LICENSE.txt terraform-provider-aws_v5.1.0_x5 | sha256sum, as base64
    found = package_hash(installed.package, installed.cache)
    assert found == "h1:40qj25NvHERcIyr+rtlluzwVJv7qgPeWec7Hom7b3dk="


def test_a_package_that_the_lock_file_names_is_found(installed: Installed) -> None:
    installed.lock("zh:00", package_hash(installed.package, installed.cache))
    package = find_package(installed.root, installed.data, installed.cache)
    assert package is not None
    assert package.source == SOURCE
    assert package.version == "5.1.0"
    assert package.executable == installed.package / "terraform-provider-aws_v5.1.0_x5"


def test_a_replaced_provider_is_refused_with_both_hashes(installed: Installed) -> None:
    before = package_hash(installed.package, installed.cache)
    installed.lock(before)
    (installed.package / "terraform-provider-aws_v5.1.0_x5").write_bytes(b"malware")
    with pytest.raises(ProviderMismatchError) as caught:
        find_package(installed.root, installed.data, installed.cache)
    hashes = re.findall(r"h1:\S{44}", caught.value.message)
    assert hashes == [package_hash(installed.package, AnswerCache(installed.root / "none")), before]
    assert hashes[0] != hashes[1]
    assert caught.value.exit_code == 1


def test_a_provider_replaced_within_its_times_and_size_is_noticed_by_its_change_time(
    installed: Installed,
) -> None:
    file = installed.package / "terraform-provider-aws_v5.1.0_x5"
    before, status = package_hash(installed.package, installed.cache), file.stat()
    file.write_bytes(b"malware")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert package_hash(installed.package, installed.cache) != before


def test_a_lock_file_without_a_hash_of_the_unpacked_package_cannot_vouch(
    installed: Installed,
) -> None:
    installed.lock("zh:00")
    with pytest.raises(UnusablePackageError, match="no h1: hash"):
        find_package(installed.root, installed.data, installed.cache)


def test_a_root_before_init_has_no_package(installed: Installed) -> None:
    installed.lock("h1:x")
    with pytest.raises(UnusablePackageError, match=r"5\.1\.0 is not installed"):
        find_package(installed.root, installed.root / "elsewhere", installed.cache)


@pytest.mark.parametrize(
    "text", [None, "", 'provider "registry.example.com/hashicorp/null" {\n}\n']
)
def test_a_root_that_locks_no_aws_provider_has_none(installed: Installed, text: str | None) -> None:
    if text is not None:
        (installed.root / ".terraform.lock.hcl").write_text(text)
    assert find_package(installed.root, installed.data, installed.cache) is None


def test_the_data_directory_is_the_one_terraform_uses(tmp_path: Path) -> None:
    assert data_directory(tmp_path, {}) == tmp_path / ".terraform"
    assert data_directory(tmp_path, {"TF_DATA_DIR": "x"}) == tmp_path / "x"
    assert str(data_directory(tmp_path, {"TF_DATA_DIR": "/y"})) == "/y"
