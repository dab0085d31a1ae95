"""A provider that ``terraform init`` need not look at again.

``init`` links an unpacked provider of 700 MB from a mirror, and hashes it twice, for every root
and every copy of an environment. What it decides depends on the lock file, the settings of
Terraform and what the configuration requires of providers. When all that is as it was in an
``init`` that succeeded, the link is made here, after the package was compared with the lock file;
and Terraform is told that the provider runs already. It does the rest of ``init``.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tap.warm.cache import AnswerCache
from tap.warm.package import LOCK_FILE, data_directory, find_package, package_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of HCL and of JSON; the entries of the block hold no blocks of their own.
_REQUIRED = re.compile(r'\brequired_providers"?\s*:?\s*\{((?:[^{}]|\{[^{}]*\})*)\}')
_ENTRY = re.compile(r'([\w-]+)"?\s*[=:]\s*(?:\{([^{}]*)\}|"([^"]*)")')
_SOURCE = re.compile(r'\bsource"?\s*[=:]\s*"([^"]*)"')
_VERSION = re.compile(r'\bversion"?\s*[=:]\s*"([^"]*)"')
_LOCAL = ("./", "../", "/")

# What else tells ``init`` where it finds providers.
# Source: https://developer.hashicorp.com/terraform/cli/config/environment-variables
_VARIABLES = ("TF_CLI_ARGS", "TF_CLI_ARGS_init", "TF_PLUGIN_CACHE_DIR")

# Terraform installs no provider that it is told to reach here, and ``init`` starts none.
_NOWHERE = {
    "Protocol": "grpc",
    "ProtocolVersion": 5,
    "Pid": 0,
    "Test": True,
    "Addr": {"Network": "unix", "String": os.devnull},
}


def link_known(
    terraform: Path, root: Path, environ: Mapping[str, str], cache: AnswerCache
) -> dict[str, str]:
    """Install the provider by a link, if an ``init`` like this one has taken it from there.

    Args:
        terraform: The executable.
        root: The folder with the root's ``.tf`` files.
        environ: All variables of ``terraform init``.
        cache: Remembers those that succeeded.

    Returns:
        The variables with which ``init`` leaves the provider out; none if it has to install it.

    Raises:
        OSError: The link cannot be made.
        UnusablePackageError: What is linked is no package, or the lock file cannot vouch for it.
        ProviderMismatchError: It is not the one that the lock file names.
    """
    key = _key(terraform, root, environ)
    kept = cache.get(key) if key else None
    folder = package_folder(root, data_directory(root, environ))
    if kept is None or folder is None:
        return {}
    origin, link = Path(os.fsdecode(kept)), folder / os.fsdecode(kept).rpartition("/")[2]
    if not origin.is_dir():
        return {}
    if not (link.is_symlink() and link.readlink() == origin):
        if link.exists() or link.is_symlink():
            return {}
        folder.mkdir(parents=True, exist_ok=True)
        link.symlink_to(origin, target_is_directory=True)
    package = find_package(root, data_directory(root, environ), cache)
    return {"TF_REATTACH_PROVIDERS": json.dumps({package.source: _NOWHERE})} if package else {}


def note_link(terraform: Path, root: Path, environ: Mapping[str, str], cache: AnswerCache) -> None:
    """Remember where ``init`` has taken the provider from, if it has taken it by a link.

    Args:
        terraform: The executable.
        root: The folder with the root's ``.tf`` files.
        environ: All variables of the ``terraform init`` that has succeeded.
        cache: Where it is kept.
    """
    key = _key(terraform, root, environ)
    folder = package_folder(root, data_directory(root, environ))
    links = [link for link in folder.glob("*_*") if link.is_symlink()] if folder else []
    if key and len(links) == 1:
        cache.put(key, os.fsencode(links[0].readlink()))


def required(root: Path) -> frozenset[str] | None:
    """Return what a root and its local modules require of providers; None if it is not all here.

    Args:
        root: The folder with the root's ``.tf`` files.
    """
    found: set[str] = set()
    seen: set[Path] = set()
    waiting = [root.resolve()]
    while waiting:
        folder = waiting.pop()
        if folder in seen:
            continue
        seen.add(folder)
        if not folder.is_dir():
            return None
        for file in [*folder.glob("*.tf"), *folder.glob("*.tf.json")]:
            text = file.read_text(encoding="utf-8", errors="replace")
            for block in _REQUIRED.findall(text):
                for name, entry, version in _ENTRY.findall(block):
                    words = [*_SOURCE.findall(entry), *_VERSION.findall(entry), version]
                    found.add(" ".join([name, *words]).rstrip())
            text = _REQUIRED.sub("", text)
            found.update(_VERSION.findall(text))
            sources = _SOURCE.findall(text)
            if not all(source.startswith(_LOCAL) for source in sources):
                return None
            waiting += [(folder / source).resolve() for source in sources]
    return frozenset(found)


def _key(terraform: Path, root: Path, environ: Mapping[str, str]) -> str:
    """Return the key of what ``init`` decides about providers by; empty if not all is known."""
    try:
        requirements = required(root)
        program = terraform.resolve().stat()
        lock = (root / LOCK_FILE).read_bytes()
        configuration = Path(environ.get("TF_CLI_CONFIG_FILE") or os.devnull).read_bytes()
    except OSError:
        return ""
    if requirements is None:
        return ""
    identity = f"{terraform.resolve()} {program.st_size} {program.st_mtime_ns}"
    variables = [(name, environ.get(name)) for name in _VARIABLES]
    parts = (lock, configuration, identity, repr(variables), repr(sorted(requirements)))
    return AnswerCache.key("link", *parts)
