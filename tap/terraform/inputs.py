"""What a plan reads: the files of its modules, and the variables it is given."""

from __future__ import annotations

import fnmatch
import hashlib
import hmac
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LOCK_FILE = ".terraform.lock.hcl"

_SKIPPED_FOLDERS = {".git", ".tap", ".terraform", "__pycache__"}
_TESTS_FOLDER = "tests"
# What Terraform writes beside the files it reads; the lock file is looked at on its own.
_WRITTEN = (LOCK_FILE, "*.tfplan", "*.tfstate", "*.tfstate.*", "crash.log", "crash.*.log")
# Files that Atlantis writes into the root between plan and apply:
# https://www.runatlantis.io/docs/custom-workflows.html#custom-run-command
_ATLANTIS = ("PLANFILE", "SHOWFILE", "POLICYCHECKFILE")

_PASSED_ON = ("TF_CLI_ARGS", "TF_WORKSPACE")


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_files(
    folders: Iterable[Path],
    *,
    project: Path,
    plan: Path,
    salt: str,
    environ: Mapping[str, str],
) -> dict[str, str]:
    """Digest every file that a plan may read, by its path from the project.

    That is everything in the folders of its modules but tests and what Terraform itself writes.
    A file outside of these folders that is read by ``file()`` is not seen.

    Args:
        folders: The root and every module it calls.
        project: Where the names of the files begin.
        plan: The plan itself, which may lie among the files it was made from.
        salt: Mixed into the digests of variable files, which can hold short secrets.
        environ: The variables of the user.
    """
    own = re.compile(re.escape(plan.name) + r"(\.\d+)*(\.manifest\.json)?")
    written = {Path(value).resolve() for name in _ATLANTIS if (value := environ.get(name))}
    found: dict[str, str] = {}
    for path in sorted(set().union(*map(_files, folders))):
        if path in written or (path.parent == plan.parent and own.fullmatch(path.name)):
            continue
        digest = digest_file(path)
        if path.name.endswith((".tfvars", ".tfvars.json")):
            digest = _salted(digest, salt)
        found[os.path.relpath(path, project)] = digest
    return found


def digest_variables(
    declared: Iterable[str], environ: Mapping[str, str], *, salt: str
) -> dict[str, str | None]:
    """Digest what the environment says about a root's variables, and about Terraform's options.

    Args:
        declared: The variables of the root; others do not reach it.
        environ: The variables that Terraform is given.
        salt: Mixed into each digest.

    Returns:
        Each variable of the environment; None where it is not set.
    """
    names = {f"TF_VAR_{name}" for name in declared}
    names |= {name for name in environ if name.startswith(_PASSED_ON)}
    return {
        name: _salted(environ[name], salt) if name in environ else None for name in sorted(names)
    }


def differences(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> list[str]:
    """Return each name whose digest differs, with what happened to it, sorted."""
    words = []
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            words.append(
                f"{name} ({'new' if old is None else 'gone' if new is None else 'changed'})"
            )
    return words


def _files(folder: Path) -> set[Path]:
    found: set[Path] = set()
    seen: set[str] = set()
    # A link may lead into a circle.
    for here, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(_entered(folders, top=Path(here) == folder))
        found |= {
            path
            for name in names
            if not any(fnmatch.fnmatch(name, pattern) for pattern in _WRITTEN)
            and (path := Path(here) / name).is_file()
        }
    return found


def _entered(folders: Iterable[str], *, top: bool) -> Iterator[str]:
    for name in folders:
        if name not in _SKIPPED_FOLDERS and not (top and name == _TESTS_FOLDER):
            yield name


def _salted(text: str, salt: str) -> str:
    return hmac.new(salt.encode(), text.encode(errors="surrogateescape"), "sha256").hexdigest()
