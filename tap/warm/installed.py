"""The provider package that ``terraform init`` found for the same requirements before.

``terraform init`` reads all 700 MB of it at least twice. Where it has once installed a package
from a mirror or a cache, for the same lock file, the same version constraints and the same
configuration of installation, it would find the same again: a link to it is all that is missing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tap.errors import HclError
from tap.folders import cache_folder
from tap.hcl import load_module
from tap.warm.cache import AnswerCache
from tap.warm.package import LOCK_FILE, PROVIDER_NAME, locked_providers, package_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What init is told besides its configuration, such as -upgrade or -plugin-dir.
_DECIDING = ("TF_CLI_ARGS", "TF_CLI_ARGS_init", "TF_PLUGIN_CACHE_DIR")


def link_known(
    root: Path, data_directory: Path, folders: Iterable[Path], environ: Mapping[str, str]
) -> bool:
    """Link the provider into a root as ``terraform init`` would, if it is known what it finds.

    Args:
        root: The folder with the root's ``.tf`` files.
        data_directory: What ``TF_DATA_DIR`` names.
        folders: The root and every module that it calls.
        environ: The variables of ``terraform init``.

    Returns:
        Whether it is linked; the hash of the package is one that the lock file names.
    """
    cache = AnswerCache(cache_folder(environ, "providers"))
    key = _key(root, folders, environ)
    known = cache.get(key) if key is not None else None
    if known is None:
        return False
    place, _, target = known.decode(errors="surrogateescape").partition("\0")
    source, version, _ = place.rsplit("/", 2)
    recorded = locked_providers(root / LOCK_FILE).get(source)
    if recorded is None or recorded[0] != version or not Path(target).is_dir():
        return False
    if package_hash(Path(target), cache) not in recorded[1]:
        return False
    link = data_directory / "providers" / place
    if not link.is_symlink() or str(link.readlink()) != target:
        if link.exists() and not link.is_symlink():
            return False
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(target, target_is_directory=True)
    return True


def remember(
    root: Path, data_directory: Path, folders: Iterable[Path], environ: Mapping[str, str]
) -> None:
    """Note which package ``terraform init`` has linked, if it has linked one; see above."""
    cache = AnswerCache(cache_folder(environ, "providers"))
    providers = data_directory / "providers"
    links = [path for path in providers.glob(f"*/{PROVIDER_NAME}/*/*") if path.is_symlink()]
    targets = [link.readlink() for link in links]
    key = _key(root, folders, environ)
    # Packages of other versions are left by an earlier init.
    if key is None or len(links) != 1 or not targets[0].is_absolute():
        return
    place = links[0].relative_to(providers).as_posix()
    cache.put(key, f"{place}\0{targets[0]}".encode(errors="surrogateescape"))


def _key(root: Path, folders: Iterable[Path], environ: Mapping[str, str]) -> str | None:
    """Return a digest of all that decides which package is found; None if it cannot be told."""
    constraints = set()
    for folder in folders:
        try:
            module = load_module(folder, cache=cache_folder(environ, "hcl"))
        except HclError:
            return None
        # The old place for constraints, which Terraform still reads.
        if any("version" in each.body.attributes for each in module.providers.values()):
            return None
        constraints |= {
            (name, each.source, each.version)
            for name, each in module.settings.required_providers.items()
            if name == "aws" or each.source.endswith(PROVIDER_NAME)
        }
    files = (root / LOCK_FILE, Path(environ.get("TF_CLI_CONFIG_FILE") or os.devnull))
    try:
        texts = [file.read_text(encoding="utf-8") for file in files]
    except (OSError, UnicodeDecodeError):
        return None
    said = [environ.get(name, "") for name in _DECIDING]
    return AnswerCache.key("installed", *texts, *said, repr(sorted(constraints)))
