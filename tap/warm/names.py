"""The types that a configuration names, so that only their schemas are sent to Terraform."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SUFFIXES = (".tf", ".tf.json", ".tftest.hcl", ".tftest.json", ".tfmock.hcl", ".tfmock.json")
_WORD = re.compile(rb"\baws_[a-z0-9_]+")
_LARGEST_BYTES = 64 * 1024 * 1024


def named_types(
    root: Path, data_directory: Path, further_files: Iterable[Path] = ()
) -> frozenset[bytes]:
    """Return every word of a configuration that may be the name of one of the provider's types.

    Words, not declarations: a type named in a comment only makes the schema a little larger,
    while one that was overlooked would cost a second run. Read are the root, its tests, all
    local and downloaded modules that the last ``init`` found, and a local state.

    Args:
        root: The folder with the root's ``.tf`` files.
        data_directory: Its ``.terraform`` folder.
        further_files: Saved plans and states that the command reads.
    """
    names: set[bytes] = set()
    for folder in {root, *_module_folders(root, data_directory)}:
        names.update(*(_WORD.findall(_read(file)) for file in _configuration(folder)))
    names.update(*(_WORD.findall(_read(file)) for file in _test_files(root)))
    states = [root / "terraform.tfstate", *root.glob("terraform.tfstate.d/*/terraform.tfstate")]
    for file in [*states, *further_files]:
        for content in _unpacked(file):
            names.update(_WORD.findall(content))
    return frozenset(names)


def _configuration(folder: Path) -> Iterator[Path]:
    yield from (file for file in _children(folder) if file.name.endswith(_SUFFIXES))


def _test_files(root: Path) -> Iterator[Path]:
    """Yield the files of Terraform's default folder for tests, and of what is in it."""
    yield from (file for file in (root / "tests").rglob("*") if file.name.endswith(_SUFFIXES))


def _children(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


class _Module(msgspec.Struct, frozen=True):
    dir: str = msgspec.field(name="Dir", default=".")


class _Manifest(msgspec.Struct, frozen=True):
    modules: list[_Module] = msgspec.field(name="Modules", default=[])


def _module_folders(root: Path, data_directory: Path) -> set[Path]:
    try:
        manifest = msgspec.json.decode(
            _read(data_directory / "modules" / "modules.json"), type=_Manifest
        )
    except msgspec.DecodeError:
        return set()
    return {root / module.dir for module in manifest.modules}


def _unpacked(file: Path) -> Iterator[bytes]:
    """Yield a file, or the members of it if it is a saved plan (a zip archive)."""
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if member.file_size < _LARGEST_BYTES:
                    yield archive.read(member)
    except (OSError, zipfile.BadZipFile):
        yield _read(file)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes() if file.stat().st_size < _LARGEST_BYTES else b""
    except OSError:
        return b""
