"""What ``terraform init`` reads, as a digest, so that it is run only when that has changed."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tap.terraform.root import Root

_INIT_LINES = re.compile(
    r"^\s*(?:(?:module|backend|required_\w+|provider)\b.*"
    r"|(?:source|version|key|encrypt|use_lockfile|dynamodb_table)\s*=.*)$",
    re.MULTILINE,
)


class _ManifestModule(msgspec.Struct, frozen=True):
    dir: str = msgspec.field(name="Dir", default=".")


class _Manifest(msgspec.Struct, frozen=True):
    modules: list[_ManifestModule] = msgspec.field(name="Modules", default=[])


def init_digest(root: Root, backend: Mapping[str, str] | None) -> str:
    """Digest what ``init`` reads: module sources, versions, backend, lock file, mirror."""
    digest = hashlib.sha256()
    digest.update(repr(sorted(backend.items()) if backend is not None else None).encode())
    digest.update(str(root.terraform).encode())
    for file in [
        root.environ.get("TF_CLI_CONFIG_FILE"),
        root.directory / ".terraform.lock.hcl",
    ]:
        digest.update((read_text(file) if file else "").encode())
    for folder in root.module_folders:
        for file in sorted(folder.glob("*.tf")):
            relevant = _INIT_LINES.findall(read_text(file))
            digest.update(repr((os.fspath(file), relevant)).encode())
    return digest.hexdigest()


def init_arguments(backend: Mapping[str, str] | None) -> list[str]:
    """Return the arguments of ``init`` for a backend, or for none."""
    arguments = ["-lockfile=readonly"]
    if backend is None:
        return [*arguments, "-backend=false"]
    return arguments + [f"-backend-config={key}={value}" for key, value in backend.items()]


def read_text(file: str | Path | None) -> str:
    """Return the text of a file; empty if it cannot be read."""
    try:
        with open(file or os.devnull, encoding="utf-8", errors="replace") as stream:  # noqa: PTH123
            return stream.read()
    except OSError:
        return ""


def module_folders(directory: Path, data_directory: Path) -> list[Path]:
    """Return the root and every local module that the last ``init`` found."""
    try:
        manifest = msgspec.json.decode(
            read_text(data_directory / "modules" / "modules.json"), type=_Manifest
        )
    except msgspec.DecodeError:
        return [directory]
    folders = {(directory / module.dir).resolve() for module in manifest.modules}
    return sorted(folders | {directory.resolve()})
