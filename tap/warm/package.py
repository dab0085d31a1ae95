"""The provider package of a root, and whether it is the one that the lock file names.

Terraform compares a package with ``.terraform.lock.hcl`` before it starts it, but not when it is
attached to a provider that runs already. So the same comparison is made here.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tap.errors import ProviderMismatchError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap.warm.cache import AnswerCache

PROVIDER_NAME = "hashicorp/aws"
LOCK_FILE = ".terraform.lock.hcl"

_CHUNK_BYTES = 1 << 20


class UnusablePackageError(Exception):
    """There is no package that can be served warm; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Package:
    """An unpacked provider, as ``terraform init`` installed it.

    Attributes:
        source: Its address, host/namespace/type.
        version: Such as ``5.100.0``.
        executable: The file to start.
        digest: ``h1:`` hash of the whole package.
    """

    source: str
    version: str
    executable: Path
    digest: str


def find_package(root: Path, data_directory: Path, cache: AnswerCache) -> Package | None:
    """Return the AWS provider of a root after ``terraform init``; None if it uses none.

    Args:
        root: The folder with the root's ``.tf`` files.
        data_directory: Its ``.terraform`` folder, or what ``TF_DATA_DIR`` names.
        cache: Remembers the hash of a package that has not changed since.

    Raises:
        UnusablePackageError: None is installed, or the lock file cannot vouch for it.
        ProviderMismatchError: It is not the one that the lock file names.
    """
    locked = locked_providers(root / LOCK_FILE)
    for source, (version, hashes) in locked.items():
        if not source.endswith(f"/{PROVIDER_NAME}"):
            continue
        # One platform at most is installed.
        folders = sorted((data_directory / "providers" / source / version).glob("*_*"))
        executables = [
            file for folder in folders for file in sorted(folder.glob("terraform-provider-aws*"))
        ]
        if not executables:
            raise UnusablePackageError(f"{PROVIDER_NAME} {version} is not installed in {root}")
        executable = executables[0].resolve()
        digest = package_hash(executable.parent, cache)
        known = sorted(entry for entry in hashes if entry.startswith("h1:"))
        if not known:
            raise UnusablePackageError(f"{LOCK_FILE} holds no h1: hash of {PROVIDER_NAME}")
        if digest not in known:
            raise ProviderMismatchError(
                f"the provider {source} {version} in {executable.parent} has the hash {digest}, "
                f"but {root / LOCK_FILE} names {' or '.join(known)}",
                "install it anew: remove that package and run terraform init; if it was meant "
                "to change, run terraform providers lock",
            )
        return Package(source=source, version=version, executable=executable, digest=digest)
    return None


def unread(root: Path) -> dict[str, str]:
    """Return variables with which a command that never asks the provider does not read it.

    Terraform compares every installed provider with the lock file at the start of each command,
    which takes seconds for 700 MB; one that somebody else is said to have started it does not.

    Args:
        root: The folder with the root's ``.tf`` files.
    """
    nobody = {
        "Protocol": "grpc",
        "ProtocolVersion": 5,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "unix", "String": os.devnull},
    }
    sources = [
        each for each in locked_providers(root / LOCK_FILE) if each.endswith(f"/{PROVIDER_NAME}")
    ]
    return {"TF_REATTACH_PROVIDERS": json.dumps(dict.fromkeys(sources, nobody))} if sources else {}


def package_hash(folder: Path, cache: AnswerCache) -> str:
    """Return the ``h1:`` hash of an unpacked package.

    It is the SHA-256 of the lines "SHA-256, two spaces, name" of all files, sorted by name.
    Source: https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1

    Args:
        folder: The package.
        cache: Holds the hash under size, times and inode of every file: reading 700 MB for each
            command would cost more than all the rest.
    """
    files = sorted(
        (file.relative_to(folder).as_posix(), file) for file in _files(folder) if file.is_file()
    )
    key = cache.key("package", *(f"{name} {_identity(file)}" for name, file in files))
    if (kept := cache.get(key)) is not None:
        return kept.decode()
    digest = hashlib.sha256()
    for name, file in files:
        digest.update(f"{_file_hash(file)}  {name}\n".encode())
    found = f"h1:{base64.b64encode(digest.digest()).decode()}"
    cache.put(key, found.encode())
    return found


def data_directory(root: Path, environ: Mapping[str, str]) -> Path:
    """Return where ``terraform init`` installs into, as Terraform itself finds it."""
    return root / (environ.get("TF_DATA_DIR") or ".terraform")


def _files(folder: Path) -> list[Path]:
    return [Path(parent) / name for parent, _, names in os.walk(folder) for name in names]


def _identity(file: Path) -> str:
    status = file.stat()
    return (
        f"{file.resolve()} {status.st_dev} {status.st_ino} {status.st_size} "
        f"{status.st_mtime_ns} {status.st_ctime_ns}"
    )


def _file_hash(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


_BLOCK = re.compile(r'^provider\s+"([^"]+)"\s*\{(.*?)^\}', re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^\s*version\s*=\s*"([^"]+)"', re.MULTILINE)
_HASHES = re.compile(r"^\s*hashes\s*=\s*\[(.*?)\]", re.MULTILINE | re.DOTALL)


def locked_providers(file: Path) -> dict[str, tuple[str, list[str]]]:
    """Return version and hashes of each provider in a lock file; empty if it cannot be read.

    The file is written by Terraform in one form only, so no parser of HCL is needed.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    found = {}
    for source, body in _BLOCK.findall(text):
        version, hashes = _VERSION.search(body), _HASHES.search(body)
        if version and hashes:
            found[source] = (version[1], re.findall(r'"([^"]+)"', hashes[1]))
    return found
