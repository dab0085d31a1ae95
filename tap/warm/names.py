"""What a configuration names of a provider, so that only its schemas are sent to Terraform."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_SUFFIXES = (".tf", ".tf.json", ".tftest.hcl", ".tftest.json", ".tfmock.hcl", ".tfmock.json")
_WORD = re.compile(rb"[A-Za-z_]\w*")
_TYPE = re.compile(rb"\baws_[a-z0-9_]+")
# A resource and the attribute that is asked for: type.name.attribute, type.name[0].attribute.
_REFERENCE = re.compile(rb"\b(aws_[a-z0-9_]+)\.[\w-]+(?:\[[^\]\n]*\])?(?:\.([A-Za-z_]\w*))?")
# A name whose value is a list with content: in MessagePack (a plan) or in JSON (a state). A name is
# looked at once, not again from each of its letters.
_FILLED = re.compile(rb'(?<![a-z_])([a-z_][a-z0-9_]*+)(?:[\x91-\x9f\xdc\xdd]|"\s*:\s*\[\s*[^\]\s])')
_CONFIGURATION = re.compile(rb'\bprovider\b"?\s*"aws"')
_LARGEST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Named:
    """What a configuration names.

    Words, not declarations: one in a comment only makes the schema a little larger, while one
    that was overlooked would cost a second run.

    Attributes:
        types: Every word that may be the name of one of the provider's types.
        configurations: How many ``provider`` blocks of the provider there are at most.
        words: Every word at all, so also the name of every nested block that is used, and of those
            that have content in a state or plan; None where other values are read.
        references: Types with the attributes that are read of them; an empty one means the
            whole resource.
    """

    types: frozenset[bytes]
    configurations: int = 1
    words: frozenset[bytes] | None = None
    references: frozenset[tuple[bytes, bytes]] = frozenset()


def find_named(
    root: Path,
    data_directory: Path,
    further_files: Iterable[Path] = (),
    *,
    every_block: bool = False,
) -> Named:
    """Return what a configuration names.

    Read are the root, its tests, all local and downloaded modules that the last ``init`` found,
    and a local state.

    Args:
        root: The folder with the root's ``.tf`` files.
        data_directory: Its ``.terraform`` folder.
        further_files: Saved plans and states that the command reads.
        every_block: Leave ``words`` out.
    """
    texts = [
        _read(file)
        for folder in {root, *_module_folders(root, data_directory)}
        for file in _configuration(folder)
    ]
    texts += map(_read, _test_files(root))
    states = [root / "terraform.tfstate", *root.glob("terraform.tfstate.d/*/terraform.tfstate")]
    values = [content for file in (*states, *further_files) for content in _unpacked(file)]
    types = {name for text in (*texts, *values) for name in _TYPE.findall(text)}
    configurations = max(1, sum(len(_CONFIGURATION.findall(text)) for text in texts))
    if every_block:
        return Named(frozenset(types), configurations)
    words = {word for text in texts for word in _WORD.findall(text)}
    words.update(name for content in values for name in _FILLED.findall(content))
    return Named(
        types=frozenset(types),
        configurations=configurations,
        words=frozenset(words),
        references=frozenset(pair for text in texts for pair in _REFERENCE.findall(text)),
    )


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
