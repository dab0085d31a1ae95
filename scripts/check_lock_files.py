"""Check that the lock file of every root names the same builds of each provider as the others.

A lock file that ``terraform init`` wrote on one platform holds the builds of that platform alone,
and fails on all others.
"""  # noqa: INP001 - a script is no package

from __future__ import annotations

import re
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
LOCK_FILE = ".terraform.lock.hcl"
PROVIDER = re.compile(r'^provider "([^"]+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
COMMAND = (
    "terraform providers lock -platform=linux_amd64 -platform=linux_arm64 "
    "-platform=darwin_amd64 -platform=darwin_arm64"
)


def roots(root: Path) -> list[Path]:
    """Return every folder with a backend."""
    return sorted(
        {file.parent for file in [*root.glob("*/backend.tf"), *root.glob("*/*/backend.tf")]}
    )


def builds(file: Path) -> dict[str, set[str]]:
    """Return version and hashes of each provider of a lock file."""
    return {
        name: set(re.findall(r'"((?:h1|zh):[^"]+)"', body)) | set(re.findall(r"version +=.*", body))
        for name, body in PROVIDER.findall(file.read_text(encoding="utf-8"))
    }


def faults(root: Path) -> list[str]:
    """Return what is wrong with the lock files of a checkout."""
    found = []
    locked: dict[Path, dict[str, set[str]]] = {}
    for folder in roots(root):
        name = folder.relative_to(root)
        if (folder / LOCK_FILE).is_file():
            locked[name] = builds(folder / LOCK_FILE)
        else:
            found.append(f"{name}: has no {LOCK_FILE}")
    for provider in sorted({provider for all_of in locked.values() for provider in all_of}):
        known = set().union(*(all_of.get(provider, set()) for all_of in locked.values()))
        for name, all_of in locked.items():
            if provider in all_of and (missing := len(known - all_of[provider])):
                found.append(
                    f"{name / LOCK_FILE}: {provider}: {missing} builds of others are missing"
                )
    return found


def main(root: Path = REPOSITORY) -> int:
    """Name every fault; return 1 if there is one."""
    found = faults(root)
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    if found:
        sys.stderr.write(f"TIP in that folder: {COMMAND}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
