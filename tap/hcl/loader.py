"""Files and folders to modules, with an optional cache.

Parsing takes about 0.2 ms a line. A cache keeps the model of each file as MessagePack under a
digest of the file, of python-hcl2's version and of this package, so a change of any of them
makes the entry void; a damaged entry is made again. Whoever can write the cache folder can
change what is read from it, so it belongs in a folder of the user's own.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import cache as remember
from pathlib import Path

import msgspec

from tap.errors import HclError
from tap.hcl.declarations import merged, module_of
from tap.hcl.json_syntax import parse_json
from tap.hcl.model import Module
from tap.hcl.overrides import is_override, overridden
from tap.hcl.syntax import parse

_SUFFIXES = (".tf", ".tf.json")


class _Entry(msgspec.Struct, frozen=True):
    """A file of the cache."""

    digest: str
    module: Module


def parse_file(path: Path, *, cache: Path | None = None) -> Module:
    """Read one file: HCL, or JSON if its name ends with ``.json``.

    Args:
        path: The file; messages and the model name it as given.
        cache: A folder for parsed files, made if missing; None for no cache.

    Raises:
        HclError: It cannot be read or parsed; the message begins with ``file:line:column``.
    """
    content = _content(path)
    if cache is None:
        return _parsed(path, content)
    digest = hashlib.blake2b(content, key=fingerprint(), digest_size=20).hexdigest()
    entry = cache / f"{hashlib.blake2b(str(path).encode(), digest_size=16).hexdigest()}.msgpack"
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        kept = msgspec.msgpack.decode(entry.read_bytes(), type=_Entry)
        if kept.digest == digest:
            return kept.module
    module = _parsed(path, content)
    # What cannot be kept (no place, a number beyond 64 bits) is parsed again by the next run.
    with suppress(OSError, OverflowError, RecursionError):
        write_entry(entry, msgspec.msgpack.encode(_Entry(digest, module)))
    return module


def load_module(
    folder: Path, *, cache: Path | None = None, errors: list[HclError] | None = None
) -> Module:
    """Read all ``.tf`` and ``.tf.json`` files of a folder, not of folders in it.

    Override files are merged into the others, as Terraform does it.

    Args:
        folder: The module.
        cache: As for :func:`parse_file`.
        errors: Receives the errors of single files, and what the others declare is returned;
            None to raise the first one.

    Raises:
        HclError: There is no such folder or no such file in it, a file cannot be parsed, a
            name is declared twice, or an override file declares what no other does.
    """
    module = Module(path=str(folder))
    for path in _files(folder):
        try:
            file = parse_file(path, cache=cache)
            module = (
                overridden(module, file)
                if is_override(path)
                else merged(str(folder), (module, file))
            )
        except HclError as error:
            if errors is None:
                raise
            errors.append(error)
    return module


def _files(folder: Path) -> list[Path]:
    try:
        names = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise HclError(
            f"{folder}: cannot be read: {error.strerror}", "give the folder of a Terraform module"
        ) from None
    # Terraform skips hidden files and the backups of editors too.
    files = [path for path in names if path.name.endswith(_SUFFIXES) and path.name[0] not in ".#"]
    if not files:
        raise HclError(
            f"{folder}: holds no .tf or .tf.json file", "give the folder of a Terraform module"
        )
    return sorted(files, key=is_override)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise HclError(f"{path}:1:1: cannot be read: {error.strerror}", "check the path") from None


def _parsed(path: Path, content: bytes) -> Module:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line = before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        raise HclError(
            f"{path}:{line}:{column}: not UTF-8: found byte 0x{content[error.start]:02x}",
            "save the file as UTF-8",
        ) from None
    reader = parse_json if path.suffix == ".json" else parse
    return module_of(reader(text, file=str(path)))


@remember
def fingerprint() -> bytes:
    """Return what besides a file decides on its model."""
    # Slow, and not needed to judge a plan alone.
    from importlib.metadata import version  # noqa: PLC0415

    digest = hashlib.blake2b(version("python-hcl2").encode(), digest_size=32)
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.digest()


def write_entry(entry: Path, content: bytes) -> None:
    """Write a file so that a reader sees all of it or nothing."""
    entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=entry.parent, prefix=".new-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(entry)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
